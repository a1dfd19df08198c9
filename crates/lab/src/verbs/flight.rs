//! One message on its way: `Produce request #17 app-2 > broker-1`, by the correlation id that its request has on the
//! client's side.

use kernel::ConnId;
use protocol::Message;
use protocol::api::{APIS, ApiKey};

use super::Call;

/// What names a message.
pub(super) struct Named<'a> {
    pub(super) api: Option<ApiKey>,
    pub(super) is_response: bool,
    /// Its correlation id; without one the next of its kind is meant, which is not on its way yet.
    pub(super) correlation: Option<u32>,
    /// From whom to whom.
    pub(super) sides: &'a [&'a str],
}

/// Reads `[API] request|response [#N]`; the sides are what follows.
pub(super) fn named<'a>(words: &'a [&'a str]) -> Result<Named<'a>, String> {
    let (api, rest) = match words {
        ["response" | "request", ..] => (None, words),
        [name, rest @ ..] => (Some(api_of(name)?), rest),
        [] => return Err("which message?".into()),
    };
    let (is_response, rest) = match rest {
        ["response", rest @ ..] => (true, rest),
        ["request", rest @ ..] => (false, rest),
        _ => return Err("say `response` or `request`, and then from whom to whom".into()),
    };
    let number = rest.first().and_then(|word| word.strip_prefix('#'));
    let correlation = number.map(|n| n.parse().map_err(|_| format!("`#{n}` is no correlation id"))).transpose()?;
    let sides = if correlation.is_some() { &rest[1..] } else { rest };
    if sides.contains(&"|") {
        return Err("a message goes one way: put `>` between who sends it and who should get it".into());
    }
    Ok(Named { api, is_response, correlation, sides })
}

fn api_of(name: &str) -> Result<ApiKey, String> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let found = APIS.iter().find(|api| plain(api.name) == plain(name)).map(|api| api.key);
    found.ok_or_else(|| {
        let near = shell::nearest(name, APIS.iter().map(|api| api.name));
        let near = near.map_or(":".to_owned(), |near| format!("; did you mean {near}?"));
        format!("`{name}` is no request that is modelled{near} `kafkasim list` names them")
    })
}

impl Call<'_> {
    /// The connection and the number under which a message travels, and what it is called. The one sent first, if there are
    /// several.
    pub(super) fn flight(&self, named: &Named<'_>) -> Result<(ConnId, u32, String), String> {
        let sides = named.sides.join(" ");
        let links = self.links(&sides)?;
        let is_meant = |message: &Message| {
            let (is_response, number) = match message {
                Message::Request { correlation, .. } => (false, *correlation),
                Message::Response { correlation, .. } => (true, *correlation),
            };
            is_response == named.is_response
                && Some(number) == named.correlation
                && named.api.is_none_or(|api| message.api() == api)
        };
        let api = named.api.map_or(String::new(), |api| format!("{} ", api.name()));
        let kind = if named.is_response { "response" } else { "request" };
        let number = named.correlation.map_or(String::new(), |n| format!("#{n} "));
        let name = format!("{api}{kind} {number}{sides}");
        let flights = self.lab.world.flights();
        let found = flights.iter().find(|f| links.contains(&(f.from, f.to)) && is_meant(f.message));
        let found = found.ok_or_else(|| format!("no {name} is on its way now"))?;
        Ok((found.conn, found.number, name))
    }
}
