//! LeaveGroup, api key 13: consumer->coordinator. Leaves a group (close, unsubscribe, poll timeout) or removes members (admin).

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId};
use super::{Name};

/// LeaveGroup request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeaveGroupRequest {
    /// Group.id.
    pub group: GroupId,
    /// Who leaves.
    pub members: Vec<LeaveMember>,
}

/// One who leaves.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeaveMember {
    /// Its id.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// For logs.
    pub reason: Name,
}

/// The answer to a LeaveGroup request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeaveGroupResponse {
    /// Of the group.
    pub error: ErrorCode,
    /// Of each member.
    pub members: Vec<(MemberId, ErrorCode)>,
}

impl LeaveGroupRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl LeaveGroupResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
