//! A broker's log directories (JBOD: `LogManager`, `LogDirFailureChannel`, KIP-112, KIP-858): where a new replica goes, and what becomes
//! of the replicas of a directory that fails. Their ids stand in the metadata log; a broker tells where its replicas lie.
//!
//! A failure is found by the next write: an append, or the checkpoint of high watermarks every five seconds. When the directory
//! of the metadata log fails, or the last one, the process ends. Left out: reading from a failed disk.

use std::hash::{Hash, Hasher};

use kernel::{Calls, Duration};
use ordered::{SortedMap, SortedSet};
use protocol::api::assign_replicas_to_dirs::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use protocol::api::{ConfigResourceKind, Name};
use protocol::config::{CORDONED_LOG_DIRS, cordoned_log_dirs, log_config_names};
use protocol::metadata::PartitionRecord;
use protocol::{DirectoryId, ErrorCode, Note, PartitionIndex, Seldom, TopicId, TopicPartition};

use super::disk::{ReplicaIndex, StoredReplica};
use super::topic_configs::broker_layers;
use super::{Broker, TimerKey, Work};
use crate::image::MetadataImage;
use crate::process::{Context, Fx, wall_ms};
use crate::spec::ProcessSpec;

/// A log directory by its place in `log.dirs`.
pub type DirIndex = u8;

/// Some directories, as bits by their places. None of them leaves digests as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DirSet(u32);

impl DirSet {
    pub(crate) fn contains(self, dir: DirIndex) -> bool {
        self.0 & (1 << dir) != 0
    }
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub(super) fn insert(&mut self, dir: DirIndex) {
        self.0 |= 1 << dir;
    }
    pub(super) fn remove(&mut self, dir: DirIndex) {
        self.0 &= !(1 << dir);
    }
    pub(super) fn iter(self) -> impl Iterator<Item = DirIndex> {
        (0..32).filter(move |dir| self.contains(*dir))
    }
    /// Those that there can be, by the place.
    pub(super) fn of(is_in: impl Fn(DirIndex) -> bool) -> DirSet {
        DirSet((0..32).filter(|dir| is_in(*dir)).fold(0, |bits, dir| bits | 1 << dir))
    }
}

impl Hash for DirSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.is_empty() {
            self.0.hash(state);
        }
    }
}

/// What is known of the directories, and what the controller is to be told.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Dirs {
    /// Those that have failed since the process started, or before.
    failed: SortedSet<DirIndex>,
    /// Failures the controller has not been told of.
    news: Vec<DirIndex>,
    /// Where replicas are to go that are not here yet (`LogManager#preferredLogDirs`).
    pub(super) preferred: SortedMap<TopicPartition, DirIndex>,
    /// Where replicas lie, or will, that the metadata log has elsewhere (`AssignmentsManager`).
    unassigned: SortedMap<(TopicId, PartitionIndex), DirectoryId>,
    in_flight: Option<Vec<(TopicId, PartitionIndex, DirectoryId)>>,
    pub(super) calls: Calls<()>,
    /// How often in a row that failed.
    failures: Seldom<u32>,
    cordons: Cordons,
}

/// The cordons that the logs have been told of (`LogManager#updateCordonedLogDirs`). A broker that starts has told of none: they
/// are looked at when a config of the logs changes, even those of `server.properties`. `min.insync.replicas` is one, and eligible
/// leader replicas (KIP-966) set it for all brokers: so it is with the first metadata, unless they are off.
#[derive(Clone, Debug, Default)]
struct Cordons {
    in_force: DirSet,
    /// The configs of the logs that are set at run time and are not what `server.properties` says, while that cordons directories.
    log_configs: Vec<(&'static str, Name)>,
}

/// Where there is no such thing, digests stay as they are.
impl Hash for Cordons {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.in_force.hash(state);
        if !self.log_configs.is_empty() {
            self.log_configs.hash(state);
        }
    }
}

impl Dirs {
    pub(super) fn is_live(&self, dir: DirIndex) -> bool {
        !self.failed.contains(&dir)
    }
}

