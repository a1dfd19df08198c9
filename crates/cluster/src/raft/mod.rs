//! The metadata quorum: Kafka's Raft, with pull-based replication (`KafkaRaftClient`, KIP-595, KIP-996 pre-vote,
//! KIP-1166 high watermark in fetches). A [`Replica`] is a voter on controllers and an observer on brokers.
//!
//! Hard state is the log and the `quorum-state` file. Voters are configured, or stand in the log and change (KIP-853).

mod change;
mod election;
mod follower;
mod leader;
pub mod log;
pub mod role;
mod slow_disk;
pub mod snapshot;
#[cfg(test)]
mod testing;
mod transition;
mod update;
mod voters;

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Address, Calls, ConnId, Duration, Time, Timers};
use protocol::metadata::MetadataBatch;
use protocol::{BrokerId, DirectoryId, Message, Request, Response, Seldom};

use crate::image::MetadataImage;
use crate::process::{Fx, space};
use crate::spec::ProcessSpec;
use log::MetadataLog;
use role::{ReplicaKey, Role};
use slow_disk::{Held, Writing};
use snapshot::Snapshot;
pub use voters::VoterHistory;

/// What the log says is committed.
#[derive(Clone, Debug, Hash)]
pub enum Committed {
    /// Start over from this image.
    Snapshot(Arc<MetadataImage>),
    /// Batches to replay, in order.
    Batches(Vec<MetadataBatch>),
}

/// What a controller must know of leadership.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Leadership {
    /// This node leads the epoch, and everything before the epoch is committed and applied.
    Gained {
        /// The Raft epoch: the controller epoch.
        epoch: i32,
    },
    /// It does not lead any more.
    Lost,
}

/// A replica of the metadata log.
#[derive(Clone, Debug, Hash)]
pub struct Replica {
    spec: Arc<ProcessSpec>,
    hard: Hard,
    soft: Soft,
}

/// What the disk keeps.
#[derive(Clone, Debug, Hash)]
struct Hard {
    log: MetadataLog,
    /// `quorum-state`: the epoch, whom this node voted for in it, and who leads it.
    epoch: i32,
    voted: BrokerId,
    leader: BrokerId,
}

