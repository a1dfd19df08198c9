//! The story: notes told in plain language, one sentence each.

use kernel::Stamped;
use protocol::Note;

use crate::observe::clock_ns;
use crate::say;
use crate::text::Text;

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
    pub text: Text,
}

/// Tells a note.
pub fn tell(stamped: &Stamped<Note>) -> StoryLine {
    let (level, text) = sentence(&stamped.note);
    StoryLine { event: stamped.event, at_ns: clock_ns(stamped.at), level, text }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn sentence(note: &Note) -> (Level, Text) {
    use Level::{Alarm, Detail, Event};
    match note {
        Note::BrokerState { broker, state } => (Event, say!("Broker {} is {}", broker, state)),
        Note::QuorumState { node, state: state @ "Leader", epoch, .. } => {
            (Event, say!("Controller {} leads the quorum in epoch {} ({})", node, epoch, state))
        }
        Note::QuorumState { node, state, epoch, .. } => {
            (Detail, say!("Node {} is {} in quorum epoch {}", node, state, epoch))
        }
        Note::BrokerRegistered { broker, broker_epoch } => {
            (Event, say!("Broker {} registered, broker epoch {}", broker, broker_epoch))
        }
        Note::BrokerFenced { broker, fenced: true } => {
            (Alarm, say!("Broker {} is fenced: no heartbeat, or it asked for it", broker))
        }
        Note::BrokerFenced { broker, fenced: false } => {
            (Event, say!("Broker {} is unfenced and may lead again", broker))
        }
        Note::TopicCreated { topic, partitions, replication_factor } => {
            (Event, say!("Topic {} exists: {} partitions, {} replicas each", topic, partitions, replication_factor))
        }
        Note::LogsRecovering { broker, logs, bytes, takes_ms } => (
            Event,
            say!(
                "Broker {} recovers its {} logs after an unclean stop: {} bytes to check, {} ms",
                broker,
                logs,
                bytes,
                takes_ms
            ),
        ),
        Note::LogDirFailed { node } => (Alarm, say!("Node {} shuts down: all its log directories have failed", node)),
        Note::NotFormatted { node, why } => (Alarm, say!("Node {} does not start: {}", node, why)),
        Note::MetadataTorn { node, to, high_watermark } => (
            Alarm,
            say!(
                "Node {} shuts down: the metadata leader asks it to cut its log off at {}, below what is committed, {}",
                node,
                to,
                high_watermark
            ),
        ),
        Note::LogDirOffline { broker, dir } => {
            (Alarm, say!("The log directory {} of broker {} has failed: what lies there is offline", dir, broker))
        }
        Note::TopicDeleted { topic } => (Event, say!("Topic {} is deleted", topic)),
        Note::LeaderElected { tp, leader, leader_epoch, unclean: true, .. } => (
            Alarm,
            say!(
                "Broker {} leads {} in epoch {}, elected uncleanly: acknowledged records may be gone",
                leader,
                tp,
                leader_epoch
            ),
        ),
        Note::LeaderElected { tp, leader, leader_epoch, previous, .. } => match leader.is_some() {
            true => (
                if previous.is_some() { Event } else { Detail },
                say!("Broker {} leads {} in epoch {}", leader, tp, leader_epoch),
            ),
            false => (Alarm, say!("{} has no leader (epoch {}); it was broker {}", tp, leader_epoch, previous)),
        },
        Note::IsrChanged { tp, isr, previous, .. } => (
            if isr.len() < previous.len() { Alarm } else { Event },
            say!("The ISR of {} is {} (it was {})", tp, list(isr), list(previous)),
        ),
        Note::Reassigned { tp, replicas, adding, removing } if adding.is_empty() && removing.is_empty() => {
            (Event, say!("{} moves no more: its replicas are {}", tp, list(replicas)))
        }
        Note::Reassigned { tp, adding, removing, .. } => {
            let text = match (adding.as_slice(), removing.as_slice()) {
                (to, []) => say!("{} is to move to {}", tp, list(to)),
                ([], from) => say!("{} is to move away from {}", tp, list(from)),
                (to, from) => say!("{} is to move to {}, away from {}", tp, list(to), list(from)),
            };
            (Event, text)
        }
        Note::Appended { tp, broker, as_leader, base, next, .. } => {
            let offsets = range(*base, *next);
            let text = match *as_leader {
                true => say!("Broker {} appends {} at {}", broker, tp, offsets),
                false => say!("Broker {} copies {} at {}", broker, tp, offsets),
            };
            (Detail, text)
        }
        Note::HighWatermark { tp, broker, offset } => {
            (Detail, say!("High watermark of {} on broker {} is {}", tp, broker, offset))
        }
        Note::Truncated { tp, broker, from, to } => {
            (Alarm, say!("Broker {} cuts {} at {} off: the leader's log differs", broker, tp, range(*to, *from)))
        }
        Note::ReplicaRemoved { tp, broker } => (Event, say!("Broker {} gives up its replica of {}", broker, tp)),
        Note::SegmentRolled { tp, broker, base } => {
            (Detail, say!("Broker {} rolls {}: a segment begins at {}", broker, tp, base))
        }
        Note::Compacted { tp, broker, cleaned_to, removed, kept } => {
            (Event, say!("Broker {} compacts {} up to {}; gone: {}, kept: {}", broker, tp, cleaned_to, removed, kept))
        }
        Note::SegmentsDeleted { tp, broker, log_start, .. } => {
            (Event, say!("Broker {} deletes old segments of {}: its log begins at {}", broker, tp, log_start))
        }
        Note::GroupState { group, state, generation, reason } => match reason.is_empty() {
            true => (Event, say!("Group {} is {}, generation {}", group, state, generation)),
            false => (Event, say!("Group {} is {}, generation {}: {}", group, state, generation, reason)),
        },
        Note::MemberJoined { group, member, .. } => (Event, say!("{} joins group {}", member, group)),
        Note::MemberLeft { group, member, reason } => (Event, say!("{} is out of group {}: {}", member, group, reason)),
        Note::OffsetsCommitted { group, offsets } => {
            let offsets: Vec<String> =
                offsets.iter().map(|(topic, partition, offset)| format!("{topic}-{partition}@{offset}")).collect();
            (Detail, say!("Group {} commits {}", group, list(&offsets)))
        }
        Note::Sent { tp, count: 1 } => (Detail, say!("One record for {} leaves a producer", tp)),
        Note::Sent { tp, count } => (Detail, say!("{} records for {} leave a producer", count, tp)),
        Note::Acked { tp, offset, acks, values, .. } => (
            Detail,
            say!("{} at {} acknowledged (acks={})", tp, range(*offset, offset + values.len() as i64), acks_name(*acks)),
        ),
        Note::SendFailed { tp, count, error } => {
            let text = match count {
                1 => say!("A producer gives up on a record for {}: {}", tp, error),
                _ => say!("A producer gives up on {} records for {}: {}", count, tp, error),
            };
            (Alarm, text)
        }
        Note::Delivered { client_id, tp, first, last, .. } => {
            (Detail, say!("{} gets {} at {}", client_id, tp, range(*first, last + 1)))
        }
        Note::Assigned { group, client_id, partitions, kept } => {
            let (new, old) = (partition_list(partitions), partition_list(kept));
            let text = match (partitions.is_empty(), kept.is_empty()) {
                (true, true) => say!("{} in {} is assigned nothing", client_id, group),
                (true, false) => say!("{} in {} keeps {}", client_id, group, old),
                (false, true) => say!("{} in {} is assigned {}", client_id, group, new),
                (false, false) => say!("{} in {} keeps {} and is assigned {}", client_id, group, old, new),
            };
            (Event, text)
        }
        Note::Revoked { group, client_id, partitions, kept, lost } => {
            let partitions = partition_list(partitions);
            let text = match (*lost, kept.is_empty()) {
                (true, _) => say!("{} in {} has lost {}", client_id, group, partitions),
                (false, true) => say!("{} in {} gives up {}", client_id, group, partitions),
                (false, false) => {
                    say!("{} in {} gives up {} and keeps {}", client_id, group, partitions, partition_list(kept))
                }
            };
            (Event, text)
        }
        Note::ClientError { client_id, api, error } => {
            (Detail, say!("{} is answered {} to {}", client_id, error, api.name()))
        }
        Note::Output { line, .. } => (Detail, say!("{}", line)),
    }
}

/// As one writes it.
pub(crate) fn acks_name(acks: i16) -> String {
    if acks < 0 { "all".to_owned() } else { acks.to_string() }
}

fn range(base: i64, next: i64) -> String {
    match next - base {
        1 => base.to_string(),
        _ => format!("{base}–{}", next - 1),
    }
}

fn partition_list(partitions: &[(protocol::TopicName, protocol::PartitionIndex)]) -> String {
    list(&partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>())
}
