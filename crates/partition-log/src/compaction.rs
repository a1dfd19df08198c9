//! Compaction: of each key the last record stays (`LogCleanerManager`, `Cleaner`, `MemoryRecords#filterTo`; KIP-58, KIP-354,
//! KIP-534). Offsets never change; a batch that has to stay for its offsets or its producer stays without records.
//!
//! Left out on purpose: transactions (aborted records and markers), the time and the throttled bytes a pass takes. The map of
//! keys is bounded by the records it has seen, not by different keys.

use std::sync::Arc;

use protocol::{Batch, Plant, Record};

use crate::log::Log;
use crate::segment::Segment;

/// What a pass would do (`LogToClean`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cleanable {
    /// Where the dirty part begins: below it every key has one record.
    pub first_dirty: i64,
    /// Where it ends: at the active segment, at the one that holds the high watermark, or at the first with something younger than
    /// `min.compaction.lag.ms`.
    pub first_uncleanable: i64,
    /// Bytes of the clean part.
    pub clean_bytes: u64,
    /// Bytes of the part that can be cleaned.
    pub cleanable_bytes: u64,
    /// Something in it has waited for `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

/// What a pass did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Compaction {
    /// Below this offset the log is clean now: the new checkpoint.
    pub cleaned_to: i64,
    /// Records in the segments it rewrote.
    pub records_before: u64,
    /// Records that are left of them.
    pub records_after: u64,
    /// Bytes of those segments.
    pub bytes_before: u64,
    /// Bytes that are left of them.
    pub bytes_after: u64,
}

impl Cleanable {
    /// Whether the log is dirty enough, or has waited too long.
    pub fn is_due(&self, min_cleanable_ppm: u32) -> bool {
        let total = u128::from(self.clean_bytes + self.cleanable_bytes);
        let is_dirty = u128::from(self.cleanable_bytes) * 1_000_000 > total * u128::from(min_cleanable_ppm);
        self.cleanable_bytes > 0 && (is_dirty || self.is_overdue)
    }
}

impl Log {
    /// What a pass would clean if `checkpoint` is where the last one ended (`LogCleanerManager#cleanableOffsets`).
    pub fn cleanable(&self, checkpoint: Option<i64>, now_ms: i64) -> Cleanable {
        let first_dirty =
            checkpoint.filter(|at| (self.log_start..=self.log_end).contains(at)).unwrap_or(self.log_start);
        let is_dirty = |(segment, next): &(&Segment, i64)| *next > first_dirty && segment.size_bytes() > 0;
        let too_young = |(segment, _): &(&Segment, i64)| {
            let lag_ms = self.config.min_compaction_lag_ms;
            lag_ms > 0 && segment.largest_timestamp_ms() > now_ms.saturating_sub(lag_ms)
        };
        let young = self.closed_with_next().filter(is_dirty).find(too_young).map(|(segment, _)| segment.base_offset());
        let bounds = [Some(self.last_stable_offset()), Some(self.active.base_offset()), young];
        let bound = bounds.into_iter().flatten().min().unwrap_or(self.log_end).max(first_dirty);
        // Only whole segments are cleaned (`LogCleanerManager#calculateCleanableBytes`).
        let reaches_over = self.closed_with_next().find(|(_, next)| *next > bound);
        let first_uncleanable = reaches_over.map_or(self.active.base_offset(), |(segment, _)| segment.base_offset());
        let bytes = |in_part: &dyn Fn(&(&Segment, i64)) -> bool| {
            self.closed_with_next().filter(in_part).map(|(segment, _)| u64::from(segment.size_bytes())).sum()
        };
        let overdue_before = now_ms.saturating_sub(self.config.max_compaction_lag_ms);
        let is_overdue = |(segment, _): (&Segment, i64)| {
            segment.first_timestamp_ms().is_some_and(|first| first > 0 && first < overdue_before)
        };
        Cleanable {
            first_dirty,
            first_uncleanable,
            clean_bytes: bytes(&|(segment, _)| segment.base_offset() < first_dirty),
            cleanable_bytes: bytes(&|(segment, next)| *next > first_dirty && segment.base_offset() < first_uncleanable),
            is_overdue: self.closed_with_next().filter(is_dirty).any(is_overdue),
        }
    }

    /// One pass over everything below the dirty part's end, with a map that holds `keys_max` records. None if there was
    /// nothing to map.
    pub fn compact(&mut self, part: &Cleanable, keys_max: usize, now_ms: i64) -> Option<Compaction> {
        let map = KeyMap::of(self, part, keys_max);
        if map.next_offset <= part.first_dirty {
            return None;
        }
        let mut done = Compaction {
            cleaned_to: map.next_offset,
            records_before: 0,
            records_after: 0,
            bytes_before: 0,
            bytes_after: 0,
        };
        let count = self.closed.partition_point(|segment| segment.base_offset() < map.next_offset);
        let mut rewritten = Vec::new();
        let old: Vec<Arc<Segment>> = self.closed[..count].to_vec();
        for group in groups(&old, self.config.segment_bytes, self.config.segment_index_bytes) {
            let batches: Vec<Batch> = group
                .iter()
                .flat_map(|segment| segment.batches())
                .filter_map(|(_, batch)| self.cleaned(batch, &map, now_ms))
                .collect();
            let records = |batches: &mut dyn Iterator<Item = u32>| batches.map(u64::from).sum::<u64>();
            done.records_before += records(&mut group.iter().flat_map(|s| s.batches()).map(|(_, b)| b.count()));
            done.records_after += records(&mut batches.iter().map(Batch::count));
            done.bytes_before += group.iter().map(|segment| u64::from(segment.size_bytes())).sum::<u64>();
            let segment = Segment::rewritten(group, batches, &self.config);
            done.bytes_after += u64::from(segment.size_bytes());
            rewritten.push(Arc::new(segment));
        }
        let closed = Arc::make_mut(&mut self.closed);
        closed.splice(..count, rewritten);
        self.closed_bytes = closed.iter().map(|segment| u64::from(segment.size_bytes())).sum();
        self.compacted_to = self.compacted_to.max(map.next_offset);
        // The files of the old ones go later; producer snapshots of those that were merged away go with them.
        let bases: Vec<i64> = self.closed.iter().map(|segment| segment.base_offset()).collect();
        let gone = old.into_iter().map(|segment| match bases.contains(&segment.base_offset()) {
            true => Arc::new(segment.without_snapshot()),
            false => segment,
        });
        let gone: Vec<Arc<Segment>> = gone.collect();
        self.doom(gone, now_ms);
        Some(done)
    }

