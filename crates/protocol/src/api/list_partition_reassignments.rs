//! ListPartitionReassignments, api key 46: admin->broker->controller. The moves of partitions under way (KIP-455).

use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicName};

/// ListPartitionReassignments request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListPartitionReassignmentsRequest {
    /// None means all.
    pub partitions: Option<Vec<(TopicName, PartitionIndex)>>,
}

/// The answer to a ListPartitionReassignments request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListPartitionReassignmentsResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// Those of the asked partitions that are moving.
    pub partitions: Vec<OngoingReassignment>,
}

/// A partition that is moving.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OngoingReassignment {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// All it has now: those that stay, those that come, those that go.
    pub replicas: Vec<BrokerId>,
    /// Those that come.
    pub adding: Vec<BrokerId>,
    /// Those that go.
    pub removing: Vec<BrokerId>,
}

impl ListPartitionReassignmentsRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        8 + self.partitions.iter().flatten().map(|(topic, _)| 6 + topic.len() as u64).sum::<u64>()
    }
}

impl ListPartitionReassignmentsResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        let brokers = |of: &OngoingReassignment| (of.replicas.len() + of.adding.len() + of.removing.len()) as u64;
        12 + self.partitions.iter().map(|of| 10 + of.topic.len() as u64 + 4 * brokers(of)).sum::<u64>()
    }
}
