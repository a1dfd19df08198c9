//! What a broker does by the clock: ISR checks, high-watermark checkpoints, retention (`ReplicaManager#startup`,
//! `LogManager#startup`). Left out: the log cleaner, producer-id expiry, recovery-point checkpoints.

use kernel::Time;
use protocol::{Note, gap, wall_ms};

use super::{Broker, TimerKey};
use crate::process::Fx;

impl Broker {
    /// Arms the periodic tasks.
    pub(super) fn start_tasks(&mut self, now: Time, fx: &mut Fx) {
        gap!("log cleaner (compaction)", "LogCleaner");
        gap!("expiry of idle producer ids", "ProducerStateManager#removeExpiredProducers");
        let half_lag = kernel::Duration::from_nanos(self.settings.replica_lag_time_max.as_nanos() / 2);
        self.soft.timers.arm(fx, now + half_lag, TimerKey::ShrinkIsr);
        self.soft.timers.arm(fx, now + self.settings.hw_checkpoint_interval, TimerKey::CheckpointHighWatermarks);
        self.soft.timers.arm(fx, now + self.settings.initial_task_delay, TimerKey::Retention);
    }

    /// Writes the high watermarks that moved since the last time.
    pub(super) fn checkpoint_high_watermarks(&mut self, now: Time, fx: &mut Fx) {
        for index in std::mem::take(&mut self.soft.checkpoints_due) {
            self.disk.checkpoint(index);
            if let Some(partition) = self.partition_mut(index) {
                partition.is_checkpoint_due = false;
            }
        }
        self.soft.timers.arm(fx, now + self.settings.hw_checkpoint_interval, TimerKey::CheckpointHighWatermarks);
    }

    /// Removes old segments.
    pub(super) fn clean_up_logs(&mut self, now: Time, fx: &mut Fx) {
        let now_ms = wall_ms(now.as_nanos());
        let broker = self.id;
        for index in self.disk.indexes() {
            let log = self.disk.log_mut(index);
            let active = log.active_segment().base_offset();
            if log.delete_old_segments(now_ms).is_empty() {
                continue;
            }
            let log_start = log.log_start_offset();
            let rolled = Some(log.active_segment().base_offset()).filter(|base| *base != active);
            if let Some(tp) = self.disk.get(index).map(|replica| replica.tp.clone()) {
                if let Some(base) = rolled {
                    fx.note(Note::SegmentRolled { tp: tp.clone(), broker, base });
                }
                fx.note(Note::SegmentsDeleted { tp, broker, log_start });
            }
        }
        self.soft.timers.arm(fx, now + self.settings.retention_check_interval, TimerKey::Retention);
    }
}
