//! Following: `num.replica.fetchers` for each leader broker, each with at most one fetch in flight for all partitions it
//! follows there, in a fetch session over a connection of its own (`AbstractFetcherManager`, `AbstractFetcherThread`,
//! `ReplicaFetcherThread`, KIP-227). Truncates where the leader says the logs part (KIP-595).

use std::hash::{Hash, Hasher};

use kernel::{Address, Calls, ConnId, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::fetch_session::{FetchSession, SessionRequest};
use protocol::hashing::{java_string_hash, kafka_abs};
use protocol::{BrokerId, ErrorCode, Message, Note, PartitionIndex, Request, Response, TopicId, TopicPartition};

use super::disk::ReplicaIndex;
use super::{Broker, TimerKey, Work};
use crate::process::{Context, Fx, wall_ms};

/// Which fetcher: its leader broker, and its number among those for it (`BrokerIdAndFetcherId`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) struct FetcherId {
    pub(super) leader: BrokerId,
    number: u32,
}

/// One fetcher.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Fetcher {
    followed: SortedMap<ReplicaIndex, Followed>,
    /// What of that is fetched, and what the leader knows of it.
    session: FetchSession<ReplicaIndex>,
    /// Partitions that are not to be fetched before.
    delayed: SortedMap<ReplicaIndex, Time>,
    /// A fetch is on its way, or parked at the leader.
    is_in_flight: bool,
    /// Where the leader was when it was last asked.
    address: Option<Address>,
    /// The last partition that got data: a full fetch lists those after it first.
    cursor: ReplicaIndex,
}

/// A partition that is followed.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Followed {
    /// Waits for metadata with a newer leader epoch (`FailedPartitions`).
    is_failed: bool,
    /// Is out of range: ListOffsets asks where the leader's log is.
    pub(super) is_resolving: bool,
    /// The last answer brought it to the leader's high watermark (`PartitionFetchState#isReplicaInSync`).
    is_in_sync: bool,
    /// Whether there was an answer.
    is_known: bool,
}

/// What a call to a leader was for.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum FetchCall {
    /// The next data of all partitions a fetcher follows.
    Fetch(FetcherId),
    /// Where one partition's log ends at its leader (`LATEST`) or starts (`EARLIEST`).
    Offsets(FetcherId, ReplicaIndex, i64),
}

/// Calls to leaders: each fetcher has connections of its own.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct FetchCalls(Vec<Calls<FetchCall>>);

impl FetchCalls {
    fn of(&mut self, id: FetcherId) -> &mut Calls<FetchCall> {
        let place = id.number as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Calls::default);
        }
        &mut self.0[place]
    }
    pub(super) fn owns(&self, conn: ConnId) -> bool {
        self.0.iter().any(|calls| calls.owns(conn))
    }
    pub(super) fn opened(&mut self, conn: ConnId) -> bool {
        self.0.iter_mut().any(|calls| calls.opened(conn))
    }
    /// A connection is over: the calls that fail with it; none if it is another's.
    pub(super) fn closed(&mut self, conn: ConnId) -> Option<Vec<FetchCall>> {
        self.0.iter_mut().find_map(|calls| calls.closed(conn)).map(|(_, failed)| failed)
    }
    fn answered(&mut self, now: Time, conn: ConnId, correlation: u32) -> Option<FetchCall> {
        self.0.iter_mut().find(|calls| calls.owns(conn))?.answered(now, conn, correlation)
    }
    fn expire(&mut self, fx: &mut Fx, now: Time) -> Vec<Vec<FetchCall>> {
        self.0.iter_mut().flat_map(|calls| calls.expire(fx, now)).map(|(_, failed)| failed).collect()
    }
    fn next_deadline(&self) -> Option<Time> {
        self.0.iter().filter_map(Calls::next_deadline).min()
    }
}

/// `client.id` of the fetchers by their numbers, made once. What they are made of is part of the state elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientIds(Vec<Name>);

