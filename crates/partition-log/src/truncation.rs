//! Cutting the end off, and moving the start (`UnifiedLog#truncateTo`, `#maybeIncrementLogStartOffset`).

use std::sync::Arc;

use protocol::ErrorCode;

use crate::log::Log;
use crate::producers::ProducerStates;

impl Log {
    /// Drops everything at and after `offset`. A batch that reaches over it goes as a whole. If `offset` is not below the
    /// log end, only a leader epoch that starts at the log end goes: one that was assigned and never written in.
    pub fn truncate_to(&mut self, offset: i64, now_ms: i64) {
        if offset >= self.log_end {
            self.epochs.truncate_from_end(self.log_end);
            return;
        }
        let first = self.segments().next().map_or(0, |segment| segment.base_offset());
        if first > offset {
            self.truncate_fully_and_start_at(offset, now_ms);
            return;
        }
        self.drop_segments_after(offset, now_ms);
        self.active.truncate_to(offset, now_ms);
        self.log_end = offset;
        self.epochs.truncate_from_end(offset);
        self.log_start = self.log_start.min(offset);
        self.flushed = self.flushed.min(offset);
        self.recovery_point = self.recovery_point.min(offset);
        self.compacted_to = self.compacted_to.min(offset);
        self.high_watermark = self.high_watermark.min(offset);
        self.rebuild_producers();
    }

    /// Drops everything; the log is empty and starts at `offset`.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64, now_ms: i64) {
        self.reset_segments(offset, now_ms);
        self.log_start = offset;
        self.high_watermark = offset;
        self.flushed = self.flushed.min(offset);
        self.recovery_point = self.recovery_point.min(offset);
        self.compacted_to = offset;
        self.epochs.clear();
        self.producers = ProducerStates::default();
        self.strays.clear();
    }

    /// Moves the log start to `offset`, never back: DeleteRecords on a leader, or a follower that learns its leader's.
    /// Segments below it go at the next retention run. Above the high watermark is OFFSET_OUT_OF_RANGE.
    pub fn set_log_start(&mut self, offset: i64) -> Result<bool, ErrorCode> {
        if offset > self.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let moves = offset > self.log_start;
        if moves {
            self.log_start = offset;
            self.epochs.truncate_from_start(offset);
        }
        Ok(moves)
    }

    /// Makes the segment that holds `offset` the active one.
    fn drop_segments_after(&mut self, offset: i64, now_ms: i64) {
        let keep = self.segment_index_of(offset);
        if keep == self.closed.len() {
            return;
        }
        let closed = Arc::make_mut(&mut self.closed);
        let mut gone = closed.split_off(keep);
        let mut reopened = gone.remove(0).as_ref().clone();
        reopened.reopen();
        gone.push(Arc::new(std::mem::replace(&mut self.active, reopened)));
        self.closed_bytes = closed.iter().map(|segment| u64::from(segment.size_bytes())).sum();
        self.doom(gone, now_ms);
    }
}
