//! The story: notes told in plain language, one sentence each.

use kernel::Stamped;
use protocol::Note;

use crate::observe::clock_ns;

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// One of many of its kind.
    Detail,
    /// Worth reading.
    Event,
    /// Worth stopping for.
    Alarm,
}

/// A line of the story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoryLine {
    /// After which event.
    pub event: u64,
    /// When, on the run's clock, ns.
    pub at_ns: u64,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub text: String,
}

/// Tells a note.
pub fn tell(stamped: &Stamped<Note>) -> StoryLine {
    let (level, text) = sentence(&stamped.note);
    StoryLine { event: stamped.event, at_ns: clock_ns(stamped.at), level, text }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn sentence(note: &Note) -> (Level, String) {
    use Level::{Alarm, Detail, Event};
    match note {
        Note::BrokerState { broker, state } => (Event, format!("Broker {broker} is {state}")),
        Note::QuorumState { node, state: state @ "Leader", epoch, .. } => {
            (Event, format!("Controller {node} leads the quorum in epoch {epoch} ({state})"))
        }
        Note::QuorumState { node, state, epoch, .. } => {
            (Detail, format!("Node {node} is {state} in quorum epoch {epoch}"))
        }
        Note::BrokerRegistered { broker, broker_epoch } => {
            (Event, format!("Broker {broker} registered, broker epoch {broker_epoch}"))
        }
        Note::BrokerFenced { broker, fenced: true } => {
            (Alarm, format!("Broker {broker} is fenced: no heartbeat, or it asked for it"))
        }
        Note::BrokerFenced { broker, fenced: false } => {
            (Event, format!("Broker {broker} is unfenced and may lead again"))
        }
        Note::TopicCreated { topic, partitions, replication_factor } => {
            (Event, format!("Topic {topic} exists: {partitions} partitions, {replication_factor} replicas each"))
        }
        Note::TopicDeleted { topic } => (Event, format!("Topic {topic} is deleted")),
        Note::LeaderElected { tp, leader, leader_epoch, unclean: true, .. } => (
            Alarm,
            format!(
                "Broker {leader} leads {tp} in epoch {leader_epoch}, elected uncleanly: acknowledged records may be gone"
            ),
        ),
        Note::LeaderElected { tp, leader, leader_epoch, previous, .. } => match leader.is_some() {
            true => (
                if previous.is_some() { Event } else { Detail },
                format!("Broker {leader} leads {tp} in epoch {leader_epoch}"),
            ),
            false => (Alarm, format!("{tp} has no leader (epoch {leader_epoch}); it was broker {previous}")),
        },
        Note::IsrChanged { tp, isr, previous, .. } => (
            if isr.len() < previous.len() { Alarm } else { Event },
            format!("The ISR of {tp} is {} (it was {})", list(isr), list(previous)),
        ),
        Note::Reassigned { tp, replicas, adding, removing } if adding.is_empty() && removing.is_empty() => {
            (Event, format!("{tp} moves no more: its replicas are {}", list(replicas)))
        }
        Note::Reassigned { tp, adding, removing, .. } => {
            let part = |word: &str, brokers: &[protocol::BrokerId]| match brokers {
                [] => String::new(),
                some => format!(" {word} {}", list(some)),
            };
            (Event, format!("{tp} is to move:{}{}", part("to", adding), part("away from", removing)))
        }
        Note::Appended { tp, broker, as_leader, base, next, .. } => {
            let how = if *as_leader { "appends" } else { "copies" };
            (Detail, format!("Broker {broker} {how} {tp} {}", range(*base, *next)))
        }
        Note::HighWatermark { tp, broker, offset } => {
            (Detail, format!("High watermark of {tp} on broker {broker} is {offset}"))
        }
        Note::Truncated { tp, broker, from, to } => {
            (Alarm, format!("Broker {broker} cuts {tp} {} off: the leader's log differs", range(*to, *from)))
        }
        Note::ReplicaRemoved { tp, broker } => (Event, format!("Broker {broker} gives up its replica of {tp}")),
        Note::SegmentRolled { tp, broker, base } => {
            (Detail, format!("Broker {broker} rolls {tp}: a segment begins at {base}"))
        }
        Note::Compacted { tp, broker, cleaned_to, removed, kept } => {
            (Event, format!("Broker {broker} compacts {tp} up to {cleaned_to}; gone: {removed}, kept: {kept}"))
        }
        Note::SegmentsDeleted { tp, broker, log_start, .. } => {
            (Event, format!("Broker {broker} deletes old segments of {tp}: its log begins at {log_start}"))
        }
        Note::GroupState { group, state, generation, reason } => match reason.is_empty() {
            true => (Event, format!("Group {group} is {state}, generation {generation}")),
            false => (Event, format!("Group {group} is {state}, generation {generation}: {reason}")),
        },
        Note::MemberJoined { group, member, .. } => (Event, format!("{member} joins group {group}")),
        Note::MemberLeft { group, member, reason } => (Event, format!("{member} is out of group {group}: {reason}")),
        Note::OffsetsCommitted { group, offsets } => {
            let offsets: Vec<String> =
                offsets.iter().map(|(topic, partition, offset)| format!("{topic}-{partition}@{offset}")).collect();
            (Detail, format!("Group {group} commits {}", list(&offsets)))
        }
        Note::Sent { tp, count } => (Detail, format!("{count} records for {tp} leave a producer")),
        Note::Acked { tp, offset, acks, value_hashes } => {
            (Detail, format!("{tp} {} acknowledged (acks={acks})", range(*offset, offset + value_hashes.len() as i64)))
        }
        Note::SendFailed { tp, count, error } => {
            (Alarm, format!("A producer gives up on {count} records for {tp}: {error}"))
        }
        Note::Delivered { client_id, tp, first, last, .. } => {
            (Detail, format!("{client_id} gets {tp} {}", range(*first, last + 1)))
        }
        Note::Assigned { group, client_id, partitions } => {
            (Event, format!("{client_id} in {group} is assigned {}", partition_list(partitions)))
        }
        Note::Revoked { group, client_id, partitions, lost } => {
            let how = if *lost { "has lost" } else { "gives up" };
            (Event, format!("{client_id} in {group} {how} {}", partition_list(partitions)))
        }
        Note::ClientError { client_id, api, error } => {
            (Detail, format!("{client_id} is answered {error} to {}", api.name()))
        }
        Note::Output { line, .. } => (Detail, line.to_string()),
    }
}

fn range(base: i64, next: i64) -> String {
    match next - base {
        1 => format!("offset {base}"),
        _ => format!("offsets {base}–{}", next - 1),
    }
}

fn partition_list(partitions: &[(protocol::TopicName, protocol::PartitionIndex)]) -> String {
    match partitions {
        [] => "nothing".into(),
        some => some.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>().join(", "),
    }
}
