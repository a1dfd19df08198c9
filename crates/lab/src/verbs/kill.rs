//! `sim kill broker 1`: kill -9, now or at a named step.

use kernel::Death;

use super::{Call, Verb};
use crate::lab::MarkKind;

pub(super) const VERB: Verb = Verb {
    name: "kill",
    usage: "kill PROCESS [at STEP [PARTITION]]   (broker 1, controller 101, app 3, term:4, leader:orders-0 at after-append orders-0)",
    summary: "Kills a process at once (kill -9), or when it next takes a step: its page cache survives, its connections are reset.",
    only_moves_time: false,
    act,
};

fn act(mut call: Call<'_>) -> Result<String, String> {
    if let Some(waits) = call.death_at_step(Death::Kill)? {
        return Ok(waits);
    }
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.kill(node) {
        return Err(format!("{name} is not running"));
    }
    call.lab.state_changed(node);
    call.lab.mark(MarkKind::Process, format!("{name} killed").into());
    Ok(format!("{name} killed"))
}
