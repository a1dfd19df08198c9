//! Topics: CreateTopics, DeleteTopics, CreatePartitions (`ReplicationControlManager`).

use std::sync::Arc;

use protocol::api::ConfigResourceKind;
use protocol::api::Name;
use protocol::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse, NewPartitions};
use protocol::api::create_topics::{CreateTopicsRequest, CreateTopicsResponse, CreatedTopic, NewTopic};
use protocol::api::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
use protocol::java_random::first_bits;
use protocol::metadata::{MetadataRecord, PartitionRecord};
use protocol::placement::{UsableBroker, place};
use protocol::{BrokerId, CLUSTER_METADATA, DirectoryId, ErrorCode, Note, TopicId, TopicName, validate_topic_name};

use super::refuse::refuse;
use super::{Controller, Decision, RNG_PLACEMENT, RNG_TOPIC_ID};
use crate::process::Fx;

/// A refusal: its code and what users read.
pub(super) type Refusal = (ErrorCode, String);

/// `ReplicationControlManager#MAX_PARTITIONS_PER_BATCH`: so many of a whole request.
const PARTITIONS_MAX: i64 = 10_000;
/// `QuorumController#MAX_RECORDS_PER_USER_OP`.
const RECORDS_MAX: usize = 10_000;

impl Controller {
    /// Creates topics, each on its own, unless all of them are too much.
    pub(super) fn create_topics(&mut self, fx: &mut Fx, request: &CreateTopicsRequest) -> Decision {
        let is_twice = |name: &TopicName| request.topics.iter().filter(|topic| topic.name == *name).count() > 1;
        let is_metadata = |name: &TopicName| &**name == CLUSTER_METADATA;
        let asked = request.topics.iter().filter(|topic| !is_twice(&topic.name) && !is_metadata(&topic.name));
        if asked.map(|topic| self.partitions_asked(topic)).sum::<i64>() > PARTITIONS_MAX {
            return refuse_topics(request, "Excessively large number of partitions per request.");
        }
        let mut records = Vec::new();
        let mut topics: Vec<CreatedTopic> = Vec::new();
        for topic in &request.topics {
            let created = if is_twice(&topic.name) {
                Err((ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned()))
            } else if is_metadata(&topic.name) {
                // `ControllerApis#createTopics`.
                let text = format!("Creation of internal topic {CLUSTER_METADATA} is prohibited.");
                Err((ErrorCode::InvalidRequest, text))
            } else {
                self.create_topic(fx, topic)
            };
            topics.push(match created {
                Ok((created, mut made)) => {
                    records.append(&mut made);
                    created
                }
                Err((error, message)) => not_created(topic, error, &message),
            });
        }
        // `BoundedListTooLongException`.
        if records.len() > RECORDS_MAX {
            return refuse_topics(request, "Unable to perform excessively large batch operation.");
        }
        if request.validate_only {
            records.clear();
        } else {
            for created in topics.iter().filter(|topic| topic.error.is_ok()) {
                let (partitions, replication_factor) = (created.partitions, created.replication_factor);
                fx.note(Note::TopicCreated { topic: created.name.clone(), partitions, replication_factor });
            }
        }
        Decision { records, response: CreateTopicsResponse { topics }.into() }
    }

    /// How many partitions a topic counts for (`validateTotalNumberOfPartitions`).
    fn partitions_asked(&self, topic: &NewTopic) -> i64 {
        match topic.partitions {
            _ if !topic.assignments.is_empty() => topic.assignments.len() as i64,
            -1 => self.spec.number("num.partitions", 1),
            partitions => i64::from(partitions.max(0)),
        }
    }

