//! `sim restart broker 1`: SIGTERM, and started again when it has stopped.

use kernel::{NodeState, Order};

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "restart",
    usage: "restart PROCESS   (broker 1, controller 101)",
    summary: "Stops a broker or controller in good order (SIGTERM), and starts it again as soon as it has stopped.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.server()?;
    let name = call.lab.world.name(node).clone();
    if call.lab.world.state(node) != NodeState::Running {
        return Err(format!("{name} is not running"));
    }
    call.lab.world.order(node, Order::Terminate);
    call.lab.waiting.restart(node);
    Ok(format!("{name} is asked to stop, and will be started again"))
}
