//! The turns of a branch: its notes but those that come by the thousand, kept so that views can say since when
//! something is so, what it was before, and which event changed it.

use kernel::{NodeState, Stamped, Time};
use lab::{BOOT, Lab, Mark, MarkKind};
use protocol::{Note, PartitionIndex, TopicName};
use serde::Serialize;

use crate::observe::clock_ns;
use crate::say;
use crate::story::tell;
use crate::text::Text;

/// Turns kept; the older half goes when there are more.
const TURNS_MAX: usize = 20_000;

/// What is looked up in the past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject<'a> {
    /// The leader of a partition.
    Leader(&'a str, i32),
    /// The ISR of a partition.
    Isr(&'a str, i32),
    /// Whether a broker is fenced.
    Fenced(i32),
    /// The lifecycle state of a broker.
    Lifecycle(i32),
    /// The Raft state of a node.
    Quorum(i32),
    /// The state of a group.
    Group(&'a str),
}

/// A change: when, by which event, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Change {
    /// When, ns.
    pub at_ns: u64,
    /// During which event; 0 for an act from outside.
    pub event: u64,
    /// What happened.
    pub text: Text,
}

/// Since when a process is in the state it is in, and what put it there: a command, or a trap of one. None at its first start.
pub fn process_since(lab: &Lab, process: &str) -> Option<Change> {
    let at = lab.since(lab.world().find(process)?);
    let text = act_on(lab, process, at).map_or(say!("on its own"), |mark| say!("{}", mark.text));
    (at >= BOOT).then(|| Change { at_ns: clock_ns(at), event: 0, text })
}

/// The mark of what changed a process's state at a moment. A verb that marks the change does so right before its command is
/// marked; one that stops a process cleanly was given earlier.
fn act_on<'a>(lab: &'a Lab, process: &str, at: Time) -> Option<&'a Mark> {
    let marks = lab.marks();
    let spoken = process.replace('-', " ");
    let names_it = |mark: &&Mark| mark.text.contains(process) || mark.text.contains(&spoken);
    let is_verb = |mark: &&Mark| mark.kind == MarkKind::Command && mark.text.starts_with("sim ");
    let marked = marks.iter().rposition(|m| m.at == at && m.kind == MarkKind::Process && m.text.starts_with(process));
    if let Some(place) = marked {
        return marks.get(place + 1).filter(|mark| mark.at == at && is_verb(mark)).or(marks.get(place));
    }
    let before = || marks.iter().rev().skip_while(|mark| mark.at > at).filter(is_verb);
    let at_once = || marks.iter().rev().find(|mark| mark.at == at && mark.kind == MarkKind::Command);
    before().find(names_it).or_else(at_once)
}

/// A stretch of the log that a replica cut off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Torn {
    /// First offset that went.
    pub from: i64,
    /// One past the last.
    pub to: i64,
    /// When, ns.
    pub at_ns: u64,
    /// During which event.
    pub event: u64,
}

/// A run of the cleaner over a replica's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Swept {
    /// One past the last offset it looked at.
    pub to: i64,
    /// Records that made way for later ones of their keys.
    pub removed: u64,
    /// Records it kept.
    pub kept: u64,
    /// When, ns.
    pub at_ns: u64,
}

/// A state of a group, or what one of its clients owned, from a moment on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Span {
    /// Since when, ns.
    pub from_ns: u64,
    /// State name; for a client its partitions.
    pub text: String,
    /// Generation of the group; −1 for a client.
    pub generation: i32,
    /// What led to it.
    pub reason: Text,
}

/// A group over time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct GroupPast {
    /// Its states, oldest first.
    pub states: Vec<Span>,
    /// What each program owned, oldest first, in the order of processes.
    pub owners: Vec<(String, Vec<Span>)>,
}

/// The turns of one branch.
#[derive(Clone, Default)]
pub struct Past {
    seen: u64,
    turns: Vec<Stamped<Note>>,
    /// The first event that could have taken an acknowledged record away.
    shaken: Option<u64>,
}

impl Past {
    /// Takes in what the lab has lived through since the last call. A lab that went back teaches nothing new.
    pub fn catch_up(&mut self, lab: &Lab) {
        let history = lab.history();
        if history.len() <= self.seen {
            return;
        }
        self.turns.extend(history.since(self.seen).filter(|n| is_turn(&n.note)).cloned());
        self.shaken = self.shaken.or_else(|| history.since(self.seen).find(|n| shakes(&n.note)).map(|n| n.event));
        self.seen = history.len();
        if self.turns.len() > TURNS_MAX {
            self.turns.drain(..TURNS_MAX / 2);
        }
    }

    /// The last change of something up to event `event`.
    pub fn since(&self, subject: Subject<'_>, event: u64) -> Option<Change> {
        let last = self.until(event).rev().find(|n| concerns(&n.note, subject))?;
        Some(Change { at_ns: clock_ns(last.at), event: last.event, text: tell(last).text })
    }

    /// What a broker cut off its log of a partition, up to event `event`.
    pub fn torn(&self, topic: &str, partition: i32, broker: i32, event: u64) -> Vec<Torn> {
        let cuts = self.until(event).filter_map(|n| match &n.note {
            Note::Truncated { tp, broker: on, from, to } if is(tp, topic, partition) && on.0 == broker => {
                Some(Torn { from: *to, to: *from, at_ns: clock_ns(n.at), event: n.event })
            }
            _ => None,
        });
        cuts.collect()
    }

