//! Following: one fetcher for each leader broker, with at most one fetch in flight for all partitions followed there, in
//! a fetch session (`AbstractFetcherThread`, `ReplicaFetcherThread`, KIP-227). Truncates where the leader says the logs
//! part (KIP-595). Left out: num.replica.fetchers > 1.

use kernel::{Address, ConnId, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::fetch_session::{FetchSession, SessionRequest};
use protocol::{BrokerId, ErrorCode, Message, Note, Request, Response, gap};

use super::disk::ReplicaIndex;
use super::{Broker, TimerKey, Work};
use crate::process::{Context, Fx, wall_ms};

/// The fetcher for one leader broker.
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
    /// Waits for metadata with a newer leader epoch.
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
    /// The next data of all partitions followed there.
    Fetch(BrokerId),
    /// Where one partition's log ends there (`LATEST`) or starts (`EARLIEST`).
    Offsets(BrokerId, ReplicaIndex, i64),
}

impl Broker {
    pub(super) fn start_fetching(&mut self, index: ReplicaIndex, leader: BrokerId) {
        self.soft.fetchers.entry(leader).or_default().followed.insert(index, Followed::default());
        self.position_changed(leader, index);
        self.soft.work.push_back(Work::Fetch(leader));
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
        self.soft.fetchers.retain(|leader, fetcher| {
            let is_idle = fetcher.followed.is_empty();
            if let Some(address) = fetcher.address.as_ref().filter(|_| is_idle) {
                calls.close(fx, address);
                writing.forget_fetched(*leader);
            }
            !is_idle
        });
    }

