//! What members of consumer groups say to each other through the coordinator (`ConsumerProtocol`), version 3.
//! User data is that of the sticky assignors (`StickyAssignor` v1, `CooperativeStickyAssignor` v0).

use protocol::api::join_group::{Subscription, UserData};
use protocol::{PartitionIndex, TopicName};

use super::DecodeError;
use protocol::wire::{Malformed, Reader, Writer};

const VERSION: i16 = 3;

/// `ConsumerProtocolSubscription` with its version in front.
pub fn encode_subscription(subscription: &Subscription) -> Vec<u8> {
    let w = Writer::new(VERSION).i32(subscription.topics.len() as i32);
    let w = subscription.topics.iter().fold(w, |w, topic| w.string(topic));
    let w = match &subscription.user_data {
        None => w.i32(-1),
        Some(UserData::Generation(generation)) => w.i32(4).i32(*generation),
        Some(UserData::Previous { previous, generation }) => {
            w.bytes(&write_partitions(Writer::default(), previous).i32(*generation).done())
        }
    };
    let w = write_partitions(w, &subscription.owned);
    w.i32(subscription.generation).nullable(subscription.rack.as_deref()).done()
}

/// Reads what [`encode_subscription`] wrote.
pub fn decode_subscription(bytes: &[u8]) -> Result<Subscription, DecodeError> {
    let mut r = Reader::new(bytes);
    check_version(&mut r)?;
    let count = r.i32()?;
    let topics = (0..count).map(|_| r.string()).collect::<Result<_, Malformed>>()?;
    let user_data = read_user_data(r.bytes()?)?;
    Ok(Subscription { topics, user_data, owned: read_partitions(&mut r)?, generation: r.i32()?, rack: r.nullable()? })
}

/// Nothing, a generation alone, or partitions and a generation.
fn read_user_data(bytes: &[u8]) -> Result<Option<UserData>, DecodeError> {
    let mut r = Reader::new(bytes);
    Ok(match bytes.len() {
        0 => None,
        4 => Some(UserData::Generation(r.i32()?)),
        _ => Some(UserData::Previous { previous: read_partitions(&mut r)?, generation: r.i32()? }),
    })
}

/// `ConsumerProtocolAssignment` with its version in front.
pub fn encode_assignment(assignment: &[(TopicName, PartitionIndex)]) -> Vec<u8> {
    write_partitions(Writer::new(VERSION), assignment).i32(-1).done()
}

/// Reads what [`encode_assignment`] wrote.
pub fn decode_assignment(bytes: &[u8]) -> Result<Vec<(TopicName, PartitionIndex)>, DecodeError> {
    let mut r = Reader::new(bytes);
    check_version(&mut r)?;
    read_partitions(&mut r)
}

fn check_version(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    match r.i16()? {
        VERSION => Ok(()),
        other => Err(DecodeError::UnknownVersion(other)),
    }
}

/// Runs of partitions of one topic, each as topic and list, so that the order survives.
fn write_partitions(w: Writer, partitions: &[(TopicName, PartitionIndex)]) -> Writer {
    let runs: Vec<&[(TopicName, PartitionIndex)]> = partitions.chunk_by(|a, b| a.0 == b.0).collect();
    runs.iter().fold(w.i32(runs.len() as i32), |w, run| {
        let w = w.string(&run[0].0).i32(run.len() as i32);
        run.iter().fold(w, |w, (_, partition)| w.i32(*partition))
    })
}

fn read_partitions(r: &mut Reader<'_>) -> Result<Vec<(TopicName, PartitionIndex)>, DecodeError> {
    let mut partitions = Vec::new();
    for _ in 0..r.i32()? {
        let topic = r.string()?;
        for _ in 0..r.i32()? {
            partitions.push((topic.clone(), r.i32()?));
        }
    }
    Ok(partitions)
}
