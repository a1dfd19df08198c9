//! What `StickyAssignor` (KIP-54) and `CooperativeStickyAssignor` (KIP-429) have in common (`AbstractStickyAssignor`): members keep
//! what they own as far as that is balanced. If all are subscribed to the same topics there is a quick way, [`constrained`];
//! otherwise there is the [`general`] one.
//!
//! The cooperative assignor then takes out of the answer what some other member still owns: that one gives it up and joins
//! again, and in the rebalance that follows nobody owns it.
//!
//! Left out: an assignor object remembers the highest generation of all groups it ever led.

mod claims;
mod constrained;
mod general;
mod movements;

use ordered::{SortedMap, SortedSet};
use protocol::api::Name;
use protocol::api::join_group::JoinMember;
use protocol::{PartitionIndex, TopicName};

use super::{Assignment, Assignor, AssignorError, Topics, in_order, is_subscribed, rack_of, racks};
use crate::java_map;

/// A partition.
type Tp = (TopicName, PartitionIndex);
/// Which partitions each member gets, by its place in [`Group::members`].
type Shares = Vec<Vec<Tp>>;

/// The group as both ways look at it.
struct Group<'a> {
    /// In the order in which Java's `HashMap` has them, which decides ties.
    members: Vec<&'a JoinMember>,
    topics: &'a Topics,
    /// Members' racks, if racks matter.
    racks: Vec<Option<&'a Name>>,
}

pub(super) fn assign(assignor: Assignor, members: &[JoinMember], topics: &Topics) -> Result<Assignment, AssignorError> {
    let group = Group::new(members, topics);
    let claims = claims::collect(assignor, &group);
    let (mut shares, moving) = if claims.is_uniform {
        constrained::assign(&group, &claims)?
    } else {
        let shares = general::assign(&group, &claims)?;
        let moving = moving(&group, &shares);
        (shares, moving)
    };
    if assignor.is_cooperative() {
        moving.iter().for_each(|(tp, to)| take_out(&mut shares[*to], tp));
    }
    let share_of = |member: &JoinMember| {
        let place = group.members.iter().position(|m| m.member == member.member);
        place.map(|place| std::mem::take(&mut shares[place])).unwrap_or_default()
    };
    let mut share_of = share_of;
    Ok(in_order(members).into_iter().map(|member| (member.member.clone(), share_of(member))).collect())
}

/// Takes a partition out once (`List#remove`): one that is gone may be there twice.
fn take_out(share: &mut Vec<Tp>, tp: &Tp) {
    if let Some(place) = share.iter().position(|kept| kept == tp) {
        share.remove(place);
    }
}

/// What would go straight from one member to another (`computePartitionsTransferringOwnership`), and to whom.
fn moving(group: &Group<'_>, shares: &Shares) -> SortedMap<Tp, usize> {
    let owned = |n: usize| &group.members[n].subscription.owned;
    let revoked: SortedSet<&Tp> =
        (0..shares.len()).flat_map(|n| owned(n).iter().filter(move |tp| !shares[n].contains(tp))).collect();
    let added = (0..shares.len())
        .flat_map(|n| shares[n].iter().filter(move |tp| !owned(n).contains(tp)).map(move |tp| (tp, n)));
    added.filter(|(tp, _)| revoked.contains(tp)).map(|(tp, n)| (tp.clone(), n)).collect()
}

impl<'a> Group<'a> {
    fn new(members: &'a [JoinMember], topics: &'a Topics) -> Group<'a> {
        let mut members: Vec<&JoinMember> = members.iter().collect();
        let capacity = java_map::capacity(members.len());
        let place = |m: &&JoinMember| java_map::place(protocol::hashing::java_string_hash(&m.member), capacity);
        ordered::sort_by_key(&mut members, place);
        let is_rack_aware =
            racks::matter(members.iter().filter_map(|m| rack_of(m)), topics.values().flat_map(|topic| topic.iter()));
        let racks = members.iter().map(|m| rack_of(m).filter(|_| is_rack_aware)).collect();
        Group { members, topics, racks }
    }

    fn is_subscribed(&self, member: usize, topic: &TopicName) -> bool {
        is_subscribed(&self.members[member].subscription, topic)
    }

    fn is_rack_aware(&self) -> bool {
        self.racks.iter().any(Option::is_some)
    }

    fn racks_of(&self, (topic, partition): &Tp) -> Option<&'a SortedSet<Name>> {
        self.topics.get(topic)?.get(usize::try_from(*partition).ok()?)
    }

    /// Whether a member has a rack and the partition no replica there.
    fn is_away(&self, member: usize, tp: &Tp) -> bool {
        self.racks[member].is_some_and(|rack| self.racks_of(tp).is_none_or(|racks| !racks.contains(rack)))
    }

    /// Whether a member has a rack and the partition a replica there.
    fn is_near(&self, member: usize, tp: &Tp) -> bool {
        self.racks[member].is_some() && !self.is_away(member, tp)
    }

    /// All partitions of the topics in this order, without those in `assigned`, which must be in the same order. It goes through
    /// both lists at once, as Kafka does: from a partition that does not exist on nothing else counts as assigned.
    fn all_but(&self, topics: &[&TopicName], assigned: &[Tp]) -> Vec<Tp> {
        let mut assigned = assigned.iter().peekable();
        let mut left = Vec::new();
        for topic in topics {
            for partition in 0..self.topics[*topic].len() as PartitionIndex {
                let is_assigned = |tp: &&Tp| tp.0 == **topic && tp.1 == partition;
                if assigned.next_if(is_assigned).is_none() {
                    left.push(((*topic).clone(), partition));
                }
            }
        }
        left
    }
}
