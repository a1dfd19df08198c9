//! Which files lie at the top of a broker's log directories, and which of them have anything in them. A directory that was formatted
//! has `meta.properties` alone: a start makes the checkpoint files, empty (`CheckpointFile`), and each stays so until it is first written.

use std::hash::{Hash, Hasher};

use ordered::SortedMap;

use super::dirs::{DirIndex, DirSet};

/// A checkpoint file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TopFile {
    /// `log-start-offset-checkpoint`: every minute, after deletions, and at a clean stop.
    LogStarts,
    /// `recovery-point-offset-checkpoint`: the same, and after truncations.
    RecoveryPoints,
    /// `replication-offset-checkpoint`: every five seconds and at a clean stop, in directories that have logs.
    HighWatermarks,
    /// `cleaner-offset-checkpoint`: after each compaction, and when a log is deleted.
    Cleaned,
}

/// Nothing acts on it, so no digest holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct TopFiles {
    /// Directories that a start of the broker has been in.
    started: DirSet,
    /// When it last was, ms since the epoch.
    started_ms: i64,
    /// Directories in which the cleaner has started.
    cleaned: DirSet,
    /// Directories with a `.lock`: a stop in good order takes it away.
    locked: DirSet,
    /// Where and when each file was last written, by their order above, ms since the epoch.
    written_ms: [SortedMap<DirIndex, i64>; 4],
}

impl Hash for TopFiles {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl TopFiles {
    /// The broker starts, in directories that work (`LogManager`, `ReplicaManager`).
    pub(super) fn start(&mut self, dirs: impl Iterator<Item = DirIndex>, now_ms: i64) {
        self.started_ms = now_ms;
        for dir in dirs {
            self.started.insert(dir);
            self.locked.insert(dir);
        }
    }

    /// Logs are loaded, and the cleaner starts (`LogManager#startupWithConfigOverrides`).
    pub(super) fn start_cleaner(&mut self, is_live: impl Fn(DirIndex) -> bool) {
        let started = self.started;
        self.cleaned = DirSet::of(|dir| self.cleaned.contains(dir) || started.contains(dir) && is_live(dir));
    }

    /// The broker stops in good order.
    pub(super) fn unlock(&mut self) {
        self.locked = DirSet::default();
    }

    /// A directory is on a new, empty disk.
    pub(super) fn lose(&mut self, dir: DirIndex) {
        [&mut self.started, &mut self.cleaned, &mut self.locked].into_iter().for_each(|dirs| dirs.remove(dir));
        self.written_ms.iter_mut().for_each(|written_ms| written_ms.retain(|written, _| *written != dir));
    }

    /// A file was written in a directory.
    pub(super) fn write(&mut self, file: TopFile, dir: DirIndex, now_ms: i64) {
        if self.is_there(file, dir) {
            self.written_ms[file as usize].insert(dir, now_ms);
        }
    }

    /// A file was written in every directory.
    pub(super) fn write_all(&mut self, file: TopFile, now_ms: i64) {
        self.started.iter().for_each(|dir| self.write(file, dir, now_ms));
    }

    /// A file was written wherever it was written before.
    pub(super) fn write_again(&mut self, file: TopFile, now_ms: i64) {
        self.written_ms[file as usize].values_mut().for_each(|written_ms| *written_ms = now_ms);
    }

    pub(super) fn is_there(&self, file: TopFile, dir: DirIndex) -> bool {
        match file {
            TopFile::Cleaned => self.cleaned.contains(dir),
            TopFile::LogStarts | TopFile::RecoveryPoints | TopFile::HighWatermarks => self.started.contains(dir),
        }
    }

    pub(super) fn is_locked(&self, dir: DirIndex) -> bool {
        self.locked.contains(dir)
    }

    /// When there last came something into it, ms since the epoch.
    pub(super) fn written_ms(&self, file: TopFile, dir: DirIndex) -> Option<i64> {
        self.written_ms[file as usize].get(&dir).copied()
    }

    pub(super) fn is_written_everywhere(&self, file: TopFile) -> bool {
        self.started.iter().all(|dir| self.written_ms(file, dir).is_some())
    }

    /// When files were made in which there is nothing yet, ms since the epoch.
    pub(super) fn made_ms(&self) -> i64 {
        self.started_ms
    }
}
