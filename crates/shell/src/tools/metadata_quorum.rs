//! `kafka-metadata-quorum` (`org.apache.kafka.tools.MetadataQuorumCommand`): `describe --status` and `--replication`,
//! `add-controller` and `remove-controller` (KIP-853).
//!
//! Where voters are static, their directory ids are not known. Left out: listeners without `NAME://host:port`, and other controllers'
//! listeners than the first.

use clients::{AdminCall, AdminResult};
use protocol::api::Name;
use protocol::api::describe_quorum::{DescribeQuorumResponse, QuorumReplica};
use protocol::metadata::Voter;
use protocol::{BrokerId, DirectoryId, FileContent, TopicId};

use crate::admin_tool::{AdminTool, Calls, Script, properties, properties_file};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::dump_log::Opened;
use crate::tools::{Argparse, Misuse, Refusal, Tool};
use crate::tree::Tree;

/// What it is called.
pub(crate) const NAME: &str = "kafka-metadata-quorum";

pub(crate) const TOOL: Tool = Tool {
    name: NAME,
    summary: SUMMARY,
    without_arguments: "",
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const ARGPARSE: Argparse = Argparse {
    program: "kafka-metadata-quorum",
    usage: &[
        "usage: kafka-metadata-quorum [-h] [--command-config COMMAND_CONFIG]",
        "                             (--bootstrap-server BOOTSTRAP_SERVER |",
        "                             --bootstrap-controller BOOTSTRAP_CONTROLLER)",
        "                             {describe,add-controller,remove-controller}",
        "                             ...",
    ],
};

/// What is wrong with the options of `remove-controller` is said by its own parser.
const REMOVE: Argparse = Argparse {
    program: "kafka-metadata-quorum",
    usage: &[
        "usage: kafka-metadata-quorum (--bootstrap-server BOOTSTRAP_SERVER |",
        "                             --bootstrap-controller BOOTSTRAP_CONTROLLER)",
        "                             remove-controller [-h]",
        "                             --controller-id CONTROLLER_ID",
        "                             --controller-directory-id CONTROLLER_DIRECTORY_ID",
        "                             [--dry-run]",
    ],
};

const SUMMARY: &str = "This tool describes kraft metadata quorum status: describe --status, or describe --replication [--human-readable]. It changes the quorum: add-controller [--dry-run], or remove-controller --controller-id ID --controller-directory-id ID [--dry-run].";
const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-controller",
        "host:port",
        "A comma-separated list of host:port pairs to use for establishing the connection to the KRaft quorum.",
    ),
    value(
        "bootstrap-server",
        "host:port",
        "A comma-separated list of host:port pairs to use for establishing the connection to the Kafka cluster.",
    ),
    value(
        "command-config",
        "file",
        "Property file containing configs to be passed to Admin Client. For add-controller, the file is used to specify the controller properties as well.",
    ),
    value(ID, "ID", "The id of the controller to remove."),
    value(DIRECTORY_ID, "UUID", "The directory ID of the controller to remove."),
    value("d", "UUID", "As --controller-directory-id."),
    flag("dry-run", "True if we should print what would be done, but not do it."),
    flag("help", "Print usage information."),
    value("i", "ID", "As --controller-id."),
    flag("human-readable", "Print human-readable timestamps."),
    flag("replication", "Detailed information about the status of replication."),
    flag(
        "status",
        "A short summary of the quorum status and the other provides detailed information about the status of replication.",
    ),
    flag("version", "Display Kafka version."),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let command = options.rest.first().map(String::as_str);
    match command {
        Some("describe" | "add-controller" | "remove-controller") => {}
        Some(other) => {
            let choices = "'describe', 'add-controller', 'remove-controller'";
            return Err(ARGPARSE.refuse(format!("invalid choice: '{other}' (choose from {choices})")));
        }
        None => return Err(ARGPARSE.refuse("too few arguments")),
    }
    match (options.has("bootstrap-server"), options.has("bootstrap-controller")) {
        (false, false) => {
            return Err(ARGPARSE.refuse("one of the arguments --bootstrap-server --bootstrap-controller is required"));
        }
        (true, true) => {
            let text = "argument --bootstrap-controller: not allowed with argument --bootstrap-server";
            return Err(ARGPARSE.refuse(text));
        }
        (true, false) | (false, true) => {}
    }
    let is_dry_run = options.has("dry-run");
    let change = match command {
        Some("add-controller") => Some((AdminCall::AddVoter(new_controller(launch, options)?), is_dry_run)),
        Some("remove-controller") => Some((removed(options)?, is_dry_run)),
        _ => None,
    };
    if let Some(change) = change {
        let script = MetadataQuorum { status: false, human: false, cluster_id: None, change: Some(change) };
        return tool(launch, options, script);
    }
    if options.has("status") == options.has("replication") {
        return Err(Refusal::line(match options.has("status") {
            true => "Only one of --status or --replication should be specified with describe sub-command",
            false => "One of --status or --replication must be specified with describe sub-command",
        }));
    }
    if options.has("status") && options.has("human-readable") {
        return Err(Refusal::line("The option --human-readable is only supported along with --replication"));
    }
    let script = MetadataQuorum {
        status: options.has("status"),
        human: options.has("human-readable"),
        cluster_id: None,
        change: None,
    };
    tool(launch, options, script)
}

