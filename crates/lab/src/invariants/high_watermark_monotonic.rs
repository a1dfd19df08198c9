//! A replica's high watermark never moves back.

use protocol::{Note, TopicId};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// The last high watermark of each replica, and of which topic of that name it was.
#[derive(Clone, Debug, Default)]
pub(super) struct HighWatermarkMonotonic {
    last: ByReplica<(TopicId, i64)>,
}

impl Invariant for HighWatermarkMonotonic {
    const ID: &'static str = "high-watermark-monotonic";
    const DOC: &'static str =
        "A replica's high watermark never moves back unless its log was cut or it was restarted, and never passes the log's end.";
    const SOURCE: &'static str = "Partition#maybeIncrementLeaderHW; RaftEventSimulationTest.MonotonicHighWatermark";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark, Kind::Truncated, Kind::ReplicaRemoved, Kind::BrokerState, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::HighWatermark { tp, broker, offset } => {
                let Some(replica) = sight.replica(*broker, tp) else { return Ok(()) };
                let end = replica.log.log_end_offset();
                if *offset > end {
                    return Err(format!("{tp} on broker {broker}: high watermark {offset} is past the log's end {end}"));
                }
                let topic_id = replica.topic_id;
                match self.last.insert(tp, *broker, (topic_id, *offset)) {
                    Some((id, before)) if id == topic_id && before > *offset => {
                        Err(format!("{tp} on broker {broker}: high watermark fell from {before} to {offset}"))
                    }
                    _ => Ok(()),
                }
            }
            // A truncation may take the high watermark with it, and a restart begins from the checkpoint.
            Note::Truncated { tp, broker, .. } | Note::ReplicaRemoved { tp, broker } => {
                self.last.remove(tp, *broker);
                Ok(())
            }
            Note::BrokerState { broker, .. } => {
                self.last.forget_broker(*broker);
                Ok(())
            }
            Note::TopicDeleted { topic } => {
                self.last.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
