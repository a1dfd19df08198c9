//! Kinds of notes, so that an invariant is shown only those it looks at: most notes are of no interest to most invariants.

use protocol::Note;

/// A set of kinds of notes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kinds(u64);

macro_rules! kinds {
    ($($name:ident)*) => {
        /// The kind of a note: the name of its variant.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs)]
        pub enum Kind { $($name,)* }

        impl Kind {
            /// The kind of a note.
            pub fn of(note: &Note) -> Kind {
                match note { $(Note::$name { .. } => Kind::$name,)* }
            }
            /// Every kind, with its name.
            #[cfg(test)]
            pub(super) const ALL: &[(&str, Kind)] = &[$((stringify!($name), Kind::$name),)*];
        }
    };
}

kinds! {
    BrokerState QuorumState LogsRecovering LogDirFailed NotFormatted MetadataTorn LogDirOffline BrokerRegistered BrokerFenced TopicCreated TopicDeleted
    LeaderElected IsrChanged Reassigned Appended HighWatermark Truncated ReplicaRemoved SegmentRolled SegmentsDeleted Compacted
    GroupState MemberJoined MemberLeft OffsetsCommitted Sent Acked SendFailed Delivered Assigned Revoked ClientError Output
}

impl Kinds {
    /// A set of these.
    pub const fn of(kinds: &[Kind]) -> Kinds {
        let (mut set, mut at) = (0, 0);
        while at < kinds.len() {
            set |= 1 << kinds[at] as u64;
            at += 1;
        }
        Kinds(set)
    }
    /// Whether a kind is one of them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 >> kind as u64 & 1 == 1
    }
    pub(super) const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}
