//! Which partition a record goes to: Java's `BuiltInPartitioner` (murmur2, sticky runs of batch.size bytes, adaptive:
//! KIP-480, KIP-794) and librdkafka's partitioners (CRC-32, sticky windows of `sticky.partitioning.linger.ms`).

use kernel::{Rng, Time};
use ordered::SortedMap;
use protocol::hashing::{java_partition, librdkafka_partition};
use protocol::{PartitionIndex, TopicName};

use super::settings::ProducerSettings;
use crate::settings::Config;
use crate::{ConfigError, Profile};

/// How records without an explicit partition are placed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Strategy {
    /// Java's built-in one; `ignore_keys` as `partitioner.ignore.keys`.
    BuiltIn { ignore_keys: bool },
    /// Java's `RoundRobinPartitioner`.
    RoundRobin,
    /// librdkafka `random`.
    Random,
    /// librdkafka `consistent`/`consistent_random`: CRC-32.
    Crc32 { empty_is_random: bool },
    /// librdkafka `murmur2`/`murmur2_random`: Java's hash.
    Murmur2 { null_is_random: bool },
}

impl Strategy {
    pub(crate) fn read(config: &Config<'_>) -> Result<Strategy, ConfigError> {
        let refuse = |name: &str, value: &str| {
            Err(ConfigError::new(format!(
                "Invalid value {value} for configuration {name}: not modelled in this simulator"
            )))
        };
        match config.profile {
            Profile::Java => match config.text("partitioner.class") {
                None | Some("") => {
                    Ok(Strategy::BuiltIn { ignore_keys: config.flag("partitioner.ignore.keys", [false, false])? })
                }
                Some("org.apache.kafka.clients.producer.RoundRobinPartitioner") => Ok(Strategy::RoundRobin),
                Some(other) => Err(ConfigError::new(format!(
                    "Invalid value {other} for configuration partitioner.class: Class {other} could not be found."
                ))),
            },
            Profile::Librdkafka => match config.text("partitioner") {
                None | Some("consistent_random") => Ok(Strategy::Crc32 { empty_is_random: true }),
                Some("consistent") => Ok(Strategy::Crc32 { empty_is_random: false }),
                Some("random") => Ok(Strategy::Random),
                Some("murmur2") => Ok(Strategy::Murmur2 { null_is_random: false }),
                Some("murmur2_random") => Ok(Strategy::Murmur2 { null_is_random: true }),
                Some(other) => {
                    protocol::gap!("librdkafka's fnv1a partitioners are refused", "partitioner");
                    refuse("partitioner", other)
                }
            },
        }
    }
}

/// The sticky partition of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Sticky {
    partition: PartitionIndex,
    produced_bytes: u32,
    since: Time,
}

/// The partitioner's memory, by topic.
#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct Partitioner {
    sticky: SortedMap<TopicName, Sticky>,
    counters: SortedMap<TopicName, u32>,
}

/// What is known of the topic when a partition is chosen.
pub(crate) struct TopicView<'a> {
    pub(crate) name: &'a TopicName,
    pub(crate) partitions: i32,
    /// What else there is to know, for those who choose anew.
    pub(crate) load: &'a dyn Fn() -> TopicLoad,
}

/// How busy the partitions of a topic are.
pub(crate) struct TopicLoad {
    /// Partitions with a leader.
    pub(crate) available: Vec<PartitionIndex>,
    /// Batches waiting for each partition; none unless every partition has had a batch.
    pub(crate) queues: Option<Vec<u32>>,
}

impl Partitioner {
    /// The partition of a record, and whether it is the sticky one.
    pub(crate) fn choose(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        key: Option<&[u8]>,
        random: &mut Rng,
    ) -> (PartitionIndex, bool) {
        match (settings.strategy, key) {
            (Strategy::BuiltIn { ignore_keys: false }, Some(key)) => (java_partition(key, topic.partitions), false),
            (Strategy::BuiltIn { .. }, _) => (self.built_in(now, topic, random), true),
            (Strategy::RoundRobin, _) => (self.round_robin(topic), false),
            (Strategy::Crc32 { empty_is_random: true }, None | Some([])) => {
                (self.window(now, settings, topic, random), false)
            }
            (Strategy::Crc32 { .. }, key) => (librdkafka_partition(key.unwrap_or_default(), topic.partitions), false),
            (Strategy::Murmur2 { null_is_random: true }, None) => (self.window(now, settings, topic, random), false),
            (Strategy::Murmur2 { .. }, key) => (java_partition(key.unwrap_or_default(), topic.partitions), false),
            (Strategy::Random, _) => (self.window(now, settings, topic, random), false),
        }
    }

    fn built_in(&mut self, now: Time, topic: &TopicView<'_>, random: &mut Rng) -> PartitionIndex {
        let known = self.sticky.get(topic.name).filter(|sticky| sticky.partition < topic.partitions);
        if let Some(sticky) = known {
            return sticky.partition;
        }
        let partition = next_partition(topic, false, random);
        self.sticky.insert(topic.name.clone(), Sticky { partition, produced_bytes: 0, since: now });
        partition
    }

    /// Counts what was appended to the sticky partition and moves on if it has had its share (`updatePartitionInfo`).
    pub(crate) fn appended(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        bytes: u32,
        may_switch: bool,
        random: &mut Rng,
    ) {
        let Some(sticky) = self.sticky.get_mut(topic.name) else { return };
        sticky.produced_bytes += bytes;
        let share = settings.batch_bytes.max(1);
        if (sticky.produced_bytes >= share && may_switch) || sticky.produced_bytes >= share.saturating_mul(2) {
            *sticky =
                Sticky { partition: next_partition(topic, settings.adaptive, random), produced_bytes: 0, since: now };
        }
    }

    fn round_robin(&mut self, topic: &TopicView<'_>) -> PartitionIndex {
        let counter = self.counters.entry(topic.name.clone()).or_default();
        let n = *counter & 0x7fff_ffff;
        *counter = counter.wrapping_add(1);
        let available = (topic.load)().available;
        match available.len() {
            0 => (n % topic.partitions as u32) as i32,
            len => available[n as usize % len],
        }
    }

    /// librdkafka: one random partition for all that comes within the window.
    fn window(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        random: &mut Rng,
    ) -> PartitionIndex {
        let known = self.sticky.get(topic.name).filter(|sticky| sticky.partition < topic.partitions);
        match known {
            Some(sticky) if now.since(sticky.since) < settings.sticky_linger => sticky.partition,
            _ => {
                let partition = next_partition(topic, false, random);
                self.sticky.insert(topic.name.clone(), Sticky { partition, produced_bytes: 0, since: now });
                partition
            }
        }
    }
}

/// A random partition: any with a leader, or weighted by how short its queue is.
fn next_partition(topic: &TopicView<'_>, adaptive: bool, random: &mut Rng) -> PartitionIndex {
    let load = (topic.load)();
    if let (true, Some(queues)) = (adaptive, &load.queues) {
        let longest = queues.iter().copied().max().unwrap_or(0);
        let is_even = queues.iter().all(|queue| *queue == longest);
        if queues.len() >= 2 && !is_even {
            let total: u32 = queues.iter().map(|queue| longest + 1 - queue).sum();
            let mut draw = random.below(u64::from(total)) as u32;
            for (partition, queue) in (0..).zip(queues) {
                let weight = longest + 1 - queue;
                if draw < weight {
                    return partition;
                }
                draw -= weight;
            }
        }
    }
    match load.available.len() {
        0 => random.below(topic.partitions.max(1) as u64) as i32,
        len => load.available[random.index(len)],
    }
}
