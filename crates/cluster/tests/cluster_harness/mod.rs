//! A cluster of real processes and one scripted client, for tests.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::sync::Arc;

use cluster::{ClusterSpec, KafkaProcess, ProcessSpec};
use kernel::{
    Address, Calls, Death, Duration, Effects, Input, LinkSpec, Machine, NetworkSpec, NodeId, Order, Stamped, Time,
    World,
};
use ordered::SortedMap;
use protocol::api::ConfigResourceKind;
use protocol::api::Name;
use protocol::api::alter_partition_reassignments::{AlterPartitionReassignmentsRequest, WantedReassignment};
use protocol::api::create_topics::{CreateTopicsRequest, NewTopic};
use protocol::api::describe_configs::ConfigResource;
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResponse};
use protocol::api::incremental_alter_configs::{ConfigOp, IncrementalAlterConfigsRequest};
use protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest};
use protocol::api::produce::{ProducePartition, ProduceRequest, ProduceResult};
use protocol::batch::ProducerStamp;
use protocol::{
    Batch, BrokerId, ErrorCode, Message, Note, Record, Request, Response, TopicId, TopicPartition, wall_ms,
};

#[derive(Clone, Hash)]
pub enum Actor {
    Kafka(Box<KafkaProcess>),
    Client(Client),
}

/// Sends what the test puts into its outbox, and keeps the answers.
#[derive(Clone, Hash, Default)]
pub struct Client {
    outbox: VecDeque<(u32, u32, Address, Request)>,
    lanes: SortedMap<u32, Calls<u32>>,
    pub answers: SortedMap<u32, (Time, Option<Response>)>,
}

impl Machine for Actor {
    type Message = Message;
    type Note = Note;

    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Effects<Message, Note>) {
        match self {
            Actor::Kafka(process) => process.step(now, input, fx),
            Actor::Client(client) => client.step(now, input, fx),
        }
    }
    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }
    fn halt(&mut self, now: Time, death: Death) {
        if let Actor::Kafka(process) = self {
            process.halt(now, death);
        }
    }
}

impl Client {
    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Effects<Message, Note>) {
        match input {
            Input::Order(Order::Line(_)) => {
                for (handle, lane, to, request) in std::mem::take(&mut self.outbox) {
                    let calls = self.lanes.entry(lane).or_default();
                    calls.call(fx, now, &to, Duration::from_secs(3600), handle, |correlation| Message::Request {
                        correlation,
                        client_id: "test".into(),
                        request,
                    });
                }
            }
            Input::Message { conn, message } => {
                let Message::Response { correlation, response } = *message else { return };
                let handle = self.lanes.values_mut().find_map(|calls| calls.answered(now, conn, correlation));
                self.answers.insert(handle.expect("an answer has a question"), (now, Some(response)));
            }
            Input::Closed { conn, .. } => {
                for handle in self.lanes.values_mut().filter_map(|calls| calls.closed(conn)).flat_map(|(_, tags)| tags)
                {
                    self.answers.insert(handle, (now, None));
                }
            }
            _ => {}
        }
    }
}

pub struct Cluster {
    pub world: World<Actor>,
    pub brokers: Vec<NodeId>,
    pub client: NodeId,
    pub notes: Vec<Stamped<Note>>,
    last_handle: u32,
}

/// One way, without jitter: timelines can be checked to the microsecond.
pub const ONE_WAY: Duration = Duration::from_millis(1);

impl Cluster {
    /// `brokers` brokers and one controller (node 101), started and ready.
    pub fn new(seed: u64, brokers: u32, configs: &[(&str, &str)]) -> Cluster {
        Cluster::with_racks(seed, brokers, configs, |_| None)
    }

    /// As [`Cluster::new`], with or without eligible leader replicas (KIP-966).
    pub fn with_elr(elr_enabled: bool, seed: u64, brokers: u32, configs: &[(&str, &str)]) -> Cluster {
        Cluster::of(elr_enabled, seed, brokers, configs, |_| None)
    }

    /// As [`Cluster::new`], with brokers in racks.
    pub fn with_racks(
        seed: u64,
        brokers: u32,
        configs: &[(&str, &str)],
        rack: impl Fn(i32) -> Option<Name>,
    ) -> Cluster {
        Cluster::of(true, seed, brokers, configs, rack)
    }

