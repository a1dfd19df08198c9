//! The shrinker, on plans in which a planted bug breaks something: what it makes of them breaks the same claim, in the same way, when
//! it is read back from its file, and breaks nothing without the bug.

use lab::sweep::{Shrunk, expand, play, replay, shrink};
use lab::{Plant, Scenario, Violation};

/// The first plan from `seed` on in which the bug breaks `claim`, and how.
fn red(plant: Plant, claim: &str, seed: u64) -> (Scenario, Violation) {
    let plans = (seed..seed + 60).map(|seed| expand(seed, plant));
    let mut red = plans.filter_map(|plan| play(&plan).0.violation.map(|violation| (plan, violation)));
    red.find(|(_, violation)| violation.invariant == claim).expect("a sweep finds the bug")
}

fn shows(shrunk: &Shrunk, violation: &Violation) -> bool {
    let again = Scenario::parse(&shrunk.scenario.to_json()).expect("a plan reads back");
    replay(&again).violation().is_some_and(|v| v.invariant == violation.invariant && v.about == violation.about)
}

fn is_the_bugs(shrunk: &Shrunk) -> bool {
    let healthy = Scenario { plant: Default::default(), ..shrunk.scenario.clone() };
    replay(&healthy).violation().is_none()
}

#[test]
fn what_is_left_of_a_plan_is_what_the_bug_needs() {
    // A promise before the ISR has the record: one producer. A log that remembers too little of a producer: a producer, and a
    // cut that holds back its answers. Two of a group who are given the same: two of a group.
    for (plant, claim, seed, most) in [
        (Plant::AckBeforeIsr, "acked-is-committed", 1, 2),
        (Plant::WindowOfFour, "duplicate", 35, 6),
        (Plant::AssignmentOfAnother, "one-owner", 1, 3),
    ] {
        let (plan, violation) = red(plant, claim, seed);
        let shrunk = shrink(&plan, &violation, 400);
        assert!(shrunk.is_red && shows(&shrunk, &violation), "{plant}");
        assert!(is_the_bugs(&shrunk), "{plant}: what is left breaks it without the bug");
        let (before, after) = (plan.commands.len(), shrunk.scenario.commands.len());
        assert!(after <= most, "{plant}: {before} commands became {after}");
    }
}

#[test]
fn a_plan_is_judged_when_the_sweep_judged_it() {
    let (plan, violation) = red(Plant::WindowOfFour, "duplicate", 35);
    let until = plan.until.expect("a plan says how long it is").0;
    let whole = shrink(&plan, &violation, 0);
    assert!(whole.is_red && shows(&whole, &violation));
    assert!(violation.at.since(lab::BOOT) < until, "the sweep did not wait for the end of the plan");
    assert_eq!(whole.scenario.commands.last().map(|command| command.run.as_str()), Some("sim judge"));
    assert!(whole.scenario.until.is_some_and(|end| end.0 < until));
}

#[test]
fn what_has_not_converged_is_kept() {
    let (plan, violation) = red(Plant::EpochReused, "liveness", 1);
    assert_ne!(violation.about, "");
    let shrunk = shrink(&plan, &violation, 40);
    assert!(shows(&shrunk, &violation), "{}", violation.about);
    assert!(is_the_bugs(&shrunk));
    assert!(shrunk.scenario.commands.len() < plan.commands.len());
    // A part of the chaos is left, the mending that ends it, and the judgement after it.
    let is_mending = |run: &str| run.starts_with("sim mend");
    let mended = shrunk.scenario.commands.iter().rposition(|command| is_mending(&command.run));
    assert!(mended.is_some_and(|at| at > 0));
}

#[test]
fn what_does_not_fail_again_is_handed_back_whole() {
    let (plan, violation) = red(Plant::AckBeforeIsr, "acked-is-committed", 1);
    let healthy = Scenario { plant: Default::default(), ..plan };
    let shrunk = shrink(&healthy, &violation, 40);
    assert!(!shrunk.is_red);
    assert_eq!(shrunk.scenario, healthy);
}
