//! `--cluster-metadata-decoder`: records of `__cluster_metadata-0` as JSON (`MetadataJsonConverters`). What the model's records
//! do not hold (end points of other listeners) is not printed.

use protocol::api::ConfigResourceKind;
use protocol::features::FEATURES;
use protocol::metadata::{MetadataBatch, MetadataRecord, PartitionChange, PartitionRecord, Voter};
use protocol::{BrokerId, DirectoryId, TopicId};

use super::offsets::json;
use super::{Decoder, Dump};

impl Dump<'_> {
    pub(super) fn metadata(&mut self, batches: &[MetadataBatch], absolute: &str) {
        let (mut position, mut last) = (0, -1);
        for batch in batches {
            let size = batch.size_in_bytes();
            if position + size > self.max_bytes {
                break;
            }
            let is_control = batch.records.iter().any(MetadataRecord::is_control);
            let (base, at) = (batch.base_offset, batch.timestamp_ms);
            self.out.push(format!(
                "baseOffset: {base} lastOffset: {} count: {} baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1 partitionLeaderEpoch: {} isTransactional: false isControl: {is_control} deleteHorizonMs: OptionalLong.empty position: {position} CreateTime: {at} size: {size} magic: 2 compresscodec: none isvalid: true",
                batch.next_offset() - 1,
                batch.records.len(),
                batch.epoch,
            ));
            position += size;
            if !self.deep {
                continue;
            }
            for (offset, record) in batch.offsets() {
                self.errors.follow(absolute, &mut last, offset);
                let line = self.metadata_line(offset, at, record);
                self.out.push(line);
            }
        }
    }

    fn metadata_line(&self, offset: i64, at: i64, record: &MetadataRecord) -> String {
        let head = format!("| offset: {offset} CreateTime: {at} sequence: -1 headerKeys: []");
        let payload = || {
            let (version, data) = data(record);
            format!("payload: {{\"type\":\"{}\",\"version\":{version},\"data\":{{{data}}}}}", record.type_name())
        };
        let shows_payload = self.contents && self.decoder == Decoder::ClusterMetadata;
        match control(record) {
            // Without the metadata of records nothing is left of one of Raft's own, nor of one that is not decoded.
            Some(_) if self.skip_metadata => String::new(),
            Some(text) => format!("{head} {text}"),
            None if shows_payload && self.skip_metadata => format!("| {}", payload()),
            None if shows_payload => format!("{head} {}", payload()),
            None if self.skip_metadata => String::new(),
            None => head,
        }
    }
}

/// A record of Raft's own, as it is printed with any decoder.
fn control(record: &MetadataRecord) -> Option<String> {
    match record {
        MetadataRecord::LeaderChange { leader, voters } => {
            let voters: Vec<String> = voters.iter().map(|id| format!("{{\"voterId\":{id}}}")).collect();
            let voters = voters.join(",");
            Some(format!(
                "LeaderChange: {{\"version\":0,\"leaderId\":{leader},\"voters\":[{voters}],\"grantingVoters\":[{voters}]}}"
            ))
        }
        MetadataRecord::KRaftVersion { level } => {
            Some(format!("KRaftVersion {{\"version\":0,\"kRaftVersion\":{level}}}"))
        }
        MetadataRecord::Voters(voters) => {
            let voter = |voter: &Voter| {
                let Voter { id, directory, endpoint: (host, port) } = voter;
                format!(
                    "{{\"voterId\":{id},\"voterDirectoryId\":\"{directory}\",\"endpoints\":[{{\"name\":\"CONTROLLER\",\"host\":{},\"port\":{port}}}],\"kRaftVersionFeature\":{{\"minSupportedVersion\":0,\"maxSupportedVersion\":1}}}}",
                    json(host)
                )
            };
            let voters = voters.iter().map(voter).collect::<Vec<_>>().join(",");
            Some(format!("KRaftVoters {{\"version\":0,\"voters\":[{voters}]}}"))
        }
        MetadataRecord::SnapshotHeader { last_contained_ms } => {
            Some(format!("SnapshotHeader {{\"version\":0,\"lastContainedLogTimestamp\":{last_contained_ms}}}"))
        }
        MetadataRecord::SnapshotFooter => Some("SnapshotFooter {\"version\":0}".to_owned()),
        _ => None,
    }
}

