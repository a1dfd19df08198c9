//! A group never commits an offset past the end of the leader's log.

use protocol::{Note, TopicPartition};

use super::{Invariant, Sight};
use crate::replicas;

/// Keeps nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedWithinLog;

impl Invariant for CommittedWithinLog {
    const ID: &'static str = "committed-within-log";
    const DOC: &'static str = "At the moment a group commits an offset some live replica's log reaches it.";
    const SOURCE: &'static str = "OffsetMetadataManager; engines: committed offset ≤ log end";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::OffsetsCommitted { group, offsets } = sight.note else { return Ok(()) };
        for (topic, partition, offset) in offsets {
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
