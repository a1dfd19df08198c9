//! A group never commits an offset past the end of the leader's log.


use ordered::SortedSet;
use protocol::{Note, TopicName, TopicPartition};

use super::{Invariant, Sight};
use crate::replicas;

/// Topics that were deleted: when one is made again, groups go on with their offsets of the old one, in Kafka too.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedWithinLog {
    deleted: SortedSet<TopicName>,
}

impl Invariant for CommittedWithinLog {
    const ID: &'static str = "committed-within-log";
    const DOC: &'static str = "At the moment a group commits an offset some live replica's log reaches it.";
    const SOURCE: &'static str = "OffsetMetadataManager; engines: committed offset ≤ log end";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if let Note::TopicDeleted { topic } = sight.note {
            self.deleted.insert(topic.clone());
        }
        let Note::OffsetsCommitted { group, offsets } = sight.note else { return Ok(()) };
        for (topic, partition, offset) in offsets.iter().filter(|(topic, ..)| !self.deleted.contains(topic)) {
            let tp = TopicPartition::new(topic.clone(), *partition);
            let ends = replicas::all(sight.world, sight.layout, &tp).into_iter().map(|(_, replica)| replica.log.log_end_offset());
            if let Some(end) = ends.max()
                && *offset > end
            {
                return Err(format!("group {group} committed {offset} for {tp}, whose log ends at {end}"));
            }
        }
        Ok(())
    }
}
