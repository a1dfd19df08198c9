//! Elections: votes, pre-votes, and the states before a leader is found (`ProspectiveState`, `CandidateState`,
//! `UnattachedState`, KIP-996).

use kernel::{Duration, Time};
use protocol::api::vote::{VoteRequest, VoteResponse};
use protocol::{BrokerId, ErrorCode, Plant};

use super::role::{Ballot, Role};
use super::slow_disk::Held;
use super::{Call, RNG_ELECTION, Replica, Shutdown, TimerKey};
use crate::process::Fx;

/// After an answer that is no vote (`quorum.retry.backoff.ms`).
const RETRY_BACKOFF: Duration = Duration::from_millis(20);

impl Replica {
    /// Between one and two election timeouts.
    fn arm_election(&mut self, now: Time, fx: &mut Fx) {
        let timeout = self.millis("controller.quorum.election.timeout.ms", 1000);
        let extra = Duration::from_nanos(fx.rng(RNG_ELECTION).below(timeout.as_nanos().max(1)));
        self.soft.timers.arm(fx, now + (timeout + extra), TimerKey::Election);
    }

    /// No leader is known in `epoch`, which may be a new one.
    pub(super) fn become_unattached(&mut self, now: Time, fx: &mut Fx, epoch: i32) {
        if epoch > self.hard.epoch {
            self.set_epoch(epoch, BrokerId::NONE, BrokerId::NONE);
        }
        self.set_role(fx, Role::Unattached);
        if self.is_voter() {
            self.arm_election(now, fx);
        }
        // Whoever knows no leader asks around with fetches.
        self.soft.timers.arm_once(fx, now, TimerKey::Fetch);
    }

    pub(super) fn on_election_timeout(&mut self, now: Time, fx: &mut Fx) {
        if self.soft.shutdown != Shutdown::No {
            return;
        }
        match &self.soft.role {
            Role::Unattached => self.become_prospective(now, fx),
            Role::Prospective(ballot) => match ballot.leader {
                leader if leader.is_some() => self.become_follower(now, fx, self.hard.epoch, leader),
                _ => self.become_unattached(now, fx, self.hard.epoch),
            },
            // Lost, or come to nothing: the whole election timeout is waited for before the next attempt.
            Role::Candidate(_) => self.become_prospective(now, fx),
            Role::Resigned { .. } => self.become_unattached(now, fx, self.hard.epoch + 1),
            Role::Follower { .. } | Role::Leader(_) => {}
        }
    }

    /// Asks for pre-votes, in the same epoch.
    pub(super) fn become_prospective(&mut self, now: Time, fx: &mut Fx) {
        if !self.is_voter() || self.soft.shutdown != Shutdown::No {
            return;
        }
        let leader = self.soft.role.leader(self.spec.id);
        self.set_role(fx, Role::Prospective(Ballot::new(self.spec.id, leader)));
        self.arm_election(now, fx);
        self.tally(now, fx);
        self.ask_again(now, fx);
    }

    /// Asks for votes, in an epoch of its own.
    pub(super) fn become_candidate(&mut self, now: Time, fx: &mut Fx) {
        if self.write(fx, Held::Candidacy).is_some() {
            self.campaign(now, fx);
        }
    }

    /// Votes for itself in a new epoch.
    pub(super) fn campaign(&mut self, now: Time, fx: &mut Fx) {
        self.set_epoch(self.hard.epoch + 1, self.spec.id, BrokerId::NONE);
        self.become_candidate_again(now, fx);
    }

    /// A candidate that restarts goes on in its epoch.
    pub(super) fn become_candidate_again(&mut self, now: Time, fx: &mut Fx) {
        self.set_role(fx, Role::Candidate(Ballot::new(self.spec.id, BrokerId::NONE)));
        self.arm_election(now, fx);
        self.tally(now, fx);
        self.ask_again(now, fx);
    }

    /// Sends to every voter that has not answered what the current state asks of it.
    pub(super) fn ask_again(&mut self, now: Time, fx: &mut Fx) {
        match &self.soft.role {
            Role::Prospective(ballot) => self.send_votes(now, fx, ballot.clone(), true),
            Role::Candidate(ballot) if !self.is_lost(ballot) => self.send_votes(now, fx, ballot.clone(), false),
            Role::Resigned { .. } => self.send_end_epochs(now, fx),
            Role::Unattached | Role::Candidate(_) | Role::Follower { .. } | Role::Leader(_) => {}
        }
    }

    fn send_votes(&mut self, now: Time, fx: &mut Fx, ballot: Ballot, pre_vote: bool) {
        for voter in self.other_voters() {
            if !ballot.has_answered(voter) {
                let request = VoteRequest {
                    candidate: self.spec.id,
                    candidate_epoch: self.hard.epoch,
                    last_epoch: self.hard.log.last_epoch(),
                    last_offset: self.hard.log.end_offset(),
                    pre_vote,
                    voter_directory: self.voter_directory(voter),
                };
                let call = Call::Vote { epoch: self.hard.epoch, voter, is_pre_vote: pre_vote };
                self.call(now, fx, voter, call, request.into());
            }
        }
    }

