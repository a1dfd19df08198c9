//! Faults that wait for a process to do something: the loss of the next message of a kind, and deaths at a named step.
//!
//! A step of a process is one event: it takes no time, and nobody sees half of it. A process that dies at a step has
//! done all the writing of that event; what it would have sent after the step never leaves it.

use std::sync::Arc;

use kernel::{Death, Effect, NodeId, Strike};
use protocol::api::ApiKey;
use protocol::{Message, Note, Request, Response, TopicPartition, is_internal_topic};

use crate::Actor;
use crate::lab::{Lab, MarkKind};

/// A trap of the lab's world.
pub(crate) type Trap = kernel::Trap<Message, Note>;

/// What a process asks the world for.
type Deed = Effect<Message, Note>;

/// A step at which a process can be made to die.
#[derive(Clone, Copy)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Who takes it, and what has happened by then and what has not.
    pub doc: &'static str,
    /// Whether it can be one of a certain partition.
    pub of_partition: bool,
    /// Whose step it is: nobody else ever takes it.
    pub(crate) taker: Taker,
    is_reached: fn(&Deed, Option<&TopicPartition>) -> bool,
}

/// Whose step it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taker {
    Broker,
    Controller,
    Consumer,
}

impl Taker {
    /// Whether a process may ever take such a step. Of programs each may turn out to consume.
    pub(crate) fn may_be(self, actor: &Actor) -> bool {
        match (self, actor.kafka().map(|process| process.spec())) {
            (Taker::Broker, Some(spec)) => spec.is_broker,
            (Taker::Controller, Some(spec)) => spec.is_controller,
            (Taker::Consumer, spec) => spec.is_none(),
            (Taker::Broker | Taker::Controller, None) => false,
        }
    }
}

macro_rules! steps {
    ($($name:literal $doc:literal $of_partition:literal $taker:ident $is_reached:expr;)*) => {
        /// Every step, in the order in which a record meets them. One that begins with `before` is not taken any more.
        pub const STEPS: &[Step] =
            &[$(Step { name: $name, doc: $doc, of_partition: $of_partition, taker: Taker::$taker, is_reached: $is_reached }),*];
    };
}

steps! {
    "after-append" "a leader has records of a producer in its log; no follower has, and nobody was answered" true Broker
        |deed, tp| matches!(deed, Effect::Note(Note::Appended { as_leader: true, tp: of, .. }) if is_of(of, tp));
    "after-copy" "a follower has fetched records into its log; its leader does not know" true Broker
        |deed, tp| matches!(deed, Effect::Note(Note::Appended { as_leader: false, tp: of, .. }) if is_of(of, tp));
    "after-high-watermark" "a broker has moved a high watermark; who waited for it was not answered" true Broker
        |deed, tp| matches!(deed, Effect::Note(Note::HighWatermark { tp: of, .. }) if is_of(of, tp));
    "before-ack" "a broker would answer a Produce request now" false Broker
        |deed, _| matches!(response(deed), Some(Response::Produce(_)));
    "after-ack" "a broker has answered a Produce request" false Broker
        |deed, _| matches!(response(deed), Some(Response::Produce(_)));
    "after-truncation" "a follower has cut off the end of its log" true Broker
        |deed, tp| matches!(deed, Effect::Note(Note::Truncated { tp: of, .. }) if is_of(of, tp));
    "after-roll" "a replica has begun a segment" true Broker
        |deed, tp| matches!(deed, Effect::Note(Note::SegmentRolled { tp: of, .. }) if is_of(of, tp));
    "after-isr-request" "a leader has asked the controller for another ISR, and has no answer" false Broker
        |deed, _| matches!(request(deed), Some(Request::AlterPartition(_)));
    "after-isr-record" "the active controller has written another ISR into its log, and it is not committed" true Controller
        |deed, tp| matches!(deed, Effect::Note(Note::IsrChanged { tp: of, .. }) if is_of(of, tp));
    "before-isr-answer" "another ISR is committed, and the controller would tell the leader that asked for it" false Controller
        |deed, _| matches!(response(deed), Some(Response::AlterPartition(_)));
    "after-election" "the active controller has written another leader into its log, and it is not committed" true Controller
        |deed, tp| matches!(deed, Effect::Note(Note::LeaderElected { tp: of, .. }) if is_of(of, tp));
    "after-vote" "a controller has answered another one that asked for its vote" false Controller
        |deed, _| matches!(response(deed), Some(Response::Vote(_)));
    "before-commit-answer" "offsets of a group are committed, and its coordinator would tell the consumer" false Broker
        |deed, _| matches!(response(deed), Some(Response::OffsetCommit(_)));
    "after-delivery" "a consumer has handed records to its application, which it has not committed" true Consumer
        |deed, tp| matches!(deed, Effect::Note(Note::Delivered { tp: of, .. }) if is_of(of, tp));
}

