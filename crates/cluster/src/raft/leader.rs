//! Leading: the epoch's first record, appends that linger, fetches of the others, the commit rule, check-quorum and
//! resignation (`LeaderState`, `BatchAccumulator`).

use std::cmp::Ordering;
use std::sync::Arc;

use kernel::{ConnId, Duration, Time};
use protocol::api::LeaderHint;
use protocol::api::begin_quorum_epoch::BeginQuorumEpochRequest;
use protocol::api::describe_quorum::{DescribeQuorumResponse, QuorumReplica};
use protocol::api::end_quorum_epoch::EndQuorumEpochRequest;
use protocol::api::fetch::{Cut, EpochEnd, FetchRequest, FetchResponse, FetchResult};
use protocol::api::fetch_snapshot::{FetchSnapshotRequest, FetchSnapshotResponse};
use protocol::metadata::{MetadataBatch, MetadataRecord};
use protocol::{BrokerId, DirectoryId, ErrorCode, Message, Plant, Seldom, TopicId, wall_ms};

use super::log::Position;
use super::role::{Leader, Progress, ReplicaKey, Role};
use super::slow_disk::Held;
use super::snapshot::Snapshot;
use super::voters::DYNAMIC;
use super::{Call, OBSERVER_SESSION, Parked, Replica, TimerKey};
use crate::process::Fx;

impl Replica {
    /// Wins the election: appends the epoch's first record and tells the voters.
    pub(super) fn become_leader(&mut self, now: Time, fx: &mut Fx) {
        self.set_epoch(self.hard.epoch, self.hard.voted, self.spec.id);
        let epoch_start = self.hard.log.end_offset();
        self.set_role(fx, Role::Leader(Leader::new(epoch_start, &self.other_voters())));
        let mut first = vec![MetadataRecord::LeaderChange { leader: self.spec.id, voters: self.voter_ids() }];
        // So far they stand only in the snapshots that the storage of the first voters was formatted with.
        if self.voter_history().last_offset() == Some(-1) || self.is_described_otherwise() {
            first.extend([DYNAMIC, MetadataRecord::Voters(Arc::new(self.with_own(self.voters())))]);
        }
        self.append(now, fx, first);
        self.drain_now(now, fx);
        self.send_begin_epochs(now, fx);
        self.arm_check_quorum(now, fx);
    }

    /// Prepares records for the log; they are appended together, up to `append.linger.ms` from now. The offset of
    /// the last one; none if this node does not lead.
    pub fn append(&mut self, now: Time, fx: &mut Fx, records: Vec<MetadataRecord>) -> Option<i64> {
        let epoch = self.hard.epoch;
        let linger = self.millis("controller.quorum.append.linger.ms", 25);
        let Role::Leader(leader) = &mut self.soft.role else { return None };
        // Most batches of a long run are no-ops, one after the other.
        let alike = self.hard.log.last().map(|last| &last.records).filter(|last| ***last == records);
        let batch = MetadataBatch {
            base_offset: leader.next_offset,
            epoch,
            timestamp_ms: crate::process::wall_ms(now, fx),
            records: alike.cloned().unwrap_or_else(|| Arc::new(records)),
        };
        leader.next_offset = batch.next_offset();
        let last = leader.next_offset - 1;
        leader.accumulator.push(batch);
        self.soft.timers.arm_once(fx, now + linger, TimerKey::Linger);
        Some(last)
    }

    /// The offset of the next record this leader will prepare.
    pub fn next_offset(&self) -> i64 {
        match &self.soft.role {
            Role::Leader(leader) => leader.next_offset,
            _ => self.hard.log.end_offset(),
        }
    }

    /// Appends what lingered.
    pub(super) fn drain(&mut self, now: Time, fx: &mut Fx) {
        if self.is_leader() && self.write(fx, Held::Drain).is_some() {
            self.drain_now(now, fx);
        }
    }

    /// The disk has what lingered.
    pub(super) fn drain_now(&mut self, now: Time, fx: &mut Fx) {
        self.soft.timers.cancel(&TimerKey::Linger);
        let Role::Leader(leader) = &mut self.soft.role else { return };
        for batch in std::mem::take(&mut leader.accumulator) {
            self.hard.log.append(batch);
        }
        self.adopt_voters(now, fx);
        self.advance(now, fx);
        self.complete_parked(now, fx);
    }

