//! `sim mend`: the end of all faults.

use cluster::broker::lifecycle::BrokerState;
use kernel::{NodeId, NodeState};

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "mend",
    usage: "mend [A…]   (mend broker 1 controller 101; without processes: all of the cluster)",
    summary: "Ends faults: heals the cuts and delays between these processes, takes away what waits for a step of theirs, puts disks and clocks right, resumes the paused ones and starts the others. Without processes, `sim when` gives no verb any more; what `sim at` gives comes at its time.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let line = call.words.join(" ");
    let named = if line.is_empty() { call.lab.layout.processes() } else { call.set(&line, &[])? };
    // Programs are on nobody's side: what cuts them off from these processes goes too.
    let is_mended = |node: &NodeId| named.contains(node) || call.lab.world.machine(*node).app().is_some();
    let cuts: Vec<_> = call.lab.world.cuts().filter(|(from, to)| is_mended(from) && is_mended(to)).collect();
    let delays = call.lab.world.delays().map(|(from, to, _)| (from, to));
    let delays: Vec<_> = delays.filter(|(from, to)| is_mended(from) && is_mended(to)).collect();
    let programs: Vec<_> = call.lab.apps().iter().map(|app| app.node).collect();
    for (from, to) in &cuts {
        call.lab.world.heal(*from, *to);
    }
    for (from, to) in &delays {
        call.lab.world.undelay(*from, *to);
    }
    call.lab.world.remove_traps(|trap| named.contains(&trap.node) || programs.contains(&trap.node));
    for node in named.iter().chain(&programs) {
        call.lab.world.set_host(*node, kernel::Host::default());
    }
    // Whom a waiting verb would hit is known when it comes, so only the end of all faults can take it away.
    let forgotten = if line.is_empty() { call.lab.waiting.forget_verbs() } else { 0 };
    let mut changed = 0;
    for node in named.into_iter().chain(programs) {
        let is_program = call.lab.world.machine(node).app().is_some();
        let has_changed = match call.lab.world.state(node) {
            NodeState::Paused => call.lab.world.resume(node),
            NodeState::Running if is_stopping(&call, node) => {
                call.lab.waiting.restart(node);
                false
            }
            NodeState::Killed | NodeState::PoweredOff | NodeState::Exited(_) if !is_program => call.lab.world.start(node),
            NodeState::New
            | NodeState::Running
            | NodeState::Killed
            | NodeState::PoweredOff
            | NodeState::Exited(_) => false,
        };
        if has_changed {
            changed += 1;
            call.lab.state_changed(node);
        }
    }
    let healed = cuts.len() + delays.len();
    let and_forgotten = match forgotten {
        0 => String::new(),
        1 => ", 1 command waits no more".to_owned(),
        many => format!(", {many} commands wait no more"),
    };
    Ok(format!("{healed} cuts and delays healed, {changed} processes run again{and_forgotten}"))
}

/// Whether a broker was asked to stop and is still about to: it would be gone a moment after all was mended.
fn is_stopping(call: &Call<'_>, node: NodeId) -> bool {
    let process = call.lab.world.machine(node).kafka();
    let lifecycle = process.and_then(|process| process.lifecycle());
    lifecycle.is_some_and(|lifecycle| lifecycle.state() >= BrokerState::PendingControlledShutdown)
}
