//! How an event reaches its process: what travelled is held, put back into order, lost or delivered, and a step runs.

use std::hash::{Hash, Hasher};

use super::{Cargo, Event, NodeId, NodeState, What, World};
use crate::network::End;
use crate::{CloseReason, ConnId, Effects, Input, Machine, StableHasher, Stimulus, TraceEntry};

impl<A: Machine> World<A> {
    pub(super) fn dispatch(&mut self, event: Event<A::Message>) {
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
            What::Accepted { node, incarnation, pair } => {
                let Some(c) = self.network.conns.get(pair) else { return };
                let (conn, peer, port) = (ConnId::new(pair, 1), c.nodes[0], c.port);
                let input = Input::Accepted { conn, peer, port };
                self.dispatch_to(node, incarnation, event.cause, input, Stimulus::Open(conn));
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
        // Until it goes on nothing reaches it; but a connection is opened by its host.
        if slot.state == NodeState::Paused && same_process {
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
                (Input::Message { conn, message }, Stimulus::Message { conn, from: from_node, bytes, tag })
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
        let is_up = matches!(state, NodeState::Running | NodeState::Paused);
        if !is_up || !slot.ports.contains(&port) {
            c.alive[1] = false;
            self.travel(pair, 0, Cargo::Close(CloseReason::Refused));
            return;
        }
        c.alive[1] = true;
        c.incarnations[1] = incarnation;
        self.travel(pair, 0, Cargo::Opened);
        let conn = ConnId::new(pair, 1);
        self.dispatch_to(node, incarnation, cause, Input::Accepted { conn, peer, port }, Stimulus::Open(conn));
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
                    Input::Accepted { conn, .. } => What::Accepted { node, incarnation, pair: conn.pair() },
                    Input::Opened { .. } | Input::Message { .. } => {
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
}
