//! `kafka-get-offsets` (`org.apache.kafka.tools.GetOffsetShell`).
//!
//! Local logs are all there are here, so that `--time earliest-local` is the same as `earliest`, and of tiered logs nothing is told.

use clients::{AdminCall, AdminResult, Regex, StartAt};
use protocol::{TopicName, TopicPartition};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_required, validate_bootstrap};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-get-offsets",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::ErrorOccurred,
    start,
};

const SUMMARY: &str = "An interactive shell for getting topic-partition offsets.";

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_required(options, &["bootstrap-server"])?;
    validate_bootstrap(options)?;
    let script = plan(options).map_err(|message| Refusal::line(format!("Error occurred: {message}")))?;
    Ok(Body::GetOffsets(Box::new(AdminTool::new(launch, options, script)?)))
}

fn plan(options: &Parsed) -> Result<GetOffsets, String> {
    let text = |e: OptionError| e.message;
    if options.has("topic-partitions") && (options.has("topic") || options.has("partitions")) {
        return Err("--topic-partitions cannot be used with --topic or --partitions".to_owned());
    }
    let filters = match (options.one("topic-partitions").map_err(text)?, options.one("topic").map_err(text)?) {
        (Some(list), _) => list.split(',').map(filter).collect::<Result<_, _>>()?,
        (None, topic) => vec![Filter { topic: topic.map(expression).transpose()?, range: (0, i32::MAX) }],
    };
    let partitions = options.one("partitions").map_err(text)?.map(|list| {
        let bad =
            |_| format!("--partitions expects a comma separated list of numeric partition ids, but received: {list}");
        list.split(',').map(|p| p.trim().parse().map_err(bad)).collect()
    });
    Ok(GetOffsets {
        start: time(options.one("time").map_err(text)?.unwrap_or("latest"))?,
        filters,
        partitions: partitions.transpose()?,
        exclude_internal: options.has("exclude-internal-topics"),
    })
}

fn time(text: &str) -> Result<StartAt, String> {
    match text {
        "latest" | "-1" => Ok(StartAt::Latest),
        "earliest" | "-2" | "earliest-local" | "-4" => Ok(StartAt::Earliest),
        "max-timestamp" | "-3" => Ok(MAX_TIMESTAMP),
        "latest-tiered" | "-5" => Ok(LATEST_TIERED),
        "earliest-pending-upload" | "-6" => Ok(EARLIEST_PENDING_UPLOAD),
        _ => match text.parse::<i64>() {
            // Others below zero are for the broker to refuse.
            Ok(ms) => Ok(StartAt::Timestamp(ms)),
            Err(_) => Err(format!(
                "Malformed time argument {text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp"
            )),
        },
    }
}

/// `OffsetSpec.maxTimestamp()` as it goes over the wire.
const MAX_TIMESTAMP: StartAt = StartAt::Timestamp(-3);
/// `OffsetSpec.latestTiered()`.
const LATEST_TIERED: StartAt = StartAt::Timestamp(-5);
/// `OffsetSpec.earliestPendingUpload()`.
const EARLIEST_PENDING_UPLOAD: StartAt = StartAt::Timestamp(-6);

/// `topic:from-to`: a topic expression and a half-open range of partitions.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Filter {
    topic: Option<Regex>,
    range: (i32, i32),
}

fn expression(text: &str) -> Result<Regex, String> {
    Regex::topic_filter(text).map_err(|error| error.to_string())
}

fn filter(text: &str) -> Result<Filter, String> {
    let (topic, partitions) = text.split_once(':').unwrap_or((text, ""));
    let bad = || format!("org.apache.kafka.tools.TerseException: Invalid rule specification: {text}");
    let number = |text: &str| text.parse::<i32>().map_err(|_| bad());
    let range = match partitions.split_once('-') {
        _ if partitions.is_empty() => (0, i32::MAX),
        None => (number(partitions)?, number(partitions)?.saturating_add(1)),
        Some((from, to)) => {
            (if from.is_empty() { 0 } else { number(from)? }, if to.is_empty() { i32::MAX } else { number(to)? })
        }
    };
    let topic = if topic.is_empty() { None } else { Some(expression(topic)?) };
    Ok(Filter { topic, range })
}

/// The command under way: list, describe, offsets.
#[derive(Clone, Hash, Debug)]
pub(crate) struct GetOffsets {
    start: StartAt,
    filters: Vec<Filter>,
    partitions: Option<Vec<i32>>,
    exclude_internal: bool,
}

