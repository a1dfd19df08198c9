//! A run with a past: checkpoints, seeking, stepping back, and forks that keep the other future.

use kernel::{Duration, Time};
use ordered::SortedMap;

use crate::facts::Condition;
use crate::lab::{BOOT, Given, Lab, Logged};
use crate::link::{LinkError, Saved};
use crate::scenario::{Scenario, ScenarioError};
use crate::verbs::{self, Awaited};

/// A checkpoint is made after this many events, in a run that is not long.
const CHECKPOINT_EVENTS: u64 = 4_000;
/// Checkpoints kept for a branch; when there are more, every other one goes and they are made half as often.
const CHECKPOINTS_MAX: usize = 120;
/// Branches kept; the oldest inactive one goes.
const BRANCHES_MAX: usize = 8;

/// One future.
#[derive(Clone)]
pub struct Branch {
    /// What it is called: `main`, then after the command that started it.
    pub name: String,
    /// The branch it left, and when.
    pub parent: Option<(String, Time)>,
    log: Vec<Logged>,
    head_event: u64,
    head_at: Time,
    /// Events between two checkpoints.
    spacing: u64,
    /// Where the run begins. If there is no checkpoint of it, it is made again from the scenario when it is wanted.
    origin: (u64, Time),
    checkpoints: SortedMap<(u64, Time), Lab>,
}

/// A lab with its past and its other futures.
#[derive(Clone)]
pub struct Timeline {
    branches: Vec<Branch>,
    active: usize,
    lab: Lab,
    forks: u32,
}

impl Timeline {
    /// A timeline that begins with the scenario's cluster at time zero.
    pub fn new(scenario: &Scenario) -> Result<Timeline, ScenarioError> {
        Ok(Timeline::of(Lab::new(scenario)?))
    }

    /// As [`Timeline::new`], but the start is not kept: who goes back to it lets the cluster boot again.
    pub fn sparing(scenario: &Scenario) -> Result<Timeline, ScenarioError> {
        Ok(Timeline::with(Lab::new(scenario)?, SortedMap::default()))
    }

    /// A timeline that begins with `lab` and cannot be rewound past it.
    pub fn of(lab: Lab) -> Timeline {
        let start = SortedMap::from([((lab.events(), lab.now()), lab.clone())]);
        Timeline::with(lab, start)
    }

    fn with(lab: Lab, checkpoints: SortedMap<(u64, Time), Lab>) -> Timeline {
        let main = Branch {
            name: "main".into(),
            parent: None,
            log: lab.log().to_vec(),
            head_event: lab.events(),
            head_at: lab.now(),
            spacing: CHECKPOINT_EVENTS,
            origin: (lab.events(), lab.now()),
            checkpoints,
        };
        Timeline { branches: vec![main], active: 0, lab, forks: 0 }
    }

    /// The run a link holds, standing at its playhead, with its whole past.
    pub fn from_link(link: &str) -> Result<Timeline, OpenError> {
        let saved = Saved::unpack(link).map_err(OpenError::Link)?;
        let mut timeline = Timeline::new(&saved.scenario).map_err(OpenError::Scenario)?;
        for entry in &saved.log {
            timeline.run_to(entry.0, Time::from_nanos(entry.1));
            timeline.command(entry.2, &entry.3);
        }
        timeline.run_to(saved.event, Time::from_nanos(saved.at_ns));
        let digest = format!("{:016x}", timeline.lab.digest());
        match saved.is_met_by(&digest) {
            true => Ok(timeline),
            false => Err(OpenError::Digest {
                wanted: saved.digest,
                got: digest,
                engine: saved.engine,
                timeline: Box::new(timeline),
            }),
        }
    }

    /// Forgets what a run of a scenario can do without: checkpoints, which are made again when it goes back, the trace, which
    /// [`Timeline::recall`] makes again, and random numbers that are ready and not drawn.
    pub fn slim(&mut self) {
        self.branches.iter_mut().for_each(|branch| branch.checkpoints.clear());
        self.lab.world.slim();
    }

    /// Makes the trace again that [`Timeline::slim`] forgot, by running to the playhead once more.
    pub fn recall(&mut self) {
        if !self.lab.world.is_trace_cut() {
            return;
        }
        let is_whole = |lab: &Lab| !lab.world.is_trace_cut();
        if let Some(same) = self.peek_from(is_whole, self.active, self.lab.events(), self.lab.now()) {
            self.lab.world.take_trace(same.world);
        }
    }

