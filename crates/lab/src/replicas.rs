//! Looking into brokers: their replicas, logs and groups, with a god's eye.

use std::sync::Arc;

use cluster::broker::disk::StoredReplica;
use cluster::broker::partition::Partition;
use cluster::{KafkaProcess, MetadataImage};
use coordinator::{Group, GroupShard};
use kernel::{NodeId, NodeState, Time, World};
use ordered::SortedMap;
use partition_log::Log;
use protocol::api::Name;
use protocol::metadata::Voter;
use protocol::{
    Batch, BrokerId, DirectoryId, EPOCH_MS, GroupId, MemberId, PartitionIndex, TopicId, TopicName, TopicPartition,
};

use crate::layout::Layout;
use crate::{Actor, Lab};

/// A replica, as its broker has it.
#[derive(Clone, Copy)]
pub struct Replica<'a> {
    /// The id of its topic: another one after a topic of the same name was deleted and made again.
    pub topic_id: TopicId,
    /// Its log.
    pub log: &'a Log,
    /// What lies on disk of it.
    pub stored: &'a StoredReplica,
    /// Whether its broker believes to lead.
    pub is_leader: bool,
    /// The leader epoch its broker knows; −1 if it has not been told any since it started.
    pub leader_epoch: i32,
    /// How many replicas the partition has, as a leader knows; 0 if its broker does not believe to lead.
    pub replicas: usize,
}

/// The replica of a partition on a broker, whatever the broker's state.
pub fn find<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    broker: BrokerId,
    tp: &TopicPartition,
) -> Option<Replica<'a>> {
    let topic_id = image(world, layout)?.by_name.get(&tp.topic)?;
    of_topic(world, layout, broker, *topic_id, tp.partition)
}

/// The replica of a partition on a broker, by its topic's id.
pub(crate) fn of_topic<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    broker: BrokerId,
    topic_id: TopicId,
    partition: PartitionIndex,
) -> Option<Replica<'a>> {
    let node = layout.brokers.get(&broker)?;
    let process = world.machine(*node).kafka()?;
    let (stored, partition) = process.broker()?.replica(topic_id, partition)?;
    Some(Replica {
        topic_id,
        log: &stored.log,
        stored,
        is_leader: partition.is_some_and(Partition::is_leader),
        leader_epoch: partition.map_or(-1, Partition::leader_epoch),
        replicas: partition.and_then(Partition::leadership).map_or(0, |leadership| leadership.followers().len() + 1),
    })
}

/// The log of a replica in a log directory of a broker that failed: it is there, and only the next start brings it back.
pub(crate) fn offline<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    broker: BrokerId,
    topic_id: TopicId,
    partition: PartitionIndex,
) -> Option<&'a Log> {
    let process = world.machine(*layout.brokers.get(&broker)?).kafka()?;
    process.broker()?.offline_replica(topic_id, partition).map(|stored| &stored.log)
}

/// Every replica of a partition.
pub fn all<'a>(world: &'a World<Actor>, layout: &Layout, tp: &TopicPartition) -> Vec<(BrokerId, Replica<'a>)> {
    layout
        .brokers
        .keys()
        .filter_map(|broker| find(world, layout, *broker, tp).map(|replica| (*broker, replica)))
        .collect()
}

/// The replica that leads in the highest epoch and whose process runs.
pub fn leader<'a>(world: &'a World<Actor>, layout: &Layout, tp: &TopicPartition) -> Option<Replica<'a>> {
    // Nobody knows a later epoch than the controller.
    let image = image(world, layout)?;
    let elected = image.partition(*image.by_name.get(&tp.topic)?, tp.partition);
    if let Some(record) = elected
        && let Some(replica) = leader_among(world, layout, tp, &[record.leader])
        && replica.leader_epoch == record.leader_epoch
    {
        return Some(replica);
    }
    let brokers: Vec<BrokerId> = layout.brokers.keys().copied().collect();
    leader_among(world, layout, tp, &brokers)
}

/// As [`leader`], among the replicas on these brokers.
pub fn leader_among<'a>(
    world: &'a World<Actor>,
    layout: &Layout,
    tp: &TopicPartition,
    brokers: &[BrokerId],
) -> Option<Replica<'a>> {
    let is_running =
        |broker: &&BrokerId| layout.brokers.get(*broker).is_some_and(|node| world.state(*node) == NodeState::Running);
    let replicas = brokers.iter().filter(is_running).filter_map(|broker| find(world, layout, *broker, tp));
    replicas.filter(|replica| replica.is_leader).max_by_key(|replica| replica.leader_epoch)
}

/// The batch that holds an offset.
pub fn batch_at(log: &Log, offset: i64) -> Option<&Batch> {
    log.batches_from(offset).next().filter(|batch| has_place_for(batch, offset))
}

