//! Ways to make a plan smaller, which the shrinker tries.

use std::ops::Range;

use kernel::Duration;
use ordered::SortedSet;

use protocol::BrokerId;

use super::is_judgement;
use crate::layout;
use crate::scenario::{Scenario, Span, TimedCommand};

/// Nothing comes after `at`, and the run ends with the millisecond after its own.
pub(super) fn cut_off(plan: &mut Scenario, at: Duration) {
    plan.commands.retain(|command| command.at.0 <= at);
    plan.until = Some(Span(Duration::from_millis(at.as_millis() + 2)));
}

/// Without broker `id` and what is done to it; those after it move up. Topics have no more replicas than there are brokers.
pub(super) fn without_broker(plan: &mut Scenario, id: u32) {
    // Lists of bootstrap servers name the first so many.
    let last = format!("broker-{}:9092", plan.cluster.brokers);
    plan.commands.retain_mut(|command| match moved_up(&command.run, "broker", id) {
        Some(run) => {
            command.run = run.replace(&format!(",{last}"), "");
            true
        }
        None => false,
    });
    plan.cluster.brokers -= 1;
    let brokers = plan.cluster.brokers as i16;
    for topic in &mut plan.topics {
        topic.replication_factor = topic.replication_factor.map(|replicas| replicas.min(brokers));
    }
    if let Some(replicas) = plan.cluster.configs.get_mut("offsets.topic.replication.factor") {
        *replicas = brokers.min(3).to_string();
    }
}

/// A command when the broker or controller (`kind`) `gone` is not there any more; none if it is about that one. Who is mended is a
/// list, and so are several controllers on one side.
fn moved_up(run: &str, kind: &str, gone: u32) -> Option<String> {
    let is_side = |side: &str| kind == "controller" && side.matches("controller ").count() > 1;
    let is_list = run.starts_with("sim mend ") || run.split('|').any(is_side);
    let mut words = run.split(' ').peekable();
    let mut kept: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let id = words.peek().filter(|_| word == kind).and_then(|id| id.parse::<u32>().ok());
        match id {
            Some(id) if id == gone && !is_list => return None,
            Some(id) if id == gone => drop(words.next()),
            Some(id) if id > gone => {
                words.next();
                kept.extend([word.to_owned(), (id - 1).to_string()]);
            }
            _ => kept.push(word.to_owned()),
        }
    }
    // Without names it would mend all.
    (!is_list || kept.len() > 2).then(|| kept.join(" "))
}

/// Whether a command changes who votes, or makes somebody who could.
fn changes_voters(command: &TimedCommand) -> bool {
    command.run.contains("kafka-metadata-quorum ") || command.run == ADD_CONTROLLER
}

/// Without any change of voters; those who would have come are not there either.
pub(super) fn without_voter_changes(plan: &mut Scenario) {
    while let Some(id) = last_added(plan) {
        without_controller(plan, id);
    }
    plan.commands.retain(|command| !changes_voters(command));
    plan.cluster.dynamic_quorum = false;
}

/// The controllers that the plan's commands add, by their ids.
pub(super) fn added_controllers(plan: &Scenario) -> Range<u32> {
    let added = plan.commands.iter().filter(|command| command.run == ADD_CONTROLLER).count() as u32;
    let first = 101 + if plan.cluster.combined { 0 } else { plan.cluster.controllers };
    first..first + added
}

fn last_added(plan: &Scenario) -> Option<u32> {
    added_controllers(plan).next_back()
}

/// One separate controller, which was there from the beginning, alone.
pub(super) fn with_one_controller(plan: &mut Scenario) {
    if !plan.cluster.combined {
        (102..101 + plan.cluster.controllers).rev().for_each(|id| without_controller(plan, id));
    }
    plan.cluster.controllers = 1;
}

/// Without separate controller `id`, what is done to it, and the command that adds it if one does; those after it move up.
pub(super) fn without_controller(plan: &mut Scenario, id: u32) {
    let added = added_controllers(plan);
    let mut nth = added.start;
    plan.commands.retain_mut(|command| {
        if command.run == ADD_CONTROLLER {
            nth += 1;
            return nth - 1 != id;
        }
        match moved_up(&command.run, "controller", id).filter(|run| !speaks_of(run, id)) {
            Some(run) => {
                command.run = (id + 1..added.end).fold(run, |run, later| with_id(&run, later, later - 1));
                true
            }
            None => false,
        }
    });
    with_directories(plan);
}

const ADD_CONTROLLER: &str = "sim add controller";

/// How tools and conditions name a controller.
fn names_of(id: u32) -> [String; 3] {
    [format!(" controller-{id}.properties "), format!(" --controller-id {id} "), format!("'controller() == {id}'")]
}

