//! Configs of librdkafka clients (`CONFIGURATION.md` of 2.16): other names, other defaults, other words for a bad value, the
//! same ideas. Checked against what librdkafka 2.16 itself says, defaults and messages.
//!
//! Most have two names, here under the one people type; messages use the other (`linger.ms`, `queue.buffering.max.ms`).

use ordered::SortedMap;

use super::ConfigType::*;
use super::ValidValues::*;
use super::{ConfigDef, ConfigError, Configs, ValidValues, find};
use crate::api::Name;

/// `values` over `table`, as librdkafka takes them: either name of a config is fine, an unknown one is an error, and one
/// of the other kind of client is ignored (with a warning: see [`ignored`]). `true`/`false` may be `t`, `1`, `f` or `0`;
/// acks may be `all`.
pub fn librdkafka_configs(table: &'static [ConfigDef], values: &SortedMap<Name, Name>) -> Result<Configs, ConfigError> {
    let mut taken = SortedMap::new();
    for (name, value) in values {
        match definition(table, name) {
            Some(def) => {
                taken.insert(Name::from(def.name), normalized(def, value)?);
            }
            None if is_known(name) => {}
            None => return Err(ConfigError::new(format!("No such configuration property: \"{name}\""))),
        }
    }
    Configs::new(table, taken)
}

/// Names in `values` that belong to the other kind of client. librdkafka logs `Configuration property X is a consumer
/// property and will be ignored by this producer instance` (or the reverse).
pub fn ignored<'a>(table: &'static [ConfigDef], values: &'a SortedMap<Name, Name>) -> impl Iterator<Item = &'a Name> {
    values.keys().filter(move |name| definition(table, name).is_none() && is_known(name))
}