impl Hash for ClientIds {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl ClientIds {
    fn of(&mut self, broker: BrokerId, number: u32) -> Name {
        while self.0.len() <= number as usize {
            self.0.push(format!("broker-{broker}-fetcher-{}", self.0.len()).into());
        }
        self.0[number as usize].clone()
    }
}

impl Broker {
    pub(super) fn start_fetching(&mut self, index: ReplicaIndex, leader: BrokerId) {
        let Some(partition) = self.partition(index) else { return };
        let number = self.fetcher_number(&partition.tp);
        let id = FetcherId { leader, number };
        self.soft.fetchers.entry(id).or_default().followed.insert(index, Followed::default());
        self.position_changed(id, index);
        self.soft.work.push_back(Work::Fetch(id));
    }

    /// `AbstractFetcherManager#getFetcherId`.
    fn fetcher_number(&self, tp: &TopicPartition) -> u32 {
        match self.settings.num_replica_fetchers {
            1 => 0,
            count => {
                let hash = java_string_hash(&tp.topic).wrapping_mul(31).wrapping_add(tp.partition);
                kafka_abs(hash) as u32 % count
            }
        }
    }

    /// `num.replica.fetchers` is another now: every followed partition goes to the fetcher it belongs to (`#resizeThreadPool`).
    pub(super) fn resize_fetchers(&mut self, fx: &mut Fx) {
        let all = self
            .soft
            .fetchers
            .iter()
            .flat_map(|(id, fetcher)| fetcher.followed.keys().map(|index| (*index, id.leader)));
        let all: Vec<(ReplicaIndex, BrokerId)> = all.collect();
        for (index, leader) in all {
            self.stop_fetching(index);
            self.start_fetching(index, leader);
        }
        self.stop_idle_fetchers(fx);
    }

    /// A broker may be found now where it was not: its fetchers look again.
    pub(super) fn look_for_leader(&mut self, leader: BrokerId) {
        let ids = self.soft.fetchers.keys().filter(|id| id.leader == leader).map(|id| Work::Fetch(*id));
        self.soft.work.extend(ids);
    }

    pub(super) fn stop_fetching(&mut self, index: ReplicaIndex) {
        for fetcher in self.soft.fetchers.values_mut() {
            fetcher.followed.remove(&index);
            fetcher.delayed.remove(&index);
            fetcher.session.forget(&index);
        }
    }

    /// Ends fetchers that follow nothing any more, with their connections (`#shutdownIdleFetcherThreads`).
    pub(super) fn stop_idle_fetchers(&mut self, fx: &mut Fx) {
        let (calls, writing) = (&mut self.soft.fetch_calls, &mut self.soft.writing);
        self.soft.fetchers.retain(|id, fetcher| {
            let is_idle = fetcher.followed.is_empty();
            if let Some(address) = fetcher.address.as_ref().filter(|_| is_idle) {
                calls.of(*id).close(fx, address);
                writing.forget_fetched(*id);
            }
            !is_idle
        });
    }

    /// Sends the next fetch to a leader, if none is in flight and there is something to ask for.
    pub(super) fn send_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, id: FetcherId) {
        if self.soft.fetchers.get(&id).is_none_or(|fetcher| fetcher.is_in_flight) {
            return;
        }
        let Some(endpoint) = cx.image.brokers.get(&id.leader) else { return };
        let Some(asked) = self.next_request(cx.now, id) else {
            self.sleep(cx.now, fx, id);
            return;
        };
        self.soft.timers.cancel(&TimerKey::FetcherBackoff(id));
        let request = FetchRequest {
            replica: self.id,
            replica_epoch: cx.broker_epoch,
            max_wait_ms: self.settings.replica_fetch_wait_max_ms,
            min_bytes: self.settings.replica_fetch_min_bytes,
            max_bytes: self.settings.replica_fetch_response_max_bytes,
            read_committed: false,
            session_id: asked.session_id,
            session_epoch: asked.session_epoch,
            partitions: asked.partitions,
            forgotten: asked.forgotten,
            raft_high_watermark: -1,
            rack: None,
            directory: Default::default(),
        };
        let address = (endpoint.host.clone(), endpoint.port);
        if let Some(fetcher) = self.soft.fetchers.get_mut(&id) {
            fetcher.is_in_flight = true;
            fetcher.address = Some(address.clone());
        }
        self.call_leader(cx, fx, &address, FetchCall::Fetch(id), id, request.into());
    }

