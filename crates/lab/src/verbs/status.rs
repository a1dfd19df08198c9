//! `sim status`: where the run stands.

use kernel::{Duration, Host};

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
        let which = if loss.promise.offset < 0 { "a record".to_owned() } else { format!("offset {}", loss.promise.offset) };
        lines.push(format!("  {} {which} (acks={}) {how}", loss.tp, loss.promise.acks));
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
    let hosts = world.hosts_in_trouble().map(|(node, host)| host_line(world.name(node), host));
    cuts.chain(delays).chain(hosts).chain(traps).chain(lab.awaited()).collect()
}

fn host_line(name: &str, host: Host) -> String {
    let slow = (host.write_time > Duration::ZERO).then(|| format!("writes take {}", format_duration(host.write_time)));
    let failed = (host.failed_disks != 0).then(|| format!("{} of its disks fail", host.failed_disks.count_ones()));
    let full = host.is_disk_full.then(|| "the disk is full".to_owned());
    let skew = (host.clock_ahead_ms != 0).then(|| {
        let by = format_duration(Duration::from_millis(host.clock_ahead_ms.unsigned_abs()));
        format!("the clock is {by} {}", if host.clock_ahead_ms > 0 { "ahead" } else { "behind" })
    });
    let troubles: Vec<String> = [slow, failed, full, skew].into_iter().flatten().collect();
    format!("{name}: {}", troubles.join(", "))
}
