//! What the log remembers of idempotent producers (`ProducerStateManager`, `ProducerAppendInfo`): the last five
//! batches of each, against duplicates and gaps.
//!
//! Left out on purpose: transactions (first offset of an open one, verification guards, markers).

use std::collections::VecDeque;

use ordered::SortedMap;
use protocol::{Batch, ErrorCode, ProducerId, ProducerLine, TopicPartition};

use crate::append::AppendError;
use crate::log::Log;

/// Batches remembered for each producer: as many as an idempotent producer may have in flight.
pub const PRODUCER_BATCHES_MAX: usize = 5;

/// What the log remembers of a producer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducerEntry {
    /// Its epoch.
    pub producer_epoch: i16,
    /// Its last batches of that epoch, at most [`PRODUCER_BATCHES_MAX`], oldest first.
    pub batches: VecDeque<BatchMetadata>,
    /// Largest timestamp of its last batch, ms.
    pub last_timestamp_ms: i64,
}

/// What the log remembers of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BatchMetadata {
    /// Sequence number of its first record.
    pub first_sequence: i32,
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp, ms.
    pub timestamp_ms: i64,
}

impl ProducerEntry {
    /// Sequence number of its last record; −1 if none.
    pub fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |batch| batch.last_sequence)
    }
}

impl Log {
    /// The producers it remembers, by id (what DescribeProducers answers).
    pub fn producers(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.producers.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Whether [`expire_producers`](Log::expire_producers) has anything to do.
    pub fn has_expired_producers(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.producers.entries.values().any(|entry| now_ms - entry.last_timestamp_ms >= expiration_ms)
    }

    /// When the producer that has been silent for longest was last heard of, ms since the epoch.
    pub fn longest_silent_producer_ms(&self) -> Option<i64> {
        self.producers.entries.values().map(|entry| entry.last_timestamp_ms).min()
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms` (checked every 10 minutes).
    pub fn expire_producers(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.entries.retain(|_, entry| now_ms - entry.last_timestamp_ms < expiration_ms);
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct ProducerStates {
    entries: SortedMap<ProducerId, ProducerEntry>,
}

impl ProducerStates {
    /// Size of the snapshot file: a header of 10 bytes, 46 a producer.
    pub(crate) fn snapshot_bytes(&self) -> u32 {
        10 + 46 * self.entries.len() as u32
    }

    /// The batch that `batch` repeats, or why it does not follow the producer's last one.
    pub(crate) fn check(
        &self,
        partition: &TopicPartition,
        batch: &Batch,
        checks_sequences: bool,
    ) -> Result<Option<BatchMetadata>, AppendError> {
        let producer = batch.producer();
        let Some(entry) = self.entries.get(&producer.producer_id) else {
            protocol::gap!("a transactional first batch must start at sequence 0", "KIP-890");
            return Ok(None);
        };
        if checks_sequences && let Some(old) = entry.duplicate_of(batch) {
            return Ok(Some(*old));
        }
        if producer.producer_epoch < entry.producer_epoch {
            let message = format!(
                "Epoch of producer {} at offset {} in {partition} is {}, which is < the last seen epoch {} (TV-1)",
                producer.producer_id, batch.base_offset, producer.producer_epoch, entry.producer_epoch
            );
            return Err(AppendError::new(ErrorCode::InvalidProducerEpoch, message));
        }
        if checks_sequences && !entry.accepts(batch) {
            return Err(AppendError::new(
                ErrorCode::OutOfOrderSequenceNumber,
                entry.sequence_message(partition, batch),
            ));
        }
        Ok(None)
    }

    /// Remembers a batch that was let in.
    pub(crate) fn update(&mut self, batch: &Batch) {
        let producer = batch.producer();
        if producer.producer_id < 0 {
            return;
        }
        protocol::gap!("transaction markers", "ProducerAppendInfo#appendEndTxnMarker");
        let metadata = BatchMetadata {
            first_sequence: producer.base_sequence,
            last_sequence: batch.last_sequence(),
            first_offset: batch.base_offset,
            last_offset: batch.last_offset(),
            timestamp_ms: batch.max_timestamp_ms(),
        };
        let new = || ProducerEntry {
            producer_epoch: producer.producer_epoch,
            batches: VecDeque::new(),
            last_timestamp_ms: -1,
        };
        let entry = self.entries.entry(producer.producer_id).or_insert_with(new);
        if entry.producer_epoch != producer.producer_epoch {
            entry.producer_epoch = producer.producer_epoch;
            entry.batches.clear();
        }
        if entry.batches.len() == PRODUCER_BATCHES_MAX {
            entry.batches.pop_front();
        }
        entry.batches.push_back(metadata);
        entry.last_timestamp_ms = metadata.timestamp_ms;
    }

    /// A line of a snapshot file for each producer.
    pub(crate) fn lines(&self) -> Vec<ProducerLine> {
        let line = |(id, entry): (&ProducerId, &ProducerEntry)| {
            let last = entry.batches.back()?;
            Some(ProducerLine {
                producer_id: *id,
                producer_epoch: entry.producer_epoch,
                last_timestamp_ms: entry.last_timestamp_ms,
                first_sequence: last.first_sequence,
                last_sequence: last.last_sequence,
                last_offset: last.last_offset,
                offset_delta: (last.last_offset - last.first_offset) as i32,
            })
        };
        self.entries.iter().filter_map(line).collect()
    }

    /// Remembers at most `most` batches of a batch's producer.
    pub(crate) fn forget_beyond(&mut self, batch: &Batch, most: usize) {
        if let Some(entry) = self.entries.get_mut(&batch.producer().producer_id) {
            let surplus = entry.batches.len().saturating_sub(most);
            entry.batches.drain(..surplus);
        }
    }

    /// What a snapshot file keeps: of each producer only the last batch.
    pub(crate) fn snapshot(&self) -> ProducerStates {
        let last_only = |entry: &ProducerEntry| ProducerEntry {
            batches: entry.batches.back().copied().into_iter().collect(),
            ..*entry
        };
        ProducerStates { entries: self.entries.iter().map(|(id, entry)| (*id, last_only(entry))).collect() }
    }
}

impl ProducerEntry {
    fn duplicate_of(&self, batch: &Batch) -> Option<&BatchMetadata> {
        let producer = batch.producer();
        let sequences = (producer.base_sequence, batch.last_sequence());
        let same = |old: &&BatchMetadata| (old.first_sequence, old.last_sequence) == sequences;
        (producer.producer_epoch == self.producer_epoch).then(|| self.batches.iter().find(same))?
    }

    fn accepts(&self, batch: &Batch) -> bool {
        let producer = batch.producer();
        let next = producer.base_sequence;
        if producer.producer_epoch != self.producer_epoch {
            return next == 0 || self.producer_epoch == -1;
        }
        match self.last_sequence() {
            i32::MAX => next == 0,
            last => next == last + 1,
        }
    }

    fn sequence_message(&self, partition: &TopicPartition, batch: &Batch) -> String {
        let (producer, offset) = (batch.producer(), batch.base_offset);
        let (id, sequence) = (producer.producer_id, producer.base_sequence);
        if producer.producer_epoch != self.producer_epoch {
            // The missing space is Kafka's.
            return format!(
                "Invalid sequence number for new epoch of producer {id}at offset {offset} in partition {partition}: \
                 {} (request epoch), {sequence} (seq. number), {} (current producer epoch)",
                producer.producer_epoch, self.producer_epoch
            );
        }
        format!(
            "Out of order sequence number for producer {id} at offset {offset} in partition {partition}: \
             {sequence} (incoming seq. number), {} (current end sequence number)",
            self.last_sequence()
        )
    }
}
