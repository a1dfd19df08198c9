//! A lab: a world with a cluster in it, terminals, and the log of every command that was given.
//!
//! Everything that acts on the world is a command line at a virtual time, so that scenario + seed + command log is
//! the run. A lab is a value: clone it for a checkpoint or a fork.

use std::collections::VecDeque;
use std::sync::Arc;

use cluster::Served;
use kernel::{Duration, NodeId, NodeState, Order, Stamped, Time, World};
use ordered::SortedMap;
use protocol::{BrokerId, Note};
use shell::{AppProcess, Pipeline, Setting};

use crate::history::History;
use crate::hosts::Disks;
use crate::invariants::{Monitors, Violation};
use crate::layout::{self, Layout};
use crate::ledger::Ledger;
use crate::link::{Saved, SavedCommand};
use crate::metrics::{Metrics, Second};
use crate::scenario::{Family, Scenario, ScenarioError};
use crate::terminal::{LineKind, Terminal};
use crate::waiting::Waiting;
use crate::{Actor, verbs};

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

/// Where a run stands. Cheap to keep, so that a link can be made when there is nothing else left of the run.
#[derive(Clone, Debug)]
pub struct Place {
    scenario: Arc<Scenario>,
    log: Arc<Vec<Logged>>,
    event: u64,
    at: Time,
}

impl Place {
    /// The run up to here, to be packed into a link that does not say which digest its replay has.
    pub fn save(&self) -> Saved {
        let log = self.log.iter().map(|c| SavedCommand(c.event, c.at.as_nanos(), c.term, c.text.to_string()));
        Saved {
            v: 1,
            engine: env!("CARGO_PKG_VERSION").into(),
            scenario: (*self.scenario).clone(),
            log: log.collect(),
            event: self.event,
            at_ns: self.at.as_nanos(),
            digest: String::new(),
        }
    }
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
    files: Arc<shell::Files>,
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
    /// Builds the scenario's cluster, boots it, makes its topics, and stands at time zero.
    pub fn new(scenario: &Scenario) -> Result<Lab, ScenarioError> {
        scenario.check()?;
        let (world, layout) = layout::build(scenario);
        let scheduled = scenario.commands.iter().map(|c| (BOOT + c.at.0, c.term, c.run.as_str().into()));
        let mut scheduled: Vec<(Time, u32, Arc<str>)> = scheduled.collect();
        ordered::sort_by_key(&mut scheduled, |(at, ..)| *at);
        let mut files = shell::Files::bundled();
        for (path, text) in &scenario.files {
            files.insert(path, text.as_str());
        }
        let mut lab = Lab {
            scenario: Arc::new(scenario.clone()),
            files: Arc::new(files),
            world,
            layout,
            terminals: SortedMap::from([(1, Terminal::default())]),
            apps: Arc::default(),
            since: Arc::default(),
            scheduled: VecDeque::new(),
            log: Arc::default(),
            history: History::default(),
            metrics: Metrics::default(),
            ledger: Ledger::default(),
            monitors: Monitors::default(),
            violation: None,
            waiting: Waiting::default(),
            marks: Arc::default(),
            without_power: Arc::default(),
            notes: Vec::new(),
        };
        for node in lab.layout.processes() {
            lab.world.start(node);
        }
        lab.make_topics(scenario);
        lab.run_until(BOOT);
        lab.terminals.remove(&SETUP_TERMINAL);
        Arc::make_mut(&mut lab.apps).clear();
        lab.marks = Arc::default();
        lab.scheduled = scheduled.into();
        Ok(lab)
    }

    /// Topics of the scenario are made while the cluster boots, by the tool a person would use.
    fn make_topics(&mut self, scenario: &Scenario) {
        const FIRST: u64 = 6_000;
        // All are asked for in time to be there when the run begins.
        let apart = (3_000 / scenario.topics.len().max(1) as u64).min(50);
        for (n, topic) in scenario.topics.iter().enumerate() {
            let mut line = format!("kafka-topics --bootstrap-server localhost:9092 --create --topic {}", topic.name);
            topic.partitions.iter().for_each(|n| line.push_str(&format!(" --partitions {n}")));
            topic.replication_factor.iter().for_each(|n| line.push_str(&format!(" --replication-factor {n}")));
            topic.configs.iter().for_each(|(k, v)| line.push_str(&format!(" --config {k}={v}")));
            let at = Time::from_millis(FIRST + apart * n as u64);
            self.scheduled.push_back((at, SETUP_TERMINAL, format!("{line} &").into()));
        }
    }

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
            self.carry_out(term, &text);
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
        let command = self.scheduled.front().map(|(at, ..)| *at);
        [self.world.next_time(), command].into_iter().flatten().min()
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

    // ---- commands

