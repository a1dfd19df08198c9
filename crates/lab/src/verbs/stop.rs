//! `sim stop broker 1`: SIGTERM.

use kernel::{NodeState, Order};

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "stop",
    usage: "stop PROCESS   (broker 1, controller 101, app 3)",
    summary: "Asks a process to stop (SIGTERM): a broker hands its leaderships over first, a consumer leaves its group.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if call.lab.world.state(node) != NodeState::Running {
        return Err(format!("{name} is not running"));
    }
    call.lab.world.order(node, Order::Terminate);
    Ok(format!("{name} is asked to stop"))
}
