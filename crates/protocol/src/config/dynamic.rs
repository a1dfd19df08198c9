//! Which broker configs can be changed at run time (`DynamicBrokerConfig`), of those in the table. How far a number
//! of threads may change at once is the broker's to check, which knows how many it has.

use ordered::SortedMap;

use super::{BROKER_CONFIGS, ConfigError, find};
use crate::api::Name;

/// In the order in which Kafka looks at their values, and finds the first that is wrong (`DynamicConfig.Broker`).
const DYNAMIC: &[&str] = &[
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
    "log.local.retention.ms",
    "log.local.retention.bytes",
    "message.max.bytes",
    "num.io.threads",
    "background.threads",
    "compression.type",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "listeners",
    "num.network.threads",
    "num.replica.fetchers",
    "unclean.leader.election.enable",
    "group.consumer.assignment.interval.ms",
    "log.cleaner.threads",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.backoff.ms",
    "log.cleaner.min.cleanable.ratio",
    "log.cleaner.delete.retention.ms",
    "log.cleaner.min.compaction.lag.ms",
    "log.cleaner.max.compaction.lag.ms",
    "cordoned.log.dirs",
    "log.segment.bytes",
    "log.roll.ms",
    "log.roll.jitter.ms",
    "log.retention.ms",
    "log.retention.bytes",
    "log.cleanup.policy",
    "log.index.size.max.bytes",
    "log.index.interval.bytes",
    "log.flush.interval.messages",
    "log.segment.delete.delay.ms",
    "log.flush.interval.ms",
    "log.preallocate",
    "num.recovery.threads.per.data.dir",
    "min.insync.replicas",
    "log.message.timestamp.type",
    "log.message.timestamp.before.max.ms",
    "log.message.timestamp.after.max.ms",
    "transaction.partition.verification.enable",
    "producer.id.expiration.ms",
];

/// Of those, what each broker must be told for itself.
const PER_BROKER: &[&str] = &["cordoned.log.dirs", "listeners"];

/// Whether a broker takes a change of this config while it runs. What Kafka does not know is nobody's and may be set.
pub fn is_dynamic_broker_config(name: &str) -> bool {
    DYNAMIC.contains(&name) || find(BROKER_CONFIGS, name).is_none()
}

/// Whether these may be set on a broker (`of_one`) or on all of them at run time.
pub fn validate_broker_configs(values: &SortedMap<Name, Name>, of_one: bool) -> Result<(), ConfigError> {
    refuse(values, |name| !is_dynamic_broker_config(name), "Cannot update these configs dynamically")?;
    for name in DYNAMIC {
        let def = find(BROKER_CONFIGS, name).expect("a test sees that each is in the table");
        values.get(*name).map_or(Ok(()), |value| def.validate(value))?;
    }
    let text = "Cannot update these configs at default cluster level, broker id must be specified";
    refuse(values, |name| !of_one && PER_BROKER.contains(&name), text)
}

fn refuse(values: &SortedMap<Name, Name>, is_wrong: impl Fn(&str) -> bool, text: &str) -> Result<(), ConfigError> {
    let wrong: Vec<&str> = values.keys().map(AsRef::as_ref).filter(|name| is_wrong(name)).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(ConfigError::new(format!("{text}: [{}]", wrong.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, of_one: bool, expected: &str) {
        let values = [(Name::from(name), Name::from(value))].into_iter().collect();
        let found = validate_broker_configs(&values, of_one).err().map(|error| error.message).unwrap_or_default();
        assert_eq!(found, expected, "{name}={value}");
    }

    #[test]
    fn what_can_be_changed_at_run_time_is_what_kafka_lets_be_changed() {
        check("log.retention.ms", "60000", false, "");
        check("num.io.threads", "9", true, "");
        check(
            "num.io.threads",
            "0",
            true,
            "Invalid value 0 for configuration num.io.threads: Value must be at least 1",
        );
        check("log.retention.hours", "1", true, "Cannot update these configs dynamically: [log.retention.hours]");
        check("node.id", "9", true, "Cannot update these configs dynamically: [node.id]");
        check(
            "log.cleaner.threads",
            "x",
            true,
            "Invalid value x for configuration log.cleaner.threads: Not a number of type INT",
        );
        check("leader.replication.throttled.rate", "1000", true, "");
        check(
            "leader.replication.throttled.rate",
            "-1",
            true,
            "Invalid value -1 for configuration leader.replication.throttled.rate: Value must be at least 0",
        );
        check(
            "listeners",
            "PLAINTEXT://:9099",
            false,
            "Cannot update these configs at default cluster level, broker id must be specified: [listeners]",
        );
    }

    #[test]
    fn of_several_wrong_values_the_one_that_kafka_defines_first_is_told() {
        let values = [("log.roll.ms", "x"), ("log.segment.bytes", "1")];
        let values = values.into_iter().map(|(name, value)| (Name::from(name), Name::from(value))).collect();
        let error = validate_broker_configs(&values, false).expect_err("both are wrong");
        // As Kafka 4.4.0 answered.
        assert_eq!(
            error.message,
            "Invalid value 1 for configuration log.segment.bytes: Value must be at least 1048576"
        );
    }

    #[test]
    fn every_dynamic_config_is_in_the_table() {
        for name in DYNAMIC {
            assert!(find(BROKER_CONFIGS, name).is_some(), "{name}");
        }
    }
}
