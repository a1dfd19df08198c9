//! What befalls a world from outside: processes that die or stand still, links that are cut or slow, and traps.

use super::{Cargo, Event, What, World};
use crate::effects::Effect;
use crate::host::Trouble;
use crate::network::End;
use crate::{CloseReason, ConnId, Death, Delay, Duration, Host, Machine, NodeId, NodeState, Strike, Time, Trap};

impl<A: Machine> World<A> {
    /// Kills the process of `node` at once. True if there was one.
    pub fn kill(&mut self, node: NodeId) -> bool {
        let running = self.is_running(node);
        if running {
            self.end_process(node, Death::Kill, NodeState::Killed);
        }
        running
    }

    /// Takes the power from the host of `node`. False if it had none already.
    pub fn power_off(&mut self, node: NodeId) -> bool {
        let state = self.state(node);
        if state == NodeState::PoweredOff {
            return false;
        }
        self.end_process(node, Death::PowerLoss, NodeState::PoweredOff);
        true
    }

    /// Stops giving CPU to a running process. True if it was running.
    pub fn pause(&mut self, node: NodeId) -> bool {
        let slot = self.slot_mut(node);
        let running = slot.state == NodeState::Running;
        if running {
            slot.state = NodeState::Paused;
        }
        running
    }

    /// Lets a paused process go on; all that came for it meanwhile is delivered now, in order.
    pub fn resume(&mut self, node: NodeId) -> bool {
        let slot = self.slot_mut(node);
        let paused = slot.state == NodeState::Paused;
        if paused {
            slot.state = NodeState::Running;
            for event in self.stalled.remove(&node).unwrap_or_default() {
                self.queue.push(self.now, event);
            }
        }
        paused
    }

