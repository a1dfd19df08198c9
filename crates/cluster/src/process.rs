//! One Kafka process: a broker, a controller, or both (`KafkaRaftServer`, `BrokerServer`, `ControllerServer`).
//! Routes each input to the part it is for, and carries what is committed in the metadata log to the others.
//!
//! Connections are routed by who opened them or by the port they came in on; timers by their space. Left out: more
//! than one listener a role, TLS, quotas, and request queues and their threads, but for those that wait for a slow disk.

use std::sync::Arc;

use kernel::{Address, ConnId, Death, Duration, Effects, Input, Machine, Order, Time, Timers};
use ordered::SortedMap;
use protocol::api::describe_configs::{ConfigResource, DescribedConfig};
use protocol::api::{ConfigResourceKind, Name};
use protocol::metadata::MetadataBatch;
use protocol::{Message, Note, Request, Response};

use crate::broker::Broker;
use crate::broker::describe_configs::describe;
use crate::broker::dirs::failed_dirs;
use crate::broker::lifecycle::{BrokerState, Lifecycle, LifecycleEvent};
use crate::controller::{Controller, ControllerRegistration, listener};
use crate::idle::{IdleExpiry, Listener, oldest};
use crate::image::MetadataImage;
use crate::raft::{Committed, Replica};
use crate::spec::{BROKER_PORT, CONTROLLER_PORT, ProcessSpec};
use crate::storage::controller_parts;

/// What a step of a Kafka process may do.
pub type Fx = Effects<Message, Note>;

/// The wall clock of the process's host, ms since the epoch: right, unless its host says otherwise.
pub(crate) fn wall_ms(now: Time, fx: &Fx) -> i64 {
    protocol::wall_ms(now.as_nanos()).saturating_add(fx.host().clock_ahead_ms)
}

/// Timer spaces. From [`space::BROKER`] up all belong to the broker.
pub mod space {
    /// Timers of the Raft replica.
    pub const RAFT: u16 = 1;
    /// Timers of the controller.
    pub const CONTROLLER: u16 = 2;
    /// Timers of the broker's lifecycle.
    pub const LIFECYCLE: u16 = 3;
    /// Timers of the controller's registration.
    pub const REGISTRATION: u16 = 4;
    /// When to look at idle connections.
    pub const IDLE: u16 = 5;
    /// The first space of the broker.
    pub const BROKER: u16 = 16;
}

/// What a broker sees of its process while it handles an input.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The time of the step.
    pub now: Time,
    /// The process.
    pub spec: &'a ProcessSpec,
    /// What this process has applied of the metadata log.
    pub image: &'a Arc<MetadataImage>,
    raft: &'a Replica,
    /// As registered; −1 before.
    pub broker_epoch: i64,
    /// Where the broker is in its life.
    pub state: BrokerState,
}

impl<'a> Context<'a> {
    fn new(
        now: Time,
        spec: &'a ProcessSpec,
        image: &'a Arc<MetadataImage>,
        raft: &'a Replica,
        lifecycle: &Lifecycle,
    ) -> Context<'a> {
        let (broker_epoch, state) = (lifecycle.broker_epoch(), lifecycle.state());
        Context { now, spec, image, raft, broker_epoch, state }
    }

    /// Where the active controller listens, as far as this process knows: requests go there.
    pub fn controller(&self) -> Option<Address> {
        self.raft.leader_address()
    }
}

/// One process of a Kafka cluster.
#[derive(Clone, Debug, Hash)]
pub struct KafkaProcess {
    spec: Arc<ProcessSpec>,
    raft: Replica,
    controller: Option<Controller>,
    registration: Option<ControllerRegistration>,
    lifecycle: Option<Lifecycle>,
    broker: Option<Broker>,
    /// Soft: replayed from the log after each start.
    image: Arc<MetadataImage>,
    /// Soft: the offset of the image that last changed feature levels.
    features_epoch: i64,
    /// Soft: connections that came in on the controller's port, and when something last came over each.
    to_controller: SortedMap<ConnId, Time>,
    /// Soft.
    idle: IdleExpiry,
    /// Soft: SIGTERM has come.
    is_stopping: bool,
}

