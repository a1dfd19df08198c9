//! Assigning when members are subscribed to different topics (`GeneralAssignmentBuilder`): everybody keeps what it owns, the rest goes
//! to who has least, and then partitions move one by one as long as that makes it more balanced.

use std::cmp::Ordering;

use ordered::{SortedMap, SortedSet};
use protocol::TopicName;

use super::claims::Claims;
use super::movements::Movements;
use super::{Group, Shares, Tp, take_out};
use crate::assignor::{AssignorError, java_compare};

pub(super) fn assign(group: &Group<'_>, claims: &Claims) -> Result<Shares, AssignorError> {
    let mut builder = Builder::new(group, claims);
    let mut kept = builder.keep_owned();
    let rank = |topic: &TopicName| (builder.subscribers(topic).len(), topic.clone());
    let mut topics: Vec<&TopicName> = group.topics.keys().collect();
    ordered::sort_by_key(&mut topics, |topic| rank(topic));
    ordered::sort_by_key(&mut kept, |tp| (rank(&tp.0), tp.1));
    let all = group.all_but(&topics, &[]);
    let left = group.all_but(&topics, &kept);
    builder.balance(all, left)?;
    Ok(builder.shares)
}

struct Builder<'a> {
    group: &'a Group<'a>,
    claims: &'a Claims,
    shares: Shares,
    owners: SortedMap<Tp, usize>,
    /// Who may still get or lose something.
    in_play: Vec<bool>,
    /// Somebody owned what it may not have any more.
    has_revoked: bool,
    movements: Movements,
}

