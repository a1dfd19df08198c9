//! `RangeAssignor`: for each topic by itself, its subscribers in order get contiguous runs; the first ones get one more each when it
//! does not divide evenly. If racks matter, members first get partitions of their own rack, within the same shares (KIP-881);
//! topics with the same subscribers and as many partitions stay together.

use ordered::{SortedMap, SortedSet};
use protocol::api::Name;
use protocol::api::join_group::JoinMember;
use protocol::{PartitionIndex, TopicName};

use super::{Assignment, Topics, in_order, is_subscribed, nothing_for, rack_of, racks};

pub(super) fn assign(members: &[JoinMember], topics: &Topics) -> Assignment {
    let members = in_order(members);
    let mut shares: Vec<Shares<'_>> = topics.iter().map(|(topic, racks)| Shares::new(topic, racks, &members)).collect();
    let mut result = nothing_for(&members);
    let is_rack_aware = shares.iter().any(|topic| topic.needs_racks);
    if is_rack_aware {
        match_racks(&mut shares, &mut result);
    }
    shares.iter_mut().for_each(|topic| topic.fill(&mut result, |_, _, _| true));
    if is_rack_aware {
        result.iter_mut().for_each(|(_, partitions)| ordered::sort(partitions));
    }
    result
}

/// Topics with the same subscribers (and their racks) and as many partitions go together; one alone goes by its own racks.
fn match_racks(shares: &mut [Shares<'_>], result: &mut Assignment) {
    let mut together: SortedMap<(Vec<(usize, Option<&Name>)>, usize), Vec<usize>> = SortedMap::new();
    for (n, topic) in shares.iter().enumerate() {
        let subscribers = topic.consumers.iter().map(|c| (c.member, c.rack)).collect();
        together.entry((subscribers, topic.racks.len())).or_default().push(n);
    }
    for topics in together.into_values() {
        match topics[..] {
            [alone] if shares[alone].needs_racks => shares[alone].fill(result, Shares::matches),
            [_] => {}
            _ => match_together(shares, &topics, result),
        }
    }
}

/// `assignCoPartitionedWithRackMatching`: a partition of all these topics goes to the first member that is in the rack of each.
fn match_together(shares: &mut [Shares<'_>], topics: &[usize], result: &mut Assignment) {
    let first = &shares[topics[0]];
    let (count, mut left) = (first.racks.len() as PartitionIndex, (0..first.consumers.len()).collect::<Vec<_>>());
    for partition in 0..count {
        let takes = |c: &usize| topics.iter().all(|t| shares[*t].matches(*c, partition) && shares[*t].room(*c) > 0);
        let Some(consumer) = left.iter().copied().find(takes) else { continue };
        topics.iter().for_each(|t| shares[*t].give(consumer, &[partition], result));
        if topics.iter().all(|t| shares[*t].room(consumer) == 0) {
            left.retain(|c| *c != consumer);
        }
    }
}

/// `TopicAssignmentState`: who gets how many of a topic, and what is left of it.
struct Shares<'a> {
    topic: &'a TopicName,
    racks: &'a [SortedSet<Name>],
    consumers: Vec<Consumer<'a>>,
    needs_racks: bool,
    left: Vec<PartitionIndex>,
    share: usize,
    extras: usize,
}

struct Consumer<'a> {
    member: usize,
    rack: Option<&'a Name>,
    count: usize,
}

impl<'a> Shares<'a> {
    fn new(topic: &'a TopicName, racks: &'a [SortedSet<Name>], members: &[&'a JoinMember]) -> Shares<'a> {
        let subscribers = members.iter().enumerate().filter(|(_, m)| is_subscribed(&m.subscription, topic));
        let consumers: Vec<Consumer<'_>> =
            subscribers.map(|(member, m)| Consumer { member, rack: rack_of(m), count: 0 }).collect();
        Shares {
            topic,
            racks,
            needs_racks: racks::matter(consumers.iter().filter_map(|c| c.rack), racks.iter()),
            left: (0..racks.len() as PartitionIndex).collect(),
            share: racks.len() / consumers.len(),
            extras: racks.len() % consumers.len(),
            consumers,
        }
    }

    /// Whether a partition has a replica in a member's rack; a member without one takes any.
    fn matches(&self, consumer: usize, partition: PartitionIndex) -> bool {
        self.consumers[consumer].rack.is_none_or(|rack| self.racks[partition as usize].contains(rack))
    }

    /// How many more it may get (`maxAssignable`).
    fn room(&self, consumer: usize) -> usize {
        (self.share + usize::from(self.extras > 0)).saturating_sub(self.consumers[consumer].count)
    }

    /// `assignRanges`.
    fn fill(&mut self, result: &mut Assignment, may: impl Fn(&Self, usize, PartitionIndex) -> bool) {
        for consumer in 0..self.consumers.len() {
            let free = self.left.iter().copied().filter(|partition| may(self, consumer, *partition));
            let chosen: Vec<PartitionIndex> = free.take(self.room(consumer)).collect();
            self.give(consumer, &chosen, result);
        }
    }

    fn give(&mut self, consumer: usize, partitions: &[PartitionIndex], result: &mut Assignment) {
        let to = &mut self.consumers[consumer];
        to.count += partitions.len();
        if !partitions.is_empty() && to.count > self.share {
            self.extras -= 1;
        }
        self.left.retain(|partition| !partitions.contains(partition));
        result[to.member].1.extend(partitions.iter().map(|partition| (self.topic.clone(), *partition)));
    }
}
