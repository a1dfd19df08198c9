//! `kafka-log-dirs` (`org.apache.kafka.tools.LogDirsCommand`). Left out: Java stack traces.

use clients::{AdminCall, AdminResult};
use ordered::SortedSet;
use protocol::api::describe_log_dirs::DescribeLogDirsResponse;
use protocol::{BrokerId, ErrorCode};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::java::{DEFAULT_CAPACITY, partition_hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_required};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-log-dirs",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Message,
    start,
};

const SUMMARY: &str = "This tool helps to query log directory usage on the specified brokers.";

/// The command under way: the brokers there are, then their log directories.
#[derive(Clone, Hash, Debug)]
pub(crate) struct LogDirs {
    brokers: Vec<i32>,
    topics: Vec<String>,
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_required(options, &["bootstrap-server", "describe"])?;
    let list = |name: &str| {
        let text = options.one(name).map_err(|error| Refusal::line(error.message))?.unwrap_or_default();
        let words = text.split(',').filter(|word| !word.is_empty());
        Ok::<_, Refusal>(words.map(str::to_owned).collect::<Vec<String>>())
    };
    let number =
        |word: &String| word.trim().parse::<i32>().map_err(|_| Refusal::line(format!("For input string: \"{word}\"")));
    // A set: each is asked once.
    let brokers: SortedSet<i32> = list("broker-list")?.iter().map(number).collect::<Result<_, _>>()?;
    let brokers = brokers.into_iter().collect();
    let script = LogDirs { brokers, topics: list("topic-list")? };
    Ok(Body::LogDirs(Box::new(AdminTool::new(launch, options, script)?)))
}

impl Script for LogDirs {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.call(AdminCall::DescribeCluster { include_fenced: false });
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::DescribeCluster(cluster) => {
                let there: Vec<i32> = cluster.brokers.iter().map(|(broker, _)| broker.id.0).collect();
                let missing: Vec<i32> = self.brokers.iter().copied().filter(|id| !there.contains(id)).collect();
                if !missing.is_empty() {
                    admin.io.err(format!(
                        "ERROR: The given brokers do not exist from --broker-list: {}. Current existent brokers: {}",
                        joined(&missing),
                        joined(&there)
                    ));
                    return admin.io.exit(1);
                }
                if self.brokers.is_empty() {
                    self.brokers = there;
                }
                admin.io.out("Querying brokers for log directories information");
                admin
                    .call(AdminCall::DescribeLogDirs { brokers: self.brokers.iter().copied().map(BrokerId).collect() });
            }
            AdminResult::DescribeLogDirs(found) => {
                admin.io.out(format!("Received log directory information from brokers {}", joined(&self.brokers)));
                let brokers: Vec<String> = found.iter().map(|(broker, answer)| self.broker(*broker, answer)).collect();
                admin.io.out(format!("{{\"brokers\":[{}],\"version\":1}}", brokers.join(",")));
                admin.io.exit(0);
            }
            AdminResult::Failed(error) => {
                admin.io.err(error.message.as_ref());
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

impl LogDirs {
    fn broker(&self, broker: BrokerId, answer: &DescribeLogDirsResponse) -> String {
        let dirs = answer.log_dirs.iter().map(|dir| {
            let is_wanted = |topic: &str| self.topics.is_empty() || self.topics.iter().any(|wanted| wanted == topic);
            let mut replicas: Vec<_> = dir.partitions.iter().collect();
            partition_hash_order(&mut replicas, DEFAULT_CAPACITY, |replica| &replica.tp);
            let wanted = replicas.iter().filter(|replica| is_wanted(&replica.tp.topic));
            let partitions = wanted.map(|replica| {
                format!(
                    "{{\"partition\":\"{}\",\"size\":{},\"offsetLag\":{},\"isFuture\":{}}}",
                    replica.tp, replica.size_bytes, replica.offset_lag, replica.is_future
                )
            });
            let partitions: Vec<String> = partitions.collect();
            let error = match dir.error {
                ErrorCode::None => "null".to_owned(),
                code => format!("\"{}\"", code.exception_class()),
            };
            format!("{{\"partitions\":[{}],\"error\":{error},\"logDir\":\"{}\"}}", partitions.join(","), dir.path)
        });
        format!("{{\"broker\":{broker},\"logDirs\":[{}]}}", dirs.collect::<Vec<_>>().join(","))
    }
}

fn joined(ids: &[i32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-server",
        "String: The server (s) to use for bootstrapping",
        "REQUIRED: the server(s) to use for bootstrapping",
    ),
    value(
        "broker-list",
        "String: Broker list",
        "The list of brokers to be queried in the form \"0,1,2\". All brokers in the cluster will be queried if no broker list is specified (default: )",
    ),
    value(
        "command-config",
        "String: Admin client property file",
        "Property file containing configs to be passed to Admin Client.",
    ),
    flag("describe", "Describe the specified log directories on the specified brokers."),
    flag("help", "Print usage information."),
    value(
        "topic-list",
        "String: Topic list",
        "The list of topics to be queried in the form \"topic1,topic2,topic3\". All topics will be queried if no topic list is specified (default: )",
    ),
    flag("version", "Display Kafka version."),
];
