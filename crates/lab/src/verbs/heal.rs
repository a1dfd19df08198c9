//! `sim heal`: mends the network.

use super::{Call, Verb};
use crate::traps;

pub(super) const VERB: Verb = Verb {
    name: "heal",
    usage: "heal [A… | B…]   (without processes: everything; sim heal 1 > 2 for one way)",
    summary: "Ends cuts, delays and drops that wait; what cuts held arrives now, in order.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let line = call.words.join(" ");
    let is_all = line.trim().is_empty();
    let links = if is_all { Vec::new() } else { call.links(&line)? };
    let is_meant = |from, to| is_all || links.contains(&(from, to));
    let world = &mut call.lab.world;
    let cuts: Vec<_> = world.cuts().filter(|(from, to)| is_meant(*from, *to)).collect();
    let delays: Vec<_> = world.delays().map(|(from, to, _)| (from, to)).filter(|(a, b)| is_meant(*a, *b)).collect();
    for (from, to) in &cuts {
        world.heal(*from, *to);
    }
    for (from, to) in &delays {
        world.undelay(*from, *to);
    }
    let drops = world.remove_traps(|trap| {
        traps::is_drop(trap) && trap.towards.iter().all(|to| is_meant(trap.node, *to))
    });
    let healed = [(cuts.len(), "cut"), (delays.len(), "delay"), (drops, "drop")];
    let told = healed.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{count} one-way {what}{}", plural(*count))).collect();
    match told.is_empty() {
        true => Err("there is no such cut, and no such delay".into()),
        false => Ok(format!("healed {}", told.join(", "))),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