fn speaks_of(run: &str, id: u32) -> bool {
    names_of(id).iter().any(|name| run.contains(name.as_str()))
}

fn with_id(run: &str, from: u32, to: u32) -> String {
    let names = names_of(from).into_iter().zip(names_of(to));
    names.fold(run.to_owned(), |run, (from, to)| run.replace(&from, &to))
}

/// Directory ids hang on the seed.
pub(super) fn with_directories(plan: &mut Scenario) {
    for command in &mut plan.commands {
        let Some((head, options)) = command.run.split_once("--controller-id ") else { continue };
        let Some(Ok(id)) = options.split(' ').next().map(str::parse) else { continue };
        let directory = layout::controller_directory(plan.seed, BrokerId(id));
        command.run = format!("{head}--controller-id {id} --controller-directory-id {directory}");
    }
}

/// Leaves those commands out, but the judgement; if convergence is what fails, also not what ends the chaos.
pub(super) fn without(plan: &mut Scenario, is_about_convergence: bool, gone: impl Fn(usize, &TimedCommand) -> bool) {
    let ends_chaos = |command: &TimedCommand| is_about_convergence && command.run.starts_with("sim mend");
    let chaos_ends = plan.commands.iter().rposition(ends_chaos);
    let mut numbers = 0..;
    plan.commands.retain(|command| {
        let n = numbers.next().unwrap_or(usize::MAX);
        !gone(n, command) || is_judgement(&command.run) || chaos_ends.is_some_and(|end| n >= end)
    });
    drop_idle_ends(&mut plan.commands);
}

/// Whom a command is about: the terminal of a program, or the first host that a verb names; nobody if it names none.
pub(super) fn family(command: &TimedCommand) -> Option<String> {
    let Some(verb) = command.run.strip_prefix("sim ") else { return Some(format!("term:{}", command.term)) };
    let mut words = verb.split(' ');
    words.find_map(|word| match word {
        "broker" | "controller" => None,
        id if id.parse::<u32>().is_ok() => Some(format!("node {id}")),
        host if host.contains(':') => Some(host.to_owned()),
        _ => None,
    })
}

/// Everyone whom commands are about: those who delete topics, and the others.
pub(super) fn families(plan: &Scenario) -> (SortedSet<String>, SortedSet<String>) {
    let deleting: SortedSet<String> =
        plan.commands.iter().filter(|command| deletes(command)).filter_map(family).collect();
    let others = plan.commands.iter().filter_map(family).filter(|family| !deleting.contains(family)).collect();
    (deleting, others)
}

/// Without those commands that delete topics: what is judged may then be judged sooner.
pub(super) fn without_deletes(plan: &mut Scenario) {
    plan.commands.retain(|command| !deletes(command));
}

/// Whether a command deletes a topic.
pub(super) fn deletes(command: &TimedCommand) -> bool {
    command.run.contains("--delete ")
}

/// One cure for everything in place of commands `n - 1` and `n`, if both are cures.
pub(super) fn with_one_cure(plan: &mut Scenario, n: usize) {
    let pair = n.checked_sub(1).and_then(|before| plan.commands.get(before..=n));
    if pair.is_some_and(|pair| pair.iter().all(|command| is_cure(&command.run))) {
        plan.commands[n - 1].run = "sim mend".into();
        plan.commands.remove(n);
    }
}

/// If command `n` ends what befell a host before: a restart of that host in place of both, early or late. What a death, a cut or a
/// pause brings about, a restart may bring about as well.
pub(super) fn with_restart(plan: &mut Scenario, n: usize, is_early: bool) {
    let Some((fault, _)) = fault_of(&plan.commands, n) else { return };
    let Some(host) = host_of(&plan.commands[fault].run) else { return };
    let (stays, goes) = if is_early { (fault, n) } else { (n, fault) };
    plan.commands[stays].run = format!("sim restart {host}");
    plan.commands.remove(goes);
}

/// If command `n` ends a cut or a pause: in place of both, everything is so many times slower there, for good, as what was held then.
pub(super) fn with_delay(plan: &mut Scenario, n: usize, times: u64) {
    let Some((fault, ms)) = fault_of(&plan.commands, n) else { return };
    let ms = (ms * times).clamp(1, 3_600_000);
    if let Some(delay) = delay_for(&plan.commands[fault].run, ms) {
        plan.commands[fault].run = delay;
        plan.commands.remove(n);
        judged_later(plan, 4 * ms);
    }
}

