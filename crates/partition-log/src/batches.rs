//! The batches of a segment, in offset order, in chunks that clones share.
//!
//! Kafka keeps a file and sparse indexes; here a binary search over chunks and then in one chunk gives what
//! an index look-up and a scan give. Each chunk remembers the digest and the largest timestamp of everything up to
//! its end, so that hashing a log and looking up a time do not walk it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use protocol::Batch;

/// Batches in a full chunk: cloning a log copies less than this many a segment.
const CHUNK_LEN: usize = 64;

/// A batch in a segment.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) batch: Batch,
    /// Bytes of the segment before it.
    pub(crate) position: u32,
    /// Whether the offset index has an entry for it.
    pub(crate) is_indexed: bool,
}

#[derive(Debug)]
struct Chunk {
    entries: Vec<Entry>,
    /// Of all entries of the list up to the end of this chunk.
    digest: u64,
    /// Largest timestamp of all batches of the list up to the end of this chunk.
    max_timestamp_ms: i64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct BatchList {
    chunks: Arc<Vec<Arc<Chunk>>>,
    tail: Vec<Entry>,
}

impl BatchList {
    pub(crate) fn len(&self) -> usize {
        self.chunks.len() * CHUNK_LEN + self.tail.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Entry> {
        match self.chunks.get(index / CHUNK_LEN) {
            Some(chunk) => chunk.entries.get(index % CHUNK_LEN),
            None => self.tail.get(index - self.chunks.len() * CHUNK_LEN),
        }
    }

    pub(crate) fn first(&self) -> Option<&Entry> {
        self.get(0)
    }

    pub(crate) fn last(&self) -> Option<&Entry> {
        self.tail.last().or_else(|| self.chunks.last().and_then(|chunk| chunk.entries.last()))
    }

    pub(crate) fn iter_from(&self, index: usize) -> impl Iterator<Item = &Entry> {
        let chunks = self.chunks.get(index / CHUNK_LEN..).unwrap_or_default();
        // Most begin near the end.
        let (first, rest, tail) = match chunks {
            [] => (&self.tail[..], chunks, &[][..]),
            [first, rest @ ..] => (&first.entries[..], rest, &self.tail[..]),
        };
        let first = first.get(index % CHUNK_LEN..).unwrap_or_default();
        first.iter().chain(rest.iter().flat_map(|chunk| &chunk.entries)).chain(tail)
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.tail.capacity() == 0 {
            self.tail.reserve_exact(CHUNK_LEN);
        }
        self.tail.push(entry);
        if self.tail.len() == CHUNK_LEN {
            self.close_chunk();
        }
    }

    fn close_chunk(&mut self) {
        let (digest, max) = self.chunks.last().map_or((0, -1), |chunk| (chunk.digest, chunk.max_timestamp_ms));
        let entries = std::mem::take(&mut self.tail);
        let digest = entries.iter().fold(digest, digest_with);
        let max_timestamp_ms = entries.iter().map(|e| e.batch.max_timestamp_ms()).fold(max, i64::max);
        Arc::make_mut(&mut self.chunks).push(Arc::new(Chunk { entries, digest, max_timestamp_ms }));
    }

    /// Index of the first batch whose last offset is at or after `offset`; `len()` if there is none. Most are asked for near the
    /// end, where a few steps back are quicker than a search over all chunks.
    pub(crate) fn index_of(&self, offset: i64) -> usize {
        const STEPS: usize = 4;
        let ends_before = |entry: &Entry| entry.batch.last_offset() < offset;
        if self.tail.first().is_some_and(|first| first.batch.base_offset <= offset) {
            let not_before = self.tail.iter().rev().take(STEPS).take_while(|entry| !ends_before(entry)).count();
            let within = match not_before {
                STEPS => self.tail.partition_point(ends_before),
                few => self.tail.len() - few,
            };
            return self.chunks.len() * CHUNK_LEN + within;
        }
        let chunk = self.chunks.partition_point(|chunk| chunk.entries.last().is_some_and(ends_before));
        let entries = self.chunks.get(chunk).map_or(&self.tail, |chunk| &chunk.entries);
        chunk * CHUNK_LEN + entries.partition_point(ends_before)
    }

    /// Index of the first batch with a timestamp at or after `timestamp_ms`; `len()` if there is none.
    pub(crate) fn index_of_timestamp(&self, timestamp_ms: i64) -> usize {
        let chunk = self.chunks.partition_point(|chunk| chunk.max_timestamp_ms < timestamp_ms);
        let entries = self.chunks.get(chunk).map_or(&self.tail, |chunk| &chunk.entries);
        let within = entries.iter().position(|e| e.batch.max_timestamp_ms() >= timestamp_ms).unwrap_or(entries.len());
        chunk * CHUNK_LEN + within
    }

    /// Keeps the first `len` batches.
    pub(crate) fn truncate(&mut self, len: usize) {
        let full = len / CHUNK_LEN;
        if full < self.chunks.len() {
            self.tail = self.chunks[full].entries[..len % CHUNK_LEN].to_vec();
            Arc::make_mut(&mut self.chunks).truncate(full);
        } else {
            self.tail.truncate(len - self.chunks.len() * CHUNK_LEN);
        }
    }
}

fn digest_with(digest: u64, entry: &Entry) -> u64 {
    let Batch { base_offset, leader_epoch, .. } = entry.batch;
    [base_offset as u64, leader_epoch as u64, entry.batch.fingerprint(), u64::from(entry.is_indexed)]
        .into_iter()
        .fold(digest, |h, word| (h.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Hash for BatchList {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let digest = self.chunks.last().map_or(0, |chunk| chunk.digest);
        state.write_u64(self.tail.iter().fold(digest, digest_with));
    }
}
