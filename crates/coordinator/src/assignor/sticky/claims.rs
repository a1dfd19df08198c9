//! What members say they own (`AbstractStickyAssignor#allSubscriptionsEqual`): who is believed if two claim the same partition.

use ordered::{SortedMap, SortedSet};
use protocol::TopicName;
use protocol::api::join_group::{Subscription, UserData};

use super::{Group, Shares, Tp, take_out};
use crate::assignor::Assignor;

/// Generation of who names none.
const NO_GENERATION: i32 = -1;

pub(super) struct Claims {
    /// What each owns, as far as it is believed and the topic is still there.
    pub(super) owned: Shares,
    /// What two claimed with the same generation.
    pub(super) contested: SortedSet<Tp>,
    /// Who had a partition before (the highest generation below the current one), with the generation.
    pub(super) previous: SortedMap<Tp, (usize, i32)>,
    /// Whether all are subscribed to the same topics.
    pub(super) is_uniform: bool,
}

/// What a member owned, and in which generation (`memberData`). The eager assignor keeps it in its user data, because members have
/// given everything up when they join.
fn told(assignor: Assignor, subscription: &Subscription) -> (&[Tp], Option<i32>) {
    match (assignor, &subscription.user_data) {
        (Assignor::CooperativeSticky, user_data) => {
            let generation = Some(subscription.generation).filter(|generation| *generation >= 0);
            let remembered = match user_data {
                Some(UserData::Generation(generation)) => Some(*generation),
                Some(UserData::Previous { .. }) | None => None,
            };
            (&subscription.owned, generation.or(remembered))
        }
        (_, Some(UserData::Previous { previous, generation })) => (previous, Some(*generation)),
        (_, Some(UserData::Generation(_)) | None) => (&[], None),
    }
}

pub(super) fn collect(assignor: Assignor, group: &Group<'_>) -> Claims {
    let members = &group.members;
    let mut owned: Shares = vec![Vec::new(); members.len()];
    let mut contested = SortedSet::new();
    let mut claimed: SortedMap<Tp, usize> = SortedMap::new();
    let mut newest = NO_GENERATION;
    for (n, member) in members.iter().enumerate() {
        let (partitions, generation) = told(assignor, &member.subscription);
        let generation = generation.unwrap_or(NO_GENERATION);
        newest = newest.max(generation);
        for tp in partitions.iter().filter(|(topic, _)| group.topics.contains_key(topic)) {
            let Some(other) = claimed.get(tp).copied() else {
                owned[n].push(tp.clone());
                claimed.insert(tp.clone(), n);
                continue;
            };
            // The other's generation is read from its subscription, whatever its user data says.
            let others = members[other].subscription.generation.max(NO_GENERATION);
            if generation < others {
                continue;
            }
            take_out(&mut owned[other], tp);
            claimed.insert(tp.clone(), n);
            if generation == others {
                contested.insert(tp.clone());
            } else {
                owned[n].push(tp.clone());
            }
        }
    }
    Claims { owned, contested, previous: previous(assignor, group, newest), is_uniform: is_uniform(group) }
}

fn is_uniform(group: &Group<'_>) -> bool {
    let mut first: &[TopicName] = &[];
    for member in &group.members {
        let topics = &member.subscription.topics;
        if first.is_empty() {
            first = topics;
        } else if topics.len() != first.len() || topics.iter().any(|topic| !first.contains(topic)) {
            return false;
        }
    }
    true
}

/// `prepopulateCurrentAssignments`.
fn previous(assignor: Assignor, group: &Group<'_>, newest: i32) -> SortedMap<Tp, (usize, i32)> {
    let mut previous: SortedMap<Tp, (usize, i32)> = SortedMap::new();
    for (n, member) in group.members.iter().enumerate() {
        let (partitions, generation) = told(assignor, &member.subscription);
        let generation = generation.unwrap_or(NO_GENERATION);
        if generation >= newest {
            continue;
        }
        for tp in partitions {
            if previous.get(tp).is_none_or(|(_, known)| generation > *known) {
                previous.insert(tp.clone(), (n, generation));
            }
        }
    }
    previous
}
