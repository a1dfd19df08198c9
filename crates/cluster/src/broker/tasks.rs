//! What a broker does by the clock: ISR checks, high-watermark checkpoints, retention (`ReplicaManager#startup`,
//! `LogManager#startup`).

use kernel::{Duration, Time};
use partition_log::{DeletedSegment, Log, LogConfig, RetentionReason};
use protocol::Note;

use super::agenda::Task;
use super::disk::ReplicaIndex;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};

impl Broker {
    /// Arms the periodic tasks.
    pub(super) fn start_tasks(&mut self, now: Time, fx: &mut Fx) {
        let half_lag = Duration::from_nanos(self.settings.replica_lag_time_max.as_nanos() / 2);
        self.soft.timers.arm(fx, now + half_lag, TimerKey::ShrinkIsr);
        self.soft.timers.arm(fx, now + self.settings.initial_task_delay, TimerKey::Retention);
        self.soft.timers.arm(fx, now + self.settings.initial_task_delay, TimerKey::CheckpointRecoveryPoints);
        self.soft.timers.arm(fx, now + self.settings.initial_task_delay, TimerKey::CheckpointLogStarts);
        self.soft.timers.arm(fx, now + self.settings.producer_id_check_interval, TimerKey::ProducerExpiry);
        if self.settings.cleaner_enable {
            let dirs = &self.soft.dirs;
            self.disk.top.start_cleaner(|dir| dirs.is_live(dir));
        }
        if self.settings.flush_interval.is_some() {
            self.soft.timers.arm(fx, now + self.settings.initial_task_delay, TimerKey::Flush);
        }
        self.delete_files(now, fx);
    }

    /// Flushes logs whose `flush.ms` is over (`LogManager#flushDirtyLogs`). By default nobody looks.
    pub(super) fn flush_dirty_logs(&mut self, now: Time, fx: &mut Fx) {
        let now_ms = wall_ms(now, fx);
        for index in self.disk.indexes() {
            if self.disk.log(index).is_flush_due(now_ms) && !self.waits_to_flush(fx, index) {
                let log = self.disk.log_mut(index);
                log.flush_to(log.log_end_offset(), now_ms);
            }
        }
        if let Some(interval) = self.settings.flush_interval {
            self.repeat(now, fx, interval, TimerKey::Flush);
        }
    }

    /// A task runs again when its period is over; without one it runs once (`KafkaScheduler#schedule`).
    fn repeat(&mut self, now: Time, fx: &mut Fx, period: Duration, task: TimerKey) {
        if period > Duration::ZERO {
            self.soft.timers.arm(fx, now + period, task);
        }
    }

    /// Writes recovery points down.
    pub(super) fn checkpoint_recovery_points(&mut self, now: Time, fx: &mut Fx) {
        self.disk.checkpoint_recovery_points(wall_ms(now, fx));
        self.repeat(now, fx, self.settings.recovery_point_checkpoint_interval, TimerKey::CheckpointRecoveryPoints);
    }

    /// Writes log starts down.
    pub(super) fn checkpoint_log_starts(&mut self, now: Time, fx: &mut Fx) {
        self.disk.checkpoint_log_starts(wall_ms(now, fx));
        self.repeat(now, fx, self.settings.log_start_checkpoint_interval, TimerKey::CheckpointLogStarts);
    }

    /// Removes `.deleted` files and `-delete` directories that are due.
    pub(super) fn delete_files(&mut self, now: Time, fx: &mut Fx) {
        let next = self.disk.delete_files(wall_ms(now, fx));
        self.arm_file_deletion(now, fx, next);
    }

    /// Files go at `due_ms`, if at all.
    pub(super) fn arm_file_deletion(&mut self, now: Time, fx: &mut Fx, due_ms: Option<i64>) {
        let Some(wait_ms) = due_ms.map(|due_ms| due_ms - wall_ms(now, fx)) else { return };
        let due = now + Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        if self.soft.timers.due(&TimerKey::FileDeletion).is_none_or(|armed| armed > due) {
            self.soft.timers.arm(fx, due, TimerKey::FileDeletion);
        }
    }

