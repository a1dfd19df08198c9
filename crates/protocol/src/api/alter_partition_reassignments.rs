//! AlterPartitionReassignments, api key 45: admin->broker->controller. Moves partitions to other brokers, or takes such
//! a move back (KIP-455).

use super::Name;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicName};

/// AlterPartitionReassignments request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionReassignmentsRequest {
    /// What is to move.
    pub partitions: Vec<WantedReassignment>,
    /// Whether partitions may get more or fewer replicas (KIP-860).
    pub allow_replication_factor_change: bool,
}

/// What is wanted of one partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WantedReassignment {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// The replicas it is to have, the preferred leader first; none takes the move under way back.
    pub replicas: Option<Vec<BrokerId>>,
}

/// The answer to a AlterPartitionReassignments request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterPartitionReassignmentsResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// One each: the error, and what users read.
    pub partitions: Vec<(TopicName, PartitionIndex, ErrorCode, Option<Name>)>,
}

impl AlterPartitionReassignmentsRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        let of_one =
            |wanted: &WantedReassignment| 8 + wanted.topic.len() as u64 + 4 * wanted.replicas.iter().flatten().count() as u64;
        8 + self.partitions.iter().map(of_one).sum::<u64>()
    }
}

impl AlterPartitionReassignmentsResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        let text = |message: &Option<Name>| message.as_ref().map_or(0, |text| text.len() as u64);
        12 + self.partitions.iter().map(|(topic, _, _, message)| 8 + topic.len() as u64 + text(message)).sum::<u64>()
    }
}
