//! The log cleaner's schedule (`LogCleaner`): every `log.cleaner.backoff.ms` compacted logs are looked at, and those that are dirty
//! enough are compacted. On a slow disk that takes a write a log. Left out: the time a pass takes otherwise, and the limit of bytes a
//! second.

use std::collections::VecDeque;

use partition_log::{Cleanable, Compaction, Log};
use protocol::Note;

use super::disk::ReplicaIndex;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};

impl Broker {
    /// The cleaner threads start, and look at once. Logs that were just loaded know no high watermark yet, so nothing is cleaned before the
    /// next look; but checkpoints that lie outside their logs are written anew, and segments below a log's start go
    /// (`LogManager#startup` comes before `ReplicaManager#applyDelta`).
    pub(super) fn start_cleaner(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let now_ms = wall_ms(cx.now, fx);
        let logs = self.disk.compacted(now_ms);
        self.disk.right_cleaned(&logs, now_ms);
        for index in logs {
            let log = self.disk.log(index);
            if log.segments().nth(1).is_some_and(|second| second.base_offset() <= log.log_start_offset()) {
                self.delete_segments(cx.now, fx, index, Log::delete_below_start);
            }
        }
        self.soft.timers.arm(fx, cx.now + self.settings.cleaner_backoff, TimerKey::Cleaner);
    }

    /// The cleaner threads' turn: compacts what is dirty enough, then deletes what `compact,delete` topics no longer keep
    /// (`LogCleaner.CleanerThread#doWork`). One turn does for all threads.
    pub(super) fn clean_compacted_logs(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let now_ms = wall_ms(cx.now, fx);
        let logs = self.disk.compacted(now_ms);
        self.disk.right_cleaned(&logs, now_ms);
        self.clean_logs(cx, fx, logs.into());
    }

    /// The first log is rewritten; on with the others.
    pub(super) fn go_on_cleaning(&mut self, cx: &Context<'_>, fx: &mut Fx, mut logs: VecDeque<ReplicaIndex>) {
        if let Some(index) = logs.pop_front() {
            self.clean_log(cx, fx, index);
        }
        self.clean_logs(cx, fx, logs);
    }

    fn clean_logs(&mut self, cx: &Context<'_>, fx: &mut Fx, mut logs: VecDeque<ReplicaIndex>) {
        while let Some(index) = logs.front().copied() {
            if self.dirty_part(index, wall_ms(cx.now, fx)).is_some() {
                let Some(at_once) = self.wait_to_clean(fx, logs) else { return };
                logs = at_once;
            }
            logs.pop_front();
            self.clean_log(cx, fx, index);
        }
        self.soft.timers.arm(fx, cx.now + self.settings.cleaner_backoff, TimerKey::Cleaner);
    }

    fn clean_log(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        while let Some(done) = self.compact_log(index, wall_ms(cx.now, fx)) {
            let Some(tp) = self.disk.get(index).map(|replica| replica.tp.clone()) else { return };
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
        if self.disk.get(index).is_some() {
            self.clean_up_log(cx.now, fx, index);
        }
    }

    /// What of a log is dirty, if that is enough for a pass.
    fn dirty_part(&self, index: ReplicaIndex, now_ms: i64) -> Option<Cleanable> {
        let stored = self.disk.get(index)?;
        let part = stored.log.cleanable(stored.cleaner_checkpoint, now_ms);
        part.is_due(stored.log.config().min_cleanable_ppm).then_some(part)
    }

    fn compact_log(&mut self, index: ReplicaIndex, now_ms: i64) -> Option<Compaction> {
        let part = self.dirty_part(index, now_ms)?;
        let keys_max = self.settings.cleaner_keys_max;
        let done = self.disk.log_mut(index).compact(&part, keys_max, now_ms)?;
        self.disk.record_cleaned(index, done.cleaned_to, now_ms);
        Some(done)
    }
}
