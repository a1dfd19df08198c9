//! Invariants: claims that must hold after every event. One file each, listed in one table.
//!
//! A monitor sees every note with the world behind it and keeps what it needs. When one fails the lab stands
//! still and shows which, where and why. The notes of one event have one world behind them, and what is looked up in it for one
//! monitor is there for the next.

mod by_replica;
mod kinds;

use std::cell::{OnceCell, RefCell, RefMut};
use std::fmt;
use std::sync::Arc;

use cluster::broker::lifecycle::BrokerState;
use cluster::{KafkaProcess, MetadataImage};
use kernel::{NodeId, NodeState, Stamped, Time, World};
use ordered::SortedSet;
use partition_log::Log;
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, Note, TopicId, TopicPartition};

use crate::Actor;
use crate::lab::BOOT;
use crate::layout::Layout;
use crate::replicas::{self, Replica};

pub use kinds::{Kind, Kinds};

/// What a monitor sees: one fact, and the world right after it.
pub struct Sight<'a> {
    /// The world.
    pub world: &'a World<Actor>,
    /// Which node is which.
    pub layout: &'a Layout,
    /// Who reports it.
    pub node: NodeId,
    /// The fact.
    pub note: &'a Note,
    /// Brokers whose hosts lost power, and with it what they had not flushed.
    pub dark: &'a SortedSet<BrokerId>,
    /// The metadata, once a monitor asked for it.
    image: OnceCell<Option<&'a Arc<MetadataImage>>>,
    /// What was found of the partition that the note is about: several monitors ask for the same.
    found: RefCell<Found<'a>>,
}

