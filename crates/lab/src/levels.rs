//! Levels of the whole cluster over virtual time, as Kafka's gauges would read, summed over its processes:
//! `UnderReplicatedPartitions`, `OfflinePartitionsCount`, `FencedBrokerCount`, `ActiveControllerCount`,
//! `NumGroupsPreparingRebalance`. Each change is kept with its moment.

use kernel::{Chunks, Stamped, Time};
use ordered::{SortedMap, SortedSet};
use protocol::{BrokerId, GroupId, Note, TopicPartition};

/// What the gauges read at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Levels {
    /// Partitions with fewer members in the ISR than they had when it was full.
    pub under_replicated: u32,
    /// Partitions without a leader.
    pub offline: u32,
    /// Brokers that are registered and fenced.
    pub fenced: u32,
    /// Processes that lead the metadata quorum and run: 1, or 0 while it elects; more while an old leader does not know yet.
    pub active_controllers: u32,
    /// Groups that wait for their members to rejoin.
    pub preparing_groups: u32,
}

/// Changes a run remembers, or a few more.
const CHANGES_MAX: usize = 65_536;

/// Follows the notes of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// ISR members that are missing.
    missing: SortedMap<TopicPartition, u64>,
    out_of_sync: u64,
    offline: SortedSet<TopicPartition>,
    fenced: SortedSet<BrokerId>,
    leading: SortedSet<BrokerId>,
    preparing: SortedSet<GroupId>,
    last: Levels,
    changes: Chunks<(Time, Levels)>,
}

fn put<T: Ord + Clone>(set: &mut SortedSet<T>, item: &T, is_in: bool) {
    match is_in {
        true => _ = set.insert(item.clone()),
        false => _ = set.remove(item),
    }
}

impl Watch {
    pub(crate) fn note(&mut self, stamped: &Stamped<Note>) {
        match &stamped.note {
            Note::IsrChanged { tp, isr, previous, .. } => {
                let before = self.missing.get(tp).copied().unwrap_or(0);
                let after = (before + previous.len() as u64).saturating_sub(isr.len() as u64);
                self.out_of_sync = self.out_of_sync - before + after;
                match after {
                    0 => _ = self.missing.remove(tp),
                    n => _ = self.missing.insert(tp.clone(), n),
                }
            }
            Note::LeaderElected { tp, leader, .. } => put(&mut self.offline, tp, !leader.is_some()),
            Note::TopicDeleted { topic } => {
                let out_of_sync = &mut self.out_of_sync;
                self.missing.retain(|tp, missing| {
                    let stays = tp.topic != *topic;
                    *out_of_sync -= if stays { 0 } else { *missing };
                    stays
                });
                self.offline.retain(|tp| tp.topic != *topic);
            }
            Note::BrokerRegistered { broker, .. } => put(&mut self.fenced, broker, true),
            Note::BrokerFenced { broker, fenced } => put(&mut self.fenced, broker, *fenced),
            Note::QuorumState { node, state, .. } => put(&mut self.leading, node, *state == "Leader"),
            Note::GroupState { group, state, .. } => put(&mut self.preparing, group, *state == "PreparingRebalance"),
            _ => return,
        }
        self.look(stamped.at);
    }

    pub(crate) fn left(&mut self, at: Time, node: BrokerId) {
        put(&mut self.leading, &node, false);
        self.look(at);
    }

    fn look(&mut self, at: Time) {
        let now = Levels {
            under_replicated: self.missing.len() as u32,
            offline: self.offline.len() as u32,
            fenced: self.fenced.len() as u32,
            active_controllers: self.leading.len() as u32,
            preparing_groups: self.preparing.len() as u32,
        };
        if now != self.last {
            self.last = now;
            self.changes.push((at, now), CHANGES_MAX);
        }
    }

    /// ISR members that are missing, over all partitions.
    pub(crate) fn out_of_sync(&self) -> u64 {
        self.out_of_sync
    }

    pub(crate) fn changes(&self) -> impl DoubleEndedIterator<Item = &(Time, Levels)> {
        self.changes.iter()
    }
}
