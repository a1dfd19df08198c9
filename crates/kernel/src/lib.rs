//! The kernel: a deterministic discrete-event world of machines, connections, links, timers and disks.
//!
//! A [`World`] holds machines (processes on hosts). Everything that happens is an event at a virtual
//! [`Time`]; events run in the order (time, sequence number), one at a time. A machine is a step function:
//! it gets an [`Input`] and answers with [`Effects`] — messages, timers, disk syncs, notes. There is no other
//! way out, so the same seed and the same orders give the same run on every target.
//!
//! The kernel knows nothing of what the machines are for. What it leaves out on purpose: packets (a message is
//! sent whole), routing, and CPU time (a step takes no virtual time).

mod calls;
mod chunks;
mod time;
mod hash;
mod host;
mod random;
mod effects;
mod machine;
mod timers;
mod network;
mod queue;
mod trace;
mod trap;
mod world;

pub use calls::{Address, Calls};
pub use chunks::Chunks;
pub use effects::{Effect, Effects};
pub use hash::{StableHasher, stable_hash};
pub use host::Host;
pub use machine::{CloseReason, Death, Input, Machine, Order};
pub use network::{ConnId, Delay, Flight, LinkSpec, NetworkSpec};
pub use random::{Rng, Streams, keyed_draw};
pub use time::{Duration, Time};
pub use timers::Timers;
pub use trace::{Stamped, Stimulus, TraceEntry};
pub use trap::{Point, Strike, Trap};
pub use world::{NodeId, NodeState, World};
