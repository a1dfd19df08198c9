//! The metadata log on one node's disk, with the snapshot that stands for its beginning (`KafkaMetadataLog`).
//!
//! Batches lie in chunks shared by `Arc`, so that a checkpoint of the world copies pointers only. Every write is
//! durable at once: Raft flushes before it answers. Left out: segments, so that what lies before the log's start is gone as soon as
//! a chunk of it is.

use std::sync::Arc;

use protocol::api::fetch::EpochEnd;
use protocol::metadata::MetadataBatch;

use super::snapshot::Snapshot;
use super::voters::VoterHistory;

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
    /// Bytes of all batches.
    bytes: u64,
    /// Oldest first.
    snapshots: Vec<Snapshot>,
    voters: VoterHistory,
}

/// What a replica's position in its log means for another log (`ValidOffsetAndEpoch`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// The logs agree up to there.
    Valid,
    /// They part at this epoch and offset at the latest.
    Diverging(EpochEnd),
    /// The log does not reach back that far, or not to that epoch with a snapshot: the newest stands for it.
    Snapshot,
}

impl MetadataLog {
    /// An empty log, with the snapshot that storage was formatted with.
    pub(super) fn new(mut voters: VoterHistory, snapshot: Option<Snapshot>) -> MetadataLog {
        snapshot.iter().for_each(|snapshot| voters.restart(snapshot));
        MetadataLog { voters, snapshots: snapshot.into_iter().collect(), ..MetadataLog::default() }
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
        self.snapshots.last()
    }
    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }
    /// (epoch, start offset), oldest first.
    pub fn epochs(&self) -> &[(i32, i64)] {
        &self.epochs
    }
    /// All batches, in order.
    pub fn batches(&self) -> impl Iterator<Item = &MetadataBatch> {
        self.closed.iter().flat_map(|chunk| chunk.iter()).chain(&self.tail)
    }

    /// The last batch.
    pub fn last(&self) -> Option<&MetadataBatch> {
        self.tail.last().or_else(|| self.closed.last()?.last())
    }

    /// Appends a batch at the end.
    pub fn append(&mut self, batch: MetadataBatch) {
        debug_assert_eq!(batch.base_offset, self.end, "the log has no holes");
        if batch.epoch > self.last_epoch() || self.epochs.is_empty() {
            self.epochs.push((batch.epoch, batch.base_offset));
        }
        self.end = batch.next_offset();
        self.bytes += batch.size_in_bytes();
        self.voters.append(&batch);
        self.tail.push(batch);
        if self.tail.len() >= CHUNK {
            self.closed.push(Arc::new(std::mem::take(&mut self.tail)));
        }
    }

    /// Whole batches from the one that holds `from` up to `bound`, at most `batches_max`.
    pub fn read(&self, from: i64, bound: i64, batches_max: usize) -> Vec<MetadataBatch> {
        self.batches_from(from).take_while(|batch| batch.next_offset() <= bound).take(batches_max).cloned().collect()
    }

    /// Batches from the one that holds `from` on, `max_bytes` of them; the first comes whole even if it is larger. Also the bytes of the
    /// batch after them that may still be sent (`KafkaRaftLog#read`).
    pub fn read_bytes(&self, from: i64, max_bytes: u32) -> (Vec<MetadataBatch>, u32) {
        let (mut found, mut room) = (Vec::new(), max_bytes);
        for batch in self.batches_from(from) {
            let size = u32::try_from(batch.size_in_bytes()).unwrap_or(u32::MAX);
            if size > room && !found.is_empty() {
                return (found, room);
            }
            room = room.saturating_sub(size);
            found.push(batch.clone());
        }
        (found, 0)
    }

    fn batches_from(&self, offset: i64) -> impl Iterator<Item = &MetadataBatch> {
        let is_before = move |batch: &MetadataBatch| batch.next_offset() <= offset;
        let first_chunk = self.closed.partition_point(|chunk| chunk.last().is_some_and(is_before));
        let chunks = self.closed[first_chunk..].iter().map(|chunk| chunk.as_slice()).chain([self.tail.as_slice()]);
        chunks.flat_map(move |chunk| &chunk[chunk.partition_point(is_before)..])
    }

    /// The largest epoch not above `epoch`, and where it ends.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> EpochEnd {
        let after = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let end_offset = self.epochs.get(after).map_or(self.end, |(_, start)| *start);
        match after.checked_sub(1) {
            Some(at) => EpochEnd { epoch: self.epochs[at].0, end_offset },
            None => {
                let (epoch, end_offset) = self.snapshots.first().map_or((0, 0), |s| (s.epoch, s.end_offset));
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
        let oldest_epoch = self.snapshots.first().map_or(0, |oldest| oldest.epoch);
        if offset < self.start || (offset == self.start && epoch != oldest_epoch) || epoch < oldest_epoch {
            return Position::Snapshot;
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
        self.bytes = bytes(self.batches());
        self.end = self.tail.last().map_or(self.start, MetadataBatch::next_offset);
        let end = self.end;
        self.epochs.retain(|(_, start)| *start < end);
        // Nothing is left but the snapshot that the log began with: that tells the epoch (`KafkaRaftLog#lastFetchedEpoch`).
        if let Some(snapshot) =
            self.snapshots.last().filter(|s| self.epochs.is_empty() && end > 0 && s.end_offset == end)
        {
            self.epochs.push((snapshot.epoch, end));
        }
        self.voters.truncate_to(end);
    }

    /// Takes a snapshot, unless there is one as new.
    pub fn take_snapshot(&mut self, snapshot: Snapshot) {
        if self.snapshot().is_none_or(|newest| newest.end_offset < snapshot.end_offset) {
            self.snapshots.push(snapshot);
        }
    }

    /// Lets go of snapshots that are too old (ms) or, with the log, too large (bytes), and of the records before the next of
    /// them; never of the newest (`KafkaRaftLog#maybeClean`). A limit below 0 is none.
    pub fn clean(&mut self, now_ms: i64, keep_ms: i64, keep_bytes: i64) {
        let mut snapshots_bytes: u64 = self.snapshots.iter().map(|snapshot| snapshot.bytes).sum();
        let is_too_large = |bytes: u64| u64::try_from(keep_bytes).is_ok_and(|most| bytes > most);
        while self.snapshots.len() > 1 && is_too_large(self.bytes + snapshots_bytes) {
            snapshots_bytes -= self.snapshots[0].bytes;
            self.forget_oldest_snapshot();
        }
        let is_too_old = |snapshot: &Snapshot| keep_ms >= 0 && now_ms - snapshot.image.timestamp_ms > keep_ms;
        while self.snapshots.len() > 1 && is_too_old(&self.snapshots[0]) {
            self.forget_oldest_snapshot();
        }
    }

    /// The log begins at the next one then.
    fn forget_oldest_snapshot(&mut self) {
        self.snapshots.remove(0);
        self.start = self.snapshots[0].end_offset;
        let is_before = |chunk: &Arc<Vec<MetadataBatch>>| chunk.last().is_some_and(|b| b.next_offset() <= self.start);
        let dropped = self.closed.partition_point(is_before);
        self.bytes -= self.closed.drain(..dropped).map(|chunk| bytes(chunk.iter())).sum::<u64>();
        self.voters.forget_before(self.start);
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
            snapshots: vec![snapshot],
            ..MetadataLog::default()
        };
    }
}

