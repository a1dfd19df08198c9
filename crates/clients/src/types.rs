//! What goes into clients and comes out of them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use kernel::{Effects, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::{Batch, ErrorCode, Header, Message, Note, PartitionIndex, TopicName, TopicPartition};

/// The effects of a step of a program.
pub type Fx = Effects<Message, Note>;

/// The wall clock of the program's host, ms since the epoch: right, unless its host says otherwise.
pub fn wall_ms(now: Time, fx: &Fx) -> i64 {
    protocol::wall_ms(now.as_nanos()).saturating_add(fx.host().clock_ahead_ms)
}

/// Client configuration as a program gives it: Kafka's config names with their values as text.
pub type Properties = SortedMap<Name, Name>;

/// Which family a client is of; the families differ in key hash, stickiness, commits, defaults and error texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Profile {
    /// The Java clients of Apache Kafka 4.4.
    Java,
    /// librdkafka 2.x, and with it confluent-kafka-python and kcat.
    Librdkafka,
}

/// An error as an application sees it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ClientError {
    /// Java: the full class name of the exception. librdkafka: the code, e.g. `_UNKNOWN_TOPIC`.
    pub class: Name,
    /// The text: Java's exception message, librdkafka's `Local: Unknown topic` and its kind.
    pub message: Name,
    /// The broker's error behind it, or the nearest one.
    pub code: ErrorCode,
}

impl ClientError {
    /// An error with its parts.
    pub fn new(class: &str, message: impl AsRef<str>, code: ErrorCode) -> ClientError {
        ClientError { class: class.into(), message: message.as_ref().into(), code }
    }
    /// `TimeoutException` with a message.
    pub fn timeout(message: impl AsRef<str>) -> ClientError {
        ClientError::new("org.apache.kafka.common.errors.TimeoutException", message, ErrorCode::RequestTimedOut)
    }
    /// An error a broker answered, as this family shows it.
    pub fn of(profile: Profile, code: ErrorCode) -> ClientError {
        match profile {
            Profile::Java => ClientError::new(&code.exception_class(), code.message(), code),
            Profile::Librdkafka => ClientError::new(code.name(), format!("Broker: {}", librdkafka_text(code)), code),
        }
    }
    /// What this error of a batch is for its record `n`, when the broker named records at fault (`Sender#failBatch`).
    /// librdkafka tells all of them the same.
    pub(crate) fn of_record(&self, profile: Profile, at_fault: &[(i32, Name)], n: i32) -> ClientError {
        if at_fault.is_empty() || profile == Profile::Librdkafka {
            return self.clone();
        }
        match at_fault.iter().find(|(index, _)| *index == n) {
            Some((_, text)) if at_fault.len() == 1 => self.clone().with_message(Some(text)),
            Some((_, text)) => ClientError::of(profile, ErrorCode::InvalidRecord).with_message(Some(text)),
            None => ClientError::new(
                "org.apache.kafka.common.KafkaException",
                "Failed to append record because it was part of a batch which had one more more invalid records",
                self.code,
            ),
        }
    }
    /// The same with another text, as brokers send along with some errors.
    pub fn with_message(mut self, message: Option<&str>) -> ClientError {
        if let Some(message) = message {
            self.message = message.into();
        }
        self
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

/// librdkafka's own short texts (`rd_kafka_err_descs`).
fn librdkafka_text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::UnknownTopicOrPartition => "Unknown topic or partition",
        ErrorCode::LeaderNotAvailable => "Leader not available",
        ErrorCode::NotLeaderOrFollower => "Not leader for partition",
        ErrorCode::RequestTimedOut => "Request timed out",
        ErrorCode::MessageTooLarge => "Message size too large",
        ErrorCode::OffsetOutOfRange => "Offset out of range",
        ErrorCode::NotEnoughReplicas => "Not enough in-sync replicas",
        ErrorCode::NotEnoughReplicasAfterAppend => "Message(s) written to insufficient number of in-sync replicas",
        ErrorCode::CoordinatorNotAvailable => "Coordinator not available",
        ErrorCode::NotCoordinator => "Not coordinator",
        ErrorCode::IllegalGeneration => "Specified group generation id is not valid",
        ErrorCode::UnknownMemberId => "Unknown member",
        ErrorCode::RebalanceInProgress => "Group rebalance in progress",
        ErrorCode::InvalidTopic => "Invalid topic",
        ErrorCode::TopicAlreadyExists => "Topic already exists",
        ErrorCode::InvalidTimestamp => "Invalid timestamp",
        ErrorCode::OutOfOrderSequenceNumber => "Broker received an out of order sequence number",
        _ => code.message(),
    }
}

/// A configuration a client refuses (`ConfigException`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConfigError {
    /// The text.
    pub message: String,
    /// Full name of the exception, if it is found when the client is built of configs that are each fine.
    pub thrown: Option<&'static str>,
}

/// `ConfigException`.
/// What a Java client says when it can look up no bootstrap server (`ClientUtils#parseAndValidateAddresses`).
pub const NO_BOOTSTRAP: &str = "No resolvable bootstrap urls given in bootstrap.servers";
pub(crate) const CONFIG_EXCEPTION: &str = "org.apache.kafka.common.config.ConfigException";

