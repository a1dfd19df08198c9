//! In-sync replicas: who falls out and who comes back, and the AlterPartition calls that make it so
//! (`Partition#maybeShrinkIsr`, `#maybeExpandIsr`, `AlterPartitionManager`). One proposal a partition and one
//! request a broker is in flight at a time.

use kernel::{Calls, Duration};
use ordered::{SortedMap, SortedSet};
use protocol::api::alter_partition::{
    AlterPartitionChange, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult,
};
use protocol::{BrokerId, ErrorCode, PartitionIndex, Plant, TopicId};

use super::disk::ReplicaIndex;
use super::partition::{FollowerState, Partition};
use super::{Broker, TimerKey, Work};
use crate::process::{Context, Fx};

/// Proposals on their way to the controller.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct AlterPartitions {
    /// Not answered yet, by replica (`unsentIsrUpdates`).
    unsent: SortedMap<ReplicaIndex, AlterPartitionChange>,
    /// Those of them that the request under way is for.
    in_flight: Option<Vec<ReplicaIndex>>,
    pub(super) calls: Calls<()>,
}

/// `AlterPartitionManager#handleResponse` tries again so much later.
const RETRY_BACKOFF: Duration = Duration::from_millis(50);

impl Broker {
    /// The `isr-expiration` task: proposes to drop followers that have not been caught up for too long.
    pub(super) fn shrink_isrs(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let lag_max = self.settings.replica_lag_time_max;
        for index in std::mem::take(&mut self.soft.behind) {
            let Some(leader_end) = self.disk.get(index).map(|replica| replica.log.log_end_offset()) else { continue };
            let Some(partition) = self.partition_mut(index) else { continue };
            let is_behind = |follower: &FollowerState| follower.log_end_offset != leader_end;
            partition.is_behind = partition.leadership().is_some_and(|l| l.followers.iter().any(is_behind));
            if !partition.is_behind {
                continue;
            }
            self.soft.behind.push(index);
            let Some(leadership) = self.partition_mut(index).and_then(Partition::leadership_mut) else { continue };
            if leadership.proposed.is_some() {
                continue;
            }
            let lags = |id: &BrokerId| {
                leadership.follower(*id).is_some_and(|follower| !follower.is_caught_up(cx.now, lag_max, leader_end))
            };
            let kept: Vec<BrokerId> = leadership.isr.iter().copied().filter(|id| !lags(id)).collect();
            if kept.len() < leadership.isr.len() {
                if cx.spec.has(Plant::StaleIsr) {
                    leadership.isr.clone_from(&kept);
                }
                leadership.proposed = Some(kept);
                self.propose(cx, index);
            }
        }
        let half = Duration::from_nanos(lag_max.as_nanos() / 2);
        self.soft.timers.arm(fx, cx.now + half, TimerKey::ShrinkIsr);
    }

    /// Followers of a partition may be behind: the `isr-expiration` task looks at it until none is.
    pub(super) fn watch_followers(&mut self, index: ReplicaIndex) {
        let is_news = self.partition_mut(index).is_some_and(|p| !std::mem::replace(&mut p.is_behind, true));
        if is_news {
            self.soft.behind.push(index);
        }
    }

    /// Proposes to take a follower that just fetched into the ISR, if it has caught up.
    pub(super) fn maybe_expand_isr(&mut self, cx: &Context<'_>, index: ReplicaIndex, id: BrokerId) {
        let high_watermark = self.disk.log(index).high_watermark();
        let Some(leadership) = self.partition_mut(index).and_then(Partition::leadership_mut) else { return };
        if leadership.proposed.is_some() || leadership.isr.contains(&id) {
            return;
        }
        let is_in_sync = leadership.follower(id).is_some_and(|follower| {
            let is_there = follower.log_end_offset >= high_watermark.max(leadership.epoch_start_offset);
            (is_there || cx.spec.has(Plant::IsrTooEarly)) && follower.is_eligible(cx.image)
        });
        if is_in_sync {
            let mut proposed = leadership.isr.clone();
            proposed.push(id);
            // A real broker proposes a set; what comes out of it is ascending.
            ordered::sort(&mut proposed);
            leadership.proposed = Some(proposed);
            self.propose(cx, index);
        }
    }

