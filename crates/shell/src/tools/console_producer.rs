//! `kafka-console-producer` (`org.apache.kafka.tools.ConsoleProducer`): one record a line.
//!
//! Left out on purpose: `--line-reader` classes other than Kafka's own.

use clients::{Producer, ProducerEvent, Profile};
use kernel::{Input, Order};
use protocol::Message;

use crate::admin_tool::{INTERRUPTED, TERMINATED, log_line, properties_file};
use crate::io::Io;
use crate::launch::Launch;
use crate::options::{Arg, Opt, OptionError, Parsed, flag, maybe, value};
use crate::process::Body;
use crate::stdin::Lines;
use crate::tools::line_reader::LineReader;
use crate::tools::{Misuse, Refusal, Tool, check_required, deprecated, pairs_with_args, validate_bootstrap, with_args};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-console-producer",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[
        ("old-producer", "every producer is the new one; leave it out"),
        ("queue-size", "leave it out"),
        ("request-timeout", "today it is --request-timeout-ms"),
    ],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const SUMMARY: &str = "This tool helps to read data from standard input and publish it to Kafka.";
const LINE_READER: &str = "org.apache.kafka.tools.LineMessageReader";
const CALLBACK: &str = "org.apache.kafka.clients.producer.internals.ErrorLoggingCallback";

const NO_PARTITION_MEMORY: &str = "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.";

/// Options that set a producer config, and what they set it to when they are not given.
const CONFIG_OPTIONS: &[(&str, &str, &str)] = &[
    ("timeout", "linger.ms", "1000"),
    ("request-required-acks", "acks", "-1"),
    ("request-timeout-ms", "request.timeout.ms", "1500"),
    ("message-send-max-retries", "retries", "3"),
    ("retry-backoff-ms", "retry.backoff.ms", "100"),
    ("socket-buffer-size", "send.buffer.bytes", "102400"),
    ("max-memory-bytes", "buffer.memory", "33554432"),
    ("batch-size", "batch.size", "16384"),
    ("max-partition-memory-bytes", "batch.size", "16384"),
    ("metadata-expiry-ms", "metadata.max.age.ms", "300000"),
    ("max-block-ms", "max.block.ms", "60000"),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_required(options, &["topic"])?;
    let mut out = Vec::new();
    let reader_option = deprecated(options, "property", "reader-property")?.warn_as_producer(&mut out);
    let property_option = deprecated(options, "producer-property", "command-property")?.warn_as_producer(&mut out);
    let config_option = deprecated(options, "producer.config", "command-config")?.warn_as_producer(&mut out);
    if options.has("max-partition-memory-bytes") {
        out.push(NO_PARTITION_MEMORY.to_owned());
    }
    validate_bootstrap(options)?;
    let refused = |line: String| Refusal { out: out.clone(), ..Refusal::line(line) };
    let uncaught = |e: OptionError| refused(e.message);
    let topic = options.one("topic").map_err(uncaught)?.unwrap_or_default();
    let no_file = |refusal| Refusal { out: out.clone(), ..refusal };
    let file = options.one(config_option).map_err(uncaught)?;
    let file = file.map(|path| properties_file(launch, path).map_err(no_file)).transpose()?;
    let mut properties = with_args(file, options.all(property_option));
    for (option, name, default) in CONFIG_OPTIONS {
        if is_number(option) {
            options.number::<i64>(option).map_err(uncaught)?;
        }
        match options.one(option).map_err(uncaught)? {
            Some(value) => drop(properties.insert((*name).into(), value.into())),
            None => drop(properties.entry((*name).into()).or_insert_with(|| (*default).into())),
        }
    }
    let codec = options.one("compression-codec").map_err(uncaught)?;
    let codec = codec.or(options.has("compression-codec").then_some("gzip")).unwrap_or("none");
    properties.insert("compression.type".into(), codec.into());
    properties.insert(
        "bootstrap.servers".into(),
        options.one("bootstrap-server").map_err(uncaught)?.unwrap_or_default().into(),
    );
    let client_id = properties.get("client.id").cloned().unwrap_or_else(|| "console-producer".into());
    if let Some(class) = options.one("line-reader").map_err(uncaught)?.filter(|class| *class != LINE_READER) {
        return Err(refused(format!("java.lang.ClassNotFoundException: {class}")));
    }
    let file = options.one("reader-config").map_err(uncaught)?;
    let file = file.map(|path| properties_file(launch, path).map_err(no_file)).transpose()?;
    let of_reader = pairs_with_args(file, options.all(reader_option));
    let reader = LineReader::new(topic, &of_reader)
        .map_err(|e| refused(format!("org.apache.kafka.common.KafkaException: {e}")))?;
    let producer = Producer::new(Profile::Java, &properties, &client_id, 1)
        .map_err(|e| refused(e.lines("producer").join("\n")))?;
    let program = ConsoleProducer {
        warnings: out,
        producer,
        reader,
        lines: Lines::new(&launch.stdin),
        sync: options.has("sync"),
        waits_for: None,
        closing: None,
    };
    Ok(Body::ConsoleProducer(Box::new(program)))
}

