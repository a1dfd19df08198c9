//! The world: machines, the network between them, and the loop that runs their events.

mod carry;
mod delivery;
mod faults;
mod looking;

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;

use ordered::SortedMap;

use crate::effects::Effect;
use crate::host::Trouble;
use crate::network::{End, Network};
use crate::queue::Queue;
use crate::trace::Trace;
use crate::{CloseReason, ConnId, Death, LinkSpec, Machine, NetworkSpec, Order, Stamped, Streams, Time, Trap};

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
    /// How many processes have ended.
    ended: u64,
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
    /// A paused process learns, when it goes on, of a connection that its host has opened for it.
    Accepted {
        node: NodeId,
        incarnation: u32,
        pair: u64,
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
            ended: 0,
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

    fn end_process(&mut self, node: NodeId, death: Death, state: NodeState) {
        self.ended += 1;
        let now = self.now;
        let slot = self.slot_mut(node);
        let was_running = matches!(slot.state, NodeState::Running | NodeState::Paused);
        slot.state = state;
        slot.ports.clear();
        if was_running || death == Death::PowerLoss {
            slot.machine.halt(now, death);
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
}
