//! Hard state: the logs in the log directories and the checkpoint of their high watermarks (`LogManager`,
//! `OffsetCheckpointFile`). All that a crash leaves.

use std::sync::Arc;

use kernel::Time;
use ordered::{SortedMap, SortedSet};
use partition_log::{Log, LogConfig};
use protocol::api::Name;
use protocol::{PartitionIndex, TopicId, TopicPartition};

use super::agenda::{Agenda, Task};
use super::dirs::{DirIndex, DirSet};
use super::top_files::{TopFile, TopFiles};

/// Which replica of this broker: an index into dense vectors, never given out twice in one life of the process.
pub type ReplicaIndex = u32;

/// A replica as it lies on disk.
#[derive(Clone, Debug, Hash)]
pub struct StoredReplica {
    /// The partition's name.
    pub tp: TopicPartition,
    /// Its topic's id, as in `partition.metadata`.
    pub topic_id: TopicId,
    /// The log directory it lies in.
    pub dir: DirIndex,
    /// What is to take its place in another one.
    pub future: Option<FutureReplica>,
    /// Its log. The high watermark in it is what memory knows; disk knows the checkpoint.
    pub log: Log,
    /// Its entry in `replication-offset-checkpoint`.
    pub checkpointed_high_watermark: i64,
    /// Its entry in `recovery-point-offset-checkpoint`.
    pub checkpointed_recovery_point: i64,
    /// Its entry in `log-start-offset-checkpoint`, which has none while the log starts with its first segment.
    pub checkpointed_log_start: Option<i64>,
    /// Its entry in `cleaner-offset-checkpoint`: everything below was compacted.
    pub cleaner_checkpoint: Option<i64>,
    /// When all of its log was last known to be on disk. See [`StoredReplica::on_disk_below`].
    pub(super) unwritten_since: Time,
}

/// A copy that is being made in another log directory: all that the replica has below an offset.
#[derive(Clone, Debug, Hash)]
pub struct FutureReplica {
    /// Where.
    pub dir: DirIndex,
    /// Up to where it is copied.
    pub offset: i64,
    /// For the name of its directory.
    pub uuid: u128,
    /// Bytes it may copy now.
    pub(super) credit: i64,
    /// The controller is being told.
    pub(super) is_announced: bool,
    /// The controller knows.
    pub(super) is_accepted: bool,
}

/// A partition that is none of this broker's any more and whose files are still there, in a directory of another name
/// (`LogManager#asyncDelete`, `#loadLog`).
#[derive(Clone, Debug, Hash)]
pub struct Removed {
    /// `orders-0.<32 hexadecimal digits>-delete`, or `-stray`.
    pub directory: Name,
    /// When the files go, ms since the epoch; those of strays stay until somebody removes them.
    pub due_ms: Option<i64>,
    /// What they hold.
    pub replica: Arc<StoredReplica>,
}

/// The log directories of a broker.
#[derive(Clone, Debug, Default, Hash)]
pub struct Disk {
    replicas: Vec<Option<Arc<StoredReplica>>>,
    /// By topic, and then by partition.
    index: SortedMap<TopicId, SortedMap<PartitionIndex, ReplicaIndex>>,
    pub(super) removed: Vec<Removed>,
    /// What lies in directories that do not work.
    offline: Vec<Arc<StoredReplica>>,
    /// `.kafka_cleanshutdown`: the last stop was in good order.
    pub(super) is_clean: bool,
    /// The directories of which the opposite is true: they did not work then, or do not now.
    contrary: DirSet,
    /// Which files lie beside the partitions.
    pub(super) top: TopFiles,
    /// From which directories replicas were removed in this step.
    removed_from: DirSet,
    /// What periodic tasks have to look at. A start puts everything on it.
    pub(super) agenda: Agenda,
    /// The replicas whose topics are compacted, as of the cleaner's last look.
    compacted: SortedSet<ReplicaIndex>,
    /// The time of this step of the process.
    pub(super) now: Time,
}

