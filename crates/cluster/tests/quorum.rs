//! The metadata quorum and the controller, through whole processes in a world: elections, registration, fencing,
//! topics. Nothing here needs a broker that serves.

use std::sync::Arc;

use cluster::{ClusterSpec, KafkaProcess, MetadataImage, ProcessSpec};
use kernel::{ConnId, Death, Effects, Input, Machine, NetworkSpec, NodeId, Order, Time, World};
use ordered::SortedMap;
use protocol::api::alter_partition::{AlterPartitionChange, AlterPartitionRequest};
use protocol::api::create_partitions::{CreatePartitionsRequest, NewPartitions};
use protocol::api::create_topics::{CreateTopicsRequest, NewTopic};
use protocol::api::delete_topics::DeleteTopicsRequest;
use protocol::api::describe_configs::ConfigResource;
use protocol::api::describe_quorum::DescribeQuorumRequest;
use protocol::api::elect_leaders::ElectLeadersRequest;
use protocol::api::incremental_alter_configs::{ConfigOp, IncrementalAlterConfigsRequest};
use protocol::api::{ConfigResourceKind, Name};
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, ErrorCode, Message, Note, Request, Response, TopicId};

// ---- a world

#[derive(Clone, Hash)]
#[allow(clippy::large_enum_variant)]
enum Actor {
    Kafka(KafkaProcess),
    Probe(Probe),
}

/// Sends one request to `to` when ordered, and keeps the answers.
#[derive(Clone, Hash, Default)]
struct Probe {
    to: Option<(Name, u16, Request)>,
    answers: Vec<Response>,
    conns: Vec<ConnId>,
}

impl Machine for Actor {
    type Message = Message;
    type Note = Note;
    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Effects<Message, Note>) {
        let probe = match self {
            Actor::Kafka(process) => return process.step(now, input, fx),
            Actor::Probe(probe) => probe,
        };
        match input {
            Input::Order(Order::Line(_)) => {
                let (host, port, request) = probe.to.take().expect("the probe has something to ask");
                let conn = fx.connect(&host, port);
                fx.send(conn, Message::Request { correlation: 1, client_id: "probe".into(), request });
                probe.conns.push(conn);
            }
            Input::Message { message: Message::Response { response, .. }, .. } => probe.answers.push(response),
            _ => {}
        }
    }
    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }
    fn halt(&mut self, death: Death) {
        if let Actor::Kafka(process) = self {
            process.halt(death);
        }
    }
}

struct Cluster {
    world: World<Actor>,
    nodes: SortedMap<i32, NodeId>,
    probe: NodeId,
    notes: Vec<(Time, Note)>,
}

#[derive(Clone, Copy)]
struct Shape {
    seed: u64,
    brokers: i32,
    controllers: i32,
    combined: bool,
    elr: bool,
    placement_seed: Option<i64>,
}

const SEPARATE: Shape = Shape { seed: 7, brokers: 3, controllers: 3, combined: false, elr: true, placement_seed: None };
const ONE_OF_EACH: Shape = Shape { brokers: 1, controllers: 1, ..SEPARATE };

impl Cluster {
    fn new(shape: Shape) -> Cluster {
        let mut world = World::new(shape.seed, NetworkSpec::default());
        let name_of = |id: i32| if id > 100 { format!("controller-{id}") } else { format!("broker-{id}") };
        let first = if shape.combined { 1 } else { 101 };
        let controllers: Vec<i32> = (first..first + shape.controllers).collect();
        let voters = controllers.iter().map(|id| (BrokerId(*id), name_of(*id).into())).collect();
        let cluster = Arc::new(ClusterSpec {
            cluster_id: "kafkasim-test".into(),
            voters,
            elr_enabled: shape.elr,
            plant: protocol::Plant::None,
            placement_seed: shape.placement_seed,
        });
        let mut ids: Vec<i32> = (1..=shape.brokers).collect();
        ids.extend(controllers.iter().filter(|id| **id > 100));
        let mut nodes = SortedMap::new();
        for id in ids {
            let spec = ProcessSpec {
                id: BrokerId(id),
                is_broker: id <= shape.brokers,
                is_controller: controllers.contains(&id),
                host: name_of(id).into(),
                rack: None,
                cluster: cluster.clone(),
                overrides: SortedMap::new(),
            };
            let node = world.add_node(&name_of(id), Actor::Kafka(KafkaProcess::new(spec)));
            world.start(node);
            nodes.insert(id, node);
        }
        let probe = world.add_node("app-1", Actor::Probe(Probe::default()));
        world.start(probe);
        Cluster { world, nodes, probe, notes: Vec::new() }
    }

