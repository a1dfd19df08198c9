//! A broker's log directories as `ls` and `cat` find it (`LogManager`, `OffsetCheckpointFile`, `PartitionMetadataFile`).
//! Read only. Left out: the order of lines in checkpoint files is Kafka's map order there and
//! by topic here.

use std::borrow::Cow;
use std::fmt::Write as _;

use protocol::{DirEntry, FileContent, TopicPartition};

use super::dirs::DirIndex;
use super::disk::{Disk, StoredReplica, renamed};
use super::top_files::TopFile;

/// The checkpoint files at the top of a log directory, with what a replica has to say in each.
type Checkpoint = (&'static str, TopFile, fn(&StoredReplica) -> Option<i64>);
const CHECKPOINTS: &[Checkpoint] = &[
    ("cleaner-offset-checkpoint", TopFile::Cleaned, |replica| replica.cleaner_checkpoint),
    ("log-start-offset-checkpoint", TopFile::LogStarts, |replica| replica.checkpointed_log_start),
    ("recovery-point-offset-checkpoint", TopFile::RecoveryPoints, |replica| Some(replica.checkpointed_recovery_point)),
    ("replication-offset-checkpoint", TopFile::HighWatermarks, |replica| Some(replica.checkpointed_high_watermark)),
];

/// Tells which topic a directory is of.
const PARTITION_METADATA: &str = "partition.metadata";

impl Disk {
    /// The files and directories at the top of a log directory.
    pub fn root(&self, dir: DirIndex) -> Vec<DirEntry> {
        let there = CHECKPOINTS.iter().filter(|(_, file, ..)| self.top.is_there(*file, dir));
        let checkpoints = there.map(|(name, file, value)| {
            let text = self.checkpoint_text(dir, *file, *value);
            let modified_ms = self.top.written_ms(*file, dir).unwrap_or(self.top.made_ms());
            DirEntry::file(*name, text.len() as u64, modified_ms)
        });
        let mut entries: Vec<DirEntry> = checkpoints.collect();
        if self.top.is_locked(dir) {
            entries.push(DirEntry::file(".lock", 0, self.top.made_ms()));
        }
        for (name, replica) in self.directories(dir) {
            entries.push(DirEntry::dir(name, replica.log.active_segment().last_modified_ms()));
        }
        entries
    }

    /// The files of a partition's directory.
    pub fn list(&self, dir: DirIndex, directory: &str) -> Option<Vec<DirEntry>> {
        let (_, replica) = self.directories(dir).find(|(name, _)| name == directory)?;
        let mut files = replica.log.files(self.was_closed(dir));
        let made_ms = replica.log.created_ms();
        files.push(DirEntry::file(PARTITION_METADATA, replica.metadata_text().len() as u64, made_ms));
        Some(files)
    }

    /// What is in a file: `NAME` at the top, or `DIRECTORY/NAME`.
    pub fn read(&self, dir: DirIndex, path: &str) -> Option<FileContent> {
        let Some((directory, name)) = path.split_once('/') else { return self.read_top(dir, path) };
        let (_, replica) = self.directories(dir).find(|(known, _)| known == directory)?;
        match name {
            PARTITION_METADATA => Some(FileContent::Text(replica.metadata_text().into())),
            _ => replica.log.read_file(name, self.was_closed(dir)),
        }
    }

    fn read_top(&self, dir: DirIndex, name: &str) -> Option<FileContent> {
        if name == ".lock" && self.top.is_locked(dir) {
            return Some(FileContent::Empty);
        }
        let (_, file, value) = CHECKPOINTS.iter().find(|(known, ..)| *known == name)?;
        self.top.is_there(*file, dir).then(|| FileContent::Text(self.checkpoint_text(dir, *file, *value).into()))
    }

    fn directories(&self, dir: DirIndex) -> impl Iterator<Item = (String, Cow<'_, StoredReplica>)> {
        let here = move |replica: &StoredReplica| replica.dir == dir;
        let live = self.iter().filter(move |(_, replica)| here(replica));
        let live = live.map(|(_, replica)| (replica.tp.to_string(), Cow::Borrowed(replica)));
        let removed = self.removed.iter().filter(move |removed| here(&removed.replica));
        let removed = removed.map(|removed| (removed.directory.to_string(), Cow::Borrowed(&*removed.replica)));
        let future = self.iter().filter_map(move |(_, replica)| future_replica(replica, dir));
        live.chain(removed).chain(future.map(|(name, replica)| (name, Cow::Owned(replica))))
    }

    /// A version, a count, and a line for each partition that was there when it was last written; nothing before that.
    fn checkpoint_text(&self, dir: DirIndex, file: TopFile, value: impl Fn(&StoredReplica) -> Option<i64>) -> String {
        let Some(written_ms) = self.top.written_ms(file, dir) else { return String::new() };
        let mut lines: Vec<(&TopicPartition, i64)> = self
            .iter()
            .filter(|(_, replica)| replica.dir == dir && replica.log.created_ms() <= written_ms)
            .filter_map(|(_, replica)| Some((&replica.tp, value(replica)?)))
            .collect();
        ordered::sort(&mut lines);
        let mut text = format!("0\n{}\n", lines.len());
        for (tp, offset) in lines {
            let _ = writeln!(text, "{} {} {offset}", tp.topic, tp.partition);
        }
        text
    }
}

/// What is there of a replica that moves to this directory (`UnifiedLog#logFutureDirName`).
fn future_replica(replica: &StoredReplica, dir: DirIndex) -> Option<(String, StoredReplica)> {
    let future = replica.future.as_ref().filter(|future| future.dir == dir)?;
    let mut copy = replica.clone();
    copy.log.truncate_to(future.offset, protocol::EPOCH_MS);
    Some((renamed(&replica.tp, future.uuid, "future").to_string(), copy))
}

impl StoredReplica {
    fn metadata_text(&self) -> String {
        format!("version: 0\ntopic_id: {}", self.topic_id)
    }
}
