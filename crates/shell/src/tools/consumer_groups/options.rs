//! The options of `kafka-consumer-groups` and the rules between them (`ConsumerGroupCommandOptions#checkArgs`).

use protocol::TopicName;

use crate::options::{Opt, Parsed, flag, maybe, value};
use crate::tools::{Refusal, check_invalid, check_required};

pub(crate) const ACTIONS: &[&str] =
    &["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// Ways to say where `--reset-offsets` sets offsets.
pub(crate) const SCENARIOS: &[&str] =
    &["to-offset", "to-datetime", "by-duration", "to-earliest", "to-latest", "to-current", "shift-by", "from-file"];

const NO_ACTION: &str = "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.";

/// Checks the options; the lines to print to standard error before anything else.
pub(crate) fn check(options: &Parsed) -> Result<Vec<String>, Refusal> {
    check_available(options)?;
    if !options.has("validate-regex") {
        check_required(options, &["bootstrap-server"])?;
    }
    let has_group = options.has("group") || options.has("all-groups");
    if options.has("describe") {
        check_describe(options, has_group)?;
    }
    if options.has("delete") {
        check_invalid(options, "group", &["all-groups"])?;
        if !has_group {
            return Err(Refusal::usage("Option [delete] takes one of these options: [all-groups], [group]"));
        }
        if options.has("topic") {
            return Err(Refusal::usage(
                "The consumer does not support topic-specific offset deletion from a consumer group.",
            ));
        }
    }
    if options.has("delete-offsets") && !(options.has("topic") && options.has("group")) {
        return Err(Refusal::usage("Option [delete-offsets] takes the following options: [topic], [group]"));
    }
    let mut warnings = Vec::new();
    if options.has("reset-offsets") {
        if options.has("dry-run") && options.has("execute") {
            return Err(Refusal::usage("Option [reset-offsets] only accepts one of [execute] and [dry-run]"));
        }
        if !options.has("dry-run") && !options.has("execute") {
            warnings.push(NO_ACTION.to_owned());
        }
        if let Err(mut refusal) = check_reset(options, has_group) {
            refusal.err.splice(0..0, warnings);
            return Err(refusal);
        }
    }
    let without_group: Vec<&str> = ACTIONS
        .iter()
        .copied()
        .filter(|a| !["describe", "delete", "reset-offsets", "delete-offsets"].contains(a))
        .collect();
    check_invalid(options, "group", &without_group)?;
    check_invalid(options, "topic", &["list", "describe"])?;
    if ACTIONS.iter().filter(|action| options.has(action)).count() != 1 {
        return Err(Refusal::usage(format!("Command must include exactly one action: --{}", ACTIONS.join(", --"))));
    }
    // Topics are read when the tool begins.
    topic_args(options).map_err(|mut refusal| {
        refusal.err.splice(0..0, warnings.iter().cloned());
        refusal
    })?;
    Ok(warnings)
}

/// Options that are read only beside certain others (`availableIf`): the parser itself refuses them elsewhere.
fn check_available(options: &Parsed) -> Result<(), Refusal> {
    const ONLY_BESIDE: &[(&str, &[&str])] = &[
        ("members", &["describe"]),
        ("offsets", &["describe"]),
        ("state", &["describe", "list"]),
        ("type", &["list"]),
        ("verbose", &["describe"]),
    ];
    let is_alone = |others: &[&str]| !others.iter().any(|other| options.has(other));
    let alone = ONLY_BESIDE.iter().filter(|(option, others)| options.has(option) && is_alone(others));
    let alone: Vec<&str> = alone.map(|(option, _)| *option).collect();
    match alone.is_empty() {
        true => Ok(()),
        false => Err(Refusal::line(format!(
            "Exception in thread \"main\" joptsimple.UnavailableOptionException: Option(s) [{}] are unavailable given other options on the command line",
            alone.join(", ")
        ))),
    }
}

/// A topic, with some of its partitions or (none) all.
pub(super) type TopicArg = (TopicName, Option<Vec<i32>>);

/// The values of `--topic`, as `topic` or `topic:0,1,2` (`#parseTopicsWithPartitions`).
pub(super) fn topic_args(options: &Parsed) -> Result<Vec<TopicArg>, Refusal> {
    options.all("topic").iter().map(|text| topic_arg(text)).collect()
}

fn topic_arg(text: &str) -> Result<TopicArg, Refusal> {
    if !text.contains(':') {
        return Ok((text.into(), None));
    }
    // Java's split drops what is empty at the end.
    let parts: Vec<&str> = text.trim_end_matches(':').split(':').collect();
    let [topic, list] = parts[..] else {
        return Err(Refusal::usage(format!("Invalid topic arg '{text}', expected topic name and partitions")));
    };
    let number = |partition: &str| {
        let invalid = || Refusal::usage(format!("Invalid partition '{partition}' specified in topic arg '{text}''"));
        partition.parse::<i32>().map_err(|_| invalid())
    };
    let partitions = list.trim_end_matches(',').split(',').map(number).collect::<Result<_, _>>()?;
    Ok((topic.into(), Some(partitions)))
}

fn check_describe(options: &Parsed, has_group: bool) -> Result<(), Refusal> {
    if !has_group {
        return Err(Refusal::usage("Option [describe] takes one of these options: [all-groups], [group]"));
    }
    check_invalid(options, "group", &["all-groups"])?;
    if ["members", "offsets", "state"].iter().filter(|o| options.has(o)).count() > 1 {
        return Err(Refusal::usage(
            "Option [describe] takes at most one of these options: [members], [offsets], [state]",
        ));
    }
    if !options.all("state").is_empty() {
        return Err(Refusal::usage("Option [describe] does not take a value for [state]"));
    }
    Ok(())
}

fn check_reset(options: &Parsed, has_group: bool) -> Result<(), Refusal> {
    if !has_group {
        return Err(Refusal::usage("Option [reset-offsets] takes one of these options: [all-groups], [group]"));
    }
    check_invalid(options, "group", &["all-groups"])?;
    if !options.has("topic") && !options.has("all-topics") && !options.has("from-file") {
        return Err(Refusal::usage("One of the reset scopes should be defined: --all-topics, --topic."));
    }
    for scenario in SCENARIOS {
        let others: Vec<&str> = SCENARIOS.iter().copied().filter(|s| s != scenario).collect();
        check_invalid(options, scenario, &others)?;
    }
    if !SCENARIOS.iter().any(|s| options.has(s)) {
        return Err(Refusal::usage(
            "Option '[reset-offsets]' requires one of the following scenarios: [[shift-by], [to-offset], [to-earliest], [to-current], [to-latest], [by-duration], [to-datetime], [from-file]]",
        ));
    }
    Ok(())
}

pub(crate) const OPTIONS: &[Opt] = &[
    flag("all-groups", "Apply to all consumer groups."),
    flag("all-topics", "Consider all topics assigned to a group in the `reset-offsets` process."),
    value(
        "bootstrap-server",
        "String: server to connect to",
        "The server(s) to connect to. REQUIRED for all options except for --validate-regex.",
    ),
    value(
        "by-duration",
        "String: duration",
        "Reset offsets to offset by duration from current timestamp. Format: 'PnDTnHnMnS'",
    ),
    value(
        "command-config",
        "String: command config property file",
        "Property file containing configs to be passed to Admin Client and Consumer.",
    ),
    flag(
        "delete",
        "Pass in groups to delete topic partition offsets and ownership information over the entire consumer group. For instance --group g1 --group g2",
    ),
    flag(
        "delete-offsets",
        "Delete offsets of consumer group. Supports one consumer group at the time, and multiple topics.",
    ),
    flag(
        "describe",
        "Describe consumer group and list offset lag (number of messages not yet processed) related to given group.",
    ),
    flag(
        "dry-run",
        "Only show results without executing changes on Consumer Groups. Supported operations: reset-offsets.",
    ),
    flag("execute", "Execute operation. Supported operations: reset-offsets."),
    flag("export", "Export operation execution to a CSV file. Supported operations: reset-offsets."),
    value("from-file", "String: path to CSV file", "Reset offsets to values defined in CSV file."),
    value("group", "String: consumer group", "The consumer group we wish to act on."),
    flag("help", "Print usage information."),
    flag("list", "List all consumer groups."),
    flag(
        "members",
        "Describe members of the group. This option may be used with '--describe' and '--bootstrap-server' options only.\nExample: --bootstrap-server localhost:9092 --describe --group group1 --members",
    ),
    flag(
        "offsets",
        "Describe the group and list all topic partitions in the group along with their offset lag. This is the default sub-action of and may be used with '--describe' and '--bootstrap-server' options only.\nExample: --bootstrap-server localhost:9092 --describe --group group1 --offsets",
    ),
    flag(
        "reset-offsets",
        "Reset offsets of consumer group. Supports one consumer group at the time, and instances should be inactive\nHas 2 execution options: --dry-run (the default) to plan which offsets to reset, and --execute to update the offsets. Additionally, the --export option is used to export the results to a CSV format.\nYou must choose one of the following reset specifications: --to-datetime, --by-duration, --to-earliest, --to-latest, --shift-by, --from-file, --to-current, --to-offset.\nTo define the scope use --all-topics or --topic. One scope must be specified unless you use '--from-file'.",
    ),
    value(
        "shift-by",
        "Long: number-of-offsets",
        "Reset offsets shifting current offset by 'n', where 'n' can be positive or negative.",
    ),
    maybe(
        "state",
        "String",
        "When specified with '--describe', includes the state of the group.\nExample: --bootstrap-server localhost:9092 --describe --group group1 --state\nWhen specified with '--list', it displays the state of all groups. It can also be used to list groups with specific states.\nExample: --bootstrap-server localhost:9092 --list --state stable,empty\nThis option may be used with '--describe', '--list' and '--bootstrap-server' options only.",
    ),
    value(
        "timeout",
        "Long: timeout (ms)",
        "The timeout that can be set for some use cases. For example, it can be used when describing the group to specify the maximum amount of time in milliseconds to wait before the group stabilizes (when the group is just created, or is going through some changes). (default: 30000)",
    ),
    flag("to-current", "Reset offsets to current offset."),
    value(
        "to-datetime",
        "String: datetime",
        "Reset offsets to offset from datetime. Format: 'YYYY-MM-DDThh:mm:ss.sss'",
    ),
    flag("to-earliest", "Reset offsets to earliest offset."),
    flag("to-latest", "Reset offsets to latest offset."),
    value("to-offset", "Long: offset", "Reset offsets to a specific offset."),
    value(
        "topic",
        "String: topic",
        "The topic whose consumer group information should be deleted or topic whose should be included in the reset offset process. In `reset-offsets` case, partitions can be specified using this format: `topic1:0,1,2`, where 0,1,2 are the partition to be included in the process. Reset-offsets also supports multiple topic inputs.",
    ),
    maybe(
        "type",
        "String",
        "When specified with '--list', it displays the types of all the groups. It can also be used to list groups with specific types.\nExample: --bootstrap-server localhost:9092 --list --type classic,consumer\nThis option may be used with the '--list' option only.",
    ),
    value(
        "validate-regex",
        "String: regex",
        "Validate that the syntax of the provided regular expression is valid according to the RE2 format.",
    ),
    flag(
        "verbose",
        "Provide additional information, if any, when describing the group. This option may be used with '--offsets'/'--members'/'--state' and '--bootstrap-server' options only.\nExample: --bootstrap-server localhost:9092 --describe --group group1 --members --verbose",
    ),
    flag("version", "Display Kafka version."),
];
