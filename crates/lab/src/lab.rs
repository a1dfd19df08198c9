//! A lab: a world with a cluster in it, terminals, and the log of every command that was given.
//!
//! Everything that acts on the world is a command line at a virtual time, so that scenario + seed + command log is
//! the run. A lab is a value: clone it for a checkpoint or a fork.

mod after;
mod boot;
mod commands;
mod looking;
mod replay;

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Duration, NodeId, NodeState, Stamped, Time, World};
use ordered::SortedMap;
use protocol::{BrokerId, Note};

use crate::Actor;
use crate::history::History;
use crate::invariants::{Monitors, Violation};
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::scenario::Scenario;
use crate::terminal::Terminal;
use crate::waiting::Waiting;

pub use replay::{Place, ReplayError};

/// How long a cluster is given to boot before the run's clock shows zero.
pub const BOOT: Time = Time::from_millis(10_000);

/// A command that was given: when (after which event, at what time), in which terminal, what.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Logged {
    /// Events that had run.
    pub event: u64,
    /// The virtual time, boot included.
    pub at: Time,
    /// The terminal, from 1.
    pub term: u32,
    /// The command line.
    pub text: Arc<str>,
}

/// A program that was started.
#[derive(Clone, Debug)]
pub struct App {
    /// Its node.
    pub node: NodeId,
    /// The terminal it writes to.
    pub term: u32,
    /// The command line that started it.
    pub command: Arc<str>,
    /// When it was started.
    pub started: Time,
}

/// A cluster and everything around it, at one moment of virtual time.
#[derive(Clone)]
pub struct Lab {
    scenario: Arc<Scenario>,
    pub(crate) files: Arc<shell::Files>,
    pub(crate) world: World<Actor>,
    pub(crate) layout: Layout,
    terminals: SortedMap<u32, Terminal>,
    apps: Arc<Vec<App>>,
    since: Arc<SortedMap<NodeId, Time>>,
    scheduled: VecDeque<(Time, u32, Arc<str>)>,
    log: Arc<Vec<Logged>>,
    history: History,
    metrics: Metrics,
    ledger: Ledger,
    monitors: Monitors,
    violation: Option<Violation>,
    pub(crate) waiting: Waiting,
    marks: Arc<Vec<Mark>>,
    without_power: Arc<Vec<BrokerId>>,
    /// How many processes had ended when terminals were last freed.
    reaped: u64,
    /// Room for the notes of an event; empty between events.
    notes: Vec<Stamped<Note>>,
}

/// A moment worth a glyph on the timeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// When.
    pub at: Time,
    /// After which event.
    pub event: u64,
    /// What.
    pub kind: MarkKind,
    /// In a few words.
    pub text: Arc<str>,
}

/// The kinds of marks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MarkKind {
    /// A command was given.
    Command,
    /// A partition has a new leader.
    Leader,
    /// A partition's ISR shrank or grew.
    Isr,
    /// A group rebalances.
    Rebalance,
    /// A log was truncated.
    Truncation,
    /// A process died or came back.
    Process,
    /// An invariant broke.
    Violation,
}

/// What a command line did at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A program was started.
    Started(NodeId),
    /// The line went to the program in the foreground.
    Typed,
    /// A `sim` verb was carried out; its answer.
    Done(String),
    /// The line could not be understood or carried out; nothing happened. What is wrong and what would be right.
    Refused(String),
    /// Nothing to do (an empty line or a comment).
    Nothing,
}

impl Lab {
    // ---- running

    /// Runs the next event or scheduled command. False if nothing is left to happen.
    pub fn step(&mut self) -> bool {
        if self.violation.is_some() {
            return false;
        }
        let next_event = self.world.next_time();
        if let Some(next) = next_event
            && self.metrics.is_due(next)
        {
            let total = self.served();
            self.metrics.served(total, next);
        }
        if let Some((at, ..)) = self.scheduled.front()
            && next_event.is_none_or(|next| next >= *at)
        {
            let (at, term, text) = self.scheduled.pop_front().expect("just seen");
            self.world.advance(at);
            self.carry_out_scheduled(term, &text);
        } else if self.world.step().is_some() {
            self.digest_notes();
            self.after_traps();
        } else {
            return false;
        }
        self.after_waiting();
        true
    }