impl KafkaProcess {
    /// A process whose storage has just been formatted.
    pub fn new(spec: ProcessSpec) -> KafkaProcess {
        let spec = Arc::new(spec);
        KafkaProcess {
            raft: Replica::new(&spec),
            controller: spec.is_controller.then(|| Controller::new(&spec)),
            registration: spec.is_controller.then(|| ControllerRegistration::new(&spec)),
            lifecycle: spec.is_broker.then(|| Lifecycle::new(&spec)),
            broker: spec.is_broker.then(|| Broker::new(&spec)),
            image: Arc::default(),
            features_epoch: -1,
            to_controller: SortedMap::new(),
            idle: IdleExpiry::new(),
            is_stopping: false,
            spec,
        }
    }

    /// What it was told before it started.
    pub fn spec(&self) -> &Arc<ProcessSpec> {
        &self.spec
    }
    /// Its replica of the metadata log.
    pub fn raft(&self) -> &Replica {
        &self.raft
    }
    /// Its controller, active or standing by.
    pub fn controller(&self) -> Option<&Controller> {
        self.controller.as_ref()
    }
    /// Its broker's lifecycle.
    pub fn lifecycle(&self) -> Option<&Lifecycle> {
        self.lifecycle.as_ref()
    }
    /// Its broker.
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }
    /// What it has applied of the metadata log.
    pub fn image(&self) -> &Arc<MetadataImage> {
        &self.image
    }

    /// Tells every part what it is from now on. The process does not run.
    pub(crate) fn set_spec(&mut self, spec: Arc<ProcessSpec>) {
        (self.controller, self.registration) = controller_parts(&spec).unzip();
        self.raft.set_spec(&spec);
        self.lifecycle.iter_mut().for_each(|lifecycle| lifecycle.set_spec(&spec));
        self.spec = spec;
    }
    pub(crate) fn raft_mut(&mut self) -> &mut Replica {
        &mut self.raft
    }
    pub(crate) fn broker_parts_mut(&mut self) -> (Option<&mut Broker>, Option<&mut Lifecycle>) {
        (self.broker.as_mut(), self.lifecycle.as_mut())
    }

    fn with_broker(&mut self, now: Time, act: impl FnOnce(&mut Broker, &Context<'_>)) {
        let (Some(broker), Some(lifecycle)) = (&mut self.broker, &self.lifecycle) else { return };
        act(broker, &Context::new(now, &self.spec, &self.image, &self.raft, lifecycle));
    }

    /// The configs of a topic or of this broker, as it would describe them now. None of anything else.
    pub fn configs(&self, kind: ConfigResourceKind, name: &str) -> Vec<DescribedConfig> {
        let Some(lifecycle) = &self.lifecycle else { return Vec::new() };
        let cx = Context::new(Time::ZERO, &self.spec, &self.image, &self.raft, lifecycle);
        describe(&cx, &ConfigResource { kind, name: name.into() }).unwrap_or_default()
    }

    fn on_start(&mut self, now: Time, fx: &mut Fx) {
        if let Some(why) = self.why_not_start(fx.host().failed_disks) {
            fx.note(Note::NotFormatted { node: self.spec.id, why: why.into() });
            return fx.exit(1);
        }
        if failed_dirs(&self.spec, fx).any(|dir| dir == self.spec.metadata_dir()) {
            fx.note(Note::LogDirFailed { node: self.spec.id });
            return fx.exit(1);
        }
        if self.spec.is_controller {
            fx.listen(CONTROLLER_PORT);
        }
        self.idle.start(now, fx, &self.spec);
        self.raft.start(now, fx);
        if let Some(registration) = &mut self.registration {
            registration.start(fx);
        }
        self.with_broker(now, |broker, cx| broker.find_dirs(cx, fx));
        if let Some(lifecycle) = &mut self.lifecycle {
            lifecycle.start(now, fx);
        }
    }

    fn on_request(
        &mut self,
        now: Time,
        fx: &mut Fx,
        conn: ConnId,
        correlation: u32,
        client_id: Name,
        request: Request,
    ) {
        let Some(used) = self.to_controller.get_mut(&conn) else {
            self.with_broker(now, |broker, cx| broker.on_request(cx, fx, conn, correlation, client_id, request));
            return;
        };
        *used = now;
        if Replica::handles(&request) {
            self.raft.on_request(now, fx, conn, correlation, request);
        } else if let Some(response) = self.answer_as_any_controller(now, &request) {
            fx.send(conn, Message::Response { correlation, response });
        } else if let Some(controller) = &mut self.controller {
            // Brokers wrap what they forward in an Envelope (KIP-590). Here the channel's name tells.
            let is_forwarded = client_id.ends_with("-to-controller-forwarding-channel-manager");
            controller.on_request(now, fx, &mut self.raft, conn, correlation, request, is_forwarded);
        }
    }

    /// What a controller answers for itself.
    fn answer_as_any_controller(&self, now: Time, request: &Request) -> Option<Response> {
        let cx = Context {
            now,
            spec: &self.spec,
            image: &self.image,
            raft: &self.raft,
            broker_epoch: -1,
            state: BrokerState::NotRunning,
        };
        listener::answer(&cx, self.raft.leader(), self.features_epoch, request)
    }

    fn on_response(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, response: Response) {
        if self.raft.owns(conn) {
            self.raft.on_response(now, fx, conn, correlation, response);
        } else if self.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.owns(conn)) {
            if let Some(lifecycle) = &mut self.lifecycle {
                lifecycle.on_response(now, fx, conn, correlation, response);
            }
        } else if let Some(registration) = self.registration.as_mut().filter(|registration| registration.owns(conn)) {
            registration.on_response(now, fx, conn, correlation, &response);
        } else {
            self.with_broker(now, |broker, cx| broker.on_response(cx, fx, conn, correlation, response));
        }
    }

    fn on_opened(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {
        if self.raft.on_opened(conn)
            || self.lifecycle.as_mut().is_some_and(|lifecycle| lifecycle.on_opened(conn))
            || self.registration.as_mut().is_some_and(|registration| registration.on_opened(conn))
        {
            return;
        }
        self.with_broker(now, |broker, cx| broker.on_opened(cx, fx, conn));
    }

    fn on_closed(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {
        if self.to_controller.remove(&conn).is_some() {
            self.raft.on_peer_closed(conn);
            if let Some(controller) = &mut self.controller {
                controller.on_closed(conn);
            }
        } else if self.raft.owns(conn) {
            self.raft.on_closed(now, fx, conn);
        } else if self.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.owns(conn)) {
            if let Some(lifecycle) = &mut self.lifecycle {
                lifecycle.on_closed(now, fx, conn);
            }
        } else if let Some(registration) = self.registration.as_mut().filter(|registration| registration.owns(conn)) {
            registration.on_closed(now, fx, conn);
        } else {
            self.with_broker(now, |broker, cx| broker.on_closed(cx, fx, conn));
        }
    }

    fn on_timer(&mut self, now: Time, fx: &mut Fx, token: u64) {
        match Timers::<()>::space_of(token) {
            space::RAFT => self.raft.on_timer(now, fx, token),
            space::CONTROLLER => {
                if let Some(controller) = &mut self.controller {
                    controller.on_timer(now, fx, &mut self.raft, token);
                }
            }
            space::REGISTRATION => {
                let leader = self.raft.leader_address();
                if let Some(registration) = &mut self.registration {
                    registration.on_timer(now, fx, leader, token);
                }
            }
            space::LIFECYCLE => {
                let (image, leader) = (&self.image, self.raft.leader_address());
                if let Some(lifecycle) = &mut self.lifecycle {
                    lifecycle.on_timer(now, fx, image, leader, token);
                }
            }
            space::IDLE => {
                if let Some(listener) = self.idle.fire(now, fx, token) {
                    self.look_for_idle(now, fx, listener);
                }
            }
            _ => self.with_broker(now, |broker, cx| broker.on_timer(cx, fx, token)),
        }
    }

    fn look_for_idle(&mut self, now: Time, fx: &mut Fx, listener: Listener) {
        let oldest = match listener {
            Listener::Controller => oldest(&self.to_controller),
            Listener::Broker => self.broker.as_ref().and_then(Broker::oldest_connection),
        };
        if let Some(conn) = self.idle.look(now, fx, &self.spec, listener, oldest) {
            fx.close(conn);
            self.on_closed(now, fx, conn);
        }
    }

    fn on_order(&mut self, now: Time, fx: &mut Fx, order: Order) {
        match order {
            Order::Terminate | Order::Interrupt if self.is_stopping => {}
            Order::Terminate | Order::Interrupt => {
                self.is_stopping = true;
                match &mut self.lifecycle {
                    Some(lifecycle) => lifecycle.begin_controlled_shutdown(now, fx),
                    None => self.raft.shutdown(now, fx),
                }
            }
            // A daemon does not read its standard input.
            Order::Line(_) | Order::EndOfInput => {}
        }
    }

    /// Carries on what the step made ready: committed records to the image, to the controller and to the broker;
    /// leadership to the controller; what the lifecycle reached to the broker.
    fn settle(&mut self, now: Time, fx: &mut Fx) {
        loop {
            let mut is_quiet = true;
            if let Some(committed) = self.raft.take_committed() {
                is_quiet = false;
                self.apply(now, fx, committed);
            }
            if let (Some(controller), Some(event)) = (&mut self.controller, self.raft.take_leadership()) {
                is_quiet = false;
                controller.on_leadership(now, fx, &mut self.raft, &self.image, event);
            }
            if let Some(event) = self.lifecycle.as_mut().and_then(Lifecycle::take_event) {
                is_quiet = false;
                self.on_lifecycle(now, fx, event);
            }
            if let (Some(broker), Some(lifecycle)) = (&mut self.broker, &mut self.lifecycle) {
                let failed = broker.take_dir_failures(&self.spec);
                if !failed.is_empty() {
                    is_quiet = false;
                    lifecycle.report_failed_dirs(now, fx, failed);
                }
            }
            if is_quiet {
                break;
            }
        }
        if let Some((to, high_watermark)) = self.raft.torn() {
            fx.note(Note::MetadataTorn { node: self.spec.id, to, high_watermark });
            fx.exit(1);
        }
        if self.is_stopping && self.raft.is_shut_down() {
            fx.exit(0);
        }
    }

    fn apply(&mut self, now: Time, fx: &mut Fx, committed: Committed) {
        let batches = match committed {
            Committed::Snapshot(image) => {
                let gone = self.image.topics_missing_in(&image);
                if image.features != self.image.features {
                    self.features_epoch = image.offset;
                }
                self.image = image;
                self.register(now, fx);
                if self.is_serving() {
                    self.with_broker(now, |broker, cx| broker.on_snapshot(cx, fx, &gone));
                }
                self.look_at_cordon(now, fx);
                return;
            }
            Committed::Batches(batches) => batches,
        };
        let image = Arc::make_mut(&mut self.image);
        let mut gone = Vec::new();
        for batch in &batches {
            gone.extend(image.topics_removed_by(batch));
            image.replay_batch(batch);
        }
        if batches.iter().any(MetadataBatch::changes_features) {
            self.features_epoch = self.image.offset;
        }
        let bytes = batches.iter().map(MetadataBatch::size_in_bytes).sum();
        self.raft.note_applied(now, wall_ms(now, fx), &self.image, bytes);
        self.register(now, fx);
        if let Some(controller) = &mut self.controller {
            controller.on_committed(now, fx, &mut self.raft, self.image.offset);
        }
        if self.is_serving() {
            self.with_broker(now, |broker, cx| broker.on_metadata(cx, fx, &batches, &gone));
        }
        if batches.iter().any(MetadataBatch::changes_broker_configs) {
            self.look_at_cordon(now, fx);
        }
    }

    fn look_at_cordon(&mut self, now: Time, fx: &mut Fx) {
        if let Some(lifecycle) = &mut self.lifecycle {
            lifecycle.look_at_cordon(now, fx, &self.image);
        }
    }

    fn register(&mut self, now: Time, fx: &mut Fx) {
        if let Some(registration) = &mut self.registration {
            registration.on_image(now, fx, &self.image);
        }
    }

    /// Whether the process cannot write any more: its broker has no log directory left, or the metadata log could not be written to
    /// (`wrote`: what was written there in this step was the last that fitted).
    fn has_failed(&self, fx: &Fx, wrote: bool) -> bool {
        let is_disk_gone = || {
            let host = fx.host();
            host.is_disk_full || host.failed_disks & (1 << self.spec.metadata_dir()) != 0
        };
        self.broker.as_ref().is_some_and(Broker::has_failed) || (wrote && is_disk_gone())
    }

    /// Whether the broker has been given its first image.
    fn is_serving(&self) -> bool {
        self.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.state() >= BrokerState::Recovery)
    }

    fn on_lifecycle(&mut self, now: Time, fx: &mut Fx, event: LifecycleEvent) {
        match event {
            LifecycleEvent::CaughtUp => {
                let mut loading = Duration::ZERO;
                self.with_broker(now, |broker, cx| {
                    broker.read_dirs(cx, fx);
                    loading = broker.loading_time(cx, fx);
                });
                if let Some(lifecycle) = &mut self.lifecycle {
                    lifecycle.look_at_cordon(now, fx, &self.image);
                    lifecycle.load_logs(now, fx, loading);
                }
            }
            LifecycleEvent::LogsLoaded => {
                fx.listen(BROKER_PORT);
                self.with_broker(now, |broker, cx| broker.start(cx, fx));
                if let Some(lifecycle) = &mut self.lifecycle {
                    lifecycle.set_ready_to_unfence(now, fx);
                }
            }
            LifecycleEvent::ShutDownGranted => {
                self.with_broker(now, |broker, cx| broker.shutdown(cx, fx));
                self.raft.shutdown(now, fx);
            }
            LifecycleEvent::GaveUp => fx.exit(1),
        }
    }
}

