//! Ways to make a plan smaller, which the shrinker tries.

use std::ops::Range;

use kernel::Duration;
use ordered::SortedSet;

use super::is_judgement;
use crate::scenario::{Scenario, Span, TimedCommand};

/// One broker less, and topics with no more replicas than there are brokers.
pub(super) fn fewer_brokers(plan: &mut Scenario) {
    let gone = format!("broker-{}:9092", plan.cluster.brokers);
    for command in &mut plan.commands {
        command.run = command.run.replace(&format!(",{gone}"), "");
    }
    plan.cluster.brokers -= 1;
    let brokers = plan.cluster.brokers as i16;
    for topic in &mut plan.topics {
        topic.replication_factor = topic.replication_factor.map(|replicas| replicas.min(brokers));
    }
    if let Some(replicas) = plan.cluster.configs.get_mut("offsets.topic.replication.factor") {
        *replicas = brokers.min(3).to_string();
    }
}

/// Leaves commands out, but the judgement; if convergence is what fails, also not what ends the chaos.
pub(super) fn without_commands(plan: &mut Scenario, gone: Range<usize>, is_about_convergence: bool) {
    let ends_chaos = |command: &TimedCommand| is_about_convergence && command.run.starts_with("sim mend");
    let chaos_ends = plan.commands.iter().rposition(ends_chaos);
    let mut numbers = 0..;
    plan.commands.retain(|command| {
        let n = numbers.next().unwrap_or(usize::MAX);
        !gone.contains(&n) || is_judgement(&command.run) || chaos_ends.is_some_and(|end| n >= end)
    });
    drop_idle_ends(&mut plan.commands);
}

/// Programs that are not started any more need not be stopped.
fn drop_idle_ends(commands: &mut Vec<TimedCommand>) {
    let mut busy: SortedSet<u32> = SortedSet::new();
    commands.retain(|command| match command.run == "^C" {
        true => busy.contains(&command.term),
        false => {
            busy.insert(command.term);
            true
        }
    });
}

/// How many configs and lines of files a plan has.
pub(super) fn settings(plan: &Scenario) -> usize {
    let of_topics = plan.topics.iter().map(|topic| topic.configs.len());
    let lines = plan.files.values().map(|text| text.lines().count());
    plan.cluster.configs.len() + of_topics.chain(lines).sum::<usize>()
}

/// Leaves out those of [`settings`] with these numbers.
pub(super) fn without_settings(plan: &mut Scenario, gone: Range<usize>) {
    let mut n = 0;
    let mut stays = || {
        n += 1;
        !gone.contains(&(n - 1))
    };
    plan.cluster.configs.retain(|_, _| stays());
    for topic in &mut plan.topics {
        topic.configs.retain(|_, _| stays());
    }
    for text in plan.files.values_mut() {
        *text = text.lines().filter(|_| stays()).map(|line| format!("{line}\n")).collect();
    }
}

/// Files that no command names go.
pub(super) fn without_unread_files(plan: &mut Scenario) {
    let Scenario { files, commands, .. } = plan;
    files.retain(|path, _| commands.iter().any(|command| command.run.contains(path.as_str())));
}

/// Everything from command `n` on comes so much earlier.
pub(super) fn earlier(plan: &mut Scenario, n: usize, ns: u64) {
    let shift = |span: &mut Span| span.0 = Duration::from_nanos(span.0.as_nanos().saturating_sub(ns));
    plan.commands[n..].iter_mut().for_each(|command| shift(&mut command.at));
    plan.until.iter_mut().for_each(shift);
}
