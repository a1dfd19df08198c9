//! What a coordinator told a group is committed, its successor has too.

use cluster::KafkaProcess;
use ordered::{SortedMap, SortedSet};
use protocol::{BrokerId, GroupId, Note, OFFSETS_TOPIC, PartitionIndex, TopicName, TopicPartition};

use super::committed_offsets_grow::coordinator;
use super::{Invariant, Kind, Kinds, Sight};

/// What groups were told, and what excuses its loss.
#[derive(Clone, Debug, Default)]
pub(super) struct CommitsSurvive {
    /// By partition of `__consumer_offsets`, group and partition.
    told: SortedMap<(PartitionIndex, GroupId, TopicPartition), Told>,
    /// The leader epoch in which each partition of `__consumer_offsets` was written last.
    epochs: SortedMap<PartitionIndex, i32>,
    /// Their offsets go with them, sooner or later.
    deleted: SortedSet<TopicName>,
}

/// A commit.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// The offset that was committed.
    offset: i64,
    /// Where in `__consumer_offsets` it stands.
    record_offset: i64,
    /// When it was written, wall clock ms: it expires.
    at_ms: i64,
}

impl Invariant for CommitsSurvive {
    const ID: &'static str = "commits-survive";
    const DOC: &'static str =
        "Who takes a group over has what was committed in it, unless as many hosts lost power as had to hold it.";
    const SOURCE: &'static str = "CoordinatorRuntime; Kafka's documentation, Availability and Durability Guarantees";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::OffsetsCommitted, Kind::Appended, Kind::LeaderElected, Kind::TopicDeleted, Kind::GroupState]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::OffsetsCommitted { group, offsets } => self.told(sight, group, offsets),
            Note::Appended { tp, broker, as_leader: true, leader_epoch, .. } if &*tp.topic == OFFSETS_TOPIC => {
                let is_leader =
                    sight.record(tp).is_some_and(|record| (record.leader, record.leader_epoch) == (*broker, *leader_epoch));
                let before = self.epochs.get(&tp.partition).copied();
                if is_leader && before.is_none_or(|before| before < *leader_epoch) {
                    self.epochs.insert(tp.partition, *leader_epoch);
                    return self.taken_over(sight, tp, *broker);
                }
            }
            Note::LeaderElected { tp, unclean: true, .. } if &*tp.topic == OFFSETS_TOPIC => {
                self.told.retain(|(partition, ..), _| *partition != tp.partition);
            }
            Note::TopicDeleted { topic } => {
                self.told.retain(|(_, _, tp), _| tp.topic != *topic);
                self.deleted.insert(topic.clone());
            }
            // An admin deleted it, or it expired.
            Note::GroupState { group, state: "Dead", reason, .. } if matches!(&**reason, "deleted" | "expired") => {
                self.told.retain(|(_, of, _), _| of != group);
            }
            _ => {}
        }
        Ok(())
    }
}

impl CommitsSurvive {
    fn told(&mut self, sight: &Sight<'_>, group: &GroupId, offsets: &[(TopicName, PartitionIndex, i64)]) {
        let Some((shard_partition, shard)) = coordinator(sight, group) else { return };
        let Some(newest) = shard.hard().offsets.get(group) else { return };
        for (topic, partition, offset) in offsets.iter().filter(|(topic, ..)| !self.deleted.contains(topic)) {
            let key = (topic.clone(), *partition);
            let committed = shard.committed(group).find(|(held, _)| **held == key).map(|(_, held)| held);
            // Below the high watermark, as it should be; or else what was written last.
            if let Some(held) = committed.into_iter().chain(newest.get(&key)).find(|held| held.offset == *offset) {
                let key = (shard_partition, group.clone(), TopicPartition::new(topic.clone(), *partition));
                let (record_offset, at_ms) = (held.record_offset, held.commit_timestamp_ms);
                self.told.insert(key, Told { offset: *offset, record_offset, at_ms });
            }
        }
    }

    /// A broker writes to a partition of `__consumer_offsets` for the first time in its epoch: what it had loaded is what it
    /// has below the high watermark.
    fn taken_over(&self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId) -> Result<(), String> {
        let Some(shards) = sight.world.machine(sight.node).kafka().and_then(KafkaProcess::broker) else { return Ok(()) };
        let Some((_, shard)) = shards.shards().find(|(partition, _)| *partition == tp.partition) else { return Ok(()) };
        let reach = sight.replica(broker, tp).map_or(1, |replica| replica.log.config().min_insync_replicas);
        let replicas = sight.record(tp).map_or(1, |record| record.replicas.len());
        if sight.dark.len() >= usize::try_from(reach).unwrap_or(1).min(replicas) {
            return Ok(());
        }
        for ((_, group, of), told) in self.told.iter().filter(|((partition, ..), _)| *partition == tp.partition) {
            let key = (of.topic.clone(), of.partition);
            let held = shard.committed(group).find(|(held, _)| **held == key).map(|(_, offset)| offset.record_offset);
            if held.is_none_or(|held| held < told.record_offset) && !has_expired(sight, told) {
                let Told { offset, record_offset, .. } = told;
                return Err(format!(
                    "broker {broker} takes over group {group} without its commit of {offset} for {of}, at offset {record_offset} of {tp}"
                ));
            }
        }
        Ok(())
    }
}

/// Whether the offset may be gone by age.
fn has_expired(sight: &Sight<'_>, told: &Told) -> bool {
    const A_WEEK_MIN: i64 = 7 * 24 * 60;
    let spec = sight.world.machine(sight.node).kafka().map(KafkaProcess::spec);
    let minutes = spec.and_then(|spec| spec.property("offsets.retention.minutes")?.parse().ok()).unwrap_or(A_WEEK_MIN);
    protocol::wall_ms(sight.world.now().as_nanos()) - told.at_ms >= minutes * 60_000
}
