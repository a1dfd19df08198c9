//! Snapshots of the metadata log: the image as of an offset, with who votes then, and the batches of its file
//! (`RecordsSnapshotWriter`, `RawSnapshotReader`, KIP-630).

use std::sync::Arc;

use protocol::Seldom;
use protocol::metadata::{MetadataBatch, MetadataRecord};

use super::voters::{DYNAMIC, VoterSet};
use crate::image::MetadataImage;

/// The image as of an offset.
#[derive(Clone, Debug, Hash)]
pub struct Snapshot {
    /// The offset after the last record it covers.
    pub end_offset: i64,
    /// The epoch of that record.
    pub epoch: i32,
    /// What those records say.
    pub image: Arc<MetadataImage>,
    /// Who votes then; none where that is configured.
    pub voters: Seldom<VoterSet>,
    /// The size of its file.
    pub bytes: u64,
}

impl Snapshot {
    /// The snapshot of an image.
    pub(super) fn new(image: Arc<MetadataImage>, voters: Option<VoterSet>) -> Snapshot {
        let (end_offset, epoch) = (image.offset + 1, image.epoch);
        let mut snapshot = Snapshot { end_offset, epoch, image, voters: Seldom(voters), bytes: 0 };
        snapshot.bytes = snapshot.batches().iter().map(MetadataBatch::size_in_bytes).sum();
        snapshot
    }

    /// The snapshot that says this.
    pub(super) fn of(end_offset: i64, epoch: i32, records: &[MetadataRecord]) -> Snapshot {
        let set = records.iter().find_map(|record| match record {
            MetadataRecord::Voters(set) => Some(set.clone()),
            _ => None,
        });
        Snapshot::new(Arc::new(MetadataImage::from_snapshot(end_offset, epoch, records)), set)
    }

    /// What it says, as records.
    pub fn records(&self) -> Vec<MetadataRecord> {
        let header = MetadataRecord::SnapshotHeader { last_contained_ms: self.image.timestamp_ms };
        let voters = self.voters.0.iter().flat_map(|set| [DYNAMIC, MetadataRecord::Voters(set.clone())]);
        let records = [header].into_iter().chain(voters).chain(self.image.to_records());
        records.chain([MetadataRecord::SnapshotFooter]).collect()
    }

    /// What its file holds. When it was written is not kept: its batches have the time of the last record it covers.
    pub(crate) fn batches(&self) -> Vec<MetadataBatch> {
        batches(self.epoch, self.image.timestamp_ms, self.records())
    }
}

/// The records of a snapshot in batches of their own for Raft's and for the controller's; offsets are those in the file.
pub(crate) fn batches(epoch: i32, timestamp_ms: i64, records: Vec<MetadataRecord>) -> Vec<MetadataBatch> {
    let mut base_offset = 0;
    let parts = records.chunk_by(|one, next| one.is_control() == next.is_control());
    let batch = |part: &[MetadataRecord]| {
        let batch = MetadataBatch { base_offset, epoch, timestamp_ms, records: Arc::new(part.to_vec()) };
        base_offset = batch.next_offset();
        batch
    };
    parts.map(batch).collect()
}
