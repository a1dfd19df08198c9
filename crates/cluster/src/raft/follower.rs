//! Following a leader: fetching the metadata log, truncating where it diverges (`FollowerState`). Observers do the
//! same, without election timeouts.

use kernel::{Duration, Time};
use protocol::api::begin_quorum_epoch::{BeginQuorumEpochRequest, BeginQuorumEpochResponse};
use protocol::api::end_quorum_epoch::{EndQuorumEpochRequest, EndQuorumEpochResponse};
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::api::fetch_snapshot::{FetchSnapshotRequest, FetchSnapshotResponse};
use protocol::{BrokerId, ErrorCode, Seldom, TopicId};

use super::role::Role;
use super::snapshot::Snapshot;
use super::{Call, RNG_ELECTION, Replica, TimerKey};
use crate::process::Fx;

/// How long a leader may park a fetch (`KafkaRaftClient#MAX_FETCH_WAIT_MS`).
const FETCH_WAIT_MAX_MS: u32 = 500;
/// How long a node without leader waits between asking one voter and the next.
const ASK_AROUND: Duration = Duration::from_millis(100);

impl Replica {
    /// Follows `leader` in `epoch`.
    pub(super) fn become_follower(&mut self, now: Time, fx: &mut Fx, epoch: i32, leader: BrokerId) {
        let voted = if epoch > self.hard.epoch { BrokerId::NONE } else { self.hard.voted };
        self.set_epoch(epoch, voted, leader);
        self.set_role(fx, Role::Follower { leader, has_fetched: false, update: self.nothing_told(now) });
        self.arm_fetch_timeout(now, fx);
        self.arm_join(now, fx);
        self.soft.timers.arm(fx, now, TimerKey::Fetch);
    }

    /// The current leader says that it leads.
    pub(super) fn on_begin_epoch(
        &mut self,
        now: Time,
        fx: &mut Fx,
        request: &BeginQuorumEpochRequest,
    ) -> BeginQuorumEpochResponse {
        let mut error =
            if request.leader_epoch < self.hard.epoch { ErrorCode::FencedLeaderEpoch } else { ErrorCode::None };
        if error.is_ok() {
            self.hear(request.leader, request.endpoint.clone());
            self.learn(now, fx, request.leader_epoch, request.leader);
            if !self.is_meant(request.voter_directory) {
                error = ErrorCode::InvalidVoterKey;
            }
        }
        BeginQuorumEpochResponse { error, leader: self.named_leader(), leader_epoch: self.hard.epoch }
    }

    /// The leader resigns: the first of its successors starts an election at once, the others later and later.
    pub(super) fn on_end_epoch(
        &mut self,
        now: Time,
        fx: &mut Fx,
        request: &EndQuorumEpochRequest,
    ) -> EndQuorumEpochResponse {
        let error = if request.leader_epoch < self.hard.epoch { ErrorCode::FencedLeaderEpoch } else { ErrorCode::None };
        if error.is_ok() {
            self.learn(now, fx, request.leader_epoch, request.leader);
            if self.is_voter() && self.follows(request.leader) {
                let delay = self.successor_delay(&request.preferred_successors);
                self.soft.timers.arm(fx, now + delay, TimerKey::FetchTimeout);
            }
        }
        EndQuorumEpochResponse { error, leader: self.named_leader(), leader_epoch: self.hard.epoch }
    }

    /// `KafkaRaftClient#strictExponentialElectionBackoffMs`: the first does not wait, the others half of what the next one waits,
    /// and who is not named the longest.
    fn successor_delay(&self, successors: &[BrokerId]) -> Duration {
        let longest = self.millis("controller.quorum.election.backoff.max.ms", 1000).as_millis();
        let shift = |by: usize| u32::try_from(by).unwrap_or(u32::MAX).min(31);
        Duration::from_millis(match successors.iter().position(|id| *id == self.spec.id) {
            Some(0) => 0,
            Some(position) => ((longest >> shift(successors.len() - 1)) << shift(position - 1)).min(longest),
            None => longest,
        })
    }

