//! Time travel: seeking, stepping back, forking and links all meet the same states again.

use lab::{BOOT, Duration, Given, Lab, Saved, Scenario, Time, Timeline};

fn scenario() -> Scenario {
    Scenario::parse(
        r#"{"topics": [{"name": "t", "partitions": 2, "replication_factor": 3}],
            "commands": [{"at": "1s", "term": 2, "run": "TOPIC=t KEY=a SENSOR=s python producer.py"},
                         {"at": "2s", "term": 3, "run": "TOPICS=t GROUP=g python consumer.py"}]}"#,
    )
    .expect("the scenario is right")
}

fn at(ms: u64) -> Time {
    BOOT + Duration::from_millis(ms)
}

fn timeline() -> Timeline {
    Timeline::new(&scenario()).expect("the scenario can be built")
}

#[test]
fn seeking_back_and_forth_meets_the_same_state() {
    let mut timeline = timeline();
    timeline.run_until(at(30_000));
    let (event, digest) = (timeline.lab().events(), timeline.lab().digest());
    timeline.seek(at(12_345));
    let middle = timeline.lab().digest();
    assert_ne!(middle, digest);
    timeline.seek(at(30_000));
    assert_eq!((timeline.lab().events(), timeline.lab().digest()), (event, digest));
    timeline.seek(at(12_345));
    assert_eq!(timeline.lab().digest(), middle);
}

/// From checkpoint to checkpoint, without running what lies between.
#[test]
fn a_leap_forward_meets_the_same_state_as_a_run() {
    let mut timeline = timeline();
    timeline.run_until(at(120_000));
    assert!(timeline.checkpoints() > 3, "{} checkpoints", timeline.checkpoints());
    let (event, digest) = (timeline.lab().events() - 100, timeline.lab().digest());
    let mut run = Lab::new(&scenario()).expect("the scenario can be built");
    run.run_to(event, at(120_000));
    timeline.seek(at(0));
    assert!(timeline.seek_event(event));
    assert_eq!(timeline.lab().digest(), run.digest());
    timeline.seek(at(0));
    timeline.seek(at(120_000));
    assert_eq!(timeline.lab().digest(), digest);
}

#[test]
fn stepping_back_undoes_exactly_one_event() {
    let mut timeline = timeline();
    timeline.run_until(at(9_000));
    let mut digests = vec![timeline.lab().digest()];
    for _ in 0..25 {
        assert!(timeline.step());
        digests.push(timeline.lab().digest());
    }
    for expected in digests.iter().rev().skip(1).take(20) {
        assert!(timeline.step_back());
        assert_eq!(timeline.lab().digest(), *expected, "at event {}", timeline.lab().events());
    }
}

#[test]
fn acting_in_the_past_forks_and_keeps_the_other_future() {
    let mut timeline = timeline();
    timeline.run_until(at(20_000));
    let untouched = timeline.lab().digest();
    timeline.seek(at(10_000));
    assert!(timeline.is_past());
    assert!(matches!(timeline.command(1, "sim kill broker 1"), Given::Done(_)));
    assert_eq!(timeline.branches().len(), 2);
    timeline.run_until(at(25_000));
    let killed = timeline.lab().digest();
    assert!(timeline.switch(0));
    assert_eq!((timeline.lab().now(), timeline.lab().digest()), (at(20_000), untouched));
    assert!(timeline.switch(1));
    assert_eq!((timeline.lab().now(), timeline.lab().digest()), (at(25_000), killed));
}

#[test]
fn a_command_of_the_log_is_carried_out_again_on_the_way_forward() {
    let mut timeline = timeline();
    timeline.run_until(at(5_000));
    timeline.command(1, "kafka-topics --bootstrap-server localhost:9092 --create --topic late");
    timeline.run_until(at(8_000));
    let digest = timeline.lab().digest();
    timeline.seek(at(3_000));
    assert_eq!(timeline.lab().log().len(), 0);
    timeline.seek(at(8_000));
    assert_eq!((timeline.lab().log().len(), timeline.lab().digest()), (1, digest));
}

#[test]
fn a_link_reproduces_the_moment_and_its_past() {
    let mut timeline = timeline();
    timeline.run_until(at(6_789));
    timeline.command(1, "sim pause broker 2");
    timeline.run_until(at(14_000));
    for _ in 0..7 {
        timeline.step();
    }
    let link = timeline.link();
    let opened = Timeline::from_link(&link).map_err(|error| error.to_string()).expect("the link is whole");
    assert_eq!(opened.lab().digest(), timeline.lab().digest());
    let replayed = Lab::replay(&Saved::unpack(&link).expect("the link is whole")).map_err(|error| error.to_string());
    assert_eq!(replayed.expect("it replays").digest(), timeline.lab().digest());
}

