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
    let host = call.lab.world.host(node);
    let cannot = call.lab.world.machine(node).kafka().and_then(|kafka| kafka.why_not_start(host.failed_disks));
    if !call.lab.world.start(node) {
        return Err(format!("{name} runs already"));
    }
    call.lab.state_changed(node);
    call.lab.mark(MarkKind::Process, format!("{name} started").into());
    Ok(match cannot {
        Some(why) => format!("{name} started, and ends at once: {why}"),
        None => format!("{name} started"),
    })
}