impl Disk {
    /// The index of a partition's replica here.
    pub fn find(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<ReplicaIndex> {
        self.index.get(&topic_id)?.get_near(partition as usize, &partition).copied()
    }

    /// One more than the largest index given out.
    pub(super) fn slots(&self) -> usize {
        self.replicas.len()
    }

    /// A replica.
    pub fn get(&self, index: ReplicaIndex) -> Option<&StoredReplica> {
        self.replicas.get(index as usize)?.as_deref()
    }

    /// The log of a replica.
    ///
    /// # Panics
    /// If there is no such replica.
    pub fn log(&self, index: ReplicaIndex) -> &Log {
        &self.get(index).expect("a hosted partition has a log").log
    }

    /// The log of a replica, to change.
    ///
    /// # Panics
    /// If there is no such replica.
    pub fn log_mut(&mut self, index: ReplicaIndex) -> &mut Log {
        &mut self.get_mut(index).expect("a hosted partition has a log").log
    }

    /// A replica, to change.
    pub fn get_mut(&mut self, index: ReplicaIndex) -> Option<&mut StoredReplica> {
        let replica = self.replicas.get_mut(index as usize)?.as_mut()?;
        self.agenda.changed(index);
        let replica = Arc::make_mut(replica);
        replica.write_back(self.now);
        Some(replica)
    }

    /// Makes an empty log for a new replica.
    pub fn create(
        &mut self,
        tp: TopicPartition,
        topic_id: TopicId,
        dir: DirIndex,
        config: LogConfig,
        now_ms: i64,
    ) -> ReplicaIndex {
        let log = Log::new(tp.clone(), config, now_ms);
        self.enter(Arc::new(StoredReplica {
            tp,
            topic_id,
            dir,
            future: None,
            log,
            checkpointed_high_watermark: 0,
            checkpointed_recovery_point: 0,
            checkpointed_log_start: None,
            cleaner_checkpoint: None,
            unwritten_since: self.now,
        }))
    }

    fn enter(&mut self, replica: Arc<StoredReplica>) -> ReplicaIndex {
        let index = u32::try_from(self.replicas.len()).expect("fewer than 2^32 replicas");
        self.index.entry(replica.topic_id).or_default().insert(replica.tp.partition, index);
        self.agenda.changed(index);
        self.replicas.push(Some(replica));
        index
    }

    fn take_out(&mut self, index: ReplicaIndex) -> Option<Arc<StoredReplica>> {
        let replica = self.replicas.get_mut(index as usize).and_then(Option::take)?;
        if let Some(topic) = self.index.get_mut(&replica.topic_id) {
            topic.remove(&replica.tp.partition);
            if topic.is_empty() {
                self.index.remove(&replica.topic_id);
            }
        }
        self.compacted.remove(&index);
        Some(replica)
    }

    // ---- log directories

    /// Whether a directory has the mark of a clean stop.
    pub(super) fn was_closed(&self, dir: DirIndex) -> bool {
        self.is_clean != self.contrary.contains(dir)
    }

    /// How many logs a directory has, future ones too.
    pub(super) fn logs_in(&self, dir: DirIndex) -> usize {
        let is_in =
            |replica: &StoredReplica| replica.dir == dir || replica.future.as_ref().is_some_and(|f| f.dir == dir);
        self.iter().filter(|(_, replica)| is_in(replica)).count()
    }

    /// Whether a replica lies in a directory that does not work.
    pub(super) fn is_offline(&self, topic_id: TopicId, partition: PartitionIndex) -> bool {
        self.offline_replica(topic_id, partition).is_some()
    }

    /// A replica in such a directory.
    pub(super) fn offline_replica(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<&StoredReplica> {
        let is_it = |replica: &&StoredReplica| replica.topic_id == topic_id && replica.tp.partition == partition;
        self.offline.iter().map(AsRef::as_ref).find(is_it)
    }

    /// A replica in such a directory is none of this broker's any more.
    pub(super) fn forget_offline(&mut self, topic_id: TopicId, partition: PartitionIndex) {
        self.offline.retain(|replica| replica.topic_id != topic_id || replica.tp.partition != partition);
    }

    /// The directory of a replica has failed.
    pub(super) fn take_offline(&mut self, index: ReplicaIndex) {
        let replica = self.take_out(index);
        self.offline.extend(replica);
    }

    /// A start finds what lies in directories that work, and nothing else.
    pub(super) fn mount(&mut self, is_live: impl Fn(DirIndex) -> bool) {
        let (back, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.offline).into_iter().partition(|replica| is_live(replica.dir));
        self.offline = gone;
        for replica in back {
            self.enter(replica);
        }
        let lost: Vec<ReplicaIndex> =
            self.iter().filter(|(_, replica)| !is_live(replica.dir)).map(|(index, _)| index).collect();
        lost.into_iter().for_each(|index| self.take_offline(index));
    }

    /// A directory is on a new, empty disk.
    pub(super) fn lose(&mut self, dir: DirIndex) {
        for index in self.indexes() {
            let Some(replica) = self.get(index) else { continue };
            if replica.dir == dir {
                self.take_out(index);
            } else if replica.future.as_ref().is_some_and(|future| future.dir == dir) {
                self.drop_future(index);
            }
        }
        self.offline.retain(|replica| replica.dir != dir);
        self.removed.retain(|removed| removed.replica.dir != dir);
        self.top.lose(dir);
    }

    /// What was to take a replica's place is not wanted any more.
    pub(super) fn drop_future(&mut self, index: ReplicaIndex) {
        if self.get(index).is_some_and(|replica| replica.future.is_some())
            && let Some(replica) = self.get_mut(index)
        {
            replica.future = None;
        }
    }

    /// The future replica is the replica now; what it was gets another name, with `uuid` in it, and goes at `due_ms`.
    pub(super) fn replace_with_future(&mut self, index: ReplicaIndex, uuid: u128, now_ms: i64, due_ms: i64) {
        let Some(replica) = self.get_mut(index) else { return };
        let Some(future) = replica.future.take() else { return };
        let old = Arc::new(replica.clone());
        replica.dir = future.dir;
        if old.cleaner_checkpoint.is_some() {
            [old.dir, future.dir].into_iter().for_each(|dir| self.top.write(TopFile::Cleaned, dir, now_ms));
        }
        self.checkpoint_dir(old.dir, now_ms);
        self.removed.push(Removed { directory: renamed(&old.tp, uuid, "delete"), due_ms: Some(due_ms), replica: old });
    }

    /// Removes a replica: its directory gets another name, with `uuid` in it, and goes at `due_ms`, or stays as a stray.
    /// `settle_removed` is to follow for those that go.
    pub fn remove(&mut self, index: ReplicaIndex, uuid: u128, due_ms: Option<i64>) {
        if let Some(replica) = self.take_out(index) {
            let kind = if due_ms.is_some() { "delete" } else { "stray" };
            if due_ms.is_some() {
                self.removed_from.insert(replica.dir);
            }
            self.removed.push(Removed { directory: renamed(&replica.tp, uuid, kind), due_ms, replica });
        }
    }

    /// Replicas were removed: the checkpoint files of their directories are written anew, once for all of them
    /// (`LogManager#asyncDelete`).
    pub(super) fn settle_removed(&mut self, now_ms: i64) {
        for dir in std::mem::take(&mut self.removed_from).iter() {
            self.top.write(TopFile::Cleaned, dir, now_ms);
            self.checkpoint_dir(dir, now_ms);
        }
    }

    /// Removes the files of deleted partitions and segments that are due. When the next ones are, ms since the epoch.
    pub fn delete_files(&mut self, now_ms: i64) -> Option<i64> {
        self.removed.retain(|removed| removed.due_ms.is_none_or(|due_ms| due_ms > now_ms));
        let mut next = self.removed.iter().filter_map(|removed| removed.due_ms).min();
        for replica in self.replicas.iter_mut().flatten() {
            let Some(due_ms) = replica.log.next_file_deletion_ms() else { continue };
            if due_ms <= now_ms {
                Arc::make_mut(replica).log.delete_files(now_ms);
            }
            next = [next, replica.log.next_file_deletion_ms()].into_iter().flatten().min();
        }
        next
    }

    /// All replicas, by index.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaIndex, &StoredReplica)> {
        (0..).zip(&self.replicas).filter_map(|(index, replica)| Some((index, replica.as_deref()?)))
    }

    /// The partitions of all replicas.
    pub fn keys(&self) -> impl Iterator<Item = (TopicId, PartitionIndex)> + '_ {
        self.index.iter().flat_map(|(id, topic)| topic.keys().map(|partition| (*id, *partition)))
    }

