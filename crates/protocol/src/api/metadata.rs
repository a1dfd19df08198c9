//! Metadata, api key 3: client->any broker. Brokers, and the topics and partitions asked for with their leaders.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicId, TopicName};
use super::{Name};

/// Metadata request (client->any broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetadataRequest {
    /// None means all.
    pub topics: Option<Vec<TopicName>>,
    /// Whether a missing topic may be created by asking.
    pub allow_auto_topic_creation: bool,
}

/// The answer to a Metadata request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetadataResponse {
    /// Live (unfenced) brokers.
    pub brokers: Vec<BrokerEndpoint>,
    /// The cluster's id.
    pub cluster_id: Name,
    /// KRaft: a random live broker, since clients never talk to the controller.
    pub controller: BrokerId,
    /// One for each topic asked.
    pub topics: Vec<TopicMetadata>,
}

/// Where a broker says it can be reached (advertised.listeners).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerEndpoint {
    /// Node.id.
    pub id: BrokerId,
    /// Advertised host name.
    pub host: Name,
    /// Advertised port.
    pub port: u16,
    /// Broker.rack.
    pub rack: Option<Name>,
}

/// A topic as this broker's metadata image has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TopicMetadata {
    /// E.g. UNKNOWN_TOPIC_OR_PARTITION.
    pub error: ErrorCode,
    /// The topic.
    pub name: TopicName,
    /// ZERO if unknown.
    pub topic_id: TopicId,
    /// `__consumer_offsets` and its kind.
    pub is_internal: bool,
    /// By number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition as this broker's metadata image has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartitionMetadata {
    /// LEADER_NOT_AVAILABLE when there is none.
    pub error: ErrorCode,
    /// Its number.
    pub partition: PartitionIndex,
    /// NONE when there is none.
    pub leader: BrokerId,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// In assignment order.
    pub replicas: Vec<BrokerId>,
    /// In-sync replicas.
    pub isr: Vec<BrokerId>,
    /// Replicas on brokers that are not live.
    pub offline_replicas: Vec<BrokerId>,
}

impl MetadataRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl MetadataResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        40 + 30 * self.brokers.len() as u64 + self.topics.iter().map(|t| 30 + t.name.len() as u64 + 60 * t.partitions.len() as u64).sum::<u64>()
    }
}