/// A record's version, and its fields.
fn data(record: &MetadataRecord) -> (i16, String) {
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
            let rack = rack.as_ref().map_or("null".to_owned(), |rack| json(rack));
            let (incarnation, host) = (json(&TopicId(*incarnation).to_string()), json(host));
            let end_points =
                format!("[{{\"name\":\"PLAINTEXT\",\"host\":{host},\"port\":{port},\"securityProtocol\":0}}]");
            let mut data = format!(
                "\"brokerId\":{broker},\"isMigratingZkBroker\":false,\"incarnationId\":{incarnation},\"brokerEpoch\":{broker_epoch},\"endPoints\":{end_points},\"features\":{},\"rack\":{rack},\"fenced\":{fenced},\"inControlledShutdown\":{in_controlled_shutdown},\"logDirs\":{}",
                features(),
                uuids(log_dirs)
            );
            data.extend(cordoned.as_deref().map(|dirs| format!(",\"cordonedLogDirs\":{}", uuids(dirs))));
            (4, data)
        }
        MetadataRecord::UnregisterBroker { broker, broker_epoch } => {
            (0, format!("\"brokerId\":{broker},\"brokerEpoch\":{broker_epoch}"))
        }
        MetadataRecord::Topic { name, topic_id } => (0, format!("\"name\":{},\"topicId\":\"{topic_id}\"", json(name))),
        MetadataRecord::Partition(record) => (2, partition(record)),
        MetadataRecord::PartitionChange(change) => (2, partition_change(change)),
        MetadataRecord::Config { kind, resource, name, value } => {
            let kind = match kind {
                ConfigResourceKind::Topic => 2,
                ConfigResourceKind::Broker => 4,
                ConfigResourceKind::Group => 32,
            };
            let value = value.as_ref().map_or("null".to_owned(), |value| json(value));
            let (resource, name) = (json(resource), json(name));
            (0, format!("\"resourceType\":{kind},\"resourceName\":{resource},\"name\":{name},\"value\":{value}"))
        }
        MetadataRecord::RemoveTopic { topic_id } => (0, format!("\"topicId\":\"{topic_id}\"")),
        MetadataRecord::FeatureLevel { name, level } => {
            (0, format!("\"name\":{},\"featureLevel\":{level}", json(name)))
        }
        MetadataRecord::ProducerIds { broker, broker_epoch, next_producer_id } => {
            (0, format!("\"brokerId\":{broker},\"brokerEpoch\":{broker_epoch},\"nextProducerId\":{next_producer_id}"))
        }
        MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced,
            in_controlled_shutdown,
            log_dirs,
            cordoned,
        } => {
            let mut data = format!("\"brokerId\":{broker},\"brokerEpoch\":{broker_epoch}");
            data.extend(fenced.map(|fenced| format!(",\"fenced\":{}", if fenced { 1 } else { -1 })));
            data.extend(in_controlled_shutdown.map(|on| format!(",\"inControlledShutdown\":{}", i32::from(on))));
            data.extend(log_dirs.as_deref().map(|dirs| format!(",\"logDirs\":{}", uuids(dirs))));
            data.extend(cordoned.as_deref().map(|dirs| format!(",\"cordonedLogDirs\":{}", uuids(dirs))));
            let version = match (cordoned, log_dirs, in_controlled_shutdown) {
                (Some(_), ..) => 3,
                (None, Some(_), _) => 2,
                (None, None, Some(_)) => 1,
                (None, None, None) => 0,
            };
            (version, data)
        }
        MetadataRecord::RegisterController { controller, incarnation, host, port } => {
            let (incarnation, host) = (json(&TopicId(*incarnation).to_string()), json(host));
            let end_points =
                format!("[{{\"name\":\"CONTROLLER\",\"host\":{host},\"port\":{port},\"securityProtocol\":0}}]");
            let features = features();
            let data = format!(
                "\"controllerId\":{controller},\"incarnationId\":{incarnation},\"zkMigrationReady\":false,\"endPoints\":{end_points},\"features\":{features}"
            );
            (0, data)
        }
        MetadataRecord::ClearElr { topic } => (0, format!("\"topicName\":{}", json(topic))),
        MetadataRecord::BeginTransaction { name } => (0, format!("\"name\":{}", json(name))),
        MetadataRecord::NoOp
        | MetadataRecord::EndTransaction
        | MetadataRecord::LeaderChange { .. }
        | MetadataRecord::KRaftVersion { .. }
        | MetadataRecord::Voters(_)
        | MetadataRecord::SnapshotHeader { .. }
        | MetadataRecord::SnapshotFooter => (0, String::new()),
    }
}

