//! OffsetForLeaderEpoch, api key 23: consumer->leader. Where a leader epoch ends in the leader's log; detects truncation.

use crate::error::ErrorCode;
use crate::ids::{PartitionIndex, TopicName};

/// OffsetForLeaderEpoch request (consumer->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetForLeaderEpochRequest {
    /// What to look up.
    pub partitions: Vec<EpochQuestion>,
}

/// One question.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EpochQuestion {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// −1 unknown.
    pub current_leader_epoch: i32,
    /// The epoch asked for.
    pub leader_epoch: i32,
}

/// The answer to a OffsetForLeaderEpoch request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OffsetForLeaderEpochResponse {
    /// One each.
    pub partitions: Vec<EpochAnswer>,
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EpochAnswer {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// None, or why not.
    pub error: ErrorCode,
    /// The largest epoch not above; −1 none.
    pub leader_epoch: i32,
    /// −1 none.
    pub end_offset: i64,
}

impl OffsetForLeaderEpochRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl OffsetForLeaderEpochResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
