//! What the next word of a `sim` line may be.

use kernel::Duration;
use protocol::api::APIS;
use protocol::is_internal_topic;

use super::VERBS;
use crate::facts::FACTS;
use crate::units::format_duration;
use crate::{Lab, STEPS, replicas};

/// Words that may follow `words`, which stand after `sim`. They need not fit what is begun of the next one.
pub fn complete(lab: &Lab, words: &[&str]) -> Vec<String> {
    match words {
        [] => VERBS.iter().map(|verb| verb.name.to_owned()).collect(),
        ["kill" | "power-off", .., "at"] => STEPS.iter().map(|step| step.name.to_owned()).collect(),
        ["kill" | "power-off", .., "at", _] => partitions(lab),
        ["kill" | "power-off", _, ..] => [processes(lab), vec!["at".to_owned()]].concat(),
        ["drop"] => {
            [vec!["response".into(), "request".into()], APIS.iter().map(|api| api.name.into()).collect()].concat()
        }
        ["drop", word] if !matches!(*word, "response" | "request") => vec!["response".into(), "request".into()],
        ["add"] => vec!["controller".to_owned()],
        ["when"] => facts("'"),
        ["until"] => facts(""),
        ["disk", _, ..] if words.len() == 2 => ["slow", "full", "fine"].map(str::to_owned).to_vec(),
        ["skew", _] => ["+5min", "-5min", "right"].map(str::to_owned).to_vec(),
        ["run" | "at"] => [5, 10, 60].map(|s| format_duration(Duration::from_secs(s))).to_vec(),
        ["at", _] => vec!["sim".to_owned()],
        ["digest" | "ledger" | "status" | "judge" | "help" | "panic", ..] => Vec::new(),
        [verb, _, ..] if matches!(*verb, "cut" | "delay" | "heal" | "drop") => {
            [processes(lab), [">", "|", "rest"].map(str::to_owned).to_vec()].concat()
        }
        _ => processes(lab),
    }
}

/// Names, and the roles that partitions of topics give.
fn processes(lab: &Lab) -> Vec<String> {
    let world = lab.world();
    let names = world.node_ids().map(|node| world.name(node).to_string());
    let programs = lab.terminals().iter().filter(|(_, terminal)| terminal.foreground.is_some());
    let roles = partitions(lab).into_iter().flat_map(|tp| [format!("leader:{tp}"), format!("followers:{tp}")]);
    names.chain(programs.map(|(term, _)| format!("term:{term}"))).chain(roles).collect()
}

/// The partitions of topics that are not the brokers' own.
fn partitions(lab: &Lab) -> Vec<String> {
    let Some(image) = replicas::image(lab.world(), lab.layout()) else { return Vec::new() };
    let topics = image.topics.values().filter(|topic| !is_internal_topic(&topic.name));
    topics.flat_map(|topic| (0..topic.partitions.len()).map(|n| format!("{}-{n}", topic.name))).collect()
}

fn facts(before: &str) -> Vec<String> {
    FACTS.iter().map(|fact| format!("{before}{}(", fact.name)).collect()
}