    /// The commit rule: what a majority of voters has, once that reaches into this epoch. The leader is one of them, but for one
    /// that has been removed and waits until that is committed.
    fn advance(&mut self, now: Time, fx: &mut Fx) {
        let own_end = self.is_voter().then(|| self.hard.log.end_offset());
        let Role::Leader(leader) = &self.soft.role else { return };
        let mut ends: Vec<i64> = leader.voters.values().map(|voter| voter.end_offset).collect();
        ends.extend(own_end);
        ordered::sort_by(&mut ends, |a, b| b.cmp(a));
        let needed = if self.spec.has(Plant::CommitWithoutMajority) { 0 } else { ends.len() / 2 };
        let candidate = ends[needed];
        if candidate > leader.epoch_start && candidate > self.soft.high_watermark {
            self.soft.high_watermark = candidate;
            self.change_committed(now, fx);
        }
    }

    // ---- fetches

    /// A fetch of a voter or an observer; none if it is parked.
    pub(super) fn on_fetch(
        &mut self,
        now: Time,
        fx: &mut Fx,
        conn: ConnId,
        correlation: u32,
        request: &FetchRequest,
    ) -> Option<FetchResponse> {
        let Some(asked) = request.partitions.iter().find(|p| p.topic_id == TopicId::METADATA) else {
            return Some(self.refuse_fetch(ErrorCode::UnknownTopicId));
        };
        if asked.current_leader_epoch < self.hard.epoch {
            return Some(self.refuse_fetch(ErrorCode::FencedLeaderEpoch));
        }
        if asked.current_leader_epoch > self.hard.epoch {
            return Some(self.refuse_fetch(ErrorCode::UnknownLeaderEpoch));
        }
        if !self.is_leader() {
            return Some(self.refuse_fetch(ErrorCode::NotLeaderOrFollower));
        }
        let parked = Parked {
            conn,
            correlation,
            due: now + Duration::from_millis(u64::from(request.max_wait_ms)),
            replica: ReplicaKey { id: request.replica, directory: Seldom(request.directory.0.as_deref().copied()) },
            offset: asked.fetch_offset,
            last_epoch: asked.last_fetched_epoch,
            high_watermark: request.raft_high_watermark,
            max_bytes: request.max_bytes,
        };
        let before = self.soft.high_watermark;
        let answer = self.answer_fetch(now, fx, &parked);
        let has_news = answer.error.is_ok() && !answer.metadata.is_empty()
            || answer.diverging_epoch.is_some()
            || answer.snapshot.0.is_some()
            || answer.high_watermark > parked.high_watermark;
        if !has_news && request.max_wait_ms > 0 {
            self.soft.timers.arm_once(fx, parked.due, TimerKey::Parked);
            self.soft.parked.push(parked);
        }
        if self.soft.high_watermark > before {
            self.complete_parked(now, fx);
        }
        (has_news || request.max_wait_ms == 0).then(|| whole(answer))
    }

    /// What the log holds for a fetch; takes note of how far the replica is.
    fn answer_fetch(&mut self, now: Time, fx: &mut Fx, parked: &Parked) -> FetchResult {
        let (log, mut result) = (&self.hard.log, self.fetch_result(ErrorCode::None));
        // To who has nothing, a snapshot tells it faster than the log; but not the one that storage was formatted with.
        let snapshot = log.snapshot().filter(|newest| newest.end_offset > 0);
        let position = match snapshot {
            Some(_) if parked.offset == 0 => Position::Snapshot,
            _ => log.validate(parked.offset, parked.last_epoch),
        };
        match position {
            Position::Snapshot => {
                let id = |newest: &Snapshot| EpochEnd { epoch: newest.epoch, end_offset: newest.end_offset };
                result.snapshot = Seldom(snapshot.map(id));
            }
            Position::Diverging(end) => result.diverging_epoch = Some(end),
            Position::Valid => {
                (result.metadata, result.cut.bytes) = log.read_bytes(parked.offset, parked.max_bytes);
                self.note_progress(now, fx, parked.replica, parked.offset);
                result.high_watermark = self.soft.high_watermark;
            }
        }
        result
    }