    fn run_ms(&mut self, ms: u64) {
        let until = self.world.now() + kernel::Duration::from_millis(ms);
        self.world.run_until(until);
        self.notes.extend(self.world.take_notes().into_iter().map(|stamped| (stamped.at, stamped.note)));
    }
    fn process(&self, id: i32) -> &KafkaProcess {
        match self.world.machine(self.nodes[&id]) {
            Actor::Kafka(process) => process,
            Actor::Probe(_) => panic!("{id} is no Kafka process"),
        }
    }
    fn is_up(&self, id: i32) -> bool {
        matches!(self.world.state(self.nodes[&id]), kernel::NodeState::Running)
    }
    fn leaders(&self) -> Vec<i32> {
        let is_leader = |id: &i32| self.is_up(*id) && self.process(*id).raft().is_leader();
        self.nodes.keys().copied().filter(is_leader).collect()
    }
    fn leader(&self) -> i32 {
        let leaders = self.leaders();
        assert_eq!(leaders.len(), 1, "exactly one leader");
        leaders[0]
    }
    fn kill(&mut self, id: i32) {
        assert!(self.world.kill(self.nodes[&id]));
    }
    fn image(&self) -> &MetadataImage {
        self.process(self.leader()).image()
    }
    fn fenced(&self) -> Vec<(i32, bool)> {
        self.image().brokers.iter().map(|(id, broker)| (id.0, broker.fenced)).collect()
    }

    /// Asks the active controller, and runs until it has answered or `ms` are over.
    fn ask(&mut self, request: impl Into<Request>, ms: u64) -> Option<Response> {
        let (host, port) = self.process(self.leader()).raft().leader_address().expect("a leader knows itself");
        self.ask_at((host, port), request.into(), ms)
    }
    fn ask_at(&mut self, to: (Name, u16), request: Request, ms: u64) -> Option<Response> {
        let Actor::Probe(probe) = self.world.machine_mut(self.probe) else { panic!("the probe is a probe") };
        probe.to = Some((to.0, to.1, request));
        probe.answers.clear();
        self.world.order(self.probe, Order::Line("go".into()));
        self.run_ms(ms);
        let Actor::Probe(probe) = self.world.machine(self.probe) else { panic!("the probe is a probe") };
        probe.answers.first().cloned()
    }
    fn create(&mut self, name: &str, partitions: i32, replicas: i16) -> (ErrorCode, Option<Name>) {
        match self.ask(create_topic(name, partitions, replicas), 1000) {
            Some(Response::CreateTopics(answer)) => (answer.topics[0].error, answer.topics[0].message.clone()),
            other => panic!("no answer to CreateTopics: {other:?}"),
        }
    }
}

fn create_topic(name: &str, partitions: i32, replication_factor: i16) -> CreateTopicsRequest {
    let topic =
        NewTopic { name: name.into(), partitions, replication_factor, assignments: Vec::new(), configs: Vec::new() };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false }
}

// ---- elections

#[test]
fn three_controllers_elect_one_leader_and_all_follow_it() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(Shape { seed, brokers: 0, ..SEPARATE });
        cluster.run_ms(5_000);
        let leader = cluster.leader();
        for id in [101, 102, 103] {
            assert_eq!(cluster.process(id).raft().leader(), Some(BrokerId(leader)), "seed {seed}, node {id}");
        }
    }
}

