//! What survives a crash, and what only survives if it was flushed.
//!
//! A killed broker loses nothing that it wrote: the page cache outlives the process. A power loss takes what was not
//! flushed; Kafka flushes when a segment rolls and leaves the rest to the operating system and to replication.

use crate::log::Log;

impl Log {
    /// Everything so far is on disk.
    pub fn flush(&mut self) {
        self.recovery_point = self.log_end;
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

    /// The broker opens its log again (`LogLoader`). The high watermark is that of the checkpoint file; of producers only
    /// what a snapshot and the batches after it tell is known; a leader epoch in which nothing was written is forgotten.
    /// A clean shutdown flushes and writes a snapshot at the log end.
    pub fn reopen(&mut self, high_watermark_checkpoint: i64, was_clean: bool, now_ms: i64) {
        if was_clean {
            self.flush();
            self.producers = self.producers.snapshot();
        } else {
            self.rebuild_producers();
        }
        protocol::gap!(
            "the log start offset survives a crash at once, not from its checkpoint of every 60 s",
            "LogManager#checkpointLogStartOffsets"
        );
        self.active.opened_at(now_ms);
        self.epochs.truncate_from_end(self.log_end);
        self.high_watermark = high_watermark_checkpoint.max(self.log_start).min(self.log_end);
    }
}
