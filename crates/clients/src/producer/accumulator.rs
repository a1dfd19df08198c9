//! Records waiting to be sent, in batches by partition (`RecordAccumulator`, `ProducerBatch`, `BufferPool`).

use std::collections::VecDeque;

use kernel::Time;
use ordered::SortedMap;
use protocol::batch::{BATCH_OVERHEAD, ProducerStamp};
use protocol::{Codec, TopicName, TopicPartition, record};

use super::entries::Entries;
use super::payload::Payload;
use super::settings::ProducerSettings;

/// A batch being filled, waiting, or in flight.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ProducerBatch {
    pub(crate) id: u64,
    pub(crate) entries: Entries,
    pub(crate) created: Time,
    pub(crate) bytes: u32,
    limit: u32,
    is_closed: bool,
    /// Made of one that was too large.
    is_split: bool,
    /// What its records are expected to be compressed to, in thousandths; none without compression.
    ratio_permille: Option<u32>,
    pub(crate) memory: u64,
    pub(crate) attempts: u32,
    /// The id of the request it was last sent in.
    pub(crate) correlation: u32,
    /// When it came back from its last attempt; its creation before that.
    pub(crate) last_attempt: Time,
    pub(crate) retry_at: Time,
    /// Epoch of the leader it was last sent to.
    pub(crate) sent_to_epoch: i32,
    pub(crate) stamp: Option<ProducerStamp>,
    /// Its stamp is another than that it was last sent with (`ProducerBatch#reopened`).
    pub(crate) is_restamped: bool,
}

impl ProducerBatch {
    /// What another record is compressed to is not guessed: it counts whole (`MemoryRecordsBuilder#hasRoomFor`).
    fn has_room(&self, record_bytes: u32, records: usize, records_max: usize) -> bool {
        records == 0 || (records < records_max && self.estimated_bytes() + record_bytes <= self.limit)
    }
    /// For how many records of `bytes` each there is room for certain, while their places take as many bytes as `records`.
    fn room_for(&self, bytes: u32, records: usize, records_max: usize) -> u32 {
        let Some(left) = self.limit.checked_sub(self.bytes).filter(|_| self.ratio_permille.is_none()) else { return 1 };
        let alike = record::next_longer_place(records).min(records_max) - records.min(records_max);
        (left / bytes).min(u32::try_from(alike).unwrap_or(u32::MAX))
    }
    /// What `bytes` are estimated to be compressed to (`MemoryRecordsBuilder#estimatedBytesWritten`).
    fn estimate(&self, bytes: u32) -> u32 {
        match self.ratio_permille {
            None => bytes,
            Some(ratio) => {
                let records = u64::from(bytes - BATCH_OVERHEAD) * u64::from(ratio);
                BATCH_OVERHEAD + (records * COMPRESSION_MARGIN_PERCENT / 100_000) as u32
            }
        }
    }
    /// What it is estimated to take in a request.
    pub(crate) fn estimated_bytes(&self) -> u32 {
        self.estimate(self.bytes)
    }
    /// It is sent: nothing more goes in, and if it comes back it is as full as can be, and does not linger
    /// (`MemoryRecordsBuilder#isFull`).
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }
    /// Whether nothing more goes in.
    pub(crate) fn is_full(&self) -> bool {
        self.is_closed || (!self.entries.is_empty() && self.limit <= self.estimated_bytes())
    }
    /// Takes as many records as there is room for, until it has `upto` bytes; how many. An empty batch has room for one.
    fn push(&mut self, handle: u64, payload: &Payload, upto: u32, records_max: usize) -> u32 {
        let base = self.entries.base_timestamp_ms(payload);
        let wanted = payload.count();
        let mut taken = 0;
        while taken < wanted && (taken == 0 || self.estimated_bytes() < upto) {
            let records = self.entries.len() + taken as usize;
            let bytes = payload.record_bytes(records, base);
            if !self.has_room(bytes, records, records_max) {
                break;
            }
            // Those that follow are as large, as long as their places take as many bytes.
            let alike = match wanted - taken {
                1 => 1,
                left => {
                    let turn = upto.saturating_sub(self.bytes).div_ceil(bytes);
                    left.min(self.room_for(bytes, records, records_max)).min(turn).max(1)
                }
            };
            self.bytes += bytes * alike;
            taken += alike;
        }
        if let Some(head) = payload.head(taken) {
            self.entries.push(handle, head);
        }
        taken
    }
    /// Gives it another stamp than it was sent with (`resetProducerState`).
    pub(crate) fn restamp(&mut self, stamp: ProducerStamp) {
        self.stamp = Some(stamp);
        self.is_restamped = true;
    }
    /// The first sequence number, if it has one.
    pub(crate) fn base_sequence(&self) -> Option<i32> {
        self.stamp.map(|stamp| stamp.base_sequence)
    }
    pub(crate) fn count(&self) -> u32 {
        self.entries.len() as u32
    }
    /// When it may be sent, leaving aside that it is full or that a flush is under way.
    pub(crate) fn send_due(&self, settings: &ProducerSettings) -> Time {
        match self.is_closed {
            true => self.retry_at,
            false => self.retry_at.max(self.last_attempt + settings.linger),
        }
    }
}

