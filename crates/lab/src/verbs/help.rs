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
    Ok(VERBS.iter().map(|verb| format!("sim {:<44} {}", verb.usage, verb.summary)).collect::<Vec<_>>().join("\n"))
}
