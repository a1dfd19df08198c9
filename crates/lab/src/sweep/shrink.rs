//! Shrinking: a failing plan with fewer operations, nodes, configs and seconds that breaks the same claim (delta debugging,
//! then one simplification at a time, round and round until none helps). Since a plan is explicit, what is left means
//! what it meant before.

use kernel::Duration;

use super::{is_judgement, play};
use crate::invariants::Violation;
use crate::scenario::{Scenario, Span, TimedCommand};
use crate::{ANOMALIES, BOOT};

/// What shrinking came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// The smaller plan.
    pub scenario: Scenario,
    /// Runs it took.
    pub runs: u32,
}

/// Shrinks a plan that breaks `violation`'s claim, with at most `runs_max` runs.
pub fn shrink(scenario: &Scenario, violation: &Violation, runs_max: u32) -> Shrunk {
    let mut search = Search { best: scenario.clone(), invariant: violation.invariant, runs: 0, runs_max };
    if runs_max > 0 {
        search.end_at(violation);
        while search.round() && search.runs < search.runs_max {}
    }
    Shrunk { scenario: search.best, runs: search.runs }
}

/// The smallest failing plan so far.
struct Search {
    best: Scenario,
    invariant: &'static str,
    runs: u32,
    runs_max: u32,
}

impl Search {
    /// Takes a smaller plan if it still breaks the claim.
    fn try_take(&mut self, candidate: Scenario) -> bool {
        if candidate == self.best || self.runs >= self.runs_max || candidate.check().is_err() {
            return false;
        }
        self.runs += 1;
        let is_red = play(&candidate).0.violation.is_some_and(|violation| violation.invariant == self.invariant);
        if is_red {
            self.best = candidate;
        }
        is_red
    }

    fn try_change(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        self.try_take(candidate)
    }

    /// Nothing after the violation matters. What is judged needs the judgement, and what ends the chaos before it.
    fn end_at(&mut self, violation: &Violation) {
        if !self.is_judged() {
            let at = violation.at.since(BOOT) + Duration::from_millis(1);
            self.try_change(|plan| {
                plan.commands.retain(|command| command.at.0 <= at);
                plan.until = Some(Span(at));
            });
        }
    }

    fn is_judged(&self) -> bool {
        ANOMALIES.iter().any(|anomaly| anomaly.id == self.invariant)
    }

    fn is_needed(&self, command: &TimedCommand) -> bool {
        let ends_faults = is_judgement(&command.run) || command.run.starts_with("sim mend") || command.run == "^C";
        self.is_judged() && ends_faults
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

    /// Leaves out runs of commands: halves, quarters, and so on down to single ones.
    fn fewer_commands(&mut self) {
        let mut size = self.best.commands.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.commands.len() {
                let upto = (from + size).min(self.best.commands.len());
                let mut at = 0..;
                let mut candidate = self.best.clone();
                candidate.commands.retain(|command| {
                    let is_chosen = at.next().is_some_and(|place| (from..upto).contains(&place));
                    !is_chosen || self.is_needed(command)
                });
                if !self.try_take(candidate) {
                    from = upto;
                }
            }
            size /= 2;
        }
    }

    fn fewer_nodes(&mut self) {
        while self.best.cluster.brokers > 1 && self.try_change(fewer_brokers) {}
        if !self.best.cluster.combined {
            self.try_change(|plan| plan.cluster.controllers = 1);
        }
        for n in (0..self.best.topics.len()).rev() {
            self.try_change(|plan| drop(plan.topics.remove(n)));
        }
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
        for name in self.best.cluster.configs.keys().cloned().collect::<Vec<_>>() {
            self.try_change(|plan| drop(plan.cluster.configs.remove(&name)));
        }
        for n in 0..self.best.topics.len() {
            for name in self.best.topics[n].configs.keys().cloned().collect::<Vec<_>>() {
                self.try_change(|plan| drop(plan.topics[n].configs.remove(&name)));
            }
        }
        for path in self.best.files.keys().cloned().collect::<Vec<_>>() {
            if !self.best.commands.iter().any(|command| command.run.contains(&path)) {
                self.try_change(|plan| drop(plan.files.remove(&path)));
                continue;
            }
            for line in self.best.files[&path].lines().map(str::to_owned).collect::<Vec<_>>() {
                self.try_change(|plan| {
                    let text = plan.files.entry(path.clone()).or_default();
                    *text = text.lines().filter(|other| *other != line).map(|other| format!("{other}\n")).collect();
                });
            }
        }
    }

    /// Takes time out between commands.
    fn shorter(&mut self) {
        for n in 0..self.best.commands.len() {
            if self.is_judged() && is_judgement(&self.best.commands[n].run) {
                break;
            }
            let before = n.checked_sub(1).map_or(Duration::ZERO, |n| self.best.commands[n].at.0);
            let gap = self.best.commands[n].at.0.as_nanos() - before.as_nanos();
            let whole_ms = gap / 2_000_000 * 1_000_000;
            if whole_ms >= 100_000_000 {
                self.try_change(|plan| earlier(plan, n, whole_ms));
            }
        }
    }
}

/// One broker less, and topics with no more replicas than there are brokers.
fn fewer_brokers(plan: &mut Scenario) {
    let gone = format!("broker-{}:9092", plan.cluster.brokers);
    for command in &mut plan.commands {
        command.run = command.run.replace(&format!(",{gone}"), "");
    }
    plan.cluster.brokers -= 1;
    let brokers = plan.cluster.brokers as i16;
    for topic in &mut plan.topics {
        topic.replication_factor = topic.replication_factor.map(|replicas| replicas.min(brokers));
    }
    if let Some(replicas) = plan.cluster.configs.get_mut("offsets.topic.replication.factor") {
        *replicas = brokers.min(3).to_string();
    }
}

/// Everything from command `n` on comes so much earlier.
fn earlier(plan: &mut Scenario, n: usize, ns: u64) {
    let shift = |span: &mut Span| span.0 = Duration::from_nanos(span.0.as_nanos().saturating_sub(ns));
    plan.commands[n..].iter_mut().for_each(|command| shift(&mut command.at));
    plan.until.iter_mut().for_each(shift);
}
