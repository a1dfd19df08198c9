//! The workshops' consumers: S0's, set by its environment, and S1's, set by arguments.

use clients::{Consumer, ConsumerEvent, ConsumerRecord, Profile, Properties};
use kernel::{Duration, Input, Order, Timers};
use protocol::{Message, TopicName, TopicPartition};

use crate::admin_tool::TERMINATED;
use crate::io::Io;
use crate::launch::Launch;
use crate::process::Body;
use crate::programs::python;
use crate::tools::Refusal;

/// The stream that draws the numbers of S1's groups of their own (`random.random()`).
const GROUP_NUMBER: u32 = 0x5348_0003;
/// How long `store_data` of S1 takes.
const STORE: Duration = Duration::from_secs(10);

/// A program that consumes.
#[derive(Clone, Hash, Debug)]
pub(crate) struct PyConsumer {
    style: Style,
    profile: Profile,
    properties: Properties,
    topics: Vec<TopicName>,
    consumer: Option<Consumer>,
    timers: Timers<Tick>,
    /// `consumer_commit.py`: the record that is being stored or committed.
    storing: Option<(TopicPartition, i64)>,
    records: u64,
    closing: Option<i32>,
}

/// What it prints, and how it takes signals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Style {
    /// S0: where each record is, its key and its value.
    Places,
    /// S1: the list of assigned partitions, then values as bytes.
    Values,
    /// S1: values as bytes, each stored and committed before the next.
    StoreAndCommit,
    /// S1's lab: the `record_name` header, then the value.
    RecordNames,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Tick {
    Stored,
}

pub(crate) fn start_env(launch: &Launch, _args: &[String]) -> Result<Body, Refusal> {
    let topics = python::required(launch, "TOPICS")?;
    let group = python::required(launch, "GROUP")?;
    start(launch, Style::Places, topics, Some(group), "earliest")
}

pub(crate) fn start_simple(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    start(launch, Style::Values, python::argument(launch, args, 0, &["topic"])?, None, "latest")
}

pub(crate) fn start_reset(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    let names = ["topic", "auto_offset_reset"];
    let topic = python::argument(launch, args, 0, &names)?;
    start(launch, Style::Values, topic, None, python::argument(launch, args, 1, &names)?)
}

pub(crate) fn start_commit(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    start_in_group(launch, args, Style::StoreAndCommit)
}

pub(crate) fn start_group(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    start_in_group(launch, args, Style::Values)
}

fn start_in_group(launch: &Launch, args: &[String], style: Style) -> Result<Body, Refusal> {
    let names = ["topic", "group_id"];
    let topic = python::argument(launch, args, 0, &names)?;
    start(launch, style, topic, Some(python::argument(launch, args, 1, &names)?), "earliest")
}

pub(crate) fn start_experiment(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    let mut group = None;
    let mut rest = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.split_once('=') {
            Some(("--group", value)) => group = Some(value.to_owned()),
            _ if arg == "--group" => group = args.next().cloned(),
            _ => rest.push(arg.clone()),
        }
    }
    start(launch, Style::RecordNames, python::argument(launch, &rest, 0, &["topic"])?, group.as_deref(), "earliest")
}

fn start(launch: &Launch, style: Style, topics: &str, group: Option<&str>, reset: &str) -> Result<Body, Refusal> {
    let profile = python::family(launch)?;
    let mut properties = python::properties(launch);
    if let Some(group) = group {
        properties.insert("group.id".into(), group.into());
    }
    properties.insert("auto.offset.reset".into(), reset.into());
    let auto_commit = if style == Style::StoreAndCommit { "false" } else { "true" };
    properties.insert("enable.auto.commit".into(), auto_commit.into());
    let topics = topics.split(',').map(|topic| topic.trim().into()).collect();
    let program = PyConsumer {
        style,
        profile,
        properties,
        topics,
        consumer: None,
        timers: Timers::new(0),
        storing: None,
        records: 0,
        closing: None,
    };
    Ok(Body::PyConsumer(Box::new(program)))
}

