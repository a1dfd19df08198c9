//! The kernel alone: nodes in a ring, each with a few messages in flight to the next, which sends them back. Nothing
//! but queue, links, connections, trace and digest is at work, so this is the floor under every other figure.

use kernel::{Death, Effects, Input, Machine, NetworkSpec, Time, World};

use crate::{Measured, Prepared};

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
                fx.send(conn, message);
            }
            _ => {}
        }
    }

    fn halt(&mut self, _: Death) {}

    fn wire_bytes(_: &Ball) -> u64 {
        100
    }
}

/// A ring of `nodes` that has found its rhythm.
pub(crate) fn prepare(nodes: usize) -> Prepared {
    let mut world = World::new(7, NetworkSpec::default());
    for n in 0..nodes {
        let next = format!("n{}", (n + 1) % nodes);
        world.add_node(&format!("n{n}"), Node { next, got: 0 });
    }
    for node in world.node_ids() {
        world.start(node);
    }
    world.run_until(Time::from_millis(20));
    Prepared::new(move || run(world))
}

fn run(mut world: World<Node>) -> Measured {
    let delivered = |world: &World<Node>| world.node_ids().map(|node| world.machine(node).got).sum::<u64>();
    let (before, since, from) = (delivered(&world), world.now(), world.events());
    while world.events() - from < EVENTS && world.step().is_some() {}
    Measured {
        units: delivered(&world) - before,
        events: world.events() - from,
        pending: world.pending() as u64,
        virtual_ns: world.now().since(since).as_nanos(),
        digest: world.digest(),
    }
}
