//! From metadata to replicas: creates logs, makes this broker leader or follower of them, and removes them
//! (`ReplicaManager#applyDelta`, `Partition#makeLeader`, `#makeFollower`, `BrokerMetadataPublisher`).

use std::sync::Arc;

use ordered::SortedSet;
use partition_log::LogConfig;
use protocol::api::ConfigResourceKind;
use protocol::metadata::{MetadataBatch, MetadataRecord, PartitionRecord};
use protocol::{BrokerId, ErrorCode, Note, PartitionIndex, Plant, TopicId, TopicName, TopicPartition};

use super::Broker;
use super::disk::ReplicaIndex;
use super::partition::{FollowerState, Leadership, Partition, Role};
use super::settings::Settings;
use crate::process::{Context, Fx, wall_ms};

/// Draws the UUIDs in the names of deleted partitions' directories.
const RNG_DELETED_DIRECTORIES: u32 = 42;

/// What a delta of the metadata log touches.
#[derive(Default)]
struct Touched {
    partitions: SortedSet<(TopicId, PartitionIndex)>,
    removed: SortedSet<TopicId>,
    /// Topics without eligible leaders from now on; the empty name stands for all.
    cleared: SortedSet<TopicName>,
    configs: SortedSet<TopicName>,
    all_configs: bool,
    brokers: SortedSet<BrokerId>,
    /// Brokers that registered, or were fenced or unfenced.
    registrations: SortedSet<BrokerId>,
}

impl Broker {
    /// What is none of this broker's, as the image has it.
    fn strays(&self, cx: &Context<'_>) -> Vec<(TopicId, PartitionIndex)> {
        let is_stray = |(topic_id, partition): &(TopicId, PartitionIndex)| {
            cx.image.partition(*topic_id, *partition).is_none_or(|record| !record.replicas.contains(&self.id))
        };
        self.disk.keys().filter(is_stray).collect()
    }

    /// A start finds logs of topics that were deleted, or moved away, while the broker was down: they are put aside, and nothing removes
    /// them (`LogManager#loadLog`).
    pub(super) fn set_strays_aside(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        for (topic_id, partition) in self.strays(cx) {
            self.note_removal(cx, fx, topic_id, partition);
            if let Some(index) = self.disk.find(topic_id, partition) {
                self.disk.remove(index, random_uuid(fx), None);
            }
        }
    }

    /// Compares everything with the image: at start and after a snapshot.
    pub(super) fn apply_image(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        for (topic_id, partition) in self.strays(cx) {
            self.remove_replica(cx, fx, topic_id, partition);
        }
        for topic in cx.image.topics.values() {
            for record in &topic.partitions {
                self.apply_partition(cx, fx, &topic.name, record);
            }
        }
        self.disk.settle_removed(wall_ms(cx.now, fx));
        self.reload_configs(cx, fx, None);
        self.stop_idle_fetchers(fx);
    }

    /// Applies what committed batches changed; `cx.image` has them already.
    pub(super) fn apply_delta(&mut self, cx: &Context<'_>, fx: &mut Fx, batches: &[MetadataBatch]) {
        let mut touched = Touched::default();
        for (_, record) in batches.iter().flat_map(MetadataBatch::offsets) {
            touched.add(record);
        }
        for topic_id in touched.removed {
            let of_topic: Vec<_> = self.disk.keys().filter(|(id, _)| *id == topic_id).collect();
            for (topic_id, partition) in of_topic {
                self.remove_replica(cx, fx, topic_id, partition);
            }
        }
        for (topic_id, partition) in touched.partitions {
            let Some(topic) = cx.image.topics.get(&topic_id) else { continue };
            if let Some(record) = topic.partitions.get(partition as usize) {
                self.apply_partition(cx, fx, &topic.name, record);
            }
        }
        for topic in touched.cleared {
            self.apply_cleared(cx, fx, &topic);
        }
        self.disk.settle_removed(wall_ms(cx.now, fx));
        if touched.all_configs {
            self.reload_configs(cx, fx, None);
        }
        for topic in touched.configs {
            self.reload_configs(cx, fx, Some(&topic));
        }
        self.stop_idle_fetchers(fx);
        self.look_at_followers_again(&touched.registrations);
        for broker in touched.brokers {
            self.look_for_leader(broker);
        }
    }

