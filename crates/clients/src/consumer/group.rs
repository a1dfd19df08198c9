//! Finding the coordinator, and routing what it answers (`AbstractCoordinator`).

use kernel::{Address, Time};
use protocol::api::find_coordinator::FindCoordinatorRequest;
use protocol::{ApiKey, ErrorCode, Note, Response};

use super::state::{Asked, Coordinator, GroupPhase};
use super::{Consumer, Life};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile};

impl Consumer {
    /// Whether the coordinator is needed now.
    fn wants_coordinator(&self) -> bool {
        self.settings.group.is_some()
            && (self.is_subscribed() && !self.has_failed && self.life == Life::Open
                || !self.commits.is_empty()
                || self.partitions.values().any(|partition| partition.seek == super::Seek::Committed))
    }

    pub(super) fn find_coordinator(&mut self, now: Time, fx: &mut Fx) {
        let Coordinator::Unknown { not_before, tries } = self.membership.coordinator else { return };
        // Java's asks a bootstrap server, beside its first question for metadata.
        let is_early = self.profile == Profile::Librdkafka && self.net.metadata.version == 0;
        if not_before > now || !self.wants_coordinator() || is_early {
            return;
        }
        let Some(group) = self.settings.group.clone() else { return };
        let Some((lane, node)) = self.net.any_node(now, fx) else { return };
        self.membership.coordinator = Coordinator::Finding { tries: tries + 1 };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, lane, &node, timeout, Asked::Coordinator, FindCoordinatorRequest { group }.into());
    }

    /// The coordinator's address if a request can go to it now.
    pub(super) fn coordinator(&mut self, now: Time, fx: &mut Fx) -> Option<Address> {
        let Coordinator::Known(_, node) = &self.membership.coordinator else { return None };
        let node = node.clone();
        let is_ready = self.net.ready(now, fx, Lane::Coordinator, &node);
        if is_ready {
            self.membership.finds = 0;
        }
        is_ready.then_some(node)
    }

    /// The connection to the coordinator has failed, though nothing was under way on it: it is looked for again, at once, and
    /// after a backoff if it cannot be reached again (`#checkAndGetCoordinator`, `#ensureCoordinatorReady`).
    pub(super) fn leave_unavailable(&mut self, now: Time, fx: &mut Fx) {
        let Coordinator::Known(_, node) = &self.membership.coordinator else { return };
        if self.net.is_unavailable(now, Lane::Coordinator, node) {
            let wait = match self.membership.finds {
                0 => kernel::Duration::ZERO,
                finds => self.backoff(finds, fx),
            };
            self.membership.coordinator = Coordinator::Unknown { not_before: now + wait, tries: 0 };
        }
    }

    /// The coordinator must be looked for again. Java's leaves the one it knew: what is under way to it will not be answered, so nothing of
    /// it comes later (`AbstractCoordinator#markCoordinatorUnknown`).
    pub(super) fn lose_coordinator(&mut self, now: Time, fx: &mut Fx) {
        let (tries, known) = match &self.membership.coordinator {
            Coordinator::Unknown { tries, .. } | Coordinator::Finding { tries } => (*tries, None),
            Coordinator::Known(_, node) => (0, Some(node.clone())),
        };
        let not_before = now + self.backoff(tries.max(1), fx);
        self.membership.coordinator = Coordinator::Unknown { not_before, tries };
        let Some(node) = known.filter(|_| self.profile == Profile::Java) else { return };
        for tag in self.net.disconnect(now, fx, Lane::Coordinator, &node) {
            self.unanswered(now, fx, tag);
        }
    }

    fn coordinator_answered(&mut self, now: Time, fx: &mut Fx, response: &Response) {
        let Response::FindCoordinator(answer) = response else { return };
        match (answer.error, &answer.broker) {
            (ErrorCode::None, Some(broker)) => {
                self.membership.coordinator = Coordinator::Known(broker.id, (broker.host.clone(), broker.port));
                self.membership.finds += 1;
                self.net.coordinator = broker.id;
            }
            (ErrorCode::None, None) => self.lose_coordinator(now, fx),
            (code, _) if code.is_retriable() => {
                self.note_error(fx, ApiKey::FindCoordinator, code);
                self.lose_coordinator(now, fx);
            }
            (code, _) => self.fail(ClientError::of(self.profile, code)),
        }
    }

    pub(super) fn note_error(&self, fx: &mut Fx, api: ApiKey, error: ErrorCode) {
        fx.note(Note::ClientError { client_id: self.net.client_id.clone(), api, error });
    }

    pub(super) fn answered(&mut self, now: Time, fx: &mut Fx, tag: Asked, response: Response) {
        match (tag, response) {
            (Asked::Coordinator, response) => self.coordinator_answered(now, fx, &response),
            (Asked::Join, Response::JoinGroup(answer)) => self.join_answered(now, fx, answer),
            (Asked::Sync { generation }, Response::SyncGroup(answer)) => {
                self.sync_answered(now, fx, generation, answer)
            }
            (Asked::Heartbeat { generation }, Response::Heartbeat(answer)) => {
                self.heartbeat_answered(now, fx, generation, answer.error)
            }
            (Asked::Leave, _) => self.left(),
            (Asked::Commit(number), Response::OffsetCommit(answer)) => self.commit_answered(now, fx, number, &answer),
            (Asked::Committed { assignment }, Response::OffsetFetch(answer)) => {
                self.committed_answered(now, fx, assignment, answer)
            }
            (Asked::LookUp { assignment, again_at, partitions }, Response::ListOffsets(answer)) => {
                self.look_up_answered(now, fx, assignment, again_at, &partitions, answer);
            }
            (Asked::Validate { assignment, partitions }, Response::OffsetForLeaderEpoch(answer)) => {
                self.validation_answered(now, fx, assignment, &partitions, answer);
            }
            (Asked::Fetch { assignment, node }, Response::Fetch(answer)) => {
                self.fetch_answered(now, fx, assignment, &node, answer);
            }
            (tag, _) => self.unanswered(now, fx, tag),
        }
    }

    /// The connection broke, or no answer came in time.
    pub(super) fn unanswered(&mut self, now: Time, fx: &mut Fx, tag: Asked) {
        match tag {
            Asked::Coordinator => self.lose_coordinator(now, fx),
            Asked::Join | Asked::Sync { .. } => {
                self.lose_coordinator(now, fx);
                self.join_again(now, fx);
            }
            Asked::Heartbeat { .. } => {
                self.membership.heartbeat_in_flight = false;
                self.membership.heartbeat_due = now + self.backoff(1, fx);
                self.lose_coordinator(now, fx);
            }
            Asked::Leave => self.left(),
            Asked::Commit(number) => {
                self.lose_coordinator(now, fx);
                self.doubt_commit(number);
                self.commit_failed(now, fx, number, ErrorCode::CoordinatorNotAvailable);
            }
            Asked::Committed { assignment } => {
                self.lose_coordinator(now, fx);
                self.ask_again(now, fx, assignment, None);
            }
            Asked::LookUp { assignment, partitions, .. } => self.ask_again(now, fx, assignment, Some(&partitions)),
            Asked::Validate { assignment, partitions } => {
                self.validation_unanswered(now, fx, assignment, &partitions);
            }
            Asked::Fetch { node, .. } => self.fetch_failed(&node),
        }
    }

    /// Times at which the membership acts.
    pub(super) fn group_dues(&self) -> impl Iterator<Item = Time> {
        let membership = &self.membership;
        let look_up = match membership.coordinator {
            Coordinator::Unknown { not_before, .. } => Some(not_before),
            _ => None,
        };
        let is_subscribed = self.is_subscribed();
        let is_member = is_subscribed && !matches!(membership.phase, GroupPhase::Unjoined | GroupPhase::Joining);
        let poll_ends = membership.last_poll + self.settings.max_poll_interval + kernel::Duration::from_nanos(1);
        let dues = [
            look_up,
            is_subscribed.then_some(membership.not_before),
            is_member.then_some(membership.heartbeat_due),
            is_member.then_some(membership.session_ends),
            is_subscribed.then_some(poll_ends),
            self.looks_at_topics_from(),
        ];
        dues.into_iter().flatten()
    }
}
