//! What programs print before they talk to anybody: help, usage errors, text commands. Real texts are Kafka's own output.

use kernel::{Effects, Input, Machine, NodeId, Time};
use protocol::Note;
use shell::{AppProcess, Profile, Setting};

/// Starts the pipeline and returns what it prints at once, with its exit code.
fn run(line: &str) -> (Vec<String>, Option<i32>) {
    let parsed = shell::parse_line(line).expect("the line parses");
    let setting = Setting::plain(Profile::Librdkafka);
    let launch = match parsed.pipelines[0].launch(&setting) {
        Ok(launch) => launch,
        Err(error) => return (error.lines, Some(error.code)),
    };
    let mut program = match AppProcess::launch(launch) {
        Ok(program) => program,
        Err(error) => return (error.lines, Some(error.code)),
    };
    let mut fx = Effects::new(7, NodeId(1));
    program.step(Time::ZERO, Input::Start, &mut fx);
    let lines = fx.take().into_iter().filter_map(|effect| match effect {
        kernel::Effect::Note(Note::Output { line, .. }) => Some(line.to_string()),
        _ => None,
    });
    (lines.collect(), program.exit_code())
}

fn check(line: &str, code: i32, expected: &[&str]) {
    let (lines, exit) = run(line);
    assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>(), exit), (expected.to_vec(), Some(code)), "{line}");
}

/// The first line (and its hint, if any), for errors that are followed by help.
fn check_first(line: &str, code: i32, expected: &[&str]) {
    let (lines, exit) = run(line);
    let first: Vec<&str> = lines.iter().map(|line| line.trim_end()).take(expected.len()).collect();
    assert_eq!((first, exit), (expected.to_vec(), Some(code)), "{line}");
}

#[test]
fn help_is_kafkas() {
    for (tool, golden) in [
        ("kafka-topics", include_str!("golden/kafka-topics.help.txt")),
        ("kafka-console-producer", include_str!("golden/kafka-console-producer.help.txt")),
        ("kafka-console-consumer", include_str!("golden/kafka-console-consumer.help.txt")),
        ("kafka-consumer-groups", include_str!("golden/kafka-consumer-groups.help.txt")),
    ] {
        let (lines, code) = run(&format!("{tool}.sh --help"));
        let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        let golden: Vec<&str> = golden.trim_end().lines().collect();
        let differing: Vec<_> = lines.iter().zip(&golden).filter(|(line, golden)| line != golden).collect();
        assert_eq!(differing, [], "{tool}");
        assert_eq!(lines.len(), golden.len(), "{tool}");
        assert_eq!(code, Some(1));
    }
}

#[test]
fn unknown_options_answer_as_in_kafka_with_one_line_of_help() {
    check(
        "kafka-topics --bootstrap-server h:1 --list --topik x",
        1,
        &["topik is not a recognized option", "hint: did you mean --topic?"],
    );
    check(
        "kafka-configs --bootstrap-server h:1 --topik x",
        1,
        &["topik is not a recognized option", "hint: did you mean --topic?"],
    );
    check(
        "kafka-consumer-groups --bootstrap-server h:1 --topik x",
        1,
        &[
            "Exception in thread \"main\" joptsimple.UnrecognizedOptionException: topik is not a recognized option",
            "hint: did you mean --topic?",
        ],
    );
    check_first(
        "kafka-console-producer --broker-list h:1 --topic t",
        1,
        &[
            "broker-list is not a recognized option",
            "hint: --broker-list was removed from Kafka; today it is --bootstrap-server host:9092 (KIP-499)",
            "Option                                   Description",
        ],
    );
}

