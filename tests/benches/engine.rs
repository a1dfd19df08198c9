//! Runs the workloads natively and prints, for each, `id`, the CPU nanoseconds of the whole, those of the 95th
//! percentile of its parts, and what [`Measured`] prints. The time is CPU time of this thread where the system tells
//! (Linux), else wall time; the median of seven runs, or of two if a run has many parts.

use kafkasim_tests::{Measured, WORKLOADS, Workload};

const RUNS: usize = 7;
const PARTS_ENOUGH: usize = 60;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    for workload in WORKLOADS {
        if wanted.is_empty() || wanted.iter().any(|id| id == workload.id) {
            measure(workload);
        }
    }
}

fn measure(workload: &Workload) {
    let mut totals = Vec::new();
    let mut parts = Vec::new();
    let mut first = None;
    while totals.len() < RUNS && parts.len() < PARTS_ENOUGH {
        let (measured, times) = once(workload);
        assert_eq!(*first.get_or_insert(measured), measured, "{} ran twice and differed", workload.id);
        totals.push(times.iter().sum::<u64>());
        parts.extend(times);
    }
    let measured = first.expect("it ran");
    println!("{} {} {} {measured}", workload.id, percentile(totals, 50), percentile(parts, 95));
}

fn once(workload: &Workload) -> (Measured, Vec<u64>) {
    let mut run = (workload.prepare)();
    let times = (0..run.parts()).map(|n| {
        let clock = Clock::start();
        run.run(n);
        clock.nanoseconds()
    });
    let times = times.collect();
    (run.measured(), times)
}

fn percentile(mut times: Vec<u64>, percent: usize) -> u64 {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
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
