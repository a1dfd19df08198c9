//! Notes: the facts processes report while they run. The event feed, the timeline, lesson checks and exports are
//! all drawn from them; they act on nothing. Closed enum, data only, no prose.

use ordered::Few;

use crate::api::{ApiKey, Name};
use crate::error::ErrorCode;
use crate::hashing::content_hash;
use crate::ids::{BrokerId, GroupId, MemberId, PartitionIndex, TopicId, TopicName, TopicPartition};
use crate::run::Run;

/// A fact.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Note {
    // ---- processes
    /// A broker's lifecycle state changed (`BrokerState`: STARTING, RECOVERY, RUNNING, PENDING_CONTROLLED_SHUTDOWN, SHUTTING_DOWN).
    BrokerState { broker: BrokerId, state: &'static str },
    /// A Raft replica changed its state (`Unattached`, `Prospective`, `Candidate`, `Follower`, `Leader`, `Resigned`, `Observer`).
    QuorumState { node: BrokerId, state: &'static str, epoch: i32, leader: BrokerId },

    /// A broker starts after an unclean stop: it reads and checks so many logs, of which so many bytes are in doubt.
    LogsRecovering { broker: BrokerId, logs: u32, bytes: u64, takes_ms: u64 },

    /// A process cannot write to its log directory, which is the only one: it ends.
    LogDirFailed { node: BrokerId },
    /// A process ends as it starts: a log directory has no `meta.properties`.
    NotFormatted { node: BrokerId, why: Name },
    /// A process ends: its leader wants what is committed in the metadata log cut off.
    MetadataTorn { node: BrokerId, to: i64, high_watermark: i64 },

    /// A log directory of a broker has failed, and with it the replicas that lie there.
    LogDirOffline { broker: BrokerId, dir: Name },

    // ---- what the active controller decided (made when it appends the record)
    /// A broker registered.
    BrokerRegistered { broker: BrokerId, broker_epoch: i64 },
    /// A broker was fenced (true) or unfenced (false).
    BrokerFenced { broker: BrokerId, fenced: bool },
    /// A topic was created.
    TopicCreated { topic: TopicName, partitions: i32, replication_factor: i16 },
    /// A topic was deleted.
    TopicDeleted { topic: TopicName },
    /// A partition's leader changed; NONE for no leader. `unclean`: elected from outside ISR and ELR.
    LeaderElected { tp: TopicPartition, leader: BrokerId, leader_epoch: i32, previous: BrokerId, unclean: bool },
    /// A partition's ISR changed.
    IsrChanged { tp: TopicPartition, isr: Vec<BrokerId>, previous: Vec<BrokerId>, partition_epoch: i32 },
    /// A partition is to move to other brokers, or with nothing added and removed any more, the move is over.
    Reassigned { tp: TopicPartition, replicas: Vec<BrokerId>, adding: Vec<BrokerId>, removing: Vec<BrokerId> },

    // ---- logs
    /// A replica appended `base..next` (leader: from a producer; follower: from its leader), which took so many bytes.
    Appended {
        tp: TopicPartition,
        broker: BrokerId,
        as_leader: bool,
        base: i64,
        next: i64,
        leader_epoch: i32,
        bytes: u32,
    },
    /// A replica's high watermark moved.
    HighWatermark { tp: TopicPartition, broker: BrokerId, offset: i64 },
    /// A replica cut `from..to` off the end of its log, because its leader's log differs.
    Truncated { tp: TopicPartition, broker: BrokerId, from: i64, to: i64 },
    /// A broker gave up its replica of a topic that stays: the partition has moved away.
    ReplicaRemoved { tp: TopicPartition, broker: BrokerId },
    /// A replica rolled a new segment at this base offset.
    SegmentRolled { tp: TopicPartition, broker: BrokerId, base: i64 },
    /// A replica removed segments; its log starts here now. `newest_by_time_ms`: the largest timestamp of those that were
    /// too old, if any was.
    SegmentsDeleted { tp: TopicPartition, broker: BrokerId, log_start: i64, newest_by_time_ms: Option<i64> },

    /// A replica's log was compacted: below `cleaned_to` each key has one record. Of the segments it rewrote, `removed` records
    /// went and `kept` stayed.
    Compacted { tp: TopicPartition, broker: BrokerId, cleaned_to: i64, removed: u64, kept: u64 },

    // ---- groups (made by the coordinator)
    /// A group changed its state (`Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`).
    GroupState { group: GroupId, state: &'static str, generation: i32, reason: Name },
    /// A member was added.
    MemberJoined { group: GroupId, member: MemberId, client_id: Name },
    /// A member is out. `reason`: it left, its session expired, it did not rejoin in time.
    MemberLeft { group: GroupId, member: MemberId, reason: Name },
    /// Offsets were committed (made when the coordinator answers).
    OffsetsCommitted { group: GroupId, offsets: Vec<(TopicName, PartitionIndex, i64)> },

    // ---- clients
    /// A producer handed a batch to the network; `count` records with these first and last client sequence numbers.
    Sent { tp: TopicPartition, count: u32 },
    /// A producer learned that records were accepted. `values` tell the values from others, in order,
    /// so that history checks can follow records; `offset` is −1 for acks=0. `sent_ns`: when the request left that was answered.
    /// `topic_id`: of which topic of that name.
    Acked { tp: TopicPartition, topic_id: TopicId, offset: i64, acks: i16, values: Values, sent_ns: u64 },
    /// A producer gave up on records.
    SendFailed { tp: TopicPartition, count: u32, error: ErrorCode },
    /// A consumer handed records, `first..=last`, to its application. `topic_id`: of which topic of that name.
    Delivered {
        group: Option<GroupId>,
        client_id: Name,
        tp: TopicPartition,
        topic_id: TopicId,
        first: i64,
        last: i64,
        values: Values,
    },
    /// A consumer's assignment changed.
    Assigned {
        group: GroupId,
        client_id: Name,
        partitions: Vec<(TopicName, PartitionIndex)>,
        /// What it had already, in a cooperative rebalance.
        kept: Vec<(TopicName, PartitionIndex)>,
    },
    /// A consumer gave partitions up (`lost`: without being asked first).
    Revoked {
        group: GroupId,
        client_id: Name,
        partitions: Vec<(TopicName, PartitionIndex)>,
        /// What it has still, in a cooperative rebalance.
        kept: Vec<(TopicName, PartitionIndex)>,
        lost: bool,
    },
    /// A client got an error from a broker and acts on it.
    ClientError { client_id: Name, api: ApiKey, error: ErrorCode },

    // ---- programs
    /// A program wrote a line to its terminal.
    Output { line: Name, is_stderr: bool },
}

/// What tells the values of some records from others, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Values {
    /// A [`value_hash`] of each.
    Each(Few<u64>),
    /// Those of runs, without drawing them.
    Drawn(Few<Run>),
}

impl Default for Values {
    fn default() -> Values {
        Values::Each(Few::None)
    }
}

impl Values {
    /// None yet, with room for the hashes of so many.
    pub fn for_records(count: usize) -> Values {
        Values::Each(Few::with_capacity(count))
    }
    /// Adds a value by its hash.
    pub fn push(&mut self, hash: u64) {
        if let Values::Drawn(_) = self {
            *self = Values::Each(self.iter().collect());
        }
        if let Values::Each(hashes) = self {
            hashes.push(hash);
        }
    }
    /// Adds those of runs, at most `count` of them: as runs, unless there are others already.
    pub fn push_runs(&mut self, count: usize, runs: impl Iterator<Item = Run>) {
        match self {
            Values::Drawn(known) => known.extend(runs),
            Values::Each(hashes) if hashes.is_empty() => {
                let mut known = Few::with_capacity(count);
                known.extend(runs);
                if !known.is_empty() {
                    *self = Values::Drawn(known);
                }
            }
            Values::Each(hashes) => runs.for_each(|run| hashes.extend((0..run.count).map(|n| run.value_hash(n)))),
        }
    }
    /// Of how many records.
    pub fn len(&self) -> usize {
        match self {
            Values::Each(hashes) => hashes.len(),
            Values::Drawn(runs) => runs.iter().map(|run| run.count as usize).sum(),
        }
    }
    /// Whether of none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A hash for each record.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        let (hashes, runs): (&[u64], &[Run]) = match self {
            Values::Each(hashes) => (hashes, &[]),
            Values::Drawn(runs) => (&[], runs),
        };
        let drawn = runs.iter().flat_map(|run| (0..run.count).map(|n| run.value_hash(n)));
        hashes.iter().copied().chain(drawn)
    }
}

/// A hash of a record's value, as [`Values::Each`] has it. A null has its own.
pub fn value_hash(value: Option<&[u8]>) -> u64 {
    match value {
        Some(value) => content_hash(1, value),
        None => 0,
    }
}
