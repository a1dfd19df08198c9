//! Commands: what is typed, what is refused, and that a refusal changes nothing.

use lab::{Duration, Given, Lab, LineKind, Scenario};

fn lab() -> Lab {
    Lab::new(&Scenario::default()).expect("the default scenario can be built")
}

#[test]
fn what_cannot_be_understood_is_refused_and_changes_nothing() {
    let mut lab = lab();
    let digest = lab.digest();
    for (line, says) in [
        ("sim kil broker 1", "Did you mean `sim kill`?"),
        ("sim kill broker 9", "there are broker-1"),
        ("sim run 4 fortnights", "45s"),
        ("sim cut 1", "put `|`"),
        ("sim at 5s", "what should be done then?"),
        ("sim heal", "there is no such cut"),
        ("sim kill leader:nope-0", "there is no partition nope-0"),
        ("sim kill term:7", "no program runs in terminal 7"),
        ("sim kill broker 1 at after-vote", "broker-1 never takes the step `after-vote`: controllers do"),
        ("sim kill controller 101 at after-append", "controller-101 never takes the step `after-append`: brokers do"),
        (
            "sim power-off controller 101 at after-delivery",
            "controller-101 never takes the step `after-delivery`: consumers do",
        ),
        ("sim at 5s sim run 5s", "then time passes by itself"),
        ("sim at 5s sim until leader(\"t\", 0) == 1", "then time passes by itself"),
        ("sim drop Foo response 1 > 2", "`Foo` is no request that is modelled: `kafkasim list` names them"),
        ("sim status now", "nothing stands behind it, and `now` does"),
        ("sim judge twice", "nothing stands behind it, and `twice` does"),
        ("sim help kil", "there is no verb `kil`"),
        ("kafka-topic --list", "command not found"),
        ("echo 'open", "column"),
    ] {
        match lab.command(1, line) {
            Given::Refused(why) => assert!(why.contains(says), "{line}: {why}"),
            other => panic!("{line}: {other:?}"),
        }
        assert_eq!(lab.digest(), digest, "{line}");
    }
}

#[test]
fn ctrl_c_ends_the_program_in_the_foreground_and_frees_the_terminal() {
    let mut lab = lab();
    lab.command(2, "kafka-console-consumer --bootstrap-server localhost:9092 --topic t --group g");
    lab.run_for(Duration::from_secs(10));
    assert!(lab.terminals()[&2].foreground.is_some());
    assert_eq!(lab.command(2, "^C"), Given::Typed);
    lab.run_for(Duration::from_secs(5));
    assert_eq!(lab.terminals()[&2].foreground, None);
    let printed: Vec<_> =
        lab.terminals()[&2].lines().iter().filter(|l| l.kind == LineKind::Err).map(|l| &*l.text).collect();
    assert!(printed.contains(&"Processed a total of 0 messages"), "{printed:?}");
}

#[test]
fn lines_typed_while_a_program_runs_are_its_input() {
    let mut lab = lab();
    lab.command(1, "kafka-console-producer --bootstrap-server localhost:9092 --topic t");
    lab.run_for(Duration::from_secs(3));
    assert_eq!(lab.command(1, "hello"), Given::Typed);
    assert_eq!(lab.command(1, "^D"), Given::Typed);
    lab.run_for(Duration::from_secs(5));
    assert_eq!((lab.ledger().acked(), lab.terminals()[&1].foreground), (1, None));
}

fn commands_of(lab: &Lab, term: u32) -> Vec<&str> {
    lab.terminals()[&term].lines().iter().filter(|l| l.kind == LineKind::Command).map(|l| &*l.text).collect()
}

#[test]
fn lines_typed_while_a_program_runs_that_reads_none_are_the_next_commands() {
    let mut lab = lab();
    let describe = "kafka-topics --bootstrap-server localhost:9092 --describe --topic t";
    let produce = "kafka-console-producer --bootstrap-server localhost:9092 --topic t";
    lab.command(1, "kafka-topics --bootstrap-server localhost:9092 --create --topic t");
    for line in [describe, produce, "hello"] {
        assert_eq!(lab.command(1, line), Given::Typed);
    }
    lab.run_for(Duration::from_secs(3));
    assert_eq!(commands_of(&lab, 1)[1..], [describe, produce]);
    assert_eq!(lab.command(1, "^D"), Given::Typed);
    assert_eq!(lab.command(1, "echo done"), Given::Typed);
    lab.run_for(Duration::from_secs(3));
    assert_eq!((lab.ledger().acked(), lab.terminals()[&1].foreground), (1, None));
    let printed = lab.terminals()[&1].lines().iter().filter(|l| l.kind == LineKind::Out);
    assert_eq!(printed.map(|l| &*l.text).next_back(), Some("done"));
}

