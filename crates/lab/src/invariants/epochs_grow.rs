//! Leader epochs and partition epochs never fall.


use protocol::{BrokerId, Note, TopicId, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;

/// What was last committed of each partition. Decisions that are not committed may be taken again, by another controller.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochsGrow {
    last: ByPartition<Committed>,
}

#[derive(Clone, Copy, Debug)]
struct Committed {
    topic_id: TopicId,
    metadata_offset: i64,
    leader: BrokerId,
    leader_epoch: i32,
    partition_epoch: i32,
}

impl Invariant for EpochsGrow {
    const ID: &'static str = "epochs-grow";
    const DOC: &'static str = "Leader epochs grow with every election, partition epochs never fall.";
    const SOURCE: &'static str = "PartitionRegistration#merge";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::LeaderElected, Kind::IsrChanged, Kind::Truncated, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::LeaderElected { tp, .. } | Note::IsrChanged { tp, .. } | Note::Truncated { tp, .. } => {
                let Some(now) = committed(sight, tp) else { return Ok(()) };
                match self.last.insert(tp, now) {
                    Some(before) => grow(tp, before, now),
                    None => Ok(()),
                }
            }
            Note::TopicDeleted { topic } => {
                self.last.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn committed(sight: &Sight<'_>, tp: &TopicPartition) -> Option<Committed> {
    let image = sight.image()?;
    let record = image.partition_of(&tp.topic, tp.partition)?;
    Some(Committed {
        topic_id: record.topic_id,
        metadata_offset: image.offset,
        leader: record.leader,
        leader_epoch: record.leader_epoch,
        partition_epoch: record.partition_epoch,
    })
}

fn grow(tp: &TopicPartition, before: Committed, now: Committed) -> Result<(), String> {
    // Whoever becomes active may have applied less of the log so far than who was.
    if now.topic_id != before.topic_id || now.metadata_offset < before.metadata_offset {
        return Ok(());
    }
    if now.partition_epoch < before.partition_epoch || now.leader_epoch < before.leader_epoch {
        return Err(format!(
            "{tp}: leader and partition epoch ({}, {}) follow ({}, {})",
            now.leader_epoch, now.partition_epoch, before.leader_epoch, before.partition_epoch
        ));
    }
    if now.leader != before.leader && now.leader_epoch == before.leader_epoch {
        return Err(format!("{tp}: leaders {} and {} in leader epoch {}", before.leader, now.leader, now.leader_epoch));
    }
    Ok(())
}
