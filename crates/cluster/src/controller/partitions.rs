//! Partitions: who is in sync and who leads (`ReplicationControlManager`): AlterPartition, elections on fencing and
//! unfencing, ElectLeaders, leader balancing, periodic unclean election.

use kernel::Time;
use protocol::api::Name;
use protocol::api::alter_partition::{
    AlterPartitionChange, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult,
};
use protocol::api::elect_leaders::{ElectLeadersRequest, ElectLeadersResponse};
use protocol::metadata::{MetadataRecord, PartitionChange, PartitionRecord};
use protocol::{BrokerId, ErrorCode, Plant, TopicName};

use super::election::{ChangeBuilder, Election};
use super::state::PartitionKey;
use super::{Controller, Decision, TimerKey};
use crate::image::apply_change;
use crate::process::Fx;
use crate::raft::Replica;

/// Elections in one run of the leader balancer (`MAX_ELECTIONS_PER_IMBALANCE`).
const ELECTIONS_MAX: usize = 1000;

/// Who may lead, beyond those who are active.
#[derive(Clone, Copy, Default)]
pub(super) struct Shift {
    removed: Option<BrokerId>,
    added: Option<BrokerId>,
    lost_data: bool,
}

impl Shift {
    /// A broker may not lead any more.
    pub(super) fn without(broker: BrokerId) -> Shift {
        Shift { removed: Some(broker), ..Shift::default() }
    }
}

impl Controller {
    fn topic_name(&self, key: PartitionKey) -> TopicName {
        let topic = self.active.as_ref().and_then(|active| active.state.image().topics.get(&key.0));
        topic.map_or_else(|| "".into(), |topic| topic.name.clone())
    }

