//! What the kernel remembers of the past: which event caused which.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{ConnId, NodeId, Order, Time};

/// What an event was, without its content.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Stimulus {
    /// A process started.
    Start,
    /// A connection opened or was accepted.
    Open(ConnId),
    /// A message of so many bytes came from a node.
    Message {
        /// The connection.
        conn: ConnId,
        /// The sender.
        from: NodeId,
        /// Its size on the wire.
        bytes: u64,
        /// As [`crate::Machine::tag`] packed it.
        tag: u64,
    },
    /// A message came for a process that is gone; no step was run.
    Lost {
        /// The sender.
        from: NodeId,
        /// As [`crate::Machine::tag`] packed it.
        tag: u64,
    },
    /// A connection ended.
    Close(ConnId),
    /// A timer fired.
    Timer,
    /// A sync completed.
    Synced,
    /// An order from outside.
    Order(Order),
}

/// One event in the trace ring.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct TraceEntry {
    /// The event's number; events are numbered from 1 in the order they run.
    pub event: u64,
    /// The number of the event that scheduled it; 0 for orders from outside.
    pub cause: u64,
    /// When it ran.
    pub at: Time,
    /// The node it happened to.
    pub node: NodeId,
    /// What it was.
    pub stimulus: Stimulus,
}

/// A note with where and when it was made.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Stamped<N> {
    /// The event during which it was made; 0 before the first.
    pub event: u64,
    /// When.
    pub at: Time,
    /// By which node.
    pub node: NodeId,
    /// The note.
    pub note: N,
}

/// Entries in a full chunk.
const CHUNK_LEN: usize = 256;
/// Full chunks kept.
const CHUNKS_MAX: usize = 16;

/// The last events, in chunks that copies of a world share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    closed: VecDeque<Arc<Vec<TraceEntry>>>,
    open: Vec<TraceEntry>,
    /// It would reach further back, had it not been forgotten.
    is_cut: bool,
}

impl Trace {
    pub(crate) fn push(&mut self, entry: TraceEntry) {
        if self.open.len() == CHUNK_LEN {
            let mut room = Vec::new();
            if self.closed.len() == CHUNKS_MAX {
                // If nobody else looks at it, the oldest chunk gives its room to the next one.
                let oldest = self.closed.pop_front().and_then(Arc::into_inner);
                room = oldest.unwrap_or_default();
                room.clear();
                self.is_cut = false;
            }
            room.reserve_exact(CHUNK_LEN);
            self.closed.push_back(Arc::new(std::mem::replace(&mut self.open, room)));
        }
        self.open.push(entry);
    }

    pub(crate) fn find(&self, event: u64) -> Option<&TraceEntry> {
        let place = self.closed.partition_point(|chunk| chunk[CHUNK_LEN - 1].event < event);
        let chunk = self.closed.get(place).map_or(self.open.as_slice(), |chunk| &chunk[..]);
        chunk.get(chunk.partition_point(|entry| entry.event < event)).filter(|entry| entry.event == event)
    }

    /// Forgets all.
    pub(crate) fn forget(&mut self) {
        *self = Trace { is_cut: true, ..Trace::default() };
    }

    /// Whether it would reach further back, had it not been forgotten.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &TraceEntry> {
        self.closed.iter().flat_map(|chunk| chunk.iter()).chain(&self.open)
    }
}
