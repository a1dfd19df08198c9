//! A high watermark moves only over what `min.insync.replicas` replicas have.

use protocol::{BrokerId, Note, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};

/// It remembers nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedByMinIsr;

impl Invariant for CommittedByMinIsr {
    const ID: &'static str = "committed-by-min-isr";
    const DOC: &'static str = "What lies below a leader's high watermark when it moves is on min.insync.replicas replicas.";
    const SOURCE: &'static str = "KAFKA-15583; KIP-966";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::HighWatermark { tp, broker, offset } = sight.note else { return Ok(()) };
        let Some(leader) = sight.replica(*broker, tp).filter(|replica| replica.is_leader) else {
            return Ok(());
        };
        let min_isr = usize::try_from(leader.log.config().min_insync_replicas).unwrap_or(1);
        if min_isr <= 1 {
            return Ok(());
        }
        // A leader hears later than it is decided that there are to be more, or fewer.
        let Some(record) = sight.record(tp).filter(|record| record.replicas.len() == leader.replicas) else {
            return Ok(());
        };
        let needed = min_isr.min(leader.replicas);
        // Of a broker that lost power or a log directory, leaders count what it had fetched before until they hear of it.
        let reaches = |id: &&BrokerId| {
            let log = sight.replica(**id, tp).map(|replica| replica.log).or_else(|| sight.offline_log(**id, tp));
            sight.dark.contains(*id) || log.is_some_and(|log| log.log_end_offset() >= *offset)
        };
        let have = record.replicas.iter().filter(reaches).count();
        if have < needed { Err(too_few(tp, *broker, *offset, have, needed)) } else { Ok(()) }
    }
}

fn too_few(tp: &TopicPartition, broker: BrokerId, offset: i64, have: usize, needed: usize) -> String {
    format!("{tp}: the high watermark is {offset} on broker {broker}, {have} replicas reach it, and {needed} must")
}
