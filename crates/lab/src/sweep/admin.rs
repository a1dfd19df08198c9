//! What admins do meanwhile: topics that get partitions, other replicas or other configs, or lose records; and groups that
//! members join and leave. A plan in three has some of it. Topics that are deleted are in `topics.rs`.

use ordered::SortedMap;

use super::draw::{Draws, Kind};
use super::plan::{CHAOS_END_MS, Stage, command};
use crate::scenario::{TimedCommand, TopicShape};

/// Where tools are started.
const ADMIN_TERM: u32 = 3;
/// Where members come that do not stay.
const GUEST_TERM: u32 = 30;

/// What an admin may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Task {
    Reassign,
    DeleteRecords,
    AlterConfig,
    AddPartition,
    Guest,
}

const TASKS: [Task; 5] = [Task::Reassign, Task::DeleteRecords, Task::AlterConfig, Task::AddPartition, Task::Guest];

/// Config changes: none asks for more replicas than before, because what was promised is judged by what is configured last.
const CONFIGS: [&str; 6] = [
    "retention.ms=4000",
    "retention.ms=600000",
    "segment.ms=2000",
    "min.insync.replicas=1",
    "unclean.leader.election.enable=true",
    "max.message.bytes=100000",
];

/// The admin's commands of a seed, in no order; files they read go to `files`.
pub(super) fn timeline(seed: u64, stage: &Stage<'_>, files: &mut SortedMap<String, String>) -> Vec<TimedCommand> {
    let mut draws = Draws::of(seed, Kind::Admin, 0);
    let mut commands = Vec::new();
    if !draws.chance(1, 3) {
        return commands;
    }
    let mut kinds: Vec<Task> = TASKS.iter().copied().filter(|_| draws.chance(1, 2)).collect();
    if kinds.is_empty() {
        kinds.push(Task::Reassign);
    }
    for n in 1..=draws.between(1, 5) {
        let mut draws = Draws::of(seed, Kind::Admin, n);
        let (task, at) = (*draws.pick(&kinds), draws.between(4_000, CHAOS_END_MS - 2_000));
        commands.extend(Job { stage, draws, n, at, files }.commands(task));
    }
    commands
}

/// A task at a time.
struct Job<'a> {
    stage: &'a Stage<'a>,
    draws: Draws,
    n: u64,
    at: u64,
    files: &'a mut SortedMap<String, String>,
}

impl Job<'_> {
    fn commands(mut self, task: Task) -> Vec<TimedCommand> {
        let topic = self.draws.pick(self.stage.topics).clone();
        match task {
            Task::Reassign => vec![self.reassign(&topic)],
            Task::DeleteRecords => vec![self.delete_records()],
            Task::AlterConfig => {
                let config = *self.draws.pick(&CONFIGS);
                vec![self.tool("kafka-configs", &format!("--alter --topic {} --add-config {config}", topic.name))]
            }
            Task::AddPartition => {
                let partitions = topic.partitions.unwrap_or(1) + 1;
                vec![self.tool("kafka-topics", &format!("--alter --topic {} --partitions {partitions}", topic.name))]
            }
            Task::Guest => self.guest(),
        }
    }

    fn tool(&self, name: &str, options: &str) -> TimedCommand {
        let bootstrap = &self.stage.bootstrap;
        command(self.at, ADMIN_TERM, format!("{name} --bootstrap-server {bootstrap} {options}"))
    }

    /// A file in JSON for a tool.
    fn file(&mut self, text: String) -> String {
        let name = format!("admin-{}.json", self.n);
        self.files.insert(name.clone(), text);
        name
    }

    /// A partition gets as many replicas as it has, anywhere.
    fn reassign(&mut self, topic: &TopicShape) -> TimedCommand {
        let partition = self.draws.below(topic.partitions.unwrap_or(1).unsigned_abs().into());
        let mut brokers: Vec<u64> = (1..=self.stage.cluster.brokers.into()).collect();
        let count = topic.replication_factor.unwrap_or(1).unsigned_abs();
        let replicas = (0..count).map(|_| brokers.remove(self.draws.below(brokers.len() as u64) as usize).to_string());
        let replicas: Vec<String> = replicas.collect();
        let (topic, replicas) = (&topic.name, replicas.join(","));
        let text = format!(
            "{{\"version\":1,\"partitions\":[{{\"topic\":\"{topic}\",\"partition\":{partition},\"replicas\":[{replicas}]}}]}}\n"
        );
        let file = self.file(text);
        self.tool("kafka-reassign-partitions", &format!("--execute --reassignment-json-file {file}"))
    }

    fn delete_records(&mut self) -> TimedCommand {
        let tp = self.stage.partition(&mut self.draws);
        let (topic, partition) = tp.rsplit_once('-').unwrap_or((&tp, "0"));
        let offset = *self.draws.pick(&[-1, 10, 50, 200]);
        let text = format!(
            "{{\"version\":1,\"partitions\":[{{\"topic\":\"{topic}\",\"partition\":{partition},\"offset\":{offset}}}]}}\n"
        );
        let file = self.file(text);
        self.tool("kafka-delete-records", &format!("--offset-json-file {file}"))
    }

    /// Somebody joins a group for a while.
    fn guest(&mut self) -> Vec<TimedCommand> {
        let hosts: Vec<_> = self.stage.clients.iter().filter(|client| !client.is_producer).collect();
        let (line, term) = (self.draws.pick(&hosts).start(0), GUEST_TERM + self.n as u32);
        let leaves = (self.at + self.draws.between(500, 15_000)).min(CHAOS_END_MS);
        let last = match self.draws.chance(1, 2) {
            true => command(leaves, term, "^C".into()),
            false => command(leaves, 1, format!("sim kill term:{term}")),
        };
        vec![command(self.at, term, line), last]
    }
}
