//! `cargo xtask bench --page`: what a visitor of the released page meets, in headless Chromium, beside what is wanted.
//!
//! Every figure is a line. Frames come with the CPU time that the page's main thread spends on one, because frames a second
//! alone hide how near the edge they are, and with those of a control page that only moves dots, measured in the same run.

use std::path::PathBuf;

use crate::shell::{Failure, Result, cmd, root, target_dir};
use crate::{browser, dist, tools};

/// A figure of `tests/js/page-bench.mjs`: its id, what it is, its unit, and the budget, at most or at least.
struct Row {
    id: &'static str,
    what: &'static str,
    unit: &'static str,
    budget: Budget,
}

#[derive(Clone, Copy)]
enum Budget {
    AtMost(f64),
    AtLeast(f64),
    None,
}
use Budget::{AtLeast, AtMost, None as Free};

const fn row(id: &'static str, what: &'static str, unit: &'static str, budget: Budget) -> Row {
    Row { id, what, unit, budget }
}

const ROWS: &[Row] = &[
    row("start-paint", "first paint, cold, median of 9", "ms", Free),
    row("start", "to interactive, cold, median of 9", "ms", AtMost(600.0)),
    row("start-cpu", "main thread until then and 0.7 s after", "ms of CPU", Free),
    row("control-start-paint", "first paint of the control", "ms", Free),
    row("control-start", "to interactive of the control", "ms", Free),
    row("control-start-cpu", "main thread of the control until then and 0.7 s after", "ms of CPU", Free),
    row("bytes", "to interactive", "kB of brotli", AtMost(250.0)),
    row("embed", "from <kafka-sim> to a run that is up, median of 9", "ms", Free),
    row("embed-bytes", "until its reader can use it", "kB of brotli", AtMost(200.0)),
    row("lesson", "the same with a lesson", "ms", Free),
    row("lesson-bytes", "until its reader can use it", "kB of brotli", Free),
    row("link", "the same with a link", "ms", Free),
    row("link-bytes", "until its reader can use it", "kB of brotli", Free),
    row("control-fps", "3,000 dots of the control", "frames a second", Free),
    row("control-cpu", "3,000 dots of the control", "ms of CPU a frame", Free),
    row("control-gap", "3,000 dots of the control, 95th percentile", "ms between frames", Free),
    row("busy-messages", "12 brokers, 100 partitions, 16 producers: messages in flight", "", Free),
    row("busy-records", "the same: records in flight", "", AtLeast(3_000.0)),
    row("busy-fps", "the same, while it plays", "frames a second", AtLeast(55.0)),
    row("busy-cpu", "the same, while it plays", "ms of CPU a frame", AtMost(8.0)),
    row("busy-gap", "the same, while it plays, 95th percentile", "ms between frames", Free),
    row("single-alone", "100 producers: messages of one record in flight", "", AtLeast(3_000.0)),
    row("single-messages", "the same: all messages in flight", "", Free),
    row("single-fps", "the same, while it plays", "frames a second", AtLeast(55.0)),
    row("single-cpu", "the same, while it plays", "ms of CPU a frame", AtMost(8.0)),
    row("single-gap", "the same, while it plays, 95th percentile", "ms between frames", Free),
    row("seek-cpu", "seek in an hour of free play, with what is drawn then", "ms of CPU", Free),
    row("seek-p50", "seek in an hour of free play, median of 60", "ms", Free),
    row("seek-p95", "seek in an hour of free play, 95th percentile", "ms", AtMost(100.0)),
];

/// Measures `site`, or builds one.
pub(crate) fn run(site: Option<PathBuf>) -> Result<()> {
    tools::node()?;
    tools::playwright()?;
    let site = match site {
        Some(site) => root().join(site),
        None => {
            let site = target_dir().join("site");
            dist::build(&site)?;
            site
        }
    };
    let mut lines = Vec::new();
    let script = cmd("node").arg(root().join("tests/js/page-bench.mjs")).arg(site);
    browser::env(script)?.watch(|line| lines.push(line.to_string()))?;
    let measured: Vec<_> = lines.iter().filter_map(|line| read(line)).collect();
    println!("\n{:<64} {:>10} {:<18} budget", "", "measured", "");
    for row in ROWS {
        let value = measured.iter().find(|(id, _)| *id == row.id).map(|(_, value)| *value);
        let value = value.ok_or_else(|| Failure::new(format!("`{}` was not measured", row.id)))?;
        println!("{:<64} {value:>10.1} {:<18} {}", row.what, row.unit, row.budget.say(value));
    }
    Ok(())
}

/// `start 612.5`.
fn read(line: &str) -> Option<(&str, f64)> {
    let (id, value) = line.split_once(' ')?;
    Some((id, value.parse().ok()?))
}

impl Budget {
    fn say(self, value: f64) -> String {
        let (words, bound, is_met) = match self {
            AtMost(bound) => ("at most", bound, value <= bound),
            AtLeast(bound) => ("at least", bound, value >= bound),
            Free => return "–".into(),
        };
        format!("{words} {bound}: {}", if is_met { "met" } else { "missed" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, read};

    #[test]
    fn a_budget_is_met_or_missed_on_its_own_side() {
        assert_eq!(Budget::AtMost(8.0).say(8.0), "at most 8: met");
        assert_eq!(Budget::AtMost(8.0).say(8.1), "at most 8: missed");
        assert_eq!(Budget::AtLeast(55.0).say(54.9), "at least 55: missed");
        assert_eq!(read("start 612.5"), Some(("start", 612.5)));
    }
}
