//! What a timer means that ran out because somebody was not heard: the session of a broker, of a group member, the fetch
//! timeout of a Raft follower, `replica.lag.time.max.ms`. The kernel knows that a timer was due; who was waited for is read
//! from what the process reported then.

use kernel::{NodeId, NodeState, Stimulus, Time, TraceEntry};
use lab::{Lab, MarkKind, Tag};
use protocol::api::ApiKey;
use protocol::{BrokerId, Note};

use crate::flow::{Cause, command, notes_of};
use crate::observe::{clock_ns, process_name};
use crate::say;
use crate::text::Text;

/// A silence that had consequences.
pub(crate) struct Silence {
    /// What is said of the timer.
    pub(crate) text: Text,
    /// How the silence came: what became of the silent one, and by whose command.
    pub(crate) links: Vec<Cause>,
}

/// What the one who waited should have got.
struct Awaited {
    from: NodeId,
    api: ApiKey,
    is_response: bool,
}

/// What was not heard before a timer. `effect`: what it led to next, if anything is known of that.
pub(crate) fn behind(lab: &Lab, entry: &TraceEntry, effect: Option<&Cause>) -> Option<Silence> {
    if !matches!(entry.stimulus, Stimulus::Timer) {
        return None;
    }
    let Some(awaited) = notes_of(lab, entry.event).find_map(|n| awaited(lab, &n.note)) else {
        let shrinks = effect.is_some_and(|e| e.text.parts.first().is_some_and(|api| api == "AlterPartition"));
        let text = say!("finds that a follower has not caught up for replica.lag.time.max.ms");
        return shrinks.then(|| Silence { text, links: Vec::new() });
    };
    let is_up = matches!(lab.world().state(awaited.from), NodeState::New | NodeState::Running);
    let died = (!is_up).then(|| lab.since(awaited.from)).filter(|at| *at <= entry.at);
    // Where the trace no longer reaches, the silence is as old as its death, at least.
    let heard = last_heard(lab, entry, &awaited).or(died);
    let (name, api) = (process_name(lab, awaited.from), awaited.api.name());
    let text = match heard {
        Some(at) => say!("has heard no {} from {} since {}", api, name, moment(at)),
        None => say!("has heard no {} from {}", api, name),
    };
    Some(Silence { text, links: fate(lab, &awaited, heard, entry.at) })
}

fn awaited(lab: &Lab, note: &Note) -> Option<Awaited> {
    let request = |from: NodeId, api: ApiKey| Some(Awaited { from, api, is_response: false });
    match note {
        Note::BrokerFenced { broker, fenced: true } => {
            request(*lab.layout().brokers.get(broker)?, ApiKey::BrokerHeartbeat)
        }
        Note::MemberLeft { member, .. } => {
            let is_it = |app: &&lab::App| {
                lab.world().machine(app.node).app().and_then(|program| program.member()).is_some_and(|m| m == *member)
            };
            request(lab.apps().iter().find(is_it)?.node, ApiKey::Heartbeat)
        }
        Note::QuorumState { node, state: "Prospective" | "Candidate", .. } => {
            let from = *lab.layout().controllers.get(&leader_before(lab, *node)?)?;
            Some(Awaited { from, api: ApiKey::Fetch, is_response: true })
        }
        _ => None,
    }
}

/// Who led the quorum before a node stood for election.
fn leader_before(lab: &Lab, candidate: BrokerId) -> Option<BrokerId> {
    lab.history().latest_first().find_map(|n| match &n.note {
        Note::QuorumState { node, state: "Leader", .. } if *node != candidate => Some(*node),
        _ => None,
    })
}

/// When the last such message came.
fn last_heard(lab: &Lab, entry: &TraceEntry, awaited: &Awaited) -> Option<Time> {
    let before = lab.world().trace().rev().skip_while(|e| e.event >= entry.event);
    let mut heard = before.filter(|e| match e.stimulus {
        Stimulus::Message { from, tag, .. } if e.node == entry.node && from == awaited.from => {
            Tag::unpack(tag).is_some_and(|tag| tag.api == awaited.api && tag.is_response == awaited.is_response)
        }
        _ => false,
    });
    heard.next().map(|e| e.at)
}

/// What became of the silent one, and the command that did it.
fn fate(lab: &Lab, awaited: &Awaited, heard: Option<Time>, until: Time) -> Vec<Cause> {
    let since = lab.since(awaited.from);
    let text = match lab.world().state(awaited.from) {
        NodeState::Killed => Some(say!("was killed")),
        NodeState::PoweredOff => Some(say!("lost its power")),
        NodeState::Paused => Some(say!("was paused")),
        NodeState::Exited(_) => Some(say!("has ended")),
        NodeState::New | NodeState::Running => None,
    };
    let mut links = Vec::new();
    if let Some(text) = text.filter(|_| since <= until) {
        let process = process_name(lab, awaited.from);
        links.push(Cause { at_ns: clock_ns(since), process, text, times: 1, ..Cause::default() });
    }
    let acts = ["sim kill", "sim power-off", "sim pause", "sim stop", "sim cut"];
    let is_act = |text: &str| acts.iter().any(|act| text.starts_with(act));
    let mut marks = lab.marks().iter().filter(|m| m.kind == MarkKind::Command && m.at <= until && is_act(&m.text));
    let after = heard.unwrap_or(Time::ZERO);
    links.extend(marks.find(|m| m.at >= after).map(command));
    links
}

/// `mm:ss.mmm` on the run's clock.
fn moment(at: Time) -> String {
    let ms = clock_ns(at) / 1_000_000;
    format!("{:02}:{:02}.{:03}", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
}