    /// A replica that is too far behind asks for the newest snapshot.
    pub(super) fn on_fetch_snapshot(
        &mut self,
        now: Time,
        fx: &mut Fx,
        request: &FetchSnapshotRequest,
    ) -> FetchSnapshotResponse {
        let error = match request.current_leader_epoch.cmp(&self.hard.epoch) {
            Ordering::Less => ErrorCode::FencedLeaderEpoch,
            Ordering::Greater => ErrorCode::UnknownLeaderEpoch,
            Ordering::Equal if !self.is_leader() => ErrorCode::NotLeaderOrFollower,
            Ordering::Equal => ErrorCode::None,
        };
        let replica = ReplicaKey { id: request.replica, directory: request.directory };
        // That which storage was formatted with stands in the log too.
        let has_one = self.hard.log.snapshot().is_some_and(|newest| newest.end_offset > 0);
        if error.is_ok() && has_one && self.is_voter_key(&replica) {
            self.count_follower(now, fx, replica.id);
        }
        match self.hard.log.snapshot().filter(|_| has_one) {
            Some(snapshot) if error.is_ok() => FetchSnapshotResponse {
                error,
                end_offset: snapshot.end_offset,
                epoch: snapshot.epoch,
                records: Arc::new(snapshot.records()),
            },
            _ => {
                let error = if error.is_ok() { ErrorCode::UnknownServerError } else { error };
                FetchSnapshotResponse { error, end_offset: -1, epoch: -1, records: Arc::default() }
            }
        }
    }

    fn note_progress(&mut self, now: Time, fx: &mut Fx, replica: ReplicaKey, offset: i64) {
        let end = self.hard.log.end_offset();
        let is_voter = self.is_voter_key(&replica);
        let Role::Leader(leader) = &mut self.soft.role else { return };
        let Some(voter) = leader.voters.get_mut(&replica.id).filter(|_| is_voter) else {
            leader.observers.retain(|_, p| p.last_fetch.is_some_and(|at| now.since(at) < OBSERVER_SESSION));
            leader.observers.entry(replica).or_default().fetched(now, offset, end);
            return;
        };
        voter.fetched(now, offset, end);
        voter.directory = replica.directory;
        self.count_follower(now, fx, replica.id);
        self.advance(now, fx);
    }

    /// A voter follows: with a majority of them the leader need not resign (`LeaderState#updateCheckQuorumForFollowingVoter`).
    pub(super) fn count_follower(&mut self, now: Time, fx: &mut Fx, voter: BrokerId) {
        let needed = self.majority() - usize::from(self.is_voter());
        let Role::Leader(leader) = &mut self.soft.role else { return };
        leader.fetched.insert(voter);
        if leader.fetched.len() >= needed {
            leader.fetched.clear();
            self.arm_check_quorum(now, fx);
        }
    }

    /// Answers parked fetches that have waited long enough, or for which there is news.
    pub(super) fn complete_parked(&mut self, now: Time, fx: &mut Fx) {
        let (end, high_watermark) = (self.hard.log.end_offset(), self.soft.high_watermark);
        let (done, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.soft.parked)
            .into_iter()
            .partition(|parked| parked.due <= now || parked.offset < end || parked.high_watermark < high_watermark);
        self.soft.parked = waiting;
        for parked in done {
            let mut result = self.fetch_result(ErrorCode::None);
            (result.metadata, result.cut.bytes) = self.hard.log.read_bytes(parked.offset, parked.max_bytes);
            let response = whole(result);
            fx.send(parked.conn, Message::Response { correlation: parked.correlation, response: response.into() });
        }
        self.soft.timers.cancel(&TimerKey::Parked);
        if let Some(due) = self.soft.parked.iter().map(|parked| parked.due).min() {
            self.soft.timers.arm(fx, due, TimerKey::Parked);
        }
    }

    pub(super) fn refuse_fetch(&self, error: ErrorCode) -> FetchResponse {
        whole(self.fetch_result(error))
    }

    fn fetch_result(&self, error: ErrorCode) -> FetchResult {
        FetchResult {
            topic_id: TopicId::METADATA,
            partition: 0,
            error,
            high_watermark: self.soft.high_watermark,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            snapshot: Seldom::default(),
            current_leader: Some(LeaderHint { leader: self.named_leader(), leader_epoch: self.hard.epoch }),
            leader_endpoint: self.own_endpoint(),
            preferred_read_replica: BrokerId::NONE,
            batches: Vec::new(),
            cut: Cut::default(),
            metadata: Vec::new(),
        }
    }

