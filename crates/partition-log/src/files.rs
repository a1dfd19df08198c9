//! The files of a partition's directory, as `ls -l`, `cat` and `kafka-dump-log` find them (`LogFileUtils`).
//!
//! Left out on purpose: `.txnindex` (no transactions) and `partition.metadata`, which knows the topic's id: the broker
//! adds it.

use std::fmt::Write as _;

use protocol::{DirEntry, FileContent};

use crate::log::Log;
use crate::producers::ProducerStates;
use crate::segment::Segment;

/// The leader epochs of a log.
const EPOCHS_FILE: &str = "leader-epoch-checkpoint";

impl Log {
    /// The files of this log's directory by name. `is_closed`: the broker was stopped in good order, and cut the indexes
    /// of the active segment to what is used of them.
    pub fn files(&self, is_closed: bool) -> Vec<DirEntry> {
        let mut files = Vec::new();
        for segment in self.segments() {
            self.add_files(segment, is_closed, "", &mut files);
        }
        for doomed in self.doomed.iter().filter(|doomed| doomed.is_there) {
            self.add_files(&doomed.segment, true, ".deleted", &mut files);
        }
        let modified_ms = self.active.last_modified_ms();
        for (offset, producers) in self.stray_snapshots() {
            let size = u64::from(producers.snapshot_bytes());
            files.push(DirEntry::file(format!("{offset:020}.snapshot"), size, modified_ms));
        }
        let size_bytes = self.leader_epoch_checkpoint().len() as u64;
        files.push(DirEntry::file(EPOCHS_FILE, size_bytes, modified_ms));
        ordered::sort_by(&mut files, |a, b| a.name.cmp(&b.name));
        files
    }

    /// What is in the file of that name; `is_closed` as in [`files`](Log::files).
    pub fn read_file(&self, name: &str, is_closed: bool) -> Option<FileContent> {
        if name == EPOCHS_FILE {
            return Some(FileContent::Text(self.leader_epoch_checkpoint().into()));
        }
        if let Some(name) = name.strip_suffix(".deleted") {
            let mut doomed = self.doomed.iter().filter(|doomed| doomed.is_there);
            return doomed.find_map(|doomed| doomed.segment.read_file(name, true));
        }
        let of_segment = self.segments().find_map(|segment| segment.read_file(name, is_closed));
        of_segment.or_else(|| {
            let mut strays = self.stray_snapshots();
            let (_, producers) = strays.find(|(offset, _)| name == format!("{offset:020}.snapshot"))?;
            Some(FileContent::Producers(producers.lines()))
        })
    }

    fn add_files(&self, segment: &Segment, is_closed: bool, mark: &str, files: &mut Vec<DirEntry>) {
        let stem = segment.file_stem();
        let modified_ms = segment.last_modified_ms();
        let mut add = |suffix: &str, size_bytes: u32, used_bytes: u32| {
            let name = format!("{stem}.{suffix}{mark}");
            let used_bytes = u64::from(used_bytes);
            files.push(DirEntry { used_bytes, ..DirEntry::file(name, u64::from(size_bytes), modified_ms) });
        };
        let (index, time_index) = segment.index_bytes_used(is_closed);
        match is_closed {
            true => {
                add("index", index, index);
                add("timeindex", time_index, time_index);
            }
            false => {
                add("index", segment.index_bytes(), index);
                add("timeindex", segment.time_index_bytes(), time_index);
            }
        }
        add("log", segment.size_bytes(), segment.size_bytes());
        if let Some(bytes) = segment.snapshot_bytes() {
            add("snapshot", bytes, bytes);
        }
    }

    /// The snapshots that no segment begins at.
    fn stray_snapshots(&self) -> impl Iterator<Item = (i64, &ProducerStates)> {
        let is_stray = |offset: i64| self.segments().all(|segment| segment.base_offset() != offset);
        let strays = self.strays.iter().filter(move |(offset, _)| is_stray(*offset));
        strays.map(|(offset, producers)| (*offset, producers.as_ref()))
    }

    /// The text of `leader-epoch-checkpoint`: a version, a count, and a line an epoch; nothing before it knows of any.
    pub fn leader_epoch_checkpoint(&self) -> String {
        if !self.epochs.is_written() {
            return String::new();
        }
        let mut text = format!("0\n{}\n", self.epochs().len());
        for (epoch, start) in self.epochs() {
            let _ = writeln!(text, "{epoch} {start}");
        }
        text
    }
}

impl Segment {
    /// What is in its file of that name, if one of its files has it.
    fn read_file(&self, name: &str, is_closed: bool) -> Option<FileContent> {
        let is_sparse = !is_closed && !self.is_closed();
        match name.strip_prefix(self.file_stem().as_str())? {
            ".log" => Some(FileContent::Batches(self.batches().map(|(_, batch)| batch.clone()).collect())),
            ".index" => {
                let entries = self.offset_index().map(|entry| (entry.offset, entry.position));
                Some(FileContent::OffsetIndex { entries: entries.collect(), is_sparse })
            }
            ".timeindex" => {
                let entries = self.time_index(!is_sparse).into_iter().map(|entry| (entry.timestamp_ms, entry.offset));
                Some(FileContent::TimeIndex { entries: entries.collect(), is_sparse })
            }
            ".snapshot" => Some(FileContent::Producers(self.snapshot.as_ref()?.lines())),
            _ => None,
        }
    }
}
