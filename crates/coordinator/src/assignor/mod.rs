//! The assignors a group's leader runs in its client (`RangeAssignor`, `RoundRobinAssignor`, `StickyAssignor`,
//! `CooperativeStickyAssignor`). Pure functions, compared with Kafka's own answers in `tests/assignor_exam.rs`.
//!
//! Topics without metadata are skipped. Every member is in the result, in the order of `MemberInfo`: static ones by instance id,
//! then dynamic ones by member id.

mod racks;
mod range;
mod roundrobin;
mod sticky;

use std::cmp::Ordering;

use ordered::{SortedMap, SortedSet};
use protocol::api::Name;
use protocol::api::join_group::{JoinMember, Subscription, UserData};
use protocol::{MemberId, PartitionIndex, TopicName};

/// Each member's partitions.
pub type Assignment = Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>;
/// The topics the leader has metadata of: for each partition the racks of its replicas, as far as they have one.
pub type Topics = SortedMap<TopicName, Vec<SortedSet<Name>>>;

/// What a group may be assigned by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Assignor {
    /// For each topic by itself, contiguous runs.
    Range,
    /// All partitions in a circle.
    RoundRobin,
    /// Everybody keeps what it had, as far as that is balanced (KIP-54).
    Sticky,
    /// The same, but what moves is given up in one rebalance and given away in the next (KIP-429).
    CooperativeSticky,
}

/// Why there is no assignment: the class of the exception and its message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AssignorError {
    /// E.g. `java.lang.IllegalStateException`.
    pub class: &'static str,
    /// What it says.
    pub message: &'static str,
}

impl Assignor {
    /// All of them.
    pub const ALL: [Assignor; 4] =
        [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

    /// Its name in requests, records and tools.
    pub const fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor of a name.
    pub fn named(name: &str) -> Option<Assignor> {
        Assignor::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Whether members may keep partitions through a rebalance (`supportedProtocols` has COOPERATIVE).
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Assignor::CooperativeSticky)
    }

    /// Everybody's partitions.
    ///
    /// # Errors
    /// The exception that Kafka's sticky assignors throw when members claim partitions that are gone.
    pub fn assign(self, members: &[JoinMember], topics: &Topics) -> Result<Assignment, AssignorError> {
        let subscribed: SortedSet<&TopicName> = members.iter().flat_map(|m| &m.subscription.topics).collect();
        let topics: Topics = topics
            .iter()
            .filter(|(topic, partitions)| subscribed.contains(topic) && !partitions.is_empty())
            .map(|(topic, partitions)| (topic.clone(), partitions.clone()))
            .collect();
        match self {
            Assignor::Range => Ok(range::assign(members, &topics)),
            Assignor::RoundRobin => Ok(roundrobin::assign(members, &topics)),
            Assignor::Sticky | Assignor::CooperativeSticky => sticky::assign(self, members, &topics),
        }
    }

    /// What a member says of itself to the assignor of its leader (`subscriptionUserData`). `last` is what this assignor, in this
    /// member, was told of its last assignment and its generation.
    pub fn user_data(self, last: Option<&Remembered>) -> Option<UserData> {
        match self {
            Assignor::Range | Assignor::RoundRobin => None,
            Assignor::Sticky => {
                let (previous, generation) = last?.clone();
                Some(UserData::Previous { previous, generation })
            }
            Assignor::CooperativeSticky => Some(UserData::Generation(last.map_or(-1, |(_, generation)| *generation))),
        }
    }
}

/// The last assignment an assignor was told of (`onAssignment`), and its generation.
pub type Remembered = (Vec<(TopicName, PartitionIndex)>, i32);

/// `MemberInfo#compareTo`.
fn in_order(members: &[JoinMember]) -> Vec<&JoinMember> {
    let mut members: Vec<&JoinMember> = members.iter().collect();
    ordered::sort_by(&mut members, |a, b| match (&a.group_instance_id, &b.group_instance_id) {
        (Some(x), Some(y)) => java_compare(x, y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => java_compare(&a.member, &b.member),
    });
    members
}

/// `String#compareTo`: by UTF-16 unit.
fn java_compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn nothing_for(members: &[&JoinMember]) -> Assignment {
    members.iter().map(|m| (m.member.clone(), Vec::new())).collect()
}

fn is_subscribed(subscription: &Subscription, topic: &TopicName) -> bool {
    subscription.topics.contains(topic)
}

/// `client.rack`, if it is one.
fn rack_of(member: &JoinMember) -> Option<&Name> {
    member.subscription.rack.as_ref().filter(|rack| !rack.is_empty())
}