/// Whether joptsimple reads its value as a number.
fn is_number(option: &str) -> bool {
    let label = OPTIONS.iter().find(|opt| opt.name == option).map(|opt| opt.arg);
    matches!(label, Some(Arg::Required(label)) if label.starts_with("Integer") || label.starts_with("Long"))
}

/// The program under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ConsoleProducer {
    warnings: Vec<String>,
    producer: Producer,
    reader: LineReader,
    lines: Lines,
    sync: bool,
    /// With `--sync`: the record that is under way.
    waits_for: Option<u64>,
    /// The exit code, once the shutdown hook closes the producer.
    closing: Option<i32>,
}

impl ConsoleProducer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        self.lines.take(input);
        match input {
            Input::Start => {
                self.warnings.drain(..).for_each(|line| io.out(line));
                self.producer.start(io.now, io.fx);
            }
            Input::Order(Order::Interrupt) => self.close(INTERRUPTED, io),
            Input::Order(Order::Terminate) => self.close(TERMINATED, io),
            input => {
                self.producer.handle(io.now, input, io.fx);
            }
        }
        self.take_events(io);
        self.send_lines(io);
        self.take_events(io);
    }

    fn send_lines(&mut self, io: &mut Io<'_>) {
        while self.closing.is_none() && self.waits_for.is_none() && !self.producer.is_blocked() {
            let Some(line) = self.lines.read() else {
                if self.lines.is_at_end() {
                    self.close(0, io);
                }
                return;
            };
            match self.reader.read(&line) {
                Ok(record) => {
                    let handle = self.producer.send(io.now, io.fx, record);
                    self.waits_for = self.sync.then_some(handle);
                }
                Err(error) => {
                    io.err(format!("org.apache.kafka.common.KafkaException: {error}"));
                    self.close(1, io);
                }
            }
        }
    }

    fn close(&mut self, code: i32, io: &mut Io<'_>) {
        if self.closing.is_none() {
            self.closing = Some(code);
            self.producer.close(io.now, io.fx);
        }
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        for event in self.producer.events() {
            match event {
                ProducerEvent::Acked { handle, .. } => {
                    self.waits_for = self.waits_for.filter(|waiting| *waiting != handle);
                }
                ProducerEvent::Failed { handle, error, .. } if self.waits_for == Some(handle) => {
                    io.err(format!("java.util.concurrent.ExecutionException: {error}"));
                    self.waits_for = None;
                    self.close(1, io);
                }
                ProducerEvent::Failed { topic, key_len, value_len, error, .. } => {
                    let bytes = |len: Option<usize>| len.map_or("null".to_owned(), |len| format!("{len} bytes"));
                    io.log(
                        "ERROR",
                        &format!(
                            "Error when sending message to topic {topic} with key: {}, value: {} with error:",
                            bytes(key_len),
                            bytes(value_len)
                        ),
                        CALLBACK,
                    );
                    io.err(error.to_string());
                }
                ProducerEvent::Log(line) => log_line(&line, io),
                ProducerEvent::Fatal(error) => {
                    io.err("org.apache.kafka.common.KafkaException: Failed to construct kafka producer");
                    io.err(format!("Caused by: {error}"));
                    io.exit(1);
                }
                ProducerEvent::Flushed => {}
                ProducerEvent::Closed => io.exit(self.closing.unwrap_or(0)),
            }
        }
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
}

