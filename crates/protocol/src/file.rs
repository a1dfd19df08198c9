//! Files of a Kafka log directory, as `ls`, `cat` and `kafka-dump-log` find them (`LogFileUtils`, `LogManager`,
//! `KafkaRaftLog`). What a tool is given of a disk: names, sizes and contents, never the process that wrote them.

use crate::api::Name;
use crate::batch::Batch;
use crate::metadata::MetadataBatch;

/// A line of `ls -l`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DirEntry {
    /// Its name in its directory.
    pub name: Name,
    /// Its size as `ls -l` shows it.
    pub size_bytes: u64,
    /// Its bytes that were ever written: preallocated indexes are sparse files.
    pub used_bytes: u64,
    /// When it was last written, ms since the epoch.
    pub modified_ms: i64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// What is in a file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum FileContent {
    /// Lines of text: checkpoints and properties.
    Text(Name),
    /// `.log`: batches, one after the other.
    Batches(Vec<Batch>),
    /// `.log` and `.checkpoint` of `__cluster_metadata-0`.
    Metadata(Vec<MetadataBatch>),
    /// `.index`: offsets with the positions of their batches. `is_sparse`: zeros follow, up to the preallocated size.
    #[allow(missing_docs)]
    OffsetIndex { entries: Vec<(i64, u32)>, is_sparse: bool },
    /// `.timeindex`: timestamps (ms) with offsets.
    #[allow(missing_docs)]
    TimeIndex { entries: Vec<(i64, i64)>, is_sparse: bool },
    /// `.snapshot`: the last batch of each producer.
    Producers(Vec<ProducerLine>),
    /// Nothing to read.
    Empty,
}

/// A producer in a `.snapshot` file (`ProducerStateManager#writeSnapshot`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerLine {
    /// Producer id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Largest timestamp of its last batch, ms.
    pub last_timestamp_ms: i64,
    /// First sequence number of its last batch.
    pub first_sequence: i32,
    /// Last sequence number of its last batch.
    pub last_sequence: i32,
    /// Last offset of its last batch.
    pub last_offset: i64,
    /// Last minus first offset of that batch.
    pub offset_delta: i32,
}

impl DirEntry {
    /// A file that is written from end to end.
    pub fn file(name: impl Into<Name>, size_bytes: u64, modified_ms: i64) -> DirEntry {
        DirEntry { name: name.into(), size_bytes, used_bytes: size_bytes, modified_ms, is_dir: false }
    }
    /// A directory.
    pub fn dir(name: impl Into<Name>, modified_ms: i64) -> DirEntry {
        DirEntry { name: name.into(), size_bytes: 4096, used_bytes: 4096, modified_ms, is_dir: true }
    }
}