#[test]
fn ctrl_c_drops_what_was_typed_ahead() {
    let mut lab = lab();
    let consume = "kafka-console-consumer --bootstrap-server localhost:9092 --topic t";
    lab.command(1, consume);
    lab.run_for(Duration::from_secs(3));
    assert_eq!(lab.command(1, "echo before"), Given::Typed);
    assert_eq!(lab.command(1, "^C"), Given::Typed);
    assert_eq!(lab.command(1, "echo after"), Given::Typed);
    lab.run_for(Duration::from_secs(5));
    assert_eq!(commands_of(&lab, 1), [consume, "echo after"]);
}

#[test]
fn commands_joined_by_a_semicolon_run_one_after_the_other() {
    let mut lab = lab();
    lab.command(
        1,
        "kafka-topics --bootstrap-server :9092 --create --topic a; kafka-topics --bootstrap-server :9092 --list",
    );
    lab.run_for(Duration::from_secs(3));
    let out: Vec<_> =
        lab.terminals()[&1].lines().iter().filter(|l| l.kind == LineKind::Out).map(|l| &*l.text).collect();
    assert_eq!(out, ["Created topic a.", "a"]);
}

#[test]
fn a_scheduled_command_is_given_at_its_time() {
    let mut lab = lab();
    lab.command(1, "sim at 4s sim kill broker 1");
    lab.run_for(Duration::from_millis(3_999));
    let node = lab.layout().find("broker 1").expect("there is a broker 1");
    assert_eq!(lab.world().state(node), lab::NodeState::Running);
    lab.run_for(Duration::from_millis(2));
    assert_eq!(lab.world().state(node), lab::NodeState::Killed);
}

#[test]
fn only_what_was_promised_and_is_gone_counts_as_lost() {
    let mut lab = lab();
    lab.command(1, "seq 200 | kafka-console-producer --bootstrap-server localhost:9092 --topic t");
    lab.run_for(Duration::from_secs(10));
    assert_eq!((lab.ledger().acked(), lab.ledger().lost(&lab).len()), (200, 0));
}

#[test]
fn a_process_that_is_paused_is_not_said_to_be_down() {
    let mut lab = lab();
    lab.command(1, "sim pause broker 1");
    let Given::Refused(why) = lab.command(1, "sim pause broker 1") else { panic!("it is paused") };
    assert!(why.contains("broker-1 is paused already"), "{why}");
    lab.command(1, "sim kill broker 1");
    let Given::Refused(why) = lab.command(1, "sim pause broker 1") else { panic!("it is dead") };
    assert!(why.contains("broker-1 is not running"), "{why}");
}

#[test]
fn help_tells_of_one_verb() {
    let Given::Done(told) = lab().command(1, "sim help kill") else { panic!("there is such a verb") };
    assert!(told.starts_with("sim kill PROCESS"), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn a_combined_node_may_die_at_the_steps_of_both() {
    let text = r#"{"cluster": {"brokers": 2, "controllers": 1, "combined": true}}"#;
    let mut lab = Lab::new(&Scenario::parse(text).expect("it is right")).expect("it can be built");
    for line in ["sim kill 1 at after-vote", "sim kill 1 at after-append", "sim kill 2 at after-append"] {
        assert!(matches!(lab.command(1, line), Given::Done(_)), "{line}");
    }
    assert!(matches!(lab.command(1, "sim kill 2 at after-vote"), Given::Refused(_)));
}

/// What terminal 1 shows of a scenario's run.
fn shown(scenario: &str) -> Vec<(LineKind, String)> {
    let mut lab = Lab::new(&Scenario::parse(scenario).expect("it is right")).expect("it can be built");
    lab.run_for(Duration::from_secs(20));
    lab.terminals()[&1].lines().iter().map(|line| (line.kind, line.text.to_string())).collect()
}

#[test]
fn a_scenario_is_told_that_its_commands_have_times_of_their_own() {
    let lines = shown(
        r#"{"commands": [{"at": "1s", "run": "sim run 5s"}, {"at": "2s", "run": "sim until running(\"broker-1\")"}]}"#,
    );
    let errors: Vec<&String> = lines.iter().filter(|(kind, _)| *kind == LineKind::Err).map(|(_, text)| text).collect();
    assert_eq!(errors.len(), 2, "{lines:?}");
    assert!(errors.iter().all(|text| text.contains("time passes by itself")), "{errors:?}");
}

#[test]
fn what_is_given_later_is_given_as_it_was_typed() {
    let lines = shown(r#"{"commands": [{"at": "1s", "run": "sim at 3s echo 'two  spaces'"}]}"#);
    assert_eq!(lines.last(), Some(&(LineKind::Out, "two  spaces".to_owned())), "{lines:?}");
}
