//! What producers were promised and consumers were given: the client-visible history, and what became of it.

use kernel::{Chunks, Stamped};
use ordered::SortedMap;
use partition_log::Log;
use protocol::note::Values;
use protocol::{Note, TopicId, TopicName, TopicPartition};

use crate::by_partition::ByPartition;
use crate::{Lab, replicas};

/// A record a producer was told is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// The offset it was told; −1 with acks=0, which tells none.
    pub offset: i64,
    /// Hash of the value.
    pub value_hash: u64,
    /// The `acks` it was sent with.
    pub acks: i16,
}

/// A promise that the cluster does not keep: at its offset the leader's log has something else, or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// The partition.
    pub tp: TopicPartition,
    /// What was promised.
    pub promise: Promise,
    /// Whether another record has its offset now.
    pub overwritten: bool,
}

/// The promises of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By topic of the partition's name: an answer for a deleted one may come when there is the next.
    promises: ByPartition<Vec<(TopicId, Chunks<Promise>)>>,
    delivered: SortedMap<(Option<protocol::GroupId>, TopicPartition), u64>,
    programs: SortedMap<kernel::NodeId, Tally>,
    acked: u64,
    failed: u64,
}

/// What one program has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Records acknowledged to it, or handed to its application.
    pub records: u64,
    /// Those of them that were handed to its application.
    pub given: u64,
    /// Records it gave up on.
    pub errors: u64,
    /// The `acks` of its last acknowledged records.
    pub acks: Option<i16>,
}

/// Promises remembered for one partition; older ones are dropped.
const PROMISES_MAX: usize = 1 << 20;

impl Ledger {
    pub(crate) fn note(&mut self, stamped: &Stamped<Note>) {
        match &stamped.note {
            Note::Acked { tp, topic_id, offset, acks, values, .. } => {
                self.acked += values.len() as u64;
                let tally = self.programs.entry(stamped.node).or_default();
                tally.records += values.len() as u64;
                tally.acks = Some(*acks);
                let topics = self.promises.slot(tp).get_or_insert_default();
                let at = topics.iter().position(|(id, _)| id == topic_id).unwrap_or_else(|| {
                    topics.push((*topic_id, Chunks::default()));
                    topics.len() - 1
                });
                let promises = &mut topics[at].1;
                for (n, value_hash) in (0..).zip(values.iter()) {
                    let offset = if *offset < 0 { -1 } else { offset + n };
                    promises.push(Promise { offset, value_hash, acks: *acks }, PROMISES_MAX);
                }
            }
            Note::Delivered { group, tp, values, .. } => {
                let tally = self.programs.entry(stamped.node).or_default();
                tally.records += values.len() as u64;
                tally.given += values.len() as u64;
                *self.delivered.entry((group.clone(), tp.clone())).or_default() += values.len() as u64;
            }
            Note::SendFailed { count, .. } => {
                self.failed += u64::from(*count);
                self.programs.entry(stamped.node).or_default().errors += u64::from(*count);
            }
            Note::TopicDeleted { topic } => self.promises.forget_topic(topic),
            _ => {}
        }
    }

    /// Records acknowledged so far, by topic and `acks`.
    pub fn acked_by_topic(&self) -> SortedMap<(TopicName, i16), u64> {
        let mut acked = SortedMap::new();
        for (tp, topics) in self.promises.iter() {
            for promise in topics.iter().flat_map(|(_, promises)| promises.iter()) {
                *acked.entry((tp.topic.clone(), promise.acks)).or_default() += 1;
            }
        }
        acked
    }

    /// Records acknowledged so far.
    pub fn acked(&self) -> u64 {
        self.acked
    }
    /// Records given up by producers so far.
    pub fn failed(&self) -> u64 {
        self.failed
    }
    /// What a program has done so far.
    pub fn tally(&self, node: kernel::NodeId) -> Tally {
        self.programs.get(&node).copied().unwrap_or_default()
    }
    /// Records delivered to applications, by group and partition, repeats counted.
    pub fn delivered(&self) -> impl Iterator<Item = (&(Option<protocol::GroupId>, TopicPartition), u64)> {
        self.delivered.iter().map(|(key, count)| (key, *count))
    }

    /// The promises that are not kept now: those the current leader of their partition contradicts. A partition
    /// without a leader is left out, since its records may come back. What was sent with acks=0 was promised no offset: it is
    /// looked for by its value, as long as nothing was deleted from the log.
    pub fn lost(&self, lab: &Lab) -> Vec<Lost> {
        let mut lost = Vec::new();
        for (tp, topics) in self.promises.iter() {
            let today = replicas::image(lab.world(), lab.layout()).and_then(|image| image.by_name.get(&tp.topic));
            let promises = topics.iter().find(|(id, _)| Some(id) == today).map(|(_, promises)| promises);
            let (Some(log), Some(promises)) = (lab.leader_log(&tp), promises) else {
                continue;
            };
            let (start, end) = (log.log_start_offset(), log.log_end_offset());
            lost.extend(lost_anywhere(&tp, log, promises.iter().filter(|p| p.offset < 0)));
            // Promises are mostly made in the order of their offsets: a walk along the log meets them, and seldom has to go back.
            let mut batches = log.batches_from(start).peekable();
            for promise in promises.iter().filter(|p| p.offset >= start) {
                let kept = promise.offset < end && {
                    if batches.peek().is_none_or(|batch| promise.offset < batch.base_offset) {
                        batches = log.batches_from(promise.offset).peekable();
                    }
                    while batches.next_if(|batch| batch.last_offset() < promise.offset).is_some() {}
                    let batch = batches.peek().filter(|batch| replicas::has_place_for(batch, promise.offset));
                    let found = batch.and_then(|batch| batch.value_hash_at(promise.offset));
                    // What compaction removed has made way for a later value of its key. A replica that fetched the
                    // rest from one that was compacted has the same holes, and need not have been compacted itself.
                    let may_have_holes = log.config().compact || promise.offset < log.compacted_to();
                    found.map_or(may_have_holes, |hash| hash == promise.value_hash)
                };
                if !kept {
                    lost.push(Lost { tp: tp.clone(), promise: *promise, overwritten: promise.offset < end });
                }
            }
        }
        lost
    }
}

/// The promises without an offset whose values a log does not hold; two of one value need it twice.
fn lost_anywhere<'a>(tp: &TopicPartition, log: &Log, promises: impl Iterator<Item = &'a Promise>) -> Vec<Lost> {
    let mut promises = promises.peekable();
    if promises.peek().is_none() || log.log_start_offset() > 0 || log.compacted_to() > 0 || log.config().compact {
        return Vec::new();
    }
    let mut held: SortedMap<u64, u32> = SortedMap::new();
    for batch in log.batches_from(0) {
        let mut values = Values::default();
        batch.add_values(0..batch.count() as usize, &mut values);
        for hash in values.iter() {
            *held.entry(hash).or_default() += 1;
        }
    }
    let is_lost = |promise: &&Promise| match held.get_mut(&promise.value_hash) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    promises.filter(is_lost).map(|promise| Lost { tp: tp.clone(), promise: *promise, overwritten: false }).collect()
}
