//! A segment: a run of batches with its sparse indexes (`LogSegment`, `OffsetIndex`, `TimeIndex`).
//!
//! Index entries decide when a segment rolls and what `ls -l` and `kafka-dump-log` show; look-ups do not need them.
//! They are kept as marks on the batches and as counts.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use protocol::{Batch, Seldom};

use crate::batches::{BatchList, Entry};
use crate::config::LogConfig;
use crate::producers::ProducerStates;

/// Bytes of an entry of an offset index.
const OFFSET_ENTRY_BYTES: u32 = 8;
/// Bytes of an entry of a time index.
const TIME_ENTRY_BYTES: u32 = 12;

/// What a segment's indexes were made with: what is configured later counts from the next segment, or the next start, on
/// (`LogSegment#open`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct IndexSizes {
    /// `segment.index.bytes`.
    bytes: u32,
    /// `index.interval.bytes`.
    interval_bytes: u32,
}

impl IndexSizes {
    const DEFAULT: IndexSizes = IndexSizes { bytes: 10_485_760, interval_bytes: 4_096 };

    fn of(config: &LogConfig) -> IndexSizes {
        IndexSizes { bytes: config.segment_index_bytes, interval_bytes: config.index_interval_bytes }
    }
}

/// Kafka's defaults leave digests as they are.
impl Hash for IndexSizes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if *self != IndexSizes::DEFAULT {
            (self.bytes, self.interval_bytes).hash(state);
        }
    }
}

/// A segment of a log.
#[derive(Clone, Hash, Debug)]
pub struct Segment {
    base_offset: i64,
    created_ms: i64,
    /// How much earlier than `segment.ms` it rolls.
    jitter_ms: i64,
    last_modified_ms: i64,
    batches: BatchList,
    size_bytes: u32,
    bytes_since_index_entry: u32,
    offset_entries: u32,
    time_entries: u32,
    last_time_entry_ms: i64,
    index: IndexSizes,
    /// Where the segment ended when its time index got an entry though its offset index got none: at a stop in good order, a recovery, or
    /// a roll that was taken back.
    time_ends: Seldom<Vec<i64>>,
    /// Largest timestamp of a record and the last offset of the earliest batch that has it; −1 if none.
    max_timestamp: (i64, i64),
    /// Index sizes are cut to what is used once a segment is closed.
    is_closed: bool,
    /// Producer state at its base offset: the `.snapshot` file of that name, if one was written.
    pub(crate) snapshot: Option<Arc<ProducerStates>>,
}

/// An entry of an offset index: where the batch ending with `offset` starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexEntry {
    /// Last offset of the batch.
    pub offset: i64,
    /// Bytes of the segment before that batch.
    pub position: u32,
}

/// An entry of a time index: no record up to `offset` is younger than `timestamp_ms`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeIndexEntry {
    /// Largest timestamp so far, ms.
    pub timestamp_ms: i64,
    /// Last offset of the earliest batch that has it.
    pub offset: i64,
}

impl Segment {
    pub(crate) fn new(base_offset: i64, created_ms: i64, jitter_ms: i64, config: &LogConfig) -> Segment {
        Segment {
            index: IndexSizes::of(config),
            base_offset,
            created_ms,
            jitter_ms,
            last_modified_ms: created_ms,
            batches: BatchList::default(),
            size_bytes: 0,
            bytes_since_index_entry: 0,
            offset_entries: 0,
            time_entries: 0,
            last_time_entry_ms: -1,
            time_ends: Seldom(None),
            max_timestamp: (-1, base_offset),
            is_closed: false,
            snapshot: None,
        }
    }