#[test]
fn a_killed_leader_is_replaced_within_seconds_in_a_later_epoch() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(Shape { seed, brokers: 0, ..SEPARATE });
        cluster.run_ms(5_000);
        let (first, epoch) = (cluster.leader(), cluster.process(cluster.leader()).raft().epoch());
        cluster.kill(first);
        cluster.run_ms(10_000);
        let second = cluster.leader();
        assert_ne!(second, first, "seed {seed}");
        assert!(cluster.process(second).raft().epoch() > epoch, "seed {seed}");
        assert!(cluster.process(second).controller().expect("a controller").is_active(), "seed {seed}");
        cluster.world.start(cluster.nodes[&first]);
        cluster.run_ms(5_000);
        assert_eq!(cluster.leader(), second, "a node that comes back disturbs nobody (seed {seed})");
        assert_eq!(cluster.process(first).raft().log_end(), cluster.process(second).raft().log_end());
    }
}

#[test]
fn brokers_find_the_new_leader_by_asking_around() {
    for seed in 0..5 {
        let mut cluster = Cluster::new(Shape { seed, ..SEPARATE });
        cluster.run_ms(12_000);
        let first = cluster.leader();
        cluster.kill(first);
        cluster.run_ms(20_000);
        assert_ne!(cluster.leader(), first, "seed {seed}");
        assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)], "nobody loses its session (seed {seed})");
    }
}

#[test]
fn a_leader_that_stops_in_order_hands_over_at_once() {
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.run_ms(5_000);
    let first = cluster.leader();
    cluster.world.order(cluster.nodes[&first], Order::Terminate);
    // By the seed after a round trip, or after the fetch that a follower has parked; long before a fetch times out.
    cluster.run_ms(1_000);
    assert_ne!(cluster.leader(), first);
    assert!(!cluster.is_up(first), "it exits once a successor is known");
}

#[test]
fn one_of_two_voters_commits_nothing() {
    let mut cluster = Cluster::new(Shape { brokers: 2, controllers: 2, combined: true, ..SEPARATE });
    cluster.run_ms(15_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, false)]);
    let leader = cluster.leader();
    cluster.kill(3 - leader);
    let committed = cluster.process(leader).raft().high_watermark();
    let to = cluster.process(leader).raft().leader_address().expect("it leads");
    let answer = cluster.ask_at(to, create_topic("orders", 1, 1).into(), 10_000);
    assert!(
        !matches!(answer, Some(Response::CreateTopics(a)) if a.topics[0].error.is_ok()),
        "nothing can be acknowledged"
    );
    assert!(cluster.process(leader).raft().high_watermark() <= committed + 1);
    assert_eq!(cluster.leaders(), [] as [i32; 0], "check-quorum makes it resign");
    cluster.world.start(cluster.nodes[&(3 - leader)]);
    cluster.run_ms(10_000);
    assert_eq!(cluster.leaders().len(), 1, "with both voters the quorum works again");
}

#[test]
fn a_cut_off_leader_resigns_and_catches_up_after_the_heal() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let first = cluster.leader();
    let others: Vec<NodeId> = cluster.nodes.iter().filter(|(id, _)| **id != first).map(|(_, node)| *node).collect();
    for other in &others {
        cluster.world.cut(cluster.nodes[&first], *other);
        cluster.world.cut(*other, cluster.nodes[&first]);
    }
    cluster.run_ms(12_000);
    assert_eq!(cluster.leaders().len(), 1);
    assert_ne!(cluster.leader(), first);
    assert_eq!(cluster.create("orders", 3, 3).0, ErrorCode::None);
    for other in &others {
        cluster.world.heal(cluster.nodes[&first], *other);
        cluster.world.heal(*other, cluster.nodes[&first]);
    }
    cluster.run_ms(5_000);
    assert!(cluster.process(first).image().topic("orders").is_some());
}

// ---- brokers

