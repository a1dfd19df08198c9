//! For how long data has waited for each node (`RecordAccumulator.NodeLatencyStats`, KIP-794): keyless records avoid the
//! partitions of a node that has taken nothing for `partitioner.availability.timeout.ms`.

use kernel::{Address, Duration, Time};
use ordered::SortedMap;

/// What the sender saw of its nodes; nothing unless there is a time-out.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Waits {
    /// Zero: off.
    timeout: Duration,
    nodes: SortedMap<Address, Wait>,
}

#[derive(Clone, Copy, Hash, Debug)]
struct Wait {
    /// When there was last something for it.
    wanted: Time,
    /// When it could last take it.
    ready: Time,
}

impl Waits {
    pub(crate) fn new(timeout: Duration) -> Waits {
        Waits { timeout, nodes: SortedMap::new() }
    }

    /// Whether it matters when the sender looks.
    pub(crate) fn are_kept(&self) -> bool {
        self.timeout > Duration::ZERO
    }

    /// There is something for `node`, and it can take it or cannot (`#updateNodeLatencyStats`).
    pub(crate) fn seen(&mut self, now: Time, node: &Address, is_ready: bool) {
        if !self.are_kept() {
            return;
        }
        let wait = self.nodes.entry(node.clone()).or_insert(Wait { wanted: now, ready: now });
        wait.wanted = now;
        if is_ready {
            wait.ready = now;
        }
    }

    /// Whether data has waited too long for `node`.
    pub(crate) fn is_avoided(&self, node: &Address) -> bool {
        self.nodes.get(node).is_some_and(|wait| wait.wanted.since(wait.ready) > self.timeout)
    }
}