    /// Gives a command line now, as if typed in terminal `term`, and logs it. `^C` and `^D` are keys.
    pub fn command(&mut self, term: u32, text: &str) -> Given {
        let logged = Logged { event: self.world.events(), at: self.world.now(), term, text: text.into() };
        let given = self.carry_out(term, text);
        if !matches!(given, Given::Nothing) && !verbs::only_moves_time(text) {
            Arc::make_mut(&mut self.log).push(logged);
        }
        given
    }

    pub(crate) fn carry_out(&mut self, term: u32, text: &str) -> Given {
        let text = text.trim_end();
        let foreground = self.terminals.entry(term).or_default().foreground;
        match (foreground, text.trim()) {
            (Some(node), "^C") => {
                self.write(term, LineKind::Input, "^C".into());
                self.world.order(node, Order::Interrupt);
                Given::Typed
            }
            (Some(node), "^D") => {
                self.world.order(node, Order::EndOfInput);
                Given::Typed
            }
            (None, "" | "^C" | "^D") => Given::Nothing,
            (_, line) if line == "sim" || line.starts_with("sim ") => {
                self.write(term, LineKind::Command, line.into());
                let given = verbs::carry_out(self, term, line);
                match &given {
                    Given::Done(answer) => self.write_lines(term, LineKind::Sim, answer),
                    Given::Refused(why) => self.write_lines(term, LineKind::Err, why),
                    Given::Started(_) | Given::Typed | Given::Nothing => {}
                }
                if !verbs::only_moves_time(line) {
                    self.mark(MarkKind::Command, line.into());
                }
                given
            }
            (Some(node), _) => {
                self.write(term, LineKind::Input, text.into());
                self.world.order(node, Order::Line(text.into()));
                Given::Typed
            }
            (None, line) => {
                self.write(term, LineKind::Command, line.into());
                self.mark(MarkKind::Command, line.into());
                self.run_line(term, line)
            }
        }
    }

    /// Parses a command line and starts its first program; the rest waits.
    fn run_line(&mut self, term: u32, line: &str) -> Given {
        let parsed = match shell::parse_line(line) {
            Ok(parsed) => parsed,
            Err(error) => {
                let text = error.to_string();
                self.write_lines(term, LineKind::Err, &text);
                return Given::Refused(text);
            }
        };
        let mut first = None;
        for pipeline in parsed.pipelines {
            let terminal = self.terminals.entry(term).or_default();
            if terminal.foreground.is_some() || !terminal.waiting.is_empty() {
                terminal.waiting.push_back(pipeline);
                continue;
            }
            let given = self.run_pipeline(term, pipeline);
            first.get_or_insert(given);
        }
        first.unwrap_or(Given::Nothing)
    }

    fn run_pipeline(&mut self, term: u32, pipeline: Pipeline) -> Given {
        let terminal = self.terminals.entry(term).or_default();
        if pipeline.needs_success && terminal.last_exit.is_some_and(|code| code != 0) {
            return Given::Nothing;
        }
        if let [only] = pipeline.commands.as_slice()
            && only.argv == ["clear"]
        {
            terminal.clear();
            return Given::Done(String::new());
        }
        let profile = match self.scenario.client {
            Family::Java => shell::Profile::Java,
            Family::Librdkafka => shell::Profile::Librdkafka,
        };
        let cwd = terminal.cwd.clone();
        let hosts = Disks { world: &self.world, layout: &self.layout };
        let setting = Setting { env: SortedMap::new(), files: self.files(), profile, hosts: &hosts, cwd: &cwd };
        if let Some(path) = pipeline.change_of_directory() {
            return match setting.change_directory(path) {
                Ok(cwd) => {
                    let terminal = self.terminals.entry(term).or_default();
                    (terminal.cwd, terminal.last_exit) = (cwd.into(), Some(0));
                    Given::Done(String::new())
                }
                Err(error) => self.not_launched(term, &error),
            };
        }
        let app = match pipeline.launch(&setting).and_then(AppProcess::launch) {
            Ok(app) => app,
            Err(error) => return self.not_launched(term, &error),
        };
        let number = self.world.node_ids().count() - self.layout.processes().len() + 1;
        let node = self.world.add_node(&format!("app-{number}"), Actor::App(Box::new(app)));
        self.world.start(node);
        let started = self.world.now();
        Arc::make_mut(&mut self.apps).push(App { node, term, command: pipeline.text.as_str().into(), started });
        Arc::make_mut(&mut self.since).insert(node, started);
        if !pipeline.background {
            self.terminals.entry(term).or_default().foreground = Some(node);
        }
        Given::Started(node)
    }

    fn not_launched(&mut self, term: u32, error: &shell::LaunchError) -> Given {
        let text = error.to_string();
        self.write_lines(term, LineKind::Err, &text);
        self.terminals.entry(term).or_default().last_exit = Some(error.code);
        Given::Refused(text)
    }