#[test]
fn brokers_register_and_are_unfenced_in_every_shape() {
    let shapes = [
        SEPARATE,
        ONE_OF_EACH,
        Shape { controllers: 1, ..SEPARATE },
        Shape { combined: true, ..SEPARATE },
        Shape { combined: true, brokers: 1, controllers: 1, ..SEPARATE },
    ];
    for shape in shapes {
        let mut cluster = Cluster::new(shape);
        cluster.run_ms(12_000);
        let expected: Vec<(i32, bool)> = (1..=shape.brokers).map(|id| (id, false)).collect();
        assert_eq!(cluster.fenced(), expected);
        for id in 1..=shape.brokers {
            assert_eq!(cluster.process(id).lifecycle().expect("a broker").state().name(), "RUNNING");
        }
    }
}

#[test]
fn a_killed_broker_is_fenced_when_its_session_of_nine_seconds_is_found_over() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let killed_at = cluster.world.now();
    cluster.kill(2);
    cluster.run_ms(6_900);
    assert_eq!(
        cluster.fenced(),
        [(1, false), (2, false), (3, false)],
        "a session lives for 9 s, less the 2 s between heartbeats"
    );
    cluster.run_ms(3_400);
    assert_eq!(cluster.fenced(), [(1, false), (2, true), (3, false)]);
    let fenced =
        cluster.notes.iter().find(|(_, note)| *note == Note::BrokerFenced { broker: BrokerId(2), fenced: true });
    let (at, _) = fenced.expect("the fencing is noted");
    assert!(at.since(killed_at).as_millis() <= 9_000 + 1_125, "the controller looks every 1125 ms");
}

#[test]
fn a_broker_that_restarts_fast_waits_for_its_old_session_to_end() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let epoch = cluster.image().brokers[&BrokerId(2)].epoch;
    cluster.kill(2);
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(5_000);
    assert_eq!(
        cluster.image().brokers[&BrokerId(2)].epoch,
        epoch,
        "DUPLICATE_BROKER_REGISTRATION until the session is over"
    );
    cluster.run_ms(20_000);
    assert!(cluster.image().brokers[&BrokerId(2)].epoch > epoch);
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)]);
}

#[test]
fn a_broker_that_stops_in_order_gives_its_leaderships_away_first() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 6, 3).0, ErrorCode::None);
    cluster.world.order(cluster.nodes[&2], Order::Terminate);
    cluster.run_ms(6_000);
    assert!(!cluster.is_up(2));
    let orders = cluster.image().topic("orders").expect("it exists").clone();
    for partition in &orders.partitions {
        assert_ne!(partition.leader, BrokerId(2));
        assert!(partition.leader.is_some());
        assert!(!partition.isr.contains(&BrokerId(2)));
    }
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(1_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, true), (3, false)], "its session is not over");
    cluster.run_ms(9_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)], "now it is");
}

#[test]
fn no_op_records_come_by_the_clock_whatever_else_is_written() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let from = cluster.process(cluster.leader()).raft().log_end();
    for topic in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(cluster.create(topic, 1, 3).0, ErrorCode::None);
        cluster.run_ms(300);
    }
    let log = cluster.process(cluster.leader()).raft().log();
    let batches = log.read(from, log.end_offset(), 1_000);
    let times: Vec<i64> =
        batches.iter().filter(|b| b.records[..] == [MetadataRecord::NoOp]).map(|b| b.timestamp_ms).collect();
    assert!(times.len() >= 3, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 500), "{times:?}");
}

// ---- topics

#[test]
fn a_created_topic_is_the_same_on_every_node() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 6, 3), (ErrorCode::None, None));
    cluster.run_ms(1_000);
    // Just after a NoOp has spread; between two they may differ by it.
    let mut images: Vec<MetadataImage> =
        cluster.nodes.keys().map(|id| MetadataImage::clone(cluster.process(*id).image())).collect();
    for image in &mut images {
        image.offset = 0;
    }
    let orders = images[0].topic("orders").expect("it exists");
    assert_eq!(orders.partitions.len(), 6);
    for image in &images[1..] {
        assert_eq!(*image, images[0]);
    }
}

#[test]
fn leaders_and_replicas_are_spread_evenly() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 12, 2).0, ErrorCode::None);
    let orders = cluster.image().topic("orders").expect("it exists").clone();
    for broker in [1, 2, 3].map(BrokerId) {
        assert_eq!(orders.partitions.iter().filter(|p| p.leader == broker).count(), 4);
    }
    for partition in &orders.partitions {
        assert_eq!(partition.isr, partition.replicas);
        assert_eq!(partition.leader, partition.replicas[0]);
        assert_ne!(partition.replicas[0], partition.replicas[1]);
    }
}