    /// The lab at the playhead.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Makes sure a terminal exists; that is no act.
    pub fn open_terminal(&mut self, term: u32) {
        self.lab.open_terminal(term);
    }

    // ---- moving

    /// Runs the next event, command of the log, or scheduled command. False if nothing is left to happen.
    pub fn step(&mut self) -> bool {
        if let Some(command) = self.next_logged()
            && self.lab.events() >= command.event
        {
            self.run_to_logged(&command);
            return true;
        }
        let moved = self.lab.step();
        self.reached();
        moved
    }

    /// Runs all that is due up to and including `until`, and sets the clock to it.
    pub fn run_until(&mut self, until: Time) {
        while let Some(command) = self.next_logged().filter(|command| command.at <= until) {
            self.run_to_logged(&command);
        }
        self.run_lab(until);
    }

    /// As [`Timeline::run_until`], but stops after about `events_max` events; whether it got there.
    pub fn run_until_or(&mut self, until: Time, events_max: u64) -> bool {
        let stop = self.lab.events() + events_max;
        loop {
            let command = self.next_logged().map(|command| command.at);
            let next = [self.lab.next_time(), command].into_iter().flatten().min();
            if next.is_none_or(|next| next > until) || self.lab.violation().is_some() {
                self.run_lab(until);
                return true;
            }
            if self.lab.events() >= stop {
                return false;
            }
            self.step();
        }
    }

