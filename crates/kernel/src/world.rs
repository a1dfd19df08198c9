//! The world: machines, the network between them, and the loop that runs their events.

mod faults;

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ordered::SortedMap;

use crate::effects::Effect;
use crate::host::Trouble;
use crate::network::{Conn, End, Network};
use crate::queue::Queue;
use crate::trace::Trace;
use crate::{
    CloseReason, ConnId, Death, Effects, Flight, Input, LinkSpec, Machine, NetworkSpec, Order, StableHasher, Stamped,
    Stimulus, Streams, Time, TraceEntry, Trap,
};

/// A node: a host with at most one process on it. Nodes are numbered from 0 in the order they were added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeId(pub u32);

/// What a node is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NodeState {
    /// Its process has not been started yet.
    New,
    /// Its process runs.
    Running,
    /// Its process runs but gets no CPU: a long garbage collection, a stopped container.
    Paused,
    /// Its process ended by itself with this exit code.
    Exited(i32),
    /// Its process was killed; the host is up.
    Killed,
    /// The host has no power.
    PoweredOff,
}

/// A deterministic world. Cloning it is cheap: machines are shared until they change.
#[derive(Clone)]
pub struct World<A: Machine> {
    seed: u64,
    now: Time,
    events: u64,
    digest: u64,
    next_conn: u64,
    nodes: Vec<Arc<Slot<A>>>,
    names: SortedMap<Arc<str>, NodeId>,
    published: SortedMap<(Arc<str>, u16), (NodeId, u16)>,
    network: Network,
    queue: Queue<Event<A::Message>>,
    held: Vec<Event<A::Message>>,
    stalled: SortedMap<NodeId, VecDeque<Event<A::Message>>>,
    notes: Vec<Stamped<A::Note>>,
    trace: Trace,
    buffer: Vec<Effect<A::Message, A::Note>>,
    /// The hosts that are out of order.
    troubles: SortedMap<NodeId, Trouble>,
    traps: Vec<Trap<A::Message, A::Note>>,
    sprung: Vec<Trap<A::Message, A::Note>>,
    /// Struck by a trap in the last step.
    dying: Option<(NodeId, Death)>,
}

#[derive(Clone, Hash)]
struct Slot<A> {
    name: Arc<str>,
    state: NodeState,
    incarnation: u32,
    ports: Vec<u16>,
    streams: Streams,
    machine: A,
}

#[derive(Clone, Debug)]
struct Event<M> {
    cause: u64,
    what: What<M>,
}

#[derive(Clone, Debug)]
enum What<M> {
    Start {
        node: NodeId,
        incarnation: u32,
    },
    Timer {
        node: NodeId,
        incarnation: u32,
        token: u64,
    },
    Synced {
        node: NodeId,
        incarnation: u32,
        token: u64,
    },
    Order {
        node: NodeId,
        order: Order,
    },
    /// Something travelling over a connection towards end `to`.
    Travel {
        pair: u64,
        to: End,
        n: u32,
        sent: Time,
        cargo: Cargo<M>,
    },
    /// A connection attempt that fails.
    Fail {
        node: NodeId,
        incarnation: u32,
        conn: ConnId,
        reason: CloseReason,
    },
}

#[derive(Clone, Debug)]
enum Cargo<M> {
    /// A connection request reaches the acceptor.
    Open,
    /// Its answer reaches the opener.
    Opened,
    /// In a box, because events are moved often and a message only at its ends.
    Message {
        bytes: u64,
        message: Box<M>,
    },
    Close(CloseReason),
}

impl<A: Machine> World<A> {
    /// An empty world.
    pub fn new(seed: u64, spec: NetworkSpec) -> World<A> {
        World {
            seed,
            now: Time::ZERO,
            events: 0,
            digest: 0,
            next_conn: 1,
            nodes: Vec::new(),
            names: SortedMap::new(),
            published: SortedMap::new(),
            network: Network::new(spec),
            queue: Queue::new(),
            held: Vec::new(),
            stalled: SortedMap::new(),
            notes: Vec::new(),
            trace: Trace::default(),
            buffer: Vec::new(),
            troubles: SortedMap::new(),
            traps: Vec::new(),
            sprung: Vec::new(),
            dying: None,
        }
    }

