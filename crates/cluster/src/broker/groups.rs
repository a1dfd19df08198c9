//! Group coordinators: one shard for each partition of `__consumer_offsets` this broker leads (`CoordinatorRuntime`).
//! A shard says what to write; the broker appends it as acks=all would, replays it at once, and reports back when the
//! high watermark has passed it. A shard that loads answers COORDINATOR_LOAD_IN_PROGRESS. Left out: one request of several groups is answered in its own
//! order.

use std::collections::VecDeque;

use coordinator::{Clock, GroupConfig, GroupShard, GroupTimer, Outcome};
use kernel::{Duration, Time};
use ordered::SortedMap;
use protocol::api::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use protocol::api::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use protocol::api::list_groups::ListGroupsResponse;
use protocol::batch::ProducerStamp;
use protocol::hashing::group_partition;
use protocol::{Batch, EPOCH_MS, ErrorCode, GroupId, OFFSETS_TOPIC, PartitionIndex, Request, Response, TopicName};

use super::connections::{Caller, Ticket};
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::partition::Writer;
use super::recovery::NANOS_A_BYTE;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};
use crate::spec::ProcessSpec;

/// Purpose of the randomness in member ids.
const RNG_MEMBER_IDS: u32 = 41;

/// The shards of this broker, and the requests they have.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Groups {
    pub(super) shards: SortedMap<PartitionIndex, HostedShard>,
    /// Whom a shard's reply is for.
    replies: SortedMap<u64, Ticket>,
    last_reply: u64,
    gathered: SortedMap<Ticket, Gathered>,
    /// When the thread that loads shards has done with those it was given.
    loader_free_at: Time,
}

/// A shard and the replica it writes to.
#[derive(Clone, Debug, Hash)]
pub(super) struct HostedShard {
    pub(super) shard: GroupShard,
    index: ReplicaIndex,
}

/// The answer to a request, part by part: groups of one request may live in several shards.
#[derive(Clone, Debug, Hash)]
struct Gathered {
    order: Vec<GroupId>,
    missing: usize,
    parts: Vec<Response>,
}

/// The coordinator's settings in `server.properties`.
pub(super) fn group_config(spec: &ProcessSpec) -> GroupConfig {
    let base = GroupConfig::default();
    let int = |name, default: i32| i32::try_from(spec.number(name, i64::from(default))).unwrap_or(default);
    GroupConfig {
        initial_rebalance_delay_ms: int("group.initial.rebalance.delay.ms", base.initial_rebalance_delay_ms),
        min_session_timeout_ms: int("group.min.session.timeout.ms", base.min_session_timeout_ms),
        max_session_timeout_ms: int("group.max.session.timeout.ms", base.max_session_timeout_ms),
        max_size: int("group.max.size", base.max_size),
        offset_metadata_max_bytes: int("offset.metadata.max.bytes", base.offset_metadata_max_bytes),
        offsets_retention_ms: spec.number("offsets.retention.minutes", base.offsets_retention_ms / 60_000) * 60_000,
        offsets_retention_check_interval_ms: spec
            .number("offsets.retention.check.interval.ms", base.offsets_retention_check_interval_ms),
        plant: spec.cluster.plant,
        ..base
    }
}

impl Broker {
    /// Leadership of a partition began or ended: of `__consumer_offsets`, a shard is loaded or unloaded.
    pub(super) fn on_leadership_of_offsets(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, leads: bool) {
        let Some(stored) = self.disk.get(index).filter(|stored| &*stored.tp.topic == OFFSETS_TOPIC) else { return };
        let partition = stored.tp.partition;
        self.unload_shard(cx, fx, partition);
        if leads {
            self.load_shard(cx, fx, partition, index);
        }
    }

