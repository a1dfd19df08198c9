//! The assignors a group leader runs. (They live in `coordinator`, beside the server's own.)

use protocol::api::join_group::JoinMember;
use protocol::{MemberId, PartitionIndex, TopicName};

type Assignments = Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>;

/// Everybody's partitions by the assignor `name`; none if it is not modelled.
pub(super) fn assign(name: &str, members: &[JoinMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Option<Assignments> {
    let mut order: Vec<&JoinMember> = members.iter().collect();
    order.sort_by_key(|m| (m.group_instance_id.is_none(), m.group_instance_id.clone(), m.member.clone()));
    match name {
        "range" => Some(range(&order, partitions)),
        "roundrobin" => Some(round_robin(&order, partitions)),
        _ => None,
    }
}

fn topics(members: &[&JoinMember]) -> Vec<TopicName> {
    let mut topics: Vec<TopicName> = members.iter().flat_map(|member| member.subscription.topics.clone()).collect();
    topics.sort();
    topics.dedup();
    topics
}

fn range(members: &[&JoinMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Assignments {
    let mut result: Assignments = members.iter().map(|member| (member.member.clone(), Vec::new())).collect();
    for topic in topics(members) {
        let Some(count) = partitions(&topic) else { continue };
        let takers: Vec<usize> = (0..members.len()).filter(|at| members[*at].subscription.topics.contains(&topic)).collect();
        let (each, extra) = (count as usize / takers.len(), count as usize % takers.len());
        let mut next = 0;
        for (n, taker) in takers.into_iter().enumerate() {
            let share = each + usize::from(n < extra);
            result[taker].1.extend((next..next + share).map(|p| (topic.clone(), p as PartitionIndex)));
            next += share;
        }
    }
    result
}

fn round_robin(members: &[&JoinMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Assignments {
    let mut result: Assignments = members.iter().map(|member| (member.member.clone(), Vec::new())).collect();
    let mut at = 0;
    for topic in topics(members) {
        for partition in 0..partitions(&topic).unwrap_or(0) {
            while !members[at % members.len()].subscription.topics.contains(&topic) {
                at += 1;
            }
            result[at % members.len()].1.push((topic.clone(), partition));
            at += 1;
        }
    }
    result
}