    /// Registrations changed. A follower that fetched everything while it was fenced may join the ISR now, and fetches nothing
    /// more: Kafka looks at all partitions of its session with each fetch, and here those that are due are looked at.
    pub(super) fn look_at_followers_again(&mut self, brokers: &SortedSet<BrokerId>) {
        if brokers.is_empty() {
            return;
        }
        for index in self.disk.indexes() {
            let Some(partition) = self.partition(index) else { continue };
            let Some(leadership) = partition.leadership() else { continue };
            let may_join =
                |follower: &FollowerState| brokers.contains(&follower.id) && !leadership.isr.contains(&follower.id);
            if !leadership.followers.iter().any(may_join) {
                continue;
            }
            self.look_at_fetches_of(index, |replica| brokers.contains(&replica));
        }
    }

    /// The next fetches of those who are not in sync are looked at: what was proposed is off.
    pub(super) fn look_for_joiners(&mut self, index: ReplicaIndex) {
        let Some(leadership) = self.partition(index).and_then(Partition::leadership) else { return };
        let isr = leadership.isr.clone();
        self.look_at_fetches_of(index, |replica| replica.is_some() && !isr.contains(&replica));
    }

    /// The next fetches of some followers are looked at, though they bring nothing new.
    fn look_at_fetches_of(&mut self, index: ReplicaIndex, is_meant: impl Fn(BrokerId) -> bool) {
        let watchers = self.partition(index).map_or(Vec::new(), |partition| partition.watchers.clone());
        for (reader, slot) in watchers {
            let reader = self.soft.readers.get_mut(reader);
            reader
                .filter(|reader| is_meant(reader.asker.replica))
                .into_iter()
                .for_each(|reader| _ = reader.mark_due(slot));
        }
    }

    /// Hands in what is proposed, with the epochs of now. While an older proposal is not answered, it is off at once
    /// (OPERATION_NOT_ATTEMPTED): metadata has overtaken that one.
    fn propose(&mut self, cx: &Context<'_>, index: ReplicaIndex) {
        if self.soft.alter_partitions.unsent.contains_key(&index) {
            if let Some(leadership) = self.partition_mut(index).and_then(Partition::leadership_mut) {
                leadership.proposed = None;
            }
            return self.look_for_joiners(index);
        }
        if let Some(change) = self.change_for(cx, index) {
            self.submit(index, change);
        }
    }

    fn submit(&mut self, index: ReplicaIndex, change: AlterPartitionChange) {
        self.soft.alter_partitions.unsent.insert(index, change);
        self.soft.work.push_back(Work::AlterPartitions);
    }

    /// Sends what is proposed, unless a request is in flight.
    pub(super) fn send_alter_partitions(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        if self.soft.alter_partitions.in_flight.is_some() || self.soft.alter_partitions.unsent.is_empty() {
            return;
        }
        let Some(controller) = cx.controller().filter(|_| cx.broker_epoch >= 0) else {
            self.soft.timers.arm_once(fx, cx.now + RETRY_BACKOFF, TimerKey::AlterPartitionsBackoff);
            return;
        };
        let proposals = &mut self.soft.alter_partitions;
        let partitions = proposals.unsent.values().cloned().collect();
        proposals.in_flight = Some(proposals.unsent.keys().copied().collect());
        let request = AlterPartitionRequest { broker: self.id, broker_epoch: cx.broker_epoch, partitions };
        self.ask_controller(cx, fx, &controller, "alter-partition", |soft| &mut soft.alter_partitions.calls, request);
    }

