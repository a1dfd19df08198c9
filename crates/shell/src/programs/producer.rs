//! The workshops' producers: S0's sensor, which sends a measurement a second, and S1's, which send typed lines.

use std::sync::Arc;

use clients::{Producer, ProducerEvent, ProducerRecord, Profile, Properties};
use kernel::{Duration, Input, Order, Timers};
use protocol::{Message, TopicName};

use crate::admin_tool::TERMINATED;
use crate::io::Io;
use crate::launch::Launch;
use crate::process::Body;
use crate::programs::python;
use crate::stdin::Lines;
use crate::tools::Refusal;

/// The stream of the sensor's random walk.
const WALK: u32 = 0x5348_0002;

/// A program that produces.
#[derive(Clone, Hash, Debug)]
pub(crate) struct PyProducer {
    name: String,
    profile: Profile,
    properties: Properties,
    topic: TopicName,
    source: Source,
    producer: Producer,
    timers: Timers<Tick>,
    /// Values by handle, until they are delivered.
    under_way: ordered::Window<Arc<[u8]>>,
    /// S1: waits for `flush` before it reads on.
    flushing: bool,
    closing: Option<i32>,
}

/// Where records come from.
#[derive(Clone, Hash, Debug)]
enum Source {
    /// A measurement a second. The value walks in hundredths.
    Sensor { key: Option<Arc<str>>, sensor: String, value: i64 },
    /// Each line, with this key.
    Lines { lines: Lines, key: Key },
}

#[derive(Clone, Hash, Debug)]
enum Key {
    Fixed(&'static str),
    Next(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Tick {
    Measure,
}

pub(crate) fn start_sensor(launch: &Launch, _args: &[String]) -> Result<Body, Refusal> {
    let topic = python::required(launch, "TOPIC")?;
    let sensor = python::required(launch, "SENSOR")?.to_owned();
    let key: Option<Arc<str>> = launch.var("KEY").map(Arc::from);
    let name = format!("producer.py {}", key.as_deref().filter(|k| !k.is_empty()).unwrap_or(&sensor));
    start(launch, name, topic, Source::Sensor { key, sensor, value: 2000 })
}

pub(crate) fn start_fixed_key(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    start_lines(launch, args, Key::Fixed("1"))
}

pub(crate) fn start_counted_key(launch: &Launch, args: &[String]) -> Result<Body, Refusal> {
    start_lines(launch, args, Key::Next(0))
}

fn start_lines(launch: &Launch, args: &[String], key: Key) -> Result<Body, Refusal> {
    let topic = python::argument(launch, args, 0, &["topic"])?;
    start(launch, format!("producer.py {topic}"), topic, Source::Lines { lines: Lines::new(&launch.stdin), key })
}

fn start(launch: &Launch, name: String, topic: &str, source: Source) -> Result<Body, Refusal> {
    let profile = python::family(launch)?;
    let properties = python::properties(launch);
    let client_id = if profile == Profile::Java { "producer-1" } else { "rdkafka" };
    let producer = Producer::new(profile, &properties, client_id, 1).map_err(|e| Refusal::line(e.to_string()))?;
    let under_way = ordered::Window::new();
    let program = PyProducer {
        name,
        profile,
        properties,
        topic: topic.into(),
        source,
        producer,
        timers: Timers::new(0),
        under_way,
        flushing: false,
        closing: None,
    };
    Ok(Body::PyProducer(Box::new(program)))
}

impl PyProducer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        if let Source::Lines { lines, .. } = &mut self.source {
            lines.take(input);
        }
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => self.interrupted(io),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
            input => {
                let is_mine = self.producer.handle(io.now, input, io.fx);
                if let Input::Timer { token } = input
                    && !is_mine
                    && self.timers.fire(io.fx, io.now, *token) == Some(Tick::Measure)
                    && self.closing.is_none()
                {
                    self.measure(io);
                }
            }
        }
        self.take_events(io);
        self.send_lines(io);
        self.take_events(io);
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        io.out(python::banner(self.profile, &self.properties));
        self.producer.start(io.now, io.fx);
        if matches!(self.source, Source::Sensor { .. }) {
            self.measure(io);
        }
    }

