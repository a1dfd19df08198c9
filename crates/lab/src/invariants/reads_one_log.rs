//! What a consumer reads on is of the log that it has read. After an unclean election, or when power took records, the next leader may
//! have others below a consumer's position: it must find out and go back, or what it hands out is of no log that ever was.

use kernel::NodeId;
use ordered::SortedMap;
use protocol::api::ApiKey;
use protocol::{ErrorCode, Note, TopicId};

use super::{Invariant, Kind, Kinds, Sight};
use crate::by_partition::ByPartition;
use crate::replicas;

/// The last record that a consumer was given of a partition: its topic, offset and leader epoch.
type Last = (TopicId, i64, i32);

/// How far each consumer has read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadsOneLog {
    last: SortedMap<NodeId, ByPartition<Last>>,
}

impl Invariant for ReadsOneLog {
    const ID: &'static str = "reads-one-log";
    const DOC: &'static str = "A consumer that reads on has read what comes before in that log, or has gone back.";
    const SOURCE: &'static str = "KIP-320; SubscriptionState#maybeCompleteValidation";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Delivered, Kind::Assigned, Kind::Revoked, Kind::ClientError]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::Delivered { tp, topic_id, first, last, .. } => {
                let program = sight.world.machine(sight.node).app();
                let epoch = program.and_then(shell::AppProcess::consumer).map_or(-1, |consumer| consumer.epoch(tp));
                let before = self.last.entry(sight.node).or_default().insert(tp, (*topic_id, *last, epoch));
                let Some((topic, at, read)) = before else { return Ok(()) };
                let reads_on = topic == *topic_id && at < *first && 0 <= read && read < epoch;
                if !reads_on {
                    return Ok(());
                }
                let Some(leader) = sight.leader(tp) else { return Ok(()) };
                // One record has one offset and one epoch: that this one is in the log tells which log was read.
                let epoch_at = |offset| replicas::batch_at(leader.log, offset).map(|batch| batch.leader_epoch);
                // A consumer goes back only if the largest epoch below its own ends before its position. That may reach further: then
                // nothing tells (`SubscriptionState#maybeCompleteValidation` does not look at the epoch; sweep seed 304447).
                if at < leader.log.end_offset_for_epoch(read).end_offset {
                    return Ok(());
                }
                match epoch_at(at) {
                    Some(stands) if stands != read && epoch_at(*last) == Some(epoch) => Err(format!(
                        "{tp}: a consumer that had offset {at} of leader epoch {read} was given {first} of epoch {epoch}, before which \
                         there is {at} of epoch {stands}"
                    )),
                    _ => Ok(()),
                }
            }
            Note::Assigned { .. }
            | Note::Revoked { .. }
            | Note::ClientError { api: ApiKey::Fetch, error: ErrorCode::OffsetOutOfRange, .. } => {
                self.last.remove(&sight.node);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
