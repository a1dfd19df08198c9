//! The kernel alone: nodes in a ring, each with a few messages in flight to the next, which sends them back. Nothing
//! but queue, links, connections, trace and digest is at work, so this is the floor under every other figure.

use kernel::{Death, Duration, Effects, Input, Machine, NetworkSpec, Time, World};

use crate::{Measured, Run};

const PORT: u16 = 1;
/// Messages a node keeps in flight.
const IN_FLIGHT: u32 = 4;
const EVENTS: u64 = 500_000;

#[derive(Clone, Hash)]
struct Node {
    next: String,
    got: u64,
}

#[derive(Clone, Hash)]
struct Ball(u32);

impl Machine for Node {
    type Message = Ball;
    type Note = ();

    fn step(&mut self, _: Time, input: Input<Ball>, fx: &mut Effects<Ball, ()>) {
        match input {
            Input::Start => {
                fx.listen(PORT);
                let conn = fx.connect(&self.next, PORT);
                for n in 0..IN_FLIGHT {
                    fx.send(conn, Ball(n));
                }
            }
            Input::Message { conn, message } => {
                self.got += 1;
                fx.send(conn, *message);
            }
            _ => {}
        }
    }

    fn halt(&mut self, _: kernel::Time, _: Death) {}

    fn wire_bytes(_: &Ball) -> u64 {
        100
    }
}

/// A ring that has found its rhythm.
pub(crate) struct Ring {
    world: World<Node>,
    measured: Measured,
}

impl Ring {
    pub(crate) fn new(nodes: usize) -> Ring {
        let mut world = World::new(7, NetworkSpec::default());
        for n in 0..nodes {
            let next = format!("n{}", (n + 1) % nodes);
            world.add_node(&format!("n{n}"), Node { next, got: 0 });
        }
        for node in world.node_ids() {
            world.start(node);
        }
        world.run_until(Time::from_millis(20));
        Ring { world, measured: Measured::default() }
    }

    /// The digest after so many more virtual milliseconds.
    pub(crate) fn digest_after(mut self, ms: u64) -> u64 {
        self.world.run_until(self.world.now() + Duration::from_millis(ms));
        self.world.digest()
    }

    fn delivered(&self) -> u64 {
        self.world.node_ids().map(|node| self.world.machine(node).got).sum()
    }
}

impl Run for Ring {
    fn run(&mut self, _: u32) {
        let (before, since, from) = (self.delivered(), self.world.now(), self.world.events());
        while self.world.events() - from < EVENTS && self.world.step().is_some() {}
        self.measured = Measured {
            units: self.delivered() - before,
            events: self.world.events() - from,
            pending: self.world.pending() as u64,
            virtual_ns: self.world.now().since(since).as_nanos(),
            digest: self.world.digest(),
        };
    }

    fn measured(&self) -> Measured {
        self.measured
    }
}
