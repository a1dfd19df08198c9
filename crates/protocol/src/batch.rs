//! Record batches of format v2, with Kafka's exact sizes (`DefaultRecordBatch`).
//!
//! A batch is made once and shared: what a leader stamps on append (base offset, leader epoch) lies outside the
//! checksum in Kafka and outside the shared part here. Checksums are made when a tool asks: nothing corrupts.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use ordered::Few;

use crate::codec::Codec;
use crate::content::Content;
use crate::note::Values;
use crate::record::{Record, hash_number};
use crate::run::Run;

/// Bytes of a batch header (`RECORD_BATCH_OVERHEAD`).
pub const BATCH_OVERHEAD: u32 = 61;

/// The part of a batch its producer decides. Immutable; shared by every replica and reader.
#[derive(Debug)]
struct Sealed {
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    is_transactional: bool,
    is_control: bool,
    is_log_append_time: bool,
    codec: Codec,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
    /// From when tombstones in it may go; the base timestamp's field holds it on disk.
    delete_horizon_ms: Option<i64>,
    size: u32,
    content: Content,
    /// What it was before a topic's clock stamped it: its records lie on disk with the times their producer gave them.
    unstamped: Option<Arc<Sealed>>,
    fingerprint: u64,
}

/// A batch of records, cheap to clone.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Offset of the first record; 0 until a leader assigns it.
    pub base_offset: i64,
    /// Epoch of the leader that appended it; −1 until then.
    pub leader_epoch: i32,
    /// Not in the shared part, because a search in a log asks every batch it meets for its last offset.
    last_offset_delta: i32,
    sealed: Arc<Sealed>,
}

/// Who produced a batch, for idempotence. The default is nobody (−1, −1, −1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerStamp {
    /// Producer id, −1 if not idempotent.
    pub producer_id: i64,
    /// Producer epoch, −1 if not idempotent.
    pub producer_epoch: i16,
    /// Sequence number of the first record, −1 if not idempotent.
    pub base_sequence: i32,
}

impl Default for ProducerStamp {
    fn default() -> ProducerStamp {
        ProducerStamp { producer_id: -1, producer_epoch: -1, base_sequence: -1 }
    }
}

impl Batch {
    /// Seals `records` (at least one) into a batch; sets their offset deltas to 0, 1, 2, …
    ///
    /// # Panics
    /// If `records` is empty.
    pub fn new(mut records: Vec<Record>, stamp: ProducerStamp) -> Batch {
        for (delta, record) in records.iter_mut().enumerate() {
            record.offset_delta = delta as i32;
        }
        Batch::seal(Content::Listed(records), stamp, false)
    }

    /// Seals runs (of at least one record) into a batch; sets their offset deltas one after the other.
    ///
    /// # Panics
    /// If `runs` is empty.
    pub fn of_runs(mut runs: Few<Run>, stamp: ProducerStamp) -> Batch {
        let mut offset_delta = 0;
        for run in runs.as_mut_slice() {
            run.offset_delta = offset_delta;
            offset_delta += run.count as i32;
        }
        Batch::seal(Content::of_runs(runs), stamp, false)
    }

    /// A control batch with one record (a Raft leader change, a transaction marker).
    pub fn control(record: Record) -> Batch {
        Batch::seal(Content::Listed(vec![record]), ProducerStamp::default(), true)
    }

    fn seal(content: Content, stamp: ProducerStamp, is_control: bool) -> Batch {
        let base_timestamp_ms = content.first_timestamp_ms().expect("a batch has at least one record");
        let max_timestamp_ms = content.max_timestamp_ms().unwrap_or(-1);
        let last_offset_delta = content.delta_at(content.len() - 1).unwrap_or(0);
        let size = size_of(&content, base_timestamp_ms, Codec::None);
        let fingerprint = fingerprint(&content, stamp);
        Batch {
            base_offset: 0,
            leader_epoch: -1,
            last_offset_delta,
            sealed: Arc::new(Sealed {
                producer_id: stamp.producer_id,
                producer_epoch: stamp.producer_epoch,
                base_sequence: stamp.base_sequence,
                is_transactional: false,
                is_control,
                is_log_append_time: false,
                codec: Codec::None,
                base_timestamp_ms,
                max_timestamp_ms,
                delete_horizon_ms: None,
                size,
                content,
                unstamped: None,
                fingerprint,
            }),
        }
    }

