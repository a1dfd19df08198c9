//! `sim help`.

use super::{Call, VERBS, Verb};

pub(super) const VERB: Verb = Verb {
    name: "help",
    usage: "help [VERB]   (sim help cut)",
    summary: "Lists the verbs, or tells of one.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let wanted = call.rest;
    let meant = VERBS.iter().filter(|verb| wanted.is_empty() || verb.name == wanted);
    // What a verb does stands below it: side by side they would not fit into a terminal.
    let told: Vec<String> = meant.map(|verb| format!("sim {}\n    {}", verb.usage, verb.summary)).collect();
    match told.is_empty() {
        true => Err(format!("there is no verb `{wanted}`")),
        false => Ok(told.join("\n")),
    }
}