    /// Fetches from the leader, or from any voter to hear who leads.
    pub(super) fn fetch(&mut self, now: Time, fx: &mut Fx) {
        // Nobody tells an observer that its leader is gone: when that does not answer, it asks around
        // (`KafkaRaftClient#pollFollowerAsObserver`).
        let is_lost = !self.is_voter() && self.soft.failures > 0;
        let to = match &self.soft.role {
            Role::Follower { leader, .. } if !is_lost && self.address_of(*leader).is_some() => *leader,
            Role::Follower { .. } | Role::Unattached => {
                let others = self.first_to_ask();
                if others.is_empty() {
                    return;
                }
                others[fx.rng(RNG_ELECTION).index(others.len())]
            }
            Role::Prospective(_) | Role::Candidate(_) | Role::Leader(_) | Role::Resigned { .. } => return,
        };
        // An observer that asks around may ask the next voter while the last is silent.
        if self.soft.fetching == Some((self.hard.epoch, self.named_leader())) {
            return;
        }
        if self.tell_leader(now, fx, to) {
            return;
        }
        let max_bytes = self.spec.number("controller.quorum.fetch.max.bytes", 1 << 20);
        let max_bytes = u32::try_from(max_bytes).unwrap_or(u32::MAX);
        let request = FetchRequest {
            replica: self.spec.id,
            replica_epoch: -1,
            max_wait_ms: FETCH_WAIT_MAX_MS,
            min_bytes: 0,
            max_bytes,
            read_committed: false,
            session_id: 0,
            session_epoch: -1,
            partitions: vec![FetchPartition {
                topic_id: TopicId::METADATA,
                partition: 0,
                current_leader_epoch: self.hard.epoch,
                fetch_offset: self.hard.log.end_offset(),
                last_fetched_epoch: self.hard.log.last_epoch(),
                log_start_offset: self.hard.log.start_offset(),
                partition_max_bytes: max_bytes,
            }],
            forgotten: Vec::new(),
            raft_high_watermark: self.soft.high_watermark,
            rack: None,
            directory: Seldom(self.own_directory().0.map(Box::new)),
        };
        let call = Call::Fetch { epoch: self.hard.epoch, to };
        self.soft.fetching = Some((self.hard.epoch, to));
        self.call(now, fx, to, call, request.into());
    }

    /// The answer to a fetch.
    pub(super) fn on_fetch_answer(&mut self, now: Time, fx: &mut Fx, epoch: i32, to: BrokerId, answer: FetchResponse) {
        let is_awaited = self.soft.fetching == Some((epoch, to));
        if is_awaited {
            self.soft.fetching = None;
        }
        let Some(result) = answer.partitions.into_iter().next() else { return };
        if let Some(hint) = result.current_leader {
            self.hear(hint.leader, result.leader_endpoint.clone());
            self.learn(now, fx, hint.leader_epoch, hint.leader);
        }
        if !is_awaited {
            return;
        }
        let is_follower = matches!(self.soft.role, Role::Follower { .. });
        if epoch != self.hard.epoch || !result.error.is_ok() || !is_follower {
            let delay = if self.leader().is_some() { Duration::ZERO } else { ASK_AROUND };
            let delay = if result.error.is_ok() || epoch != self.hard.epoch {
                delay
            } else {
                delay.max(Duration::from_millis(20))
            };
            self.soft.timers.arm_once(fx, now + delay, TimerKey::Fetch);
            return;
        }
        // Of the high watermark in such an answer this log may hold other records than the leader's.
        let must_fetch_snapshot = result.snapshot.0.is_some();
        if !must_fetch_snapshot {
            let was_voter = self.is_voter();
            self.take_in(result);
            self.note_role(fx, was_voter);
        }
        if let Role::Follower { has_fetched, .. } = &mut self.soft.role {
            *has_fetched = true;
        }
        self.arm_fetch_timeout(now, fx);
        if must_fetch_snapshot {
            self.fetch_snapshot(now, fx, to);
        } else {
            self.fetch(now, fx);
        }
    }

