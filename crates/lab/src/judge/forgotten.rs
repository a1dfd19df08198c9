//! Duplicates and disorder that Kafka's idempotence does not prevent. A leader that restarted, or cut its log, remembers of each producer
//! the last batch only, because snapshots keep no more (`ProducerStateManager#writeSnapshot`). If a producer has several
//! batches in flight then, all written and none acknowledged, its first retry is neither known nor next:
//! OUT_OF_ORDER_SEQUENCE_NUMBER. An idempotent producer takes that for a gap, goes on with a new epoch, and sends them all
//! again (`TransactionManager#canRetry`, `#bumpIdempotentProducerEpoch`). And a leader that knows nothing of a producer takes any
//! sequence number for its first (`ProducerAppendInfo#checkSequence`): if it refused the first batch, as for want of replicas, and takes
//! the second, which was in flight, then the first is out of order when it comes again, and follows in a new epoch (sweep seed 220).
//! What is in flight then is numbered anew as well (`TransactionManager#bumpIdempotentProducerEpoch`, `TxnPartitionMap#startSequencesAtBeginning`):
//! if its answer does not come in time, the leader takes it a second time.

use kernel::Time;
use partition_log::Log;
use protocol::{Batch, BrokerId, Note, TopicPartition};

use crate::Lab;
use crate::replicas::batch_at;

/// Whether that made the copy at `second` of what is at `first`: it has a later epoch of the same producer, which had
/// written more than one batch in the epoch before, and whoever appended the copy, or led in between (sweep seed 303512), had
/// restarted or cut its log since.
pub(super) fn between(lab: &Lab, tp: &TopicPartition, log: &Log, first: i64, second: i64) -> bool {
    let (Some(old), Some(new)) = (batch_at(log, first), batch_at(log, second)) else { return false };
    let (old, new) = (old.producer(), new.producer());
    let is_next_epoch = old.producer_id == new.producer_id && old.producer_epoch < new.producer_epoch;
    let of_epoch = |producer| producer == (old.producer_id, old.producer_epoch);
    let before = log.batches_from(log.log_start_offset()).take_while(|batch| batch.base_offset < second);
    let batches = before.filter(|batch| of_epoch((batch.producer().producer_id, batch.producer().producer_epoch)));
    if !is_next_epoch || batches.count() < 2 {
        return false;
    }
    let (Some((written, _)), Some((copied, leader))) = (appended(lab, tp, log, first), appended(lab, tp, log, second))
    else {
        return false;
    };
    let between = || lab.history().iter().filter(|stamped| (written..=copied).contains(&stamped.at));
    let led = |id: BrokerId| {
        let leads =
            |note: &Note| matches!(note, Note::LeaderElected { tp: of, leader, .. } if of == tp && *leader == id);
        id == leader || between().any(|stamped| leads(&stamped.note))
    };
    between().any(|stamped| match &stamped.note {
        Note::BrokerState { broker, state: "STARTING" } => led(*broker),
        Note::Truncated { tp: of, broker, .. } => of == tp && led(*broker),
        _ => false,
    })
}

/// Whether the leader took what is at `first` without what the producer sent before, and `second` is in a later epoch, which that
/// began: nothing of that producer is before it, and it does not begin with sequence number 0.
pub(super) fn began_late(log: &Log, first: i64, second: i64) -> bool {
    let (Some(old), Some(new)) = (batch_at(log, first), batch_at(log, second)) else { return false };
    let (producer, epoch) = (old.producer().producer_id, old.producer().producer_epoch);
    let is_next_epoch = new.producer().producer_id == producer && epoch < new.producer().producer_epoch;
    let mut its = log.batches_from(log.log_start_offset()).map(Batch::producer).filter(|of| of.producer_id == producer);
    is_next_epoch && its.next().is_some_and(|begun| begun.producer_epoch == epoch && begun.base_sequence > 0)
}

/// When the record that is at an offset of a log was appended by a leader, and who that was. In another epoch another leader may have
/// had another record there, which is cut off by now (sweep seed 9874).
fn appended(lab: &Lab, tp: &TopicPartition, log: &Log, offset: i64) -> Option<(Time, BrokerId)> {
    let epoch = batch_at(log, offset)?.leader_epoch;
    lab.history().latest_first().find_map(|stamped| match &stamped.note {
        Note::Appended { tp: of, broker, as_leader: true, base, next, leader_epoch, .. }
            if of == tp && *leader_epoch == epoch && (*base..*next).contains(&offset) =>
        {
            Some((stamped.at, *broker))
        }
        _ => None,
    })
}