impl ConfigError {
    /// A config that is refused by itself.
    pub(crate) fn new(message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into(), thrown: None }
    }
    /// Found when a Java client is built: its constructor wraps the exception.
    pub(crate) fn of_constructor(class: &'static str, message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into(), thrown: Some(class) }
    }
    /// No bootstrap server's name is known.
    pub fn unresolvable() -> ConfigError {
        ConfigError::of_constructor(CONFIG_EXCEPTION, NO_BOOTSTRAP)
    }
    /// What an admin client's exception says, and the lines of its trace without the stack.
    pub fn of_admin(&self) -> (String, Vec<String>) {
        match self.thrown {
            None => (self.message.clone(), vec![format!("{CONFIG_EXCEPTION}: {self}")]),
            Some(class) => {
                let message = "Failed to create new KafkaAdminClient";
                let trace = format!("org.apache.kafka.common.KafkaException: {message}");
                (message.to_string(), vec![trace, format!("Caused by: {class}: {self}")])
            }
        }
    }
    /// The lines a Java program prints of it, without the stack; `client` is `producer` or `consumer`.
    pub fn lines(&self, client: &str) -> Vec<String> {
        match self.thrown {
            None => vec![format!("{CONFIG_EXCEPTION}: {self}")],
            Some(class) => vec![
                format!("org.apache.kafka.common.KafkaException: Failed to construct kafka {client}"),
                format!("Caused by: {class}: {self}"),
            ],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for ConfigError {}

/// How loud a log line is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LogLevel {
    /// Tools print it.
    Warn,
    /// Tools print it.
    Error,
}

/// A line a client logs, with Kafka's own words.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogLine {
    /// How loud.
    pub level: LogLevel,
    /// Java: the class that logs; librdkafka: the facility, e.g. `FAIL`.
    pub logger: &'static str,
    /// The text, `[Producer clientId=…]` included.
    pub text: String,
    /// The exception that is logged along, on a line of its own.
    pub thrown: Option<String>,
}

/// A record to produce.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducerRecord {
    /// Where to.
    pub topic: TopicName,
    /// Which partition; none to let the partitioner choose.
    pub partition: Option<PartitionIndex>,
    /// The key, or null.
    pub key: Option<Arc<[u8]>>,
    /// The value, or null.
    pub value: Option<Arc<[u8]>>,
    /// Headers.
    pub headers: Vec<Header>,
    /// CreateTime in ms since the epoch; none for now.
    pub timestamp_ms: Option<i64>,
}

/// A record as a consumer hands it to its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerRecord {
    /// Where from.
    pub tp: TopicPartition,
    /// Its offset.
    pub offset: i64,
    /// In ms since the epoch.
    pub timestamp_ms: i64,
    /// `CreateTime` or `LogAppendTime`.
    pub timestamp_type: &'static str,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
    /// The key, or null.
    pub key: Option<Arc<[u8]>>,
    /// The value, or null.
    pub value: Option<Arc<[u8]>>,
    /// Headers.
    pub headers: Vec<Header>,
}

/// What a poll hands out of one batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Polled {
    /// Where from.
    pub tp: TopicPartition,
    /// The batch.
    pub batch: Batch,
    /// Which of its records, by their places in it.
    pub part: Range<u32>,
}

impl Polled {
    /// How many records.
    pub fn count(&self) -> usize {
        self.part.len()
    }
    /// Bytes of their keys and values.
    pub fn payload_bytes(&self) -> u64 {
        self.batch.payload_bytes(self.places())
    }
    /// Offsets of the first and of the last one.
    pub fn offsets(&self) -> Option<(i64, i64)> {
        let places = self.places();
        Some((self.batch.offset_of(places.start)?, self.batch.offset_of(places.end.checked_sub(1)?)?))
    }
    /// The records one by one.
    pub fn records(&self) -> impl Iterator<Item = ConsumerRecord> {
        self.batch.records()[self.places()].iter().map(|record| ConsumerRecord {
            tp: self.tp.clone(),
            offset: self.batch.base_offset + i64::from(record.offset_delta),
            timestamp_ms: record.timestamp_ms,
            timestamp_type: self.batch.timestamp_type(),
            leader_epoch: self.batch.leader_epoch,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        })
    }
    pub(crate) fn places(&self) -> Range<usize> {
        self.part.start as usize..self.part.end as usize
    }
}

/// Where an assigned partition is read from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StartAt {
    /// The group's committed offset, else `auto.offset.reset`.
    Committed,
    /// The log start.
    Earliest,
    /// The high watermark at that time.
    Latest,
    /// This offset.
    Offset(i64),
    /// The first record at or after this time, ms since the epoch; the end if there is none.
    Timestamp(i64),
    /// The first record of the last so many ms (KIP-1106). As long as there is none, there is no position.
    Ago(i64),
}

impl StartAt {
    /// The timestamp ListOffsets asks for, at `now_ms` of the client's clock.
    pub(crate) fn timestamp(self, now_ms: i64) -> i64 {
        match self {
            StartAt::Earliest => -2,
            StartAt::Latest | StartAt::Committed | StartAt::Offset(_) => -1,
            StartAt::Timestamp(ms) => ms,
            StartAt::Ago(ms) => now_ms.saturating_sub(ms),
        }
    }
}
