//! `zk-shell`, for workshops written before Kafka 4.0: the znodes that Kafka kept in ZooKeeper, drawn from what brokers answer
//! today about the KRaft metadata, each answer with today's command beside it.
//!
//! Kafka's `ZkData` says what each znode held, as of 3.9, the last version with ZooKeeper. Empty: what was
//! there only until somebody had read it, such as notifications.

use clients::{AdminCall, AdminResult};
use kernel::Input;
use protocol::Message;
use protocol::api::ConfigResourceKind;
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::describe_configs::ConfigResource;

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, value};
use crate::process::Body;
use crate::programs::python;
use crate::stdin::Lines;
use crate::tools::znodes::{Znodes, resolve};
use crate::tools::{Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "zk-shell",
    summary: "The znodes Kafka kept before 4.0, drawn from the KRaft metadata: zk-shell HOST, then tree, ls, get, cd.",
    without_arguments: "Which host? As in: zk-shell zoo1",
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const OPTIONS: &[Opt] = &[value(
    "bootstrap-server",
    "host:port",
    "The brokers to ask (BOOTSTRAP, or localhost:9092). The host a workshop names was ZooKeeper's, and there is none.",
)];

/// What it says before anything else.
const WELCOME: [&str; 2] = [
    "Kafka has not used ZooKeeper since 4.0. This tree is drawn from the KRaft metadata; below each answer is today's command.",
    "tree, ls, get and cd take a path; pwd, help and exit do not.",
];

/// The shell, waiting for lines.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ZkShell {
    lines: Lines,
    servers: String,
    /// Where relative paths start: `/kafka`.
    folder: String,
    asked: Option<Asked>,
}

/// A command that waits for answers.
#[derive(Clone, Hash, Debug)]
struct Asked {
    verb: Verb,
    path: String,
    cluster: Option<DescribeClusterResponse>,
    znodes: Znodes,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Verb {
    Tree,
    List,
    Get,
    Go,
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let asked = options.one("bootstrap-server").map_err(|e| Refusal::usage(e.message))?;
    let mut properties = python::properties(launch);
    if let Some(servers) = asked {
        properties.insert("bootstrap.servers".into(), servers.into());
    }
    let servers = properties["bootstrap.servers"].to_string();
    let shell = ZkShell { lines: Lines::new(&launch.stdin), servers, folder: "/".to_owned(), asked: None };
    Ok(Body::ZkShell(Box::new(AdminTool::with(&properties, shell)?)))
}

impl Asked {
    /// Whose configs are drawn, if they are: each broker tells its own, and one that is gone would hold up every answer.
    fn configs(&self) -> Option<Vec<ConfigResource>> {
        let path = self.path.strip_prefix("/kafka").unwrap_or(&self.path).trim_end_matches('/');
        if !(path.starts_with("/config") || self.verb == Verb::Tree && path.is_empty()) {
            return None;
        }
        let of = |kind, name| ConfigResource { kind, name };
        let topics =
            self.znodes.topics.iter().map(|topic| of(ConfigResourceKind::Topic, topic.name.to_string().into()));
        let ids = self.cluster.iter().flat_map(|cluster| &cluster.brokers).map(|(broker, _)| broker.id.to_string());
        let brokers = ids.chain([String::new()]).map(|name| of(ConfigResourceKind::Broker, name.into()));
        Some(topics.chain(brokers).collect())
    }
}

impl Script for ZkShell {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        WELCOME.into_iter().for_each(|line| admin.io.out(line));
    }

    fn input(&mut self, input: &Input<Message>, admin: &mut Calls<'_, '_>) {
        self.lines.take(input);
        self.read(admin);
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        let Some(asked) = &mut self.asked else { return };
        match result {
            AdminResult::DescribeCluster(cluster) => {
                asked.cluster = Some(cluster);
                admin.call(AdminCall::describe_topics(None));
            }
            AdminResult::DescribeTopics(topics) => {
                asked.znodes.topics = topics.into_iter().filter_map(|(_, topic)| topic.ok()).collect();
                admin.call(AdminCall::ListReassignments { partitions: None });
            }
            AdminResult::ListReassignments(moves) => {
                asked.znodes.moves = moves;
                admin.call(AdminCall::DescribeFeatures);
            }
            AdminResult::DescribeFeatures(versions) => {
                asked.znodes.features = versions.finalized_features;
                admin.call(match asked.configs() {
                    Some(resources) => AdminCall::DescribeConfigs { resources },
                    None => AdminCall::DescribeQuorum,
                });
            }
            AdminResult::DescribeConfigs(results) => {
                asked.znodes.configs = results.into_iter().filter_map(|(_, described)| described.ok()).collect();
                admin.call(AdminCall::DescribeQuorum);
            }
            AdminResult::DescribeQuorum(quorum) => {
                let asked = self.asked.take().expect("a command waits");
                let cluster = asked.cluster.expect("the cluster was described first");
                self.carry_out(asked.verb, &asked.path, &asked.znodes.with(&cluster, &quorum), admin);
                self.read(admin);
            }
            AdminResult::Failed(error) => {
                admin.io.err(error.to_string());
                self.asked = None;
                self.read(admin);
            }
            _ => unreachable!("the shell makes no other call"),
        }
    }
}

