//! Runs the workloads natively and prints, for each, `id nanoseconds` and what [`Measured`] prints. The time is CPU
//! time of this thread where the system tells (Linux), else wall time; the median of seven runs.

use kafkasim_tests::{Measured, WORKLOADS, Workload};

const RUNS: usize = 7;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    for workload in WORKLOADS {
        if wanted.is_empty() || wanted.iter().any(|id| id == workload.id) {
            let (nanoseconds, measured) = median(workload);
            println!("{} {nanoseconds} {measured}", workload.id);
        }
    }
}

fn median(workload: &Workload) -> (u64, Measured) {
    let mut runs: Vec<_> = (0..RUNS).map(|_| once(workload)).collect();
    assert!(runs.iter().all(|run| run.1 == runs[0].1), "{} ran twice and differed", workload.id);
    runs.sort_by_key(|run| run.0);
    runs[RUNS / 2]
}

fn once(workload: &Workload) -> (u64, Measured) {
    let prepared = (workload.prepare)();
    let clock = Clock::start();
    let measured = prepared.run();
    (clock.nanoseconds(), measured)
}

#[allow(clippy::disallowed_types)]
struct Clock {
    cpu: Option<u64>,
    wall: std::time::Instant,
}

#[allow(clippy::disallowed_types)]
impl Clock {
    fn start() -> Clock {
        Clock { cpu: cpu_time(), wall: std::time::Instant::now() }
    }
    fn nanoseconds(&self) -> u64 {
        match (self.cpu, cpu_time()) {
            (Some(before), Some(now)) if now > before => now - before,
            _ => self.wall.elapsed().as_nanos() as u64,
        }
    }
}

/// Nanoseconds this process's first thread has been on a CPU.
fn cpu_time() -> Option<u64> {
    std::fs::read_to_string("/proc/self/schedstat").ok()?.split(' ').next()?.parse().ok()
}
