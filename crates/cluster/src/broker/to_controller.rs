//! Calls to the active controller: requests of clients that only it can serve are forwarded (`ForwardingManager`,
//! `NodeToControllerChannelManager`), and the channels of ISR changes and producer ids end here too.
//! Left out: the envelope with the caller's principal.

use kernel::{Address, Calls, ConnId, Duration, Time};
use ordered::{SortedMap, SortedSet};
use protocol::api::create_topics::{CreateTopicsRequest, NewTopic};
use protocol::api::describe_quorum::DescribeQuorumResponse;
use protocol::{BrokerId, ErrorCode, Message, Request, Response, TopicName};

use super::connections::Ticket;
use super::dispatch::Answer;
use super::{Broker, Soft, TimerKey};
use crate::controller::refuse;
use crate::process::{Context, Fx};

/// Requests that go to the active controller.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Forwards {
    waiting: SortedMap<u64, Forward>,
    last: u64,
    pub(super) calls: Calls<u64>,
    /// Topics that are being created because somebody asked for them.
    pub(super) creating: SortedSet<TopicName>,
}

#[derive(Clone, Debug, Hash)]
struct Forward {
    origin: Origin,
    request: Request,
    give_up: Time,
    is_sent: bool,
}

#[derive(Clone, Debug, Hash)]
enum Origin {
    Client(Ticket),
    AutoCreation(TopicName),
}

/// Between two tries, and while no active controller is known.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

impl Broker {
    /// Hands a client's request on.
    pub(super) fn forward(&mut self, cx: &Context<'_>, fx: &mut Fx, ticket: Ticket, request: Request) -> Answer {
        self.enqueue_forward(cx, fx, Origin::Client(ticket), request);
        Answer::Later
    }

    /// Has a topic created because it was asked for (`AutoTopicCreationManager`); once, until the answer comes.
    pub(super) fn create_automatically(&mut self, cx: &Context<'_>, fx: &mut Fx, topic: NewTopic) {
        let name = topic.name.clone();
        if self.soft.forwards.creating.insert(name.clone()) {
            let timeout_ms = self.settings.request_timeout.as_millis() as u32;
            let request = CreateTopicsRequest { topics: vec![topic], timeout_ms, validate_only: false };
            self.enqueue_forward(cx, fx, Origin::AutoCreation(name), request.into());
        }
    }

    fn enqueue_forward(&mut self, cx: &Context<'_>, fx: &mut Fx, origin: Origin, request: Request) {
        let give_up = cx.now + self.settings.request_timeout;
        self.soft.forwards.last += 1;
        let number = self.soft.forwards.last;
        self.soft.forwards.waiting.insert(number, Forward { origin, request, give_up, is_sent: false });
        self.send_forwards(cx, fx);
    }

    /// Sends what is not sent; gives up what waited too long.
    pub(super) fn send_forwards(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let late: Vec<u64> = self
            .soft
            .forwards
            .waiting
            .iter()
            .filter(|(_, f)| !f.is_sent && f.give_up <= cx.now)
            .map(|(n, _)| *n)
            .collect();
        for number in late {
            self.finish_forward(fx, number, None);
        }
        let unsent = self.soft.forwards.waiting.iter_mut().filter(|(_, forward)| !forward.is_sent);
        let Some(controller) = cx.controller() else {
            if unsent.count() > 0 {
                self.soft.timers.arm(fx, cx.now + RETRY_BACKOFF, TimerKey::ForwardsBackoff);
            }
            return;
        };
        for (number, forward) in unsent {
            forward.is_sent = true;
            let client_id = format!("broker-{}-to-controller-forwarding-channel-manager", self.id).into();
            let request = forward.request.clone();
            let make = |correlation| Message::Request { correlation, client_id, request };
            self.soft.forwards.calls.call(fx, cx.now, &controller, self.settings.request_timeout, *number, make);
        }
        self.arm_controller_deadline(fx);
    }

    fn on_forward_answered(&mut self, cx: &Context<'_>, fx: &mut Fx, number: u64, response: Response) {
        if error_of(&response) == ErrorCode::NotController {
            self.retry_forward(cx, fx, number);
        } else {
            self.finish_forward(fx, number, Some(response));
        }
    }

    fn retry_forward(&mut self, cx: &Context<'_>, fx: &mut Fx, number: u64) {
        if let Some(forward) = self.soft.forwards.waiting.get_mut(&number) {
            forward.is_sent = false;
            self.soft.timers.arm(fx, cx.now + RETRY_BACKOFF, TimerKey::ForwardsBackoff);
        }
    }

    fn finish_forward(&mut self, fx: &mut Fx, number: u64, response: Option<Response>) {
        let Some(forward) = self.soft.forwards.waiting.remove(&number) else { return };
        match forward.origin {
            Origin::Client(ticket) => {
                let response = response.or_else(|| failure(&forward.request, ErrorCode::RequestTimedOut));
                if let Some(response) = response {
                    self.respond(fx, ticket, response);
                }
            }
            Origin::AutoCreation(topic) => {
                self.soft.forwards.creating.remove(&topic);
            }
        }
    }

    // ---- all channels to the controller

    /// Sends a request of the broker's own over one of its channels, which Kafka names in the client id.
    pub(super) fn ask_controller(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        controller: &Address,
        name: &str,
        channel: fn(&mut Soft) -> &mut Calls<()>,
        request: impl Into<Request>,
    ) {
        let client_id = format!("broker-{}-to-controller-{name}-channel-manager", self.id).into();
        let make = |correlation| Message::Request { correlation, client_id, request: request.into() };
        channel(&mut self.soft).call(fx, cx.now, controller, self.settings.request_timeout, (), make);
        self.arm_controller_deadline(fx);
    }

