//! Assigning when all members are subscribed to the same topics (`ConstrainedAssignmentBuilder`): everybody keeps what it owns up to
//! its quota, and the rest is dealt to those who have less.

use std::collections::VecDeque;

use ordered::SortedMap;
use protocol::TopicName;

use super::claims::Claims;
use super::{Group, Shares, Tp};
use crate::assignor::{AssignorError, java_compare};

/// Shares, and what went from one member to another, and to whom.
type Built = (Shares, SortedMap<Tp, usize>);

pub(super) fn assign(group: &Group<'_>, claims: &Claims) -> Result<Built, AssignorError> {
    let mut builder = Builder::new(group, claims);
    builder.keep_owned();
    let mut kept: Vec<Tp> = builder.shares.iter().flatten().cloned().collect();
    ordered::sort(&mut kept);
    let topics: Vec<&TopicName> = group.topics.keys().collect();
    let mut left = group.all_but(&topics, &kept);
    builder.sort_unfilled();
    if group.is_rack_aware() {
        ordered::sort_by_key(&mut left, |tp| builder.members_near(tp));
        left = builder.deal_by_rack(left);
    }
    builder.deal(left)?;
    builder.verify()?;
    Ok((builder.shares, builder.moving))
}

struct Builder<'a> {
    group: &'a Group<'a>,
    claims: &'a Claims,
    shares: Shares,
    moving: SortedMap<Tp, usize>,
    /// Who may have to give a partition up.
    revoked: SortedMap<Tp, usize>,
    /// Everybody gets this many at least,
    quota_min: usize,
    /// and this many at most,
    quota_max: usize,
    /// and so many members get more than the least.
    over_expected: usize,
    over: usize,
    under_min: Vec<usize>,
    exactly_min: VecDeque<usize>,
}