    /// The same batch as a leader appends it.
    pub fn stamped(&self, base_offset: i64, leader_epoch: i32) -> Batch {
        Batch { base_offset, leader_epoch, last_offset_delta: self.last_offset_delta, sealed: self.sealed.clone() }
    }

    /// The batch as a topic with `message.timestamp.type=LogAppendTime` keeps it: every record reads as written at `now_ms`. Only the
    /// header is another one, so that the size stays (`DefaultRecordBatch#setMaxTimestamp`).
    pub fn with_log_append_time(&self, now_ms: i64) -> Batch {
        let content = self.sealed.content.written_at(now_ms);
        let fingerprint = fingerprint(&content, self.producer());
        let sealed = Sealed {
            content,
            unstamped: Some(self.sealed.clone()),
            fingerprint,
            max_timestamp_ms: now_ms,
            is_log_append_time: true,
            ..*self.sealed
        };
        Batch { sealed: Arc::new(sealed), ..*self }
    }

    /// The batch as compaction leaves it: with the records that `keep` keeps and the same offsets and sequence numbers, down
    /// to no record at all. A horizon that is set stays. Timestamps are written anew, as they read, relative to the horizon or to the first
    /// record that is left (`MemoryRecords#buildRetainedRecordsInto`, `#writeEmptyHeader`).
    pub fn compacted(&self, mut keep: impl FnMut(i64, &Record) -> bool, delete_horizon_ms: Option<i64>) -> Batch {
        let content =
            self.sealed.content.filtered(|record| keep(self.base_offset + i64::from(record.offset_delta), record));
        let delete_horizon_ms = self.sealed.delete_horizon_ms.or(delete_horizon_ms);
        // An empty batch is only a header, without a horizon.
        let delete_horizon_ms = delete_horizon_ms.filter(|_| content.len() > 0);
        let base_timestamp_ms = delete_horizon_ms.or(content.first_timestamp_ms()).unwrap_or(-1);
        let max_timestamp_ms = content.max_timestamp_ms().unwrap_or(self.sealed.max_timestamp_ms);
        let size = size_of(&content, base_timestamp_ms, self.sealed.codec);
        let fingerprint = [delete_horizon_ms.unwrap_or(-1), self.last_offset_delta.into()]
            .into_iter()
            .fold(fingerprint(&content, self.producer()), hash_number);
        let sealed = Sealed {
            content,
            unstamped: None,
            fingerprint,
            delete_horizon_ms,
            base_timestamp_ms,
            max_timestamp_ms,
            size,
            ..*self.sealed
        };
        Batch { sealed: Arc::new(sealed), ..*self }
    }

    /// The same records compressed in another way: the batch has another size.
    pub fn compressed_with(&self, codec: Codec) -> Batch {
        if codec == self.codec() {
            return self.clone();
        }
        let fingerprint = hash_number(self.sealed.fingerprint, codec.number().into());
        let content = self.sealed.content.copy();
        let size = size_of(&content, self.sealed.base_timestamp_ms, codec);
        let unstamped = self.sealed.unstamped.clone();
        let sealed = Sealed { content, unstamped, codec, size, fingerprint, ..*self.sealed };
        Batch { sealed: Arc::new(sealed), ..*self }
    }