/// The command under way: the cluster's id for `--status`, then the quorum.
#[derive(Clone, Hash, Debug)]
pub(crate) struct MetadataQuorum {
    status: bool,
    human: bool,
    cluster_id: Option<Name>,
    /// To add or to remove, or only to say so.
    change: Option<(AdminCall, bool)>,
}

impl Script for MetadataQuorum {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        match &self.change {
            Some((_, true)) => self.changed(admin),
            Some((call, false)) => drop(admin.call(call.clone())),
            None if self.status => drop(admin.call(AdminCall::DescribeCluster { include_fenced: false })),
            None => drop(admin.call(AdminCall::DescribeQuorum)),
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::DescribeCluster(cluster) => {
                self.cluster_id = Some(cluster.cluster_id);
                admin.call(AdminCall::DescribeQuorum);
            }
            AdminResult::DescribeQuorum(quorum) => {
                let lines = match &self.cluster_id {
                    Some(cluster_id) => status(cluster_id, &quorum),
                    None => replication(&quorum, self.human.then(|| admin.io.wall_ms())),
                };
                lines.into_iter().for_each(|line| admin.io.out(line));
                admin.io.exit(0);
            }
            AdminResult::ChangeVoters(Ok(())) => self.changed(admin),
            AdminResult::ChangeVoters(Err(error)) | AdminResult::Failed(error) => {
                admin.io.err(error.to_string());
                admin.io.err(format!("java.util.concurrent.ExecutionException: {error}"));
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

impl MetadataQuorum {
    /// Says what was done, or would be.
    fn changed(&self, admin: &mut Calls<'_, '_>) {
        match &self.change {
            Some((AdminCall::AddVoter(voter), is_dry_run)) => {
                let (id, directory, (host, port)) = (voter.id, voter.directory, &voter.endpoint);
                let done = if *is_dry_run { "DRY RUN of adding" } else { "Added" };
                admin.io.out(format!(
                    "{done} controller {id} with directory id {directory} and endpoints: CONTROLLER://{host}:{port}"
                ));
            }
            Some((AdminCall::RemoveVoter { voter, directory }, is_dry_run)) => {
                // Kafka's format string has a space too many.
                let done = if *is_dry_run { "DRY RUN of removing " } else { "Removed " };
                admin.io.out(format!("{done} KRaft controller {voter} with directory id {directory}"));
            }
            _ => unreachable!("there is no other change"),
        }
        admin.io.exit(0);
    }
}

const ID: &str = "controller-id";
const DIRECTORY_ID: &str = "controller-directory-id";

/// The voter that `remove-controller` is for.
fn removed(options: &Parsed) -> Result<AdminCall, Refusal> {
    let given = |name, short| options.all(name).last().or(options.all(short).last());
    let required = |name: &str, short: &str| REMOVE.refuse(format!("argument --{name}/-{short} is required"));
    let directory = given(DIRECTORY_ID, "d").ok_or_else(|| required(DIRECTORY_ID, "d"))?;
    let id = given(ID, "i").ok_or_else(|| required(ID, "i"))?;
    let id: i32 = id.parse().map_err(|_| {
        let why = format!("could not convert '{id}' to Integer (For input string: \"{id}\")");
        REMOVE.refuse(format!("argument --{ID}/-i: {why}"))
    })?;
    if id < 0 {
        return Err(Refusal::line(format!("Invalid negative --{ID}: {id}")));
    }
    let directory =
        TopicId::parse(directory).map_err(|why| Refusal::line(format!("Failed to parse --{DIRECTORY_ID}: {why}")))?;
    Ok(AdminCall::RemoveVoter { voter: BrokerId(id), directory: DirectoryId(directory.0) })
}

fn tool(launch: &Launch, options: &Parsed, script: MetadataQuorum) -> Result<Body, Refusal> {
    match options
        .one("command-config")
        .ok()
        .flatten()
        .map(|path| properties_file(launch, path).map_err(|_| missing(path)))
    {
        Some(Err(refusal)) => Err(refusal),
        Some(Ok(_)) | None => Ok(Body::MetadataQuorum(Box::new(AdminTool::new(launch, options, script)?))),
    }
}

fn missing(path: &str) -> Refusal {
    Refusal::line(format!("Properties file {path} does not exists!"))
}

/// The controller whose properties file is given, with the directory id in its `meta.properties`.
fn new_controller(launch: &Launch, options: &Parsed) -> Result<Voter, Refusal> {
    let Some(path) = options.all("command-config").last() else {
        return Err(Refusal::line(
            "You must supply the configuration file of the controller you are adding when using add-controller.",
        ));
    };
    let properties = properties_file(launch, path).map_err(|_| missing(path))?;
    let property = |name: &str| properties.get(name).map_or("", AsRef::as_ref);
    let is_wrong = |why: String| Refusal::line(format!("{why} Is this a valid controller configuration file?"));
    let id: i32 = match property("node.id") {
        "" => return Err(is_wrong("node.id not found in configuration file.".into())),
        text => text.parse().map_err(|_| Refusal::line(format!("For input string: \"{text}\"")))?,
    };
    if id < 0 {
        return Err(is_wrong("node.id was negative in configuration file.".into()));
    }
    if !property("process.roles").contains("controller") {
        return Err(is_wrong("process.roles did not contain 'controller' in configuration file.".into()));
    }
    let dir =
        metadata_dir(property).ok_or_else(|| is_wrong("Neither metadata.log.dir nor log.dirs were found.".into()))?;
    let meta = launch.opened.iter().find(|opened| opened.path() == meta_properties(dir));
    let Some(FileContent::Text(meta)) = meta.map(Opened::content) else {
        return Err(Refusal::line(format!("Unable to read meta.properties from {dir}")));
    };
    let directory = meta.lines().find_map(|line| TopicId::parse(line.strip_prefix("directory.id=")?).ok());
    let directory = directory.ok_or_else(|| Refusal::line(format!("No directory id found in {dir}")))?;
    let names = property("controller.listener.names");
    if names.is_empty() {
        return Err(is_wrong("controller.listener.names was not found.".into()));
    }
    let name = names.split(',').next().unwrap_or_default().trim().to_uppercase();
    let listeners = [property("advertised.listeners"), property("listeners")];
    let listener = listeners.iter().flat_map(|list| list.split(',')).find_map(|listener| {
        let (known, address) = listener.trim().split_once("://")?;
        let (host, port) = address.rsplit_once(':')?;
        Some((host, port.parse().ok()?)).filter(|_| known.to_uppercase() == name)
    });
    let (host, port): (&str, u16) = listener
        .ok_or_else(|| Refusal::line(format!("Cannot find information about controller listener name: {name}")))?;
    let host = if host.is_empty() { "localhost" } else { host };
    Ok(Voter { id: BrokerId(id), directory: DirectoryId(directory.0), endpoint: (host.into(), port) })
}

/// Where a controller of these properties keeps the metadata log.
fn metadata_dir<'a>(property: impl Fn(&str) -> &'a str) -> Option<&'a str> {
    let first = property("log.dirs").split(',').next().unwrap_or_default();
    [property("metadata.log.dir"), first].into_iter().map(str::trim).find(|dir| !dir.is_empty())
}

fn meta_properties(dir: &str) -> String {
    format!("{}/meta.properties", dir.trim_end_matches('/'))
}

/// Opens what `add-controller` reads of the new controller's disk.
pub(crate) fn open(argv: &[String], tree: &Tree<'_>) -> Vec<Opened> {
    let files = argv.iter().filter_map(|word| match tree.read(word.trim_start_matches("--command-config=")) {
        Some(FileContent::Text(text)) => Some(text),
        _ => None,
    });
    let dirs = files.filter_map(|text| {
        let properties = properties(&text);
        metadata_dir(|name| properties.get(name).map_or("", AsRef::as_ref)).map(meta_properties)
    });
    dirs.filter_map(|path| Opened::read(path, tree)).collect()
}

fn status(cluster_id: &str, quorum: &DescribeQuorumResponse) -> Vec<String> {
    let leader = quorum.voters.iter().find(|v| v.id == quorum.leader);
    let followers = || quorum.voters.iter().filter(|v| v.id != quorum.leader);
    let slowest = followers().min_by_key(|v| v.log_end_offset);
    let lag = match (leader, slowest) {
        (Some(leader), Some(slowest)) => leader.log_end_offset - slowest.log_end_offset,
        _ => 0,
    };
    let lag_ms = match (leader, followers().min_by_key(|v| v.last_caught_up_ms)) {
        _ if lag == 0 => 0,
        (Some(leader), Some(slowest)) if slowest.last_caught_up_ms >= 0 => {
            leader.last_caught_up_ms - slowest.last_caught_up_ms
        }
        _ => -1,
    };
    let list = |replicas: &[QuorumReplica]| replicas.iter().map(shown).collect::<Vec<_>>().join(", ");
    let row = |name: &str, value: String| format!("{name:<24}{value}");
    vec![
        row("ClusterId:", cluster_id.to_owned()),
        row("LeaderId:", quorum.leader.to_string()),
        row("LeaderEpoch:", quorum.leader_epoch.to_string()),
        row("HighWatermark:", quorum.high_watermark.to_string()),
        row("MaxFollowerLag:", lag.to_string()),
        row("MaxFollowerLagTimeMs:", lag_ms.to_string()),
        row("CurrentVoters:", format!("[{}]", list(&quorum.voters))),
        row("CurrentObservers:", format!("[{}]", list(&quorum.observers))),
    ]
}

/// Columns padded to their widest cell, a tab after each. `now_ms` is for `--human-readable`.
fn replication(quorum: &DescribeQuorumResponse, now_ms: Option<i64>) -> Vec<String> {
    let leader_end = quorum.voters.iter().find(|v| v.id == quorum.leader).map_or(-1, |v| v.log_end_offset);
    let time = |ms: i64| match now_ms {
        Some(now) if ms >= 0 => format!("{} ms ago", now - ms),
        _ => ms.to_string(),
    };
    let row = |r: &QuorumReplica, role: &str| {
        let lag = leader_end - r.log_end_offset;
        [
            r.id.to_string(),
            r.directory.to_string(),
            r.log_end_offset.to_string(),
            lag.to_string(),
            time(r.last_fetch_ms),
            time(r.last_caught_up_ms),
            role.to_owned(),
        ]
    };
    let is_leader = |r: &&QuorumReplica| r.id == quorum.leader && quorum.leader != BrokerId::NONE;
    let mut rows = vec![
        ["NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"]
            .map(str::to_owned),
    ];
    rows.extend(quorum.voters.iter().filter(is_leader).map(|r| row(r, "Leader")));
    rows.extend(quorum.voters.iter().filter(|r| !is_leader(r)).map(|r| row(r, "Follower")));
    rows.extend(quorum.observers.iter().map(|r| row(r, "Observer")));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    rows.iter().map(|row| row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}\t")).collect()).collect()
}

/// A replica as `--status` shows it: with its directory, if that is known, and where voters listen.
fn shown(replica: &QuorumReplica) -> String {
    let mut text = format!("{{\"id\": {}", replica.id);
    if replica.directory != TopicId::ZERO {
        text.push_str(&format!(", \"directoryId\": \"{}\"", replica.directory));
    }
    if let Some((host, port)) = &replica.endpoint {
        text.push_str(&format!(", \"endpoints\": [\"CONTROLLER://{host}:{port}\"]"));
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quorum_prints_as_kafka_prints_it() {
        let replica = |id, end, ms| QuorumReplica {
            id: BrokerId(id),
            log_end_offset: end,
            last_fetch_ms: ms,
            last_caught_up_ms: ms,
            directory: TopicId::ZERO,
            endpoint: None,
        };
        let quorum = DescribeQuorumResponse {
            error: protocol::ErrorCode::None,
            leader: BrokerId(2),
            leader_epoch: 1,
            high_watermark: 2039,
            voters: vec![replica(1, 2040, 990), replica(2, 2042, 1000)],
            observers: vec![replica(7, 2042, 900)],
        };
        assert_eq!(
            status("RnKV", &quorum)[..6],
            [
                "ClusterId:              RnKV",
                "LeaderId:               2",
                "LeaderEpoch:            1",
                "HighWatermark:          2039",
                "MaxFollowerLag:         2",
                "MaxFollowerLagTimeMs:   10"
            ]
        );
        let lines = replication(&quorum, Some(1000));
        assert_eq!(
            lines[0],
            "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t"
        );
        assert_eq!(
            lines[1],
            "2     \tAAAAAAAAAAAAAAAAAAAAAA\t2042        \t0  \t0 ms ago          \t0 ms ago             \tLeader  \t"
        );
        assert_eq!(
            lines[3],
            "7     \tAAAAAAAAAAAAAAAAAAAAAA\t2042        \t0  \t100 ms ago        \t100 ms ago           \tObserver\t"
        );
    }
}
