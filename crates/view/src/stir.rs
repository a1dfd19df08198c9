//! What a note is on the timeline: whether it is told, its mark, and how much it stirs.

use protocol::{Note, is_internal_topic};

/// What the events that just ran were like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stir {
    /// Heartbeats, empty polls.
    Quiet,
    /// Records or members moved: worth slow motion.
    Busy,
    /// A story line worth a stop.
    Notable,
}

/// Whether a note belongs in the story: internal topics, the chatter of commits and what terminals show do not.
pub fn is_told(note: &Note) -> bool {
    match note {
        Note::Output { .. } | Note::OffsetsCommitted { .. } => false,
        Note::Appended { tp, .. }
        | Note::HighWatermark { tp, .. }
        | Note::SegmentRolled { tp, .. }
        | Note::Compacted { tp, .. }
        | Note::ReplicaRemoved { tp, .. }
        | Note::LeaderElected { tp, .. }
        | Note::IsrChanged { tp, .. }
        | Note::Reassigned { tp, .. } => !is_internal_topic(&tp.topic),
        _ => true,
    }
}

/// How much a note stirs.
pub fn stir(note: &Note) -> Stir {
    match note {
        _ if !is_told(note) => Stir::Quiet,
        Note::Appended { .. }
        | Note::HighWatermark { .. }
        | Note::Sent { .. }
        | Note::Acked { .. }
        | Note::Delivered { .. }
        | Note::SegmentRolled { .. }
        | Note::ClientError { .. }
        | Note::QuorumState { .. } => Stir::Busy,
        _ => Stir::Notable,
    }
}

/// What the timeline has a lane for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lane {
    /// What a person did.
    Acts,
    /// Processes: brokers, controllers, who leads the quorum.
    Processes,
    /// Leaders, ISRs, topics.
    Partitions,
    /// Groups and who owns what.
    Groups,
    /// Records, and what became of them.
    Records,
}

/// The lane of a note.
pub fn lane(note: &Note) -> Lane {
    match note {
        Note::BrokerState { .. }
        | Note::LogsRecovering { .. }
        | Note::LogDirFailed { .. }
        | Note::NotFormatted { .. }
        | Note::MetadataTorn { .. }
        | Note::LogDirOffline { .. }
        | Note::QuorumState { .. }
        | Note::BrokerRegistered { .. }
        | Note::BrokerFenced { .. } => Lane::Processes,
        Note::TopicCreated { .. }
        | Note::TopicDeleted { .. }
        | Note::LeaderElected { .. }
        | Note::IsrChanged { .. }
        | Note::Reassigned { .. }
        | Note::ReplicaRemoved { .. } => Lane::Partitions,
        Note::GroupState { .. }
        | Note::MemberJoined { .. }
        | Note::MemberLeft { .. }
        | Note::OffsetsCommitted { .. }
        | Note::Assigned { .. }
        | Note::Revoked { .. } => Lane::Groups,
        Note::Appended { .. }
        | Note::HighWatermark { .. }
        | Note::Truncated { .. }
        | Note::SegmentRolled { .. }
        | Note::SegmentsDeleted { .. }
        | Note::Compacted { .. }
        | Note::Sent { .. }
        | Note::Acked { .. }
        | Note::SendFailed { .. }
        | Note::Delivered { .. }
        | Note::ClientError { .. }
        | Note::Output { .. } => Lane::Records,
    }
}

/// The mark of a note on the timeline.
pub fn glyph(note: &Note) -> &'static str {
    match note {
        Note::LeaderElected { .. } => "♛",
        Note::IsrChanged { isr, previous, .. } if isr.len() < previous.len() => "−",
        Note::IsrChanged { .. } => "+",
        Note::BrokerFenced { fenced: true, .. }
        | Note::LogDirFailed { .. }
        | Note::NotFormatted { .. }
        | Note::MetadataTorn { .. }
        | Note::LogDirOffline { .. } => "⊘",
        Note::BrokerFenced { .. }
        | Note::BrokerRegistered { .. }
        | Note::BrokerState { .. }
        | Note::LogsRecovering { .. } => "◈",
        Note::QuorumState { .. } => "✚",
        Note::TopicCreated { .. } | Note::TopicDeleted { .. } | Note::Reassigned { .. } => "▤",
        Note::Truncated { .. }
        | Note::SegmentsDeleted { .. }
        | Note::Compacted { .. }
        | Note::ReplicaRemoved { .. } => "⌁",
        Note::GroupState { .. } | Note::MemberJoined { .. } | Note::MemberLeft { .. } => "◆",
        Note::Assigned { .. } | Note::Revoked { .. } => "◇",
        Note::SendFailed { .. } | Note::ClientError { .. } => "✕",
        Note::Appended { .. } => "▪",
        Note::HighWatermark { .. } => "⚑",
        Note::Sent { .. } => "●",
        Note::Acked { .. } => "✓",
        Note::Delivered { .. } => "▲",
        Note::SegmentRolled { .. } | Note::OffsetsCommitted { .. } | Note::Output { .. } => "·",
    }
}
