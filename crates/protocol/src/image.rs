//! What the metadata log says so far (`MetadataImage`). Only [`MetadataImage::replay`] changes it, live, on
//! recovery and in `kafka-metadata-shell` alike. Left out: ACLs, quotas, SCRAM, delegation tokens.

use std::sync::Arc;

use crate::api::{ConfigResourceKind, Name};
use crate::features::{KRAFT, METADATA};
use crate::ids::{BrokerId, DirectoryId, PartitionIndex, TopicId, TopicName};
use crate::metadata::{MetadataBatch, MetadataRecord, PartitionChange, PartitionRecord};
use ordered::SortedMap;

/// The state of the cluster as of one offset of the metadata log. Cheap to clone while there are few topics;
/// topics and partitions are shared.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct MetadataImage {
    /// Offset of the last record replayed; −1 for none.
    pub offset: i64,
    /// Raft epoch of that record.
    pub epoch: i32,
    /// When it was appended, ms since the epoch; −1 for none.
    pub timestamp_ms: i64,
    /// Every topic.
    pub topics: SortedMap<TopicId, Arc<TopicImage>>,
    /// Their ids by name.
    pub by_name: SortedMap<TopicName, TopicId>,
    /// Every registered broker, fenced ones too.
    pub brokers: SortedMap<BrokerId, BrokerImage>,
    /// Every registered controller (KIP-919).
    pub controllers: SortedMap<BrokerId, ControllerImage>,
    /// What is set dynamically. The empty name of kind Broker holds the cluster-wide defaults.
    pub configs: SortedMap<(ConfigResourceKind, Name), SortedMap<Name, Name>>,
    /// Finalized feature levels.
    pub features: SortedMap<Name, i16>,
    /// The first producer id of the next block.
    pub next_producer_id: i64,
}

/// A registered broker.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct BrokerImage {
    /// Offset of its registration record.
    pub epoch: i64,
    /// Which start of its process registered.
    pub incarnation: u128,
    /// Advertised host.
    pub host: Name,
    /// Advertised port.
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<Name>,
    /// Without a valid session, or not ready: leads nothing.
    pub fenced: bool,
    /// It is about to stop: leads nothing, and gets no replicas.
    pub in_controlled_shutdown: bool,
    /// Its log directories that work.
    pub log_dirs: Vec<DirectoryId>,
    /// Those of them that take no new replicas (KIP-1066); none before it has told.
    pub cordoned: Option<Vec<DirectoryId>>,
}

/// A registered controller.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct ControllerImage {
    /// Which start of its process registered.
    pub incarnation: u128,
    /// Advertised host.
    pub host: Name,
    /// Advertised port.
    pub port: u16,
}

impl BrokerImage {
    /// Whether any of its log directories takes new replicas, for all that is known (`BrokerRegistration#hasUncordonedDirs`).
    pub fn has_uncordoned_dirs(&self) -> bool {
        let takes = |cordoned: &Vec<DirectoryId>| self.log_dirs.iter().any(|dir| !cordoned.contains(dir));
        self.log_dirs.is_empty() || self.cordoned.as_ref().is_none_or(takes)
    }
    /// Whether it may lead and be in ISRs.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
    /// Whether a directory works, as far as is known (`BrokerRegistration#hasOnlineDir`).
    pub fn has_online_dir(&self, dir: DirectoryId) -> bool {
        dir == DirectoryId::UNASSIGNED || (dir != DirectoryId::LOST && self.log_dirs.contains(&dir))
    }
    /// Where a new replica will lie: if there is a choice, the broker makes it (`ClusterControlManager#defaultDir`).
    pub fn default_dir(&self) -> DirectoryId {
        match self.log_dirs[..] {
            [only] => only,
            _ => DirectoryId::UNASSIGNED,
        }
    }
}

/// A topic.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct TopicImage {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: TopicName,
    /// Its partitions, by number without holes.
    pub partitions: Vec<Arc<PartitionRecord>>,
}

impl Default for MetadataImage {
    fn default() -> MetadataImage {
        MetadataImage {
            offset: -1,
            epoch: -1,
            timestamp_ms: -1,
            topics: SortedMap::new(),
            by_name: SortedMap::new(),
            brokers: SortedMap::new(),
            controllers: SortedMap::new(),
            configs: SortedMap::new(),
            features: SortedMap::new(),
            next_producer_id: 0,
        }
    }
}

