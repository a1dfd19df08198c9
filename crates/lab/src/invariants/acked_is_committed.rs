//! What acks=all acknowledged was committed.

use protocol::{Note, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;

/// The highest high watermark any leader had.
#[derive(Clone, Debug, Default)]
pub(super) struct AckedIsCommitted {
    committed: ByPartition<i64>,
}

impl Invariant for AckedIsCommitted {
    const ID: &'static str = "acked-is-committed";
    const DOC: &'static str = "What was acknowledged with acks=all, or given to a consumer, lies below a leader's high watermark.";
    const SOURCE: &'static str = "DelayedProduce; FetchIsolation#HIGH_WATERMARK";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark, Kind::Acked, Kind::Delivered]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            // A follower's is never ahead of its leader's.
            Note::HighWatermark { tp, offset, .. } => {
                let known = self.committed.slot(tp).get_or_insert(*offset);
                *known = (*known).max(*offset);
                Ok(())
            }
            Note::Acked { tp, offset, acks: -1, values, .. } if *offset >= 0 => {
                self.reaches(tp, offset + values.len() as i64, "acknowledged")
            }
            Note::Delivered { tp, last, .. } => self.reaches(tp, last + 1, "given to a consumer"),
            _ => Ok(()),
        }
    }
}

impl AckedIsCommitted {
    fn reaches(&self, tp: &TopicPartition, next: i64, what: &str) -> Result<(), String> {
        match self.committed.get(tp).copied().unwrap_or(0) {
            committed if committed < next => {
                Err(format!("{tp}: offset {} was {what}, and the high watermark never passed {committed}", next - 1))
            }
            _ => Ok(()),
        }
    }
}
