//! The broker configs the broker itself acts on (`KafkaConfig`): `server.properties`, and over it what is set at run time of
//! those that can be (`DynamicBrokerConfig`).

use kernel::Duration;
use protocol::config::is_dynamic_broker_config;

use super::topic_configs::broker_layers;
use crate::process::Context;
use crate::spec::ProcessSpec;

/// Broker configs as numbers. The defaults are Kafka 4.4's.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct Settings {
    /// `replica.lag.time.max.ms`.
    pub(super) replica_lag_time_max: Duration,
    /// `replica.fetch.wait.max.ms`.
    pub(super) replica_fetch_wait_max_ms: u32,
    /// `replica.fetch.min.bytes`.
    pub(super) replica_fetch_min_bytes: u32,
    /// `replica.fetch.max.bytes`, of a partition.
    pub(super) replica_fetch_max_bytes: u32,
    /// `replica.fetch.response.max.bytes`.
    pub(super) replica_fetch_response_max_bytes: u32,
    /// `replica.fetch.backoff.ms`.
    pub(super) replica_fetch_backoff: Duration,
    /// `num.io.threads`.
    pub(super) num_io_threads: usize,
    /// `num.replica.fetchers`, for each leader broker.
    pub(super) num_replica_fetchers: u32,
    /// `replica.socket.timeout.ms`.
    pub(super) replica_socket_timeout: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub(super) hw_checkpoint_interval: Duration,
    /// `log.retention.check.interval.ms`.
    pub(super) retention_check_interval: Duration,
    /// `log.initial.task.delay.ms`.
    pub(super) initial_task_delay: Duration,
    /// `log.cleaner.enable`.
    pub(super) cleaner_enable: bool,
    /// `log.cleaner.backoff.ms`.
    pub(super) cleaner_backoff: Duration,
    /// Keys that a cleaner thread's map holds: `log.cleaner.dedupe.buffer.size` over `log.cleaner.threads`, 24 bytes a key, as full as
    /// `log.cleaner.io.buffer.load.factor` allows.
    pub(super) cleaner_keys_max: usize,
    /// `log.flush.scheduler.interval.ms`; none for never.
    pub(super) flush_interval: Option<Duration>,
    /// `log.flush.offset.checkpoint.interval.ms`: how often recovery points are written down.
    pub(super) recovery_point_checkpoint_interval: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`: how often log starts are.
    pub(super) log_start_checkpoint_interval: Duration,
    /// `log.segment.delete.delay.ms`, of deleted partitions.
    pub(super) segment_delete_delay_ms: i64,
    /// `producer.id.expiration.ms`.
    pub(super) producer_id_expiration_ms: i64,
    /// `producer.id.expiration.check.interval.ms`.
    pub(super) producer_id_check_interval: Duration,
    /// `fetch.max.bytes`, of an answer to a consumer.
    pub(super) fetch_max_bytes: u32,
    /// `replica.selector.class` sends consumers to replicas in their own rack.
    pub(super) is_rack_aware: bool,
    /// `max.incremental.fetch.session.cache.slots`.
    pub(super) fetch_session_slots: u32,
    /// `max.request.partition.size.limit`.
    pub(super) request_partition_limit: i32,
    /// `auto.create.topics.enable`.
    pub(super) auto_create_topics: bool,
    /// `offsets.topic.num.partitions`.
    pub(super) offsets_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub(super) offsets_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub(super) offsets_segment_bytes: i64,
    /// `offsets.commit.timeout.ms`.
    pub(super) offsets_commit_timeout: Duration,
    /// The group coordinator's.
    pub(super) groups: coordinator::GroupConfig,
    /// `request.timeout.ms` of calls to the controller.
    pub(super) request_timeout: Duration,
}

impl Settings {
    /// The same with what is set at run time: on this broker before what is set on all.
    pub(super) fn at_run_time(cx: &Context<'_>) -> Settings {
        let layers = broker_layers(cx);
        let mut overrides = cx.spec.overrides.clone();
        let set = layers.dynamic_default.iter().chain(layers.dynamic);
        overrides.extend(
            set.filter(|(name, _)| is_dynamic_broker_config(name)).map(|(name, value)| (name.clone(), value.clone())),
        );
        Settings::new(&ProcessSpec { overrides, ..ProcessSpec::clone(cx.spec) })
    }

    /// What a process's `server.properties` says.
    pub(super) fn new(spec: &ProcessSpec) -> Settings {
        let bytes = |name, default| u32::try_from(spec.number(name, default)).unwrap_or(u32::MAX);
        Settings {
            replica_lag_time_max: spec.millis("replica.lag.time.max.ms", 30_000),
            replica_fetch_wait_max_ms: bytes("replica.fetch.wait.max.ms", 500),
            replica_fetch_min_bytes: bytes("replica.fetch.min.bytes", 1),
            replica_fetch_max_bytes: bytes("replica.fetch.max.bytes", 1 << 20),
            replica_fetch_response_max_bytes: bytes("replica.fetch.response.max.bytes", 10 << 20),
            replica_fetch_backoff: spec.millis("replica.fetch.backoff.ms", 1_000),
            num_io_threads: bytes("num.io.threads", 8) as usize,
            num_replica_fetchers: bytes("num.replica.fetchers", 1).max(1),
            replica_socket_timeout: spec.millis("replica.socket.timeout.ms", 30_000),
            hw_checkpoint_interval: spec.millis("replica.high.watermark.checkpoint.interval.ms", 5_000),
            retention_check_interval: spec.millis("log.retention.check.interval.ms", 300_000),
            initial_task_delay: spec.millis("log.initial.task.delay.ms", 30_000),
            cleaner_enable: spec.flag("log.cleaner.enable", true),
            // With 0 Kafka's cleaners never rest; a look takes a millisecond here, so that time goes on.
            cleaner_backoff: spec.millis("log.cleaner.backoff.ms", 15_000).max(Duration::from_millis(1)),
            cleaner_keys_max: cleaner_keys(spec),
            flush_interval: Some(spec.millis("log.flush.scheduler.interval.ms", i64::MAX as u64))
                .filter(|interval| *interval < Duration::from_secs(1_000_000_000)),
            recovery_point_checkpoint_interval: spec.millis("log.flush.offset.checkpoint.interval.ms", 60_000),
            log_start_checkpoint_interval: spec.millis("log.flush.start.offset.checkpoint.interval.ms", 60_000),
            segment_delete_delay_ms: spec.number("log.segment.delete.delay.ms", 60_000),
            producer_id_expiration_ms: spec.number("producer.id.expiration.ms", 86_400_000),
            producer_id_check_interval: spec.millis("producer.id.expiration.check.interval.ms", 600_000),
            fetch_max_bytes: bytes("fetch.max.bytes", 57_671_680),
            is_rack_aware: super::read_replica::is_rack_aware(spec.property("replica.selector.class")),
            fetch_session_slots: bytes("max.incremental.fetch.session.cache.slots", 1_000),
            request_partition_limit: spec.number("max.request.partition.size.limit", 2_000) as i32,
            auto_create_topics: spec.flag("auto.create.topics.enable", true),
            offsets_partitions: spec.number("offsets.topic.num.partitions", 50) as i32,
            offsets_replication_factor: spec.number("offsets.topic.replication.factor", 3) as i16,
            offsets_segment_bytes: spec.number("offsets.topic.segment.bytes", 104_857_600),
            offsets_commit_timeout: spec.millis("offsets.commit.timeout.ms", 5_000),
            groups: super::groups::group_config(spec),
            request_timeout: spec.millis("request.timeout.ms", 30_000),
        }
    }
}

/// Bytes of a key in the cleaner's map: an MD5 hash and an offset.
const CLEANER_KEY_BYTES: i64 = 24;

fn cleaner_keys(spec: &ProcessSpec) -> usize {
    let buffer = spec.number("log.cleaner.dedupe.buffer.size", 134_217_728);
    let threads = spec.number("log.cleaner.threads", 1).max(1);
    let load = spec.property("log.cleaner.io.buffer.load.factor").and_then(|text| text.trim().parse::<f64>().ok());
    let permille = (load.unwrap_or(0.9).clamp(0.0, 1.0) * 1_000.0) as i64;
    usize::try_from(buffer / threads / CLEANER_KEY_BYTES * permille / 1_000).unwrap_or(0)
}