    // ---- after each event

    fn digest_notes(&mut self) {
        let mut notes = std::mem::take(&mut self.notes);
        self.world.swap_notes(&mut notes);
        for note in notes.drain(..) {
            self.digest_note(note);
        }
        self.notes = notes;
        self.reap();
    }

    fn digest_note(&mut self, stamped: Stamped<Note>) {
        if let Note::Output { line, is_stderr } = &stamped.note {
            let kind = if *is_stderr { LineKind::Err } else { LineKind::Out };
            if let Some(app) = self.apps.iter().rev().find(|app| app.node == stamped.node) {
                let term = app.term;
                self.write(term, kind, line.clone());
            }
            return;
        }
        // A server that ends by itself says so in its last step.
        if matches!(self.world.state(stamped.node), NodeState::Exited(_)) {
            Arc::make_mut(&mut self.since).insert(stamped.node, stamped.at);
        }
        self.metrics.note(&stamped);
        self.ledger.note(&stamped);
        if let Some((kind, text)) = mark_of(&stamped.note) {
            self.mark(kind, text);
        }
        if let Err(violation) = self.monitors.note(&self.world, &self.layout, &stamped) {
            self.stand_still(violation);
        }
        self.history.push(stamped);
    }

    /// Frees terminals whose program has ended, and starts what waited for that.
    fn reap(&mut self) {
        let ended: Vec<(u32, i32)> = self
            .terminals
            .iter()
            .filter_map(|(term, t)| match self.world.state(t.foreground?) {
                NodeState::Exited(code) => Some((*term, code)),
                NodeState::Killed | NodeState::PoweredOff => Some((*term, 137)),
                NodeState::New | NodeState::Running | NodeState::Paused => None,
            })
            .collect();
        for (term, code) in ended {
            let terminal = self.terminals.entry(term).or_default();
            terminal.foreground = None;
            terminal.last_exit = Some(code);
            while let Some(terminal) = self.terminals.get_mut(&term)
                && terminal.foreground.is_none()
                && let Some(pipeline) = terminal.waiting.pop_front()
            {
                self.run_pipeline(term, pipeline);
            }
        }
    }

    pub(crate) fn write(&mut self, term: u32, kind: LineKind, text: Arc<str>) {
        let at = self.world.now();
        self.terminals.entry(term).or_default().write(at, kind, text);
    }

