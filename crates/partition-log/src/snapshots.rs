//! Snapshots of producer state on disk: files named by the offset they are valid up to (`ProducerStateManager`).
//!
//! One is written where a segment rolls, at a clean shutdown, and at the end of whatever rebuilds the state: a recovery, a
//! truncation. Left out: entries older than `producer.id.expiration.ms` are read back, too, and go at the next check.

use std::sync::Arc;

use crate::log::Log;
use crate::producers::ProducerStates;

impl Log {
    /// Writes a snapshot at the log end, if none is as new (`#takeSnapshot`).
    pub(crate) fn take_snapshot(&mut self) {
        let of_segments = self.segments().rev().find(|s| s.snapshot.is_some()).map(|s| s.base_offset());
        let stray = self.strays.last().map(|(offset, _)| *offset);
        let last = [of_segments, stray].into_iter().flatten().max().unwrap_or(self.log_start);
        if self.log_end > last {
            self.strays.push((self.log_end, Arc::new(self.producers.snapshot())));
        }
    }

    /// Producer state from the newest snapshot above the log start and the batches after it: of what came before the
    /// snapshot only each producer's last batch is remembered (`UnifiedLog#rebuildProducerState`).
    pub(crate) fn rebuild_producers(&mut self) {
        let kept = self.log_start + 1..=self.log_end;
        self.strays.retain(|(offset, _)| kept.contains(offset));
        let above_start = self.segments().rev().take_while(|segment| segment.base_offset() > self.log_start);
        let of_segment = above_start.into_iter().find_map(|s| Some((s.base_offset(), s.snapshot.as_ref()?)));
        let stray = self.strays.last().map(|(offset, producers)| (*offset, producers));
        let (from, mut producers) = match of_segment.into_iter().chain(stray).max_by_key(|(offset, _)| *offset) {
            Some((offset, snapshot)) => (offset, snapshot.as_ref().clone()),
            None => (self.log_start, ProducerStates::default()),
        };
        for batch in self.batches_from(from) {
            producers.update(batch);
        }
        self.producers = producers;
        self.take_snapshot();
    }

    /// Of the snapshots that no segment begins at, a start keeps only the newest, if it lies above the last segment's base
    /// (`#removeStraySnapshots`).
    pub(crate) fn remove_old_strays(&mut self) {
        let bases: Vec<i64> = self.segments().map(|segment| segment.base_offset()).collect();
        let newest = self.strays.pop().filter(|(offset, _)| bases.last().is_none_or(|base| offset > base));
        self.strays.clear();
        self.strays.extend(newest);
    }
}
