//! Fetch, as a leader (or a follower that serves consumers) answers it: reads, parks until there is data
//! (`ReplicaManager#fetchMessages`, `DelayedFetch`), and learns from followers how far they are.
//! Left out: fetch sessions (every answer lists every partition asked), preferred read replicas, quotas.

use kernel::{ConnId, Duration};
use partition_log::EpochEnd;
use protocol::api::LeaderHint;
use protocol::api::fetch::{self, FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::{BrokerId, ErrorCode, gap};

use super::connections::{Caller, Parked, Ticket};
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::partition::Partition;
use super::produce::hint;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx};

/// A fetch that waits for data.
#[derive(Clone, Debug, Hash)]
pub(super) struct ParkedFetch {
    request: FetchRequest,
}

/// What reading all partitions of a fetch gave.
struct FetchRead {
    results: Vec<FetchResult>,
    bytes: u64,
    /// An error or a divergence: the asker must know now.
    is_urgent: bool,
}

impl Broker {
    pub(super) fn handle_fetch(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        request: FetchRequest,
    ) -> Answer {
        gap!("fetch sessions: every fetch is full and sessionless", "KIP-227");
        gap!("preferred read replicas: replica.selector.class", "KIP-392");
        let read = self.read_partitions(cx, &request);
        if request.replica.is_some() {
            self.learn_from_follower(cx, fx, &request, &read.results);
        }
        let is_enough = read.bytes >= u64::from(request.min_bytes);
        if request.max_wait_ms == 0 || request.partitions.is_empty() || is_enough || read.is_urgent {
            return answer(read.results).into();
        }
        self.park_fetch(cx, fx, caller, request);
        Answer::Later
    }

