//! Batches of an idempotent producer follow each other in a leader's log, without holes and without repeats.

use ordered::SortedMap;
use partition_log::Log;
use protocol::{Batch, BrokerId, Note, ProducerId, TopicId, TopicPartition};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// The last sequence number of each producer, by the replica that led when it was appended.
#[derive(Clone, Debug, Default)]
pub(super) struct SequencesInOrder {
    logs: ByReplica<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    topic_id: TopicId,
    /// The epoch it leads in: what a log holds may have changed between two.
    leader_epoch: i32,
    /// Where the log ended when this was noted down: if it begins elsewhere, it is read again.
    end: i64,
    last: SortedMap<(ProducerId, i16), i32>,
}

impl Invariant for SequencesInOrder {
    const ID: &'static str = "sequences-in-order";
    const DOC: &'static str = "In a leader's log each batch of an idempotent producer goes on where its last one ended.";
    const SOURCE: &'static str = "KIP-98; ProducerAppendInfo#checkSequence";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::Appended, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::Appended { tp, broker, as_leader: true, base, next, leader_epoch, .. } => {
                self.appended(sight, tp, *broker, (*base, *next), *leader_epoch)
            }
            Note::TopicDeleted { topic } => {
                self.logs.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl SequencesInOrder {
    fn appended(
        &mut self,
        sight: &Sight<'_>,
        tp: &TopicPartition,
        broker: BrokerId,
        (base, next): (i64, i64),
        leader_epoch: i32,
    ) -> Result<(), String> {
        let Some(replica) = sight.replica(broker, tp) else { return Ok(()) };
        let topic_id = replica.topic_id;
        let known = self.logs.or_insert_with(tp, broker, || Known { topic_id, leader_epoch, end: -1, last: SortedMap::new() });
        if (known.topic_id, known.leader_epoch, known.end) != (topic_id, leader_epoch, base) {
            *known = Known { topic_id, leader_epoch, end: base, last: read(replica.log, base) };
        }
        known.end = next;
        let appended = replica.log.batches_from(base).take_while(|batch| batch.base_offset < next);
        for batch in appended.filter(|batch| batch.producer().producer_id >= 0) {
            let (producer, last) = (batch.producer(), batch.last_sequence());
            let before = known.last.insert((producer.producer_id, producer.producer_epoch), last);
            if let Some(before) = before.filter(|before| follows(*before) != producer.base_sequence) {
                return Err(format!(
                    "{tp} on broker {broker}: producer {}'s sequence {} at offset {} follows {before}",
                    producer.producer_id, producer.base_sequence, batch.base_offset
                ));
            }
        }
        Ok(())
    }
}

/// The number after the last one wraps to 0.
fn follows(sequence: i32) -> i32 {
    sequence.wrapping_add(1) & i32::MAX
}

/// What a log says of its producers below `end`.
fn read(log: &Log, end: i64) -> SortedMap<(ProducerId, i16), i32> {
    let below = log.batches_from(log.log_start_offset()).take_while(|batch| batch.base_offset < end);
    let stamped = below.filter(|batch| batch.producer().producer_id >= 0);
    stamped.map(|batch: &Batch| ((batch.producer().producer_id, batch.producer().producer_epoch), batch.last_sequence())).collect()
}