    fn load_shard(&mut self, cx: &Context<'_>, fx: &mut Fx, partition: PartitionIndex, index: ReplicaIndex) {
        let shard = GroupShard::new(self.settings.groups.clone());
        let log = self.disk.log(index);
        let bytes: u64 = log.batches_from(log.log_start_offset()).map(|batch| u64::from(batch.size_in_bytes())).sum();
        let groups = &mut self.soft.groups;
        groups.shards.insert(partition, HostedShard { shard, index });
        if bytes == 0 {
            return self.on_shard_loaded(cx, fx, partition);
        }
        // One thread loads them all, as fast as it reads (`CoordinatorLoaderImpl`).
        groups.loader_free_at = groups.loader_free_at.max(cx.now) + Duration::from_nanos(bytes * NANOS_A_BYTE);
        self.soft.timers.arm(fx, groups.loader_free_at, TimerKey::GroupLoaded(partition));
    }

    /// A shard's partition is read: it knows its groups now, and answers.
    pub(super) fn on_shard_loaded(&mut self, cx: &Context<'_>, fx: &mut Fx, partition: PartitionIndex) {
        let Some(HostedShard { shard, index }) = self.soft.groups.shards.get_mut(&partition) else { return };
        let log = self.disk.log(*index);
        for batch in log.batches_from(log.log_start_offset()).filter(|batch| !batch.is_control()) {
            batch.offsets().for_each(|(offset, record)| shard.replay(offset, record));
        }
        let outcome = shard.loaded(clock(cx, fx));
        self.carry_out(cx, fx, partition, outcome);
    }

    /// Topics are gone: so are the offsets that groups of this broker have of them (`BrokerMetadataPublisher`, after what leads
    /// now). A coordinator that begins later finds those that another one had no time to delete.
    pub(super) fn on_topics_deleted(&mut self, cx: &Context<'_>, fx: &mut Fx, topics: &[TopicName]) {
        if topics.is_empty() {
            return;
        }
        let partitions: Vec<PartitionIndex> = self.soft.groups.shards.keys().copied().collect();
        for partition in partitions {
            let Some(hosted) = self.soft.groups.shards.get_mut(&partition) else { continue };
            let outcome = hosted.shard.topics_deleted(clock(cx, fx), topics);
            self.carry_out(cx, fx, partition, outcome);
        }
    }

    fn unload_shard(&mut self, cx: &Context<'_>, fx: &mut Fx, partition: PartitionIndex) {
        let Some(mut hosted) = self.soft.groups.shards.remove(&partition) else { return };
        let outcome = hosted.shard.unload();
        if let Some(partition) = self.partition_mut(hosted.index) {
            partition.writes.retain(|write| matches!(write.who, Writer::Producer { .. }));
        }
        let of_shard = |key: &TimerKey| {
            use TimerKey::{Group, GroupLoaded, GroupWrite};
            matches!(key, Group(p, _) | GroupWrite(p, _) | GroupLoaded(p) if *p == partition)
        };
        let timers: Vec<TimerKey> = self.soft.timers.pending().map(|(key, _)| key.clone()).filter(of_shard).collect();
        for key in timers {
            self.soft.timers.cancel(&key);
        }
        self.carry_out(cx, fx, partition, outcome);
    }

    /// A request about groups.
    pub(super) fn handle_group_request(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        request: &Request,
    ) -> Answer {
        let parts = self.split(cx, request);
        if parts.is_empty() {
            return Answer::Now(merge(request, Vec::new(), &[]));
        }
        let order = match request {
            Request::DescribeGroups(request) => request.groups.clone(),
            Request::DeleteGroups(request) => request.groups.clone(),
            _ => Vec::new(),
        };
        let gathered = Gathered { order, missing: parts.len(), parts: Vec::new() };
        self.soft.groups.gathered.insert(caller.ticket, gathered);
        for (partition, part) in parts {
            self.ask_shard(cx, fx, caller, partition, &part);
        }
        Answer::Later
    }

