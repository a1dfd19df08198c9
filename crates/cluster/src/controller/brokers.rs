//! Brokers: registration, heartbeats, fencing, controlled shutdown, producer id blocks (`ClusterControlManager`,
//! `BrokerHeartbeatManager`, `ProducerIdControlManager`).

use kernel::{Duration, Time};
use protocol::api::allocate_producer_ids::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
use protocol::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use protocol::api::broker_registration::{BrokerRegistrationRequest, BrokerRegistrationResponse};
use protocol::api::unregister_broker::UnregisterBrokerResponse;
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, DirectoryId, ErrorCode, Plant, Request};

use super::directories::has_own_directories;
use super::refuse::refuse;
use super::{Controller, Decision, TimerKey};
use crate::image::BrokerImage;
use crate::process::Fx;
use crate::raft::Replica;

/// Producer ids in a block (`ProducerIdsBlock#PRODUCER_ID_BLOCK_SIZE`).
const PRODUCER_ID_BLOCK: i32 = 1000;

/// What the active controller knows of a broker's liveness (`BrokerHeartbeatState`).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct HeartbeatState {
    /// When it was heard of last.
    pub last_contact: Time,
    /// Whether a heartbeat of this registration has come, or a new controller gave it the benefit of the doubt
    /// (`BrokerHeartbeatTracker`). Nobody else may register with its id until the session is over, even if it has stopped cleanly.
    pub has_session: bool,
    /// How far it has applied the metadata log.
    pub metadata_offset: i64,
    /// Whether it is fenced.
    pub is_fenced: bool,
    /// In controlled shutdown: the offset every other broker must have applied before it may stop.
    pub shutdown_offset: Option<i64>,
}

impl HeartbeatState {
    /// A broker of which a new controller knows only that it is registered.
    pub(super) fn new(now: Time, broker: &BrokerImage) -> HeartbeatState {
        HeartbeatState {
            last_contact: now,
            has_session: !broker.fenced,
            metadata_offset: -1,
            is_fenced: broker.fenced,
            shutdown_offset: broker.in_controlled_shutdown.then_some(i64::MAX),
        }
    }
}

/// Where a broker stands with its controller (`BrokerControlState`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ControlState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

/// The hash of a session in a `ConcurrentHashMap` of them, and how many buckets that has with so many in it. (It keeps those it once had.)
fn hash_of_session(BrokerId(id): BrokerId, broker_epoch: i64) -> u32 {
    let epoch = (broker_epoch ^ (broker_epoch as u64 >> 32) as i64) as u32;
    let hash = (id as u32).wrapping_mul(31).wrapping_add(epoch);
    (hash ^ hash >> 16) & 0x7fff_ffff
}
fn hash_map_capacity(entries: usize) -> u32 {
    let mut buckets = 16;
    while entries >= buckets as usize / 4 * 3 {
        buckets *= 2;
    }
    buckets
}

impl Controller {
    pub(super) fn session_timeout(&self) -> Duration {
        self.spec.millis("broker.session.timeout.ms", 9000)
    }

