//! Messages in space and time: who sent what to whom, when it left and when it came, and which event caused which.
//! Drawn from the kernel's trace of the last events, and from what is still on its way.

use kernel::{NodeId, Order, Stamped, Stimulus, Time, TraceEntry};
use lab::{BOOT, Lab, Mark, MarkKind, Tag};
use protocol::Note;
use protocol::api::ApiKey;
use serde::Serialize;

use crate::message::MessageId;
use crate::observe::{clock_ns, process_name};
use crate::say;
use crate::silence;
use crate::story::tell;
use crate::text::Text;

/// A stretch of time with what was sent in it.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct FlowView {
    /// From when, ns.
    pub from_ns: u64,
    /// To when, ns.
    pub to_ns: u64,
    /// Processes that took part, controllers first, then brokers, then programs.
    pub lanes: Vec<String>,
    /// Messages by the time they left.
    pub hops: Vec<Hop>,
    /// Quiet messages left out: empty fetches, heartbeats that went well.
    pub quiet: usize,
    /// Messages left out because there are too many.
    pub more: usize,
    /// Whether the trace no longer remembers the beginning of the stretch.
    pub forgotten: bool,
}

/// A message between two processes.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct Hop {
    /// The event of its arrival; 0 while it is on its way.
    pub event: u64,
    /// The event that sent it.
    pub cause: u64,
    /// Sender, as an index of the lanes.
    pub from: usize,
    /// Receiver, as an index of the lanes.
    pub to: usize,
    /// When it left, ns.
    pub sent_ns: u64,
    /// When it arrives or arrived, ns.
    pub arrives_ns: u64,
    /// API name.
    pub api: String,
    /// Its role, as [`crate::FlightView::role`].
    pub role: String,
    /// Whether it is an answer.
    pub is_response: bool,
    /// Records in it.
    pub records: u32,
    /// The error it brings; empty for none.
    pub error: String,
    /// `arrived`, `flying`, `held` at a cut, or `lost`: nobody was there.
    pub fate: String,
    /// Which message it is, while it is on its way.
    pub flight: Option<MessageId>,
}

/// One link of a chain of causes.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct Cause {
    /// The event; 0 for an act from outside.
    pub event: u64,
    /// When, ns.
    pub at_ns: u64,
    /// Where; empty for an act from outside.
    pub process: String,
    /// What it was.
    pub text: Text,
    /// How often it was so in a row, this being the last.
    pub times: u32,
    /// What the process reported during it.
    pub notes: Vec<Text>,
}

/// What to draw of the flow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowLens {
    /// How far back, ns; None for as far as the messages wanted go.
    pub span_ns: Option<u64>,
    /// Whether quiet messages are wanted.
    pub quiet: bool,
    /// At most so many messages: the last ones.
    pub hops_max: usize,
    /// Only what this process sent or got.
    pub of: Option<String>,
}

/// What was sent in the last stretch of time.
pub fn flow(lab: &Lab, lens: &FlowLens) -> FlowView {
    let trace = || lab.world().trace();
    let now = lab.now();
    let span = lens.span_ns.unwrap_or(u64::MAX);
    let from = Time::from_nanos(now.as_nanos().saturating_sub(span)).max(BOOT);
    let mut drawing = Drawing {
        lab,
        view: FlowView { from_ns: clock_ns(from), ..FlowView::default() },
        quiet: lens.quiet,
        of: lens.of.as_deref().and_then(|name| lab.world().find(name)),
        nodes: Vec::new(),
    };
    drawing.view.forgotten = trace().next().is_some_and(|first| first.at > from);
    for entry in trace().rev().take_while(|entry| entry.at >= from) {
        let (peer, tag, fate) = match entry.stimulus {
            Stimulus::Message { from, tag, .. } => (from, tag, "arrived"),
            Stimulus::Lost { from, tag } => (from, tag, "lost"),
            _ => continue,
        };
        let sent = lab.world().traced(entry.cause).map_or(entry.at, |cause| cause.at);
        drawing.add((peer, entry.node), (entry.event, entry.cause), (sent, entry.at), tag, (fate, None));
    }
    let mut to = now;
    for flight in lab.world().flights() {
        let fate = if flight.held { "held" } else { "flying" };
        let arrives = if flight.held { now } else { flight.arrives };
        to = to.max(arrives);
        let id = Some(MessageId { conn: flight.conn.0, number: flight.number });
        drawing.add(
            (flight.from, flight.to),
            (0, 0),
            (flight.sent, arrives),
            Tag::of(flight.message).pack(),
            (fate, id),
        );
    }
    let mut view = drawing.finish(lens.hops_max);
    if lens.span_ns.is_none() {
        view.from_ns = view.hops.first().map_or(view.from_ns, |hop| hop.sent_ns);
        (view.more, view.quiet, view.forgotten) = (0, 0, false);
    }
    view.to_ns = clock_ns(to.max(from)).max(view.from_ns + 1);
    view
}