    /// Forgets producers that have been silent for too long.
    pub(super) fn expire_producers(&mut self, now: Time, fx: &mut Fx) {
        let now_ms = wall_ms(now, fx);
        let expiration_ms = self.settings.producer_id_expiration_ms;
        for index in self.disk.agenda.take(Task::Producers, now_ms) {
            if self.disk.get(index).is_some_and(|replica| replica.log.has_expired_producers(now_ms, expiration_ms)) {
                self.disk.log_mut(index).expire_producers(now_ms, expiration_ms);
            }
            let silent_since_ms = self.disk.get(index).and_then(|replica| replica.log.longest_silent_producer_ms());
            let due_ms = silent_since_ms.map(|since_ms| since_ms.saturating_add(expiration_ms));
            self.disk.agenda.look_again(Task::Producers, index, due_ms);
        }
        self.soft.timers.arm(fx, now + self.settings.producer_id_check_interval, TimerKey::ProducerExpiry);
    }

    /// Writes the high watermarks that moved since the last time.
    pub(super) fn checkpoint_high_watermarks(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let now = cx.now;
        self.probe_dirs(cx, fx);
        self.disk.write_high_watermarks(wall_ms(now, fx));
        for index in std::mem::take(&mut self.soft.checkpoints_due) {
            self.disk.checkpoint(index);
            if let Some(partition) = self.partition_mut(index) {
                partition.is_checkpoint_due = false;
            }
        }
        self.repeat(now, fx, self.settings.hw_checkpoint_interval, TimerKey::CheckpointHighWatermarks);
    }

    /// Removes old segments. Compacted logs are the cleaner's (`LogManager#cleanupLogs`).
    pub(super) fn clean_up_logs(&mut self, now: Time, fx: &mut Fx) {
        for index in self.disk.agenda.take(Task::Retention, wall_ms(now, fx)) {
            let is_cleaners = |config: &LogConfig| self.settings.cleaner_enable && config.compact;
            if self.disk.get(index).is_none_or(|replica| is_cleaners(replica.log.config())) {
                continue;
            }
            self.clean_up_log(now, fx, index);
            let due_ms = self.disk.log(index).next_retention_ms();
            self.disk.agenda.look_again(Task::Retention, index, due_ms);
        }
        self.soft.timers.arm(fx, now + self.settings.retention_check_interval, TimerKey::Retention);
    }

    pub(super) fn clean_up_log(&mut self, now: Time, fx: &mut Fx, index: ReplicaIndex) {
        if !self.disk.log(index).is_retention_due(wall_ms(now, fx)) {
            return;
        }
        self.delete_segments(now, fx, index, Log::delete_old_segments);
    }

    /// Deletes segments of a log, and tells of it.
    pub(super) fn delete_segments(
        &mut self,
        now: Time,
        fx: &mut Fx,
        index: ReplicaIndex,
        delete: impl Fn(&mut Log, i64) -> Vec<DeletedSegment>,
    ) {
        let broker = self.id;
        let log = self.disk.log_mut(index);
        let active = log.active_segment().base_offset();
        let deleted = delete(log, wall_ms(now, fx));
        if deleted.is_empty() {
            return;
        }
        let too_old = deleted.iter().filter(|segment| segment.reason == RetentionReason::Time);
        let newest_by_time_ms = too_old.map(|segment| segment.largest_timestamp_ms).max();
        let (log_start, due_ms) = (log.log_start_offset(), log.next_file_deletion_ms());
        let rolled = Some(log.active_segment().base_offset()).filter(|base| *base != active);
        if let Some(tp) = self.disk.get(index).map(|replica| replica.tp.clone()) {
            if let Some(base) = rolled {
                fx.note(Note::SegmentRolled { tp: tp.clone(), broker, base });
            }
            fx.note(Note::SegmentsDeleted { tp, broker, log_start, newest_by_time_ms });
        }
        self.arm_file_deletion(now, fx, due_ms);
        self.touch(index);
        self.followed_position_changed(index);
    }
}
