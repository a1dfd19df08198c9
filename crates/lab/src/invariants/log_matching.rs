//! Below their high watermarks replicas hold the same records.

use partition_log::Log;
use protocol::{Batch, BrokerId, Note, TopicId, TopicPartition};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// How far each follower was compared with its leader, by its log since it was cut or restarted last.
#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching {
    compared: ByReplica<(TopicId, i64)>,
}

impl Invariant for LogMatching {
    const ID: &'static str = "log-matching";
    const DOC: &'static str = "Below its high watermark a follower has the batches that the leader has.";
    const SOURCE: &'static str = "KIP-101, KIP-279; RaftEventSimulationTest.ConsistentCommittedData";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::HighWatermark, Kind::Truncated, Kind::BrokerState, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::HighWatermark { tp, broker, offset } => self.moved(sight, tp, *broker, *offset),
            // What comes after a cut is compared again.
            Note::Truncated { tp, broker, to, .. } => {
                if let Some((_, compared)) = self.compared.get_mut(tp, *broker) {
                    *compared = (*compared).min(*to);
                }
                Ok(())
            }
            Note::BrokerState { broker, .. } => {
                self.compared.forget_broker(*broker);
                Ok(())
            }
            Note::TopicDeleted { topic } => {
                self.compared.forget_topic(topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl LogMatching {
    /// A follower's high watermark moved: what it has passed is the leader's.
    fn moved(&mut self, sight: &Sight<'_>, tp: &TopicPartition, broker: BrokerId, offset: i64) -> Result<(), String> {
        let Some(mine) = sight.replica(broker, tp).filter(|mine| !mine.is_leader) else { return Ok(()) };
        let Some(leader) = sight.leader(tp) else { return Ok(()) };
        if leader.leader_epoch != mine.leader_epoch {
            return Ok(());
        }
        let known = self.compared.get_mut(tp, broker).filter(|(topic_id, _)| *topic_id == mine.topic_id);
        let before = known.map(|(_, compared)| std::mem::replace(compared, offset));
        if before.is_none() {
            self.compared.insert(tp, broker, (mine.topic_id, offset));
        }
        // Replicas compact by their own clocks; what a batch has kept is another claim.
        let starts = [mine.log, leader.log].map(|log| log.log_start_offset().max(log.compacted_to()));
        let from = starts.into_iter().fold(before.unwrap_or(0), i64::max);
        match differs(mine.log, leader.log, from, offset) {
            None => Ok(()),
            // DeleteRecords took the epochs there from one of them, and a kill brought back only the records: it cannot tell where the
            // logs part (`judge::converge`, `may_give_up`).
            Some((at, ..)) if [mine.log, leader.log].iter().any(|log| at < first_known(log)) => Ok(()),
            Some((at, here, there)) => {
                Err(format!("{tp} at offset {at}: broker {broker} has {here:?} and the leader {there:?}"))
            }
        }
    }
}

/// Where the epochs that a log knows begin.
fn first_known(log: &Log) -> i64 {
    log.epochs().first().map_or(0, |(_, start)| *start)
}

/// The first place in `from..to` where two logs differ, and what is there. In a compacted topic one may lack what the other
/// has, also where it was not compacted itself: it may have fetched from a replica that was.
fn differs<'a>(mine: &'a Log, other: &'a Log, from: i64, to: i64) -> Option<(i64, Option<&'a Batch>, Option<&'a Batch>)> {
    let may_have_holes = mine.config().compact || other.config().compact;
    let below = |log: &'a Log| log.batches_from(from).take_while(move |batch| batch.base_offset < to).peekable();
    let (mut here, mut there) = (below(mine), below(other));
    loop {
        let (mine, other) = (here.peek().copied(), there.peek().copied());
        let base = |batch: Option<&Batch>| batch.map_or(i64::MAX, |batch| batch.base_offset);
        let (takes_mine, takes_other) = match (mine, other) {
            (None, None) => return None,
            (Some(mine), Some(other)) if mine == other || may_have_holes && agree(mine, other) => (true, true),
            _ if may_have_holes && base(mine) != base(other) => (base(mine) < base(other), base(other) < base(mine)),
            _ => return Some((base(mine).min(base(other)), mine, other)),
        };
        here.next_if(|_| takes_mine);
        there.next_if(|_| takes_other);
    }
}

/// Whether two batches may be the same one, each with some of its records.
fn agree(mine: &Batch, other: &Batch) -> bool {
    let same = |(offset, record)| other.offsets().find(|(at, _)| *at == offset).is_none_or(|(_, its)| its == record);
    mine.base_offset == other.base_offset && mine.leader_epoch == other.leader_epoch && mine.offsets().all(same)
}