    /// A voter's answer.
    pub(super) fn on_vote_answer(
        &mut self,
        now: Time,
        fx: &mut Fx,
        epoch: i32,
        voter: BrokerId,
        is_pre_vote: bool,
        answer: &VoteResponse,
    ) {
        if answer.leader_epoch > self.hard.epoch
            || (answer.leader_epoch == self.hard.epoch && answer.leader.is_some() && !is_pre_vote)
        {
            self.learn(now, fx, answer.leader_epoch, answer.leader);
            return;
        }
        if epoch != self.hard.epoch {
            return;
        }
        if answer.error == ErrorCode::InvalidVoterKey {
            // Whoever has its id now is another; it is asked again until the voter is removed.
            return self.soft.timers.arm_once(fx, now + RETRY_BACKOFF, TimerKey::Retry);
        }
        match (&mut self.soft.role, is_pre_vote) {
            (Role::Prospective(ballot), true) => {
                let knows_better = answer.leader.is_some() && !ballot.leader.is_some();
                ballot.count(voter, answer.granted);
                if knows_better && answer.leader != self.spec.id {
                    self.become_follower(now, fx, epoch, answer.leader);
                    return;
                }
            }
            (Role::Candidate(ballot), false) => ballot.count(voter, answer.granted),
            _ => return,
        }
        self.tally(now, fx);
    }

    /// Acts on the votes there are.
    fn tally(&mut self, now: Time, fx: &mut Fx) {
        let majority = self.majority();
        match &self.soft.role {
            Role::Prospective(ballot) if ballot.granted.len() >= majority => self.become_candidate(now, fx),
            Role::Prospective(ballot) if self.is_lost(ballot) => match ballot.leader {
                leader if leader.is_some() => self.become_follower(now, fx, self.hard.epoch, leader),
                _ => self.become_unattached(now, fx, self.hard.epoch),
            },
            Role::Candidate(ballot) if ballot.granted.len() >= majority => self.become_leader(now, fx),
            _ => {}
        }
    }

    /// Whether too many have said no (`EpochElection#isVoteRejected`).
    fn is_lost(&self, ballot: &Ballot) -> bool {
        ballot.rejected.len() > self.voters().len() - self.majority()
    }

    /// Somebody asks for a vote.
    pub(super) fn on_vote(&mut self, now: Time, fx: &mut Fx, request: &VoteRequest) -> VoteResponse {
        if request.candidate_epoch < self.hard.epoch {
            return self.vote_response(ErrorCode::FencedLeaderEpoch, false);
        }
        if request.candidate_epoch > self.hard.epoch {
            self.become_unattached(now, fx, request.candidate_epoch);
        }
        if !self.is_meant(request.voter_directory) {
            return self.vote_response(ErrorCode::InvalidVoterKey, false);
        }
        let granted = self.grants(request);
        if granted && !request.pre_vote && self.hard.voted != request.candidate {
            self.set_epoch(self.hard.epoch, request.candidate, BrokerId::NONE);
            self.become_unattached(now, fx, self.hard.epoch);
        }
        self.vote_response(ErrorCode::None, granted)
    }

    /// Whether a candidate of this epoch gets the vote.
    pub(super) fn grants(&self, request: &VoteRequest) -> bool {
        let mine = (self.hard.log.last_epoch(), self.hard.log.end_offset());
        let is_up_to_date = (request.last_epoch, request.last_offset) >= mine;
        // One that is no voter as far as it knows may be one all the same: its log may end before the record that says so.
        is_up_to_date && self.spec.is_controller && self.would_vote(request)
    }

    /// Whether this role allows a vote for a candidate whose log is good enough.
    fn would_vote(&self, request: &VoteRequest) -> bool {
        match &self.soft.role {
            // Whoever has no leader of this epoch to lose (`EpochState#canGrantVote`).
            Role::Unattached | Role::Prospective(_) | Role::Candidate(_) | Role::Resigned { .. }
                if request.pre_vote =>
            {
                true
            }
            Role::Follower { has_fetched, .. } if request.pre_vote => !has_fetched,
            Role::Unattached | Role::Prospective(_) => {
                let is_free = !self.hard.voted.is_some()
                    || self.hard.voted == request.candidate
                    || self.spec.has(Plant::VotesTwice);
                is_free && !self.hard.leader.is_some()
            }
            Role::Candidate(_) | Role::Follower { .. } | Role::Leader(_) | Role::Resigned { .. } => false,
        }
    }

