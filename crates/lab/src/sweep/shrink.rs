//! Shrinking: a failing plan with fewer operations, nodes, configs and seconds that breaks the same claim in the same way (whole
//! families of commands, delta debugging, then one simplification at a time, round and round until none helps). Since a plan is
//! explicit, what is left means what it meant before.

use std::ops::Range;

use kernel::Duration;
use protocol::Plant;

use super::{is_judgement, replay, replay_until_converged, smaller};
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
const EVENTS_MAX: u64 = 3_500_000;
/// Other seeds that a plan is tried with, and that it is tried with in the end, when nothing else helps any more.
const OTHER_SEEDS: u64 = 4;
const LAST_SEEDS: [u64; 3] = [4, 20, 100];
/// With so few commands any two of them are left out together: a fault and its cure may stand far apart.
const PAIRS_OF_MAX: usize = 12;
/// How much later than before the claim may break in a plan with fewer commands.
const SLACK: Duration = Duration::from_secs(2);
/// Commands are not brought nearer to each other than this, in ms, nor for less.
const GAP_MIN_MS: u64 = 100;
/// How long convergence is waited for at least, if topics were deleted longer: `plan.rs` says why.
const SETTLE: Duration = Duration::from_secs(332);
/// The same with a bug planted: the plan without it shows how long is long enough.
const SETTLE_PLANTED: Duration = Duration::from_secs(60);

/// A change of a plan at the command with that number.
type Way = fn(&mut Scenario, usize);
/// Ways to say with fewer commands what several say, of which this is the last; those that leave something behind come last.
const ONE_FOR_TWO: [Way; 9] = [
    |plan, n| smaller::with_one_cure(plan, n),
    |plan, n| smaller::with_restart(plan, n, true),
    |plan, n| smaller::with_restart(plan, n, false),
    |plan, n| smaller::with_delay(plan, n, 1),
    |plan, n| smaller::with_delay(plan, n, 2),
    |plan, n| smaller::with_delay_and_restart(plan, n),
    |plan, n| smaller::with_elections_by_the_clock(plan, n, 1),
    |plan, n| smaller::with_elections_by_the_clock(plan, n, 5),
    |plan, n| smaller::with_elections_by_the_clock(plan, n, 10),
];

/// Shrinks a plan that breaks `violation`'s claim, with at most `runs_max` runs. With none it is only cut off where it was judged.
pub fn shrink(scenario: &Scenario, violation: &Violation, runs_max: u32) -> Shrunk {
    let mut search = Search {
        best: scenario.clone(),
        refused: Vec::new(),
        invariant: violation.invariant,
        about: violation.about.clone(),
        runs: 0,
        runs_max: runs_max.saturating_add(1),
        events: 0,
    };
    let is_red = search.try_take(as_it_was_judged(scenario, violation));
    while is_red
        && !search.is_spent()
        && (search.round() || LAST_SEEDS.iter().any(|others| search.other_seeds(*others)))
    {}
    Shrunk { scenario: search.best, is_red, runs: search.runs, events: search.events }
}

/// Nothing after the violation matters, and what is judged is judged when it was: a sweep does not wait for the time its plan names.
fn as_it_was_judged(scenario: &Scenario, violation: &Violation) -> Scenario {
    let at = violation.at.since(BOOT);
    let mut plan = scenario.clone();
    plan.commands.retain(|command| !is_judgement(&command.run));
    smaller::cut_off(&mut plan, at);
    if is_judged(violation.invariant) {
        // After all that happens in that moment: commands come first in theirs.
        let judged = at + Duration::from_nanos(1);
        plan.commands.push(TimedCommand { at: Span(judged), term: 1, run: "sim judge".into() });
    }
    plan
}

fn is_judged(invariant: &str) -> bool {
    ANOMALIES.iter().any(|anomaly| anomaly.id == invariant)
}

/// The smallest failing plan so far.
struct Search {
    best: Scenario,
    /// Plans that were played and do not fail, or fail otherwise: rounds come to the same ones again.
    refused: Vec<Scenario>,
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
    fn is_about_convergence(&self) -> bool {
        self.invariant == LIVENESS.id
    }

