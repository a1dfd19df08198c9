//! `sim resume broker 1`.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "resume",
    usage: "resume PROCESS   (broker 1, app 3)",
    summary: "Lets a paused process go on.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let node = call.process()?;
    let name = call.lab.world.name(node).clone();
    if !call.lab.world.resume(node) {
        return Err(format!("{name} is not paused"));
    }
    call.lab.state_changed(node);
    Ok(format!("{name} goes on"))
}
