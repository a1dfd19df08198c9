//! The log cleaner's schedule (`LogCleaner`): every `log.cleaner.backoff.ms` compacted logs are looked at, and those that are dirty
//! enough are compacted. Left out: the time a pass takes, and the limit of bytes a second.

use partition_log::Compaction;
use protocol::Note;

use super::disk::ReplicaIndex;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};

impl Broker {
    /// The cleaner threads' turn: compacts what is dirty enough, then deletes what `compact,delete` topics no longer keep
    /// (`LogCleaner.CleanerThread#doWork`). Passes take no time, so one turn does for all threads.
    pub(super) fn clean_compacted_logs(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let now_ms = wall_ms(cx.now, fx);
        for index in self.disk.compacted(now_ms) {
            while let Some(done) = self.compact_log(index, now_ms) {
                let Some(tp) = self.disk.get(index).map(|replica| replica.tp.clone()) else { break };
                fx.note(Note::Compacted {
                    tp,
                    broker: self.id,
                    cleaned_to: done.cleaned_to,
                    removed: done.records_before - done.records_after,
                    kept: done.records_after,
                });
                let due_ms = self.disk.log(index).next_file_deletion_ms();
                self.arm_file_deletion(cx.now, fx, due_ms);
            }
            self.clean_up_log(cx.now, fx, index);
        }
        self.soft.timers.arm(fx, cx.now + self.settings.cleaner_backoff, TimerKey::Cleaner);
    }

    fn compact_log(&mut self, index: ReplicaIndex, now_ms: i64) -> Option<Compaction> {
        let stored = self.disk.get(index)?;
        let part = stored.log.cleanable(stored.cleaner_checkpoint, now_ms);
        if !part.is_due(stored.log.config().min_cleanable_ppm) {
            return None;
        }
        let keys_max = self.settings.cleaner_keys_max;
        let done = self.disk.log_mut(index).compact(&part, keys_max, now_ms)?;
        self.disk.record_cleaned(index, done.cleaned_to, now_ms);
        Some(done)
    }
}