/// What every node of this release says it supports.
fn features() -> String {
    let feature = |(name, lowest, highest): &(&str, i16, i16)| {
        format!("{{\"name\":\"{name}\",\"minSupportedVersion\":{lowest},\"maxSupportedVersion\":{highest}}}")
    };
    format!("[{}]", FEATURES.iter().map(feature).collect::<Vec<_>>().join(","))
}

fn partition(record: &PartitionRecord) -> String {
    let mut data = format!(
        "\"partitionId\":{},\"topicId\":\"{}\",\"replicas\":{},\"isr\":{},\"removingReplicas\":{},\"addingReplicas\":{},\"leader\":{},\"leaderEpoch\":{},\"partitionEpoch\":{}",
        record.partition,
        record.topic_id,
        list(&record.replicas),
        list(&record.isr),
        list(&record.removing),
        list(&record.adding),
        record.leader,
        record.leader_epoch,
        record.partition_epoch
    );
    data.push_str(&format!(",\"directories\":{}", uuids(&record.directories)));
    if record.recovering {
        data.push_str(",\"leaderRecoveryState\":1");
    }
    for (name, brokers) in [("eligibleLeaderReplicas", &record.elr), ("lastKnownElr", &record.last_known_elr)] {
        if !brokers.is_empty() {
            data.push_str(&format!(",\"{name}\":{}", list(brokers)));
        }
    }
    data
}

fn partition_change(change: &PartitionChange) -> String {
    let mut data = format!("\"partitionId\":{},\"topicId\":\"{}\"", change.partition, change.topic_id);
    let mut add = |name: &str, value: Option<String>| data.extend(value.map(|value| format!(",\"{name}\":{value}")));
    add("isr", change.isr.as_deref().map(list));
    add("leader", change.leader.map(|leader| leader.to_string()));
    add("replicas", change.replicas.as_deref().map(list));
    add("removingReplicas", change.removing.as_deref().map(list));
    add("addingReplicas", change.adding.as_deref().map(list));
    add("directories", change.directories.as_deref().map(uuids));
    add("leaderRecoveryState", change.recovering.map(|recovering| i32::from(recovering).to_string()));
    add("eligibleLeaderReplicas", change.elr.as_deref().map(list));
    add("lastKnownElr", change.last_known_elr.as_deref().map(list));
    data
}

fn uuids(dirs: &[DirectoryId]) -> String {
    let ids: Vec<String> = dirs.iter().map(|dir| format!("\"{dir}\"")).collect();
    format!("[{}]", ids.join(","))
}

fn list(brokers: &[BrokerId]) -> String {
    let ids: Vec<String> = brokers.iter().map(ToString::to_string).collect();
    format!("[{}]", ids.join(","))
}
