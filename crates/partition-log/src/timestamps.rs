//! Offsets by timestamp (`UnifiedLog#fetchOffsetByTimestamp`, ListOffsets).

use protocol::Batch;

use crate::log::Log;

/// A record found by its timestamp.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimestampOffset {
    /// Its timestamp, ms.
    pub timestamp_ms: i64,
    /// Its offset.
    pub offset: i64,
    /// The epoch of the leader that wrote it.
    pub leader_epoch: i32,
}

impl Log {
    /// The first record at or after `timestamp_ms`. Looks in the first segment whose largest timestamp reaches it, and
    /// in no other, as Kafka does.
    pub fn offset_for_timestamp(&self, timestamp_ms: i64) -> Option<TimestampOffset> {
        let segment = self.segments().find(|segment| segment.largest_timestamp_ms() >= timestamp_ms)?;
        segment.batches_from_timestamp(timestamp_ms).find_map(|batch| self.first_at_or_after(batch, timestamp_ms))
    }

    /// The first record with the largest timestamp of the log.
    pub fn max_timestamp(&self) -> Option<TimestampOffset> {
        let segments = self.segments().filter_map(|segment| segment.max_timestamp().map(|max| (segment, max)));
        // The earliest of equals, as `reduce` with a strict comparison gives.
        let (segment, max) = segments.reduce(|a, b| if b.1.timestamp_ms > a.1.timestamp_ms { b } else { a })?;
        let batch = segment.batches_from(max.offset).next()?;
        self.first_at_or_after(batch, max.timestamp_ms)
    }

    fn first_at_or_after(&self, batch: &Batch, timestamp_ms: i64) -> Option<TimestampOffset> {
        let found = |(offset, record): &(i64, &protocol::Record)| {
            record.timestamp_ms >= timestamp_ms && *offset >= self.log_start
        };
        batch.offsets().find(found).map(|(offset, record)| TimestampOffset {
            timestamp_ms: record.timestamp_ms,
            offset,
            leader_epoch: batch.leader_epoch,
        })
    }
}
