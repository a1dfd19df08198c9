//! `kafkasim sweep`: many seeds, each a cluster with clients and faults, against all invariants.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};

use indicatif::{ProgressBar, ProgressStyle};
use lab::sweep::{self, Outcome};
use lab::units::format_duration;
use lab::{BOOT, Lab, PLANTS, Plant, Scenario};

use super::Exit;
use super::measure::measure;
use crate::guarded::guarded;
use crate::input::{page_link, read, write};

/// Runs that shrinking takes at most; before that it mostly comes to the events that it may take.
pub(super) const SHRINK_RUNS: u32 = 1_500;

/// Arguments of `sweep`.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Sweep {
    /// The seeds: the first and the last.
    #[arg(long, value_name = "A..B", default_value = "1..100", value_parser = seeds)]
    seeds: Seeds,
    /// Plants a bug, which the sweep should find; the list is below.
    #[arg(long, value_name = "BUG")]
    plant: Option<Plant>,
    /// Every nth seed, from the ith on: to share a sweep among n machines.
    #[arg(long, value_name = "i/n", default_value = "1/1", value_parser = shard)]
    shard: Shard,
    /// How many runs at a time; all cores if not said.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Stops at the first violation.
    #[arg(long)]
    first: bool,
    /// Runs that shrinking one failure may take; 0 leaves it as it is.
    #[arg(long, value_name = "N", default_value_t = SHRINK_RUNS)]
    shrink: u32,
    /// Where failing scenarios are written.
    #[arg(long, value_name = "FOLDER", default_value = "sweep-failures")]
    out: PathBuf,
    /// Prints a JSON object for each run instead of text.
    #[arg(long)]
    json: bool,
    /// Measures how many seeds each bug takes to be found (or the one of --plant), and writes the table.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "shard", "json", "first"])]
    measure: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

fn after_help() -> String {
    let rows = PLANTS.iter().map(|(_, bug)| format!("  {:<28} {} [{}]", bug.name, bug.doc, bug.source));
    let rows: Vec<String> = rows.collect();
    format!(
        "Each seed is expanded into a scenario: a cluster, topics, clients, and a minute of faults. Then a part of the cluster is \
         mended, and must converge. A failure is shrunk, and printed as a file, a command and a link.\n\
         The last line is `seeds N, violations M`. Exit status: 0 without violation, 1 with one, 2 if the input is wrong.\n\
         A seed that the simulator itself fails with is told, with what it said; the last line counts those too, and the status is 1.\n\n\
         Bugs to plant:\n{}",
        rows.join("\n")
    )
}

/// `A..B`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seeds {
    first: u64,
    last: u64,
}

fn seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("`{text}` is not a range of seeds; write the first and the last, such as 1..1000");
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let seeds = Seeds { first: number(first)?, last: number(last.trim_start_matches('='))? };
    if seeds.first > seeds.last {
        return Err(format!(
            "`{text}` is empty: the last seed comes before the first; write {}..{}",
            seeds.last, seeds.first
        ));
    }
    Ok(seeds)
}

/// Part `i` of `n`, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Shard {
    part: u64,
    of: u64,
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || format!("`{text}` is not a shard; write which of how many, such as 2/8");
    let (part, of) = text.split_once('/').ok_or_else(wrong)?;
    let shard = Shard { part: part.parse().map_err(|_| wrong())?, of: of.parse().map_err(|_| wrong())? };
    if shard.part == 0 || shard.part > shard.of {
        return Err(format!("`{text}`: there is no such part; shards count from 1 to {}", shard.of.max(1)));
    }
    Ok(shard)
}

