//! `sim status`: where the run stands.

use kernel::Duration;

use super::{Call, Verb};
use crate::Lab;
use crate::units::format_duration;

pub(super) const VERB: Verb = Verb {
    name: "status",
    usage: "status",
    summary: "Says where the run stands: clock, events, processes, records acknowledged and lost.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let lab = call.lab;
    let mut lines = vec![format!("clock {}, event {}, seed {}", format_duration(lab.clock()), lab.events(), lab.scenario().seed)];
    for node in lab.world().node_ids() {
        lines.push(format!("{}: {:?}", lab.world().name(node), lab.world().state(node)));
    }
    lines.extend(troubles(lab));
    let lost = lab.ledger().lost(lab);
    lines.push(format!("acknowledged {}, failed {}, acknowledged and lost {}", lab.ledger().acked(), lab.ledger().failed(), lost.len()));
    for loss in lost.iter().take(20) {
        let how = if loss.overwritten { "holds another record now" } else { "is gone" };
        lines.push(format!("  {} offset {} (acks={}) {how}", loss.tp, loss.promise.offset, loss.promise.acks));
    }
    Ok(lines.join("\n"))
}

/// The faults of the network, and what waits.
fn troubles(lab: &Lab) -> Vec<String> {
    let world = lab.world();
    let way = |from, to| format!("{} > {}", world.name(from), world.name(to));
    let cuts = world.cuts().map(|(from, to)| format!("cut: {}", way(from, to)));
    let delays = world.delays().map(|(from, to, delay)| {
        let jitter = match delay.jitter {
            Duration::ZERO => String::new(),
            most => format!(", jitter {}", format_duration(most)),
        };
        format!("delay: {} {}{jitter}", way(from, to), format_duration(delay.latency))
    });
    let traps = world.traps().iter().map(|trap| format!("waits for {}: {}", world.name(trap.node), trap.name));
    cuts.chain(delays).chain(traps).chain(lab.awaited()).collect()
}
