//! Shrinking: a failing plan with fewer operations, nodes, configs and seconds that breaks the same claim in the same way (delta
//! debugging, then one simplification at a time, round and round until none helps). Since a plan is explicit, what is left
//! means what it meant before.

use std::ops::Range;

use kernel::Duration;
use protocol::Plant;

use super::smaller;
use super::{is_judgement, replay};
use crate::invariants::Violation;
use crate::judge::LIVENESS;
use crate::scenario::{Planted, Scenario, Span, TimedCommand};
use crate::{ANOMALIES, BOOT};

/// What shrinking came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// The smaller plan, which was seen to break the claim when it is played as `kafkasim run` plays it; or the whole one, if it could
    /// not be made to.
    pub scenario: Scenario,
    /// Whether [`Shrunk::scenario`] breaks the claim.
    pub is_red: bool,
    /// Runs it took.
    pub runs: u32,
    /// Events of those runs.
    pub events: u64,
}

/// Events that all runs may come to: some ten seconds of a core.
const EVENTS_MAX: u64 = 4_000_000;
/// Other seeds that a plan is tried with.
const OTHER_SEEDS: u64 = 3;
/// How long convergence is waited for at least, if topics were deleted longer: `plan.rs` says why.
const SETTLE: Duration = Duration::from_secs(332);

/// Shrinks a plan that breaks `violation`'s claim, with at most `runs_max` runs. With none it is only cut off where it was judged.
pub fn shrink(scenario: &Scenario, violation: &Violation, runs_max: u32) -> Shrunk {
    let mut search = Search {
        best: scenario.clone(),
        invariant: violation.invariant,
        about: violation.about.clone(),
        runs: 0,
        runs_max: runs_max.saturating_add(1),
        events: 0,
    };
    let is_red = search.try_take(as_it_was_judged(scenario, violation));
    while is_red && !search.is_spent() && (search.round() || search.other_seeds()) {}
    Shrunk { scenario: search.best, is_red, runs: search.runs, events: search.events }
}

/// Nothing after the violation matters, and what is judged is judged when it was: a sweep does not wait for the time its plan names.
fn as_it_was_judged(scenario: &Scenario, violation: &Violation) -> Scenario {
    let at = violation.at.since(BOOT);
    let mut plan = scenario.clone();
    plan.commands.retain(|command| command.at.0 <= at && !is_judgement(&command.run));
    if is_judged(violation.invariant) {
        // After all that happens in that moment: commands come first in theirs.
        let judged = at + Duration::from_nanos(1);
        plan.commands.push(TimedCommand { at: Span(judged), term: 1, run: "sim judge".into() });
    }
    plan.until = Some(Span(at + Duration::from_millis(1)));
    plan
}

fn is_judged(invariant: &str) -> bool {
    ANOMALIES.iter().any(|anomaly| anomaly.id == invariant)
}

/// The smallest failing plan so far.
struct Search {
    best: Scenario,
    invariant: &'static str,
    /// What else a violation must say ([`Violation::about`]).
    about: String,
    runs: u32,
    runs_max: u32,
    events: u64,
}

impl Search {
    fn is_spent(&self) -> bool {
        self.runs >= self.runs_max || self.events >= EVENTS_MAX
    }

    /// Takes a smaller plan if it still breaks the claim; with a bug planted, only if it is the bug that breaks it.
    fn try_take(&mut self, candidate: Scenario) -> bool {
        if candidate == self.best || self.is_spent() || candidate.check().is_err() {
            return false;
        }
        let is_red =
            self.is_red(&candidate) && (candidate.plant.0 == Plant::None || !self.is_red(&without_plant(&candidate)));
        if is_red {
            self.best = candidate;
        }
        is_red
    }

    fn is_red(&mut self, candidate: &Scenario) -> bool {
        let lab = replay(candidate);
        self.runs += 1;
        self.events += lab.events();
        let same = |broken: &Violation| broken.invariant == self.invariant && broken.about == self.about;
        lab.violation().is_some_and(same)
    }

