//! What a process is told before it starts: its `server.properties`, and the shape of its cluster.

use std::sync::Arc;

use kernel::{Address, Duration};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::metadata::Voter;
use protocol::{BrokerId, DirectoryId, Plant, Seldom};

/// Where brokers listen for clients and for each other.
pub const BROKER_PORT: u16 = 9092;
/// Where controllers listen.
pub const CONTROLLER_PORT: u16 = 9093;

/// Kafka's default of `log.dir`.
const LOG_DIR: &str = "/tmp/kafka-logs";

/// One process of a cluster.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct ProcessSpec {
    /// `node.id`.
    pub id: BrokerId,
    /// `process.roles` contains `broker`.
    pub is_broker: bool,
    /// `process.roles` contains `controller`.
    pub is_controller: bool,
    /// The host it runs on, which is also what it advertises.
    pub host: Name,
    /// `broker.rack`.
    pub rack: Option<Name>,
    /// The cluster it belongs to.
    pub cluster: Arc<ClusterSpec>,
    /// What its `server.properties` sets.
    pub overrides: SortedMap<Name, Name>,
    /// The log directories, by their places, whose disks were replaced since the node was made.
    pub replaced: Seldom<SortedMap<u8, Replaced>>,
}

/// A log directory on another disk than the first.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Replaced {
    /// How often it was replaced.
    pub times: u8,
    /// Whether it was formatted since.
    pub is_formatted: bool,
    /// What with, where the metadata log lies; none for what the cluster was formatted with.
    pub with: Seldom<Arc<Formatted>>,
}

/// What the storage of a node was formatted with (`Formatter`).
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Formatted {
    /// `directory.id`, where it was given.
    pub directory: Seldom<DirectoryId>,
    /// The levels of features that this controller writes down if it is the first of its quorum.
    pub features: Vec<(Name, i16)>,
    /// The first voters, by id; none if others know them.
    pub voters: Vec<Voter>,
}

/// What all processes of a cluster agree on when its storage is formatted.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct ClusterSpec {
    /// `cluster.id`.
    pub cluster_id: Name,
    /// `controller.quorum.voters`: ids and hosts, by id. They listen on [`CONTROLLER_PORT`].
    pub voters: Vec<(BrokerId, Name)>,
    /// Where voters may change, those are `controller.quorum.bootstrap.servers` instead, and these of them the first voters: their
    /// storage was formatted with `--initial-controllers`, that of others with `--no-initial-controllers` (KIP-853).
    pub initial_controllers: Seldom<Vec<BrokerId>>,
    /// Whether `eligible.leader.replicas.version=1` is set at format time (the default of new clusters, KIP-966).
    pub elr_enabled: bool,
    /// The bug that is planted, if any: for sweeps that show that their checks find it.
    pub plant: Plant,
    /// Seeds the replica placer with `java.util.Random` of this seed; otherwise it draws from the run's randomness.
    pub placement_seed: Option<i64>,
}

impl ClusterSpec {
    /// The address of one of the first voters.
    pub fn voter_address(&self, id: BrokerId) -> Option<Address> {
        let (_, host) = self.voters.iter().find(|(voter, _)| *voter == id)?;
        Some((host.clone(), CONTROLLER_PORT))
    }
}

impl ProcessSpec {
    /// Whether this bug is planted.
    pub fn has(&self, plant: Plant) -> bool {
        self.cluster.plant == plant
    }
    /// What `server.properties` sets for a name.
    pub fn property(&self, name: &str) -> Option<&Name> {
        self.overrides.get(name)
    }
    /// Its log directories: `log.dirs`, or `log.dir`.
    pub fn log_dirs(&self) -> impl Iterator<Item = &str> {
        let set = self.property("log.dirs").or_else(|| self.property("log.dir"));
        set.map_or(LOG_DIR, AsRef::as_ref).split(',').map(str::trim).filter(|dir| !dir.is_empty())
    }
    /// How many there are. Disks of a host are numbered in 32 bits.
    pub fn log_dir_count(&self) -> u8 {
        self.log_dirs().count().clamp(1, 32) as u8
    }
    /// The place of the one that the metadata log lies in: `metadata.log.dir`, or the first.
    pub fn metadata_dir(&self) -> u8 {
        let wanted = self.property("metadata.log.dir");
        let place = wanted.and_then(|wanted| self.log_dirs().position(|dir| *dir == **wanted));
        place.unwrap_or(0) as u8
    }
    /// Whether a log directory has a `meta.properties`.
    pub fn is_formatted(&self, place: u8) -> bool {
        self.replaced_dir(place).is_none_or(|replaced| replaced.is_formatted)
    }
    fn replaced_dir(&self, place: u8) -> Option<&Replaced> {
        self.replaced.0.as_ref()?.get(&place)
    }
    /// `directory.id` of one of its log directories, by its place in `log.dirs`.
    pub fn directory_id(&self, place: u8) -> DirectoryId {
        let replaced = self.replaced_dir(place);
        let given = replaced.and_then(|replaced| replaced.with.0.as_ref()?.directory.0);
        given
            .unwrap_or_else(|| self.cluster.directory_id(self.id, place, replaced.map_or(0, |replaced| replaced.times)))
    }
    /// What its storage was formatted with, if that was done again.
    pub fn formatted(&self) -> Option<&Formatted> {
        self.replaced_dir(self.metadata_dir())?.with.0.as_deref()
    }
    /// A number of `server.properties`, or its default. Values are validated where the cluster is specified.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.property(name).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
    }
    /// A time of `server.properties` in ms, or its default.
    pub fn millis(&self, name: &str, default: u64) -> Duration {
        Duration::from_millis(u64::try_from(self.number(name, default as i64)).unwrap_or(0))
    }
    /// A truth value of `server.properties`, or its default.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.property(name).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
    }
}