    /// A starting broker makes itself known.
    pub(super) fn register_broker(
        &mut self,
        now: Time,
        raft: &Replica,
        request: &BrokerRegistrationRequest,
    ) -> Decision {
        let refused = |error| Decision {
            records: Vec::new(),
            response: BrokerRegistrationResponse { error, broker_epoch: -1 }.into(),
        };
        if request.cluster_id != self.spec.cluster.cluster_id {
            return refused(ErrorCode::InconsistentClusterId);
        }
        let session = self.session_timeout();
        let Some(active) = &self.active else { return refused(ErrorCode::NotController) };
        let existing = active.state.image().brokers.get(&request.broker).cloned();
        let is_known = existing.as_ref().is_some_and(|broker| broker.incarnation == request.incarnation);
        let has_session = active
            .heartbeats
            .get(&request.broker)
            .is_some_and(|heartbeat| heartbeat.has_session && now.since(heartbeat.last_contact) <= session);
        if existing.is_some() && !is_known && has_session {
            return refused(ErrorCode::DuplicateBrokerRegistration);
        }
        if !has_own_directories(active.state.image(), request.broker, &request.log_dirs) {
            return refused(ErrorCode::InvalidRegistration);
        }
        let mut records = Vec::new();
        let mut broker_epoch = raft.next_offset();
        match &existing {
            // The answer to an earlier attempt was lost.
            Some(broker) if is_known => broker_epoch = broker.epoch,
            Some(broker) => {
                let was_clean = !active.state.image().elr_enabled()
                    || request.previous_broker_epoch == broker.epoch
                    || self.spec.has(Plant::LastReplicaStanding);
                self.leave_in_sync(request.broker, !was_clean, &mut records);
            }
            None => {}
        }
        records.push(MetadataRecord::RegisterBroker {
            broker: request.broker,
            incarnation: request.incarnation,
            broker_epoch,
            host: request.host.clone(),
            port: request.port,
            rack: request.rack.clone(),
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: request.log_dirs.clone(),
            cordoned: None,
        });
        if let Some(active) = &mut self.active {
            let state = HeartbeatState {
                last_contact: now,
                has_session: false,
                metadata_offset: -1,
                is_fenced: true,
                shutdown_offset: None,
            };
            active.heartbeats.insert(request.broker, state);
        }
        Decision { records, response: BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch }.into() }
    }

    /// Whether a broker is who it says it is (`ClusterControlManager#checkBrokerEpoch`). One that is not registered, or not any
    /// more, gets the same error as one that registered anew since.
    pub(super) fn check_broker_epoch(&self, broker: BrokerId, broker_epoch: i64) -> ErrorCode {
        let registered = self.active.as_ref().and_then(|active| active.state.image().brokers.get(&broker));
        match registered {
            Some(registered) if registered.epoch == broker_epoch => ErrorCode::None,
            Some(_) | None => ErrorCode::StaleBrokerEpoch,
        }
    }

    /// A broker shows that it lives.
    pub(super) fn broker_heartbeat(&mut self, now: Time, raft: &Replica, request: &BrokerHeartbeatRequest) -> Decision {
        let error = self.check_broker_epoch(request.broker, request.broker_epoch);
        if !error.is_ok() {
            let response =
                BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false };
            return Decision { records: Vec::new(), response: response.into() };
        }
        let (current, next, registered_at) = self.next_control_state(request);
        let mut records = Vec::new();
        if current != next {
            match next {
                ControlState::Fenced | ControlState::ShutdownNow => self.fence(request.broker, &mut records),
                ControlState::Unfenced => self.unfence(request.broker, &mut records),
                ControlState::ControlledShutdown => self.enter_shutdown(request.broker, &mut records),
            }
        }
        self.directories_offline(request.broker, &request.offline_dirs, &mut records);
        self.directories_cordoned(request, &mut records);
        let last = raft.next_offset() + records.len() as i64 - 1;
        if let Some(heartbeat) = self.active.as_mut().and_then(|active| active.heartbeats.get_mut(&request.broker)) {
            (heartbeat.last_contact, heartbeat.has_session) = (now, true);
            heartbeat.metadata_offset = heartbeat.metadata_offset.max(request.current_metadata_offset);
            heartbeat.is_fenced = matches!(next, ControlState::Fenced | ControlState::ShutdownNow);
            match next {
                ControlState::ControlledShutdown if current != next || heartbeat.shutdown_offset == Some(i64::MAX) => {
                    heartbeat.shutdown_offset = Some(last);
                }
                ControlState::ControlledShutdown | ControlState::ShutdownNow => {}
                ControlState::Fenced | ControlState::Unfenced => heartbeat.shutdown_offset = None,
            }
        }
        let response = BrokerHeartbeatResponse {
            error: ErrorCode::None,
            is_caught_up: request.current_metadata_offset >= registered_at,
            is_fenced: matches!(next, ControlState::Fenced | ControlState::ShutdownNow),
            should_shut_down: next == ControlState::ShutdownNow,
        };
        Decision { records, response: response.into() }
    }

    /// `BrokerHeartbeatManager#calculateNextBrokerState`. Also where the broker's registration lies.
    fn next_control_state(&self, request: &BrokerHeartbeatRequest) -> (ControlState, ControlState, i64) {
        let active = self.active.as_ref().expect("only the active controller hears heartbeats");
        let registered_at = active.state.registered_at(request.broker);
        let broker = &active.state.image().brokers[&request.broker];
        let current = match broker {
            broker if broker.fenced => ControlState::Fenced,
            broker if broker.in_controlled_shutdown => ControlState::ControlledShutdown,
            _ => ControlState::Unfenced,
        };
        let next = match current {
            ControlState::Fenced if request.want_shut_down => ControlState::ShutdownNow,
            ControlState::Fenced if !request.want_fence && request.current_metadata_offset >= registered_at => {
                ControlState::Unfenced
            }
            ControlState::Fenced => ControlState::Fenced,
            ControlState::Unfenced if request.want_fence && request.want_shut_down => ControlState::ShutdownNow,
            ControlState::Unfenced if request.want_fence => ControlState::Fenced,
            ControlState::Unfenced if request.want_shut_down => {
                if active.state.leads_any(request.broker) {
                    ControlState::ControlledShutdown
                } else {
                    ControlState::ShutdownNow
                }
            }
            ControlState::Unfenced => ControlState::Unfenced,
            ControlState::ControlledShutdown if active.state.leads_any(request.broker) => {
                ControlState::ControlledShutdown
            }
            ControlState::ControlledShutdown => {
                let wanted = active.heartbeats.get(&request.broker).and_then(|heartbeat| heartbeat.shutdown_offset);
                let have = self.lowest_active_offset();
                if wanted.is_none_or(|wanted| wanted <= have) {
                    ControlState::ShutdownNow
                } else {
                    ControlState::ControlledShutdown
                }
            }
            ControlState::ShutdownNow => ControlState::ShutdownNow,
        };
        (current, next, registered_at)
    }

    /// How far the slowest broker that serves has applied the log; the end of time if none serves.
    fn lowest_active_offset(&self) -> i64 {
        let Some(active) = &self.active else { return i64::MAX };
        let serving =
            active.heartbeats.values().filter(|heartbeat| !heartbeat.is_fenced && heartbeat.shutdown_offset.is_none());
        serving.map(|heartbeat| heartbeat.metadata_offset).min().unwrap_or(i64::MAX)
    }

    fn registration_change(
        &self,
        broker: BrokerId,
        fenced: Option<bool>,
        in_controlled_shutdown: Option<bool>,
    ) -> MetadataRecord {
        let broker_epoch = self.active.as_ref().map_or(-1, |active| active.state.image().brokers[&broker].epoch);
        MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced,
            in_controlled_shutdown,
            log_dirs: None,
            cordoned: None,
        }
    }

    /// A broker has told which of its directories take no new replicas: if that is news, it is written down
    /// (`ReplicationControlManager#handleDirectoriesCordoned`).
    fn directories_cordoned(&self, request: &BrokerHeartbeatRequest, records: &mut Vec<MetadataRecord>) {
        let (Some(active), Some(told)) = (&self.active, &request.cordoned_dirs) else { return };
        let Some(registered) = active.state.image().brokers.get(&request.broker) else { return };
        let holds_all = |these: &[DirectoryId], those: &[DirectoryId]| those.iter().all(|dir| these.contains(dir));
        let is_known = |known: &Vec<DirectoryId>| holds_all(known, told) && holds_all(told, known);
        if !registered.cordoned.as_ref().is_some_and(is_known) {
            records.push(MetadataRecord::BrokerRegistrationChange {
                broker: request.broker,
                broker_epoch: registered.epoch,
                fenced: None,
                in_controlled_shutdown: None,
                log_dirs: None,
                cordoned: Some(told.clone()),
            });
        }
    }

    /// A broker is dead, or as good as: it leaves every ISR (`handleBrokerFenced`).
    pub(super) fn fence(&mut self, broker: BrokerId, records: &mut Vec<MetadataRecord>) {
        self.leave_in_sync(broker, false, records);
        records.push(self.registration_change(broker, Some(true), None));
    }

    /// A broker will not come back. Its replicas stay assigned until they are moved away (`#unregisterBroker`).
    pub(super) fn unregister_broker(&mut self, broker: BrokerId) -> Decision {
        let registered = self.active.as_ref().and_then(|active| active.state.image().brokers.get(&broker));
        let Some(broker_epoch) = registered.map(|registered| registered.epoch) else {
            let message = format!("Broker ID {broker} is not currently registered");
            let error = ErrorCode::BrokerIdNotRegistered;
            let response = UnregisterBrokerResponse { error, message: Some(message.into()) };
            return Decision { records: Vec::new(), response: response.into() };
        };
        let mut records = Vec::new();
        self.leave_in_sync(broker, false, &mut records);
        records.push(MetadataRecord::UnregisterBroker { broker, broker_epoch });
        if let Some(active) = &mut self.active {
            active.heartbeats.remove(&broker);
        }
        Decision { records, response: UnregisterBrokerResponse { error: ErrorCode::None, message: None }.into() }
    }

    fn unfence(&mut self, broker: BrokerId, records: &mut Vec<MetadataRecord>) {
        records.push(self.registration_change(broker, Some(false), None));
        self.elect_leaderless(Some(broker), records);
        if self.spec.has(Plant::UnfencedInSync) {
            self.join_in_sync(broker, records);
        }
    }

    fn enter_shutdown(&mut self, broker: BrokerId, records: &mut Vec<MetadataRecord>) {
        records.push(self.registration_change(broker, None, Some(true)));
        self.leave_in_sync(broker, false, records);
    }

    // ---- sessions

    /// Fences a broker whose session ran out: one an event, as Kafka does. With one fenced, it looks again at once. Of several that is the
    /// first in the order of Kafka's hash map, whichever is stale the longest; and one that was fenced already, as it stopped, is fenced
    /// once more (`ReplicationControlManager#maybeFenceOneStaleBroker`).
    pub(super) fn fence_stale(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica) {
        let session = self.session_timeout();
        let Some(active) = &self.active else { return };
        let sessions = active.heartbeats.iter().filter(|(_, heartbeat)| heartbeat.has_session);
        let buckets = hash_map_capacity(sessions.clone().count());
        let stale = sessions.filter(|(_, heartbeat)| now.since(heartbeat.last_contact) > session);
        let epoch = |id: BrokerId| active.state.image().brokers.get(&id).map_or(-1, |broker| broker.epoch);
        let first = stale.map(|(id, _)| *id).min_by_key(|id| (hash_of_session(*id, epoch(*id)) & (buckets - 1), *id));
        let Some(broker) = first else { return self.arm_fencing(now, fx) };
        let mut records = Vec::new();
        self.fence(broker, &mut records);
        if let Some(heartbeat) = self.active.as_mut().and_then(|active| active.heartbeats.get_mut(&broker)) {
            heartbeat.is_fenced = true;
            heartbeat.has_session = false;
            heartbeat.shutdown_offset = None;
        }
        self.commit(now, fx, raft, records);
        self.timers.arm(fx, now, TimerKey::FenceStale);
    }

    /// The controller looks for stale brokers eight times a session (`maybeFenceStaleBroker`, every 1125 ms). With a session of nothing Kafka's
    /// never rests; a look takes a millisecond here, so that time goes on.
    pub(super) fn arm_fencing(&mut self, now: Time, fx: &mut Fx) {
        let interval = Duration::from_nanos((self.session_timeout().as_nanos() / 8).max(1_000_000));
        self.timers.arm(fx, now + interval, TimerKey::FenceStale);
    }

    /// Hands out a block of producer ids.
    pub(super) fn allocate_producer_ids(&self, request: &AllocateProducerIdsRequest) -> Decision {
        let error = self.check_broker_epoch(request.broker, request.broker_epoch);
        let Some(active) = self.active.as_ref().filter(|_| error.is_ok()) else {
            return Decision {
                records: Vec::new(),
                response: refuse(&Request::AllocateProducerIds(request.clone()), error),
            };
        };
        let first = active.state.image().next_producer_id;
        let record = MetadataRecord::ProducerIds {
            broker: request.broker,
            broker_epoch: request.broker_epoch,
            next_producer_id: first + i64::from(PRODUCER_ID_BLOCK),
        };
        let response = AllocateProducerIdsResponse { error: ErrorCode::None, first, count: PRODUCER_ID_BLOCK };
        Decision { records: vec![record], response: response.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use ordered::SortedMap;
    use protocol::TopicId;
    use protocol::metadata::PartitionRecord;

    use super::super::Active;
    use super::super::state::State;
    use super::*;
    use crate::spec::{ClusterSpec, ProcessSpec};

    /// In which order sessions that are over at once are found.
    fn order(sessions: &[(i32, i64)]) -> Vec<i32> {
        let buckets = hash_map_capacity(sessions.len());
        let mut sessions = sessions.to_vec();
        sessions.sort_by_key(|(id, epoch)| hash_of_session(BrokerId(*id), *epoch) & (buckets - 1));
        sessions.into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn sessions_are_looked_at_in_the_order_of_a_java_map() {
        // Printed by a ConcurrentHashMap of Java 17 with records of an int and a long.
        assert_eq!(order(&[(1, 22), (2, 27), (3, 25)]), [1, 3, 2]);
        assert_eq!(order(&[(1, 5), (2, 1 << 33), (3, -1)]), [2, 1, 3]);
        let twenty: Vec<(i32, i64)> = (1..=20).map(|id| (id, 50 + 13 * i64::from(id))).collect();
        assert_eq!(order(&twenty), [4, 12, 20, 7, 15, 2, 10, 18, 5, 13, 8, 16, 3, 11, 19, 6, 14, 1, 9, 17]);
    }

    /// A controller that has heard of broker 1, registered at offset 5 and in this state, and of broker 2, which has applied the log up
    /// to 50.
    fn controller(current: ControlState, leads: bool, shutdown_offset: Option<i64>) -> Controller {
        let cluster = ClusterSpec {
            cluster_id: "c".into(),
            voters: vec![(BrokerId(101), "controller".into())],
            initial_controllers: Default::default(),
            elr_enabled: true,
            plant: Plant::None,
            placement_seed: None,
        };
        let spec = ProcessSpec {
            id: BrokerId(101),
            is_broker: false,
            is_controller: true,
            host: "controller".into(),
            rack: None,
            cluster: Arc::new(cluster),
            overrides: SortedMap::new(),
            replaced: Default::default(),
        };
        let register = |broker, broker_epoch, fenced, in_controlled_shutdown| MetadataRecord::RegisterBroker {
            broker: BrokerId(broker),
            incarnation: 0,
            broker_epoch,
            host: "broker".into(),
            port: 9092,
            rack: None,
            fenced,
            in_controlled_shutdown,
            log_dirs: Vec::new(),
            cordoned: None,
        };
        let (is_fenced, is_stopping) = (current == ControlState::Fenced, current == ControlState::ControlledShutdown);
        let mut state = State::new(&Arc::default());
        state.replay(5, &register(1, 5, is_fenced, is_stopping), |_| {});
        state.replay(6, &register(2, 6, false, false), |_| {});
        state.replay(7, &MetadataRecord::Topic { name: "t".into(), topic_id: TopicId(1) }, |_| {});
        let partition = PartitionRecord {
            topic_id: TopicId(1),
            partition: 0,
            replicas: vec![BrokerId(1), BrokerId(2)],
            directories: vec![DirectoryId::UNASSIGNED; 2],
            isr: vec![BrokerId(1), BrokerId(2)],
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            removing: Vec::new(),
            adding: Vec::new(),
            leader: BrokerId(if leads { 1 } else { 2 }),
            recovering: false,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        state.replay(8, &MetadataRecord::Partition(Arc::new(partition)), |_| {});
        let heard = |is_fenced: bool, shutdown_offset, metadata_offset| HeartbeatState {
            last_contact: Time::ZERO,
            has_session: !is_fenced,
            metadata_offset,
            is_fenced,
            shutdown_offset,
        };
        let heartbeats =
            [(BrokerId(1), heard(is_fenced, shutdown_offset, 40)), (BrokerId(2), heard(false, None, 50))].into();
        let active =
            Active { epoch: 1, state, heartbeats, deferred: VecDeque::new(), last_offset: 60, placement: None };
        Controller { active: Some(active), ..Controller::new(&Arc::new(spec)) }
    }

    fn heartbeat(offset: i64, want_fence: bool, want_shut_down: bool) -> BrokerHeartbeatRequest {
        BrokerHeartbeatRequest {
            broker: BrokerId(1),
            broker_epoch: 5,
            current_metadata_offset: offset,
            want_fence,
            want_shut_down,
            offline_dirs: Vec::new(),
            cordoned_dirs: None,
        }
    }

    /// `BrokerHeartbeatManager#calculateNextBrokerState`, row by row.
    #[test]
    fn a_heartbeat_moves_a_broker_on_as_kafkas_table_says() {
        use ControlState::*;
        #[rustfmt::skip] // A table: state, leads, offset of its shutdown, (offset, wants the fence, wants to stop), what follows.
        let table = [
            (Fenced, false, None, (4, false, true), ShutdownNow),
            (Fenced, false, None, (9, true, true), ShutdownNow),
            (Fenced, false, None, (4, false, false), Fenced),
            (Fenced, false, None, (5, false, false), Unfenced),
            (Fenced, false, None, (9, true, false), Fenced),
            (Unfenced, true, None, (9, false, false), Unfenced),
            (Unfenced, true, None, (9, true, false), Fenced),
            (Unfenced, true, None, (9, true, true), ShutdownNow),
            (Unfenced, true, None, (9, false, true), ControlledShutdown),
            (Unfenced, false, None, (9, false, true), ShutdownNow),
            (ControlledShutdown, true, Some(45), (9, false, true), ControlledShutdown),
            (ControlledShutdown, false, Some(51), (9, false, true), ControlledShutdown),
            (ControlledShutdown, false, Some(50), (9, false, true), ShutdownNow),
        ];
        for (current, leads, shutdown_offset, (offset, want_fence, want_shut_down), next) in table {
            let controller = controller(current, leads, shutdown_offset);
            let (from, to, _) = controller.next_control_state(&heartbeat(offset, want_fence, want_shut_down));
            assert_eq!((from, to), (current, next), "{offset} {want_fence} {want_shut_down}");
        }
    }

    /// `ClusterControlManager#checkBrokerEpoch`.
    #[test]
    fn a_heartbeat_of_another_registration_or_of_none_is_stale() {
        let controller = controller(ControlState::Unfenced, false, None);
        let check = |broker, epoch| controller.check_broker_epoch(BrokerId(broker), epoch);
        assert_eq!((check(1, 5), check(1, 4)), (ErrorCode::None, ErrorCode::StaleBrokerEpoch));
        assert_eq!(check(9, 5), ErrorCode::StaleBrokerEpoch);
    }
}