#[test]
fn what_cannot_be_created_is_refused_in_kafkas_words() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 1, 1).0, ErrorCode::None);
    let cases = [
        ("orders", 1, 1, ErrorCode::TopicAlreadyExists, "Topic 'orders' already exists."),
        (
            "payments",
            1,
            4,
            ErrorCode::InvalidReplicationFactor,
            "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because only 3 broker(s) are registered or some brokers have all their log directories cordoned.",
        ),
        (
            "bad name!",
            1,
            1,
            ErrorCode::InvalidTopic,
            "Topic name is invalid: 'bad name!' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        ),
        ("", 1, 1, ErrorCode::InvalidTopic, "Topic name is invalid: the empty string is not allowed"),
        (
            "payments",
            0,
            1,
            ErrorCode::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        ),
    ];
    for (name, partitions, replicas, error, message) in cases {
        assert_eq!(cluster.create(name, partitions, replicas), (error, Some(message.into())));
    }
    assert_eq!(cluster.create("my.topic_1", 1, 1).0, ErrorCode::None);
    let collision =
        (ErrorCode::InvalidTopic, Some("Topic 'my_topic_1' collides with existing topic: my.topic_1".into()));
    assert_eq!(cluster.create("my_topic_1", 1, 1), collision);
}

#[test]
fn topics_grow_and_go() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 2, 1);
    for (count, error, message) in [
        (4, ErrorCode::None, None),
        (4, ErrorCode::InvalidPartitions, Some("Topic already has 4 partition(s).")),
        (
            2,
            ErrorCode::InvalidPartitions,
            Some("The topic orders currently has 4 partition(s); 2 would not be an increase."),
        ),
    ] {
        let new = NewPartitions { topic: "orders".into(), count, assignments: None };
        let request = CreatePartitionsRequest { topics: vec![new], timeout_ms: 30_000 };
        let Some(Response::CreatePartitions(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
        assert_eq!(answer.topics, [("orders".into(), error, message.map(Into::into))]);
    }
    let request = DeleteTopicsRequest { topics: vec!["orders".into()], timeout_ms: 30_000 };
    let Some(Response::DeleteTopics(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
    assert_eq!(answer.topics[0].1, ErrorCode::None);
    assert!(cluster.image().topic("orders").is_none());
}

#[test]
fn when_a_leader_dies_the_next_replica_in_sync_leads() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 3);
    let before = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    cluster.kill(before.leader.0);
    cluster.run_ms(11_000);
    let after = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(after.leader, before.replicas[1], "the first in assignment order, not the most caught-up");
    assert_eq!(after.isr, before.replicas[1..]);
    assert_eq!((after.leader_epoch, after.partition_epoch), (1, 1));
}

#[test]
fn with_elr_the_last_in_sync_replica_leaves_an_empty_isr() {
    for (elr, isr, eligible) in [(true, vec![], vec![1]), (false, vec![1], vec![])] {
        let mut cluster = Cluster::new(Shape { brokers: 1, controllers: 1, elr, ..SEPARATE });
        cluster.run_ms(8_000);
        cluster.create("orders", 1, 1);
        cluster.kill(1);
        cluster.run_ms(11_000);
        let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
        assert_eq!(partition.leader, BrokerId::NONE);
        assert_eq!(partition.isr, isr.into_iter().map(BrokerId).collect::<Vec<_>>());
        assert_eq!(partition.elr, eligible.into_iter().map(BrokerId).collect::<Vec<_>>());
    }
}

#[test]
fn alter_partition_is_checked_in_kafkas_order() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 3);
    let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    let epochs: SortedMap<BrokerId, i64> =
        cluster.image().brokers.iter().map(|(id, broker)| (*id, broker.epoch)).collect();
    let (leader, follower) = (partition.replicas[0], partition.replicas[1]);
    let member = |id: BrokerId| (id, epochs[&id]);
    let good = AlterPartitionChange {
        topic_id: partition.topic_id,
        partition: 0,
        leader_epoch: 0,
        partition_epoch: 0,
        new_isr: vec![member(leader), member(follower)],
        recovering: false,
    };
    let change = |edit: fn(&mut AlterPartitionChange)| {
        let mut change = good.clone();
        edit(&mut change);
        change
    };
    let cases = [
        (leader, change(|c| c.topic_id = TopicId(9)), ErrorCode::UnknownTopicId),
        (leader, change(|c| c.partition = 5), ErrorCode::UnknownTopicOrPartition),
        (leader, change(|c| c.partition_epoch = 1), ErrorCode::NotController),
        (leader, change(|c| c.leader_epoch = -1), ErrorCode::FencedLeaderEpoch),
        (follower, good.clone(), ErrorCode::InvalidRequest),
        (leader, change(|c| c.partition_epoch = -1), ErrorCode::InvalidUpdateVersion),
        (leader, change(|c| c.new_isr.truncate(0)), ErrorCode::InvalidRequest),
        (leader, change(|c| c.recovering = true), ErrorCode::InvalidRequest),
        (leader, change(|c| c.new_isr[1].1 -= 1), ErrorCode::IneligibleReplica),
        (leader, good.clone(), ErrorCode::None),
        (leader, good.clone(), ErrorCode::InvalidUpdateVersion),
    ];
    for (at, (broker, change, error)) in cases.into_iter().enumerate() {
        let request = AlterPartitionRequest { broker, broker_epoch: epochs[&broker], partitions: vec![change] };
        let Some(Response::AlterPartition(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
        let result = &answer.partitions[0];
        assert_eq!((answer.error, result.error), (ErrorCode::None, error), "case {at}");
        if error.is_ok() {
            assert_eq!((&result.isr, result.leader_epoch, result.partition_epoch), (&vec![leader, follower], 0, 1));
        }
    }
    let request = AlterPartitionRequest { broker: leader, broker_epoch: 0, partitions: vec![good] };
    let Some(Response::AlterPartition(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
    assert_eq!(answer.error, ErrorCode::StaleBrokerEpoch);
}

#[test]
fn unclean_elections_happen_only_when_asked_for() {
    let mut cluster = Cluster::new(Shape { elr: false, ..SEPARATE });
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 2);
    let replicas = cluster.image().topic("orders").expect("it exists").partitions[0].replicas.clone();
    cluster.kill(replicas[1].0);
    cluster.run_ms(12_000);
    cluster.kill(replicas[0].0);
    cluster.run_ms(12_000);
    cluster.world.start(cluster.nodes[&replicas[1].0]);
    cluster.run_ms(12_000);
    let before = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(
        (before.leader, before.isr.clone()),
        (BrokerId::NONE, vec![replicas[0]]),
        "only the last in sync may lead"
    );
    let elect = |cluster: &mut Cluster, unclean| {
        let request = ElectLeadersRequest { unclean, partitions: Some(vec![("orders".into(), 0)]), timeout_ms: 30_000 };
        match cluster.ask(request, 1_000) {
            Some(Response::ElectLeaders(answer)) => answer.partitions[0].2,
            other => panic!("no answer: {other:?}"),
        }
    };
    assert_eq!(elect(&mut cluster, false), ErrorCode::PreferredLeaderNotAvailable);
    assert_eq!(elect(&mut cluster, true), ErrorCode::None);
    let after = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(
        (after.leader, after.isr.clone(), after.leader_epoch),
        (replicas[1], vec![replicas[1]], before.leader_epoch + 1)
    );
    assert_eq!(elect(&mut cluster, true), ErrorCode::ElectionNotNeeded);
}

#[test]
fn configs_are_checked_and_replayed() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 1);
    let mut alter = |kind, name: &str, config: &str, value: Option<&str>| {
        let request = IncrementalAlterConfigsRequest {
            resource: ConfigResource { kind, name: name.into() },
            changes: vec![(config.into(), ConfigOp::of(value.map(Into::into)))],
            validate_only: false,
        };
        match cluster.ask(request, 500) {
            Some(Response::IncrementalAlterConfigs(answer)) => {
                (answer.error, answer.message.map(|text| text.to_string()))
            }
            other => panic!("no answer: {other:?}"),
        }
    };
    use ConfigResourceKind::{Broker, Topic};
    assert_eq!(alter(Topic, "orders", "retention.ms", Some("1000")), (ErrorCode::None, None));
    let refused = |error, text: &str| (error, Some(text.to_owned()));
    assert_eq!(
        alter(Topic, "orders", "retention.ms", Some("abc")),
        refused(
            ErrorCode::InvalidConfig,
            "Invalid value abc for configuration retention.ms: Not a number of type LONG"
        )
    );
    assert_eq!(
        alter(Topic, "orders", "foo.bar", Some("1")),
        refused(ErrorCode::InvalidConfig, "Unknown topic config name: foo.bar")
    );
    assert_eq!(alter(Topic, "nope", "retention.ms", Some("1")).0, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(alter(Broker, "9", "log.retention.ms", Some("1")).0, ErrorCode::BrokerIdNotRegistered);
    let elr =
        refused(ErrorCode::InvalidConfig, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
    assert_eq!(alter(Broker, "", "min.insync.replicas", None), elr);
    assert_eq!(cluster.image().config(Topic, "orders", "retention.ms").map(|value| &**value), Some("1000"));
}

#[test]
fn the_leader_describes_its_quorum() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let Some(Response::DescribeQuorum(answer)) = cluster.ask(DescribeQuorumRequest { detail: true }, 500) else {
        panic!("no answer")
    };
    assert_eq!(answer.leader, BrokerId(cluster.leader()));
    assert_eq!(answer.voters.iter().map(|voter| voter.id.0).collect::<Vec<_>>(), [101, 102, 103]);
    assert_eq!(answer.observers.iter().map(|observer| observer.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    for replica in answer.voters.iter().chain(&answer.observers) {
        assert!(answer.high_watermark - replica.log_end_offset <= 1, "everybody keeps up");
    }
}

#[test]
fn leaders_move_back_to_preferred_replicas_within_five_minutes() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 2);
    cluster.world.order(cluster.nodes[&2], Order::Terminate);
    cluster.run_ms(8_000);
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(300_000);
    for partition in &cluster.image().topic("orders").expect("it exists").partitions {
        // Where the preferred replica is in sync again, it leads again.
        if partition.isr.contains(&partition.replicas[0]) {
            assert_eq!(partition.leader, partition.replicas[0]);
        }
    }
}

#[test]
fn a_crashed_last_replica_leads_again_once_it_is_back() {
    for elr in [true, false] {
        for combined in [true, false] {
            let mut cluster = Cluster::new(Shape { elr, combined, ..ONE_OF_EACH });
            cluster.run_ms(8_000);
            cluster.create("orders", 1, 1);
            cluster.kill(1);
            cluster.run_ms(12_000);
            cluster.world.start(cluster.nodes[&1]);
            cluster.run_ms(15_000);
            let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
            assert_eq!(
                (partition.leader, &partition.isr[..]),
                (BrokerId(1), &[BrokerId(1)][..]),
                "elr {elr}, combined {combined}"
            );
        }
    }
}

#[test]
fn a_lone_combined_node_stops_and_starts_in_good_order() {
    let mut cluster = Cluster::new(Shape { combined: true, ..ONE_OF_EACH });
    cluster.run_ms(8_000);
    cluster.create("orders", 1, 1);
    cluster.world.order(cluster.nodes[&1], Order::Terminate);
    cluster.run_ms(5_000);
    assert!(!cluster.is_up(1));
    cluster.world.start(cluster.nodes[&1]);
    cluster.run_ms(8_000);
    let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!((partition.leader, partition.recovering), (BrokerId(1), false), "a clean stop keeps it eligible");
}

#[test]
fn power_loss_takes_nothing_from_the_metadata_log() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 3);
    for id in [101, 102, 103] {
        assert!(cluster.world.power_off(cluster.nodes[&id]));
    }
    cluster.run_ms(3_000);
    for id in [101, 102, 103] {
        cluster.world.start(cluster.nodes[&id]);
    }
    cluster.run_ms(12_000);
    assert!(cluster.image().topic("orders").is_some());
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)]);
}