impl Machine for KafkaProcess {
    type Message = Message;
    type Note = Note;

    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Fx) {
        let written = (self.raft.next_offset(), self.raft.epoch());
        if let Some(broker) = &mut self.broker {
            broker.set_time(now);
        }
        match input {
            Input::Start => self.on_start(now, fx),
            Input::Accepted { conn, port, peer } => {
                if port == CONTROLLER_PORT {
                    self.to_controller.insert(conn, now);
                } else if let Some(broker) = &mut self.broker {
                    broker.on_accepted(conn, peer);
                }
            }
            Input::Opened { conn } => self.on_opened(now, fx, conn),
            Input::Message { conn, message } => match *message {
                Message::Request { correlation, client_id, request } => {
                    self.on_request(now, fx, conn, correlation, client_id, request);
                }
                Message::Response { correlation, response } => self.on_response(now, fx, conn, correlation, response),
            },
            Input::Closed { conn, .. } => self.on_closed(now, fx, conn),
            Input::Timer { token } => self.on_timer(now, fx, token),
            Input::Synced { token } if Replica::owns_write(token) => self.raft.on_synced(now, fx, token),
            Input::Synced { token } => self.with_broker(now, |broker, cx| broker.on_synced(cx, fx, token)),
            Input::Order(order) => self.on_order(now, fx, order),
        }
        self.settle(now, fx);
        if self.has_failed(fx, written != (self.raft.next_offset(), self.raft.epoch())) {
            fx.note(Note::LogDirFailed { node: self.spec.id });
            fx.exit(1);
        }
    }

    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }

    fn halt(&mut self, now: Time, death: Death) {
        self.raft.halt();
        if let Some(controller) = &mut self.controller {
            controller.halt();
        }
        if let Some(registration) = &mut self.registration {
            registration.halt();
        }
        if let Some(lifecycle) = &mut self.lifecycle {
            lifecycle.halt();
        }
        if let Some(broker) = &mut self.broker {
            broker.halt(now, death);
        }
        self.image = Arc::default();
        self.features_epoch = -1;
        self.to_controller.clear();
        self.idle.halt();
        self.is_stopping = false;
    }
}
