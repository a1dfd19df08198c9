//! What benchmarks and the checks of determinism run: workloads, the same natively, in Node and in a browser.
//! They live here, and not in `xtask`, so that `cargo xtask` needs no engine to start.

mod workload;
mod digests;
mod ring;
mod engine;
mod scenes;

pub use digests::digests;
pub use workload::{Measured, Run, WORKLOADS, Workload};
