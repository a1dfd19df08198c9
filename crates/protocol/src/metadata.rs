//! Records of the metadata log, `__cluster_metadata` (`metadata/src/main/resources/common/metadata/*.json`).
//! Controllers write them, everyone replays them; nothing else changes cluster state.

use std::sync::Arc;

use crate::api::Name;
use crate::ids::{BrokerId, DirectoryId, PartitionIndex, TopicId, TopicName};

/// A record of the metadata log, or a Raft control record in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum MetadataRecord {
    /// A broker made itself known (api key 0). Its offset becomes the broker epoch.
    RegisterBroker {
        broker: BrokerId,
        incarnation: u128,
        broker_epoch: i64,
        host: Name,
        port: u16,
        rack: Option<Name>,
        fenced: bool,
        /// Only in snapshots; at first it is not.
        in_controlled_shutdown: bool,
        log_dirs: Vec<DirectoryId>,
        /// Only in snapshots: directories that take no new replicas (KIP-1066).
        cordoned: Option<Vec<DirectoryId>>,
    },
    /// A broker was taken off the books (1).
    UnregisterBroker { broker: BrokerId, broker_epoch: i64 },
    /// A topic exists (2).
    Topic { name: TopicName, topic_id: TopicId },
    /// A partition exists, in this state (3).
    Partition(Arc<PartitionRecord>),
    /// A config was set, or deleted when the value is none (4).
    Config { kind: crate::api::ConfigResourceKind, resource: Name, name: Name, value: Option<Name> },
    /// A partition changed (5).
    PartitionChange(Box<PartitionChange>),
    /// A topic is gone (9).
    RemoveTopic { topic_id: TopicId },
    /// A feature has this level now (12): `metadata.version`, `eligible.leader.replicas.version`, …
    FeatureLevel { name: Name, level: i16 },
    /// Producer ids below this are given out (15).
    ProducerIds { broker: BrokerId, broker_epoch: i64, next_producer_id: i64 },
    /// A broker's fencing, controlled shutdown or working directories changed (17); none means unchanged.
    BrokerRegistrationChange {
        broker: BrokerId,
        broker_epoch: i64,
        fenced: Option<bool>,
        in_controlled_shutdown: Option<bool>,
        log_dirs: Option<Vec<DirectoryId>>,
        /// Directories that take no new replicas (KIP-1066).
        cordoned: Option<Vec<DirectoryId>>,
    },
    /// Nothing; keeps the log moving (20).
    NoOp,
    /// What follows belongs together, up to the end (23, KIP-868).
    BeginTransaction { name: Name },
    /// It is all there (24).
    EndTransaction,
    /// A controller made itself known (27, KIP-919). `incarnation` is new with every start.
    RegisterController { controller: BrokerId, incarnation: u128, host: Name, port: u16 },
    /// `min.insync.replicas` was set: nobody is eligible any more in this topic, or in all if the name is empty (28, KIP-966).
    ClearElr { topic: TopicName },
    /// Raft: a leader's epoch begins (control record).
    LeaderChange { leader: BrokerId, voters: Vec<BrokerId> },
    /// Raft: the quorum has this version (control record, KIP-853). From 1 on its voters stand in the log.
    KRaftVersion { level: i16 },
    /// Raft: these are the voters, from this record on, committed or not (control record, KIP-853).
    Voters(Arc<Vec<Voter>>),
    /// Raft: a snapshot begins (control record). When the last record it covers was appended, ms since the epoch.
    SnapshotHeader { last_contained_ms: i64 },
    /// Raft: a snapshot ends (control record).
    SnapshotFooter,
}

/// A voter of the metadata quorum (`VoterSet.VoterNode`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Voter {
    /// Its `node.id`.
    pub id: BrokerId,
    /// `directory.id` of its metadata log; zero where it is not known, as of static voters.
    pub directory: DirectoryId,
    /// Where it listens.
    pub endpoint: (Name, u16),
}

/// The first voters that storage is formatted with (`Formatter`, KIP-853).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum FirstVoters {
    /// None: they are configured, or others know them (`--no-initial-controllers`).
    #[default]
    Others,
    /// The node itself (`--standalone`).
    Own,
    /// These, by id (`--initial-controllers`).
    These(Vec<Voter>),
}

/// The whole state of a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionRecord {
    /// The topic.
    pub topic_id: TopicId,
    /// Its number.
    pub partition: PartitionIndex,
    /// In assignment order; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// The log directory of each.
    pub directories: Vec<DirectoryId>,
    /// In-sync replicas.
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<BrokerId>,
    /// The last leader, kept when ISR and ELR are empty.
    pub last_known_elr: Vec<BrokerId>,
    /// Being removed by a reassignment.
    pub removing: Vec<BrokerId>,
    /// Being added by a reassignment.
    pub adding: Vec<BrokerId>,
    /// NONE when there is none.
    pub leader: BrokerId,
    /// Whether the leader was elected uncleanly and has not recovered.
    pub recovering: bool,
    /// Grows whenever the leader is set.
    pub leader_epoch: i32,
    /// Grows with every change.
    pub partition_epoch: i32,
}

impl PartitionRecord {
    /// The log directory of a broker's replica, as far as it is known.
    pub fn directory_of(&self, broker: BrokerId) -> DirectoryId {
        let place = self.replicas.iter().position(|replica| *replica == broker);
        place.and_then(|place| self.directories.get(place)).copied().unwrap_or(DirectoryId::UNASSIGNED)
    }
}

