//! DescribeTopicPartitions, api key 75: admin->broker. Topics with their partitions, ELR included (KIP-966).

use crate::error::ErrorCode;
use crate::ids::{BrokerId, PartitionIndex, TopicId, TopicName};

/// DescribeTopicPartitions request (admin->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeTopicPartitionsRequest {
    /// Which; none: all.
    pub topics: Vec<TopicName>,
    /// The most partitions it takes in one answer.
    pub partition_limit: i32,
    /// Where the last answer ended.
    pub cursor: Option<Cursor>,
}

/// Where the next answer begins.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cursor {
    /// Topics before it have been described.
    pub topic: TopicName,
    /// Its partitions before this one, too.
    pub partition: PartitionIndex,
}

/// The answer to a DescribeTopicPartitions request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeTopicPartitionsResponse {
    /// One each, by name; the last one may be a part of it.
    pub topics: Vec<DescribedTopic>,
    /// There is more.
    pub next_cursor: Option<Cursor>,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedTopic {
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub error: ErrorCode,
    /// Its name.
    pub name: TopicName,
    /// ZERO if unknown.
    pub topic_id: TopicId,
    /// `__consumer_offsets` and its kind.
    pub is_internal: bool,
    /// By number.
    pub partitions: Vec<DescribedPartition>,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedPartition {
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
    /// Eligible leader replicas.
    pub elr: Vec<BrokerId>,
    /// The last leader when ISR and ELR are empty.
    pub last_known_elr: Vec<BrokerId>,
    /// Replicas on brokers that are not live.
    pub offline_replicas: Vec<BrokerId>,
}

impl DescribeTopicPartitionsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DescribeTopicPartitionsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