/// What waits for one partition, and its idempotence state.
#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct Queue {
    pub(crate) batches: VecDeque<ProducerBatch>,
    /// Ids of batches in flight.
    pub(crate) flying: Vec<u64>,
    pub(crate) sequences: super::idempotence::Sequences,
}

impl Queue {
    /// Whether what waits longest is to go now: it is full, or another batch is behind it, or it has lingered.
    pub(crate) fn is_head_due(&self, now: Time, settings: &ProducerSettings) -> bool {
        let is_due = |head: &ProducerBatch| head.is_full() || head.last_attempt + settings.linger <= now;
        self.batches.len() > 1 || self.batches.front().is_some_and(is_due)
    }
    /// Puts a batch that is to be retried back, in sequence order if it has a sequence (`reenqueue`).
    pub(crate) fn put_back(&mut self, batch: ProducerBatch) {
        let before = |queued: &ProducerBatch| match (queued.base_sequence(), batch.base_sequence()) {
            (Some(queued), Some(own)) => queued < own,
            _ => false,
        };
        let at = self.batches.iter().take_while(|queued| before(queued)).count();
        self.batches.insert(at, batch);
    }
}

/// All queues.
#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct Accumulator {
    pub(crate) queues: SortedMap<TopicPartition, Queue>,
    pub(crate) memory_used: u64,
    next_batch: u64,
    /// By topic, what records were compressed to so far, in thousandths (`CompressionRatioEstimator`).
    ratios: SortedMap<TopicName, u32>,
}

/// An estimate is 5 % on the safe side.
const COMPRESSION_MARGIN_PERCENT: u64 = 105;
/// How fast an estimate gets better, and worse, in thousandths a batch.
const RATIO_STEPS: (u32, u32) = (5, 50);

/// What an append did.
pub(crate) struct AppendResult {
    /// Records taken.
    pub(crate) count: u32,
    pub(crate) bytes: u32,
    /// Whether every batch of the partition is full now.
    pub(crate) all_full: bool,
    /// Whether nothing waited for the partition before.
    pub(crate) is_first: bool,
    /// Whether what waits longest for it is to go now.
    pub(crate) is_head_due: bool,
}

impl Accumulator {
    /// Appends to the last batch or to one it opens what that one takes, until it has taken `turn` bytes; none if there is no
    /// memory for that.
    pub(crate) fn append(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
        tp: &TopicPartition,
        handle: u64,
        payload: &Payload,
        turn: u32,
    ) -> Option<AppendResult> {
        let records_max = settings.batch_records_max;
        let queue = match self.queues.get_mut(tp) {
            Some(queue) => queue,
            None => self.queues.entry(tp.clone()).or_default(),
        };
        let is_first = queue.batches.is_empty();
        if let Some(last) = queue.batches.back_mut().filter(|last| !last.is_closed && last.attempts == 0) {
            let before = last.estimated_bytes();
            let count = last.push(handle, payload, before.saturating_add(turn), records_max);
            if count > 0 {
                let (bytes, all_full) = (last.estimated_bytes() - before, last.is_full());
                let is_head_due = queue.is_head_due(now, settings);
                return Some(AppendResult { count, bytes, all_full, is_first, is_head_due });
            }
            last.is_closed = true;
        }
        let limit = settings.batch_memory(payload.record_bytes_max());
        if self.memory_used + u64::from(limit) > settings.memory_bytes {
            return None;
        }
        self.memory_used += u64::from(limit);
        let mut batch = self.open(now, settings.codec, &tp.topic, limit);
        batch.memory = u64::from(limit);
        let count = batch.push(handle, payload, turn, records_max);
        let (bytes, all_full) = (batch.estimated_bytes(), batch.is_full());
        let queue = self.queues.get_mut(tp).expect("inserted above");
        queue.batches.push_back(batch);
        Some(AppendResult { count, bytes, all_full, is_first, is_head_due: queue.is_head_due(now, settings) })
    }

    fn open(&mut self, created: Time, codec: Codec, topic: &str, limit: u32) -> ProducerBatch {
        self.next_batch += 1;
        let ratio = self.ratios.get(topic).copied().unwrap_or(1_000);
        ProducerBatch {
            id: self.next_batch,
            entries: Entries::default(),
            created,
            bytes: BATCH_OVERHEAD,
            limit,
            is_closed: false,
            is_split: false,
            ratio_permille: (codec != Codec::None).then_some(ratio),
            memory: 0,
            attempts: 0,
            correlation: 0,
            last_attempt: created,
            retry_at: created,
            sent_to_epoch: -1,
            stamp: None,
            is_restamped: false,
        }
    }