// ---- determinism and cost

#[test]
fn an_idle_cluster_costs_few_events() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(60_000);
    let before = cluster.world.events();
    cluster.run_ms(60_000);
    let a_second = (cluster.world.events() - before) / 60;
    assert!(a_second < 200, "{a_second} events a second");
}

#[test]
fn a_node_that_was_away_for_long_gets_a_snapshot() {
    let mut cluster = Cluster::new(Shape { controllers: 3, brokers: 1, ..SEPARATE });
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 1);
    let away = if cluster.leader() == 101 { 102 } else { 101 };
    cluster.kill(away);
    cluster.run_ms(4 * 3_600_000);
    let leader = cluster.leader();
    assert!(cluster.process(leader).raft().log().start_offset() > cluster.process(away).raft().log().end_offset());
    cluster.world.start(cluster.nodes[&away]);
    cluster.run_ms(5_250);
    let (mut there, mut here) = (cluster.process(away).image().as_ref().clone(), cluster.image().clone());
    (there.offset, here.offset) = (0, 0);
    assert_eq!(there, here);
    assert!(there.topic("orders").is_some());
    assert!(cluster.process(away).raft().log_end() + 1 >= cluster.process(leader).raft().log_end());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut cluster = Cluster::new(Shape { seed, ..SEPARATE });
        cluster.run_ms(12_000);
        cluster.create("orders", 6, 3);
        cluster.kill(1);
        cluster.run_ms(15_000);
        cluster.world.digest()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn an_idle_day_keeps_the_metadata_log_short() {
    let mut cluster = Cluster::new(Shape { brokers: 0, controllers: 1, ..SEPARATE });
    cluster.run_ms(24 * 3_600_000);
    let log = cluster.process(101).raft().log();
    assert!(log.end_offset() > 170_000, "a NoOp every 500 ms");
    assert!(log.end_offset() - log.start_offset() < 20_000, "but only the last hours are kept");
    cluster.kill(101);
    cluster.world.start(cluster.nodes[&101]);
    cluster.run_ms(5_000);
    assert_eq!(cluster.leader(), 101);
    assert!(cluster.image().features.contains_key("metadata.version"), "a snapshot stands for the rest");
}

