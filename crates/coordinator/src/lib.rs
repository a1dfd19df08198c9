//! The group coordinator (classic protocol) as a pure function: requests, timers and append results in; records to
//! write, replies, timers and notes out. The broker that leads a partition of `__consumer_offsets` owns one
//! [`GroupShard`] for it (`GroupCoordinatorShard`, `GroupMetadataManager`, `OffsetMetadataManager`).
//!
//! Two kinds of state, kept apart. Hard state ([`hard::Hard`]) is what the log says; only [`GroupShard::replay`] changes
//! it, and a shard that replays the same records has the same hard state. Soft state (parked requests, timers, the
//! rebalance in progress) is what a crash of the coordinator loses.
//!
//! Deliberate deviation: members are kept ordered by member id. Kafka keeps them in a `HashMap`, whose order leaks into
//! the member list of JoinGroup answers, the order of describes and the choice of a new leader.

pub mod assignor;
mod config;
mod context;
mod delete;
mod describe;
mod expire;
pub mod group;
pub mod hard;
mod heartbeat;
mod java_map;
mod join;
mod leave;
mod load;
mod offsets;
mod pending;
mod rebalance;
pub mod records;
mod state;
mod sync;

use ordered::SortedMap;
use protocol::api::Name;
use protocol::{ErrorCode, GroupId, MemberId, Note, Record, Request, Response, gap};

pub use config::GroupConfig;
pub use group::{Group, Member};
pub use hard::CommittedOffset;
pub use state::GroupState;

use context::Context;
use hard::Hard;
use load::Phase;
use pending::PendingWrites;

/// The broker's handle of a request that waits for its answer.
pub type ReplyTo = u64;

/// Who asks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Caller {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// `client.id` of the request.
    pub client_id: Name,
    /// `/` and the client's address, as tools print it.
    pub client_host: Name,
}

/// What follows from an input. The broker carries it all out, in the order of the fields.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Outcome {
    /// Append each (acks=all), [`GroupShard::replay`] its records at once, and call [`GroupShard::written`] when it is
    /// below the high watermark, or has failed.
    pub writes: Vec<Write>,
    /// Answers to send now.
    pub replies: Vec<(ReplyTo, Response)>,
    /// Timers that are off.
    pub cancel: Vec<GroupTimer>,
    /// Timers to set, each at a wall clock time in ms. A timer that is set already moves.
    pub arm: Vec<(i64, GroupTimer)>,
    /// Facts.
    pub notes: Vec<Note>,
}

/// Records to append to the offsets partition as one batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Write {
    /// Names it to [`GroupShard::written`]. Ascending in the order of writing.
    pub id: u64,
    /// The records; never empty.
    pub records: Vec<Record>,
}

/// The timers of a shard. There is at most one of each; setting it again moves it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GroupTimer {
    /// A member was silent for its session timeout; or a new member waited five minutes for its first generation; or a
    /// pending member did not come back with the id it got (`classicGroupHeartbeatKey`, one key for the three).
    Session {
        /// Its group.
        group: GroupId,
        /// The member.
        member: MemberId,
    },
    /// The join phase ends, or a further step of the initial delay (`classicGroupJoinKey`).
    Rebalance {
        /// The group.
        group: GroupId,
    },
    /// Members who did not sync are out (`classicGroupSyncKey`).
    PendingSync {
        /// The group.
        group: GroupId,
    },
    /// Look for expired offsets and groups, every `offsets.retention.check.interval.ms`.
    Expiry,
}

/// What time it is for a coordinator, ms since the epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Clock {
    /// Deadlines are reckoned in it. No wrong clock moves it (`Time#hiResClockMs`).
    pub now_ms: i64,
    /// What is written down, by the host's clock: when offsets were committed, and since when a group is empty.
    pub wall_ms: i64,
}

/// A clock that is right.
impl From<i64> for Clock {
    fn from(now_ms: i64) -> Clock {
        Clock { now_ms, wall_ms: now_ms }
    }
}

/// All groups of one partition of `__consumer_offsets`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupShard {
    config: GroupConfig,
    hard: Hard,
    soft: Soft,
}

/// What is lost with the process.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Soft {
    phase: Phase,
    groups: SortedMap<GroupId, Group>,
    pending: PendingWrites,
}

gap!("consumer groups of the new protocol (ConsumerGroupHeartbeat), and moving groups between protocols", "KIP-848");
gap!("share groups", "KIP-932");
gap!("offset commits within transactions (TxnOffsetCommit) and UNSTABLE_OFFSET_COMMIT", "KIP-447");
gap!(
    "group.coordinator.append.linger.ms other than -1, by which a write waits for no other: each is a batch of its own",
    "CoordinatorRuntime"
);

impl GroupShard {
    /// A shard that has still to load its partition: [`replay`](Self::replay) it, then call [`loaded`](Self::loaded).
    pub fn new(config: GroupConfig) -> GroupShard {
        GroupShard { config, hard: Hard::default(), soft: Soft::default() }
    }

