//! From a seed to a plan: the cluster, its configs, topics, producers and consumers. What the faults are is in
//! `faults.rs`. Times are short beside Kafka's defaults, so that a minute holds many sessions.

use kernel::Duration;
use ordered::SortedMap;
use protocol::Plant;

use super::draw::{Draws, Kind};
use super::{admin, dirs, faults, motifs, topics, voters};
use crate::scenario::{ClusterShape, Planted, Scenario, Span, TimedCommand, TopicShape};

/// Chaos is over after this.
pub(super) const CHAOS_END_MS: u64 = 40_000;
/// The core is mended.
const MENDED_MS: u64 = CHAOS_END_MS + 1_000;
/// Producers stop: after the mending, so that there is something to catch up with.
const PRODUCERS_STOP_MS: u64 = CHAOS_END_MS + 3_000;
/// By then the core must have converged: a JoinGroup that got lost with its host is asked again after 305 s.
const JUDGED_MS: u64 = PRODUCERS_STOP_MS + 330_000;
/// If topics were deleted: a Java member tries for 300 s to commit what it read of a partition that is gone, before it joins
/// anew, and those that come to know of it only then do the same.
const JUDGED_AFTER_DELETIONS_MS: u64 = JUDGED_MS + 2 * 300_000;
/// Terminals: faults are given in the first.
const FIRST_PRODUCER_TERM: u32 = 10;
const FIRST_CONSUMER_TERM: u32 = 20;

/// A program of the workload: its terminal and how to start it anew.
pub(super) struct Client {
    pub(super) term: u32,
    /// Its command line; `{}` stands for how often it was started before.
    pub(super) line: String,
    /// When it is started first.
    pub(super) at_ms: u64,
    pub(super) is_producer: bool,
}

impl Client {
    /// The command that starts it for the `n`th time, from 0.
    pub(super) fn start(&self, n: u64) -> String {
        self.line.replace("{}", &n.to_string())
    }
}

/// What faults may do to a plan.
pub(super) struct Stage<'a> {
    pub(super) cluster: &'a ClusterShape,
    pub(super) topics: &'a [TopicShape],
    pub(super) clients: &'a [Client],
    /// All brokers.
    pub(super) bootstrap: String,
}

impl Stage<'_> {
    /// Any partition of the workload's topics.
    pub(super) fn partition(&self, draws: &mut Draws) -> String {
        let topic = draws.pick(self.topics);
        let partition = draws.below(topic.partitions.unwrap_or(1).unsigned_abs().into());
        format!("{}-{partition}", topic.name)
    }

    /// Any partition of `__consumer_offsets`.
    pub(super) fn partition_of_offsets(&self, draws: &mut Draws) -> String {
        let partitions = self.cluster.configs.get("offsets.topic.num.partitions").and_then(|text| text.parse().ok());
        format!("__consumer_offsets-{}", draws.below(partitions.unwrap_or(1)))
    }
}

/// The plan of a seed.
pub fn expand(seed: u64, plant: Plant) -> Scenario {
    let mut cluster = cluster(seed);
    let topics = shapes(seed, &cluster);
    let mut files = SortedMap::new();
    let clients = clients(seed, &cluster, &topics, &mut files);
    let mut commands: Vec<TimedCommand> =
        clients.iter().map(|client| command(client.at_ms, client.term, client.start(0))).collect();
    let stage = Stage { cluster: &cluster, topics: &topics, clients: &clients, bootstrap: bootstrap(&cluster) };
    let motif = motifs::draw(seed, &stage);
    if motif.as_ref().is_none_or(|motif| !motif.is_alone) {
        commands.extend(faults::timeline(seed, &stage));
    }
    commands.extend(motif.into_iter().flat_map(|motif| motif.commands));
    commands.extend(admin::timeline(seed, &stage, &mut files));
    commands.extend(dirs::timeline(seed, &stage));
    commands.extend(voters::timeline(seed, &stage, &mut files));
    let deletions = topics::timeline(seed, &stage);
    let judged_ms = if deletions.is_empty() { JUDGED_MS } else { JUDGED_AFTER_DELETIONS_MS };
    commands.extend(deletions);
    commands.push(command(MENDED_MS, 1, core(seed, &cluster, &topics)));
    for client in clients.iter().filter(|client| client.is_producer) {
        commands.push(command(PRODUCERS_STOP_MS, client.term, "^C".into()));
    }
    commands.push(command(judged_ms, 1, "sim judge".into()));
    ordered::sort_by_key(&mut commands, |command| command.at);
    cluster.configs.extend(topics::configs(seed));
    cluster.configs.extend(dirs::configs(seed));
    cluster.configs.extend(voters::configs(seed));
    Scenario {
        title: format!("sweep, seed {seed}"),
        seed,
        cluster,
        topics,
        files,
        commands,
        plant: Planted(plant),
        until: Some(Span(Duration::from_millis(judged_ms + 1))),
        ..Scenario::default()
    }
}

