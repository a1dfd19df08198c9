//! `kafka-producer-perf-test` (`org.apache.kafka.tools.ProducerPerformance`): many records, and how fast they went.
//!
//! With `--record-size` the records are the real tool's, letter for letter, and stay undrawn until somebody looks at them
//! ([`protocol::Run`]). Without a limit the real tool is as fast as its machine; here that is [`UNTHROTTLED`] records a second,
//! because a program's steps take no virtual time. Latencies and what it waits for are the cluster's.

use std::collections::VecDeque;
use std::sync::Arc;

use clients::{Producer, ProducerEvent, ProducerRecord, Profile, Properties};
use kernel::{Duration, Input, Order, Time, Timers};
use protocol::{Message, Run, TopicName, gap, splittable_draw};

use super::perf_stats::Stats;
use crate::admin_tool::{INTERRUPTED, TERMINATED, log_line, properties_file};
use crate::io::Io;
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Argparse, Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-producer-perf-test",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const SUMMARY: &str = "This tool is used to verify the producer performance. To enable transactions, you can specify a transactional id or set a transaction duration using --transaction-duration-ms.";
const ARGPARSE: Argparse = Argparse {
    program: "kafka-producer-perf-test",
    usage: &[
        "usage: kafka-producer-perf-test",
        "       [-h] [--bootstrap-server BOOTSTRAP-SERVER] --topic TOPIC",
        "       --num-records NUM-RECORDS [--payload-delimiter PAYLOAD-DELIMITER]",
        "       --throughput THROUGHPUT",
        "       [--producer-props PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]]",
        "       [--command-property PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]]",
        "       [--producer.config CONFIG-FILE] [--command-config CONFIG-FILE]",
        "       [--print-metrics] [--transactional-id TRANSACTIONAL-ID]",
        "       [--transaction-duration-ms TRANSACTION-DURATION]",
        "       [--warmup-records WARMUP-RECORDS] [--reporting-interval INTERVAL-MS]",
        "       (--record-size RECORD-SIZE | --payload-file PAYLOAD-FILE |",
        "       --payload-monotonic)",
    ],
};
const PAYLOADS: [&str; 3] = ["record-size", "payload-file", "payload-monotonic"];
const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-server",
        "BOOTSTRAP-SERVER",
        "The server(s) to connect to. This config takes precedence over bootstrap.servers specified via --command-property or --command-config.",
    ),
    value("topic", "TOPIC", "Produce records to this topic."),
    value("num-records", "NUM-RECORDS", "Number of records to produce."),
    value(
        "payload-delimiter",
        "PAYLOAD-DELIMITER",
        "Provides the delimiter to be used when --payload-file is provided. Defaults to new line. Note that this parameter will be ignored if --payload-file is not provided. (default: \\n)",
    ),
    value(
        "throughput",
        "THROUGHPUT",
        "Throttle maximum record throughput to *approximately* THROUGHPUT records/sec. Set this to -1 to disable throttling.",
    ),
    value(
        "producer-props",
        "PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]",
        "(DEPRECATED) Kafka producer related configuration properties like client.id. These configs take precedence over those passed via --command-config or --producer.config. This option will be removed in a future version. Use --command-property instead. Example: --command-property linger.ms=10 batch.size=32768",
    ),
    value(
        "command-property",
        "PROP-NAME=PROP-VALUE [PROP-NAME=PROP-VALUE ...]",
        "Kafka producer related configuration properties like client.id. These configs take precedence over those passed via --command-config or --producer.config. Example: --command-property linger.ms=10 batch.size=32768",
    ),
    value(
        "producer.config",
        "CONFIG-FILE",
        "(DEPRECATED) Producer config properties file. This option will be removed in a future version. Use --command-config instead.",
    ),
    value("command-config", "CONFIG-FILE", "Producer config properties file."),
    flag("print-metrics", "Print out metrics at the end of the test. (default: false)"),
    value(
        "transactional-id",
        "TRANSACTIONAL-ID",
        "The transactional id to use. This config takes precedence over the transactional.id specified via --command-property or --command-config. Note that if the transactional id is not specified while --transaction-duration-ms is provided, the default value for the transactional id will be performance-producer- followed by a random uuid.",
    ),
    value(
        "transaction-duration-ms",
        "TRANSACTION-DURATION",
        "The maximum duration of each transaction. The commitTransaction will be called after this time has elapsed. The value should be greater than 0. If the transactional id is specified via --command-property, --command-config or --transactional-id but --transaction-duration-ms is not specified, the default value will be 3000.",
    ),
    value(
        "warmup-records",
        "WARMUP-RECORDS",
        "The number of records to treat as warmup. These initial records will not be included in steady-state statistics. An additional summary line will be printed describing the steady-state statistics. (default: 0)",
    ),
    value(
        "reporting-interval",
        "INTERVAL-MS",
        "Interval in milliseconds at which to print progress info. (default: 5000)",
    ),
    value(
        "record-size",
        "RECORD-SIZE",
        "Record size in bytes. Note that you must provide exactly one of --record-size, --payload-file or --payload-monotonic.",
    ),
    value(
        "payload-file",
        "PAYLOAD-FILE",
        "File to read the record payloads from. This works only for UTF-8 encoded text files. Payloads will be read from this file and a payload will be randomly selected when sending records. Note that you must provide exactly one of --record-size, --payload-file or --payload-monotonic.",
    ),
    flag(
        "payload-monotonic",
        "Payload is a monotonically increasing integer. Note that you must provide exactly one of --record-size, --payload-file or --payload-monotonic. (default: false)",
    ),
];