/// Without a wish any partition will do, but not those that brokers keep for themselves.
fn is_of(tp: &TopicPartition, wanted: Option<&TopicPartition>) -> bool {
    wanted.map_or(!is_internal_topic(&tp.topic), |wanted| wanted == tp)
}

fn response(deed: &Deed) -> Option<&Response> {
    let Effect::Send { message, .. } = deed else { return None };
    match &**message {
        Message::Response { response, .. } => Some(response),
        Message::Request { .. } => None,
    }
}

fn request(deed: &Deed) -> Option<&Request> {
    let Effect::Send { message, .. } = deed else { return None };
    match &**message {
        Message::Request { request, .. } => Some(request),
        Message::Response { .. } => None,
    }
}

/// The step of a name. Says which there are if there is none.
pub(crate) fn step(name: &str) -> Result<&'static Step, String> {
    STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        format!("there is no step `{name}`; there are {}", names.join(", "))
    })
}

/// A death at a step.
pub(crate) fn death_at(node: NodeId, death: Death, step: &'static Step, tp: Option<TopicPartition>) -> Trap {
    let of = tp.as_ref().map_or(String::new(), |tp| format!(" of {tp}"));
    Trap {
        name: format!("{}{of}", step.name).into(),
        node,
        towards: Vec::new(),
        point: Arc::new(move |deed| (step.is_reached)(deed, tp.as_ref())),
        strike: Strike::Die { death, before: step.name.starts_with("before") },
    }
}

/// The loss of the next message of a kind.
pub(crate) fn drop_next(node: NodeId, towards: Vec<NodeId>, api: Option<ApiKey>, is_response: bool) -> Trap {
    let kind = if is_response { "response" } else { "request" };
    let is_meant = move |message: &Message| {
        matches!(message, Message::Response { .. }) == is_response && api.is_none_or(|api| message.api() == api)
    };
    Trap {
        name: api.map_or(kind.to_owned(), |api| format!("{} {kind}", api.name())).into(),
        node,
        towards,
        point: Arc::new(move |deed| matches!(deed, Effect::Send { message, .. } if is_meant(message))),
        strike: Strike::Reset,
    }
}

/// Whether a trap is one of [`drop_next`].
pub(crate) fn is_drop(trap: &Trap) -> bool {
    trap.strike == Strike::Reset
}

impl Lab {
    /// Takes note of the traps that struck in the event that was last run.
    pub(crate) fn after_traps(&mut self) {
        if !self.world.has_sprung() {
            return;
        }
        for trap in self.world.take_sprung() {
            let name = self.world.name(trap.node).clone();
            let text = match trap.strike {
                Strike::Reset => format!("{name}: a {} was lost with its connection", trap.name),
                Strike::Die { death, .. } => {
                    self.state_changed(trap.node);
                    let how = match death {
                        Death::PowerLoss => {
                            self.power_lost(trap.node);
                            "without power"
                        }
                        Death::Kill | Death::Exit => "killed",
                    };
                    format!("{name} {how} {}", trap.name.replacen('-', " ", 1))
                }
            };
            self.mark(MarkKind::Process, text.into());
        }
    }
}