/// A partition that a note is about, as it stands there, and what was looked up of it.
#[derive(Default)]
struct Found<'a> {
    tp: Option<&'a TopicPartition>,
    topic_id: Option<TopicId>,
    record: Option<&'a PartitionRecord>,
    replicas: [Option<(BrokerId, Option<Replica<'a>>)>; 4],
    /// The place of the next replica.
    next: usize,
}

impl<'a> Sight<'a> {
    /// The metadata as the active controller has applied it ([`replicas::image`]).
    pub fn image(&self) -> Option<&'a Arc<MetadataImage>> {
        *self.image.get_or_init(|| replicas::image(self.world, self.layout))
    }
    /// Whether who reports this is the active controller. One that was paused while the others elected another decides what
    /// never comes true.
    pub fn is_by_active_controller(&self) -> bool {
        replicas::active_controller(self.world, self.layout) == Some(self.node)
    }
    /// A partition in it.
    pub fn record(&self, tp: &TopicPartition) -> Option<&'a PartitionRecord> {
        if let Some(found) = self.found_of(tp)
            && found.record.is_some()
        {
            return found.record;
        }
        let record = self.image()?.partition(self.topic_id(tp)?, tp.partition).map(AsRef::as_ref);
        if let Some(mut found) = self.found_of(tp) {
            found.record = record;
        }
        record
    }
    fn topic_id(&self, tp: &TopicPartition) -> Option<TopicId> {
        if let Some(found) = self.found_of(tp)
            && found.topic_id.is_some()
        {
            return found.topic_id;
        }
        let topic_id = self.image()?.by_name.get_shared(&tp.topic).copied();
        if let Some(mut found) = self.found_of(tp) {
            found.topic_id = topic_id;
        }
        topic_id
    }
    /// What was found of a partition, if the note is about it.
    fn found_of(&self, tp: &TopicPartition) -> Option<RefMut<'_, Found<'a>>> {
        let found = self.found.borrow_mut();
        found.tp.is_some_and(|noted| std::ptr::eq(noted, tp)).then_some(found)
    }
    /// Turns to the next note of the event.
    fn turn_to(&mut self, stamped: &'a Stamped<Note>) {
        (self.node, self.note) = (stamped.node, &stamped.note);
        if let Some(tp) = subject(&stamped.note) {
            let found = self.found.get_mut();
            match found.tp == Some(tp) {
                true => found.tp = Some(tp),
                false => *found = Found { tp: Some(tp), ..Found::default() },
            }
        }
    }
    /// The replica of a partition on a broker, whatever the broker's state.
    pub fn replica(&self, broker: BrokerId, tp: &TopicPartition) -> Option<Replica<'a>> {
        if let Some(found) = self.found_of(tp)
            && let Some((_, replica)) = found.replicas.iter().flatten().find(|(at, _)| *at == broker)
        {
            return *replica;
        }
        let replica = replicas::of_topic(self.world, self.layout, broker, self.topic_id(tp)?, tp.partition);
        if let Some(mut found) = self.found_of(tp) {
            let at = found.next;
            found.replicas[at] = Some((broker, replica));
            found.next = (at + 1) % found.replicas.len();
        }
        replica
    }
    /// The log of a replica in a log directory that failed.
    pub fn offline_log(&self, broker: BrokerId, tp: &TopicPartition) -> Option<&'a Log> {
        replicas::offline(self.world, self.layout, broker, self.topic_id(tp)?, tp.partition)
    }
    /// The replica that leads in the highest epoch and whose process runs ([`replicas::leader`]).
    pub fn leader(&self, tp: &TopicPartition) -> Option<Replica<'a>> {
        if let Some(record) = self.record(tp)
            && let Some(node) = self.layout.brokers.get(&record.leader)
            && self.world.state(*node) == NodeState::Running
            && let Some(replica) = self.replica(record.leader, tp)
            && replica.is_leader
            && replica.leader_epoch == record.leader_epoch
        {
            return Some(replica);
        }
        replicas::leader(self.world, self.layout, tp)
    }
    /// Whether the leader has asked for a replica to be in sync, and has forgotten it ([`cluster::broker::Broker::has_forgotten_joiner`]).
    pub fn is_forgotten_joiner(&self, tp: &TopicPartition, id: BrokerId) -> bool {
        let leader = self.record(tp).and_then(|record| self.layout.brokers.get(&record.leader));
        let broker = leader.and_then(|node| self.world.machine(*node).kafka()?.broker());
        let topic_id = self.topic_id(tp);
        broker.zip(topic_id).is_some_and(|(broker, topic_id)| broker.has_forgotten_joiner(topic_id, tp.partition, id))
    }
    /// Where a replica ends, unless its broker is away or does not know yet what power took from it.
    pub fn serving_end(&self, tp: &TopicPartition, broker: BrokerId) -> Option<i64> {
        let node = self.layout.brokers.get(&broker)?;
        let lifecycle = self.world.machine(*node).kafka()?.lifecycle()?;
        let serves = self.world.state(*node) == NodeState::Running && lifecycle.state() >= BrokerState::Recovery;
        serves.then(|| self.replica(broker, tp).map(|replica| replica.log.log_end_offset()))?
    }
}

/// The partition that a note is about, of those that are frequent.
fn subject(note: &Note) -> Option<&TopicPartition> {
    match note {
        Note::Appended { tp, .. }
        | Note::HighWatermark { tp, .. }
        | Note::Acked { tp, .. }
        | Note::Delivered { tp, .. } => Some(tp),
        _ => None,
    }
}

/// A claim that must hold after every event.
pub trait Invariant {
    /// A stable name.
    const ID: &'static str;
    /// The claim in a sentence.
    const DOC: &'static str;
    /// Where the claim comes from.
    const SOURCE: &'static str;
    /// The kinds of notes it looks at: it is shown no other.
    const LOOKS_AT: Kinds;

    /// Looks at one fact of those kinds; says what is wrong if the claim fails.
    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String>;

    /// A broker's host lost power: what it had not flushed is gone.
    fn power_lost(&mut self, _broker: BrokerId) {}
}

/// Whether the metadata log was torn by disks that were lost: in a static quorum a voter whose disk is lost comes back with the same
/// vote and no log, and may elect who lacks what it had acknowledged (KIP-853, motivation).
#[derive(Clone, Copy, Debug, Default)]
struct Torn {
    may_be: bool,
    is: bool,
}

