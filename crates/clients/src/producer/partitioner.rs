//! Which partition a record goes to: Java's `BuiltInPartitioner` (murmur2, sticky runs of batch.size bytes, adaptive:
//! KIP-480, KIP-794; near leaders first: KIP-1123) and librdkafka's partitioners (CRC-32, murmur2, FNV-1a; sticky windows of `sticky.partitioning.linger.ms`).

use kernel::{Rng, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::hashing::{fnv1a_partition, java_partition, librdkafka_partition};
use protocol::{PartitionIndex, TopicName, TopicPartition};

use super::accumulator::{Accumulator, ProducerBatch};
use super::settings::ProducerSettings;
use super::waits::Waits;
use crate::network::Metadata;
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
    /// librdkafka `fnv1a`/`fnv1a_random`: Sarama's hash.
    Fnv1a { null_is_random: bool },
}

impl Strategy {
    pub(crate) fn read(config: &Config<'_>) -> Result<Strategy, ConfigError> {
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
                Some("fnv1a") => Ok(Strategy::Fnv1a { null_is_random: false }),
                Some("fnv1a_random") => Ok(Strategy::Fnv1a { null_is_random: true }),
                Some(other) => {
                    Err(ConfigError::new(format!("Invalid value for configuration property \"partitioner\": {other}")))
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
    pub(crate) metadata: &'a Metadata,
    pub(crate) accumulator: &'a Accumulator,
    pub(crate) waits: &'a Waits,
}

impl TopicView<'_> {
    fn partition(&self, n: PartitionIndex) -> TopicPartition {
        TopicPartition::new(self.name.clone(), n)
    }
    fn has_leader(&self, n: PartitionIndex) -> bool {
        self.metadata.leader(&self.partition(n)).is_some()
    }

    /// Whether its leader is in the rack.
    fn is_near(&self, n: PartitionIndex, rack: &Name) -> bool {
        self.metadata.leader_rack(&self.partition(n)) == Some(rack)
    }

    /// Whether no batch of a partition takes more.
    fn is_all_full(&self, n: PartitionIndex) -> bool {
        let queue = self.accumulator.queues.get(&self.partition(n));
        queue.and_then(|queue| queue.batches.back()).is_none_or(ProducerBatch::is_full)
    }

    /// Batches waiting for each partition that has a leader, but those of nodes that are avoided; none unless every
    /// partition has had a batch (`RecordAccumulator#partitionReady`).
    fn queues(&self) -> Option<Vec<(PartitionIndex, u32)>> {
        let mut queues = Vec::with_capacity(self.partitions as usize);
        let mut tp = self.partition(0);
        for (n, node) in (0..self.partitions).zip(self.metadata.nodes_of(self.name)) {
            tp.partition = n;
            let queue = self.accumulator.queues.get(&tp)?;
            // Nobody waits for a node that nothing is queued for.
            if node.is_some_and(|node| queue.batches.is_empty() || !self.waits.is_avoided(node)) {
                queues.push((n, queue.batches.len() as u32));
            }
        }
        Some(queues)
    }
}

impl Partitioner {
    /// The partition of a record. If it is the sticky one, also how many bytes it takes before another has its turn in any case.
    pub(crate) fn choose(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        key: Option<&[u8]>,
        random: &mut Rng,
    ) -> (PartitionIndex, Option<u32>) {
        let partition = match (settings.strategy, key) {
            (Strategy::BuiltIn { ignore_keys: false }, Some(key)) => java_partition(key, topic.partitions),
            (Strategy::BuiltIn { .. }, _) => {
                let (partition, share_left) = self.built_in(now, settings, topic, random);
                return (partition, Some(share_left));
            }
            (Strategy::RoundRobin, _) => self.round_robin(topic),
            (Strategy::Crc32 { empty_is_random: true }, None | Some([])) => self.window(now, settings, topic, random),
            (Strategy::Crc32 { .. }, key) => librdkafka_partition(key.unwrap_or_default(), topic.partitions),
            (
                Strategy::Murmur2 { null_is_random: true }
                | Strategy::Fnv1a { null_is_random: true }
                | Strategy::Random,
                None,
            ) => self.window(now, settings, topic, random),
            (Strategy::Murmur2 { .. }, key) => java_partition(key.unwrap_or_default(), topic.partitions),
            (Strategy::Fnv1a { .. }, key) => fnv1a_partition(key.unwrap_or_default(), topic.partitions),
            // Only records without key stick to a partition.
            (Strategy::Random, Some(_)) => any_partition(topic, random),
        };
        (partition, None)
    }

    fn built_in(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        random: &mut Rng,
    ) -> (PartitionIndex, u32) {
        let share = settings.batch_bytes.max(1).saturating_mul(2);
        let known = self.sticky.get_shared(topic.name).filter(|sticky| sticky.partition < topic.partitions);
        // It has had its share, and moves on now that what kept it is full or gone (`RecordAccumulator#partitionChanged`).
        let is_over = |sticky: &Sticky| {
            sticky.produced_bytes >= settings.batch_bytes.max(1) && topic.is_all_full(sticky.partition)
        };
        if let Some(sticky) = known.filter(|sticky| !is_over(sticky)) {
            return (sticky.partition, share.saturating_sub(sticky.produced_bytes));
        }
        let partition = next_partition(topic, settings, random);
        self.sticky.insert(topic.name.clone(), Sticky { partition, produced_bytes: 0, since: now });
        (partition, share)
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
        let Some(sticky) = self.sticky.get_shared_mut(topic.name) else { return };
        sticky.produced_bytes += bytes;
        let share = settings.batch_bytes.max(1);
        if (sticky.produced_bytes >= share && may_switch) || sticky.produced_bytes >= share.saturating_mul(2) {
            *sticky = Sticky { partition: next_partition(topic, settings, random), produced_bytes: 0, since: now };
        }
    }

