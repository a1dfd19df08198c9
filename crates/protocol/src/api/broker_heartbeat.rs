//! BrokerHeartbeat, api key 63: broker->controller. Shows the controller that a broker lives, and asks to be (un)fenced or to shut down.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};

/// BrokerHeartbeat request (broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerHeartbeatRequest {
    /// Node.id.
    pub broker: BrokerId,
    /// As registered.
    pub broker_epoch: i64,
    /// How far it has applied the metadata log.
    pub current_metadata_offset: i64,
    /// Not ready to serve.
    pub want_fence: bool,
    /// Wants to stop.
    pub want_shut_down: bool,
    /// Log directories that have failed since it registered (KIP-858).
    pub offline_dirs: Vec<DirectoryId>,
    /// Log directories that take no new replicas (KIP-1066); none before it has caught up.
    pub cordoned_dirs: Option<Vec<DirectoryId>>,
}

/// The answer to a BrokerHeartbeat request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerHeartbeatResponse {
    /// STALE_BROKER_EPOCH, NOT_CONTROLLER, ….
    pub error: ErrorCode,
    /// Metadata is recent enough.
    pub is_caught_up: bool,
    /// As the controller sees it.
    pub is_fenced: bool,
    /// May stop now.
    pub should_shut_down: bool,
}

impl BrokerHeartbeatRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl BrokerHeartbeatResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
