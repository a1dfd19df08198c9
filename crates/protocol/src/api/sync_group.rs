//! SyncGroup, api key 14: consumer->coordinator. Gets a member's assignment; the leader brings everybody's.

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId, PartitionIndex, TopicName};
use super::{Name};

/// SyncGroup request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyncGroupRequest {
    /// Group.id.
    pub group: GroupId,
    /// As answered by JoinGroup.
    pub generation: i32,
    /// Its id.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// "consumer".
    pub protocol_type: Name,
    /// The assignor chosen.
    pub protocol_name: Name,
    /// From the leader; empty from others.
    pub assignments: Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>,
}

/// The answer to a SyncGroup request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyncGroupResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// The assignor.
    pub protocol_name: Option<Name>,
    /// This member's partitions.
    pub assignment: Vec<(TopicName, PartitionIndex)>,
}

impl SyncGroupRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl SyncGroupResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
