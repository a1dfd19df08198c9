//! Names and numbers of things, each with its own type.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// `node.id` of a broker or controller. −1 means none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct BrokerId(pub i32);

impl BrokerId {
    /// No broker: a partition without leader, a quorum without known leader.
    pub const NONE: BrokerId = BrokerId(-1);
    /// Whether this names a broker.
    pub fn is_some(self) -> bool {
        self.0 >= 0
    }
}

/// A topic's name.
pub type TopicName = Arc<str>;

/// Where group coordinators write down groups and committed offsets (`Topic#GROUP_METADATA_TOPIC_NAME`).
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Topics that only brokers write to, and that clients are told are internal (`Topic.INTERNAL_TOPICS`).
const INTERNAL_TOPICS: [&str; 3] = [OFFSETS_TOPIC, "__transaction_state", "__share_group_state"];

/// Whether a topic of that name is Kafka's own.
pub fn is_internal_topic(name: &str) -> bool {
    INTERNAL_TOPICS.contains(&name)
}

/// A consumer group's name, `group.id`.
pub type GroupId = Arc<str>;
/// A member's id within a group, as given out by the coordinator.
pub type MemberId = Arc<str>;
/// The number of a partition in its topic.
pub type PartitionIndex = i32;
/// A producer's id. −1 means none.
pub type ProducerId = i64;

/// A topic's unique id, a UUID (KIP-516). A topic that is deleted and created anew has another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TopicId(pub u128);

impl TopicId {
    /// No topic (all bits zero).
    pub const ZERO: TopicId = TopicId(0);
    /// The topic id of `__cluster_metadata` (`Uuid.METADATA_TOPIC_ID`).
    pub const METADATA: TopicId = TopicId(1);

    /// A random (version 4) UUID from 128 random bits, with version and variant bits set
    /// as `java.util.UUID.randomUUID` does.
    pub fn from_random_bits(bits: u128) -> TopicId {
        let versioned = (bits & !(0xf_u128 << 76)) | (0x4_u128 << 76);
        TopicId((versioned & !(0b11_u128 << 62)) | (0b10_u128 << 62))
    }

    /// Reads a UUID as [`TopicId`] prints it; Java's words for what is wrong (`Uuid#fromString`).
    pub fn parse(text: &str) -> Result<TopicId, String> {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        if text.len() > 24 {
            let prefix: String = text.chars().take(24).collect();
            return Err(format!("Input string with prefix `{prefix}` is too long to be decoded as a base64 UUID"));
        }
        let digits = text.trim_end_matches('=');
        let mut bits = 0_u128;
        for (at, byte) in digits.bytes().enumerate() {
            let digit = LETTERS.iter().position(|letter| *letter == byte);
            let digit = digit.ok_or_else(|| format!("Illegal base64 character {byte:x}"))?;
            bits = if at == 21 { bits << 2 | digit as u128 >> 4 } else { bits << 6 | digit as u128 };
        }
        match digits.len() {
            // 132 bits, of which the last four say nothing.
            22 => Ok(TopicId(bits)),
            odd if odd % 4 == 1 => Err("Last unit does not have enough valid bits".to_owned()),
            other => Err(format!(
                "Input string `{text}` decoded as {} bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID",
                other * 3 / 4
            )),
        }
    }
}

/// 22 characters of base64url without padding, as Kafka prints UUIDs (`Uuid#toString`).
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::with_capacity(22);
        for i in 0..21 {
            text.push(char::from(ALPHABET[(self.0 >> (122 - 6 * i)) as usize & 63]));
        }
        text.push(char::from(ALPHABET[(self.0 << 4) as usize & 63]));
        f.write_str(&text)
    }
}

/// The id of a log directory of a broker, a UUID (`directory.id`, KIP-858).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DirectoryId(pub u128);

impl DirectoryId {
    /// It is not known yet which.
    pub const UNASSIGNED: DirectoryId = DirectoryId(1);
    /// One that is offline, whichever it is.
    pub const LOST: DirectoryId = DirectoryId(2);

    /// Whether no directory may have it (`org.apache.kafka.common.DirectoryId#reserved`, whose lower half has a sign).
    pub fn is_reserved(self) -> bool {
        self.0 >> 64 == 0 && (self.0 as u64).cast_signed() < 100
    }
}

impl fmt::Display for DirectoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TopicId(self.0).fmt(f)
    }
}

/// A partition by topic name, as clients and tools name it.
#[derive(Clone, Debug)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: impl Into<TopicName>, partition: PartitionIndex) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }
}

/// By name, then by number. Names are mostly the same copy, which needs no look at their letters.
impl Ord for TopicPartition {
    fn cmp(&self, other: &TopicPartition) -> Ordering {
        let topics = match Arc::ptr_eq(&self.topic, &other.topic) {
            true => Ordering::Equal,
            false => self.topic.cmp(&other.topic),
        };
        topics.then(self.partition.cmp(&other.partition))
    }
}
impl PartialOrd for TopicPartition {
    fn partial_cmp(&self, other: &TopicPartition) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for TopicPartition {
    fn eq(&self, other: &TopicPartition) -> bool {
        self.partition == other.partition && (Arc::ptr_eq(&self.topic, &other.topic) || self.topic == other.topic)
    }
}
impl Eq for TopicPartition {}
impl Hash for TopicPartition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.topic.hash(state);
        self.partition.hash(state);
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_prints_as_kafka_prints_it() {
        // Uuid.METADATA_TOPIC_ID prints this way in Kafka's logs.
        assert_eq!(TopicId::METADATA.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId::from_random_bits(u128::MAX).to_string().len(), 22);
    }
}