    /// A batch of the topic was compressed: the estimate follows, in small steps down and larger ones up.
    pub(crate) fn learn_ratio(&mut self, topic: &TopicName, codec: Codec) {
        if codec == Codec::None {
            return;
        }
        let (observed, (down, up)) = (codec.ratio_permille(), RATIO_STEPS);
        let ratio = self.ratios.entry(topic.clone()).or_insert(1_000);
        *ratio = match observed > *ratio {
            true => (*ratio + up).max(observed),
            false => ratio.saturating_sub(down).max(observed),
        };
    }

    /// Makes smaller batches of one that a broker found too large, and queues them as if they had never been tried
    /// (`RecordAccumulator#splitAndReenqueue`, KIP-126). The first split is by `batch.size`, the next ones by halves.
    pub(crate) fn split(&mut self, settings: &ProducerSettings, tp: &TopicPartition, big: ProducerBatch) {
        if settings.codec != Codec::None {
            self.ratios.insert(tp.topic.clone(), settings.codec.ratio_permille().max(1_000));
        }
        self.memory_used -= big.memory;
        let largest = BATCH_OVERHEAD + big.entries.largest();
        let target = if big.is_split { largest.max(big.estimated_bytes() / 2) } else { settings.batch_bytes };
        let mut parts: Vec<ProducerBatch> = Vec::new();
        let records_max = settings.batch_records_max;
        for (handle, record) in big.entries.each() {
            let payload = Payload::One(record);
            if parts.last_mut().is_some_and(|part| part.push(handle, &payload, 1, records_max) > 0) {
                continue;
            }
            let limit = target.max(BATCH_OVERHEAD + payload.record_bytes_max());
            let mut part = self.open(big.created, settings.codec, &tp.topic, limit);
            (part.is_split, part.is_closed) = (true, true);
            part.push(handle, &payload, 1, records_max);
            parts.push(part);
        }
        let Some(queue) = self.queues.get_mut(tp) else { return };
        queue.stamp_parts(big.stamp, &mut parts);
        parts.into_iter().rev().for_each(|part| queue.put_back(part));
    }

    /// Takes batches out of the queues that are older than the delivery time-out (`expiredBatches`).
    pub(crate) fn take_expired(
        &mut self,
        now: Time,
        settings: &ProducerSettings,
    ) -> Vec<(TopicPartition, ProducerBatch)> {
        let mut expired = Vec::new();
        for (tp, queue) in &mut self.queues {
            while queue.batches.front().is_some_and(|head| head.created + settings.delivery_timeout <= now) {
                expired.extend(queue.batches.pop_front().map(|batch| (tp.clone(), batch)));
            }
        }
        expired
    }

    /// Batches waiting.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.queues.values().flat_map(|queue| &queue.batches)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;

    /// What is counted is what it takes in the log; times are told from the first record's on.
    #[test]
    fn a_batch_is_as_large_as_what_is_made_of_it() {
        let mut batch = Accumulator::default().open(Time::ZERO, Codec::None, "t", 100_000);
        for (n, timestamp_ms) in [5_000, 4_000, 5_063, 5_064, 1_000_000].into_iter().enumerate() {
            let record = protocol::Record::new(timestamp_ms, Some(b"key"), Some(&vec![b'x'; 40 * n]));
            batch.push(n as u64, &Payload::One(record), 1, usize::MAX);
        }
        let sealed = batch.entries.seal(ProducerStamp::default());
        assert_eq!(u64::from(batch.bytes), u64::from(sealed.size_in_bytes()));
        assert_eq!(sealed.base_timestamp_ms(), 5_000);
    }

    #[test]
    fn the_next_record_of_a_compressed_batch_counts_whole() {
        let record = |bytes: usize| Payload::One(protocol::Record::new(0, None, Some(&vec![b'x'; bytes])));
        let size = |bytes: usize| record(bytes).record_bytes(1, 0);
        let mut accumulator = Accumulator { ratios: SortedMap::from([("t".into(), 100)]), ..Accumulator::default() };
        let mut batch = accumulator.open(Time::ZERO, Codec::Gzip, "t", 1_000);
        batch.push(1, &record(2_000), 1, usize::MAX);
        // Two thousand bytes and nine around them, at a tenth and five percent more.
        assert_eq!(batch.estimated_bytes(), 61 + 210);
        assert!(batch.has_room(size(700), 1, usize::MAX) && !batch.has_room(size(730), 1, usize::MAX));
    }
}
