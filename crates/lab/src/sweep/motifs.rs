//! Motifs: sequences of faults that random ones hardly ever come to, and that once broke Kafka. A plan in eight has one, with its
//! times drawn; half of those have no other fault.

use super::draw::{Draws, Kind};
use super::plan::{Stage, command};
use crate::scenario::TimedCommand;

/// The motif of a seed, if it has one.
pub(super) struct Drawn {
    /// Its faults, with their cures.
    pub(super) commands: Vec<TimedCommand>,
    /// There are no other faults.
    pub(super) is_alone: bool,
}

/// Draws a seed's motif.
pub(super) fn draw(seed: u64, stage: &Stage<'_>) -> Option<Drawn> {
    let mut draws = Draws::of(seed, Kind::Motif, 0);
    if !draws.chance(1, 8) {
        return None;
    }
    let is_alone = draws.chance(1, 2);
    let motif = *draws.pick(&[bounce, coordinator_dies_unheard]);
    Some(Drawn { commands: motif(draws, stage), is_alone })
}

/// The preferred leader restarts, so that another leads; that one is cut off from its followers and writes what they do
/// not get; the preferred one is elected, writes too, and dies; the other, in sync all along, leads again (KIP-279).
fn bounce(mut draws: Draws, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let tp = stage.partition(&mut draws);
    let bootstrap = &stage.bootstrap;
    let election = format!(
        "kafka-leader-election --bootstrap-server {bootstrap} --election-type preferred --all-topic-partitions"
    );
    let at = draws.between(4_000, 9_000);
    let steps = [
        (1, format!("sim stop leader:{tp}"), (1_000, 3_000)),
        (1, "sim mend".to_owned(), (5_000, 9_000)),
        (1, format!("sim cut leader:{tp} | followers:{tp}"), (200, 1_200)),
        (2, election, (400, 1_500)),
        (1, format!("sim kill leader:{tp}"), (4_000, 12_000)),
        (1, "sim mend".to_owned(), (0, 0)),
    ];
    timed(&mut draws, at, steps)
}

/// The leader of a partition of `__consumer_offsets` loses its followers, not its groups, and dies before they leave the ISR: what it
/// has told members meanwhile must be in its successor's log.
fn coordinator_dies_unheard(mut draws: Draws, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let tp = stage.partition_of_offsets(&mut draws);
    let at = draws.between(8_000, 25_000);
    let steps = [
        (1, format!("sim cut leader:{tp} | followers:{tp}"), (200, 1_800)),
        (1, format!("sim kill leader:{tp}"), (4_000, 12_000)),
        (1, "sim mend".to_owned(), (0, 0)),
    ];
    timed(&mut draws, at, steps)
}

/// Steps, each so many milliseconds before the next.
fn timed<const N: usize>(draws: &mut Draws, mut at: u64, steps: [(u32, String, (u64, u64)); N]) -> Vec<TimedCommand> {
    let timed = steps.into_iter().map(|(term, run, (from, to))| {
        let given = command(at, term, run);
        at += draws.between(from, to);
        given
    });
    timed.collect()
}
