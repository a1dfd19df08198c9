//! Leader epochs and partition epochs never fall.


use ordered::SortedMap;
use protocol::{Note, TopicPartition};

use super::{Invariant, Sight};

/// The last epochs of each partition.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochsGrow {
    leader: SortedMap<TopicPartition, i32>,
    partition: SortedMap<TopicPartition, i32>,
}

impl Invariant for EpochsGrow {
    const ID: &'static str = "epochs-grow";
    const DOC: &'static str = "Leader epochs grow with every election, partition epochs with every change.";
    const SOURCE: &'static str = "PartitionRegistration#merge";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::LeaderElected { tp, leader_epoch, .. } => grow(&mut self.leader, tp, *leader_epoch, "leader epoch"),
            Note::IsrChanged { tp, partition_epoch, .. } => grow(&mut self.partition, tp, *partition_epoch, "partition epoch"),
            Note::TopicDeleted { topic } => {
                self.leader.retain(|tp, _| tp.topic != *topic);
                self.partition.retain(|tp, _| tp.topic != *topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn grow(last: &mut SortedMap<TopicPartition, i32>, tp: &TopicPartition, epoch: i32, what: &str) -> Result<(), String> {
    match last.insert(tp.clone(), epoch) {
        Some(before) if before >= epoch => Err(format!("{tp}: {what} {epoch} follows {before}")),
        _ => Ok(()),
    }
}