fn bytes<'a>(batches: impl Iterator<Item = &'a MetadataBatch>) -> u64 {
    batches.map(MetadataBatch::size_in_bytes).sum()
}

#[cfg(test)]
mod tests {
    use protocol::image::MetadataImage;
    use protocol::metadata::MetadataRecord;

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    /// A log of a batch an hour, of `hours`, with a snapshot after each 200.
    fn log(hours: i64) -> MetadataLog {
        let mut log = MetadataLog::default();
        let mut image = MetadataImage::default();
        for hour in 0..hours {
            let records = Arc::new(vec![MetadataRecord::NoOp]);
            let batch = MetadataBatch { base_offset: hour, epoch: 1, timestamp_ms: hour * HOUR_MS, records };
            image.replay_batch(&batch);
            log.append(batch);
            if hour % 200 == 199 {
                log.take_snapshot(Snapshot::new(Arc::new(image.clone()), None));
            }
        }
        log
    }

    fn check(log: &MetadataLog, start: i64, snapshots: &[i64]) {
        let found: Vec<i64> = log.snapshots().iter().map(|snapshot| snapshot.end_offset).collect();
        assert_eq!((log.start_offset(), &found[..]), (start, snapshots));
        assert_eq!(log.bytes, bytes(log.batches()));
    }