impl Script for GetOffsets {
    fn unmade(&self, mut refusal: Refusal) -> Refusal {
        refusal.err[0].insert_str(0, "Error occurred: ");
        refusal
    }

    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.call(AdminCall::ListTopics);
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::ListTopics(topics) => {
                let matches =
                    |topic: &str| self.filters.iter().any(|f| f.topic.as_ref().is_none_or(|r| r.matches(topic)));
                let topics: Vec<TopicName> = topics
                    .into_iter()
                    .filter(|(name, _, internal)| matches(name) && !(self.exclude_internal && *internal))
                    .map(|(name, ..)| name)
                    .collect();
                if topics.is_empty() {
                    return none_match(admin);
                }
                admin.call(AdminCall::describe_topics(Some(topics)));
            }
            AdminResult::DescribeTopics(topics) => {
                let all = topics.into_iter().filter_map(|(_, topic)| topic.ok()).flat_map(|t| {
                    t.partitions.iter().map(|p| TopicPartition::new(t.name.clone(), p.partition)).collect::<Vec<_>>()
                });
                let partitions: Vec<(TopicPartition, StartAt)> =
                    all.filter(|tp| self.is_wanted(tp)).map(|tp| (tp, self.start)).collect();
                if partitions.is_empty() {
                    return none_match(admin);
                }
                admin.call(AdminCall::ListOffsets { partitions });
            }
            AdminResult::ListOffsets(mut offsets) => {
                ordered::sort_by_key(&mut offsets, |(tp, _)| (tp.topic.clone(), tp.partition.to_string()));
                for (tp, result) in offsets {
                    match result {
                        Ok((offset, ..)) if offset >= 0 => {
                            admin.io.out(format!("{}:{}:{offset}", tp.topic, tp.partition))
                        }
                        Ok(_) => {}
                        Err(error) => {
                            admin.io.err(format!("Skip getting offsets for topic-partition {tp} due to error: {error}"))
                        }
                    }
                }
                admin.io.exit(0);
            }
            AdminResult::Failed(error) => {
                admin.io.err(format!("Error occurred: {}", error.message));
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

impl GetOffsets {
    fn is_wanted(&self, tp: &TopicPartition) -> bool {
        let by_filter = self.filters.iter().any(|f| {
            f.topic.as_ref().is_none_or(|r| r.matches(&tp.topic)) && (f.range.0..f.range.1).contains(&tp.partition)
        });
        by_filter && self.partitions.as_ref().is_none_or(|list| list.contains(&tp.partition))
    }
}

fn none_match(admin: &mut Calls<'_, '_>) {
    admin.io.err("Error occurred: Could not match any topic-partitions with the specified filters");
    admin.io.exit(1);
}

const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-server",
        "String: HOST1: PORT1,...,HOST3:PORT3",
        "REQUIRED. The server(s) to connect to in the form HOST1:PORT1,HOST2:PORT2.",
    ),
    value("command-config", "String: config file", "Property file containing configs to be passed to Admin Client."),
    flag(
        "exclude-internal-topics",
        "By default, internal topics are included. If specified, internal topics are excluded.",
    ),
    flag("help", "Print usage information."),
    value(
        "partitions",
        "String: partition ids",
        "Comma separated list of partition ids to get the offsets for. If not present, all partitions of the authorized topics are queried. Cannot be used if --topic-partitions is present.",
    ),
    value(
        "time",
        "String: <timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
        "timestamp of the offsets before that. [Note: No offset is returned, if the timestamp greater than recently committed record timestamp is given.] (default: latest)",
    ),
    value(
        "topic",
        "String: topic",
        "The topic to get the offsets for. It also accepts a regular expression. If not present, all authorized topics are queried. Cannot be used if --topic-partitions is present.",
    ),
    value(
        "topic-partitions",
        "String: topic1:1, topic2:0-3,topic3,topic4:5-,topic5:-3 ",
        "Comma separated list of topic-partition patterns to get the offsets for, with the format of '([^:,]*)(?::(?:([0-9]*)|(?:([0-9]*) -([0-9]*))))?'. The first group is an optional regex for the topic name, if omitted, it matches any topic name. The section after ':' describes a 'partition' pattern, which can be: a number, a range in the format of 'NUMBER-NUMBER' (lower inclusive, upper exclusive), an inclusive lower bound in the format of 'NUMBER-', an exclusive upper bound in the format of '-NUMBER' or may be omitted to accept all partitions.",
    ),
    flag("version", "Display Kafka version."),
];
