//! Connections that idle are closed after `connections.max.idle.ms`, whatever has been asked over them (`Selector.IdleExpiryManager`).
//!
//! A client looks only when the connection that had been used the longest ago, as it looked last, may have idled for too long, and then
//! closes one a poll. Producers and admin clients poll when something comes, and else each `request.timeout.ms`; consumers all the time.

use kernel::{Address, CloseReason, Duration, Time};

use super::{Call, Kind, LANES, Lane, Net, NetEvent};
use crate::soonest::Soonest;
use crate::{Fx, Profile};

/// How a connection was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loss {
    /// The other end closed it, or there is none.
    Peer(CloseReason),
    /// It was given up: it did not open, or an answer did not come.
    TimedOut,
    /// It idled for too long (`ChannelState#EXPIRED`).
    Idle,
}

/// When a client looks at connections that may have idled for too long.
#[derive(Clone, Hash, Debug)]
pub(super) struct Idle {
    /// If something else wakes it, from then on.
    look: Time,
    /// If not, then.
    wake: Time,
    /// It has just closed one, and polls at once.
    is_again: bool,
}

impl Idle {
    pub(super) fn until(look: Time) -> Idle {
        Idle { look, wake: look, is_again: false }
    }
}

impl<T> Net<T> {
    /// Looks whether a connection has idled for too long, if it is time to.
    pub(super) fn close_idle(&mut self, now: Time, fx: &mut Fx) -> Vec<NetEvent<T>> {
        let Some(max_idle) = self.settings.max_idle.filter(|_| self.idle.look <= now) else { return Vec::new() };
        let Some((used, lane, address)) = self.idlest() else {
            self.idle = Idle::until(now + max_idle);
            return Vec::new();
        };
        if used + max_idle >= now {
            self.idle = Idle::until(used + max_idle + Duration::from_millis(1));
            return Vec::new();
        }
        let address = address.clone();
        let poll = if self.idle.is_again { now } else { self.next_poll(now) };
        if poll > now {
            self.idle.wake = poll;
            return Vec::new();
        }
        self.idle = Idle { is_again: true, ..Idle::until(now + Duration::from_millis(1)) };
        let calls = self.lanes[lane as usize].close(fx, &address);
        self.disconnected(now, fx, lane, address, calls, Loss::Idle)
    }

    fn uses(&self) -> impl Iterator<Item = (Time, Lane, &Address)> {
        LANES.into_iter().flat_map(|lane| {
            let uses = self.lanes[lane as usize].uses();
            uses.map(move |(used, address)| (used, lane, address))
        })
    }

    /// The connection that was used the longest ago.
    fn idlest(&self) -> Option<(Time, Lane, &Address)> {
        self.uses().min_by_key(|(used, ..)| *used)
    }

    /// When it next polls, if nothing comes. Selectors wake a little late.
    fn next_poll(&self, now: Time) -> Time {
        if self.kind == Kind::Consumer || self.profile == Profile::Librdkafka {
            return now;
        }
        let last = self.uses().map(|(used, ..)| used).max().unwrap_or(now);
        let each = self.settings.request_timeout.as_nanos() + Duration::from_millis(1).as_nanos();
        last + Duration::from_nanos(now.since(last).as_nanos().div_ceil(each) * each)
    }

    pub(super) fn idle_due(&self, soonest: &mut Soonest) {
        protocol::gap!("librdkafka's connections.max.idle.ms is not up to 2 s less", "rd_kafka_broker_idle_check");
        if self.settings.max_idle.is_some() {
            soonest.at(self.idle.wake);
        }
    }

    /// What the other end's close is to this client. librdkafka takes it that a broker closes what nobody has used
    /// (`rd_kafka_broker_conn_closed`).
    pub(super) fn loss_to_peer(&self, now: Time, used: Option<Time>, calls: &[Call<T>], reason: CloseReason) -> Loss {
        let idle_min = self.settings.request_timeout.max(Duration::from_secs(60));
        let is_reaped = self.profile == Profile::Librdkafka
            && matches!(reason, CloseReason::Closed | CloseReason::Reset)
            && calls.is_empty()
            && used.is_some_and(|used| used + idle_min < now);
        if is_reaped { Loss::Idle } else { Loss::Peer(reason) }
    }
}
