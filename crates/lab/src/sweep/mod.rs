//! Sweeps: every seed is a whole run. It is expanded, before time 0, into an explicit plan — a cluster, topics, clients and
//! a timeline of faults — and the plan is an ordinary scenario, so that replaying, linking and shrinking need nothing new.
//!
//! A run has three parts, as TigerBeetle's VOPR has: chaos, in which invariants must hold; a random core of the
//! cluster is mended and the producers stop; and a judgement (`sim judge`) of what the clients saw and of whether
//! the core has converged. Draws belong to their operation (`kernel::keyed_draw`), so that one more does not shift another.

mod admin;
mod dirs;
mod draw;
mod faults;
mod motifs;
mod plan;
mod shrink;
mod smaller;
mod topics;
mod voters;

use protocol::Plant;

use crate::invariants::Violation;
use crate::judge::{self, Verdict};
use crate::scenario::Scenario;
use crate::{BOOT, Duration, Lab, Time};

pub use plan::expand;
pub use shrink::{Shrunk, shrink};

/// How often a mended cluster is asked whether it has converged.
const LOOK: Duration = Duration::from_millis(500);

/// How one run went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What broke, if anything did.
    pub violation: Option<Violation>,
    /// Events run.
    pub events: u64,
    /// Virtual time that passed after boot.
    pub clock: Duration,
    /// Records acknowledged.
    pub acked: u64,
    /// The digest at the end.
    pub digest: u64,
}

/// Expands a seed and plays it.
pub fn play_seed(seed: u64, plant: Plant) -> Outcome {
    play(&expand(seed, plant)).0
}

/// Plays a plan to its end, or until something breaks. A core that has converged is judged at once: nothing but time
/// passes until the scenario would judge it.
///
/// # Panics
/// If the scenario cannot be used: plans can.
pub fn play(scenario: &Scenario) -> (Outcome, Lab) {
    let (mut lab, end) = begin(scenario);
    let is_judged = scenario.commands.iter().any(|command| is_judgement(&command.run));
    lab.run_until(all_is_done(scenario).min(end));
    let mut violation = lab.violation().cloned();
    while violation.is_none() && lab.now() < end {
        let next = (lab.now() + LOOK).min(end);
        lab.run_until(next);
        violation = lab.violation().cloned();
        if violation.is_none() && is_judged && judge::obstacles(&lab).is_empty() {
            if let Verdict::Broken(finding) = judge::judge(&lab) {
                violation = Some(finding.into_violation(&lab));
            }
            break;
        }
    }
    let outcome = Outcome {
        violation,
        events: lab.events(),
        clock: lab.clock(),
        acked: lab.ledger().acked(),
        digest: lab.digest(),
    };
    (outcome, lab)
}

/// Plays a plan as `kafkasim run` does: it is judged when it says so.
///
/// # Panics
/// As [`play`].
pub fn replay(scenario: &Scenario) -> Lab {
    let (mut lab, end) = begin(scenario);
    lab.run_until(end);
    lab
}

/// As [`replay`], but only until all has converged if it does: no judgement finds then that it has not.
///
/// # Panics
/// As [`play`].
fn replay_until_converged(scenario: &Scenario) -> Lab {
    let (mut lab, end) = begin(scenario);
    lab.run_until(all_is_done(scenario).min(end));
    while lab.violation().is_none() && lab.now() < end && !judge::obstacles(&lab).is_empty() {
        let next = (lab.now() + LOOK).min(end);
        lab.run_until(next);
    }
    lab
}

/// When the last command of a plan but its judgement is given.
fn all_is_done(scenario: &Scenario) -> Time {
    let commands = scenario.commands.iter().filter(|command| !is_judgement(&command.run));
    BOOT + commands.map(|command| command.at.0).max().unwrap_or_default()
}

/// A plan's beginning, and when it ends.
fn begin(scenario: &Scenario) -> (Lab, Time) {
    let lab = Lab::new(scenario).expect("a plan is a scenario that can be used");
    (lab, BOOT + scenario.until.map_or(Duration::from_secs(60), |until| until.0))
}

fn is_judgement(command: &str) -> bool {
    command == "sim judge"
}
