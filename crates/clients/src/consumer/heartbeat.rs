//! Heartbeats, session and poll time-outs (`AbstractCoordinator.HeartbeatThread`). They run whether or not the
//! application polls, which is why a stuck application keeps its partitions until max.poll.interval.ms.

use kernel::Time;
use protocol::api::heartbeat::HeartbeatRequest;
use protocol::api::leave_group::{LeaveGroupRequest, LeaveMember};
use protocol::{ApiKey, ErrorCode};

use super::Consumer;
use super::state::{Asked, Coordinator, GroupPhase, Life};
use crate::network::Lane;
use crate::{ClientError, ConsumerEvent, Fx, Profile};

const COORDINATOR: &str = "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator";

impl Consumer {
    fn beats(&self) -> bool {
        match self.membership.phase {
            GroupPhase::Assigning { .. } | GroupPhase::Syncing | GroupPhase::Stable | GroupPhase::Preparing { .. } => {
                self.membership.generation >= 0
            }
            GroupPhase::Unjoined | GroupPhase::Joining => false,
        }
    }

    pub(super) fn heartbeat(&mut self, now: Time, fx: &mut Fx) {
        if self.life != Life::Open || !self.beats() {
            return;
        }
        if self.membership.session_ends <= now {
            self.membership.session_ends = now + self.settings.session_timeout;
            self.lose_coordinator(now, fx);
            return;
        }
        if now.since(self.membership.last_poll) > self.settings.max_poll_interval {
            self.poll_timed_out(now, fx);
            return;
        }
        if self.membership.heartbeat_in_flight || self.membership.heartbeat_due > now {
            return;
        }
        let (Some(node), Some(group)) = (self.coordinator(now, fx), self.settings.group.clone()) else { return };
        let generation = self.membership.generation;
        let request = HeartbeatRequest {
            group,
            generation,
            member: self.membership.member.clone(),
            group_instance_id: self.settings.instance.clone(),
        };
        self.membership.heartbeat_in_flight = true;
        self.membership.heartbeat_due = now + self.settings.heartbeat_interval;
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Heartbeat { generation }, request.into());
    }

    pub(super) fn heartbeat_answered(&mut self, now: Time, fx: &mut Fx, generation: i32, error: ErrorCode) {
        self.membership.heartbeat_in_flight = false;
        if generation != self.membership.generation {
            return;
        }
        if !error.is_ok() {
            self.note_error(fx, ApiKey::Heartbeat, error);
        }
        match error {
            ErrorCode::None => self.membership.session_ends = now + self.settings.session_timeout,
            ErrorCode::RebalanceInProgress => {
                self.membership.session_ends = now + self.settings.session_timeout;
                if self.membership.phase == GroupPhase::Stable {
                    self.membership.rejoin.get_or_insert("group is already rebalancing");
                }
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => self.lose_coordinator(now, fx),
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId => self.membership_lost(error),
            code => self.fail(ClientError::of(self.profile, code)),
        }
    }

    /// The coordinator does not know this member (in this generation) any more.
    pub(super) fn membership_lost(&mut self, error: ErrorCode) {
        self.membership.reset(error == ErrorCode::IllegalGeneration);
        self.membership.rejoin.get_or_insert("the member is not part of the group any more");
        if matches!(self.membership.phase, GroupPhase::Assigning { .. } | GroupPhase::Syncing) {
            self.membership.phase = GroupPhase::Unjoined;
        }
    }

    /// The application has not polled for too long: leave, and lose the partitions at the next poll.
    fn poll_timed_out(&mut self, now: Time, fx: &mut Fx) {
        match self.profile {
            Profile::Java => self.net.warn(
                COORDINATOR,
                "consumer poll timeout has expired. This means the time between subsequent calls to poll() was longer than the configured max.poll.interval.ms, which typically implies that the poll loop is spending too much time processing messages. You can address this either by increasing max.poll.interval.ms or by reducing the maximum size of batches returned in poll() with max.poll.records.",
            ),
            Profile::Librdkafka => {
                let text = format!(
                    "Application maximum poll interval ({}ms) exceeded by {}ms",
                    self.settings.max_poll_interval.as_millis(),
                    now.since(self.membership.last_poll).as_millis() - self.settings.max_poll_interval.as_millis()
                );
                self.events.push(ConsumerEvent::Error(ClientError::new("_MAX_POLL_EXCEEDED", text, ErrorCode::UnknownMemberId)));
            }
        }
        self.send_leave(now, fx, "consumer poll timeout has expired.");
        self.membership.reset(false);
        self.membership.phase = GroupPhase::Unjoined;
        self.membership.not_before = now;
        if self.profile == Profile::Librdkafka {
            // It rejoins only when the application polls again.
            self.membership.is_exiled = true;
            self.drop_assignment(fx, true);
        }
    }

    /// Sends LeaveGroup if there is somebody to send it to and the member is dynamic; true if sent.
    pub(super) fn send_leave(&mut self, now: Time, fx: &mut Fx, reason: &str) -> bool {
        let Coordinator::Known(_, node) = self.membership.coordinator.clone() else { return false };
        let Some(group) = self.settings.group.clone() else { return false };
        if !self.settings.is_dynamic()
            || self.membership.member.is_empty()
            || !self.net.ready(now, fx, Lane::Coordinator, &node)
        {
            return false;
        }
        let leaving =
            LeaveMember { member: self.membership.member.clone(), group_instance_id: None, reason: reason.into() };
        let request = LeaveGroupRequest { group, members: vec![leaving] };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Leave, request.into());
        true
    }
}
