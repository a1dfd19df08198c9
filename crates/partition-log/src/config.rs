//! The configs a log obeys (`LogConfig`), as numbers.

use protocol::Plant;
use protocol::config::{Configs, TOPIC_CONFIGS};
use protocol::{Codec, TopicPartition};

/// A topic's configs as one replica's log sees them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u32,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `retention.ms`; −1 keeps for ever.
    pub retention_ms: i64,
    /// `retention.bytes`; −1 keeps all.
    pub retention_bytes: i64,
    /// `max.message.bytes`: of a batch.
    pub max_message_bytes: u32,
    /// `cleanup.policy` has `compact`.
    pub compact: bool,
    /// `cleanup.policy` has `delete`.
    pub delete: bool,
    /// `max.compaction.lag.ms`.
    pub max_compaction_lag_ms: i64,
    /// `compression.type`, unless it is `producer`.
    pub codec: Option<Codec>,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `min.cleanable.dirty.ratio`, in millionths.
    pub min_cleanable_ppm: u32,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long tombstones stay after they are compacted.
    pub delete_retention_ms: i64,
    /// `flush.messages`: offsets between forced flushes.
    pub flush_messages: i64,
    /// `flush.ms`: time between forced flushes.
    pub flush_ms: i64,
    /// `min.insync.replicas`. The partition's leader reads it; the log does not.
    pub min_insync_replicas: i32,
    /// The bug that is planted, if any.
    pub plant: Plant,
}

/// Kafka 4.4's defaults.
impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig::from(&Configs::defaults(TOPIC_CONFIGS))
    }
}

/// From a topic's effective configs (`protocol::config::effective_topic_configs`).
impl From<&Configs> for LogConfig {
    fn from(configs: &Configs) -> LogConfig {
        let long = |name: &str| configs.get_i64(name);
        let bytes = |name: &str| u32::try_from(configs.get_i64(name)).unwrap_or(0);
        let has_policy = |policy: &str| configs.get_list("cleanup.policy").any(|p| p.eq_ignore_ascii_case(policy));
        let is_internal_set = configs.get("internal.segment.bytes").is_some();
        LogConfig {
            segment_bytes: bytes(if is_internal_set { "internal.segment.bytes" } else { "segment.bytes" }),
            segment_ms: long("segment.ms"),
            segment_jitter_ms: long("segment.jitter.ms"),
            segment_index_bytes: bytes("segment.index.bytes"),
            index_interval_bytes: bytes("index.interval.bytes"),
            retention_ms: long("retention.ms"),
            retention_bytes: long("retention.bytes"),
            max_message_bytes: bytes("max.message.bytes"),
            compact: has_policy("compact"),
            delete: has_policy("delete"),
            max_compaction_lag_ms: long("max.compaction.lag.ms"),
            codec: Codec::named(configs.get_str("compression.type")),
            log_append_time: configs.get_str("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            file_delete_delay_ms: long("file.delete.delay.ms"),
            min_cleanable_ppm: (configs.get_f64("min.cleanable.dirty.ratio") * 1_000_000.0) as u32,
            min_compaction_lag_ms: long("min.compaction.lag.ms"),
            delete_retention_ms: long("delete.retention.ms"),
            flush_messages: long("flush.messages"),
            flush_ms: long("flush.ms"),
            min_insync_replicas: configs.get_i32("min.insync.replicas"),
            plant: Plant::None,
        }
    }
}

impl LogConfig {
    /// How much earlier than others a segment rolls, so that not all roll at once (`LogConfig#randomSegmentJitter`): drawn from
    /// what tells the segment from others, since a log has no source of randomness.
    pub(crate) fn jitter_ms(&self, partition: &TopicPartition, base_offset: i64, created_ms: i64) -> i64 {
        let bound = self.segment_jitter_ms.min(self.segment_ms);
        if bound <= 0 {
            return 0;
        }
        let topic = partition.topic.bytes().map(u64::from);
        let words = topic.chain([partition.partition as u64, base_offset as u64, created_ms as u64]);
        let mix =
            words.fold(0xcbf2_9ce4_8422_2325, |h: u64, word| (h ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(31));
        (mix % bound as u64) as i64
    }

    /// The longest a segment stays open (`LogConfig#maxSegmentMs`).
    pub fn segment_ms_max(&self) -> i64 {
        if self.compact { self.segment_ms.min(self.max_compaction_lag_ms) } else { self.segment_ms }
    }
}
