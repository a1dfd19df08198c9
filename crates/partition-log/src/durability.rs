//! What survives a crash, and what only survives if it was flushed.
//!
//! A killed broker loses nothing that it wrote: the page cache outlives the process. A power loss takes what was not
//! flushed; Kafka flushes when a segment rolls and leaves the rest to the operating system and to replication.

use std::sync::Arc;

use crate::log::Log;

impl Log {
    /// Everything so far is on disk.
    pub fn flush(&mut self) {
        self.recovery_point = self.log_end;
    }

    /// Everything so far is on disk, because `flush.ms` is over.
    pub fn flush_at(&mut self, now_ms: i64) {
        self.flush();
        self.flushed_ms = now_ms;
    }

    /// Whether something is unflushed and `flush.ms` is over since the last look.
    pub fn is_flush_due(&self, now_ms: i64) -> bool {
        self.recovery_point < self.log_end && now_ms - self.flushed_ms >= self.config.flush_ms
    }

    /// Everything below is on disk (the recovery point).
    pub fn flushed_to(&self) -> i64 {
        self.recovery_point
    }

    /// A power loss: the log ends where it was last flushed.
    pub fn lose_unflushed(&mut self, now_ms: i64) {
        protocol::gap!(
            "the operating system writes dirty pages back by itself after some 30 s",
            "vm.dirty_expire_centisecs"
        );
        self.truncate_to(self.recovery_point, now_ms);
    }

    /// The log start as the checkpoint file has it: only if it is not where the first segment begins.
    pub fn log_start_to_checkpoint(&self) -> Option<i64> {
        let first = self.segments().next().map_or(0, |segment| segment.base_offset());
        (self.log_start > first).then_some(self.log_start)
    }

    /// A clean shutdown: everything is on disk, and producer state is written at the log end (`UnifiedLog#close`).
    pub fn close(&mut self) {
        self.flush();
        let of_segments = self.segments().rev().find(|s| s.snapshot.is_some()).map(|s| s.base_offset());
        let of_shutdown = self.shutdown_snapshot.as_ref().map(|(offset, _)| *offset);
        let last = [of_segments, of_shutdown].into_iter().flatten().max().unwrap_or(self.log_start);
        if self.log_end > last {
            self.shutdown_snapshot = Some((self.log_end, Arc::new(self.producers.snapshot())));
        }
    }

    /// The broker opens its log again (`LogLoader`). The high watermark is that of the checkpoint file, and so is the log
    /// start, unless the first segment begins later; of producers only what a snapshot and the batches after it tell is known; a leader epoch in which nothing was written is forgotten.
    /// A clean shutdown flushes and writes a snapshot at the log end.
    pub fn reopen(&mut self, high_watermark_checkpoint: i64, log_start_checkpoint: i64, was_clean: bool, now_ms: i64) {
        let first = self.segments().next().map_or(0, |segment| segment.base_offset());
        self.log_start = log_start_checkpoint.max(first).min(self.log_end);
        if was_clean {
            self.flush();
            self.producers = self.producers.snapshot();
        } else {
            self.rebuild_producers();
        }
        self.doomed.clear();
        self.active.opened_at(now_ms);
        self.epochs.truncate_from_end(self.log_end);
        self.high_watermark = high_watermark_checkpoint.max(self.log_start).min(self.log_end);
    }
}
