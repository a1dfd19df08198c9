//! A broker's life as the controller sees it: registration, heartbeats, unfencing, controlled shutdown
//! (`BrokerLifecycleManager`). Left out: the migration from ZooKeeper.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Address, Calls, ConnId, Duration, Time, Timers};
use protocol::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use protocol::api::broker_registration::{BrokerRegistrationRequest, BrokerRegistrationResponse};
use protocol::{BrokerId, DirectoryId, ErrorCode, Message, Note, Request, Response, TopicId};

use super::dirs::{DirIndex, DirSet, cordoned_dirs, failed_dirs};
use crate::image::MetadataImage;
use crate::process::{Fx, space};
use crate::spec::{BROKER_PORT, ProcessSpec};

/// Where a broker is in its life (`BrokerState`), in order.
///
/// NotRunning → Starting (start) → Recovery (metadata caught up) → Running (unfenced)
/// → PendingControlledShutdown (SIGTERM) → ShuttingDown (granted, or given up after 5 min).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum BrokerState {
    NotRunning,
    Starting,
    Recovery,
    Running,
    PendingControlledShutdown,
    ShuttingDown,
}

impl BrokerState {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            BrokerState::NotRunning => "NOT_RUNNING",
            BrokerState::Starting => "STARTING",
            BrokerState::Recovery => "RECOVERY",
            BrokerState::Running => "RUNNING",
            BrokerState::PendingControlledShutdown => "PENDING_CONTROLLED_SHUTDOWN",
            BrokerState::ShuttingDown => "SHUTTING_DOWN",
        }
    }
}