    /// The indexes of all replicas.
    pub fn indexes(&self) -> Vec<ReplicaIndex> {
        self.index.values().flat_map(SortedMap::values).copied().collect()
    }

    /// The replicas whose topics are compacted, ascending.
    pub(super) fn compacted(&mut self, now_ms: i64) -> Vec<ReplicaIndex> {
        for index in self.agenda.take(Task::Cleaner, now_ms) {
            match self.get(index).is_some_and(|replica| replica.log.config().compact) {
                true => self.compacted.insert(index),
                false => self.compacted.remove(&index),
            };
        }
        self.compacted.iter().copied().collect()
    }

    /// Every periodic task has to look at everything again.
    pub(super) fn review(&mut self) {
        self.index.values().flat_map(SortedMap::values).for_each(|index| self.agenda.changed(*index));
    }

    /// Writes into `cleaner-offset-checkpoint` that a log is clean below an offset.
    pub(super) fn record_cleaned(&mut self, index: ReplicaIndex, cleaned_to: i64, now_ms: i64) {
        if let Some(replica) = self.get_mut(index) {
            replica.cleaner_checkpoint = Some(cleaned_to);
            let dir = replica.dir;
            self.top.write(TopFile::Cleaned, dir, now_ms);
        }
    }

    /// A log was cut: the segment it ends in now is dirty (`LogCleanerManager#maybeTruncateCheckpoint`).
    pub(super) fn lower_cleaned(&mut self, index: ReplicaIndex, now_ms: i64) {
        let Some(replica) = self.get(index) else { return };
        let active = replica.log.active_segment().base_offset();
        if replica.cleaner_checkpoint.is_some_and(|cleaned| cleaned > active) {
            self.record_cleaned(index, active, now_ms);
        }
    }