    // ---- building

    /// Adds a host named `name` with a process that is not started yet. A later node of the same name takes
    /// the name over.
    pub fn add_node(&mut self, name: &str, machine: A) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let name: Arc<str> = name.into();
        self.names.insert(name.clone(), id);
        self.nodes.push(Arc::new(Slot {
            name,
            state: NodeState::New,
            incarnation: 0,
            ports: Vec::new(),
            streams: Streams::new(self.seed, id.0),
            machine,
        }));
        id
    }

    /// Makes `host:port` another address of `node:node_port`, as a port mapping does.
    pub fn publish(&mut self, host: &str, port: u16, node: NodeId, node_port: u16) {
        self.published.insert((host.into(), port), (node, node_port));
    }

    /// Sets how the link from one node to another behaves.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, spec: LinkSpec) {
        self.network.set_link(from, to, spec);
    }

    // ---- acting from outside

    /// Starts the process of `node`, unless it runs already. True if it was started.
    pub fn start(&mut self, node: NodeId) -> bool {
        let slot = self.slot_mut(node);
        if matches!(slot.state, NodeState::Running | NodeState::Paused) {
            return false;
        }
        slot.state = NodeState::Running;
        slot.incarnation += 1;
        let incarnation = slot.incarnation;
        self.schedule(self.now, 0, What::Start { node, incarnation });
        true
    }

    /// Gives the process of `node` an order.
    pub fn order(&mut self, node: NodeId, order: Order) {
        self.schedule(self.now, 0, What::Order { node, order });
    }

    // ---- running

    /// Moves the clock forward to `to` without running anything; does nothing if events are due before.
    pub fn advance(&mut self, to: Time) {
        if self.next_time().is_none_or(|next| next >= to) {
            self.now = self.now.max(to);
        }
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Time> {
        self.queue.next_time()
    }

    /// Runs the next event. None if nothing is left to happen.
    pub fn step(&mut self) -> Option<Time> {
        self.bury();
        let (at, event) = self.queue.pop()?;
        debug_assert!(at >= self.now, "time runs forward");
        self.now = at;
        // Also what finds nobody to go to counts: the number of an event and a time are then one moment of the run.
        self.events += 1;
        self.dispatch(event);
        Some(at)
    }

    /// Runs every event up to and including `until`, then sets the clock to it. Returns how many ran.
    pub fn run_until(&mut self, until: Time) -> u64 {
        let before = self.events;
        while self.next_time().is_some_and(|next| next <= until) {
            self.step();
        }
        self.now = self.now.max(until);
        self.events - before
    }

    // ---- looking

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
    /// The machine on `node`, to change from outside: only for planting bugs in tests.
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
    /// Keeps less: of the trace the last 256 events or some more, of streams of random numbers where they stand. That
    /// changes no run.
    pub fn slim(&mut self) {
        self.trace.forget(1);
        for node in 0..self.nodes.len() {
            self.slot_mut(NodeId(node as u32)).streams.fold();
        }
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

    // ---- the loop

    fn dispatch(&mut self, event: Event<A::Message>) {
        match event.what {
            What::Start { node, incarnation } => {
                self.dispatch_to(node, incarnation, event.cause, Input::Start, Stimulus::Start)
            }
            What::Timer { node, incarnation, token } => {
                self.dispatch_to(node, incarnation, event.cause, Input::Timer { token }, Stimulus::Timer)
            }
            What::Synced { node, incarnation, token } => {
                self.dispatch_to(node, incarnation, event.cause, Input::Synced { token }, Stimulus::Synced)
            }
            What::Fail { node, incarnation, conn, reason } => {
                self.dispatch_to(node, incarnation, event.cause, Input::Closed { conn, reason }, Stimulus::Close(conn))
            }
            What::Order { node, ref order } => {
                let incarnation = self.nodes[node.0 as usize].incarnation;
                let (input, stimulus) = (Input::Order(order.clone()), Stimulus::Order(order.clone()));
                self.dispatch_to(node, incarnation, event.cause, input, stimulus);
            }
            What::Travel { pair, to, n, .. } => self.arrive(pair, to, n, event),
        }
    }

    /// Something has come over a connection: hold it, put it back into order, drop it, or deliver it.
    fn arrive(&mut self, pair: u64, to: End, n: u32, event: Event<A::Message>) {
        let Some(c) = self.network.conns.get(pair) else { return };
        let (from_node, node) = (c.nodes[1 - to], c.nodes[to]);
        if self.network.is_cut(c, to) {
            self.held.push(event);
            return;
        }
        let incarnation = c.incarnations[to];
        let slot = &self.nodes[node.0 as usize];
        let host_up = slot.state != NodeState::PoweredOff;
        let same_process =
            slot.incarnation == incarnation && matches!(slot.state, NodeState::Running | NodeState::Paused);
        if slot.state == NodeState::Paused && (same_process || incarnation == 0) {
            self.stalled.entry(node).or_default().push_back(event);
            return;
        }
        if n != c.delivered[to] {
            // Something sent before it was held by a cut and is being released at this very moment.
            if self.held.iter().any(
                |held| matches!(held.what, What::Travel { pair: other, to: end, .. } if other == pair && end == to),
            ) {
                self.held.push(event);
            } else {
                self.queue.push(self.now, event);
            }
            return;
        }
        let c = self.network.conns.get_mut(pair).expect("looked up above");
        c.delivered[to] += 1;
        let What::Travel { cargo, .. } = event.what else { return };
        if let Cargo::Open = cargo {
            self.accept(pair, node, host_up, event.cause);
            return;
        }
        if !same_process || !c.alive[to] {
            if let Cargo::Message { message, .. } = &cargo {
                self.remember(event.cause, node, Stimulus::Lost { from: from_node, tag: A::tag(message) });
                // A host that is up answers for a process that is gone; a dead host is silent.
                if host_up {
                    self.travel(pair, 1 - to, Cargo::Close(CloseReason::Reset));
                }
            } else if c.is_broken && c.is_over() {
                self.network.conns.remove(pair);
            }
            return;
        }
        let conn = ConnId::new(pair, to);
        let (input, stimulus) = match cargo {
            Cargo::Opened => (Input::Opened { conn }, Stimulus::Open(conn)),
            Cargo::Message { bytes, message } => {
                let tag = A::tag(&message);
                (Input::Message { conn, message: *message }, Stimulus::Message { conn, from: from_node, bytes, tag })
            }
            Cargo::Close(reason) => {
                c.alive[to] = false;
                if c.is_over() {
                    self.network.conns.remove(pair);
                }
                (Input::Closed { conn, reason }, Stimulus::Close(conn))
            }
            Cargo::Open => return,
        };
        self.run_step(node, event.cause, input, stimulus);
    }

    fn accept(&mut self, pair: u64, node: NodeId, host_up: bool, cause: u64) {
        if !host_up {
            return;
        }
        let slot = &self.nodes[node.0 as usize];
        let (incarnation, state) = (slot.incarnation, slot.state);
        let c = self.network.conns.get_mut(pair).expect("the caller found it");
        let (peer, port) = (c.nodes[0], c.port);
        if state != NodeState::Running || !slot.ports.contains(&port) {
            c.alive[1] = false;
            self.travel(pair, 0, Cargo::Close(CloseReason::Refused));
            return;
        }
        c.alive[1] = true;
        c.incarnations[1] = incarnation;
        self.travel(pair, 0, Cargo::Opened);
        let conn = ConnId::new(pair, 1);
        self.run_step(node, cause, Input::Accepted { conn, peer, port }, Stimulus::Open(conn));
    }

    /// Runs a step of `node` if the process is still the one the event was meant for.
    fn dispatch_to(
        &mut self,
        node: NodeId,
        incarnation: u32,
        cause: u64,
        input: Input<A::Message>,
        stimulus: Stimulus,
    ) {
        let slot = &self.nodes[node.0 as usize];
        if slot.incarnation != incarnation {
            return;
        }
        match slot.state {
            NodeState::Running => self.run_step(node, cause, input, stimulus),
            NodeState::Paused => {
                let what = match input {
                    Input::Timer { token } => What::Timer { node, incarnation, token },
                    Input::Synced { token } => What::Synced { node, incarnation, token },
                    Input::Order(order) => What::Order { node, order },
                    Input::Start => What::Start { node, incarnation },
                    Input::Closed { conn, reason } => What::Fail { node, incarnation, conn, reason },
                    Input::Opened { .. } | Input::Accepted { .. } | Input::Message { .. } => {
                        unreachable!("what travels is stalled where it arrives")
                    }
                };
                self.stalled.entry(node).or_default().push_back(Event { cause, what });
            }
            NodeState::New | NodeState::Exited(_) | NodeState::Killed | NodeState::PoweredOff => {}
        }
    }

    fn run_step(&mut self, node: NodeId, cause: u64, input: Input<A::Message>, stimulus: Stimulus) {
        let mut hasher = StableHasher::new(self.digest);
        (self.now, node).hash(&mut hasher);
        input.hash(&mut hasher);
        self.digest = hasher.finish();
        self.remember(cause, node, stimulus);

        let now = self.now;
        let list = std::mem::take(&mut self.buffer);
        let next_conn = self.next_conn;
        let host = self.host(node);
        let slot = self.slot_mut(node);
        let streams = std::mem::take(&mut slot.streams);
        let mut fx = Effects { list, streams, next_conn, node, host };
        slot.machine.step(now, input, &mut fx);
        slot.streams = std::mem::take(&mut fx.streams);
        self.next_conn = fx.next_conn;
        let mut list = fx.list;
        match self.traps.is_empty() {
            true => list.drain(..).for_each(|effect| self.apply(node, effect)),
            false => self.apply_among_traps(node, list.drain(..)),
        }
        self.buffer = list;
    }

    fn remember(&mut self, cause: u64, node: NodeId, stimulus: Stimulus) {
        self.trace.push(TraceEntry { event: self.events, cause, at: self.now, node, stimulus });
    }

    fn apply(&mut self, node: NodeId, effect: Effect<A::Message, A::Note>) {
        let incarnation = self.nodes[node.0 as usize].incarnation;
        let cause = self.events;
        match effect {
            Effect::Connect { conn, host, port } => self.connect(node, incarnation, conn, &host, port),
            Effect::Listen { port } => {
                let slot = self.slot_mut(node);
                if !slot.ports.contains(&port) {
                    slot.ports.push(port);
                }
            }
            Effect::Send { conn, message } => {
                if self.is_live(conn, node, incarnation) {
                    let bytes = A::wire_bytes(&message);
                    self.travel(conn.pair(), 1 - conn.end(), Cargo::Message { bytes, message: Box::new(message) });
                }
            }
            Effect::Close { conn } => {
                if self.is_live(conn, node, incarnation) {
                    self.close_end(conn, CloseReason::Closed);
                }
            }
            Effect::Timer { at, token } => {
                self.schedule(at.max(self.now), cause, What::Timer { node, incarnation, token })
            }
            Effect::Sync { token } => {
                let at = self.disk_done(node);
                self.schedule(at, cause, What::Synced { node, incarnation, token });
            }
            Effect::Note(note) => self.notes.push(Stamped { event: self.events, at: self.now, node, note }),
            Effect::Exit { code } => self.end_process(node, Death::Exit, NodeState::Exited(code)),
        }
    }

    fn connect(&mut self, node: NodeId, incarnation: u32, conn: ConnId, host: &Arc<str>, port: u16) {
        let target = match self.published.get(&(host.clone(), port)) {
            Some(target) => Some(*target),
            None => self.names.get(host).map(|peer| (*peer, port)),
        };
        let Some((peer, port)) = target else {
            let reason = CloseReason::UnknownHost;
            self.schedule(self.now, self.events, What::Fail { node, incarnation, conn, reason });
            return;
        };
        let links = [self.network.link(peer, node), self.network.link(node, peer)];
        let opened = Conn::opening([node, peer], incarnation, port, links);
        self.network.conns.insert(conn.pair(), opened);
        self.travel(conn.pair(), 1, Cargo::Open);
    }

    /// Puts something onto a connection towards end `to`.
    fn travel(&mut self, pair: u64, to: End, cargo: Cargo<A::Message>) {
        const HANDSHAKE_BYTES: u64 = 64;
        let bytes = match &cargo {
            Cargo::Message { bytes, .. } => *bytes,
            Cargo::Open | Cargo::Opened | Cargo::Close(_) => HANDSHAKE_BYTES,
        };
        let Some(c) = self.network.conns.get_mut(pair).filter(|c| !c.is_broken) else { return };
        let (link, n) = (c.links[to], c.sent[to]);
        c.sent[to] += 1;
        let draw = (pair << 24) ^ (u64::from(n) << 1) ^ to as u64;
        let arrival = self.network.arrival(self.seed, draw, self.now, link, bytes);
        let c = self.network.conns.get_mut(pair).expect("looked up above");
        let arrival = arrival.max(c.last_arrival[to]);
        c.last_arrival[to] = arrival;
        self.schedule(arrival, self.events, What::Travel { pair, to, n, sent: self.now, cargo });
    }

    /// Whether the process still takes part in `conn`.
    fn is_live(&self, conn: ConnId, node: NodeId, incarnation: u32) -> bool {
        let end = conn.end();
        self.network
            .conns
            .get(conn.pair())
            .is_some_and(|c| c.nodes[end] == node && c.incarnations[end] == incarnation && c.alive[end])
    }

    fn close_end(&mut self, conn: ConnId, reason: CloseReason) {
        self.travel(conn.pair(), 1 - conn.end(), Cargo::Close(reason));
        if let Some(c) = self.network.conns.get_mut(conn.pair()) {
            c.alive[conn.end()] = false;
        }
    }

    fn end_process(&mut self, node: NodeId, death: Death, state: NodeState) {
        let slot = self.slot_mut(node);
        let was_running = matches!(slot.state, NodeState::Running | NodeState::Paused);
        slot.state = state;
        slot.ports.clear();
        if was_running || death == Death::PowerLoss {
            slot.machine.halt(death);
        }
        let incarnation = slot.incarnation;
        for event in self.stalled.remove(&node).unwrap_or_default() {
            // What came over the network while it was paused now finds the process gone.
            if matches!(event.what, What::Travel { .. }) {
                self.queue.push(self.now, event);
            }
        }
        let ends: Vec<ConnId> = self
            .network
            .conns
            .iter()
            .flat_map(|(pair, c)| (0..2).map(move |end| (ConnId::new(pair, end), c)))
            .filter(|(conn, c)| {
                let end = conn.end();
                c.nodes[end] == node && c.incarnations[end] == incarnation && c.alive[end]
            })
            .map(|(conn, _)| conn)
            .collect();
        for conn in ends {
            match death {
                Death::Exit => self.close_end(conn, CloseReason::Closed),
                Death::Kill => self.close_end(conn, CloseReason::Reset),
                Death::PowerLoss => {
                    if let Some(c) = self.network.conns.get_mut(conn.pair()) {
                        c.alive[conn.end()] = false;
                    }
                }
            }
        }
    }

    fn schedule(&mut self, at: Time, cause: u64, what: What<A::Message>) {
        self.queue.push(at, Event { cause, what });
    }

    fn is_running(&self, node: NodeId) -> bool {
        matches!(self.state(node), NodeState::Running | NodeState::Paused)
    }

    fn slot_mut(&mut self, node: NodeId) -> &mut Slot<A> {
        Arc::make_mut(&mut self.nodes[node.0 as usize])
    }

    /// Whether a cut link stands between an event and its end of a connection.
    fn is_held(&self, event: &Event<A::Message>) -> bool {
        let What::Travel { pair, to, .. } = event.what else { return false };
        self.network.conns.get(pair).is_some_and(|c| self.network.is_cut(c, to))
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
