//! `sim status`: where the run stands.

use crate::units::format_duration;

use super::{Call, Verb};

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
    let lost = lab.ledger().lost(lab);
    lines.push(format!("acknowledged {}, failed {}, acknowledged and lost {}", lab.ledger().acked(), lab.ledger().failed(), lost.len()));
    for loss in lost.iter().take(20) {
        let how = if loss.overwritten { "holds another record now" } else { "is gone" };
        lines.push(format!("  {} offset {} (acks={}) {how}", loss.tp, loss.promise.offset, loss.promise.acks));
    }
    Ok(lines.join("\n"))
}