    pub(super) fn call_leader(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        to: &Address,
        tag: FetchCall,
        id: FetcherId,
        request: Request,
    ) {
        let client_id = self.soft.client_ids.of(self.id, id.number);
        let make = |correlation| Message::Request { correlation, client_id, request };
        self.soft.fetch_calls.of(id).call(fx, cx.now, to, self.settings.replica_socket_timeout, tag, make);
        self.arm_fetch_deadline(fx);
    }

    /// What the next fetch to a leader asks for.
    fn next_request(&mut self, now: Time, id: FetcherId) -> Option<SessionRequest> {
        let fetcher = self.soft.fetchers.get_mut(&id)?;
        let due: Vec<ReplicaIndex> =
            fetcher.delayed.iter().filter(|(_, until)| **until <= now).map(|(index, _)| *index).collect();
        for index in due {
            self.soft.fetchers.get_mut(&id)?.delayed.remove(&index);
            self.position_changed(id, index);
        }
        self.review_throttled(now, id);
        let fetcher = self.soft.fetchers.get_mut(&id)?;
        let mut request = fetcher.session.request()?;
        if request.session_epoch <= 0 {
            let before = fetcher.session.all_sent().take_while(|(index, _)| **index <= fetcher.cursor).count();
            request.partitions.rotate_left(before);
        }
        Some(request)
    }

    /// Where a followed partition is to be fetched from, or whether it is, may have changed.
    pub(super) fn position_changed(&mut self, id: FetcherId, index: ReplicaIndex) {
        let Some(fetcher) = self.soft.fetchers.get_mut(&id) else { return };
        let partition = self.soft.partitions.get(index as usize).and_then(Option::as_ref);
        let is_delayed = fetcher.delayed.contains_key(&index);
        match (fetcher.followed.get(&index), partition) {
            (Some(Followed { is_failed: false, is_resolving: false, is_in_sync, .. }), Some(partition))
                if !is_delayed && (*is_in_sync || !self.soft.throttles.follower.holds_up(index)) =>
            {
                let log = self.disk.log(index);
                let asked = FetchPartition {
                    topic_id: partition.topic_id,
                    partition: partition.tp.partition,
                    current_leader_epoch: partition.leader_epoch,
                    fetch_offset: log.log_end_offset(),
                    last_fetched_epoch: log.latest_epoch(),
                    log_start_offset: log.log_start_offset(),
                    partition_max_bytes: self.settings.replica_fetch_max_bytes,
                };
                fetcher.session.want(index, asked);
            }
            _ => fetcher.session.forget(&index),
        }
    }

    /// The same, of a replica that may not be followed.
    pub(super) fn followed_position_changed(&mut self, index: ReplicaIndex) {
        let id = self.partition(index).map(|p| FetcherId { leader: p.leader, number: self.fetcher_number(&p.tp) });
        id.into_iter().for_each(|id| self.position_changed(id, index));
    }

    /// What is throttled is left out of the next fetch while its quota is used up, and comes in again after that.
    fn review_throttled(&mut self, now: Time, id: FetcherId) {
        self.soft.throttles.follower.refresh(now);
        let throttled: Vec<ReplicaIndex> = self.soft.throttles.follower.replicas().collect();
        throttled.into_iter().for_each(|index| self.position_changed(id, index));
    }

    /// There is nothing to ask for: the fetcher sleeps for a whole backoff, even if a partition is due sooner, unless another
    /// comes to it meanwhile (`AbstractFetcherThread#maybeFetch`).
    fn sleep(&mut self, now: Time, fx: &mut Fx, id: FetcherId) {
        let Some(fetcher) = self.soft.fetchers.get(&id) else { return };
        let throttle = &self.soft.throttles.follower;
        let is_held_up = || fetcher.followed.keys().any(|index| throttle.holds_up(*index));
        if !fetcher.delayed.is_empty() || is_held_up() {
            self.soft.timers.arm_once(fx, now + self.settings.replica_fetch_backoff, TimerKey::FetcherBackoff(id));
        }
    }