impl MetadataImage {
    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics.get(self.by_name.get(name)?)
    }
    /// A partition by topic id.
    pub fn partition(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<&Arc<PartitionRecord>> {
        self.topics.get(&topic_id)?.partitions.get(usize::try_from(partition).ok()?)
    }
    /// A partition by topic name.
    pub fn partition_of(&self, topic: &str, partition: PartitionIndex) -> Option<&Arc<PartitionRecord>> {
        self.partition(*self.by_name.get(topic)?, partition)
    }
    /// What is set dynamically on a resource under a name.
    pub fn config(&self, kind: ConfigResourceKind, resource: &str, name: &str) -> Option<&Name> {
        self.configs.get(&(kind, resource.into()))?.get(name)
    }
    /// Whether the first controller has written down what storage was formatted with.
    pub fn is_bootstrapped(&self) -> bool {
        self.features.contains_key(METADATA)
    }
    /// Whether ELR is on (KIP-966).
    pub fn elr_enabled(&self) -> bool {
        self.features.get("eligible.leader.replicas.version").is_some_and(|level| *level >= 1)
    }
    /// Whether a broker is registered, unfenced and not shutting down.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerImage::is_active)
    }

    /// Whether a broker may lead what it has in a directory.
    pub fn is_online(&self, broker: BrokerId, dir: DirectoryId) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| broker.is_active() && broker.has_online_dir(dir))
    }
    /// Where a new replica of a broker will lie.
    pub fn default_dir(&self, broker: BrokerId) -> DirectoryId {
        self.brokers.get(&broker).map_or(DirectoryId::UNASSIGNED, BrokerImage::default_dir)
    }

    /// The topics of this image that a batch removes.
    pub fn topics_removed_by(&self, batch: &MetadataBatch) -> Vec<TopicName> {
        let removed = batch.offsets().filter_map(|(_, record)| match record {
            MetadataRecord::RemoveTopic { topic_id } => self.topics.get(topic_id),
            _ => None,
        });
        removed.map(|topic| topic.name.clone()).collect()
    }

    /// The topics of this image that a later one has no more, or has anew.
    pub fn topics_missing_in(&self, later: &MetadataImage) -> Vec<TopicName> {
        let gone = self.topics.values().filter(|topic| !later.topics.contains_key(&topic.id));
        gone.map(|topic| topic.name.clone()).collect()
    }

    /// Replays the records of a batch.
    pub fn replay_batch(&mut self, batch: &MetadataBatch) {
        for (offset, record) in batch.offsets() {
            self.replay(offset, record);
        }
        (self.epoch, self.timestamp_ms) = (batch.epoch, batch.timestamp_ms);
    }

    /// Replays one record: the only thing that changes an image.
    pub fn replay(&mut self, offset: i64, record: &MetadataRecord) {
        self.offset = offset;
        match record {
            MetadataRecord::RegisterBroker {
                broker,
                incarnation,
                broker_epoch,
                host,
                port,
                rack,
                fenced,
                in_controlled_shutdown,
                log_dirs,
                cordoned,
            } => {
                let registered = BrokerImage {
                    epoch: *broker_epoch,
                    incarnation: *incarnation,
                    host: host.clone(),
                    port: *port,
                    rack: rack.clone(),
                    fenced: *fenced,
                    in_controlled_shutdown: *in_controlled_shutdown,
                    log_dirs: log_dirs.clone(),
                    cordoned: cordoned.clone(),
                };
                self.brokers.insert(*broker, registered);
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.brokers.remove(broker);
            }
            MetadataRecord::BrokerRegistrationChange {
                broker,
                fenced,
                in_controlled_shutdown,
                log_dirs,
                cordoned,
                ..
            } => {
                if let Some(image) = self.brokers.get_mut(broker) {
                    image.fenced = fenced.unwrap_or(image.fenced);
                    image.in_controlled_shutdown = in_controlled_shutdown.unwrap_or(image.in_controlled_shutdown);
                    log_dirs.iter().for_each(|dirs| image.log_dirs.clone_from(dirs));
                    cordoned.iter().for_each(|dirs| image.cordoned = Some(dirs.clone()));
                }
            }
            MetadataRecord::Topic { name, topic_id } => {
                let topic = TopicImage { id: *topic_id, name: name.clone(), partitions: Vec::new() };
                self.topics.insert(*topic_id, Arc::new(topic));
                self.by_name.insert(name.clone(), *topic_id);
            }
            MetadataRecord::Partition(record) => self.replay_partition(record),
            MetadataRecord::PartitionChange(change) => self.replay_change(change),
            MetadataRecord::ClearElr { topic } => self.replay_clear_elr(topic),
            MetadataRecord::RemoveTopic { topic_id } => self.replay_remove_topic(*topic_id),
            MetadataRecord::Config { kind, resource, name, value } => {
                self.replay_config(*kind, resource, name, value.as_ref());
            }
            MetadataRecord::FeatureLevel { name, level } => {
                self.features.insert(name.clone(), *level);
            }
            MetadataRecord::ProducerIds { next_producer_id, .. } => self.next_producer_id = *next_producer_id,
            MetadataRecord::RegisterController { controller, incarnation, host, port } => {
                let registered = ControllerImage { incarnation: *incarnation, host: host.clone(), port: *port };
                self.controllers.insert(*controller, registered);
            }
            MetadataRecord::KRaftVersion { level } => {
                self.features.insert(KRAFT.into(), *level);
            }
            MetadataRecord::SnapshotHeader { last_contained_ms } => self.timestamp_ms = *last_contained_ms,
            // A transaction is one batch here, so nobody sees half of it (`MetadataBatchLoader`).
            MetadataRecord::BeginTransaction { .. } | MetadataRecord::EndTransaction => {}
            MetadataRecord::NoOp
            | MetadataRecord::LeaderChange { .. }
            | MetadataRecord::Voters(_)
            | MetadataRecord::SnapshotFooter => {}
        }
    }

    /// Whether a record follows from what was replayed. In a whole log all do.
    pub fn can_replay(&self, record: &MetadataRecord) -> bool {
        match record {
            MetadataRecord::UnregisterBroker { broker, .. }
            | MetadataRecord::BrokerRegistrationChange { broker, .. } => self.brokers.contains_key(broker),
            MetadataRecord::Partition(partition) => self.topics.get(&partition.topic_id).is_some_and(|topic| {
                usize::try_from(partition.partition).is_ok_and(|number| number <= topic.partitions.len())
            }),
            MetadataRecord::PartitionChange(change) => self.partition(change.topic_id, change.partition).is_some(),
            MetadataRecord::RemoveTopic { topic_id } => self.topics.contains_key(topic_id),
            MetadataRecord::ClearElr { topic } => topic.is_empty() || self.by_name.contains_key(topic),
            _ => true,
        }
    }

    fn replay_partition(&mut self, record: &Arc<PartitionRecord>) {
        let topic = self.topics.get_mut(&record.topic_id).expect("a partition record follows its topic record");
        let partitions = &mut Arc::make_mut(topic).partitions;
        let index = usize::try_from(record.partition).expect("partitions are numbered from 0");
        if index < partitions.len() {
            partitions[index] = record.clone();
        } else {
            debug_assert_eq!(index, partitions.len(), "partitions are numbered without holes");
            partitions.push(record.clone());
        }
    }

    fn replay_change(&mut self, change: &PartitionChange) {
        let topic = self.topics.get_mut(&change.topic_id).expect("a partition that changes has a topic");
        let partitions = &mut Arc::make_mut(topic).partitions;
        let partition = partitions.get_mut(change.partition as usize).expect("a partition that changes exists");
        apply_change(Arc::make_mut(partition), change);
    }

    fn replay_clear_elr(&mut self, topic: &TopicName) {
        let changes: Vec<PartitionChange> =
            self.with_elr(topic).map(|partition| PartitionChange::clear_elr(partition)).collect();
        changes.iter().for_each(|change| self.replay_change(change));
    }

    /// The partitions of a topic, or of all if the name is empty, that have eligible or last known leaders: those that
    /// [`MetadataRecord::ClearElr`] changes.
    pub fn with_elr(&self, topic: &str) -> impl Iterator<Item = &Arc<PartitionRecord>> {
        let partitions = self.topics_of(topic).flat_map(|(_, image)| &image.partitions);
        partitions.filter(|partition| !partition.elr.is_empty() || !partition.last_known_elr.is_empty())
    }

    /// The topic of a name, if there is one, or all topics if the name is empty.
    pub fn topics_of(&self, name: &str) -> impl Iterator<Item = (&TopicId, &Arc<TopicImage>)> {
        let named = self.by_name.get(name).and_then(|id| self.topics.get_key_value(id));
        let all = name.is_empty().then(|| self.topics.iter());
        all.into_iter().flatten().chain(named)
    }

    fn replay_remove_topic(&mut self, topic_id: TopicId) {
        if let Some(topic) = self.topics.remove(&topic_id) {
            self.by_name.remove(&topic.name);
            self.configs.remove(&(ConfigResourceKind::Topic, topic.name.clone()));
        }
    }

    fn replay_config(&mut self, kind: ConfigResourceKind, resource: &Name, name: &Name, value: Option<&Name>) {
        let key = (kind, resource.clone());
        match value {
            Some(value) => {
                self.configs.entry(key).or_default().insert(name.clone(), value.clone());
            }
            None => {
                if let Some(configs) = self.configs.get_mut(&key) {
                    configs.remove(name);
                    if configs.is_empty() {
                        self.configs.remove(&key);
                    }
                }
            }
        }
    }

    /// The image a snapshot describes.
    pub fn from_snapshot(end_offset: i64, epoch: i32, records: &[MetadataRecord]) -> MetadataImage {
        let mut image = MetadataImage::default();
        for record in records {
            image.replay(end_offset - 1, record);
        }
        MetadataImage { offset: end_offset - 1, epoch, ..image }
    }

    /// The image as records that make it anew: a snapshot (`MetadataImage#write`).
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        // That of the quorum stands in the head of the snapshot, with its voters.
        for (name, level) in self.features.iter().filter(|(name, _)| ***name != *KRAFT) {
            records.push(MetadataRecord::FeatureLevel { name: name.clone(), level: *level });
        }
        for (broker, image) in &self.brokers {
            records.push(MetadataRecord::RegisterBroker {
                broker: *broker,
                incarnation: image.incarnation,
                broker_epoch: image.epoch,
                host: image.host.clone(),
                port: image.port,
                rack: image.rack.clone(),
                fenced: image.fenced,
                in_controlled_shutdown: image.in_controlled_shutdown,
                log_dirs: image.log_dirs.clone(),
                cordoned: image.cordoned.clone(),
            });
        }
        for (controller, image) in &self.controllers {
            records.push(MetadataRecord::RegisterController {
                controller: *controller,
                incarnation: image.incarnation,
                host: image.host.clone(),
                port: image.port,
            });
        }
        for topic in self.topics.values() {
            records.push(MetadataRecord::Topic { name: topic.name.clone(), topic_id: topic.id });
            records.extend(topic.partitions.iter().map(Arc::clone).map(MetadataRecord::Partition));
        }
        for ((kind, resource), configs) in &self.configs {
            records.extend(configs.iter().map(|(name, value)| MetadataRecord::Config {
                kind: *kind,
                resource: resource.clone(),
                name: name.clone(),
                value: Some(value.clone()),
            }));
        }
        if self.next_producer_id > 0 {
            records.push(MetadataRecord::ProducerIds {
                broker: BrokerId::NONE,
                broker_epoch: -1,
                next_producer_id: self.next_producer_id,
            });
        }
        records
    }
}

/// What a change record does to a partition (`PartitionRegistration#merge`).
pub fn apply_change(partition: &mut PartitionRecord, change: &PartitionChange) {
    let set = |to: &mut Vec<BrokerId>, from: &Option<Vec<BrokerId>>| {
        if let Some(from) = from {
            to.clone_from(from);
        }
    };
    set(&mut partition.isr, &change.isr);
    set(&mut partition.replicas, &change.replicas);
    change.directories.iter().for_each(|directories| partition.directories.clone_from(directories));
    set(&mut partition.removing, &change.removing);
    set(&mut partition.adding, &change.adding);
    set(&mut partition.elr, &change.elr);
    set(&mut partition.last_known_elr, &change.last_known_elr);
    if let Some(leader) = change.leader {
        partition.leader = leader;
        partition.leader_epoch += 1;
    }
    partition.recovering = change.recovering.unwrap_or(partition.recovering);
    partition.partition_epoch += 1;
}
