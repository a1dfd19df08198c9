//! Which files lie at the top of a broker's log directories, and which of them have anything in them. A directory that was formatted
//! has `meta.properties` alone: a start makes the checkpoint files, empty (`CheckpointFile`), and each stays so until it is first written.

use std::hash::{Hash, Hasher};

use super::dirs::{DirIndex, DirSet};

/// A checkpoint file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TopFile {
    /// `log-start-offset-checkpoint`: with the one of recovery points, but not after truncations.
    LogStarts,
    /// `recovery-point-offset-checkpoint`: every minute, after truncations and deletions, and at a clean stop.
    RecoveryPoints,
    /// `replication-offset-checkpoint`: every five seconds and at a clean stop, in directories that have logs.
    HighWatermarks,
    /// `cleaner-offset-checkpoint`: after each compaction, and when a log is deleted.
    Cleaned,
}

/// Nothing acts on it, so no digest holds it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TopFiles {
    /// Directories that a start of the broker has been in.
    started: DirSet,
    /// When it last was, ms since the epoch.
    started_ms: i64,
    /// Directories in which the cleaner has started.
    cleaned: DirSet,
    /// Directories with a `.lock`: a stop in good order takes it away.
    locked: DirSet,
    /// Where each file was written, by their order above.
    written: [DirSet; 4],
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
        let written = self.written.iter_mut();
        [&mut self.started, &mut self.cleaned, &mut self.locked].into_iter().chain(written).for_each(|s| s.remove(dir));
    }

    /// A file was written in a directory.
    pub(super) fn write(&mut self, file: TopFile, dir: DirIndex) {
        if self.is_there(file, dir) {
            self.written[file as usize].insert(dir);
        }
    }

    /// A file was written in every directory.
    pub(super) fn write_all(&mut self, file: TopFile) {
        self.written[file as usize] = self.started;
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

    /// Whether there is anything in it.
    pub(super) fn is_written(&self, file: TopFile, dir: DirIndex) -> bool {
        self.written[file as usize].contains(dir)
    }

    pub(super) fn is_written_everywhere(&self, file: TopFile) -> bool {
        self.written[file as usize] == self.started
    }

    /// When files were made in which there is nothing yet, ms since the epoch.
    pub(super) fn made_ms(&self) -> i64 {
        self.started_ms
    }
}
