//! What a broker's `server.properties` may say, all of it together (`KafkaConfig#validateValues`, `ReplicaManager`'s replica
//! selector). Kafka takes no notice of names it does not know; here they are refused, because they would do nothing.

use ordered::SortedMap;

use super::{BROKER_CONFIGS, CORDONED_LOG_DIRS, ConfigError, cordoned_log_dirs, find};
use crate::api::Name;

/// The replica selectors that come with Kafka.
const SELECTORS: &[&str] =
    &["org.apache.kafka.common.replica.RackAwareReplicaSelector", "org.apache.kafka.common.replica.LeaderSelector"];

/// Whether a broker starts with these.
///
/// # Errors
/// What Kafka writes when it does not start, or that there is no such config here.
pub fn validate_server_configs(values: &SortedMap<Name, Name>) -> Result<(), ConfigError> {
    for (name, value) in values {
        let unknown = || ConfigError::new(format!("{name} is no broker config that kafkasim knows"));
        find(BROKER_CONFIGS, name).filter(|def| !def.is_internal).ok_or_else(unknown)?.validate(value)?;
    }
    validate_together(values)?;
    if let Some(cordoned) = values.get(CORDONED_LOG_DIRS) {
        let dirs = values.get("log.dirs").or_else(|| values.get("log.dir")).map_or("/tmp/kafka-logs", AsRef::as_ref);
        let dirs: Vec<&str> = dirs.split(',').map(str::trim).collect();
        cordoned_log_dirs(cordoned, &dirs).map_err(ConfigError::new)?;
    }
    match values.get("replica.selector.class").map(|class| class.trim()) {
        Some(class) if !class.is_empty() && !SELECTORS.contains(&class) => {
            Err(ConfigError::new(format!("java.lang.ClassNotFoundException: {class}")))
        }
        _ => Ok(()),
    }
}

/// Whether values go together, each of which is fine (`KafkaConfig#validateValues`).
///
/// # Errors
/// What Kafka writes when it does not start, or answers who would set them while it runs.
pub fn validate_together(values: &SortedMap<Name, Name>) -> Result<(), ConfigError> {
    let number = |name: &str| {
        let value = values.get(name).map(|value| value.trim()).or_else(|| find(BROKER_CONFIGS, name)?.default);
        value.and_then(|value| value.parse::<i64>().ok())
    };
    let strongest = |names: &[&str]| names.iter().find_map(|name| number(name)).unwrap_or(0);
    let at_least = |name: &str, least: &str| number(name) >= number(least);
    let idle = number("connections.max.idle.ms").filter(|idle| *idle >= 0);
    let delay = number("connection.failed.authentication.delay.ms").unwrap_or(0);
    if let Some(idle) = idle.filter(|idle| delay >= *idle) {
        return Err(ConfigError::new(format!(
            "requirement failed: connection.failed.authentication.delay.ms={delay} should always be less than connections.max.idle.ms={idle} to prevent failed authentication responses from timing out"
        )));
    }
    let retention = strongest(&["log.retention.ms", "log.retention.minutes", "log.retention.hours"]);
    let threads = strongest(&["log.cleaner.threads"]);
    if threads == 0 && retention != 0 {
        return Err(ConfigError::new("/ by zero".to_owned()));
    }
    for (holds, why) in [
        (strongest(&["log.roll.ms", "log.roll.hours"]) >= 1, "log.roll.ms must be greater than or equal to 1"),
        (
            strongest(&["log.roll.jitter.ms", "log.roll.jitter.hours"]) >= 0,
            "log.roll.jitter.ms must be greater than or equal to 0",
        ),
        (retention != 0, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"),
        (
            number("log.cleaner.dedupe.buffer.size") > Some((1 << 20) * threads),
            "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
        ),
        (
            at_least("replica.socket.timeout.ms", "replica.fetch.wait.max.ms"),
            "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts",
        ),
        (
            at_least("replica.lag.time.max.ms", "replica.fetch.wait.max.ms"),
            "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR",
        ),
    ] {
        if !holds {
            return Err(ConfigError::new(format!("requirement failed: {why}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: &str) {
        let values = pairs.iter().map(|(name, value)| (Name::from(*name), Name::from(*value))).collect();
        let found = validate_server_configs(&values).err().map(|error| error.message).unwrap_or_default();
        assert_eq!(found, expected, "{pairs:?}");
    }

    #[test]
    fn the_defaults_fit_together() {
        check(&[], "");
        check(&[("replica.selector.class", ""), ("log.retention.hours", "-3")], "");
    }

    #[test]
    fn a_value_is_refused_in_kafkas_words() {
        let text = "Invalid value abc for configuration log.segment.bytes: Not a number of type INT";
        check(&[("log.segment.bytes", "abc")], text);
        let text = "Invalid value shred for configuration log.cleanup.policy: String must be one of: compact, delete";
        check(&[("log.cleanup.policy", "shred")], text);
    }

    #[test]
    fn values_that_do_not_go_together_are_refused() {
        let why = |text: &str| format!("requirement failed: {text}");
        let text = "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /c";
        check(&[("cordoned.log.dirs", "/c"), ("log.dirs", "/a,/b")], &why(text));
        check(&[("cordoned.log.dirs", "/b"), ("log.dirs", "/a,/b")], "");
        check(&[("cordoned.log.dirs", "/tmp/kafka-logs")], "");
        let text = "Configuration 'cordoned.log.dirs' values must not be empty.";
        check(&[("cordoned.log.dirs", "/a,,/b"), ("log.dirs", "/a,/b")], text);
        check(&[("log.roll.ms", "0")], &why("log.roll.ms must be greater than or equal to 1"));
        let retention = why("log.retention.ms must be unlimited (-1) or, greater than or equal to 1");
        check(&[("log.retention.minutes", "0")], &retention);
        check(&[("log.retention.minutes", "0"), ("log.retention.ms", "5")], "");
        let buffer = why("log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.");
        check(&[("log.cleaner.threads", "128")], &buffer);
        check(&[("log.cleaner.threads", "127")], "");
        check(&[("log.cleaner.threads", "0")], "/ by zero");
        let lag = why(
            "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR",
        );
        check(&[("replica.lag.time.max.ms", "100")], &lag);
        let idle = why(
            "connection.failed.authentication.delay.ms=100 should always be less than connections.max.idle.ms=100 to prevent failed authentication responses from timing out",
        );
        check(&[("connections.max.idle.ms", "100")], &idle);
        check(&[("connections.max.idle.ms", "101")], "");
        check(&[("connections.max.idle.ms", "-1")], "");
    }

    #[test]
    fn a_selector_that_is_not_on_the_class_path_ends_the_start() {
        check(&[("replica.selector.class", "x.Y")], "java.lang.ClassNotFoundException: x.Y");
        check(&[("replica.selector.class", SELECTORS[0])], "");
        check(&[("replica.selector.class", SELECTORS[1])], "");
    }

    #[test]
    fn a_name_that_would_do_nothing_is_refused() {
        check(&[("retention.ms", "1")], "retention.ms is no broker config that kafkasim knows");
        check(
            &[("leader.replication.throttled.rate", "1")],
            "leader.replication.throttled.rate is no broker config that kafkasim knows",
        );
    }
}
