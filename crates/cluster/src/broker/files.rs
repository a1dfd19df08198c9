//! A broker's log directory as `ls` and `cat` find it (`LogManager`, `OffsetCheckpointFile`, `PartitionMetadataFile`).
//! Read only. Left out: several log directories; the order of lines in checkpoint files is Kafka's map order there and
//! by topic here.

use std::fmt::Write as _;

use protocol::{DirEntry, FileContent, TopicPartition};

use super::disk::{Disk, StoredReplica};

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
    /// The files and directories at the top of the log directory.
    pub fn root(&self) -> Vec<DirEntry> {
        let checkpoints = CHECKPOINTS.iter().map(|(name, value, written_ms)| {
            let written_ms = written_ms(self).max(protocol::EPOCH_MS);
            DirEntry::file(*name, self.checkpoint_text(*value).len() as u64, written_ms)
        });
        let mut entries: Vec<DirEntry> = checkpoints.collect();
        let cleaned = self.cleaner_text().len() as u64;
        entries.push(DirEntry::file(CLEANER_CHECKPOINT, cleaned, self.cleaned_ms.max(protocol::EPOCH_MS)));
        if !self.is_clean {
            entries.push(DirEntry::file(".lock", 0, protocol::EPOCH_MS));
        }
        for (name, replica) in self.directories() {
            entries.push(DirEntry::dir(name, replica.log.active_segment().last_modified_ms()));
        }
        entries
    }

    /// The files of a partition's directory.
    pub fn list(&self, directory: &str) -> Option<Vec<DirEntry>> {
        let (_, replica) = self.directories().find(|(name, _)| name == directory)?;
        let mut files = replica.log.files(self.is_clean);
        let made_ms = replica.log.created_ms();
        files.push(DirEntry::file(PARTITION_METADATA, replica.metadata_text().len() as u64, made_ms));
        Some(files)
    }

    /// What is in a file: `NAME` at the top, or `DIRECTORY/NAME`.
    pub fn read(&self, path: &str) -> Option<FileContent> {
        let Some((directory, name)) = path.split_once('/') else { return self.read_top(path) };
        let (_, replica) = self.directories().find(|(known, _)| known == directory)?;
        match name {
            PARTITION_METADATA => Some(FileContent::Text(replica.metadata_text().into())),
            _ => replica.log.read_file(name, self.is_clean),
        }
    }

    fn read_top(&self, name: &str) -> Option<FileContent> {
        if name == ".lock" && !self.is_clean {
            return Some(FileContent::Empty);
        }
        if name == CLEANER_CHECKPOINT {
            return Some(FileContent::Text(self.cleaner_text().into()));
        }
        let (_, value, _) = CHECKPOINTS.iter().find(|(known, ..)| *known == name)?;
        Some(FileContent::Text(self.checkpoint_text(*value).into()))
    }

    fn cleaner_text(&self) -> String {
        match self.iter().any(|(_, replica)| replica.cleaner_checkpoint.is_some()) {
            true => self.checkpoint_text(|replica| replica.cleaner_checkpoint),
            false => String::new(),
        }
    }

    fn directories(&self) -> impl Iterator<Item = (String, &StoredReplica)> {
        let live = self.iter().map(|(_, replica)| (replica.tp.to_string(), replica));
        live.chain(self.removed.iter().map(|removed| (removed.directory.to_string(), removed.replica.as_ref())))
    }

    /// A version, a count, and a line a partition.
    fn checkpoint_text(&self, value: impl Fn(&StoredReplica) -> Option<i64>) -> String {
        let mut lines: Vec<(&TopicPartition, i64)> =
            self.iter().filter_map(|(_, replica)| Some((&replica.tp, value(replica)?))).collect();
        ordered::sort(&mut lines);
        let mut text = format!("0\n{}\n", lines.len());
        for (tp, offset) in lines {
            let _ = writeln!(text, "{} {} {offset}", tp.topic, tp.partition);
        }
        text
    }
}

impl StoredReplica {
    fn metadata_text(&self) -> String {
        format!("version: 0\ntopic_id: {}", self.topic_id)
    }
}
