//! The broker: serves clients and followers, keeps replicas, hosts group coordinators (`BrokerServer`, `KafkaApis`,
//! `ReplicaManager`).
//!
//! What a crash leaves is [`disk::Disk`]; all else is `Soft`. Every input ends in `Broker::settle`, which carries
//! on what the input made ready: woken requests, the next request of a connection, messages to the controller.

pub mod lifecycle;
mod settings;
pub mod disk;
mod connections;
mod dispatch;
pub mod partition;
mod replicas;
mod isr;
mod produce;
mod slow_disk;
mod fetch;
mod readers;
mod read_replica;
mod fetchers;
mod throttle;
mod log_meeting;
mod high_watermark;
mod list_offsets;
mod metadata;
mod describe_topics;
pub(crate) mod describe_configs;
mod topic_configs;
mod alter_configs;
pub(crate) mod api_versions;
mod producer_ids;
mod find_coordinator;
mod groups;
mod to_controller;
mod top_files;
mod recovery;
mod agenda;
mod tasks;
mod cleaner;
mod delete_records;
mod log_dirs;
pub mod dirs;
mod moves;
mod write_back;
mod files;

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kernel::{ConnId, Death, NodeId, Time, Timers};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::metadata::MetadataBatch;
use protocol::{BrokerId, Message, PartitionIndex, Request, Response, TopicId, TopicName};

use crate::process::{Context, Fx, space, wall_ms};
use crate::spec::ProcessSpec;
use connections::{Asked, Connections, Ticket};
use dirs::{DirIndex, Dirs};
use disk::{Disk, ReplicaIndex, StoredReplica};
use fetch::ReadRoom;
use fetchers::{ClientIds, FetchCalls, Fetcher, FetcherId};
use groups::Groups;
use isr::AlterPartitions;
use partition::Partition;
use producer_ids::ProducerIds;
use readers::Readers;
use settings::Settings;
use slow_disk::Writing;
use throttle::Throttles;
use to_controller::Forwards;

/// The broker part of a process.
#[derive(Clone, Debug, Hash)]
pub struct Broker {
    id: BrokerId,
    settings: Arc<Settings>,
    disk: Disk,
    soft: Soft,
    served: Served,
}

/// Bytes of records that fetches were answered with (`BrokerTopicStats`). Nothing acts on them, so no digest holds them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Served {
    /// To consumers: `BytesOutPerSec`.
    pub to_clients: u64,
    /// To followers: `ReplicationBytesOutPerSec`.
    pub to_followers: u64,
}

