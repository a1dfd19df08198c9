//! `kafka-verifiable-producer` (`org.apache.kafka.tools.VerifiableProducer`): numbered records, a JSON line for each result.
//!
//! Without `--throughput` the real tool sends as fast as its machine can; here that is a fixed [`UNTHROTTLED`] a second,
//! because a program's steps take no virtual time.

use std::fmt;
use std::sync::Arc;

use clients::{Producer, ProducerEvent, ProducerRecord, Profile, Properties};
use kernel::{Duration, Input, Order, Time, Timers};
use ordered::Window;
use protocol::{Message, TopicName};

use crate::admin_tool::{INTERRUPTED, TERMINATED, log_line, properties_file};
use crate::io::Io;
use crate::json::Json;
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Argparse, Misuse, Refusal, Tool, validate_bootstrap};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-verifiable-producer",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const SUMMARY: &str = "This tool produces increasing integers to the specified topic and prints JSON metadata to stdout on each \"send\" request, making externally visible which messages have been acked and which have not.";
const ARGPARSE: Argparse = Argparse {
    program: "verifiable-producer",
    usage: &[
        "usage: verifiable-producer [-h] --topic TOPIC [--max-messages MAX-MESSAGES]",
        "                           [--throughput THROUGHPUT] [--acks ACKS]",
        "                           [--producer.config CONFIG-FILE]",
        "                           [--message-create-time CREATE-TIME]",
        "                           [--value-prefix VALUE-PREFIX]",
        "                           [--repeating-keys REPEATING-KEYS]",
        "                           [--command-config CONFIG-FILE]",
        "                           --bootstrap-server HOST1:PORT1[,HOST2:PORT2[...]]",
    ],
};
const OPTIONS: &[Opt] = &[
    value("acks", "ACKS", "Acks required on each produced message. See Kafka docs on acks for details. (default: -1)"),
    value(
        "bootstrap-server",
        "HOST1:PORT1[,HOST2:PORT2[...]]",
        "REQUIRED: The server(s) to connect to. Comma-separated list of Kafka brokers in the form HOST1:PORT1,HOST2:PORT2,...",
    ),
    value("command-config", "CONFIG_FILE", "Producer config properties file."),
    flag("help", "show this help message and exit"),
    value(
        "max-messages",
        "MAX-MESSAGES",
        "Produce this many messages. If -1, produce messages until the process is killed externally. (default: -1)",
    ),
    value(
        "message-create-time",
        "CREATETIME",
        "Send messages with creation time starting at the arguments value, in milliseconds since epoch (default: -1)",
    ),
    value(
        "repeating-keys",
        "REPEATING-KEYS",
        "If specified, each produced record will have a key starting at 0 increment by 1 up to the number specified (exclusive), then the key is set to 0 again",
    ),
    value(
        "throughput",
        "THROUGHPUT",
        "If set >= 0, throttle maximum message throughput to *approximately* THROUGHPUT messages/sec. (default: -1)",
    ),
    value("topic", "TOPIC", "Produce messages to this topic."),
    value(
        "value-prefix",
        "VALUE-PREFIX",
        "If specified, each produced value will have this prefix with a dot separator",
    ),
];

/// Records a second without `--throughput`.
const UNTHROTTLED: u64 = 10_000;

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let usage = |e: OptionError| Refusal::usage(e.message);
    ARGPARSE.require(options, &["topic"])?;
    let topic = options.one("topic").map_err(usage)?.unwrap_or_default();
    if !options.has("bootstrap-server") {
        return Err(ARGPARSE.refuse("one of the arguments --bootstrap-server is required"));
    }
    validate_bootstrap(options)?;
    let mut properties = Properties::new();
    properties
        .insert("bootstrap.servers".into(), options.one("bootstrap-server").map_err(usage)?.unwrap_or_default().into());
    let acks = ARGPARSE.number::<i32>(options, "acks", "Integer")?.unwrap_or(-1);
    if ![0, 1, -1].contains(&acks) {
        return Err(ARGPARSE.refuse(format!("argument --acks: invalid choice: '{acks}' (choose from {{0,1,-1}})")));
    }
    properties.insert("acks".into(), acks.to_string().into());
    properties.insert("retries".into(), "0".into());
    // What the file says comes last, as in Kafka's tool.
    if let Some(path) = options.one("command-config").map_err(usage)? {
        properties.extend(properties_file(launch, path).map_err(|_| ARGPARSE.refuse(path))?);
    }
    let producer = Producer::new(Profile::Java, &properties, "producer-1", 1)
        .map_err(|e| Refusal::line(e.lines("producer").join("\n")))?;
    let number = |name: &str, java_type: &str| ARGPARSE.number::<i64>(options, name, java_type);
    let positive = |n: Option<i64>| n.filter(|n| *n >= 0).map(|n| n as u64);
    let program = VerifiableProducer {
        topic: topic.into(),
        producer,
        timers: Timers::new(0),
        max_messages: positive(number("max-messages", "Integer")?),
        throughput: positive(number("throughput", "Integer")?),
        create_time: number("message-create-time", "Long")?.filter(|ms| *ms >= 0),
        value_prefix: number("value-prefix", "Integer")?,
        repeating_keys: positive(number("repeating-keys", "Integer")?).filter(|n| *n > 0),
        started: Time::ZERO,
        sent: 0,
        acked: 0,
        under_way: Window::new(),
        closing: None,
    };
    Ok(Body::VerifiableProducer(Box::new(program)))
}

/// The program under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct VerifiableProducer {
    topic: TopicName,
    producer: Producer,
    timers: Timers<Tick>,
    max_messages: Option<u64>,
    throughput: Option<u64>,
    create_time: Option<i64>,
    value_prefix: Option<i64>,
    repeating_keys: Option<u64>,
    started: Time,
    sent: u64,
    acked: u64,
    /// Which record, counted from 0, is behind the client's number of it.
    under_way: Window<u64>,
    closing: Option<i32>,
}

