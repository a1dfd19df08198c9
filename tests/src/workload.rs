//! The table of workloads. Preparing one is not measured; running it is, by the host, because what runs has no clock.

use std::fmt;

use crate::ring;

/// Something to measure. A new one: a line in [`WORKLOADS`].
pub struct Workload {
    /// Its name, by which it is asked for and its figures are found.
    pub id: &'static str,
    /// Makes everything ready.
    pub prepare: fn() -> Prepared,
}

/// All workloads.
pub const WORKLOADS: &[Workload] = &[
    Workload { id: "kernel-10", prepare: || ring::prepare(10) },
    Workload { id: "kernel-1000", prepare: || ring::prepare(1000) },
];

/// A workload that is ready to run, once.
pub struct Prepared(Box<dyn FnOnce() -> Measured>);

impl Prepared {
    /// Something that runs like this.
    pub fn new(run: impl FnOnce() -> Measured + 'static) -> Prepared {
        Prepared(Box::new(run))
    }
    /// Runs it.
    pub fn run(self) -> Measured {
        (self.0)()
    }
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