    /// Lets a span of virtual time pass.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.lab.now() + span);
    }

    /// Goes back to right after the event before the last one.
    pub fn step_back(&mut self) -> bool {
        let event = self.lab.events();
        event > self.first().0 && self.seek_event(event - 1)
    }

    /// Goes to the moment right after event `event`. False if the run does not reach it.
    pub fn seek_event(&mut self, event: u64) -> bool {
        let here = self.lab.events();
        if event < here || self.has_checkpoint(|(at, _)| here < *at && *at <= event) {
            self.restore(|(at, _)| *at <= event);
        }
        while self.lab.events() < event {
            if !self.step() {
                return false;
            }
        }
        true
    }

    /// Goes to a moment of virtual time, boot included: back, or forward as far as the run can go.
    pub fn seek(&mut self, at: Time) {
        let here = self.lab.now();
        if at < here || self.has_checkpoint(|(_, checkpoint)| here < *checkpoint && *checkpoint <= at) {
            self.restore(|(_, checkpoint)| *checkpoint <= at);
        }
        self.run_until(at);
    }

    /// Whether there is a checkpoint that `fits`: also forward it is quicker to leap than to run.
    fn has_checkpoint(&self, fits: impl Fn(&(u64, Time)) -> bool) -> bool {
        self.branches[self.active].checkpoints.keys().any(fits)
    }

    /// Goes to the latest checkpoint that `fits`, or the earliest there is.
    fn restore(&mut self, fits: impl Fn(&(u64, Time)) -> bool) {
        let branch = &mut self.branches[self.active];
        if branch.checkpoints.iter().rev().all(|(key, _)| !fits(key))
            && let Some(start) = branch.start(&self.lab)
        {
            branch.checkpoints.insert(branch.origin, start);
        }
        let checkpoints = &branch.checkpoints;
        let chosen = checkpoints.iter().rev().find(|(key, _)| fits(key)).or_else(|| checkpoints.iter().next());
        if let Some((_, lab)) = chosen {
            self.lab = lab.clone();
        }
    }

    fn run_to(&mut self, event: u64, at: Time) {
        while self.lab.events() < event && self.lab.next_time().is_some_and(|next| next <= at) {
            let target = event.min(self.lab.events() + CHECKPOINT_EVENTS);
            self.lab.run_to(target, at);
            self.reached();
            if self.lab.violation().is_some() {
                return;
            }
        }
        self.lab.run_to(event, at);
        self.reached();
    }

    fn run_to_logged(&mut self, command: &Logged) {
        self.run_to(command.event, command.at);
        self.lab.command(command.term, &command.text);
        self.reached();
    }

    fn run_lab(&mut self, until: Time) {
        while self.lab.next_time().is_some_and(|next| next <= until) && self.lab.step() {
            self.reached();
        }
        self.lab.run_until(until);
        self.reached();
    }

    /// The next command of the active branch that the playhead has not passed.
    fn next_logged(&self) -> Option<Logged> {
        self.branches[self.active].log.get(self.lab.log().len()).cloned()
    }

    /// The playhead has moved forward: the head may move with it, and a checkpoint may be due.
    fn reached(&mut self) {
        let (event, at) = (self.lab.events(), self.lab.now());
        let branch = &mut self.branches[self.active];
        if (event, at) > (branch.head_event, branch.head_at) {
            (branch.head_event, branch.head_at) = (event, at);
        }
        let last = branch.checkpoints.range(..=(event, Time::MAX)).next_back().map_or(0, |((event, _), _)| *event);
        if event >= last + branch.spacing {
            branch.checkpoints.insert((event, at), self.lab.clone());
            branch.thin();
        }
    }

    // ---- acting

    /// Gives a command line at the playhead. In the past this forks: the future there was is kept as a branch.
    pub fn command(&mut self, term: u32, text: &str) -> Given {
        if verbs::only_moves_time(text) {
            return self.move_time(term, text);
        }
        if self.is_past() {
            self.fork(text);
        }
        let given = self.lab.command(term, text);
        let log = self.lab.log().to_vec();
        let branch = &mut self.branches[self.active];
        branch.log = log;
        (branch.head_event, branch.head_at) = (self.lab.events(), self.lab.now());
        given
    }

    fn move_time(&mut self, term: u32, text: &str) -> Given {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["sim", "run", span @ ..] => match crate::units::parse_duration(&span.join(" ")) {
                Ok(span) => {
                    self.run_for(span);
                    Given::Done(String::new())
                }
                Err(why) => Given::Refused(why),
            },
            ["sim", "until", ..] if Condition::is_meant(after_until(text)) => self.run_until_holds(after_until(text)),
            ["sim", "until", span @ ..] => match crate::units::parse_duration(&span.join(" ")) {
                Ok(span) => {
                    self.seek(BOOT + span);
                    Given::Done(String::new())
                }
                Err(why) => Given::Refused(why),
            },
            _ => self.lab.command(term, text),
        }
    }

    fn run_until_holds(&mut self, text: &str) -> Given {
        let awaited = match Awaited::parse(text, &self.lab) {
            Ok(awaited) => awaited,
            Err(why) => return Given::Refused(format!("sim until {text}: {why}")),
        };
        let holds = loop {
            if awaited.condition.holds(&self.lab) {
                break true;
            }
            let command = self.next_logged().map(|command| command.at);
            let next = [self.lab.next_time(), command].into_iter().flatten().min();
            if next.is_none_or(|next| next > awaited.limit) || !self.step() {
                self.run_until(awaited.limit);
                break awaited.condition.holds(&self.lab);
            }
        };
        match awaited.told(holds) {
            Ok(said) => Given::Done(said),
            Err(why) => Given::Refused(format!("sim until {why}")),
        }
    }

    /// Whether the playhead stands before the head of its branch.
    pub fn is_past(&self) -> bool {
        let branch = &self.branches[self.active];
        (self.lab.events(), self.lab.now()) < (branch.head_event, branch.head_at)
    }

    fn fork(&mut self, name: &str) {
        self.forks += 1;
        let here = (self.lab.events(), self.lab.now());
        let old = &self.branches[self.active];
        let branch = Branch {
            name: format!("{}: {}", self.forks, name.chars().take(40).collect::<String>()),
            parent: Some((old.name.clone(), here.1)),
            log: self.lab.log().to_vec(),
            head_event: here.0,
            head_at: here.1,
            spacing: old.spacing,
            origin: old.origin,
            checkpoints: old
                .checkpoints
                .iter()
                .filter(|(key, _)| **key <= here)
                .map(|(k, l)| (*k, l.clone()))
                .collect(),
        };
        if self.branches.len() == BRANCHES_MAX {
            let oldest = (0..self.branches.len()).find(|n| *n != self.active).expect("there are at least two branches");
            self.branches.remove(oldest);
        }
        self.branches.push(branch);
        self.active = self.branches.len() - 1;
    }

    // ---- branches

    /// All branches, oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }
    /// Which branch is active.
    pub fn active(&self) -> usize {
        self.active
    }
    /// Goes to the head of another branch. False if there is no such branch.
    pub fn switch(&mut self, branch: usize) -> bool {
        let Some(target) = self.branches.get(branch) else {
            return false;
        };
        let (event, at) = (target.head_event, target.head_at);
        self.active = branch;
        self.restore(|key| *key <= (event, at));
        self.run_head(event, at);
        true
    }
    fn run_head(&mut self, event: u64, at: Time) {
        while let Some(command) = self.next_logged() {
            self.run_to_logged(&command);
        }
        self.run_to(event, at);
    }
    /// A lab as it was on a branch right after event `event`, at `at`, whichever comes first; the playhead stays where
    /// it is. None if there is no such branch.
    pub fn peek(&self, branch: usize, event: u64, at: Time) -> Option<Lab> {
        self.peek_from(|_| true, branch, event, at)
    }

    /// The same, run from a checkpoint that `fits`, or from the start.
    fn peek_from(&self, fits: impl Fn(&Lab) -> bool, branch: usize, event: u64, at: Time) -> Option<Lab> {
        let branch = self.branches.get(branch)?;
        let at = at.min(branch.head_at);
        let mut checkpoints = branch.checkpoints.iter().rev();
        let mut lab = match checkpoints.find(|(key, lab)| key.0 <= event && key.1 <= at && fits(lab)) {
            Some((_, lab)) => lab.clone(),
            None => branch.start(&self.lab).or_else(|| branch.checkpoints.values().next().cloned())?,
        };
        while let Some(command) = branch.log.get(lab.log().len()).filter(|c| c.event < event && c.at <= at) {
            lab.run_to(command.event, command.at);
            lab.command(command.term, &command.text);
        }
        lab.run_to(event, at);
        Some(lab)
    }
    /// The first and the last moment the active branch can show.
    pub fn range(&self) -> (Time, Time) {
        (self.first().1, self.branches[self.active].head_at)
    }
    fn first(&self) -> (u64, Time) {
        self.branches[self.active].origin
    }
    /// How many checkpoints the active branch has.
    pub fn checkpoints(&self) -> usize {
        self.branches[self.active].checkpoints.len()
    }
    /// A link that reproduces the playhead.
    pub fn link(&self) -> String {
        self.lab.link()
    }
}

