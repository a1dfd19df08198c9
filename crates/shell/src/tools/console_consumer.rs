//! `kafka-console-consumer` (`org.apache.kafka.tools.consumer.ConsoleConsumer`).

use clients::{Consumer, ConsumerEvent, Profile, Properties, Regex, StartAt};
use kernel::{Duration, Input, Order, Timers};
use protocol::api::Name;
use protocol::{Message, TopicPartition};

use crate::admin_tool::{INTERRUPTED, TERMINATED, log_line, properties_file};
use crate::io::Io;
use crate::java::{DEFAULT_CAPACITY, hash_order};
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, value};
use crate::process::Body;
use crate::tools::formatter::Formatter;
use crate::tools::{Misuse, Refusal, Tool, check_required, deprecated, include, pairs_with_args, with_args};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-console-consumer",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[
        ("delete-consumer-offsets", "groups are deleted with kafka-consumer-groups --delete"),
        ("csv-reporter-enabled", "leave it out"),
    ],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const SUMMARY: &str = "This tool helps to read data from Kafka topics and outputs it to standard output.";
const LOGGER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const DEFAULT_FORMATTER: &str = "org.apache.kafka.tools.consumer.DefaultMessageFormatter";
/// What a consumer of the classic protocol says first.
const KIP_848_HINT: &str = "The consumer rebalance protocol (KIP-848) is production-ready! Set group.protocol=consumer to try it out. See https://kafka.apache.org/documentation/#consumer_rebalance_protocol";
/// The stream that draws the number in `console-consumer-N`.
const GROUP_NUMBER: u32 = 0x5348_0001;

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let uncaught = |e: OptionError| e.uncaught();
    let mut out = Vec::new();
    check_required(options, &["bootstrap-server"])?;
    if options.has("topic") == options.has("include") {
        return Err(Refusal::usage("Exactly one of the following arguments is required: [topic], [include]"));
    }
    let formatter_option = deprecated(options, "property", "formatter-property")?.warn_as_consumer(&mut out);
    let property_option = deprecated(options, "consumer-property", "command-property")?.warn_as_consumer(&mut out);
    let config_option = deprecated(options, "consumer.config", "command-config")?.warn_as_consumer(&mut out);
    let source = source(options).map_err(|refusal| Refusal { out: out.clone(), ..refusal })?;
    let file = options.one(config_option).map_err(uncaught)?;
    let uncaught_at = |mut refusal: Refusal| {
        refusal.err[0].insert_str(0, "Exception in thread \"main\" ");
        Refusal { out: out.clone(), ..refusal }
    };
    let file = file.map(|path| properties_file(launch, path).map_err(uncaught_at)).transpose()?;
    let mut properties = with_args(file, options.all(property_option));
    reset_policy(options, &mut properties)
        .and_then(|()| group_id(options, &mut properties))
        .map_err(|refusal| Refusal { out: out.clone(), ..refusal })?;
    properties.insert(
        "bootstrap.servers".into(),
        options.one("bootstrap-server").map_err(uncaught)?.unwrap_or_default().into(),
    );
    let isolation = options.one("isolation-level").map_err(uncaught)?;
    if isolation.is_some() || !properties.contains_key("isolation.level") {
        properties.insert("isolation.level".into(), isolation.unwrap_or("read_uncommitted").into());
    }
    let class = options.one("formatter").map_err(uncaught)?.unwrap_or(DEFAULT_FORMATTER);
    let file = options.one("formatter-config").map_err(uncaught)?;
    // The exception's message, which is the path, and help.
    let no_file = |path| Refusal { out: out.clone(), ..Refusal::usage(path) };
    let file = file.map(|path| properties_file(launch, path).map_err(|_| no_file(path))).transpose()?;
    let of_formatter = pairs_with_args(file, options.all(formatter_option));
    let Some(formatter) = Formatter::named(class, &of_formatter) else {
        return Err(Refusal { out, ..Refusal::usage(class) });
    };
    let program = ConsoleConsumer {
        warnings: out,
        properties,
        source,
        formatter,
        max_messages: options.number("max-messages").map(|max| max.filter(|max: &i64| *max >= 0).map(|max| max as u64)),
        timeout_ms: options.number("timeout-ms").map_err(uncaught)?.filter(|ms: &i64| *ms >= 0).map(|ms| ms as u64),
        systest_events: options.has("enable-systest-events"),
        consumer: None,
        timers: Timers::new(0),
        printed: 0,
        closing: None,
    };
    Ok(Body::ConsoleConsumer(Box::new(program)))
}

/// What is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Source {
    Topic(String),
    /// It is read when the consumer subscribes, as in Kafka, and may be given twice.
    Pattern(Result<String, OptionError>),
    Partition(TopicPartition, StartAt),
}

