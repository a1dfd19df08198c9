//! `sim run 45s`: lets virtual time pass.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "run",
    usage: "run SPAN      (45s, 5min, 7d)",
    summary: "Lets that much virtual time pass.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let span = call.span()?;
    call.lab.run_for(span);
    Ok(String::new())
}
