//! Offsets have no holes: each append begins where the log ended.

use protocol::{BrokerId, Note, TopicId};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// Where each replica's log ended after its last append, and of which topic of that name it was.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetsDense {
    ends: ByReplica<(TopicId, i64)>,
}

impl Invariant for OffsetsDense {
    const ID: &'static str = "offsets-dense";
    const DOC: &'static str = "A replica appends where its log ended, unless it was cut, emptied, or lost its host's power in between.";
    const SOURCE: &'static str = "UnifiedLog#append; LogValidator";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Appended, Kind::Truncated, Kind::ReplicaRemoved, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::Appended { tp, broker, base, next, .. } => {
                let Some(replica) = sight.replica(*broker, tp) else {
                    // A controller that has just been elected may not know the topic yet.
                    self.ends.remove(tp, *broker);
                    return Ok(());
                };
                let topic_id = replica.topic_id;
                match self.ends.insert(tp, *broker, (topic_id, *next)) {
                    Some((id, end)) if id == topic_id && end != *base => {
                        Err(format!("{tp} on broker {broker}: appended at {base}, and the log ended at {end}"))
                    }
                    _ => Ok(()),
                }
            }
            Note::Truncated { tp, broker, .. } | Note::ReplicaRemoved { tp, broker } => {
                self.ends.remove(tp, *broker);
                Ok(())
            }
            Note::TopicDeleted { topic } => {
                self.ends.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn power_lost(&mut self, broker: BrokerId) {
        self.ends.forget_broker(broker);
    }
}
