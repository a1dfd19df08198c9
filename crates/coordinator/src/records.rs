//! The records of `__consumer_offsets`, byte for byte (`OffsetCommitKey` v1, `OffsetCommitValue` v3, `GroupMetadataKey`
//! v2, `GroupMetadataValue` v3, and within it `ConsumerProtocolSubscription` v3 and `ConsumerProtocolAssignment` v3).
//! Big-endian, not flexible.

mod consumer_protocol;

use protocol::api::Name;
use protocol::api::join_group::Subscription;
use protocol::{GroupId, PartitionIndex, Record, TopicName, gap};

use crate::hard::{CommittedOffset, GroupRecord, MemberRecord};
pub use consumer_protocol::{decode_assignment, decode_subscription, encode_assignment, encode_subscription};
use protocol::wire::{Malformed, Reader, Writer};

gap!("OffsetCommitValue v4 (topic id) and records of the new group protocols", "KIP-848, KIP-932, KIP-1071");

const OFFSET_KEY_VERSION: i16 = 1;
const OFFSET_VALUE_VERSION: i16 = 3;
const GROUP_KEY_VERSION: i16 = 2;
const GROUP_VALUE_VERSION: i16 = 3;

/// A record, taken apart. No value: a tombstone.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// A group's metadata.
    Group {
        /// The group.
        group: GroupId,
        /// What it says.
        value: Option<GroupRecord>,
    },
    /// A committed offset.
    Offset {
        /// The group.
        group: GroupId,
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// What it says (`record_offset` is −1).
        value: Option<CommittedOffset>,
    },
}

/// Why bytes are no record of this topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum DecodeError {
    /// The record has no key.
    NoKey,
    /// A key or value of this version is not known.
    UnknownVersion(i16),
    /// The bytes end, or are no text, at this position.
    Malformed(usize),
}

impl From<Malformed> for DecodeError {
    fn from(at: Malformed) -> DecodeError {
        DecodeError::Malformed(at.0)
    }
}

/// Subscribed to nothing.
pub(crate) fn empty_subscription() -> Subscription {
    Subscription { topics: Vec::new(), user_data: None, owned: Vec::new(), generation: -1, rack: None }
}

/// The record of a group.
pub fn group_record(now_ms: i64, group: &str, value: &GroupRecord) -> Record {
    Record::new(now_ms, Some(&group_key(group)), Some(&group_value(value)))
}
/// The tombstone of a group.
pub fn group_tombstone(now_ms: i64, group: &str) -> Record {
    Record::new(now_ms, Some(&group_key(group)), None)
}
/// The record of a committed offset.
pub fn offset_record(
    now_ms: i64,
    group: &str,
    topic: &str,
    partition: PartitionIndex,
    value: &CommittedOffset,
) -> Record {
    Record::new(now_ms, Some(&offset_key(group, topic, partition)), Some(&offset_value(value)))
}
/// The tombstone of a committed offset.
pub fn offset_tombstone(now_ms: i64, group: &str, topic: &str, partition: PartitionIndex) -> Record {
    Record::new(now_ms, Some(&offset_key(group, topic, partition)), None)
}

fn group_key(group: &str) -> Vec<u8> {
    Writer::new(GROUP_KEY_VERSION).string(group).done()
}

fn offset_key(group: &str, topic: &str, partition: PartitionIndex) -> Vec<u8> {
    Writer::new(OFFSET_KEY_VERSION).string(group).string(topic).i32(partition).done()
}

fn offset_value(value: &CommittedOffset) -> Vec<u8> {
    let w = Writer::new(OFFSET_VALUE_VERSION).i64(value.offset).i32(value.leader_epoch);
    w.string(&value.metadata).i64(value.commit_timestamp_ms).done()
}

fn group_value(value: &GroupRecord) -> Vec<u8> {
    let w = Writer::new(GROUP_VALUE_VERSION).string(&value.protocol_type).i32(value.generation);
    let w = w.nullable(value.protocol.as_deref()).nullable(value.leader.as_deref()).i64(value.state_timestamp_ms);
    let w = w.i32(value.members.len() as i32);
    value.members.iter().fold(w, write_member).done()
}

fn write_member(w: Writer, member: &MemberRecord) -> Writer {
    let w = w.string(&member.member).nullable(member.group_instance_id.as_deref());
    let w = w.string(&member.client_id).string(&member.client_host);
    let w = w.i32(member.rebalance_timeout_ms).i32(member.session_timeout_ms);
    let subscription = member.subscription.as_ref().map(encode_subscription).unwrap_or_default();
    let assignment = if member.assignment.is_empty() { Vec::new() } else { encode_assignment(&member.assignment) };
    w.bytes(&subscription).bytes(&assignment)
}

/// Takes a record apart.
pub fn decode(record: &Record) -> Result<Entry, DecodeError> {
    let mut key = Reader::new(record.key.as_deref().ok_or(DecodeError::NoKey)?);
    match key.i16()? {
        0 | OFFSET_KEY_VERSION => {
            let (group, topic, partition) = (key.string()?, key.string()?, key.i32()?);
            Ok(Entry::Offset { group, topic, partition, value: record.value.as_deref().map(read_offset).transpose()? })
        }
        GROUP_KEY_VERSION => {
            Ok(Entry::Group { group: key.string()?, value: record.value.as_deref().map(read_group).transpose()? })
        }
        other => Err(DecodeError::UnknownVersion(other)),
    }
}

fn read_offset(bytes: &[u8]) -> Result<CommittedOffset, DecodeError> {
    let mut r = Reader::new(bytes);
    match r.i16()? {
        OFFSET_VALUE_VERSION => {
            let (offset, leader_epoch, metadata, commit_timestamp_ms) = (r.i64()?, r.i32()?, r.string()?, r.i64()?);
            Ok(CommittedOffset { offset, leader_epoch, metadata, commit_timestamp_ms, record_offset: -1 })
        }
        other => Err(DecodeError::UnknownVersion(other)),
    }
}

fn read_group(bytes: &[u8]) -> Result<GroupRecord, DecodeError> {
    let mut r = Reader::new(bytes);
    match r.i16()? {
        GROUP_VALUE_VERSION => {
            let (protocol_type, generation): (Name, i32) = (r.string()?, r.i32()?);
            let (protocol, leader, state_timestamp_ms) = (r.nullable()?, r.nullable()?, r.i64()?);
            let count = r.i32()?;
            let members = (0..count).map(|_| read_member(&mut r)).collect::<Result<_, _>>()?;
            Ok(GroupRecord { protocol_type, generation, protocol, leader, state_timestamp_ms, members })
        }
        other => Err(DecodeError::UnknownVersion(other)),
    }
}

fn read_member(r: &mut Reader<'_>) -> Result<MemberRecord, DecodeError> {
    let (member, group_instance_id) = (r.string()?, r.nullable()?);
    let (client_id, client_host) = (r.string()?, r.string()?);
    let (rebalance_timeout_ms, session_timeout_ms) = (r.i32()?, r.i32()?);
    let (subscription, assignment) = (r.bytes()?, r.bytes()?);
    let subscription = if subscription.is_empty() { None } else { Some(decode_subscription(subscription)?) };
    let assignment = if assignment.is_empty() { Vec::new() } else { decode_assignment(assignment)? };
    Ok(MemberRecord {
        member,
        group_instance_id,
        client_id,
        client_host,
        rebalance_timeout_ms,
        session_timeout_ms,
        subscription,
        assignment,
    })
}