/// If command `n` ends a cut and a death: in place of all three, everything is that slow there for good, and who died restarts.
pub(super) fn with_delay_and_restart(plan: &mut Scenario, n: usize) {
    let Some(cure) = plan.commands.get(n) else { return };
    let last = |is_it: fn(&str) -> bool| {
        (0..n).rev().find(|at| is_it(&plan.commands[*at].run) && ends(&cure.run, &plan.commands[*at].run))
    };
    let cut = last(|run| run.starts_with("sim cut "));
    let death = last(|run| ["sim kill ", "sim stop ", "sim power-off "].iter().any(|verb| run.starts_with(verb)));
    let (Some(cut), Some(death)) = (cut, death) else { return };
    let ms = (cure.at.0.as_millis() - plan.commands[cut].at.0.as_millis()).max(1);
    let delay = delay_for(&plan.commands[cut].run, ms);
    let (Some(delay), Some(host)) = (delay, host_of(&plan.commands[death].run)) else { return };
    plan.commands[cut].run = delay;
    plan.commands[death].run = format!("sim restart {host}");
    plan.commands.remove(n);
    judged_later(plan, 4 * ms);
}

/// What holds up so long whom a cut or a pause separates.
fn delay_for(fault: &str, ms: u64) -> Option<String> {
    let sides = match fault.strip_prefix("sim cut ") {
        Some(sides) => sides.to_owned(),
        None => format!("{} | rest", fault.strip_prefix("sim pause ")?),
    };
    Some(format!("sim delay {sides} {ms}ms"))
}

/// What is slow now takes longer to be done.
fn judged_later(plan: &mut Scenario, ms: u64) {
    if plan.commands.last().is_some_and(|last| is_judgement(&last.run)) {
        let later = |span: &mut Span| span.0 = span.0 + Duration::from_millis(ms);
        plan.commands.last_mut().into_iter().for_each(|last| later(&mut last.at));
        plan.until.iter_mut().for_each(later);
    }
}

/// If command `n` has preferred leaders elected: brokers do so by the clock, every so many seconds.
pub(super) fn with_elections_by_the_clock(plan: &mut Scenario, n: usize, seconds: u64) {
    if plan.commands.get(n).is_some_and(|command| command.run.starts_with("kafka-leader-election ")) {
        plan.commands.remove(n);
        plan.cluster.configs.insert("leader.imbalance.check.interval.seconds".into(), seconds.to_string());
    }
}

/// The last fault that command `n` ends, and how long before it was, in ms.
fn fault_of(commands: &[TimedCommand], n: usize) -> Option<(usize, u64)> {
    let cure = commands.get(n)?;
    let fault = (0..n).rev().find(|fault| ends(&cure.run, &commands[*fault].run))?;
    Some((fault, cure.at.0.as_millis() - commands[fault].at.0.as_millis()))
}

/// Whether `cure` ends what `fault` does.
fn ends(cure: &str, fault: &str) -> bool {
    let Some((verb, tail)) = fault.strip_prefix("sim ").and_then(|rest| rest.split_once(' ')) else { return false };
    let of_verb = match verb {
        "kill" | "stop" | "power-off" if !tail.contains(" at ") => "sim start ",
        "pause" => "sim resume ",
        "cut" => "sim heal ",
        _ => return false,
    };
    let (cured, is_mended) = match cure.strip_prefix("sim mend") {
        Some(cured) => (cured.trim_start(), true),
        None => (cure.strip_prefix(of_verb).unwrap_or(" "), false),
    };
    // A one-way cut may be healed both ways.
    let both_ways = |sides: &str| sides.replace('>', "|");
    let is_named = || host_of(fault).is_some_and(|host| cured.contains(&host));
    (is_mended && (cured.is_empty() || is_named())) || both_ways(cured) == both_ways(tail)
}

/// The first host that a verb names.
fn host_of(run: &str) -> Option<String> {
    let mut words = run.split(' ').skip(2);
    let first = words.next()?;
    match (first, words.next()) {
        ("broker" | "controller", Some(id)) => Some(format!("{first} {id}")),
        _ => Some(first.to_owned()),
    }
}

