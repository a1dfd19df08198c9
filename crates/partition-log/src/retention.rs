//! Retention: whole old segments go, oldest first, stopping at the first that stays (`UnifiedLog#deleteOldSegments`).

use std::sync::Arc;

use protocol::Plant;

use crate::log::Log;
use crate::segment::Segment;

/// A segment that retention removed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeletedSegment {
    /// Its base offset.
    pub base_offset: i64,
    /// Bytes of its batches.
    pub size_bytes: u32,
    /// Its largest timestamp, ms.
    pub largest_timestamp_ms: i64,
    /// What it breached.
    pub reason: RetentionReason,
}

/// What made a segment deletable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RetentionReason {
    /// All of it is below the log start offset.
    LogStart,
    /// The log without it is still at least `retention.bytes`.
    Size,
    /// Its youngest record is older than `retention.ms`.
    Time,
}

impl Log {
    /// One retention run. Returns what went, oldest first; the log start has moved past it.
    pub fn delete_old_segments(&mut self, now_ms: i64) -> Vec<DeletedSegment> {
        let mut deleted = self.delete_below_start(now_ms);
        if self.config.delete {
            self.delete_by_size(now_ms, &mut deleted);
            self.delete_by_time(now_ms, &mut deleted);
        }
        deleted
    }

    /// Only what lies below the log start goes (`UnifiedLog#deleteLogStartOffsetBreachedSegments`). Returns that, oldest first.
    pub fn delete_below_start(&mut self, now_ms: i64) -> Vec<DeletedSegment> {
        let mut deleted = Vec::new();
        self.delete_while(now_ms, RetentionReason::LogStart, &mut deleted, |log, _, next| {
            next.is_some_and(|next| next.base_offset() <= log.log_start)
        });
        deleted
    }

    /// Whether a run would delete something now.
    pub fn is_retention_due(&self, now_ms: i64) -> bool {
        let Some((first, next)) = self.first_deletable() else { return false };
        let is_below_start = next.is_some_and(|next| next.base_offset() <= self.log_start);
        is_below_start || self.config.delete && (self.is_surplus(first) || self.is_too_old(now_ms, first))
    }

    /// When that may come true though nothing changes, ms since the epoch; none for never.
    pub fn next_retention_ms(&self) -> Option<i64> {
        let (first, _) = self.first_deletable().filter(|_| self.config.delete && self.config.retention_ms >= 0)?;
        Some(self.newest_of(first).saturating_add(self.config.retention_ms).saturating_add(1))
    }

    /// The oldest segment with the one after it, if its age or size could make it go.
    fn first_deletable(&self) -> Option<(&Segment, Option<&Segment>)> {
        let (first, next) = (self.segment_at(0)?, self.segment_at(1));
        let upper_bound = next.map_or(self.log_end, Segment::base_offset);
        let is_last_and_empty = next.is_none() && first.is_empty();
        let is_committed = self.high_watermark >= upper_bound || self.config.plant == Plant::RetentionPastHighWatermark;
        (is_committed && !is_last_and_empty).then_some((first, next))
    }

    fn is_surplus(&self, first: &Segment) -> bool {
        let retention = u64::try_from(self.config.retention_bytes).ok();
        let surplus = retention.and_then(|retention| self.size_bytes().checked_sub(retention));
        surplus.is_some_and(|surplus| surplus >= u64::from(first.size_bytes()))
    }

    fn is_too_old(&self, now_ms: i64, segment: &Segment) -> bool {
        let retention_ms = self.config.retention_ms;
        retention_ms >= 0 && now_ms.saturating_sub(self.newest_of(segment)) > retention_ms
    }

    /// The time from which a segment's age counts: that of its youngest record.
    fn newest_of(&self, segment: &Segment) -> i64 {
        let by_first = self.config.plant == Plant::RetentionByFirstRecord;
        match segment.batches_from(0).next().filter(|_| by_first) {
            Some(first) => first.base_timestamp_ms(),
            None => segment.largest_timestamp_ms(),
        }
    }

    fn delete_by_size(&mut self, now_ms: i64, deleted: &mut Vec<DeletedSegment>) {
        let Ok(retention) = u64::try_from(self.config.retention_bytes) else { return };
        let Some(mut surplus) = self.size_bytes().checked_sub(retention) else { return };
        self.delete_while(now_ms, RetentionReason::Size, deleted, |_, segment, _| {
            match surplus.checked_sub(u64::from(segment.size_bytes())) {
                Some(rest) => {
                    surplus = rest;
                    true
                }
                None => false,
            }
        });
    }

    fn delete_by_time(&mut self, now_ms: i64, deleted: &mut Vec<DeletedSegment>) {
        self.delete_while(now_ms, RetentionReason::Time, deleted, |log, segment, _| log.is_too_old(now_ms, segment));
    }

    /// Deletes from the oldest on while `breaches`, up to the high watermark. The active segment may go too: an
    /// empty one takes its place first.
    fn delete_while(
        &mut self,
        now_ms: i64,
        reason: RetentionReason,
        deleted: &mut Vec<DeletedSegment>,
        mut breaches: impl FnMut(&Log, &Segment, Option<&Segment>) -> bool,
    ) {
        let mut count = 0;
        while let Some(segment) = self.segment_at(count) {
            let next = self.segment_at(count + 1);
            let upper_bound = next.map_or(self.log_end, Segment::base_offset);
            let is_last_and_empty = next.is_none() && segment.is_empty();
            let is_committed =
                self.high_watermark >= upper_bound || self.config.plant == Plant::RetentionPastHighWatermark;
            if !is_committed || is_last_and_empty || !breaches(self, segment, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return;
        }
        if count == self.segment_count() {
            self.roll(self.log_end, now_ms);
        }
        let gone: Vec<Arc<Segment>> = Arc::make_mut(&mut self.closed).drain(..count).collect();
        self.closed_bytes -= gone.iter().map(|s| u64::from(s.size_bytes())).sum::<u64>();
        deleted.extend(gone.iter().map(|s| DeletedSegment {
            base_offset: s.base_offset(),
            size_bytes: s.size_bytes(),
            largest_timestamp_ms: s.largest_timestamp_ms(),
            reason,
        }));
        self.doom(gone, now_ms);
        let first = self.segment_at(0).map_or(self.log_end, Segment::base_offset);
        if first > self.log_start {
            self.log_start = first;
            self.epochs.truncate_from_start(first);
        }
    }
}