    /// Offset of the last record (it survives compaction).
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }
    /// Last minus base offset.
    pub fn last_offset_delta(&self) -> i32 {
        self.last_offset_delta
    }
    /// The offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }
    /// Number of records in it.
    pub fn count(&self) -> u32 {
        self.sealed.content.len() as u32
    }
    /// How its records are compressed.
    pub fn codec(&self) -> Codec {
        self.sealed.codec
    }
    /// Its bytes on disk and on the wire.
    pub fn size_in_bytes(&self) -> u32 {
        self.sealed.size
    }
    /// Its records; offsets are `base_offset + offset_delta`.
    pub fn records(&self) -> &[Record] {
        self.sealed.content.records()
    }
    /// Its records as they lie on disk. Timestamps of a batch with [`Batch::is_log_append_time`] are the producer's there, and nobody
    /// reads them.
    pub(crate) fn written_records(&self) -> &[Record] {
        self.sealed.unstamped.as_ref().unwrap_or(&self.sealed).content.records()
    }
    /// Its records with their offsets.
    pub fn offsets(&self) -> impl Iterator<Item = (i64, &Record)> {
        self.records().iter().map(|r| (self.base_offset + i64::from(r.offset_delta), r))
    }
    /// The runs it holds, if that is what it was made of.
    pub fn runs(&self) -> &[Run] {
        self.sealed.content.runs()
    }
    /// Its record at an offset; none if compaction took it, or the offset is another batch's.
    pub fn record_at(&self, offset: i64) -> Option<&Record> {
        self.records().get(self.index_at(offset)?)
    }
    /// What tells the value at an offset from others, as the notes have it; none where there is no record.
    pub fn value_hash_at(&self, offset: i64) -> Option<u64> {
        self.sealed.content.value_hash_at(self.delta_of(offset)?)
    }
    fn delta_of(&self, offset: i64) -> Option<i32> {
        i32::try_from(offset.checked_sub(self.base_offset)?).ok()
    }
    /// Which of its records, counted from 0, is at an offset.
    fn index_at(&self, offset: i64) -> Option<usize> {
        let delta = self.delta_of(offset)?;
        let index = self.sealed.content.index_of(delta);
        self.sealed.content.delta_at(index).filter(|found| *found == delta).map(|_| index)
    }
    /// Its records from an offset on, at most `max`, by their places in [`Batch::records`].
    pub fn part(&self, from: i64, max: usize) -> Range<usize> {
        let delta = (from - self.base_offset).clamp(0, i64::from(i32::MAX)) as i32;
        let begin = self.sealed.content.index_of(delta);
        begin..self.sealed.content.len().min(begin.saturating_add(max))
    }
    /// Offset of the record at a place.
    pub fn offset_of(&self, index: usize) -> Option<i64> {
        self.sealed.content.delta_at(index).map(|delta| self.base_offset + i64::from(delta))
    }
    /// Adds what tells the values at some places from others, as the notes have it.
    pub fn add_values(&self, part: Range<usize>, to: &mut Values) {
        self.sealed.content.add_values(part, to);
    }
    /// Bytes of the keys and values at some places.
    pub fn payload_bytes(&self, part: Range<usize>) -> u64 {
        self.sealed.content.payload_bytes(part)
    }
    /// Who produced it.
    pub fn producer(&self) -> ProducerStamp {
        let Sealed { producer_id, producer_epoch, base_sequence, .. } = *self.sealed;
        ProducerStamp { producer_id, producer_epoch, base_sequence }
    }
    /// Sequence number of the last record; −1 if not idempotent. Wraps from 2^31−1 to 0.
    pub fn last_sequence(&self) -> i32 {
        match self.sealed.base_sequence {
            -1 => -1,
            base => base.wrapping_add(self.last_offset_delta) & i32::MAX,
        }
    }
    /// What its records' timestamps are written relative to, ms: the first one's, or the delete horizon.
    pub fn base_timestamp_ms(&self) -> i64 {
        self.sealed.base_timestamp_ms
    }
    /// Largest timestamp of a record, ms.
    pub fn max_timestamp_ms(&self) -> i64 {
        self.sealed.max_timestamp_ms
    }
    /// From when on compaction may drop its tombstones, ms; none until it was compacted once.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.sealed.delete_horizon_ms
    }
    /// The header's attributes: codec, timestamp type, transactional, control, delete horizon.
    pub(crate) fn attributes(&self) -> i16 {
        let Sealed { codec, is_log_append_time, is_transactional, is_control, delete_horizon_ms, .. } = &*self.sealed;
        codec.number()
            | i16::from(*is_log_append_time) << 3
            | i16::from(*is_transactional) << 4
            | i16::from(*is_control) << 5
            | i16::from(delete_horizon_ms.is_some()) << 6
    }
    /// Whether its timestamp is the broker's (`timestampType`).
    pub fn is_log_append_time(&self) -> bool {
        self.sealed.is_log_append_time
    }

    /// `CreateTime` or `LogAppendTime`, as Kafka prints `TimestampType`.
    pub fn timestamp_type(&self) -> &'static str {
        if self.is_log_append_time() { "LogAppendTime" } else { "CreateTime" }
    }
    /// Whether consumers never see its records.
    pub fn is_control(&self) -> bool {
        self.sealed.is_control
    }
    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.sealed.is_transactional
    }
    /// A hash of what the producer put in; equal for copies of the same batch.
    pub fn fingerprint(&self) -> u64 {
        self.sealed.fingerprint
    }
}

