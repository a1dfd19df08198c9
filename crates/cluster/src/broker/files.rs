//! A broker's log directories as `ls` and `cat` find it (`LogManager`, `OffsetCheckpointFile`, `PartitionMetadataFile`).
//! Read only. Left out: the order of lines in checkpoint files is Kafka's map order there and
//! by topic here.

use std::borrow::Cow;
use std::fmt::Write as _;

use protocol::{DirEntry, FileContent, TopicPartition};

use super::dirs::DirIndex;
use super::disk::{Disk, StoredReplica, renamed};

/// The checkpoint files at the top of a log directory, with what a replica has to say in each.
type Checkpoint = (&'static str, fn(&StoredReplica) -> Option<i64>, fn(&Disk) -> i64);
const CHECKPOINTS: &[Checkpoint] = &[
    ("log-start-offset-checkpoint", |replica| replica.checkpointed_log_start, |disk| disk.offsets_written_ms),
    ("recovery-point-offset-checkpoint", |r| Some(r.checkpointed_recovery_point), |disk| disk.offsets_written_ms),
    ("replication-offset-checkpoint", |r| Some(r.checkpointed_high_watermark), |disk| disk.high_watermarks_written_ms),
];

/// Where compaction has come to; empty until the first is done.
const CLEANER_CHECKPOINT: &str = "cleaner-offset-checkpoint";
/// Tells which topic a directory is of.
const PARTITION_METADATA: &str = "partition.metadata";

impl Disk {
    /// The files and directories at the top of a log directory.
    pub fn root(&self, dir: DirIndex) -> Vec<DirEntry> {
        let checkpoints = CHECKPOINTS.iter().map(|(name, value, written_ms)| {
            let written_ms = written_ms(self).max(protocol::EPOCH_MS);
            DirEntry::file(*name, self.checkpoint_text(dir, *value).len() as u64, written_ms)
        });
        let mut entries: Vec<DirEntry> = checkpoints.collect();
        let cleaned = self.cleaner_text(dir).len() as u64;
        entries.push(DirEntry::file(CLEANER_CHECKPOINT, cleaned, self.cleaned_ms.max(protocol::EPOCH_MS)));
        if !self.is_clean {
            entries.push(DirEntry::file(".lock", 0, protocol::EPOCH_MS));
        }
        for (name, replica) in self.directories(dir) {
            entries.push(DirEntry::dir(name, replica.log.active_segment().last_modified_ms()));
        }
        entries
    }

    /// The files of a partition's directory.
    pub fn list(&self, dir: DirIndex, directory: &str) -> Option<Vec<DirEntry>> {
        let (_, replica) = self.directories(dir).find(|(name, _)| name == directory)?;
        let mut files = replica.log.files(self.is_clean);
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
            _ => replica.log.read_file(name, self.is_clean),
        }
    }

    fn read_top(&self, dir: DirIndex, name: &str) -> Option<FileContent> {
        if name == ".lock" && !self.is_clean {
            return Some(FileContent::Empty);
        }
        if name == CLEANER_CHECKPOINT {
            return Some(FileContent::Text(self.cleaner_text(dir).into()));
        }
        let (_, value, _) = CHECKPOINTS.iter().find(|(known, ..)| *known == name)?;
        Some(FileContent::Text(self.checkpoint_text(dir, *value).into()))
    }

    fn cleaner_text(&self, dir: DirIndex) -> String {
        match self.iter().any(|(_, replica)| replica.dir == dir && replica.cleaner_checkpoint.is_some()) {
            true => self.checkpoint_text(dir, |replica| replica.cleaner_checkpoint),
            false => String::new(),
        }
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

    /// A version, a count, and a line a partition.
    fn checkpoint_text(&self, dir: DirIndex, value: impl Fn(&StoredReplica) -> Option<i64>) -> String {
        let mut lines: Vec<(&TopicPartition, i64)> = self
            .iter()
            .filter(|(_, replica)| replica.dir == dir)
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
