//! The metadata log is one log: what one process has applied at an offset, no other applies differently.

use ordered::SortedMap;
use kernel::stable_hash;
use protocol::{BrokerId, Note};

use super::{Invariant, Kind, Kinds, Sight};

/// Every committed batch seen so far, by base offset: its epoch and a hash of its records. And how far each process was read.
#[derive(Clone, Debug, Default)]
pub(super) struct MetadataAgrees {
    batches: SortedMap<i64, (i32, u64)>,
    read: SortedMap<BrokerId, i64>,
}

/// Batches that are remembered; older ones are forgotten.
const BATCHES_MAX: usize = 10_000;

impl Invariant for MetadataAgrees {
    const ID: &'static str = "metadata-agrees";
    const DOC: &'static str = "No two processes apply different metadata at one offset.";
    const SOURCE: &'static str = "RaftEventSimulationTest.ConsistentCommittedData; KIP-595";
    const LOOKS_AT: Kinds = Kinds::of(&[
        Kind::QuorumState,
        Kind::LeaderElected,
        Kind::IsrChanged,
        Kind::BrokerFenced,
        Kind::MetadataTorn,
    ]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::QuorumState { .. } | Note::LeaderElected { .. } | Note::IsrChanged { .. } | Note::BrokerFenced { .. } => {
                let processes = sight.layout.brokers.iter().chain(&sight.layout.controllers);
                processes.into_iter().try_for_each(|(id, node)| self.read_on(sight, *id, *node))
            }
            Note::MetadataTorn { node, to, high_watermark } => Err(format!(
                "node {node} has committed the metadata log up to {high_watermark}, and its leader lets it truncate to {to}"
            )),
            _ => Ok(()),
        }
    }
}

impl MetadataAgrees {
    /// Reads what a process applied since the last time.
    fn read_on(&mut self, sight: &Sight<'_>, id: BrokerId, node: kernel::NodeId) -> Result<(), String> {
        let Some(process) = sight.world.machine(node).kafka() else { return Ok(()) };
        let end = process.image().offset + 1;
        let from = self.read.get(&id).copied().unwrap_or(0).min(end);
        for batch in process.raft().log().read(from, end, usize::MAX) {
            let found = (batch.epoch, stable_hash(&batch.records));
            if let Some(known) = self.batches.insert(batch.base_offset, found).filter(|known| *known != found) {
                return Err(format!(
                    "node {id} applied epoch {} at offset {}, and another process another batch, of epoch {}",
                    found.0, batch.base_offset, known.0
                ));
            }
        }
        while self.batches.len() > BATCHES_MAX {
            self.batches.pop_first();
        }
        self.read.insert(id, end);
        Ok(())
    }
}
