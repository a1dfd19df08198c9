//! The assignors a group's leader runs in its client (`RangeAssignor`, `RoundRobinAssignor`). Pure functions.
//!
//! Topics without metadata are skipped. Members are taken in the order of `MemberInfo`: static ones by instance id, then
//! dynamic ones by member id. Every member is in the result, in that order; its partitions come by topic and number.

use std::cmp::Ordering;

use ordered::SortedSet;
use protocol::api::Name;
use protocol::api::join_group::Subscription;
use protocol::{MemberId, PartitionIndex, TopicName, gap};

gap!("rack-aware assignment", "KIP-881");
gap!("sticky and cooperative-sticky assignors", "KIP-54, KIP-429");

/// A member as an assignor sees it.
pub type AssignorMember = (MemberId, Option<Name>, Subscription);
/// Each member's partitions.
pub type Assignment = Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>;

/// `range`: for each topic by itself, its subscribers in order get contiguous runs; the first ones get one more each
/// when it does not divide evenly.
pub fn range(members: &[AssignorMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Assignment {
    let members = in_order(members);
    let mut result = nothing_for(&members);
    for (topic, count) in topics_of(&members, partitions) {
        let subscribers: Vec<usize> = (0..members.len()).filter(|m| is_subscribed(members[*m], &topic)).collect();
        let share = count / subscribers.len() as i32;
        let extras = count % subscribers.len() as i32;
        let mut next = 0;
        for (nth, member) in subscribers.into_iter().enumerate() {
            let end = next + share + i32::from((nth as i32) < extras);
            result[member].1.extend((next..end).map(|p| (topic.clone(), p)));
            next = end;
        }
    }
    result
}

/// `roundrobin`: all partitions in order are dealt to the members in a circle, passing over those not subscribed.
pub fn roundrobin(members: &[AssignorMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Assignment {
    let members = in_order(members);
    let mut result = nothing_for(&members);
    let mut turn = 0;
    for (topic, count) in topics_of(&members, partitions) {
        for partition in 0..count {
            while !is_subscribed(members[turn], &topic) {
                turn = (turn + 1) % members.len();
            }
            result[turn].1.push((topic.clone(), partition));
            turn = (turn + 1) % members.len();
        }
    }
    result
}

/// `MemberInfo#compareTo`.
fn in_order(members: &[AssignorMember]) -> Vec<&AssignorMember> {
    let mut members: Vec<&AssignorMember> = members.iter().collect();
    ordered::sort_by(&mut members, |a, b| match (&a.1, &b.1) {
        (Some(x), Some(y)) => java_compare(x, y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => java_compare(&a.0, &b.0),
    });
    members
}

/// `String#compareTo`: by UTF-16 unit.
fn java_compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn nothing_for(members: &[&AssignorMember]) -> Assignment {
    members.iter().map(|(id, _, _)| (id.clone(), Vec::new())).collect()
}

/// Every topic somebody subscribes to that has partitions, by name; each has a subscriber.
fn topics_of(members: &[&AssignorMember], partitions: &dyn Fn(&str) -> Option<i32>) -> Vec<(TopicName, i32)> {
    let topics: SortedSet<&TopicName> = members.iter().flat_map(|(_, _, s)| &s.topics).collect();
    topics.into_iter().filter_map(|t| Some((t.clone(), partitions(t).filter(|n| *n > 0)?))).collect()
}

fn is_subscribed(member: &AssignorMember, topic: &TopicName) -> bool {
    member.2.topics.contains(topic)
}
