//! Two pocket calculators: where a key goes, and where replicas go. They are the engine's own functions.

use protocol::hashing::{crc32, murmur2, to_positive};
use protocol::java_random::Lcg;
use protocol::{BrokerId, placement};

use crate::scenario::Family;

/// Where a key goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPartition {
    /// The partition; none if the client chooses at random.
    pub partition: Option<i32>,
    /// The client's hash of the key.
    pub hash: i64,
    /// How the partition comes of it.
    pub reason: String,
}

/// The partition a client of `family` gives `key` on a topic with `partitions` (at least 1) partitions.
pub fn partition_of(key: &[u8], partitions: i32, family: Family) -> KeyPartition {
    match family {
        Family::Java => {
            let (hash, positive) = (murmur2(key), to_positive(murmur2(key)));
            let reason = format!("(murmur2(key) & 0x7fffffff) % {partitions} = {positive} % {partitions}");
            KeyPartition { partition: Some(positive % partitions), hash: hash.into(), reason }
        }
        Family::Librdkafka if key.is_empty() => {
            let reason = "librdkafka's consistent_random partitioner takes an empty key for no key: a random partition";
            KeyPartition { partition: None, hash: crc32(key).into(), reason: reason.into() }
        }
        Family::Librdkafka => {
            let hash = crc32(key);
            let partition = (hash % partitions.unsigned_abs()) as i32;
            KeyPartition {
                partition: Some(partition),
                hash: hash.into(),
                reason: format!("crc32(key) % {partitions} = {hash} % {partitions}"),
            }
        }
    }
}

/// Where a controller places the replicas of a new topic, with `java.util.Random(java_random_seed)` for its draws:
/// the replicas of each partition, the first one leading. Brokers are ids with racks.
///
/// # Errors
/// Kafka's text when there are not enough brokers.
pub fn place(
    java_random_seed: i64,
    brokers: &[(i32, Option<String>)],
    partitions: i32,
    replicas: i32,
) -> Result<Vec<Vec<i32>>, String> {
    let usable = brokers.iter().map(|(id, rack)| placement::UsableBroker {
        id: BrokerId(*id),
        rack: rack.as_deref().map(Into::into),
        fenced: false,
    });
    let usable: Vec<_> = usable.collect();
    let placed = placement::place(&mut Lcg::new(java_random_seed), &usable, partitions, replicas)?;
    Ok(placed.into_iter().map(|replicas| replicas.into_iter().map(|id| id.0).collect()).collect())
}
