//! At most one broker leads a partition in a leader epoch.


use protocol::{BrokerId, Note, TopicId, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;

/// Who appended as leader in the latest epoch of each partition, and of which topic of that name it was.
#[derive(Clone, Debug, Default)]
pub(super) struct OneLeaderPerEpoch {
    leaders: ByPartition<(TopicId, i32, BrokerId)>,
}

impl Invariant for OneLeaderPerEpoch {
    const ID: &'static str = "one-leader-per-epoch";
    const DOC: &'static str = "At most one broker leads a partition in a leader epoch.";
    const SOURCE: &'static str = "KIP-101; PartitionChangeBuilder";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Appended, Kind::TopicDeleted, Kind::TopicCreated]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            // Brokers append to a deleted topic until they hear of it.
            Note::Appended { tp, broker, as_leader: true, leader_epoch, .. } => {
                match sight.replica(*broker, tp) {
                    Some(replica) => self.see(tp, replica.topic_id, *leader_epoch, *broker),
                    None => Ok(()),
                }
            }
            Note::TopicDeleted { topic } | Note::TopicCreated { topic, .. } => {
                self.leaders.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl OneLeaderPerEpoch {
    fn see(&mut self, tp: &TopicPartition, topic_id: TopicId, epoch: i32, leader: BrokerId) -> Result<(), String> {
        match self.leaders.get(tp) {
            Some((id, ..)) if topic_id != *id => {
                self.leaders.insert(tp, (topic_id, epoch, leader));
                Ok(())
            }
            Some((_, known, other)) if *known == epoch && *other != leader => {
                Err(format!("{tp} has leaders {other} and {leader} in epoch {epoch}"))
            }
            Some((_, known, _)) if *known > epoch => Ok(()),
            _ => {
                self.leaders.insert(tp, (topic_id, epoch, leader));
                Ok(())
            }
        }
    }
}