    /// Below it records may be gone because later ones have their keys.
    pub fn compacted_to(&self) -> i64 {
        self.compacted_to
    }

    fn closed_with_next(&self) -> impl Iterator<Item = (&Segment, i64)> {
        let bases = self.closed.iter().skip(1).map(|segment| segment.base_offset());
        self.closed.iter().map(Arc::as_ref).zip(bases.chain([self.active.base_offset()]))
    }

    /// What is left of a batch; none if nothing has to be (`Cleaner#cleanInto`).
    fn cleaned(&self, batch: &Batch, map: &KeyMap, now_ms: i64) -> Option<Batch> {
        let tombstones_stay = batch.delete_horizon_ms().is_none_or(|horizon| now_ms < horizon);
        let off_by_one = i64::from(self.config.plant == Plant::CompactionOffByOne);
        let keeps = |offset: i64, record: &Record| {
            let is_last =
                record.key.as_ref().is_some_and(|key| offset - off_by_one >= map.offset_of(key).unwrap_or(-1));
            offset >= map.next_offset || (is_last && (record.value.is_some() || tombstones_stay))
        };
        let kept = batch.offsets().filter(|(offset, record)| keeps(*offset, record));
        let (mut count, mut has_tombstones) = (0, false);
        for (_, record) in kept {
            count += 1;
            has_tombstones |= record.value.is_none();
        }
        let sets_horizon = has_tombstones && batch.delete_horizon_ms().is_none();
        if count == batch.count() && !sets_horizon {
            return Some(batch.clone());
        }
        if count == 0 && !(self.is_last_of_producer(batch) || batch.next_offset() == map.next_offset) {
            return None;
        }
        let horizon = now_ms.saturating_add(self.config.delete_retention_ms);
        Some(batch.compacted(keeps, sets_horizon.then_some(horizon)))
    }

    /// Its producer's next batch is checked against its sequence numbers.
    fn is_last_of_producer(&self, batch: &Batch) -> bool {
        let id = batch.producer().producer_id;
        let mut known = self.producers().filter(|(known, _)| *known == id);
        known.any(|(_, entry)| entry.batches.back().is_some_and(|last| last.last_offset == batch.last_offset()))
    }
}

/// The last offset of each key of the dirty part (`SkimpyOffsetMap`).
struct KeyMap {
    /// By key.
    last: Vec<(Arc<[u8]>, i64)>,
    /// The offset after the last one it has seen.
    next_offset: i64,
}

impl KeyMap {
    fn of(log: &Log, part: &Cleanable, keys_max: usize) -> KeyMap {
        let mut last: Vec<(Arc<[u8]>, i64)> = Vec::new();
        let mut next_offset = part.first_dirty;
        for batch in log.batches_from(part.first_dirty).take_while(|b| b.base_offset < part.first_uncleanable) {
            if last.len() + batch.count() as usize > keys_max && !last.is_empty() {
                break;
            }
            let mapped = batch.offsets().filter(|(offset, _)| *offset >= part.first_dirty && !batch.is_control());
            last.extend(mapped.filter_map(|(offset, record)| Some((record.key.clone()?, offset))));
            next_offset = batch.next_offset();
        }
        // A part that ends in offsets without batches is clean up to its end.
        let is_whole = log.batches_from(next_offset).next().is_none_or(|b| b.base_offset >= part.first_uncleanable);
        if is_whole && next_offset > part.first_dirty {
            next_offset = next_offset.max(part.first_uncleanable);
        }
        ordered::sort(&mut last);
        last.reverse();
        last.dedup_by(|later, kept| later.0 == kept.0);
        last.reverse();
        KeyMap { last, next_offset }
    }

    fn offset_of(&self, key: &[u8]) -> Option<i64> {
        self.last.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok().map(|at| self.last[at].1)
    }
}

/// Runs of segments that fit in one (`Cleaner#groupSegmentsBySize`).
fn groups(segments: &[Arc<Segment>], bytes_max: u32, index_bytes_max: u32) -> Vec<&[Arc<Segment>]> {
    let mut groups = Vec::new();
    let mut from = 0;
    while from < segments.len() {
        let (mut to, mut bytes, mut index, mut time_index) = (from, 0, 0, 0);
        while let Some(segment) = segments.get(to) {
            let (index_used, time_used) = segment.index_bytes_used(true);
            let offsets = segment.next_offset() - segments[from].base_offset();
            let fits = bytes + u64::from(segment.size_bytes()) <= u64::from(bytes_max)
                && index + index_used <= index_bytes_max
                && time_index + time_used <= index_bytes_max
                && offsets <= i64::from(i32::MAX);
            if to > from && !fits {
                break;
            }
            bytes += u64::from(segment.size_bytes());
            (index, time_index) = (index + index_used, time_index + time_used);
            to += 1;
        }
        groups.push(&segments[from..to]);
        from = to;
    }
    groups
}