/// Whether an offset is one of a batch's, also if compaction took its record.
pub(crate) fn has_place_for(batch: &Batch, offset: i64) -> bool {
    (batch.base_offset..=batch.last_offset()).contains(&offset)
}

/// A group, as its running coordinator has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupInfo {
    /// group.id.
    pub id: GroupId,
    /// The broker that coordinates it.
    pub coordinator: BrokerId,
    /// Empty, PreparingRebalance, CompletingRebalance, Stable, Dead.
    pub state: &'static str,
    /// Generation.
    pub generation: i32,
    /// The assignor chosen, if any.
    pub protocol: Option<Name>,
    /// Members in the coordinator's order.
    pub members: Vec<MemberInfo>,
    /// Committed offsets.
    pub offsets: Vec<(TopicPartition, i64)>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberInfo {
    /// Member id.
    pub id: MemberId,
    /// client.id.
    pub client_id: Name,
    /// Assigned partitions.
    pub assignment: Vec<(TopicName, PartitionIndex)>,
    /// When it is evicted if nothing more is heard of it.
    pub session_ends: Option<Time>,
}

/// All groups that running brokers coordinate, by name.
pub fn groups(world: &World<Actor>, layout: &Layout) -> Vec<GroupInfo> {
    let mut found = Vec::new();
    for (id, node) in &layout.brokers {
        let Some(broker) = world.machine(*node).kafka().and_then(KafkaProcess::broker) else { continue };
        for (_, shard) in broker.shards() {
            found.extend(shard.groups().map(|group| group_info(*id, shard, group)));
        }
    }
    ordered::sort_by(&mut found, |a, b| a.id.cmp(&b.id));
    found
}

fn group_info(coordinator: BrokerId, shard: &GroupShard, group: &Group) -> GroupInfo {
    let members = group.members().map(|member| MemberInfo {
        id: member.id().clone(),
        client_id: member.client_id().clone(),
        assignment: member.assignment().to_vec(),
        session_ends: u64::try_from(member.session_deadline_ms() - EPOCH_MS).ok().map(Time::from_millis),
    });
    let offsets = shard
        .committed(group.id())
        .map(|((topic, partition), committed)| (TopicPartition::new(topic.clone(), *partition), committed.offset));
    GroupInfo {
        id: group.id().clone(),
        coordinator,
        state: group.state().name(),
        generation: group.generation(),
        protocol: group.protocol().cloned(),
        members: members.collect(),
        offsets: offsets.collect(),
    }
}

/// A group, as its running coordinator has it.
pub fn group(world: &World<Actor>, layout: &Layout, id: &GroupId) -> Option<GroupInfo> {
    groups(world, layout).into_iter().find(|found| found.id == *id)
}

impl GroupInfo {
    /// The partitions that are assigned twice, with whom they are assigned to.
    pub fn shared(&self) -> Vec<(TopicPartition, [&MemberId; 2])> {
        let mut owners: SortedMap<&(TopicName, PartitionIndex), &MemberId> = SortedMap::new();
        let mut shared = Vec::new();
        for member in &self.members {
            for tp in &member.assignment {
                if let Some(other) = owners.insert(tp, &member.id) {
                    shared.push((TopicPartition::new(tp.0.clone(), tp.1), [other, &member.id]));
                }
            }
        }
        shared
    }
}