impl PyConsumer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => self.interrupted(io),
            Input::Order(Order::Terminate) => self.terminated(io),
            input => {
                let is_clients = self.consumer.as_mut().is_some_and(|c| c.handle(io.now, input, io.fx));
                if let Input::Timer { token } = input
                    && !is_clients
                    && self.timers.fire(io.fx, io.now, *token) == Some(Tick::Stored)
                {
                    self.stored(io);
                }
            }
        }
        // Callbacks run inside poll: an assignment is printed before the first record of it.
        self.take_events(io);
        self.poll(io);
        self.take_events(io);
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        io.out(python::banner(self.profile, &self.properties));
        if !self.properties.contains_key("group.id") {
            let number = io.fx.rng(GROUP_NUMBER).below(10_000_000_000_000_000);
            self.properties.insert("group.id".into(), format!("0.{number:016}").into());
        }
        let group = self.properties.get("group.id").cloned().unwrap_or_default();
        let client_id =
            if self.profile == Profile::Java { format!("consumer-{group}-1") } else { "rdkafka".to_owned() };
        match Consumer::new(self.profile, &self.properties, &client_id, 1) {
            Ok(consumer) => {
                let mut consumer = consumer.planted(io.plant);
                consumer.start(io.now, io.fx);
                consumer.subscribe(self.topics.clone(), io.now, io.fx);
                self.consumer = Some(consumer);
            }
            Err(error) => {
                io.err(error.to_string());
                io.exit(1);
            }
        }
    }

    fn poll(&mut self, io: &mut Io<'_>) {
        while self.closing.is_none() && self.storing.is_none() && io.exited.is_none() {
            let Some(consumer) = &mut self.consumer else { return };
            let max = if self.style == Style::StoreAndCommit { 1 } else { usize::MAX };
            let records = consumer.poll(io.now, io.fx, max);
            if records.is_empty() {
                return;
            }
            self.records += records.len() as u64;
            self.take_events(io);
            for record in &records {
                self.show(record, io);
            }
        }
    }

    fn show(&mut self, record: &ConsumerRecord, io: &mut Io<'_>) {
        let text = |bytes: Option<&[u8]>| bytes.map_or("None".to_owned(), |b| String::from_utf8_lossy(b).into_owned());
        match self.style {
            Style::Places => {
                let (key, value) = (text(record.key.as_deref()), text(record.value.as_deref()));
                io.out(format!(
                    "{} [{}] at offset {}: key={key} value={value}",
                    record.tp.topic, record.tp.partition, record.offset
                ));
            }
            Style::Values => {
                io.out(python::bytes_repr(record.value.as_deref()));
            }
            Style::StoreAndCommit => {
                io.out(python::bytes_repr(record.value.as_deref()));
                io.out("Start Storing");
                self.storing = Some((record.tp.clone(), record.offset));
                self.timers.arm(io.fx, io.now + STORE, Tick::Stored);
            }
            Style::RecordNames => {
                let name = record.headers.iter().find(|h| &*h.key == "record_name").and_then(|h| h.value.as_deref());
                io.out(text(name));
                io.out(text(record.value.as_deref()));
            }
        }
    }

    fn stored(&mut self, io: &mut Io<'_>) {
        if let (Some((tp, offset)), Some(consumer), None) = (self.storing.clone(), &mut self.consumer, self.closing) {
            io.out("End Storing");
            consumer.commit_sync(io.now, io.fx, Some(vec![(tp, offset + 1)]));
        }
    }

    /// Ctrl-C. S0 closes its consumer in a `finally`; S1's are click commands.
    fn interrupted(&mut self, io: &mut Io<'_>) {
        if self.style == Style::Places {
            self.close(0, io);
        } else if self.closing.is_none() {
            io.err("Aborted!");
            self.close(1, io);
        }
    }

    /// SIGTERM. S1's consumers have a handler; S0's dies at once, so that its group waits for the session timeout.
    fn terminated(&mut self, io: &mut Io<'_>) {
        if self.style == Style::Places {
            return io.exit(TERMINATED);
        }
        io.out("EXITING SAFELY!");
        self.close(0, io);
    }

    fn close(&mut self, code: i32, io: &mut Io<'_>) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(code);
        match &mut self.consumer {
            Some(consumer) => consumer.close(io.now, io.fx),
            None => io.exit(code),
        }
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        let events = self.consumer.as_mut().map(Consumer::events).unwrap_or_default();
        for event in events {
            match event {
                ConsumerEvent::Assigned(partitions) => self.assigned(&partitions, io),
                ConsumerEvent::Revoked(partitions) if self.style == Style::Places => {
                    io.out(format!("revoked: {}", listed(&partitions)))
                }
                ConsumerEvent::Lost(partitions) if self.style == Style::Places => {
                    io.out(format!("lost: {}", listed(&partitions)))
                }
                ConsumerEvent::Committed(Ok(_)) if self.storing.take().is_some() => io.out("Message committed"),
                ConsumerEvent::Committed(Err(error)) if self.storing.take().is_some() => {
                    io.err(format!("cimpl.KafkaException: {}", python::error(self.profile, &error)));
                    self.close(1, io);
                }
                ConsumerEvent::Revoked(_) | ConsumerEvent::Lost(_) | ConsumerEvent::Committed(_) => {}
                ConsumerEvent::Error(error) => {
                    io.out(format!("Consumer error: {}", python::error(self.profile, &error)))
                }
                ConsumerEvent::Fatal(error) => {
                    io.err(python::error(self.profile, &error));
                    self.close(1, io);
                }
                ConsumerEvent::Log(line) => python::log(&line, self.profile, "rdkafka#consumer-1", io),
                ConsumerEvent::Closed => io.exit(self.closing.unwrap_or(0)),
            }
        }
    }

    fn assigned(&self, partitions: &[TopicPartition], io: &mut Io<'_>) {
        match self.style {
            Style::Places => io.out(format!("assigned: {}", listed(partitions))),
            Style::Values | Style::StoreAndCommit => {
                let shown = partitions.iter().map(|tp| {
                    format!(
                        "TopicPartition{{topic={},partition={},offset=-1001,leader_epoch=None,error=None}}",
                        tp.topic, tp.partition
                    )
                });
                io.out(format!("[{}]", shown.collect::<Vec<_>>().join(", ")));
            }
            Style::RecordNames => {}
        }
    }

    pub(crate) fn consumer(&self) -> Option<&Consumer> {
        self.consumer.as_ref()
    }
    /// Records printed so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }
    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }
    pub(crate) fn title(&self) -> String {
        format!("consumer.py {}", self.properties.get("group.id").map_or("", |group| group))
    }
}

fn listed(partitions: &[TopicPartition]) -> String {
    if partitions.is_empty() {
        return "no partitions".to_owned();
    }
    partitions.iter().map(|tp| format!("{} [{}]", tp.topic, tp.partition)).collect::<Vec<_>>().join(", ")
}
