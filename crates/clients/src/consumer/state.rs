//! What a consumer keeps: partitions with their positions, fetched data, its membership, commits under way.

use std::collections::VecDeque;

use kernel::{Address, Time};
use ordered::SortedSet;
use protocol::api::Name;
use protocol::api::join_group::JoinMember;
use protocol::{Batch, BrokerId, MemberId, TopicId, TopicName, TopicPartition};

use crate::StartAt;

/// What an assigned partition waits for (`SubscriptionState.FetchState`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Seek {
    /// The group's committed offset.
    Committed,
    /// An offset that its leader must look up (AWAIT_RESET).
    LookUp(StartAt),
    /// Its leader's word that nothing before its position was cut off (AWAIT_VALIDATION).
    Validate,
    /// Nothing: it has a position (FETCHING).
    Done,
}

/// An assigned partition.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Partition {
    /// The assignment it came with; answers to what was asked for an earlier one do not count.
    pub(crate) since: u64,
    pub(crate) seek: Seek,
    /// The next offset to hand out.
    pub(crate) position: Option<i64>,
    /// Leader epoch of the last record handed out; −1 unknown.
    pub(crate) epoch: i32,
    /// The leader, with its epoch, for which the position is known to be right.
    pub(crate) leader: Option<(BrokerId, i32)>,
    /// The replica its leader sent it to, and until when it reads there (KIP-392).
    pub(crate) preferred: Option<(BrokerId, Time)>,
    /// librdkafka: the offset stored for the next commit.
    pub(crate) stored: Option<i64>,
    /// The last offset committed by this consumer.
    pub(crate) committed: Option<i64>,
    /// Since when a look-up of its offset waits for a connection to its leader.
    pub(crate) waits_since: Option<Time>,
    /// A look-up of its offset is under way.
    pub(crate) is_asked: bool,
    pub(crate) not_before: Time,
}

impl Partition {
    pub(crate) fn new(start: StartAt, since: u64) -> Partition {
        let (seek, position) = match start {
            StartAt::Committed => (Seek::Committed, None),
            StartAt::Offset(offset) => (Seek::Done, Some(offset)),
            StartAt::Earliest | StartAt::Latest | StartAt::Timestamp(_) | StartAt::Ago(_) => {
                (Seek::LookUp(start), None)
            }
        };
        Partition {
            since,
            seek,
            position,
            epoch: -1,
            leader: None,
            preferred: None,
            stored: None,
            committed: None,
            waits_since: None,
            is_asked: false,
            not_before: Time::ZERO,
        }
    }
}

/// A position as it was when its leader was asked about it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Validating {
    pub(crate) tp: TopicPartition,
    pub(crate) position: Option<i64>,
    pub(crate) epoch: i32,
    pub(crate) leader: Option<(BrokerId, i32)>,
}

impl Validating {
    pub(crate) fn of(tp: &TopicPartition, partition: &Partition) -> Validating {
        let (position, epoch, leader) = (partition.position, partition.epoch, partition.leader);
        Validating { tp: tp.clone(), position, epoch, leader }
    }
}

/// Data of one partition that has been fetched and not handed out, or an error that is told in its turn (`CompletedFetch`).
#[derive(Clone, Hash, Debug)]
pub(crate) struct Completed {
    pub(crate) tp: TopicPartition,
    /// Of which topic of that name.
    pub(crate) topic_id: TopicId,
    pub(crate) batches: VecDeque<Batch>,
    /// There is no data: this position is outside the log, and no policy says what then.
    pub(crate) out_of_range: Option<i64>,
}

/// What partitions come from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Subscription {
    None,
    Topics(Vec<TopicName>),
    /// The topics that match a pattern, as far as metadata has told.
    Pattern(Vec<TopicName>),
    Assigned,
}

/// Where the group's coordinator is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Coordinator {
    Unknown { not_before: Time, tries: u32 },
    Finding { tries: u32 },
    Known(BrokerId, Address),
}

/// Where a member stands.
///
/// Unjoined → Preparing (commit, give up partitions) → Joining → [Assigning, the leader] → Syncing → Stable;
/// Stable → Preparing on a rejoin; any → Unjoined when a request fails.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum GroupPhase {
    Unjoined,
    /// The commit before giving up partitions is under way.
    Preparing {
        commit: u64,
    },
    Joining,
    /// The leader waits for metadata of the group's topics.
    Assigning {
        members: Vec<JoinMember>,
        metadata_after: u64,
    },
    Syncing,
    Stable,
}

