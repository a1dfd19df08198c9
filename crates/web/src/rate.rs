//! How much flows: records a second over the last minutes of virtual time, from the lab's own metrics.

use lab::Lab;

/// Seconds the chart looks back.
const SECONDS: u64 = 120;

/// Records a second, a point for each second that is over, oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Rate {
    /// Appended by leaders to topics that are not internal: (second, records).
    pub(crate) produced: Vec<(f64, f64)>,
    /// Handed to consuming applications: (second, records).
    pub(crate) consumed: Vec<(f64, f64)>,
}

impl Rate {
    /// What the lab has measured up to its present moment.
    pub(crate) fn of(lab: &Lab) -> Rate {
        let now = lab.clock().as_millis() / 1000;
        let over = now.saturating_sub(SECONDS)..now;
        let series = |read: fn(&lab::Second) -> u64| -> Vec<(f64, f64)> {
            over.clone().map(|second| (second as f64, read(&lab.metrics().second(second)) as f64)).collect()
        };
        Rate { produced: series(|second| second.produced), consumed: series(|second| second.consumed) }
    }
}
