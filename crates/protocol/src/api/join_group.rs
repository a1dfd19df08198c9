//! JoinGroup, api key 11: consumer->coordinator. Joins a classic group; answered when the join phase ends.

use crate::error::ErrorCode;
use crate::ids::{GroupId, MemberId, PartitionIndex, TopicName};
use super::{Name};

/// JoinGroup request (consumer->coordinator).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinGroupRequest {
    /// Group.id.
    pub group: GroupId,
    /// Silence after which the member is out, ms.
    pub session_timeout_ms: i32,
    /// Max.poll.interval.ms: how long a rebalance may wait for this member, ms.
    pub rebalance_timeout_ms: i32,
    /// "" to get one.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// "consumer".
    pub protocol_type: Name,
    /// Assignors by preference.
    pub protocols: Vec<JoinProtocol>,
    /// Part of the member id and of tool output.
    pub client_id: Name,
    /// Why it joins, for logs.
    pub reason: Name,
}

/// An assignor this member supports.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinProtocol {
    /// E.g. "range".
    pub name: Name,
    /// What it is subscribed to and owns.
    pub subscription: Subscription,
}

/// `ConsumerProtocolSubscription`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Subscription {
    /// Subscribed topics.
    pub topics: Vec<TopicName>,
    /// What the sticky assignors add.
    pub user_data: Option<UserData>,
    /// Partitions it owns now (cooperative).
    pub owned: Vec<(TopicName, PartitionIndex)>,
    /// Generation in which it got them; −1 unknown.
    pub generation: i32,
    /// Client.rack.
    pub rack: Option<Name>,
}

/// `userData` of a subscription: what an assignor tells its like in the leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum UserData {
    /// `cooperative-sticky`: the generation of its last assignment, −1 for none.
    Generation(i32),
    /// `sticky`: its last assignment, which it has given up since, and the generation of that.
    Previous {
        /// The partitions.
        previous: Vec<(TopicName, PartitionIndex)>,
        /// The generation.
        generation: i32,
    },
}

/// The answer to a JoinGroup request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinGroupResponse {
    /// MEMBER_ID_REQUIRED on the first try.
    pub error: ErrorCode,
    /// −1 on error.
    pub generation: i32,
    /// The assignor chosen.
    pub protocol_name: Option<Name>,
    /// Who computes the assignment.
    pub leader: MemberId,
    /// A static leader returned; keep what is.
    pub skip_assignment: bool,
    /// This member's id.
    pub member: MemberId,
    /// Everyone, for the leader; empty for others.
    pub members: Vec<JoinMember>,
}

/// A member as the group leader sees it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinMember {
    /// Its id.
    pub member: MemberId,
    /// Static membership.
    pub group_instance_id: Option<Name>,
    /// For the chosen assignor.
    pub subscription: Subscription,
}

impl JoinGroupRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl JoinGroupResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
