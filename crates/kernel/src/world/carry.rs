//! What comes of a step's effects: connections, messages on their way, timers, writes.

use std::sync::Arc;

use super::{Cargo, NodeId, NodeState, What, World};
use crate::effects::Effect;
use crate::network::{Conn, End};
use crate::{CloseReason, ConnId, Death, Machine, Stamped};

impl<A: Machine> World<A> {
    pub(super) fn apply(&mut self, node: NodeId, effect: Effect<A::Message, A::Note>) {
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
                    self.travel(conn.pair(), 1 - conn.end(), Cargo::Message { bytes, message });
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
    pub(super) fn travel(&mut self, pair: u64, to: End, cargo: Cargo<A::Message>) {
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

    pub(super) fn close_end(&mut self, conn: ConnId, reason: CloseReason) {
        self.travel(conn.pair(), 1 - conn.end(), Cargo::Close(reason));
        if let Some(c) = self.network.conns.get_mut(conn.pair()) {
            c.alive[conn.end()] = false;
        }
    }
}