    fn arm_fetch_deadline(&mut self, fx: &mut Fx) {
        match self.soft.fetch_calls.next_deadline() {
            Some(due) => self.soft.timers.arm_once(fx, due, TimerKey::FetchDeadline),
            None => {
                self.soft.timers.cancel(&TimerKey::FetchDeadline);
            }
        }
    }

    pub(super) fn expire_fetches(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        for failed in self.soft.fetch_calls.expire(fx, cx.now) {
            self.on_fetches_failed(cx, failed);
        }
        self.arm_fetch_deadline(fx);
    }

    /// The connection to a leader is gone: what was asked is put off.
    pub(super) fn on_fetches_failed(&mut self, cx: &Context<'_>, failed: Vec<FetchCall>) {
        let until = cx.now + self.settings.replica_fetch_backoff;
        for call in failed {
            let id = match call {
                FetchCall::Fetch(id) => {
                    let Some(fetcher) = self.soft.fetchers.get_mut(&id) else { continue };
                    fetcher.is_in_flight = false;
                    fetcher.session.failed();
                    // Those that came while it waited are put off as well; none is twice.
                    let active =
                        fetcher.followed.iter().filter(|(_, followed)| !followed.is_failed && !followed.is_resolving);
                    for index in active.map(|(index, _)| *index) {
                        fetcher.delayed.entry(index).or_insert(until);
                        fetcher.session.forget(&index);
                    }
                    id
                }
                FetchCall::Offsets(id, index, _) => {
                    self.delay(cx, id, index);
                    id
                }
            };
            self.soft.work.push_back(Work::Fetch(id));
        }
    }

    /// A leader answered.
    pub(super) fn on_fetcher_response(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        conn: ConnId,
        correlation: u32,
        response: Response,
    ) {
        let Some(call) = self.soft.fetch_calls.answered(cx.now, conn, correlation) else { return };
        match (call, response) {
            (FetchCall::Fetch(id), Response::Fetch(response)) => {
                if let Some(response) = self.wait_to_copy(fx, id, response) {
                    self.on_fetched(cx, fx, id, response);
                }
            }
            (FetchCall::Offsets(id, index, timestamp), Response::ListOffsets(response)) => {
                self.on_leader_offset(cx, fx, id, index, timestamp, &response);
            }
            (call, response) => debug_assert!(false, "{:?} answers {call:?}", response.api()),
        }
    }

    pub(super) fn on_fetched(&mut self, cx: &Context<'_>, fx: &mut Fx, id: FetcherId, response: FetchResponse) {
        let Some(fetcher) = self.soft.fetchers.get_mut(&id) else { return };
        fetcher.is_in_flight = false;
        let is_usable = fetcher.session.answered(&response);
        for result in response.partitions.into_iter().filter(|_| is_usable) {
            if let Some(index) = self.disk.find(result.topic_id, result.partition) {
                self.on_partition_fetched(cx, fx, id, index, result);
            }
        }
        self.soft.work.push_back(Work::Fetch(id));
    }

    fn on_partition_fetched(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        id: FetcherId,
        index: ReplicaIndex,
        result: FetchResult,
    ) {
        let Some(fetcher) = self.soft.fetchers.get(&id) else { return };
        let Some(FetchPartition { current_leader_epoch: epoch, fetch_offset: offset, .. }) =
            fetcher.session.sent(&index).cloned()
        else {
            return;
        };
        let is_current = self.partition(index).is_some_and(|p| p.leader_epoch == epoch && p.leader == id.leader);
        if !is_current || self.disk.log(index).log_end_offset() != offset {
            return;
        }
        match result.error {
            ErrorCode::None => match result.diverging_epoch {
                Some(end) => self.truncate_to_divergence(cx, fx, index, &end),
                None => self.append_fetched(cx, fx, id, index, result),
            },
            ErrorCode::OffsetOutOfRange => self.ask_leader_end(cx, fx, id, index),
            // Metadata with the new leader epoch is on its way; it starts the partition anew.
            ErrorCode::FencedLeaderEpoch => self.fail(id, index),
            _ => self.delay(cx, id, index),
        }
        self.position_changed(id, index);
    }

