//! `zk-shell`, for workshops written before Kafka 4.0: the znodes that Kafka kept in ZooKeeper, drawn from what brokers answer
//! today about the KRaft metadata, each answer with today's command beside it.
//!
//! Kafka's `ZkData` says what each znode held. Left out: timestamps, which no broker tells, and `config`, `admin`, `isr_change`.

use clients::{AdminCall, AdminResult};
use kernel::Input;
use protocol::Message;
use protocol::api::describe_cluster::DescribeClusterResponse;

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
    let topic = path.strip_prefix("/kafka/brokers/topics/").and_then(|rest| rest.split('/').next());
    match topic {
        Some(topic) => format!("kafka-topics --bootstrap-server {servers} --describe --topic {topic}"),
        None if path.starts_with("/kafka/brokers/topics") => {
            format!("kafka-topics --bootstrap-server {servers} --describe")
        }
        None if path.starts_with("/kafka/controller") => {
            format!("kafka-metadata-quorum --bootstrap-server {servers} describe --status")
        }
        None => format!("kafka-metadata-quorum --bootstrap-server {servers} describe --replication"),
    }
}
