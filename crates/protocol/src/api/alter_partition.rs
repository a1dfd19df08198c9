//! AlterPartition, api key 56: leader->controller. A leader asks to change the ISR of its partitions.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicId};

/// AlterPartition request (leader->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionRequest {
    /// The leader.
    pub broker: BrokerId,
    /// Its broker epoch.
    pub broker_epoch: i64,
    /// What to change.
    pub partitions: Vec<AlterPartitionChange>,
}

/// One partition's new ISR.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionChange {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// The leader's.
    pub leader_epoch: i32,
    /// What the change is based on.
    pub partition_epoch: i32,
    /// Members with their broker epochs.
    pub new_isr: Vec<(BrokerId, i64)>,
    /// LeaderRecoveryState.
    pub recovering: bool,
}

/// The answer to a AlterPartition request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// One each.
    pub partitions: Vec<AlterPartitionResult>,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionResult {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// None, or why not.
    pub error: ErrorCode,
    /// Now.
    pub leader: BrokerId,
    /// Now.
    pub leader_epoch: i32,
    /// Now.
    pub isr: Vec<BrokerId>,
    /// Now.
    pub recovering: bool,
    /// Now.
    pub partition_epoch: i32,
}

impl AlterPartitionRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl AlterPartitionResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
