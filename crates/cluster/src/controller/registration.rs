//! How a controller makes itself known to the active one (`ControllerRegistrationManager`, KIP-919): once after each start, and
//! again until its registration stands in the metadata log.

use std::sync::Arc;

use kernel::{Address, Calls, ConnId, Duration, Time, Timers};
use protocol::api::controller_registration::ControllerRegistrationRequest;
use protocol::{ErrorCode, Message, Response, TopicId};

use crate::image::MetadataImage;
use crate::process::{Fx, space};
use crate::spec::{CONTROLLER_PORT, ProcessSpec};

/// The registration of one start of a controller. All of it is soft.
#[derive(Clone, Debug, Hash)]
pub struct ControllerRegistration {
    spec: Arc<ProcessSpec>,
    incarnation: u128,
    /// Which start of this controller the metadata log has, and whether it has feature levels.
    seen: (Option<u128>, bool),
    is_in_flight: bool,
    failures: u32,
    calls: Calls<()>,
    timers: Timers<TimerKey>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum TimerKey {
    Communicate,
    CallDeadline,
}

/// Stream of random numbers.
const RNG_INCARNATION: u32 = 0x12;
/// While no active controller is known (`NodeToControllerRequestThread`).
const NO_CONTROLLER_BACKOFF: Duration = Duration::from_millis(100);
/// How long an answer may take (`controller.quorum.request.timeout.ms` does not count here: `ControllerServer` gives it a minute).
const PATIENCE: Duration = Duration::from_secs(60);
/// `ExponentialBackoff(100, 2, 120000, 0.02)`, without its jitter of a fiftieth.
const BACKOFF_MS: u64 = 100;
const BACKOFF_MAX_MS: u64 = 120_000;

impl ControllerRegistration {
    /// That of a controller that does not run.
    pub fn new(spec: &Arc<ProcessSpec>) -> ControllerRegistration {
        ControllerRegistration {
            spec: spec.clone(),
            incarnation: 0,
            seen: (None, false),
            is_in_flight: false,
            failures: 0,
            calls: Calls::default(),
            timers: Timers::new(space::REGISTRATION),
        }
    }

    /// The process starts.
    pub fn start(&mut self, fx: &mut Fx) {
        let high = u128::from(fx.rng(RNG_INCARNATION).bits());
        let low = u128::from(fx.rng(RNG_INCARNATION).bits());
        self.incarnation = TopicId::from_random_bits(high << 64 | low).0;
    }

    /// The image has changed. Registrations are kept once feature levels are known, which come first in a log.
    pub fn on_image(&mut self, now: Time, fx: &mut Fx, image: &MetadataImage) {
        let own = image.controllers.get(&self.spec.id).map(|own| own.incarnation);
        let seen = (own, image.is_bootstrapped());
        if seen == std::mem::replace(&mut self.seen, seen) || !seen.1 {
            return;
        }
        let is_quiet = self.is_in_flight || self.timers.due(&TimerKey::Communicate).is_some();
        if !self.is_registered() && !is_quiet {
            self.timers.arm(fx, now, TimerKey::Communicate);
        }
    }

    fn is_registered(&self) -> bool {
        self.seen.0 == Some(self.incarnation)
    }

    fn communicate(&mut self, now: Time, fx: &mut Fx, active: Option<Address>) {
        if self.is_registered() || self.is_in_flight {
            return;
        }
        let Some(active) = active else {
            return self.timers.arm(fx, now + NO_CONTROLLER_BACKOFF, TimerKey::Communicate);
        };
        self.is_in_flight = true;
        let request = ControllerRegistrationRequest {
            controller: self.spec.id,
            incarnation: self.incarnation,
            host: self.spec.host.clone(),
            port: CONTROLLER_PORT,
        };
        let client_id: Arc<str> =
            format!("controller-{}-to-controller-registration-channel-manager", self.spec.id).into();
        let make = |correlation| Message::Request { correlation, client_id, request: request.into() };
        self.calls.call(fx, now, &active, PATIENCE, (), make);
        self.arm_deadline(fx);
    }

    /// Whether a connection is one of its own.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.calls.owns(conn)
    }
    /// A connection opened; true if it is its own.
    pub fn on_opened(&mut self, conn: ConnId) -> bool {
        self.calls.opened(conn)
    }
    /// A connection of its own is over.
    pub fn on_closed(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {
        if self.calls.closed(conn).is_some_and(|(_, calls)| !calls.is_empty()) {
            self.retry(now, fx, NO_CONTROLLER_BACKOFF);
        }
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, active: Option<Address>, token: u64) {
        match self.timers.fire(fx, now, token) {
            Some(TimerKey::Communicate) => self.communicate(now, fx, active),
            Some(TimerKey::CallDeadline) => {
                if !self.calls.expire(fx, now).is_empty() {
                    self.retry(now, fx, NO_CONTROLLER_BACKOFF);
                }
                self.arm_deadline(fx);
            }
            None => {}
        }
    }

    /// The active controller has answered. What it wrote comes with the image.
    pub fn on_response(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, response: &Response) {
        if self.calls.answered(now, conn, correlation).is_none() {
            return;
        }
        let error = match response {
            Response::ControllerRegistration(answer) => answer.error,
            other => return debug_assert!(false, "{:?} is no answer to a registration", other.api()),
        };
        match error {
            ErrorCode::None => (self.is_in_flight, self.failures) = (false, 0),
            ErrorCode::NotController => self.retry(now, fx, NO_CONTROLLER_BACKOFF),
            _ => {
                let wait = (BACKOFF_MS << self.failures.min(20)).min(BACKOFF_MAX_MS);
                self.failures += 1;
                self.retry(now, fx, Duration::from_millis(wait));
            }
        }
    }

    fn retry(&mut self, now: Time, fx: &mut Fx, wait: Duration) {
        self.is_in_flight = false;
        self.timers.arm(fx, now + wait, TimerKey::Communicate);
    }

    fn arm_deadline(&mut self, fx: &mut Fx) {
        if let Some(due) = self.calls.next_deadline() {
            self.timers.arm_once(fx, due, TimerKey::CallDeadline);
        }
    }

    /// The process died.
    pub fn halt(&mut self) {
        *self = ControllerRegistration::new(&self.spec.clone());
    }
}
