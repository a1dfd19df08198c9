//! `sim help`.

use super::{Call, VERBS, Verb};

pub(super) const VERB: Verb = Verb {
    name: "help",
    usage: "help",
    summary: "Lists the verbs.",
    only_moves_time: true,
    act,
};

fn act(_: Call<'_>) -> Result<String, String> {
    // What a verb does stands below it: side by side they would not fit into a terminal.
    Ok(VERBS.iter().map(|verb| format!("sim {}\n    {}", verb.usage, verb.summary)).collect::<Vec<_>>().join("\n"))
}
