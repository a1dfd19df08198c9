//! Records and record batches of format v2, with Kafka's exact sizes (`DefaultRecordBatch`, `DefaultRecord`).
//!
//! A batch is made once and shared: what a leader stamps on append (base offset, leader epoch) lies outside the
//! checksum in Kafka and outside the shared part here. Checksums are made when a tool asks: nothing corrupts.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::codec::Codec;
use crate::hashing::content_hash;
use crate::varint::varint_size;

/// Bytes of a batch header (`RECORD_BATCH_OVERHEAD`).
pub const BATCH_OVERHEAD: u32 = 61;
/// An upper bound of a record's own overhead (`MAX_RECORD_OVERHEAD`), used for producer bounds.
pub const RECORD_OVERHEAD_MAX: u32 = 21;

/// A header of a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// Never null.
    pub key: Arc<str>,
    /// May be null.
    pub value: Option<Arc<[u8]>>,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Record {
    /// Its offset minus the batch's base offset.
    pub offset_delta: i32,
    /// CreateTime in ms since the epoch; −1 if none.
    pub timestamp_ms: i64,
    /// The key, or null. An empty key is not null.
    pub key: Option<Arc<[u8]>>,
    /// The value, or null (a tombstone in compacted topics).
    pub value: Option<Arc<[u8]>>,
    /// Headers, in order.
    pub headers: Vec<Header>,
}

impl Record {
    /// A record with a key and a value and no headers.
    pub fn new(timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
        Record { timestamp_ms, key: key.map(Into::into), value: value.map(Into::into), ..Record::default() }
    }

    /// Its bytes within a batch whose base timestamp is `base_timestamp_ms`.
    pub fn size_in_bytes(&self, base_timestamp_ms: i64) -> u32 {
        self.size_at(self.offset_delta, base_timestamp_ms)
    }

    /// Its bytes at another place of the batch.
    pub fn size_at(&self, offset_delta: i32, base_timestamp_ms: i64) -> u32 {
        let body = 1
            + varint_size(self.timestamp_ms - base_timestamp_ms)
            + varint_size(i64::from(offset_delta))
            + bytes_field(self.key.as_deref())
            + bytes_field(self.value.as_deref())
            + varint_size(self.headers.len() as i64)
            + self.headers.iter().map(Header::size_in_bytes).sum::<usize>();
        (body + varint_size(body as i64)) as u32
    }

    /// The largest size this record can have in any batch (`AbstractRecords#estimateSizeInBytesUpperBound`
    /// without the batch header).
    pub fn size_upper_bound(&self) -> u32 {
        let headers = self.headers.iter().map(Header::size_in_bytes).sum::<usize>();
        RECORD_OVERHEAD_MAX + (bytes_field(self.key.as_deref()) + bytes_field(self.value.as_deref()) + headers) as u32
    }
}

impl Header {
    fn size_in_bytes(&self) -> usize {
        varint_size(self.key.len() as i64) + self.key.len() + bytes_field(self.value.as_deref())
    }
}

fn bytes_field(bytes: Option<&[u8]>) -> usize {
    match bytes {
        None => 1,
        Some(bytes) => varint_size(bytes.len() as i64) + bytes.len(),
    }
}

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
    last_offset_delta: i32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
    /// From when tombstones in it may go; the base timestamp's field holds it on disk.
    delete_horizon_ms: Option<i64>,
    size: u32,
    records: Vec<Record>,
    fingerprint: u64,
}