fn source(options: &Parsed) -> Result<Source, Refusal> {
    let uncaught = |e: OptionError| e.uncaught();
    let partition: Option<i32> = options.number("partition").map_err(uncaught)?;
    let offset = options.one("offset").map_err(uncaught)?;
    let topic = options.one("topic").map_err(uncaught)?;
    if partition.is_some() && topic.is_none() {
        return Err(Refusal::usage("The topic is required when partition is specified."));
    }
    if offset.is_some() && partition.is_none() {
        return Err(Refusal::usage("The partition is required when offset is specified."));
    }
    if options.has("from-beginning") && offset.is_some() {
        return Err(Refusal::usage("Options from-beginning and offset cannot be specified together."));
    }
    if options.has("group") && partition.is_some() {
        return Err(Refusal::usage("Options group and partition cannot be specified together."));
    }
    if let (Some(topic), Some(partition)) = (topic, partition) {
        let start = match offset.map(str::to_lowercase).as_deref() {
            Some("earliest") => StartAt::Earliest,
            Some("latest") => StartAt::Latest,
            Some(text) => StartAt::Offset(text.parse().ok().filter(|n: &i64| *n >= 0).ok_or_else(|| {
                Refusal::usage(format!("The provided offset value '{}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.", offset.unwrap_or_default()))
            })?),
            None if options.has("from-beginning") => StartAt::Earliest,
            None => StartAt::Latest,
        };
        return Ok(Source::Partition(TopicPartition::new(topic, partition), start));
    }
    if let Some(topic) = topic {
        return Ok(Source::Topic(topic.to_owned()));
    }
    let pattern = options.one("include").map(|pattern| pattern.unwrap_or_default().to_owned());
    pattern.as_deref().map_or(Ok(()), include::check)?;
    Ok(Source::Pattern(pattern))
}

fn reset_policy(options: &Parsed, properties: &mut Properties) -> Result<(), Refusal> {
    let from_beginning = options.has("from-beginning");
    match properties.get("auto.offset.reset") {
        Some(set) if from_beginning && &**set != "earliest" => {
            return Err(Refusal::line(format!(
                "Can't simultaneously specify --from-beginning and 'auto.offset.reset={set}', please remove one option"
            )));
        }
        Some(_) => {}
        None => drop(
            properties.insert("auto.offset.reset".into(), if from_beginning { "earliest" } else { "latest" }.into()),
        ),
    }
    Ok(())
}

fn group_id(options: &Parsed, properties: &mut Properties) -> Result<(), Refusal> {
    let given = options.one("group").map_err(|e| e.uncaught())?;
    if let (Some(given), Some(set)) = (given, properties.get("group.id"))
        && given != &**set
    {
        let mut ids = [&**set, given];
        hash_order(&mut ids, DEFAULT_CAPACITY, |id| id);
        let [one, other] = ids;
        return Err(Refusal::usage(format!(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: '{one}', '{other}'"
        )));
    }
    if let Some(given) = given {
        properties.insert("group.id".into(), given.into());
    }
    Ok(())
}

/// What `--include` says, or what is thrown when the consumer is to subscribe to it.
fn pattern(given: &Result<String, OptionError>) -> Result<Regex, String> {
    let text = given.as_ref().map_err(thrown)?;
    include::compile(text).map_err(|(class, message)| format!("{class}: {message}"))
}

fn thrown(error: &OptionError) -> String {
    format!("joptsimple.{}: {}", error.class, error.message)
}

/// `ConsoleConsumer#main` catches everything.
fn fail_to_run(thrown: &str, io: &mut Io<'_>) {
    io.log("ERROR", "Unknown error when running consumer: ", LOGGER);
    thrown.lines().for_each(|line| io.err(line));
    io.exit(1);
}

/// The program under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ConsoleConsumer {
    warnings: Vec<String>,
    properties: Properties,
    source: Source,
    formatter: Formatter,
    /// It is read when the loop begins, as in Kafka, and may be no number.
    max_messages: Result<Option<u64>, OptionError>,
    timeout_ms: Option<u64>,
    systest_events: bool,
    consumer: Option<Consumer>,
    timers: Timers<Wait>,
    printed: u64,
    /// The exit code, once it leaves its loop.
    closing: Option<i32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Wait {
    /// `--timeout-ms` since the last record.
    ForRecord,
}

