//! Below their high watermarks replicas hold the same records.

use protocol::Note;

use super::{Invariant, Sight};
use crate::replicas;

/// Keeps nothing: every high watermark that moves is compared with the leader's log at once.
#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching;

impl Invariant for LogMatching {
    const ID: &'static str = "log-matching";
    const DOC: &'static str = "A follower's last record below its high watermark is the leader's record at that offset.";
    const SOURCE: &'static str = "KIP-101, KIP-279; RaftEventSimulationTest.ConsistentCommittedData";

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::HighWatermark { tp, broker, offset } = sight.note else { return Ok(()) };
        let Some(mine) = sight.replica(*broker, tp) else { return Ok(()) };
        if mine.is_leader {
            return Ok(());
        }
        let Some(leader) = replicas::leader(sight.world, sight.layout, tp) else { return Ok(()) };
        if leader.leader_epoch != mine.leader_epoch {
            return Ok(());
        }
        let last = offset - 1;
        if last < mine.log.log_start_offset() || last < leader.log.log_start_offset() {
            return Ok(());
        }
        // Replicas compact by their own clocks; what a batch has kept is another claim.
        if last < mine.log.compacted_to() || last < leader.log.compacted_to() {
            return Ok(());
        }
        let (here, there) = (replicas::batch_at(mine.log, last), replicas::batch_at(leader.log, last));
        match (here, there) {
            (Some(here), Some(there)) if here == there => Ok(()),
            (here, there) => Err(format!("{tp} at offset {last}: broker {broker} has {here:?} and the leader {there:?}")),
        }
    }
}
