//! `sim heal`: mends cuts.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "heal",
    usage: "heal [A… | B…]   (without processes: every cut)",
    summary: "Mends cuts; what they held arrives now, in order.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let line = call.words.join(" ");
    let cuts: Vec<_> = call.lab.world.cuts().collect();
    let mended = match line.split_once('|') {
        None if line.trim().is_empty() => cuts,
        None => return Err("put `|` between two sets of processes, or name none".into()),
        Some((left, right)) => {
            let left = super::cut::set(&call, left, &[])?;
            let right = super::cut::set(&call, right, &left)?;
            let crosses = |(a, b): &(_, _)| left.contains(a) && right.contains(b) || left.contains(b) && right.contains(a);
            cuts.into_iter().filter(crosses).collect()
        }
    };
    if mended.is_empty() {
        return Err("there is no such cut".into());
    }
    for (from, to) in &mended {
        call.lab.world.heal(*from, *to);
    }
    Ok(format!("healed {} one-way {}", mended.len(), if mended.len() == 1 { "cut" } else { "cuts" }))
}