/// What a crash forgets.
#[derive(Clone, Debug, Hash)]
struct Soft {
    role: Role,
    /// Everything before it is committed, as far as this node knows.
    high_watermark: i64,
    /// The next offset to hand to the state machine.
    applied: i64,
    /// The state machine must start over from the snapshot.
    must_load_snapshot: bool,
    is_started: bool,
    /// Failed calls in a row to a peer, for back-off.
    failures: u32,
    calls: Calls<Call>,
    timers: Timers<TimerKey>,
    parked: Vec<Parked>,
    leadership: VecDeque<Leadership>,
    shutdown: Shutdown,
    last_snapshot: Time,
    /// Bytes of records applied since then.
    unsaved_bytes: u64,
    last_clean: Time,
    /// Where a leader listens that is no voter as far as this node knows.
    heard: Seldom<(BrokerId, Address)>,
    /// The fetch on its way that counts: its epoch and whom it asks.
    fetching: Option<(i32, BrokerId)>,
    writing: Writing,
    /// The leader wants the log cut off there, below what is committed as far as this node knows: that high watermark.
    torn: Seldom<(i64, i64)>,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Shutdown {
    No,
    /// Resigned; waits for a new leader.
    Pending,
    Done,
}

/// A fetch that waits for something to give (`FetchPurgatory`).
#[derive(Clone, Copy, Debug, Hash)]
struct Parked {
    conn: ConnId,
    correlation: u32,
    due: Time,
    replica: ReplicaKey,
    offset: i64,
    last_epoch: i32,
    high_watermark: i64,
    max_bytes: u32,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Call {
    Vote { epoch: i32, voter: BrokerId, is_pre_vote: bool },
    BeginEpoch { epoch: i32, voter: BrokerId },
    EndEpoch { epoch: i32, voter: BrokerId },
    Fetch { epoch: i32, to: BrokerId },
    FetchSnapshot { epoch: i32, to: BrokerId },
    Versions { voter: BrokerId, waits: bool },
    Join,
    UpdateVoter { epoch: i32, to: BrokerId },
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKey {
    Election,
    FetchTimeout,
    Fetch,
    CallDeadline,
    Linger,
    Parked,
    BeginEpoch,
    CheckQuorum,
    Retry,
    Shutdown,
    Change,
    Join,
}

/// Stream of random numbers of elections.
const RNG_ELECTION: u32 = 0x21;
/// How long an observer counts after its last fetch (`LeaderState#OBSERVER_SESSION_TIMEOUT_MS`).
const OBSERVER_SESSION: Duration = Duration::from_secs(300);
/// How often retention is looked at (`KafkaRaftClient.RaftMetadataLogCleanerManager`).
const CLEAN_INTERVAL: Duration = Duration::from_secs(60);
/// How long a resigned leader waits for its successor when it shuts down.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

impl Soft {
    fn new() -> Soft {
        Soft {
            role: Role::Unattached,
            high_watermark: 0,
            applied: 0,
            must_load_snapshot: false,
            is_started: false,
            failures: 0,
            calls: Calls::default(),
            timers: Timers::new(space::RAFT),
            parked: Vec::new(),
            leadership: VecDeque::new(),
            shutdown: Shutdown::No,
            last_snapshot: Time::ZERO,
            unsaved_bytes: 0,
            last_clean: Time::ZERO,
            heard: Seldom::default(),
            fetching: None,
            writing: Writing::default(),
            torn: Seldom::default(),
        }
    }
}

impl Replica {
    /// A replica whose storage has just been formatted.
    pub fn new(spec: &Arc<ProcessSpec>) -> Replica {
        let hard = Hard { log: voters::formatted(spec), epoch: 0, voted: BrokerId::NONE, leader: BrokerId::NONE };
        Replica { spec: spec.clone(), hard, soft: Soft::new() }
    }

    // ---- looking

    /// The epoch.
    pub fn epoch(&self) -> i32 {
        self.hard.epoch
    }
    /// What it is in that epoch.
    pub fn role(&self) -> &Role {
        &self.soft.role
    }
    /// The name of what it is, e.g. `Follower`.
    pub fn role_name(&self) -> &'static str {
        self.soft.role.name(self.is_voter())
    }
    /// Whom it voted for in this epoch.
    pub fn voted(&self) -> Option<BrokerId> {
        Some(self.hard.voted).filter(|id| id.is_some())
    }
    /// The text of its `quorum-state` file (`FileQuorumStateStore`; version 0 where voters are static).
    pub fn quorum_state(&self) -> String {
        let voters: Vec<String> = self.voters().iter().map(|voter| format!("{{\"voterId\":{}}}", voter.id)).collect();
        let Hard { epoch, voted, leader, .. } = &self.hard;
        if self.voter_history().last_offset().is_some() {
            let directory = match *voted == self.spec.id {
                true => self.directory(),
                false => self.voter(*voted).map_or(DirectoryId(0), |voter| voter.directory),
            };
            return format!(
                "{{\"leaderId\":{leader},\"leaderEpoch\":{epoch},\"votedId\":{voted},\"votedDirectoryId\":\"{directory}\",\"data_version\":1}}"
            );
        }
        format!(
            "{{\"clusterId\":\"\",\"leaderId\":{leader},\"leaderEpoch\":{epoch},\"votedId\":{voted},\"appliedOffset\":0,\"currentVoters\":[{}],\"data_version\":0}}",
            voters.join(",")
        )
    }
    /// The leader it knows of.
    pub fn leader(&self) -> Option<BrokerId> {
        Some(self.soft.role.leader(self.spec.id)).filter(|id| id.is_some())
    }
    /// Where that leader listens.
    pub fn leader_address(&self) -> Option<Address> {
        self.address_of(self.leader()?)
    }
    /// Whether it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.soft.role, Role::Leader(_))
    }
    /// The offset after the last record it knows to be committed.
    pub fn high_watermark(&self) -> i64 {
        self.soft.high_watermark
    }
    /// Its log.
    pub fn log(&self) -> &MetadataLog {
        &self.hard.log
    }
    /// The offset of its next record.
    pub fn log_end(&self) -> i64 {
        self.hard.log.end_offset()
    }
    /// Whether its storage has been formatted and it has not started since: there is no log yet.
    pub fn is_unused(&self) -> bool {
        !self.soft.is_started && self.hard.epoch == 0 && self.log_end() == 0
    }
    /// Whether the replica is the one who takes a request that came in on the controller's port.
    pub fn handles(request: &Request) -> bool {
        matches!(
            request,
            Request::Vote(_)
                | Request::BeginQuorumEpoch(_)
                | Request::EndQuorumEpoch(_)
                | Request::Fetch(_)
                | Request::FetchSnapshot(_)
                | Request::DescribeQuorum(_)
                | Request::AddRaftVoter(_)
                | Request::RemoveRaftVoter(_)
                | Request::UpdateRaftVoter(_)
        )
    }