impl ConsoleConsumer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => self.leave(INTERRUPTED, io),
            Input::Order(Order::Terminate) => self.leave(TERMINATED, io),
            input => self.pass_on(input, io),
        }
        self.poll(io);
        self.take_events(io);
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        self.warnings.drain(..).for_each(|line| io.out(line));
        if !self.properties.contains_key("group.id") {
            let number = io.fx.rng(GROUP_NUMBER).below(100_000);
            self.properties.insert("group.id".into(), format!("console-consumer-{number}").into());
            self.properties.entry("enable.auto.commit".into()).or_insert_with(|| "false".into());
        }
        let client_id = self.properties.get("client.id").cloned().unwrap_or_else(|| "console-consumer".into());
        let mut consumer = match Consumer::new(Profile::Java, &self.properties, &client_id, 1) {
            Ok(consumer) => consumer.planted(io.plant),
            Err(error) => {
                io.log("ERROR", "Unknown error when running consumer: ", LOGGER);
                error.lines("consumer").into_iter().for_each(|line| io.err(line));
                return io.exit(1);
            }
        };
        let is_classic = |protocol: &Name| protocol.eq_ignore_ascii_case("classic");
        if !matches!(self.source, Source::Partition(..)) && self.properties.get("group.protocol").is_none_or(is_classic)
        {
            io.err(KIP_848_HINT);
        }
        let pattern = match &self.source {
            Source::Pattern(given) => Some(pattern(given)),
            Source::Topic(_) | Source::Partition(..) => None,
        };
        let pattern = match pattern.transpose() {
            Ok(pattern) => pattern,
            Err(thrown) => return fail_to_run(&thrown, io),
        };
        if let Err(error) = &self.max_messages {
            io.err("Processed a total of 0 messages");
            return fail_to_run(&thrown(error), io);
        }
        self.timeout_ms.into_iter().for_each(|ms| consumer.set_poll_timeout(Duration::from_millis(ms)));
        consumer.start(io.now, io.fx);
        match (&self.source, pattern) {
            (Source::Topic(topic), _) => consumer.subscribe(vec![topic.as_str().into()], io.now, io.fx),
            (Source::Partition(tp, start), _) => consumer.assign(vec![(tp.clone(), *start)], io.now, io.fx),
            (Source::Pattern(_), pattern) => {
                pattern.into_iter().for_each(|regex| consumer.subscribe_pattern(regex, io.now, io.fx));
            }
        }
        self.consumer = Some(consumer);
        self.wait_for_record(io);
    }

    fn wait_for_record(&mut self, io: &mut Io<'_>) {
        if let Some(ms) = self.timeout_ms {
            self.timers.arm(io.fx, io.now + Duration::from_millis(ms), Wait::ForRecord);
        }
    }

    fn pass_on(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        if let Some(consumer) = &mut self.consumer
            && consumer.handle(io.now, input, io.fx)
        {
            return;
        }
        if let Input::Timer { token } = input
            && self.timers.fire(io.fx, io.now, *token) == Some(Wait::ForRecord)
            && self.closing.is_none()
        {
            self.poll(io);
            if self.timers.due(&Wait::ForRecord).is_none() && self.closing.is_none() {
                io.log("ERROR", "Error processing message, terminating consumer process: ", LOGGER);
                io.err("org.apache.kafka.common.errors.TimeoutException");
                self.leave(0, io);
            }
        }
    }

    fn poll(&mut self, io: &mut Io<'_>) {
        while self.closing.is_none() && io.exited.is_none() {
            let left = self
                .max_messages
                .as_ref()
                .ok()
                .copied()
                .flatten()
                .map_or(u64::MAX, |max| max.saturating_sub(self.printed));
            if left == 0 {
                return self.leave(0, io);
            }
            let Some(consumer) = &mut self.consumer else { return };
            let records = consumer.poll(io.now, io.fx, usize::try_from(left).unwrap_or(usize::MAX));
            if records.is_empty() {
                return;
            }
            let mut line = String::new();
            for (n, record) in records.iter().enumerate() {
                self.printed += 1;
                line.clear();
                if self.formatter.show(record, &mut line) {
                    io.out(&line);
                }
                if io.is_pipe_broken() {
                    io.err("Unable to write to standard out, closing consumer.");
                    // What it was handed and has not read it does not commit (`resetUnconsumedOffsets`).
                    for unread in records[n + 1..].iter().rev() {
                        consumer.seek(&unread.tp, StartAt::Offset(unread.offset));
                    }
                    return self.leave(0, io);
                }
            }
            self.wait_for_record(io);
        }
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        let events = self.consumer.as_mut().map(Consumer::events).unwrap_or_default();
        for event in events {
            match event {
                ConsumerEvent::Log(line) => log_line(&line, io),
                ConsumerEvent::Fatal(error) => {
                    io.log("ERROR", "Error processing message, terminating consumer process: ", LOGGER);
                    io.err(error.to_string());
                    self.leave(0, io);
                }
                ConsumerEvent::Closed => self.end(io),
                ConsumerEvent::Assigned(_)
                | ConsumerEvent::Revoked(_)
                | ConsumerEvent::Lost(_)
                | ConsumerEvent::Committed(_)
                | ConsumerEvent::Error(_) => {}
            }
        }
    }

    /// Leaves the loop: closes the consumer, which commits and leaves the group.
    fn leave(&mut self, code: i32, io: &mut Io<'_>) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(code);
        match &mut self.consumer {
            Some(consumer) => consumer.close(io.now, io.fx),
            None => io.exit(code),
        }
    }

    fn end(&mut self, io: &mut Io<'_>) {
        io.err(format!("Processed a total of {} messages", self.printed));
        if self.systest_events {
            io.out("shutdown_complete");
        }
        io.exit(self.closing.unwrap_or(0));
    }

    pub(crate) fn consumer(&self) -> Option<&Consumer> {
        self.consumer.as_ref()
    }
    /// Records printed so far.
    pub(crate) fn printed(&self) -> u64 {
        self.printed
    }
}

