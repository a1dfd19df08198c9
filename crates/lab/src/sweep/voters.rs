//! Quorums whose voters change under faults (KIP-853). A plan in five has one: controllers come and go, the leader too, and some come
//! back; most changes meet a fault of a controller. Half of these plans take snapshots often, so that voters are read from one.

use ordered::SortedMap;
use protocol::BrokerId;

use super::dirs;
use super::draw::{Draws, Kind};
use super::plan::{CHAOS_END_MS, Stage, command};
use crate::layout::{self, Properties};
use crate::scenario::{ClusterShape, TimedCommand};

/// The first terminal of the tools: each has its own, for one may wait for a minute.
const FIRST_TERM: u32 = 50;
/// Changes come when the quorum has settled.
const BEGIN_MS: u64 = 2_000;
/// Steps that controllers can be made to die at.
const STEPS: [&str; 4] = ["after-isr-record", "before-isr-answer", "after-election", "after-vote"];

/// Whether the voters of a seed stand in the metadata log.
pub(super) fn are_dynamic(seed: u64) -> bool {
    Draws::of(seed, Kind::Voters, 0).chance(1, 5)
}

/// What the controllers of such a seed are configured with.
pub(super) fn configs(seed: u64) -> Vec<(String, String)> {
    let mut configs = Vec::new();
    if !are_dynamic(seed) {
        return configs;
    }
    let mut draws = Draws::of(seed, Kind::Voters, 1);
    let mut set = |name: &str, value: &str| configs.push((name.to_owned(), value.to_owned()));
    if draws.chance(1, 2) {
        set("metadata.log.max.snapshot.interval.ms", if draws.chance(1, 2) { "2000" } else { "7000" });
        set("metadata.max.retention.bytes", if draws.chance(2, 3) { "0" } else { "104857600" });
    }
    if draws.chance(1, 4) {
        set("controller.quorum.auto.join.enable", "true");
    }
    configs
}

/// Controllers that a seed adds: when each is started, in ms, and its id.
pub(super) fn added(seed: u64, cluster: &ClusterShape) -> Vec<(u64, u64)> {
    if !are_dynamic(seed) {
        return Vec::new();
    }
    let mut draws = Draws::of(seed, Kind::Voters, 2);
    let count = *draws.pick(&[0, 1, 1, 2, 2, 3]);
    let mut times: Vec<u64> = (0..count).map(|_| draws.between(BEGIN_MS, CHAOS_END_MS / 2)).collect();
    ordered::sort(&mut times);
    let separate = if cluster.combined { 0 } else { u64::from(cluster.controllers) };
    times.into_iter().zip(101 + separate..).collect()
}

/// The changes of a seed and the faults around them, in no order; what the tools read goes to `files`.
pub(super) fn timeline(seed: u64, stage: &Stage<'_>, files: &mut SortedMap<String, String>) -> Vec<TimedCommand> {
    if !are_dynamic(seed) {
        return Vec::new();
    }
    let first = if stage.cluster.combined { 1 } else { 101 };
    let mut controllers: Vec<(u64, u64)> =
        (first..).take(stage.cluster.controllers as usize).map(|id| (0, id)).collect();
    for (_, id) in &controllers {
        let name = format!("{}-{id}", if stage.cluster.combined { "broker" } else { "controller" });
        let dirs = dirs::configs(seed).map(|(_, dirs)| dirs).unwrap_or_default();
        let properties = Properties {
            id: *id as i32,
            is_broker: stage.cluster.combined,
            is_controller: true,
            name: &name,
            log_dirs: &dirs.split(',').collect::<Vec<_>>(),
            spec: None,
        };
        files.insert(format!("controller-{id}.properties"), properties.to_string());
    }
    let added = added(seed, stage.cluster);
    controllers.extend(&added);
    let mut quorum = Quorum { seed, stage, controllers, commands: Vec::new(), term: FIRST_TERM };
    let mut draws = Draws::of(seed, Kind::Voters, 4);
    let can_split = stage.cluster.controllers == 3 && !stage.cluster.combined;
    let newcomers = (can_split && draws.chance(1, 3)).then(|| added.first_chunk().copied()).flatten();
    for (n, (at, id)) in (0..).zip(added) {
        let mut draws = Draws::of(seed, Kind::Voters, 100 + n);
        quorum.commands.push(command(at, 1, "sim add controller".into()));
        if newcomers.is_none_or(|two| two.iter().all(|(_, newcomer)| *newcomer != id)) {
            quorum.add(at + draws.between(300, 6_000), id);
        }
    }
    newcomers.into_iter().for_each(|two| quorum.split(&mut draws, two));
    for n in 0..Draws::of(seed, Kind::Voters, 3).between(1, 7) {
        quorum.change(Draws::of(seed, Kind::Voters, 200 + n));
    }
    quorum.commands
}

/// The controllers of a plan, and what is done to them.
struct Quorum<'a> {
    seed: u64,
    stage: &'a Stage<'a>,
    /// When each was started, in ms, and its id.
    controllers: Vec<(u64, u64)>,
    commands: Vec<TimedCommand>,
    term: u32,
}