    pub(super) fn on_controller_response(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        conn: ConnId,
        correlation: u32,
        response: Response,
    ) {
        if let Some(number) = self.soft.forwards.calls.answered(cx.now, conn, correlation) {
            self.on_forward_answered(cx, fx, number, response);
        } else if self.soft.alter_partitions.calls.answered(cx.now, conn, correlation).is_some() {
            if let Response::AlterPartition(response) = &response {
                self.on_alter_partition(cx, fx, response);
            }
        } else if self.soft.producer_ids.calls.answered(cx.now, conn, correlation).is_some()
            && let Response::AllocateProducerIds(response) = &response
        {
            self.on_producer_ids(cx, fx, response);
        } else if self.soft.dirs.calls.answered(cx.now, conn, correlation).is_some()
            && let Response::AssignReplicasToDirs(response) = &response
        {
            self.on_dirs_assigned(cx, fx, response);
        }
        self.arm_controller_deadline(fx);
    }

    pub(super) fn on_controller_opened(&mut self, conn: ConnId) {
        let _ = self.soft.forwards.calls.opened(conn)
            || self.soft.alter_partitions.calls.opened(conn)
            || self.soft.producer_ids.calls.opened(conn)
            || self.soft.dirs.calls.opened(conn);
    }

    /// True if the connection was one of the channels.
    pub(super) fn on_controller_closed(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId) -> bool {
        if let Some((_, numbers)) = self.soft.forwards.calls.closed(conn) {
            numbers.into_iter().for_each(|number| self.retry_forward(cx, fx, number));
        } else if let Some((_, calls)) = self.soft.alter_partitions.calls.closed(conn) {
            if !calls.is_empty() {
                self.retry_alter_partitions(cx, fx);
            }
        } else if let Some((_, calls)) = self.soft.producer_ids.calls.closed(conn) {
            if !calls.is_empty() {
                self.retry_producer_ids(cx, fx);
            }
        } else if let Some((_, calls)) = self.soft.dirs.calls.closed(conn) {
            if !calls.is_empty() {
                self.retry_dir_assignments(cx, fx);
            }
        } else {
            return false;
        }
        true
    }

    pub(super) fn expire_controller_calls(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let forwards: Vec<(Address, Vec<u64>)> = self.soft.forwards.calls.expire(fx, cx.now);
        for number in forwards.into_iter().flat_map(|(_, numbers)| numbers) {
            self.retry_forward(cx, fx, number);
        }
        if !self.soft.alter_partitions.calls.expire(fx, cx.now).is_empty() {
            self.retry_alter_partitions(cx, fx);
        }
        if !self.soft.producer_ids.calls.expire(fx, cx.now).is_empty() {
            self.retry_producer_ids(cx, fx);
        }
        if !self.soft.dirs.calls.expire(fx, cx.now).is_empty() {
            self.retry_dir_assignments(cx, fx);
        }
        self.arm_controller_deadline(fx);
    }

    pub(super) fn arm_controller_deadline(&mut self, fx: &mut Fx) {
        let soft = &mut self.soft;
        let deadlines = [
            soft.forwards.calls.next_deadline(),
            soft.alter_partitions.calls.next_deadline(),
            soft.producer_ids.calls.next_deadline(),
            soft.dirs.calls.next_deadline(),
        ];
        match deadlines.into_iter().flatten().min() {
            Some(due) if soft.timers.due(&TimerKey::ControllerDeadline) == Some(due) => {}
            Some(due) => soft.timers.arm(fx, due, TimerKey::ControllerDeadline),
            None => {
                soft.timers.cancel(&TimerKey::ControllerDeadline);
            }
        }
    }
}

/// The error that tells whether a forwarded request found the active controller.
fn error_of(response: &Response) -> ErrorCode {
    match response {
        Response::CreateTopics(response) => response.topics.first().map_or(ErrorCode::None, |topic| topic.error),
        Response::DeleteTopics(response) => response.topics.first().map_or(ErrorCode::None, |topic| topic.1),
        Response::CreatePartitions(response) => response.topics.first().map_or(ErrorCode::None, |topic| topic.1),
        Response::ElectLeaders(response) => response.error,
        Response::IncrementalAlterConfigs(response) => response.error,
        Response::AlterPartitionReassignments(response) => response.error,
        Response::UnregisterBroker(response) => response.error,
        Response::ListPartitionReassignments(response) => response.error,
        Response::AddRaftVoter(response) if response.error == ErrorCode::NotLeaderOrFollower => {
            ErrorCode::NotController
        }
        Response::RemoveRaftVoter(response) if response.error == ErrorCode::NotLeaderOrFollower => {
            ErrorCode::NotController
        }
        Response::DescribeQuorum(response) if response.error == ErrorCode::NotLeaderOrFollower => {
            ErrorCode::NotController
        }
        _ => ErrorCode::None,
    }
}

/// What a client is told when its request could not be handed on.
fn failure(request: &Request, error: ErrorCode) -> Option<Response> {
    match request {
        Request::DescribeQuorum(_) => Some(
            DescribeQuorumResponse {
                error,
                leader: BrokerId::NONE,
                leader_epoch: -1,
                high_watermark: -1,
                voters: Vec::new(),
                observers: Vec::new(),
            }
            .into(),
        ),
        other => refuse::refusal(other, error),
    }
}