impl Torn {
    /// Looks whether somebody leads now who lacks what another has applied, or leads an epoch of another.
    fn look(&mut self, world: &World<Actor>, layout: &Layout, notes: &[Stamped<Note>]) -> bool {
        let leads = |stamped: &Stamped<Note>| match &stamped.note {
            Note::QuorumState { node, state: "Leader", epoch, .. } => Some((*node, *epoch)),
            _ => None,
        };
        let is_told = |stamped: &Stamped<Note>| matches!(stamped.note, Note::MetadataTorn { .. });
        self.is |= self.may_be && notes.iter().any(is_told);
        if self.may_be
            && !self.is
            && let Some((leader, epoch)) = notes.iter().find_map(leads)
        {
            let processes = layout.brokers.iter().chain(&layout.controllers);
            let others =
                processes.filter(|(id, _)| **id != leader).filter_map(|(_, node)| world.machine(*node).kafka());
            let log =
                layout.controllers.get(&leader).and_then(|node| world.machine(*node).kafka()).map(|it| it.raft().log());
            let start = log.and_then(|log| log.epochs().iter().find(|(of, _)| *of == epoch)).map(|(_, start)| *start);
            self.is = others.map(KafkaProcess::raft).any(|raft| {
                let is_ahead = start.is_some_and(|start| raft.high_watermark() > start);
                is_ahead || (raft.is_leader() && raft.epoch() == epoch)
            });
        }
        self.is
    }
}

/// An invariant that broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Its id.
    pub invariant: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// What contradicts it.
    pub evidence: String,
    /// Of a claim with many sides, the one that failed: of `liveness`, who has not converged, and how. Else empty.
    pub about: String,
    /// After which event.
    pub event: u64,
    /// When.
    pub at: Time,
}

/// With the time that a run's clock shows.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Time::ZERO + self.at.since(BOOT);
        write!(
            f,
            "invariant `{}` broke at event {} ({at}): {} — {}",
            self.invariant, self.event, self.claim, self.evidence
        )
    }
}

#[cold]
fn broken<I: Invariant>(stamped: &Stamped<Note>, evidence: String) -> Violation {
    Violation { invariant: I::ID, claim: I::DOC, evidence, about: String::new(), event: stamped.event, at: stamped.at }
}

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvariantInfo {
    /// Its id.
    pub id: &'static str,
    /// The claim.
    pub doc: &'static str,
    /// Its source.
    pub source: &'static str,
}

macro_rules! invariants {
    ($($module:ident $name:ident)*) => {
        $(mod $module;)*

        /// Every invariant that is checked.
        pub const INVARIANTS: &[InvariantInfo] = &[$(InvariantInfo {
            id: <$module::$name as Invariant>::ID,
            doc: <$module::$name as Invariant>::DOC,
            source: <$module::$name as Invariant>::SOURCE,
        },)*];

        /// What any of them looks at.
        const LOOKED_AT: Kinds = Kinds::of(&[])$(.or(<$module::$name as Invariant>::LOOKS_AT))*;

        /// What each looks at, and the source it says so in.
        #[cfg(test)]
        const LOOKS: &[(&str, Kinds, &str)] =
            &[$((<$module::$name as Invariant>::ID, <$module::$name as Invariant>::LOOKS_AT, include_str!(concat!(stringify!($module), ".rs"))),)*];

        /// All monitors of a run.
        #[derive(Clone, Debug, Default)]
        pub struct Monitors {
            dark: SortedSet<BrokerId>,
            torn: Torn,
            $($module: $module::$name,)*
        }

        impl Monitors {
            /// A voter of a static quorum has lost its log: it votes, and does not know for what.
            pub fn voter_lost(&mut self) {
                self.torn.may_be = true;
            }

            /// All voters of a dynamic quorum have lost their logs, and another one is to begin.
            pub fn quorum_replaced(&mut self) {
                self.torn = Torn { may_be: true, is: true };
            }

            /// Whether so many voters lost their logs that what was committed in the metadata log is gone: nothing is claimed any more.
            pub fn is_quorum_torn(&self) -> bool {
                self.torn.is
            }

            /// Tells every monitor that a broker's host lost power.
            pub fn power_lost(&mut self, broker: BrokerId) {
                self.dark.insert(broker);
                $(self.$module.power_lost(broker);)*
            }

            /// Shows the notes of an event to every monitor, one after the other; the first that objects wins.
            pub fn notes(&mut self, world: &World<Actor>, layout: &Layout, notes: &[Stamped<Note>]) -> Result<(), Violation> {
                let Some(first) = notes.first() else { return Ok(()) };
                if self.torn.look(world, layout, notes) {
                    return Ok(());
                }
                let mut sight = Sight { world, layout, node: first.node, note: &first.note, dark: &self.dark, image: OnceCell::new(), found: RefCell::default() };
                for stamped in notes {
                    let kind = Kind::of(&stamped.note);
                    if !LOOKED_AT.has(kind) {
                        continue;
                    }
                    sight.turn_to(stamped);
                    $(
                        if <$module::$name as Invariant>::LOOKS_AT.has(kind)
                            && let Err(evidence) = self.$module.check(&sight)
                        {
                            return Err(broken::<$module::$name>(stamped, evidence));
                        }
                    )*
                }
                Ok(())
            }
        }
    };
}