    // ---- keeping the office, and giving it up

    /// Tells voters that have not fetched lately who leads.
    pub(super) fn send_begin_epochs(&mut self, now: Time, fx: &mut Fx) {
        let interval = Duration::from_millis(self.fetch_timeout().as_millis() / 2);
        let (epoch, own) = (self.hard.epoch, self.spec.id);
        let Role::Leader(leader) = &self.soft.role else { return };
        let silent: Vec<BrokerId> = leader
            .voters
            .iter()
            .filter(|(_, voter)| voter.last_fetch.is_none_or(|at| now.since(at) >= interval))
            .map(|(id, _)| *id)
            .collect();
        for voter in silent {
            let (endpoint, voter_directory) = (self.own_endpoint(), self.voter_directory(voter));
            let request = BeginQuorumEpochRequest { leader: own, leader_epoch: epoch, endpoint, voter_directory };
            self.call(now, fx, voter, Call::BeginEpoch { epoch, voter }, request.into());
        }
        if !self.other_voters().is_empty() {
            self.soft.timers.arm(fx, now + interval, TimerKey::BeginEpoch);
        }
    }

    pub(super) fn acknowledged_begin(&mut self, voter: BrokerId) {
        if let Role::Leader(leader) = &mut self.soft.role
            && let Some(progress) = leader.voters.get_mut(&voter)
        {
            progress.has_acknowledged = true;
        }
    }

    /// A majority must fetch within 1.5 fetch timeouts, unless it is the leader itself (`LeaderState#timeUntilCheckQuorumExpires`).
    pub(super) fn arm_check_quorum(&mut self, now: Time, fx: &mut Fx) {
        if !self.other_voters().is_empty() {
            let patience = Duration::from_millis(self.fetch_timeout().as_millis() * 3 / 2);
            self.soft.timers.arm(fx, now + patience, TimerKey::CheckQuorum);
        } else {
            self.soft.timers.cancel(&TimerKey::CheckQuorum);
        }
    }

    /// Gives up leading.
    pub(super) fn resign(&mut self, now: Time, fx: &mut Fx) {
        let Role::Leader(leader) = &self.soft.role else { return };
        let mut successors: Vec<(i64, BrokerId)> =
            leader.voters.iter().map(|(id, voter)| (-voter.end_offset, *id)).collect();
        ordered::sort(&mut successors);
        self.become_resigned(now, fx, successors.into_iter().map(|(_, id)| id).collect());
    }

    pub(super) fn become_resigned(&mut self, now: Time, fx: &mut Fx, successors: Vec<BrokerId>) {
        let unacked = self.other_voters().into_iter().collect();
        self.set_role(fx, Role::Resigned { unacked, successors });
        let timeout = self.millis("controller.quorum.election.timeout.ms", 1000);
        let extra = Duration::from_nanos(fx.rng(super::RNG_ELECTION).below(timeout.as_nanos().max(1)));
        self.soft.timers.arm(fx, now + (timeout + extra), TimerKey::Election);
        self.send_end_epochs(now, fx);
    }

    pub(super) fn send_end_epochs(&mut self, now: Time, fx: &mut Fx) {
        let Role::Resigned { unacked, successors } = self.soft.role.clone() else { return };
        let epoch = self.hard.epoch;
        for voter in unacked {
            let request = EndQuorumEpochRequest {
                leader: self.spec.id,
                leader_epoch: epoch,
                preferred_successors: successors.clone(),
            };
            self.call(now, fx, voter, Call::EndEpoch { epoch, voter }, request.into());
        }
    }

    // ---- what admin tools ask