    /// Takes over a record of the partition: all of them while loading, later each right after its append.
    /// Nothing else changes hard state. Records of kinds that are not modelled are skipped.
    pub fn replay(&mut self, offset: i64, record: &Record) {
        let Some(change) = self.hard.change_of(offset, record) else { return };
        if self.soft.phase == Phase::Active {
            self.soft.pending.replayed(&self.hard, &change);
            self.soft.forget_deleted(&change);
        }
        self.hard.apply(change);
    }

    /// A request arrived. `topics` gives the number of partitions of a topic, `uuid` fresh random bits.
    pub fn handle(
        &mut self,
        now: impl Into<Clock>,
        caller: Caller,
        request: &Request,
        topics: &dyn Fn(&str) -> Option<i32>,
        uuid: &mut dyn FnMut() -> u128,
    ) -> Outcome {
        let mut cx = self.context(now);
        if let Some(error) = self.soft.phase.error() {
            if let Some(response) = load::refusal(request, error) {
                cx.reply(caller.reply_to, response);
            }
            return cx.out;
        }
        match request {
            Request::JoinGroup(r) => self.join(&mut cx, &caller, r, uuid),
            Request::SyncGroup(r) => self.sync(&mut cx, &caller, r),
            Request::Heartbeat(r) => self.heartbeat(&mut cx, &caller, r),
            Request::LeaveGroup(r) => self.leave(&mut cx, &caller, r),
            Request::OffsetCommit(r) => self.commit_offsets(&mut cx, &caller, r, topics),
            Request::OffsetFetch(r) => self.fetch_offsets(&mut cx, &caller, r),
            Request::OffsetDelete(r) => self.delete_offsets(&mut cx, &caller, r, topics),
            Request::DescribeGroups(r) => self.describe(&mut cx, &caller, r),
            Request::ListGroups(r) => self.list(&mut cx, &caller, r),
            Request::DeleteGroups(r) => self.delete(&mut cx, &caller, r),
            _ => debug_assert!(false, "{} is not for a group coordinator", request.api().name()),
        }
        self.finish(cx)
    }

    /// A timer is due. One that was cancelled or moved in the meantime does nothing.
    pub fn timer(&mut self, now: impl Into<Clock>, timer: GroupTimer) -> Outcome {
        let mut cx = self.context(now);
        if self.soft.phase != Phase::Active {
            return cx.out;
        }
        match timer {
            GroupTimer::Session { group, member } => {
                if let Some(group) = self.soft.groups.get_mut(&group) {
                    group.session_expired(&mut cx, &member);
                }
            }
            GroupTimer::Rebalance { group } => {
                if let Some(group) = self.soft.groups.get_mut(&group) {
                    group.rebalance_timer(&mut cx);
                }
            }
            GroupTimer::PendingSync { group } => {
                if let Some(group) = self.soft.groups.get_mut(&group) {
                    group.pending_sync_expired(&mut cx);
                }
            }
            GroupTimer::Expiry => self.expire(&mut cx),
        }
        self.finish(cx)
    }

    /// The write `id` is below the high watermark, or it failed.
    ///
    /// After `REQUEST_TIMED_OUT` the records stay in the log: whoever waited is answered, and a later success of this
    /// or a later write settles it. After any other error the records are gone, and what they said is undone.
    pub fn written(&mut self, now: impl Into<Clock>, id: u64, result: ErrorCode) -> Outcome {
        let mut cx = self.context(now);
        if self.soft.phase != Phase::Active {
            return cx.out;
        }
        self.settle(&mut cx, id, result);
        self.finish(cx)
    }

    /// The groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.soft.groups.values()
    }

    /// A group.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.soft.groups.get(id)
    }

    /// A group's offsets that are below the high watermark, by topic and partition.
    pub fn committed<'a>(&'a self, group: &'a str) -> impl Iterator<Item = (&'a hard::OffsetKey, &'a CommittedOffset)> {
        self.committed_offsets(group)
    }

    /// What the log says.
    pub fn hard(&self) -> &Hard {
        &self.hard
    }

    fn context(&self, now: impl Into<Clock>) -> Context {
        let Clock { now_ms, wall_ms } = now.into();
        Context::new(now_ms, wall_ms, self.config.clone())
    }

    /// Numbers the writes of a step.
    fn finish(&mut self, cx: Context) -> Outcome {
        let Context { mut out, writes, after_writes, .. } = cx;
        for (records, then) in writes {
            let id = self.soft.pending.push(records.len(), then);
            out.writes.push(Write { id, records });
        }
        for (to, response) in after_writes {
            if let Some(response) = self.soft.pending.follow(to, response) {
                out.replies.push((to, response));
            }
        }
        #[cfg(debug_assertions)]
        self.soft.groups.values().for_each(Group::validate);
        out
    }
}
