//! ListOffsets, api key 2: client->leader. Looks offsets up: the first, the last, or the first at or after a time.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicName};

/// ListOffsets request (client->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsRequest {
    /// NONE for a client.
    pub replica: BrokerId,
    /// Bounds LATEST by the last stable offset.
    pub read_committed: bool,
    /// What to look up.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// One look-up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// −1 unknown.
    pub current_leader_epoch: i32,
    /// Ms, or LATEST (−1), EARLIEST (−2), MAX_TIMESTAMP (−3).
    pub timestamp: i64,
}

/// The answer to a ListOffsets request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsResponse {
    /// One for each look-up.
    pub partitions: Vec<ListOffsetsResult>,
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListOffsetsResult {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// None, or why not.
    pub error: ErrorCode,
    /// Of the record found; −1 none.
    pub timestamp: i64,
    /// −1 none.
    pub offset: i64,
    /// Of that offset; −1 none.
    pub leader_epoch: i32,
}

impl ListOffsetsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl ListOffsetsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