    /// Whether a request is out that asks for a replica to be in sync, and its leader does not know it any more: metadata of the same partition
    /// epoch, which came after the answer to a request before, has taken back what was proposed since, but not the request. Until it hears of
    /// what it has asked for, the leader commits without that replica (`Partition#makeLeader`, `AlterPartitionManager`).
    pub fn has_forgotten_joiner(&self, topic_id: TopicId, partition: PartitionIndex, id: BrokerId) -> bool {
        let Some(index) = self.disk.find(topic_id, partition) else { return false };
        let leadership = self.partition(index).and_then(Partition::leadership);
        let change = self.soft.alter_partitions.unsent.get(&index);
        let is_asked_for = change.is_some_and(|change| change.new_isr.iter().any(|(member, _)| *member == id));
        is_asked_for && leadership.is_some_and(|leadership| !leadership.is_in_maximal_isr(id))
    }

    fn change_for(&self, cx: &Context<'_>, index: ReplicaIndex) -> Option<AlterPartitionChange> {
        let partition = self.partition(index)?;
        let leadership = partition.leadership()?;
        let epoch_of = |id: BrokerId| match leadership.follower(id) {
            Some(follower) if follower.broker_epoch >= 0 => follower.broker_epoch,
            Some(_) => cx.image.brokers.get(&id).map_or(-1, |broker| broker.epoch),
            None => cx.broker_epoch,
        };
        let proposed = leadership.proposed.as_ref()?;
        Some(AlterPartitionChange {
            topic_id: partition.topic_id,
            partition: partition.tp.partition,
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            new_isr: proposed.iter().map(|id| (*id, epoch_of(*id))).collect(),
            // A leader elected uncleanly counts as recovered as soon as it leads.
            recovering: false,
        })
    }

    /// The controller answered.
    pub(super) fn on_alter_partition(&mut self, cx: &Context<'_>, fx: &mut Fx, response: &AlterPartitionResponse) {
        if !response.error.is_ok() {
            // NOT_CONTROLLER, STALE_BROKER_EPOCH: all of it again, a little later.
            self.retry_alter_partitions(cx, fx);
            return;
        }
        for index in self.soft.alter_partitions.in_flight.take().unwrap_or_default() {
            let unsent = &mut self.soft.alter_partitions.unsent;
            let Some(change) = unsent.get(&index) else { continue };
            let is_its = |result: &&AlterPartitionResult| {
                (result.topic_id, result.partition) == (change.topic_id, change.partition)
            };
            // What is not answered stays, and is sent again.
            if let (Some(result), Some(change)) = (response.partitions.iter().find(is_its), unsent.remove(&index)) {
                self.on_alter_partition_result(cx, fx, index, change, result);
            }
        }
        self.soft.work.push_back(Work::AlterPartitions);
    }

    /// What was in flight is sent again, a little later.
    pub(super) fn retry_alter_partitions(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        self.soft.alter_partitions.in_flight = None;
        self.soft.timers.arm_once(fx, cx.now + RETRY_BACKOFF, TimerKey::AlterPartitionsBackoff);
    }

    fn on_alter_partition_result(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        index: ReplicaIndex,
        change: AlterPartitionChange,
        result: &AlterPartitionResult,
    ) {
        let Some(partition) = self.partition_mut(index) else { return };
        let (leader_epoch, partition_epoch) = (partition.leader_epoch, partition.partition_epoch);
        let Some(leadership) = partition.leadership_mut() else { return };
        if leadership.proposed.is_none() {
            // Metadata came first: whatever the answer, it is out of date.
            return self.look_for_joiners(index);
        }
        match result.error {
            ErrorCode::None => {
                if result.leader_epoch != leader_epoch || result.partition_epoch < partition_epoch {
                    return;
                }
                leadership.isr.clone_from(&result.isr);
                leadership.proposed = None;
                partition.partition_epoch = result.partition_epoch;
                self.advance_high_watermark(cx, fx, index);
                self.wake_later(index);
            }
            // Metadata that settles it is on its way.
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected => {}
            // Another member of the ISR may have been fenced: who wants to join is looked at again with each fetch.
            ErrorCode::IneligibleReplica => {
                leadership.proposed = None;
                self.look_for_joiners(index);
            }
            _ => self.submit(index, change),
        }
    }
}