    /// What the process is from now on. It does not run.
    pub fn set_spec(&mut self, spec: &Arc<ProcessSpec>) {
        self.spec = spec.clone();
    }
    /// The disk of its log was replaced by one that is formatted, or is going to be.
    pub fn lose_log(&mut self, spec: &Arc<ProcessSpec>) {
        *self = Replica::new(spec);
    }

    // ---- inputs

    /// The process starts, with what its disk holds (`QuorumState#initialize`).
    pub fn start(&mut self, now: Time, fx: &mut Fx) {
        self.soft.is_started = true;
        (self.soft.last_snapshot, self.soft.last_clean) = (now, now);
        if let Some(snapshot) = self.hard.log.snapshot() {
            self.soft.high_watermark = snapshot.end_offset;
            self.soft.must_load_snapshot = true;
        }
        let own = self.spec.id;
        if self.is_voter() && self.voters().len() == 1 {
            self.become_candidate(now, fx);
        } else if self.spec.is_controller && self.hard.leader == own {
            self.become_resigned(now, fx, Vec::new());
        } else if self.is_voter() && self.hard.voted == own {
            self.become_candidate_again(now, fx);
        } else if self.hard.leader != own && self.voter(self.hard.leader).is_some() {
            // It goes on where it was, and asks around only if that leader is gone.
            self.become_follower(now, fx, self.hard.epoch, self.hard.leader);
        } else {
            self.become_unattached(now, fx, self.hard.epoch);
        }
    }

    /// A request of a voter or an observer.
    pub fn on_request(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, request: Request) {
        let Some(Held::Request(.., request)) = self.hold(Held::Request(conn, correlation, request)) else { return };
        let response: Response = match request {
            Request::Vote(request) if self.vote_waits(fx, conn, correlation, &request) => return,
            Request::Vote(request) => self.on_vote(now, fx, &request).into(),
            Request::BeginQuorumEpoch(request) => self.on_begin_epoch(now, fx, &request).into(),
            Request::EndQuorumEpoch(request) => self.on_end_epoch(now, fx, &request).into(),
            Request::DescribeQuorum(_) => self.describe_quorum(now).into(),
            Request::FetchSnapshot(request) => self.on_fetch_snapshot(now, fx, &request).into(),
            Request::Fetch(request) => match self.on_fetch(now, fx, conn, correlation, &request) {
                Some(response) => response.into(),
                None => return,
            },
            Request::UpdateRaftVoter(request) => self.on_update_voter(now, fx, &request).into(),
            Request::AddRaftVoter(request) => match self.on_add_voter(now, fx, (conn, correlation), request) {
                Some(response) => response,
                None => return,
            },
            Request::RemoveRaftVoter(request) => match self.on_remove_voter(now, fx, (conn, correlation), &request) {
                Some(response) => response,
                None => return,
            },
            other => return debug_assert!(false, "{:?} is not for the quorum", other.api()),
        };
        fx.send(conn, Message::Response { correlation, response });
    }

