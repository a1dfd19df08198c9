//! `kafkasim sweep --measure FILE`: how many seeds a sweep takes to find each bug that can be planted, and what is left of the
//! plan that it found when it is shrunk. The file is a table of tabs, from which `cargo xtask gen` makes the page in `docs/`.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::ProgressBar;
use lab::sweep;
use lab::{PLANTS, Plant, Scenario};

use super::Exit;
use crate::guarded::guarded;
use crate::input::write;

/// Sweeps for each bug, each from another first seed.
const TRIALS: u64 = 5;
/// A sweep that has not found it by then has not found it.
const SEEDS_MAX: u64 = 1000;

/// What one sweep came to; none within [`SEEDS_MAX`].
type Found = Option<Red>;

/// The first seed that breaks something and would not without the bug.
#[derive(Clone, Copy)]
struct Red {
    /// Seeds until then, this one included.
    seeds: u64,
    /// What broke.
    invariant: &'static str,
    /// Commands of the plan, and of the shrunk one.
    commands: (usize, usize),
    /// Brokers, controllers and terminals with programs, likewise.
    nodes: (usize, usize),
}

/// Measures every bug, or only one: then the other rows of the file stay as they are.
pub(super) fn measure(file: &Path, only: Option<Plant>, jobs: usize, quiet: bool) -> Exit {
    let bugs: Vec<Plant> =
        PLANTS.iter().map(|(plant, _)| *plant).filter(|bug| only.is_none_or(|one| one == *bug)).collect();
    let sweeps: Vec<(Plant, u64)> = bugs.iter().flat_map(|bug| (0..TRIALS).map(|trial| (*bug, trial))).collect();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(sweeps.len() as u64) };
    let found: Mutex<Vec<(Plant, u64, Found)>> = Mutex::new(Vec::new());
    let (next, faults) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((bug, trial)) = sweeps.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (bug, from) = (*bug, trial * SEEDS_MAX + 1);
                    let result = guarded(&format!("{bug} from seed {from} on"), move || first_red(bug, from));
                    faults.fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
                    let result = result.unwrap_or_else(|fault| {
                        bar.suspend(|| eprintln!("{bug} from seed {from} on: a fault of kafkasim: {fault}"));
                        None
                    });
                    found.lock().expect("nobody panics with it").push((bug, *trial, result));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut found = found.into_inner().expect("nobody panics with it");
    found.sort_by_key(|(_, trial, _)| *trial);
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let mut table = String::from(
        "# bug\tseeds until it was found, one figure a sweep\twhat broke\tcommands before>after shrinking\tnodes before>after\n",
    );
    let mut missed = 0;
    for (bug, info) in PLANTS {
        if !bugs.contains(bug) {
            let kept = before.lines().filter(|line| line.split('\t').next() == Some(info.name));
            kept.for_each(|line| table.push_str(&format!("{line}\n")));
            continue;
        }
        let sweeps: Vec<Found> = found.iter().filter(|(of, ..)| of == bug).map(|(_, _, found)| *found).collect();
        missed += u8::from(sweeps.iter().any(Option::is_none));
        let row = row(*bug, &sweeps);
        print!("{row}");
        table.push_str(&row);
    }
    write(file, &table)?;
    Ok(u8::from(missed > 0 || faults.into_inner() > 0))
}

fn first_red(bug: Plant, from: u64) -> Found {
    (0..SEEDS_MAX).find_map(|n| {
        let violation = sweep::play_seed(from + n, bug).violation?;
        let is_its_own = sweep::play_seed(from + n, Plant::None).violation.is_none();
        is_its_own.then(|| {
            let plan = sweep::expand(from + n, bug);
            let shrunk = sweep::shrink(&plan, &violation, super::sweep::SHRINK_RUNS).scenario;
            Red {
                seeds: n + 1,
                invariant: violation.invariant,
                commands: (plan.commands.len(), shrunk.commands.len()),
                nodes: (nodes(&plan), nodes(&shrunk)),
            }
        })
    })
}

/// Brokers, controllers and terminals with programs.
fn nodes(plan: &Scenario) -> usize {
    let servers = plan.cluster.brokers + if plan.cluster.combined { 0 } else { plan.cluster.controllers };
    let programs = plan.commands.iter().filter(|command| !command.run.starts_with("sim ") && command.run != "^C");
    servers as usize + programs.map(|command| command.term).collect::<std::collections::BTreeSet<_>>().len()
}

fn row(bug: Plant, sweeps: &[Found]) -> String {
    let column = |show: &dyn Fn(&Red) -> String| {
        let shown: Vec<String> = sweeps.iter().map(|found| found.as_ref().map_or_else(|| "-".into(), show)).collect();
        shown.join(" ")
    };
    let mut broken: Vec<&str> = sweeps.iter().flatten().map(|red| red.invariant).collect();
    broken.sort_unstable();
    broken.dedup();
    let seeds = column(&|red| red.seeds.to_string());
    let commands = column(&|red| format!("{}>{}", red.commands.0, red.commands.1));
    let nodes = column(&|red| format!("{}>{}", red.nodes.0, red.nodes.1));
    format!("{bug}\t{seeds}\t{}\t{commands}\t{nodes}\n", broken.join(" "))
}
