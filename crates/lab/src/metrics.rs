//! Rates and levels over virtual time, one bucket a second, drawn by charts and reports.

use cluster::Served;
use kernel::{Stamped, Time};
use ordered::SortedMap;
use protocol::{BrokerId, GroupId, Note, TopicPartition, is_internal_topic};

use crate::by_partition::ByPartition;
use crate::lab::BOOT;
use crate::levels::{Levels, Watch};

/// What happened in one second of virtual time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Second {
    /// Records appended by leaders to topics that are not internal.
    pub produced: u64,
    /// Records handed to consuming applications.
    pub consumed: u64,
    /// Records whose sending failed for good.
    pub failed: u64,
    /// Records appended and not yet consumed by the group that is furthest behind, at the end of the second.
    pub lag: u64,
    /// Members missing from ISRs, over all partitions, at the end of the second.
    pub out_of_sync: u64,
    /// The largest gap between a log's end and what a group reads next of it, at the end of the second, in records.
    pub lag_max: u64,
    /// Bytes appended by leaders, to any topic.
    pub bytes_in: u64,
    /// Bytes of records that consumers' fetches were answered with.
    pub bytes_out: u64,
    /// Bytes of records that followers' fetches were answered with.
    pub replication_bytes_out: u64,
    /// Records appended by leaders, to any topic.
    pub messages_in: u32,
    /// ISRs that shrank.
    pub isr_shrinks: u32,
    /// ISRs that grew.
    pub isr_expands: u32,
    /// Leaders that were elected, also uncleanly.
    pub elections: u32,
    /// Leaders that were elected from outside ISR and ELR.
    pub unclean_elections: u32,
    /// Records that producers handed to the network, again ones too.
    pub sent: u32,
    /// Batches that producers got an answer for.
    pub answered: u32,
    /// How long those answers took together, from the request to the answer, ns.
    pub answered_ns: u64,
}

/// Seconds a run remembers: a day and a half.
const SECONDS_MAX: usize = 131_072;
const SECOND_NS: u64 = 1_000_000_000;

/// The series of a run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    seconds: std::sync::Arc<SortedMap<u64, Second>>,
    partitions: ByPartition<Progress>,
    /// How far each group is behind, over all partitions it has read from.
    behind: SortedMap<GroupId, u64>,
    lag_max: u64,
    watch: Watch,
    /// What brokers had sent when it was looked at last.
    served: Served,
    /// When to look again: once that second is over.
    next_look: Time,
}

/// How far a partition has got.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Its log end; none until something was appended.
    end: Option<i64>,
    /// What each group reads next.
    positions: Vec<(GroupId, i64)>,
}

fn gap(end: Option<i64>, position: i64) -> u64 {
    end.map_or(0, |end| (end - position).max(0) as u64)
}

impl Metrics {
    /// Counts a note.
    pub(crate) fn note(&mut self, stamped: &Stamped<Note>) {
        self.watch.note(stamped);
        match &stamped.note {
            Note::Appended { tp, as_leader: true, base, next, bytes, .. } => {
                let (count, is_own) = ((next - base) as u64, !is_internal_topic(&tp.topic));
                if is_own {
                    self.ends_at(tp, *next);
                }
                self.bucket(stamped.at, |second| {
                    second.produced += if is_own { count } else { 0 };
                    second.messages_in += count as u32;
                    second.bytes_in += u64::from(*bytes);
                });
            }
            Note::Sent { count, .. } => self.bucket(stamped.at, |second| second.sent += count),
            Note::Acked { sent_ns, .. } => {
                let took = stamped.at.as_nanos().saturating_sub(*sent_ns);
                self.bucket(stamped.at, |second| {
                    second.answered += 1;
                    second.answered_ns += took;
                });
            }
            Note::LeaderElected { leader, unclean, .. } if leader.is_some() => self.bucket(stamped.at, |second| {
                second.elections += 1;
                second.unclean_elections += u32::from(*unclean);
            }),
            Note::Delivered { group, tp, last, values, .. } => {
                if let Some(group) = group {
                    self.reads_next(group, tp, last + 1);
                }
                let count = values.len() as u64;
                self.bucket(stamped.at, |second| second.consumed += count);
            }
            Note::SendFailed { count, .. } => {
                let count = u64::from(*count);
                self.bucket(stamped.at, |second| second.failed += count);
            }
            Note::IsrChanged { isr, previous, .. } => self.bucket(stamped.at, |second| {
                second.isr_shrinks += u32::from(isr.len() < previous.len());
                second.isr_expands += u32::from(isr.len() > previous.len());
            }),
            _ => {}
        }
    }

    fn progress(&mut self, tp: &TopicPartition) -> &mut Progress {
        self.partitions.slot(tp).get_or_insert_default()
    }