    fn of(
        elr_enabled: bool,
        seed: u64,
        brokers: u32,
        configs: &[(&str, &str)],
        rack: impl Fn(i32) -> Option<Name>,
    ) -> Cluster {
        let link = LinkSpec { latency: ONE_WAY, jitter: Duration::ZERO, bytes_per_second: 0 };
        let mut world = World::new(seed, NetworkSpec { between: link, ..NetworkSpec::default() });
        let shared = Arc::new(ClusterSpec {
            cluster_id: "test-cluster".into(),
            voters: vec![(BrokerId(101), "controller-101".into())],
            initial_controllers: Default::default(),
            elr_enabled,
            plant: protocol::Plant::None,
            placement_seed: Some(0),
        });
        let spec = |id: i32, host: String, is_broker| ProcessSpec {
            id: BrokerId(id),
            is_broker,
            is_controller: !is_broker,
            host: host.as_str().into(),
            rack: rack(id),
            cluster: shared.clone(),
            overrides: configs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            replaced: Default::default(),
        };
        let mut add = |host: String, id: i32, is_broker| {
            let process = KafkaProcess::new(spec(id, host.clone(), is_broker));
            world.add_node(&host, Actor::Kafka(Box::new(process)))
        };
        let controller = add("controller-101".to_owned(), 101, false);
        let brokers: Vec<NodeId> = (1..=brokers as i32).map(|id| add(format!("broker-{id}"), id, true)).collect();
        let client = world.add_node("app-1", Actor::Client(Client::default()));
        for node in [controller].into_iter().chain(brokers.iter().copied()).chain([client]) {
            world.start(node);
        }
        let mut cluster = Cluster { world, brokers, client, notes: Vec::new(), last_handle: 0 };
        cluster.run(Duration::from_secs(10));
        cluster
    }

    pub fn run(&mut self, span: Duration) {
        let until = self.world.now() + span;
        self.world.run_until(until);
        self.notes.extend(self.world.take_notes());
        self.validate();
    }

    /// Every log of every broker keeps its invariants.
    pub fn validate(&self) {
        for id in 1..=self.brokers.len() as i32 {
            let broker = self.process(id).broker().expect("it is a broker");
            for (stored, _) in broker.replicas() {
                stored.log.validate().expect("the log keeps its invariants");
            }
        }
    }

    pub fn node(&self, id: i32) -> NodeId {
        self.brokers[id as usize - 1]
    }

    pub fn process(&self, id: i32) -> &KafkaProcess {
        match self.world.machine(self.node(id)) {
            Actor::Kafka(process) => process,
            Actor::Client(_) => panic!("node {id} is a client"),
        }
    }

    /// Sends a request to broker `id`; each `lane` is a connection of its own.
    pub fn ask(&mut self, lane: u32, id: i32, request: impl Into<Request>) -> u32 {
        self.last_handle += 1;
        let handle = self.last_handle;
        let to: Address = (format!("broker-{id}").as_str().into(), 9092);
        let Actor::Client(client) = self.world.machine_mut(self.client) else { panic!("the client is a client") };
        client.outbox.push_back((handle, lane, to, request.into()));
        self.world.order(self.client, Order::Line("go".into()));
        handle
    }

    pub fn answer(&self, handle: u32) -> Option<(Time, Option<Response>)> {
        let Actor::Client(client) = self.world.machine(self.client) else { panic!("the client is a client") };
        client.answers.get(&handle).cloned()
    }

    /// Runs until the answer is there, at most `within`.
    pub fn wait(&mut self, handle: u32, within: Duration) -> (Time, Option<Response>) {
        let until = self.world.now() + within;
        while self.answer(handle).is_none() && self.world.next_time().is_some_and(|next| next <= until) {
            self.world.step();
        }
        self.notes.extend(self.world.take_notes());
        self.answer(handle).expect("the answer comes in time")
    }

    pub fn call(&mut self, id: i32, request: impl Into<Request>) -> Response {
        let handle = self.ask(0, id, request);
        self.wait(handle, Duration::from_secs(60)).1.expect("the connection holds")
    }

