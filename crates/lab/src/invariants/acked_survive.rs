//! What acks=all acknowledged survives while one who had to hold it does.

use ordered::SortedSet;
use protocol::{BrokerId, Note, TopicId, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;

/// How far acknowledgements reached, and what excuses their loss.
#[derive(Clone, Debug, Default)]
pub(super) struct AckedSurvive {
    acked: ByPartition<Promise>,
    /// Partitions that were led uncleanly: from then on nothing is promised of them.
    torn: SortedSet<TopicPartition>,
}

/// What acks=all promised of a partition.
#[derive(Clone, Copy, Debug)]
struct Promise {
    /// Of which topic of its name: one that is deleted acknowledges until brokers have heard of it.
    topic_id: TopicId,
    /// The offset after the last record acknowledged.
    end: i64,
    /// The fewest replicas that had to hold a record when it was acknowledged.
    reach: usize,
}

impl Invariant for AckedSurvive {
    const ID: &'static str = "acked-survive";
    const DOC: &'static str =
        "Who is elected from ISR or ELR has all that acks=all acknowledged, unless as many hosts lost power as had to hold it.";
    const SOURCE: &'static str = "KIP-966; Kafka's documentation, Availability and Durability Guarantees";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Acked, Kind::LeaderElected, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::Acked { tp, topic_id, offset, acks: -1, values, .. }
                if *offset >= 0 && is_of_today(sight, tp, *topic_id) =>
            {
                self.promised(sight, tp, *topic_id, offset + values.len() as i64);
                Ok(())
            }
            Note::LeaderElected { .. } if !sight.is_by_active_controller() => Ok(()),
            Note::LeaderElected { tp, leader, unclean: false, .. } if leader.is_some() => self.elected(sight, tp, *leader),
            Note::LeaderElected { tp, unclean: true, .. } => {
                self.acked.remove(tp);
                self.torn.insert(tp.clone());
                Ok(())
            }
            Note::TopicDeleted { topic } => {
                self.acked.forget_topic(topic);
                self.torn.retain(|tp| tp.topic != *topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl AckedSurvive {
    fn promised(&mut self, sight: &Sight<'_>, tp: &TopicPartition, topic_id: TopicId, end: i64) {
        if self.torn.contains(tp) {
            return;
        }
        let Some(record) = sight.record(tp) else { return };
        let min_isr = sight.replica(record.leader, tp).map_or(1, |leader| leader.log.config().min_insync_replicas);
        let reach = usize::try_from(min_isr).unwrap_or(1).min(record.replicas.len());
        match self.acked.get_mut(tp).filter(|known| known.topic_id == topic_id) {
            Some(known) => *known = Promise { topic_id, end: known.end.max(end), reach: known.reach.min(reach) },
            None => drop(self.acked.insert(tp, Promise { topic_id, end, reach })),
        }
    }

    fn elected(&self, sight: &Sight<'_>, tp: &TopicPartition, leader: BrokerId) -> Result<(), String> {
        let is_due = |promise: &&Promise| sight.dark.len() < promise.reach && is_of_today(sight, tp, promise.topic_id);
        let promise = self.acked.get(tp).filter(is_due);
        let (Some(promise), Some(end)) = (promise, sight.serving_end(tp, leader)) else { return Ok(()) };
        match end < promise.end {
            true => Err(format!("{tp}: broker {leader} is to lead and ends at {end}, and {} was acknowledged", promise.end - 1)),
            false => Ok(()),
        }
    }
}

/// Whether an id is that of the topic that has the name now.
fn is_of_today(sight: &Sight<'_>, tp: &TopicPartition, id: TopicId) -> bool {
    sight.image().is_some_and(|image| image.by_name.get_shared(&tp.topic) == Some(&id))
}
