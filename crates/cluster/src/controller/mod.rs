//! The controller (`QuorumController`): the part of a process that, while its replica leads the metadata quorum,
//! decides about the cluster. Handlers compute records and an answer from the state; only replaying the records
//! changes the state; the answer goes out when the records are committed.
//!
//! The state of the active controller runs ahead of what is committed; it is thrown away with the leadership, and
//! built anew from the committed image by the next. Left out: ACLs, quotas, migrations.

mod brokers;
mod configs;
mod directories;
mod election;
mod features;
pub(crate) mod listener;
mod partitions;
mod reassign;
pub(crate) mod refuse;
mod registration;
mod state;
mod topics;

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{ConnId, Duration, Time, Timers};
use ordered::SortedMap;
use protocol::api::controller_registration::{ControllerRegistrationRequest, ControllerRegistrationResponse};
use protocol::java_random::Lcg;
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, ErrorCode, Message, Plant, Request, Response};

use crate::image::MetadataImage;
use crate::process::{Fx, space};
use crate::raft::{Leadership, Replica};
use crate::spec::ProcessSpec;
pub use brokers::HeartbeatState;
pub use election::Election;
use features::ELR;
pub(crate) use features::bootstrap_features;
pub use registration::ControllerRegistration;
use state::State;

/// The controller part of a process. All of it is soft: the log is the state.
#[derive(Clone, Debug, Hash)]
pub struct Controller {
    spec: Arc<ProcessSpec>,
    active: Option<Active>,
    timers: Timers<TimerKey>,
    committed: i64,
}

/// What only the active controller has.
#[derive(Clone, Debug, Hash)]
struct Active {
    epoch: i32,
    state: State,
    heartbeats: SortedMap<BrokerId, HeartbeatState>,
    deferred: VecDeque<Deferred>,
    /// Offset of the last record prepared.
    last_offset: i64,
    placement: Option<Lcg>,
}

/// An answer that waits for the high watermark (`DeferredEventQueue`).
#[derive(Clone, Debug, Hash)]
struct Deferred {
    offset: i64,
    conn: ConnId,
    correlation: u32,
    request: Request,
    response: Response,
}

/// What a handler decided.
struct Decision {
    records: Vec<MetadataRecord>,
    response: Response,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKey {
    NoOp,
    FenceStale,
    BalanceLeaders,
    ElectUnclean,
}

/// A starting controller makes itself known; nothing refuses it (`ClusterControlManager#registerController`).
fn register_controller(request: &ControllerRegistrationRequest) -> Decision {
    let record = MetadataRecord::RegisterController {
        controller: request.controller,
        incarnation: request.incarnation,
        host: request.host.clone(),
        port: request.port,
    };
    let response = ControllerRegistrationResponse { error: ErrorCode::None };
    Decision { records: vec![record], response: response.into() }
}

/// Streams of random numbers.
const RNG_PLACEMENT: u32 = 0x31;
const RNG_TOPIC_ID: u32 = 0x32;

impl Controller {
    /// A controller that stands by.
    pub fn new(spec: &Arc<ProcessSpec>) -> Controller {
        Controller { spec: spec.clone(), active: None, timers: Timers::new(space::CONTROLLER), committed: -1 }
    }

    /// Whether it is the active controller.
    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }
    /// Its state, which may run ahead of what is committed; none while it stands by.
    pub fn image(&self) -> Option<&MetadataImage> {
        self.active.as_ref().map(|active| active.state.image())
    }
    /// What it knows of each broker's liveness; none while it stands by.
    pub fn heartbeats(&self) -> Option<&SortedMap<BrokerId, HeartbeatState>> {
        self.active.as_ref().map(|active| &active.heartbeats)
    }
    /// How many answers wait for their records to be committed.
    pub fn deferred(&self) -> usize {
        self.active.as_ref().map_or(0, |active| active.deferred.len())
    }

    /// The replica gained or lost the leadership of the quorum. `image` is all that is committed.
    pub fn on_leadership(
        &mut self,
        now: Time,
        fx: &mut Fx,
        raft: &mut Replica,
        image: &Arc<MetadataImage>,
        event: Leadership,
    ) {
        match event {
            Leadership::Gained { epoch } => self.claim(now, fx, raft, image, epoch),
            Leadership::Lost => self.renounce(fx),
        }
    }

    fn claim(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, image: &Arc<MetadataImage>, epoch: i32) {
        let state = State::new(image);
        // Everybody gets a fresh session.
        let heartbeats = image.brokers.iter().map(|(id, broker)| (*id, HeartbeatState::new(now, broker))).collect();
        let placement = self.spec.cluster.placement_seed.map(Lcg::new);
        let last_offset = raft.next_offset() - 1;
        self.active = Some(Active { epoch, state, heartbeats, deferred: VecDeque::new(), last_offset, placement });
        if !image.is_bootstrapped() {
            let records = self.bootstrap_records();
            self.commit(now, fx, raft, records);
        }
        self.timers.arm(fx, now + self.no_op_interval(), TimerKey::NoOp);
        self.arm_fencing(now, fx);
        self.arm_balancing(now, fx);
        let unclean_interval = self.spec.millis("unclean.leader.election.interval.ms", 300_000);
        self.timers.arm(fx, now + unclean_interval, TimerKey::ElectUnclean);
    }

