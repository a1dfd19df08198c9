//! Sequence numbers and producer ids of an idempotent producer (`TransactionManager` without transactions).

use ordered::SortedSet;
use protocol::batch::ProducerStamp;

use super::accumulator::{ProducerBatch, Queue};

/// The producer's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Identity {
    /// Not asked for yet.
    #[default]
    None,
    /// InitProducerId is under way.
    Asking,
    /// Given out.
    Known { id: i64, epoch: i16 },
}

/// Sequence numbers of one partition.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Sequences {
    /// The producer epoch the numbers below belong to.
    epoch: i16,
    next: i32,
    last_acked: i32,
    /// First sequence numbers of batches drained and not done, retries included.
    outstanding: SortedSet<i32>,
    /// A batch that had been sent was given up, and the broker may or may not have it: the sequence number after it.
    unresolved: Option<i32>,
    bump: bool,
}

impl Default for Sequences {
    fn default() -> Sequences {
        Sequences { epoch: -1, next: 0, last_acked: -1, outstanding: SortedSet::new(), unresolved: None, bump: false }
    }
}

fn add(sequence: i32, count: u32) -> i32 {
    sequence.wrapping_add(count as i32) & i32::MAX
}

impl Queue {
    /// Whether the head must wait for other batches (`shouldStopDrainBatchesForPartition`).
    pub(crate) fn must_wait(&self, epoch: i16, in_flight_max: usize) -> bool {
        let sequences = &self.sequences;
        let Some(head) = self.batches.front() else { return true };
        match head.base_sequence() {
            Some(own) => sequences.bump || sequences.outstanding.first().is_some_and(|first| *first != own),
            None => {
                let is_stale = sequences.epoch != epoch && !sequences.outstanding.is_empty();
                is_stale
                    || sequences.unresolved.is_some()
                    || sequences.bump
                    || sequences.outstanding.len() >= in_flight_max
            }
        }
    }

    /// The stamp of the head batch, which is about to be sent.
    pub(crate) fn stamp_head(&mut self, id: i64, epoch: i16) -> Option<ProducerStamp> {
        let sequences = &mut self.sequences;
        let head = self.batches.front_mut()?;
        if head.stamp.is_none() {
            if sequences.epoch != epoch {
                *sequences = Sequences { epoch, ..Sequences::default() };
            }
            head.stamp = Some(ProducerStamp { producer_id: id, producer_epoch: epoch, base_sequence: sequences.next });
            sequences.outstanding.insert(sequences.next);
            sequences.next = add(sequences.next, head.count());
        }
        head.stamp
    }

    /// The parts of a batch share its sequence numbers.
    pub(crate) fn stamp_parts(&mut self, whole: Option<ProducerStamp>, parts: &mut [ProducerBatch]) {
        let Some(mut stamp) = whole else { return };
        let is_current = stamp.producer_epoch == self.sequences.epoch;
        if is_current {
            self.sequences.outstanding.remove(&stamp.base_sequence);
        }
        for part in parts {
            part.stamp = Some(stamp);
            if is_current {
                self.sequences.outstanding.insert(stamp.base_sequence);
            }
            stamp.base_sequence = add(stamp.base_sequence, part.count());
        }
    }

    /// A batch is done for good.
    pub(crate) fn sequence_done(&mut self, stamp: ProducerStamp, count: u32, is_acked: bool, is_in_doubt: bool) {
        let sequences = &mut self.sequences;
        if stamp.producer_epoch != sequences.epoch {
            return;
        }
        sequences.outstanding.remove(&stamp.base_sequence);
        if is_acked {
            sequences.last_acked = sequences.last_acked.max(add(stamp.base_sequence, count) - 1);
        } else if is_in_doubt {
            sequences.unresolved = sequences.unresolved.max(Some(add(stamp.base_sequence, count)));
        }
    }

    /// A batch that was given up was accepted (`handleCompletedBatch`, which does not ask for its epoch).
    pub(crate) fn acked_late(&mut self, stamp: ProducerStamp, count: u32) {
        self.sequences.last_acked = self.sequences.last_acked.max(add(stamp.base_sequence, count) - 1);
    }

    /// Whether OUT_OF_ORDER_SEQUENCE_NUMBER for a batch says that there is a gap, so that waiting does not mend it: it is next in
    /// line, or next after a batch in doubt (`isNextSequenceForUnresolvedPartition`). Others may come after what is missing. Of
    /// numbers that were given anew while the batch was in the air the answer says nothing (`sequenceHasBeenReset`).
    pub(crate) fn is_after_gap(&self, stamp: ProducerStamp, is_restamped: bool) -> bool {
        match self.sequences.unresolved {
            Some(next) => stamp.base_sequence == next,
            None => !is_restamped && stamp.base_sequence == self.sequences.last_acked.wrapping_add(1),
        }
    }

