//! A group never commits an offset past the end of the leader's log.

use ordered::SortedSet;
use protocol::{Note, TopicName, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;
use crate::replicas;

/// How far each partition's log ever went, and topics that were deleted: when one is made again, groups go on with
/// their offsets of the old one, in Kafka too.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedWithinLog {
    ends: ByPartition<i64>,
    deleted: SortedSet<TopicName>,
}

impl Invariant for CommittedWithinLog {
    const ID: &'static str = "committed-within-log";
    const DOC: &'static str = "A group commits no offset that its partition's log never reached.";
    const SOURCE: &'static str = "OffsetMetadataManager; engines: committed offset ≤ log end";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Truncated, Kind::TopicDeleted, Kind::OffsetsCommitted, Kind::HighWatermark]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::Truncated { tp, from, .. } => self.reached(tp, *from),
            Note::TopicDeleted { topic } => drop(self.deleted.insert(topic.clone())),
            Note::OffsetsCommitted { group, offsets } => {
                for (topic, partition, offset) in offsets {
                    if self.deleted.contains(topic) {
                        continue;
                    }
                    let tp = TopicPartition::new(topic.clone(), *partition);
                    self.look(sight, &tp);
                    let end = self.ends.get(&tp).copied().unwrap_or(0);
                    if *offset > end {
                        return Err(format!("group {group} committed {offset} for {tp}, whose log ends at {end}"));
                    }
                }
            }
            // What power takes from a log afterwards was there, and consumers were given it.
            Note::HighWatermark { tp, offset, .. } => self.reached(tp, *offset),
            _ => {}
        }
        Ok(())
    }
}

impl CommittedWithinLog {
    fn reached(&mut self, tp: &TopicPartition, end: i64) {
        let known = self.ends.slot(tp).get_or_insert(end);
        *known = end.max(*known);
    }

    /// How far replicas go now.
    fn look(&mut self, sight: &Sight<'_>, tp: &TopicPartition) {
        let ends = replicas::all(sight.world, sight.layout, tp).into_iter().map(|(_, replica)| replica.log.log_end_offset());
        if let Some(end) = ends.max() {
            self.reached(tp, end);
        }
    }
}