    fn ask_shard(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        partition: PartitionIndex,
        request: &Request,
    ) {
        self.soft.groups.last_reply += 1;
        let reply_to = self.soft.groups.last_reply;
        self.soft.groups.replies.insert(reply_to, caller.ticket);
        let who = coordinator::Caller {
            reply_to,
            client_id: caller.client_id.clone(),
            client_host: caller.client_host.clone(),
        };
        let topics = |name: &str| cx.image.topic(name).map(|topic| topic.partitions.len() as i32);
        let clock = clock(cx, fx);
        let rng = fx.rng(RNG_MEMBER_IDS);
        let mut uuid = || (u128::from(rng.bits()) << 64) | u128::from(rng.bits());
        let outcome = match self.soft.groups.shards.get_mut(&partition) {
            Some(hosted) => hosted.shard.handle(clock, who, request, &topics, &mut uuid),
            None => {
                // A shard that is not here answers as one that was unloaded.
                let mut absent = GroupShard::new(self.settings.groups.clone());
                let _ = absent.unload();
                absent.handle(clock, who, request, &topics, &mut uuid)
            }
        };
        self.carry_out(cx, fx, partition, outcome);
    }

    /// Which shards a request is for, each with its part.
    fn split(&self, cx: &Context<'_>, request: &Request) -> Vec<(PartitionIndex, Request)> {
        let count = cx
            .image
            .topic(OFFSETS_TOPIC)
            .map_or(self.settings.offsets_partitions, |topic| topic.partitions.len() as i32);
        let shard_of = |group: &GroupId| group_partition(group, count);
        let by_shard = |groups: &[GroupId]| {
            let mut shards: SortedMap<PartitionIndex, Vec<GroupId>> = SortedMap::new();
            groups.iter().for_each(|group| shards.entry(shard_of(group)).or_default().push(group.clone()));
            shards.into_iter()
        };
        let one = |group: &GroupId| vec![(shard_of(group), request.clone())];
        match request {
            Request::JoinGroup(r) => one(&r.group),
            Request::SyncGroup(r) => one(&r.group),
            Request::Heartbeat(r) => one(&r.group),
            Request::LeaveGroup(r) => one(&r.group),
            Request::OffsetCommit(r) => one(&r.group),
            Request::OffsetFetch(r) => one(&r.group),
            Request::OffsetDelete(r) => one(&r.group),
            Request::DescribeGroups(r) => {
                by_shard(&r.groups).map(|(shard, groups)| (shard, DescribeGroupsRequest { groups }.into())).collect()
            }
            Request::DeleteGroups(r) => {
                by_shard(&r.groups).map(|(shard, groups)| (shard, DeleteGroupsRequest { groups }.into())).collect()
            }
            Request::ListGroups(_) => self.soft.groups.shards.keys().map(|shard| (*shard, request.clone())).collect(),
            _ => Vec::new(),
        }
    }

    /// A shard's timer is due.
    pub(super) fn on_group_timer(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        partition: PartitionIndex,
        timer: GroupTimer,
    ) {
        if let Some(hosted) = self.soft.groups.shards.get_mut(&partition) {
            let outcome = hosted.shard.timer(clock(cx, fx), timer);
            self.carry_out(cx, fx, partition, outcome);
        }
    }

    /// A shard's write is below the high watermark, or will not be.
    pub(super) fn on_group_written(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        partition: PartitionIndex,
        write: u64,
        error: ErrorCode,
    ) {
        if let Some(hosted) = self.soft.groups.shards.get_mut(&partition) {
            self.soft.timers.cancel(&TimerKey::GroupWrite(partition, write));
            let outcome = hosted.shard.written(clock(cx, fx), write, error);
            self.carry_out(cx, fx, partition, outcome);
        }
    }

    /// A shard's write waited offsets.commit.timeout.ms for its replicas. It stays in the log.
    pub(super) fn on_group_write_timeout(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        partition: PartitionIndex,
        write: u64,
    ) {
        self.on_group_written(cx, fx, partition, write, ErrorCode::RequestTimedOut);
    }

    /// Does what a shard wants, and what follows from that.
    fn carry_out(&mut self, cx: &Context<'_>, fx: &mut Fx, partition: PartitionIndex, outcome: Outcome) {
        let mut outcomes = VecDeque::from([outcome]);
        while let Some(outcome) = outcomes.pop_front() {
            for write in outcome.writes {
                outcomes.extend(self.write_for_shard(cx, fx, partition, write));
            }
            for (reply_to, response) in outcome.replies {
                self.gather(fx, reply_to, response);
            }
            for timer in outcome.cancel {
                self.soft.timers.cancel(&TimerKey::Group(partition, timer));
            }
            for (due_ms, timer) in outcome.arm {
                let due = Time::from_millis(u64::try_from(due_ms - EPOCH_MS).unwrap_or(0));
                self.soft.timers.arm(fx, due.max(cx.now), TimerKey::Group(partition, timer));
            }
            outcome.notes.into_iter().for_each(|note| fx.note(note));
        }
    }

