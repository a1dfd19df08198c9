//! `sim disk broker 1 slow 200ms`: a slow or a full disk.

use kernel::{Duration, Host};

use super::{Call, Verb};
use crate::lab::MarkKind;
use crate::units::parse_duration;

pub(super) const VERB: Verb = Verb {
    name: "disk",
    usage: "disk PROCESS slow SPAN | full | fine   (sim disk broker 1 slow 200ms;  sim disk leader:orders-0 full)",
    summary: "Makes each append on the disk of a broker or controller take that long, fills it, or puts it right again.",
    only_moves_time: false,
    act,
};

/// Above that nobody still waits for an append.
const MAX: Duration = Duration::from_secs(3_600);

fn act(call: Call<'_>) -> Result<String, String> {
    let (process, host): (_, fn(Host, Duration) -> Host) = match call.words.as_slice() {
        [process @ .., "slow", _] => (process, |host, write_time| Host { write_time, ..host }),
        [process @ .., "full"] => (process, |host, _| Host { is_disk_full: true, ..host }),
        [process @ .., "fine"] => (process, |host, _| Host { write_time: Duration::ZERO, is_disk_full: false, ..host }),
        _ => return Err("say whose disk, and `slow` and how long a write takes, `full` or `fine`".into()),
    };
    let node = call.node(&process.join(" "))?;
    let name = call.lab.world.name(node).clone();
    if call.lab.world.machine(node).kafka().is_none() {
        return Err(format!("{name} is a program, and programs write nothing to a disk"));
    }
    let (write_time, said) = match call.words.as_slice() {
        [.., "slow", span] => (parse_duration(span)?, format!("each append on the disk of {name} takes {span}")),
        [.., state] => (Duration::ZERO, format!("the disk of {name} is {state}")),
        [] => return Err("whose disk?".into()),
    };
    if write_time > MAX {
        return Err("no write takes more than an hour".into());
    }
    let changed = host(call.lab.world.host(node), write_time);
    call.lab.world.set_host(node, changed);
    call.lab.mark(MarkKind::Process, said.as_str().into());
    Ok(said)
}
