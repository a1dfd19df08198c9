//! Produce, api key 0: producer->leader. Appends batches to partitions. Sent by producers to each leader (Produce v13: topics by id).

use crate::error::ErrorCode;
use crate::ids::{PartitionIndex, TopicId};
use crate::batch::Batch;
use super::{LeaderHint, Name, NodeEndpoints, endpoint_bytes};

/// Produce request (producer->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProduceRequest {
    /// 0: no answer; 1: after the leader's append; −1: after every in-sync replica has it.
    pub acks: i16,
    /// How long the leader may wait for replicas, ms.
    pub timeout_ms: u32,
    /// At most one batch a partition.
    pub partitions: Vec<ProducePartition>,
}

/// One partition's batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducePartition {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// What to append.
    pub batch: Batch,
}

/// The answer to a Produce request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProduceResponse {
    /// One for each partition asked.
    pub partitions: Vec<ProduceResult>,
    /// Where the leaders listen that it names.
    pub node_endpoints: NodeEndpoints,
}

/// What became of one partition's batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProduceResult {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// None, or why nothing (or, for errors 7 and 20, something unconfirmed) was written.
    pub error: ErrorCode,
    /// Offset of the first record; −1 on error.
    pub base_offset: i64,
    /// −1 for CreateTime topics.
    pub log_append_time_ms: i64,
    /// First readable offset.
    pub log_start_offset: i64,
    /// The new leader, on NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951).
    pub current_leader: Option<LeaderHint>,
    /// Records at fault, by their index in the batch, each with what is wrong with it (KIP-467).
    pub record_errors: Vec<(i32, Name)>,
    /// What is wrong with the batch, if the error does not say it all.
    pub message: Option<Name>,
}

impl ProduceRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        self.partitions.iter().map(|p| 30 + u64::from(p.batch.size_in_bytes())).sum()
    }
}

impl ProduceResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        let texts = |p: &ProduceResult| p.record_errors.iter().map(|(_, text)| 8 + text.len() as u64).sum::<u64>();
        let result = |p| 40 + texts(p) + p.message.as_ref().map_or(0, |text| text.len() as u64);
        endpoint_bytes(&self.node_endpoints) + self.partitions.iter().map(result).sum::<u64>()
    }
}
