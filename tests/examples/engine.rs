//! Runs the workloads natively and prints, for each, `id`, the CPU nanoseconds of the whole, those of the 95th
//! percentile of its parts, the bytes the process grew by, and what [`Measured`] prints. The time is CPU time of this thread where the system tells
//! (Linux), else wall time; the median of seven runs, or of two if a run has many parts. With `--once`, for a profiler, it runs once.

use kafkasim_tests::{Measured, WORKLOADS, Workload};

const RUNS: usize = 7;
const ONCE: &str = "--once";
const PARTS_ENOUGH: usize = 60;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let chosen: Vec<&Workload> =
        WORKLOADS.iter().filter(|workload| wanted.is_empty() || wanted.iter().any(|id| id == workload.id)).collect();
    match chosen.as_slice() {
        [only] => measure(only),
        several => several.iter().for_each(|workload| measure_apart(workload)),
    }
}

/// Measures in a process of its own, so that the memory of one workload is not that of another.
fn measure_apart(workload: &Workload) {
    let own = std::env::current_exe().expect("this program is a file");
    let flags = std::env::args().filter(|arg| arg == ONCE);
    let status = std::process::Command::new(own).arg(workload.id).args(flags).status().expect("it can be run again");
    assert!(status.success(), "{} failed", workload.id);
}

fn measure(workload: &Workload) {
    let mut totals = Vec::new();
    let mut parts = Vec::new();
    let mut first = None;
    let mut bytes = 0;
    let before = resident_bytes();
    let runs = if std::env::args().any(|arg| arg == ONCE) { 1 } else { RUNS };
    while totals.len() < runs && parts.len() < PARTS_ENOUGH {
        let (measured, times, after) = once(workload);
        bytes = bytes.max(after.saturating_sub(before));
        assert_eq!(*first.get_or_insert(measured), measured, "{} ran twice and differed", workload.id);
        totals.push(times.iter().sum::<u64>());
        parts.extend(times);
    }
    let measured = first.expect("it ran");
    println!("{} {} {} {bytes} {measured}", workload.id, percentile(totals, 50), percentile(parts, 95));
}

/// What it did, the time each part took, and the memory of the process at its end.
fn once(workload: &Workload) -> (Measured, Vec<u64>, u64) {
    let mut run = (workload.prepare)();
    let times = (0..run.parts()).map(|n| {
        let clock = Clock::start();
        run.run(n);
        clock.nanoseconds()
    });
    let times = times.collect();
    (run.measured(), times, resident_bytes())
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

/// Bytes of memory this process holds; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * PAGE)
}