fn definition(table: &'static [ConfigDef], name: &str) -> Option<&'static ConfigDef> {
    find(table, name).or_else(|| table.iter().find(|def| def.other_name == Some(name)))
}

fn is_known(name: &str) -> bool {
    [LIBRDKAFKA_PRODUCER_CONFIGS, LIBRDKAFKA_CONSUMER_CONFIGS].iter().any(|table| definition(table, name).is_some())
}

/// The value as the table's types write it, or librdkafka's words for what is wrong with it.
fn normalized(def: &ConfigDef, value: &str) -> Result<Name, ConfigError> {
    let name = def.other_name.unwrap_or(def.name);
    let refuse = |message: std::string::String| Err(ConfigError::new(message));
    match (def.kind, def.valid) {
        (Boolean, _) => match value {
            "true" | "t" | "1" => Ok("true".into()),
            "false" | "f" | "0" => Ok("false".into()),
            _ => refuse(format!("Expected bool value for \"{name}\": true or false")),
        },
        (Int, _) if def.name == "acks" && value.eq_ignore_ascii_case("all") => Ok("-1".into()),
        (Int | Double, _) if value.is_empty() => {
            let kind = if def.kind == Int { "Integer" } else { "Float" };
            refuse(format!("{kind} configuration property \"{name}\" cannot be set to empty value"))
        }
        (Int | Double, valid) => match value.parse::<f64>() {
            Ok(number) if def.kind == Double || !value.contains(['.', 'e', 'E', 'n', 'N']) => {
                check_range(name, number, valid).map(|()| value.into())
            }
            _ => refuse(format!("Invalid value for configuration property \"{name}\"")),
        },
        (_, OneOf(words)) if !words.contains(&value) => refuse(match def.name {
            "partitioner" => format!("Invalid value for configuration property \"{name}\": {value}"),
            _ => format!("Invalid value \"{value}\" for configuration property \"{name}\""),
        }),
        _ => Ok(value.into()),
    }
}

fn check_range(name: &str, number: f64, valid: ValidValues) -> Result<(), ConfigError> {
    match valid {
        Between(least, most) if number < least as f64 || number > most as f64 => {
            // The line feed is librdkafka's.
            let message = format!(
                "Configuration property \"{name}\" value {number:.0} is outside allowed range {least}..{most}\n"
            );
            Err(ConfigError::new(message))
        }
        _ => Ok(()),
    }
}

const INT_MAX: i64 = i32::MAX as i64;
const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

macro_rules! with_common {
    ($(#[$doc:meta])* $table:ident: $($own:expr),* $(,)?) => {
        $(#[$doc])*
        pub const $table: &[ConfigDef] = &[
            ConfigDef::new("bootstrap.servers", String, "", Any, "Where to find the cluster: host:port,…").named("metadata.broker.list"),
            ConfigDef::new("client.id", String, "rdkafka", Any, "Name of the client in logs and quotas."),
            ConfigDef::new("client.rack", String, "", Any, "Where the client stands."),
            ConfigDef::new("message.max.bytes", Int, "1000000", Between(1000, 1_000_000_000), "Most bytes of a request."),
            ConfigDef::new("receive.message.max.bytes", Int, "100000000", Between(1000, INT_MAX), "Most bytes of an answer."),
            ConfigDef::new("socket.timeout.ms", Int, "60000", Between(10, 300_000), "How long to wait for an answer."),
            ConfigDef::new("socket.connection.setup.timeout.ms", Int, "30000", Between(1000, INT_MAX), "Longest wait for a connection."),
            ConfigDef::new("reconnect.backoff.ms", Int, "100", Between(0, 3_600_000), "First pause before a reconnect."),
            ConfigDef::new("reconnect.backoff.max.ms", Int, "10000", Between(0, 3_600_000), "Longest pause before a reconnect."),
            ConfigDef::new("retry.backoff.ms", Int, "100", Between(1, 300_000), "First pause before a retry."),
            ConfigDef::new("retry.backoff.max.ms", Int, "1000", Between(1, 300_000), "Longest pause before a retry."),
            ConfigDef::new("connections.max.idle.ms", Int, "0", Between(0, INT_MAX), "Idle time after which a connection is closed; 0: never."),
            ConfigDef::new("metadata.max.age.ms", Int, "900000", Between(1, 86_400_000), "Age at which cached metadata is dropped."),
            ConfigDef::new("topic.metadata.refresh.interval.ms", Int, "300000", Between(-1, 3_600_000), "How often metadata is fetched anew; -1: never."),
            ConfigDef::new("topic.metadata.refresh.fast.interval.ms", Int, "100", Between(1, 60_000), "First pause before asking again for a missing leader."),
            ConfigDef::new("topic.metadata.propagation.max.ms", Int, "30000", Between(0, 3_600_000), "How long an unknown topic may still appear."),
            ConfigDef::new("metadata.recovery.strategy", String, "rebootstrap", OneOf(&["none", "rebootstrap"]), "What to do when no known broker answers."),
            ConfigDef::new("metadata.recovery.rebootstrap.trigger.ms", Int, "300000", Between(0, INT_MAX), "How long before that."),
            ConfigDef::new("allow.auto.create.topics", Boolean, "false", Any, "Whether a consumer's subscription may create topics."),
            ConfigDef::new("broker.address.family", String, "any", OneOf(&["any", "v4", "v6"]), "IP versions to use."),
            ConfigDef::new("security.protocol", String, "plaintext", OneOf(&["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]), "How brokers are spoken to."),
            ConfigDef::new("statistics.interval.ms", Int, "0", Between(0, 86_400_000), "How often statistics are given out; 0: never."),
            ConfigDef::new("log_level", Int, "6", Between(0, 7), "Loudest log line."),
            ConfigDef::new("debug", String, "", Any, "Debug contexts."),
            ConfigDef::new("enable.metrics.push", Boolean, "true", Any, "Whether clients push metrics to the cluster."),
            $($own),*
        ];
    };
}

with_common! {
    /// Configs of a librdkafka producer (confluent-kafka, kcat -P).
    LIBRDKAFKA_PRODUCER_CONFIGS:
    ConfigDef::new("acks", Int, "-1", Between(-1, 1000), "Who must have a record before it counts as delivered; -1 is all.").named("request.required.acks"),
    ConfigDef::new("enable.idempotence", Boolean, "false", Any, "Whether retries cannot duplicate or reorder."),
    ConfigDef::new("max.in.flight.requests.per.connection", Int, "1000000", Between(1, 1_000_000), "Unanswered requests to a broker.").named("max.in.flight"),
    ConfigDef::new("retries", Int, "2147483647", Between(0, INT_MAX), "How often a failed send is tried again.").named("message.send.max.retries"),
    ConfigDef::new("batch.size", Int, "1000000", Between(1, INT_MAX), "Bytes of a batch."),
    ConfigDef::new("batch.num.messages", Int, "10000", Between(1, 1_000_000), "Records of a batch."),
    ConfigDef::new("linger.ms", Double, "5", Between(0, 900_000), "How long a batch waits for more records.").named("queue.buffering.max.ms"),
    ConfigDef::new("queue.buffering.max.messages", Int, "100000", Between(0, INT_MAX), "Records waiting to be sent; then `Local: Queue full`."),
    ConfigDef::new("queue.buffering.max.kbytes", Int, "1048576", Between(1, INT_MAX), "KiB of records waiting to be sent."),
    ConfigDef::new("delivery.timeout.ms", Int, "300000", Between(0, INT_MAX), "Time from produce() to success or failure; 0: no limit.").named("message.timeout.ms"),
    ConfigDef::new("request.timeout.ms", Int, "30000", Between(1, 900_000), "How long a leader may wait for replicas."),
    ConfigDef::new("compression.type", String, "none", OneOf(CODECS), "Codec of batches.").named("compression.codec"),
    ConfigDef::new("compression.level", Int, "-1", Between(-1, 12), "Level of the codec."),
    ConfigDef::new("partitioner", String, "consistent_random", OneOf(&["random", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"]), "Chooses partitions: CRC-32 of the key, random without one; murmur2_random is Java's."),
    ConfigDef::new("sticky.partitioning.linger.ms", Int, "10", Between(0, 900_000), "How long keyless records go to one partition."),
    ConfigDef::new("delivery.report.only.error", Boolean, "false", Any, "Whether only failures are reported."),
    ConfigDef::null("transactional.id", String, Any, "Names a transactional producer across restarts."),
    ConfigDef::new("transaction.timeout.ms", Int, "60000", Between(1000, INT_MAX), "How long a transaction may stay open."),
}

with_common! {
    /// Configs of a librdkafka consumer (confluent-kafka, kcat -C and -G).
    LIBRDKAFKA_CONSUMER_CONFIGS:
    ConfigDef::null("group.id", String, Any, "The group to join; a must for confluent-kafka."),
    ConfigDef::null("group.instance.id", String, Any, "Makes the member static: it keeps its partitions over a restart."),
    ConfigDef::new("group.protocol", String, "classic", OneOf(&["classic", "consumer"]), "Classic rebalances or KIP-848's."),
    ConfigDef::null("group.remote.assignor", String, Any, "Server-side assignor; only with group.protocol=consumer."),
    ConfigDef::new("partition.assignment.strategy", List, "range,roundrobin", Any, "Assignors the member supports, best first."),
    ConfigDef::new("session.timeout.ms", Int, "45000", Between(1, 3_600_000), "Silence after which the coordinator drops the member."),
    ConfigDef::new("heartbeat.interval.ms", Int, "3000", Between(1, 3_600_000), "Time between heartbeats."),
    ConfigDef::new("max.poll.interval.ms", Int, "300000", Between(1, 86_400_000), "Time between polls after which the member leaves."),
    ConfigDef::new("coordinator.query.interval.ms", Int, "600000", Between(1, 3_600_000), "How often the coordinator is looked up."),
    ConfigDef::new("enable.auto.commit", Boolean, "true", Any, "Whether stored offsets are committed in the background."),
    ConfigDef::new("auto.commit.interval.ms", Int, "5000", Between(0, 86_400_000), "How often; 0: never."),
    ConfigDef::new("enable.auto.offset.store", Boolean, "true", Any, "Whether an offset is stored as its record is handed out."),
    ConfigDef::new("auto.offset.reset", String, "largest", OneOf(&["smallest", "earliest", "beginning", "largest", "latest", "end", "error"]), "Where to start without a valid committed offset."),
    ConfigDef::new("isolation.level", String, "read_committed", OneOf(&["read_uncommitted", "read_committed"]), "Whether aborted and open transactions are read."),
    ConfigDef::new("fetch.min.bytes", Int, "1", Between(1, 100_000_000), "Bytes a broker waits for before it answers a fetch."),
    ConfigDef::new("fetch.max.bytes", Int, "52428800", Between(0, 2_147_483_135), "Most bytes of a fetch."),
    ConfigDef::new("fetch.wait.max.ms", Int, "500", Between(0, 300_000), "How long a broker waits for fetch.min.bytes."),
    ConfigDef::new("max.partition.fetch.bytes", Int, "1048576", Between(1, 1_000_000_000), "Most bytes of a partition in a fetch.").named("fetch.message.max.bytes"),
    ConfigDef::new("fetch.error.backoff.ms", Int, "500", Between(0, 300_000), "Pause after a failed fetch."),
    ConfigDef::new("fetch.queue.backoff.ms", Int, "1000", Between(0, 300_000), "Pause while the queue is full."),
    ConfigDef::new("queued.min.messages", Int, "100000", Between(1, 10_000_000), "Records fetched ahead."),
    ConfigDef::new("queued.max.messages.kbytes", Int, "65536", Between(1, 2_097_151), "KiB fetched ahead."),
    ConfigDef::new("enable.partition.eof", Boolean, "false", Any, "Whether reaching the end of a partition is reported."),
    ConfigDef::new("check.crcs", Boolean, "false", Any, "Whether checksums are checked."),
}

with_common! {
    /// Configs of a librdkafka admin client (confluent-kafka's AdminClient).
    LIBRDKAFKA_ADMIN_CONFIGS:
}
