//! What is out of order on purpose, and what it cost: hosts with a bad disk or clock, slow links, traps that wait, messages that
//! reached nobody, records that were acknowledged and are gone. `sim status` and `sim ledger` print the same for a terminal.

use kernel::{Duration, Host, Stimulus, Strike, Time};
use lab::{Lab, Tag, replicas};
use ordered::SortedMap;
use protocol::TopicPartition;
use protocol::api::ConfigResourceKind;
use serde::Serialize;

use crate::observe::{clock_ns, process_name};
use crate::past::Past;
use crate::say;
use crate::text::Text;

/// Something that is out of order with a process or its host, or that waits for it.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct TroubleView {
    /// The process; empty for a command that waits for a condition.
    pub process: String,
    /// What.
    pub text: Text,
}

/// A link on which messages take longer, one way.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct DelayView {
    /// From which process.
    pub from: String,
    /// To which.
    pub to: String,
    /// By how much, ns.
    pub latency_ns: u64,
    /// By how much more at most, ns.
    pub jitter_ns: u64,
}

/// A message that reached nobody: its receiver was gone when it came.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct GhostView {
    /// The event of its arrival.
    pub event: u64,
    /// When that was, ns.
    pub at_ns: u64,
    /// Sender's process name.
    pub from: String,
    /// The process that was gone.
    pub to: String,
    /// API name.
    pub api: String,
    /// Whether it was an answer.
    pub is_response: bool,
}

/// Records that were acknowledged and are no more where they were promised.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct LostView {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// First and last offset; −1 if none was promised (acks=0).
    pub offsets: (i64, i64),
    /// How many.
    pub count: u64,
    /// What allowed it.
    pub why: Text,
}

/// How long a ghost is remembered, and how many are.
const GHOSTS_FOR: Duration = Duration::from_millis(1_000);
const GHOSTS_MAX: usize = 12;

/// What is out of order with hosts, and what waits.
pub(crate) fn troubles(lab: &Lab) -> Vec<TroubleView> {
    let world = lab.world();
    let of = |node, text| TroubleView { process: process_name(lab, node), text };
    let hosts = world.hosts_in_trouble().flat_map(|(node, host)| host_troubles(host).map(move |text| of(node, text)));
    let traps = world.traps().iter().map(|trap| {
        let text = match trap.strike {
            Strike::Reset => say!("the next {} will be lost", trap.name),
            Strike::Die { .. } => say!("will die {}", trap.name.replacen('-', " ", 1)),
        };
        of(trap.node, text)
    });
    let waits = lab.awaited().map(|line| TroubleView { process: String::new(), text: say!("waits: {}", line) });
    hosts.chain(traps).chain(waits).collect()
}

fn host_troubles(host: Host) -> impl Iterator<Item = Text> {
    let span = |ms: u64| if ms.is_multiple_of(1_000) { format!("{} s", ms / 1_000) } else { format!("{ms} ms") };
    let slow = host.write_time > Duration::ZERO;
    let skew = span(host.clock_ahead_ms.unsigned_abs());
    let texts = [
        slow.then(|| say!("each write takes {}", span(host.write_time.as_millis()))),
        host.is_disk_full.then(|| say!("the disk is full")),
        (host.failed_disks != 0).then(|| say!("a disk fails")),
        (host.clock_ahead_ms > 0).then(|| say!("the clock is {} ahead", skew)),
        (host.clock_ahead_ms < 0).then(|| say!("the clock is {} behind", skew)),
    ];
    texts.into_iter().flatten()
}

/// Links that are slow.
pub(crate) fn delays(lab: &Lab) -> Vec<DelayView> {
    let views = lab.world().delays().map(|(from, to, delay)| DelayView {
        from: process_name(lab, from),
        to: process_name(lab, to),
        latency_ns: delay.latency.as_nanos(),
        jitter_ns: delay.jitter.as_nanos(),
    });
    views.collect()
}

/// The last messages that reached nobody, latest first.
pub(crate) fn ghosts(lab: &Lab) -> Vec<GhostView> {
    let from = Time::from_nanos(lab.now().as_nanos().saturating_sub(GHOSTS_FOR.as_nanos()));
    let recent = lab.world().trace().rev().take_while(|entry| entry.at >= from);
    let lost = recent.filter_map(|entry| match entry.stimulus {
        Stimulus::Lost { from, tag } => {
            let tag = Tag::unpack(tag)?;
            Some(GhostView {
                event: entry.event,
                at_ns: clock_ns(entry.at),
                from: process_name(lab, from),
                to: process_name(lab, entry.node),
                api: tag.api.name().into(),
                is_response: tag.is_response,
            })
        }
        _ => None,
    });
    lost.take(GHOSTS_MAX).collect()
}

/// What was acknowledged and is gone, by partition, in stretches of offsets. It asks every promise, so only a run in which
/// leaders changed or logs were cut is asked.
pub fn lost(lab: &Lab, past: &Past) -> Vec<LostView> {
    let mut list: Vec<LostView> = Vec::new();
    if !past.is_shaken(lab.events()) {
        return list;
    }
    // What allowed it is looked up in the past, once for all records of a kind.
    let mut causes: SortedMap<(TopicPartition, i16), Text> = SortedMap::new();
    for loss in lab.ledger().lost(lab) {
        let (tp, offset, acks) = (&loss.tp, loss.promise.offset, loss.promise.acks);
        let why = causes.entry((tp.clone(), acks)).or_insert_with(|| allowed_by(lab, past, tp, acks)).clone();
        let is_next = |last: &&mut LostView| {
            let is_same = *last.topic == *tp.topic && last.partition == tp.partition && last.why == why;
            is_same && (offset == last.offsets.1 + 1 || (offset < 0 && last.offsets.1 < 0))
        };
        match list.last_mut().filter(is_next) {
            Some(last) => (last.offsets.1, last.count) = (offset, last.count + 1),
            None => list.push(LostView {
                topic: tp.topic.to_string(),
                partition: tp.partition,
                offsets: (offset, offset),
                count: 1,
                why,
            }),
        }
    }
    list
}

/// The config that let acknowledged records go.
fn allowed_by(lab: &Lab, past: &Past, tp: &TopicPartition, acks: i16) -> Text {
    let config = |name: &str| {
        let image = replicas::image(lab.world(), lab.layout());
        image.and_then(|image| image.config(ConfigResourceKind::Topic, &tp.topic, name)).map(|value| value.to_string())
    };
    match acks {
        0 => say!("acks=0: nobody had to have them"),
        1 => say!("acks=1: only the leader had to have them"),
        _ if past.was_unclean(&tp.topic, tp.partition, lab.events()) => {
            say!("unclean.leader.election.enable=true: a replica led that did not have them")
        }
        _ => {
            say!("min.insync.replicas={}: the ISR was that small", config("min.insync.replicas").unwrap_or("1".into()))
        }
    }
}
