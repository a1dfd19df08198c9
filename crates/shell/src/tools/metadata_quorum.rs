//! `kafka-metadata-quorum` (`org.apache.kafka.tools.MetadataQuorumCommand`): `describe --status` and `--replication`.
//!
//! The directory ids of voters are not known, as in every quorum whose voters are static.

use clients::{AdminCall, AdminResult};
use protocol::api::describe_quorum::{DescribeQuorumResponse, QuorumReplica};
use protocol::{BrokerId, TopicId, gap};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Argparse, Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-metadata-quorum",
    summary: SUMMARY,
    without_arguments: SUMMARY,
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

const SUMMARY: &str = "This tool describes kraft metadata quorum status: describe --status, or describe --replication [--human-readable].";
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
    value("command-config", "file", "Property file containing configs to be passed to Admin Client."),
    flag("help", "Print usage information."),
    flag("human-readable", "Print human-readable timestamps."),
    flag("replication", "Detailed information about the status of replication."),
    flag(
        "status",
        "A short summary of the quorum status and the other provides detailed information about the status of replication.",
    ),
    flag("version", "Display Kafka version."),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    gap!("kafka-metadata-quorum add-controller and remove-controller", "KIP-853");
    match options.rest.first().map(String::as_str) {
        Some("describe") => {}
        Some(known @ ("add-controller" | "remove-controller")) => {
            return Err(Refusal::line(format!(
                "kafkasim: {known} is not modelled: the voters of a quorum are static here"
            )));
        }
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
    if options.has("status") == options.has("replication") {
        return Err(Refusal::line(match options.has("status") {
            true => "Only one of --status or --replication should be specified with describe sub-command",
            false => "One of --status or --replication must be specified with describe sub-command",
        }));
    }
    let script =
        MetadataQuorum { status: options.has("status"), human: options.has("human-readable"), cluster_id: None };
    Ok(Body::MetadataQuorum(Box::new(AdminTool::new(launch, options, script)?)))
}

/// The command under way: the cluster's id for `--status`, then the quorum.
#[derive(Clone, Hash, Debug)]
pub(crate) struct MetadataQuorum {
    status: bool,
    human: bool,
    cluster_id: Option<std::sync::Arc<str>>,
}

impl Script for MetadataQuorum {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.call(if self.status {
            AdminCall::DescribeCluster { include_fenced: false }
        } else {
            AdminCall::DescribeQuorum
        });
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
            AdminResult::Failed(error) => {
                admin.io.err(error.to_string());
                admin.io.err(format!("java.util.concurrent.ExecutionException: {error}"));
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
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