    /// Its first possible offset; its files are named by it.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }
    /// Bytes of its batches.
    pub fn size_bytes(&self) -> u32 {
        self.size_bytes
    }
    /// Whether it holds no batch.
    pub fn is_empty(&self) -> bool {
        self.size_bytes == 0
    }
    /// Number of batches in it.
    pub fn batch_count(&self) -> usize {
        self.batches.len()
    }
    /// The offset after its last record; its base if it is empty.
    pub fn next_offset(&self) -> i64 {
        self.batches.last().map_or(self.base_offset, |entry| entry.batch.next_offset())
    }
    /// Its batches with their positions in the file.
    pub fn batches(&self) -> impl Iterator<Item = (u32, &Batch)> {
        self.batches.iter_from(0).map(|entry| (entry.position, &entry.batch))
    }
    /// Whether a later segment has taken over.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }
    /// Its name without suffix: 20 digits.
    pub fn file_stem(&self) -> String {
        format!("{:020}", self.base_offset)
    }
    /// Size of its `.index` file: the whole allotment while it is active.
    pub fn index_bytes(&self) -> u32 {
        match self.is_closed {
            true => self.offset_entries * OFFSET_ENTRY_BYTES,
            false => self.index.bytes / OFFSET_ENTRY_BYTES * OFFSET_ENTRY_BYTES,
        }
    }
    /// Size of its `.timeindex` file: the whole allotment while it is active.
    pub fn time_index_bytes(&self) -> u32 {
        match self.is_closed {
            true => self.time_entries * TIME_ENTRY_BYTES,
            false => self.index.bytes / TIME_ENTRY_BYTES * TIME_ENTRY_BYTES,
        }
    }
    /// Bytes of the entries of its `.index` and its `.timeindex`; `is_final`: with the entry that is written at the end.
    pub(crate) fn index_bytes_used(&self, is_final: bool) -> (u32, u32) {
        let is_time_due = is_final && !self.is_closed && self.max_timestamp.0 > self.last_time_entry_ms;
        (self.offset_entries * OFFSET_ENTRY_BYTES, (self.time_entries + u32::from(is_time_due)) * TIME_ENTRY_BYTES)
    }
    /// Size of its `.snapshot` file, if it has one.
    pub fn snapshot_bytes(&self) -> Option<u32> {
        self.snapshot.as_ref().map(|producers| producers.snapshot_bytes())
    }
    /// Wall clock of the last write, ms.
    pub fn last_modified_ms(&self) -> i64 {
        self.last_modified_ms
    }
    /// What time retention compares: the largest timestamp of a record, or the last write if no record has one.
    pub fn largest_timestamp_ms(&self) -> i64 {
        match self.max_timestamp {
            (timestamp, _) if timestamp >= 0 => timestamp,
            _ => self.last_modified_ms,
        }
    }
    /// Largest timestamp of its first batch, ms; none if it is empty or has none.
    pub fn first_timestamp_ms(&self) -> Option<i64> {
        self.batches.first().map(|first| first.batch.max_timestamp_ms()).filter(|first| *first >= 0)
    }
    /// Largest timestamp of a record, and the last offset of the earliest batch that has it.
    pub fn max_timestamp(&self) -> Option<TimeIndexEntry> {
        let (timestamp_ms, offset) = self.max_timestamp;
        (timestamp_ms >= 0).then_some(TimeIndexEntry { timestamp_ms, offset })
    }
    /// The offset index, as `kafka-dump-log` prints it.
    pub fn offset_index(&self) -> impl Iterator<Item = IndexEntry> {
        let indexed = self.batches.iter_from(0).filter(|entry| entry.is_indexed);
        indexed.map(|entry| IndexEntry { offset: entry.batch.last_offset(), position: entry.position })
    }
    /// The time index, as `kafka-dump-log` prints it; `is_final`: with the entry that is written when no append comes any more.
    pub fn time_index(&self, is_final: bool) -> Vec<TimeIndexEntry> {
        let mut entries: Vec<TimeIndexEntry> = Vec::new();
        let mut max = TimeIndexEntry { timestamp_ms: -1, offset: self.base_offset };
        let mut add = |max: TimeIndexEntry| {
            if max.timestamp_ms > entries.last().map_or(-1, |last| last.timestamp_ms) {
                entries.push(max);
            }
        };
        let mut ends = self.time_ends.0.iter().flatten().peekable();
        for entry in self.batches.iter_from(0) {
            if ends.next_if(|end| **end <= entry.batch.base_offset).is_some() {
                add(max);
            }
            if entry.batch.max_timestamp_ms() > max.timestamp_ms {
                max =
                    TimeIndexEntry { timestamp_ms: entry.batch.max_timestamp_ms(), offset: entry.batch.last_offset() };
            }
            if entry.is_indexed {
                add(max);
            }
        }
        if ends.next().is_some() {
            add(max);
        }
        if is_final || self.is_closed {
            add(max);
        }
        entries
    }

