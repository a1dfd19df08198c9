//! Rates and levels over virtual time, one bucket a second, drawn by charts and reports.

use kernel::{Stamped, Time};
use ordered::SortedMap;
use protocol::{Note, TopicPartition};

use crate::lab::BOOT;

/// What happened in one second of virtual time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Second {
    /// Records appended by leaders to topics that are not internal.
    pub produced: u64,
    /// Records handed to consuming applications.
    pub consumed: u64,
    /// Records whose sending failed for good.
    pub failed: u64,
    /// Records appended and not yet consumed by the group that is furthest behind, at the end of the second.
    pub lag: u64,
    /// Members missing from ISRs, over all partitions, at the end of the second.
    pub out_of_sync: u64,
}

/// Seconds a run remembers: a day and a half.
const SECONDS_MAX: usize = 131_072;

/// The series of a run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    seconds: std::sync::Arc<SortedMap<u64, Second>>,
    ends: SortedMap<TopicPartition, i64>,
    positions: SortedMap<(protocol::GroupId, TopicPartition), i64>,
    out_of_sync: SortedMap<TopicPartition, u64>,
}

impl Metrics {
    /// Counts a note.
    pub(crate) fn note(&mut self, stamped: &Stamped<Note>) {
        match &stamped.note {
            Note::Appended { tp, as_leader: true, base, next, .. } if !tp.topic.starts_with("__") => {
                self.ends.insert(tp.clone(), *next);
                let count = (next - base) as u64;
                self.bucket(stamped.at, |second| second.produced += count);
            }
            Note::Delivered { group, tp, last, value_hashes, .. } => {
                if let Some(group) = group {
                    self.positions.insert((group.clone(), tp.clone()), last + 1);
                }
                let count = value_hashes.len() as u64;
                self.bucket(stamped.at, |second| second.consumed += count);
            }
            Note::SendFailed { count, .. } => {
                let count = u64::from(*count);
                self.bucket(stamped.at, |second| second.failed += count);
            }
            Note::IsrChanged { tp, isr, previous, .. } => {
                let missing = self.out_of_sync.entry(tp.clone()).or_default();
                *missing = (*missing + previous.len() as u64).saturating_sub(isr.len() as u64);
                self.bucket(stamped.at, |_| {});
            }
            _ => {}
        }
    }

    fn bucket(&mut self, at: Time, count: impl FnOnce(&mut Second)) {
        let Some(second) = at.as_nanos().checked_sub(BOOT.as_nanos()).map(|ns| ns / 1_000_000_000) else {
            return;
        };
        let lag = self.lag();
        let out_of_sync = self.out_of_sync.values().sum();
        let seconds = std::sync::Arc::make_mut(&mut self.seconds);
        let bucket = seconds.entry(second).or_default();
        count(bucket);
        bucket.lag = lag;
        bucket.out_of_sync = out_of_sync;
        if seconds.len() > SECONDS_MAX {
            seconds.pop_first();
        }
    }

    fn lag(&self) -> u64 {
        let mut behind: SortedMap<&str, u64> = SortedMap::new();
        for ((group, tp), position) in &self.positions {
            let end = self.ends.get(tp).copied().unwrap_or(*position);
            *behind.entry(group).or_default() += (end - position).max(0) as u64;
        }
        behind.into_values().max().unwrap_or(0)
    }

    /// The seconds in which something happened, counted from the start of the run.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = (u64, &Second)> {
        self.seconds.iter().map(|(second, bucket)| (*second, bucket))
    }

    /// The second `n`, all zero if nothing happened in it.
    pub fn second(&self, n: u64) -> Second {
        self.seconds.get(&n).copied().unwrap_or_default()
    }
}
