//! `sim disk broker 1 slow 200ms`: a slow or a full disk, or one that fails with the log directory on it.

use kernel::{Duration, Host, NodeId};

use super::{Call, Verb};
use crate::lab::MarkKind;
use crate::units::parse_duration;

pub(super) const VERB: Verb = Verb {
    name: "disk",
    usage: "disk PROCESS slow SPAN | full | fail DIRECTORY | fine   (sim disk broker 1 slow 200ms;  sim disk leader:orders-0 full)",
    summary: "Makes each append on the disk of a broker or controller take that long, fills it, lets that of one log directory fail, or puts all right again.",
    only_moves_time: false,
    act,
};

/// Above that nobody still waits for an append.
const MAX: Duration = Duration::from_secs(3_600);

fn act(call: Call<'_>) -> Result<String, String> {
    if let [process @ .., "fail", dir] = call.words.as_slice() {
        let (process, dir) = (process.join(" "), (*dir).to_owned());
        return fail(&call, &process, &dir).map(|(node, host, said)| {
            call.lab.world.set_host(node, host);
            call.lab.mark(MarkKind::Process, said.as_str().into());
            said
        });
    }
    let (process, host): (_, fn(Host, Duration) -> Host) = match call.words.as_slice() {
        [process @ .., "slow", _] => (process, |host, write_time| Host { write_time, ..host }),
        [process @ .., "full"] => (process, |host, _| Host { is_disk_full: true, ..host }),
        [process @ .., "fine"] => (process, |host, _| Host {
            write_time: Duration::ZERO, is_disk_full: false, failed_disks: 0, ..host
        }),
        _ => return Err("say whose disk, and `slow` and how long a write takes, `full`, `fail` and a directory of log.dirs, or `fine`".into()),
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

/// Every log directory is on a disk of its own.
fn fail(call: &Call<'_>, process: &str, dir: &str) -> Result<(NodeId, Host, String), String> {
    let node = call.node(process)?;
    let name = call.lab.world.name(node);
    let kafka = call.lab.world.machine(node).kafka();
    let kafka = kafka.ok_or_else(|| format!("{name} is a program, and programs write nothing to a disk"))?;
    let dirs: Vec<&str> = kafka.spec().log_dirs().collect();
    let Some(place) = dirs.iter().position(|known| *known == dir).filter(|place| *place < 32) else {
        return Err(format!("{name} has no log directory {dir}; log.dirs is {}", dirs.join(",")));
    };
    let host = call.lab.world.host(node);
    let host = Host { failed_disks: host.failed_disks | 1 << place, ..host };
    Ok((node, host, format!("the disk of {name} with {dir} fails")))
}
