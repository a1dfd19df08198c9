//! The files of a partition's directory, as `ls -l` and `cat` show them.
//!
//! Left out on purpose: `.txnindex` (no transactions), files on their way out (`.deleted`), and the snapshot that a clean
//! shutdown writes at the log end.

use std::fmt::Write as _;

use crate::log::Log;

/// A file of a partition's directory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogFile {
    /// Its name, e.g. `00000000000000000000.log`.
    pub name: String,
    /// Its size as `ls -l` shows it.
    pub size_bytes: u64,
    /// When it was last written, ms since the epoch.
    pub modified_ms: i64,
}

impl Log {
    /// The files of this log's directory by name, without `partition.metadata`, which knows the topic's id.
    pub fn files(&self) -> Vec<LogFile> {
        let mut files = Vec::new();
        for segment in self.segments() {
            let mut add = |suffix: &str, size_bytes: u32| {
                let name = format!("{}.{suffix}", segment.file_stem());
                files.push(LogFile {
                    name,
                    size_bytes: u64::from(size_bytes),
                    modified_ms: segment.last_modified_ms(),
                });
            };
            add("index", segment.index_bytes(&self.config));
            add("log", segment.size_bytes());
            if let Some(bytes) = segment.snapshot_bytes() {
                add("snapshot", bytes);
            }
            add("timeindex", segment.time_index_bytes(&self.config));
        }
        let modified_ms = self.active.last_modified_ms();
        let size_bytes = self.leader_epoch_checkpoint().len() as u64;
        files.push(LogFile { name: "leader-epoch-checkpoint".to_owned(), size_bytes, modified_ms });
        files
    }

    /// The text of `leader-epoch-checkpoint`: a version, a count, and a line an epoch.
    pub fn leader_epoch_checkpoint(&self) -> String {
        let mut text = format!("0\n{}\n", self.epochs().len());
        for (epoch, start) in self.epochs() {
            let _ = writeln!(text, "{epoch} {start}");
        }
        text
    }
}