    /// Writes a batch that [`should_roll`](Segment::should_roll) let in (`LogSegment#append`).
    pub(crate) fn append(&mut self, batch: Batch, now_ms: i64) {
        if batch.max_timestamp_ms() > self.max_timestamp.0 {
            self.max_timestamp = (batch.max_timestamp_ms(), batch.last_offset());
        }
        let is_indexed = self.bytes_since_index_entry > self.index.interval_bytes;
        if is_indexed {
            self.offset_entries += 1;
            self.add_time_entry();
            self.bytes_since_index_entry = 0;
        }
        let (position, size) = (self.size_bytes, batch.size_in_bytes());
        self.bytes_since_index_entry = self.bytes_since_index_entry.saturating_add(size);
        self.size_bytes += size;
        self.last_modified_ms = now_ms;
        self.batches.push(Entry { batch, position, is_indexed });
    }

    /// The closed segment that stands for a run of closed segments after compaction: at the first one's base, with the last
    /// one's time of writing.
    pub(crate) fn rewritten(group: &[Arc<Segment>], batches: Vec<Batch>, config: &LogConfig) -> Segment {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        let mut segment = Segment::new(first.base_offset, first.created_ms, 0, config);
        for batch in batches {
            segment.append(batch, last.last_modified_ms);
        }
        segment.last_modified_ms = last.last_modified_ms;
        segment.snapshot = first.snapshot.clone();
        segment.close();
        segment
    }

    /// The same without the producers' snapshot at its base.
    pub(crate) fn without_snapshot(&self) -> Segment {
        Segment { snapshot: None, ..self.clone() }
    }

    fn add_time_entry(&mut self) {
        if self.max_timestamp.0 > self.last_time_entry_ms {
            self.last_time_entry_ms = self.max_timestamp.0;
            self.time_entries += 1;
        }
    }

    /// No more appends: the last time index entry is written (`LogSegment#onBecomeInactiveSegment`).
    pub(crate) fn close(&mut self) {
        self.add_time_entry();
        self.is_closed = true;
    }

    /// Takes note of an entry that its time index has got at its end.
    fn end_time_index(&mut self) {
        let before = self.time_entries;
        self.add_time_entry();
        if self.time_entries > before {
            let end = self.next_offset();
            self.time_ends.0.get_or_insert_default().push(end);
        }
    }

    /// The broker stops in good order: the last time index entry is written, and appends may follow (`LogSegment#close`).
    pub(crate) fn stop(&mut self) {
        if !self.is_closed {
            self.end_time_index();
        }
    }

    /// It is the active segment again, after later ones were cut off.
    pub(crate) fn reopen(&mut self) {
        self.is_closed = false;
        if self.time_entries as usize > self.time_index(false).len() {
            let end = self.next_offset();
            self.time_ends.0.get_or_insert_default().push(end);
        }
    }

    /// Its file was opened anew: what was written since the last index entry is not known any more.
    pub(crate) fn opened_at(&mut self, now_ms: i64, config: &LogConfig) {
        self.created_ms = now_ms;
        self.index = IndexSizes::of(config);
        self.bytes_since_index_entry = 0;
    }

    /// Its indexes are made anew from its batches (`LogSegment#recover`).
    pub(crate) fn recover(&mut self, index_interval_bytes: u32) {
        let mut last_entry = 0;
        let mut batches = BatchList::default();
        for entry in self.batches.iter_from(0) {
            let is_indexed = entry.position - last_entry > index_interval_bytes;
            if is_indexed {
                last_entry = entry.position;
            }
            batches.push(Entry { is_indexed, ..entry.clone() });
        }
        self.batches = batches;
        self.time_ends = Seldom(None);
        self.recount();
        match self.is_closed {
            true => self.add_time_entry(),
            false => self.end_time_index(),
        }
    }

