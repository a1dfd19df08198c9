//! At most one controller leads the metadata quorum in an epoch.


use ordered::SortedMap;
use protocol::{BrokerId, Note};

use super::{Invariant, Kind, Kinds, Sight};

/// The leader of every Raft epoch seen.
#[derive(Clone, Debug, Default)]
pub(super) struct OneQuorumLeader {
    leaders: SortedMap<i32, BrokerId>,
}

impl Invariant for OneQuorumLeader {
    const ID: &'static str = "one-quorum-leader";
    const DOC: &'static str = "At most one controller leads the metadata quorum in an epoch.";
    const SOURCE: &'static str = "KIP-595; RaftEventSimulationTest.SingleLeader";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::QuorumState]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::QuorumState { node, state: "Leader", epoch, .. } = sight.note else { return Ok(()) };
        match self.leaders.insert(*epoch, *node) {
            Some(other) if other != *node => Err(format!("controllers {other} and {node} both lead epoch {epoch}")),
            _ => Ok(()),
        }
    }
}
