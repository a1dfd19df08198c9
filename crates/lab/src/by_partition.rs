//! Something of each partition, found by its topic and then by its number: a look at a few names instead of a search among all
//! partitions. What runs after every event keeps its things here.

use ordered::SortedMap;
use protocol::{TopicName, TopicPartition};

/// A value for each partition, in the order of names and numbers.
#[derive(Clone, Debug)]
pub(crate) struct ByPartition<V>(SortedMap<TopicName, Vec<Option<V>>>);

impl<V> Default for ByPartition<V> {
    fn default() -> ByPartition<V> {
        ByPartition(SortedMap::new())
    }
}

impl<V> ByPartition<V> {
    pub(crate) fn get(&self, tp: &TopicPartition) -> Option<&V> {
        self.0.get_shared(&tp.topic)?.get(tp.partition as usize)?.as_ref()
    }
    pub(crate) fn get_mut(&mut self, tp: &TopicPartition) -> Option<&mut V> {
        self.0.get_shared_mut(&tp.topic)?.get_mut(tp.partition as usize)?.as_mut()
    }
    /// The place of a partition's value, if it has one or not.
    pub(crate) fn slot(&mut self, tp: &TopicPartition) -> &mut Option<V> {
        let number = usize::try_from(tp.partition).expect("partitions are numbered from 0");
        let partitions = self.0.shared_or_insert_with(&tp.topic, Vec::new);
        if partitions.len() <= number {
            partitions.resize_with(number + 1, || None);
        }
        &mut partitions[number]
    }
    /// Gives a partition a value; returns the one it had.
    pub(crate) fn insert(&mut self, tp: &TopicPartition, value: V) -> Option<V> {
        self.slot(tp).replace(value)
    }
    pub(crate) fn remove(&mut self, tp: &TopicPartition) {
        let slot = self.0.get_shared_mut(&tp.topic).and_then(|partitions| partitions.get_mut(tp.partition as usize));
        slot.into_iter().for_each(|slot| *slot = None);
    }
    /// A topic is gone.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.0.remove(topic);
    }
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values().flatten().flatten()
    }
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut().flatten().flatten()
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TopicPartition, &V)> {
        let of_topic = |(topic, partitions): (&'_ TopicName, _)| {
            let topic = topic.clone();
            let numbered = (0..).zip(partitions);
            numbered.filter_map(move |(n, value): (_, &Option<V>)| {
                Some((TopicPartition::new(topic.clone(), n), value.as_ref()?))
            })
        };
        self.0.iter().flat_map(of_topic)
    }
}
