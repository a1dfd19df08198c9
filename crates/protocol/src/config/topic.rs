//! Topic configs (`TopicConfig`, `LogConfig`).

use ordered::SortedMap;

use super::ConfigType::*;
use super::ValidValues::*;
use super::{ConfigDef, ConfigError, find};
use crate::api::Name;

/// Checks a topic's overrides: names, values, and what must hold between them.
pub fn validate_topic_configs(values: &SortedMap<Name, Name>) -> Result<(), ConfigError> {
    if let Some(name) = values.keys().find(|name| find(TOPIC_CONFIGS, name).is_none()) {
        return Err(ConfigError::invalid_configuration(format!("Unknown topic config name: {name}")));
    }
    for def in TOPIC_CONFIGS {
        values.get(def.name).map_or(Ok(()), |value| def.validate(value))?;
    }
    let lag = |name: &str| {
        let value = values.get(name).map(|value| value.trim()).or(find(TOPIC_CONFIGS, name)?.default);
        value?.parse::<i64>().ok()
    };
    match (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms")) {
        (Some(min), Some(max)) if min > max => {
            return Err(ConfigError::invalid_configuration(format!(
                "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
            )));
        }
        _ => {}
    }
    // No broker here has remote storage (`remote.log.storage.system.enable`).
    match values.get("remote.storage.enable").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        true => Err(ConfigError::invalid_configuration(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
                .to_owned(),
        )),
        false => Ok(()),
    }
}