    /// Takes a smaller plan, up to where it breaks the claim, if it still does; with a bug planted, only if it is the bug that breaks it.
    fn try_take(&mut self, mut candidate: Scenario) -> bool {
        let is_known = candidate == self.best || self.refused.contains(&candidate);
        if is_known || self.is_spent() || candidate.check().is_err() {
            return false;
        }
        let broken = self.breaks_at(&candidate).filter(|_| self.is_the_bugs(&candidate));
        let Some(at) = broken else {
            self.refused.push(candidate);
            return false;
        };
        if !is_judged(self.invariant) {
            smaller::cut_off(&mut candidate, at);
        }
        let deleted = self.best.commands.iter().any(smaller::deletes);
        self.best = candidate;
        // What has not converged is judged ten minutes sooner without deletions: many more runs can be afforded.
        if deleted && self.is_about_convergence() && !self.best.commands.iter().any(smaller::deletes) {
            self.judged_sooner();
        }
        true
    }

    /// When a plan breaks the claim, if it does. Where all has converged there is nothing to wait for.
    fn breaks_at(&mut self, candidate: &Scenario) -> Option<Duration> {
        let lab = if self.is_about_convergence() { replay_until_converged(candidate) } else { replay(candidate) };
        self.runs += 1;
        self.events += lab.events();
        let same = |broken: &&Violation| broken.invariant == self.invariant && broken.about == self.about;
        lab.violation().filter(same).map(|broken| broken.at.since(BOOT))
    }

    fn is_the_bugs(&mut self, candidate: &Scenario) -> bool {
        candidate.plant.0 == Plant::None || self.breaks_at(&without_plant(candidate)).is_none()
    }

    fn try_change(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        self.try_take(candidate)
    }

    /// Tries a change that may put the failure off.
    fn try_later(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let slack = if is_judged(self.invariant) { Duration::ZERO } else { SLACK };
        self.try_change(|plan| {
            change(plan);
            plan.until.iter_mut().for_each(|until| until.0 = until.0 + slack);
        })
    }

    /// Tries a change that changes what all others draw: with the plan's seed, and with so many others.
    fn try_seeds(&mut self, others: u64, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut changed = self.best.clone();
        change(&mut changed);
        // Another seed alone is no smaller plan.
        let is_smaller = changed != self.best;
        is_smaller && (0..=others).any(|n| self.try_later(|plan| *plan = with_seed(&changed, n)))
    }