    /// When the next event or scheduled command is due.
    pub fn next_time(&self) -> Option<Time> {
        let event = self.world.next_time();
        match self.scheduled.front() {
            Some((command, ..)) => Some(event.map_or(*command, |event| event.min(*command))),
            None => event,
        }
    }

    /// Runs all that is due up to and including `until`, and sets the clock to it.
    pub fn run_until(&mut self, until: Time) {
        while self.next_time().is_some_and(|next| next <= until) && self.step() {}
        if self.violation.is_none() {
            self.world.advance(until);
        }
    }

    /// Runs for a span of virtual time.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.world.now() + span);
    }

    /// Runs until `done` holds or the clock passes `limit`; whether it held.
    pub fn run_until_pred(&mut self, limit: Time, mut done: impl FnMut(&Lab) -> bool) -> bool {
        loop {
            if done(self) {
                return true;
            }
            if self.next_time().is_none_or(|next| next > limit) || !self.step() {
                self.world.advance(limit);
                return done(self);
            }
        }
    }

    /// Runs until `event` events have run, then sets the clock to `at`. Scheduled commands run as they come due.
    pub fn run_to(&mut self, event: u64, at: Time) {
        while self.next_time().is_some_and(|next| next <= at) && self.events() < event && self.step() {}
        // Commands that were scheduled for this very moment, or events none, may still stand before `at`.
        while self.scheduled.front().is_some_and(|(due, ..)| *due <= at)
            && self.world.next_time().is_none_or(|next| next >= self.scheduled[0].0)
            && self.events() <= event
            && self.step()
        {}
        self.world.advance(at);
    }

    pub(crate) fn mark(&mut self, kind: MarkKind, text: Arc<str>) {
        let (at, event) = (self.world.now(), self.world.events());
        Arc::make_mut(&mut self.marks).push(Mark { at, event, kind, text });
    }

    /// Records that a process changed its state just now; verbs call it.
    pub(crate) fn state_changed(&mut self, node: NodeId) {
        let now = self.world.now();
        Arc::make_mut(&mut self.since).insert(node, now);
        let is_up = matches!(self.world.state(node), NodeState::Running | NodeState::Paused);
        let mut controllers = self.layout.controllers.iter();
        if let Some((id, _)) = controllers.find(|(_, other)| **other == node && !is_up) {
            self.metrics.left(now, *id);
        }
        self.reap();
    }

    /// A host lost power just now; its verb calls this.
    pub(crate) fn power_lost(&mut self, node: NodeId) {
        let broker = self.layout.brokers.iter().find(|(_, other)| **other == node).map(|(id, _)| *id);
        Arc::make_mut(&mut self.without_power).extend(broker);
        if let Some(broker) = broker {
            self.monitors.power_lost(broker);
        }
    }

    /// Disks of a host were replaced; its verb calls this. `held_metadata`: also that of the metadata log.
    pub(crate) fn disk_lost(&mut self, node: NodeId, held_metadata: bool) {
        self.power_lost(node);
        // A voter that is known by its directory does not vote any more; one of a static quorum does, and knows nothing.
        let raft = self.world.machine(node).kafka().map(|kafka| kafka.raft().is_voter());
        if held_metadata && raft == Some(true) {
            self.monitors.voter_lost();
        }
    }

    /// Something is broken: nothing more happens.
    pub(crate) fn stand_still(&mut self, violation: Violation) {
        self.mark(MarkKind::Violation, violation.invariant.into());
        self.violation.get_or_insert(violation);
    }

    pub(crate) fn schedule(&mut self, at: Time, term: u32, text: Arc<str>) {
        let place = self.scheduled.partition_point(|(other, ..)| *other <= at);
        self.scheduled.insert(place, (at, term, text));
    }
}