    #[test]
    fn a_fetch_ends_at_its_last_byte_but_not_in_its_first_batch() {
        let log = log(300);
        let size = log.batches().next().map_or(0, |batch| batch.size_in_bytes() as u32);
        let read = |from, max_bytes| {
            let (batches, cut) = log.read_bytes(from, max_bytes);
            (batches.first().map(|batch| batch.base_offset), batches.len(), cut)
        };
        assert_eq!(read(100, 1), (Some(100), 1, 0));
        assert_eq!(read(100, 2 * size), (Some(100), 2, 0));
        assert_eq!(read(100, 200 * size - 1), (Some(100), 199, size - 1), "the end is not reached by a byte");
        assert_eq!(read(100, 201 * size), (Some(100), 200, 0));
        assert_eq!(read(300, 1_000), (None, 0, 0));
    }

    #[test]
    fn what_is_older_than_retention_goes_with_its_snapshot() {
        let mut log = log(700);
        check(&log, 0, &[200, 400, 600]);
        let week_ms = 168 * HOUR_MS;
        // The snapshot of hour 199 is a week old, and not older.
        log.clean(199 * HOUR_MS + week_ms, week_ms, -1);
        check(&log, 0, &[200, 400, 600]);
        log.clean(199 * HOUR_MS + week_ms + 1, week_ms, -1);
        check(&log, 400, &[400, 600]);
        assert_eq!(log.validate(399, 1), Position::Snapshot);
        assert_eq!(log.validate(400, 0), Position::Snapshot);
        assert_eq!(log.validate(400, 1), Position::Valid);
        // However old the newest is.
        log.clean(10_000 * HOUR_MS, week_ms, -1);
        check(&log, 600, &[600]);
    }

    #[test]
    fn a_log_that_is_cut_off_down_to_its_snapshot_has_the_epoch_of_that() {
        let mut cut = MetadataLog::default();
        cut.install_snapshot(log(200).snapshot().expect("one was taken").clone());
        assert_eq!((cut.end_offset(), cut.last_epoch()), (200, 1));
        let records = Arc::new(vec![MetadataRecord::NoOp]);
        cut.append(MetadataBatch { base_offset: 200, epoch: 2, timestamp_ms: 0, records });
        assert_eq!((cut.end_offset(), cut.last_epoch()), (201, 2));
        cut.truncate_to(200);
        assert_eq!((cut.end_offset(), cut.last_epoch()), (200, 1));
        assert_eq!(log(300).validate(cut.end_offset(), cut.last_epoch()), Position::Valid);
    }

    #[test]
    fn what_is_larger_than_retention_goes_oldest_first() {
        let mut log = log(700);
        let whole = log.bytes + log.snapshots().iter().map(|snapshot| snapshot.bytes).sum::<u64>();
        log.clean(0, -1, whole as i64);
        check(&log, 0, &[200, 400, 600]);
        log.clean(0, -1, whole as i64 - 1);
        check(&log, 400, &[400, 600]);
        log.clean(0, -1, 0);
        check(&log, 600, &[600]);
    }
}