impl PartialEq for Batch {
    fn eq(&self, other: &Batch) -> bool {
        (self.base_offset, self.leader_epoch, self.fingerprint())
            == (other.base_offset, other.leader_epoch, other.fingerprint())
    }
}
impl Eq for Batch {}
impl Hash for Batch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.base_offset, self.leader_epoch, self.fingerprint()).hash(state);
    }
}

/// A header and records.
fn size_of(content: &Content, base_timestamp_ms: i64, codec: Codec) -> u32 {
    BATCH_OVERHEAD + codec.compressed(content.size(base_timestamp_ms))
}

fn fingerprint(content: &Content, stamp: ProducerStamp) -> u64 {
    let ProducerStamp { producer_id, producer_epoch, base_sequence } = stamp;
    let start = [producer_id, producer_epoch.into(), base_sequence.into()].into_iter().fold(0, hash_number);
    content.fingerprint(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes read off a real broker's log with kafka-dump-log.
    #[test]
    fn a_batch_has_the_size_a_real_log_shows() {
        let record = |k: &str, v: &str| Record::new(1_000, Some(k.as_bytes()), Some(v.as_bytes()));
        let batch =
            Batch::new(vec![record("k1", "v1"), record("k2", "v2"), record("k3", "v4")], ProducerStamp::default());
        assert_eq!(batch.size_in_bytes(), 94);
        assert_eq!(batch.last_offset(), 2);
    }

    #[test]
    fn a_codec_changes_the_size_of_records_and_nothing_else() {
        let batch = Batch::new(vec![Record::new(1_000, None, Some(&[7; 1_000])); 10], ProducerStamp::default());
        let zipped = batch.compressed_with(Codec::Gzip);
        let body = batch.size_in_bytes() - BATCH_OVERHEAD;
        assert_eq!(zipped.size_in_bytes(), BATCH_OVERHEAD + Codec::Gzip.compressed(body));
        assert_eq!((zipped.records(), zipped.attributes()), (batch.records(), 1));
        assert_ne!(zipped, batch);
        assert_eq!(zipped.compressed_with(Codec::None).size_in_bytes(), batch.size_in_bytes());
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let stamp = ProducerStamp { producer_id: 1, producer_epoch: 0, base_sequence: i32::MAX };
        let batch = Batch::new(vec![Record::default(), Record::default()], stamp);
        assert_eq!(batch.last_sequence(), 0);
    }
}
