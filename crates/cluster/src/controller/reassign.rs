//! Moving partitions to other brokers: AlterPartitionReassignments, ListPartitionReassignments (KIP-455;
//! `ReplicationControlManager`, `PartitionReassignmentReplicas`, `PartitionReassignmentRevert`).
//!
//! A move goes in two steps. The first record puts the replicas that come next to those there are; they fetch. The change
//! of the ISR that has all of them completes the move: [`super::election::ChangeBuilder`] takes out those that go.

use protocol::api::Name;
use protocol::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, WantedReassignment,
};
use protocol::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, OngoingReassignment,
};
use protocol::metadata::{MetadataRecord, PartitionRecord};
use protocol::{BrokerId, ErrorCode};

use super::election::Election;
use super::partitions::Shift;
use super::topics::Refusal;
use super::{Controller, Decision};

impl Controller {
    /// Begins moves and takes them back, each on its own.
    pub(super) fn alter_reassignments(&mut self, request: &AlterPartitionReassignmentsRequest) -> Decision {
        let mut records: Vec<MetadataRecord> = Vec::new();
        let mut partitions = Vec::new();
        for wanted in &request.partitions {
            let (error, message): (_, Option<Name>) =
                match self.alter_reassignment(wanted, request.allow_replication_factor_change) {
                    Ok(record) => {
                        records.extend(record);
                        (ErrorCode::None, None)
                    }
                    Err((error, text)) => (error, Some(text.into())),
                };
            partitions.push((wanted.topic.clone(), wanted.partition, error, message));
        }
        Decision {
            records,
            response: AlterPartitionReassignmentsResponse { error: ErrorCode::None, partitions }.into(),
        }
    }

    fn alter_reassignment(
        &self,
        wanted: &WantedReassignment,
        allow_factor_change: bool,
    ) -> Result<Option<MetadataRecord>, Refusal> {
        let unknown = |text: String| (ErrorCode::UnknownTopicOrPartition, text);
        let topic = self.active.as_ref().and_then(|active| active.state.image().topic(&wanted.topic));
        let topic = topic.ok_or_else(|| unknown(format!("Unable to find a topic named {}.", wanted.topic)))?;
        let at = usize::try_from(wanted.partition).ok();
        let partition = at
            .and_then(|at| topic.partitions.get(at))
            .ok_or_else(|| unknown(format!("Unable to find partition {}:{}.", wanted.topic, wanted.partition)))?;
        match &wanted.replicas {
            Some(replicas) => self.begin_reassignment(partition, replicas, allow_factor_change),
            None => self.revert_reassignment(&topic.name, partition),
        }
    }

    /// `changePartitionReassignment`. What a move under way was adding, and is not wanted any more, is removed.
    fn begin_reassignment(
        &self,
        partition: &PartitionRecord,
        target: &[BrokerId],
        allow_factor_change: bool,
    ) -> Result<Option<MetadataRecord>, Refusal> {
        self.check_replicas(target)?;
        // Of a move under way it is what it leads to that counts (`validatePartitionReplicationFactorUnchanged`).
        let factor = partition.replicas.iter().filter(|id| !partition.removing.contains(id)).count();
        if !allow_factor_change && factor != target.len() {
            let text = format!("The replication factor is changed from {factor} to {}", target.len());
            return Err((ErrorCode::InvalidReplicationFactor, text));
        }
        let removing = without(&partition.replicas, target);
        let adding = without(target, &partition.replicas);
        let replicas = [target, &removing[..]].concat();
        Ok(self.change((partition.topic_id, partition.partition), Shift::default(), |builder| {
            // A move elects no unclean leader.
            builder.election = Election::Online;
            builder.replicas = replicas;
            if !removing.is_empty() {
                builder.removing = removing;
            }
            if !adding.is_empty() {
                builder.adding = adding;
            }
        }))
    }

    /// `cancelPartitionReassignment`: back to the replicas there were.
    fn revert_reassignment(&self, topic: &str, partition: &PartitionRecord) -> Result<Option<MetadataRecord>, Refusal> {
        if !is_reassigning(partition) {
            let error = ErrorCode::NoReassignmentInProgress;
            return Err((error, error.message().to_owned()));
        }
        let replicas = original_replicas(partition);
        let mut isr: Vec<BrokerId> = partition.isr.iter().copied().filter(|id| replicas.contains(id)).collect();
        if isr.is_empty() {
            if !self.is_unclean_allowed(topic) {
                let text = format!(
                    "Unable to revert partition assignment for {topic}:{} because it would require an unclean leader election.",
                    partition.partition
                );
                return Err((ErrorCode::InvalidReplicaAssignment, text));
            }
            isr.extend(replicas.first());
        }
        Ok(self.change((partition.topic_id, partition.partition), Shift::default(), |builder| {
            builder.isr = isr;
            builder.replicas = replicas;
            builder.removing = Vec::new();
            builder.adding = Vec::new();
        }))
    }

    /// The moves under way: of some partitions, or all.
    pub(super) fn list_reassignments(&self, request: &ListPartitionReassignmentsRequest) -> Decision {
        let mut partitions = Vec::new();
        if let Some(active) = &self.active {
            let image = active.state.image();
            for (name, id) in &image.by_name {
                let is_asked = |record: &PartitionRecord| match &request.partitions {
                    Some(asked) => asked.iter().any(|(topic, p)| topic == name && *p == record.partition),
                    None => true,
                };
                let records = image.topics.get(id).into_iter().flat_map(|topic| &topic.partitions);
                partitions.extend(records.filter(|record| is_reassigning(record) && is_asked(record)).map(|record| {
                    OngoingReassignment {
                        topic: name.clone(),
                        partition: record.partition,
                        replicas: record.replicas.clone(),
                        adding: record.adding.clone(),
                        removing: record.removing.clone(),
                    }
                }));
            }
        }
        let response = ListPartitionReassignmentsResponse { error: ErrorCode::None, partitions };
        Decision { records: Vec::new(), response: response.into() }
    }
}

/// Whether a move is under way.
fn is_reassigning(partition: &PartitionRecord) -> bool {
    !partition.removing.is_empty() || !partition.adding.is_empty()
}

/// The replicas a partition had before the move under way.
fn original_replicas(partition: &PartitionRecord) -> Vec<BrokerId> {
    partition.replicas.iter().copied().filter(|id| !partition.adding.contains(id)).collect()
}

/// Those of `brokers` that are not among `others`, ascending.
fn without(brokers: &[BrokerId], others: &[BrokerId]) -> Vec<BrokerId> {
    let mut rest: Vec<BrokerId> = brokers.iter().copied().filter(|id| !others.contains(id)).collect();
    ordered::sort(&mut rest);
    rest
}
