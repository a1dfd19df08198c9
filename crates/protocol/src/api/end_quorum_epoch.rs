//! EndQuorumEpoch, api key 54: resigning leader->voters. Tells a voter that the leader resigns, and who should follow.

use crate::error::ErrorCode;
use crate::ids::{BrokerId};

/// EndQuorumEpoch request (resigning leader->voters).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EndQuorumEpochRequest {
    /// Who resigns.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
    /// Best log first.
    pub preferred_successors: Vec<BrokerId>,
}

/// The answer to a EndQuorumEpoch request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EndQuorumEpochResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// The leader the voter knows.
    pub leader: BrokerId,
    /// The voter's epoch.
    pub leader_epoch: i32,
}

impl EndQuorumEpochRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl EndQuorumEpochResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