    /// Asks for a new producer epoch for this partition.
    pub(crate) fn request_bump(&mut self) {
        self.sequences.bump = true;
    }

    /// Whether sequences given up must be left behind with a new epoch (`maybeResolveSequences`).
    pub(crate) fn needs_bump(&mut self) -> bool {
        let sequences = &mut self.sequences;
        if sequences.unresolved.is_some() && sequences.outstanding.is_empty() {
            sequences.unresolved = None;
            // A later batch was accepted: the broker had the one in doubt.
            sequences.bump |= sequences.last_acked.wrapping_add(1) & i32::MAX != sequences.next;
        }
        sequences.bump
    }

    /// Starts the numbers anew with this id and epoch, for batches that wait to be sent again and for those in the air, too, whatever
    /// their answers will be (`startSequencesAtBeginning`).
    pub(crate) fn restart<'a>(&'a mut self, id: i64, epoch: i16, flying: impl Iterator<Item = &'a mut ProducerBatch>) {
        let mut batches: Vec<_> = self.batches.iter_mut().chain(flying).filter(|batch| batch.stamp.is_some()).collect();
        ordered::sort_by_key(&mut batches, |batch| batch.base_sequence());
        let mut sequences = Sequences { epoch, ..Sequences::default() };
        for batch in batches {
            batch.restamp(ProducerStamp { producer_id: id, producer_epoch: epoch, base_sequence: sequences.next });
            sequences.outstanding.insert(sequences.next);
            sequences.next = add(sequences.next, batch.count());
        }
        self.sequences = sequences;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(base_sequence: i32) -> ProducerStamp {
        ProducerStamp { producer_id: 7, producer_epoch: 0, base_sequence }
    }

    /// Batches of one record with sequence numbers 0 to 3 are in flight.
    fn four_in_flight() -> Queue {
        let outstanding = (0..4).collect();
        Queue { sequences: Sequences { epoch: 0, next: 4, outstanding, ..Sequences::default() }, ..Queue::default() }
    }

    #[test]
    fn without_doubt_only_the_next_in_line_stands_after_a_gap() {
        let mut queue = four_in_flight();
        queue.sequence_done(stamp(0), 1, true, true);
        assert_eq!([1, 2, 3].map(|n| queue.is_after_gap(stamp(n), false)), [true, false, false]);
    }

    #[test]
    fn an_answer_to_numbers_of_before_tells_of_no_gap_unless_others_are_in_doubt() {
        let mut queue = four_in_flight();
        queue.sequence_done(stamp(0), 1, true, true);
        assert_eq!([1, 2].map(|n| queue.is_after_gap(stamp(n), true)), [false, false]);
        queue.sequence_done(stamp(1), 1, false, true);
        assert_eq!([2, 3].map(|n| queue.is_after_gap(stamp(n), true)), [true, false]);
    }

    #[test]
    fn after_a_batch_in_doubt_only_the_one_behind_it_stands_after_a_gap() {
        let mut queue = four_in_flight();
        queue.sequence_done(stamp(0), 1, false, true);
        assert_eq!([1, 2, 3].map(|n| queue.is_after_gap(stamp(n), false)), [true, false, false]);
        queue.sequence_done(stamp(1), 1, false, true);
        assert_eq!([2, 3].map(|n| queue.is_after_gap(stamp(n), false)), [true, false]);
    }

    #[test]
    fn doubt_is_over_when_what_was_given_up_proves_to_be_accepted() {
        let mut queue = four_in_flight();
        (0..3).for_each(|n| queue.sequence_done(stamp(n), 1, true, true));
        queue.sequence_done(stamp(3), 1, false, true);
        queue.acked_late(stamp(3), 1);
        assert!(!queue.needs_bump());
    }

    #[test]
    fn doubt_is_over_when_a_later_batch_was_acknowledged_and_ends_in_a_new_epoch_if_none_was() {
        let mut queue = four_in_flight();
        queue.sequence_done(stamp(0), 1, false, true);
        assert!(!queue.needs_bump(), "others are still out");
        (1..4).for_each(|n| queue.sequence_done(stamp(n), 1, true, true));
        assert!(!queue.needs_bump());
        let mut queue = four_in_flight();
        (0..4).for_each(|n| queue.sequence_done(stamp(n), 1, false, true));
        assert!(queue.needs_bump());
    }
}