    /// What `kafka-storage format` has left for the first controller to write (`BootstrapMetadata`), as a transaction
    /// (`ActivationRecordsGenerator`, KIP-868). Ten thousand records make a batch, and these are few: it is whole or it is not
    /// there, so that no controller finds one half done, which it would have to abort.
    fn bootstrap_records(&self) -> Vec<MetadataRecord> {
        let features = bootstrap_features(&self.spec);
        let has_elr = features.iter().any(|(name, level)| &**name == ELR && *level > 0);
        let mut records = vec![MetadataRecord::BeginTransaction { name: "Bootstrap records".into() }];
        records.extend(features.into_iter().map(|(name, level)| MetadataRecord::FeatureLevel { name, level }));
        if has_elr {
            records.extend(self.pin_min_isr());
        }
        records.push(MetadataRecord::EndTransaction);
        records
    }

    fn renounce(&mut self, fx: &mut Fx) {
        self.timers.clear();
        let Some(active) = self.active.take() else { return };
        for deferred in active.deferred {
            let response = refuse::refuse(&deferred.request, ErrorCode::NotController);
            fx.send(deferred.conn, Message::Response { correlation: deferred.correlation, response });
        }
    }

    /// Everything up to `offset` is committed.
    pub fn on_committed(&mut self, _now: Time, fx: &mut Fx, _raft: &mut Replica, offset: i64) {
        self.committed = offset;
        let Some(active) = &mut self.active else { return };
        while active.deferred.front().is_some_and(|deferred| deferred.offset <= offset) {
            let Some(deferred) = active.deferred.pop_front() else { break };
            fx.send(
                deferred.conn,
                Message::Response { correlation: deferred.correlation, response: deferred.response },
            );
        }
    }

    /// A request of a broker, or of an admin client: by way of a broker, or straight here (KIP-919).
    pub fn on_request(
        &mut self,
        now: Time,
        fx: &mut Fx,
        raft: &mut Replica,
        conn: ConnId,
        correlation: u32,
        request: Request,
        is_forwarded: bool,
    ) {
        if self.active.is_none() {
            let response = refuse::refuse(&request, ErrorCode::NotController);
            fx.send(conn, Message::Response { correlation, response });
            return;
        }
        let decision = self.decide(now, fx, raft, &request, is_forwarded);
        self.commit(now, fx, raft, decision.records);
        let response = decision.response;
        let committed = self.committed;
        let Some(active) = &mut self.active else { return };
        // An answer without records of its own still waits for the records its state rests on.
        if active.last_offset <= committed {
            fx.send(conn, Message::Response { correlation, response });
        } else {
            active.deferred.push_back(Deferred { offset: active.last_offset, conn, correlation, request, response });
        }
    }

    fn decide(
        &mut self,
        now: Time,
        fx: &mut Fx,
        raft: &mut Replica,
        request: &Request,
        is_forwarded: bool,
    ) -> Decision {
        match request {
            Request::BrokerRegistration(request) => self.register_broker(now, raft, request),
            Request::ControllerRegistration(request) => register_controller(request),
            Request::BrokerHeartbeat(request) => self.broker_heartbeat(now, raft, request),
            Request::AlterPartition(request) => self.alter_partition(request),
            Request::AssignReplicasToDirs(request) => self.assign_replicas_to_dirs(request),
            Request::AllocateProducerIds(request) => self.allocate_producer_ids(request),
            Request::CreateTopics(request) => self.create_topics(fx, request),
            Request::DeleteTopics(request) => self.delete_topics(request),
            Request::CreatePartitions(request) => self.create_partitions(fx, request),
            Request::ElectLeaders(request) => self.elect_leaders(request),
            Request::UpdateFeatures(request) => self.update_features(now, fx, raft, request),
            Request::UnregisterBroker(request) => self.unregister_broker(request.broker),
            Request::AlterPartitionReassignments(request) => self.alter_reassignments(request),
            Request::ListPartitionReassignments(request) => self.list_reassignments(request),
            Request::IncrementalAlterConfigs(request) => self.incremental_alter_configs(request, is_forwarded),
            other => Decision { records: Vec::new(), response: refuse::refuse(other, ErrorCode::InvalidRequest) },
        }
    }

    /// Replays records into the state and hands them to the log.
    fn commit(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, mut records: Vec<MetadataRecord>) {
        let Some(active) = &mut self.active else { return };
        if records.is_empty() {
            return;
        }
        if self.spec.has(Plant::EpochReused) {
            records.extend(active.state.epochs_back(&records));
        }
        let base = raft.next_offset();
        for (offset, record) in (base..).zip(&records) {
            active.state.replay(offset, record, |note| fx.note(note));
        }
        active.last_offset = raft.append(now, fx, records).expect("an active controller's replica leads");
    }

    /// A client went away: its answers are dropped.
    pub fn on_closed(&mut self, conn: ConnId) {
        if let Some(active) = &mut self.active {
            active.deferred.retain(|deferred| deferred.conn != conn);
        }
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, token: u64) {
        match self.timers.fire(fx, now, token) {
            Some(TimerKey::NoOp) => self.no_op(now, fx, raft),
            Some(TimerKey::FenceStale) => self.fence_stale(now, fx, raft),
            Some(TimerKey::BalanceLeaders) => self.balance_leaders(now, fx, raft),
            Some(TimerKey::ElectUnclean) => self.elect_unclean(now, fx, raft),
            None => {}
        }
    }

    fn no_op_interval(&self) -> Duration {
        self.spec.millis("metadata.max.idle.interval.ms", 500)
    }

    /// Keeps the log moving, so that observers hear of the high watermark. It comes by the clock, whatever else is appended
    /// (`QuorumController#registerWriteNoOpRecord`).
    fn no_op(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica) {
        let interval = self.no_op_interval();
        if interval > Duration::ZERO {
            self.commit(now, fx, raft, vec![MetadataRecord::NoOp]);
            self.timers.arm(fx, now + interval, TimerKey::NoOp);
        }
    }

    /// The process died.
    pub fn halt(&mut self) {
        *self = Controller::new(&self.spec.clone());
    }
}
