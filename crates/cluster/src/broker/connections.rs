//! Connections of clients and followers (`SocketServer`). One request of a connection is handled at a time: the
//! next is read when its answer is sent (Kafka mutes the channel), so answers keep the order of the requests.
//! Left out: a limit to queued requests.

use std::collections::VecDeque;

use kernel::{ConnId, Time};
use ordered::SortedMap;
use protocol::Request;
use protocol::api::Name;

use super::delete_records::ParkedDelete;
use super::produce::ParkedProduce;
use super::readers::ReaderId;

/// Names a request that is being handled, until it is answered.
pub(super) type Ticket = u64;

/// All connections that came in on the broker's port.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Connections {
    pub(super) open: SortedMap<ConnId, Connection>,
    tickets: SortedMap<Ticket, ConnId>,
    last_ticket: Ticket,
}

/// One connection.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Connection {
    host: Option<Name>,
    /// When a request was last read from it, or an answer written.
    used: Time,
    waiting: VecDeque<Asked>,
    pub(super) current: Option<Current>,
}

/// A request that has not been looked at.
#[derive(Clone, Debug, Hash)]
pub(super) struct Asked {
    pub(super) correlation: u32,
    pub(super) client_id: Name,
    pub(super) request: Request,
}

/// The request that is being handled.
#[derive(Clone, Debug, Hash)]
pub(super) struct Current {
    pub(super) correlation: u32,
    pub(super) ticket: Ticket,
    pub(super) parked: Parked,
}

/// Where a request is while it has no answer yet.
#[derive(Clone, Debug, Hash)]
pub(super) enum Parked {
    /// Being handled, or with a coordinator or the controller.
    Elsewhere,
    /// Waits for data (`DelayedFetch`).
    Fetch(ReaderId),
    /// Waits for the high watermark (`DelayedProduce`).
    Produce(Box<ParkedProduce>),
    /// Waits for followers' log starts (`DelayedDeleteRecords`).
    Delete(Box<ParkedDelete>),
}

/// Whose request a handler handles.
#[derive(Clone, Debug, Hash)]
pub(super) struct Caller {
    pub(super) conn: ConnId,
    pub(super) ticket: Ticket,
    pub(super) client_id: Name,
    /// `/` and its address.
    pub(super) client_host: Name,
}

impl Connections {
    /// A peer has connected.
    pub(super) fn accept(&mut self, now: Time, conn: ConnId, host: Name) {
        let connection = self.open.entry(conn).or_default();
        (connection.host, connection.used) = (Some(host), now);
    }

    /// A request came in. True if it can be handled now.
    pub(super) fn push(&mut self, now: Time, conn: ConnId, asked: Asked) -> bool {
        let connection = self.open.entry(conn).or_default();
        connection.waiting.push_back(asked);
        let is_free = connection.current.is_none();
        if is_free {
            connection.used = now;
        }
        is_free
    }

    /// Starts on the next request of a connection, unless it has one in hand.
    pub(super) fn take_next(&mut self, conn: ConnId) -> Option<(Caller, Request)> {
        let connection = self.open.get_mut(&conn)?;
        if connection.current.is_some() {
            return None;
        }
        let Asked { correlation, client_id, request } = connection.waiting.pop_front()?;
        self.last_ticket += 1;
        let ticket = self.last_ticket;
        connection.current = Some(Current { correlation, ticket, parked: Parked::Elsewhere });
        self.tickets.insert(ticket, conn);
        let client_host = connection.host.clone().unwrap_or_else(|| "/127.0.0.1".into());
        Some((Caller { conn, ticket, client_id, client_host }, request))
    }

    /// A request has its answer: its connection and correlation, unless the connection is gone.
    pub(super) fn finish(&mut self, now: Time, ticket: Ticket) -> Option<(ConnId, Current)> {
        let conn = self.tickets.remove(&ticket)?;
        let connection = self.open.get_mut(&conn)?;
        connection.used = now;
        let current = connection.current.take()?;
        debug_assert_eq!(current.ticket, ticket, "a connection has one request in hand");
        Some((conn, current))
    }

    /// A connection is over.
    pub(super) fn remove(&mut self, conn: ConnId) {
        if let Some(Connection { current: Some(current), .. }) = self.open.remove(&conn) {
            self.tickets.remove(&current.ticket);
        }
    }

    /// The connection a request came over, while it is being handled.
    pub(super) fn connection_of(&self, ticket: Ticket) -> Option<ConnId> {
        self.tickets.get(&ticket).copied()
    }

    pub(super) fn park(&mut self, conn: ConnId, parked: Parked) {
        if let Some(current) = self.open.get_mut(&conn).and_then(|connection| connection.current.as_mut()) {
            current.parked = parked;
        }
    }

    pub(super) fn parked_fetch(&self, conn: ConnId) -> Option<(Ticket, ReaderId)> {
        let current = self.open.get(&conn)?.current.as_ref()?;
        match &current.parked {
            Parked::Fetch(reader) => Some((current.ticket, *reader)),
            Parked::Elsewhere | Parked::Produce(_) | Parked::Delete(_) => None,
        }
    }

    pub(super) fn parked_produce(&mut self, ticket: Ticket) -> Option<&mut ParkedProduce> {
        let conn = self.tickets.get(&ticket)?;
        match &mut self.open.get_mut(conn)?.current.as_mut()?.parked {
            Parked::Produce(produce) => Some(produce),
            Parked::Elsewhere | Parked::Fetch(_) | Parked::Delete(_) => None,
        }
    }

    pub(super) fn parked_delete(&mut self, ticket: Ticket) -> Option<&mut ParkedDelete> {
        let conn = self.tickets.get(&ticket)?;
        match &mut self.open.get_mut(conn)?.current.as_mut()?.parked {
            Parked::Delete(delete) => Some(delete),
            Parked::Elsewhere | Parked::Fetch(_) | Parked::Produce(_) => None,
        }
    }

    /// The connection that has not been used for the longest, and since when.
    pub(super) fn oldest(&self) -> Option<(Time, ConnId)> {
        self.open.iter().map(|(conn, connection)| (connection.used, *conn)).min()
    }

    /// Connections with a fetch that waits for data.
    pub(super) fn parked_fetches(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.open.keys().copied().filter(|conn| self.parked_fetch(*conn).is_some())
    }
}