const OPTIONS: &[Opt] = &[
    value(
        "batch-size",
        "Integer: size",
        "The buffer size in bytes allocated for a partition. When records are received which are smaller than this size the producer will attempt to optimistically group them together until this size is reached. This is the option to control batch.size in producer configs. Please note that this option will be replaced if max-partition-memory-bytes is also set. (default: 16384)",
    ),
    value(
        "bootstrap-server",
        "String: server to connect to",
        "REQUIRED: The server(s) to connect to. The broker list string in the form HOST1:PORT1,HOST2:PORT2.",
    ),
    value(
        "command-config",
        "String: config file",
        "Producer config properties file. Note that [command-property] takes precedence over this config.",
    ),
    value("command-property", "String: producer_prop", "Producer config properties in the form key=value."),
    maybe(
        "compression-codec",
        "String: compression-codec",
        "The compression codec: either 'none', 'gzip', 'snappy', 'lz4', or 'zstd'. If specified without value, then it defaults to 'gzip'",
    ),
    flag("help", "Print usage information."),
    value(
        "line-reader",
        "String: reader_class",
        "The class name of the class to use for reading lines from standard in. By default each line is read as a separate message. (default: org.apache.kafka.tools.LineMessageReader)",
    ),
    value(
        "max-block-ms",
        "Long: max block on send",
        "The max time that the producer will block for during a send request. (default: 60000)",
    ),
    value(
        "max-memory-bytes",
        "Long: total memory in bytes",
        "The total memory used by the producer to buffer records waiting to be sent to the server. This is the option to control `buffer.memory` in producer configs. (default: 33554432)",
    ),
    value(
        "max-partition-memory-bytes",
        "Integer: memory in bytes per partition",
        "(Deprecated) The buffer size in bytes allocated for a partition. When records are received which are smaller than this size the producer will attempt to optimistically group them together until this size is reached. This is the option to control batch.size in producer configs. This option will be removed in Apache Kafka 5.0. Use --batch-size instead. (default: 16384)",
    ),
    value(
        "message-send-max-retries",
        "Integer",
        "Brokers can fail receiving the message for multiple reasons, and being unavailable transiently is just one of them. This property specifies the number of retries before the producer give up and drop this message. This is the option to control `retries` in producer configs. (default: 3)",
    ),
    value(
        "metadata-expiry-ms",
        "Long: metadata expiration interval",
        "The period of time in milliseconds after which we force a refresh of metadata even if we haven't seen any leadership changes. This is the option to control `metadata.max.age.ms` in producer configs. (default:300000)",
    ),
    value(
        "producer-property",
        "String: producer_prop",
        "(DEPRECATED) Producer config properties in the form key=value. This option will be removed in a future version. Use --command-property instead.",
    ),
    value(
        "producer.config",
        "String: config file",
        "(DEPRECATED) Producer config properties file. Note that [command-property] takes precedence over this config. This option will be removed in a future version. Use --command-config instead.",
    ),
    value(
        "property",
        "String: prop",
        "(DEPRECATED) A mechanism to pass user-defined properties in the form key=value to the message reader. This allows custom configuration for a user-defined message reader.\nDefault properties include:\n parse.key=false\n parse.headers=false\n ignore.error=false\n key.separator=\\t\n headers.delimiter=\\t\n headers.separator=,\n headers.key.separator=:\n null.marker=   When set, any fields (key, value and headers) equal to this will be replaced by null\nDefault parsing pattern when:\n parse.headers=true and parse.key=true:\n  \"h1:v1,h2:v2...\\tkey\\tvalue\"\n parse.key=true:\n  \"key\\tvalue\"\n parse.headers=true:\n  \"h1:v1,h2:v2...\\tvalue\"\n This option will be removed in a future version. Use --reader-property instead.",
    ),
    value(
        "reader-config",
        "String: config file",
        "Config properties file for the message reader. Note that [reader-property] takes precedence over this config.",
    ),
    value(
        "reader-property",
        "String: prop",
        "A mechanism to pass user-defined properties in the form key=value to the message reader. This allows custom configuration for a user-defined message reader.\nDefault properties include:\n parse.key=false\n parse.headers=false\n ignore.error=false\n key.separator=\\t\n headers.delimiter=\\t\n headers.separator=,\n headers.key.separator=:\n null.marker=   When set, any fields (key, value and headers) equal to this will be replaced by null\nDefault parsing pattern when:\n parse.headers=true and parse.key=true:\n  \"h1:v1,h2:v2...\\tkey\\tvalue\"\n parse.key=true:\n  \"key\\tvalue\"\n parse.headers=true:\n  \"h1:v1,h2:v2...\\tvalue\"",
    ),
    value(
        "request-required-acks",
        "String: request required acks",
        "The required `acks` of the producer requests (default: -1)",
    ),
    value(
        "request-timeout-ms",
        "Integer: request timeout ms",
        "The ack timeout of the producer requests. Value must be non-negative and non-zero. (default: 1500)",
    ),
    value(
        "retry-backoff-ms",
        "Long",
        "Before each retry, the producer refreshes the metadata of relevant topics. Since leader election takes a bit of time, this property specifies the amount of time that the producer waits before refreshing the metadata. This is the option to control `retry.backoff.ms` in producer configs. (default: 100)",
    ),
    value(
        "socket-buffer-size",
        "Integer: size",
        "The size of the tcp RECV size. This is the option to control `send.buffer.bytes` in producer configs. (default: 102400)",
    ),
    flag("sync", "If set message send requests to the brokers are synchronously, one at a time as they arrive."),
    value(
        "timeout",
        "Long: timeout_ms",
        "If set and the producer is running in asynchronous mode, this gives the maximum amount of time a message will queue awaiting sufficient batch size. The value is given in ms. This is the option to control `linger.ms` in producer configs. (default: 1000)",
    ),
    value("topic", "String: topic", "REQUIRED: The topic name to produce messages to."),
    flag("version", "Display Kafka version."),
];