/// Records a second without a throttle.
const UNTHROTTLED: u64 = 1_000_000;

/// argparse4j takes the last of several.
fn one<'a>(options: &'a Parsed, name: &str) -> Option<&'a str> {
    options.all(name).last().map(String::as_str)
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    ARGPARSE.require(options, &["topic", "num-records", "throughput"])?;
    let mut given = PAYLOADS.iter().filter(|name| options.has(name));
    let Some(first) = given.next() else {
        return Err(
            ARGPARSE.refuse("one of the arguments --record-size --payload-file --payload-monotonic is required")
        );
    };
    if let Some(second) = given.next() {
        return Err(ARGPARSE.refuse(format!("argument --{second}: not allowed with argument --{first}")));
    }
    let records: i64 = ARGPARSE.number(options, "num-records", "Long")?.unwrap_or_default();
    let throughput: f64 = ARGPARSE.number(options, "throughput", "Double")?.unwrap_or(-1.0);
    let warmup = ARGPARSE.number::<i64>(options, "warmup-records", "Long")?.unwrap_or_default().max(0);
    let size: Option<i32> = ARGPARSE.number(options, "record-size", "Integer")?;
    let reporting_interval_ms: i64 = ARGPARSE.number(options, "reporting-interval", "Long")?.unwrap_or(5_000);
    let refusals = [
        (records <= 0, "--num-records should be greater than zero."),
        (
            warmup >= records,
            "The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.",
        ),
        (size.is_some_and(|size| size <= 0), "--record-size should be greater than zero."),
        (reporting_interval_ms <= 0, "--reporting-interval should be greater than zero."),
    ];
    if let Some((_, text)) = refusals.into_iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(ARGPARSE.refuse(text));
    }
    let mut said = Vec::new();
    let payload = payload(launch, options, size, &mut said)?;
    let properties = properties(launch, options, &mut said)?;
    gap!("kafka-producer-perf-test --print-metrics", "ToolsUtils#printMetrics");
    if options.has("print-metrics") {
        return Err(Refusal::line("--print-metrics: not modelled here; the page's metrics view shows them"));
    }
    let client_id = properties.get("client.id").cloned().unwrap_or_else(|| "perf-producer-client".into());
    let producer = Producer::new(Profile::Java, &properties, &client_id, 1)
        .map_err(|e| Refusal { out: said.clone(), ..Refusal::line(e.lines("producer").join("\n")) })?;
    let program = ProducerPerf {
        said,
        topic: one(options, "topic").unwrap_or_default().into(),
        producer,
        timers: Timers::new(0),
        payload,
        records: records as u64,
        warmup: warmup as u64,
        throughput: (throughput >= 0.0).then_some(throughput as u64),
        reporting_interval_ms,
        pace: (Time::ZERO, 0),
        started: Time::ZERO,
        sent: 0,
        under_way: VecDeque::new(),
        stats: None,
        steady: None,
        closing: None,
    };
    Ok(Body::ProducerPerf(Box::new(program)))
}

