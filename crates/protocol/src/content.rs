//! What a batch holds: records one by one, or runs of them whose records are made when somebody looks.

use std::ops::Range;
use std::sync::OnceLock;

use ordered::Few;

use crate::hashing::content_hash;
use crate::note::{Values, value_hash};
use crate::record::Record;
use crate::run::Run;

/// The records of a batch, in the order of their offsets.
#[derive(Debug)]
pub(crate) enum Content {
    Listed(Vec<Record>),
    Drawn(Drawn),
}

/// Runs, and their records once somebody has looked.
#[derive(Debug)]
pub(crate) struct Drawn {
    runs: Few<Run>,
    /// Of how many records.
    count: usize,
    seen: OnceLock<Box<[Record]>>,
}

impl Content {
    pub(crate) fn of_runs(runs: Few<Run>) -> Content {
        let count = runs.iter().map(|run| run.count as usize).sum();
        Content::Drawn(Drawn { runs, count, seen: OnceLock::new() })
    }

    /// Whether no offset is missing, so that the record at an index has that offset delta. Only compaction makes holes.
    fn is_dense(&self) -> bool {
        let end = match self {
            Content::Listed(records) => records.last().map(|record| record.offset_delta + 1),
            Content::Drawn(drawn) => drawn.runs.last().map(|run| run.offset_delta + run.count as i32),
        };
        end == i32::try_from(self.len()).ok()
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Content::Listed(records) => records.len(),
            Content::Drawn(drawn) => drawn.count,
        }
    }

    pub(crate) fn records(&self) -> &[Record] {
        match self {
            Content::Listed(records) => records,
            Content::Drawn(drawn) => drawn
                .seen
                .get_or_init(|| drawn.runs.iter().flat_map(|run| (0..run.count).map(|n| run.record(n))).collect()),
        }
    }

    pub(crate) fn runs(&self) -> &[Run] {
        match self {
            Content::Listed(_) => &[],
            Content::Drawn(drawn) => &drawn.runs,
        }
    }

    pub(crate) fn first_timestamp_ms(&self) -> Option<i64> {
        match self {
            Content::Listed(records) => records.first().map(|record| record.timestamp_ms),
            Content::Drawn(drawn) => drawn.runs.first().map(|run| run.timestamp_ms),
        }
    }

    pub(crate) fn max_timestamp_ms(&self) -> Option<i64> {
        match self {
            Content::Listed(records) => records.iter().map(|record| record.timestamp_ms).max(),
            Content::Drawn(drawn) => drawn.runs.iter().map(|run| run.timestamp_ms).max(),
        }
    }

    /// Offset delta of the record at an index; none behind the last.
    pub(crate) fn delta_at(&self, index: usize) -> Option<i32> {
        match self {
            Content::Listed(records) => records.get(index).map(|record| record.offset_delta),
            Content::Drawn(_) => self.run_at(index).map(|(run, n)| run.offset_delta + n as i32),
        }
    }

    /// How many records lie before an offset delta.
    pub(crate) fn index_of(&self, delta: i32) -> usize {
        if self.is_dense() {
            return (delta.max(0) as usize).min(self.len());
        }
        match self {
            Content::Listed(records) => records.partition_point(|record| record.offset_delta < delta),
            Content::Drawn(drawn) => {
                drawn.runs.iter().map(|run| (delta - run.offset_delta).clamp(0, run.count as i32) as usize).sum()
            }
        }
    }

    /// What tells the value of the record at an offset delta from others; none if there is no such record.
    pub(crate) fn value_hash_at(&self, delta: i32) -> Option<u64> {
        let index = self.index_of(delta);
        match self {
            Content::Listed(records) => {
                let record = records.get(index).filter(|record| record.offset_delta == delta)?;
                Some(value_hash(record.value.as_deref()))
            }
            Content::Drawn(_) => {
                let (run, n) = self.run_at(index)?;
                (run.offset_delta + n as i32 == delta).then(|| run.value_hash(n))
            }
        }
    }

    /// Adds what tells their values from others, for the records at some indexes.
    pub(crate) fn add_values(&self, range: Range<usize>, to: &mut Values) {
        match self {
            Content::Listed(records) => {
                records[range].iter().for_each(|record| to.push(value_hash(record.value.as_deref())))
            }
            Content::Drawn(drawn) => to.push_runs(drawn.runs.len(), self.runs_in(range)),
        }
    }

    /// Bytes of keys and values of the records at some indexes.
    pub(crate) fn payload_bytes(&self, range: Range<usize>) -> u64 {
        let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len) as u64;
        match self {
            Content::Listed(records) => {
                records[range].iter().map(|record| len(record.key.as_deref()) + len(record.value.as_deref())).sum()
            }
            Content::Drawn(_) => self.runs_in(range).map(|run| u64::from(run.count) * u64::from(run.value_len)).sum(),
        }
    }

    /// Bytes of the records, uncompressed.
    pub(crate) fn size(&self, base_timestamp_ms: i64) -> u32 {
        match self {
            Content::Listed(records) => records.iter().map(|record| record.size_in_bytes(base_timestamp_ms)).sum(),
            Content::Drawn(drawn) => drawn.runs.iter().map(|run| run.size(base_timestamp_ms)).sum(),
        }
    }

    /// A copy; what was drawn is forgotten.
    pub(crate) fn copy(&self) -> Content {
        match self {
            Content::Listed(records) => Content::Listed(records.clone()),
            Content::Drawn(drawn) => Content::of_runs(drawn.runs.clone()),
        }
    }

    /// A copy in which every record was written at one time.
    pub(crate) fn written_at(&self, timestamp_ms: i64) -> Content {
        match self {
            Content::Listed(records) => {
                Content::Listed(records.iter().map(|record| Record { timestamp_ms, ..record.clone() }).collect())
            }
            Content::Drawn(drawn) => {
                Content::of_runs(drawn.runs.iter().map(|run| Run { timestamp_ms, ..*run }).collect())
            }
        }
    }

    /// A copy with the records that `keep` keeps.
    pub(crate) fn filtered(&self, mut keep: impl FnMut(&Record) -> bool) -> Content {
        match self {
            Content::Listed(records) => {
                Content::Listed(records.iter().filter(|record| keep(record)).cloned().collect())
            }
            Content::Drawn(_) => {
                let mut runs: Few<Run> = Few::None;
                let kept = (0..).zip(self.records()).filter(|(_, record)| keep(record)).map(|(index, _)| index);
                for run in kept.flat_map(|index: usize| self.runs_in(index..index + 1)) {
                    match runs.last_mut().filter(|last| last.split(last.count).1 == Run { count: 0, ..run }) {
                        Some(last) => last.count += 1,
                        None => runs.push(run),
                    }
                }
                Content::of_runs(runs)
            }
        }
    }

    /// A hash of the content: the same on every target.
    pub(crate) fn fingerprint(&self, seed: u64) -> u64 {
        match self {
            Content::Listed(records) => records.iter().fold(seed, |hash, record| record.fingerprint(hash)),
            Content::Drawn(drawn) => drawn.runs.iter().fold(content_hash(seed, b"drawn"), |hash, run| run.hash(hash)),
        }
    }

    /// The run of the record at an index, and which of its records that is.
    fn run_at(&self, mut index: usize) -> Option<(&Run, u32)> {
        if index >= self.len() {
            return None;
        }
        if self.is_dense() {
            let delta = index as i32;
            let run = self.runs().partition_point(|run| run.offset_delta <= delta).checked_sub(1)?;
            let run = &self.runs()[run];
            return Some((run, (delta - run.offset_delta) as u32));
        }
        for run in self.runs() {
            if index < run.count as usize {
                return Some((run, index as u32));
            }
            index -= run.count as usize;
        }
        None
    }

    fn runs_in(&self, range: Range<usize>) -> impl Iterator<Item = Run> {
        let mut end = 0;
        self.runs().iter().filter_map(move |run| {
            let begin = end;
            end = begin + run.count as usize;
            let (from, to) = (range.start.max(begin), range.end.min(end));
            (from < to).then(|| run.split((to - begin) as u32).0.split((from - begin) as u32).1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first: u64, count: u32, timestamp_ms: i64, offset_delta: i32) -> Run {
        Run { source: 7, first, count, value_len: 9, timestamp_ms, offset_delta }
    }

    /// Runs answer as the list of their records does.
    #[test]
    fn runs_are_their_records() {
        let drawn = Content::of_runs(vec![run(0, 70, 5, 0), run(70, 30, 6, 70), run(120, 2, 6, 120)].into());
        let listed = Content::Listed(drawn.records().to_vec());
        assert_eq!((drawn.len(), drawn.size(5)), (listed.len(), listed.size(5)));
        assert_eq!(drawn.max_timestamp_ms(), listed.max_timestamp_ms());
        for delta in 0..125 {
            assert_eq!(drawn.index_of(delta), listed.index_of(delta), "{delta}");
        }
        for index in 0..=drawn.len() {
            assert_eq!(drawn.delta_at(index), listed.delta_at(index), "{index}");
        }
        assert_eq!(drawn.payload_bytes(60..101), listed.payload_bytes(60..101));
        let mut values = Values::default();
        drawn.add_values(60..101, &mut values);
        let at: Vec<u64> = (60..101).filter_map(|index| drawn.value_hash_at(drawn.delta_at(index)?)).collect();
        assert_eq!((values.len(), values.iter().collect::<Vec<u64>>()), (41, at.clone()));
        values.push(5);
        drawn.add_values(0..1, &mut values);
        assert_eq!(
            values,
            Values::Each(at.into_iter().chain([5, drawn.value_hash_at(0).expect("it is there")]).collect())
        );
    }

    #[test]
    fn what_a_filter_keeps_stays_in_runs() {
        let drawn = Content::of_runs(vec![run(0, 10, 5, 0)].into());
        let kept = drawn.filtered(|record| record.offset_delta != 4);
        assert_eq!(kept.runs(), [run(0, 4, 5, 0), run(5, 5, 5, 5)]);
        assert_eq!((kept.value_hash_at(4), kept.value_hash_at(5)), (None, drawn.value_hash_at(5)));
    }
}
