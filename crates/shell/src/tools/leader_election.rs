//! `kafka-leader-election` (`org.apache.kafka.tools.LeaderElectionCommand`).

use clients::{AdminCall, AdminResult, ClientError};
use ordered::SortedSet;
use protocol::{ErrorCode, TopicPartition};
use serde::Deserialize;

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-leader-election",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Message,
    start,
};

const SUMMARY: &str = "This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.";
const OPTIONS: &[Opt] = &[
    value("admin.config", "String: config file", "Configuration properties files to pass to the admin client"),
    flag(
        "all-topic-partitions",
        "Perform election on all of the eligible topic partitions based on the type of election (see the --election-type flag). Not allowed if --topic or --path-to-json-file is specified.",
    ),
    value(
        "bootstrap-server",
        "String: host:port",
        "A hostname and port for the broker to connect to, in the form host:port. Multiple comma separated URLs can be given. REQUIRED.",
    ),
    value(
        "election-type",
        "[PREFERRED,UNCLEAN]: election type",
        "Type of election to attempt. Possible values are \"preferred\" for preferred leader election or \"unclean\" for unclean leader election. If preferred election is selection, the election is only performed if the current leader is not the preferred leader for the topic partition. If unclean election is selected, the election is only performed if there are no leader for the topic partition. REQUIRED.",
    ),
    flag("help", "Print usage information."),
    value(
        "partition",
        "Integer: partition id",
        "Partition id for which to perform an election. REQUIRED if --topic is specified.",
    ),
    value(
        "path-to-json-file",
        "String: Path to JSON file",
        "The JSON file with the list of partition for which leader elections should be performed.",
    ),
    value(
        "topic",
        "String: topic name",
        "Name of topic for which to perform an election. Not allowed if --path-to-json-file or --all-topic-partitions is specified.",
    ),
    flag("version", "Display Kafka version."),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let missing: Vec<&str> = ["bootstrap-server", "election-type"].into_iter().filter(|o| !options.has(o)).collect();
    if !missing.is_empty() {
        return Err(Refusal::line(format!("Missing required option(s): {}", missing.join(", "))));
    }
    let scopes = ["topic", "all-topic-partitions", "path-to-json-file"].iter().filter(|o| options.has(o)).count();
    if scopes != 1 {
        return Err(Refusal::line(
            "One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file",
        ));
    }
    let text = |e: crate::options::OptionError| Refusal::line(e.message);
    let unclean = match options.one("election-type").map_err(text)?.map(str::to_lowercase).as_deref() {
        Some("preferred") => false,
        Some("unclean") => true,
        other => {
            return Err(Refusal::line(format!(
                "Cannot parse argument '{}' of option election-type",
                other.unwrap_or_default()
            )));
        }
    };
    let partitions = match options.one("topic").map_err(text)? {
        None => match options.one("path-to-json-file").map_err(text)? {
            Some(path) => {
                let missing = || Refusal::line(format!("java.nio.file.NoSuchFileException: {path}"));
                Some(read(&launch.read(path).ok_or_else(missing)?).map_err(Refusal::line)?)
            }
            None => None,
        },
        Some(topic) => match options.number("partition").map_err(text)? {
            Some(partition) => Some(vec![TopicPartition::new(topic, partition)]),
            None => return Err(Refusal::line("Missing required option(s): partition")),
        },
    };
    Ok(Body::LeaderElection(Box::new(AdminTool::new(launch, options, LeaderElection { unclean, partitions })?)))
}

/// The file of `--path-to-json-file`.
#[derive(Deserialize)]
struct Wanted {
    partitions: Option<Vec<Row>>,
}

#[derive(Deserialize)]
struct Row {
    topic: String,
    partition: i32,
}

fn read(text: &str) -> Result<Vec<TopicPartition>, String> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "Replica election data is empty".to_owned())?;
    let wanted: Wanted = serde_json::from_value(json).map_err(|error| error.to_string())?;
    let rows = wanted.partitions.ok_or("Replica election data is missing \"partitions\" field")?;
    let mut seen = SortedSet::new();
    let partitions: Vec<TopicPartition> =
        rows.into_iter().map(|row| TopicPartition::new(row.topic, row.partition)).collect();
    let twice: Vec<String> =
        partitions.iter().filter(|tp| !seen.insert((*tp).clone())).map(ToString::to_string).collect();
    match twice.is_empty() {
        true => Ok(partitions),
        false => Err(format!("Replica election data contains duplicate partitions: [{}]", twice.join(", "))),
    }
}

/// The command under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct LeaderElection {
    unclean: bool,
    partitions: Option<Vec<TopicPartition>>,
}

impl Script for LeaderElection {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.call(AdminCall::ElectLeaders { unclean: self.unclean, partitions: self.partitions.clone() });
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::ElectLeaders(results) => self.print(results, admin),
            AdminResult::Failed(error) => {
                admin.io.err(error.to_string());
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

impl LeaderElection {
    fn print(&self, results: Vec<(TopicPartition, Result<(), ClientError>)>, admin: &mut Calls<'_, '_>) {
        let kind = if self.unclean { "UNCLEAN" } else { "PREFERRED" };
        let names = |wanted: fn(&Result<(), ClientError>) -> bool| {
            results.iter().filter(|(_, r)| wanted(r)).map(|(tp, _)| tp.to_string()).collect::<Vec<_>>().join(", ")
        };
        let elected = names(Result::is_ok);
        if !elected.is_empty() {
            admin.io.out(format!("Successfully completed leader election ({kind}) for partitions {elected}"));
        }
        let not_needed = names(|r| r.as_ref().is_err_and(|e| e.code == ErrorCode::ElectionNotNeeded));
        if !not_needed.is_empty() && self.partitions.is_some() {
            admin.io.out(format!("Valid replica already elected for partitions {not_needed}"));
        }
        let failed: Vec<(&TopicPartition, &ClientError)> = results
            .iter()
            .filter_map(|(tp, r)| r.as_ref().err().map(|e| (tp, e)))
            .filter(|(_, e)| e.code != ErrorCode::ElectionNotNeeded)
            .collect();
        for (tp, error) in &failed {
            admin.io.out(format!("Error completing leader election ({kind}) for partition: {tp}: {error}"));
        }
        if failed.is_empty() {
            return admin.io.exit(0);
        }
        admin.io.err(format!("{} replica(s) could not be elected", failed.len()));
        admin.io.exit(1);
    }
}