/// The producer's properties: those of the file, then those of the command line, then the servers.
fn properties(launch: &Launch, options: &Parsed, said: &mut Vec<String>) -> Result<Properties, Refusal> {
    for (new, old) in [("command-property", "producer-props"), ("command-config", "producer.config")] {
        if options.has(new) && options.has(old) {
            return Err(ARGPARSE.refuse(format!("--{new} and --{old} cannot be specified together.")));
        }
        if options.has(old) {
            said.push(format!(
                "Option --{old} has been deprecated and will be removed in a future version. Use --{new} instead."
            ));
        }
    }
    let either = |new: &str, old: &str| [options.all(new), options.all(old)].concat();
    let files = either("command-config", "producer.config");
    // Several may follow one option: `--command-property a=b c=d`.
    let pairs = [either("command-property", "producer-props"), options.rest.clone()].concat();
    let servers = one(options, "bootstrap-server");
    if servers.is_none() && files.is_empty() && pairs.is_empty() {
        return Err(ARGPARSE.refuse(
            "At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.",
        ));
    }
    let mut properties = Properties::new();
    for path in files {
        properties.extend(properties_file(launch, &path)?);
    }
    for pair in &pairs {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.contains('=')) else {
            return Err(Refusal {
                out: said.clone(),
                ..Refusal::line(format!(
                    "Exception in thread \"main\" java.lang.IllegalArgumentException: Invalid property: {pair}"
                ))
            });
        };
        properties.insert(name.into(), value.into());
    }
    properties.extend(servers.map(|servers| ("bootstrap.servers".into(), servers.into())));
    let transactional = one(options, "transactional-id").or(one(options, "transaction-duration-ms"));
    properties.extend(transactional.map(|id| ("transactional.id".into(), id.into())));
    Ok(properties)
}

/// What records are made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Payload {
    /// Letters, so many.
    Random(u32),
    /// Its own number.
    Monotonic,
    /// One of these.
    File(Vec<Arc<[u8]>>),
}

fn payload(launch: &Launch, options: &Parsed, size: Option<i32>, said: &mut Vec<String>) -> Result<Payload, Refusal> {
    if let Some(size) = size {
        return Ok(Payload::Random(size as u32));
    }
    let Some(path) = one(options, "payload-file") else { return Ok(Payload::Monotonic) };
    said.push(format!("Reading payloads from: {path}"));
    let delimiter = one(options, "payload-delimiter").filter(|text| *text != "\\n").unwrap_or("\n");
    let text = launch.read(path).filter(|text| !text.is_empty()).ok_or_else(|| Refusal {
        out: said.clone(),
        ..Refusal::line(
            "Exception in thread \"main\" java.lang.IllegalArgumentException: File does not exist or empty file provided.",
        )
    })?;
    let text = text.strip_suffix(delimiter).unwrap_or(&text);
    let payloads: Vec<Arc<[u8]>> = text.split(delimiter).map(|payload| payload.as_bytes().into()).collect();
    said.push(format!("Number of records read: {}", payloads.len()));
    Ok(Payload::File(payloads))
}

/// The program under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ProducerPerf {
    /// What it says first.
    said: Vec<String>,
    topic: TopicName,
    producer: Producer,
    timers: Timers<Tick>,
    payload: Payload,
    records: u64,
    warmup: u64,
    /// Records a second.
    throughput: Option<u64>,
    reporting_interval_ms: i64,
    /// Since when it could send as fast as it can, and how many it had sent then.
    pace: (Time, u64),
    started: Time,
    sent: u64,
    /// The sends that are not all answered, by the handle of the first record.
    under_way: VecDeque<Sent>,
    stats: Option<Stats>,
    steady: Option<Stats>,
    closing: Option<i32>,
}

/// Records sent at one moment.
#[derive(Clone, Copy, Hash, Debug)]
struct Sent {
    handle: u64,
    left: u32,
    at_ms: i64,
    bytes: u32,
    /// Whether steady state was reached before.
    is_steady: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Tick {
    Send,
}

impl ProducerPerf {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => return io.exit(INTERRUPTED),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
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

    fn begin(&mut self, io: &mut Io<'_>) {
        self.said.drain(..).for_each(|line| io.out(line));
        if self.warmup > 0 {
            let warmup = self.warmup;
            io.out(format!(
                "Warmup first {warmup} records. Steady state results will print after the complete test summary."
            ));
        }
        self.stats = Some(Stats::new(io.wall_ms(), self.records, self.reporting_interval_ms, false));
        self.started = io.now;
        self.pace = (io.now, 0);
        self.producer.start(io.now, io.fx);
        self.send_due(io);
    }