    fn park_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, caller: &Caller, request: FetchRequest) {
        for (place, asked) in (0..).zip(&request.partitions) {
            let index = self.disk.find(asked.topic_id, asked.partition);
            if let Some(partition) = index.and_then(|index| self.partition_mut(index)) {
                partition.register_fetch(caller.conn, place);
            }
        }
        let due = cx.now + Duration::from_millis(u64::from(request.max_wait_ms));
        self.soft.timers.arm(fx, due, TimerKey::Parked(caller.ticket));
        self.soft.connections.park(caller.conn, Parked::Fetch(Box::new(ParkedFetch { request })));
    }

    /// A partition changed: answers the parked fetches that this completes.
    pub(super) fn wake_fetches(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        let Some(partition) = self.partition_mut(index) else { return };
        if partition.fetches.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut partition.fetches);
        waiting.retain(|(conn, place)| self.wake_fetch(cx, fx, index, *conn, *place));
        if let Some(partition) = self.partition_mut(index) {
            debug_assert!(partition.fetches.is_empty(), "answering a fetch parks no other");
            partition.fetches = waiting;
        }
    }

    /// Answers one parked fetch if `index` completes it. False if it does not wait for this partition any more.
    fn wake_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, conn: ConnId, place: u32) -> bool {
        let Some((ticket, parked)) = self.soft.connections.parked_fetch(conn) else { return false };
        let request = &parked.request;
        let Some(asked) = request.partitions.get(place as usize) else { return false };
        if self.disk.find(asked.topic_id, asked.partition) != Some(index) {
            return false;
        }
        if self.completes_fetch(cx, request, asked) {
            self.complete_fetch(cx, fx, conn, ticket);
            return false;
        }
        true
    }

    fn completes_fetch(&self, cx: &Context<'_>, request: &FetchRequest, asked: &FetchPartition) -> bool {
        match self.readable(cx, request, asked) {
            Err(_) => true,
            Ok(Readable { diverging: Some(_), .. }) => true,
            Ok(Readable { bound, .. }) if bound <= asked.fetch_offset => false,
            Ok(_) if request.min_bytes <= 1 => true,
            Ok(_) => {
                let read = self.read_partitions(cx, request);
                read.is_urgent || read.bytes >= u64::from(request.min_bytes)
            }
        }
    }

    /// Answers a parked fetch with what there is now. Followers are not heard again: they said nothing new.
    fn complete_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId, ticket: Ticket) {
        let Some((_, parked)) = self.soft.connections.parked_fetch(conn) else { return };
        let read = self.read_partitions(cx, &parked.request);
        self.respond(fx, ticket, answer(read.results).into());
    }

    /// Answers the fetch parked on a connection, if there is one.
    pub(super) fn complete_fetch_on(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId) {
        if let Some((ticket, _)) = self.soft.connections.parked_fetch(conn) {
            self.complete_fetch(cx, fx, conn, ticket);
        }
    }

    /// A parked request's time is over.
    pub(super) fn on_parked_too_long(&mut self, cx: &Context<'_>, fx: &mut Fx, ticket: Ticket) {
        self.produce_timed_out(fx, ticket);
        if let Some(conn) = self.soft.connections.connection_of(ticket) {
            self.complete_fetch_on(cx, fx, conn);
        }
    }

    fn read_partitions(&self, cx: &Context<'_>, request: &FetchRequest) -> FetchRead {
        let mut read = FetchRead { results: Vec::with_capacity(request.partitions.len()), bytes: 0, is_urgent: false };
        let mut left = match request.replica.is_some() {
            true => request.max_bytes,
            false => request.max_bytes.min(self.settings.fetch_max_bytes),
        };
        for asked in &request.partitions {
            let result = self.read_partition(cx, request, asked, left, read.bytes == 0);
            let bytes: u32 = result.batches.iter().map(|batch| batch.size_in_bytes()).sum();
            left = left.saturating_sub(bytes);
            read.bytes += u64::from(bytes);
            read.is_urgent |= !result.error.is_ok() || result.diverging_epoch.is_some();
            read.results.push(result);
        }
        read
    }

    fn read_partition(
        &self,
        cx: &Context<'_>,
        request: &FetchRequest,
        asked: &FetchPartition,
        left: u32,
        min_one_message: bool,
    ) -> FetchResult {
        let readable = match self.readable(cx, request, asked) {
            Ok(readable) => readable,
            Err(error) => return failure(asked, error, hint_for(cx, asked, error)),
        };
        let log = self.disk.log(readable.index);
        let mut result = FetchResult {
            high_watermark: log.high_watermark(),
            last_stable_offset: log.high_watermark(),
            log_start_offset: log.log_start_offset(),
            ..failure(asked, ErrorCode::None, None)
        };
        if let Some(end) = readable.diverging {
            result.diverging_epoch = Some(fetch::EpochEnd { epoch: end.epoch, end_offset: end.end_offset });
        } else if (left > 0 || min_one_message) && asked.fetch_offset < readable.bound {
            match log.read(asked.fetch_offset, readable.bound, left.min(asked.partition_max_bytes), min_one_message) {
                Ok(batches) => result.batches = batches,
                Err(error) => return failure(asked, error, None),
            }
        }
        result
    }

    /// Whether and up to where the asker may read (`Partition#fetchRecords`).
    fn readable(
        &self,
        cx: &Context<'_>,
        request: &FetchRequest,
        asked: &FetchPartition,
    ) -> Result<Readable, ErrorCode> {
        let (index, partition) = self.hosted(cx, asked.topic_id, asked.partition)?;
        partition.check_leader_epoch(asked.current_leader_epoch)?;
        let is_follower = request.replica.is_some();
        if is_follower {
            // Consumers may read from any replica (KIP-392); followers only from the leader.
            let leadership = partition.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?;
            let follower = leadership.follower(request.replica).ok_or(ErrorCode::UnknownLeaderEpoch)?;
            if request.replica_epoch >= 0 && request.replica_epoch < follower.broker_epoch {
                return Err(ErrorCode::NotLeaderOrFollower);
            }
        }
        let log = self.disk.log(index);
        let mut readable = Readable { index, bound: log.log_end_offset(), diverging: None };
        if asked.last_fetched_epoch >= 0 {
            let end = log.end_offset_for_epoch(asked.last_fetched_epoch);
            if !end.is_defined() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if end.epoch < asked.last_fetched_epoch || end.end_offset < asked.fetch_offset {
                readable.diverging = Some(end);
                return Ok(readable);
            }
        }
        if asked.fetch_offset < log.log_start_offset() || asked.fetch_offset > log.log_end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if !is_follower {
            readable.bound = log.high_watermark();
        }
        Ok(readable)
    }

    /// A replica this broker hosts, or the error that says why it does not.
    pub(super) fn hosted(
        &self,
        cx: &Context<'_>,
        topic_id: protocol::TopicId,
        partition: i32,
    ) -> Result<(ReplicaIndex, &Partition), ErrorCode> {
        let index = self.disk.find(topic_id, partition);
        if let Some(hosted) = index.and_then(|index| Some((index, self.partition(index)?))) {
            return Ok(hosted);
        }
        if !cx.image.topics.contains_key(&topic_id) {
            return Err(ErrorCode::UnknownTopicId);
        }
        match cx.image.partition(topic_id, partition) {
            Some(_) => Err(ErrorCode::NotLeaderOrFollower),
            None => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }

    /// A follower's fetch says how far its log goes (`Partition#updateFollowerFetchState`).
    fn learn_from_follower(&mut self, cx: &Context<'_>, fx: &mut Fx, request: &FetchRequest, results: &[FetchResult]) {
        for (asked, result) in request.partitions.iter().zip(results) {
            if !result.error.is_ok() || result.diverging_epoch.is_some() {
                continue;
            }
            let Some(index) = self.disk.find(asked.topic_id, asked.partition) else { continue };
            let leader_end = self.disk.log(index).log_end_offset();
            let Some(partition) = self.partition_mut(index) else { continue };
            let Some(leadership) = partition.leadership_mut() else { continue };
            let Some(follower) = leadership.follower_mut(request.replica) else { continue };
            let before = (follower.log_end_offset, follower.last_caught_up);
            follower.fetched(cx.now, asked.fetch_offset, asked.log_start_offset, leader_end, request.replica_epoch);
            if !leadership.is_in_maximal_isr(request.replica) {
                self.maybe_expand_isr(cx, index, request.replica);
            }
            if before.0 != asked.fetch_offset || before.1.is_none() {
                self.advance_high_watermark(cx, fx, index);
            }
        }
    }
}