impl GroupPhase {
    /// Whether the member has asked for the next generation and is not in it yet.
    pub(crate) fn is_between_generations(&self) -> bool {
        matches!(self, GroupPhase::Joining | GroupPhase::Assigning { .. } | GroupPhase::Syncing)
    }
}

/// Racks of each partition of a topic, which count only if the leader has a rack; none: there was no such topic.
pub(crate) type Watched = Option<Vec<SortedSet<Name>>>;

/// A consumer's membership in its group.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Membership {
    pub(crate) coordinator: Coordinator,
    /// How often it was found since one could be reached.
    pub(crate) finds: u32,
    pub(crate) phase: GroupPhase,
    pub(crate) member: MemberId,
    pub(crate) generation: i32,
    pub(crate) protocol: Name,
    pub(crate) rejoin: Option<&'static str>,
    pub(crate) not_before: Time,
    pub(crate) attempts: u32,
    pub(crate) heartbeat_due: Time,
    pub(crate) heartbeat_in_flight: bool,
    pub(crate) session_ends: Time,
    /// The topics that it joined with; none: it never has.
    pub(crate) joined_topics: Option<Vec<TopicName>>,
    /// The metadata that its subscription was compared with last.
    pub(crate) metadata_seen: u64,
    /// It waits for metadata newer than this before it goes on with joining.
    pub(crate) metadata_awaited: Option<u64>,
    /// It has known the positions of all its partitions once.
    pub(crate) has_read: bool,
    /// As leader: the group's topics as the assignment was made with.
    pub(crate) watched: Option<Vec<(TopicName, Watched)>>,
    pub(crate) last_poll: Time,
    /// librdkafka: out since max.poll.interval.ms passed, until the application polls.
    pub(crate) is_exiled: bool,
}

impl Membership {
    pub(crate) fn new() -> Membership {
        Membership {
            coordinator: Coordinator::Unknown { not_before: Time::ZERO, tries: 0 },
            finds: 0,
            phase: GroupPhase::Unjoined,
            member: "".into(),
            generation: -1,
            protocol: "".into(),
            rejoin: None,
            not_before: Time::ZERO,
            attempts: 0,
            heartbeat_due: Time::MAX,
            heartbeat_in_flight: false,
            session_ends: Time::MAX,
            joined_topics: None,
            metadata_seen: 0,
            metadata_awaited: None,
            has_read: false,
            watched: None,
            last_poll: Time::ZERO,
            is_exiled: false,
        }
    }
    /// Forgets the generation; also the member id unless `keep_id`.
    pub(crate) fn reset(&mut self, keep_id: bool) {
        self.generation = -1;
        self.watched = None;
        if !keep_id {
            self.member = "".into();
        }
    }
}

/// Why offsets are committed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum CommitKind {
    /// The application waits, until the deadline.
    Sync { deadline: Time },
    /// The application goes on.
    Async,
    /// Auto-commit.
    Auto,
    /// Before partitions are given up, or on close; until the deadline.
    Final { deadline: Time },
}

/// A commit under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Commit {
    pub(crate) kind: CommitKind,
    pub(crate) offsets: Vec<(TopicPartition, i64, i32)>,
    pub(crate) is_sent: bool,
    pub(crate) not_before: Time,
    pub(crate) attempts: u32,
    pub(crate) generation: i32,
}

/// What a request was for.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Asked {
    Coordinator,
    Join,
    Sync {
        generation: i32,
    },
    Heartbeat {
        generation: i32,
    },
    Leave,
    Commit(u64),
    /// Committed offsets of the assignment with this number.
    Committed {
        assignment: u64,
    },
    LookUp {
        assignment: u64,
        /// Partitions without an offset are asked for again then.
        again_at: Time,
        partitions: Vec<(TopicPartition, StartAt)>,
    },
    Validate {
        assignment: u64,
        partitions: Vec<Validating>,
    },
    Fetch {
        assignment: u64,
        node: Address,
    },
}

/// Where `close` stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Life {
    Open,
    Committing { commit: u64, deadline: Time },
    Leaving { is_sent: bool, deadline: Time },
    Closed,
}