#[test]
fn a_place_replays_without_a_digest() {
    let mut timeline = timeline();
    timeline.run_until(at(3_000));
    timeline.command(1, "sim pause broker 2");
    let saved = timeline.lab().place().save();
    let replayed = Lab::replay(&saved).map_err(|error| error.to_string()).expect("it replays");
    assert_eq!((saved.digest.as_str(), replayed.digest()), ("", timeline.lab().digest()));
}

#[test]
fn a_start_that_was_not_kept_is_made_again() {
    let (mut kept, mut made) = (timeline(), Timeline::sparing(&scenario()).expect("the scenario can be built"));
    assert_eq!((kept.checkpoints(), made.checkpoints()), (1, 0));
    for timeline in [&mut kept, &mut made] {
        timeline.run_until(at(900));
        let later = timeline.lab().digest();
        timeline.step_back();
        timeline.seek(at(0));
        let start = timeline.lab().digest();
        timeline.seek(at(900));
        assert_eq!((later, timeline.lab().digest(), timeline.range().0), (later, later, BOOT));
        assert_ne!(start, later);
    }
    kept.seek(at(100));
    made.seek(at(100));
    assert_eq!((kept.lab().digest(), kept.checkpoints()), (made.lab().digest(), made.checkpoints()));
    assert_eq!(made.peek(0, 0, BOOT).map(|lab| lab.digest()), kept.peek(0, 0, BOOT).map(|lab| lab.digest()));
}

/// What the released page begins with goes back and forth as a run that forgot nothing.
#[test]
fn a_slim_timeline_meets_the_same_states() {
    let (mut whole, mut slim) = (timeline(), Timeline::sparing(&scenario()).expect("the scenario can be built"));
    for timeline in [&mut whole, &mut slim] {
        timeline.run_until(at(60_000));
    }
    let traced = |timeline: &Timeline| timeline.lab().world().trace().count();
    assert!(slim.checkpoints() > 0 && traced(&slim) > 1_024, "{} events are traced", traced(&slim));
    slim.slim();
    assert_eq!((slim.checkpoints(), traced(&slim)), (0, 0));
    assert_eq!(slim.lab().digest(), whole.lab().digest());
    slim.run_until(at(60_100));
    whole.run_until(at(60_100));
    slim.recall();
    let trace = |timeline: &Timeline| timeline.lab().world().trace().cloned().collect::<Vec<_>>();
    assert!(traced(&slim) > 1_024 && trace(&slim) == trace(&whole), "{} are recalled", traced(&slim));
    assert_eq!(slim.lab().digest(), whole.lab().digest());
    for ms in [61_000, 20_000, 0, 45_000] {
        whole.seek(at(ms));
        slim.seek(at(ms));
        assert_eq!(slim.lab().digest(), whole.lab().digest(), "at {ms} ms");
    }
}

#[test]
fn another_seed_is_another_run() {
    let mut other = scenario();
    other.seed = 8;
    let run = |scenario: &Scenario| {
        let mut lab = Lab::new(scenario).expect("the scenario can be built");
        lab.run_for(Duration::from_secs(5));
        lab.digest()
    };
    assert_ne!(run(&scenario()), run(&other));
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut lab = Lab::new(&scenario()).expect("the scenario can be built");
    lab.run_for(Duration::from_secs(8));
    let (before, mut other) = (lab.digest(), lab.clone());
    other.command(1, "sim kill broker 1");
    other.run_for(Duration::from_secs(20));
    assert_eq!(lab.digest(), before);
    lab.run_for(Duration::from_secs(20));
    assert_ne!(lab.digest(), other.digest());
}

#[test]
fn peeking_at_another_branch_shows_what_switching_there_would_and_moves_nothing() {
    let mut timeline = timeline();
    timeline.command(1, "kafka-topics --bootstrap-server :9092 --create --topic first");
    timeline.run_until(at(9_000));
    timeline.seek(at(2_000));
    timeline.command(1, "sim kill broker 1");
    timeline.run_until(at(6_000));
    let here = (timeline.active(), timeline.lab().events(), timeline.lab().digest());

    let peeked = timeline.peek(0, u64::MAX, at(5_000)).expect("there is a branch 0");
    let event = timeline.peek(0, peeked.events() - 40, at(9_000)).expect("there is a branch 0");
    assert_eq!((timeline.active(), timeline.lab().events(), timeline.lab().digest()), here);
    assert_eq!(event.events(), peeked.events() - 40);
    assert!(timeline.peek(7, u64::MAX, at(5_000)).is_none());

    timeline.switch(0);
    timeline.seek(at(5_000));
    assert_eq!(timeline.lab().digest(), peeked.digest());
}