impl<'a> Builder<'a> {
    fn new(group: &'a Group<'a>, claims: &'a Claims) -> Builder<'a> {
        let shares = claims.owned.clone();
        let owners = shares.iter().enumerate().flat_map(|(n, share)| share.iter().map(move |tp| (tp.clone(), n)));
        Builder {
            group,
            claims,
            owners: owners.collect(),
            in_play: vec![true; shares.len()],
            shares,
            has_revoked: false,
            movements: Movements::default(),
        }
    }

    /// `assignOwnedPartitions`.
    fn keep_owned(&mut self) -> Vec<Tp> {
        for (member, share) in self.shares.iter_mut().enumerate() {
            let had = share.len();
            share.retain(|tp| self.group.is_subscribed(member, &tp.0) && !self.group.is_away(member, tp));
            self.has_revoked |= share.len() < had;
        }
        self.shares.iter().flatten().cloned().collect()
    }

    fn subscribers(&self, topic: &TopicName) -> Vec<usize> {
        (0..self.shares.len()).filter(|member| self.group.is_subscribed(*member, topic)).collect()
    }

    /// By number of partitions, then by id (`SubscriptionComparator`).
    fn compare(&self, a: usize, b: usize) -> Ordering {
        let id = |member: usize| &*self.group.members[member].member;
        self.shares[a].len().cmp(&self.shares[b].len()).then_with(|| java_compare(id(a), id(b)))
    }

    fn least(&self, may: impl Fn(usize) -> bool) -> Option<usize> {
        (0..self.shares.len()).filter(|n| self.in_play[*n] && may(*n)).min_by(|a, b| self.compare(*a, *b))
    }

    fn balance(&mut self, mut all: Vec<Tp>, mut left: Vec<Tp>) -> Result<(), AssignorError> {
        let is_initial = self.shares.iter().all(Vec::is_empty);
        self.hand_out(&left);
        let is_fixed = |tp: &Tp| self.subscribers(&tp.0).len() < 2;
        all.retain(|tp| !is_fixed(tp));
        left.retain(|tp| !is_fixed(tp));
        self.in_play = (0..self.shares.len()).map(|member| self.may_change(member)).collect();
        let before = (self.shares.clone(), self.owners.clone());
        let score = self.score();
        if !self.has_revoked {
            self.reassign(&left)?;
        }
        let has_moved = self.reassign(&all)?;
        if !is_initial && has_moved && self.score() >= score {
            (self.shares, self.owners) = before;
        }
        Ok(())
    }

    /// Each goes to who has least; first, if racks matter, among those of its racks.
    fn hand_out(&mut self, left: &[Tp]) {
        let mut left = left.to_vec();
        if self.group.is_rack_aware() {
            left.retain(|tp| !self.hand_out_one(tp, |group, member| !group.is_away(member, tp)));
        }
        left.iter().for_each(|tp| {
            self.hand_out_one(tp, |_, _| true);
        });
    }

    /// `maybeAssignPartition`.
    fn hand_out_one(&mut self, tp: &Tp, may: impl Fn(&Group<'_>, usize) -> bool) -> bool {
        let group = self.group;
        let Some(member) = self.least(|member| group.is_subscribed(member, &tp.0) && may(group, member)) else {
            return false;
        };
        self.shares[member].push(tp.clone());
        self.owners.insert(tp.clone(), member);
        true
    }

    /// The most a member could get.
    fn most(&self, member: usize) -> usize {
        let topics = self.group.topics.iter().filter(|(topic, _)| self.group.is_subscribed(member, topic));
        topics.map(|(_, partitions)| partitions.len()).sum()
    }

    /// `canConsumerParticipateInReassignment`.
    fn may_change(&self, member: usize) -> bool {
        let share = &self.shares[member];
        share.len() < self.most(member) || share.iter().any(|tp| self.subscribers(&tp.0).len() >= 2)
    }

    /// Differences between all pairs in play, summed (`getBalanceScore`).
    fn score(&self) -> usize {
        let counts: Vec<usize> = self.playing().map(|member| self.shares[member].len()).collect();
        let pairs = counts.iter().enumerate().flat_map(|(n, a)| counts[n + 1..].iter().map(|b| a.abs_diff(*b)));
        pairs.sum()
    }

    fn playing(&self) -> impl Iterator<Item = usize> {
        (0..self.shares.len()).filter(|member| self.in_play[*member])
    }

    /// `performReassignments`; whether anything moved.
    fn reassign(&mut self, partitions: &[Tp]) -> Result<bool, AssignorError> {
        let mut has_moved = false;
        loop {
            let mut moves_on = false;
            for tp in partitions {
                if self.is_balanced() {
                    break;
                }
                moves_on |= self.reassign_one(tp)?;
            }
            has_moved |= moves_on;
            if !moves_on {
                return Ok(has_moved);
            }
        }
    }

    fn reassign_one(&mut self, tp: &Tp) -> Result<bool, AssignorError> {
        let owner = *self.owners.get(tp).ok_or(NOBODYS)?;
        let has_more_than = |other: usize| self.shares[owner].len() > self.shares[other].len() + 1;
        if let Some((previous, _)) = self.claims.previous.get(tp) {
            if !self.in_play[*previous] {
                return Err(NOBODYS);
            }
            if has_more_than(*previous) {
                self.move_to(tp, *previous);
                return Ok(true);
            }
        }
        // Whether the one who takes it is of a near rack does not change who that is.
        if !self.subscribers(&tp.0).into_iter().any(has_more_than) {
            return Ok(false);
        }
        let to = self.least(|member| self.group.is_subscribed(member, &tp.0)).ok_or(NOBODYS)?;
        self.move_to(tp, to);
        Ok(true)
    }

    /// `reassignPartition` and `processPartitionMovement`.
    fn move_to(&mut self, tp: &Tp, to: usize) {
        let tp = self.movements.instead(tp, self.owners[tp], to);
        let from = self.owners[&tp];
        self.movements.note(&tp, from, to);
        take_out(&mut self.shares[from], &tp);
        self.shares[to].push(tp.clone());
        self.owners.insert(tp, to);
    }

    /// Whether nobody could get a partition of somebody who has two more.
    fn is_balanced(&self) -> bool {
        let counts = || self.playing().map(|member| self.shares[member].len());
        let (Some(least), Some(most)) = (counts().min(), counts().max()) else { return true };
        if least + 1 >= most {
            return true;
        }
        let rich = |than: usize| -> SortedSet<&TopicName> {
            let rich = self.playing().filter(move |member| self.shares[*member].len() > than + 1);
            rich.flat_map(|member| &self.shares[member])
                .filter(|tp| self.group.racks_of(tp).is_some())
                .map(|tp| &tp.0)
                .collect()
        };
        self.playing().all(|member| {
            let count = self.shares[member].len();
            count == self.most(member) || rich(count).iter().all(|topic| !self.group.is_subscribed(member, topic))
        })
    }
}

/// Kafka meets a partition without owner, or an owner that is out of the game.
const NOBODYS: AssignorError = AssignorError {
    class: "java.lang.NullPointerException",
    message: "Cannot invoke \"java.util.List.size()\" because the return value of \"java.util.Map.get(Object)\" is null",
};