    fn round_robin(&mut self, topic: &TopicView<'_>) -> PartitionIndex {
        let counter = self.counters.entry(topic.name.clone()).or_default();
        let n = *counter & 0x7fff_ffff;
        *counter = counter.wrapping_add(1);
        let available = topic.metadata.available(topic.name);
        match available.len() {
            0 => (n % topic.partitions as u32) as i32,
            len => available[n as usize % len],
        }
    }

    /// librdkafka: one random partition for all that comes within the window, unless it has lost its leader
    /// (`rd_kafka_msg_sticky_partition`).
    fn window(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        topic: &TopicView<'_>,
        random: &mut Rng,
    ) -> PartitionIndex {
        let known = self.sticky.get_shared(topic.name).filter(|sticky| topic.has_leader(sticky.partition));
        match known {
            Some(sticky) if now.since(sticky.since) < settings.sticky_linger => sticky.partition,
            _ => {
                let partition = any_partition(topic, random);
                self.sticky.insert(topic.name.clone(), Sticky { partition, produced_bytes: 0, since: now });
                partition
            }
        }
    }
}

/// librdkafka: any partition; if that one has no leader, any other or the same (`rd_kafka_msg_partitioner_random`).
fn any_partition(topic: &TopicView<'_>, random: &mut Rng) -> PartitionIndex {
    let mut draw = || random.below(topic.partitions.max(1) as u64) as i32;
    let first = draw();
    if topic.has_leader(first) { first } else { draw() }
}

/// Java: any partition with a leader, or weighted by how short its queue is; of the own rack, if that matters and there is one
/// (`BuiltInPartitioner#nextPartition`).
fn next_partition(topic: &TopicView<'_>, settings: &ProducerSettings, random: &mut Rng) -> PartitionIndex {
    let rack = settings.rack.as_ref();
    let queues = if settings.adaptive { topic.queues() } else { None };
    if let Some(queues) = queues.filter(|queues| is_uneven(queues, topic.partitions)) {
        return by_load(&near(queues, rack, |(n, _), rack| topic.is_near(*n, rack)), random);
    }
    let available = near(topic.metadata.available(topic.name), rack, |n, rack| topic.is_near(*n, rack));
    match available.len() {
        0 => random.below(topic.partitions.max(1) as u64) as i32,
        len => available[random.index(len)],
    }
}

/// Those that are near the rack, or all if none is or there is no rack.
fn near<T: Copy>(all: Vec<T>, rack: Option<&Name>, is_near: impl Fn(&T, &Name) -> bool) -> Vec<T> {
    let Some(rack) = rack else { return all };
    let near: Vec<T> = all.iter().copied().filter(|one| is_near(one, rack)).collect();
    if near.is_empty() { all } else { near }
}

/// Whether there is a choice to make by load: queues differ, or partitions are left out (`#updatePartitionLoadStats`).
fn is_uneven(queues: &[(PartitionIndex, u32)], partitions: i32) -> bool {
    let is_even = queues.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let is_whole = queues.len() == partitions as usize;
    partitions >= 2 && !queues.is_empty() && !(is_even && is_whole)
}

/// A partition weighted by how short its queue is.
fn by_load(queues: &[(PartitionIndex, u32)], random: &mut Rng) -> PartitionIndex {
    let longest = queues.iter().map(|(_, queue)| *queue).max().unwrap_or(0);
    let weight = |queue: &u32| u64::from(longest + 1 - queue);
    let mut draw = random.below(queues.iter().map(|(_, queue)| weight(queue)).sum());
    for (partition, queue) in queues {
        match draw.checked_sub(weight(queue)) {
            Some(rest) => draw = rest,
            None => return *partition,
        }
    }
    unreachable!("a draw is less than the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BuiltInPartitioner#updatePartitionLoadStats`.
    #[test]
    fn a_choice_by_load_is_made_only_where_there_is_one() {
        let queues = |lengths: &[u32]| lengths.iter().zip(0..).map(|(n, at)| (at, *n)).collect::<Vec<_>>();
        assert!(is_uneven(&queues(&[0, 3, 1]), 3));
        assert!(!is_uneven(&queues(&[2, 2, 2]), 3), "they are alike");
        assert!(is_uneven(&queues(&[2, 2]), 3), "one is left out");
        assert!(is_uneven(&queues(&[2]), 3), "all but one are left out");
        assert!(!is_uneven(&queues(&[4]), 1) && !is_uneven(&[], 3), "there is nothing to choose");
    }

    /// The class's own example: queues of 0, 3 and 1 batches make weights of 4, 1 and 3.
    #[test]
    fn shorter_queues_are_chosen_more_often() {
        let mut random = Rng::new(7, 1, 1);
        let mut chosen = [0; 3];
        for _ in 0..8_000 {
            chosen[by_load(&[(0, 0), (1, 3), (2, 1)], &mut random) as usize] += 1;
        }
        assert!(
            chosen.iter().zip([4_000, 1_000, 3_000]).all(|(n, wanted)| (wanted - 200..=wanted + 200).contains(n)),
            "{chosen:?}"
        );
    }
}