invariants! {
    one_leader_per_epoch OneLeaderPerEpoch
    one_quorum_leader OneQuorumLeader
    epochs_grow EpochsGrow
    high_watermark_monotonic HighWatermarkMonotonic
    log_start_monotonic LogStartMonotonic
    log_matching LogMatching
    in_sync_hold_committed InSyncHoldCommitted
    acked_is_committed AckedIsCommitted
    acked_survive AckedSurvive
    committed_by_min_isr CommittedByMinIsr
    unclean_only_if_allowed UncleanOnlyIfAllowed
    sequences_in_order SequencesInOrder
    offsets_dense OffsetsDense
    retention_keeps_young RetentionKeepsYoung
    metadata_agrees MetadataAgrees
    committed_within_log CommittedWithinLog
    compaction_keeps_last CompactionKeepsLast
    committed_offsets_grow CommittedOffsetsGrow
    commits_survive CommitsSurvive
    one_owner OneOwner
    reads_one_log ReadsOneLog
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An invariant is shown the notes that its source names, and no others.
    #[test]
    fn each_is_shown_what_it_names() {
        for (id, looks_at, source) in LOOKS {
            for (name, kind) in Kind::ALL {
                let mut places = source.match_indices("Note::").map(|(at, found)| &source[at + found.len()..]);
                let is_named = places.any(|rest| rest.split(|c: char| !c.is_alphanumeric()).next() == Some(*name));
                assert_eq!(looks_at.has(*kind), is_named, "{id}: {name}");
            }
        }
    }

    /// What broke is told with the time that the terminals show.
    #[test]
    fn a_violation_is_told_in_the_time_of_the_runs_clock() {
        let at = BOOT + kernel::Duration::from_millis(1_500);
        let of =
            |at| Violation { invariant: "i", claim: "c", evidence: "e".into(), about: String::new(), event: 7, at };
        assert_eq!(of(at).to_string(), "invariant `i` broke at event 7 (00:01.500): c — e");
        assert_eq!(of(Time::ZERO).to_string(), "invariant `i` broke at event 7 (00:00.000): c — e");
    }

    /// A follower of the metadata log that is asked to truncate what is committed: nobody may do that, unless a voter's disk was lost.
    #[test]
    fn committed_metadata_that_is_to_be_truncated_breaks_a_claim() {
        let lab = crate::Lab::new(&crate::Scenario::default()).expect("it boots");
        let note = Note::MetadataTorn { node: BrokerId(1), to: 5, high_watermark: 9 };
        let notes = [Stamped { event: 1, at: Time::ZERO, node: lab.layout().brokers[&BrokerId(1)], note }];
        let shown = |monitors: &mut Monitors| monitors.notes(lab.world(), lab.layout(), &notes);
        let violation = shown(&mut Monitors::default()).expect_err("what is committed stays");
        assert_eq!(violation.invariant, "metadata-agrees");
        assert_eq!(
            violation.evidence,
            "node 1 has committed the metadata log up to 9, and its leader lets it truncate to 5"
        );
        let mut excused = Monitors::default();
        excused.voter_lost();
        assert_eq!((shown(&mut excused), excused.is_quorum_torn()), (Ok(()), true));
    }
}
