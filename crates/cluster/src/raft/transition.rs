//! What the phases share: changing roles and epochs, learning of leaders, calls that fail and are made again
//! (`KafkaRaftClient#maybeTransition`, `RequestManager`).

use std::sync::Arc;

use kernel::{Address, Duration, Time};
use protocol::{BrokerId, ErrorCode, Message, Note, Request};

use super::role::Role;
use super::{Call, Leadership, Replica, Shutdown, TimerKey};
use crate::process::Fx;

impl Replica {
    pub(super) fn millis(&self, name: &str, default: u64) -> Duration {
        self.spec.millis(name, default)
    }
    pub(super) fn fetch_timeout(&self) -> Duration {
        self.millis("controller.quorum.fetch.timeout.ms", 2000)
    }
    pub(super) fn request_timeout(&self) -> Duration {
        self.millis("controller.quorum.request.timeout.ms", 2000)
    }

    pub(super) fn call(&mut self, now: Time, fx: &mut Fx, to: BrokerId, tag: Call, request: Request) {
        if let Some(address) = self.address_of(to) {
            self.call_at(now, fx, &address, tag, request);
        }
    }

    pub(super) fn call_at(&mut self, now: Time, fx: &mut Fx, address: &Address, tag: Call, request: Request) {
        let timeout = self.request_timeout();
        let client_id: Arc<str> = format!("raft-client-{}", self.spec.id).into();
        let make = |correlation| Message::Request { correlation, client_id, request };
        self.soft.calls.call(fx, now, address, timeout, tag, make);
        self.arm_deadline(fx);
    }

    pub(super) fn arm_deadline(&mut self, fx: &mut Fx) {
        if let Some(due) = self.soft.calls.next_deadline() {
            self.soft.timers.arm_once(fx, due, TimerKey::CallDeadline);
        }
    }

    /// Calls failed: what still matters is asked again after a back-off (50 ms doubling to 1 s, as clients reconnect).
    pub(super) fn failed(&mut self, now: Time, fx: &mut Fx, calls: Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        self.soft.failures += 1;
        let delay = Duration::from_millis((50_u64 << self.soft.failures.min(6)).min(1000));
        for call in calls {
            match call {
                Call::Fetch { epoch, to } | Call::FetchSnapshot { epoch, to } | Call::UpdateVoter { epoch, to } => {
                    if self.soft.fetching == Some((epoch, to)) {
                        self.soft.fetching = None;
                        self.soft.timers.arm_once(fx, now + delay, TimerKey::Fetch);
                    }
                }
                Call::Vote { .. } | Call::EndEpoch { .. } => {
                    self.soft.timers.arm_once(fx, now + delay, TimerKey::Retry)
                }
                // Repeated by their own timers.
                Call::BeginEpoch { .. } | Call::Join => {}
                Call::Versions { .. } => self.on_versions(now, fx, call, None),
            }
        }
    }

    /// Changes the role, and says so.
    pub(super) fn set_role(&mut self, fx: &mut Fx, role: Role) {
        if let Role::Leader(leader) = &self.soft.role {
            if leader.is_claimed {
                self.soft.leadership.push_back(Leadership::Lost);
            }
            self.conclude(fx, ErrorCode::NotLeaderOrFollower, None);
        }
        for parked in std::mem::take(&mut self.soft.parked) {
            let response = self.refuse_fetch(ErrorCode::NotLeaderOrFollower);
            fx.send(parked.conn, Message::Response { correlation: parked.correlation, response: response.into() });
        }
        let before = (self.soft.role.name(self.is_voter()), self.soft.role.leader(self.spec.id));
        self.soft.role = role;
        let keys = [
            TimerKey::Election,
            TimerKey::FetchTimeout,
            TimerKey::Linger,
            TimerKey::Parked,
            TimerKey::BeginEpoch,
            TimerKey::CheckQuorum,
            TimerKey::Retry,
        ];
        for key in keys {
            self.soft.timers.cancel(&key);
        }
        let after = (self.role_name(), self.soft.role.leader(self.spec.id));
        if before != after {
            let (state, leader) = after;
            fx.note(Note::QuorumState { node: self.spec.id, state, epoch: self.hard.epoch, leader });
        }
        if self.soft.shutdown == Shutdown::Pending && after.1.is_some() {
            self.soft.shutdown = Shutdown::Done;
        }
    }

    /// Enters an epoch, persistently.
    pub(super) fn set_epoch(&mut self, epoch: i32, voted: BrokerId, leader: BrokerId) {
        debug_assert!(epoch >= self.hard.epoch, "epochs grow");
        self.hard.epoch = epoch;
        self.hard.voted = voted;
        self.hard.leader = leader;
    }

    /// Acts on an epoch and a leader another node named; true if that changed the role
    /// (`KafkaRaftClient#maybeTransition`).
    pub(super) fn learn(&mut self, now: Time, fx: &mut Fx, epoch: i32, leader: BrokerId) -> bool {
        if epoch < self.hard.epoch || (epoch == self.hard.epoch && self.is_leader()) {
            return false;
        }
        if leader.is_some() && leader != self.spec.id && (epoch > self.hard.epoch || !self.follows(leader)) {
            self.become_follower(now, fx, epoch, leader);
            return true;
        }
        if epoch > self.hard.epoch {
            self.become_unattached(now, fx, epoch);
            return true;
        }
        false
    }

    pub(super) fn follows(&self, leader: BrokerId) -> bool {
        matches!(self.soft.role, Role::Follower { leader: current, .. } if current == leader)
    }
}