    /// The state of the quorum as its leader knows it.
    pub(super) fn describe_quorum(&self, now: Time) -> DescribeQuorumResponse {
        let (leader_id, leader_epoch, high_watermark) =
            (self.named_leader(), self.hard.epoch, self.soft.high_watermark);
        let Role::Leader(leader) = &self.soft.role else {
            let error = ErrorCode::NotLeaderOrFollower;
            return DescribeQuorumResponse {
                error,
                leader: leader_id,
                leader_epoch,
                high_watermark: -1,
                voters: Vec::new(),
                observers: Vec::new(),
            };
        };
        let ms = |at: Option<Time>| at.map_or(-1, |at| wall_ms(at.as_nanos()));
        let describe = |key: &ReplicaKey, log_end_offset: i64, last_fetch, last_caught_up| {
            let (id, voter) = (key.id, self.voter(key.id).filter(|_| self.is_voter_key(key)));
            let endpoint = voter.map(|voter| voter.endpoint.clone());
            let directory = voter.map_or_else(|| self.directory_of(key), |voter| voter.directory);
            let directory = TopicId(directory.0);
            let (last_fetch_ms, last_caught_up_ms) = (ms(last_fetch), ms(last_caught_up));
            QuorumReplica { id, log_end_offset, last_fetch_ms, last_caught_up_ms, directory, endpoint }
        };
        let row = |(key, p): (&ReplicaKey, &Progress)| describe(key, p.end_offset, p.last_fetch, p.last_caught_up);
        let voter_row = |(id, p): (&BrokerId, &Progress)| {
            let directory = self.voter(*id).map_or(DirectoryId(0), |voter| voter.directory);
            row((&self.replica_key(*id, directory), p))
        };
        let own = describe(
            &ReplicaKey { id: self.spec.id, directory: self.own_directory() },
            self.hard.log.end_offset(),
            Some(now),
            Some(now),
        );
        let is_live = |p: &Progress| p.last_fetch.is_some_and(|at| now.since(at) < OBSERVER_SESSION);
        let mut voters: Vec<QuorumReplica> = leader.voters.iter().map(voter_row).collect();
        let mut observers: Vec<_> = leader.observers.iter().filter(|(_, p)| is_live(p)).map(row).collect();
        if self.is_voter() { &mut voters } else { &mut observers }.push(own);
        ordered::sort_by_key(&mut voters, |voter| voter.id);
        ordered::sort_by_key(&mut observers, |observer| observer.id);
        DescribeQuorumResponse {
            error: ErrorCode::None,
            leader: leader_id,
            leader_epoch,
            high_watermark,
            voters,
            observers,
        }
    }
}

fn whole(result: FetchResult) -> FetchResponse {
    FetchResponse { error: result.error, session_id: 0, partitions: vec![result], node_endpoints: Seldom::default() }
}

#[cfg(test)]
mod tests {
    use kernel::NodeId;

    use super::super::testing::replica;
    use super::*;

    /// The high watermark of a leader whose epoch begins at 10 and whose log ends at 20, with the other voters this far; it was at
    /// `before`.
    fn committed(before: i64, others: &[i64]) -> i64 {
        let voters = others.len() as i32 + 1;
        let mut leader = replica(1, voters);
        let records = Arc::new(vec![MetadataRecord::NoOp; 20]);
        leader.hard.log.append(MetadataBatch { base_offset: 0, epoch: 1, timestamp_ms: 0, records });
        let ids: Vec<BrokerId> = (2..=voters).map(BrokerId).collect();
        let mut role = Leader::new(10, &ids);
        for (progress, end) in role.voters.values_mut().zip(others) {
            progress.end_offset = *end;
        }
        (leader.soft.role, leader.soft.high_watermark) = (Role::Leader(role), before);
        leader.advance(Time::ZERO, &mut Fx::new(1, NodeId(1)));
        leader.soft.high_watermark
    }

    /// `LeaderState#maybeUpdateHighWatermark`.
    #[test]
    fn what_a_majority_has_is_committed_once_that_is_of_this_epoch() {
        assert_eq!(committed(0, &[]), 20);
        assert_eq!((committed(0, &[-1]), committed(0, &[13])), (0, 13));
        assert_eq!((committed(0, &[15, 12]), committed(0, &[12, 15]), committed(0, &[20, 20])), (15, 15, 20));
        assert_eq!(committed(0, &[15, 12, 11]), 12, "three of four");
        assert_eq!(committed(0, &[15, 14, 12, 11]), 14);
        assert_eq!(committed(0, &[10, 10]), 0, "nothing of this epoch");
        assert_eq!(committed(0, &[11, -1]), 11);
        assert_eq!(committed(17, &[15, 12]), 17, "never back");
    }
}
