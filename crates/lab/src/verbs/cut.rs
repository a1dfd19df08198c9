//! `sim cut 1 | 2 3`: cuts the network between two sets of processes.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "cut",
    usage: "cut A… | B…   (sim cut 1 | 2 3;  sim cut 1 > 2 for one way;  `rest` means all others; leader:orders-0, followers:orders-0)",
    summary: "Cuts the network between two sets of processes; what is sent is held until it heals.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let line = call.words.join(" ");
    for (from, to) in call.links(&line)? {
        call.lab.world.cut(from, to);
    }
    Ok(format!("cut: {}", line.trim()))
}
