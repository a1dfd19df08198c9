//! `sim pause broker 1`: a long garbage collection.

use kernel::NodeState;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "pause",
    usage: "pause PROCESS   (broker 1, app 3)",
    summary: "Gives a process no more CPU, as a long garbage collection does; `sim resume` ends it.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.pause(node) {
        return Err(match call.lab.world.state(node) {
            NodeState::Paused => format!("{name} is paused already"),
            _ => format!("{name} is not running"),
        });
    }
    call.lab.state_changed(node);
    Ok(format!("{name} is paused"))
}
