//! What there is to see of a world: its nodes, what is on its way, and digests of it all.

use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use super::{Cargo, Event, NodeId, NodeState, What, World};
use crate::{ConnId, Flight, Machine, StableHasher, Stamped, Time, TraceEntry};

impl<A: Machine> World<A> {
    /// The seed of this run.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// The current virtual time.
    pub fn now(&self) -> Time {
        self.now
    }
    /// How many events have run.
    pub fn events(&self) -> u64 {
        self.events
    }
    /// How many times processes have ended so far, by themselves or not.
    pub fn ended(&self) -> u64 {
        self.ended
    }
    /// How many events are pending.
    pub fn pending(&self) -> usize {
        self.queue.len() + self.held.len()
    }
    /// All nodes, in order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<A> {
        (0..self.nodes.len() as u32).map(NodeId)
    }
    /// The node named `name`.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }
    /// The name of `node`.
    pub fn name(&self, node: NodeId) -> &Arc<str> {
        &self.nodes[node.0 as usize].name
    }
    /// What `node` is doing.
    pub fn state(&self, node: NodeId) -> NodeState {
        self.nodes[node.0 as usize].state
    }
    /// The machine on `node`, to look at.
    pub fn machine(&self, node: NodeId) -> &A {
        &self.nodes[node.0 as usize].machine
    }
    /// The machine on `node`, to change from outside: its disk, while its process does not run, and bugs that tests plant.
    pub fn machine_mut(&mut self, node: NodeId) -> &mut A {
        &mut self.slot_mut(node).machine
    }
    /// The links that are cut, one way each.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.network.cuts()
    }
    /// Takes out the notes made since the last call.
    pub fn take_notes(&mut self) -> Vec<Stamped<A::Note>> {
        std::mem::take(&mut self.notes)
    }
    /// The same into an empty list, whose room is used for the next notes.
    pub fn swap_notes(&mut self, empty: &mut Vec<Stamped<A::Note>>) {
        debug_assert!(empty.is_empty(), "notes are not lost");
        std::mem::swap(&mut self.notes, empty);
    }
    /// The last events that ran, oldest first.
    pub fn trace(&self) -> impl DoubleEndedIterator<Item = &TraceEntry> {
        self.trace.iter()
    }
    /// An event by its number, while it is remembered and if a step ran or a message was lost in it.
    pub fn traced(&self, event: u64) -> Option<&TraceEntry> {
        self.trace.find(event)
    }
    /// Keeps less: no trace, and of streams of random numbers where they stand. That changes no run.
    pub fn slim(&mut self) {
        self.trace.forget();
        for node in 0..self.nodes.len() {
            self.slot_mut(NodeId(node as u32)).streams.fold();
        }
    }
    /// Whether the trace would reach further back but for [`World::slim`].
    pub fn is_trace_cut(&self) -> bool {
        self.trace.is_cut()
    }
    /// Takes the trace of the same run at the same event.
    pub fn take_trace(&mut self, same: World<A>) {
        debug_assert_eq!((self.events, self.now), (same.events, same.now), "another moment");
        self.trace = same.trace;
    }
    /// Every message on its way, ordered by (time sent, connection).
    pub fn flights(&self) -> Vec<Flight<'_, A::Message>> {
        let waiting = self.queue.iter().map(|(at, event)| (at, event, false));
        let held = self.held.iter().map(|event| (Time::MAX, event, true));
        let mut flights: Vec<_> =
            waiting.chain(held).filter_map(|(arrives, event, held)| self.flight(arrives, event, held)).collect();
        ordered::sort_by_key(&mut flights, |flight| (flight.sent, flight.conn, flight.arrives));
        flights
    }
    /// The ends of an open connection: who opened it, and who accepted it on which port.
    pub fn connection(&self, conn: ConnId) -> Option<(NodeId, NodeId, u16)> {
        self.network.conns.get(conn.pair()).map(|c| (c.nodes[0], c.nodes[1], c.port))
    }

    /// A digest of everything that has happened so far and of the state of every machine. Equal digests
    /// mean equal runs, on every target.
    pub fn digest(&self) -> u64 {
        let mut hasher = StableHasher::new(self.digest);
        self.now.hash(&mut hasher);
        self.events.hash(&mut hasher);
        for slot in &self.nodes {
            slot.hash(&mut hasher);
        }
        for trouble in &self.troubles {
            trouble.hash(&mut hasher);
        }
        hasher.finish()
    }
    /// A digest of the events alone; cheap enough to ask for after every event.
    pub fn history_digest(&self) -> u64 {
        self.digest
    }

    fn ends(&self, event: &Event<A::Message>) -> Option<(NodeId, NodeId)> {
        let What::Travel { pair, to, .. } = event.what else { return None };
        let c = self.network.conns.get(pair)?;
        Some((c.nodes[1 - to], c.nodes[to]))
    }

    fn flight<'a>(&'a self, arrives: Time, event: &'a Event<A::Message>, held: bool) -> Option<Flight<'a, A::Message>> {
        let What::Travel { pair, to, n, sent, cargo: Cargo::Message { bytes, message } } = &event.what else {
            return None;
        };
        let conn = ConnId::new(*pair, 1 - to);
        let (from, to) = self.ends(event)?;
        Some(Flight { conn, number: *n, bytes: *bytes, from, to, sent: *sent, arrives, held, message })
    }
}
