//! The effective configs of a topic: topic, then this broker's dynamic ones, then all brokers', then
//! `server.properties`, then Kafka's default (`LogConfig#fromProps` over `KafkaConfig#extractLogConfigMap`).

use partition_log::LogConfig;
use protocol::api::{ConfigResourceKind, Name};

use super::Broker;
use crate::process::Context;

/// A broker config stands for a topic config when nothing is set on the topic. Listed strongest first; the factor
/// turns its unit into the topic config's.
fn broker_names(topic_config: &str) -> &'static [(&'static str, i64)] {
    match topic_config {
        "segment.bytes" => &[("log.segment.bytes", 1)],
        "segment.ms" => &[("log.roll.ms", 1), ("log.roll.hours", 3_600_000)],
        "segment.index.bytes" => &[("log.index.size.max.bytes", 1)],
        "index.interval.bytes" => &[("log.index.interval.bytes", 1)],
        "retention.ms" => {
            &[("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)]
        }
        "retention.bytes" => &[("log.retention.bytes", 1)],
        "max.message.bytes" => &[("message.max.bytes", 1)],
        "cleanup.policy" => &[("log.cleanup.policy", 1)],
        "max.compaction.lag.ms" => &[("log.cleaner.max.compaction.lag.ms", 1)],
        "message.timestamp.type" => &[("log.message.timestamp.type", 1)],
        "message.timestamp.before.max.ms" => &[("log.message.timestamp.before.max.ms", 1)],
        "message.timestamp.after.max.ms" => &[("log.message.timestamp.after.max.ms", 1)],
        "flush.messages" => &[("log.flush.interval.messages", 1)],
        "flush.ms" => &[("log.flush.interval.ms", 1)],
        "min.insync.replicas" => &[("min.insync.replicas", 1)],
        _ => &[],
    }
}

impl Broker {
    /// What the logs of a topic obey.
    pub(super) fn log_config(cx: &Context<'_>, topic: &str) -> LogConfig {
        let number = |name: &str, default: i64| effective_number(cx, topic, name).unwrap_or(default);
        let bytes = |name: &str, default: u32| u32::try_from(number(name, i64::from(default))).unwrap_or(u32::MAX);
        let text = |name: &str| effective_text(cx, topic, name);
        let base = LogConfig::default();
        let policy = text("cleanup.policy");
        let has_policy = |wanted: &str| policy.as_ref().map(|policy| policy.split(',').any(|one| one.trim() == wanted));
        LogConfig {
            segment_bytes: bytes("segment.bytes", base.segment_bytes),
            segment_ms: number("segment.ms", base.segment_ms),
            segment_index_bytes: bytes("segment.index.bytes", base.segment_index_bytes),
            index_interval_bytes: bytes("index.interval.bytes", base.index_interval_bytes),
            retention_ms: number("retention.ms", base.retention_ms),
            retention_bytes: number("retention.bytes", base.retention_bytes),
            max_message_bytes: bytes("max.message.bytes", base.max_message_bytes),
            compact: has_policy("compact").unwrap_or(base.compact),
            delete: has_policy("delete").unwrap_or(base.delete),
            max_compaction_lag_ms: number("max.compaction.lag.ms", base.max_compaction_lag_ms),
            log_append_time: text("message.timestamp.type")
                .map_or(base.log_append_time, |kind| &*kind == "LogAppendTime"),
            timestamp_before_max_ms: number("message.timestamp.before.max.ms", base.timestamp_before_max_ms),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms", base.timestamp_after_max_ms),
            flush_messages: number("flush.messages", base.flush_messages),
            flush_ms: number("flush.ms", base.flush_ms),
            min_insync_replicas: number("min.insync.replicas", i64::from(base.min_insync_replicas)) as i32,
        }
    }
}

/// A broker config as set at run time on this broker or on all of them, or in `server.properties`.
pub(super) fn broker_value(cx: &Context<'_>, name: &str) -> Option<Name> {
    let dynamic = |resource: &str| cx.image.config(ConfigResourceKind::Broker, resource, name).cloned();
    dynamic(&cx.spec.id.to_string()).or_else(|| dynamic("")).or_else(|| cx.spec.property(name).cloned())
}

fn effective_text(cx: &Context<'_>, topic: &str, name: &str) -> Option<Name> {
    let on_topic = cx.image.config(ConfigResourceKind::Topic, topic, name).cloned();
    on_topic.or_else(|| broker_names(name).iter().find_map(|(broker, _)| broker_value(cx, broker)))
}

fn effective_number(cx: &Context<'_>, topic: &str, name: &str) -> Option<i64> {
    let parse = |text: Name| text.trim().parse::<i64>().ok();
    let on_topic = cx.image.config(ConfigResourceKind::Topic, topic, name).cloned().and_then(parse);
    on_topic.or_else(|| {
        broker_names(name).iter().find_map(|(broker, factor)| match broker_value(cx, broker).and_then(parse)? {
            negative if negative < 0 => Some(negative),
            value => Some(value.saturating_mul(*factor)),
        })
    })
}
