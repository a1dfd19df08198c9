//! `sim at 12s kill broker 1`: schedules a command line.

use crate::lab::BOOT;
use crate::units::parse_duration;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "at",
    usage: "at TIME COMMAND…   (sim at 12s sim kill broker 1)",
    summary: "Gives a command line, in this terminal, when the clock shows that time.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let Some(time) = call.words.first() else { return Err("when, and what?".into()) };
    let at = BOOT + parse_duration(time)?;
    // As it was typed: spaces within quotes count.
    let line = call.rest.strip_prefix(time).unwrap_or("").trim();
    if line.is_empty() {
        return Err("what should be done then?".into());
    }
    if super::lets_time_pass(line) {
        return Err("then time passes by itself; give the next command its own time".into());
    }
    if at < call.lab.now() {
        return Err("that moment is past".into());
    }
    call.lab.schedule(at, call.term, line.into());
    Ok(format!("at {time}: {line}"))
}
