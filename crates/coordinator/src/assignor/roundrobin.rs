//! `RoundRobinAssignor`: all partitions in order are dealt to the members in a circle, passing over those not subscribed.

use protocol::PartitionIndex;
use protocol::api::join_group::JoinMember;

use super::{Assignment, Topics, in_order, is_subscribed, nothing_for};

pub(super) fn assign(members: &[JoinMember], topics: &Topics) -> Assignment {
    let members = in_order(members);
    let mut result = nothing_for(&members);
    let mut turn = 0;
    for (topic, partitions) in topics {
        for partition in 0..partitions.len() as PartitionIndex {
            while !is_subscribed(&members[turn].subscription, topic) {
                turn = (turn + 1) % members.len();
            }
            result[turn].1.push((topic.clone(), partition));
            turn = (turn + 1) % members.len();
        }
    }
    result
}
