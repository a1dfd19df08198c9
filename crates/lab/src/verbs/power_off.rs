//! `sim power-off broker 1`.

use crate::lab::MarkKind;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "power-off",
    usage: "power-off PROCESS   (broker 1, controller 101)",
    summary: "Takes the power from a host: what was not flushed is lost, and its peers hear only silence.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
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