    fn create_topic(&mut self, fx: &mut Fx, topic: &NewTopic) -> Result<(CreatedTopic, Vec<MetadataRecord>), Refusal> {
        self.check_new_name(&topic.name)?;
        self.check_new_configs(&topic.configs)?;
        let assignments = if topic.assignments.is_empty() {
            self.place_new(fx, topic)?
        } else {
            self.check_manual(topic)?;
            topic.assignments.clone()
        };
        let topic_id = new_topic_id(fx);
        let mut records = vec![MetadataRecord::Topic { name: topic.name.clone(), topic_id }];
        for (name, value) in &topic.configs {
            records.push(MetadataRecord::Config {
                kind: ConfigResourceKind::Topic,
                resource: topic.name.clone(),
                name: name.clone(),
                value: value.clone(),
            });
        }
        let clear_elr = self.clear_elr(&records);
        records.extend(clear_elr);
        let replication_factor = assignments.first().map_or(0, Vec::len) as i16;
        let partitions = assignments.len() as i32;
        for (partition, replicas) in (0..).zip(assignments) {
            records.push(MetadataRecord::Partition(Arc::new(self.new_partition(topic_id, partition, replicas)?)));
        }
        let created = CreatedTopic {
            name: topic.name.clone(),
            topic_id,
            error: ErrorCode::None,
            message: None,
            partitions,
            replication_factor,
        };
        Ok((created, records))
    }