    /// Partitions of a topic, or of all, may have a new partition epoch because nobody is eligible any more.
    fn apply_cleared(&mut self, cx: &Context<'_>, fx: &mut Fx, name: &TopicName) {
        for (id, topic) in cx.image.topics_of(name) {
            for record in &topic.partitions {
                let known = self.disk.find(*id, record.partition).and_then(|index| self.partition(index));
                if known.is_some_and(|partition| partition.partition_epoch < record.partition_epoch) {
                    self.apply_partition(cx, fx, &topic.name, record);
                }
            }
        }
    }

    fn apply_partition(&mut self, cx: &Context<'_>, fx: &mut Fx, topic: &TopicName, record: &PartitionRecord) {
        if !record.replicas.contains(&self.id) {
            self.remove_replica(cx, fx, record.topic_id, record.partition);
            return;
        }
        let Some(index) = self.open_replica(cx, fx, topic, record) else { return };
        // What the controller has answered to a proposal comes again with the metadata, and ends a later proposal.
        let is_news = self.partition(index).is_some_and(|p| record.partition_epoch >= p.partition_epoch);
        if is_news {
            match record.leader == self.id {
                true => self.make_leader(cx, fx, index, record),
                false => self.make_follower(cx, fx, index, record),
            }
        }
    }

    /// The replica, which is made unless it is there; none if it lies in a directory that has failed, or may do so.
    fn open_replica(
        &mut self,
        cx: &Context<'_>,
        fx: &Fx,
        topic: &TopicName,
        record: &PartitionRecord,
    ) -> Option<ReplicaIndex> {
        let tp = TopicPartition::new(topic.clone(), record.partition);
        let index = match self.disk.find(record.topic_id, record.partition) {
            Some(index) => index,
            None if self.disk.is_offline(record.topic_id, record.partition) => return None,
            None => {
                let dir = self.dir_for(cx, &tp, record)?;
                let config = Broker::log_config(cx, topic);
                self.disk.create(tp.clone(), record.topic_id, dir, config, wall_ms(cx.now, fx))
            }
        };
        self.soft.dirs.preferred.remove(&tp);
        self.assign_dir(cx, index, record);
        if self.soft.partitions.len() < self.disk.slots() {
            self.soft.partitions.resize(self.disk.slots(), None);
        }
        let min_insync_replicas = min_insync_replicas(cx, self.disk.log(index).config());
        let slot = &mut self.soft.partitions[index as usize];
        if slot.is_none() {
            *slot = Some(Partition { min_insync_replicas, ..Partition::new(tp, record.topic_id) });
            self.mark_throttled(cx, index);
        }
        Some(index)
    }

    fn make_leader(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, record: &PartitionRecord) {
        let log_end = self.disk.log(index).log_end_offset();
        let id = self.id;
        let Some(partition) = self.partition_mut(index) else { return };
        let is_new_epoch = record.leader_epoch > partition.leader_epoch;
        // The end of a move bumps the epoch under the same leader; its coordinator goes on.
        let leads_on = partition.is_leader() && record.leader_epoch == partition.leader_epoch + 1;
        let drops_proposal = partition.leadership().is_some_and(|leadership| leadership.proposed.is_some());
        let old = std::mem::replace(&mut partition.role, Role::Follower);
        partition.record_replicas(record);
        let others = record.replicas.iter().copied().filter(|replica| *replica != id);
        let (epoch_start_offset, followers) = match old {
            Role::Leader(old) if !is_new_epoch => {
                let kept =
                    |replica| old.follower(replica).cloned().unwrap_or_else(|| FollowerState::new(replica, None));
                (old.epoch_start_offset, others.map(kept).collect())
            }
            Role::Leader(old) => {
                let again = |replica| {
                    let known = old.follower(replica).cloned().unwrap_or_else(|| FollowerState::new(replica, None));
                    known.led_again(record.isr.contains(&replica).then_some(cx.now), log_end)
                };
                (log_end, others.map(again).collect())
            }
            Role::Follower => {
                let fresh = |replica| FollowerState::new(replica, record.isr.contains(&replica).then_some(cx.now));
                (log_end, others.map(fresh).collect())
            }
        };
        partition.role =
            Role::Leader(Leadership { epoch_start_offset, isr: record.isr.clone(), proposed: None, followers });
        if is_new_epoch {
            self.disk.log_mut(index).assign_epoch(record.leader_epoch, log_end);
        }
        if drops_proposal {
            self.look_for_joiners(index);
        }
        self.stop_fetching(index);
        self.watch_followers(index);
        // Fetches of the epoch before stay parked until their time is over, unless the high watermark moves.
        self.touch(index);
        self.advance_high_watermark(cx, fx, index);
        if is_new_epoch && !leads_on {
            self.on_leadership_of_offsets(cx, fx, index, true);
        }
    }

