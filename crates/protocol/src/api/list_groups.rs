//! ListGroups, api key 16: admin->every broker. The groups this broker coordinates.

use crate::error::ErrorCode;
use crate::ids::{GroupId};
use super::{Name};

/// ListGroups request (admin->every broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListGroupsRequest {
    /// Only these; empty for all.
    pub states: Vec<Name>,
}

/// The answer to a ListGroups request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListGroupsResponse {
    /// COORDINATOR_LOAD_IN_PROGRESS, say.
    pub error: ErrorCode,
    /// By name.
    pub groups: Vec<ListedGroup>,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListedGroup {
    /// Group.id.
    pub group: GroupId,
    /// "consumer" or "".
    pub protocol_type: Name,
    /// As in DescribeGroups.
    pub state: Name,
    /// "Classic".
    pub group_type: Name,
}

impl ListGroupsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl ListGroupsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
