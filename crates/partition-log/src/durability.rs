//! What survives a crash, and what only survives if it was flushed.
//!
//! A killed broker loses nothing that it wrote: the page cache outlives the process. A power loss takes what was not
//! on disk: Kafka flushes when a segment rolls and leaves the rest to the operating system, which writes it back in time, and to replication.

use std::sync::Arc;

use crate::log::Log;

impl Log {
    /// Everything so far is on disk.
    pub fn flush(&mut self) {
        self.flushed_below(self.log_end);
    }

    /// Everything below `offset` is on disk now, because `flush.ms` was over.
    pub fn flush_to(&mut self, offset: i64, now_ms: i64) {
        self.flushed_below(offset.min(self.log_end));
        self.flushed_ms = now_ms;
    }

    pub(crate) fn flushed_below(&mut self, offset: i64) {
        self.flushed = self.flushed.max(offset);
        self.recovery_point = self.recovery_point.max(offset);
    }

    /// Whether something is unflushed and `flush.ms` is over since the last look.
    pub fn is_flush_due(&self, now_ms: i64) -> bool {
        self.recovery_point < self.log_end && now_ms - self.flushed_ms >= self.config.flush_ms
    }

    /// Everything below `offset` is on disk now, because the operating system wrote it back: nobody tells Kafka.
    pub fn written_below(&mut self, offset: i64) {
        self.flushed = self.flushed.max(offset.min(self.log_end));
    }

    /// Everything below is on disk, if the operating system has written nothing since the log was last touched.
    pub fn flushed_to(&self) -> i64 {
        self.flushed
    }

    /// Everything below is known to be on disk (`LocalLog#recoveryPoint`).
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// A power loss: the log ends where it was last flushed or written back.
    pub fn lose_unflushed(&mut self, now_ms: i64) {
        self.truncate_to(self.flushed, now_ms);
    }

    /// The log start as the checkpoint file has it: only if it is not where the first segment begins.
    pub fn log_start_to_checkpoint(&self) -> Option<i64> {
        let first = self.segments().next().map_or(0, |segment| segment.base_offset());
        (self.log_start > first).then_some(self.log_start)
    }

    /// A clean shutdown: everything is on disk, and producer state is written at the log end (`UnifiedLog#close`).
    pub fn close(&mut self) {
        self.flush();
        self.active.stop();
        self.take_snapshot();
    }

    /// What a start after an unclean stop has to read and check: how many segments, and their bytes. They begin with the one that
    /// holds the recovery point of the checkpoint file (`LogLoader#recoverLog`).
    pub fn to_recover(&self, recovery_point_checkpoint: i64) -> (u32, u64) {
        let mut found = (0, 0);
        for segment in self.segments().rev() {
            if !segment.is_empty() {
                found = (found.0 + 1, found.1 + u64::from(segment.size_bytes()));
            }
            if segment.base_offset() <= recovery_point_checkpoint {
                break;
            }
        }
        found
    }

    /// The indexes of the segments that recovery reads are made anew.
    fn recover_segments(&mut self, recovery_point_checkpoint: i64) {
        let interval = self.config.index_interval_bytes;
        let from = self.segment_index_of(recovery_point_checkpoint);
        for index in from..self.closed.len() {
            let mut segment = self.closed[index].as_ref().clone();
            segment.recover(interval);
            Arc::make_mut(&mut self.closed)[index] = Arc::new(segment);
        }
        self.active.recover(interval);
    }

    /// The broker opens its log again (`LogLoader`). The high watermark is that of the checkpoint file, and so is the log
    /// start, unless the first segment begins later; of each producer only the last batch is known, because a clean shutdown and
    /// a recovery both leave a snapshot at the log end; a leader epoch in which nothing was written is forgotten. After an unclean
    /// stop the recovery point is that of `recovered_from`, the checkpoint file: recovery flushes nothing, and another crash has it
    /// read as much again.
    pub fn reopen(
        &mut self,
        high_watermark_checkpoint: i64,
        log_start_checkpoint: i64,
        recovered_from: Option<i64>,
        now_ms: i64,
    ) {
        let first = self.segments().next().map_or(0, |segment| segment.base_offset());
        self.log_start = log_start_checkpoint.max(first).min(self.log_end);
        match recovered_from {
            None => self.flush(),
            Some(checkpoint) => {
                self.recovery_point = checkpoint.min(self.recovery_point);
                self.recover_segments(checkpoint);
            }
        }
        self.remove_old_strays();
        self.rebuild_producers();
        self.producers = self.producers.snapshot();
        self.doomed.clear();
        self.active.opened_at(now_ms, &self.config);
        self.epochs.truncate_from_end(self.log_end);
        self.high_watermark = high_watermark_checkpoint.max(self.log_start).min(self.log_end);
    }
}
