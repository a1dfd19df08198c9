//! What a group has committed stays committed.

use clients::Consumer;
use cluster::KafkaProcess;
use coordinator::GroupShard;
use kernel::NodeState;
use ordered::{SortedMap, SortedSet};
use protocol::api::ApiKey;
use protocol::{ErrorCode, GroupId, Note, OFFSETS_TOPIC, PartitionIndex, TopicId, TopicName, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;
use crate::replicas;

/// The last committed offset of each group and partition.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedOffsetsGrow {
    last: SortedMap<(GroupId, TopicPartition), i64>,
    /// Partitions that lost records: groups may go back in them, now or when they next ask for their offsets.
    torn: SortedSet<TopicPartition>,
    /// Topics that were deleted: what was asked before may be committed after they were made again.
    remade: SortedSet<TopicName>,
    /// How far groups were given records of those that were made again, by the topic that was read.
    given: SortedMap<(GroupId, TopicPartition), (TopicId, i64)>,
    /// The highest committed offset of any group, by partition.
    highest: ByPartition<i64>,
    /// What two members of a group were given (`one_owner.rs` says when that is right): each commits how far it is itself.
    shared: SortedSet<(GroupId, TopicPartition)>,
}

impl Invariant for CommittedOffsetsGrow {
    const ID: &'static str = "committed-offsets-grow";
    const DOC: &'static str =
        "While a group has members its committed offsets do not fall, unless records they stood for are gone.";
    const SOURCE: &'static str = "ClassicGroup#validateOffsetCommit; KIP-447";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::OffsetsCommitted, Kind::Delivered, Kind::LeaderElected, Kind::ClientError, Kind::Appended, Kind::GroupState, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            // One that was paused when another took over tells late of what it had committed before.
            Note::OffsetsCommitted { group, offsets } => {
                let Some((_, shard)) = coordinator(sight, group) else { return Ok(()) };
                for (topic, partition, offset) in offsets {
                    let tp = TopicPartition::new(topic.clone(), *partition);
                    // Its replicas were slow, and the topic was deleted meanwhile: so is the offset, further down its log.
                    let held = shard.hard().offsets.get(group);
                    let is_held = held.is_some_and(|held| held.contains_key(&(topic.clone(), *partition)));
                    match is_held && (!self.remade.contains(topic) || self.was_given(sight, group, &tp, *offset)) {
                        true => self.committed(sight, group, tp, *offset)?,
                        false => drop(self.last.remove(&(group.clone(), tp))),
                    }
                }
            }
            Note::Delivered { group: Some(group), tp, topic_id, last, .. } if self.remade.contains(&tp.topic) => {
                let given = self.given.entry((group.clone(), tp.clone())).or_insert((*topic_id, 0));
                let before = if given.0 == *topic_id { given.1 } else { 0 };
                *given = (*topic_id, before.max(last + 1));
            }
            // Offsets may be gone with it, or what they stood for.
            Note::LeaderElected { tp, unclean: true, .. } if &*tp.topic == OFFSETS_TOPIC => self.last.clear(),
            Note::LeaderElected { tp, unclean: true, .. } => drop(self.torn.insert(tp.clone())),
            // A leader that removed what a consumer wanted next, and lost touch with its followers, sends it back to the start.
            Note::ClientError { api: ApiKey::Fetch, error: ErrorCode::OffsetOutOfRange, .. } => {
                self.last.retain(|(_, tp), offset| {
                    let replicas = replicas::all(sight.world, sight.layout, tp);
                    replicas.iter().all(|(_, replica)| replica.log.log_start_offset() <= *offset)
                });
            }
            // A leader that lost records, and writes others at their offsets (power loss without a replica that has them).
            Note::Appended { tp, broker, base, as_leader: true, .. }
                if self.highest.get(tp).is_some_and(|highest| base < highest)
                    && sight.record(tp).is_some_and(|record| record.leader == *broker) =>
            {
                self.last.retain(|(_, of), offset| of != tp || *offset <= *base);
                self.highest.insert(tp, *base);
            }
            Note::GroupState { group, state: "Stable", .. } => {
                if let Some(known) = replicas::group(sight.world, sight.layout, group) {
                    self.shared.extend(known.shared().into_iter().map(|(tp, _)| (group.clone(), tp)));
                }
            }
            // An admin may set the offsets of a group without members, or delete it.
            Note::GroupState { group, state: "Empty", .. } => self.last.retain(|(of, _), _| of != group),
            Note::TopicDeleted { topic } => {
                self.last.retain(|(_, tp), _| tp.topic != *topic);
                self.remade.insert(topic.clone());
            }
            _ => {}
        }
        Ok(())
    }
}

