//! How busy the simulated cluster is: engine events by half second of virtual time.

use std::collections::VecDeque;

/// One bin, virtual ns.
const BIN_NS: u64 = 500_000_000;
/// Bins kept.
const BINS: usize = 60;

/// Events per second over the last half minute of virtual time.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Rate {
    /// (bin, event number when the bin began, events in it), oldest first.
    bins: VecDeque<(u64, u64, u64)>,
}

impl Rate {
    /// At `now_ns`, `event` events had run.
    pub(crate) fn sample(&mut self, now_ns: u64, event: u64) {
        let bin = now_ns / BIN_NS;
        // Going back in time forgets what has not happened yet.
        while self.bins.back().is_some_and(|b| b.0 > bin) {
            self.bins.pop_back();
        }
        match self.bins.back_mut() {
            Some(last) if last.0 == bin => last.2 = event.saturating_sub(last.1),
            Some(&mut (last, begun, _)) => {
                // Spread evenly over the bins that passed unseen.
                let passed = bin - last;
                let share = event.saturating_sub(begun) / (passed + 1);
                if let Some(b) = self.bins.back_mut() {
                    b.2 = share;
                }
                for i in 1..=passed.min(BINS as u64) {
                    let b = bin - passed.min(BINS as u64) + i;
                    self.bins.push_back((b, begun + share * (passed - passed.min(BINS as u64) + i), share));
                }
            }
            None => self.bins.push_back((bin, event, 0)),
        }
        while self.bins.len() > BINS {
            self.bins.pop_front();
        }
    }

    /// (seconds, events per second) of each bin that is over, oldest first.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        let per_second = 1_000_000_000 / BIN_NS;
        let over = self.bins.len().saturating_sub(1);
        self.bins.iter().take(over).map(|b| (b.0 as f64 / per_second as f64, (b.2 * per_second) as f64)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_run_has_a_steady_rate() {
        let mut rate = Rate::default();
        for i in 0..100u64 {
            rate.sample(i * 100_000_000, i * 10);
        }
        let points = rate.points();
        assert!(points.len() > 10);
        assert!(points.iter().skip(1).all(|p| (80.0..=100.0).contains(&p.1)), "{points:?}");
    }

    #[test]
    fn stepping_back_forgets_the_future() {
        let mut rate = Rate::default();
        rate.sample(0, 0);
        rate.sample(5_000_000_000, 500);
        rate.sample(1_000_000_000, 100);
        assert!(rate.points().iter().all(|p| p.0 < 1.0));
    }
}