    /// Creates a topic with this assignment and waits until it is everywhere.
    pub fn create_topic(&mut self, name: &str, assignments: &[&[i32]], configs: &[(&str, &str)]) -> TopicId {
        let created = self.try_create_topic(name, assignments, configs).expect("it can be created");
        self.run(Duration::from_secs(2));
        created
    }

    /// Asks for a topic with this assignment; the refusal with its text.
    pub fn try_create_topic(
        &mut self,
        name: &str,
        assignments: &[&[i32]],
        configs: &[(&str, &str)],
    ) -> Result<TopicId, (ErrorCode, String)> {
        let topic = NewTopic {
            name: name.into(),
            partitions: -1,
            replication_factor: -1,
            assignments: assignments.iter().map(|ids| ids.iter().map(|id| BrokerId(*id)).collect()).collect(),
            configs: configs.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect(),
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        let Response::CreateTopics(response) = self.call(1, request) else {
            panic!("CreateTopics answers CreateTopics")
        };
        let created = &response.topics[0];
        match created.error {
            ErrorCode::None => Ok(created.topic_id),
            error => Err((error, created.message.as_deref().unwrap_or_default().to_owned())),
        }
    }

    /// Moves partition 0 of a topic, or takes its move back.
    pub fn reassign(&mut self, topic: &str, replicas: Option<&[i32]>) -> Result<(), (ErrorCode, String)> {
        self.reassign_partition(topic, 0, replicas, true)
    }

    /// Moves a partition, or takes its move back; the refusal with its text.
    pub fn reassign_partition(
        &mut self,
        topic: &str,
        partition: i32,
        replicas: Option<&[i32]>,
        allow_replication_factor_change: bool,
    ) -> Result<(), (ErrorCode, String)> {
        let replicas = replicas.map(|ids| ids.iter().map(|id| BrokerId(*id)).collect());
        let partitions = vec![WantedReassignment { topic: topic.into(), partition, replicas }];
        let request = AlterPartitionReassignmentsRequest { partitions, allow_replication_factor_change };
        let Response::AlterPartitionReassignments(answer) = self.call(1, request) else { panic!("another answer") };
        assert!(answer.error.is_ok(), "each partition has an answer of its own");
        match &answer.partitions[0] {
            (_, _, ErrorCode::None, _) => Ok(()),
            (_, _, error, text) => Err((*error, text.as_deref().unwrap_or_default().to_owned())),
        }
    }

    /// Asks a broker to set a config; the refusal's text.
    pub fn alter_config(
        &mut self,
        broker: i32,
        kind: ConfigResourceKind,
        name: &str,
        config: &str,
        value: &str,
    ) -> Option<String> {
        let resource = ConfigResource { kind, name: name.into() };
        let changes = vec![(config.into(), ConfigOp::Set(value.into()))];
        let request = IncrementalAlterConfigsRequest { resource, changes, validate_only: false };
        let Response::IncrementalAlterConfigs(response) = self.call(broker, request) else { panic!("another answer") };
        (!response.error.is_ok()).then(|| format!("{:?}", response.message))
    }

    /// Sets a config that can be set.
    pub fn set_config(&mut self, broker: i32, kind: ConfigResourceKind, name: &str, config: &str, value: &str) {
        assert_eq!(self.alter_config(broker, kind, name, config, value), None);
    }

    pub fn batch(&self, value: &str) -> Batch {
        let record = Record::new(wall_ms(self.world.now().as_nanos()), None, Some(value.as_bytes()));
        Batch::new(vec![record], ProducerStamp::default())
    }

    /// Sends one record to partition 0 of a topic.
    pub fn produce(&mut self, lane: u32, id: i32, topic_id: TopicId, acks: i16, value: &str) -> u32 {
        let batch = self.batch(value);
        let partitions = vec![ProducePartition { topic_id, partition: 0, batch }];
        self.ask(lane, id, ProduceRequest { acks, timeout_ms: 30_000, partitions })
    }

    pub fn produced(&mut self, handle: u32) -> (Time, ProduceResult) {
        match self.wait(handle, Duration::from_secs(60)) {
            (at, Some(Response::Produce(response))) => (at, response.partitions[0].clone()),
            other => panic!("not a produce answer: {other:?}"),
        }
    }

    /// A consumer's fetch of partition 0.
    pub fn fetch(
        &mut self,
        lane: u32,
        id: i32,
        topic_id: TopicId,
        fetch_offset: i64,
        leader_epoch: i32,
        max_wait_ms: u32,
    ) -> u32 {
        let mut request = FetchRequest { max_wait_ms, ..fetch_of(&[(topic_id, fetch_offset)]) };
        request.partitions[0].current_leader_epoch = leader_epoch;
        self.ask(lane, id, request)
    }

    pub fn fetched(&mut self, handle: u32) -> (Time, FetchResponse) {
        match self.wait(handle, Duration::from_secs(60)) {
            (at, Some(Response::Fetch(response))) => (at, response),
            other => panic!("not a fetch answer: {other:?}"),
        }
    }

    pub fn list_offset(&mut self, id: i32, topic: &str, timestamp: i64) -> (ErrorCode, i64) {
        let asked = ListOffsetsPartition { topic: topic.into(), partition: 0, current_leader_epoch: -1, timestamp };
        let request = ListOffsetsRequest { replica: BrokerId::NONE, read_committed: false, partitions: vec![asked] };
        let Response::ListOffsets(response) = self.call(id, request) else { panic!("ListOffsets answers ListOffsets") };
        (response.partitions[0].error, response.partitions[0].offset)
    }

    /// (log end, high watermark) of broker `id`'s replica of partition 0.
    pub fn offsets(&self, id: i32, topic_id: TopicId) -> (i64, i64) {
        let broker = self.process(id).broker().expect("it is a broker");
        let (stored, _) = broker.replica(topic_id, 0).expect("it has a replica");
        (stored.log.log_end_offset(), stored.log.high_watermark())
    }

    /// The values in broker `id`'s replica of partition 0.
    pub fn values(&self, id: i32, topic_id: TopicId) -> Vec<String> {
        let broker = self.process(id).broker().expect("it is a broker");
        let (stored, _) = broker.replica(topic_id, 0).expect("it has a replica");
        let batches: Vec<Batch> = stored.log.batches_from(0).cloned().collect();
        let text = |record: &Record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
        batches.iter().flat_map(|batch| batch.records().iter().map(text)).collect()
    }

    /// Where broker `id`'s replica of partition 0 begins.
    pub fn log_start(&self, id: i32, topic_id: TopicId) -> i64 {
        let broker = self.process(id).broker().expect("it is a broker");
        broker.replica(topic_id, 0).expect("it has a replica").0.log.log_start_offset()
    }

    /// The committed partition 0 as broker `id` sees it: leader, epoch, ISR.
    pub fn partition(&self, id: i32, topic_id: TopicId) -> (i32, i32, Vec<i32>) {
        let record = self.process(id).image().partition(topic_id, 0).expect("the partition exists").clone();
        (record.leader.0, record.leader_epoch, record.isr.iter().map(|id| id.0).collect())
    }

    /// When the first note that `wanted` accepts was made, from `since` on.
    pub fn when(&self, since: Time, wanted: impl Fn(&Note) -> bool) -> Option<Time> {
        self.notes.iter().find(|stamped| stamped.at >= since && wanted(&stamped.note)).map(|stamped| stamped.at)
    }
}

/// A consumer's fetch of partition 0 of these topics from these offsets, without a session or patience.
pub fn fetch_of(asked: &[(TopicId, i64)]) -> FetchRequest {
    let partition = |(topic_id, fetch_offset): &(TopicId, i64)| FetchPartition {
        topic_id: *topic_id,
        partition: 0,
        current_leader_epoch: -1,
        fetch_offset: *fetch_offset,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        partition_max_bytes: 1 << 20,
    };
    FetchRequest {
        replica: BrokerId::NONE,
        replica_epoch: -1,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 52_428_800,
        read_committed: false,
        session_id: 0,
        session_epoch: -1,
        partitions: asked.iter().map(partition).collect(),
        forgotten: Vec::new(),
        raft_high_watermark: -1,
        rack: None,
        directory: Default::default(),
    }
}

pub fn tp(topic: &str) -> TopicPartition {
    TopicPartition::new(topic, 0)
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