pub(super) fn command(at_ms: u64, term: u32, run: String) -> TimedCommand {
    TimedCommand { at: Span(Duration::from_millis(at_ms)), term, run }
}

fn cluster(seed: u64) -> ClusterShape {
    let mut draws = Draws::of(seed, Kind::Cluster, 0);
    let brokers = *draws.pick(&[3, 3, 3, 3, 4, 2, 5]);
    let controllers = *draws.pick(&[3, 3, 3, 1]);
    let combined = draws.chance(1, 5) && controllers <= brokers;
    let latency = *draws.pick(&[None, None, Some(1), Some(5), Some(20)]);
    ClusterShape {
        brokers,
        controllers,
        combined,
        dynamic_quorum: voters::are_dynamic(seed),
        racks: Vec::new(),
        configs: configs(seed, brokers),
        latency: latency.map(|ms| Span(Duration::from_millis(ms))),
    }
}

fn configs(seed: u64, brokers: u32) -> SortedMap<String, String> {
    let mut draws = Draws::of(seed, Kind::Configs, 0);
    let mut configs = SortedMap::new();
    let mut set = |name: &str, value: u64| drop(configs.insert(name.to_owned(), value.to_string()));
    set("broker.session.timeout.ms", *draws.pick(&[9_000, 6_000, 3_000]));
    set("broker.heartbeat.interval.ms", *draws.pick(&[2_000, 1_000]));
    set("replica.lag.time.max.ms", *draws.pick(&[30_000, 6_000, 2_000]));
    set("replica.high.watermark.checkpoint.interval.ms", *draws.pick(&[5_000, 1_000, 500]));
    set("log.retention.check.interval.ms", 3_000);
    set("log.initial.task.delay.ms", 1_000);
    set("log.cleaner.backoff.ms", 2_000);
    set("group.initial.rebalance.delay.ms", *draws.pick(&[0, 500, 3_000]));
    set("offsets.topic.num.partitions", draws.between(1, 3));
    set("offsets.topic.replication.factor", u64::from(brokers.min(3)));
    set("leader.imbalance.check.interval.seconds", *draws.pick(&[300, 5]));
    set("unclean.leader.election.interval.ms", 10_000);
    set("metadata.log.max.snapshot.interval.ms", *draws.pick(&[3_600_000, 10_000]));
    set("min.insync.replicas", *draws.pick(&[1, 2]));
    configs
}

fn shapes(seed: u64, cluster: &ClusterShape) -> Vec<TopicShape> {
    let count = Draws::of(seed, Kind::Topic, 0).between(1, 2);
    (1..=count).map(|n| topic(Draws::of(seed, Kind::Topic, n), n, cluster)).collect()
}

