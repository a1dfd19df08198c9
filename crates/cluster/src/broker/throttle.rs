//! Replication throttles (KIP-73; `ReplicationQuotaManager`, `SimpleRate`, `ReplicaManager#shouldLeaderThrottle`,
//! `RemoteLeaderEndPoint#shouldFollowerThrottle`): what a leader sends and what a follower takes of throttled replicas is
//! counted, and while its rate is above the quota, replicas that are not in sync get nothing of it. Replicas in sync are
//! counted too, and never held up.
//!
//! The quota is over the last `replication.quota.window.num` windows, so one fetch can go far above it, and then nothing
//! moves until the rate has come down. Moves between directories have their own rate (`moves.rs`).

use kernel::Time;
use ordered::SortedSet;
use protocol::BrokerId;
use protocol::api::fetch::{FetchResponse, FetchResult};
use protocol::api::{ConfigResourceKind, Name};

use super::Broker;
use super::disk::ReplicaIndex;
use super::partition::Partition;
use super::readers::Asker;
use super::topic_configs::{broker_layers, dynamic_configs};
use crate::process::Context;

/// `leader.replication.throttled.rate`, of a broker.
const LEADER_RATE: &str = "leader.replication.throttled.rate";
/// `follower.replication.throttled.rate`, of a broker.
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
/// `leader.replication.throttled.replicas`, of a topic.
const LEADER_REPLICAS: &str = "leader.replication.throttled.replicas";
/// `follower.replication.throttled.replicas`, of a topic.
const FOLLOWER_REPLICAS: &str = "follower.replication.throttled.replicas";

/// Both throttles of a broker.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Throttles {
    /// On what it sends to followers.
    pub(super) leader: Throttle,
    /// On what it takes from leaders.
    pub(super) follower: Throttle,
}

/// One throttle.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Throttle {
    /// Bytes a second; none for no limit.
    bound: Option<u64>,
    replicas: SortedSet<ReplicaIndex>,
    rate: Rate,
    /// Whether the rate was above the bound when it was last looked at.
    is_exceeded: bool,
}

impl Throttles {
    /// A replica is removed.
    pub(super) fn forget(&mut self, index: ReplicaIndex) {
        self.leader.mark(index, false);
        self.follower.mark(index, false);
    }
}

impl Throttle {
    /// Whether this replica is held up now, unless it is in sync.
    pub(super) fn holds_up(&self, index: ReplicaIndex) -> bool {
        self.is_exceeded && self.replicas.contains(&index)
    }

    /// The replicas that are throttled.
    pub(super) fn replicas(&self) -> impl Iterator<Item = ReplicaIndex> {
        self.replicas.iter().copied()
    }

    /// Looks at the rate again.
    pub(super) fn refresh(&mut self, now: Time) {
        if !self.replicas.is_empty() {
            self.is_exceeded = self.bound.is_some_and(|bound| self.rate.is_above(bound, now.as_millis()));
        }
    }

    /// Bytes of a throttled replica went over the network.
    fn record(&mut self, now: Time, bytes: u64) {
        self.rate.record(now.as_millis(), bytes);
        self.refresh(now);
    }

    fn set_bound(&mut self, now: Time, bound: Option<u64>, windows: u64, window_ms: u64) {
        self.bound = bound;
        (self.rate.windows, self.rate.window_ms) = (windows, window_ms);
        self.is_exceeded = false;
        self.refresh(now);
    }

    fn mark(&mut self, index: ReplicaIndex, is_throttled: bool) {
        match is_throttled {
            true => drop(self.replicas.insert(index)),
            false => drop(self.replicas.remove(&index)),
        }
        if self.replicas.is_empty() {
            self.is_exceeded = false;
        }
    }
}

/// Bytes a second over the last windows (`SimpleRate` of `SampledStat`). Times are in ms.
#[derive(Clone, Debug, Default, Hash)]
struct Rate {
    /// `replication.quota.window.num`.
    windows: u64,
    /// `replication.quota.window.size.seconds`.
    window_ms: u64,
    /// One more than there are windows: the oldest may reach into the time that counts.
    samples: Vec<Sample>,
    current: u32,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Sample {
    start: u64,
    last: u64,
    bytes: u64,
}

impl Sample {
    fn at(now: u64) -> Sample {
        Sample { start: now, last: now, bytes: 0 }
    }
}

impl Rate {
    fn record(&mut self, now: u64, bytes: u64) {
        let is_complete = match self.samples.get(self.current as usize) {
            Some(sample) => now - sample.start >= self.window_ms,
            None => false,
        };
        if is_complete {
            self.current = (self.current + 1) % (self.windows as u32 + 1);
        }
        let at = self.current as usize;
        match self.samples.get_mut(at) {
            Some(sample) if is_complete => *sample = Sample::at(now),
            Some(_) => {}
            None => self.samples.push(Sample::at(now)),
        }
        if let Some(sample) = self.samples.get_mut(at) {
            sample.bytes += bytes;
            sample.last = now;
        }
    }

