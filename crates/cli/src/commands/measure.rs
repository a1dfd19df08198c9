//! `kafkasim sweep --measure FILE`: how many seeds a sweep takes to find each bug that can be planted. The file is a table
//! of tabs, from which `cargo xtask gen` makes the page in `docs/`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::ProgressBar;
use lab::sweep;
use lab::{PLANTS, Plant};

use super::Exit;
use crate::input::write;

/// Sweeps for each bug, each from another first seed.
const TRIALS: u64 = 5;
/// A sweep that has not found it by then has not found it.
const SEEDS_MAX: u64 = 1000;

/// What one sweep came to: seeds until the first that breaks something and would not without the bug, with what broke;
/// none within [`SEEDS_MAX`].
type Found = Option<(u64, &'static str)>;

/// Measures every bug, or only one: then the other rows of the file stay as they are.
pub(super) fn measure(file: &Path, only: Option<Plant>, jobs: usize, quiet: bool) -> Exit {
    let bugs: Vec<Plant> =
        PLANTS.iter().map(|(plant, _)| *plant).filter(|bug| only.is_none_or(|one| one == *bug)).collect();
    let sweeps: Vec<(Plant, u64)> = bugs.iter().flat_map(|bug| (0..TRIALS).map(|trial| (*bug, trial))).collect();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(sweeps.len() as u64) };
    let found: Mutex<Vec<(Plant, u64, Found)>> = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((bug, trial)) = sweeps.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = first_red(*bug, trial * SEEDS_MAX + 1);
                    found.lock().expect("nobody panics with it").push((*bug, *trial, result));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut found = found.into_inner().expect("nobody panics with it");
    found.sort_by_key(|(_, trial, _)| *trial);
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let mut table = String::from("# bug\tseeds until it was found, one figure a sweep\twhat broke\n");
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
    Ok(u8::from(missed > 0))
}

fn first_red(bug: Plant, from: u64) -> Found {
    (0..SEEDS_MAX).find_map(|n| {
        let violation = sweep::play_seed(from + n, bug).violation?;
        let is_its_own = sweep::play_seed(from + n, Plant::None).violation.is_none();
        is_its_own.then_some((n + 1, violation.invariant))
    })
}

fn row(bug: Plant, sweeps: &[Found]) -> String {
    let seeds: Vec<String> =
        sweeps.iter().map(|found| found.map_or_else(|| "-".into(), |(seeds, _)| seeds.to_string())).collect();
    let mut broken: Vec<&str> = sweeps.iter().flatten().map(|(_, invariant)| *invariant).collect();
    broken.sort_unstable();
    broken.dedup();
    let mut row = String::new();
    let _ = writeln!(row, "{bug}\t{}\t{}", seeds.join(" "), broken.join(" "));
    row
}