    /// One round of everything; whether anything helped.
    fn round(&mut self) -> bool {
        let before = self.best.clone();
        if self.is_about_convergence() {
            self.try_change(smaller::without_deletes);
        }
        self.judged_sooner();
        self.try_seeds(OTHER_SEEDS, smaller::without_voter_changes);
        self.fewer_families();
        self.fewer_commands();
        self.fewer_pairs();
        self.fewer_cures();
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
                self.try_later(|plan| remove(plan, from..upto));
                upto = from;
            }
            size /= 2;
        }
    }

    /// All that concerns a terminal or a host at once: a program and its death, a fault and its cure. Who deletes topics comes first.
    fn fewer_families(&mut self) {
        let is_about_convergence = self.is_about_convergence();
        let (deleting, others) = smaller::families(&self.best);
        for family in deleting.iter().chain(&others) {
            self.try_later(|plan| {
                smaller::without(plan, is_about_convergence, |_, command| {
                    smaller::family(command).as_ref() == Some(family)
                });
            });
        }
    }

    fn fewer_commands(&mut self) {
        let is_about_convergence = self.is_about_convergence();
        self.leave_out(
            |plan| plan.commands.len(),
            |plan, gone| smaller::without(plan, is_about_convergence, |n, _| gone.contains(&n)),
        );
    }

    fn fewer_pairs(&mut self) {
        let is_about_convergence = self.is_about_convergence();
        let mut second = self.best.commands.len();
        while second > 0 && self.best.commands.len() <= PAIRS_OF_MAX {
            second -= 1;
            let is_gone = (0..second).any(|first| {
                self.try_later(|plan| smaller::without(plan, is_about_convergence, |n, _| n == first || n == second))
            });
            if is_gone {
                second = self.best.commands.len();
            }
        }
    }

    /// What is slow for good may never converge, rightly.
    fn one_for_two(&self) -> &'static [Way] {
        if self.is_about_convergence() { &ONE_FOR_TWO[..3] } else { &ONE_FOR_TWO }
    }

    /// One command for two.
    fn fewer_cures(&mut self) {
        for n in (0..self.best.commands.len()).rev() {
            let _ = self.one_for_two().iter().any(|change| self.try_later(|plan| change(plan, n)));
        }
    }

    /// A program more or less changes what all others draw, and a moment that was met is missed: without one of its commands the
    /// plan may need another seed. Whether it helped.
    fn other_seeds(&mut self, others: u64) -> bool {
        let is_about_convergence = self.is_about_convergence();
        (0..self.best.commands.len()).rev().any(|gone| {
            self.try_seeds(others, |plan| smaller::without(plan, is_about_convergence, |n, _| n == gone))
                || self.one_for_two().iter().any(|change| self.try_seeds(others, |plan| change(plan, gone)))
        })
    }

    fn fewer_nodes(&mut self) {
        while (1..=self.best.cluster.brokers)
            .rev()
            .any(|id| self.try_seeds(OTHER_SEEDS, |plan| smaller::without_broker(plan, id)))
        {}
        self.try_seeds(OTHER_SEEDS, smaller::with_one_controller);
        for id in smaller::added_controllers(&self.best).rev() {
            self.try_seeds(OTHER_SEEDS, |plan| smaller::without_controller(plan, id));
        }
        self.leave_out(|plan| plan.topics.len(), |plan, gone| drop(plan.topics.drain(gone)));
        for n in 0..self.best.topics.len() {
            self.try_seeds(OTHER_SEEDS, |plan| plan.topics[n].partitions = Some(1));
            while self.best.topics[n].replication_factor.is_some_and(|replicas| replicas > 1)
                && self.try_change(|plan| {
                    plan.topics[n].replication_factor = plan.topics[n].replication_factor.map(|r| r - 1)
                })
            {}
        }
    }

    fn fewer_settings(&mut self) {
        self.try_change(|plan| plan.cluster.latency = None);
        self.try_change(|plan| plan.cluster.dynamic_quorum = false);
        self.leave_out(smaller::settings, smaller::without_settings);
        self.try_change(smaller::without_unread_files);
    }

    /// What is judged is judged soon: the rest of the search then plays so much less.
    fn judged_sooner(&mut self) {
        let Some(last) = self.best.commands.len().checked_sub(1) else { return };
        while is_judgement(&self.best.commands[last].run) && self.try_gap(last) {}
    }

    /// Takes time out between commands.
    fn shorter(&mut self) {
        for n in 0..self.best.commands.len() {
            while n < self.best.commands.len() && self.try_gap(n) {}
        }
    }

    /// Takes out as much of the time before a command as can be, in steps. What must converge keeps its time.
    fn try_gap(&mut self, n: usize) -> bool {
        let commands = &self.best.commands;
        let before = n.checked_sub(1).map_or(Duration::ZERO, |n| commands[n].at.0);
        let gap = commands[n].at.0.as_millis() - before.as_millis();
        let is_settling = self.is_about_convergence() && is_judgement(&commands[n].run);
        let deletes = commands.iter().any(smaller::deletes);
        let least = match is_settling {
            false => GAP_MIN_MS,
            // The plan without the bug must have converged by then.
            true if self.best.plant.0 != Plant::None => SETTLE_PLANTED.as_millis(),
            true if deletes => gap,
            true => SETTLE.as_millis(),
        };
        let kept = [0, gap / 8, gap / 4, gap / 2, gap * 3 / 4].map(|kept| kept.max(least));
        kept.into_iter().any(|kept| {
            kept + GAP_MIN_MS <= gap && self.try_later(|plan| smaller::earlier(plan, n, (gap - kept) * 1_000_000))
        })
    }
}

fn with_seed(plan: &Scenario, n: u64) -> Scenario {
    let mut other = Scenario { seed: plan.seed.wrapping_add(n), ..plan.clone() };
    smaller::with_directories(&mut other);
    other
}

fn without_plant(plan: &Scenario) -> Scenario {
    Scenario { plant: Planted(Plant::None), ..plan.clone() }
}
