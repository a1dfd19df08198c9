//! Heartbeat, api key 12: consumer->coordinator. Shows the coordinator that a member lives; the answer tells it of rebalances.

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId};
use super::{Name};

/// Heartbeat request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HeartbeatRequest {
    /// Group.id.
    pub group: GroupId,
    /// The member's generation.
    pub generation: i32,
    /// Its id.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
}

/// The answer to a Heartbeat request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HeartbeatResponse {
    /// REBALANCE_IN_PROGRESS: please rejoin.
    pub error: ErrorCode,
}

impl HeartbeatRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl HeartbeatResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