    /// Cuts the link from one node to another, one way. False if it was cut already.
    pub fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        self.network.cut(from, to)
    }

    /// Heals a cut; what it held arrives now, in order. False if there was no cut.
    pub fn heal(&mut self, from: NodeId, to: NodeId) -> bool {
        let healed = self.network.heal(from, to);
        if healed {
            let (free, held) = std::mem::take(&mut self.held).into_iter().partition(|event| !self.is_held(event));
            self.held = held;
            for event in Vec::<Event<A::Message>>::from_iter(free) {
                self.queue.push(self.now, event);
            }
        }
        healed
    }

    /// Makes the link from one node to another slower than it is, one way. What is under way keeps its time of arrival.
    pub fn delay(&mut self, from: NodeId, to: NodeId, delay: Delay) {
        self.network.set_delay(from, to, Some(delay));
    }

    /// Ends a delay. What it has delayed still comes when it would have, and what is sent later over the same connection
    /// not before it. False if there was none.
    pub fn undelay(&mut self, from: NodeId, to: NodeId) -> bool {
        self.network.set_delay(from, to, None).is_some()
    }

    /// The links that are slower than usual, one way each.
    pub fn delays(&self) -> impl Iterator<Item = (NodeId, NodeId, Delay)> + '_ {
        self.network.delays()
    }

    // ---- hosts

    /// What is out of order with a host.
    pub fn host(&self, node: NodeId) -> Host {
        match self.troubles.is_empty() {
            true => Host::default(),
            false => self.troubles.get(&node).map_or(Host::default(), |trouble| trouble.host),
        }
    }

    /// The hosts that are out of order.
    pub fn hosts_in_trouble(&self) -> impl Iterator<Item = (NodeId, Host)> + '_ {
        self.troubles.iter().map(|(node, trouble)| (*node, trouble.host))
    }

    /// Says what is out of order with a host; its process finds out when it looks. Writes under way keep their time.
    pub fn set_host(&mut self, node: NodeId, host: Host) {
        if host.is_fine() {
            self.troubles.remove(&node);
        } else {
            let disk_busy = self.troubles.get(&node).map_or(Time::ZERO, |trouble| trouble.disk_busy);
            self.troubles.insert(node, Trouble { host, disk_busy });
        }
    }

    /// When a disk is done with what it is asked for now.
    pub(super) fn disk_done(&mut self, node: NodeId) -> Time {
        let begins = self.now;
        let sync = self.network.spec.sync;
        match self.troubles.get_mut(&node).filter(|trouble| trouble.host.write_time > Duration::ZERO) {
            Some(trouble) => {
                trouble.disk_busy = trouble.disk_busy.max(begins) + trouble.host.write_time;
                trouble.disk_busy
            }
            None => begins + sync,
        }
    }

    // ---- messages on their way

    /// Loses what was sent as number `n` from this end of a connection, and all behind it: a byte stream has no holes, so both
    /// ends hear of a reset. What was sent before still arrives. False if it is not on its way.
    pub fn lose(&mut self, conn: ConnId, n: u32) -> bool {
        let (pair, end) = (conn.pair(), 1 - conn.end());
        if !self.flights().iter().any(|flight| flight.conn == conn && flight.number == n) {
            return false;
        }
        let waiting = self.queue.iter_mut().map(|(_, event)| event).chain(self.held.iter_mut());
        for event in waiting {
            if let What::Travel { pair: of, to, n: number, cargo, .. } = &mut event.what
                && (*of, *to) == (pair, end)
                && *number >= n
            {
                *cargo = Cargo::Close(CloseReason::Reset);
            }
        }
        self.travel(pair, 1 - end, Cargo::Close(CloseReason::Reset));
        if let Some(c) = self.network.conns.get_mut(pair) {
            c.is_broken = true;
        }
        true
    }

    /// What was sent as number `n` from this end of a connection takes so much longer, and all behind it waits for it: a byte
    /// stream keeps its order. When it arrives now; None if it is not on its way, or a cut link holds it.
    pub fn hold_up(&mut self, conn: ConnId, n: u32, by: Duration) -> Option<Time> {
        let (pair, end) = (conn.pair(), 1 - conn.end());
        let found =
            self.flights().into_iter().find(|flight| flight.conn == conn && flight.number == n && !flight.held)?;
        let arrives = found.arrives + by;
        let is_behind = |event: &Event<A::Message>| matches!(&event.what, What::Travel { pair: of, to, n: number, .. } if (*of, *to) == (pair, end) && *number >= n);
        let mut behind = self.queue.take(is_behind);
        ordered::sort_by_key(&mut behind, |(_, event)| if let What::Travel { n, .. } = event.what { n } else { 0 });
        for (at, event) in behind {
            self.queue.push(at.max(arrives), event);
        }
        let c = self.network.conns.get_mut(pair)?;
        c.last_arrival[end] = c.last_arrival[end].max(arrives);
        Some(arrives)
    }

    // ---- traps

    /// Sets a trap; it strikes once.
    pub fn set_trap(&mut self, trap: Trap<A::Message, A::Note>) {
        self.traps.push(trap);
    }

    /// Takes away the traps that have not struck and that `is_meant`; how many.
    pub fn remove_traps(&mut self, is_meant: impl Fn(&Trap<A::Message, A::Note>) -> bool) -> usize {
        let before = self.traps.len();
        self.traps.retain(|trap| !is_meant(trap));
        before - self.traps.len()
    }

    /// The traps that have not struck yet, in the order they were set.
    pub fn traps(&self) -> &[Trap<A::Message, A::Note>] {
        &self.traps
    }

    /// Takes out the traps that struck since the last call, in that order. A process that one of them struck in the last event
    /// is ended by this call, or else before the next event: until then its state is still there to look at.
    pub fn take_sprung(&mut self) -> Vec<Trap<A::Message, A::Note>> {
        self.bury();
        std::mem::take(&mut self.sprung)
    }

    /// Whether a trap has sprung since they were taken out last.
    pub fn has_sprung(&self) -> bool {
        !self.sprung.is_empty() || self.dying.is_some()
    }

    /// Applies what a step asked for, while traps are set. A process that dies at a point of its step has done all the
    /// writing of that step, and says so; of what it would send or ask for after that point nothing goes out.
    pub(super) fn apply_among_traps(
        &mut self,
        node: NodeId,
        effects: impl Iterator<Item = Effect<A::Message, A::Note>>,
    ) {
        let mut dies = None;
        for effect in effects {
            let is_note = matches!(effect, Effect::Note(_));
            let strike = if dies.is_none() { self.spring(node, &effect) } else { None };
            match strike {
                Some(Strike::Reset) => self.reset_way_of(&effect),
                Some(Strike::Die { death, before }) => {
                    if is_note || !before {
                        self.apply(node, effect);
                    }
                    dies = Some(death);
                }
                None if is_note || dies.is_none() => self.apply(node, effect),
                None => {}
            }
        }
        self.dying = dies.map(|death| (node, death));
    }

    /// Ends the process that a trap struck in the last step.
    pub(super) fn bury(&mut self) {
        match self.dying.take() {
            Some((node, Death::PowerLoss)) => drop(self.power_off(node)),
            Some((node, Death::Kill | Death::Exit)) => drop(self.kill(node)),
            None => {}
        }
    }

    /// The strike of the first trap that an effect springs.
    fn spring(&mut self, node: NodeId, effect: &Effect<A::Message, A::Note>) -> Option<Strike> {
        let peer = match effect {
            Effect::Send { conn, .. } => {
                let c = self.network.conns.get(conn.pair()).filter(|c| c.alive[conn.end()] && !c.is_broken)?;
                Some(c.nodes[1 - conn.end()])
            }
            _ => None,
        };
        let springs = |trap: &Trap<A::Message, A::Note>| {
            trap.node == node
                && (trap.towards.is_empty() || peer.is_some_and(|peer| trap.towards.contains(&peer)))
                && (peer.is_some() || trap.strike != Strike::Reset)
                && (trap.point)(effect)
        };
        let place = self.traps.iter().position(springs)?;
        let trap = self.traps.remove(place);
        let strike = trap.strike;
        self.sprung.push(trap);
        Some(strike)
    }

    /// The connection that something was to be sent over is reset on its way: both ends hear of it.
    fn reset_way_of(&mut self, effect: &Effect<A::Message, A::Note>) {
        let Effect::Send { conn, .. } = effect else { return };
        let pair = conn.pair();
        for end in 0..2 as End {
            self.travel(pair, end, Cargo::Close(CloseReason::Reset));
        }
        if let Some(c) = self.network.conns.get_mut(pair) {
            c.is_broken = true;
        }
    }
}
