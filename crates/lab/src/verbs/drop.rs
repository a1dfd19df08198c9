//! `sim drop produce response 1 > term:2`: the next message of a kind is lost; `sim drop produce request #17 app-2 > 1`: one that
//! is on its way now.
//!
//! A TCP connection loses nothing and goes on: what is missing is sent again until it arrives. What an application sees of a
//! loss is a connection that is reset, and an answer that never came. So that is what happens here.

use super::{Call, Verb, flight};
use crate::traps;

pub(super) const VERB: Verb = Verb {
    name: "drop",
    usage: "drop [API] response|request [#N] A > B…   (sim drop Produce response leader:orders-0 > term:2;  sim drop request term:2 > rest;  #N: the one on its way with that correlation id)",
    summary: "Loses the next message of that kind on its way from A to one of B, and resets its connection: TCP has no holes.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let named = flight::named(&call.words)?;
    let sides = named.sides.join(" ");
    if named.correlation.is_some() {
        let (conn, number, name) = call.flight(&named)?;
        call.lab.world.lose(conn, number);
        return Ok(format!("{name} is lost, and its connection is reset"));
    }
    let links = call.links(&sides)?;
    let from = links[0].0;
    if links.iter().any(|(other, _)| *other != from) {
        return Err("one process sends it; name one before the `>`".into());
    }
    let towards = links.into_iter().map(|(_, to)| to).collect();
    let trap = traps::drop_next(from, towards, named.api, named.is_response);
    let told = format!("the next {} {sides} will be lost", trap.name);
    call.lab.world.set_trap(trap);
    Ok(told)
}