struct Drawing<'a> {
    lab: &'a Lab,
    view: FlowView,
    quiet: bool,
    of: Option<NodeId>,
    nodes: Vec<NodeId>,
}

impl Drawing<'_> {
    fn add(
        &mut self,
        (from, to): (NodeId, NodeId),
        (event, cause): (u64, u64),
        (sent, arrives): (Time, Time),
        tag: u64,
        (fate, flight): (&str, Option<MessageId>),
    ) {
        let Some(tag) = Tag::unpack(tag) else { return };
        if self.of.is_some_and(|of| of != from && of != to) {
            return;
        }
        if is_quiet(tag) && fate != "lost" && !self.quiet {
            self.view.quiet += 1;
            return;
        }
        let (from_lane, to_lane) = (self.lane(from), self.lane(to));
        self.view.hops.push(Hop {
            event,
            cause,
            from: from_lane,
            to: to_lane,
            sent_ns: clock_ns(sent),
            arrives_ns: clock_ns(arrives),
            api: tag.api.name().into(),
            role: crate::flights::role_of(tag, self.is_client(from) || self.is_client(to)).into(),
            is_response: tag.is_response,
            records: tag.records,
            error: if tag.error.is_ok() { String::new() } else { tag.error.name().into() },
            fate: fate.into(),
            flight,
        });
    }

    fn is_client(&self, node: NodeId) -> bool {
        self.lab.world().machine(node).app().is_some()
    }

    fn lane(&mut self, node: NodeId) -> usize {
        self.nodes.iter().position(|n| *n == node).unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// Puts the lanes into the order of the layout, and the hops into the order of their leaving.
    fn finish(mut self, hops_max: usize) -> FlowView {
        ordered::sort_by_key(&mut self.view.hops, |hop| (hop.sent_ns, hop.arrives_ns, hop.event));
        self.view.more = self.view.hops.len().saturating_sub(hops_max);
        self.view.hops.drain(..self.view.more);
        let is_used = |i: usize| self.view.hops.iter().any(|hop| hop.from == i || hop.to == i);
        let layout = self.lab.layout().processes();
        let rank = |node: &NodeId| {
            let is_controller = self.lab.layout().controllers.values().any(|c| c == node);
            (layout.iter().position(|n| n == node).is_none(), !is_controller, node.0)
        };
        let mut order: Vec<usize> = (0..self.nodes.len()).filter(|i| is_used(*i)).collect();
        ordered::sort_by_key(&mut order, |i| rank(&self.nodes[*i]));
        self.view.lanes = order.iter().map(|i| process_name(self.lab, self.nodes[*i])).collect();
        let place = |old: usize| order.iter().position(|i| *i == old).unwrap_or(0);
        for hop in &mut self.view.hops {
            (hop.from, hop.to) = (place(hop.from), place(hop.to));
        }
        self.view
    }
}

/// Whether the event that ran last was the arrival of a message that is no chatter.
pub fn got_message(lab: &Lab) -> bool {
    lab.world().trace().next_back().is_some_and(|entry| match entry.stimulus {
        Stimulus::Message { tag, .. } => {
            entry.event == lab.events() && Tag::unpack(tag).is_some_and(|tag| !is_quiet(tag))
        }
        _ => false,
    })
}

fn is_quiet(tag: Tag) -> bool {
    let is_chatter =
        matches!(tag.api, ApiKey::Fetch | ApiKey::Heartbeat | ApiKey::BrokerHeartbeat | ApiKey::ApiVersions);
    is_chatter && tag.error.is_ok() && tag.records == 0
}

