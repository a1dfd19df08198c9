//! Connections that idle are closed by whoever accepted them after `connections.max.idle.ms` (`SocketServer.Processor`,
//! `Selector.IdleExpiryManager`), whatever they are used for: clients of this process find out as they send over them again.
//!
//! A listener looks only when the connection that had been used the longest ago, as it looked last, may have idled for too long, and then
//! closes one. Brokers and controllers close none of those that they opened. Kafka's channel to the controller never does
//! (`NodeToControllerChannelManagerImpl`); fetchers and voters may after the same time, but who answered them was done with the connection
//! before them.

use kernel::{ConnId, Duration, Time, Timers};
use ordered::SortedMap;

use crate::process::{Fx, space};
use crate::spec::ProcessSpec;

/// Its poll, after which a network thread looks again (`SocketServer.Processor#poll`).
const POLL: Duration = Duration::from_millis(300);

/// A port that connections come in on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Listener {
    Controller,
    Broker,
}

/// When to look at connections; soft state.
#[derive(Clone, Hash, Debug)]
pub(crate) struct IdleExpiry {
    timers: Timers<Listener>,
}

impl IdleExpiry {
    pub(crate) fn new() -> IdleExpiry {
        IdleExpiry { timers: Timers::new(space::IDLE) }
    }

    /// The process starts.
    pub(crate) fn start(&mut self, now: Time, fx: &mut Fx, spec: &ProcessSpec) {
        let Some(max_idle) = max_idle(spec) else { return };
        let listeners = [(Listener::Controller, spec.is_controller), (Listener::Broker, spec.is_broker)];
        for (listener, _) in listeners.into_iter().filter(|(_, is_there)| *is_there) {
            self.timers.arm(fx, now + max_idle, listener);
        }
    }

    /// A timer is due: whose connections are to be looked at.
    pub(crate) fn fire(&mut self, now: Time, fx: &mut Fx, token: u64) -> Option<Listener> {
        self.timers.fire(fx, now, token)
    }

    /// Looks at a listener's connection that was used the longest ago: which is to be closed, if it idles for too long.
    pub(crate) fn look(
        &mut self,
        now: Time,
        fx: &mut Fx,
        spec: &ProcessSpec,
        listener: Listener,
        oldest: Option<(Time, ConnId)>,
    ) -> Option<ConnId> {
        let max_idle = max_idle(spec)?;
        let (expired, next) = match oldest {
            None => (None, now + max_idle),
            Some((used, conn)) if used + max_idle < now => (Some(conn), now + POLL),
            Some((used, _)) => (None, used + max_idle + Duration::from_millis(1)),
        };
        self.timers.arm(fx, next, listener);
        expired
    }

    pub(crate) fn halt(&mut self) {
        self.timers.clear();
    }
}

/// `connections.max.idle.ms`; below zero there is no limit, and decades are none.
fn max_idle(spec: &ProcessSpec) -> Option<Duration> {
    let ms = u64::try_from(spec.number("connections.max.idle.ms", 600_000)).ok()?;
    Some(Duration::from_millis(ms)).filter(|max_idle| *max_idle < Duration::from_secs(1_000_000_000))
}

/// Of connections and when each was last used the one that was the longest ago.
pub(crate) fn oldest(used: &SortedMap<ConnId, Time>) -> Option<(Time, ConnId)> {
    used.iter().map(|(conn, used)| (*used, *conn)).min()
}
