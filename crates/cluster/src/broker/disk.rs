//! Hard state: the logs in the log directories and the checkpoint of their high watermarks (`LogManager`,
//! `OffsetCheckpointFile`). All that a crash leaves. Left out: several log directories, disk failures.

use std::sync::Arc;

use ordered::SortedMap;
use partition_log::{Log, LogConfig};
use protocol::{PartitionIndex, TopicId, TopicPartition};

/// Which replica of this broker: an index into dense vectors, never given out twice in one life of the process.
pub type ReplicaIndex = u32;

/// A replica as it lies on disk.
#[derive(Clone, Debug, Hash)]
pub struct StoredReplica {
    /// The partition's name.
    pub tp: TopicPartition,
    /// Its topic's id, as in `partition.metadata`.
    pub topic_id: TopicId,
    /// Its log. The high watermark in it is what memory knows; disk knows the checkpoint.
    pub log: Log,
    /// Its entry in `replication-offset-checkpoint`.
    pub checkpointed_high_watermark: i64,
}

/// The log directory of a broker.
#[derive(Clone, Debug, Default, Hash)]
pub struct Disk {
    replicas: Vec<Option<Arc<StoredReplica>>>,
    index: SortedMap<(TopicId, PartitionIndex), ReplicaIndex>,
    /// `.kafka_cleanshutdown`: the last stop was in good order.
    is_clean: bool,
}

impl Disk {
    /// The index of a partition's replica here.
    pub fn find(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<ReplicaIndex> {
        self.index.get(&(topic_id, partition)).copied()
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
        self.replicas.get_mut(index as usize)?.as_mut().map(Arc::make_mut)
    }

    /// Makes an empty log for a new replica.
    pub fn create(&mut self, tp: TopicPartition, topic_id: TopicId, config: LogConfig, now_ms: i64) -> ReplicaIndex {
        let index = u32::try_from(self.replicas.len()).expect("fewer than 2^32 replicas");
        self.index.insert((topic_id, tp.partition), index);
        let log = Log::new(tp.clone(), config, now_ms);
        self.replicas.push(Some(Arc::new(StoredReplica { tp, topic_id, log, checkpointed_high_watermark: 0 })));
        index
    }

    /// Removes a replica with its log.
    pub fn remove(&mut self, index: ReplicaIndex) {
        protocol::gap!(
            "files of a deleted partition vanish at once, not after file.delete.delay.ms",
            "LogManager#asyncDelete"
        );
        if let Some(replica) = self.replicas.get_mut(index as usize).and_then(Option::take) {
            self.index.remove(&(replica.topic_id, replica.tp.partition));
        }
    }

    /// All replicas, by index.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaIndex, &StoredReplica)> {
        (0..).zip(&self.replicas).filter_map(|(index, replica)| Some((index, replica.as_deref()?)))
    }

    /// The partitions of all replicas.
    pub fn keys(&self) -> impl Iterator<Item = (TopicId, PartitionIndex)> + '_ {
        self.index.keys().copied()
    }

    /// The indexes of all replicas.
    pub fn indexes(&self) -> Vec<ReplicaIndex> {
        self.index.values().copied().collect()
    }

    /// Writes a replica's high watermark into the checkpoint file.
    pub fn checkpoint(&mut self, index: ReplicaIndex) {
        if let Some(replica) = self.get_mut(index) {
            replica.checkpointed_high_watermark = replica.log.high_watermark();
        }
    }

    /// The broker starts and loads its logs: high watermarks are those of the checkpoint file.
    pub fn open(&mut self, now_ms: i64) {
        let was_clean = std::mem::replace(&mut self.is_clean, false);
        for replica in self.replicas.iter_mut().flatten() {
            let replica = Arc::make_mut(replica);
            replica.log.reopen(replica.checkpointed_high_watermark, was_clean, now_ms);
        }
    }

    /// The host lost power: unflushed ends of logs are gone.
    pub fn lose_unflushed(&mut self) {
        for replica in self.replicas.iter_mut().flatten() {
            Arc::make_mut(replica).log.lose_unflushed(protocol::EPOCH_MS);
        }
    }

    /// A clean stop: everything is durable.
    pub fn close(&mut self) {
        self.is_clean = true;
        for replica in self.replicas.iter_mut().flatten() {
            let replica = Arc::make_mut(replica);
            replica.log.flush();
            replica.checkpointed_high_watermark = replica.log.high_watermark();
        }
    }
}
