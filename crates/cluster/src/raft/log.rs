//! The metadata log on one node's disk, with the snapshot that stands for its beginning (`KafkaMetadataLog`).
//!
//! Batches lie in chunks shared by `Arc`, so that a checkpoint of the world copies pointers only. Every write is
//! durable at once: Raft flushes before it answers. Left out: segments, and retention by bytes and by days — the
//! log is cut at the snapshot before the newest one.

use std::sync::Arc;

use protocol::api::fetch::EpochEnd;
use protocol::metadata::MetadataBatch;
use protocol::{Seldom, gap};

use super::voters::{VoterHistory, VoterSet};
use crate::image::MetadataImage;

/// Batches in a closed chunk.
const CHUNK: usize = 128;

/// The metadata log of one node.
#[derive(Clone, Debug, Hash, Default)]
pub struct MetadataLog {
    start: i64,
    end: i64,
    closed: Vec<Arc<Vec<MetadataBatch>>>,
    tail: Vec<MetadataBatch>,
    epochs: Vec<(i32, i64)>,
    snapshot: Option<Snapshot>,
    voters: VoterHistory,
}

/// The image as of an offset (`RawSnapshotReader`).
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
}

/// What a replica's position in its log means for another log (`ValidOffsetAndEpoch`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// The logs agree up to there.
    Valid,
    /// They part at this epoch and offset at the latest.
    Diverging(EpochEnd),
    /// The log does not reach back that far; a snapshot does.
    Snapshot,
}

impl MetadataLog {
    /// An empty log, with the snapshot that storage was formatted with.
    pub(super) fn new(mut voters: VoterHistory, snapshot: Option<Snapshot>) -> MetadataLog {
        snapshot.iter().for_each(|snapshot| voters.restart(snapshot));
        MetadataLog { voters, snapshot, ..MetadataLog::default() }
    }
    /// The sets of voters it holds.
    pub fn voters(&self) -> &VoterHistory {
        &self.voters
    }
    /// First offset still in the log.
    pub fn start_offset(&self) -> i64 {
        self.start
    }
    /// The offset of the next record.
    pub fn end_offset(&self) -> i64 {
        self.end
    }
    /// The epoch of the last record; 0 if there is none.
    pub fn last_epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }
    /// The newest snapshot.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }
    /// (epoch, start offset), oldest first.
    pub fn epochs(&self) -> &[(i32, i64)] {
        &self.epochs
    }
    /// All batches, in order.
    pub fn batches(&self) -> impl Iterator<Item = &MetadataBatch> {
        self.closed.iter().flat_map(|chunk| chunk.iter()).chain(&self.tail)
    }

    /// Appends a batch at the end.
    pub fn append(&mut self, batch: MetadataBatch) {
        debug_assert_eq!(batch.base_offset, self.end, "the log has no holes");
        if batch.epoch > self.last_epoch() || self.epochs.is_empty() {
            self.epochs.push((batch.epoch, batch.base_offset));
        }
        self.end = batch.next_offset();
        self.voters.append(&batch);
        self.tail.push(batch);
        if self.tail.len() >= CHUNK {
            self.closed.push(Arc::new(std::mem::take(&mut self.tail)));
        }
    }

    /// Whole batches from the one that holds `from` up to `bound`, at most `batches_max`.
    pub fn read(&self, from: i64, bound: i64, batches_max: usize) -> Vec<MetadataBatch> {
        let first_chunk = self.closed.partition_point(|chunk| chunk.last().is_some_and(|b| b.next_offset() <= from));
        let chunks = self.closed[first_chunk..].iter().map(|chunk| chunk.as_slice()).chain([self.tail.as_slice()]);
        chunks
            .flat_map(|chunk| chunk[chunk.partition_point(|batch| batch.next_offset() <= from)..].iter())
            .take_while(|batch| batch.next_offset() <= bound)
            .take(batches_max)
            .cloned()
            .collect()
    }

    /// The largest epoch not above `epoch`, and where it ends.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> EpochEnd {
        let after = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let end_offset = self.epochs.get(after).map_or(self.end, |(_, start)| *start);
        match after.checked_sub(1) {
            Some(at) => EpochEnd { epoch: self.epochs[at].0, end_offset },
            None => {
                let (epoch, end_offset) = self.snapshot.as_ref().map_or((0, 0), |s| (s.epoch, s.end_offset));
                EpochEnd { epoch, end_offset: end_offset.min(self.start) }
            }
        }
    }

    /// Compares a replica's end (`offset`, and the epoch of its last record) with this log
    /// (`ReplicatedLog#validateOffsetAndEpoch`).
    pub fn validate(&self, offset: i64, epoch: i32) -> Position {
        if self.start == 0 && offset == 0 {
            return Position::Valid;
        }
        if offset < self.start {
            return Position::Snapshot;
        }
        if offset == self.start && self.snapshot.as_ref().is_some_and(|s| s.end_offset == offset && s.epoch == epoch) {
            return Position::Valid;
        }
        let end = self.end_offset_for_epoch(epoch);
        if end.epoch != epoch || end.end_offset < offset { Position::Diverging(end) } else { Position::Valid }
    }

    /// Cuts off everything from `offset` on.
    pub fn truncate_to(&mut self, offset: i64) {
        if offset >= self.end {
            return;
        }
        while self.tail.first().is_none_or(|batch| batch.base_offset >= offset) {
            self.tail.clear();
            match self.closed.pop() {
                Some(chunk) => self.tail = Vec::clone(&chunk),
                None => break,
            }
        }
        self.tail.retain(|batch| batch.next_offset() <= offset);
        self.end = self.tail.last().map_or(self.start, MetadataBatch::next_offset);
        let end = self.end;
        self.epochs.retain(|(_, start)| *start < end);
        self.voters.truncate_to(end);
    }

    /// Takes a snapshot, and drops what lies before the snapshot that was the newest until now.
    pub fn take_snapshot(&mut self, snapshot: Snapshot) {
        gap!("the metadata log keeps one to two snapshot intervals, not 7 days or 100 MiB", "KIP-630");
        let keep_from = self.snapshot.replace(snapshot).map_or(self.start, |older| older.end_offset);
        let dropped = self.closed.partition_point(|chunk| chunk.last().is_some_and(|b| b.next_offset() <= keep_from));
        if dropped > 0 {
            self.closed.drain(..dropped);
            let first = self.closed.first().and_then(|chunk| chunk.first()).or(self.tail.first());
            self.start = first.map_or(self.end, |batch| batch.base_offset);
            self.voters.forget_before(self.start);
        }
    }

    /// Throws the log away and starts over from a snapshot of another node.
    pub fn install_snapshot(&mut self, snapshot: Snapshot) {
        let (start, epoch) = (snapshot.end_offset, snapshot.epoch);
        let mut voters = std::mem::take(&mut self.voters);
        voters.restart(&snapshot);
        *self = MetadataLog {
            voters,
            start,
            end: start,
            epochs: vec![(epoch, start)],
            snapshot: Some(snapshot),
            ..MetadataLog::default()
        };
    }
}
