//! OffsetCommit, api key 8: consumer->coordinator. Commits a group's offsets.

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId, PartitionIndex, TopicName};
use super::{Name};

/// OffsetCommit request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetCommitRequest {
    /// Group.id.
    pub group: GroupId,
    /// −1 for a commit from outside the group.
    pub generation: i32,
    /// "" for a commit from outside the group.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// What to commit.
    pub offsets: Vec<OffsetCommitPartition>,
}

/// One committed position.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetCommitPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub offset: i64,
    /// Of the last record read; −1 unknown.
    pub leader_epoch: i32,
    /// Free text.
    pub metadata: Name,
}

/// The answer to a OffsetCommit request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetCommitResponse {
    /// What became of each.
    pub partitions: Vec<(TopicName, PartitionIndex, ErrorCode)>,
}

impl OffsetCommitRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl OffsetCommitResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
