//! `sim cut 1 | 2 3`: cuts the network between two sets of processes.

use kernel::NodeId;

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
    let (one_way, sides) = match (line.split_once('|'), line.split_once('>')) {
        (Some(sides), None) => (false, sides),
        (None, Some(sides)) => (true, sides),
        _ => return Err("put `|` (both ways) or `>` (one way) between two sets of processes".into()),
    };
    let left = set(&call, sides.0, &[])?;
    let right = set(&call, sides.1, &left)?;
    for from in &left {
        for to in &right {
            call.lab.world.cut(*from, *to);
            if !one_way {
                call.lab.world.cut(*to, *from);
            }
        }
    }
    Ok(format!("cut: {}", line.trim()))
}

/// The processes a side names; `rest` is every Kafka process and program not in `others`.
pub(super) fn set(call: &Call<'_>, side: &str, others: &[NodeId]) -> Result<Vec<NodeId>, String> {
    if side.trim() == "rest" {
        return Ok(call.lab.world.node_ids().filter(|node| !others.contains(node)).collect());
    }
    let mut nodes = Vec::new();
    let mut words = side.split([' ', ',']).filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        let named = match words.peek() {
            Some(number) if matches!(word, "broker" | "controller" | "app") => {
                let named = format!("{word} {number}");
                words.next();
                named
            }
            _ => word.to_owned(),
        };
        match named.split_once(':') {
            Some((kind, rest)) => nodes.extend(call.by_role(kind, rest)?),
            None => nodes.push(call.node(&named)?),
        }
    }
    match nodes.is_empty() {
        true => Err("one side names no process".into()),
        false => Ok(nodes),
    }
}