    /// What the placer finds for a new topic.
    fn place_new(&mut self, fx: &mut Fx, topic: &NewTopic) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        if topic.replication_factor == 0 || topic.replication_factor < -1 {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err((ErrorCode::InvalidReplicationFactor, text.into()));
        }
        if topic.partitions == 0 || topic.partitions < -1 {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return Err((ErrorCode::InvalidPartitions, text.into()));
        }
        let or_default = |asked: i64, name| if asked == -1 { self.spec.number(name, 1) } else { asked };
        let partitions = or_default(i64::from(topic.partitions), "num.partitions") as i32;
        let replicas = or_default(i64::from(topic.replication_factor), "default.replication.factor") as i32;
        self.place(fx, partitions, replicas).map_err(|text| {
            (
                ErrorCode::InvalidReplicationFactor,
                format!("Unable to replicate the partition {replicas} time(s): {text}"),
            )
        })
    }

    fn place(&mut self, fx: &mut Fx, partitions: i32, replicas: i32) -> Result<Vec<Vec<BrokerId>>, String> {
        let Some(active) = &mut self.active else {
            return Err("All brokers are currently fenced, or have all their log directories cordoned.".into());
        };
        let brokers = active.state.image().brokers.iter();
        let brokers = brokers.filter(|(_, broker)| !broker.in_controlled_shutdown && broker.has_uncordoned_dirs());
        let usable: Vec<UsableBroker> = brokers
            .map(|(id, broker)| UsableBroker { id: *id, rack: broker.rack.clone(), fenced: broker.fenced })
            .collect();
        match &mut active.placement {
            Some(lcg) => place(lcg, &usable, partitions, replicas),
            None => {
                let rng = fx.rng(RNG_PLACEMENT);
                place(&mut |bits| first_bits(rng.bits(), bits), &usable, partitions, replicas)
            }
        }
    }

    /// The state of a partition that begins: in sync are the replicas that live, and the first of them leads.
    fn new_partition(
        &self,
        topic_id: TopicId,
        partition: i32,
        replicas: Vec<BrokerId>,
    ) -> Result<PartitionRecord, Refusal> {
        let is_active = |id: &BrokerId| self.active.as_ref().is_some_and(|active| active.state.image().is_active(*id));
        let isr: Vec<BrokerId> = replicas.iter().copied().filter(is_active).collect();
        let Some(leader) = isr.first().copied() else {
            let text = format!(
                "All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown."
            );
            return Err((ErrorCode::InvalidReplicaAssignment, text));
        };
        let image = self.active.as_ref().map(|active| active.state.image());
        let dir = |id: &BrokerId| image.map_or(DirectoryId::UNASSIGNED, |image| image.default_dir(*id));
        Ok(PartitionRecord {
            topic_id,
            partition,
            directories: replicas.iter().map(dir).collect(),
            replicas,
            isr,
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            removing: Vec::new(),
            adding: Vec::new(),
            leader,
            recovering: false,
            leader_epoch: 0,
            partition_epoch: 0,
        })
    }

    fn check_manual(&self, topic: &NewTopic) -> Result<(), Refusal> {
        if topic.replication_factor != -1 {
            let text = "A manual partition assignment was specified, but replication factor was not set to -1.";
            return Err((ErrorCode::InvalidRequest, text.into()));
        }
        if topic.partitions != -1 {
            let text = "A manual partition assignment was specified, but numPartitions was not set to -1.";
            return Err((ErrorCode::InvalidRequest, text.into()));
        }
        let factor = topic.assignments[0].len();
        for replicas in &topic.assignments {
            self.check_replicas(replicas)?;
            check_factor(replicas, factor)?;
        }
        Ok(())
    }

    /// Whether a topic can grow by `additional` partitions with these replicas.
    fn check_growth(&self, assignments: &[Vec<BrokerId>], additional: i32, factor: usize) -> Result<(), Refusal> {
        if assignments.len() != additional as usize {
            let text = format!(
                "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
                assignments.len()
            );
            return Err((ErrorCode::InvalidReplicaAssignment, text));
        }
        assignments.iter().try_for_each(|replicas| {
            self.check_replicas(replicas)?;
            check_factor(replicas, factor)
        })
    }

    /// Whether a partition can have these replicas (`validateManualPartitionAssignment`).
    pub(super) fn check_replicas(&self, replicas: &[BrokerId]) -> Result<(), Refusal> {
        let invalid = |text: String| Err((ErrorCode::InvalidReplicaAssignment, text));
        if replicas.is_empty() {
            return invalid("The manual partition assignment includes an empty replica list.".into());
        }
        let mut sorted = replicas.to_vec();
        ordered::sort(&mut sorted);
        for (at, id) in sorted.iter().enumerate() {
            let Some(broker) = self.active.as_ref().and_then(|active| active.state.image().brokers.get(id)) else {
                return invalid(format!(
                    "The manual partition assignment includes broker {id}, but no such broker is registered."
                ));
            };
            if !broker.has_uncordoned_dirs() {
                return invalid(format!(
                    "The manual partition assignment includes broker {id}, but all its log directories are cordoned."
                ));
            }
            if at > 0 && sorted[at - 1] == *id {
                return invalid(format!("The manual partition assignment includes the broker {id} more than once."));
            }
        }
        Ok(())
    }

    fn check_new_name(&self, name: &TopicName) -> Result<(), Refusal> {
        validate_topic_name(name).map_err(|text| (ErrorCode::InvalidTopic, text))?;
        let Some(active) = &self.active else { return Ok(()) };
        let names = &active.state.image().by_name;
        if names.contains_key(name) {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        if name.contains(['.', '_']) {
            let unified = name.replace('.', "_");
            if let Some(existing) = names.keys().find(|other| other.replace('.', "_") == unified) {
                return Err((
                    ErrorCode::InvalidTopic,
                    format!("Topic '{name}' collides with existing topic: {existing}"),
                ));
            }
        }
        Ok(())
    }

    /// Deletes topics, each on its own.
    pub(super) fn delete_topics(&mut self, request: &DeleteTopicsRequest) -> Decision {
        if !self.spec.flag("delete.topic.enable", true) {
            let response = refuse(&request.clone().into(), ErrorCode::TopicDeletionDisabled);
            return Decision { records: Vec::new(), response };
        }
        let mut records: Vec<MetadataRecord> = Vec::new();
        let mut topics = Vec::new();
        for (at, name) in request.topics.iter().enumerate() {
            let id = self.active.as_ref().and_then(|active| active.state.image().by_name.get(name)).copied();
            topics.push(match id {
                _ if request.topics[..at].contains(name) => {
                    (name.clone(), ErrorCode::InvalidRequest, Some("Duplicate topic name.".into()))
                }
                Some(topic_id) => {
                    records.push(MetadataRecord::RemoveTopic { topic_id });
                    (name.clone(), ErrorCode::None, None)
                }
                None => {
                    let error = ErrorCode::UnknownTopicOrPartition;
                    (name.clone(), error, Some(error.message().into()))
                }
            });
        }
        Decision { records, response: DeleteTopicsResponse { topics }.into() }
    }

    /// Adds partitions to topics, each on its own, unless all of them are too much.
    pub(super) fn create_partitions(&mut self, fx: &mut Fx, request: &CreatePartitionsRequest) -> Decision {
        let is_twice = |name: &TopicName| request.topics.iter().filter(|new| new.topic == *name).count() > 1;
        let asked = request.topics.iter().filter(|new| !is_twice(&new.topic));
        if asked.map(|new| self.partitions_added(new)).sum::<i64>() > PARTITIONS_MAX {
            let message: Name = "Excessively large number of additional partitions per request.".into();
            let refused = |new: &NewPartitions| (new.topic.clone(), ErrorCode::PolicyViolation, Some(message.clone()));
            let topics = request.topics.iter().map(refused).collect();
            return Decision { records: Vec::new(), response: CreatePartitionsResponse { topics }.into() };
        }
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for new in &request.topics {
            let grown = if is_twice(&new.topic) {
                Err((ErrorCode::InvalidRequest, "Duplicate topic name.".into()))
            } else {
                self.grow_topic(fx, new)
            };
            let (error, message): (_, Option<Name>) = match grown {
                Ok(mut made) => {
                    records.append(&mut made);
                    (ErrorCode::None, None)
                }
                Err((error, text)) => (error, Some(text.into())),
            };
            topics.push((new.topic.clone(), error, message));
        }
        Decision { records, response: CreatePartitionsResponse { topics }.into() }
    }

    /// By how many partitions a topic is to grow; none if it cannot (`validateTotalNumberOfPartitions`).
    fn partitions_added(&self, new: &NewPartitions) -> i64 {
        let topic = self.active.as_ref().and_then(|active| active.state.image().topic(&new.topic));
        topic.map_or(0, |topic| (i64::from(new.count) - topic.partitions.len() as i64).max(0))
    }

    fn grow_topic(&mut self, fx: &mut Fx, new: &NewPartitions) -> Result<Vec<MetadataRecord>, Refusal> {
        let (name, count) = (&new.topic, new.count);
        let found = self.active.as_ref().and_then(|active| active.state.image().topic(name)).cloned();
        let Some(topic) = found else {
            let error = ErrorCode::UnknownTopicOrPartition;
            return Err((error, error.message().to_owned()));
        };
        let current = topic.partitions.len() as i32;
        if count == current {
            return Err((ErrorCode::InvalidPartitions, format!("Topic already has {current} partition(s).")));
        }
        if count < current {
            let text =
                format!("The topic {name} currently has {current} partition(s); {count} would not be an increase.");
            return Err((ErrorCode::InvalidPartitions, text));
        }
        let replicas = topic.partitions[0].replicas.len();
        let placed = match &new.assignments {
            Some(assignments) => {
                self.check_growth(assignments, count - current, replicas)?;
                assignments.clone()
            }
            None => self.place(fx, count - current, replicas as i32).map_err(|text| {
                (
                    ErrorCode::InvalidReplicationFactor,
                    format!("Unable to replicate the partition {replicas} time(s): {text}"),
                )
            })?,
        };
        (current..)
            .zip(placed)
            .map(|(partition, replicas)| {
                Ok(MetadataRecord::Partition(Arc::new(self.new_partition(topic.id, partition, replicas)?)))
            })
            .collect()
    }
}