/// What changed in a partition; none means unchanged. Replaying it adds one to the partition epoch, and one to the
/// leader epoch if `leader` is set.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PartitionChange {
    /// The topic.
    pub topic_id: TopicId,
    /// Its number.
    pub partition: PartitionIndex,
    /// New ISR.
    pub isr: Option<Vec<BrokerId>>,
    /// New leader; `Some(NONE)` for no leader.
    pub leader: Option<BrokerId>,
    /// New replicas.
    pub replicas: Option<Vec<BrokerId>>,
    /// New directories, one for each replica.
    pub directories: Option<Vec<DirectoryId>>,
    /// New removing replicas.
    pub removing: Option<Vec<BrokerId>>,
    /// New adding replicas.
    pub adding: Option<Vec<BrokerId>>,
    /// New recovery state.
    pub recovering: Option<bool>,
    /// New eligible leader replicas.
    pub elr: Option<Vec<BrokerId>>,
    /// New last known leader.
    pub last_known_elr: Option<Vec<BrokerId>>,
}

impl PartitionChange {
    /// Nobody is eligible any more, and nobody was the last to lead.
    pub fn clear_elr(partition: &PartitionRecord) -> PartitionChange {
        PartitionChange {
            topic_id: partition.topic_id,
            partition: partition.partition,
            elr: Some(Vec::new()),
            last_known_elr: Some(Vec::new()),
            ..PartitionChange::default()
        }
    }
}

/// Records that a controller appended together. They commit together.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetadataBatch {
    /// Offset of the first record.
    pub base_offset: i64,
    /// The Raft epoch it was appended in.
    pub epoch: i32,
    /// When it was appended, ms since the epoch.
    pub timestamp_ms: i64,
    /// At least one.
    pub records: Arc<Vec<MetadataRecord>>,
}

impl MetadataBatch {
    /// The offset after its last record.
    pub fn next_offset(&self) -> i64 {
        self.base_offset + self.records.len() as i64
    }
    /// Offsets and records.
    pub fn offsets(&self) -> impl Iterator<Item = (i64, &MetadataRecord)> {
        (self.base_offset..).zip(self.records.iter())
    }
    /// Whether a feature has another level after it.
    pub fn changes_features(&self) -> bool {
        self.records.iter().any(|record| matches!(record, MetadataRecord::FeatureLevel { .. }))
    }
    /// Whether one of the brokers' configs has another value after it.
    pub fn changes_broker_configs(&self) -> bool {
        let is_it = |record: &MetadataRecord| {
            matches!(record, MetadataRecord::Config { kind: crate::api::ConfigResourceKind::Broker, .. })
        };
        self.records.iter().any(is_it)
    }
    /// Bytes on disk and on the wire, to the order of magnitude: the flexible encoding is not modelled.
    pub fn size_in_bytes(&self) -> u64 {
        u64::from(crate::batch::BATCH_OVERHEAD) + 48 * self.records.len() as u64
    }
}

impl MetadataRecord {
    /// Whether it is one of Raft's own, and not of the controller.
    pub fn is_control(&self) -> bool {
        use MetadataRecord::{KRaftVersion, LeaderChange, SnapshotFooter, SnapshotHeader, Voters};
        matches!(self, LeaderChange { .. } | KRaftVersion { .. } | Voters(_) | SnapshotHeader { .. } | SnapshotFooter)
    }
    /// Kafka's name for its type, as `kafka-dump-log` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            MetadataRecord::RegisterBroker { .. } => "REGISTER_BROKER_RECORD",
            MetadataRecord::UnregisterBroker { .. } => "UNREGISTER_BROKER_RECORD",
            MetadataRecord::Topic { .. } => "TOPIC_RECORD",
            MetadataRecord::Partition(_) => "PARTITION_RECORD",
            MetadataRecord::Config { .. } => "CONFIG_RECORD",
            MetadataRecord::PartitionChange(_) => "PARTITION_CHANGE_RECORD",
            MetadataRecord::RemoveTopic { .. } => "REMOVE_TOPIC_RECORD",
            MetadataRecord::FeatureLevel { .. } => "FEATURE_LEVEL_RECORD",
            MetadataRecord::ProducerIds { .. } => "PRODUCER_IDS_RECORD",
            MetadataRecord::BrokerRegistrationChange { .. } => "BROKER_REGISTRATION_CHANGE_RECORD",
            MetadataRecord::NoOp => "NO_OP_RECORD",
            MetadataRecord::BeginTransaction { .. } => "BEGIN_TRANSACTION_RECORD",
            MetadataRecord::EndTransaction => "END_TRANSACTION_RECORD",
            MetadataRecord::RegisterController { .. } => "REGISTER_CONTROLLER_RECORD",
            MetadataRecord::ClearElr { .. } => "CLEAR_ELR_RECORD",
            MetadataRecord::LeaderChange { .. } => "LEADER_CHANGE",
            MetadataRecord::KRaftVersion { .. } => "KRAFT_VERSION",
            MetadataRecord::Voters(_) => "KRAFT_VOTERS",
            MetadataRecord::SnapshotHeader { .. } => "SNAPSHOT_HEADER",
            MetadataRecord::SnapshotFooter => "SNAPSHOT_FOOTER",
        }
    }
}