    /// The runs of the cleaner over a broker's log of a partition, up to event `event`.
    pub fn swept(&self, topic: &str, partition: i32, broker: i32, event: u64) -> Vec<Swept> {
        let runs = self.until(event).filter_map(|n| match &n.note {
            Note::Compacted { tp, broker: on, cleaned_to, removed, kept }
                if is(tp, topic, partition) && on.0 == broker =>
            {
                Some(Swept { to: *cleaned_to, removed: *removed, kept: *kept, at_ns: clock_ns(n.at) })
            }
            _ => None,
        });
        runs.collect()
    }

    /// Whether anything up to event `event` could have taken an acknowledged record away: another leader, a log that was cut.
    pub fn is_shaken(&self, event: u64) -> bool {
        self.shaken.is_some_and(|first| first <= event)
    }

    /// Whether a partition had an unclean election up to event `event`.
    pub fn was_unclean(&self, topic: &str, partition: i32, event: u64) -> bool {
        let is_it = |n: &Stamped<Note>| matches!(&n.note, Note::LeaderElected { tp, unclean: true, .. } if is(tp, topic, partition));
        self.until(event).any(is_it)
    }

    /// A group up to where the lab stands.
    pub fn group(&self, name: &str, lab: &Lab) -> GroupPast {
        let mut past = GroupPast::default();
        for n in self.until(lab.events()) {
            let from_ns = clock_ns(n.at);
            match &n.note {
                Note::GroupState { group, state, generation, reason } if **group == *name => past.states.push(Span {
                    from_ns,
                    text: (*state).into(),
                    generation: *generation,
                    reason: say!("{}", reason),
                }),
                Note::Assigned { group, partitions, kept, .. } if **group == *name => {
                    let text = owned(partitions, kept);
                    past.own(
                        lab.world().name(n.node),
                        Span { from_ns, text, generation: -1, reason: say!("assigned") },
                    );
                }
                Note::Revoked { group, kept, lost, .. } if **group == *name => {
                    let reason = if *lost { say!("lost") } else { say!("given up") };
                    past.own(
                        lab.world().name(n.node),
                        Span { from_ns, text: owned(&[], kept), generation: -1, reason },
                    );
                }
                _ => {}
            }
        }
        past.end_of_the_dead(lab);
        past
    }

    fn until(&self, event: u64) -> impl DoubleEndedIterator<Item = &Stamped<Note>> {
        let end = self.turns.partition_point(|n| n.event <= event);
        self.turns[..end].iter().filter(|n| n.at >= BOOT || !matches!(n.note, Note::Truncated { .. }))
    }
}

impl GroupPast {
    /// Who died did not give up what it owned; from then on nobody reads it.
    fn end_of_the_dead(&mut self, lab: &Lab) {
        let is_dead = |node| !matches!(lab.world().state(node), NodeState::Running | NodeState::Paused);
        for app in lab.apps().iter().filter(|app| is_dead(app.node)) {
            let process = lab.world().name(app.node);
            let found = self.owners.iter_mut().find(|(name, _)| **name == **process);
            if let Some((_, spans)) = found.filter(|(_, spans)| spans.last().is_some_and(|last| !last.text.is_empty()))
            {
                let (from_ns, reason) = (clock_ns(lab.since(app.node)), say!("its process ended"));
                spans.push(Span { from_ns, text: String::new(), generation: -1, reason });
            }
        }
    }

    fn own(&mut self, process: &str, span: Span) {
        match self.owners.iter_mut().find(|(name, _)| name == process) {
            Some((_, spans)) => spans.push(span),
            None => {
                let is_later = |(name, _): &(String, _)| (name.len(), &**name) > (process.len(), process);
                let at = self.owners.iter().position(is_later).unwrap_or(self.owners.len());
                self.owners.insert(at, (process.into(), vec![span]));
            }
        }
    }
}

/// What a member has: what it got and what it kept.
fn owned(got: &[(TopicName, PartitionIndex)], kept: &[(TopicName, PartitionIndex)]) -> String {
    let mut all: Vec<_> = got.iter().chain(kept).collect();
    ordered::sort(&mut all);
    all.into_iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>().join(" ")
}

/// Whether a note is of what may take acknowledged records away. The first leader of a partition takes none.
fn shakes(note: &Note) -> bool {
    match note {
        Note::Truncated { .. } => true,
        Note::LeaderElected { leader_epoch, .. } => *leader_epoch > 0,
        _ => false,
    }
}

fn is(tp: &protocol::TopicPartition, topic: &str, partition: i32) -> bool {
    tp.partition == partition && *tp.topic == *topic
}

fn concerns(note: &Note, subject: Subject<'_>) -> bool {
    match (note, subject) {
        (Note::LeaderElected { tp, .. }, Subject::Leader(topic, partition)) => is(tp, topic, partition),
        (Note::IsrChanged { tp, .. }, Subject::Isr(topic, partition)) => is(tp, topic, partition),
        (Note::BrokerFenced { broker, .. }, Subject::Fenced(id)) => broker.0 == id,
        (Note::BrokerState { broker, .. }, Subject::Lifecycle(id)) => broker.0 == id,
        (Note::QuorumState { node, .. }, Subject::Quorum(id)) => node.0 == id,
        (Note::GroupState { group, .. }, Subject::Group(name)) => **group == *name,
        _ => false,
    }
}

/// Whether a note is kept: all but what comes with every record, batch, heartbeat or line of output.
fn is_turn(note: &Note) -> bool {
    !matches!(
        note,
        Note::Appended { .. }
            | Note::HighWatermark { .. }
            | Note::OffsetsCommitted { .. }
            | Note::Sent { .. }
            | Note::Acked { .. }
            | Note::Delivered { .. }
            | Note::SegmentRolled { .. }
            | Note::SendFailed { .. }
            | Note::ClientError { .. }
            | Note::Output { .. }
    )
}