    /// The leader's log does not reach back to where this one ends, or leaves it: asks for the snapshot that stands for that.
    fn fetch_snapshot(&mut self, now: Time, fx: &mut Fx, to: BrokerId) {
        let epoch = self.hard.epoch;
        let request = FetchSnapshotRequest {
            replica: self.spec.id,
            current_leader_epoch: epoch,
            directory: self.own_directory(),
        };
        self.soft.fetching = Some((epoch, to));
        self.call(now, fx, to, Call::FetchSnapshot { epoch, to }, request.into());
    }

    /// The snapshot: the log starts over from it.
    pub(super) fn on_snapshot_answer(
        &mut self,
        now: Time,
        fx: &mut Fx,
        epoch: i32,
        to: BrokerId,
        answer: FetchSnapshotResponse,
    ) {
        if self.soft.fetching != Some((epoch, to)) {
            return;
        }
        self.soft.fetching = None;
        if !answer.error.is_ok() || epoch != self.hard.epoch {
            self.soft.timers.arm_once(fx, now + ASK_AROUND, TimerKey::Fetch);
            return;
        }
        let was_voter = self.is_voter();
        self.hard.log.install_snapshot(Snapshot::of(answer.end_offset, answer.epoch, &answer.records));
        self.note_role(fx, was_voter);
        self.soft.high_watermark = answer.end_offset;
        self.soft.must_load_snapshot = true;
        self.arm_fetch_timeout(now, fx);
        self.fetch(now, fx);
    }

    /// Voters stand for election when their leader is silent for that long.
    pub(super) fn arm_fetch_timeout(&mut self, now: Time, fx: &mut Fx) {
        match self.is_voter() {
            true => self.soft.timers.arm(fx, now + self.fetch_timeout(), TimerKey::FetchTimeout),
            false => drop(self.soft.timers.cancel(&TimerKey::FetchTimeout)),
        }
    }

    /// Appends what came, or truncates, and moves the high watermark.
    fn take_in(&mut self, result: FetchResult) {
        if let Some(diverging) = result.diverging_epoch {
            let own = self.hard.log.end_offset_for_epoch(diverging.epoch);
            let to =
                if own.epoch == diverging.epoch { own.end_offset.min(diverging.end_offset) } else { own.end_offset };
            match to < self.soft.high_watermark {
                // A majority of the voters has lost what was committed. Whoever has it still goes no further.
                true => self.soft.torn = Seldom(Some((to, self.soft.high_watermark))),
                false => self.hard.log.truncate_to(to),
            }
            return;
        }
        for batch in result.metadata {
            if batch.base_offset == self.hard.log.end_offset() {
                self.hard.log.append(batch);
            }
        }
        let high_watermark = result.high_watermark.min(self.hard.log.end_offset());
        self.soft.high_watermark = self.soft.high_watermark.max(high_watermark);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::replica;
    use super::*;

    /// How long voter `own` of five waits after an EndQuorumEpoch that names these successors, in ms.
    fn delay_ms(own: i32, successors: &[i32]) -> u64 {
        let successors: Vec<BrokerId> = successors.iter().copied().map(BrokerId).collect();
        replica(own, 5).successor_delay(&successors).as_millis()
    }

    #[test]
    fn the_best_successor_starts_at_once_and_the_others_ever_later() {
        let delays: Vec<u64> = (1..=5).map(|own| delay_ms(own, &[2, 1, 3, 4])).collect();
        assert_eq!(delays, [125, 0, 250, 500, 1000]);
        assert_eq!((delay_ms(1, &[2, 1]), delay_ms(3, &[2, 1]), delay_ms(3, &[])), (500, 1000, 1000));
    }
}
