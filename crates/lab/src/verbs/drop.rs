//! `sim drop produce response 1 > term:2`: the next message of a kind is lost.
//!
//! A TCP connection loses nothing and goes on: what is missing is sent again until it arrives. What an application sees of a
//! loss is a connection that is reset, and an answer that never came. So that is what happens here.

use protocol::api::APIS;

use super::{Call, Verb};
use crate::traps;

pub(super) const VERB: Verb = Verb {
    name: "drop",
    usage: "drop [API] response|request A > B…   (sim drop Produce response leader:orders-0 > term:2;  sim drop request term:2 > rest)",
    summary: "Loses the next message of that kind on its way from A to one of B, and resets its connection: TCP has no holes.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let (api, rest) = match call.words.as_slice() {
        ["response" | "request", ..] => (None, call.words.as_slice()),
        [name, rest @ ..] => (Some(api_of(name)?), rest),
        [] => return Err("which message?".into()),
    };
    let (is_response, sides) = match rest {
        ["response", sides @ ..] => (true, sides),
        ["request", sides @ ..] => (false, sides),
        _ => return Err("say `response` or `request`, and then from whom to whom".into()),
    };
    let sides = sides.join(" ");
    if sides.contains('|') {
        return Err("a message goes one way: put `>` between who sends it and who should get it".into());
    }
    let links = call.links(&sides)?;
    let from = links[0].0;
    if links.iter().any(|(other, _)| *other != from) {
        return Err("one process sends it; name one before the `>`".into());
    }
    let towards = links.into_iter().map(|(_, to)| to).collect();
    let trap = traps::drop_next(from, towards, api, is_response);
    let told = format!("the next {} {sides} will be lost", trap.name);
    call.lab.world.set_trap(trap);
    Ok(told)
}

fn api_of(name: &str) -> Result<protocol::api::ApiKey, String> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let found = APIS.iter().find(|api| plain(api.name) == plain(name)).map(|api| api.key);
    found.ok_or_else(|| {
        let near = shell::nearest(name, APIS.iter().map(|api| api.name));
        let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
        format!("`{name}` is no request that is modelled{near} `kafkasim list` names them")
    })
}
