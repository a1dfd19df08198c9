//! `sim delay 1 | 2 3 200ms`: a slow network; `sim delay produce request #17 app-2 > 1 200ms`: one late message.

use kernel::{Delay, Duration};

use super::{Call, Verb, flight};
use crate::units::{format_duration, parse_duration};

pub(super) const VERB: Verb = Verb {
    name: "delay",
    usage: "delay A… | B… SPAN [jitter SPAN]   (sim delay 1 | 2 3 200ms;  sim delay leader:orders-0 > rest 1s jitter 300ms;  sim delay Produce request #17 app-2 > 1 200ms: that one message, on its way now)",
    summary: "Makes the network between two sets of processes that much slower, each way; `>` one way. `sim heal` ends it.",
    only_moves_time: false,
    act,
};

/// Above that nothing comes through that anybody still waits for.
const MAX: Duration = Duration::from_secs(3_600);

fn act(mut call: Call<'_>) -> Result<String, String> {
    let words = std::mem::take(&mut call.words);
    let (rest, jitter) = match words.as_slice() {
        [rest @ .., "jitter", span] => (rest, span_of(span)?),
        words => (words, Duration::ZERO),
    };
    let [sides @ .., latency] = rest else { return Err("between whom, and how long?".into()) };
    let latency = span_of(latency)?;
    if latency == Duration::ZERO && jitter == Duration::ZERO {
        return Err("a delay is longer than nothing; `sim heal` ends one".into());
    }
    if sides.iter().any(|word| word.starts_with('#')) {
        return hold_up(call, sides, latency, jitter);
    }
    let sides = sides.join(" ");
    for (from, to) in call.links(&sides)? {
        call.lab.world.delay(from, to, Delay { latency, jitter });
    }
    let upto = if jitter == Duration::ZERO { String::new() } else { format!(" to {}", format_duration(latency + jitter)) };
    Ok(format!("{}{upto} slower: {sides}", format_duration(latency)))
}

/// One message comes late, and what is behind it on its connection with it: TCP keeps the order.
fn hold_up(call: Call<'_>, words: &[&str], by: Duration, jitter: Duration) -> Result<String, String> {
    if jitter != Duration::ZERO {
        return Err("one message has no jitter".into());
    }
    let (conn, number, name) = call.flight(&flight::named(words)?)?;
    match call.lab.world.hold_up(conn, number, by) {
        Some(_) => Ok(format!("{name} arrives {} later, and what is behind it", format_duration(by))),
        None => Err(format!("{name} is held by a cut; `sim heal` ends that")),
    }
}

fn span_of(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text)?;
    if span > MAX { Err(format!("{text} is more than {}", format_duration(MAX))) } else { Ok(span) }
}