    fn try_change(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        self.try_take(candidate)
    }

    /// One round of everything; whether anything helped.
    fn round(&mut self) -> bool {
        let before = self.best.clone();
        self.fewer_commands();
        self.fewer_nodes();
        self.fewer_settings();
        self.shorter();
        self.best != before
    }

    /// Leaves out runs of `count` things: all, halves, quarters, and so on down to single ones.
    fn leave_out(&mut self, count: impl Fn(&Scenario) -> usize, remove: impl Fn(&mut Scenario, Range<usize>)) {
        let mut size = count(&self.best);
        while size > 0 && !self.is_spent() {
            // From the end: what comes last often only cures or follows what came before.
            let mut upto = count(&self.best);
            while upto > 0 {
                let from = upto.saturating_sub(size);
                self.try_change(|plan| remove(plan, from..upto));
                upto = from;
            }
            size /= 2;
        }
    }

    fn fewer_commands(&mut self) {
        let is_about_convergence = self.invariant == LIVENESS.id;
        self.leave_out(
            |plan| plan.commands.len(),
            |plan, gone| smaller::without_commands(plan, gone, is_about_convergence),
        );
    }

    /// A program more or less changes what all others draw, and a moment that was met is missed: without one of its commands the
    /// plan may need another seed. Whether it helped.
    fn other_seeds(&mut self) -> bool {
        let (seed, is_about_convergence) = (self.best.seed, self.invariant == LIVENESS.id);
        let before = self.best.commands.len();
        for n in (0..before).rev() {
            for other in 1..=OTHER_SEEDS {
                let is_gone = self.try_change(|plan| {
                    plan.seed = seed.wrapping_add(other);
                    smaller::without_commands(plan, n..n + 1, is_about_convergence);
                });
                if is_gone {
                    return true;
                }
            }
        }
        false
    }

    fn fewer_nodes(&mut self) {
        while self.best.cluster.brokers > 1 && self.try_change(smaller::fewer_brokers) {}
        if !self.best.cluster.combined {
            self.try_change(|plan| plan.cluster.controllers = 1);
        }
        self.leave_out(|plan| plan.topics.len(), |plan, gone| drop(plan.topics.drain(gone)));
        for n in 0..self.best.topics.len() {
            self.try_change(|plan| plan.topics[n].partitions = Some(1));
            while self.best.topics[n].replication_factor.is_some_and(|replicas| replicas > 1)
                && self.try_change(|plan| {
                    plan.topics[n].replication_factor = plan.topics[n].replication_factor.map(|r| r - 1)
                })
            {}
        }
    }

    fn fewer_settings(&mut self) {
        self.try_change(|plan| plan.cluster.latency = None);
        self.leave_out(smaller::settings, smaller::without_settings);
        self.try_change(smaller::without_unread_files);
    }

    /// Takes time out between commands. What must converge keeps its time.
    fn shorter(&mut self) {
        for n in 0..self.best.commands.len() {
            let before = n.checked_sub(1).map_or(Duration::ZERO, |n| self.best.commands[n].at.0);
            let gap = self.best.commands[n].at.0.as_nanos() - before.as_nanos();
            let is_settling = self.invariant == LIVENESS.id && is_judgement(&self.best.commands[n].run);
            let deletes = self.best.commands.iter().any(|command| command.run.contains("--delete "));
            let whole_ms = match is_settling {
                false => gap / 2_000_000 * 1_000_000,
                true if deletes => 0,
                true => gap.saturating_sub(SETTLE.as_nanos()),
            };
            if whole_ms >= 100_000_000 {
                self.try_change(|plan| smaller::earlier(plan, n, whole_ms));
            }
        }
    }
}

fn without_plant(plan: &Scenario) -> Scenario {
    Scenario { plant: Planted(Plant::None), ..plan.clone() }
}