/// Events looked at for one chain.
const STEPS_MAX: usize = 600;

/// What led to an event, the event itself first; the same thing again and again is one link. The chain ends at an act
/// from outside, where the trace ends, or after `links_max`. The second value is the event it breaks off at; 0 if it is
/// whole.
pub fn why(lab: &Lab, event: u64, links_max: usize) -> (Vec<Cause>, u64) {
    let mut chain: Vec<Cause> = Vec::new();
    let mut next = event;
    for _ in 0..STEPS_MAX {
        let Some(entry) = lab.world().traced(next) else { break };
        let mut link = cause(lab, entry);
        let silence = silence::behind(lab, entry, chain.last());
        if let Some(silence) = &silence {
            link.text = silence.text.clone();
        }
        let is_full = chain.len() == links_max;
        match chain.last_mut() {
            Some(last) if last.process == link.process && last.text == link.text && link.notes.is_empty() => {
                last.times += 1;
            }
            _ if is_full => break,
            _ => chain.push(link),
        }
        if let Some(silence) = silence {
            // Nothing that happened led to this, but what did not: the chain goes on with who fell silent.
            chain.extend(silence.links);
            return (chain, 0);
        }
        next = entry.cause;
        if next == 0 {
            chain.extend(command_before(lab, entry));
            break;
        }
    }
    (chain, next)
}

fn cause(lab: &Lab, entry: &TraceEntry) -> Cause {
    let process = process_name(lab, entry.node);
    let text = match &entry.stimulus {
        Stimulus::Start => say!("starts"),
        Stimulus::Open(_) => say!("has a connection"),
        Stimulus::Message { from, tag, .. } => message(lab, *from, *tag),
        Stimulus::Lost { from, tag } => {
            let api = Tag::unpack(*tag).map_or("", |tag| tag.api.name());
            say!("is not there for {} from {}", api, process_name(lab, *from))
        }
        Stimulus::Close(_) => say!("loses a connection"),
        Stimulus::Timer => say!("has a timer that is due"),
        Stimulus::Synced => say!("has synced its disk"),
        Stimulus::Order(Order::Line(line)) => say!("reads the line “{}”", line),
        Stimulus::Order(Order::Terminate) => say!("is told to stop"),
        Stimulus::Order(Order::Interrupt) => say!("is interrupted"),
        Stimulus::Order(Order::EndOfInput) => say!("reads the end of its input"),
    };
    let notes = notes_of(lab, entry.event).filter(|n| crate::stir::is_told(&n.note)).map(|n| tell(n).text);
    Cause { event: entry.event, at_ns: clock_ns(entry.at), process, text, times: 1, notes: notes.take(3).collect() }
}

fn message(lab: &Lab, from: NodeId, tag: u64) -> Text {
    let Some(tag) = Tag::unpack(tag) else { return Text::default() };
    let (api, from) = (tag.api.name(), process_name(lab, from));
    match (tag.is_response, tag.error.is_ok()) {
        (false, _) => say!("gets the {} request from {}", api, from),
        (true, true) => say!("gets the {} answer from {}", api, from),
        (true, false) => say!("gets the {} answer from {}: {}", api, from, tag.error.name()),
    }
}

/// What was reported during an event, latest first.
pub(crate) fn notes_of(lab: &Lab, event: u64) -> impl Iterator<Item = &Stamped<Note>> {
    let notes = lab.history().latest_first().take_while(move |n| n.event >= event);
    notes.filter(move |n| n.event == event)
}

/// The command that an event without a cause came from: the last one given before it at the same moment.
fn command_before(lab: &Lab, entry: &TraceEntry) -> Option<Cause> {
    let commands = lab.marks().iter().rev().filter(|mark| mark.kind == MarkKind::Command);
    let mut before = commands.skip_while(|mark| mark.event >= entry.event || mark.at > entry.at);
    let mark = before.next().filter(|mark| mark.at == entry.at)?;
    Some(command(mark))
}

/// An act from outside.
pub(crate) fn command(mark: &Mark) -> Cause {
    Cause { at_ns: clock_ns(mark.at), text: say!("command: {}", mark.text), ..Cause::default() }
}
