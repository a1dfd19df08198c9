//! `sim power-off broker 1`.

use kernel::Death;

use super::{Call, Verb};
use crate::lab::MarkKind;

pub(super) const VERB: Verb = Verb {
    name: "power-off",
    usage: "power-off PROCESS [at STEP [PARTITION]]   (broker 1, controller 101 at after-election)",
    summary: "Takes the power from a host, now or when it next takes a step: what was not flushed is lost, and its peers hear only silence.",
    only_moves_time: false,
    act,
};

fn act(mut call: Call<'_>) -> Result<String, String> {
    if let Some(waits) = call.death_at_step(Death::PowerLoss)? {
        return Ok(waits);
    }
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.power_off(node) {
        return Err(format!("{name} has no power already"));
    }
    call.lab.state_changed(node);
    call.lab.power_lost(node);
    call.lab.mark(MarkKind::Process, format!("{name} without power").into());
    Ok(format!("{name} has no power"))
}
