//! `sim ledger`: what was promised and what is gone, topic by topic.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "ledger",
    usage: "ledger",
    summary: "Prints for each topic and each `acks` how many records were acknowledged, and how many of them the leader does not hold now.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let ledger = call.lab.ledger();
    let lost = ledger.lost(call.lab);
    let mut lines = vec![format!("{:<24} {:>4} {:>12} {:>6}", "topic", "acks", "acknowledged", "lost")];
    for ((topic, acks), acked) in ledger.acked_by_topic() {
        let gone = lost.iter().filter(|lost| lost.tp.topic == topic && lost.promise.acks == acks).count();
        let acks = if acks == -1 { "all".to_owned() } else { acks.to_string() };
        lines.push(format!("{topic:<24} {acks:>4} {acked:>12} {gone:>6}"));
    }
    Ok(lines.join("\n"))
}
