//! Within a group generation a partition has at most one owner.


use ordered::SortedMap;
use protocol::{GroupId, MemberId, Note, PartitionIndex, TopicName};

use super::{Invariant, Sight};
use crate::replicas;

/// Keeps nothing: a group that becomes stable is looked at whole.
#[derive(Clone, Debug, Default)]
pub(super) struct OneOwner;

impl Invariant for OneOwner {
    const ID: &'static str = "one-owner";
    const DOC: &'static str = "Within a group generation a partition has at most one owner.";
    const SOURCE: &'static str = "ClassicGroup; the design page, consumer groups";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::GroupState { group, state: "Stable", .. } = sight.note else { return Ok(()) };
        let mut owners: SortedMap<(TopicName, PartitionIndex), MemberId> = SortedMap::new();
        for (member, assignment) in replicas::assignments(sight.world, sight.layout, group) {
            for tp in assignment {
                if let Some(other) = owners.insert(tp.clone(), member.clone()) {
                    return Err(two_owners(group, &tp, &other, &member));
                }
            }
        }
        Ok(())
    }
}

fn two_owners(group: &GroupId, (topic, partition): &(TopicName, PartitionIndex), a: &str, b: &str) -> String {
    format!("in group {group} both {a} and {b} own {topic}-{partition}")
}