fn is_cure(run: &str) -> bool {
    let begins = ["sim start ", "sim heal ", "sim resume ", "sim mend"];
    begins.iter().any(|verb| run.starts_with(verb)) || run.ends_with(" fine") || run.ends_with(" right")
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

/// Files that say nothing or that no command names go.
pub(super) fn without_unread_files(plan: &mut Scenario) {
    let Scenario { files, commands, .. } = plan;
    for (path, _) in files.iter().filter(|(_, text)| text.is_empty()) {
        for command in commands.iter_mut() {
            command.run = command.run.replace(&format!(" --command-config {path}"), "");
        }
    }
    files.retain(|path, _| commands.iter().any(|command| command.run.contains(path.as_str())));
}

/// Everything from command `n` on comes so much earlier.
pub(super) fn earlier(plan: &mut Scenario, n: usize, ns: u64) {
    let shift = |span: &mut Span| span.0 = Duration::from_nanos(span.0.as_nanos().saturating_sub(ns));
    plan.commands[n..].iter_mut().for_each(|command| shift(&mut command.at));
    plan.until.iter_mut().for_each(shift);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(commands: &[(u64, &str)]) -> Scenario {
        let at = |ms| Span(Duration::from_millis(ms));
        let command = |(ms, run): &(u64, &str)| TimedCommand { at: at(*ms), term: 1, run: (*run).to_owned() };
        let until = commands.last().map(|(ms, _)| at(ms + 1));
        Scenario { commands: commands.iter().map(command).collect(), until, ..Scenario::default() }
    }

    fn lines(plan: &Scenario) -> Vec<(u64, &str)> {
        plan.commands.iter().map(|command| (command.at.0.as_millis(), command.run.as_str())).collect()
    }

    #[test]
    fn a_slow_link_in_place_of_a_cut_and_its_end_puts_the_judgement_off() {
        let mut cut = plan(&[(100, "sim cut term:2 | broker 1"), (600, "sim mend"), (700, "sim judge")]);
        with_delay(&mut cut, 1, 2);
        assert_eq!(lines(&cut), [(100, "sim delay term:2 | broker 1 1000ms"), (4_700, "sim judge")]);
        assert_eq!(cut.until, Some(Span(Duration::from_millis(4_701))));
        let same = cut.clone();
        with_delay(&mut cut, 1, 2);
        assert_eq!(cut, same, "a judgement ends nothing");
    }

    #[test]
    fn without_a_controller_those_after_it_move_up_with_their_directories() {
        let lines = [
            (100, "sim add controller"),
            (200, "sim add controller"),
            (300, "sim kill controller 104"),
            (
                400,
                "kafka-metadata-quorum --bootstrap-server b:9092 --command-config controller-104.properties add-controller",
            ),
            (
                500,
                "kafka-metadata-quorum --bootstrap-server b:9092 --command-config controller-105.properties add-controller",
            ),
            (
                600,
                "sim when 'controller() == 105' kafka-metadata-quorum --bootstrap-server b:9092 remove-controller --controller-id 105 --controller-directory-id x",
            ),
            (700, "sim cut broker 1 | controller 103 controller 104 controller 105"),
            (800, "sim mend broker 1 controller 104 controller 105"),
        ];
        let directory = |id| layout::controller_directory(Scenario::default().seed, BrokerId(id));
        let mut one_less = plan(&lines);
        without_controller(&mut one_less, 104);
        let removal = format!(
            "sim when 'controller() == 104' kafka-metadata-quorum --bootstrap-server b:9092 remove-controller --controller-id 104 --controller-directory-id {}",
            directory(104)
        );
        let left: Vec<&str> = one_less.commands.iter().map(|command| command.run.as_str()).collect();
        let expected = [
            lines[0].1,
            lines[3].1,
            &removal,
            "sim cut broker 1 | controller 103 controller 104",
            "sim mend broker 1 controller 104",
        ];
        assert_eq!(left, expected);
        without_voter_changes(&mut one_less);
        let left: Vec<&str> = one_less.commands.iter().map(|command| command.run.as_str()).collect();
        assert_eq!(left, ["sim cut broker 1 | controller 103", "sim mend broker 1"]);
        let mut alone =
            plan(&[(100, "sim add controller"), (200, "sim kill controller 104"), (300, "sim kill controller 102")]);
        with_one_controller(&mut alone);
        let left: Vec<&str> = alone.commands.iter().map(|command| command.run.as_str()).collect();
        assert_eq!(left, ["sim add controller", "sim kill controller 102"], "the one that is added is the second now");
    }

    #[test]
    fn what_ends_a_cut_and_a_death_goes_if_the_one_is_a_slow_link_and_the_other_a_restart() {
        let faults = [(100, "sim cut broker 1 | broker 2"), (200, "sim kill leader:t-0"), (900, "sim mend")];
        let mut both = plan(&faults);
        with_delay_and_restart(&mut both, 2);
        assert_eq!(lines(&both), [(100, "sim delay broker 1 | broker 2 800ms"), (200, "sim restart leader:t-0")]);
        let mut one = plan(&faults[1..]);
        with_delay_and_restart(&mut one, 1);
        assert_eq!(lines(&one), faults[1..], "without a cut `with_restart` does it");
    }
}