    /// Appends what the leader sent, then takes over its high watermark and log start.
    fn append_fetched(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        id: FetcherId,
        index: ReplicaIndex,
        result: FetchResult,
    ) {
        let Some(partition) = self.partition(index) else { return };
        let (tp, leader_epoch, broker) = (partition.tp.clone(), partition.leader_epoch, self.id);
        if !result.batches.is_empty() && self.check_disk(fx, index).is_err() {
            return self.delay(cx, id, index);
        }
        let log = self.disk.log_mut(index);
        let base = log.log_end_offset();
        let now_ms = wall_ms(cx.now, fx);
        let mut rolled = Vec::new();
        let (mut is_broken, mut bytes) = (false, 0);
        // Batches of a leader epoch above that of the fetch wait for metadata (KAFKA-18723).
        for batch in result.batches.iter().take_while(|batch| batch.leader_epoch <= leader_epoch) {
            match log.append_as_follower(batch, now_ms) {
                Ok(appended) => {
                    rolled.extend(appended.rolled);
                    bytes += batch.size_in_bytes();
                }
                Err(_) => {
                    is_broken = true;
                    break;
                }
            }
        }
        let next = log.log_end_offset();
        if !is_broken {
            self.count_taken(cx.now, index, result.records_bytes());
        }
        if let Some(followed) = self.followed_mut(id, index).filter(|followed| bytes > 0 || !followed.is_known) {
            (followed.is_in_sync, followed.is_known) = (result.high_watermark <= next, true);
        }
        for base in rolled {
            fx.note(Note::SegmentRolled { tp: tp.clone(), broker, base });
        }
        if next > base {
            fx.note(Note::Appended { tp, broker, as_leader: false, base, next, leader_epoch, bytes });
            if let Some(fetcher) = self.soft.fetchers.get_mut(&id) {
                fetcher.cursor = index;
            }
        }
        if is_broken {
            // What the leader sent does not go on where this log ends (`#processFetchRequest`, markPartitionFailed).
            return self.fail(id, index);
        }
        self.set_high_watermark(fx, index, result.high_watermark.min(next));
        if result.log_start_offset > self.disk.log(index).log_start_offset() {
            // Above the high watermark it is refused.
            let _ = self.disk.log_mut(index).set_log_start(result.log_start_offset);
            self.touch(index);
        }
    }

    /// Whether it has given up on what a leader sends of a partition, until that has another epoch (`FailedPartitions`).
    pub fn has_given_up(&self, topic_id: TopicId, partition: PartitionIndex) -> bool {
        let Some(index) = self.disk.find(topic_id, partition) else { return false };
        self.soft
            .fetchers
            .values()
            .filter_map(|fetcher| fetcher.followed.get(&index))
            .any(|followed| followed.is_failed)
    }

    pub(super) fn followed_mut(&mut self, id: FetcherId, index: ReplicaIndex) -> Option<&mut Followed> {
        self.soft.fetchers.get_mut(&id)?.followed.get_mut(&index)
    }

    pub(super) fn delay(&mut self, cx: &Context<'_>, id: FetcherId, index: ReplicaIndex) {
        let until = cx.now + self.settings.replica_fetch_backoff;
        if let Some(followed) = self.followed_mut(id, index) {
            followed.is_resolving = false;
            self.soft.fetchers.entry(id).or_default().delayed.insert(index, until);
            self.position_changed(id, index);
        }
    }

    fn fail(&mut self, id: FetcherId, index: ReplicaIndex) {
        if let Some(followed) = self.followed_mut(id, index) {
            followed.is_failed = true;
        }
    }
}
