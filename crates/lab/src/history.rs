//! The past of a run: its notes, in shared chunks so that a checkpoint costs little.

use kernel::{Chunks, Stamped};
use protocol::Note;

/// Notes that are remembered, or a few more; older ones are forgotten.
pub const NOTES_MAX: usize = 163_840;

/// Notes in the order they were made. The first note of a run has number 0.
#[derive(Clone, Debug, Default)]
pub struct History(Chunks<Stamped<Note>>);

impl History {
    /// Appends a note.
    pub fn push(&mut self, note: Stamped<Note>) {
        self.0.push(note, NOTES_MAX);
    }
    /// How many notes were made, also those forgotten.
    pub fn len(&self) -> u64 {
        self.0.len()
    }
    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// How many of the oldest notes are forgotten.
    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }
    /// The notes from number `from` on, as far as they are remembered.
    pub fn since(&self, from: u64) -> impl Iterator<Item = &Stamped<Note>> {
        self.0.since(from)
    }
    /// All remembered notes, latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &Stamped<Note>> {
        self.0.iter().rev()
    }
    /// All remembered notes, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Stamped<Note>> {
        self.0.iter()
    }
}
