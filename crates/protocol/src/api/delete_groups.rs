//! DeleteGroups, api key 42: admin->coordinator. Deletes empty groups with their offsets.

use crate::error::ErrorCode;
use crate::ids::{GroupId};

/// DeleteGroups request (admin->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteGroupsRequest {
    /// Which.
    pub groups: Vec<GroupId>,
}

/// The answer to a DeleteGroups request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteGroupsResponse {
    /// One each.
    pub groups: Vec<(GroupId, ErrorCode)>,
}

impl DeleteGroupsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DeleteGroupsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
