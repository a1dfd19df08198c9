//! Controllers and brokers as whole processes in a world, and a probe that asks them, for tests.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::sync::Arc;

use cluster::{ClusterSpec, KafkaProcess, MetadataImage, ProcessSpec};
use kernel::{ConnId, Death, Effects, Input, Machine, NetworkSpec, NodeId, Order, Time, World};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::create_topics::{CreateTopicsRequest, NewTopic};
use protocol::{BrokerId, ErrorCode, Message, Note, Request, Response, Seldom};

#[derive(Clone, Hash)]
#[allow(clippy::large_enum_variant)]
pub enum Actor {
    Kafka(KafkaProcess),
    Probe(Probe),
}

/// Sends one request to `to` when ordered, and keeps the answers.
#[derive(Clone, Hash, Default)]
pub struct Probe {
    pub to: Option<(Name, u16, Request)>,
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
            Input::Message { message, .. } => {
                if let Message::Response { response, .. } = *message {
                    probe.answers.push(response);
                }
            }
            _ => {}
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

pub struct Cluster {
    pub world: World<Actor>,
    pub nodes: SortedMap<i32, NodeId>,
    pub probe: NodeId,
    pub notes: Vec<(Time, Note)>,
}

#[derive(Clone, Copy)]
pub struct Shape {
    pub seed: u64,
    pub brokers: i32,
    pub controllers: i32,
    pub combined: bool,
    pub elr: bool,
    /// Voters stand in the log, and may change.
    pub dynamic: bool,
    /// Controllers that nodes know of from the beginning, and that are added later.
    pub later: (i32, i32),
    pub placement_seed: Option<i64>,
    /// What `server.properties` of every node sets.
    pub properties: &'static [(&'static str, &'static str)],
}

/// A metadata log of a few hours: an hour goes by before a snapshot is taken.
pub const KEPT_TWO_HOURS: &[(&str, &str)] = &[("metadata.max.retention.ms", "7200000")];

pub const SEPARATE: Shape = Shape {
    seed: 7,
    brokers: 3,
    controllers: 3,
    combined: false,
    elr: true,
    dynamic: false,
    later: (0, 0),
    placement_seed: None,
    properties: &[],
};
pub const ONE_OF_EACH: Shape = Shape { brokers: 1, controllers: 1, ..SEPARATE };

impl Cluster {
    pub fn new(shape: Shape) -> Cluster {
        let mut world = World::new(shape.seed, NetworkSpec::default());
        let name_of = |id: i32| if id > 100 { format!("controller-{id}") } else { format!("broker-{id}") };
        let first = if shape.combined { 1 } else { 101 };
        let controllers: Vec<i32> = (first..first + shape.controllers).collect();
        let initial = controllers.iter().map(|id| BrokerId(*id));
        let bootstrap = controllers.iter().copied().chain(shape.later.0..shape.later.1);
        let voters = bootstrap.map(|id| (BrokerId(id), name_of(id).into())).collect();
        let cluster = Arc::new(ClusterSpec {
            cluster_id: "kafkasim-test".into(),
            voters,
            initial_controllers: Seldom(shape.dynamic.then(|| initial.collect())),
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
                overrides: shape.properties.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
                replaced: Default::default(),
            };
            let node = world.add_node(&name_of(id), Actor::Kafka(KafkaProcess::new(spec)));
            world.start(node);
            nodes.insert(id, node);
        }
        let probe = world.add_node("app-1", Actor::Probe(Probe::default()));
        world.start(probe);
        Cluster { world, nodes, probe, notes: Vec::new() }
    }

    /// One more controller, formatted with `--no-initial-controllers`.
    pub fn add_controller(&mut self, id: i32) {
        self.add_controller_with(id, &[]);
    }
    pub fn add_controller_with(&mut self, id: i32, properties: &[(&str, &str)]) {
        let model = self.process(*self.nodes.keys().last().expect("there are nodes")).spec().clone();
        let host: Name = format!("controller-{id}").into();
        let overrides = properties.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let spec = ProcessSpec { id: BrokerId(id), host: host.clone(), overrides, ..ProcessSpec::clone(&model) };
        let node = self.world.add_node(&host, Actor::Kafka(KafkaProcess::new(spec)));
        self.world.start(node);
        self.nodes.insert(id, node);
    }
    pub fn run_ms(&mut self, ms: u64) {
        let until = self.world.now() + kernel::Duration::from_millis(ms);
        self.world.run_until(until);
        self.notes.extend(self.world.take_notes().into_iter().map(|stamped| (stamped.at, stamped.note)));
    }
    pub fn process(&self, id: i32) -> &KafkaProcess {
        match self.world.machine(self.nodes[&id]) {
            Actor::Kafka(process) => process,
            Actor::Probe(_) => panic!("{id} is no Kafka process"),
        }
    }
    pub fn is_up(&self, id: i32) -> bool {
        matches!(self.world.state(self.nodes[&id]), kernel::NodeState::Running)
    }
    pub fn leaders(&self) -> Vec<i32> {
        let is_leader = |id: &i32| self.is_up(*id) && self.process(*id).raft().is_leader();
        self.nodes.keys().copied().filter(is_leader).collect()
    }
    pub fn leader(&self) -> i32 {
        let leaders = self.leaders();
        assert_eq!(leaders.len(), 1, "exactly one leader");
        leaders[0]
    }
    pub fn kill(&mut self, id: i32) {
        assert!(self.world.kill(self.nodes[&id]));
    }
    pub fn image(&self) -> &MetadataImage {
        self.process(self.leader()).image()
    }
    pub fn fenced(&self) -> Vec<(i32, bool)> {
        self.image().brokers.iter().map(|(id, broker)| (id.0, broker.fenced)).collect()
    }

    /// Asks the active controller, and runs until it has answered or `ms` are over.
    pub fn ask(&mut self, request: impl Into<Request>, ms: u64) -> Option<Response> {
        let (host, port) = self.process(self.leader()).raft().leader_address().expect("a leader knows itself");
        self.ask_at((host, port), request.into(), ms)
    }
    pub fn ask_at(&mut self, to: (Name, u16), request: Request, ms: u64) -> Option<Response> {
        let Actor::Probe(probe) = self.world.machine_mut(self.probe) else { panic!("the probe is a probe") };
        probe.to = Some((to.0, to.1, request));
        probe.answers.clear();
        self.world.order(self.probe, Order::Line("go".into()));
        self.run_ms(ms);
        self.answers().first().cloned()
    }
    /// The answers to what was asked last.
    pub fn answers(&self) -> &[Response] {
        let Actor::Probe(probe) = self.world.machine(self.probe) else { panic!("the probe is a probe") };
        &probe.answers
    }
    pub fn create(&mut self, name: &str, partitions: i32, replicas: i16) -> (ErrorCode, Option<Name>) {
        match self.ask(create_topic(name, partitions, replicas), 1000) {
            Some(Response::CreateTopics(answer)) => (answer.topics[0].error, answer.topics[0].message.clone()),
            other => panic!("no answer to CreateTopics: {other:?}"),
        }
    }
}

pub fn create_topic(name: &str, partitions: i32, replication_factor: i16) -> CreateTopicsRequest {
    let topic =
        NewTopic { name: name.into(), partitions, replication_factor, assignments: Vec::new(), configs: Vec::new() };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false }
}
