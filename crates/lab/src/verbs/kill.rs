//! `sim kill broker 1`: kill -9.

use crate::lab::MarkKind;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "kill",
    usage: "kill PROCESS   (broker 1, controller 101, app 3, term:4, leader:orders-0)",
    summary: "Kills a process at once (kill -9): its page cache survives, its connections are reset.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.kill(node) {
        return Err(format!("{name} is not running"));
    }
    call.lab.state_changed(node);
    call.lab.mark(MarkKind::Process, format!("{name} killed").into());
    Ok(format!("{name} killed"))
}
