//! Which partitions the general way has moved so far (`PartitionMovements`), so that a topic does not have one partition go from
//! A to B and another from B to A.

use ordered::SortedMap;
use protocol::hashing::java_string_hash;
use protocol::{PartitionIndex, TopicName};

use super::Tp;
use crate::java_map;

/// From whom to whom.
type Way = (usize, usize);

#[derive(Default)]
pub(super) struct Movements {
    of_partition: SortedMap<Tp, Way>,
    of_topic: SortedMap<TopicName, SortedMap<Way, Moved>>,
}

/// The partitions of a topic that went one way: a `HashSet`.
#[derive(Default)]
struct Moved {
    partitions: Vec<PartitionIndex>,
    most: usize,
}

impl Movements {
    /// A partition that goes from `from` to `to`.
    pub(super) fn note(&mut self, tp: &Tp, from: usize, to: usize) {
        let origin = match self.of_partition.remove(tp) {
            Some(way) => {
                self.forget(tp, way);
                way.0
            }
            None => from,
        };
        if origin == to {
            return;
        }
        self.of_partition.insert(tp.clone(), (origin, to));
        let moved = self.of_topic.entry(tp.0.clone()).or_default().entry((origin, to)).or_default();
        moved.partitions.push(tp.1);
        moved.most = moved.most.max(moved.partitions.len());
    }

    fn forget(&mut self, tp: &Tp, way: Way) {
        let Some(ways) = self.of_topic.get_mut(&tp.0) else { return };
        let Some(moved) = ways.get_mut(&way) else { return };
        moved.partitions.retain(|partition| *partition != tp.1);
        if moved.partitions.is_empty() {
            ways.remove(&way);
        }
    }

    /// What to move instead of a partition that is to go from `from` to `to`: one of its topic that went the other way.
    pub(super) fn instead(&self, tp: &Tp, from: usize, to: usize) -> Tp {
        let origin = self.of_partition.get(tp).map_or(from, |way| way.0);
        let back = self.of_topic.get(&tp.0).and_then(|ways| ways.get(&(to, origin)));
        back.map_or_else(|| tp.clone(), |moved| (tp.0.clone(), moved.first(&tp.0)))
    }
}

impl Moved {
    /// The first in the order of Java's table.
    fn first(&self, topic: &TopicName) -> PartitionIndex {
        let capacity = java_map::capacity(self.most);
        let hash = |partition: PartitionIndex| {
            // `TopicPartition#hashCode`
            partition.wrapping_add(31).wrapping_mul(31).wrapping_add(java_string_hash(topic))
        };
        let first = self.partitions.iter().copied().min_by_key(|partition| java_map::place(hash(*partition), capacity));
        first.expect("a way that nothing went is forgotten")
    }
}
