//! DeleteRecords, api key 21: admin->leader. Moves log starts up (KIP-107).

use crate::error::ErrorCode;
use crate::ids::{PartitionIndex, TopicName};

/// DeleteRecords request (admin->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteRecordsRequest {
    /// Partition, and the offset to delete before; −1 for the high watermark.
    pub partitions: Vec<(TopicName, PartitionIndex, i64)>,
    /// How long the leader may wait for its replicas.
    pub timeout_ms: u32,
}

/// The answer to a DeleteRecords request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteRecordsResponse {
    /// One each.
    pub partitions: Vec<DeletedRecords>,
}

/// What became of one partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeletedRecords {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// The smallest log start of its live replicas; −1 if there is an error.
    pub low_watermark: i64,
    /// None, or why not.
    pub error: ErrorCode,
}

impl DeleteRecordsRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        10 + self.partitions.iter().map(|(topic, ..)| 16 + topic.len() as u64).sum::<u64>()
    }
}

impl DeleteRecordsResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        10 + self.partitions.iter().map(|p| 18 + p.topic.len() as u64).sum::<u64>()
    }
}