/// KIP-339: `kafka-configs` sets and deletes; other programs also add to lists and take from them.
#[test]
fn lists_are_appended_to_and_subtracted_from() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 1);
    let mut alter = |config: &str, op: ConfigOp| {
        let request = IncrementalAlterConfigsRequest {
            resource: ConfigResource { kind: ConfigResourceKind::Topic, name: "orders".into() },
            changes: vec![(config.into(), op)],
            validate_only: false,
        };
        let Some(Response::IncrementalAlterConfigs(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
        let value = cluster.image().config(ConfigResourceKind::Topic, "orders", config).map(|value| value.to_string());
        (answer.message.map(|text| text.to_string()), value)
    };
    let is = |value: &str| (None, Some(value.to_owned()));
    // Nothing is set: the default is what it is added to.
    assert_eq!(alter("cleanup.policy", ConfigOp::Append("compact".into())), is("delete,compact"));
    assert_eq!(alter("cleanup.policy", ConfigOp::Append("compact".into())), is("delete,compact"));
    assert_eq!(alter("cleanup.policy", ConfigOp::Subtract("delete".into())), is("compact"));
    let throttled = "leader.replication.throttled.replicas";
    assert_eq!(alter(throttled, ConfigOp::Append("0:1,1:2".into())), is("0:1,1:2"));
    assert_eq!(alter(throttled, ConfigOp::Subtract("0:1,7:7".into())), is("1:2"));
    let refused = "Can't APPEND to key retention.ms because its type is not LIST.";
    assert_eq!(alter("retention.ms", ConfigOp::Append("1".into())), (Some(refused.into()), None));
}
