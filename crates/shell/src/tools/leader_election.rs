//! `kafka-leader-election` (`org.apache.kafka.tools.LeaderElectionCommand`).

use clients::{AdminCall, AdminResult, ClientError, Properties};
use ordered::SortedSet;
use protocol::{ErrorCode, TopicPartition};

use crate::admin_tool::{AdminTool, Calls, Script, command_config};
use crate::java::{DEFAULT_CAPACITY, partition_hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::json_value::{MAPPING, array, field, int, object, text};
use crate::tools::{Misuse, Refusal, Tool, check_invalid};

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
const NO_ADMIN_CONFIG: &str =
    "Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.";
const OPTIONS: &[Opt] = &[
    value(
        "admin.config",
        "String: config file",
        "(DEPRECATED) Configuration properties files to pass to the admin client. This option will be removed in a future version. Use --command-config instead.",
    ),
    flag(
        "all-topic-partitions",
        "Perform election on all of the eligible topic partitions based on the type of election (see the --election-type flag). Not allowed if --topic or --path-to-json-file is specified.",
    ),
    value(
        "bootstrap-server",
        "String: host:port",
        "A hostname and port for the broker to connect to, in the form host:port. Multiple comma separated URLs can be given. REQUIRED.",
    ),
    value("command-config", "String: Config file", "Config properties file to pass to the admin client."),
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
        "The JSON file with the list  of partition for which leader elections should be performed. This is an example format.\n{\"partitions\":\n\t[{\"topic\": \"foo\", \"partition\": 1},\n\t {\"topic\": \"foobar\", \"partition\": 2}]\n}\nNot allowed if --all-topic-partitions or --topic flags are specified.",
    ),
    value(
        "topic",
        "String: topic name",
        "Name of topic for which to perform an election. Not allowed if --path-to-json-file or --all-topic-partitions is specified.",
    ),
    flag("version", "Display Kafka version."),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_invalid(options, "admin.config", &["command-config"])?;
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
                let missing = || Refusal::line(format!("java.io.IOException: Unable to read file {path}"));
                Some(read(&launch.read(path).ok_or_else(missing)?).map_err(Refusal::line)?)
            }
            None => None,
        },
        Some(topic) => match options.number("partition").map_err(text)? {
            Some(partition) => Some(vec![TopicPartition::new(topic, partition)]),
            None => return Err(Refusal::line("Missing required option(s): partition")),
        },
    };
    let config = if options.has("admin.config") { "admin.config" } else { "command-config" };
    let out = if options.has("admin.config") { vec![NO_ADMIN_CONFIG.to_owned()] } else { Vec::new() };
    let mut properties = match options.one(config).map_err(text)? {
        Some(path) => command_config(launch, path).map_err(|refusal| Refusal { out: out.clone(), ..refusal })?,
        None => Properties::new(),
    };
    let nodes = options.one("bootstrap-server").map_err(text)?.unwrap_or_default();
    properties.insert("bootstrap.servers".into(), nodes.into());
    let script = LeaderElection { warnings: out, unclean, partitions };
    Ok(Body::LeaderElection(Box::new(AdminTool::with(&properties, script)?)))
}

/// The file of `--path-to-json-file` (`#parseReplicaElectionData`).
fn read(text: &str) -> Result<Vec<TopicPartition>, String> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "Replica election data is empty".to_owned())?;
    let mapping = |error| format!("{MAPPING}: {error}");
    let file = object(&json).map_err(mapping)?;
    let rows = file.get("partitions").ok_or("Replica election data is missing \"partitions\" field")?;
    let partition = |row| {
        let row = object(row)?;
        Ok(TopicPartition::new(self::text(field(row, "topic")?)?, int(field(row, "partition")?)?))
    };
    let rows = array(rows).map_err(mapping)?;
    let partitions: Vec<TopicPartition> = rows.iter().map(partition).collect::<Result<_, _>>().map_err(mapping)?;
    let mut seen = SortedSet::new();
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
    warnings: Vec<String>,
    unclean: bool,
    partitions: Option<Vec<TopicPartition>>,
}

impl Script for LeaderElection {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        self.warnings.drain(..).for_each(|line| admin.io.out(line));
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
        // They are sorted into hash sets of partitions by what became of them.
        let in_order = |wanted: fn(&Result<(), ClientError>) -> bool| {
            let mut found: Vec<_> = results.iter().filter(|(_, result)| wanted(result)).collect();
            partition_hash_order(&mut found, DEFAULT_CAPACITY, |(tp, _)| tp);
            found
        };
        let kind = if self.unclean { "UNCLEAN" } else { "PREFERRED" };
        let names = |wanted: fn(&Result<(), ClientError>) -> bool| {
            in_order(wanted).iter().map(|(tp, _)| tp.to_string()).collect::<Vec<_>>().join(", ")
        };
        let elected = names(Result::is_ok);
        if !elected.is_empty() {
            admin.io.out(format!("Successfully completed leader election ({kind}) for partitions {elected}"));
        }
        let not_needed = names(|r| r.as_ref().is_err_and(|e| e.code == ErrorCode::ElectionNotNeeded));
        if !not_needed.is_empty() && self.partitions.is_some() {
            admin.io.out(format!("Valid replica already elected for partitions {not_needed}"));
        }
        let failed = in_order(|r| r.as_ref().is_err_and(|e| e.code != ErrorCode::ElectionNotNeeded));
        let failed: Vec<(&TopicPartition, &ClientError)> =
            failed.into_iter().filter_map(|(tp, r)| r.as_ref().err().map(|e| (tp, e))).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, &str>) {
        assert_eq!(read(text).map(|partitions| partitions.len()), expected.map_err(str::to_owned), "{text}");
    }

    /// As Kafka's tool answers these files.
    #[test]
    fn the_file_of_partitions_is_read_as_kafka_reads_it() {
        check(r#"{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":1}]}"#, Ok(2));
        check("{", Err("Replica election data is empty"));
        check("{}", Err("Replica election data is missing \"partitions\" field"));
        check("[1]", Err("com.fasterxml.jackson.databind.JsonMappingException: Expected JSON object, received [1]"));
        check(
            r#"{"partitions":[{"topic":"t","partition":"0"}]}"#,
            Err("com.fasterxml.jackson.databind.JsonMappingException: Expected `Integer` value, received \"0\""),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":0}]}"#,
            Err("Replica election data contains duplicate partitions: [t-0]"),
        );
    }
}