    /// Whether `batch` must go to a new segment (`LogSegment#shouldRoll`).
    pub(crate) fn should_roll(&self, batch: &Batch, last_offset: i64, now_ms: i64, config: &LogConfig) -> bool {
        let size_reached =
            i64::from(self.size_bytes) > i64::from(config.segment_bytes) - i64::from(batch.size_in_bytes());
        let time_reached =
            self.size_bytes > 0 && self.waited_ms(batch, now_ms) > config.segment_ms_max() - self.jitter_ms;
        let index_full = self.offset_entries >= self.index.bytes / OFFSET_ENTRY_BYTES
            || self.time_entries + 1 >= self.index.bytes / TIME_ENTRY_BYTES;
        size_reached || time_reached || index_full || last_offset - self.base_offset > i64::from(i32::MAX)
    }

    /// Record time between its first batch and `batch`; wall clock since it was created if the first batch has none.
    fn waited_ms(&self, batch: &Batch, now_ms: i64) -> i64 {
        match self.first_timestamp_ms() {
            Some(first) => batch.max_timestamp_ms().saturating_sub(first),
            None => now_ms - self.created_ms,
        }
    }

    /// Batches from the one that holds `offset`, or the first after it.
    pub(crate) fn batches_from(&self, offset: i64) -> impl Iterator<Item = &Batch> {
        self.batches.iter_from(self.batches.index_of(offset)).map(|entry| &entry.batch)
    }

    /// Bytes before the batch that holds `offset`, or the first after it.
    pub(crate) fn position_of(&self, offset: i64) -> u32 {
        self.batches.get(self.batches.index_of(offset)).map_or(self.size_bytes, |entry| entry.position)
    }

    /// Batches from the first with a record at or after `timestamp_ms`.
    pub(crate) fn batches_from_timestamp(&self, timestamp_ms: i64) -> impl Iterator<Item = &Batch> {
        self.batches.iter_from(self.batches.index_of_timestamp(timestamp_ms)).map(|entry| &entry.batch)
    }

    /// Drops every batch that reaches `offset` (`LogSegment#truncateTo`).
    pub(crate) fn truncate_to(&mut self, offset: i64, now_ms: i64) {
        let keep = self.batches.index_of(offset);
        if keep == self.batches.len() {
            self.bytes_since_index_entry = 0;
            return;
        }
        // A time index is cut by the offsets in it: an entry may name a batch before the one it was written with.
        let stay = self.time_index(false).iter().filter(|entry| entry.offset < offset).count();
        self.batches.truncate(keep);
        if keep == 0 {
            self.created_ms = now_ms;
        }
        self.last_modified_ms = now_ms;
        let end = self.next_offset();
        self.time_ends.0.iter_mut().for_each(|ends| ends.retain(|at| *at <= end));
        self.recount();
        if stay > self.time_entries as usize {
            self.end_time_index();
        }
    }

    /// Sizes and index counts from the batches that are left.
    fn recount(&mut self) {
        self.size_bytes = self.batches.last().map_or(0, |e| e.position + e.batch.size_in_bytes());
        self.bytes_since_index_entry = 0;
        self.max_timestamp = (-1, self.base_offset);
        self.offset_entries = 0;
        for entry in self.batches.iter_from(0) {
            let timestamp_ms = entry.batch.max_timestamp_ms();
            if timestamp_ms > self.max_timestamp.0 {
                self.max_timestamp = (timestamp_ms, entry.batch.last_offset());
            }
            self.offset_entries += u32::from(entry.is_indexed);
        }
        let times = self.time_index(false);
        self.time_entries = times.len() as u32;
        self.last_time_entry_ms = times.last().map_or(-1, |last| last.timestamp_ms);
    }
}