    fn write_lines(&mut self, term: u32, kind: LineKind, text: &str) {
        for line in text.lines() {
            self.write(term, kind, line.into());
        }
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

    /// Something is broken: nothing more happens.
    pub(crate) fn stand_still(&mut self, violation: Violation) {
        self.mark(MarkKind::Violation, violation.invariant.into());
        self.violation.get_or_insert(violation);
    }

    pub(crate) fn schedule(&mut self, at: Time, term: u32, text: Arc<str>) {
        let place = self.scheduled.partition_point(|(other, ..)| *other <= at);
        self.scheduled.insert(place, (at, term, text));
    }

    // ---- looking

    /// What the run started from.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }
    /// The world, to look at.
    pub fn world(&self) -> &World<Actor> {
        &self.world
    }
    /// Which node is which.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
    /// The virtual time, boot included.
    pub fn now(&self) -> Time {
        self.world.now()
    }
    /// The virtual time as users see it: since the run began.
    pub fn clock(&self) -> Duration {
        self.world.now().since(BOOT)
    }
    /// Events run so far.
    pub fn events(&self) -> u64 {
        self.world.events()
    }
    /// Terminals by number.
    pub fn terminals(&self) -> &SortedMap<u32, Terminal> {
        &self.terminals
    }
    /// Makes sure terminal `term` exists.
    pub fn open_terminal(&mut self, term: u32) {
        self.terminals.entry(term).or_default();
    }
    /// Programs that were started, in order.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }
    /// When a process last changed its state.
    pub fn since(&self, node: NodeId) -> Time {
        self.since.get(&node).copied().unwrap_or(Time::ZERO)
    }
    /// The commands that were given, in order.
    pub fn log(&self) -> &[Logged] {
        &self.log
    }
    /// The notes so far.
    pub fn history(&self) -> &History {
        &self.history
    }
    /// Rates and levels over time.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
    /// The second under way, as far as only brokers' own meters know of it.
    pub fn second_under_way(&self) -> Second {
        let new = self.metrics.unseen(self.served());
        Second { bytes_out: new.to_clients, replication_bytes_out: new.to_followers, ..Second::default() }
    }
    /// What all brokers have sent so far.
    fn served(&self) -> Served {
        let brokers = self.layout.brokers.values().filter_map(|node| self.world.machine(*node).kafka()?.broker());
        brokers.map(|broker| broker.served()).fold(Served::default(), |sum, one| Served {
            to_clients: sum.to_clients + one.to_clients,
            to_followers: sum.to_followers + one.to_followers,
        })
    }
    /// What producers were promised and consumers got.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    /// Moments worth a glyph, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
    /// Brokers whose hosts lost power, in order.
    pub fn without_power(&self) -> &[BrokerId] {
        &self.without_power
    }
    /// The invariant that broke; the lab stands still then.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
    /// Files programs can read: those of the scenario, and what programs have written by now, in the order they were started.
    pub fn files(&self) -> Arc<shell::Files> {
        let mut files = self.files.clone();
        for app in self.apps.iter() {
            let written = self.world.machine(app.node).app().map_or(&[][..], shell::AppProcess::written);
            for file in written {
                let before = files.get(&file.path).filter(|_| file.append).cloned().unwrap_or_default();
                Arc::make_mut(&mut files).insert(&file.path, format!("{before}{}", file.text));
            }
        }
        files
    }
    /// A digest of the whole run so far, equal on every target.
    pub fn digest(&self) -> u64 {
        self.world.digest()
    }

    // ---- links

    /// Where the run stands, without a digest.
    pub fn place(&self) -> Place {
        Place { scenario: self.scenario.clone(), log: self.log.clone(), event: self.events(), at: self.now() }
    }

    /// The run up to now, to be packed into a link.
    pub fn save(&self) -> Saved {
        Saved { digest: format!("{:016x}", self.digest()), ..self.place().save() }
    }

    /// A link that reproduces this very moment.
    pub fn link(&self) -> String {
        self.save().pack()
    }

    /// The run a link holds, replayed to its playhead.
    ///
    /// # Errors
    /// If the scenario cannot be used, or the replay does not meet the link's digest: the link was then made
    /// by a kafkasim that behaves differently.
    pub fn replay(saved: &Saved) -> Result<Lab, ReplayError> {
        let mut lab = Lab::new(&saved.scenario).map_err(ReplayError::Scenario)?;
        for SavedCommand(event, at_ns, term, text) in &saved.log {
            lab.run_to(*event, Time::from_nanos(*at_ns));
            lab.command(*term, text);
        }
        lab.run_to(saved.event, Time::from_nanos(saved.at_ns));
        let digest = format!("{:016x}", lab.digest());
        match saved.is_met_by(&digest) {
            true => Ok(lab),
            false => Err(ReplayError::Digest {
                wanted: saved.digest.clone(),
                got: digest,
                engine: saved.engine.clone(),
                lab: Box::new(lab),
            }),
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
}

/// Why a link could not be replayed.
#[derive(Clone)]
pub enum ReplayError {
    /// Its scenario cannot be used.
    Scenario(ScenarioError),
    /// The replay ended in another state.
    Digest {
        /// The digest in the link.
        wanted: String,
        /// The digest of the replay.
        got: String,
        /// The engine that made the link.
        engine: String,
        /// The replay all the same.
        lab: Box<Lab>,
    },
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplayError::Scenario(error) => error.fmt(f),
            ReplayError::Digest { wanted, got, engine, .. } => write!(
                f,
                "the replay ended with digest {got}, and the link says {wanted}: it was made by kafkasim {engine}, and this is {}",
                env!("CARGO_PKG_VERSION")
            ),
        }
    }
}

const SETUP_TERMINAL: u32 = 0;

/// The glyph a note deserves on the timeline.
fn mark_of(note: &Note) -> Option<(MarkKind, Arc<str>)> {
    let text = match note {
        Note::LeaderElected { tp, leader, leader_epoch, previous, .. }
            if !tp.topic.starts_with("__") || previous.is_some() =>
        {
            let leader = if leader.is_some() { leader.to_string() } else { "none".into() };
            return Some((MarkKind::Leader, format!("{tp}: leader {leader}, epoch {leader_epoch}").into()));
        }
        Note::IsrChanged { tp, isr, .. } => {
            let isr: Vec<String> = isr.iter().map(ToString::to_string).collect();
            return Some((MarkKind::Isr, format!("{tp}: ISR {}", isr.join(",")).into()));
        }
        Note::GroupState { group, state, generation, .. } => {
            if *state != "PreparingRebalance" && *state != "Stable" {
                return None;
            }
            format!("{group}: {state}, generation {generation}")
        }
        Note::Truncated { tp, broker, from, to } => {
            return Some((MarkKind::Truncation, format!("{tp} on broker {broker}: {to}..{from} cut off").into()));
        }
        Note::BrokerFenced { broker, fenced } => {
            let what = if *fenced { "fenced" } else { "unfenced" };
            return Some((MarkKind::Process, format!("broker {broker} {what}").into()));
        }
        _ => return None,
    };
    Some((MarkKind::Rebalance, text.into()))
}
