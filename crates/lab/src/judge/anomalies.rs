//! The history that clients saw: what producers were told and consumers were given. Names are those of Jepsen's Kafka
//! workload, so that they can be looked up. Left out: transactions and their cycles (G0, G1).

use kernel::{NodeId, NodeState};
use ordered::SortedMap;
use protocol::api::ApiKey;
use protocol::note::Values;
use protocol::{ErrorCode, GroupId, Note, TopicPartition};

use super::Finding;
use super::excuses::Excuses;
use crate::Lab;
use crate::invariants::InvariantInfo;
use crate::replicas;

const SOURCE: &str = "jepsen.tests.kafka";

pub(super) const INCONSISTENT_OFFSETS: InvariantInfo =
    InvariantInfo { id: "inconsistent-offsets", doc: "At one offset everybody sees the same record.", source: SOURCE };
pub(super) const NONMONOTONIC_POLL: InvariantInfo = InvariantInfo {
    id: "nonmonotonic-poll",
    doc: "A consumer is not given a record it was given before, unless its assignment changed in between, or its offset was out of range.",
    source: SOURCE,
};
pub(super) const POLL_SKIP: InvariantInfo = InvariantInfo {
    id: "poll-skip",
    doc: "A group is given every record between the first and the last that it was given. What a member died with does not count.",
    source: SOURCE,
};
pub(super) const LOST_WRITE: InvariantInfo = InvariantInfo {
    id: "lost-write",
    doc: "What was acknowledged with acks=all is there, unless all who had to hold it may have lost it.",
    source: SOURCE,
};

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// By partition and offset: the value's hash.
    values: SortedMap<TopicPartition, SortedMap<i64, u64>>,
    /// By consumer and partition: the next offset.
    next: SortedMap<(NodeId, TopicPartition), i64>,
    /// By group and partition: the offsets given and handled, as ranges, first to last.
    given: SortedMap<(GroupId, TopicPartition), Vec<(i64, i64)>>,
}

pub(super) fn check(lab: &Lab, excuses: &Excuses) -> Result<(), Finding> {
    let mut seen = Seen::default();
    for stamped in lab.history().iter() {
        // Who dies as it takes records has not handled them.
        let is_dead = matches!(lab.world().state(stamped.node), NodeState::Killed | NodeState::PoweredOff);
        let is_handled = !is_dead || lab.since(stamped.node) != stamped.at;
        seen.note(stamped.node, &stamped.note, is_handled, excuses)?;
    }
    seen.skips(lab, excuses)?;
    lost(lab, excuses)
}

impl Seen {
    fn note(&mut self, node: NodeId, note: &Note, is_handled: bool, excuses: &Excuses) -> Result<(), Finding> {
        match note {
            Note::Acked { tp, topic_id, .. } | Note::Delivered { tp, topic_id, .. }
                if excuses.may_have_lost(tp) || !excuses.is_of_today(&tp.topic, *topic_id) =>
            {
                Ok(())
            }
            Note::Acked { tp, offset, acks: -1, values, .. } if *offset >= 0 => self.values(tp, *offset, values),
            Note::Delivered { group, tp, first, last, values, .. } => {
                if (last - first + 1) as usize == values.len() {
                    self.values(tp, *first, values)?;
                }
                if let Some(group) = group.as_ref().filter(|_| is_handled) {
                    self.given.entry((group.clone(), tp.clone())).or_default().push((*first, *last));
                }
                self.poll(node, tp, *first, *last, excuses)
            }
            // Also one that is told its offset is gone, by a leader that removed it or has lost touch, starts over.
            Note::Assigned { .. }
            | Note::Revoked { .. }
            | Note::ClientError { api: ApiKey::Fetch, error: ErrorCode::OffsetOutOfRange, .. } => {
                self.next.retain(|(consumer, _), _| *consumer != node);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn values(&mut self, tp: &TopicPartition, first: i64, seen: &Values) -> Result<(), Finding> {
        let values = self.values.entry(tp.clone()).or_default();
        for (offset, hash) in (first..).zip(seen.iter()) {
            if values.insert(offset, hash).is_some_and(|before| before != hash) {
                let evidence = format!("{tp} at offset {offset}: two different records were seen");
                return Err(Finding::new(INCONSISTENT_OFFSETS, evidence));
            }
        }
        Ok(())
    }

    /// In a topic that was made again positions may go back: who has not heard of it is asked where its log ends, by the topic's name, and
    /// tells of the old one (`OffsetsForLeaderEpochUtils`; sweep seed 8610).
    fn poll(
        &mut self,
        node: NodeId,
        tp: &TopicPartition,
        first: i64,
        last: i64,
        excuses: &Excuses,
    ) -> Result<(), Finding> {
        match self.next.insert((node, tp.clone()), last + 1) {
            Some(next) if first < next && !excuses.was_made_again(&tp.topic) => {
                let evidence = format!("{tp}: a consumer was given offset {first} when {next} was next");
                Err(Finding::new(NONMONOTONIC_POLL, evidence))
            }
            _ => Ok(()),
        }
    }

    /// Holes in what a group was given, as far as the log still has them.
    fn skips(&mut self, lab: &Lab, excuses: &Excuses) -> Result<(), Finding> {
        for ((group, tp), ranges) in &mut self.given {
            let is_excused = excuses.may_have_lost(tp) || excuses.was_made_again(&tp.topic);
            let Some(log) = lab.leader_log(tp).filter(|_| !is_excused) else { continue };
            ordered::sort(ranges);
            let mut next = ranges.first().map_or(0, |(first, _)| *first);
            for (first, last) in ranges.iter() {
                let hole = next.max(log.log_start_offset());
                if *first > hole && lab.record_at(log, hole).is_some() && !was_cleaned(lab, tp, hole) {
                    let evidence = format!("{tp}: group {group} was never given offsets {hole} to {}", first - 1);
                    return Err(Finding::new(POLL_SKIP, evidence));
                }
                next = next.max(last + 1);
            }
        }
        Ok(())
    }
}

/// Whether the cleaner of a replica took away what is at an offset. Who leads now may not have cleaned that far yet (sweep seed 6087).
fn was_cleaned(lab: &Lab, tp: &TopicPartition, offset: i64) -> bool {
    let lacks = |broker| {
        let replica = replicas::find(lab.world(), lab.layout(), broker, tp);
        replica.is_some_and(|replica| lab.record_at(replica.log, offset).is_none())
    };
    lab.history().iter().any(|stamped| match &stamped.note {
        Note::Compacted { tp: of, broker, cleaned_to, .. } => of == tp && *cleaned_to > offset && lacks(*broker),
        _ => false,
    })
}

fn lost(lab: &Lab, excuses: &Excuses) -> Result<(), Finding> {
    let lost = lab.ledger().lost(lab);
    let lost: Vec<_> =
        lost.into_iter().filter(|lost| lost.promise.acks == -1 && !excuses.may_have_lost(&lost.tp)).collect();
    let Some(first) = lost.first() else { return Ok(()) };
    let how = if first.overwritten { "another record is there" } else { "the log ends before it" };
    let evidence = format!("{} at offset {}: {how}; {} lost in all", first.tp, first.promise.offset, lost.len());
    Err(Finding::new(LOST_WRITE, evidence))
}
