//! The table of workloads. Preparing one is not measured; running it is, by the host, because what runs has no clock.

use std::fmt;

use crate::{engine, ring, scenes};

/// Something to measure. A new one: a line in [`WORKLOADS`], and a row in `crates/xtask/src/bench.rs`.
pub struct Workload {
    /// Its name, by which it is asked for and its figures are found.
    pub id: &'static str,
    /// Makes everything ready.
    pub prepare: fn() -> Box<dyn Run>,
}

/// All workloads.
pub const WORKLOADS: &[Workload] = &[
    Workload { id: "kernel-10", prepare: || Box::new(ring::Ring::new(10)) },
    Workload { id: "kernel-1000", prepare: || Box::new(ring::Ring::new(1000)) },
    Workload { id: "records-single", prepare: || Box::new(engine::Records::lines(20_000, 1, "batch.size=0")) },
    Workload { id: "records-many", prepare: || Box::new(engine::Records::lines(5_000, 20, "batch.size=0")) },
    Workload { id: "records-many-drawn", prepare: || Box::new(engine::Records::drawn(5_000, 20, "batch.size=0")) },
    Workload { id: "records-batched", prepare: || Box::new(engine::Records::lines(100_000, 1, "batch.size=131072")) },
    Workload { id: "records-drawn", prepare: || Box::new(engine::Records::drawn(5_000_000, 1, "batch.size=110000")) },
    Workload { id: "busy", prepare: || Box::new(scenes::Scene::busy()) },
    Workload { id: "busy-lines", prepare: || Box::new(scenes::Scene::busy_lines()) },
    Workload { id: "quiet", prepare: || Box::new(scenes::Scene::quiet()) },
    Workload { id: "minute", prepare: || Box::new(scenes::Scene::minute()) },
    Workload { id: "chaos", prepare: || Box::new(scenes::Scene::chaos()) },
    Workload { id: "large-boot", prepare: || Box::new(scenes::Boot::new()) },
    Workload { id: "large", prepare: || Box::new(scenes::Scene::large()) },
    Workload { id: "grown", prepare: || Box::new(grown(1, 1, 1)) },
    Workload { id: "traffic-4", prepare: || Box::new(grown(4, 1, 1)) },
    Workload { id: "traffic-16", prepare: || Box::new(grown(16, 1, 1)) },
    Workload { id: "partitions-4", prepare: || Box::new(grown(1, 4, 1)) },
    Workload { id: "partitions-16", prepare: || Box::new(grown(1, 16, 1)) },
    Workload { id: "brokers-4", prepare: || Box::new(grown(1, 1, 4)) },
    Workload { id: "brokers-16", prepare: || Box::new(grown(1, 1, 16)) },
    Workload { id: "retained", prepare: || Box::new(scenes::Retained::new()) },
    Workload { id: "idle", prepare: || Box::new(engine::Idle::new()) },
    Workload { id: "checkpoint", prepare: || Box::new(engine::Checkpoint::new()) },
    Workload { id: "seek", prepare: || Box::new(engine::Seek::new()) },
];

fn grown(traffic: u32, idle_partitions: u32, brokers: u32) -> scenes::Scene {
    scenes::Grown { traffic, idle_partitions, brokers }.scene()
}

/// A workload that is ready to run, in one part or in several that are timed one by one.
pub trait Run {
    /// How many parts it has.
    fn parts(&self) -> u32 {
        1
    }
    /// Runs part `n`, counted from 0. Each is run once, in order.
    fn run(&mut self, n: u32);
    /// What all of it did.
    fn measured(&self) -> Measured;
}

/// What a run did; the time it took is added by the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Measured {
    /// How many of what the workload counts: messages, records, virtual seconds, seeks.
    pub units: u64,
    /// Kernel events dispatched.
    pub events: u64,
    /// Events pending at the end.
    pub pending: u64,
    /// Virtual time that passed, in nanoseconds.
    pub virtual_ns: u64,
    /// The digest of the world at the end: equal on every host.
    pub digest: u64,
}

/// `units events pending virtual_ns digest`, separated by blanks: how a host without serde hands it on.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {} {:016x}", self.units, self.events, self.pending, self.virtual_ns, self.digest)
    }
}