    /// Decides about one partition; `wish` says what is wanted of it.
    pub(super) fn change(
        &self,
        key: PartitionKey,
        shift: Shift,
        wish: impl FnOnce(&mut ChangeBuilder<'_>),
    ) -> Option<MetadataRecord> {
        let active = self.active.as_ref()?;
        let image = active.state.image();
        let partition = active.state.partition(key)?;
        let topic = self.topic_name(key);
        let is_acceptable = |id: BrokerId| {
            let has_dir = || {
                let broker = image.brokers.get(&id);
                broker.is_some_and(|broker| broker.has_online_dir(partition.directory_of(id)))
            };
            Some(id) != shift.removed && (Some(id) == shift.added || image.is_active(id)) && has_dir()
        };
        let default_dir = |id: BrokerId| image.default_dir(id);
        // Kafka takes the replication factor of the topic's first partition for that of all.
        let factor = active.state.partition((key.0, 0)).map_or(0, |first| first.replicas.len());
        let min_isr = self.min_isr(&topic).min(factor);
        let mut builder = ChangeBuilder::new(partition, &is_acceptable, &default_dir, image.elr_enabled(), min_isr);
        if self.is_unclean_allowed(&topic) {
            builder.election = Election::Unclean;
        }
        wish(&mut builder);
        builder.build().map(|(change, _)| MetadataRecord::PartitionChange(Box::new(change)))
    }

    /// A broker leaves every ISR it is in; with its data lost, every ELR too. Partitions it led get new leaders.
    pub(super) fn leave_in_sync(&mut self, broker: BrokerId, lost_data: bool, records: &mut Vec<MetadataRecord>) {
        let Some(active) = &self.active else { return };
        let shift = Shift { removed: Some(broker), added: None, lost_data };
        for key in active.state.in_sync(broker) {
            let Some(partition) = active.state.partition(key) else { continue };
            if !lost_data && !partition.isr.contains(&broker) {
                continue;
            }
            records.extend(self.change(key, shift, |builder| {
                builder.isr.retain(|id| *id != broker);
                if shift.lost_data {
                    builder.unclean_replicas.push(broker);
                }
            }));
        }
    }

    /// A planted bug: a broker is in the ISR of all its partitions that somebody leads.
    pub(super) fn join_in_sync(&self, broker: BrokerId, records: &mut Vec<MetadataRecord>) {
        let Some(active) = &self.active else { return };
        let partitions = active.state.image().topics.values().flat_map(|topic| &topic.partitions);
        let out = partitions.filter(|partition| {
            partition.leader.is_some() && partition.replicas.contains(&broker) && !partition.isr.contains(&broker)
        });
        records.extend(out.map(|partition| {
            let isr = Some(partition.isr.iter().copied().chain([broker]).collect());
            let (topic_id, partition) = (partition.topic_id, partition.partition);
            let change = PartitionChange { topic_id, partition, isr, ..PartitionChange::default() };
            MetadataRecord::PartitionChange(Box::new(change))
        }));
    }

    /// A broker came back: partitions without leader may have one again.
    pub(super) fn elect_leaderless(&mut self, added: Option<BrokerId>, records: &mut Vec<MetadataRecord>) {
        let Some(active) = &self.active else { return };
        let shift = Shift { added, ..Shift::default() };
        for key in active.state.leaderless() {
            records.extend(self.change(*key, shift, |_| {}));
        }
    }

    // ---- AlterPartition

    /// Leaders ask to change ISRs.
    pub(super) fn alter_partition(&mut self, request: &AlterPartitionRequest) -> Decision {
        let error = self.check_broker_epoch(request.broker, request.broker_epoch);
        if !error.is_ok() {
            return Decision {
                records: Vec::new(),
                response: AlterPartitionResponse { error, partitions: Vec::new() }.into(),
            };
        }
        let mut records = Vec::new();
        let partitions =
            request.partitions.iter().map(|change| self.alter_one(request.broker, change, &mut records)).collect();
        Decision { records, response: AlterPartitionResponse { error, partitions }.into() }
    }

    fn alter_one(
        &self,
        broker: BrokerId,
        change: &AlterPartitionChange,
        records: &mut Vec<MetadataRecord>,
    ) -> AlterPartitionResult {
        let key = (change.topic_id, change.partition);
        let error = self.validate_alter(broker, change);
        if !error.is_ok() {
            return alter_result(change, error, None);
        }
        let record = self.change(key, Shift::default(), |builder| {
            builder.isr = change.new_isr.iter().map(|(id, _)| *id).collect();
            builder.recovering = change.recovering;
        });
        let Some(before) = self.active.as_ref().and_then(|active| active.state.partition(key)) else {
            return alter_result(change, ErrorCode::UnknownTopicId, None);
        };
        let mut after = PartitionRecord::clone(before);
        if let Some(MetadataRecord::PartitionChange(change)) = &record {
            apply_change(&mut after, change);
        }
        records.extend(record);
        let error = if after.leader == broker { ErrorCode::None } else { ErrorCode::NewLeaderElected };
        alter_result(change, error, Some(&after))
    }

    /// In the order of `ReplicationControlManager#validateAlterPartitionData`.
    fn validate_alter(&self, broker: BrokerId, change: &AlterPartitionChange) -> ErrorCode {
        let Some(active) = &self.active else { return ErrorCode::NotController };
        let image = active.state.image();
        if !image.topics.contains_key(&change.topic_id) {
            return ErrorCode::UnknownTopicId;
        }
        let Some(partition) = image.partition(change.topic_id, change.partition) else {
            return ErrorCode::UnknownTopicOrPartition;
        };
        if change.leader_epoch > partition.leader_epoch || change.partition_epoch > partition.partition_epoch {
            return ErrorCode::NotController;
        }
        let is_fenced = !self.spec.has(Plant::ZombieAltersIsr);
        if change.leader_epoch < partition.leader_epoch && is_fenced {
            return ErrorCode::FencedLeaderEpoch;
        }
        if broker != partition.leader && is_fenced {
            return ErrorCode::InvalidRequest;
        }
        if change.partition_epoch < partition.partition_epoch && is_fenced {
            return ErrorCode::InvalidUpdateVersion;
        }
        let isr: Vec<BrokerId> = change.new_isr.iter().map(|(id, _)| *id).collect();
        let has_duplicates = isr.iter().enumerate().any(|(at, id)| isr[..at].contains(id));
        let is_subset = isr.iter().all(|id| partition.replicas.contains(id));
        if has_duplicates || !is_subset || !isr.contains(&broker) {
            return ErrorCode::InvalidRequest;
        }
        if change.recovering && (isr.len() > 1 || !partition.recovering) {
            return ErrorCode::InvalidRequest;
        }
        let is_eligible = |(id, epoch): &(BrokerId, i64)| {
            image.brokers.get(id).is_some_and(|broker| broker.is_active() && (*epoch == -1 || *epoch == broker.epoch))
        };
        if change.new_isr.iter().all(is_eligible) { ErrorCode::None } else { ErrorCode::IneligibleReplica }
    }

    // ---- ElectLeaders

    /// An admin asks for elections.
    pub(super) fn elect_leaders(&mut self, request: &ElectLeadersRequest) -> Decision {
        let asked: Vec<_> = match &request.partitions {
            Some(partitions) => partitions.clone(),
            None => self.all_partitions(),
        };
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for (topic, partition) in asked {
            let (error, text) = match self.elect_one(&topic, partition, request.unclean, &mut records) {
                ErrorCode::UnknownTopicOrPartition => {
                    (ErrorCode::UnknownTopicOrPartition, Some(self.no_such(&topic, partition)))
                }
                error => (error, None),
            };
            // Asked for all, what needed nothing is not mentioned.
            if request.partitions.is_some() || error != ErrorCode::ElectionNotNeeded {
                partitions.push((topic, partition, error, text));
            }
        }
        Decision { records, response: ElectLeadersResponse { error: ErrorCode::None, partitions }.into() }
    }

    /// What is not there: the topic, or the partition of it.
    fn no_such(&self, topic: &TopicName, partition: i32) -> Name {
        let has_topic = self.active.as_ref().is_some_and(|active| active.state.image().topic(topic).is_some());
        match has_topic {
            true => format!("No such partition as {topic}-{partition}").into(),
            false => format!("No such topic as {topic}").into(),
        }
    }

    fn all_partitions(&self) -> Vec<(TopicName, i32)> {
        let Some(active) = &self.active else { return Vec::new() };
        let topics = active.state.image().topics.values();
        topics.flat_map(|topic| topic.partitions.iter().map(|p| (topic.name.clone(), p.partition))).collect()
    }

    fn elect_one(
        &self,
        topic: &TopicName,
        partition: i32,
        unclean: bool,
        records: &mut Vec<MetadataRecord>,
    ) -> ErrorCode {
        let image = self.active.as_ref().map(|active| active.state.image());
        let Some(state) = image.and_then(|image| image.partition_of(topic, partition)) else {
            return ErrorCode::UnknownTopicOrPartition;
        };
        let is_fine = if unclean { state.leader.is_some() } else { state.replicas.first() == Some(&state.leader) };
        if is_fine {
            return ErrorCode::ElectionNotNeeded;
        }
        let election = if unclean { Election::Unclean } else { Election::Preferred };
        let record = self.change((state.topic_id, partition), Shift::default(), |builder| builder.election = election);
        let leader = match &record {
            Some(MetadataRecord::PartitionChange(change)) => change.leader.unwrap_or(state.leader),
            _ => state.leader,
        };
        let is_done = if unclean { leader.is_some() } else { state.replicas.first() == Some(&leader) };
        if !is_done {
            return if unclean {
                ErrorCode::EligibleLeadersNotAvailable
            } else {
                ErrorCode::PreferredLeaderNotAvailable
            };
        }
        records.extend(record);
        ErrorCode::None
    }

    // ---- what happens by itself

    pub(super) fn arm_balancing(&mut self, now: Time, fx: &mut Fx) {
        let seconds = u64::try_from(self.spec.number("leader.imbalance.check.interval.seconds", 300)).unwrap_or(300);
        if self.spec.flag("auto.leader.rebalance.enable", true) {
            self.timers.arm(fx, now + kernel::Duration::from_secs(seconds), TimerKey::BalanceLeaders);
        }
    }

    /// Leads partitions back to their preferred leaders (`maybeBalancePartitionLeaders`).
    pub(super) fn balance_leaders(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica) {
        let Some(active) = &self.active else { return };
        let mut records = Vec::new();
        for key in active.state.imbalanced() {
            if records.len() >= ELECTIONS_MAX {
                break;
            }
            let Some(partition) = active.state.partition(*key) else { continue };
            let preferred = partition.replicas[0];
            if partition.isr.contains(&preferred) && active.state.image().is_active(preferred) {
                records.extend(self.change(*key, Shift::default(), |builder| builder.election = Election::Preferred));
            }
        }
        let is_capped = records.len() >= ELECTIONS_MAX;
        self.commit(now, fx, raft, records);
        if is_capped {
            self.timers.arm(fx, now, TimerKey::BalanceLeaders);
        } else {
            self.arm_balancing(now, fx);
        }
    }

    /// Elects unclean leaders where the config allows it (`maybeElectUncleanLeaders`).
    pub(super) fn elect_unclean(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica) {
        let Some(active) = &self.active else { return };
        let mut records = Vec::new();
        for key in active.state.leaderless() {
            if self.is_unclean_allowed(&self.topic_name(*key)) {
                records.extend(self.change(*key, Shift::default(), |_| {}));
            }
        }
        self.commit(now, fx, raft, records);
        let interval = self.spec.millis("unclean.leader.election.interval.ms", 300_000);
        self.timers.arm(fx, now + interval, TimerKey::ElectUnclean);
    }
}

fn alter_result(
    change: &AlterPartitionChange,
    error: ErrorCode,
    now: Option<&PartitionRecord>,
) -> AlterPartitionResult {
    AlterPartitionResult {
        topic_id: change.topic_id,
        partition: change.partition,
        error,
        leader: now.map_or(BrokerId::NONE, |p| p.leader),
        leader_epoch: now.map_or(-1, |p| p.leader_epoch),
        isr: now.map_or_else(Vec::new, |p| p.isr.clone()),
        recovering: now.is_some_and(|p| p.recovering),
        partition_epoch: now.map_or(-1, |p| p.partition_epoch),
    }
}
