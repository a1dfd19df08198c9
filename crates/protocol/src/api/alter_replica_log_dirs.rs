//! AlterReplicaLogDirs, api key 34: admin->broker. Says in which of its log directories a broker is to keep replicas (KIP-113).

use super::Name;
use crate::error::ErrorCode;
use crate::ids::TopicPartition;

/// AlterReplicaLogDirs request (admin->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterReplicaLogDirsRequest {
    /// Each with the path of the directory.
    pub replicas: Vec<(TopicPartition, Name)>,
}

/// The answer to a AlterReplicaLogDirs request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AlterReplicaLogDirsResponse {
    /// One each: none, LOG_DIR_NOT_FOUND, REPLICA_NOT_AVAILABLE.
    pub replicas: Vec<(TopicPartition, ErrorCode)>,
}

impl AlterReplicaLogDirsRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        4 + self.replicas.iter().map(|(tp, dir)| 10 + tp.topic.len() as u64 + dir.len() as u64).sum::<u64>()
    }
}

impl AlterReplicaLogDirsResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        8 + self.replicas.iter().map(|(tp, _)| 10 + tp.topic.len() as u64).sum::<u64>()
    }
}