    /// Sends the next fetch to a leader, if none is in flight and there is something to ask for.
    pub(super) fn send_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, leader: BrokerId) {
        if self.soft.fetchers.get(&leader).is_none_or(|fetcher| fetcher.is_in_flight) {
            return;
        }
        let Some(endpoint) = cx.image.brokers.get(&leader) else { return };
        let Some(asked) = self.next_request(cx.now, leader) else {
            self.arm_idle(cx.now, fx, leader);
            return;
        };
        gap!("num.replica.fetchers above 1", "AbstractFetcherManager");
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
        };
        let address = (endpoint.host.clone(), endpoint.port);
        if let Some(fetcher) = self.soft.fetchers.get_mut(&leader) {
            fetcher.is_in_flight = true;
            fetcher.address = Some(address.clone());
        }
        self.call_leader(cx, fx, &address, FetchCall::Fetch(leader), leader, request.into());
    }

    pub(super) fn call_leader(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        to: &Address,
        tag: FetchCall,
        leader: BrokerId,
        request: Request,
    ) {
        let client_id = self.fetcher_name(leader);
        let make = |correlation| Message::Request { correlation, client_id, request };
        self.soft.fetch_calls.call(fx, cx.now, to, self.settings.replica_socket_timeout, tag, make);
        self.arm_fetch_deadline(fx);
    }

    fn fetcher_name(&self, leader: BrokerId) -> Name {
        format!("broker-{}-fetcher-{leader}", self.id).into()
    }

    /// What the next fetch to a leader asks for.
    fn next_request(&mut self, now: Time, leader: BrokerId) -> Option<SessionRequest> {
        let fetcher = self.soft.fetchers.get_mut(&leader)?;
        let due: Vec<ReplicaIndex> =
            fetcher.delayed.iter().filter(|(_, until)| **until <= now).map(|(index, _)| *index).collect();
        for index in due {
            self.soft.fetchers.get_mut(&leader)?.delayed.remove(&index);
            self.position_changed(leader, index);
        }
        self.review_throttled(now, leader);
        let fetcher = self.soft.fetchers.get_mut(&leader)?;
        let mut request = fetcher.session.request()?;
        if request.session_epoch <= 0 {
            let before = fetcher.session.all_sent().take_while(|(index, _)| **index <= fetcher.cursor).count();
            request.partitions.rotate_left(before);
        }
        Some(request)
    }

    /// Where a followed partition is to be fetched from, or whether it is, may have changed.
    pub(super) fn position_changed(&mut self, leader: BrokerId, index: ReplicaIndex) {
        let Some(fetcher) = self.soft.fetchers.get_mut(&leader) else { return };
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

    /// Wakes a fetcher when the first of its delayed partitions is due.
    pub(super) fn arm_backoff(&mut self, fx: &mut Fx, leader: BrokerId) {
        let Some(fetcher) = self.soft.fetchers.get(&leader) else { return };
        if let Some(due) = fetcher.delayed.values().min() {
            self.soft.timers.arm(fx, *due, TimerKey::FetcherBackoff(leader));
        }
    }

    /// What is throttled is left out of the next fetch while its quota is used up, and comes in again after that.
    fn review_throttled(&mut self, now: Time, leader: BrokerId) {
        self.soft.throttles.follower.refresh(now);
        let throttled: Vec<ReplicaIndex> = self.soft.throttles.follower.replicas().collect();
        throttled.into_iter().for_each(|index| self.position_changed(leader, index));
    }

    /// There is nothing to ask for: wakes the fetcher when there may be (`AbstractFetcherThread#maybeFetch`).
    fn arm_idle(&mut self, now: Time, fx: &mut Fx, leader: BrokerId) {
        let Some(fetcher) = self.soft.fetchers.get(&leader) else { return };
        let throttle = &self.soft.throttles.follower;
        let is_held_up = fetcher.followed.keys().any(|index| throttle.holds_up(*index));
        let again = is_held_up.then(|| now + self.settings.replica_fetch_backoff);
        if let Some(due) = fetcher.delayed.values().copied().chain(again).min() {
            self.soft.timers.arm(fx, due, TimerKey::FetcherBackoff(leader));
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
        for (_, failed) in self.soft.fetch_calls.expire(fx, cx.now) {
            self.on_fetches_failed(cx, fx, failed);
        }
        self.arm_fetch_deadline(fx);
    }

    /// The connection to a leader is gone: what was asked is put off.
    pub(super) fn on_fetches_failed(&mut self, cx: &Context<'_>, fx: &mut Fx, failed: Vec<FetchCall>) {
        let until = cx.now + self.settings.replica_fetch_backoff;
        for call in failed {
            let leader = match call {
                FetchCall::Fetch(leader) => {
                    let Some(fetcher) = self.soft.fetchers.get_mut(&leader) else { continue };
                    fetcher.is_in_flight = false;
                    fetcher.session.failed();
                    let asked: Vec<ReplicaIndex> = fetcher.session.wanted().copied().collect();
                    fetcher.delayed.extend(asked.iter().map(|index| (*index, until)));
                    asked.iter().for_each(|index| fetcher.session.forget(index));
                    leader
                }
                FetchCall::Offsets(leader, index, _) => {
                    self.delay(cx, leader, index);
                    leader
                }
            };
            self.arm_backoff(fx, leader);
            // Partitions that came to this fetcher while it waited are not put off.
            self.soft.work.push_back(Work::Fetch(leader));
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
        let Some(call) = self.soft.fetch_calls.answered(conn, correlation) else { return };
        match (call, response) {
            (FetchCall::Fetch(leader), Response::Fetch(response)) => {
                if let Some(response) = self.wait_to_copy(fx, leader, response) {
                    self.on_fetched(cx, fx, leader, response);
                }
            }
            (FetchCall::Offsets(leader, index, timestamp), Response::ListOffsets(response)) => {
                self.on_leader_offset(cx, fx, leader, index, timestamp, &response);
            }
            (call, response) => debug_assert!(false, "{:?} answers {call:?}", response.api()),
        }
    }

    pub(super) fn on_fetched(&mut self, cx: &Context<'_>, fx: &mut Fx, leader: BrokerId, response: FetchResponse) {
        let Some(fetcher) = self.soft.fetchers.get_mut(&leader) else { return };
        fetcher.is_in_flight = false;
        let is_usable = fetcher.session.answered(&response);
        for result in response.partitions.into_iter().filter(|_| is_usable) {
            if let Some(index) = self.disk.find(result.topic_id, result.partition) {
                self.on_partition_fetched(cx, fx, leader, index, result);
            }
        }
        self.arm_backoff(fx, leader);
        self.soft.work.push_back(Work::Fetch(leader));
    }

    fn on_partition_fetched(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        leader: BrokerId,
        index: ReplicaIndex,
        result: FetchResult,
    ) {
        let Some(fetcher) = self.soft.fetchers.get(&leader) else { return };
        let Some(FetchPartition { current_leader_epoch: epoch, fetch_offset: offset, .. }) =
            fetcher.session.sent(&index).cloned()
        else {
            return;
        };
        let is_current = self.partition(index).is_some_and(|p| p.leader_epoch == epoch && p.leader == leader);
        if !is_current || self.disk.log(index).log_end_offset() != offset {
            return;
        }
        match result.error {
            ErrorCode::None => match result.diverging_epoch {
                Some(end) => self.truncate_to_divergence(cx, fx, index, &end),
                None => self.append_fetched(cx, fx, leader, index, result),
            },
            ErrorCode::OffsetOutOfRange => self.ask_leader_end(cx, fx, leader, index),
            // Metadata with the new leader epoch is on its way; it starts the partition anew.
            ErrorCode::FencedLeaderEpoch => self.fail(leader, index),
            _ => self.delay(cx, leader, index),
        }
        self.position_changed(leader, index);
    }

    /// Appends what the leader sent, then takes over its high watermark and log start.
    fn append_fetched(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        leader: BrokerId,
        index: ReplicaIndex,
        result: FetchResult,
    ) {
        let Some(partition) = self.partition(index) else { return };
        let (tp, leader_epoch, broker) = (partition.tp.clone(), partition.leader_epoch, self.id);
        if !result.batches.is_empty() && self.check_disk(fx).is_err() {
            return self.delay(cx, leader, index);
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
        self.count_taken(cx.now, index, bytes.into());
        if let Some(followed) = self.followed_mut(leader, index).filter(|followed| bytes > 0 || !followed.is_known) {
            (followed.is_in_sync, followed.is_known) = (result.high_watermark <= next, true);
        }
        for base in rolled {
            fx.note(Note::SegmentRolled { tp: tp.clone(), broker, base });
        }
        if next > base {
            fx.note(Note::Appended { tp, broker, as_leader: false, base, next, leader_epoch, bytes });
            if let Some(fetcher) = self.soft.fetchers.get_mut(&leader) {
                fetcher.cursor = index;
            }
        }
        self.set_high_watermark(fx, index, result.high_watermark.min(next));
        if result.log_start_offset > self.disk.log(index).log_start_offset() {
            // Above the high watermark it is refused.
            let _ = self.disk.log_mut(index).set_log_start(result.log_start_offset);
            self.touch(index);
        }
        if is_broken {
            self.delay(cx, leader, index);
        }
    }

    pub(super) fn followed_mut(&mut self, leader: BrokerId, index: ReplicaIndex) -> Option<&mut Followed> {
        self.soft.fetchers.get_mut(&leader)?.followed.get_mut(&index)
    }

    pub(super) fn delay(&mut self, cx: &Context<'_>, leader: BrokerId, index: ReplicaIndex) {
        let until = cx.now + self.settings.replica_fetch_backoff;
        if let Some(followed) = self.followed_mut(leader, index) {
            followed.is_resolving = false;
            self.soft.fetchers.entry(leader).or_default().delayed.insert(index, until);
            self.position_changed(leader, index);
        }
    }

    fn fail(&mut self, leader: BrokerId, index: ReplicaIndex) {
        if let Some(followed) = self.followed_mut(leader, index) {
            followed.is_failed = true;
        }
    }
}