    /// Sends a measurement and arms the next.
    fn measure(&mut self, io: &mut Io<'_>) {
        self.timers.arm(io.fx, io.now + Duration::from_secs(1), Tick::Measure);
        if self.producer.is_blocked() {
            return;
        }
        let Source::Sensor { key, sensor, value } = &mut self.source else { return };
        *value += io.fx.rng(WALK).below(101) as i64 - 50;
        let station = key.as_deref().map_or("null".to_owned(), python::json_string);
        let sign = if *value < 0 { "-" } else { "" };
        let shown = format!("{sign}{}.{:02}", value.abs() / 100, value.abs() % 100);
        let text = format!(
            "{{\"station\": {station}, \"sensor\": {}, \"value\": {shown}, \"timestamp\": {}}}",
            python::json_string(sensor),
            python::json_time(io)
        );
        let key = key.as_deref().map(|k| Arc::from(k.as_bytes()));
        self.send(key, text.as_bytes().into(), io);
    }

    fn send_lines(&mut self, io: &mut Io<'_>) {
        while self.closing.is_none() && !self.flushing && !self.producer.is_blocked() {
            let Source::Lines { lines, key } = &mut self.source else { return };
            let Some(line) = lines.read() else {
                if lines.is_at_end() {
                    self.interrupted(io);
                }
                return;
            };
            let key = match key {
                Key::Fixed(key) => (*key).to_owned(),
                Key::Next(n) => {
                    *n += 1;
                    (*n - 1).to_string()
                }
            };
            self.send(Some(key.as_bytes().into()), line.as_bytes().into(), io);
            self.flushing = true;
            self.producer.flush(io.now, io.fx);
            self.take_events(io);
        }
    }

    fn send(&mut self, key: Option<Arc<[u8]>>, value: Arc<[u8]>, io: &mut Io<'_>) {
        let record = ProducerRecord {
            topic: self.topic.clone(),
            partition: None,
            key,
            value: Some(value.clone()),
            headers: vec![],
            timestamp_ms: None,
        };
        let handle = self.producer.send(io.now, io.fx, record);
        self.under_way.insert(handle, value);
    }

    /// Ctrl-C: flush and go. The programs of S1 are click commands, which say `Aborted!` (also at the end of input).
    fn interrupted(&mut self, io: &mut Io<'_>) {
        if self.closing.is_some() {
            return;
        }
        let code = match self.source {
            Source::Sensor { .. } => 0,
            Source::Lines { .. } => {
                io.err("Aborted!");
                1
            }
        };
        self.closing = Some(code);
        self.producer.close(io.now, io.fx);
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        for event in self.producer.events() {
            match event {
                ProducerEvent::Acked { handle, tp, offset, .. } => {
                    let value = self.under_way.remove(handle).unwrap_or_default();
                    if let Source::Sensor { key, .. } = &self.source {
                        let key = key.as_deref().unwrap_or("None");
                        io.out(format!(
                            "delivered to {} [{}] at offset {offset}: key={key} value={}",
                            tp.topic,
                            tp.partition,
                            String::from_utf8_lossy(&value)
                        ));
                    }
                }
                ProducerEvent::Failed { handle, error, .. } => {
                    self.under_way.remove(handle);
                    io.out(format!("delivery failed: {}", python::error(self.profile, &error)));
                }
                ProducerEvent::Log(line) => python::log(&line, self.profile, "rdkafka#producer-1", io),
                ProducerEvent::Flushed => self.flushing = false,
                ProducerEvent::Fatal(error) => {
                    io.err(python::error(self.profile, &error));
                    io.exit(1);
                }
                ProducerEvent::Closed => io.exit(self.closing.unwrap_or(0)),
            }
        }
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
    pub(crate) fn title(&self) -> String {
        self.name.clone()
    }
    pub(crate) fn reads_terminal(&self) -> bool {
        matches!(&self.source, Source::Lines { lines, .. } if lines.is_typed())
    }
}
