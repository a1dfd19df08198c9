//! At most one broker leads a partition in a leader epoch.

use std::collections::BTreeMap;

use protocol::{BrokerId, Note, TopicPartition};

use super::{Invariant, Sight};

/// Who was elected in the latest epoch of each partition.
#[derive(Clone, Debug, Default)]
pub(super) struct OneLeaderPerEpoch {
    leaders: BTreeMap<TopicPartition, (i32, BrokerId)>,
}

impl Invariant for OneLeaderPerEpoch {
    const ID: &'static str = "one-leader-per-epoch";
    const DOC: &'static str = "At most one broker leads a partition in a leader epoch.";
    const SOURCE: &'static str = "KIP-101; PartitionChangeBuilder";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::LeaderElected { tp, leader, leader_epoch, .. } => self.see(tp, *leader_epoch, *leader),
            Note::Appended { tp, broker, as_leader: true, leader_epoch, .. } => self.see(tp, *leader_epoch, *broker),
            Note::TopicDeleted { topic } => {
                self.leaders.retain(|tp, _| tp.topic != *topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl OneLeaderPerEpoch {
    fn see(&mut self, tp: &TopicPartition, epoch: i32, leader: BrokerId) -> Result<(), String> {
        match self.leaders.get(tp) {
            Some((known, other)) if *known == epoch && *other != leader => {
                Err(format!("{tp} has leaders {other} and {leader} in epoch {epoch}"))
            }
            Some((known, _)) if *known > epoch => Ok(()),
            _ => {
                self.leaders.insert(tp.clone(), (epoch, leader));
                Ok(())
            }
        }
    }
}
