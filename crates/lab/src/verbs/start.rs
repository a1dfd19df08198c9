//! `sim start broker 1`.

use crate::lab::MarkKind;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "start",
    usage: "start PROCESS   (broker 1, controller 101)",
    summary: "Starts a broker or controller that was stopped, killed or without power.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.server()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.start(node) {
        return Err(format!("{name} runs already"));
    }
    call.lab.state_changed(node);
    call.lab.mark(MarkKind::Process, format!("{name} started").into());
    Ok(format!("{name} started"))
}