    fn make_follower(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, record: &PartitionRecord) {
        let Some(partition) = self.partition_mut(index) else { return };
        let is_new_epoch = record.leader_epoch > partition.leader_epoch;
        let was_leader = partition.is_leader();
        if was_leader && cx.spec.has(Plant::DeposedLeader) {
            return partition.record_replicas(record);
        }
        partition.role = Role::Follower;
        partition.record_replicas(record);
        let is_stopping = cx.image.brokers.get(&self.id).is_some_and(|broker| broker.in_controlled_shutdown);
        if is_stopping && (!record.leader.is_some() || !record.isr.contains(&self.id)) {
            // Who is about to stop and has left the ISR fetches no more.
            self.stop_fetching(index);
            self.wake_later(index);
        } else if is_new_epoch {
            if cx.spec.has(Plant::TruncateToHighWatermark) {
                self.truncate(cx, fx, index, self.disk.log(index).high_watermark());
            }
            self.stop_fetching(index);
            self.wake_later(index);
            if record.leader.is_some() {
                self.start_fetching(index, record.leader);
            }
        }
        if was_leader {
            self.on_leadership_of_offsets(cx, fx, index, false);
        }
    }

    fn remove_replica(&mut self, cx: &Context<'_>, fx: &mut Fx, topic_id: TopicId, partition: PartitionIndex) {
        self.disk.forget_offline(topic_id, partition);
        let Some(index) = self.disk.find(topic_id, partition) else { return };
        self.stop_replica(cx, fx, index);
        // Who waits here is told before the log is gone (`ReplicaManager#getPartitionOrError`).
        let why = match cx.image.partition(topic_id, partition) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        };
        self.fail_writes(cx, fx, index, why);
        let watchers = self.partition_mut(index).map(|p| std::mem::take(&mut p.watchers)).unwrap_or_default();
        self.wake(cx, fx, index);
        let uuid = random_uuid(fx);
        let due_ms = wall_ms(cx.now, fx).saturating_add(self.settings.segment_delete_delay_ms);
        self.note_removal(cx, fx, topic_id, partition);
        self.disk.drop_future(index);
        self.disk.remove(index, uuid, Some(due_ms));
        self.arm_file_deletion(cx.now, fx, Some(due_ms));
        self.forget_partition(index);
        self.turn_readers_away(cx, fx, &watchers);
    }

    /// The log directory of a replica has failed: it is not served any more. What waits is not looked at again, and answered when its
    /// time is over (`ReplicaManager#markPartitionOffline`).
    pub(super) fn take_offline(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        self.stop_replica(cx, fx, index);
        let watchers = self.partition_mut(index).map(|p| std::mem::take(&mut p.watchers)).unwrap_or_default();
        self.disk.take_offline(index);
        self.forget_partition(index);
        self.lose_readers(&watchers);
    }

    /// A replica neither leads nor follows any more.
    fn stop_replica(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        self.stop_fetching(index);
        self.soft.throttles.forget(index);
        if let Some(partition) = self.partition_mut(index) {
            partition.role = Role::Follower;
        }
        self.on_leadership_of_offsets(cx, fx, index, false);
    }

    fn forget_partition(&mut self, index: ReplicaIndex) {
        if let Some(slot) = self.soft.partitions.get_mut(index as usize) {
            *slot = None;
        }
    }

    fn note_removal(&self, cx: &Context<'_>, fx: &mut Fx, topic_id: TopicId, partition: PartitionIndex) {
        if let Some(topic) = cx.image.topics.get(&topic_id) {
            fx.note(Note::ReplicaRemoved { tp: TopicPartition::new(topic.name.clone(), partition), broker: self.id });
        }
    }

    /// Topic configs changed: of one topic, or of all.
    fn reload_configs(&mut self, cx: &Context<'_>, fx: &mut Fx, topic: Option<&TopicName>) {
        if topic.is_none() {
            let settings = Settings::at_run_time(cx);
            if *self.settings != settings {
                let resizes = self.settings.num_replica_fetchers != settings.num_replica_fetchers;
                self.settings = Arc::new(settings);
                self.disk.review();
                if resizes {
                    self.resize_fetchers(fx);
                }
            }
            self.reload_throttle_rates(cx);
            self.reload_cordons(cx);
        }
        for index in self.disk.indexes() {
            let Some(name) = self.disk.get(index).map(|replica| replica.tp.topic.clone()) else { continue };
            if topic.is_some_and(|topic| *topic != name) {
                continue;
            }
            self.mark_throttled(cx, index);
            let config = Broker::log_config(cx, &name);
            if *self.disk.log(index).config() == config {
                continue;
            }
            self.disk.log_mut(index).set_config(config);
            // A high watermark that was frozen moves with the next write, fetch or change of the ISR, not with this.
            if let Some(partition) = self.partition_mut(index) {
                partition.min_insync_replicas = min_insync_replicas(cx, &config);
            }
        }
    }
}