/// A record's key in JSON: digits in quotes, or null.
struct Key(Option<u64>);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "\"{key}\""),
            None => f.write_str("null"),
        }
    }
}

/// A record's value: its number, behind the prefix if there is one.
struct Value {
    prefix: Option<i64>,
    n: u64,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            Some(prefix) => write!(f, "{prefix}.{}", self.n),
            None => self.n.fmt(f),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Tick {
    Send,
}

impl VerifiableProducer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => {
                io.out(format!("{{\"timestamp\":{},\"name\":\"startup_complete\"}}", io.wall_ms()));
                self.started = io.now;
                self.producer.start(io.now, io.fx);
                self.send_due(io);
            }
            Input::Order(Order::Interrupt) => self.close(INTERRUPTED, io),
            Input::Order(Order::Terminate) => self.close(TERMINATED, io),
            input => {
                let is_clients = self.producer.handle(io.now, input, io.fx);
                if let Input::Timer { token } = input
                    && !is_clients
                    && self.timers.fire(io.fx, io.now, *token) == Some(Tick::Send)
                {
                    self.send_due(io);
                }
            }
        }
        self.take_events(io);
    }

    /// Sends what is due by now, and comes back when the next record is.
    fn send_due(&mut self, io: &mut Io<'_>) {
        let rate = self.throughput.unwrap_or(UNTHROTTLED);
        let due = io.now.since(self.started).as_millis() * rate / 1000 + 1;
        let due = self.max_messages.map_or(due, |max| due.min(max));
        while self.sent < due && rate > 0 && self.closing.is_none() && !self.producer.is_blocked() {
            self.send(io);
        }
        if self.max_messages.is_some_and(|max| self.sent >= max) {
            return self.close(0, io);
        }
        let wait_ms = 1000u64.checked_div(rate).map_or(1000, |ms| ms.max(1));
        self.timers.arm(io.fx, io.now + Duration::from_millis(wait_ms), Tick::Send);
    }

    fn send(&mut self, io: &mut Io<'_>) {
        let n = self.sent;
        let bytes = |text: fmt::Arguments<'_>, io: &mut Io<'_>| Arc::<[u8]>::from(io.text(text).as_bytes());
        let (key, value) = (self.key(n), self.value(n));
        let timestamp_ms = self.create_time.map(|start| start + io.now.since(self.started).as_millis() as i64);
        let record = ProducerRecord {
            topic: self.topic.clone(),
            partition: None,
            key: key.map(|key| bytes(format_args!("{key}"), io)),
            value: Some(bytes(format_args!("{value}"), io)),
            headers: vec![],
            timestamp_ms,
        };
        self.sent += 1;
        let handle = self.producer.send(io.now, io.fx, record);
        self.under_way.insert(handle, n);
    }

    fn key(&self, n: u64) -> Option<u64> {
        self.repeating_keys.map(|keys| n % keys)
    }

    fn value(&self, n: u64) -> Value {
        Value { prefix: self.value_prefix, n }
    }

    fn close(&mut self, code: i32, io: &mut Io<'_>) {
        if self.closing.is_none() {
            self.closing = Some(code);
            self.producer.close(io.now, io.fx);
        }
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        for event in self.producer.events() {
            let now = io.wall_ms();
            match event {
                ProducerEvent::Acked { handle, tp, offset, .. } => {
                    self.acked += 1;
                    let (key, value) = self.taken(handle);
                    let (topic, partition) = (Json(&tp.topic), tp.partition);
                    io.out_line(format_args!("{{\"timestamp\":{now},\"name\":\"producer_send_success\",\"key\":{key},\"value\":\"{value}\",\"offset\":{offset},\"topic\":{topic},\"partition\":{partition}}}"));
                }
                ProducerEvent::Failed { handle, topic, error, .. } => {
                    let (key, value) = self.taken(handle);
                    let (topic, class, message) = (Json(&topic), error.class, Json(&error.message));
                    io.out_line(format_args!("{{\"timestamp\":{now},\"name\":\"producer_send_error\",\"topic\":{topic},\"key\":{key},\"value\":\"{value}\",\"exception\":\"class {class}\",\"message\":{message}}}"));
                }
                ProducerEvent::Log(line) => log_line(&line, io),
                ProducerEvent::Flushed => {}
                ProducerEvent::Fatal(error) => {
                    io.err("org.apache.kafka.common.KafkaException: Failed to construct kafka producer");
                    io.err(format!("Caused by: {error}"));
                    io.exit(1);
                }
                ProducerEvent::Closed => self.end(io),
            }
        }
    }

    /// Key and value of a record that is done.
    fn taken(&mut self, handle: u64) -> (Key, Value) {
        let n = self.under_way.remove(handle).unwrap_or_default();
        (Key(self.key(n)), self.value(n))
    }

    fn end(&mut self, io: &mut Io<'_>) {
        let now = io.wall_ms();
        let ms = io.now.since(self.started).as_millis().max(1);
        let throughput = 1000.0 * self.acked as f64 / ms as f64;
        let target = self.throughput.map_or(-1, |t| t as i64);
        io.out(format!("{{\"timestamp\":{now},\"name\":\"shutdown_complete\"}}"));
        io.out(format!("{{\"timestamp\":{now},\"name\":\"tool_data\",\"sent\":{},\"acked\":{},\"target_throughput\":{target},\"avg_throughput\":{throughput:?}}}", self.sent, self.acked));
        io.exit(self.closing.unwrap_or(0));
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
}