    /// Writes checkpoints of the cleaner anew that lie outside their logs (`LogCleanerManager#cleanableOffsets`).
    pub(super) fn right_cleaned(&mut self, logs: &[ReplicaIndex], now_ms: i64) {
        for index in logs {
            let Some(replica) = self.get(*index) else { continue };
            let start = replica.log.log_start_offset();
            let is_outside = |at: i64| !(start..=replica.log.log_end_offset()).contains(&at);
            if replica.cleaner_checkpoint.is_some_and(is_outside) {
                self.record_cleaned(*index, start, now_ms);
            }
        }
    }

    /// The checkpoint files of high watermarks are written, where there are logs (`ReplicaManager#checkpointHighWatermarks`).
    pub(super) fn write_high_watermarks(&mut self, now_ms: i64) {
        self.top.write_again(TopFile::HighWatermarks, now_ms);
        if self.top.is_written_everywhere(TopFile::HighWatermarks) {
            return;
        }
        for replica in self.replicas.iter().flatten() {
            for dir in [replica.dir].into_iter().chain(replica.future.as_ref().map(|future| future.dir)) {
                self.top.write(TopFile::HighWatermarks, dir, now_ms);
            }
        }
    }

    /// Writes a replica's high watermark into the checkpoint file.
    pub fn checkpoint(&mut self, index: ReplicaIndex) {
        if let Some(replica) = self.get_mut(index) {
            replica.checkpointed_high_watermark = replica.log.high_watermark();
        }
    }

    /// Writes the recovery points of all logs down (`LogManager#checkpointLogRecoveryOffsets`).
    pub fn checkpoint_recovery_points(&mut self, now_ms: i64) {
        self.top.write_all(TopFile::RecoveryPoints, now_ms);
        for index in self.agenda.take(Task::RecoveryPoints, now_ms) {
            self.replicas.get_mut(index as usize).into_iter().flatten().for_each(checkpoint_recovery_point);
        }
    }

    /// Writes the log starts of all logs down (`LogManager#checkpointLogStartOffsets`).
    pub fn checkpoint_log_starts(&mut self, now_ms: i64) {
        self.top.write_all(TopFile::LogStarts, now_ms);
        for index in self.agenda.take(Task::LogStarts, now_ms) {
            self.replicas.get_mut(index as usize).into_iter().flatten().for_each(checkpoint_log_start);
        }
    }

