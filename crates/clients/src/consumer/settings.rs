//! Consumer configuration.

use coordinator::assignor::Assignor;
use kernel::Duration;
use protocol::GroupId;
use protocol::api::Name;

use crate::settings::{Config, NetSettings};
use crate::{ConfigError, Profile, StartAt};

/// `ConsumerUtils#CONSUMER_MAX_INFLIGHT_REQUESTS_PER_CONNECTION`.
const IN_FLIGHT_MAX: usize = 100;

#[derive(Clone, Hash, Debug)]
pub(crate) struct ConsumerSettings {
    pub(crate) net: NetSettings,
    pub(crate) group: Option<GroupId>,
    pub(crate) instance: Option<Name>,
    pub(crate) session_timeout: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) max_poll_interval: Duration,
    pub(crate) max_poll_records: usize,
    pub(crate) auto_commit: bool,
    pub(crate) auto_commit_interval: Duration,
    /// librdkafka `enable.auto.offset.store`.
    pub(crate) auto_store: bool,
    /// `auto.offset.reset`; none raises an error.
    pub(crate) reset: Option<StartAt>,
    pub(crate) fetch_bytes_min: u32,
    pub(crate) fetch_bytes_max: u32,
    pub(crate) partition_bytes_max: u32,
    pub(crate) fetch_wait: Duration,
    pub(crate) read_committed: bool,
    /// By preference; never empty.
    pub(crate) assignors: Vec<Assignor>,
    pub(crate) rack: Option<Name>,
    pub(crate) api_timeout: Duration,
    pub(crate) auto_create: bool,
    /// Patterns skip internal topics (`exclude.internal.topics`).
    pub(crate) excludes_internal: bool,
}

fn invalid<T>(name: &str, value: &str, why: &str) -> Result<T, ConfigError> {
    Err(ConfigError::new(format!("Invalid value {value} for configuration {name}: {why}")))
}

impl ConsumerSettings {
    pub(crate) fn read(config: &Config<'_>) -> Result<ConsumerSettings, ConfigError> {
        if let Some(protocol @ "consumer") = config.text("group.protocol") {
            protocol::gap!("The consumer group protocol of KIP-848 is refused; groups are classic", "KIP-848");
            return invalid("group.protocol", protocol, "not modelled in this simulator; use classic");
        }
        let text = |name: &str| config.text(name).filter(|text| !text.is_empty()).map(Name::from);
        let group = text("group.id");
        if config.profile == Profile::Java && group.is_none() && config.set_flag("enable.auto.commit")? == Some(true) {
            return Err(ConfigError::new(
                "enable.auto.commit cannot be set to true when default group id (null) is used.",
            ));
        }
        let bytes = |names: &[&str], default: i64| {
            Ok::<u32, ConfigError>(u32::try_from(config.number(names, [default, default], 0)?).unwrap_or(u32::MAX))
        };
        let session_timeout = config.span(&["session.timeout.ms"], [45_000, 45_000])?;
        let heartbeat_interval = config.span(&["heartbeat.interval.ms"], [3_000, 3_000])?;
        if config.profile == Profile::Java && group.is_some() && heartbeat_interval >= session_timeout {
            let text = "Heartbeat must be set lower than the session timeout";
            return Err(ConfigError::of_constructor("java.lang.IllegalArgumentException", text));
        }
        Ok(ConsumerSettings {
            net: NetSettings { in_flight_max: IN_FLIGHT_MAX, ..NetSettings::read(config, 540_000)? },
            instance: text("group.instance.id"),
            session_timeout,
            heartbeat_interval,
            max_poll_interval: config.span(&["max.poll.interval.ms"], [300_000, 300_000])?,
            max_poll_records: config.number(&["max.poll.records"], [500, i64::from(i32::MAX)], 1)? as usize,
            auto_commit: config.flag("enable.auto.commit", [true, true])? && group.is_some(),
            auto_commit_interval: config.span(&["auto.commit.interval.ms"], [5_000, 5_000])?,
            auto_store: config.flag("enable.auto.offset.store", [true, true])?,
            reset: read_reset(config)?,
            fetch_bytes_min: bytes(&["fetch.min.bytes"], 1)?,
            fetch_bytes_max: bytes(&["fetch.max.bytes"], 52_428_800)?,
            partition_bytes_max: bytes(&["max.partition.fetch.bytes", "fetch.message.max.bytes"], 1_048_576)?,
            fetch_wait: config.span(&["fetch.max.wait.ms", "fetch.wait.max.ms"], [500, 500])?,
            read_committed: match (config.text("isolation.level"), config.profile) {
                (None, Profile::Java) | (Some("read_uncommitted"), _) => false,
                (None, Profile::Librdkafka) | (Some("read_committed"), _) => true,
                (Some(other), _) => {
                    return invalid(
                        "isolation.level",
                        other,
                        "String must be one of: read_committed, read_uncommitted",
                    );
                }
            },
            assignors: read_assignors(config)?,
            rack: text("client.rack"),
            api_timeout: config.span(&["default.api.timeout.ms"], [60_000, 60_000])?,
            auto_create: config.flag("allow.auto.create.topics", [true, false])?,
            excludes_internal: config.flag("exclude.internal.topics", [true, true])?,
            group,
        })
    }

