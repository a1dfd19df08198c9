//! Where each queue goes: what the metadata says about the partitions there are queues for, kept until it says something
//! else, because the sender asks at every turn (`RecordAccumulator#partitionReady`, `#drainBatchesForOneNode`).

use kernel::Address;
use ordered::SortedMap;
use protocol::{TopicId, TopicPartition};

use super::accumulator::Queue;
use crate::network::Metadata;

/// The leaders of all queues' partitions.
#[derive(Clone, Default, Hash, Debug)]
pub(super) struct Routes {
    /// What had been heard about leaders, and how many queues there were.
    of: (u64, usize),
    by_queue: Vec<Option<Route>>,
    /// Who leads any of them, ascending.
    nodes: Vec<Address>,
}

/// The leader of one partition.
#[derive(Clone, Copy, Hash, Debug)]
pub(super) struct Route {
    /// Its place among the nodes.
    pub(super) node: u32,
    pub(super) topic_id: TopicId,
    pub(super) leader_epoch: i32,
}

impl Routes {
    /// Looks the leaders up, if anything was heard about them or there are more queues.
    pub(super) fn refresh(&mut self, metadata: &Metadata, queues: &SortedMap<TopicPartition, Queue>) {
        let of = (metadata.leaders, queues.len());
        if self.of == of {
            return;
        }
        self.of = of;
        self.nodes = queues.keys().filter_map(|tp| metadata.leader(tp)).map(|(_, node, _)| node.clone()).collect();
        ordered::sort(&mut self.nodes);
        self.nodes.dedup();
        let nodes = &self.nodes;
        let route = |tp: &TopicPartition| {
            let (_, address, leader_epoch) = metadata.leader(tp)?;
            let node = nodes.binary_search(address).ok()? as u32;
            Some(Route { node, topic_id: metadata.topic(&tp.topic)?.id, leader_epoch })
        };
        self.by_queue = queues.keys().map(route).collect();
    }

    /// The leader of the partition of queue `at`, if it is known.
    pub(super) fn get(&self, at: usize) -> Option<Route> {
        self.by_queue[at]
    }

    /// The address of a node.
    pub(super) fn address(&self, node: u32) -> &Address {
        &self.nodes[node as usize]
    }
}