/// What is to be told waits so long for more, and after failures twice as long each time (`AssignmentsManagerDeadlineFunction`, without its
/// jitter of a fiftieth).
const DELAY_MS: u64 = 100;
const DELAY_MAX_MS: u64 = 10_000;
/// `AssignReplicasToDirsRequest.MAX_ASSIGNMENTS_PER_REQUEST`. So many wait for no more.
const ASSIGNMENTS_MAX: usize = 2_250;

impl Broker {
    /// The directories of this broker that work, in order.
    fn live_dirs(&self, cx: &Context<'_>) -> impl Iterator<Item = DirIndex> {
        (0..cx.spec.log_dir_count()).filter(|dir| self.soft.dirs.is_live(*dir))
    }

    /// Whether a directory has failed.
    pub(super) fn is_dir_failed(&self, dir: DirIndex) -> bool {
        !self.soft.dirs.is_live(dir)
    }

    /// The process starts: what lies in directories that do not work is not there. The broker registers with the others.
    pub fn find_dirs(&mut self, cx: &Context<'_>, fx: &Fx) {
        self.soft.dirs.failed = failed_dirs(cx.spec, fx).collect();
        self.mount();
        let dirs = &self.soft.dirs;
        self.disk.top.start((0..cx.spec.log_dir_count()).filter(|dir| dirs.is_live(*dir)), wall_ms(cx.now, fx));
    }

    /// Its logs are about to be loaded: directories that have failed since it registered cannot be read, and the controller hears
    /// of it (`LogManager#loadLogs`).
    pub fn read_dirs(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let new: Vec<DirIndex> = failed_dirs(cx.spec, fx).filter(|dir| !self.is_dir_failed(*dir)).collect();
        self.soft.dirs.failed.extend(new.iter().copied());
        self.mount();
        new.into_iter().for_each(|dir| self.fail_dir(cx, fx, dir));
    }

    fn mount(&mut self) {
        let dirs = &self.soft.dirs;
        self.disk.mount(|dir| dirs.is_live(dir));
    }

    /// A directory is on a new, empty disk. The process does not run.
    pub fn lose_dir(&mut self, dir: DirIndex) {
        self.disk.lose(dir);
    }