    /// Whether it keeps partitions through a rebalance: the best protocol that all its assignors support (KIP-429).
    pub(crate) fn is_cooperative(&self) -> bool {
        self.assignors.iter().all(|assignor| assignor.is_cooperative())
    }

    /// Whether the member may leave its group by itself (it has no `group.instance.id`).
    pub(crate) fn is_dynamic(&self) -> bool {
        self.instance.is_none()
    }
}

fn read_reset(config: &Config<'_>) -> Result<Option<StartAt>, ConfigError> {
    match (config.text("auto.offset.reset"), config.profile) {
        (None | Some("latest"), _) | (Some("largest" | "end"), Profile::Librdkafka) => Ok(Some(StartAt::Latest)),
        (Some("earliest"), _) | (Some("smallest" | "beginning"), Profile::Librdkafka) => Ok(Some(StartAt::Earliest)),
        (Some("none"), Profile::Java) | (Some("error"), Profile::Librdkafka) => Ok(None),
        (Some(other), _) => match other.strip_prefix("by_duration:").and_then(protocol::java_duration_ms) {
            Some(ms) if ms >= 0 => Ok(Some(StartAt::Ago(ms))),
            _ => invalid(
                "auto.offset.reset",
                other,
                "the value must be either 'earliest', 'latest', 'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'.",
            ),
        },
    }
}

fn read_assignors(config: &Config<'_>) -> Result<Vec<Assignor>, ConfigError> {
    match config.profile {
        Profile::Java => read_assignor_classes(config),
        Profile::Librdkafka => read_assignor_names(config),
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// `ConsumerPartitionAssignor#getAssignorInstances`
fn read_assignor_classes(config: &Config<'_>) -> Result<Vec<Assignor>, ConfigError> {
    let Some(text) = config.text("partition.assignment.strategy") else {
        return Ok(vec![Assignor::Range, Assignor::CooperativeSticky]);
    };
    let failure = |text: String| ConfigError::of_constructor("org.apache.kafka.common.KafkaException", text);
    let mut assignors = Vec::new();
    for class in listed(text) {
        let assignor = match class.strip_prefix("org.apache.kafka.clients.consumer.") {
            Some("RangeAssignor") => Assignor::Range,
            Some("RoundRobinAssignor") => Assignor::RoundRobin,
            Some("StickyAssignor") => Assignor::Sticky,
            Some("CooperativeStickyAssignor") => Assignor::CooperativeSticky,
            _ => return Err(failure(format!("{class} ClassNotFoundException exception occurred"))),
        };
        if assignors.contains(&assignor) {
            let name = assignor.name();
            return Err(failure(format!(
                "The assignor name: '{name}' is used in more than one assignor: {class}, {class}"
            )));
        }
        assignors.push(assignor);
    }
    if assignors.is_empty() {
        let text = "Assignors must be given";
        return invalid("partition.assignment.strategy", text, "not modelled in this simulator: no assignor at all");
    }
    Ok(assignors)
}

/// `rd_kafka_assignors_init`
fn read_assignor_names(config: &Config<'_>) -> Result<Vec<Assignor>, ConfigError> {
    let text = config.text("partition.assignment.strategy").unwrap_or("range,roundrobin");
    let mut assignors = Vec::new();
    for name in listed(text) {
        match Assignor::named(name).filter(|assignor| *assignor != Assignor::Sticky) {
            Some(assignor) if assignors.contains(&assignor) => {}
            Some(assignor) => assignors.push(assignor),
            None => return Err(ConfigError::new(format!("Unsupported partition.assignment.strategy: {name}"))),
        }
    }
    let cooperative = assignors.iter().filter(|assignor| assignor.is_cooperative()).count();
    if cooperative != 0 && cooperative != assignors.len() {
        return Err(ConfigError::new(format!(
            "All partition.assignment.strategy ({text}) assignors must have the same protocol type, online migration between assignors with different protocol types is not supported"
        )));
    }
    if assignors.is_empty() { Err(ConfigError::new("No partition.assignment.strategy")) } else { Ok(assignors) }
}