/// A request that is refused as a whole (`CreateTopicsRequest#getErrorResponse`).
fn refuse_topics(request: &CreateTopicsRequest, message: &str) -> Decision {
    let topics = request.topics.iter().map(|topic| not_created(topic, ErrorCode::PolicyViolation, message)).collect();
    Decision { records: Vec::new(), response: CreateTopicsResponse { topics }.into() }
}

fn not_created(topic: &NewTopic, error: ErrorCode, message: &str) -> CreatedTopic {
    CreatedTopic {
        name: topic.name.clone(),
        topic_id: TopicId::ZERO,
        error,
        message: Some(message.into()),
        partitions: -1,
        replication_factor: -1,
    }
}

fn check_factor(replicas: &[BrokerId], factor: usize) -> Result<(), Refusal> {
    if replicas.len() == factor {
        return Ok(());
    }
    let text = format!(
        "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous partitions, which have {factor} replica(s).",
        replicas.len()
    );
    Err((ErrorCode::InvalidReplicaAssignment, text))
}

/// A random UUID whose text does not begin with a dash (`Uuid#randomUuid`).
fn new_topic_id(fx: &mut Fx) -> TopicId {
    loop {
        let rng = fx.rng(RNG_TOPIC_ID);
        let bits = u128::from(rng.bits()) << 64 | u128::from(rng.bits());
        let id = TopicId::from_random_bits(bits);
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}
