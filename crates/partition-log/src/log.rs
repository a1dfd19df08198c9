//! The log itself: its segments, its offsets, and how a batch gets written once it is let in.

use std::sync::Arc;

use protocol::{Batch, Plant, TopicPartition};

use crate::config::LogConfig;
use crate::epochs::{EpochCache, EpochEnd};
use crate::producers::ProducerStates;
use crate::segment::Segment;

/// One replica's log of one partition. Always logStart ≤ LSO ≤ high watermark ≤ log end, unless it is behind its leader:
/// a follower's log start may be ahead of its high watermark for a moment.
#[derive(Clone, Hash, Debug)]
pub struct Log {
    pub(crate) partition: TopicPartition,
    pub(crate) config: LogConfig,
    pub(crate) created_ms: i64,
    pub(crate) log_start: i64,
    pub(crate) high_watermark: i64,
    pub(crate) log_end: i64,
    /// Everything below is on disk.
    pub(crate) flushed: i64,
    /// Everything below is known to be on disk: less than that, once the process was killed.
    pub(crate) recovery_point: i64,
    /// When the flush scheduler last flushed it, ms since the epoch.
    pub(crate) flushed_ms: i64,
    pub(crate) closed_bytes: u64,
    pub(crate) closed: Arc<Vec<Arc<Segment>>>,
    pub(crate) active: Segment,
    pub(crate) epochs: EpochCache,
    pub(crate) producers: ProducerStates,
    /// `.snapshot` files at other offsets than segments begin at, ascending.
    pub(crate) strays: Vec<(i64, Arc<ProducerStates>)>,
    /// Below it compaction may have removed records.
    pub(crate) compacted_to: i64,
    /// Files on their way out (`.deleted`), in the order they got that name.
    pub(crate) doomed: Vec<Doomed>,
}

/// A segment whose files are called `.deleted`.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Doomed {
    /// When they go, ms since the epoch.
    due_ms: i64,
    pub(crate) segment: Arc<Segment>,
    /// Whether they are still there: files of the same name that came later have taken their place, or an earlier deletion has
    /// already taken them.
    pub(crate) is_there: bool,
}

impl Log {
    /// An empty log that starts at offset 0, in a directory made at `now_ms`. `partition` is what error messages name.
    pub fn new(partition: TopicPartition, config: LogConfig, now_ms: i64) -> Log {
        let active = Segment::new(0, now_ms, config.jitter_ms(&partition, 0, now_ms), &config);
        Log {
            partition,
            config,
            created_ms: now_ms,
            log_start: 0,
            high_watermark: 0,
            log_end: 0,
            flushed: 0,
            recovery_point: 0,
            flushed_ms: now_ms,
            closed_bytes: 0,
            closed: Arc::default(),
            active,
            epochs: EpochCache::default(),
            producers: ProducerStates::default(),
            strays: Vec::new(),
            compacted_to: 0,
            doomed: Vec::new(),
        }
    }

    /// The partition it is of.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }
    /// The configs it obeys.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }
    /// Obeys `config` from now on; open segments included.
    pub fn set_config(&mut self, config: LogConfig) {
        self.config = config;
    }

    /// When its directory was made, ms since the epoch.
    pub fn created_ms(&self) -> i64 {
        self.created_ms
    }
    /// The first offset that can be read.
    pub fn log_start_offset(&self) -> i64 {
        self.log_start
    }
    /// The offset of the next record (LEO).
    pub fn log_end_offset(&self) -> i64 {
        self.log_end
    }
    /// Records below it are committed; consumers read no further.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }
    /// Where `read_committed` readers stop.
    pub fn last_stable_offset(&self) -> i64 {
        protocol::gap!(
            "transactions: the last stable offset is the high watermark",
            "KIP-98, UnifiedLog#fetchLastStableOffsetMetadata"
        );
        self.high_watermark
    }

    /// Advances the high watermark to `offset`, at most to the log end. Never back: only truncation does that.
    /// Says whether it moved (`UnifiedLog#maybeUpdateHighWatermark`).
    pub fn set_high_watermark(&mut self, offset: i64) -> bool {
        let offset = offset.min(self.log_end);
        if self.config.plant == Plant::HighWatermarkFalls {
            let offset = offset.max(self.log_start);
            return std::mem::replace(&mut self.high_watermark, offset) != offset;
        }
        let moves = offset > self.high_watermark;
        self.high_watermark = self.high_watermark.max(offset);
        moves
    }

