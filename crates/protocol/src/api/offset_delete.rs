//! OffsetDelete, api key 47: admin->coordinator. Deletes committed offsets of a group (KIP-496).

use crate::error::ErrorCode;
use crate::ids::{GroupId, PartitionIndex, TopicName};

/// OffsetDelete request (admin->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetDeleteRequest {
    /// The group.
    pub group: GroupId,
    /// Of which partitions.
    pub partitions: Vec<(TopicName, PartitionIndex)>,
}

/// The answer to an OffsetDelete request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetDeleteResponse {
    /// Of the whole group. If it is one, no partition is named.
    pub error: ErrorCode,
    /// One for each partition. One without a committed offset is deleted, too.
    pub partitions: Vec<(TopicName, PartitionIndex, ErrorCode)>,
}

impl OffsetDeleteRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        32 + 24 * self.partitions.len() as u64
    }
}

impl OffsetDeleteResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        16 + 24 * self.partitions.len() as u64
    }
}
