//! Which node is which: brokers, controllers and programs by their names and ids.

use std::fmt;
use std::sync::Arc;

use cluster::{ClusterSpec, KafkaProcess, ProcessSpec};
use kernel::{Duration, LinkSpec, NetworkSpec, NodeId, World};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::{BrokerId, DirectoryId, Plant, Seldom};

use crate::Actor;
use crate::scenario::{ClusterShape, Scenario};

/// The first id of separate controllers.
const FIRST_CONTROLLER_ID: i32 = 101;
/// The port clients and brokers talk to brokers on.
pub const BROKER_PORT: u16 = 9092;
/// The port controllers listen on.
const CONTROLLER_PORT: u16 = 9093;

/// The Kafka processes of a lab.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Brokers by id.
    pub brokers: SortedMap<BrokerId, NodeId>,
    /// Controllers by id; a combined process is here and among the brokers.
    pub controllers: SortedMap<BrokerId, NodeId>,
}

impl Layout {
    /// The process that `text` names: `2`, `broker 2`, `broker-2`, `controller 101`, `controller-101`.
    pub fn find(&self, text: &str) -> Option<NodeId> {
        let (kind, number) = match text.rsplit_once([' ', '-']) {
            Some((kind, number)) => (kind.trim(), number),
            None => ("", text),
        };
        let id = BrokerId(number.parse().ok()?);
        match kind {
            "broker" | "kafka" => self.brokers.get(&id).copied(),
            "controller" => self.controllers.get(&id).copied(),
            "" => self.brokers.get(&id).or_else(|| self.controllers.get(&id)).copied(),
            _ => None,
        }
    }
    /// All Kafka processes, brokers first, each once.
    pub fn processes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.brokers.values().chain(self.controllers.values()).copied().collect();
        let mut seen = ordered::SortedSet::new();
        nodes.retain(|node| seen.insert(*node));
        nodes
    }
}

/// A world with the scenario's cluster in it, not started.
pub(crate) fn build(scenario: &Scenario) -> (World<Actor>, Layout) {
    let mut world = World::new(scenario.seed, network(&scenario.cluster));
    let shape = &scenario.cluster;
    let broker_ids: Vec<BrokerId> = (1..=shape.brokers as i32).map(BrokerId).collect();
    let controller_ids: Vec<BrokerId> = match shape.combined {
        true => broker_ids.iter().copied().take(shape.controllers as usize).collect(),
        false => (0..shape.controllers as i32).map(|n| BrokerId(FIRST_CONTROLLER_ID + n)).collect(),
    };
    let host = |id: &BrokerId| -> Name {
        match broker_ids.contains(id) {
            true => format!("broker-{id}").into(),
            false => format!("controller-{id}").into(),
        }
    };
    let cluster = Arc::new(ClusterSpec {
        voters: controller_ids.iter().map(|id| (*id, host(id))).collect(),
        initial_controllers: Seldom(shape.dynamic_quorum.then_some(controller_ids.clone())),
        plant: scenario.plant.0,
        ..bare(scenario.seed)
    });
    let overrides: SortedMap<Name, Name> =
        shape.configs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();

    let mut layout = Layout::default();
    let separate = controller_ids.iter().filter(|id| !broker_ids.contains(id));
    for id in broker_ids.iter().chain(separate) {
        let is_broker = broker_ids.contains(id);
        let spec = ProcessSpec {
            id: *id,
            is_broker,
            is_controller: controller_ids.contains(id),
            host: host(id),
            rack: is_broker.then(|| shape.racks.get(id.0 as usize - 1)).flatten().map(|rack| rack.as_str().into()),
            cluster: cluster.clone(),
            overrides: overrides.clone(),
            replaced: Seldom::default(),
        };
        let node = world.add_node(&host(id), Actor::Kafka(Box::new(KafkaProcess::new(spec))));
        if is_broker {
            layout.brokers.insert(*id, node);
            publish(&mut world, *id, node);
        }
        if controller_ids.contains(id) {
            layout.controllers.insert(*id, node);
            publish_controller(&mut world, *id, node, broker_ids.len());
        }
    }
    (world, layout)
}

