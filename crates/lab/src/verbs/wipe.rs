//! `sim wipe broker 2`: its disk is replaced by an empty one, which `kafka-storage format` makes a log directory again.

use std::sync::Arc;

use kernel::{Host, NodeState};

use super::{Call, Verb};
use crate::Actor;
use crate::lab::MarkKind;
use crate::layout::Properties;

pub(super) const VERB: Verb = Verb {
    name: "wipe",
    usage: "wipe PROCESS [DIRECTORY]   (broker 2;  broker 2 /data2)",
    summary: "Replaces the disks of a broker or controller that does not run, or that of one log directory, by empty ones: kafka-storage has to format them before it starts. Its properties come as a file.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let (process, dir) = match call.words.as_slice() {
        [process @ .., dir] if dir.starts_with('/') => (process.join(" "), Some(*dir)),
        process => (process.join(" "), None),
    };
    if process.is_empty() {
        return Err("whose disk?".into());
    }
    let node = call.node(&process)?;
    let lab = call.lab;
    let name = lab.world.name(node).clone();
    if matches!(lab.world.state(node), NodeState::Running | NodeState::Paused) {
        return Err(format!("{name} runs: stop it, or kill it, first"));
    }
    let kafka = lab.world.machine(node).kafka();
    let spec = kafka.ok_or_else(|| format!("{name} is a program, and programs write nothing to a disk"))?.spec().clone();
    let dirs: Vec<&str> = spec.log_dirs().collect();
    let places: Vec<u8> = match dir {
        None => (0..spec.log_dir_count()).collect(),
        Some(dir) => match dirs.iter().position(|known| *known == dir).filter(|place| *place < 32) {
            Some(place) => vec![place as u8],
            None => return Err(format!("{name} has no log directory {dir}; log.dirs is {}", dirs.join(","))),
        },
    };
    let path = format!("{name}.properties");
    Arc::make_mut(&mut lab.files).insert(&path, Properties::of(&spec, &dirs).to_string());
    if let Actor::Kafka(process) = lab.world.machine_mut(node) {
        process.lose_dirs(&places);
    }
    let host = lab.world.host(node);
    let failed_disks = places.iter().fold(host.failed_disks, |disks, place| disks & !(1 << place));
    lab.world.set_host(node, Host { failed_disks, is_disk_full: host.is_disk_full && dir.is_some(), ..host });
    lab.disk_lost(node, places.contains(&spec.metadata_dir()));
    lab.mark(MarkKind::Process, format!("the disk of {name} is new and empty").into());
    Ok(match dir {
        None => format!(
            "the disk of {name} is new and empty; kafka-storage format --config {path} makes it a log directory again"
        ),
        Some(dir) => format!(
            "the disk of {name} with {dir} is new and empty; kafka-storage format --config {path} makes it a log directory again"
        ),
    })
}
