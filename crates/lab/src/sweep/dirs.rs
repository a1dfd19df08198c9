//! Brokers with several log directories, whose disks fail one at a time. A plan in six has them. What failed is put right, and found
//! again by a restart: a broker that goes on serves the rest. Some are cordoned meanwhile.

use super::draw::{Draws, Kind};
use super::plan::{CHAOS_END_MS, Stage, command};
use crate::scenario::TimedCommand;

/// log.dirs; the metadata log lies in the first.
const DIRS: [&str; 3] = ["/data1", "/data2", "/data3"];
/// The first terminal of the tools that cordon them.
const FIRST_TERM: u32 = 40;

/// How many log directories the brokers of a seed have, if they have several.
fn count(seed: u64) -> Option<usize> {
    let mut draws = Draws::of(seed, Kind::Dirs, 0);
    draws.chance(1, 6).then(|| *draws.pick(&[2, 2, 3]))
}

/// The directories of a seed.
pub(super) fn configs(seed: u64) -> Option<(String, String)> {
    count(seed).map(|count| ("log.dirs".to_owned(), DIRS[..count].join(",")))
}

/// The failures of a seed, with their cures.
pub(super) fn timeline(seed: u64, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let mut commands = Vec::new();
    let Some(count) = count(seed) else { return commands };
    for n in 1..=Draws::of(seed, Kind::Dirs, 1).between(1, 3) {
        let mut draws = Draws::of(seed, Kind::Dirs, 1 + n);
        let broker = draws.between(1, stage.cluster.brokers.into());
        // Without the first the process ends, as on a full disk.
        let dir = if draws.chance(1, 6) { DIRS[0] } else { *draws.pick(&DIRS[1..count]) };
        let at = draws.between(4_000, CHAOS_END_MS - 2_000);
        let cured = (at + draws.between(500, 15_000)).min(CHAOS_END_MS);
        commands.push(command(at, 1, format!("sim disk broker {broker} fail {dir}")));
        commands.push(command(cured, 1, format!("sim restart broker {broker}")));
        commands.push(command(cured, 1, format!("sim mend broker {broker}")));
    }
    commands.extend(cordons(seed, count, stage));
    commands
}

/// One directory of a broker takes no new replicas for a while, or for good (KIP-1066). Another does, so that topics can be made.
fn cordons(seed: u64, count: usize, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let mut commands = Vec::new();
    for n in 0..Draws::of(seed, Kind::Dirs, 20).between(0, 2) {
        let mut draws = Draws::of(seed, Kind::Dirs, 21 + n);
        let broker = draws.between(1, stage.cluster.brokers.into());
        let alter = format!("kafka-configs --bootstrap-server broker-{broker}:9092 --alter --broker {broker}");
        let dir = DIRS[draws.below(count as u64) as usize];
        let at = draws.between(1_000, CHAOS_END_MS - 2_000);
        let term = FIRST_TERM + n as u32;
        commands.push(command(at, term, format!("{alter} --add-config cordoned.log.dirs={dir}")));
        if draws.chance(2, 3) {
            let later = (at + draws.between(500, 20_000)).min(CHAOS_END_MS);
            commands.push(command(later, term, format!("{alter} --delete-config cordoned.log.dirs")));
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use protocol::Plant;

    use crate::sweep::expand;

    #[test]
    fn only_directories_that_there_are_fail_and_each_failure_is_cured() {
        let mut several = 0;
        for plan in (0..200).map(|seed| expand(seed, Plant::None)) {
            let dirs = plan.cluster.configs.get("log.dirs").cloned().unwrap_or_default();
            several += u32::from(!dirs.is_empty());
            for (n, command) in plan.commands.iter().enumerate() {
                let Some(failure) = command.run.strip_prefix("sim disk ") else { continue };
                let Some((broker, dir)) = failure.split_once(" fail ") else { continue };
                assert!(dirs.split(',').any(|known| known == dir), "{}: {failure}, of {dirs}", plan.title);
                let cure = [format!("sim restart {broker}"), format!("sim mend {broker}")];
                let after: Vec<&str> = plan.commands[n..].iter().map(|command| command.run.as_str()).collect();
                assert!(cure.iter().all(|line| after.contains(&line.as_str())), "{}: {failure}", plan.title);
            }
        }
        assert!((20..50).contains(&several), "{several} of 200");
    }
}