impl Hash for Served {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// What a crash drops.
#[derive(Clone, Debug, Hash)]
struct Soft {
    is_started: bool,
    /// By replica index, as the logs on disk.
    partitions: Vec<Option<Partition>>,
    connections: Connections,
    readers: Readers,
    timers: Timers<TimerKey>,
    work: VecDeque<Work>,
    fetchers: SortedMap<FetcherId, Fetcher>,
    fetch_calls: FetchCalls,
    client_ids: ClientIds,
    alter_partitions: AlterPartitions,
    forwards: Forwards,
    producer_ids: ProducerIds,
    groups: Groups,
    checkpoints_due: Vec<ReplicaIndex>,
    /// Partitions led here of which a follower may be behind.
    behind: Vec<ReplicaIndex>,
    writing: Writing,
    throttles: Throttles,
    dirs: Dirs,
    read_room: ReadRoom,
}

/// What an input made ready.
#[derive(Clone, Copy, Debug, Hash)]
enum Work {
    /// A connection may have its next request handled.
    Serve(ConnId),
    /// A partition's log grew, its high watermark moved, or its leadership changed.
    Wake(ReplicaIndex),
    /// A fetcher may send.
    Fetch(FetcherId),
    /// ISR changes may be proposed to the controller.
    AlterPartitions,
    /// The controller is to hear where replicas lie.
    AssignDirs,
    /// A log directory has failed.
    FailDir(DirIndex),
}

/// The broker's timers.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
enum TimerKey {
    /// `isr-expiration`, every half replica.lag.time.max.ms.
    ShrinkIsr,
    /// `highwatermark-checkpoint`.
    CheckpointHighWatermarks,
    /// `kafka-log-retention`.
    Retention,
    /// The cleaner threads look for work.
    Cleaner,
    /// `kafka-log-flusher`.
    Flush,
    /// `kafka-delete-logs`, and the same for segments: files whose `file.delete.delay.ms` is over go.
    FileDeletion,
    /// `kafka-recovery-point-checkpoint`.
    CheckpointRecoveryPoints,
    /// `kafka-log-start-offset-checkpoint`.
    CheckpointLogStarts,
    /// `PeriodicProducerExpirationCheck`, while a log remembers a producer.
    ProducerExpiry,
    /// A fetcher's partitions that were put off are due.
    FetcherBackoff(FetcherId),
    /// A fetch to a leader has no answer for too long.
    FetchDeadline,
    /// A call to the controller has no answer for too long.
    ControllerDeadline,
    /// AlterPartition may be tried again.
    AlterPartitionsBackoff,
    /// Forwarded requests may be tried again.
    ForwardsBackoff,
    /// AssignReplicasToDirs may be tried again.
    AssignDirsBackoff,
    /// Replicas move between log directories.
    MoveLogs,
    /// AllocateProducerIds may be tried again.
    ProducerIdsBackoff,
    /// A group coordinator's timer, by offsets partition.
    Group(PartitionIndex, coordinator::GroupTimer),
    /// A group coordinator has read its offsets partition.
    GroupLoaded(PartitionIndex),
    /// A group coordinator's write has waited long enough for its replicas.
    GroupWrite(PartitionIndex, u64),
    /// A parked request has waited long enough. The last, because it is armed most often, and each ticket is higher than the
    /// one before: a sorted map of timers only grows and shrinks at its end.
    Parked(Ticket),
}

impl TimerKey {
    /// Its place in their order.
    fn place(&self) -> u8 {
        match self {
            TimerKey::ShrinkIsr => 0,
            TimerKey::CheckpointHighWatermarks => 1,
            TimerKey::Retention => 2,
            TimerKey::Cleaner => 3,
            TimerKey::Flush => 4,
            TimerKey::FileDeletion => 5,
            TimerKey::CheckpointRecoveryPoints => 6,
            TimerKey::CheckpointLogStarts => 7,
            TimerKey::ProducerExpiry => 8,
            TimerKey::FetcherBackoff(_) => 9,
            TimerKey::FetchDeadline => 10,
            TimerKey::ControllerDeadline => 11,
            TimerKey::AlterPartitionsBackoff => 12,
            TimerKey::ForwardsBackoff => 13,
            TimerKey::AssignDirsBackoff => 14,
            TimerKey::MoveLogs => 15,
            TimerKey::ProducerIdsBackoff => 16,
            TimerKey::Group(..) => 17,
            TimerKey::GroupLoaded(_) => 18,
            TimerKey::GroupWrite(..) => 19,
            TimerKey::Parked(_) => 20,
        }
    }