/// What stands after `sim until`.
fn after_until(line: &str) -> &str {
    line.split_once("until").map_or("", |(_, rest)| rest.trim())
}

impl Branch {
    /// Drops every other checkpoint once there are too many, so that gaps stay even however long the run.
    fn thin(&mut self) {
        if self.checkpoints.len() > CHECKPOINTS_MAX {
            let odd: Vec<(u64, Time)> = self.checkpoints.keys().copied().skip(1).step_by(2).collect();
            odd.iter().for_each(|key| drop(self.checkpoints.remove(key)));
            self.spacing *= 2;
        }
    }

    /// The run's start, made again, unless there is a checkpoint of it.
    fn start(&self, of: &Lab) -> Option<Lab> {
        if self.checkpoints.contains_key(&self.origin) { None } else { Lab::new(of.scenario()).ok() }
    }

    /// The last moment it has been run to.
    pub fn head(&self) -> Time {
        self.head_at
    }
    /// Its commands.
    pub fn log(&self) -> &[Logged] {
        &self.log
    }
}

/// Why a link cannot be opened.
pub enum OpenError {
    /// The text is not a whole link.
    Link(LinkError),
    /// Its scenario cannot be used.
    Scenario(ScenarioError),
    /// The replay ended in another state than the link says; the replay is at hand all the same.
    Digest {
        /// The digest in the link.
        wanted: String,
        /// The digest of the replay.
        got: String,
        /// The engine that made the link.
        engine: String,
        /// The replay.
        timeline: Box<Timeline>,
    },
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::Link(error) => error.fmt(f),
            OpenError::Scenario(error) => error.fmt(f),
            OpenError::Digest { wanted, got, engine, .. } => write!(
                f,
                "the replay ended with digest {got}, and the link says {wanted}: it was made by kafkasim {engine}, and this is {}",
                env!("CARGO_PKG_VERSION")
            ),
        }
    }
}
