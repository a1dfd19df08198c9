//! How two moments differ: of two branches at the same time, or of one branch before and after.

use ordered::SortedMap;
use serde::Serialize;

use crate::picture::{Picture, ProcessState};
use crate::say;
use crate::text::Text;

/// A fact that is not the same in both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Difference {
    /// What it is about, e.g. `orders-0: leader`.
    pub what: Text,
    /// In the first; empty if there is no such thing.
    pub here: Text,
    /// In the second; empty if there is no such thing.
    pub there: Text,
}

/// The facts that differ, by name.
pub fn differences(here: &Picture, there: &Picture) -> Vec<Difference> {
    let mut all: SortedMap<String, Difference> = SortedMap::new();
    let mut put = |what: Text, value: Text, is_here: bool| {
        let fact = all.entry(what.to_string()).or_default();
        *(if is_here { &mut fact.here } else { &mut fact.there }) = value;
        fact.what = what;
    };
    facts(here, &mut |what, value| put(what, value, true));
    facts(there, &mut |what, value| put(what, value, false));
    all.into_values().filter(|fact| fact.here != fact.there).collect()
}

fn list(ids: &[i32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn facts(picture: &Picture, put: &mut impl FnMut(Text, Text)) {
    for c in &picture.controllers {
        let value = match c.state {
            ProcessState::Running => say!("{} in epoch {}", c.role, c.epoch),
            state => said(state),
        };
        put(say!("controller {}", c.id), value);
    }
    for b in &picture.brokers {
        let is_cut_off = b.fenced && b.state == ProcessState::Running;
        put(say!("broker {}", b.id), if is_cut_off { say!("running, fenced") } else { said(b.state) });
        for r in &b.replicas {
            let what = say!("{}-{}: log on broker {}", r.topic, r.partition, b.id);
            put(what, say!("start {}, HW {}, end {}", r.log_start, r.high_watermark, r.log_end));
        }
    }
    for t in &picture.topics {
        for p in &t.partitions {
            put(say!("{}-{}: leader", t.name, p.partition), say!("{} in epoch {}", p.leader, p.leader_epoch));
            put(say!("{}-{}: ISR", t.name, p.partition), say!("{}", list(&p.isr)));
        }
    }
    for g in &picture.groups {
        put(say!("group {}", g.group), say!("{}, generation {}", g.state, g.generation));
        for m in &g.members {
            let owns: Vec<String> = m.assignment.iter().map(|(t, p)| format!("{t}-{p}")).collect();
            put(
                say!("group {}: {} owns", g.group, m.process.as_ref().unwrap_or(&m.member)),
                say!("{}", owns.join(" ")),
            );
        }
        for o in &g.offsets {
            put(say!("group {}: committed {}-{}", g.group, o.topic, o.partition), say!("{}", o.committed));
        }
    }
    for c in &picture.clients {
        let value = match c.state {
            ProcessState::Running => say!("{} records, {} failed", c.records, c.errors),
            state => said(state),
        };
        put(say!("{} {}", c.process, c.title), value);
    }
    for (from, to) in &picture.cuts {
        put(say!("link {} → {}", from, to), say!("cut"));
    }
}

fn said(state: ProcessState) -> Text {
    Text { form: state.name(), parts: Vec::new() }
}
