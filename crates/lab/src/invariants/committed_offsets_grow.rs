//! What a group has committed stays committed.

use ordered::{SortedMap, SortedSet};
use protocol::{GroupId, Note, TopicPartition};

use super::{Invariant, Sight};
use crate::replicas;

/// The last committed offset of each group and partition.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedOffsetsGrow {
    last: SortedMap<(GroupId, TopicPartition), i64>,
    /// Partitions that lost records: groups may go back in them, now or when they next ask for their offsets.
    torn: SortedSet<TopicPartition>,
}

const OFFSETS_TOPIC: &str = "__consumer_offsets";

impl Invariant for CommittedOffsetsGrow {
    const ID: &'static str = "committed-offsets-grow";
    const DOC: &'static str =
        "While a group has members its committed offsets do not fall, unless records they stood for are gone.";
    const SOURCE: &'static str = "ClassicGroup#validateOffsetCommit; KIP-447";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::OffsetsCommitted { group, offsets } => {
                for (topic, partition, offset) in offsets {
                    let tp = TopicPartition::new(topic.clone(), *partition);
                    self.committed(sight, group, tp, *offset)?;
                }
            }
            // Offsets may be gone with it, or what they stood for.
            Note::LeaderElected { tp, unclean: true, .. } if &*tp.topic == OFFSETS_TOPIC => self.last.clear(),
            Note::LeaderElected { tp, unclean: true, .. } => drop(self.torn.insert(tp.clone())),
            // An admin may set the offsets of a group without members, or delete it.
            Note::GroupState { group, state: "Empty", .. } => self.last.retain(|(of, _), _| of != group),
            Note::TopicDeleted { topic } => self.last.retain(|(_, tp), _| tp.topic != *topic),
            _ => {}
        }
        Ok(())
    }
}

impl CommittedOffsetsGrow {
    fn committed(&mut self, sight: &Sight<'_>, group: &GroupId, tp: TopicPartition, offset: i64) -> Result<(), String> {
        let before = self.last.insert((group.clone(), tp.clone()), offset).filter(|before| offset < *before);
        let Some(before) = before.filter(|_| !self.torn.contains(&tp)) else { return Ok(()) };
        let end = replicas::leader(sight.world, sight.layout, &tp).map(|leader| leader.log.log_end_offset());
        let has_members = replicas::groups(sight.world, sight.layout).iter().any(|known| known.id == *group && !known.members.is_empty());
        match has_members && end.is_some_and(|end| end >= before) {
            true => Err(format!("group {group} committed {offset} for {tp}, and had committed {before}")),
            false => Ok(()),
        }
    }
}
