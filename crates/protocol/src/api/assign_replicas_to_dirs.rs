//! AssignReplicasToDirs, api key 73: broker->controller. Says in which of its log directories a broker keeps replicas (KIP-858).

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId, PartitionIndex, TopicId};

/// AssignReplicasToDirs request (broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AssignReplicasToDirsRequest {
    /// Whose.
    pub broker: BrokerId,
    /// As registered.
    pub broker_epoch: i64,
    /// Each with its directory.
    pub replicas: Vec<(TopicId, PartitionIndex, DirectoryId)>,
}

/// The answer to an AssignReplicasToDirs request, when the records are committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AssignReplicasToDirsResponse {
    /// STALE_BROKER_EPOCH, NOT_CONTROLLER.
    pub error: ErrorCode,
    /// One each: none, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER.
    pub replicas: Vec<(TopicId, PartitionIndex, ErrorCode)>,
}

impl AssignReplicasToDirsRequest {
    /// Bytes of the body on the wire, to the order of magnitude: partitions stand below directories and topics.
    pub fn body_bytes(&self) -> u64 {
        32 + 24 * self.replicas.len() as u64
    }
}

impl AssignReplicasToDirsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        16 + 24 * self.replicas.len() as u64
    }
}
