//! `kafka-consumer-perf-test` (`org.apache.kafka.tools.ConsumerPerformance`): reads many records, and prints how fast.

use clients::{Consumer, ConsumerEvent, Profile, Properties};
use kernel::{Duration, Input, Order, Timers};
use protocol::{Message, TopicName, gap};

use crate::admin_tool::{INTERRUPTED, TERMINATED, log_line, properties_file};
use crate::io::Io;
use crate::java_date::{JavaDate, NoPattern};
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, maybe, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_required, deprecated, include, with_args};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-consumer-perf-test",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[
        ("threads", "it never had an effect; leave it out (KIP-1057)"),
        ("num-fetch-threads", "it never had an effect; leave it out (KIP-1057)"),
    ],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

/// If none is given, in UTC.
const DATE_FORMAT: &str = "yyyy-MM-dd HH:mm:ss:SSS";
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
const SUMMARY: &str = "This tool is used to verify the consumer performance.";
/// The stream that draws the number in `perf-consumer-N`.
const GROUP_NUMBER: u32 = 0x5348_0002;
const OPTIONS: &[Opt] = &[
    value("bootstrap-server", "String: server to connect to", "REQUIRED: The server(s) to connect to."),
    value("command-config", "String: config file", "Config properties file."),
    value(
        "command-property",
        "String: prop1=val1",
        "Kafka consumer related configuration properties like client.id. These configs take precedence over those passed via --command-config or --consumer.config.",
    ),
    value(
        "consumer.config",
        "String: config file",
        "(DEPRECATED) Consumer config properties file. This option will be removed in a future version. Use --command-config instead.",
    ),
    value(
        "date-format",
        "String: date format",
        "The date format to use for formatting the time field. See java.text.SimpleDateFormat for options. (default: yyyy-MM-dd HH:mm:ss:SSS)",
    ),
    value(
        "fetch-size",
        "Integer: size",
        "The maximum amount of data to fetch from a single partition per request. (default: 1048576)",
    ),
    flag(
        "from-latest",
        "If the consumer does not already have an established offset to consume from, start with the latest record present in the log rather than the earliest record.",
    ),
    value("group", "String: gid", "The group id to consume on."),
    flag("help", "Print usage information."),
    flag("hide-header", "If set, skips printing the header for the stats."),
    value(
        "include",
        "String: Java regex (String)",
        "Regular expression specifying list of topics to include for consumption.",
    ),
    value(
        "messages",
        "Long: count",
        "(DEPRECATED) The number of records to consume. This option will be removed in a future version. Use --num-records instead.",
    ),
    value("num-records", "Long: count", "REQUIRED: The number of records to consume."),
    flag("print-metrics", "Print out the metrics."),
    value(
        "reporting-interval",
        "Long: interval_ms",
        "Interval in milliseconds at which to print progress info. (default: 5000)",
    ),
    flag(
        "show-detailed-stats",
        "If set, stats are reported for each reporting interval as configured by reporting-interval.",
    ),
    value("socket-buffer-size", "Integer: size", "The size of the tcp RECV size. (default: 2097152)"),
    maybe(
        "timeout",
        "Long: milliseconds",
        "The maximum allowed time in milliseconds between returned records. (default: 10000)",
    ),
    value("topic", "String: topic", "The topic to consume from."),
    flag("version", "Display Kafka version."),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let usage = |e: OptionError| Refusal::usage(e.message);
    check_required(options, &["bootstrap-server"])?;
    for pair in [["messages", "num-records"], ["topic", "include"]] {
        if options.has(pair[0]) == options.has(pair[1]) {
            let [first, second] = pair;
            return Err(Refusal::usage(format!(
                "Exactly one of the following arguments is required: [{first}], [{second}]"
            )));
        }
    }
    let mut said = Vec::new();
    let count_option = deprecated(options, "messages", "num-records")?.warn_briefly(&mut said);
    let config_option = deprecated(options, "consumer.config", "command-config")?.warn_briefly(&mut said);
    gap!("kafka-consumer-perf-test --print-metrics", "ToolsUtils#printMetrics");
    if options.has("print-metrics") {
        return Err(Refusal::line("--print-metrics: not modelled here"));
    }
    let date_format = options.one("date-format").map_err(usage)?.unwrap_or(DATE_FORMAT);
    gap!("kafka-consumer-perf-test --date-format with Y, w or W", "SimpleDateFormat");
    if let Err(NoPattern::Unmodelled(letter)) = JavaDate::new(date_format) {
        return Err(Refusal::line(format!("--date-format {date_format}: {letter} is not modelled here")));
    }
    let interval: i64 = options.number("reporting-interval").map_err(usage)?.unwrap_or(5_000);
    if interval <= 0 {
        return Err(Refusal::usage("Reporting interval must be greater than 0."));
    }
    let file = options.one(config_option).map_err(usage)?;
    let file = file.map(|path| properties_file(launch, path)).transpose()?;
    let mut properties = with_args(file, options.all("command-property"));
    let reset = if options.has("from-latest") { "latest" } else { "earliest" };
    let set = [
        ("bootstrap.servers", options.one("bootstrap-server").map_err(usage)?),
        ("group.id", options.one("group").map_err(usage)?),
        ("receive.buffer.bytes", Some(options.one("socket-buffer-size").map_err(usage)?.unwrap_or("2097152"))),
        ("max.partition.fetch.bytes", Some(options.one("fetch-size").map_err(usage)?.unwrap_or("1048576"))),
        ("auto.offset.reset", Some(reset)),
        ("check.crcs", Some("false")),
    ];
    properties.extend(set.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))));
    properties.entry("client.id".into()).or_insert_with(|| "perf-consumer-client".into());
    let pattern = options.one("include").map_err(usage)?;
    pattern.map_or(Ok(()), include::check)?;
    let program = ConsumerPerf {
        said,
        properties,
        topic: options.one("topic").map_err(usage)?.map(TopicName::from),
        include: pattern.unwrap_or_default().to_owned(),
        wanted: options.number::<i64>(count_option).map_err(usage)?.unwrap_or_default().max(0) as u64,
        timeout_ms: options.number("timeout").map_err(usage)?.unwrap_or(10_000),
        interval_ms: interval,
        date_format: date_format.to_owned(),
        date: None,
        is_detailed: options.has("show-detailed-stats"),
        hides_header: options.has("hide-header"),
        consumer: None,
        timers: Timers::new(0),
        total: Read::default(),
        reported: Read::default(),
        started_ms: 0,
        reported_ms: 0,
        read_ms: 0,
        join_began_ms: 0,
        joined_ms: 0,
        joined_since_report_ms: 0,
        partitions: 0,
        ended_ms: None,
    };
    Ok(Body::ConsumerPerf(Box::new(program)))
}