    /// A process that may lead the quorum is gone.
    pub(crate) fn left(&mut self, at: Time, node: BrokerId) {
        self.watch.left(at, node);
    }

    fn ends_at(&mut self, tp: &TopicPartition, end: i64) {
        let progress = self.progress(tp);
        let before = progress.end.replace(end);
        let Metrics { partitions, behind, .. } = self;
        let mut widest = (0, 0);
        for (group, position) in partitions.get(tp).map_or(&[][..], |progress| &progress.positions) {
            let (old, new) = (gap(before, *position), gap(Some(end), *position));
            widest = (widest.0.max(old), widest.1.max(new));
            if let Some(behind) = behind.get_mut(group) {
                *behind = *behind - old + new;
            }
        }
        self.lag_changed(widest.0, widest.1);
    }

    /// A gap was `old` and is `new`. All gaps are looked at only when the largest one got smaller.
    fn lag_changed(&mut self, old: u64, new: u64) {
        if new >= self.lag_max {
            self.lag_max = new;
        } else if old == self.lag_max {
            let gaps = self.partitions.values().flat_map(|p| p.positions.iter().map(|(_, at)| gap(p.end, *at)));
            self.lag_max = gaps.max().unwrap_or(0);
        }
    }

    fn reads_next(&mut self, group: &GroupId, tp: &TopicPartition, position: i64) {
        let progress = self.progress(tp);
        let end = progress.end;
        let before = match progress.positions.iter_mut().find(|(known, _)| known == group) {
            Some((_, known)) => gap(end, std::mem::replace(known, position)),
            None => {
                progress.positions.push((group.clone(), position));
                0
            }
        };
        if !self.behind.contains_key(group) {
            self.behind.insert(group.clone(), 0);
        }
        if let Some(behind) = self.behind.get_mut(group) {
            *behind = *behind - before + gap(end, position);
        }
        self.lag_changed(before, gap(end, position));
    }

    /// Whether brokers' meters are to be looked at before an event at `next`.
    pub(crate) fn is_due(&self, next: Time) -> bool {
        next >= self.next_look
    }

    /// Takes what brokers have sent up to now; `next` is when the next event is due, in a later second.
    pub(crate) fn served(&mut self, total: Served, next: Time) {
        let new = self.unseen(total);
        if new != Served::default() {
            self.bucket(Time::from_nanos(self.next_look.as_nanos().saturating_sub(1)), |second| {
                second.bytes_out += new.to_clients;
                second.replication_bytes_out += new.to_followers;
            });
        }
        self.served = total;
        self.next_look = Time::from_nanos((next.as_nanos() / SECOND_NS + 1) * SECOND_NS);
    }

    /// What was sent since the last look.
    pub(crate) fn unseen(&self, total: Served) -> Served {
        Served {
            to_clients: total.to_clients - self.served.to_clients,
            to_followers: total.to_followers - self.served.to_followers,
        }
    }

    fn bucket(&mut self, at: Time, count: impl FnOnce(&mut Second)) {
        let Some(second) = at.as_nanos().checked_sub(BOOT.as_nanos()).map(|ns| ns / SECOND_NS) else {
            return;
        };
        let lag = self.behind.values().copied().max().unwrap_or(0);
        let (out_of_sync, lag_max) = (self.watch.out_of_sync(), self.lag_max);
        let seconds = std::sync::Arc::make_mut(&mut self.seconds);
        let is_last = seconds.last_key_value().is_some_and(|(last, _)| *last == second);
        let bucket = match seconds.values_mut().next_back().filter(|_| is_last) {
            Some(bucket) => bucket,
            None => seconds.entry(second).or_default(),
        };
        count(bucket);
        bucket.lag = lag;
        bucket.out_of_sync = out_of_sync;
        bucket.lag_max = lag_max;
        if seconds.len() > SECONDS_MAX {
            seconds.pop_first();
        }
    }

    /// The seconds in which something happened, counted from the start of the run.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = (u64, &Second)> {
        self.seconds.iter().map(|(second, bucket)| (*second, bucket))
    }

    /// Those of some seconds.
    pub fn seconds_in(&self, seconds: std::ops::Range<u64>) -> impl DoubleEndedIterator<Item = (u64, &Second)> {
        self.seconds.range(seconds).map(|(second, bucket)| (*second, bucket))
    }

    /// The levels of the cluster from each moment on at which one of them changed.
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &(Time, Levels)> {
        self.watch.changes()
    }

    /// The second `n`, all zero if nothing happened in it.
    pub fn second(&self, n: u64) -> Second {
        self.seconds.get(&n).copied().unwrap_or_default()
    }
}
