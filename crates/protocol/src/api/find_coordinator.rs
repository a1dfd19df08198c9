//! FindCoordinator, api key 10: client->any broker. Where a group's coordinator is.

use crate::error::ErrorCode;
use crate::ids::{GroupId};
use super::metadata::BrokerEndpoint;

/// FindCoordinator request (client->any broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FindCoordinatorRequest {
    /// The key: a group.id.
    pub group: GroupId,
}

/// The answer to a FindCoordinator request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FindCoordinatorResponse {
    /// COORDINATOR_NOT_AVAILABLE until the offsets topic exists.
    pub error: ErrorCode,
    /// The coordinator.
    pub broker: Option<BrokerEndpoint>,
}

impl FindCoordinatorRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl FindCoordinatorResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