    #[inline(never)]
    fn cmp_places(&self, other: &TimerKey) -> Ordering {
        self.place().cmp(&other.place()).then_with(|| match (self, other) {
            (TimerKey::FetcherBackoff(one), TimerKey::FetcherBackoff(other)) => one.cmp(other),
            (TimerKey::Group(one, timer), TimerKey::Group(other, others)) => (one, timer).cmp(&(other, others)),
            (TimerKey::GroupLoaded(one), TimerKey::GroupLoaded(other)) => one.cmp(other),
            (TimerKey::GroupWrite(one, write), TimerKey::GroupWrite(other, others)) => {
                (one, write).cmp(&(other, others))
            }
            (one, other) => {
                debug_assert_eq!(one, other, "timers of one kind that differ are told apart above");
                Ordering::Equal
            }
        })
    }
}

/// As they stand above. Searches among timers are frequent, and mostly for those of parked requests.
impl Ord for TimerKey {
    #[inline]
    fn cmp(&self, other: &TimerKey) -> Ordering {
        match (self, other) {
            (TimerKey::Parked(one), TimerKey::Parked(other)) => one.cmp(other),
            (TimerKey::Parked(_), _) => Ordering::Greater,
            (_, TimerKey::Parked(_)) => Ordering::Less,
            (one, other) => one.cmp_places(other),
        }
    }
}
impl PartialOrd for TimerKey {
    fn partial_cmp(&self, other: &TimerKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Soft {
    fn new() -> Soft {
        Soft {
            is_started: false,
            partitions: Vec::new(),
            connections: Connections::default(),
            readers: Readers::default(),
            timers: Timers::new(space::BROKER),
            work: VecDeque::new(),
            fetchers: SortedMap::new(),
            fetch_calls: FetchCalls::default(),
            client_ids: ClientIds::default(),
            alter_partitions: AlterPartitions::default(),
            forwards: Forwards::default(),
            producer_ids: ProducerIds::default(),
            groups: Groups::default(),
            checkpoints_due: Vec::new(),
            behind: Vec::new(),
            writing: Writing::default(),
            throttles: Throttles::default(),
            dirs: Dirs::default(),
            read_room: ReadRoom::default(),
        }
    }
}

impl Broker {
    /// A broker with empty log directories.
    pub fn new(spec: &Arc<ProcessSpec>) -> Broker {
        let settings = Arc::new(Settings::new(spec));
        Broker { id: spec.id, settings, disk: Disk::default(), soft: Soft::new(), served: Served::default() }
    }

    /// What it has sent so far, over all its lives.
    pub fn served(&self) -> Served {
        self.served
    }

    /// The metadata log is caught up: `cx.image` is the first image this start of the process sees. Opens its
    /// replicas; requests come from now on.
    pub fn start(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        self.soft.is_started = true;
        let dirs = &self.soft.dirs;
        self.disk.open(|dir| dirs.is_live(dir), wall_ms(cx.now, fx), self.settings.segment_delete_delay_ms);
        self.set_strays_aside(cx, fx);
        self.start_tasks(cx.now, fx);
        self.apply_image(cx, fx);
        if self.settings.cleaner_enable {
            self.start_cleaner(cx, fx);
        }
        // Its first delay is 0 (`ReplicaManager#startHighWatermarkCheckPointThread`).
        self.checkpoint_high_watermarks(cx, fx);
        self.resume_moves(cx.now, fx);
        self.settle(cx, fx);
    }

    /// Batches were committed and are applied in `cx.image`; topics that were in it are `gone`.
    pub fn on_metadata(&mut self, cx: &Context<'_>, fx: &mut Fx, batches: &[MetadataBatch], gone: &[TopicName]) {
        if self.soft.is_started {
            self.apply_delta(cx, fx, batches);
            self.on_topics_deleted(cx, fx, gone);
            self.settle(cx, fx);
        }
    }

    /// `cx.image` was replaced as a whole by a snapshot, in which topics are `gone`: compare and catch up.
    pub fn on_snapshot(&mut self, cx: &Context<'_>, fx: &mut Fx, gone: &[TopicName]) {
        if self.soft.is_started {
            self.apply_image(cx, fx);
            self.on_topics_deleted(cx, fx, gone);
            self.settle(cx, fx);
        }
    }

    /// A peer has connected to the broker's port. Hosts have addresses as in a container network: 172.18.0.2 and up.
    pub fn on_accepted(&mut self, conn: ConnId, peer: NodeId) {
        let host = format!("/172.18.{}.{}", (peer.0 + 2) / 256, (peer.0 + 2) % 256);
        self.soft.connections.accept(self.disk.now, conn, host.into());
    }

    /// Of the connections that came in the one that has not been used for the longest, and since when.
    pub fn oldest_connection(&self) -> Option<(Time, ConnId)> {
        self.soft.connections.oldest()
    }

    /// A request came in on the broker's port.
    pub fn on_request(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        conn: ConnId,
        correlation: u32,
        client_id: Name,
        request: Request,
    ) {
        if self.soft.connections.push(cx.now, conn, Asked { correlation, client_id, request }) {
            self.soft.work.push_back(Work::Serve(conn));
            self.settle(cx, fx);
        }
    }

    /// An answer came to one of the broker's own calls (also those to `cx.controller()`).
    pub fn on_response(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId, correlation: u32, response: Response) {
        if self.soft.fetch_calls.owns(conn) {
            self.on_fetcher_response(cx, fx, conn, correlation, response);
        } else {
            self.on_controller_response(cx, fx, conn, correlation, response);
        }
        self.settle(cx, fx);
    }

    /// A connection it asked for is open.
    pub fn on_opened(&mut self, _cx: &Context<'_>, _fx: &mut Fx, conn: ConnId) {
        if !self.soft.fetch_calls.opened(conn) {
            self.on_controller_opened(conn);
        }
    }

    /// A connection, opened by it or accepted on its port, is over.
    pub fn on_closed(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId) {
        if let Some(failed) = self.soft.fetch_calls.closed(conn) {
            self.on_fetches_failed(cx, failed);
        } else if !self.on_controller_closed(cx, fx, conn) {
            self.on_reader_gone(conn);
            self.soft.connections.remove(conn);
        }
        self.settle(cx, fx);
    }

    /// One of its timers is due (space [`crate::process::space::BROKER`] and up).
    pub fn on_timer(&mut self, cx: &Context<'_>, fx: &mut Fx, token: u64) {
        let Some(key) = self.soft.timers.fire(fx, cx.now, token) else { return };
        match key {
            TimerKey::Parked(ticket) => self.on_parked_too_long(cx, fx, ticket),
            TimerKey::ShrinkIsr => self.shrink_isrs(cx, fx),
            TimerKey::CheckpointHighWatermarks => self.checkpoint_high_watermarks(cx, fx),
            TimerKey::Retention => self.clean_up_logs(cx.now, fx),
            TimerKey::Cleaner => self.clean_compacted_logs(cx, fx),
            TimerKey::Flush => self.flush_dirty_logs(cx.now, fx),
            TimerKey::FileDeletion => self.delete_files(cx.now, fx),
            TimerKey::CheckpointRecoveryPoints => self.checkpoint_recovery_points(cx.now, fx),
            TimerKey::CheckpointLogStarts => self.checkpoint_log_starts(cx.now, fx),
            TimerKey::ProducerExpiry => self.expire_producers(cx.now, fx),
            TimerKey::FetcherBackoff(id) => self.soft.work.push_back(Work::Fetch(id)),
            TimerKey::FetchDeadline => self.expire_fetches(cx, fx),
            TimerKey::ControllerDeadline => self.expire_controller_calls(cx, fx),
            TimerKey::AlterPartitionsBackoff => self.soft.work.push_back(Work::AlterPartitions),
            TimerKey::ForwardsBackoff => self.send_forwards(cx, fx),
            TimerKey::AssignDirsBackoff => self.send_dir_assignments(cx, fx),
            TimerKey::MoveLogs => self.move_logs(cx, fx),
            TimerKey::ProducerIdsBackoff => self.request_producer_ids(cx, fx),
            TimerKey::Group(shard, timer) => self.on_group_timer(cx, fx, shard, timer),
            TimerKey::GroupLoaded(shard) => self.on_shard_loaded(cx, fx, shard),
            TimerKey::GroupWrite(shard, write) => self.on_group_write_timeout(cx, fx, shard, write),
        }
        self.settle(cx, fx);
    }

    /// A stop in good order: the controller granted the controlled shutdown. Flushes its logs; the process exits. Logs that were
    /// not loaded yet stay as they were found, and so does the mark of a clean stop (`LogManager#shutdown`).
    pub fn shutdown(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        protocol::gap!("flushes take no time, but for the appends of a slow disk", "UnifiedLog#flush");
        self.disk.top.unlock();
        if self.soft.is_started {
            let dirs = &self.soft.dirs;
            self.disk.close(|dir| dirs.is_live(dir), wall_ms(cx.now, fx));
        }
    }

    /// The time at which a step of the process begins.
    pub fn set_time(&mut self, now: Time) {
        self.disk.now = now;
    }

    /// The process died: drops soft state.
    pub fn halt(&mut self, now: Time, death: Death) {
        self.set_time(now);
        match death {
            Death::Exit | Death::Kill => {}
            Death::PowerLoss => self.disk.lose_unflushed(),
        }
        self.soft = Soft::new();
    }

    // ---- looking

    /// What lies in its log directories.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Every replica this broker has, by index: what lies on disk, and what the running broker makes of it.
    pub fn replicas(&self) -> impl Iterator<Item = (&StoredReplica, Option<&Partition>)> {
        self.disk.iter().map(|(index, stored)| (stored, self.partition(index)))
    }

    /// The replica of one partition.
    pub fn replica(
        &self,
        topic_id: TopicId,
        partition: PartitionIndex,
    ) -> Option<(&StoredReplica, Option<&Partition>)> {
        let index = self.disk.find(topic_id, partition)?;
        Some((self.disk.get(index)?, self.partition(index)))
    }

    /// The group coordinators this broker hosts, by partition of `__consumer_offsets`.
    pub fn shards(&self) -> impl Iterator<Item = (PartitionIndex, &coordinator::GroupShard)> {
        self.soft.groups.shards.iter().map(|(partition, hosted)| (*partition, &hosted.shard))
    }

    /// How many fetches are parked here, waiting for data.
    pub fn parked_fetches(&self) -> usize {
        self.soft.connections.parked_fetches().count()
    }

    /// The timers that are pending, for a clock to show.
    pub fn next_isr_check(&self) -> Option<Time> {
        self.soft.timers.due(&TimerKey::ShrinkIsr)
    }

    // ---- shared by the handlers

    fn partition(&self, index: ReplicaIndex) -> Option<&Partition> {
        self.soft.partitions.get(index as usize)?.as_ref()
    }

    fn partition_mut(&mut self, index: ReplicaIndex) -> Option<&mut Partition> {
        self.soft.partitions.get_mut(index as usize)?.as_mut()
    }

    /// Sees to it that what waits on a partition is looked at.
    fn wake_later(&mut self, index: ReplicaIndex) {
        let is_news = self.partition_mut(index).is_none_or(|p| !std::mem::replace(&mut p.is_wake_due, true));
        if is_news {
            self.soft.work.push_back(Work::Wake(index));
        }
    }

    /// Does everything that is ready, in order, until nothing is.
    fn settle(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        while let Some(work) = self.soft.work.pop_front() {
            match work {
                Work::Serve(conn) => self.serve(cx, fx, conn),
                Work::Wake(index) => {
                    self.partition_mut(index).into_iter().for_each(|partition| partition.is_wake_due = false);
                    self.wake(cx, fx, index);
                }
                Work::Fetch(id) => self.send_fetch(cx, fx, id),
                Work::AlterPartitions => self.send_alter_partitions(cx, fx),
                Work::AssignDirs => self.plan_dir_assignments(cx, fx),
                Work::FailDir(dir) => self.fail_dir(cx, fx, dir),
            }
        }
    }

    /// Answers a request, if its connection is still there, and lets the connection's next one in.
    fn respond(&mut self, fx: &mut Fx, ticket: Ticket, response: Response) {
        if let Some((conn, current)) = self.soft.connections.finish(self.disk.now, ticket) {
            self.soft.timers.cancel(&TimerKey::Parked(ticket));
            fx.send(conn, Message::Response { correlation: current.correlation, response });
            self.soft.work.push_back(Work::Serve(conn));
        }
    }
}