/// What the lifecycle reached; the process acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LifecycleEvent {
    /// The metadata of this broker is caught up with its own registration: its logs are to be loaded.
    CaughtUp,
    /// Its logs are loaded: it may begin to serve.
    LogsLoaded,
    /// It may stop now.
    ShutDownGranted,
    /// It could not register in time, or tell the controller of a failed directory: the process ends.
    GaveUp,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum TimerKey {
    Communicate,
    CallDeadline,
    RegistrationTimeout,
    ShutdownTimeout,
    LogsLoaded,
    DirFailureTimeout,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Call {
    Registration,
    Heartbeat,
}

/// A broker's lifecycle.
#[derive(Clone, Debug, Hash)]
pub struct Lifecycle {
    spec: Arc<ProcessSpec>,
    /// Hard: `.kafka_cleanshutdown`, the broker epoch of a clean stop; −1 if there is no such file.
    clean_shutdown_epoch: i64,
    /// Hard: the log directories that did not work then, and have no such file of that epoch.
    missed: DirSet,
    soft: Soft,
}

#[derive(Clone, Debug, Hash)]
struct Soft {
    state: BrokerState,
    incarnation: u128,
    previous_broker_epoch: i64,
    broker_epoch: i64,
    is_ready_to_unfence: bool,
    is_in_flight: bool,
    wants_again: bool,
    /// The controller has answered to the wish for a controlled shutdown.
    is_shutdown_answered: bool,
    /// The log directories that worked at the start.
    log_dirs: Vec<DirectoryId>,
    /// Those that have failed since, and how many of them the controller is being told, and has been told.
    offline_dirs: Vec<DirectoryId>,
    telling: usize,
    told: usize,
    /// Those that take no new replicas, as the controller is told from when the broker has caught up.
    cordoned: DirSet,
    calls: Calls<Call>,
    timers: Timers<TimerKey>,
    events: VecDeque<LifecycleEvent>,
}

/// How long to wait for a controller to become known (`NodeToControllerRequestThread`).
const NO_CONTROLLER_BACKOFF: Duration = Duration::from_millis(100);
/// How long a broker that has not caught up waits between heartbeats, and one that asked for a controlled shutdown after the first answer
/// (`BrokerLifecycleManager.BrokerHeartbeatResponseEvent`). Else it is `broker.heartbeat.interval.ms`.
const STARTING_PAUSE: Duration = Duration::from_millis(10);
const SHUTDOWN_PAUSE: Duration = Duration::from_millis(50);
/// How long a broker asks for a controlled shutdown before it just stops (`BrokerServer#shutdown`).
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Stream of random numbers.
const RNG_INCARNATION: u32 = 0x11;

impl Soft {
    fn new() -> Soft {
        Soft {
            state: BrokerState::NotRunning,
            incarnation: 0,
            previous_broker_epoch: -1,
            broker_epoch: -1,
            is_ready_to_unfence: false,
            is_in_flight: false,
            wants_again: false,
            is_shutdown_answered: false,
            log_dirs: Vec::new(),
            offline_dirs: Vec::new(),
            telling: 0,
            told: 0,
            cordoned: DirSet::default(),
            calls: Calls::default(),
            timers: Timers::new(space::LIFECYCLE),
            events: VecDeque::new(),
        }
    }
}

impl Lifecycle {
    /// The lifecycle of a broker that has never run.
    pub fn new(spec: &Arc<ProcessSpec>) -> Lifecycle {
        Lifecycle { spec: spec.clone(), clean_shutdown_epoch: -1, missed: DirSet::default(), soft: Soft::new() }
    }

    /// What the process is from now on. It does not run.
    pub fn set_spec(&mut self, spec: &Arc<ProcessSpec>) {
        self.spec = spec.clone();
    }
    /// A log directory is on a new disk: nothing there tells of a clean stop.
    pub fn lose_dir(&mut self, dir: DirIndex) {
        if self.clean_shutdown_epoch >= 0 {
            self.missed = DirSet::of(|other| other == dir || self.missed.contains(other));
        }
    }

    /// Where it is.
    pub fn state(&self) -> BrokerState {
        self.soft.state
    }
    /// As registered; −1 before.
    pub fn broker_epoch(&self) -> i64 {
        self.soft.broker_epoch
    }
    /// The broker epoch that `.kafka_cleanshutdown` tells in a log directory, while there is such a file.
    pub fn clean_shutdown_epoch(&self, dir: DirIndex) -> Option<i64> {
        Some(self.clean_shutdown_epoch).filter(|epoch| *epoch >= 0 && !self.missed.contains(dir))
    }
    /// Whether the last stop was unclean (no clean-shutdown file was there at start).
    pub fn was_unclean(&self) -> bool {
        self.soft.previous_broker_epoch < 0
    }

    /// The process starts.
    pub fn start(&mut self, now: Time, fx: &mut Fx) {
        let high = u128::from(fx.rng(RNG_INCARNATION).bits());
        let low = u128::from(fx.rng(RNG_INCARNATION).bits());
        self.soft.incarnation = TopicId::from_random_bits(high << 64 | low).0;
        let failed: Vec<_> = failed_dirs(&self.spec, fx).collect();
        // All directories must tell it (`LogManager#readBrokerEpochFromCleanShutdownFiles`).
        let is_told = failed.is_empty() && self.missed.is_empty();
        self.soft.previous_broker_epoch = if is_told { self.clean_shutdown_epoch } else { -1 };
        let live = (0..self.spec.log_dir_count()).filter(|dir| !failed.contains(dir));
        self.soft.log_dirs = live.map(|dir| self.spec.directory_id(dir)).collect();
        self.set_state(fx, BrokerState::Starting);
        let patience = self.spec.millis("initial.broker.registration.timeout.ms", 60_000);
        self.soft.timers.arm(fx, now + patience, TimerKey::RegistrationTimeout);
        self.soft.timers.arm(fx, now, TimerKey::Communicate);
    }

    /// Its logs are loaded for so long. The file that tells of a clean stop goes as that begins (`LogManager#loadLogs`).
    pub fn load_logs(&mut self, now: Time, fx: &mut Fx, time: Duration) {
        self.clean_shutdown_epoch = -1;
        match time == Duration::ZERO {
            true => self.soft.events.push_back(LifecycleEvent::LogsLoaded),
            false => self.soft.timers.arm(fx, now + time, TimerKey::LogsLoaded),
        }
    }

    /// The broker has opened its logs and may serve.
    pub fn set_ready_to_unfence(&mut self, now: Time, fx: &mut Fx) {
        self.soft.is_ready_to_unfence = true;
        self.communicate_soon(fx, now);
    }

    /// Log directories have failed: the controller must hear of it in time (`#propagateDirectoryFailure`).
    pub fn report_failed_dirs(&mut self, now: Time, fx: &mut Fx, failed: Vec<DirectoryId>) {
        self.soft.offline_dirs.extend(failed);
        let patience = self.spec.millis("log.dir.failure.timeout.ms", 30_000);
        self.soft.timers.arm_once(fx, now + patience, TimerKey::DirFailureTimeout);
        self.communicate_soon(fx, now);
    }

    /// It has caught up, or configs of brokers have changed, and with them perhaps which log directories take new replicas (`#propagateDirectoryCordoned`).
    pub fn look_at_cordon(&mut self, now: Time, fx: &mut Fx, image: &MetadataImage) {
        let cordoned = cordoned_dirs(&self.spec, image);
        if self.soft.state >= BrokerState::Recovery && self.soft.cordoned != cordoned {
            self.soft.cordoned = cordoned;
            self.communicate_soon(fx, now);
        }
    }

    /// SIGTERM.
    pub fn begin_controlled_shutdown(&mut self, now: Time, fx: &mut Fx) {
        let is_asking = self.spec.flag("controlled.shutdown.enable", true);
        if self.soft.state == BrokerState::Running && is_asking {
            self.set_state(fx, BrokerState::PendingControlledShutdown);
            self.soft.timers.arm(fx, now + SHUTDOWN_PATIENCE, TimerKey::ShutdownTimeout);
            self.communicate_soon(fx, now);
        } else {
            self.shut_down(fx);
        }
    }

    /// What was reached since the last call.
    pub fn take_event(&mut self) -> Option<LifecycleEvent> {
        self.soft.events.pop_front()
    }

    /// Whether a connection is one of the lifecycle's.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.soft.calls.owns(conn)
    }
    /// A connection opened; true if it is one of these.
    pub fn on_opened(&mut self, conn: ConnId) -> bool {
        self.soft.calls.opened(conn)
    }

    /// A connection to the controller is over: what was asked on it is asked again, of whoever leads then.
    pub fn on_closed(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {
        if self.soft.calls.closed(conn).is_some_and(|(_, calls)| !calls.is_empty()) {
            self.retry(now, fx);
        }
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, image: &MetadataImage, controller: Option<Address>, token: u64) {
        match self.soft.timers.fire(fx, now, token) {
            Some(TimerKey::Communicate) => self.communicate(now, fx, image, controller),
            Some(TimerKey::CallDeadline) => {
                if !self.soft.calls.expire(fx, now).is_empty() {
                    self.retry(now, fx);
                }
                self.arm_deadline(fx);
            }
            Some(TimerKey::RegistrationTimeout) if self.soft.broker_epoch < 0 => {
                self.soft.events.push_back(LifecycleEvent::GaveUp);
            }
            Some(TimerKey::RegistrationTimeout) => {}
            Some(TimerKey::DirFailureTimeout) if self.soft.told < self.soft.offline_dirs.len() => {
                self.soft.events.push_back(LifecycleEvent::GaveUp);
            }
            Some(TimerKey::DirFailureTimeout) => {}
            Some(TimerKey::ShutdownTimeout) => self.shut_down(fx),
            Some(TimerKey::LogsLoaded) if self.soft.state == BrokerState::ShuttingDown => {}
            Some(TimerKey::LogsLoaded) => self.soft.events.push_back(LifecycleEvent::LogsLoaded),
            None => {}
        }
    }

    /// An answer of the controller.
    pub fn on_response(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, response: Response) {
        if self.soft.calls.answered(now, conn, correlation).is_none() {
            return;
        }
        self.soft.is_in_flight = false;
        match response {
            Response::BrokerRegistration(answer) => self.on_registration(now, fx, &answer),
            Response::BrokerHeartbeat(answer) => self.on_heartbeat(now, fx, &answer),
            other => debug_assert!(false, "a controller answered {:?} to a broker's lifecycle", other.api()),
        }
    }

    /// The process died.
    pub fn halt(&mut self) {
        self.soft = Soft::new();
    }

    fn on_registration(&mut self, now: Time, fx: &mut Fx, answer: &BrokerRegistrationResponse) {
        match answer.error {
            ErrorCode::None => {
                self.soft.broker_epoch = answer.broker_epoch;
                self.soft.timers.cancel(&TimerKey::RegistrationTimeout);
                self.soft.timers.arm(fx, now, TimerKey::Communicate);
            }
            ErrorCode::NotController => self.retry(now, fx),
            _ => self.back_off(now, fx),
        }
    }

    fn on_heartbeat(&mut self, now: Time, fx: &mut Fx, answer: &BrokerHeartbeatResponse) {
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::NotController => return self.retry(now, fx),
            _ => return self.back_off(now, fx),
        }
        self.soft.told = self.soft.telling;
        if self.soft.told == self.soft.offline_dirs.len() {
            self.soft.timers.cancel(&TimerKey::DirFailureTimeout);
        }
        let pause = match self.soft.state {
            BrokerState::Starting => STARTING_PAUSE,
            BrokerState::PendingControlledShutdown if !std::mem::replace(&mut self.soft.is_shutdown_answered, true) => {
                SHUTDOWN_PAUSE
            }
            _ => self.heartbeat_interval(),
        };
        let next = if std::mem::take(&mut self.soft.wants_again) { now } else { now + pause };
        self.soft.timers.arm(fx, next, TimerKey::Communicate);
        match self.soft.state {
            BrokerState::Starting if answer.is_caught_up => {
                self.set_state(fx, BrokerState::Recovery);
                self.soft.events.push_back(LifecycleEvent::CaughtUp);
            }
            BrokerState::Recovery if !answer.is_fenced => self.set_state(fx, BrokerState::Running),
            BrokerState::PendingControlledShutdown if answer.should_shut_down => self.shut_down(fx),
            BrokerState::NotRunning
            | BrokerState::Starting
            | BrokerState::Recovery
            | BrokerState::Running
            | BrokerState::PendingControlledShutdown
            | BrokerState::ShuttingDown => {}
        }
    }

    fn communicate(&mut self, now: Time, fx: &mut Fx, image: &MetadataImage, controller: Option<Address>) {
        if self.soft.is_in_flight || self.soft.state == BrokerState::ShuttingDown {
            return;
        }
        let Some(controller) = controller else {
            self.soft.timers.arm(fx, now + NO_CONTROLLER_BACKOFF, TimerKey::Communicate);
            return;
        };
        let (tag, request) = if self.soft.broker_epoch < 0 {
            (Call::Registration, self.registration())
        } else {
            (Call::Heartbeat, self.heartbeat(image))
        };
        self.soft.is_in_flight = true;
        // A controller that answers nothing for half a session is given up (`NodeToControllerChannelManager`).
        let timeout = Duration::from_millis(self.spec.millis("broker.session.timeout.ms", 9000).as_millis() / 2);
        let client_id: Arc<str> = format!("broker-{}-to-controller-heartbeat-channel-manager", self.spec.id).into();
        let make = |correlation| Message::Request { correlation, client_id, request };
        self.soft.calls.call(fx, now, &controller, timeout, tag, make);
        self.arm_deadline(fx);
    }

    fn registration(&self) -> Request {
        BrokerRegistrationRequest {
            broker: self.spec.id,
            cluster_id: self.spec.cluster.cluster_id.clone(),
            incarnation: self.soft.incarnation,
            host: self.spec.host.clone(),
            port: BROKER_PORT,
            rack: self.spec.rack.clone(),
            previous_broker_epoch: self.soft.previous_broker_epoch,
            log_dirs: self.soft.log_dirs.clone(),
        }
        .into()
    }

    fn heartbeat(&mut self, image: &MetadataImage) -> Request {
        self.soft.telling = self.soft.offline_dirs.len();
        BrokerHeartbeatRequest {
            broker: self.spec.id,
            broker_epoch: self.soft.broker_epoch,
            current_metadata_offset: image.offset,
            want_fence: !self.soft.is_ready_to_unfence,
            want_shut_down: self.soft.state == BrokerState::PendingControlledShutdown,
            offline_dirs: self.soft.offline_dirs.clone(),
            cordoned_dirs: (self.soft.state >= BrokerState::Recovery).then(|| self.cordoned()),
        }
        .into()
    }

    fn cordoned(&self) -> Vec<DirectoryId> {
        let cordoned = (0..self.spec.log_dir_count()).filter(|dir| self.soft.cordoned.contains(*dir));
        cordoned.map(|dir| self.spec.directory_id(dir)).collect()
    }

    /// Communicates now, or as soon as the answer that is awaited has come.
    fn communicate_soon(&mut self, fx: &mut Fx, now: Time) {
        if self.soft.is_in_flight {
            self.soft.wants_again = true;
        } else {
            self.soft.timers.arm(fx, now, TimerKey::Communicate);
        }
    }

    /// The controller was not there, or is none any more: the channel asks again without counting a failure.
    fn retry(&mut self, now: Time, fx: &mut Fx) {
        self.soft.is_in_flight = false;
        self.soft.timers.arm(fx, now + NO_CONTROLLER_BACKOFF, TimerKey::Communicate);
    }

    /// The controller refused: asks again a heartbeat later (`#scheduleNextCommunicationAfterFailure`).
    fn back_off(&mut self, now: Time, fx: &mut Fx) {
        self.soft.wants_again = false;
        self.soft.timers.arm(fx, now + self.heartbeat_interval(), TimerKey::Communicate);
    }

    fn heartbeat_interval(&self) -> Duration {
        self.spec.millis("broker.heartbeat.interval.ms", 2000)
    }

    fn arm_deadline(&mut self, fx: &mut Fx) {
        if let Some(due) = self.soft.calls.next_deadline() {
            self.soft.timers.arm_once(fx, due, TimerKey::CallDeadline);
        }
    }

    fn shut_down(&mut self, fx: &mut Fx) {
        if self.soft.state != BrokerState::ShuttingDown {
            self.set_state(fx, BrokerState::ShuttingDown);
            if self.soft.is_ready_to_unfence {
                self.clean_shutdown_epoch = self.soft.broker_epoch;
                self.missed = self.dirs_without_clean_stop();
            }
            self.soft.events.push_back(LifecycleEvent::ShutDownGranted);
        }
    }

    fn dirs_without_clean_stop(&self) -> DirSet {
        let works = |id| self.soft.log_dirs.contains(&id) && !self.soft.offline_dirs.contains(&id);
        DirSet::of(|dir| dir < self.spec.log_dir_count() && !works(self.spec.directory_id(dir)))
    }

    fn set_state(&mut self, fx: &mut Fx, state: BrokerState) {
        self.soft.state = state;
        let broker: BrokerId = self.spec.id;
        fx.note(Note::BrokerState { broker, state: state.name() });
    }
}
