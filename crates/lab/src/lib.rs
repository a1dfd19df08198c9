//! The lab: a cluster, programs at terminals, and virtual time under the user's hand. Everything that is typed,
//! clicked or scheduled is a command line at a virtual time; scenario + seed + command log is the run.

mod actor;
mod by_partition;
pub mod facts;
pub mod history;
mod hosts;
pub mod invariants;
mod judge;
mod lab;
pub mod layout;
mod mapping;
mod ledger;
pub mod link;
mod levels;
mod metrics;
pub mod pocket;
pub mod replicas;
pub mod scenario;
pub mod sweep;
mod tag;
mod terminal;
mod timeline;
mod traps;
pub mod units;
pub mod verbs;
mod waiting;

pub use actor::Actor;
pub use history::History;
pub use invariants::{INVARIANTS, Violation};
pub use judge::ANOMALIES;
pub use kernel::{Duration, NodeId, NodeState, Time};
pub use lab::{App, BOOT, Given, Lab, Logged, Mark, MarkKind, Place, ReplayError};
pub use ledger::{Ledger, Lost, Promise, Tally};
pub use levels::Levels;
pub use link::{LinkError, Saved};
pub use metrics::{Metrics, Second};
pub use protocol::plant::{PLANTS, Plant};
pub use scenario::{Scenario, ScenarioError};
pub use tag::Tag;
pub use terminal::{Line, LineKind, Terminal};
pub use timeline::{Branch, OpenError, Timeline};
pub use traps::{STEPS, Step};

/// Names and summaries of the tools a terminal knows.
pub fn tools() -> impl Iterator<Item = (&'static str, &'static str)> {
    shell::TOOLS.iter().map(|tool| (tool.name, tool.summary))
}

/// Numbers, names and routes of the requests that are modelled.
pub fn apis() -> impl Iterator<Item = (i16, &'static str, &'static str)> {
    protocol::api::APIS.iter().map(|api| (api.number, api.name, api.route))
}