fn topic(mut draws: Draws, n: u64, cluster: &ClusterShape) -> TopicShape {
    let replicas = (*draws.pick(&[3, 3, 3, 3, 2, 1])).min(cluster.brokers);
    let min_isr = (*draws.pick(&[2, 2, 2, 1, 3])).min(replicas);
    let mut configs = SortedMap::from([("min.insync.replicas".to_owned(), min_isr.to_string())]);
    if draws.chance(1, 10) {
        configs.insert("unclean.leader.election.enable".into(), "true".into());
    }
    if draws.chance(1, 3) {
        configs.insert("segment.ms".into(), draws.pick(&["3000", "8000"]).to_string());
        configs.insert("retention.ms".into(), draws.pick(&["6000", "15000"]).to_string());
    }
    if draws.chance(1, 8) {
        configs.insert("cleanup.policy".into(), "compact".into());
        configs.insert("segment.ms".into(), "3000".into());
        configs.insert("min.cleanable.dirty.ratio".into(), "0.01".into());
    }
    TopicShape {
        name: format!("t{n}"),
        partitions: Some(draws.between(1, 3) as i32),
        replication_factor: Some(replicas as i16),
        configs,
    }
}

fn bootstrap(cluster: &ClusterShape) -> String {
    let brokers: Vec<String> = (1..=cluster.brokers).map(|id| format!("broker-{id}:9092")).collect();
    brokers.join(",")
}

fn clients(
    seed: u64,
    cluster: &ClusterShape,
    topics: &[TopicShape],
    files: &mut SortedMap<String, String>,
) -> Vec<Client> {
    let bootstrap = bootstrap(cluster);
    let mut clients = Vec::new();
    for n in 1..=Draws::of(seed, Kind::Producer, 0).between(1, 3) {
        let draws = Draws::of(seed, Kind::Producer, n);
        clients.push(producer(draws, n, &bootstrap, topics, files));
    }
    for n in 1..=Draws::of(seed, Kind::Consumer, 0).between(1, 3) {
        clients.push(consumer(seed, n, &bootstrap, topics));
    }
    clients
}

/// A numbered producer, with a file of properties.
fn producer(
    mut draws: Draws,
    n: u64,
    bootstrap: &str,
    topics: &[TopicShape],
    files: &mut SortedMap<String, String>,
) -> Client {
    let is_idempotent = draws.chance(3, 4);
    let acks = if is_idempotent { "-1" } else { *draws.pick(&["-1", "-1", "1", "0"]) };
    let request_ms = *draws.pick(&[30_000, 4_000, 1_500]);
    let delivery_ms = *draws.pick(&[120_000, 120_000, request_ms + 2_000]).max(&(request_ms + 1_000));
    let retries = if is_idempotent || draws.chance(1, 2) { i32::MAX } else { 0 };
    let properties = [
        format!("enable.idempotence={is_idempotent}"),
        format!("acks={acks}"),
        format!("linger.ms={}", draws.pick(&[0, 5, 50])),
        format!("batch.size={}", draws.pick(&[0, 200, 16_384])),
        format!("max.in.flight.requests.per.connection={}", draws.pick(&[5, 5, 5, 2, 1])),
        format!("request.timeout.ms={request_ms}"),
        format!("delivery.timeout.ms={delivery_ms}"),
        format!("retries={retries}"),
    ];
    let file = format!("producer-{n}.properties");
    files.insert(file.clone(), properties.join("\n") + "\n");
    let shape = draws.pick(topics);
    let topic = &shape.name;
    let rate = draws.pick(&[5, 20, 60]);
    // Compacted topics take nothing without key.
    let is_compacted = shape.configs.contains_key("cleanup.policy");
    let keys = if draws.chance(1, 2) || is_compacted { " --repeating-keys 7" } else { "" };
    Client {
        term: FIRST_PRODUCER_TERM + n as u32,
        line: format!(
            "kafka-verifiable-producer --bootstrap-server {bootstrap} --topic {topic} --throughput {rate} \
             --value-prefix {n}0{{}} --command-config {file}{keys}"
        ),
        at_ms: 500 + draws.below(3_000),
        is_producer: true,
    }
}