    /// A partition's replica, if it lies in a directory that does not work.
    pub fn offline_replica(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<&StoredReplica> {
        self.disk.offline_replica(topic_id, partition)
    }

    /// Where the log of a new replica goes: where it was told to, where the metadata log has it, or to the directory with the fewest
    /// (`LogManager#nextLogDirs`). None if it may lie in one that has failed (`Partition#createLogInAssignedDirectoryId`).
    pub(super) fn dir_for(&self, cx: &Context<'_>, tp: &TopicPartition, record: &PartitionRecord) -> Option<DirIndex> {
        let count = cx.spec.log_dir_count();
        if count == 1 {
            return Some(0);
        }
        let assigned = record.directory_of(self.id);
        let is_known = (0..count).find(|dir| cx.spec.directory_id(*dir) == assigned);
        // One that is not known may be a directory that could not be read.
        let may_have_failed = assigned != DirectoryId::UNASSIGNED && self.live_dirs(cx).count() < usize::from(count);
        if is_known.map_or(may_have_failed, |dir| self.is_dir_failed(dir)) {
            return None;
        }
        let preferred = self.soft.dirs.preferred.get(tp).copied().filter(|dir| !self.is_dir_failed(*dir));
        let next =
            || self.live_dirs(cx).filter(|dir| !self.is_cordoned(*dir)).min_by_key(|dir| self.disk.logs_in(*dir));
        // If all are cordoned, the first has to do.
        preferred.or(is_known).or_else(next).or_else(|| self.live_dirs(cx).next())
    }

    /// Whether a directory takes no new replicas.
    pub(super) fn is_cordoned(&self, dir: DirIndex) -> bool {
        self.soft.dirs.cordons.in_force.contains(dir)
    }

    /// What is set on brokers at run time may have changed (`DynamicLogConfig#reconfigure`).
    pub(super) fn reload_cordons(&mut self, cx: &Context<'_>) {
        let cordons = &mut self.soft.dirs.cordons;
        // Without those of `server.properties` a change of the cordons is itself the change that is waited for.
        if cx.spec.property(CORDONED_LOG_DIRS).is_some() {
            let log_configs = changed_log_configs(cx);
            if cordons.log_configs == log_configs {
                return;
            }
            cordons.log_configs = log_configs;
        }
        cordons.in_force = cordoned_dirs(cx.spec, cx.image);
    }

    /// The metadata log is told where a replica lies, unless it knows.
    pub(super) fn assign_dir(&mut self, cx: &Context<'_>, index: ReplicaIndex, record: &PartitionRecord) {
        let Some(dir) = self.disk.get(index).map(|replica| cx.spec.directory_id(replica.dir)) else { return };
        let key = (record.topic_id, record.partition);
        if record.directory_of(self.id) != dir {
            self.assign_later(key, dir);
        }
    }

    pub(super) fn assign_later(&mut self, key: (TopicId, PartitionIndex), dir: DirectoryId) {
        if self.soft.dirs.unassigned.is_empty() {
            self.soft.work.push_back(Work::AssignDirs);
        }
        self.soft.dirs.unassigned.insert(key, dir);
    }

    /// Sees to it that the controller is told soon.
    pub(super) fn plan_dir_assignments(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        let dirs = &self.soft.dirs;
        if dirs.in_flight.is_some() || dirs.unassigned.is_empty() {
            return;
        }
        let delay_ms = match dirs.failures.0.unwrap_or(0) {
            0 if dirs.unassigned.len() > ASSIGNMENTS_MAX => 0,
            failures => (DELAY_MS << failures.min(10)).min(DELAY_MAX_MS),
        };
        self.soft.timers.arm_once(fx, cx.now + Duration::from_millis(delay_ms), TimerKey::AssignDirsBackoff);
    }

    /// Tells the controller, in one request at a time.
    pub(super) fn send_dir_assignments(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        if self.soft.dirs.in_flight.is_some() || self.soft.dirs.unassigned.is_empty() {
            return;
        }
        let Some(controller) = cx.controller() else { return self.plan_dir_assignments(cx, fx) };
        let is_mine = |key: &(TopicId, PartitionIndex)| {
            cx.image.partition(key.0, key.1).is_some_and(|record| record.replicas.contains(&self.id))
        };
        let unassigned = std::mem::take(&mut self.soft.dirs.unassigned);
        let mut mine = unassigned.into_iter().filter(|(key, _)| is_mine(key));
        let replicas: Vec<_> = mine.by_ref().take(ASSIGNMENTS_MAX).map(|(k, dir)| (k.0, k.1, dir)).collect();
        self.soft.dirs.unassigned = mine.collect();
        if replicas.is_empty() {
            return;
        }
        self.soft.dirs.in_flight = Some(replicas.clone());
        let request = AssignReplicasToDirsRequest { broker: self.id, broker_epoch: cx.broker_epoch, replicas };
        self.ask_controller(cx, fx, &controller, "directory-assignments", |soft| &mut soft.dirs.calls, request);
    }

    /// The controller has written down where replicas lie.
    pub(super) fn on_dirs_assigned(&mut self, cx: &Context<'_>, fx: &mut Fx, answer: &AssignReplicasToDirsResponse) {
        if !answer.error.is_ok() {
            return self.retry_dir_assignments(cx, fx);
        }
        self.soft.dirs.failures = Seldom::default();
        let sent = self.soft.dirs.in_flight.take().unwrap_or_default();
        for (topic_id, partition, error) in &answer.replicas {
            let Some((.., dir)) = sent.iter().find(|(id, p, _)| id == topic_id && p == partition) else { continue };
            if *error == ErrorCode::None {
                self.on_dir_accepted(cx, fx, (*topic_id, *partition), *dir);
            }
        }
        self.plan_dir_assignments(cx, fx);
    }

    pub(super) fn retry_dir_assignments(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        self.soft.dirs.failures = Seldom(Some(self.soft.dirs.failures.0.unwrap_or(0) + 1));
        for (topic_id, partition, dir) in self.soft.dirs.in_flight.take().unwrap_or_default() {
            self.soft.dirs.unassigned.entry((topic_id, partition)).or_insert(dir);
        }
        self.plan_dir_assignments(cx, fx);
    }

    // ---- failures

    /// Directories on disks that do not work any more are found by writing to them.
    pub(super) fn probe_dirs(&mut self, cx: &Context<'_>, fx: &Fx) {
        let new: Vec<DirIndex> = failed_dirs(cx.spec, fx).filter(|dir| !self.is_dir_failed(*dir)).collect();
        for dir in new {
            self.dir_failed(dir);
        }
    }

    /// A write to a directory has failed: its replicas go offline when the step is over.
    pub(super) fn dir_failed(&mut self, dir: DirIndex) {
        if self.soft.dirs.failed.insert(dir) {
            self.soft.work.push_back(Work::FailDir(dir));
        }
    }

    /// `ReplicaManager#handleLogDirFailure`.
    pub(super) fn fail_dir(&mut self, cx: &Context<'_>, fx: &mut Fx, dir: DirIndex) {
        if dir == cx.spec.metadata_dir() || self.live_dirs(cx).next().is_none() {
            return self.soft.writing.fail();
        }
        let path = cx.spec.log_dirs().nth(usize::from(dir)).unwrap_or_default();
        fx.note(Note::LogDirOffline { broker: self.id, dir: path.into() });
        self.soft.dirs.news.push(dir);
        self.soft.dirs.preferred.retain(|_, preferred| *preferred != dir);
        for index in self.disk.indexes() {
            let Some(replica) = self.disk.get(index) else { continue };
            if replica.dir == dir {
                self.take_offline(cx, fx, index);
            } else if replica.future.as_ref().is_some_and(|future| future.dir == dir) {
                self.disk.drop_future(index);
            }
        }
    }

    /// The failures the controller must hear of now, by the ids of the directories.
    pub fn take_dir_failures(&mut self, spec: &ProcessSpec) -> Vec<DirectoryId> {
        self.soft.dirs.news.drain(..).map(|dir| spec.directory_id(dir)).collect()
    }
}

/// The directories that take no new replicas, as the broker is configured now (KIP-1066). It tells the controller of these.
pub(crate) fn cordoned_dirs(spec: &ProcessSpec, image: &MetadataImage) -> DirSet {
    let dynamic = image.config(ConfigResourceKind::Broker, &spec.id.to_string(), CORDONED_LOG_DIRS);
    let Some(value) = dynamic.or_else(|| spec.property(CORDONED_LOG_DIRS)) else { return DirSet::default() };
    let dirs: Vec<&str> = spec.log_dirs().collect();
    // What does not hold here was refused where it was set.
    let cordoned = cordoned_log_dirs(value, &dirs).unwrap_or_default();
    DirSet::of(|dir| cordoned.contains(&usize::from(dir)))
}

fn changed_log_configs(cx: &Context<'_>) -> Vec<(&'static str, Name)> {
    let layers = broker_layers(cx);
    let changed = |name: &'static str| {
        let value = layers.dynamic.get(name).or_else(|| layers.dynamic_default.get(name))?;
        (layers.properties.get(name) != Some(value)).then(|| (name, value.clone()))
    };
    log_config_names().filter_map(changed).collect()
}

/// The directories of a process whose disks do not work.
pub(crate) fn failed_dirs(spec: &ProcessSpec, fx: &Fx) -> impl Iterator<Item = DirIndex> {
    let disks = fx.host().failed_disks;
    (0..spec.log_dir_count()).filter(move |dir| disks & (1 << dir) != 0)
}
