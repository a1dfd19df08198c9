//! Which leader wrote which offsets (`LeaderEpochFileCache`, KIP-101, KIP-279).

use std::hash::{Hash, Hasher};

/// Leader epochs with the offset each starts at, both increasing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EpochCache {
    entries: Vec<(i32, i64)>,
    /// Whether there is anything in its file: only who looks at the disk asks, so no digest holds it.
    is_written: bool,
}

impl Hash for EpochCache {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
    }
}

/// Where an epoch ends. (−1, −1) if the log cannot tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EpochEnd {
    /// The largest known epoch not above the one asked for; −1 if undefined.
    pub epoch: i32,
    /// The offset after its last record; −1 if undefined.
    pub end_offset: i64,
}

impl EpochEnd {
    /// The log cannot tell.
    pub const UNDEFINED: EpochEnd = EpochEnd { epoch: -1, end_offset: -1 };
    /// Whether the log could tell.
    pub fn is_defined(self) -> bool {
        self.end_offset >= 0
    }
}

impl EpochCache {
    /// (epoch, start offset), oldest first.
    pub fn entries(&self) -> &[(i32, i64)] {
        &self.entries
    }

    /// The newest epoch.
    pub fn latest(&self) -> Option<i32> {
        self.entries.last().map(|(epoch, _)| *epoch)
    }

    /// Epoch `epoch` starts at `start`: entries that contradict it go (`#assign`).
    pub fn assign(&mut self, epoch: i32, start: i64) {
        if epoch < 0 || self.entries.last().is_some_and(|(latest, from)| *latest == epoch && start >= *from) {
            return;
        }
        self.entries.retain(|(e, s)| *e < epoch && *s < start);
        self.entries.push((epoch, start));
        self.is_written = true;
    }

    /// Whether `leader-epoch-checkpoint` was ever written: a new log's is empty (`CheckpointFile`).
    pub(crate) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Where `epoch` ends in a log that ends at `log_end` (`#endOffsetFor`).
    pub fn end_offset_for(&self, epoch: i32, log_end: i64) -> EpochEnd {
        if epoch < 0 {
            return EpochEnd::UNDEFINED;
        }
        if self.latest() == Some(epoch) {
            return EpochEnd { epoch, end_offset: log_end };
        }
        let above = self.entries.partition_point(|(e, _)| *e <= epoch);
        let Some((_, end_offset)) = self.entries.get(above).copied() else { return EpochEnd::UNDEFINED };
        let floor = above.checked_sub(1).map_or(epoch, |i| self.entries[i].0);
        EpochEnd { epoch: floor, end_offset }
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_of(&self, offset: i64) -> Option<i32> {
        let after = self.entries.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).map(|i| self.entries[i].0)
    }

    /// Drops epochs that start at or after `end`.
    pub fn truncate_from_end(&mut self, end: i64) {
        self.entries.retain(|(_, start)| *start < end);
    }

    /// Drops epochs that end at or before `start`; the one that covers it starts there now.
    pub fn truncate_from_start(&mut self, start: i64) {
        let Some(covering) = self.entries.partition_point(|(_, s)| *s <= start).checked_sub(1) else { return };
        self.entries.drain(..covering);
        self.entries[0].1 = start;
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.is_written = true;
    }
}