    /// Whether the rate is above `bound` bytes a second.
    fn is_above(&mut self, bound: u64, now: u64) -> bool {
        for sample in &mut self.samples {
            if now - sample.last >= self.windows * self.window_ms {
                *sample = Sample::at(now);
            }
        }
        let bytes: u64 = self.samples.iter().map(|sample| sample.bytes).sum();
        let oldest = self.samples.iter().map(|sample| sample.start).min().unwrap_or(now);
        let elapsed = (now - oldest).max(self.window_ms);
        u128::from(bytes) * 1_000 > u128::from(bound) * u128::from(elapsed)
    }
}

impl Broker {
    /// What is set of throttles on this broker, or on all (`BrokerConfigHandler#processConfigChanges`).
    pub(super) fn reload_throttle_rates(&mut self, cx: &Context<'_>) {
        let layers = broker_layers(cx);
        let bound = |name: &str| {
            let value = layers.dynamic.get(name).or_else(|| layers.dynamic_default.get(name))?;
            value.trim().parse::<u64>().ok().filter(|rate| *rate < i64::MAX as u64)
        };
        let windows = cx.spec.number("replication.quota.window.num", 11).unsigned_abs();
        let window_ms = cx.spec.number("replication.quota.window.size.seconds", 1).unsigned_abs() * 1_000;
        let Throttles { leader, follower } = &mut self.soft.throttles;
        leader.set_bound(cx.now, bound(LEADER_RATE), windows, window_ms);
        follower.set_bound(cx.now, bound(FOLLOWER_RATE), windows, window_ms);
    }

    /// Whether a topic's configs throttle this broker's replica (`TopicConfigHandler#parseThrottledPartitions`).
    pub(super) fn mark_throttled(&mut self, cx: &Context<'_>, index: ReplicaIndex) {
        let Some(tp) = self.disk.get(index).map(|replica| replica.tp.clone()) else { return };
        let configs = dynamic_configs(cx, ConfigResourceKind::Topic, &tp.topic);
        let is_named = |name: &str| configs.get(name).is_some_and(|value| names(value, tp.partition, self.id));
        let (leads, follows) = (is_named(LEADER_REPLICAS), is_named(FOLLOWER_REPLICAS));
        self.soft.throttles.leader.mark(index, leads);
        self.soft.throttles.follower.mark(index, follows);
        // What is not throttled any more is fetched again.
        self.followed_position_changed(index);
    }

    /// Whether a follower gets nothing of a replica now.
    pub(super) fn holds_up(&self, asker: &Asker, index: ReplicaIndex) -> bool {
        let is_in_sync =
            || self.partition(index).and_then(Partition::leadership).is_some_and(|l| l.isr().contains(&asker.replica));
        asker.is_follower() && self.soft.throttles.leader.holds_up(index) && !is_in_sync()
    }

    /// Counts what goes to a follower (`KafkaApis#sizeOfThrottledPartitions`).
    pub(super) fn count_sent(&mut self, now: Time, response: &FetchResponse) {
        let throttle = &self.soft.throttles.leader;
        if throttle.replicas.is_empty() {
            return;
        }
        let is_throttled = |result: &&FetchResult| {
            self.disk.find(result.topic_id, result.partition).is_some_and(|index| throttle.replicas.contains(&index))
        };
        let bytes = response.partitions.iter().filter(is_throttled).map(FetchResult::body_bytes).sum();
        self.soft.throttles.leader.record(now, bytes);
    }

    /// Counts what came from a leader.
    pub(super) fn count_taken(&mut self, now: Time, index: ReplicaIndex, bytes: u64) {
        let throttle = &mut self.soft.throttles.follower;
        if throttle.replicas.contains(&index) {
            throttle.record(now, bytes);
        }
    }
}

/// Whether a list of throttled replicas names the replica of a partition on a broker: `*`, or `partition:broker,…`.
fn names(list: &Name, partition: i32, broker: BrokerId) -> bool {
    let wanted = format!("{partition}:{broker}");
    list.trim() == "*" || list.split(',').any(|pair| pair.trim() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn rate() -> Rate {
        Rate { windows: 11, window_ms: 1_000, ..Rate::default() }
    }

    #[test]
    fn within_the_first_window_the_rate_is_over_a_whole_one() {
        let mut rate = rate();
        rate.record(0, MB);
        assert!(!rate.is_above(MB, 1), "a million in a second");
        assert!(rate.is_above(MB - 1, 999));
        assert!(!rate.is_above(MB / 2, 2_000));
    }

    #[test]
    fn a_burst_counts_until_it_is_spread_over_enough_time_or_eleven_windows_old() {
        let mut rate = rate();
        rate.record(0, MB);
        assert!(rate.is_above(MB / 10, 9_999));
        assert!(!rate.is_above(MB / 10, 10_000));
        assert!(rate.is_above(MB / 20, 10_999));
        assert!(!rate.is_above(MB / 20, 11_000), "it is not remembered any longer");
    }

    #[test]
    fn a_steady_stream_is_measured_over_the_last_windows_only() {
        let mut rate = rate();
        (0..300).for_each(|n| rate.record(n * 100, 100));
        assert!(!rate.is_above(1_100, 29_900));
        assert!(rate.is_above(900, 29_900));
        assert_eq!(rate.samples.len(), 12);
    }

    #[test]
    fn a_list_names_replicas_by_partition_and_broker() {
        let is_named = |list: &str| names(&list.into(), 1, BrokerId(2));
        assert!(is_named("*") && is_named("0:1, 1:2") && is_named("1:2"));
        assert!(!is_named("") && !is_named("1:22") && !is_named("2:1"));
    }
}