/// What an asker may read of a partition.
struct Readable {
    index: ReplicaIndex,
    bound: i64,
    diverging: Option<EpochEnd>,
}

impl Partition {
    /// The asker's idea of the leader epoch against this broker's; −1 skips the check.
    pub(super) fn check_leader_epoch(&self, asked: i32) -> Result<(), ErrorCode> {
        match asked {
            -1 => Ok(()),
            asked if asked < self.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            asked if asked > self.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    fn register_fetch(&mut self, conn: ConnId, place: u32) {
        match self.fetches.binary_search_by_key(&conn, |(conn, _)| *conn) {
            Ok(at) => self.fetches[at].1 = place,
            Err(at) => self.fetches.insert(at, (conn, place)),
        }
    }
}

fn hint_for(cx: &Context<'_>, asked: &FetchPartition, error: ErrorCode) -> Option<LeaderHint> {
    match error {
        ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch => hint(cx, asked.topic_id, asked.partition),
        _ => None,
    }
}

fn failure(asked: &FetchPartition, error: ErrorCode, current_leader: Option<LeaderHint>) -> FetchResult {
    FetchResult {
        topic_id: asked.topic_id,
        partition: asked.partition,
        error,
        high_watermark: -1,
        last_stable_offset: -1,
        log_start_offset: -1,
        diverging_epoch: None,
        current_leader,
        preferred_read_replica: BrokerId::NONE,
        batches: Vec::new(),
        metadata: Vec::new(),
    }
}

fn answer(partitions: Vec<FetchResult>) -> FetchResponse {
    FetchResponse { error: ErrorCode::None, session_id: 0, partitions }
}