    fn vote_response(&self, error: ErrorCode, granted: bool) -> VoteResponse {
        VoteResponse { error, leader: self.named_leader(), leader_epoch: self.hard.epoch, granted }
    }

    /// The leader this node names in answers.
    pub(super) fn named_leader(&self) -> BrokerId {
        self.soft.role.leader(self.spec.id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::NodeId;
    use ordered::SortedSet;
    use protocol::Seldom;
    use protocol::metadata::{MetadataBatch, MetadataRecord};

    use super::super::role::Leader;
    use super::super::testing::replica;
    use super::*;

    const NOBODY: BrokerId = BrokerId::NONE;
    const CANDIDATE: BrokerId = BrokerId(2);
    const OTHER: BrokerId = BrokerId(3);

    /// Whether voter 1, which has voted for `voted` and heard of `leader` in this epoch, gives a pre-vote and a vote to voter 2, whose
    /// log is as good as its own.
    fn gives(role: Role, voted: BrokerId, leader: BrokerId) -> (bool, bool) {
        let mut replica = replica(1, 3);
        (replica.hard.epoch, replica.hard.voted, replica.hard.leader, replica.soft.role) = (5, voted, leader, role);
        let asked = |pre_vote| {
            let log = (replica.hard.log.last_epoch(), replica.hard.log.end_offset());
            replica.grants(&request(pre_vote, log))
        };
        (asked(true), asked(false))
    }

    fn request(pre_vote: bool, (last_epoch, last_offset): (i32, i64)) -> VoteRequest {
        let voter_directory = Default::default();
        VoteRequest { candidate: CANDIDATE, candidate_epoch: 5, last_epoch, last_offset, pre_vote, voter_directory }
    }

    #[test]
    fn an_election_timeout_is_drawn_between_one_and_two_of_what_is_configured() {
        let due = |seed| {
            let mut replica = replica(1, 3);
            replica.become_unattached(Time::ZERO, &mut Fx::new(seed, NodeId(1)), 0);
            replica.soft.timers.due(&TimerKey::Election).expect("a voter waits").as_nanos() / 1_000_000
        };
        let drawn: Vec<u64> = (0..200).map(due).collect();
        assert!(drawn.iter().all(|ms| (1_000..2_000).contains(ms)), "{drawn:?}");
        let in_quarter = |n| drawn.iter().filter(|ms| (**ms - 1_000) / 250 == n).count();
        assert!((0..4).all(|n| in_quarter(n) > 20), "{drawn:?}");
    }

    /// `EpochState#canGrantVote` of each state, in Kafka 4.4.0.
    #[test]
    fn votes_and_pre_votes_are_given_as_each_state_allows() {
        let ballot = |id, leader| Ballot::new(BrokerId(id), leader);
        assert_eq!(gives(Role::Unattached, NOBODY, NOBODY), (true, true));
        assert_eq!(gives(Role::Unattached, CANDIDATE, NOBODY), (true, true));
        assert_eq!(gives(Role::Unattached, OTHER, NOBODY), (true, false));
        assert_eq!(gives(Role::Unattached, NOBODY, OTHER), (true, false));
        assert_eq!(gives(Role::Prospective(ballot(1, NOBODY)), NOBODY, NOBODY), (true, true));
        assert_eq!(gives(Role::Prospective(ballot(1, OTHER)), NOBODY, OTHER), (true, false));
        assert_eq!(gives(Role::Candidate(ballot(1, NOBODY)), BrokerId(1), NOBODY), (true, false));
        assert_eq!(
            gives(Role::Follower { leader: OTHER, has_fetched: false, update: Seldom::default() }, NOBODY, OTHER),
            (true, false)
        );
        assert_eq!(
            gives(Role::Follower { leader: OTHER, has_fetched: true, update: Seldom::default() }, NOBODY, OTHER),
            (false, false)
        );
        assert_eq!(gives(Role::Leader(Leader::new(0, &[CANDIDATE, OTHER])), BrokerId(1), BrokerId(1)), (false, false));
        let resigned = Role::Resigned { unacked: SortedSet::new(), successors: Vec::new() };
        assert_eq!(gives(resigned, NOBODY, BrokerId(1)), (true, false));
    }

    #[test]
    fn a_log_is_as_good_as_another_by_its_last_epoch_first_and_then_by_its_end() {
        let mut replica = replica(1, 3);
        let records = Arc::new(vec![MetadataRecord::NoOp, MetadataRecord::NoOp]);
        replica.hard.log.append(MetadataBatch { base_offset: 0, epoch: 4, timestamp_ms: 0, records });
        replica.hard.epoch = 5;
        for (log, is_granted) in [((3, 9), false), ((4, 1), false), ((4, 2), true), ((4, 3), true), ((5, 0), true)] {
            for pre_vote in [true, false] {
                assert_eq!(replica.grants(&request(pre_vote, log)), is_granted, "{log:?}");
            }
        }
    }
}
