//! Something remembered of each replica. Finding it copies no name: monitors do so for every append.

use protocol::{BrokerId, TopicPartition};

use crate::by_partition::ByPartition;

/// A value for each replica of each partition.
#[derive(Clone, Debug)]
pub(super) struct ByReplica<V>(ByPartition<Vec<(BrokerId, V)>>);

impl<V> Default for ByReplica<V> {
    fn default() -> ByReplica<V> {
        ByReplica(ByPartition::default())
    }
}

impl<V> ByReplica<V> {
    pub(super) fn get_mut(&mut self, tp: &TopicPartition, broker: BrokerId) -> Option<&mut V> {
        let mut replicas = self.0.get_mut(tp)?.iter_mut();
        replicas.find(|(id, _)| *id == broker).map(|(_, value)| value)
    }
    /// Gives a replica a value; returns the one it had.
    pub(super) fn insert(&mut self, tp: &TopicPartition, broker: BrokerId, value: V) -> Option<V> {
        let replicas = self.0.slot(tp).get_or_insert_default();
        match replicas.iter_mut().find(|(id, _)| *id == broker) {
            Some((_, known)) => Some(std::mem::replace(known, value)),
            None => {
                replicas.push((broker, value));
                None
            }
        }
    }
    /// The value of a replica, which is what `make` gives if it had none.
    pub(super) fn or_insert_with(&mut self, tp: &TopicPartition, broker: BrokerId, make: impl FnOnce() -> V) -> &mut V {
        let replicas = self.0.slot(tp).get_or_insert_default();
        let at = replicas.iter().position(|(id, _)| *id == broker).unwrap_or_else(|| {
            replicas.push((broker, make()));
            replicas.len() - 1
        });
        &mut replicas[at].1
    }
    pub(super) fn remove(&mut self, tp: &TopicPartition, broker: BrokerId) {
        self.0.get_mut(tp).into_iter().for_each(|replicas| replicas.retain(|(id, _)| *id != broker));
    }
    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &str) {
        self.0.forget_topic(topic);
    }
    /// Nothing is known any more of the replicas on a broker.
    pub(super) fn forget_broker(&mut self, broker: BrokerId) {
        self.0.values_mut().for_each(|replicas| replicas.retain(|(id, _)| *id != broker));
    }
}
