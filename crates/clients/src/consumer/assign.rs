//! The group leader's part: running the assignor that the group chose.

use coordinator::assignor::{AssignorMember, range, roundrobin};
use protocol::api::join_group::JoinMember;
use protocol::{MemberId, PartitionIndex, TopicName};

/// Everybody's partitions by the assignor `name`; none if it is not modelled.
pub(super) fn assign(
    name: &str,
    members: &[JoinMember],
    partitions: &dyn Fn(&str) -> Option<i32>,
) -> Option<Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>> {
    let members: Vec<AssignorMember> =
        members.iter().map(|m| (m.member.clone(), m.group_instance_id.clone(), m.subscription.clone())).collect();
    match name {
        "range" => Some(range(&members, partitions)),
        "roundrobin" => Some(roundrobin(&members, partitions)),
        _ => None,
    }
}