    /// Writes both down, of the logs of a directory (`LogManager#checkpointRecoveryOffsetsInDir`, `#checkpointLogStartOffsetsInDir`).
    fn checkpoint_dir(&mut self, dir: DirIndex, now_ms: i64) {
        for file in [TopFile::RecoveryPoints, TopFile::LogStarts] {
            self.top.write(file, dir, now_ms);
        }
        for replica in self.replicas.iter_mut().flatten().filter(|replica| replica.dir == dir) {
            checkpoint_recovery_point(replica);
            checkpoint_log_start(replica);
        }
    }

    /// After a truncation the recovery points of all logs of its directory are written down (`LogManager#truncateTo`): a log that grows
    /// again must not be taken for one that was flushed.
    pub(super) fn checkpoint_truncated(&mut self, truncated: ReplicaIndex, now_ms: i64) {
        let Some(dir) = self.get(truncated).map(|replica| replica.dir) else { return };
        self.top.write(TopFile::RecoveryPoints, dir, now_ms);
        let of_dir = self.replicas.iter_mut().flatten().filter(|replica| replica.dir == dir);
        of_dir.for_each(checkpoint_recovery_point);
    }

    /// The broker starts and loads its logs: high watermarks and log starts are those of the checkpoint files, and
    /// deleted partitions that are still there get their delay once more.
    pub fn open(&mut self, is_live: impl Fn(DirIndex) -> bool, now_ms: i64, delete_delay_ms: i64) {
        let closed = DirSet::of(|dir| self.was_closed(dir));
        // The mark goes where it can be read.
        (self.is_clean, self.contrary) = (false, DirSet::of(|dir| closed.contains(dir) && !is_live(dir)));
        for due_ms in self.removed.iter_mut().filter_map(|removed| removed.due_ms.as_mut()) {
            *due_ms = now_ms.saturating_add(delete_delay_ms);
        }
        self.review();
        for replica in self.replicas.iter_mut().flatten() {
            let replica = Arc::make_mut(replica);
            let log_start = replica.checkpointed_log_start.unwrap_or(0);
            let recovered_from = (!closed.contains(replica.dir)).then_some(replica.checkpointed_recovery_point);
            replica.log.reopen(replica.checkpointed_high_watermark, log_start, recovered_from, now_ms);
        }
    }

    /// The host lost power: ends of logs that nobody flushed, nor the system wrote back, are gone.
    pub fn lose_unflushed(&mut self) {
        for replica in self.replicas.iter_mut().flatten().chain(&mut self.offline) {
            let replica = Arc::make_mut(replica);
            replica.write_back(self.now);
            replica.log.lose_unflushed(protocol::EPOCH_MS);
        }
    }

    /// A clean stop: everything is durable in the directories that work.
    pub fn close(&mut self, is_live: impl Fn(DirIndex) -> bool, now_ms: i64) {
        let contrary = DirSet::of(|dir| !is_live(dir) && !self.was_closed(dir));
        (self.is_clean, self.contrary) = (true, contrary);
        self.review();
        for replica in self.replicas.iter_mut().flatten() {
            let replica = Arc::make_mut(replica);
            replica.log.close();
            replica.checkpointed_high_watermark = replica.log.high_watermark();
        }
        self.write_high_watermarks(now_ms);
        self.checkpoint_recovery_points(now_ms);
        self.checkpoint_log_starts(now_ms);
    }
}

fn checkpoint_recovery_point(replica: &mut Arc<StoredReplica>) {
    let recovery_point = replica.log.recovery_point();
    if replica.checkpointed_recovery_point != recovery_point {
        Arc::make_mut(replica).checkpointed_recovery_point = recovery_point;
    }
}

fn checkpoint_log_start(replica: &mut Arc<StoredReplica>) {
    let log_start = replica.log.log_start_to_checkpoint();
    if replica.checkpointed_log_start != log_start {
        Arc::make_mut(replica).checkpointed_log_start = log_start;
    }
}

/// `UnifiedLog#logDeleteDirName`, `#logStrayDirName`: the topic's name is cut so that the whole fits in 255 characters.
pub(super) fn renamed(tp: &TopicPartition, uuid: u128, kind: &str) -> Name {
    let suffix = format!("-{}.{uuid:032x}-{kind}", tp.partition);
    let length = tp.topic.len().min(255 - suffix.len());
    format!("{}{suffix}", &tp.topic[..length]).into()
}
