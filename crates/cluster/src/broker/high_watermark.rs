//! Moving high watermarks, and waking what waits for them (`Partition#maybeIncrementLeaderHW`, purgatories).

use protocol::{ErrorCode, Note, Plant};

use super::Broker;
use super::disk::ReplicaIndex;
use super::partition::{WaitingWrite, Writer};
use crate::process::{Context, Fx};

impl Broker {
    /// Moves a leader's high watermark as far as its followers allow, and wakes who waits for it.
    pub(super) fn advance_high_watermark(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        let log_end = self.disk.log(index).log_end_offset();
        let lag_max = self.settings.replica_lag_time_max;
        let counts_stalled = !cx.spec.has(Plant::StalledForgotten);
        let target = self
            .partition(index)
            .and_then(|p| p.target_high_watermark(cx.now, cx.image, lag_max, log_end, counts_stalled));
        let may_fall = cx.spec.has(Plant::HighWatermarkFalls);
        if let Some(target) = target.filter(|target| *target > self.disk.log(index).high_watermark() || may_fall) {
            self.set_high_watermark(fx, index, target);
        }
    }

    /// Sets a replica's high watermark and wakes who waits for it.
    pub(super) fn set_high_watermark(&mut self, fx: &mut Fx, index: ReplicaIndex, offset: i64) {
        if !self.disk.log_mut(index).set_high_watermark(offset) {
            return;
        }
        self.touch(index);
        let broker = self.id;
        let Some(partition) = self.partition_mut(index) else { return };
        let is_news = !std::mem::replace(&mut partition.is_checkpoint_due, true);
        let tp = partition.tp.clone();
        if is_news {
            self.soft.checkpoints_due.push(index);
        }
        let offset = self.disk.log(index).high_watermark();
        fx.note(Note::HighWatermark { tp, broker, offset });
        self.wake_later(index);
    }

    /// Looks at everything that waits on a partition.
    pub(super) fn wake(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        self.complete_writes(cx, fx, index);
        self.wake_fetches(cx, fx, index);
        self.complete_deletes(cx, fx, index);
    }

    /// Answers the writes the high watermark has passed, or all of them if this broker no longer leads.
    fn complete_writes(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        while let Some((write, error)) = self.next_complete_write(index) {
            match write.who {
                Writer::Producer { ticket, slot } => self.produce_slot_done(cx, fx, ticket, slot, error),
                Writer::Coordinator { write } => {
                    let shard = self.partition(index).map(|p| p.tp.partition);
                    if let Some(shard) = shard {
                        self.on_group_written(cx, fx, shard, write, error);
                    }
                }
            }
        }
    }

    /// A replica is not here any more: who waits for a write of it is told why.
    pub(super) fn fail_writes(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, error: ErrorCode) {
        let writes = self.partition_mut(index).map(|partition| std::mem::take(&mut partition.writes));
        for write in writes.unwrap_or_default() {
            if let Writer::Producer { ticket, slot } = write.who {
                self.produce_slot_done(cx, fx, ticket, slot, error);
            }
        }
    }

    fn next_complete_write(&mut self, index: ReplicaIndex) -> Option<(WaitingWrite, ErrorCode)> {
        let high_watermark = self.disk.get(index)?.log.high_watermark();
        let partition = self.partition_mut(index)?;
        let error = match partition.leadership() {
            None => ErrorCode::NotLeaderOrFollower,
            Some(leadership) => {
                if partition.writes.front()?.required > high_watermark {
                    return None;
                }
                // DelayedProduce#tryComplete looks at the maximal ISR (Partition#checkEnoughReplicasReachOffset).
                match leadership.maximal_isr_len() < partition.effective_min_isr() {
                    true => ErrorCode::NotEnoughReplicasAfterAppend,
                    false => ErrorCode::None,
                }
            }
        };
        Some((partition.writes.pop_front()?, error))
    }
}
