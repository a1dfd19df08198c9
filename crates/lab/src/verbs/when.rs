//! `sim when 'leader("orders", 0) == 2' sim kill broker 2`: a command line that waits for a condition.

use super::{Call, Verb};
use crate::facts::{Condition, Truth};

pub(super) const VERB: Verb = Verb {
    name: "when",
    usage: "when 'CONDITION' COMMAND…   (sim when 'isr(\"orders\", 0) == [1]' sim kill broker 1)",
    summary: "Gives a command line, in this terminal, once, after the event that makes the condition true. Facts are those of lessons.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let Some((condition, line)) = call.rest.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) else {
        return Err("put the condition between `'` and `'`, and the command behind it".into());
    };
    let line = line.trim();
    if line.is_empty() {
        return Err("what should be done then?".into());
    }
    if super::only_moves_time(line) {
        return Err(format!("`{line}` changes nothing; while it waits, time passes anyway"));
    }
    let condition = Condition::parse(condition).map_err(|error| error.to_string())?;
    let told = match condition.truth(call.lab) {
        Truth::Never(why) => return Err(why),
        Truth::Yes => format!("{condition}, now: {line}"),
        Truth::No => format!("when {condition}: {line}"),
        Truth::Untold(why) => format!("when {condition}: {line} (not yet: {why})"),
    };
    call.lab.waiting.when(call.term, condition, line);
    Ok(told)
}