/// For the name of a directory.
pub(super) fn random_uuid(fx: &mut Fx) -> u128 {
    let rng = fx.rng(RNG_DELETED_DIRECTORIES);
    TopicId::from_random_bits((u128::from(rng.bits()) << 64) | u128::from(rng.bits())).0
}

/// How many replicas must be in sync for acks=all.
fn min_insync_replicas(cx: &Context<'_>, config: &LogConfig) -> i32 {
    if cx.spec.has(Plant::MinIsrIgnored) { 1 } else { config.min_insync_replicas }
}

impl Touched {
    fn add(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::Partition(record) => {
                self.partitions.insert((record.topic_id, record.partition));
            }
            MetadataRecord::PartitionChange(change) => {
                self.partitions.insert((change.topic_id, change.partition));
            }
            MetadataRecord::RemoveTopic { topic_id } => {
                self.removed.insert(*topic_id);
            }
            MetadataRecord::ClearElr { topic } => drop(self.cleared.insert(topic.clone())),
            MetadataRecord::Config { kind: ConfigResourceKind::Topic, resource, .. } => {
                self.configs.insert(resource.clone());
            }
            MetadataRecord::Config { kind: ConfigResourceKind::Broker, .. } => self.all_configs = true,
            MetadataRecord::RegisterBroker { broker, .. } => {
                self.brokers.insert(*broker);
                self.registrations.insert(*broker);
            }
            MetadataRecord::BrokerRegistrationChange { broker, .. } => drop(self.registrations.insert(*broker)),
            MetadataRecord::Config { kind: ConfigResourceKind::Group, .. }
            | MetadataRecord::UnregisterBroker { .. }
            | MetadataRecord::Topic { .. }
            | MetadataRecord::FeatureLevel { .. }
            | MetadataRecord::ProducerIds { .. }
            | MetadataRecord::NoOp
            | MetadataRecord::RegisterController { .. }
            | MetadataRecord::LeaderChange { .. }
            | MetadataRecord::KRaftVersion { .. }
            | MetadataRecord::BeginTransaction { .. }
            | MetadataRecord::EndTransaction
            | MetadataRecord::Voters(_)
            | MetadataRecord::SnapshotHeader { .. }
            | MetadataRecord::SnapshotFooter => {}
        }
    }
}
