//! What waits for the run to reach something: commands for a condition, processes that stop for their new start.
//! Looked at after every event and every command that came due, in the order given; so it costs nothing while nothing waits.

use std::sync::Arc;

use kernel::{NodeId, NodeState};

use crate::facts::{Condition, Truth};
use crate::lab::{Lab, MarkKind};
use crate::terminal::LineKind;

/// All that waits.
#[derive(Clone, Default)]
pub(crate) struct Waiting {
    whens: Vec<When>,
    restarts: Vec<NodeId>,
}

/// A command line that waits for a condition.
#[derive(Clone)]
struct When {
    term: u32,
    condition: Condition,
    line: Arc<str>,
}

/// Commands carried out at one moment: each may make the next one's condition true.
const AT_ONCE_MAX: u32 = 100;

impl Waiting {
    pub(crate) fn when(&mut self, term: u32, condition: Condition, line: &str) {
        self.whens.push(When { term, condition, line: line.into() });
    }

    /// Takes away the `sim` verbs that wait for a condition: how many.
    pub(crate) fn forget_verbs(&mut self) -> usize {
        let before = self.whens.len();
        self.whens.retain(|when| when.line.split_whitespace().next() != Some("sim"));
        before - self.whens.len()
    }

    /// Starts a process once it has stopped.
    pub(crate) fn restart(&mut self, node: NodeId) {
        if !self.restarts.contains(&node) {
            self.restarts.push(node);
        }
    }

    fn is_empty(&self) -> bool {
        self.whens.is_empty() && self.restarts.is_empty()
    }
}

impl Lab {
    /// Does what has waited for the state that was just reached.
    pub(crate) fn after_waiting(&mut self) {
        if self.waiting.is_empty() || self.violation().is_some() {
            return;
        }
        self.restart_what_stopped();
        for _ in 0..AT_ONCE_MAX {
            let Some(place) = self.waiting.whens.iter().position(|when| is_over(&when.condition.truth(self))) else {
                return;
            };
            let When { term, condition, line } = self.waiting.whens.remove(place);
            match condition.truth(self) {
                Truth::Never(why) => self.write(term, LineKind::Err, format!("sim when {condition}: {why}").into()),
                Truth::Yes | Truth::No | Truth::Untold(_) => drop(self.carry_out(term, &line)),
            }
        }
    }

    fn restart_what_stopped(&mut self) {
        for node in std::mem::take(&mut self.waiting.restarts) {
            match self.world.state(node) {
                NodeState::Running | NodeState::Paused => self.waiting.restarts.push(node),
                NodeState::New | NodeState::Exited(_) | NodeState::Killed | NodeState::PoweredOff => {
                    if self.world.start(node) {
                        self.state_changed(node);
                        let name = self.world.name(node).clone();
                        self.mark(MarkKind::Process, format!("{name} started").into());
                    }
                }
            }
        }
    }

    /// What waits for a condition, as it was given.
    pub fn awaited(&self) -> impl Iterator<Item = String> + '_ {
        self.waiting.whens.iter().map(|When { condition, line, .. }| format!("when {condition}: {line}"))
    }
}

fn is_over(truth: &Truth) -> bool {
    matches!(truth, Truth::Yes | Truth::Never(_))
}
