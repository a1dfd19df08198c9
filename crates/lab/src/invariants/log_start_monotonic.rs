//! A replica's log start never falls, and never passes its high watermark.

use protocol::{Note, TopicId};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// The last log start of each replica, and of which topic of that name it was.
#[derive(Clone, Debug, Default)]
pub(super) struct LogStartMonotonic {
    last: ByReplica<(TopicId, i64)>,
}

impl Invariant for LogStartMonotonic {
    const ID: &'static str = "log-start-monotonic";
    const DOC: &'static str = "A log start never falls but by a truncation, and never passes the high watermark.";
    const SOURCE: &'static str = "UnifiedLog#maybeIncrementLogStartOffset; KIP-107";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark, Kind::SegmentsDeleted, Kind::Truncated, Kind::ReplicaRemoved, Kind::BrokerState, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::HighWatermark { tp, broker, .. } | Note::SegmentsDeleted { tp, broker, .. } => {
                let Some(replica) = sight.replica(*broker, tp) else { return Ok(()) };
                let (start, high_watermark) = (replica.log.log_start_offset(), replica.log.high_watermark());
                if start > high_watermark {
                    return Err(format!(
                        "{tp} on broker {broker}: log start {start} is past the high watermark {high_watermark}"
                    ));
                }
                match self.last.insert(tp, *broker, (replica.topic_id, start)) {
                    Some((topic_id, before)) if topic_id == replica.topic_id && before > start => {
                        Err(format!("{tp} on broker {broker}: log start fell from {before} to {start}"))
                    }
                    _ => Ok(()),
                }
            }
            // A log that is cut below its start begins at the cut; one that lost its disk cache may have been.
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
