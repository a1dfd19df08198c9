//! DescribeGroups, api key 15: admin->coordinator. A group with its members.

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId, PartitionIndex, TopicName};
use super::{Name};

/// DescribeGroups request (admin->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeGroupsRequest {
    /// Which.
    pub groups: Vec<GroupId>,
}

/// The answer to a DescribeGroups request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeGroupsResponse {
    /// One each.
    pub groups: Vec<DescribedGroup>,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedGroup {
    /// GROUP_ID_NOT_FOUND since 4.0.
    pub error: ErrorCode,
    /// Group.id.
    pub group: GroupId,
    /// Empty, PreparingRebalance, CompletingRebalance, Stable, Dead.
    pub state: Name,
    /// "consumer"; "" for a group that only commits.
    pub protocol_type: Name,
    /// The assignor; "" while not Stable.
    pub protocol: Name,
    /// In the coordinator's order.
    pub members: Vec<DescribedMember>,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedMember {
    /// Its id.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// Client.id.
    pub client_id: Name,
    /// "/" and an address.
    pub client_host: Name,
    /// Subscribed.
    pub topics: Vec<TopicName>,
    /// Assigned.
    pub assignment: Vec<(TopicName, PartitionIndex)>,
}

impl DescribeGroupsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DescribeGroupsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
