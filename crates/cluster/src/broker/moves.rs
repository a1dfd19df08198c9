//! Moves of replicas between log directories of one broker (KIP-113: `ReplicaAlterLogDirsThread`): a future replica is filled from the
//! current one, the controller is told where it will be, and when it has everything it takes the other's place.
//!
//! What a future replica holds is what the current one holds up to an offset, so it is kept as that offset. A disk copies
//! 100 MB a second here, or `replica.alter.log.dirs.io.max.bytes.per.second`; that is looked after ten times a second.

use kernel::{Duration, Time};
use protocol::{DirectoryId, PartitionIndex, TopicId};

use super::dirs::DirIndex;
use super::disk::{FutureReplica, ReplicaIndex};
use super::replicas::random_uuid;
use super::topic_configs::broker_layers;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};

const INTERVAL: Duration = Duration::from_millis(100);
/// What a disk copies in that time, at 100 MB a second.
const BYTES_MAX: i64 = 10_000_000;
const RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
/// Intervals in a second.
const PER_SECOND: i64 = 10;

impl Broker {
    /// Begins to move a replica to another directory, or leaves it where it is (`ReplicaManager#alterReplicaLogDirs`).
    pub(super) fn move_replica(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, dir: DirIndex) {
        let Some(replica) = self.disk.get(index) else { return };
        let (is_here, future) = (replica.dir == dir, replica.future.as_ref().map(|future| future.dir));
        if future == Some(dir) {
            return;
        }
        self.disk.drop_future(index);
        if is_here {
            return;
        }
        let uuid = random_uuid(fx);
        let offset = self.disk.log(index).log_start_offset();
        let future = FutureReplica { dir, offset, uuid, credit: 0, is_announced: false, is_accepted: false };
        if let Some(replica) = self.disk.get_mut(index) {
            replica.future = Some(future);
        }
        self.soft.timers.arm_once(fx, cx.now, TimerKey::MoveLogs);
    }

    /// Moves that were under way when the process ended go on.
    pub(super) fn resume_moves(&mut self, now: Time, fx: &mut Fx) {
        if self.disk.iter().any(|(_, replica)| replica.future.is_some()) {
            self.soft.timers.arm_once(fx, now, TimerKey::MoveLogs);
        }
    }

    /// Copies what may be copied by now.
    pub(super) fn move_logs(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let moving: Vec<ReplicaIndex> =
            self.disk.iter().filter(|(_, replica)| replica.future.is_some()).map(|(index, _)| index).collect();
        if moving.is_empty() {
            return;
        }
        let share = (rate(cx) / PER_SECOND).clamp(1, BYTES_MAX) / moving.len() as i64;
        for index in moving {
            self.copy(cx, fx, index, share.max(1));
        }
        self.soft.timers.arm(fx, cx.now + INTERVAL, TimerKey::MoveLogs);
    }

    fn copy(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, credit: i64) {
        let Some(replica) = self.disk.get_mut(index) else { return };
        let (log, Some(future)) = (&replica.log, &mut replica.future) else { return };
        future.offset = future.offset.clamp(log.log_start_offset(), log.log_end_offset());
        future.credit = (future.credit + credit).min(credit);
        for batch in log.batches_from(future.offset) {
            if future.credit <= 0 {
                break;
            }
            future.credit -= i64::from(batch.size_in_bytes());
            future.offset = batch.next_offset();
        }
        if future.offset < log.log_end_offset() {
            return;
        }
        let (dir, key) = (cx.spec.directory_id(future.dir), (replica.topic_id, replica.tp.partition));
        if future.is_accepted {
            self.take_place(cx, fx, index);
        } else if !std::mem::replace(&mut future.is_announced, true) {
            self.assign_later(key, dir);
        }
    }

    /// The future replica has everything, and the controller knows: it is the replica now (`LogManager#replaceCurrentWithFutureLog`).
    fn take_place(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        let uuid = random_uuid(fx);
        let now_ms = wall_ms(cx.now, fx);
        let due_ms = now_ms.saturating_add(self.settings.segment_delete_delay_ms);
        self.disk.replace_with_future(index, uuid, now_ms, due_ms);
        self.arm_file_deletion(cx.now, fx, Some(due_ms));
    }

    /// The controller has written down where a replica is, or will be.
    pub(super) fn on_dir_accepted(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        (topic_id, partition): (TopicId, PartitionIndex),
        dir: DirectoryId,
    ) {
        let Some(index) = self.disk.find(topic_id, partition) else { return };
        let Some(future) = self.disk.get_mut(index).and_then(|replica| replica.future.as_mut()) else { return };
        if cx.spec.directory_id(future.dir) == dir {
            future.is_accepted = true;
            self.copy(cx, fx, index, 0);
        }
    }
}

/// `replica.alter.log.dirs.io.max.bytes.per.second`, as it is set now.
fn rate(cx: &Context<'_>) -> i64 {
    let layers = broker_layers(cx);
    let set = [layers.dynamic, layers.dynamic_default, layers.properties].into_iter().find_map(|set| set.get(RATE));
    set.and_then(|value| value.trim().parse().ok()).unwrap_or(i64::MAX)
}