/// A cluster of nobody.
fn bare(seed: u64) -> ClusterSpec {
    ClusterSpec {
        cluster_id: cluster_id(seed),
        voters: Vec::new(),
        initial_controllers: Seldom::default(),
        elr_enabled: true,
        plant: Plant::None,
        placement_seed: None,
    }
}

/// `directory.id` of the metadata log of a controller, in a scenario of that seed.
pub(crate) fn controller_directory(seed: u64, id: BrokerId) -> DirectoryId {
    bare(seed).directory_id(id, 0, 0)
}

/// The `server.properties` of a process as the terminal sees them: with its log directories where they are mounted.
#[derive(Clone, Copy)]
pub(crate) struct Properties<'a> {
    pub(crate) id: i32,
    pub(crate) is_broker: bool,
    pub(crate) is_controller: bool,
    /// Where it is reached.
    pub(crate) name: &'a str,
    pub(crate) log_dirs: &'a [&'a str],
    /// What else the process is configured with, if there is one already.
    pub(crate) spec: Option<&'a ProcessSpec>,
}

impl<'a> Properties<'a> {
    /// Of a process of a lab, and its log directories.
    pub(crate) fn of(spec: &'a ProcessSpec, log_dirs: &'a [&'a str]) -> Properties<'a> {
        let ProcessSpec { is_broker, is_controller, .. } = *spec;
        Properties { id: spec.id.0, is_broker, is_controller, name: &spec.host, log_dirs, spec: Some(spec) }
    }

    /// What it is, and where it listens as that.
    fn roles(&self) -> impl Iterator<Item = (&'static str, String)> {
        let broker = self.is_broker.then(|| ("broker", format!("PLAINTEXT://{}:{BROKER_PORT}", self.name)));
        let controller =
            self.is_controller.then(|| ("controller", format!("CONTROLLER://{}:{CONTROLLER_PORT}", self.name)));
        broker.into_iter().chain(controller)
    }

    /// Where the terminal finds a log directory.
    fn mounted(&self, dir: &str) -> String {
        let kind = if self.is_broker { "kafka" } else { "controller" };
        let last = if self.log_dirs.len() > 1 { dir.rsplit('/').next().unwrap_or(dir) } else { "kafka-logs" };
        format!("data/{kind}{}/{last}", self.id)
    }
}

impl fmt::Display for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (roles, listeners): (Vec<&str>, Vec<String>) = self.roles().unzip();
        let dirs: Vec<String> = self.log_dirs.iter().map(|dir| self.mounted(dir)).collect();
        writeln!(f, "process.roles={}\nnode.id={}", roles.join(","), self.id)?;
        writeln!(f, "controller.listener.names=CONTROLLER\nlisteners={}", listeners.join(","))?;
        if let Some(spec) = self.spec {
            writeln!(f, "{}", quorum(&spec.cluster))?;
        }
        writeln!(f, "log.dirs={}", dirs.join(","))?;
        let metadata = self.spec.and_then(|spec| spec.property("metadata.log.dir"));
        metadata.map_or(Ok(()), |dir| writeln!(f, "metadata.log.dir={}", self.mounted(dir)))
    }
}

/// How a process of that cluster finds the controllers: the line of its properties.
fn quorum(cluster: &ClusterSpec) -> String {
    let has_ids = cluster.initial_controllers.0.is_none();
    let address = |(id, host): &(BrokerId, Name)| match has_ids {
        true => format!("{id}@{host}:{CONTROLLER_PORT}"),
        false => format!("{host}:{CONTROLLER_PORT}"),
    };
    let name = if has_ids { "controller.quorum.voters" } else { "controller.quorum.bootstrap.servers" };
    format!("{name}={}", cluster.voters.iter().map(address).collect::<Vec<_>>().join(","))
}