    /// Bytes of all segments' batches (what `kafka-log-dirs` and `retention.bytes` count).
    pub fn size_bytes(&self) -> u64 {
        self.closed_bytes + u64::from(self.active.size_bytes())
    }
    /// Its segments, oldest first; the last is the active one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.closed.iter().map(Arc::as_ref).chain(std::iter::once(&self.active))
    }
    /// The segment that appends go to.
    pub fn active_segment(&self) -> &Segment {
        &self.active
    }
    /// Number of segments, the active one included.
    pub fn segment_count(&self) -> usize {
        self.closed.len() + 1
    }
    pub(crate) fn segment_at(&self, index: usize) -> Option<&Segment> {
        match index == self.closed.len() {
            true => Some(&self.active),
            false => self.closed.get(index).map(Arc::as_ref),
        }
    }

    /// The epoch of the newest leader it knows of; −1 if none.
    pub fn latest_epoch(&self) -> i32 {
        self.epochs.latest().unwrap_or(-1)
    }
    /// (leader epoch, start offset), oldest first: the leader-epoch-checkpoint file.
    pub fn epochs(&self) -> &[(i32, i64)] {
        self.epochs.entries()
    }
    /// A leader of epoch `epoch` starts at `start`.
    pub fn assign_epoch(&mut self, epoch: i32, start: i64) {
        self.epochs.assign(epoch, start);
    }
    /// Where `epoch` ends in this log.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> EpochEnd {
        self.epochs.end_offset_for(epoch, self.log_end)
    }

    /// Writes a stamped batch, in a new segment if it must be. Returns the base of the new segment.
    pub(crate) fn roll_for(&mut self, batch: &Batch, now_ms: i64) -> Option<i64> {
        if !self.active.should_roll(batch, batch.last_offset(), now_ms, &self.config) {
            return None;
        }
        let base = batch.base_offset.max(self.log_end);
        self.roll(base, now_ms);
        Some(base)
    }

    pub(crate) fn write(&mut self, batch: Batch, now_ms: i64) {
        self.log_end = batch.next_offset();
        self.active.append(batch, now_ms);
        if self.log_end - self.recovery_point >= self.config.flush_messages {
            self.flush();
        }
    }

    fn new_segment(&self, base: i64, now_ms: i64) -> Segment {
        Segment::new(base, now_ms, self.config.jitter_ms(&self.partition, base, now_ms), &self.config)
    }

    /// A new active segment at `base`; what came before is flushed (`UnifiedLog#roll`).
    pub(crate) fn roll(&mut self, base: i64, now_ms: i64) {
        let mut next = self.new_segment(base, now_ms);
        if base == self.active.base_offset() && self.active.is_empty() {
            next.snapshot = self.active.snapshot.take();
            self.active = next;
            return;
        }
        next.snapshot = Some(Arc::new(self.producers.snapshot()));
        let mut full = std::mem::replace(&mut self.active, next);
        full.close();
        self.closed_bytes += u64::from(full.size_bytes());
        Arc::make_mut(&mut self.closed).push(Arc::new(full));
        self.flushed_below(base);
    }

    /// Starts over with one empty segment at `offset`.
    pub(crate) fn reset_segments(&mut self, offset: i64, now_ms: i64) {
        let closed = std::mem::take(&mut self.closed);
        let active = self.new_segment(offset, now_ms);
        let active = std::mem::replace(&mut self.active, active);
        self.doom(closed.iter().cloned().chain([Arc::new(active)]), now_ms);
        self.closed_bytes = 0;
        self.log_end = offset;
    }

    /// Renames the files of segments to `.deleted`; they go after `file.delete.delay.ms` (`LocalLog#deleteSegmentFiles`).
    pub(crate) fn doom(&mut self, segments: impl IntoIterator<Item = Arc<Segment>>, now_ms: i64) {
        let due_ms = now_ms.saturating_add(self.config.file_delete_delay_ms);
        for segment in segments {
            let same_name = self.doomed.iter_mut().filter(|old| old.segment.base_offset() == segment.base_offset());
            same_name.for_each(|old| old.is_there = false);
            self.doomed.push(Doomed { due_ms, segment, is_there: true });
        }
    }

    /// When the next `.deleted` files go, ms since the epoch.
    pub fn next_file_deletion_ms(&self) -> Option<i64> {
        self.doomed.iter().map(|doomed| doomed.due_ms).min()
    }

    /// The youngest record in `.deleted` files, ms since the epoch.
    pub fn youngest_deleted_ms(&self) -> Option<i64> {
        self.doomed.iter().map(|doomed| doomed.segment.largest_timestamp_ms()).max()
    }

    /// Removes `.deleted` files that are due, by their names: a younger one of the same name goes with it.
    pub fn delete_files(&mut self, now_ms: i64) {
        let due = self.doomed.iter().filter(|doomed| doomed.due_ms <= now_ms);
        let names: Vec<i64> = due.map(|doomed| doomed.segment.base_offset()).collect();
        self.doomed.retain(|doomed| doomed.due_ms > now_ms);
        let gone = self.doomed.iter_mut().filter(|doomed| names.contains(&doomed.segment.base_offset()));
        gone.for_each(|doomed| doomed.is_there = false);
    }
}