impl Quorum<'_> {
    /// One controller goes, or comes again; perhaps while another has trouble.
    fn change(&mut self, mut draws: Draws) {
        let at = draws.between(BEGIN_MS, CHAOS_END_MS - 2_000);
        let id = self.any(&mut draws, at);
        // The only controller that brokers are configured with is the only one that can tell them of others.
        let is_only = self.stage.cluster.controllers == 1 && id == self.controllers[0].1;
        match draws.below(5) {
            0 => self.add(at, id),
            _ if is_only && !draws.chance(1, 8) => {}
            _ => {
                let is_leader = draws.chance(1, 4);
                self.remove(at, id, is_leader);
                if draws.chance(1, 2) {
                    self.add((at + draws.between(500, 12_000)).min(CHAOS_END_MS), id);
                }
            }
        }
        if draws.chance(2, 3) {
            let near = at + draws.below(4_000);
            self.fault(&mut draws, near.saturating_sub(1_000), id);
        }
    }

    /// Two controllers are to vote, one right after the other, while whoever leads is cut off from the two other voters. If it took both, it and
    /// they would be most of five, and the others most of three.
    fn split(&mut self, draws: &mut Draws, two: [(u64, u64); 2]) {
        let voters = [101, 102, 103];
        let at = two[1].0 + draws.between(1_500, 8_000);
        for id in voters {
            let others = voters.into_iter().filter(|other| *other != id).map(|other| self.name(other));
            let others: Vec<String> = others.collect();
            let cut = format!("sim cut controller {id} | {}", others.join(" "));
            self.commands.push(command(at, 1, format!("sim when 'controller() == {id}' {cut}")));
        }
        self.add(at + draws.between(20, 300), two[0].1);
        self.add(at + draws.between(300, 1_000), two[1].1);
        self.commands.push(command((at + draws.between(4_000, 15_000)).min(CHAOS_END_MS), 1, "sim mend".into()));
    }

    fn add(&mut self, at: u64, id: u64) {
        let line = format!("{} --command-config controller-{id}.properties add-controller", self.tool());
        self.give(at, line);
    }

    /// Removes a controller; if `is_leader`, when it leads.
    fn remove(&mut self, at: u64, id: u64, is_leader: bool) {
        let directory = layout::controller_directory(self.seed, BrokerId(id as i32));
        let options = format!("--controller-id {id} --controller-directory-id {directory}");
        let line = format!("{} remove-controller {options}", self.tool());
        self.give(at, if is_leader { format!("sim when 'controller() == {id}' {line}") } else { line });
    }

    fn tool(&self) -> String {
        format!("kafka-metadata-quorum --bootstrap-server {}", self.stage.bootstrap)
    }

    fn give(&mut self, at: u64, line: String) {
        self.commands.push(command(at, self.term, line));
        self.term += 1;
    }

    /// Any controller that there is by then.
    fn any(&self, draws: &mut Draws, at: u64) -> u64 {
        let there: Vec<u64> = self.controllers.iter().filter(|(since, _)| *since < at).map(|(_, id)| *id).collect();
        *draws.pick(&there)
    }

    fn name(&self, id: u64) -> String {
        if id > 100 { format!("controller {id}") } else { format!("broker {id}") }
    }

    /// Whoever leads, the one that is changed, or any other fails, and is cured.
    fn fault(&mut self, draws: &mut Draws, at: u64, changed: u64) {
        let other = self.any(draws, at.max(1));
        let (host, is_role) = match draws.below(4) {
            0 => ("leader:__cluster_metadata-0".to_owned(), true),
            1 => (self.name(changed), false),
            _ => (self.name(other), false),
        };
        let peer = self.any(draws, at.max(1));
        let peer = if is_role || host == self.name(peer) { "rest".into() } else { self.name(peer) };
        let is_combined = self.stage.cluster.combined;
        let (fault, cure) = match draws.below(8) {
            0 => (format!("sim kill {host}"), format!("sim start {host}")),
            1 => (format!("sim stop {host}"), format!("sim start {host}")),
            2 => (format!("sim pause {host}"), format!("sim resume {host}")),
            3 => (format!("sim cut {host} | rest"), format!("sim heal {host} | rest")),
            4 => (format!("sim cut {host} | {peer}"), format!("sim heal {host} | {peer}")),
            5 => (format!("sim cut {host} > {peer}"), format!("sim heal {host} | {peer}")),
            // Of a broker that would be another plan's: it loses records, which is excused.
            6 if !is_combined => (format!("sim power-off {host}"), format!("sim start {host}")),
            6 => (format!("sim kill {host}"), format!("sim start {host}")),
            _ => (format!("sim kill {host} at {}", draws.pick(&STEPS)), format!("sim mend {host}")),
        };
        let lasts = *draws.pick(&[(20, 500), (500, 4_000), (2_000, 12_000), (5_000, 30_000)]);
        let cured = (at + draws.between(lasts.0, lasts.1)).min(CHAOS_END_MS);
        self.commands.push(command(at, 1, fault));
        // Who led is another by then.
        self.commands.push(command(cured, 1, if is_role { "sim mend".into() } else { cure }));
    }
}

#[cfg(test)]
mod tests {
    use protocol::Plant;

    use super::*;
    use crate::sweep::expand;

    #[test]
    fn a_plan_in_five_has_voters_that_change_and_no_other_speaks_of_them() {
        let (mut dynamic, mut removed, mut adding) = (0, 0, 0);
        for seed in 0..200 {
            let plan = expand(seed, Plant::None);
            let count = |text: &str| plan.commands.iter().filter(|command| command.run.contains(text)).count();
            assert_eq!(plan.cluster.dynamic_quorum, are_dynamic(seed), "seed {seed}");
            if !plan.cluster.dynamic_quorum {
                assert_eq!(count("kafka-metadata-quorum ") + count("sim add controller"), 0, "seed {seed}");
                continue;
            }
            dynamic += 1;
            removed += count(" remove-controller ");
            adding += count(" add-controller");
            assert_eq!(count("sim add controller"), added(seed, &plan.cluster).len(), "seed {seed}");
        }
        assert!((25..55).contains(&dynamic), "{dynamic} of 200");
        assert!(removed > 2 * dynamic && adding > 2 * dynamic, "{removed} and {adding} in {dynamic}");
    }
}