/// A member of a group, of either client family. There are two groups for each topic, and two in which some are subscribed to all
/// topics and others to one.
fn consumer(seed: u64, n: u64, bootstrap: &str, topics: &[TopicShape]) -> Client {
    let mut draws = Draws::of(seed, Kind::Consumer, n);
    let group = *draws.pick(&[0, 0, 1]);
    let topic = draws.below(topics.len() as u64);
    let is_java = draws.chance(2, 3);
    let commit_ms = draws.pick(&[5_000, 1_000, 200]);
    let at_ms = 500 + draws.below(8_000);
    let is_mixed = topics.len() > 1 && draws.chance(1, 4);
    let is_of_all = is_mixed && draws.chance(2, 3);
    let strategy = strategy(seed, 2 * if is_mixed { 0 } else { 1 + topic } + group);
    let name = &topics[topic as usize].name;
    let group = format!("{}-{}", ["g", "h"][group as usize], if is_mixed { "all" } else { name });
    let all: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let (option, topics) = match is_of_all {
        true => (format!("include '{}'", all.join("|")), all.join(",")),
        false => (format!("topic {name}"), name.clone()),
    };
    // consumer.py has the defaults of its family only.
    let line = match is_java || !strategy.is_empty() {
        true => format!(
            "kafka-console-consumer --bootstrap-server {bootstrap} --{option} --group {group} --from-beginning \
             --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 \
             --command-property auto.commit.interval.ms={commit_ms}{strategy}"
        ),
        false => format!("CLIENT=librdkafka TOPICS={topics} GROUP={group} BOOTSTRAP={bootstrap} python consumer.py"),
    };
    Client { term: FIRST_CONSUMER_TERM + n as u32, line, at_ms, is_producer: false }
}

/// The assignor that all members of a group have, by its number: the defaults, or one of its own.
fn strategy(seed: u64, group: u64) -> String {
    let assignors = ["", "", "", "RoundRobin", "Sticky", "CooperativeSticky", "CooperativeSticky"];
    match *Draws::of(seed, Kind::Assignor, group).pick(&assignors) {
        "" => String::new(),
        assignor => format!(
            " --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.{assignor}Assignor"
        ),
    }
}

/// Mends all, or a random core: a majority of the controllers, and so many brokers that every partition keeps as many
/// replicas as its writes must reach.
fn core(seed: u64, cluster: &ClusterShape, topics: &[TopicShape]) -> String {
    let mut draws = Draws::of(seed, Kind::Core, 0);
    let spare_of = |topic: &TopicShape| {
        let replicas = u32::from(topic.replication_factor.unwrap_or(1).unsigned_abs());
        let min_isr = topic.configs.get("min.insync.replicas").and_then(|text| text.parse().ok()).unwrap_or(1);
        replicas.saturating_sub(min_isr)
    };
    let of_offsets = cluster.brokers.min(3).saturating_sub(2);
    let spare = topics.iter().map(spare_of).chain([of_offsets]).min().unwrap_or(0);
    if cluster.combined || draws.chance(1, 2) {
        return "sim mend".into();
    }
    let left_out = draws.below(u64::from(spare.min(1)) + 1) * draws.between(1, u64::from(cluster.brokers));
    let brokers = (1..=u64::from(cluster.brokers)).filter(|id| *id != left_out).map(|id| format!("broker {id}"));
    let absent = draws.below(2) * draws.between(1, 3);
    let controllers = (1..=u64::from(cluster.controllers)).filter(|n| cluster.controllers < 3 || *n != absent);
    let added = voters::added(seed, cluster).into_iter().map(|(_, id)| id);
    let controllers = controllers.map(|n| 100 + n).chain(added).map(|id| format!("controller {id}"));
    format!("sim mend {}", brokers.chain(controllers).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_plan_which_reads_back_as_a_scenario() {
        for seed in 0..200 {
            let plan = expand(seed, Plant::None);
            assert_eq!(plan, expand(seed, Plant::None), "seed {seed}");
            assert_eq!(Scenario::parse(&plan.to_json()), Ok(plan), "seed {seed}");
        }
    }
}
