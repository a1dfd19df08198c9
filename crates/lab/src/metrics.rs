//! Rates and levels over virtual time, one bucket a second, drawn by charts and reports.

use kernel::{Stamped, Time};
use ordered::SortedMap;
use protocol::{GroupId, Note, TopicPartition};

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
    partitions: SortedMap<TopicPartition, Progress>,
    /// How far each group is behind, over all partitions it has read from.
    behind: SortedMap<GroupId, u64>,
    missing: SortedMap<TopicPartition, u64>,
    out_of_sync: u64,
}

/// How far a partition has got.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Its log end; none until something was appended.
    end: Option<i64>,
    /// What each group reads next.
    positions: Vec<(GroupId, i64)>,
}

fn gap(end: Option<i64>, position: i64) -> u64 {
    end.map_or(0, |end| (end - position).max(0) as u64)
}

impl Metrics {
    /// Counts a note.
    pub(crate) fn note(&mut self, stamped: &Stamped<Note>) {
        match &stamped.note {
            Note::Appended { tp, as_leader: true, base, next, .. } if !tp.topic.starts_with("__") => {
                self.ends_at(tp, *next);
                let count = (next - base) as u64;
                self.bucket(stamped.at, |second| second.produced += count);
            }
            Note::Delivered { group, tp, last, value_hashes, .. } => {
                if let Some(group) = group {
                    self.reads_next(group, tp, last + 1);
                }
                let count = value_hashes.len() as u64;
                self.bucket(stamped.at, |second| second.consumed += count);
            }
            Note::SendFailed { count, .. } => {
                let count = u64::from(*count);
                self.bucket(stamped.at, |second| second.failed += count);
            }
            Note::IsrChanged { tp, isr, previous, .. } => {
                let missing = self.missing.entry(tp.clone()).or_default();
                self.out_of_sync -= *missing;
                *missing = (*missing + previous.len() as u64).saturating_sub(isr.len() as u64);
                self.out_of_sync += *missing;
                self.bucket(stamped.at, |_| {});
            }
            _ => {}
        }
    }

    fn progress(&mut self, tp: &TopicPartition) -> &mut Progress {
        if !self.partitions.contains_key(tp) {
            self.partitions.insert(tp.clone(), Progress::default());
        }
        self.partitions.get_mut(tp).expect("inserted above")
    }

    fn ends_at(&mut self, tp: &TopicPartition, end: i64) {
        let progress = self.progress(tp);
        let before = progress.end.replace(end);
        let Metrics { partitions, behind, .. } = self;
        for (group, position) in partitions.get(tp).map_or(&[][..], |progress| &progress.positions) {
            if let Some(behind) = behind.get_mut(group) {
                *behind = *behind - gap(before, *position) + gap(Some(end), *position);
            }
        }
    }

    fn reads_next(&mut self, group: &GroupId, tp: &TopicPartition, position: i64) {
        let progress = self.progress(tp);
        let end = progress.end;
        let before = match progress.positions.iter_mut().find(|(known, _)| known == group) {
            Some((_, known)) => gap(end, std::mem::replace(known, position)),
            None => {
                progress.positions.push((group.clone(), position));
                0
            }
        };
        if !self.behind.contains_key(group) {
            self.behind.insert(group.clone(), 0);
        }
        if let Some(behind) = self.behind.get_mut(group) {
            *behind = *behind - before + gap(end, position);
        }
    }

    fn bucket(&mut self, at: Time, count: impl FnOnce(&mut Second)) {
        let Some(second) = at.as_nanos().checked_sub(BOOT.as_nanos()).map(|ns| ns / 1_000_000_000) else {
            return;
        };
        let lag = self.behind.values().copied().max().unwrap_or(0);
        let out_of_sync = self.out_of_sync;
        let seconds = std::sync::Arc::make_mut(&mut self.seconds);
        let bucket = seconds.entry(second).or_default();
        count(bucket);
        bucket.lag = lag;
        bucket.out_of_sync = out_of_sync;
        if seconds.len() > SECONDS_MAX {
            seconds.pop_first();
        }
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
