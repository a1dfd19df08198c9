//! Fetch, api key 1: consumer|follower|observer->leader. Reads batches: sent by consumers, by followers to their leader, and by Raft followers and observers to the active controller.

use std::hash::{Hash, Hasher};

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId, PartitionIndex, TopicId};
use crate::metadata::MetadataBatch;
use crate::batch::Batch;
use crate::seldom::Seldom;
use super::{LeaderHint, Name, NodeEndpoints, endpoint_bytes};

/// Fetch request (consumer|follower|observer->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchRequest {
    /// The follower that asks; NONE for a consumer.
    pub replica: BrokerId,
    /// That follower's broker epoch; −1 for a consumer.
    pub replica_epoch: i64,
    /// How long the leader may park the request for data, ms.
    pub max_wait_ms: u32,
    /// Answer early once so many bytes are there.
    pub min_bytes: u32,
    /// At most so many bytes in all (the first batch always passes).
    pub max_bytes: u32,
    /// Isolation level.
    pub read_committed: bool,
    /// Fetch session; 0 for none.
    pub session_id: i32,
    /// 0 full request that makes a session, −1 sessionless full, n > 0 incremental.
    pub session_epoch: i32,
    /// What to read (in an incremental request: what changed).
    pub partitions: Vec<FetchPartition>,
    /// Dropped from the session.
    pub forgotten: Vec<(TopicId, PartitionIndex)>,
    /// Raft only (KIP-1166): the high watermark the replica knows; −1 otherwise.
    pub raft_high_watermark: i64,
    /// A consumer's `client.rack` (KIP-392).
    pub rack: Option<Name>,
    /// Raft only: the replica's `directory.id`, if that is not the one its storage had first.
    pub directory: Seldom<Box<DirectoryId>>,
}

/// Where to read one partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchPartition {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// What the asker takes for the leader epoch; −1 unknown.
    pub current_leader_epoch: i32,
    /// First offset wanted; for a follower, its log end offset.
    pub fetch_offset: i64,
    /// Epoch of the follower's last record; −1 unknown or consumer.
    pub last_fetched_epoch: i32,
    /// The follower's log start; −1 for a consumer.
    pub log_start_offset: i64,
    /// At most so many bytes of this partition.
    pub partition_max_bytes: u32,
}

/// The answer to a Fetch request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchResponse {
    /// Of the whole request (fetch session errors).
    pub error: ErrorCode,
    /// 0 if sessionless.
    pub session_id: i32,
    /// One for each partition with news (each asked, if sessionless).
    pub partitions: Vec<FetchResult>,
    /// Where the leaders listen that it names.
    pub node_endpoints: NodeEndpoints,
}

/// What one partition holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchResult {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// None, or why there is no data.
    pub error: ErrorCode,
    /// As it was before this fetch took effect; −1 unknown.
    pub high_watermark: i64,
    /// −1 unknown.
    pub last_stable_offset: i64,
    /// −1 unknown.
    pub log_start_offset: i64,
    /// Where the follower's log leaves the leader's: truncate first.
    pub diverging_epoch: Option<EpochEnd>,
    /// Raft only: the leader's log does not say where the follower's leaves it: this snapshot stands for what it needs (`SnapshotId`).
    pub snapshot: Seldom<EpochEnd>,
    /// The leader, when the asked one is not it.
    pub current_leader: Option<LeaderHint>,
    /// Raft only: where that leader listens, for those that do not know it yet: only where voters change.
    pub leader_endpoint: Seldom<(Name, u16)>,
    /// Read there instead; NONE otherwise.
    pub preferred_read_replica: BrokerId,
    /// Whole batches, the first one containing `fetch_offset`.
    pub batches: Vec<Batch>,
    /// What came of the batch after them.
    pub cut: Cut,
    /// Raft only: batches of the metadata log instead of `batches`.
    pub metadata: Vec<MetadataBatch>,
}

/// The beginning of a batch, where an answer ends because no more may be sent (`FileRecords#slice`): bytes that are sent and counted, and
/// that the receiver throws away. Where there are none digests are as without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cut {
    /// How many.
    pub bytes: u32,
}

impl Hash for Cut {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.bytes > 0 {
            self.bytes.hash(state);
        }
    }
}

/// The end of a leader epoch in the leader's log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EpochEnd {
    /// The largest epoch not above the asked one.
    pub epoch: i32,
    /// The offset after its last record.
    pub end_offset: i64,
}

impl FetchRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        60 + 40 * self.partitions.len() as u64 + 20 * self.forgotten.len() as u64
    }
}

impl FetchResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        20 + endpoint_bytes(&self.node_endpoints) + self.partitions.iter().map(FetchResult::body_bytes).sum::<u64>()
    }
}

impl FetchResult {
    /// Bytes of one partition on the wire.
    pub fn body_bytes(&self) -> u64 {
        60 + self.records_bytes() + self.metadata.iter().map(MetadataBatch::size_in_bytes).sum::<u64>()
    }

    /// Bytes of its records, with those of a batch that is cut (`FetchResponse#recordsSize`).
    pub fn records_bytes(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.size_in_bytes())).sum::<u64>() + u64::from(self.cut.bytes)
    }
}