const OPTIONS: &[Opt] = &[
    value("bootstrap-server", "String: server to connect to", "REQUIRED: The server(s) to connect to."),
    value(
        "command-config",
        "String: config file",
        "Consumer config properties file. Note that [command-property] takes precedence over this config.",
    ),
    value("command-property", "String: consumer_prop", "Consumer config properties in the form key=value."),
    value(
        "consumer-property",
        "String: consumer_prop",
        "(DEPRECATED) Consumer config properties in the form key=value. This option will be removed in a future version. Use --command-property instead.",
    ),
    value(
        "consumer.config",
        "String: config file",
        "(DEPRECATED) Consumer config properties file. Note that [command-property] takes precedence over this config. This option will be removed in a future version. Use --command-config instead.",
    ),
    flag(
        "enable-systest-events",
        "Log lifecycle events of the consumer in addition to logging consumed messages. (This is specific for system tests.)",
    ),
    value(
        "formatter",
        "String: class",
        "The name of a class to use for formatting kafka messages for display. (default: org.apache.kafka.tools.consumer. DefaultMessageFormatter)",
    ),
    value(
        "formatter-config",
        "String: config file",
        "Config properties file to initialize the message formatter. Note that [formatter-property] takes precedence over this config.",
    ),
    value(
        "formatter-property",
        "String: prop",
        "The properties to initialize the message formatter. Default properties include:\n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.epoch=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<headers.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\nUsers can also pass in customized properties for their formatter; more specifically, users can pass in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' prefixes to configure their deserializers.",
    ),
    flag(
        "from-beginning",
        "If the consumer does not already have an established offset to consume from, start with the earliest message present in the log rather than the latest message.",
    ),
    value("group", "String: consumer group id", "The consumer group id of the consumer."),
    flag("help", "Print usage information."),
    value(
        "include",
        "String: Java regex (String)",
        "Regular expression specifying list of topics to include for consumption.",
    ),
    value(
        "isolation-level",
        "String",
        "Set to read_committed in order to filter out transactional messages which are not committed. Set to read_uncommitted to read all messages. (default: read_uncommitted)",
    ),
    value("key-deserializer", "String: deserializer for keys", "The name of the class to use for deserializing keys."),
    value(
        "max-messages",
        "Integer: num_messages",
        "The maximum number of messages to consume before exiting. If not set, consumption is continual.",
    ),
    value(
        "offset",
        "String: consume offset",
        "The offset to consume from (a non-negative number), or 'earliest' which means from beginning, or 'latest' which means from end (default: latest)",
    ),
    value(
        "partition",
        "Integer: partition",
        "The partition to consume from. Consumption starts from the end of the partition unless '--offset' is specified.",
    ),
    value(
        "property",
        "String: prop",
        "(DEPRECATED) The properties to initialize the message formatter. Default properties include:\n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.epoch=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<headers.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\nUsers can also pass in customized properties for their formatter; more specifically, users can pass in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' prefixes to configure their deserializers.\nThis option will be removed in a future version. Use --formatter-property instead.",
    ),
    flag("skip-message-on-error", "If there is an error when processing a message, skip it instead of halt."),
    value(
        "timeout-ms",
        "Long: timeout_ms",
        "If specified, exit if no message is available for consumption for the specified interval.",
    ),
    value("topic", "String: topic", "The topic to consume from."),
    value(
        "value-deserializer",
        "String: deserializer for values",
        "The name of the class to use for deserializing values.",
    ),
    flag("version", "Display Kafka version."),
];
