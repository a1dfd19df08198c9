//! The `kafkasim` binary as its users run it: what it prints, how it ends, and what it says of bad input.

use std::path::PathBuf;
use std::process::Command;

/// What a run of the binary left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn kafkasim(args: &[&str]) -> Ran {
    let output =
        Command::new(env!("CARGO_BIN_EXE_kafkasim")).args(args).current_dir(dir()).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Writes a file for a run to read.
fn file(name: &str, text: &str) -> String {
    std::fs::write(dir().join(name), text).expect("the file is written");
    name.to_owned()
}

/// The run is refused with exit code 2, and says all of `words`.
#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let ran = kafkasim(args);
    assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
    assert_eq!(ran.out, "", "{args:?} prints nothing but its error");
    for word in words {
        assert!(ran.err.contains(word), "{args:?} does not say `{word}`: {}", ran.err);
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

const LESSON: &str = "---
id: one
title: One
kafka: \"4.4\"
leaves-out: All else.
---

# One

```console
$ kafka-topics --bootstrap-server localhost:9092 --create --topic one
Created topic one.
```

```check
It has one partition :: partitions(\"one\") == 1
```
";

#[test]
fn the_pocket_calculators_print_the_answer_alone() {
    assert_eq!(kafkasim(&["partition", "--key", "user-42", "--partitions", "6"]).out, "4\n");
    assert_eq!(kafkasim(&["partition", "--key", "user-42", "--partitions", "6", "--client", "librdkafka"]).out, "1\n");
    let json = kafkasim(&["partition", "--key", "user-42", "--partitions", "6", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["partition"], 4);
    assert!(json["hash"].is_number() && json["reason"].is_string());
    let placed = kafkasim(&["place", "--brokers", "1:a,2:a,3:b", "--partitions", "1", "--rf", "2"]);
    assert_eq!((placed.code, placed.out.lines().count()), (0, 1));
}

#[test]
fn bad_input_is_refused_with_its_place_or_cause() {
    let unknown = file("unknown.json", "{\n  \"kafkasim\": 1,\n  \"brokerz\": 3\n}");
    refused(&["run", &unknown], &["unknown.json", "brokerz", "line 3"]);
    let negative = file("negative.json", "{ \"kafkasim\": 1, \"seed\": -1 }");
    refused(&["run", &negative], &["negative.json", "-1"]);
    refused(&["run", "--sede", "1"], &["--sede", "--seed"]);
    let list = file("list.json", "[1, \"a title\"]");
    refused(&["run", &list], &["list.json: line 1, column 1: a scenario is a JSON object"]);
    let topic = file("topic.json", "{\"topics\": [{\"name\": \"a/b\"}]}");
    refused(&["run", &topic], &["topic.json: topic a/b was not made", "Topic name is invalid"]);
    let lesson = file("lesson.md", LESSON);
    refused(&["run", &lesson], &["this is a lesson", "kafkasim test lesson.md"]);
    refused(&["test", "lost-acks"], &["lost-acks", "lost-ack, acks-grid"]);
    refused(&["run", "nowhere.json"], &["nowhere.json"]);
    refused(&["run", "--until", "soon"], &["soon"]);
    refused(&["replay", "s=1.nZLd"], &["link"]);
    refused(&["partition", "--key", "a", "--partitions", "0"], &["0"]);
    refused(&["place", "--brokers", "1,1", "--partitions", "1", "--rf", "1"], &["twice"]);
    refused(&["place", "--brokers", "2", "--partitions", "1", "--rf", "3"], &["3"]);
}

#[test]
fn a_lesson_that_holds_passes_and_is_in_the_junit_file() {
    let name = file("holds.md", LESSON);
    let ran = kafkasim(&["test", &name, "--junit", "holds.xml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
    let junit = std::fs::read_to_string(dir().join("holds.xml")).expect("the file is written");
    assert!(junit.contains("tests=\"1\"") && junit.contains("failures=\"0\""), "{junit}");
}

#[test]
fn a_lesson_that_fails_says_why_and_how_to_see_it_again() {
    let name = file("fails.md", &LESSON.replace("== 1", "== 2"));
    let ran = kafkasim(&["test", &name, "--seed", "5", "--junit", "fails.xml"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for word in ["line 16", "partitions(one) is 1", "seed 5, event ", "digest", "kafkasim replay 's=1.", "#s=1."] {
        assert!(ran.out.contains(word), "no `{word}` in {}", ran.out);
    }
    let junit = std::fs::read_to_string(dir().join("fails.xml")).expect("the file is written");
    assert!(junit.contains("failures=\"1\"") && junit.contains("kafkasim replay"), "{junit}");

    let link = ran.out.split('\'').nth(1).expect("the link is quoted");
    let replayed = kafkasim(&["replay", link, "--digest"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    assert!(ran.out.contains(&format!("digest {}", replayed.out.trim())), "{} is not in {}", replayed.out, ran.out);
}

#[test]
fn a_fault_of_the_simulator_fails_its_test_and_no_other() {
    let (faulty, sound) = (
        file("fault.md", &LESSON.replace("```check", "```console\n$ sim panic\n```\n\n```check")),
        file("sound.md", LESSON),
    );
    let ran = kafkasim(&["test", &faulty, &sound]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for word in ["the simulator itself failed", "kafkasim test fault.md", "ok    sound.md", "1 passed, 1 failed"] {
        assert!(ran.out.contains(word), "no `{word}` in {}", ran.out);
    }
}

#[test]
fn a_bundled_lesson_is_named_by_its_id() {
    let ran = kafkasim(&["test", "load"]);
    assert!(ran.out.starts_with("ok    load.md") && ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn commands_of_a_scenario_that_were_refused_are_told() {
    let commands = [
        ("1s", "sim kil broker 1"),
        ("2s", "kafka-topic --list"),
        ("3s", "kafka-topics --lisst"),
        // Says something about another protocol, on the error stream, and goes on.
        ("4s", "kafka-console-consumer --bootstrap-server localhost:9092 --topic t --group g"),
        ("5s", "sim pause broker 1"),
    ];
    let commands = commands.map(|(at, run)| format!("{{\"at\": \"{at}\", \"run\": \"{run}\"}}"));
    let name = file("typo.json", &format!("{{\"commands\": [{}], \"until\": \"9s\"}}", commands.join(", ")));
    for command in ["run", "test"] {
        let ran = kafkasim(&[command, &name]);
        let told: Vec<&str> = ran.out.lines().filter(|line| line.contains("refused")).collect();
        assert_eq!((ran.code, told.len()), (0, 3), "{}", ran.out);
        assert!(
            told[0].contains("[1] sim kil broker 1: ") && told[0].contains("Did you mean `sim kill`"),
            "{}",
            told[0]
        );
        assert!(told[1].contains("kafka-topic --list: bash: kafka-topic: command not found"), "{}", told[1]);
        assert!(told[2].contains("kafka-topics --lisst: "), "{}", told[2]);
    }
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let digest = |seed: &str| {
        let ran = kafkasim(&["run", "--quiet", "--until", "5s", "--seed", seed]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().find(|line| line.starts_with("digest")).map(str::to_owned).expect("a digest is printed")
    };
    assert_eq!(digest("1"), digest("1"));
    assert_ne!(digest("1"), digest("2"));
}

#[test]
fn a_sweep_ends_with_its_counts_and_with_a_status_to_match() {
    let sound = kafkasim(&["sweep", "--seeds", "1..4", "--quiet"]);
    assert_eq!((sound.code, sound.out.lines().last()), (0, Some("seeds 4, violations 0")), "{}", sound.err);
    let half = kafkasim(&["sweep", "--seeds", "1..5", "--shard", "2/2", "--quiet", "--json"]);
    let seeds: Vec<&str> = half.out.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!((half.code, seeds.len(), half.out.lines().last()), (0, 2, Some("seeds 2, violations 0")));
}

#[test]
fn a_planted_bug_is_found_shrunk_and_shown_again_by_its_scenario() {
    let args = "sweep --seeds 1..20 --plant sequence-unchecked --first --jobs 1 --quiet --out sweep-out --shrink 40";
    let red = kafkasim(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(red.code, 1, "{}{}", red.out, red.err);
    assert!(red.out.lines().last().is_some_and(|line| line.ends_with(", violations 1")), "{}", red.out);
    let words = |start: &str| red.out.lines().find_map(|line| line.trim().strip_prefix(start)).unwrap_or_default();
    assert!(words("page:").contains("#s=1."), "{}", red.out);
    let file = words("run:    kafkasim run ");
    let again = kafkasim(&["run", file, "--quiet"]);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    let id = |text: &str| text.split("invariant `").nth(1).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    assert_eq!(id(&again.out), id(&red.out), "{}", again.out);
}

#[test]
fn a_sweep_of_nothing_or_of_an_unknown_bug_is_refused() {
    refused(&["sweep", "--seeds", "5"], &["1..1000"]);
    refused(&["sweep", "--seeds", "9..3"], &["3..9"]);
    refused(&["sweep", "--shard", "9/3"], &["1 to 3"]);
    refused(&["sweep", "--plant", "weeds"], &["weeds", "window-of-four", "truncate-to-high-watermark"]);
}

#[test]
fn what_a_run_shows_is_in_order_whole_and_says_what_was_not_done() {
    // Each terminal remembers 2,000 lines, and this one is written 6,000 of them.
    let name = file(
        "told.json",
        r#"{"topics": [{"name": "t"}], "until": "20s", "commands": [
            {"at": "1s", "run": "sim kill broker 9"},
            {"at": "2s", "run": "kafka-verifiable-producer --bootstrap-server :9092 --topic t --max-messages 6000"},
            {"at": "2s", "term": 3, "run": "sim when 'acked() > 10' sim status"},
            {"at": "2100ms", "term": 2, "run": "sim status"},
            {"at": "21s", "term": 2, "run": "sim judge"}
        ]}"#,
    );
    let ran = kafkasim(&["run", &name, "--quiet", "-v"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let clocks: Vec<&str> = ran.out.lines().filter_map(|line| line.split_once(" [").map(|(at, _)| at)).collect();
    let clocks: Vec<&str> = clocks.into_iter().filter(|at| at.len() == "00:01.000".len()).collect();
    assert!(clocks.is_sorted(), "lines of terminals stand in the order of time");
    assert_eq!(ran.out.matches("producer_send_success").count(), 6_000);
    for word in
        ["refused       00:01.000 [1] sim kill broker 9", "not given     00:21.000 [2] sim judge: the run ends before"]
    {
        assert!(ran.out.contains(word), "no `{word}` behind the run");
    }
    let tested = kafkasim(&["test", &name]);
    for word in ["! refused: 00:01.000 [1] sim kill broker 9", "! not given: 00:21.000 [2] sim judge"] {
        assert!(tested.out.contains(word), "no `{word}` in {}", tested.out);
    }
}

#[test]
fn a_command_of_a_front_matter_that_is_refused_is_told() {
    let commands = "commands: [{\"at\": \"0s\", \"term\": 2, \"run\": \"sim kil broker 1\"}]\nkafka:";
    let name = file(
        "kil.md",
        &LESSON.replace("kafka:", commands).replace("Created topic one.", "Created topic one.\n$ sim kil 2\n[..]"),
    );
    let ran = kafkasim(&["test", &name]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(ran.out.matches("! refused: ").count(), 1, "{}", ran.out);
    assert!(ran.out.contains("! refused: 00:00.000 [2] sim kil broker 1: sim: there is no verb `kil`."), "{}", ran.out);
}

#[test]
fn a_check_that_cannot_be_met_says_so_in_one_sentence() {
    for (claim, says) in [
        ("partitions(\"one\")", "`partitions(\"one\")` is 1, neither true nor false; partitions(one) is 1\n"),
        ("7 / (partitions(\"one\") - 1) == 0", "cannot be told: 7 / 0: there is no such number\n"),
        ("leader(\"two\", 0) == 1", "cannot be told: leader: there is no topic two\n"),
        ("1 == 2", "`1 == 2` not within 1s\n"),
    ] {
        let text = LESSON.replace("partitions(\"one\") == 1", claim).replace("```check", "```check within=1s");
        let ran = kafkasim(&["test", &file("claim.md", &text)]);
        assert!(ran.out.contains(says), "no `{says}` in {}", ran.out);
    }
}
