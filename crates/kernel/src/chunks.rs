//! A long list that only grows at its end, in chunks that copies share: a checkpoint copies pointers, and the few entries
//! of the last chunk.

use std::collections::VecDeque;
use std::sync::Arc;

/// Entries in a full chunk.
const CHUNK_LEN: usize = 256;

/// A list in shared chunks. It may forget its oldest chunks; entries keep their numbers.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    forgotten: u64,
    closed: VecDeque<Arc<Vec<T>>>,
    open: Vec<T>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { forgotten: 0, closed: VecDeque::new(), open: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// Appends an entry; if more than `max` are remembered, the oldest chunk is forgotten.
    pub fn push(&mut self, entry: T, max: usize) {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(CHUNK_LEN);
        }
        self.open.push(entry);
        if self.open.len() == CHUNK_LEN {
            self.closed.push_back(Arc::new(std::mem::take(&mut self.open)));
            if self.closed.len() * CHUNK_LEN > max {
                self.closed.pop_front();
                self.forgotten += CHUNK_LEN as u64;
            }
        }
    }

    /// How many entries were made, also those forgotten.
    pub fn len(&self) -> u64 {
        self.forgotten + (self.closed.len() * CHUNK_LEN + self.open.len()) as u64
    }
    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many of the oldest are forgotten.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The entries from number `from` on, as far as they are remembered.
    pub fn since(&self, from: u64) -> impl Iterator<Item = &T> {
        let skip = from.saturating_sub(self.forgotten) as usize;
        let (chunks, within) = (skip / CHUNK_LEN, skip % CHUNK_LEN);
        let closed = self.closed.iter().skip(chunks).flat_map(|chunk| chunk.iter());
        let open = if chunks > self.closed.len() { &[] } else { self.open.as_slice() };
        closed.chain(open).skip(within)
    }

    /// All remembered entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.closed.iter().flat_map(|chunk| chunk.iter()).chain(&self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_numbers_when_the_oldest_are_forgotten() {
        let mut list = Chunks::default();
        (0..1_500u64).for_each(|n| list.push(n, 1_000));
        assert_eq!((list.len(), list.forgotten()), (1_500, 512));
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), (512..1_500).collect::<Vec<_>>());
        for from in [0, 511, 512, 767, 768, 1_279, 1_280, 1_400, 1_499, 1_500, 1_900] {
            let expected: Vec<u64> = (from.max(512)..1_500).collect();
            assert_eq!(list.since(from).copied().collect::<Vec<_>>(), expected, "from {from}");
        }
    }
}