/// One more controller, of a quorum whose voters may change. Why not, otherwise.
pub(crate) fn add_controller(world: &mut World<Actor>, layout: &mut Layout) -> Result<NodeId, String> {
    const CONTROLLERS_MAX: usize = 20;
    let processes: Vec<_> = layout.controllers.values().filter_map(|node| world.machine(*node).kafka()).collect();
    let Some(model) = processes.iter().find(|process| process.raft().voter_history().last_offset().is_some()) else {
        return Err("the voters of this quorum are static. Let the scenario say cluster.dynamic_quorum, or upgrade it: kafka-features \
                    upgrade --feature kraft.version=1"
            .into());
    };
    if processes.len() >= CONTROLLERS_MAX {
        return Err(format!("there are {CONTROLLERS_MAX} controllers already"));
    }
    let last = layout.controllers.keys().last().map_or(0, |id| id.0);
    let id = BrokerId((last + 1).max(FIRST_CONTROLLER_ID));
    let host: Name = format!("controller-{id}").into();
    // All others are its controller.quorum.bootstrap.servers.
    let voters = processes.iter().map(|process| (process.spec().id, process.spec().host.clone())).collect();
    let initial_controllers = Seldom(Some(Vec::new()));
    let cluster = ClusterSpec { voters, initial_controllers, ..ClusterSpec::clone(&model.spec().cluster) };
    let spec = ProcessSpec {
        id,
        is_broker: false,
        is_controller: true,
        host: host.clone(),
        rack: None,
        cluster: Arc::new(cluster),
        overrides: model.spec().overrides.clone(),
        replaced: Seldom::default(),
    };
    let node = world.add_node(&host, Actor::Kafka(Box::new(KafkaProcess::new(spec))));
    layout.controllers.insert(id, node);
    publish_controller(world, id, node, layout.brokers.len());
    Ok(node)
}

/// The addresses people type for a broker, beside its advertised one.
fn publish(world: &mut World<Actor>, id: BrokerId, node: NodeId) {
    let number = id.0 as u16;
    for host in ["localhost", "127.0.0.1", ""] {
        world.publish(host, BROKER_PORT + number - 1, node, BROKER_PORT);
        if number == 1 {
            // The port-forward of the k3d workshop.
            world.publish(host, 19092, node, BROKER_PORT);
        }
    }
    for host in [format!("kafka{number}"), format!("kafka-{number}")] {
        world.publish(&host, BROKER_PORT, node, BROKER_PORT);
    }
    if number == 1 {
        world.publish("kafka", BROKER_PORT, node, BROKER_PORT);
    }
}

/// The addresses people type for a controller, beside its advertised one. `localhost:9093` is that of the first, as in Kafka's
/// quickstart, unless a broker has it.
fn publish_controller(world: &mut World<Actor>, id: BrokerId, node: NodeId, brokers: usize) {
    for kind in ["controller", "kafka", "kafka-"] {
        world.publish(&format!("{kind}{id}"), CONTROLLER_PORT, node, CONTROLLER_PORT);
    }
    if brokers == 1 && (id.0 == 1 || id.0 == FIRST_CONTROLLER_ID) {
        world.publish("localhost", CONTROLLER_PORT, node, CONTROLLER_PORT);
        world.publish("127.0.0.1", CONTROLLER_PORT, node, CONTROLLER_PORT);
    }
}

fn network(shape: &ClusterShape) -> NetworkSpec {
    let usual = NetworkSpec::default();
    match shape.latency {
        None => usual,
        Some(span) => {
            let jitter = Duration::from_nanos(span.0.as_nanos() / 5);
            NetworkSpec { between: LinkSpec { latency: span.0, jitter, ..usual.between }, ..usual }
        }
    }
}

/// A cluster id as `kafka-storage random-uuid` makes them.
fn cluster_id(seed: u64) -> Name {
    let mut rng = kernel::Rng::new(seed, PURPOSE_CLUSTER_ID, 0);
    let bits = (u128::from(rng.bits()) << 64) | u128::from(rng.bits());
    protocol::TopicId::from_random_bits(bits).to_string().into()
}

const PURPOSE_CLUSTER_ID: u32 = 1_000;
