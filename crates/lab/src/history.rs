//! The past of a run: its notes, in shared chunks so that a checkpoint costs little.

use std::sync::Arc;

use kernel::Stamped;
use protocol::Note;

const CHUNK_NOTES: usize = 512;
/// Notes that are remembered; older ones are forgotten in chunks.
pub const NOTES_MAX: usize = 400 * CHUNK_NOTES;

/// Notes in the order they were made. The first note of a run has number 0.
#[derive(Clone, Debug, Default)]
pub struct History {
    forgotten: u64,
    closed: std::collections::VecDeque<Arc<[Stamped<Note>]>>,
    open: Vec<Stamped<Note>>,
}

impl History {
    /// Appends a note.
    pub fn push(&mut self, note: Stamped<Note>) {
        self.open.push(note);
        if self.open.len() == CHUNK_NOTES {
            self.closed.push_back(std::mem::take(&mut self.open).into());
            if self.closed.len() * CHUNK_NOTES > NOTES_MAX {
                self.closed.pop_front();
                self.forgotten += CHUNK_NOTES as u64;
            }
        }
    }

    /// How many notes were made, also those forgotten.
    pub fn len(&self) -> u64 {
        self.forgotten + (self.closed.len() * CHUNK_NOTES + self.open.len()) as u64
    }
    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many of the oldest notes are forgotten.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
    /// The notes from number `from` on, as far as they are remembered.
    pub fn since(&self, from: u64) -> impl Iterator<Item = &Stamped<Note>> {
        let skip = from.saturating_sub(self.forgotten) as usize;
        let (chunks, within) = (skip / CHUNK_NOTES, skip % CHUNK_NOTES);
        let closed = self.closed.iter().skip(chunks).flat_map(|chunk| chunk.iter());
        let open_from = if chunks > self.closed.len() { self.open.len() } else { 0 };
        closed.chain(self.open[open_from..].iter()).skip(within)
    }
    /// All remembered notes, latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &Stamped<Note>> {
        self.open.iter().rev().chain(self.closed.iter().rev().flat_map(|chunk| chunk.iter().rev()))
    }
    /// All remembered notes, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Stamped<Note>> {
        self.since(self.forgotten)
    }
}
