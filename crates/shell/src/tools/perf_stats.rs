//! What `kafka-producer-perf-test` counts and prints (`ProducerPerformance.Stats`).

use ordered::SortedMap;

/// Counters of a test, and of the window since they were last printed. Times are in ms of the wall clock.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Stats {
    start_ms: i64,
    /// Of so many records one latency is kept.
    sampling: u64,
    /// How often a latency was kept.
    latencies: SortedMap<i64, u64>,
    reporting_interval_ms: i64,
    total: Counts,
    window: Counts,
    window_start_ms: i64,
    is_steady_state: bool,
    is_silent: bool,
}

#[derive(Clone, Default, Hash, Debug)]
struct Counts {
    records: u64,
    bytes: u64,
    latency_ms: i64,
    latency_max_ms: i64,
}

impl Counts {
    fn add(&mut self, count: u64, latency_ms: i64, bytes: u64) {
        self.records += count;
        self.bytes += bytes * count;
        self.latency_ms += latency_ms * count as i64;
        self.latency_max_ms = self.latency_max_ms.max(latency_ms);
    }
    /// Records and MB a second.
    fn rates(&self, elapsed_ms: i64) -> (f64, f64) {
        let a_second = |n: u64| 1000.0 * n as f64 / elapsed_ms as f64;
        (a_second(self.records), a_second(self.bytes) / (1024.0 * 1024.0))
    }
    fn latency_average(&self) -> f64 {
        self.latency_ms as f64 / self.records as f64
    }
}

/// Latencies kept at most.
const SAMPLES_MAX: u64 = 500_000;

impl Stats {
    pub(crate) fn new(now_ms: i64, records: u64, reporting_interval_ms: i64, is_steady_state: bool) -> Stats {
        Stats {
            start_ms: now_ms,
            sampling: records / records.clamp(1, SAMPLES_MAX),
            latencies: SortedMap::new(),
            reporting_interval_ms,
            total: Counts::default(),
            window: Counts::default(),
            window_start_ms: now_ms,
            is_steady_state,
            is_silent: false,
        }
    }

    /// Prints no more windows.
    pub(crate) fn hush(&mut self) {
        self.is_silent = true;
    }

    /// `count` records of `bytes` each were acknowledged at one moment, after one latency; what there is to print.
    pub(crate) fn record(&mut self, now_ms: i64, count: u64, latency_ms: i64, bytes: u64) -> Vec<String> {
        if now_ms - self.window_start_ms < self.reporting_interval_ms {
            self.add(count, latency_ms, bytes);
            return Vec::new();
        }
        // The first one still belongs to the window that is over.
        self.add(1, latency_ms, bytes);
        let mut lines = Vec::new();
        if self.is_steady_state && self.total.records == self.window.records {
            lines.push("In steady state.".to_owned());
        }
        if !self.is_silent {
            lines.push(self.window_line(now_ms));
        }
        (self.window, self.window_start_ms) = (Counts::default(), now_ms);
        self.add(count - 1, latency_ms, bytes);
        lines
    }

    fn add(&mut self, count: u64, latency_ms: i64, bytes: u64) {
        let kept = |records: u64| records.div_ceil(self.sampling.max(1));
        let samples = kept(self.total.records + count) - kept(self.total.records);
        if samples > 0 {
            *self.latencies.entry(latency_ms).or_default() += samples;
        }
        if count > 0 {
            self.total.add(count, latency_ms, bytes);
            self.window.add(count, latency_ms, bytes);
        }
    }

    fn window_line(&self, now_ms: i64) -> String {
        let (records, mb) = self.window.rates(now_ms - self.window_start_ms);
        let (average, max) = (self.window.latency_average(), self.window.latency_max_ms as f64);
        let count = self.window.records;
        format!(
            "{count} records sent, {records:.1} records/sec ({mb:.2} MB/sec), {average:.1} ms avg latency, {max:.1} ms max latency."
        )
    }

    /// The last line.
    pub(crate) fn total_line(&self, now_ms: i64) -> String {
        let (records, mb) = self.total.rates(now_ms - self.start_ms);
        let (average, max) = (self.total.latency_average(), self.total.latency_max_ms as f64);
        let [p50, p95, p99, p999] = [500, 950, 990, 999].map(|permille| self.percentile(permille));
        let (count, steady) = (self.total.records, if self.is_steady_state { " steady state" } else { "" });
        format!(
            "{count}{steady} records sent, {records:.6} records/sec ({mb:.2} MB/sec), {average:.2} ms avg latency, {max:.2} ms max latency, {p50} ms 50th, {p95} ms 95th, {p99} ms 99th, {p999} ms 99.9th."
        )
    }

    fn percentile(&self, permille: u64) -> i64 {
        let samples: u64 = self.latencies.values().sum();
        let mut left = samples * permille / 1000;
        for (latency, count) in &self.latencies {
            if left < *count {
                return *latency;
            }
            left -= count;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_totals_read_as_the_tool_prints_them() {
        let mut stats = Stats::new(1_000, 100, 5_000, false);
        assert_eq!(stats.record(2_000, 60, 4, 1_024), Vec::<String>::new());
        assert_eq!(
            stats.record(6_000, 40, 10, 1_024),
            ["61 records sent, 12.2 records/sec (0.01 MB/sec), 4.1 ms avg latency, 10.0 ms max latency."]
        );
        assert_eq!(
            stats.total_line(6_000),
            "100 records sent, 20.000000 records/sec (0.02 MB/sec), 6.40 ms avg latency, 10.00 ms max latency, 4 ms 50th, 10 ms 95th, 10 ms 99th, 10 ms 99.9th."
        );
    }

    #[test]
    fn a_long_test_keeps_some_latencies_only() {
        let mut stats = Stats::new(0, 1_500_000, 5_000, true);
        stats.record(1, 1_000_000, 1, 10);
        stats.record(2, 500_000, 9, 10);
        assert_eq!(stats.latencies.values().sum::<u64>(), 500_000);
        assert_eq!((stats.percentile(500), stats.percentile(950)), (1, 9));
    }
}
