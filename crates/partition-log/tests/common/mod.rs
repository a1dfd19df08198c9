//! Short ways to make logs and batches.
#![allow(dead_code)]

use partition_log::{Log, LogConfig};
use protocol::batch::ProducerStamp;
use protocol::{Batch, Record, TopicPartition};

/// The wall clock all tests start at, ms.
pub(crate) const NOW: i64 = protocol::EPOCH_MS;

/// An empty log of `orders-0`.
pub(crate) fn log(config: LogConfig) -> Log {
    Log::new(TopicPartition::new("orders", 0), config, NOW)
}

/// A log with default configs.
pub(crate) fn default_log() -> Log {
    log(LogConfig::default())
}

/// A record with a key `k` and a value of `bytes` bytes.
pub(crate) fn record(timestamp_ms: i64, bytes: usize) -> Record {
    Record::new(timestamp_ms, Some(b"k"), Some(&vec![b'v'; bytes]))
}

/// A batch of `count` small records, all of `timestamp_ms`.
pub(crate) fn batch_at(timestamp_ms: i64, count: usize) -> Batch {
    Batch::new(vec![record(timestamp_ms, 10); count], ProducerStamp::default())
}

/// A batch of `count` small records.
pub(crate) fn batch(count: usize) -> Batch {
    batch_at(NOW, count)
}

/// A batch of exactly `size` bytes with one record.
pub(crate) fn batch_of_size(timestamp_ms: i64, size: u32) -> Batch {
    (0..=size as usize)
        .rev()
        .map(|bytes| Batch::new(vec![record(timestamp_ms, bytes)], ProducerStamp::default()))
        .find(|batch| batch.size_in_bytes() <= size)
        .filter(|batch| batch.size_in_bytes() == size)
        .expect("some value gives this size")
}

/// A batch of an idempotent producer.
pub(crate) fn sequenced(producer_id: i64, producer_epoch: i16, base_sequence: i32, count: usize) -> Batch {
    Batch::new(vec![record(NOW, 10); count], ProducerStamp { producer_id, producer_epoch, base_sequence })
}

/// Appends as the leader of epoch 0; the base offset.
pub(crate) fn append(log: &mut Log, batch: &Batch) -> i64 {
    let appended = log.append_as_leader(batch, 0, NOW).expect("the batch is fine");
    log.validate().expect("the log is sound");
    appended.base
}

/// Base offsets of segments.
pub(crate) fn segment_bases(log: &Log) -> Vec<i64> {
    log.segments().map(|segment| segment.base_offset()).collect()
}

/// (base, last) offsets of batches.
pub(crate) fn ranges(batches: &[Batch]) -> Vec<(i64, i64)> {
    batches.iter().map(|batch| (batch.base_offset, batch.last_offset())).collect()
}