    /// Sends what is due by now, and comes back when more is.
    fn send_due(&mut self, io: &mut Io<'_>) {
        let due_by = |since: Time, rate: u64| io.now.since(since).as_millis() * rate / 1000 + 1;
        let (since, before) = self.pace;
        let due = before + due_by(since, UNTHROTTLED);
        let due = self.throughput.map_or(due, |rate| due.min(due_by(self.started, rate))).min(self.records);
        while self.sent < due && self.throughput != Some(0) && !self.producer.is_blocked() {
            self.send(due - self.sent, io);
        }
        if self.producer.is_blocked() {
            self.pace = (io.now, self.sent);
        }
        if self.sent >= self.records {
            self.closing = Some(0);
            return self.producer.close(io.now, io.fx);
        }
        let wait_ms = self.throughput.map_or(1, |rate| 1000u64.checked_div(rate).map_or(1000, |ms| ms.max(1)));
        self.timers.arm(io.fx, io.now + Duration::from_millis(wait_ms), Tick::Send);
    }

    /// Sends at most `count` records.
    fn send(&mut self, count: u64, io: &mut Io<'_>) {
        if self.warmup > 0 && self.sent == self.warmup {
            self.steady = Some(Stats::new(io.wall_ms(), self.records - self.warmup, self.reporting_interval_ms, true));
            self.stats.as_mut().into_iter().for_each(Stats::hush);
        }
        let is_steady = self.steady.is_some();
        let count = if self.warmup > self.sent { count.min(self.warmup - self.sent) } else { count };
        let at_ms = io.wall_ms();
        let value = match &self.payload {
            Payload::Random(len) => {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                // Started anew it sends other records.
                let (source, value_len) = ((u64::from(io.fx.node().0) << 48) ^ self.started.as_nanos(), *len);
                let run = Run { source, first: self.sent, count, value_len, timestamp_ms: 0, offset_delta: 0 };
                let (handle, taken) = self.producer.send_run(io.now, io.fx, &self.topic, &run);
                self.sent += u64::from(taken);
                self.under_way.push_back(Sent { handle, left: taken, at_ms, bytes: value_len, is_steady });
                return;
            }
            Payload::Monotonic => self.sent.to_string().as_bytes().into(),
            Payload::File(payloads) => payloads[splittable_draw(self.sent, payloads.len() as u32) as usize].clone(),
        };
        let bytes = value.len() as u32;
        let record = ProducerRecord {
            topic: self.topic.clone(),
            partition: None,
            key: None,
            value: Some(value),
            headers: Vec::new(),
            timestamp_ms: None,
        };
        let handle = self.producer.send(io.now, io.fx, record);
        self.sent += 1;
        self.under_way.push_back(Sent { handle, left: 1, at_ms, bytes, is_steady });
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        for event in self.producer.events() {
            match event {
                ProducerEvent::Acked { handle, count, .. } => self.acked(handle, count, io),
                ProducerEvent::Failed { handle, error, .. } => {
                    self.answered(handle, 1);
                    io.err(error.to_string());
                }
                ProducerEvent::Log(line) => log_line(&line, io),
                ProducerEvent::Flushed => {}
                ProducerEvent::Fatal(error) => {
                    io.err("Exception in thread \"main\" org.apache.kafka.common.KafkaException: Failed to construct kafka producer");
                    io.err(format!("Caused by: {error}"));
                    io.exit(1);
                }
                ProducerEvent::Closed => self.end(io),
            }
        }
    }

    fn acked(&mut self, handle: u64, count: u32, io: &mut Io<'_>) {
        let now_ms = io.wall_ms();
        let Some(sent) = self.answered(handle, count) else { return };
        let latency_ms = now_ms - sent.at_ms;
        let steady = self.steady.as_mut().filter(|_| sent.is_steady);
        for stats in self.stats.as_mut().into_iter().chain(steady) {
            let lines = stats.record(now_ms, count.into(), latency_ms, sent.bytes.into());
            lines.into_iter().for_each(|line| io.out(line));
        }
    }

    /// The send that some records were part of, which are now done.
    fn answered(&mut self, handle: u64, count: u32) -> Option<Sent> {
        let at = self.under_way.partition_point(|sent| sent.handle <= handle).checked_sub(1)?;
        let sent = self.under_way.get_mut(at)?;
        sent.left -= count;
        let sent = *sent;
        while self.under_way.front().is_some_and(|sent| sent.left == 0) {
            self.under_way.pop_front();
        }
        Some(sent)
    }

    fn end(&mut self, io: &mut Io<'_>) {
        let now_ms = io.wall_ms();
        for stats in self.stats.iter().chain(&self.steady) {
            io.out(stats.total_line(now_ms));
        }
        io.exit(self.closing.unwrap_or(0));
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
}