/// The program under way. Times are in ms of the wall clock.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ConsumerPerf {
    /// What it says first.
    said: Vec<String>,
    properties: Properties,
    /// None: `include` says which.
    topic: Option<TopicName>,
    include: String,
    /// Records to read.
    wanted: u64,
    timeout_ms: i64,
    interval_ms: i64,
    date_format: String,
    /// The same, once it is read.
    date: Option<JavaDate>,
    is_detailed: bool,
    hides_header: bool,
    consumer: Option<Consumer>,
    timers: Timers<Tick>,
    total: Read,
    /// As of the last report.
    reported: Read,
    started_ms: i64,
    reported_ms: i64,
    /// When the last records came.
    read_ms: i64,
    join_began_ms: i64,
    /// How long it was without partitions.
    joined_ms: i64,
    joined_since_report_ms: i64,
    partitions: usize,
    /// When it left its loop.
    ended_ms: Option<i64>,
}

/// What was read.
#[derive(Clone, Copy, Default, Hash, Debug)]
struct Read {
    records: u64,
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Tick {
    /// `--timeout` since the last records may be over.
    Timeout,
}

impl Read {
    fn mb(self) -> f64 {
        self.bytes as f64 / (1024.0 * 1024.0)
    }
    fn since(self, before: Read) -> Read {
        Read { records: self.records - before.records, bytes: self.bytes - before.bytes }
    }
}

impl ConsumerPerf {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => return io.exit(INTERRUPTED),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
            input => {
                let is_clients = self.consumer.as_mut().is_some_and(|consumer| consumer.handle(io.now, input, io.fx));
                if let (Input::Timer { token }, false) = (input, is_clients) {
                    self.timers.fire(io.fx, io.now, *token);
                }
            }
        }
        self.take_events(io);
        self.poll(io);
        self.take_events(io);
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        self.said.drain(..).for_each(|line| io.out(line));
        if !self.hides_header {
            let first = if self.is_detailed { "time, threadId" } else { "start.time, end.time" };
            io.out(format!("{first}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"));
        }
        if !self.properties.contains_key("group.id") {
            let number = io.fx.rng(GROUP_NUMBER).below(100_000);
            self.properties.insert("group.id".into(), format!("perf-consumer-{number}").into());
        }
        match JavaDate::new(&self.date_format) {
            Ok(date) => self.date = Some(date),
            Err(NoPattern::Illegal(message)) => {
                io.err(message.clone());
                io.err(format!("java.lang.IllegalArgumentException: {message}"));
                return io.exit(1);
            }
            Err(NoPattern::Unmodelled(_)) => unreachable!("it was refused with the options"),
        }
        let client_id = self.properties.get("client.id").cloned().unwrap_or_default();
        let mut consumer = match Consumer::new(Profile::Java, &self.properties, &client_id, 1) {
            Ok(consumer) => consumer,
            Err(error) => {
                error.lines("consumer").into_iter().for_each(|line| io.err(line));
                return io.exit(1);
            }
        };
        let now_ms = io.wall_ms();
        (self.started_ms, self.reported_ms, self.read_ms, self.join_began_ms) = (now_ms, now_ms, now_ms, now_ms);
        consumer.set_poll_timeout(POLL_TIMEOUT);
        consumer.start(io.now, io.fx);
        match self.topic.clone() {
            Some(topic) => consumer.subscribe(vec![topic], io.now, io.fx),
            None => match include::compile(&self.include) {
                Ok(regex) => consumer.subscribe_pattern(regex, io.now, io.fx),
                Err((class, message)) => {
                    let text = format!("{message}\n{class}: {message}");
                    text.lines().for_each(|line| io.err(line));
                    return io.exit(1);
                }
            },
        }
        self.consumer = Some(consumer);
    }

    fn poll(&mut self, io: &mut Io<'_>) {
        let now_ms = io.wall_ms();
        while self.ended_ms.is_none() && io.exited.is_none() {
            if self.total.records >= self.wanted || now_ms - self.read_ms > self.timeout_ms {
                return self.leave(now_ms, io);
            }
            let Some(consumer) = &mut self.consumer else { return };
            let polled = consumer.poll_parts(io.now, io.fx, usize::MAX);
            if polled.is_empty() {
                break;
            }
            self.read_ms = now_ms;
            let begin = self.total;
            for part in &polled {
                self.total.records += part.count() as u64;
                self.total.bytes += part.payload_bytes();
            }
            self.report(begin, now_ms, io);
        }
        if self.ended_ms.is_none() && self.timers.due(&Tick::Timeout).is_none() {
            let left_ms = self.read_ms + self.timeout_ms + 1 - now_ms;
            self.timers.arm(io.fx, io.now + Duration::from_millis(left_ms.max(1) as u64), Tick::Timeout);
        }
    }

    /// A line for the interval, with the first record after its end, as the tool counts.
    fn report(&mut self, begin: Read, now_ms: i64, io: &mut Io<'_>) {
        if now_ms - self.reported_ms < self.interval_ms {
            return;
        }
        let polled = self.total.since(begin);
        let bytes = begin.bytes + polled.bytes / polled.records.max(1);
        let upto = Read { records: begin.records + 1, bytes };
        if self.is_detailed {
            let interval = upto.since(self.reported);
            let (elapsed, fetched) =
                (now_ms - self.reported_ms, now_ms - self.reported_ms - self.joined_since_report_ms);
            let a_second = |n: f64, ms: i64| if ms <= 0 { 0.0 } else { 1000.0 * n / ms as f64 };
            io.out(format!(
                "{}, 0, {:.4}, {:.4}, {}, {:.4}, {}, {fetched}, {:.4}, {:.4}",
                self.date(now_ms),
                upto.mb(),
                a_second(interval.mb(), elapsed),
                upto.records,
                a_second(interval.records as f64, elapsed),
                self.joined_since_report_ms,
                a_second(interval.mb(), fetched),
                a_second(interval.records as f64, fetched),
            ));
        }
        (self.reported, self.reported_ms, self.joined_since_report_ms) = (upto, now_ms, 0);
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        let now_ms = io.wall_ms();
        let events = self.consumer.as_mut().map(Consumer::events).unwrap_or_default();
        for event in events {
            match event {
                ConsumerEvent::Log(line) => log_line(&line, io),
                ConsumerEvent::Assigned(partitions) => {
                    if self.partitions == 0 {
                        self.joined_ms += now_ms - self.join_began_ms;
                        self.joined_since_report_ms += now_ms - self.join_began_ms;
                    }
                    self.partitions += partitions.len();
                }
                ConsumerEvent::Revoked(partitions) | ConsumerEvent::Lost(partitions) => {
                    self.partitions = self.partitions.saturating_sub(partitions.len());
                    if self.partitions == 0 {
                        self.join_began_ms = now_ms;
                    }
                }
                ConsumerEvent::Fatal(error) => {
                    io.err(error.message.as_ref());
                    io.err(error.to_string());
                    io.exit(1);
                }
                ConsumerEvent::Closed => self.end(io),
                ConsumerEvent::Committed(_) | ConsumerEvent::Error(_) => {}
            }
        }
    }

    fn leave(&mut self, now_ms: i64, io: &mut Io<'_>) {
        if self.total.records < self.wanted {
            let timeout = self.timeout_ms;
            io.out(format!("WARNING: Exiting before consuming the expected number of records: timeout ({timeout} ms) exceeded. You can use the --timeout option to increase the timeout."));
        }
        self.ended_ms = Some(now_ms);
        if let Some(consumer) = &mut self.consumer {
            consumer.close(io.now, io.fx);
        }
    }

    fn end(&mut self, io: &mut Io<'_>) {
        let ended_ms = self.ended_ms.unwrap_or_else(|| io.wall_ms());
        let elapsed_ms = ended_ms - self.started_ms;
        let fetch_ms = elapsed_ms - self.joined_ms;
        let a_second = |n: f64, ms: i64| n / (ms as f64 / 1000.0);
        if !self.is_detailed {
            let (mb, records) = (self.total.mb(), self.total.records);
            io.out(format!(
                "{}, {}, {mb:.4}, {:.4}, {records}, {:.4}, {}, {fetch_ms}, {:.4}, {:.4}",
                self.date(self.started_ms),
                self.date(ended_ms),
                a_second(mb, elapsed_ms),
                a_second(records as f64, elapsed_ms),
                self.joined_ms,
                a_second(mb, fetch_ms),
                a_second(records as f64, fetch_ms),
            ));
        }
        io.exit(0);
    }

    fn date(&self, ms: i64) -> String {
        self.date.as_ref().map_or_else(String::new, |date| date.format(ms))
    }

    pub(crate) fn consumer(&self) -> Option<&Consumer> {
        self.consumer.as_ref()
    }
    /// Records read so far.
    pub(crate) fn records(&self) -> u64 {
        self.total.records
    }
}