/// The partition of `__consumer_offsets` and the shard that a group is in, if who reports this leads it, as far as is decided.
pub(super) fn coordinator<'a>(sight: &Sight<'a>, group: &GroupId) -> Option<(PartitionIndex, &'a GroupShard)> {
    let broker = sight.world.machine(sight.node).kafka().and_then(KafkaProcess::broker)?;
    let mut shards = broker.shards().filter(|(_, shard)| shard.groups().any(|known| known.id() == group));
    shards.find(|(partition, _)| {
        let tp = TopicPartition::new(OFFSETS_TOPIC, *partition);
        sight.record(&tp).is_some_and(|record| sight.layout.brokers.get(&record.leader) == Some(&sight.node))
    })
}

/// The consumers of a group that run.
fn consumers<'a>(sight: &Sight<'a>, group: &GroupId) -> impl Iterator<Item = &'a Consumer> {
    let running = sight.world.node_ids().filter(|node| sight.world.state(*node) == NodeState::Running);
    let consumers = running.filter_map(|node| sight.world.machine(node).app().and_then(shell::AppProcess::consumer));
    consumers.filter(move |consumer| consumer.group().is_some_and(|its| its == group))
}

/// Whether a member that has read on to there asked for this commit earlier, and a coordinator that was slow, and leads again, does
/// it only now, or what was on its way over a connection that broke came after what went over the next one: Kafka takes any commit of the
/// generation (sweep seeds 268 and 101084).
fn is_late(sight: &Sight<'_>, group: &GroupId, tp: &TopicPartition, offset: i64, read_to: i64) -> bool {
    let groups = replicas::groups(sight.world, sight.layout);
    let is_member = |id| groups.iter().any(|known| known.id == *group && known.members.iter().any(|m| m.id == id));
    consumers(sight, group).any(|consumer| {
        is_member(consumer.member())
            && consumer.position(tp).is_some_and(|at| at >= read_to)
            && consumer.commits_under_way().any(|(of, asked)| of == tp && asked == offset)
    })
}

/// Whether a broker that runs has not heard yet that a topic was made again.
fn is_behind(sight: &Sight<'_>, topic: &TopicName) -> bool {
    let today = sight.image().and_then(|image| image.by_name.get(topic));
    let running = sight.layout.brokers.values().filter(|node| sight.world.state(**node) == NodeState::Running);
    let mut processes = running.filter_map(|node| sight.world.machine(*node).kafka());
    processes.any(|process| process.image().by_name.get(topic) != today)
}

impl CommittedOffsetsGrow {
    /// Whether the group was given what comes before this offset in the topic of today. If not, the offset is one of a topic of that
    /// name that is gone: Kafka takes commits by name (sweep seeds 4556 and 4752), and a consumer goes on where it was until it hears
    /// from the new leader that its log has parted ways before (`SubscriptionState#maybeCompleteValidation`; sweep seed 9718).
    fn was_given(&self, sight: &Sight<'_>, group: &GroupId, tp: &TopicPartition, offset: i64) -> bool {
        let today = sight.image().and_then(|image| image.by_name.get(&tp.topic));
        let given = self.given.get(&(group.clone(), tp.clone()));
        given.is_some_and(|(topic_id, next)| Some(topic_id) == today && offset <= *next)
    }

    fn committed(&mut self, sight: &Sight<'_>, group: &GroupId, tp: TopicPartition, offset: i64) -> Result<(), String> {
        let highest = self.highest.slot(&tp).get_or_insert(offset);
        *highest = offset.max(*highest);
        let of_group = (group.clone(), tp.clone());
        let may_fall = self.torn.contains(&tp) || self.shared.contains(&of_group);
        let before = self.last.insert(of_group, offset).filter(|before| offset < *before);
        let Some(before) = before.filter(|_| !may_fall) else { return Ok(()) };
        let end = sight.leader(&tp).map(|leader| leader.log.log_end_offset());
        let has_members = replicas::groups(sight.world, sight.layout).iter().any(|known| known.id == *group && !known.members.is_empty());
        // Where a topic was made again a member goes back to where the old one ends, if a broker that has not heard of the new one is
        // asked (`judge::anomalies`, `poll`; sweep seeds 104053 and 305427).
        let is_remade = self.remade.contains(&tp.topic);
        let read_to = if is_remade { 0 } else { before };
        if is_remade && is_behind(sight, &tp.topic) || is_late(sight, group, &tp, offset, read_to) {
            return Ok(());
        }
        match has_members && end.is_some_and(|end| end >= before) {
            true => Err(format!("group {group} committed {offset} for {tp}, and had committed {before}")),
            false => Ok(()),
        }
    }
}
