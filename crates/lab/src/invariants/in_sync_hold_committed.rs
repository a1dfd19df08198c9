//! Everything below a leader's high watermark is on every in-sync replica (StrongIsr).

use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, Note, TopicId, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;
use crate::replicas::Replica;

/// How far leaders' high watermarks went, and of which topic of that name, until an unclean election.
#[derive(Clone, Debug, Default)]
pub(super) struct InSyncHoldCommitted {
    committed: ByPartition<(TopicId, i64)>,
    /// The epoch of the last unclean election. It is noted before it is committed, and meanwhile the leader before goes on.
    unclean: ByPartition<i32>,
    /// Whom a leader has let join without knowing it: see [`Sight::is_forgotten_joiner`].
    forgotten: ByPartition<BrokerId>,
}

impl Invariant for InSyncHoldCommitted {
    const ID: &'static str = "in-sync-hold-committed";
    const DOC: &'static str = "Everything below a leader's high watermark is on every replica in the committed ISR.";
    const SOURCE: &'static str = "TLA+ kafka-specification, StrongIsr; KIP-101";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark, Kind::Truncated, Kind::IsrChanged, Kind::LeaderElected, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::HighWatermark { tp, broker, offset } => self.moved(sight, tp, *broker, *offset),
            Note::Truncated { tp, broker, .. } => self.cut(sight, tp, *broker),
            Note::IsrChanged { .. } | Note::LeaderElected { .. } if !sight.is_by_active_controller() => Ok(()),
            Note::IsrChanged { tp, isr, previous, .. } => {
                isr.iter().filter(|id| !previous.contains(id)).try_for_each(|id| self.joined(sight, tp, *id))
            }
            Note::LeaderElected { tp, unclean: true, leader_epoch, .. } => {
                self.committed.remove(tp);
                self.unclean.insert(tp, *leader_epoch);
                Ok(())
            }
            Note::TopicDeleted { topic } => {
                self.committed.forget_topic(topic);
                self.unclean.forget_topic(topic);
                self.forgotten.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl InSyncHoldCommitted {
    /// A high watermark moved: of a leader it must be everywhere in the ISR.
    fn moved(&mut self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId, offset: i64) -> Result<(), String> {
        let Some((record, leader)) = led(sight, tp, broker) else { return Ok(()) };
        // After an unclean election a leader of the epoch before commits what nobody has to keep.
        if leader.leader_epoch < record.leader_epoch.max(self.unclean.get(tp).copied().unwrap_or(0)) {
            return Ok(());
        }
        let known = self.committed.slot(tp).get_or_insert((leader.topic_id, offset));
        *known = if known.0 == leader.topic_id { (known.0, known.1.max(offset)) } else { (leader.topic_id, offset) };
        for id in &record.isr {
            if let Some(end) = sight.serving_end(tp, *id)
                && end < offset
                && self.forgotten.get(tp) != Some(id)
            {
                return Err(format!("{tp}: the high watermark is {offset} on broker {broker}, and broker {id}, in sync, ends at {end}"));
            }
        }
        Ok(())
    }

    /// A log was cut: not below what is committed, if it is in sync.
    fn cut(&self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId) -> Result<(), String> {
        let in_sync = sight.record(tp).is_some_and(|record| record.isr.contains(&broker));
        if in_sync { self.holds(sight, tp, broker, "was cut") } else { Ok(()) }
    }

    /// A replica joined the ISR, or will when that is committed.
    fn joined(&mut self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId) -> Result<(), String> {
        if sight.is_forgotten_joiner(tp, broker) {
            self.forgotten.insert(tp, broker);
            return Ok(());
        }
        self.forgotten.remove(tp);
        self.holds(sight, tp, broker, "joined the ISR")
    }

    fn holds(&self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId, what: &str) -> Result<(), String> {
        let (Some((topic_id, committed)), Some(replica)) =
            (self.committed.get(tp), sight.replica(broker, tp))
        else {
            return Ok(());
        };
        match sight.serving_end(tp, broker) {
            Some(end) if replica.topic_id == *topic_id && end < *committed => {
                Err(format!("{tp}: broker {broker} {what} and ends at {end}, and {committed} is committed"))
            }
            _ => Ok(()),
        }
    }
}

/// The partition's record and the replica, if `broker` leads it in the committed epoch.
fn led<'a>(sight: &Sight<'a>, tp: &TopicPartition, broker: BrokerId) -> Option<(&'a PartitionRecord, Replica<'a>)> {
    let record = sight.record(tp)?;
    let replica = sight.replica(broker, tp)?;
    (replica.is_leader && replica.leader_epoch <= record.leader_epoch).then_some((record, replica))
}