    /// Appends what a shard writes. What follows at once if that fails.
    fn write_for_shard(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        partition: PartitionIndex,
        write: coordinator::Write,
    ) -> Option<Outcome> {
        let index = self.soft.groups.shards.get(&partition)?.index;
        let batch = Batch::new(write.records, ProducerStamp::default());
        match self.append_as_leader(cx, fx, index, &batch, true, true) {
            Ok(append) => {
                let hosted = self.soft.groups.shards.get_mut(&partition)?;
                (append.base..).zip(batch.records()).for_each(|(offset, record)| hosted.shard.replay(offset, record));
                let due = cx.now + self.settings.offsets_commit_timeout;
                self.soft.timers.arm(fx, due, TimerKey::GroupWrite(partition, write.id));
                self.wait_for_high_watermark(index, append.next, Writer::Coordinator { write: write.id });
                None
            }
            Err(error) => {
                Some(self.soft.groups.shards.get_mut(&partition)?.shard.written(clock(cx, fx), write.id, error.code))
            }
        }
    }

    /// A part of an answer is there; the last one sends it.
    fn gather(&mut self, fx: &mut Fx, reply_to: u64, response: Response) {
        let Some(ticket) = self.soft.groups.replies.remove(&reply_to) else { return };
        let Some(gathered) = self.soft.groups.gathered.get_mut(&ticket) else { return };
        gathered.parts.push(response);
        gathered.missing -= 1;
        if gathered.missing > 0 {
            return;
        }
        let Some(Gathered { order, mut parts, .. }) = self.soft.groups.gathered.remove(&ticket) else { return };
        let response = if parts.len() == 1 { parts.pop() } else { merge_parts(parts, &order) };
        if let Some(response) = response {
            self.respond(fx, ticket, response);
        }
    }
}

fn clock(cx: &Context<'_>, fx: &Fx) -> Clock {
    Clock { now_ms: protocol::wall_ms(cx.now.as_nanos()), wall_ms: wall_ms(cx.now, fx) }
}

/// The answer to a request that concerns no shard.
fn merge(request: &Request, parts: Vec<Response>, order: &[GroupId]) -> Response {
    merge_parts(parts, order).unwrap_or_else(|| match request {
        Request::DescribeGroups(_) => DescribeGroupsResponse { groups: Vec::new() }.into(),
        Request::DeleteGroups(_) => DeleteGroupsResponse { groups: Vec::new() }.into(),
        _ => ListGroupsResponse { error: ErrorCode::None, groups: Vec::new() }.into(),
    })
}

/// One answer out of several of a kind; none out of none.
fn merge_parts(parts: Vec<Response>, order: &[GroupId]) -> Option<Response> {
    let place = |group: &GroupId| order.iter().position(|other| other == group);
    let mut merged = parts.into_iter().reduce(|into, part| match (into, part) {
        (Response::DescribeGroups(mut into), Response::DescribeGroups(part)) => {
            into.groups.extend(part.groups);
            into.into()
        }
        (Response::DeleteGroups(mut into), Response::DeleteGroups(part)) => {
            into.groups.extend(part.groups);
            into.into()
        }
        (Response::ListGroups(mut into), Response::ListGroups(part)) => {
            into.groups.extend(part.groups);
            into.error = if into.error.is_ok() { part.error } else { into.error };
            into.into()
        }
        (into, _) => into,
    })?;
    match &mut merged {
        Response::DescribeGroups(response) => ordered::sort_by_key(&mut response.groups, |group| place(&group.group)),
        Response::DeleteGroups(response) => ordered::sort_by_key(&mut response.groups, |(group, _)| place(group)),
        Response::ListGroups(response) => ordered::sort_by(&mut response.groups, |a, b| a.group.cmp(&b.group)),
        _ => {}
    }
    Some(merged)
}
