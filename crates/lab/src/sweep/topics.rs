//! Topics that are deleted under load and made again, with more partitions or fewer, at once or later or never. A plan in six
//! has it.

use super::draw::{Draws, Kind};
use super::plan::{CHAOS_END_MS, Stage, command};
use crate::scenario::{TimedCommand, TopicShape};

/// Where the admin works.
const TERM: u32 = 4;

/// The deletions of a seed and what follows them.
pub(super) fn timeline(seed: u64, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let mut draws = Draws::of(seed, Kind::Topics, 0);
    let mut commands = Vec::new();
    if !draws.chance(1, 6) {
        return commands;
    }
    let topic = draws.pick(stage.topics);
    let mut at = draws.between(4_000, CHAOS_END_MS / 2);
    for _ in 0..draws.between(1, 3) {
        commands.push(tool(at, stage, &format!("--delete --topic {}", topic.name)));
        if draws.chance(1, 8) {
            break;
        }
        at += match draws.below(3) {
            0 => draws.between(100, 1_000),
            1 => draws.between(1_000, 4_000),
            _ => draws.between(4_000, 15_000),
        };
        let partitions = *draws.pick(&[topic.partitions.unwrap_or(1), 1, 2, 4]);
        commands.push(tool(at, stage, &creation(topic, partitions)));
        at += draws.between(500, 12_000);
        if at > CHAOS_END_MS {
            break;
        }
    }
    commands
}

/// Clients that ask for a topic that is gone create it, which leaves the admin nothing to make; in half of these plans they do not.
pub(super) fn configs(seed: u64) -> Option<(String, String)> {
    let is_off = Draws::of(seed, Kind::Topics, 0).chance(1, 6) && Draws::of(seed, Kind::Topics, 1).chance(1, 2);
    is_off.then(|| ("auto.create.topics.enable".to_owned(), "false".to_owned()))
}

fn creation(topic: &TopicShape, partitions: i32) -> String {
    let configs = topic.configs.iter().map(|(name, value)| format!(" --config {name}={value}"));
    let replicas = topic.replication_factor.unwrap_or(1);
    let configs: String = configs.collect();
    format!("--create --topic {} --partitions {partitions} --replication-factor {replicas}{configs}", topic.name)
}

fn tool(at_ms: u64, stage: &Stage<'_>, options: &str) -> TimedCommand {
    command(at_ms, TERM, format!("kafka-topics --bootstrap-server {} {options}", stage.bootstrap))
}