#[test]
fn usage_errors_are_kafkas() {
    let missing = "Missing required argument \"[topic]\"";
    check("kafka-topics --list", 1, &["--bootstrap-server must be specified"]);
    check_first("kafka-topics --bootstrap-server h:1 --create", 1, &[missing]);
    check_first(
        "kafka-topics --bootstrap-server h:1",
        1,
        &["Command must include exactly one action: --list, --describe, --create, --alter or --delete"],
    );
    check_first("kafka-topics", 1, &["Create, delete, describe, or change a topic."]);
    check_first(
        "kafka-topics --bootstrap-server h:1 --alter --topic a",
        1,
        &["Missing required argument \"[partitions]\""],
    );
    check_first(
        "kafka-topics --bootstrap-server h:1 --create --topic a --replica-assignment 1:2 --partitions 1",
        1,
        &["Option \"[replica-assignment]\" can't be used with option \"[partitions]\""],
    );
    check_first(
        "printf 'x' | kafka-console-producer --topic t",
        1,
        &["Error while validating the bootstrap address", ""],
    );
    check_first(
        "kafka-console-producer --bootstrap-server h --topic t",
        1,
        &["Please provide valid host:port like host1:9091,host2:9092", ""],
    );
    check_first(
        "kafka-console-consumer --bootstrap-server h:1",
        1,
        &["Exactly one of the following arguments is required: [topic], [include]"],
    );
    check_first(
        "kafka-console-consumer --bootstrap-server h:1 --topic t --partition 0 --offset foo",
        1,
        &[
            "The provided offset value 'foo' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.",
        ],
    );
    check_first(
        "kafka-consumer-groups --bootstrap-server h:1 --describe",
        1,
        &["Option [describe] takes one of these options: [all-groups], [group]"],
    );
    check_first(
        "kafka-consumer-groups --bootstrap-server h:1 --list --describe --group x",
        1,
        &["Option \"[group]\" can't be used with option \"[list]\""],
    );
    check_first(
        "kafka-consumer-groups --bootstrap-server h:1 --list --state foo",
        1,
        &[
            "Invalid state list 'foo'. Valid states are: Stable, Empty, Dead, CompletingRebalance, Reconciling, Assigning, PreparingRebalance",
        ],
    );
    check(
        "kafka-metadata-quorum --bootstrap-server h:1 describe",
        1,
        &["One of --status or --replication must be specified with describe sub-command"],
    );
    check(
        "kafka-leader-election --bootstrap-server h:1 --topic t --partition 0",
        1,
        &["Missing required option(s): election-type"],
    );
}

#[test]
fn unknown_commands_and_scripts_name_the_nearest() {
    check("kafka-topcis --list", 127, &["bash: kafka-topcis: command not found", "hint: did you mean kafka-topics?"]);
    check("frobnicate", 127, &["bash: frobnicate: command not found"]);
    check_first("python nope.py", 2, &["python: can't open file 'nope.py': [Errno 2] No such file or directory"]);
    check(
        "python admin.py",
        1,
        &[
            "Traceback (most recent call last):",
            "KeyError: 'TOPIC'",
            "hint: set it in front of the command: TOPIC=… python admin.py",
        ],
    );
    check(
        "python consumer_group/consumer.py t",
        2,
        &[
            "Usage: consumer.py [OPTIONS] TOPIC GROUP_ID",
            "Try 'consumer.py --help' for help.",
            "",
            "Error: Missing argument 'GROUP_ID'.",
        ],
    );
}

#[test]
fn a_bad_load_sends_nothing_and_says_where() {
    check(
        "experiment-producer -b h:1 --topic t --config-file nope.json",
        1,
        &["error: nope.json: No such file or directory; files here: loads/2.json, loads/3.json"],
    );
}

#[test]
fn text_commands_print() {
    check("seq 2 | cat", 0, &["1", "2"]);
    check("cat nope", 1, &["cat: nope: No such file or directory"]);
    check(
        "CLIENT=cobol TOPIC=t python admin.py",
        2,
        &["CLIENT=cobol: no such client family; it is `java` or `librdkafka`"],
    );
}

