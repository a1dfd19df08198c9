//! `sim add controller`: one more node, which follows the metadata log until `kafka-metadata-quorum add-controller` makes it a voter
//! (KIP-853).

use std::sync::Arc;

use cluster::KafkaProcess;

use super::{Call, Verb};
use crate::lab::MarkKind;
use crate::layout::{self, Properties};

pub(super) const VERB: Verb = Verb {
    name: "add",
    usage: "add controller",
    summary: "Starts one more controller, formatted with --no-initial-controllers. Its properties come as a file.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    if call.words != ["controller"] {
        return Err("what can be added is a controller".into());
    }
    let lab = call.lab;
    let node = layout::add_controller(&mut lab.world, &mut lab.layout)?;
    let name = lab.world.name(node).clone();
    let path = format!("{name}.properties");
    if let Some(spec) = lab.world.machine(node).kafka().map(KafkaProcess::spec) {
        let dirs: Vec<&str> = spec.log_dirs().collect();
        Arc::make_mut(&mut lab.files).insert(&path, Properties::of(spec, &dirs).to_string());
    }
    lab.world.start(node);
    lab.state_changed(node);
    lab.mark(MarkKind::Process, format!("{name} started").into());
    Ok(format!("{name} started; its properties are in {path}"))
}
