//! `sim delay 1 | 2 3 200ms`: a slow network.

use kernel::{Delay, Duration};

use super::{Call, Verb};
use crate::units::{format_duration, parse_duration};

pub(super) const VERB: Verb = Verb {
    name: "delay",
    usage: "delay A… | B… SPAN [jitter SPAN]   (sim delay 1 | 2 3 200ms;  sim delay leader:orders-0 > rest 1s jitter 300ms)",
    summary: "Makes the network between two sets of processes that much slower, each way; `>` one way. `sim heal` ends it.",
    only_moves_time: false,
    act,
};

/// Above that nothing comes through that anybody still waits for.
const MAX: Duration = Duration::from_secs(3_600);

fn act(call: Call<'_>) -> Result<String, String> {
    let (rest, jitter) = match call.words.as_slice() {
        [rest @ .., "jitter", span] => (rest, span_of(span)?),
        words => (words, Duration::ZERO),
    };
    let [sides @ .., latency] = rest else { return Err("between whom, and how long?".into()) };
    let latency = span_of(latency)?;
    if latency == Duration::ZERO && jitter == Duration::ZERO {
        return Err("a delay is longer than nothing; `sim heal` ends one".into());
    }
    let sides = sides.join(" ");
    for (from, to) in call.links(&sides)? {
        call.lab.world.delay(from, to, Delay { latency, jitter });
    }
    let upto = if jitter == Duration::ZERO { String::new() } else { format!(" to {}", format_duration(latency + jitter)) };
    Ok(format!("{}{upto} slower: {sides}", format_duration(latency)))
}

fn span_of(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text)?;
    if span > MAX { Err(format!("{text} is more than {}", format_duration(MAX))) } else { Ok(span) }
}
