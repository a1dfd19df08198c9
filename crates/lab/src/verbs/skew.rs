//! `sim skew broker 1 +5min`: a wall clock that is wrong.

use kernel::Host;

use super::{Call, Verb};
use crate::lab::MarkKind;
use crate::units::parse_duration;

pub(super) const VERB: Verb = Verb {
    name: "skew",
    usage: "skew PROCESS +SPAN | -SPAN | right   (sim skew broker 1 +5min;  sim skew term:2 -3h)",
    summary: "Puts the wall clock of a host ahead or behind: timestamps, retention and log lines follow it, timers do not.",
    only_moves_time: false,
    act,
};

/// What any clock that was ever set may be wrong by: 100 years.
const MAX_MS: u64 = 100 * 365 * 86_400_000;

fn act(call: Call<'_>) -> Result<String, String> {
    let [process @ .., ahead] = call.words.as_slice() else { return Err("whose clock, and by how much?".into()) };
    let clock_ahead_ms = match (*ahead, ahead.strip_prefix('+'), ahead.strip_prefix('-')) {
        ("right", ..) => 0,
        (_, Some(span), _) => millis(span)?,
        (_, _, Some(span)) => -millis(span)?,
        _ => return Err(format!("`{ahead}` is no `+5min`, no `-5min` and not `right`")),
    };
    let node = call.node(&process.join(" "))?;
    let host = call.lab.world.host(node);
    call.lab.world.set_host(node, Host { clock_ahead_ms, ..host });
    let said = match ahead.strip_prefix(['+', '-']).filter(|_| clock_ahead_ms != 0) {
        Some(span) if clock_ahead_ms > 0 => format!("the clock of {} is {span} ahead", call.lab.world.name(node)),
        Some(span) => format!("the clock of {} is {span} behind", call.lab.world.name(node)),
        None => format!("the clock of {} is right", call.lab.world.name(node)),
    };
    call.lab.mark(MarkKind::Process, said.as_str().into());
    Ok(said)
}

fn millis(span: &str) -> Result<i64, String> {
    let ms = parse_duration(span)?.as_millis();
    if ms > MAX_MS { Err(format!("{span} is more than 100 years")) } else { Ok(ms as i64) }
}