/// A batch of records, cheap to clone.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Offset of the first record; 0 until a leader assigns it.
    pub base_offset: i64,
    /// Epoch of the leader that appended it; −1 until then.
    pub leader_epoch: i32,
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
        Batch::seal(records, stamp, false, false)
    }

    /// A control batch with one record (a Raft leader change, a transaction marker).
    pub fn control(record: Record) -> Batch {
        Batch::seal(vec![record], ProducerStamp::default(), false, true)
    }

    fn seal(records: Vec<Record>, stamp: ProducerStamp, is_transactional: bool, is_control: bool) -> Batch {
        let base_timestamp_ms = records.first().expect("a batch has at least one record").timestamp_ms;
        let max_timestamp_ms = records.iter().map(|r| r.timestamp_ms).max().unwrap_or(-1);
        let last_offset_delta = records.last().map_or(0, |r| r.offset_delta);
        let size = size_of(&records, base_timestamp_ms, Codec::None);
        let fingerprint = fingerprint(&records, stamp);
        Batch {
            base_offset: 0,
            leader_epoch: -1,
            sealed: Arc::new(Sealed {
                producer_id: stamp.producer_id,
                producer_epoch: stamp.producer_epoch,
                base_sequence: stamp.base_sequence,
                is_transactional,
                is_control,
                is_log_append_time: false,
                codec: Codec::None,
                last_offset_delta,
                base_timestamp_ms,
                max_timestamp_ms,
                delete_horizon_ms: None,
                size,
                records,
                fingerprint,
            }),
        }
    }

    /// The same batch as a leader appends it.
    pub fn stamped(&self, base_offset: i64, leader_epoch: i32) -> Batch {
        Batch { base_offset, leader_epoch, sealed: self.sealed.clone() }
    }

    /// The batch as a topic with `message.timestamp.type=LogAppendTime` keeps it: every record reads as written at `now_ms`.
    pub fn with_log_append_time(&self, now_ms: i64) -> Batch {
        let records: Vec<Record> =
            self.sealed.records.iter().map(|r| Record { timestamp_ms: now_ms, ..r.clone() }).collect();
        let fingerprint = fingerprint(&records, self.producer());
        let sealed =
            Sealed { records, fingerprint, max_timestamp_ms: now_ms, is_log_append_time: true, ..*self.sealed };
        Batch { sealed: Arc::new(sealed), ..*self }
    }

    /// The batch as compaction leaves it: with the records that `keep` keeps and the same offsets and sequence numbers, down
    /// to no record at all. A horizon that is set stays (`MemoryRecords#filterTo`, `#writeEmptyHeader`).
    pub fn compacted(&self, mut keep: impl FnMut(i64, &Record) -> bool, delete_horizon_ms: Option<i64>) -> Batch {
        let kept = self.offsets().filter(|(offset, record)| keep(*offset, record)).map(|(_, record)| record.clone());
        let records: Vec<Record> = kept.collect();
        let delete_horizon_ms = self.sealed.delete_horizon_ms.or(delete_horizon_ms);
        // An empty batch is only a header, without a horizon.
        let delete_horizon_ms = delete_horizon_ms.filter(|_| !records.is_empty());
        let base_timestamp_ms = match (delete_horizon_ms, records.first()) {
            (Some(horizon), _) => horizon,
            (None, Some(_)) => self.sealed.base_timestamp_ms,
            (None, None) => -1,
        };
        let max_timestamp_ms = records.iter().map(|r| r.timestamp_ms).max().unwrap_or(self.sealed.max_timestamp_ms);
        let size = size_of(&records, base_timestamp_ms, self.sealed.codec);
        let fingerprint = [delete_horizon_ms.unwrap_or(-1), self.sealed.last_offset_delta.into()]
            .into_iter()
            .fold(fingerprint(&records, self.producer()), hash_number);
        let sealed = Sealed {
            records,
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
        let records = self.sealed.records.clone();
        let size = size_of(&records, self.sealed.base_timestamp_ms, codec);
        let sealed = Sealed { records, codec, size, fingerprint, ..*self.sealed };
        Batch { sealed: Arc::new(sealed), ..*self }
    }

    /// Offset of the last record (it survives compaction).
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.sealed.last_offset_delta)
    }
    /// Last minus base offset.
    pub fn last_offset_delta(&self) -> i32 {
        self.sealed.last_offset_delta
    }
    /// The offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }
    /// Number of records in it.
    pub fn count(&self) -> u32 {
        self.sealed.records.len() as u32
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
        &self.sealed.records
    }
    /// Its records with their offsets.
    pub fn offsets(&self) -> impl Iterator<Item = (i64, &Record)> {
        self.sealed.records.iter().map(|r| (self.base_offset + i64::from(r.offset_delta), r))
    }
    /// Its record at an offset; none if compaction took it, or the offset is another batch's.
    pub fn record_at(&self, offset: i64) -> Option<&Record> {
        let delta = i32::try_from(offset.checked_sub(self.base_offset)?).ok()?;
        let place = self.sealed.records.binary_search_by_key(&delta, |record| record.offset_delta).ok()?;
        self.sealed.records.get(place)
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
            base => base.wrapping_add(self.sealed.last_offset_delta) & i32::MAX,
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
fn size_of(records: &[Record], base_timestamp_ms: i64, codec: Codec) -> u32 {
    BATCH_OVERHEAD + codec.compressed(records.iter().map(|r| r.size_in_bytes(base_timestamp_ms)).sum::<u32>())
}

fn hash_number(hash: u64, n: i64) -> u64 {
    content_hash(hash, &n.to_le_bytes())
}

/// A hash of the content: the same on every target.
fn fingerprint(records: &[Record], stamp: ProducerStamp) -> u64 {
    let ProducerStamp { producer_id, producer_epoch, base_sequence } = stamp;
    let maybe = |hash, bytes: Option<&[u8]>| bytes.map_or(hash_number(hash, -1), |bytes| content_hash(hash, bytes));
    let start = [producer_id, producer_epoch.into(), base_sequence.into()].into_iter().fold(0, hash_number);
    records.iter().fold(start, |hash, record| {
        let hash = hash_number(hash_number(hash, record.offset_delta.into()), record.timestamp_ms);
        let hash = maybe(maybe(hash, record.key.as_deref()), record.value.as_deref());
        record.headers.iter().fold(hash_number(hash, record.headers.len() as i64), |hash, header| {
            maybe(content_hash(hash, header.key.as_bytes()), header.value.as_deref())
        })
    })
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