    /// An answer to one of the replica's calls.
    pub fn on_response(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, response: Response) {
        let Some(Held::Response(.., response)) = self.hold(Held::Response(conn, correlation, response)) else { return };
        let Some(call) = self.soft.calls.answered(now, conn, correlation) else { return };
        self.soft.failures = 0;
        match (call, response) {
            (Call::Vote { epoch, voter, is_pre_vote }, Response::Vote(answer)) => {
                self.on_vote_answer(now, fx, epoch, voter, is_pre_vote, &answer);
            }
            (Call::BeginEpoch { epoch, voter }, Response::BeginQuorumEpoch(answer)) => {
                if !self.learn(now, fx, answer.leader_epoch, answer.leader)
                    && epoch == self.hard.epoch
                    && answer.error.is_ok()
                {
                    self.acknowledged_begin(voter);
                }
            }
            (Call::EndEpoch { epoch, voter }, Response::EndQuorumEpoch(answer)) => {
                if !self.learn(now, fx, answer.leader_epoch, answer.leader)
                    && epoch == self.hard.epoch
                    && let Role::Resigned { unacked, .. } = &mut self.soft.role
                {
                    unacked.remove(&voter);
                }
            }
            (Call::Fetch { epoch, to }, Response::Fetch(answer)) => {
                // Brokers do not flush what they append; a controller that does not vote may soon.
                let flushes = self.spec.is_controller && answer.partitions.iter().any(|part| !part.metadata.is_empty());
                let answer = Held::Fetched(epoch, to, answer);
                let answer = if flushes { self.write(fx, answer) } else { Some(answer) };
                if let Some(Held::Fetched(.., answer)) = answer {
                    self.on_fetch_answer(now, fx, epoch, to, answer);
                }
            }
            (Call::FetchSnapshot { epoch, to }, Response::FetchSnapshot(answer)) => {
                self.on_snapshot_answer(now, fx, epoch, to, answer)
            }
            (Call::UpdateVoter { epoch, to }, Response::UpdateRaftVoter(answer)) => {
                self.on_voter_updated(now, fx, epoch, to, &answer)
            }
            // Whether it votes now stands in the log; if not, it asks again.
            (Call::Join, Response::AddRaftVoter(_) | Response::RemoveRaftVoter(_)) => {}
            (Call::Versions { .. }, Response::ApiVersions(answer)) => self.on_versions(now, fx, call, Some(&answer)),
            (call, response) => debug_assert!(false, "{:?} is no answer to {call:?}", response.api()),
        }
    }

