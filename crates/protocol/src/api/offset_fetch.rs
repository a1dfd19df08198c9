//! OffsetFetch, api key 9: consumer->coordinator. Reads a group's committed offsets.

use crate::error::ErrorCode;
use crate::ids::{GroupId, PartitionIndex, TopicName};
use super::{Name};

/// OffsetFetch request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchRequest {
    /// Group.id.
    pub group: GroupId,
    /// None means all.
    pub partitions: Option<Vec<(TopicName, PartitionIndex)>>,
    /// Refuse while a transaction is pending.
    pub require_stable: bool,
}

/// The answer to a OffsetFetch request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchResponse {
    /// Of the whole group.
    pub error: ErrorCode,
    /// One for each partition.
    pub partitions: Vec<OffsetFetchResult>,
}

/// One committed offset.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetFetchResult {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// −1 if none.
    pub offset: i64,
    /// −1 if unknown.
    pub leader_epoch: i32,
    /// Free text.
    pub metadata: Name,
    /// None, or why not.
    pub error: ErrorCode,
}

impl OffsetFetchRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl OffsetFetchResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
