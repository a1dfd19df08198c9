//! How two moments differ: of two branches at the same time, or of one branch before and after.

use ordered::SortedMap;
use serde::Serialize;

use crate::picture::{Picture, ProcessState};

/// A fact that is not the same in both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Difference {
    /// What it is about, e.g. `orders-0: leader`.
    pub what: String,
    /// In the first; empty if there is no such thing.
    pub here: String,
    /// In the second; empty if there is no such thing.
    pub there: String,
}

/// The facts that differ, by name.
pub fn differences(here: &Picture, there: &Picture) -> Vec<Difference> {
    let mut all: SortedMap<String, (String, String)> = SortedMap::new();
    facts(here, &mut |what, value| all.entry(what).or_default().0 = value);
    facts(there, &mut |what, value| all.entry(what).or_default().1 = value);
    let differing = all.into_iter().filter(|(_, (a, b))| a != b);
    differing.map(|(what, (here, there))| Difference { what, here, there }).collect()
}

fn list(ids: &[i32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn facts(picture: &Picture, put: &mut impl FnMut(String, String)) {
    for c in &picture.controllers {
        put(format!("controller {}", c.id), format!("{}, {} in epoch {}", state(c.state), c.role, c.epoch));
    }
    for b in &picture.brokers {
        let fenced = if b.fenced { ", fenced" } else { "" };
        put(format!("broker {}", b.id), format!("{}{fenced}", state(b.state)));
        for r in &b.replicas {
            let what = format!("{}-{}: log on broker {}", r.topic, r.partition, b.id);
            put(what, format!("start {}, HW {}, end {}", r.log_start, r.high_watermark, r.log_end));
        }
    }
    for t in &picture.topics {
        for p in &t.partitions {
            let of = |what: &str| format!("{}-{}: {what}", t.name, p.partition);
            put(of("leader"), format!("{} in epoch {}", p.leader, p.leader_epoch));
            put(of("ISR"), list(&p.isr));
        }
    }
    for g in &picture.groups {
        put(format!("group {}", g.group), format!("{}, generation {}", g.state, g.generation));
        for m in &g.members {
            let owns: Vec<String> = m.assignment.iter().map(|(t, p)| format!("{t}-{p}")).collect();
            put(format!("group {}: {} owns", g.group, m.process.as_ref().unwrap_or(&m.member)), owns.join(" "));
        }
        for o in &g.offsets {
            put(format!("group {}: committed {}-{}", g.group, o.topic, o.partition), o.committed.to_string());
        }
    }
    for c in &picture.clients {
        put(
            format!("{} {}", c.process, c.title),
            format!("{}, {} records, {} failed", state(c.state), c.records, c.errors),
        );
    }
    for (from, to) in &picture.cuts {
        put(format!("link {from} → {to}"), "cut".into());
    }
}

fn state(state: ProcessState) -> &'static str {
    match state {
        ProcessState::New => "not started",
        ProcessState::Running => "running",
        ProcessState::Paused => "paused",
        ProcessState::Stopped => "stopped",
        ProcessState::Killed => "killed",
        ProcessState::PoweredOff => "powered off",
    }
}