impl ZkShell {
    /// Takes lines until one has to wait for the brokers.
    fn read(&mut self, admin: &mut Calls<'_, '_>) {
        while self.asked.is_none() {
            let Some(line) = self.lines.read() else { break };
            self.obey(&line, admin);
        }
        if self.asked.is_none() && self.lines.is_at_end() && admin.io.exited.is_none() {
            admin.io.exit(0);
        }
    }

    fn obey(&mut self, line: &str, admin: &mut Calls<'_, '_>) {
        let mut words = line.split_whitespace();
        let (verb, path) = (words.next().unwrap_or(""), words.next().unwrap_or("."));
        let verb = match verb {
            "" => return,
            "tree" => Verb::Tree,
            "ls" => Verb::List,
            "get" => Verb::Get,
            "cd" => Verb::Go,
            "pwd" => return admin.io.out(self.folder.clone()),
            "help" => return admin.io.out(WELCOME[1]),
            "exit" | "quit" => return admin.io.exit(0),
            other => return admin.io.err(format!("Unknown command: {other}. {}", WELCOME[1])),
        };
        let path = resolve(&self.folder, path);
        self.asked = Some(Asked { verb, path, cluster: None, znodes: Znodes::default() });
        admin.call(AdminCall::DescribeCluster { include_fenced: false });
    }

    fn carry_out(&mut self, verb: Verb, path: &str, znodes: &Znodes, admin: &mut Calls<'_, '_>) {
        let Some(found) = znodes.find(path) else {
            return admin.io.err(format!("Path {path} doesn't exist"));
        };
        match verb {
            Verb::Go => return found.path.clone_into(&mut self.folder),
            Verb::Tree => {
                admin.io.out(".");
                found.tree(1).into_iter().for_each(|line| admin.io.out(line));
            }
            Verb::List => found.names().into_iter().for_each(|name| admin.io.out(name)),
            Verb::Get => admin.io.out(found.value().unwrap_or_default()),
        }
        admin.io.out(format!("# today: {}", today(&found.path, &self.servers)));
    }
}

/// The command that tells the same today.
fn today(path: &str, servers: &str) -> String {
    let path = path.strip_prefix("/kafka").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (tool, rest) = match parts[..] {
        ["brokers", "topics", topic, ..] => ("kafka-topics", format!("--describe --topic {topic}")),
        ["brokers", "topics"] | ["admin", ..] => ("kafka-topics", "--describe".into()),
        ["config", "topics", topic] => ("kafka-configs", format!("--describe --topic {topic}")),
        ["config", "topics"] => ("kafka-configs", "--describe --entity-type topics".into()),
        ["config", "brokers", "<default>"] => ("kafka-configs", "--describe --broker-defaults".into()),
        ["config", "brokers", broker] => ("kafka-configs", format!("--describe --broker {broker}")),
        ["config", ..] => ("kafka-configs", "--describe --entity-type brokers".into()),
        ["cluster", ..] => return format!("kafka-cluster cluster-id --bootstrap-server {servers}"),
        ["consumers"] => ("kafka-consumer-groups", "--list".into()),
        ["controller" | "controller_epoch"] => ("kafka-metadata-quorum", "describe --status".into()),
        ["feature"] => ("kafka-features", "describe".into()),
        ["isr_change_notification"] => ("kafka-topics", "--describe --under-replicated-partitions".into()),
        ["log_dir_event_notification"] => ("kafka-log-dirs", "--describe".into()),
        _ => ("kafka-metadata-quorum", "describe --replication".into()),
    };
    format!("{tool} --bootstrap-server {servers} {rest}")
}