/// Of the controllers that run, the one that leads in the newest epoch in which one does, and the newest epoch that any of them knows.
fn leading_controller<'a>(world: &'a World<Actor>, layout: &Layout) -> (Option<(NodeId, &'a KafkaProcess)>, i32) {
    let (mut leads, mut newest) = (None, i32::MIN);
    for node in layout.controllers.values().filter(|node| world.state(**node) == NodeState::Running) {
        let Some(process) = world.machine(*node).kafka() else { continue };
        let epoch = process.raft().epoch();
        newest = newest.max(epoch);
        let is_newer = |(_, other): (NodeId, &KafkaProcess)| other.raft().epoch() <= epoch;
        if process.raft().is_leader() && leads.is_none_or(is_newer) {
            leads = Some((*node, process));
        }
    }
    (leads, newest)
}

/// The node of the active controller, if one runs.
pub fn active_controller(world: &World<Actor>, layout: &Layout) -> Option<NodeId> {
    leading_controller(world, layout).0.map(|(node, _)| node)
}

/// Who votes in the metadata quorum, by id, as the controller with the longest log knows it.
pub fn voters(world: &World<Actor>, layout: &Layout) -> Vec<BrokerId> {
    let rafts = layout.controllers.values().filter_map(|node| world.machine(*node).kafka()).map(KafkaProcess::raft);
    let longest = rafts.max_by_key(|raft| (raft.log().last_epoch(), raft.log_end()));
    longest.map_or_else(Vec::new, |raft| raft.voters().iter().map(|voter| voter.id).collect())
}

/// Whether a controller that runs could be elected: one that votes, as far as it knows, and whose log is as long as those of a majority of
/// the voters it knows, each on the disk it voted with. A leader that has begun to remove itself, and told nobody, has a longer log than they and does not stand for
/// election any more: such a quorum waits for ever, in Kafka too (`QuorumState#transitionToCandidate`, `#canGrantVote`).
pub fn can_elect_controller(world: &World<Actor>, layout: &Layout) -> bool {
    let running = layout.controllers.iter().filter(|(_, node)| world.state(**node) == NodeState::Running);
    let logs: SortedMap<BrokerId, _> = running
        .filter_map(|(id, node)| {
            let process = world.machine(*node).kafka()?;
            let (raft, directory) = (process.raft(), process.spec().directory_id(process.spec().metadata_dir()));
            Some((*id, ((raft.log().last_epoch(), raft.log_end()), raft, directory)))
        })
        .collect();
    logs.values().any(|(end, raft, _)| {
        let is_it = |voter: &Voter, directory| [DirectoryId(0), directory].contains(&voter.directory);
        let grants = |voter: &&Voter| {
            logs.get(&voter.id).is_some_and(|(other, _, directory)| other <= end && is_it(voter, *directory))
        };
        raft.is_voter() && raft.voters().iter().filter(grants).count() * 2 > raft.voters().len()
    })
}

/// Whether most of those who vote run, as the controller that leads knows them.
pub fn has_majority(world: &World<Actor>, layout: &Layout, leader: NodeId) -> bool {
    let voters = world.machine(leader).kafka().map_or(&[][..], |process| process.raft().voters());
    let runs = |id: &BrokerId| layout.controllers.get(id).is_some_and(|node| world.state(*node) == NodeState::Running);
    voters.iter().filter(|voter| runs(&voter.id)).count() * 2 > voters.len()
}

/// Who runs and cannot find out that this controller leads: it tells the voters, and all others ask those that they were configured with
/// (`controller.quorum.bootstrap.servers`), who may have been removed and know as little as they, in Kafka too
/// (`KafkaRaftClient#maybeSendFetchToAnyBootstrap`).
pub fn out_of_touch(world: &World<Actor>, layout: &Layout, leader: NodeId) -> Vec<NodeId> {
    let raft_of = |node: &NodeId| world.machine(*node).kafka().map(KafkaProcess::raft);
    let Some(leads) = raft_of(&leader) else { return Vec::new() };
    let running = layout.processes().into_iter().filter(|node| world.state(*node) == NodeState::Running);
    let follows = |node: &NodeId| {
        let raft = raft_of(node);
        raft.is_some_and(|raft| raft.epoch() == leads.epoch() && raft.leader() == leads.leader())
    };
    let votes = |node: &NodeId| leads.voters().iter().any(|voter| layout.controllers.get(&voter.id) == Some(node));
    let (mut knows, mut lost): (Vec<NodeId>, Vec<NodeId>) = running.partition(|node| follows(node) || votes(node));
    // Who thinks that it votes asks the other voters too.
    let asks = |node: &NodeId, known: &[NodeId]| {
        let Some(process) = world.machine(*node).kafka() else { return false };
        let (raft, configured) = (process.raft(), process.spec().cluster.voters.iter().map(|(id, _)| *id));
        let voters = raft.voters().iter().filter(|_| raft.is_voter()).map(|voter| voter.id);
        configured.chain(voters).any(|id| layout.controllers.get(&id).is_some_and(|asked| known.contains(asked)))
    };
    while let Some(at) = lost.iter().position(|node| asks(node, &knows)) {
        knows.push(lost.remove(at));
    }
    lost
}

/// The metadata as the active controller has applied it. Without one, or with one that was just elected and does not know yet how
/// much is committed, as the most advanced process has. One that leads in an epoch which others have left is none: its disk may be slow.
pub fn image<'a>(world: &'a World<Actor>, layout: &Layout) -> Option<&'a Arc<MetadataImage>> {
    let (leads, newest) = leading_controller(world, layout);
    let leads = leads.map(|(_, process)| process).filter(|process| process.raft().epoch() == newest);
    match leads.filter(|process| process.controller().is_some_and(|controller| controller.is_active())) {
        Some(process) => Some(process.image()),
        None => {
            let images =
                layout.processes().into_iter().filter_map(|node| world.machine(node).kafka()).map(KafkaProcess::image);
            images.max_by_key(|image| image.offset)
        }
    }
}

impl Lab {
    /// The log of a partition's current leader, if it has one that runs.
    pub fn leader_log(&self, tp: &TopicPartition) -> Option<&Log> {
        leader(self.world(), self.layout(), tp).map(|replica| replica.log)
    }

    /// The value of the record at an offset; none if there is no such record.
    pub fn record_at(&self, log: &Log, offset: i64) -> Option<Option<Arc<[u8]>>> {
        batch_at(log, offset)?.record_at(offset).map(|record| record.value.clone())
    }
}