/// What Kafka 4.3.1's tools answer to options that do not go together, and to values that are none.
#[test]
fn wrong_options_are_refused_in_each_tools_own_way() {
    const TOPICS: &str = "kafka-topics --bootstrap-server localhost:9092";
    for report in ["under-replicated-partitions", "at-min-isr-partitions", "unavailable-partitions"] {
        let line = format!("{TOPICS} --describe --{report} --topics-with-overrides");
        let text = format!("Option \"[{report}]\" can't be used with option \"[topics-with-overrides]\"");
        check_first(&line, 1, &[&text, "Option                                   Description"]);
    }
    const GROUPS: &str = "kafka-consumer-groups --bootstrap-server localhost:9092";
    let both = "Option \"[group]\" can't be used with option \"[all-groups]\"";
    check_first(&format!("{GROUPS} --describe --group g --all-groups"), 1, &[both]);
    check_first(&format!("{GROUPS} --delete --group g --all-groups"), 1, &[both]);
    let scope = "One of the reset scopes should be defined: --all-topics, --topic.";
    let reset = |rest: &str| run(&format!("{GROUPS} --reset-offsets --group g {rest}")).0;
    assert!(reset("")[0].starts_with("WARN: No action will be performed") && reset("")[1] == scope);
    let partition = "Invalid partition 'x' specified in topic arg 't:x''";
    assert!(reset("--topic t:x --to-earliest")[1] == partition);
    let made = "Error: Executing consumer group command failed due to Failed to create new KafkaAdminClient";
    check_first("kafka-consumer-groups --bootstrap-server localhost --list", 0, &["", made]);
    for (regex, reason) in [
        ("'a('", "missing closing )"),
        ("'['", "missing closing ]"),
        ("'*a'", "missing argument to repetition operator"),
        ("'a**'", "invalid nested repetition operator"),
        ("'(*)'", "missing argument to repetition operator"),
        ("'a{2,1}'", "invalid repeat count"),
    ] {
        let text = format!("The regular expression `{}` is invalid: {reason}.", regex.trim_matches('\''));
        check(&format!("kafka-consumer-groups --validate-regex {regex}"), 0, &[&text]);
    }
    const OFFSETS: &str = "kafka-get-offsets --bootstrap-server localhost:9092";
    check(&format!("{OFFSETS} --nosuch"), 1, &["Error occurred: nosuch is not a recognized option"]);
    let ids = "Error occurred: --partitions expects a comma separated list of numeric partition ids, but received: 1-";
    check(&format!("{OFFSETS} --topic t --partitions 1-"), 1, &[ids]);
    let rule = "Error occurred: org.apache.kafka.tools.TerseException: Invalid rule specification: t:a";
    check(&format!("{OFFSETS} --topic-partitions t:a"), 1, &[rule]);
    let address = "Please provide valid host:port like host1:9091,host2:9092";
    check_first("kafka-get-offsets --bootstrap-server localhost", 1, &[address]);
    let dirs = "nosuch is not a recognized option";
    check("kafka-log-dirs --bootstrap-server localhost:9092 --nosuch", 1, &[dirs]);
}

#[test]
fn configs_of_what_is_named_twice_or_wrongly_are_refused() {
    const CONFIGS: &str = "kafka-configs --bootstrap-server localhost:9092";
    for (rest, text) in [
        ("--describe --topic t --entity-type topics", "Duplicate entity type(s) specified: topics"),
        (
            "--describe --topic t --entity-name x",
            "--entity-{type,name,default} should not be used in conjunction with specific entity flags",
        ),
        (
            "--describe --entity-type topics --entity-type brokers",
            "Only 'users' and 'clients' entity types may be specified together",
        ),
        ("--describe --broker x", "The entity name for brokers must be a valid integer broker id, but it is: x"),
        (
            "--describe --broker-logger x",
            "The entity name for broker-loggers must be a valid integer broker id, but it is: x",
        ),
        (
            "--alter --entity-type topics --add-config retention.ms=5",
            "An entity name must be specified with --alter of topics",
        ),
        (
            "--alter --topic t --add-config retention.ms",
            "requirement failed: Invalid entity config: all configs to be added must be in the format \"key=val\" or  \"key=[val1,val2]\" to group values which contain commas.",
        ),
    ] {
        check(&format!("{CONFIGS} {rest}"), 1, &[text]);
    }
    check(&format!("{CONFIGS} --describe --entity-type users"), 0, &[]);
}

#[test]
fn console_tools_read_numbers_when_kafkas_do() {
    const PRODUCER: &str = "kafka-console-producer --bootstrap-server localhost:9092 --topic t";
    check(&format!("{PRODUCER} --batch-size x"), 1, &["Cannot parse argument 'x' of option batch-size"]);
    check(&format!("{PRODUCER} --line-reader nosuch"), 1, &["java.lang.ClassNotFoundException: nosuch"]);
    let old = "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.";
    let text = "Cannot parse argument 'x' of option timeout";
    check(&format!("{PRODUCER} --max-partition-memory-bytes 9 --timeout x"), 1, &[old, text]);
    const CONSUMER: &str = "kafka-console-consumer --bootstrap-server localhost:9092 --topic t";
    let uncaught = "Exception in thread \"main\" joptsimple.OptionArgumentConversionException: Cannot parse argument 'x' of option partition";
    check(&format!("{CONSUMER} --partition x"), 1, &[uncaught]);
    let lines = run(&format!("{CONSUMER} --max-messages x")).0;
    assert_eq!(lines[1], "Processed a total of 0 messages");
    assert_eq!(
        lines.last().map(String::as_str),
        Some("joptsimple.OptionArgumentConversionException: Cannot parse argument 'x' of option max-messages")
    );
    // Java's set of names tells which comes first.
    let ids = |one: &str, other: &str| run(&format!("{CONSUMER} --group {one} --command-property group.id={other}")).0;
    assert!(ids("g1", "g2")[0].ends_with("Detected group ids: 'g1', 'g2'"));
    assert!(ids("zeta", "alpha")[0].ends_with("Detected group ids: 'zeta', 'alpha'"));
}
