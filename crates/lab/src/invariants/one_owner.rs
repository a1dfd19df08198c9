//! Within a group generation a partition has one owner, as far as assignors see to it. Kafka's sticky ones go through partitions and
//! owners side by side, and lose their place at one that somebody keeps and that is gone, because the topic was made again with
//! fewer (`AbstractStickyAssignor#getUnassignedPartitions`): from there on they give out once more what has an owner.

use coordinator::assignor::Assignor;
use ordered::SortedMap;
use protocol::{Note, PartitionIndex, TopicName};

use super::{Invariant, Kind, Kinds, Sight};
use crate::replicas::{self, GroupInfo};

/// The fewest partitions that a topic of each name was made with. A member whose metadata was old may have assigned by it.
#[derive(Clone, Debug, Default)]
pub(super) struct OneOwner {
    fewest: SortedMap<TopicName, PartitionIndex>,
}

impl Invariant for OneOwner {
    const ID: &'static str = "one-owner";
    const DOC: &'static str =
        "Within a group generation a partition has at most one owner, unless a sticky assignor let somebody keep one that is gone.";
    const SOURCE: &'static str = "ClassicGroup; AbstractStickyAssignor; the design page, consumer groups";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::TopicCreated, Kind::GroupState]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::TopicCreated { topic, partitions, .. } => {
                let fewest = self.fewest.entry(topic.clone()).or_insert(*partitions);
                *fewest = (*fewest).min(*partitions);
            }
            Note::GroupState { group, state: "Stable", .. } => {
                let Some(group) = replicas::group(sight.world, sight.layout, group) else { return Ok(()) };
                if let Some((tp, [a, b])) = group.shared().first().filter(|_| !self.has_lost_its_place(&group)) {
                    return Err(format!("in group {} both {a} and {b} own {tp}", group.id));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl OneOwner {
    /// Whether a sticky assignor left somebody a partition that may not have been there.
    fn has_lost_its_place(&self, group: &GroupInfo) -> bool {
        let assignor = group.protocol.as_ref().and_then(|name| Assignor::named(name));
        let is_sticky = matches!(assignor, Some(Assignor::Sticky | Assignor::CooperativeSticky));
        let mut given = group.members.iter().flat_map(|member| &member.assignment);
        is_sticky && given.any(|(topic, partition)| self.fewest.get(topic).is_none_or(|fewest| partition >= fewest))
    }
}