impl<'a> Builder<'a> {
    fn new(group: &'a Group<'a>, claims: &'a Claims) -> Builder<'a> {
        let partitions: usize = group.topics.values().map(Vec::len).sum();
        let members = group.members.len();
        Builder {
            group,
            claims,
            shares: vec![Vec::new(); members],
            moving: SortedMap::new(),
            revoked: SortedMap::new(),
            quota_min: partitions / members,
            quota_max: partitions.div_ceil(members),
            over_expected: partitions % members,
            over: 0,
            under_min: Vec::new(),
            exactly_min: VecDeque::new(),
        }
    }

    /// `assignOwnedPartitions`.
    fn keep_owned(&mut self) {
        for member in 0..self.shares.len() {
            let mut owned = self.owned(member);
            let kept = if owned.len() < self.quota_min {
                self.under_min.push(member);
                owned.len()
            } else if owned.len() >= self.quota_max && self.over < self.over_expected {
                self.one_more_is_over();
                self.quota_max
            } else {
                if self.over < self.over_expected {
                    self.exactly_min.push_back(member);
                }
                self.quota_min
            };
            self.revoked.extend(owned.drain(kept..).map(|tp| (tp, member)));
            self.shares[member] = owned;
        }
    }

    /// What a member owns and may keep, by number and topic. What is in another rack may go.
    fn owned(&mut self, member: usize) -> Vec<Tp> {
        let mut owned = Vec::new();
        for tp in &self.claims.owned[member] {
            if self.group.is_away(member, tp) {
                self.revoked.insert(tp.clone(), member);
            } else if !self.claims.contested.contains(tp) {
                owned.push(tp.clone());
            }
        }
        ordered::sort_by(&mut owned, |a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        owned
    }

    fn one_more_is_over(&mut self) {
        self.over += 1;
        if self.over == self.over_expected {
            self.exactly_min.clear();
        }
    }

    fn sort_unfilled(&mut self) {
        let id = |member: &usize| &*self.group.members[*member].member;
        let by_id = |a: &usize, b: &usize| java_compare(id(a), id(b));
        ordered::sort_by(&mut self.under_min, by_id);
        let mut exactly: Vec<usize> = self.exactly_min.drain(..).collect();
        ordered::sort_by(&mut exactly, by_id);
        self.exactly_min = exactly.into();
    }

    /// How many members are in a rack of a partition.
    fn members_near(&self, tp: &Tp) -> usize {
        (0..self.shares.len()).filter(|member| self.group.is_near(*member, tp)).count()
    }

    /// `assignRackAwareRoundRobin`; gives back what no member in its racks had room for.
    fn deal_by_rack(&mut self, left: Vec<Tp>) -> Vec<Tp> {
        let mut turn = 0;
        let deal = |tp: &Tp| match self.near_under_min(tp, &mut turn).or_else(|| self.near_exactly_min(tp)) {
            Some(member) => {
                self.give(tp.clone(), member);
                false
            }
            None => true,
        };
        let mut left = left;
        left.retain(deal);
        left
    }

    /// The next member below its quota in a rack of the partition; its place is advanced past it.
    fn near_under_min(&mut self, tp: &Tp, turn: &mut usize) -> Option<usize> {
        let count = self.under_min.len();
        let place = (0..count).map(|n| (*turn + n) % count).find(|n| self.group.is_near(self.under_min[*n], tp))?;
        let member = self.under_min[place];
        let will_have = self.shares[member].len() + 1;
        let mut next = place;
        if will_have >= self.quota_min {
            self.under_min.remove(place);
            if will_have < self.quota_max && self.over < self.over_expected {
                self.exactly_min.push_back(member);
            }
        } else {
            next += 1;
        }
        *turn = if self.under_min.is_empty() { 0 } else { next % self.under_min.len() };
        Some(member)
    }

    fn near_exactly_min(&mut self, tp: &Tp) -> Option<usize> {
        let place = self.exactly_min.iter().position(|member| self.group.is_near(*member, tp))?;
        let member = self.exactly_min[place];
        if self.shares[member].len() + 1 == self.quota_max {
            self.exactly_min.remove(place);
            self.one_more_is_over();
        }
        Some(member)
    }

    /// `assignRoundRobin`.
    fn deal(&mut self, left: Vec<Tp>) -> Result<(), AssignorError> {
        let mut turn = 0;
        for tp in left {
            if turn >= self.under_min.len() {
                turn = 0;
            }
            let member = match self.under_min.get(turn) {
                Some(member) => *member,
                None => self.exactly_min.pop_front().ok_or(NOBODY_LEFT)?,
            };
            let is_under = turn < self.under_min.len();
            self.give(tp, member);
            if self.shares[member].len() == self.quota_min {
                self.under_min.remove(turn);
                self.exactly_min.push_back(member);
            } else if is_under {
                turn += 1;
            }
            self.over += usize::from(self.shares[member].len() == self.quota_max && self.quota_max > self.quota_min);
        }
        Ok(())
    }

    fn give(&mut self, tp: Tp, member: usize) {
        let was_anothers = self.revoked.get(&tp).is_some_and(|owner| *owner != member);
        if was_anothers || self.claims.contested.contains(&tp) {
            self.moving.insert(tp.clone(), member);
        }
        self.shares[member].push(tp);
    }

    /// `verifyUnfilledMembers`.
    fn verify(&self) -> Result<(), AssignorError> {
        if self.under_min.is_empty() {
            return Ok(());
        }
        if self.over != self.over_expected {
            return Err(NOTHING_LEFT);
        }
        let is_filled = |member: &usize| self.shares[*member].len() == self.quota_min;
        if self.under_min.iter().all(is_filled) { Ok(()) } else { Err(NOTHING_LEFT) }
    }
}

const NOBODY_LEFT: AssignorError =
    AssignorError { class: "java.lang.IllegalStateException", message: "No more unfilled consumers to be assigned." };

const NOTHING_LEFT: AssignorError = AssignorError {
    class: "java.lang.IllegalStateException",
    message: "We haven't reached the expected number of members with more than the minQuota partitions, but no more partitions to be assigned",
};