/// Configs of a topic, in the order in which Kafka defines them and finds the first that is wrong.
#[rustfmt::skip] // A table: one config a line.
pub const TOPIC_CONFIGS: &[ConfigDef] = &[
    ConfigDef::new("segment.bytes", Int, "1073741824", AtLeast(1_048_576), "Size of a segment file.").broker("log.segment.bytes"),
    ConfigDef::new("segment.ms", Long, "604800000", AtLeast(1), "Time after which a segment rolls even if it is not full.").broker("log.roll.ms"),
    ConfigDef::new("segment.jitter.ms", Long, "0", AtLeast(0), "Random time taken off segment.ms, so that logs do not roll together.").broker("log.roll.jitter.ms"),
    ConfigDef::new("segment.index.bytes", Int, "10485760", AtLeast(4), "Size of an index file.").broker("log.index.size.max.bytes"),
    ConfigDef::new("flush.messages", Long, "9223372036854775807", AtLeast(1), "Records between forced flushes; by default replication is what makes data safe.").broker("log.flush.interval.messages"),
    ConfigDef::new("flush.ms", Long, "9223372036854775807", AtLeast(0), "Time between forced flushes.").broker("log.flush.interval.ms"),
    ConfigDef::new("retention.bytes", Long, "-1", Any, "Bytes a partition may have before old segments are deleted; -1: no limit.").broker("log.retention.bytes"),
    ConfigDef::new("retention.ms", Long, "604800000", AtLeast(-1), "Age at which segments are deleted; -1: never.").broker("log.retention.ms"),
    ConfigDef::new("max.message.bytes", Int, "1048588", AtLeast(0), "Largest batch a broker takes, after compression.").broker("message.max.bytes"),
    ConfigDef::new("max.decompressed.message.bytes", Int, "2147483639", Between(1, 2_147_483_639), "Largest batch a broker takes, before compression.").broker("max.decompressed.message.bytes"),
    ConfigDef::new("index.interval.bytes", Int, "4096", AtLeast(0), "Bytes of records between index entries.").broker("log.index.interval.bytes"),
    ConfigDef::new("delete.retention.ms", Long, "86400000", AtLeast(0), "How long tombstones of compacted topics are kept.").broker("log.cleaner.delete.retention.ms"),
    ConfigDef::new("min.compaction.lag.ms", Long, "0", AtLeast(0), "Shortest time a record stays uncompacted.").broker("log.cleaner.min.compaction.lag.ms"),
    ConfigDef::new("max.compaction.lag.ms", Long, "9223372036854775807", AtLeast(1), "Longest a record may wait for compaction.").broker("log.cleaner.max.compaction.lag.ms"),
    ConfigDef::new("file.delete.delay.ms", Long, "60000", AtLeast(0), "How long deleted segments stay on disk.").broker("log.segment.delete.delay.ms"),
    ConfigDef::new("min.cleanable.dirty.ratio", Double, "0.5", Between(0, 1), "Share of a log that must be dirty before it is compacted.").broker("log.cleaner.min.cleanable.ratio"),
    ConfigDef::new("cleanup.policy", List, "delete", ListOf(&["compact", "delete"]), "What happens to old segments: delete them, or keep the last value of each key.").broker("log.cleanup.policy"),
    ConfigDef::new("unclean.leader.election.enable", Boolean, "false", Any, "Whether a replica out of sync may lead when no other can, losing data.").broker("unclean.leader.election.enable"),
    ConfigDef::new("min.insync.replicas", Int, "1", AtLeast(1), "In-sync replicas needed for a write with acks=all.").broker("min.insync.replicas"),
    ConfigDef::new("compression.type", String, "producer", OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), "Codec batches are kept in; `producer` keeps what the producer chose.").broker("compression.type"),
    ConfigDef::new("compression.gzip.level", Int, "-1", BetweenOr(1, 9, -1), "Level if compression.type is gzip.").broker("compression.gzip.level"),
    ConfigDef::new("compression.lz4.level", Int, "9", Between(1, 17), "Level if compression.type is lz4.").broker("compression.lz4.level"),
    ConfigDef::new("compression.zstd.level", Int, "3", Between(-131_072, 22), "Level if compression.type is zstd.").broker("compression.zstd.level"),
    ConfigDef::new("preallocate", Boolean, "false", Any, "Whether segment files are made at full size.").broker("log.preallocate"),
    ConfigDef::new("message.timestamp.type", String, "CreateTime", OneOf(&["CreateTime", "LogAppendTime"]), "Whether records keep the producer's time or get the broker's.").broker("log.message.timestamp.type"),
    ConfigDef::new("message.timestamp.before.max.ms", Long, "9223372036854775807", AtLeast(0), "How far behind the broker's clock a record may be.").broker("log.message.timestamp.before.max.ms"),
    ConfigDef::new("message.timestamp.after.max.ms", Long, "3600000", AtLeast(0), "How far ahead of the broker's clock a record may be.").broker("log.message.timestamp.after.max.ms"),
    ConfigDef::new("leader.replication.throttled.replicas", List, "", ThrottledReplicas, "Replicas whose replication is throttled on the leader: `partition:broker,…` or `*`."),
    ConfigDef::new("follower.replication.throttled.replicas", List, "", ThrottledReplicas, "Replicas whose replication is throttled on the follower: `partition:broker,…` or `*`."),
    ConfigDef::new("remote.storage.enable", Boolean, "false", Any, "Whether old segments move to remote storage."),
    ConfigDef::new("local.retention.ms", Long, "-2", AtLeast(-2), "Time kept locally of a tiered topic; -2: retention.ms.").broker("log.local.retention.ms"),
    ConfigDef::new("local.retention.bytes", Long, "-2", AtLeast(-2), "Bytes kept locally of a tiered topic; -2: retention.bytes.").broker("log.local.retention.bytes"),
    ConfigDef::new("remote.log.copy.disable", Boolean, "false", Any, "Whether a tiered topic is read only in the remote tier."),
    ConfigDef::new("remote.copy.lag.ms", Long, "0", AtLeast(-1), "Time a segment of a tiered topic stays local before it is copied.").broker("log.remote.copy.lag.ms"),
    ConfigDef::new("remote.copy.lag.bytes", Long, "-1", AtLeast(-1), "Bytes a segment of a tiered topic stays local before it is copied.").broker("log.remote.copy.lag.bytes"),
    ConfigDef::new("remote.log.delete.on.disable", Boolean, "false", Any, "Whether tiered data goes when tiering is turned off."),
    ConfigDef::new("errors.deadletterqueue.group.enable", Boolean, "false", Any, "Whether the topic may be a share group's dead letter queue."),
    ConfigDef::null("internal.segment.bytes", Int, Any, "Size of a segment file, below the least segment.bytes: for tests.").internal(),
];