impl Sweep {
    pub(crate) fn act(self) -> Exit {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, std::num::NonZero::get);
        if let Some(file) = &self.measure {
            return measure(file, self.plant, jobs, self.quiet);
        }
        let plant = self.plant.unwrap_or_default();
        let seeds: Vec<u64> = (self.seeds.first..=self.seeds.last)
            .filter(|seed| (seed - self.seeds.first) % self.shard.of == self.shard.part - 1)
            .collect();
        let bar = if self.quiet { ProgressBar::hidden() } else { ProgressBar::new(seeds.len() as u64) };
        let style = ProgressStyle::with_template("{bar:32} {pos} of {len} seeds, {msg}, {per_sec}, {eta} left");
        bar.set_style(style.expect("the template is right"));
        let (mut played, mut violations, mut faults) = (0u64, 0u64, 0u64);
        let mut trouble = Ok(());
        run_all(&seeds, plant, jobs, self.first, |seed, outcome| {
            played += 1;
            bar.inc(1);
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(words) => {
                    faults += 1;
                    return bar.suspend(|| self.show_fault(seed, plant, &words));
                }
            };
            if outcome.violation.is_some() {
                violations += 1;
            }
            bar.set_message(format!("{violations} violations"));
            let shown = bar.suspend(|| self.show(seed, plant, &outcome));
            if trouble.is_ok() {
                trouble = shown;
            }
        });
        bar.finish_and_clear();
        trouble?;
        let faults_too = if faults > 0 { format!(", faults of the simulator {faults}") } else { String::new() };
        println!("seeds {played}, violations {violations}{faults_too}");
        Ok(u8::from(violations + faults > 0))
    }

    /// Prints a seed that the simulator itself failed with.
    fn show_fault(&self, seed: u64, plant: Plant, words: &str) {
        if self.json {
            println!("{}", serde_json::json!({ "seed": seed, "fault": words }));
            return;
        }
        let planted = PLANTS.iter().find(|(known, _)| *known == plant).filter(|_| self.plant.is_some());
        let planted = planted.map(|(_, bug)| format!(" --plant {}", bug.name)).unwrap_or_default();
        println!("seed {seed}: the simulator itself failed: {words}");
        println!("  replay: kafkasim sweep --seeds {seed}..{seed}{planted}");
    }

    /// Prints how one seed went: a failure, shrunk, with all that shows it again.
    fn show(&self, seed: u64, plant: Plant, outcome: &Outcome) -> Result<(), String> {
        let Some(violation) = &outcome.violation else {
            if self.json {
                println!("{}", json(seed, outcome, None));
            }
            return Ok(());
        };
        let plan = sweep::expand(seed, plant);
        let shrunk = sweep::shrink(&plan, violation, self.shrink);
        let file = self.out.join(format!("seed-{seed}-{}.json", violation.invariant));
        write(&file, &(shrunk.scenario.to_json() + "\n"))?;
        // What is printed is what the file does.
        let written = Scenario::parse(&read(&file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let lab = sweep::replay(&written);
        let again = lab.violation().filter(|again| again.invariant == violation.invariant);
        if self.json {
            println!("{}", json(seed, outcome, Some((&file, &lab))));
            return Ok(());
        }
        println!("seed {seed}: {violation}");
        match again {
            Some(again) => println!(
                "  shrunk from {} to {} commands in {} runs: {again}",
                plan.commands.len(),
                shrunk.scenario.commands.len(),
                shrunk.runs
            ),
            None => println!(
                "  not shrunk: played by itself the plan does not show it; `kafkasim sweep --seeds {seed}..{seed}` does"
            ),
        }
        println!("  run:    kafkasim run {}", file.display());
        println!("  replay: kafkasim replay '{}'", lab.link());
        println!("  page:   {}", page_link(&lab.link()));
        Ok(())
    }
}

/// Plays every seed, `jobs` at a time, and hands results over as they come. With `first`, no seed is begun after a violation.
fn run_all(seeds: &[u64], plant: Plant, jobs: usize, first: bool, mut done: impl FnMut(u64, Result<Outcome, String>)) {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let (send, receive) = mpsc::channel();
    let send = Mutex::new(send);
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(seeds.len()) {
            let send = send.lock().expect("nobody panics with it").clone();
            let (next, stop) = (&next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed)
                    && let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize)
                {
                    let seed = *seed;
                    let outcome = guarded(&format!("seed {seed}"), move || sweep::play_seed(seed, plant));
                    let is_red = outcome.as_ref().map_or(true, |outcome| outcome.violation.is_some());
                    stop.fetch_or(first && is_red, Ordering::Relaxed);
                    if send.send((seed, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (seed, outcome) in receive {
            done(seed, outcome);
        }
    });
}

fn json(seed: u64, outcome: &Outcome, failure: Option<(&PathBuf, &Lab)>) -> String {
    let mut object = serde_json::json!({
        "seed": seed,
        "events": outcome.events,
        "acked": outcome.acked,
        "clock": format_duration(outcome.clock),
        "digest": format!("{:016x}", outcome.digest),
    });
    if let (Some(violation), Some((file, lab))) = (&outcome.violation, failure) {
        object["violation"] = serde_json::json!({
            "invariant": violation.invariant,
            "evidence": violation.evidence,
            "event": violation.event,
            "at": format_duration(violation.at.since(BOOT)),
            "scenario": file.display().to_string(),
            "page": page_link(&lab.link()),
        });
    }
    object.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_shards_are_read_or_refused_with_what_would_be_right() {
        assert_eq!(seeds("3..9"), Ok(Seeds { first: 3, last: 9 }));
        assert_eq!(seeds("7..7"), Ok(Seeds { first: 7, last: 7 }));
        for (text, says) in [("5", "1..1000"), ("9..3", "3..9"), ("a..b", "1..1000"), ("-1..3", "1..1000")] {
            assert!(seeds(text).is_err_and(|why| why.contains(says)), "{text}");
        }
        assert_eq!(shard("2/8"), Ok(Shard { part: 2, of: 8 }));
        for (text, says) in [("2", "2/8"), ("0/4", "1 to 4"), ("5/4", "1 to 4"), ("1/0", "1 to 1")] {
            assert!(shard(text).is_err_and(|why| why.contains(says)), "{text}");
        }
    }
}