    /// Whether a connection is one the replica opened.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.soft.calls.owns(conn)
    }
    /// A connection opened; true if it is one of the replica's.
    pub fn on_opened(&mut self, conn: ConnId) -> bool {
        self.soft.calls.opened(conn)
    }
    /// A connection the replica opened is over.
    pub fn on_closed(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {
        if let Some((_, calls)) = self.soft.calls.closed(conn) {
            self.failed(now, fx, calls);
        }
    }
    /// A connection that came in on the controller's port is over.
    pub fn on_peer_closed(&mut self, conn: ConnId) {
        self.soft.parked.retain(|parked| parked.conn != conn);
        self.asker_left(conn);
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, token: u64) {
        if self.hold(Held::Timer(token)).is_none() {
            return;
        }
        match self.soft.timers.fire(fx, now, token) {
            Some(TimerKey::Election) => self.on_election_timeout(now, fx),
            Some(TimerKey::FetchTimeout) => self.become_prospective(now, fx),
            Some(TimerKey::Fetch) => self.fetch(now, fx),
            Some(TimerKey::CallDeadline) => {
                for (_, calls) in self.soft.calls.expire(fx, now) {
                    self.failed(now, fx, calls);
                }
                self.arm_deadline(fx);
            }
            Some(TimerKey::Linger) => self.drain(now, fx),
            Some(TimerKey::Parked) => self.complete_parked(now, fx),
            Some(TimerKey::BeginEpoch) => self.send_begin_epochs(now, fx),
            Some(TimerKey::CheckQuorum) => self.resign(now, fx),
            Some(TimerKey::Retry) => self.ask_again(now, fx),
            Some(TimerKey::Change) => self.on_change_due(now, fx),
            Some(TimerKey::Join) => self.join(now, fx),
            Some(TimerKey::Shutdown) => self.soft.shutdown = Shutdown::Done,
            None => {}
        }
    }

    /// The process wants to end: a leader resigns and waits a little for its successor.
    pub fn shutdown(&mut self, now: Time, fx: &mut Fx) {
        if self.soft.shutdown != Shutdown::No {
            return;
        }
        self.soft.shutdown = Shutdown::Done;
        if self.is_leader() && !self.other_voters().is_empty() {
            self.soft.shutdown = Shutdown::Pending;
            self.soft.timers.arm(fx, now + SHUTDOWN_PATIENCE, TimerKey::Shutdown);
            self.resign(now, fx);
        }
    }
    /// Whether it may end after [`Replica::shutdown`].
    pub fn is_shut_down(&self) -> bool {
        self.soft.shutdown == Shutdown::Done
    }

    /// The process died.
    pub fn halt(&mut self) {
        self.soft = Soft::new();
    }

    // ---- what is ready for others

    /// Where its leader wants the log cut off, and the high watermark above it: a fault that ends the process
    /// (`KafkaRaftClient#handleFetchResponse`).
    pub fn torn(&self) -> Option<(i64, i64)> {
        self.soft.torn.0
    }

    /// What became committed since the last call.
    pub fn take_committed(&mut self) -> Option<Committed> {
        const BATCHES_MAX: usize = 1024;
        if self.soft.must_load_snapshot {
            self.soft.must_load_snapshot = false;
            let snapshot = self.hard.log.snapshot().expect("asked to load the snapshot there is");
            self.soft.applied = snapshot.end_offset;
            return Some(Committed::Snapshot(snapshot.image.clone()));
        }
        if self.soft.applied >= self.soft.high_watermark {
            return None;
        }
        let batches = self.hard.log.read(self.soft.applied, self.soft.high_watermark, BATCHES_MAX);
        self.soft.applied = batches.last()?.next_offset();
        Some(Committed::Batches(batches))
    }

    /// A change of leadership the controller has not been told of. Ask after applying what is committed.
    pub fn take_leadership(&mut self) -> Option<Leadership> {
        if let Some(event) = self.soft.leadership.pop_front() {
            return Some(event);
        }
        let (epoch, applied) = (self.hard.epoch, self.soft.applied);
        match &mut self.soft.role {
            Role::Leader(leader) if !leader.is_claimed && applied > leader.epoch_start => {
                leader.is_claimed = true;
                Some(Leadership::Gained { epoch })
            }
            _ => None,
        }
    }

    /// `bytes` more are applied, and so the image: takes a snapshot of it, if the last one is old or much has come since
    /// (`SnapshotGenerator`). Once a minute lets go of what retention does not keep.
    pub fn note_applied(&mut self, now: Time, wall_ms: i64, image: &Arc<MetadataImage>, bytes: u64) {
        let interval = self.millis("metadata.log.max.snapshot.interval.ms", 3_600_000);
        let is_old = interval > Duration::ZERO && now.since(self.soft.last_snapshot) >= interval;
        self.soft.unsaved_bytes += bytes;
        let bytes_max = self.spec.number("metadata.log.max.record.bytes.between.snapshots", 20_971_520);
        if is_old || i64::try_from(self.soft.unsaved_bytes).is_ok_and(|bytes| bytes >= bytes_max) {
            (self.soft.last_snapshot, self.soft.unsaved_bytes) = (now, 0);
            let voters = self.hard.log.voters().at(image.offset).cloned();
            self.hard.log.take_snapshot(Snapshot::new(image.clone(), voters));
        }
        if now.since(self.soft.last_clean) >= CLEAN_INTERVAL {
            self.soft.last_clean = now;
            let keep_ms = self.spec.number("metadata.max.retention.ms", 604_800_000);
            let keep_bytes = self.spec.number("metadata.max.retention.bytes", 104_857_600);
            self.hard.log.clean(wall_ms, keep_ms, keep_bytes);
        }
    }
}
