//! Calls to other processes: one connection an address, numbered calls, deadlines. Whoever makes calls keeps a
//! [`Calls`] and tells it what the kernel tells the machine.

use std::sync::Arc;

use ordered::SortedMap;

use crate::{ConnId, Duration, Effects, Time};

/// A host name and a port.
pub type Address = (Arc<str>, u16);

/// Calls in flight, each with a tag of the caller's own that says what it was for.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Calls<T> {
    next: u32,
    links: SortedMap<Address, Link<T>>,
    addresses: SortedMap<ConnId, Address>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Link<T> {
    conn: ConnId,
    is_open: bool,
    /// When something last went or came over it.
    used: Time,
    calls: SortedMap<u32, (T, Time)>,
}

impl<T> Default for Calls<T> {
    fn default() -> Calls<T> {
        Calls { next: 0, links: SortedMap::new(), addresses: SortedMap::new() }
    }
}

impl<T> Calls<T> {
    /// Sends the message that `make` builds for a call number, connecting first if need be. The answer is due
    /// within `timeout`.
    pub fn call<M, N>(
        &mut self,
        fx: &mut Effects<M, N>,
        now: Time,
        to: &Address,
        timeout: Duration,
        tag: T,
        make: impl FnOnce(u32) -> M,
    ) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let link = self.link(fx, now, to);
        link.calls.insert(number, (tag, now + timeout));
        fx.send(link.conn, make(number));
    }

    /// Sends a message that gets no answer (acks=0).
    pub fn tell<M, N>(&mut self, fx: &mut Effects<M, N>, now: Time, to: &Address, make: impl FnOnce(u32) -> M) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let conn = self.link(fx, now, to).conn;
        fx.send(conn, make(number));
    }

    /// The connection to an address, made if there is none, which is used now.
    fn link<M, N>(&mut self, fx: &mut Effects<M, N>, now: Time, to: &Address) -> &mut Link<T> {
        let link = self.links.shared_or_insert_with(to, || {
            let conn = fx.connect(&to.0, to.1);
            self.addresses.insert(conn, to.clone());
            Link { conn, is_open: false, used: now, calls: SortedMap::new() }
        });
        link.used = now;
        link
    }

    /// The number of the next call.
    pub fn next_number(&self) -> u32 {
        self.next
    }

    /// The next call has this number, for callers that share a counter with others.
    pub fn skip_to(&mut self, number: u32) {
        self.next = number;
    }

    /// A connection opened; true if it is one of these.
    pub fn opened(&mut self, conn: ConnId) -> bool {
        match self.addresses.get(&conn).and_then(|address| self.links.get_mut(address)) {
            Some(link) => {
                link.is_open = true;
                true
            }
            None => false,
        }
    }

    /// The same, and what was sent with it is due within `timeout` only now that it can arrive.
    pub fn opened_anew(&mut self, now: Time, conn: ConnId, timeout: Duration) -> bool {
        let is_known = self.opened(conn);
        let link = self.addresses.get(&conn).and_then(|address| self.links.get_mut(address));
        if let Some(link) = link {
            link.used = now;
            link.calls.values_mut().for_each(|(_, until)| *until = now + timeout);
        }
        is_known
    }

    /// An answer came; the tag of its call, unless the call was given up.
    pub fn answered(&mut self, now: Time, conn: ConnId, number: u32) -> Option<T> {
        let link = self.links.values_mut().find(|link| link.conn == conn)?;
        link.is_open = true;
        link.used = now;
        link.calls.remove(&number).map(|(tag, _)| tag)
    }

    /// A connection is over: its address and the calls that failed with it. None if it is not one of these.
    pub fn closed(&mut self, conn: ConnId) -> Option<(Address, Vec<T>)> {
        let address = self.addresses.remove(&conn)?;
        let link = self.links.remove(&address)?;
        Some((address, link.calls.into_values().map(|(tag, _)| tag).collect()))
    }

    /// Gives up on connections with a call past its deadline: the connection is closed
    /// and every call on it fails.
    pub fn expire<M, N>(&mut self, fx: &mut Effects<M, N>, now: Time) -> Vec<(Address, Vec<T>)> {
        let late: Vec<ConnId> = self
            .links
            .values()
            .filter(|link| link.calls.values().any(|(_, due)| *due <= now))
            .map(|link| link.conn)
            .collect();
        late.into_iter()
            .filter_map(|conn| {
                fx.close(conn);
                self.closed(conn)
            })
            .collect()
    }

    /// Closes the connection to an address, failing its calls.
    pub fn close<M, N>(&mut self, fx: &mut Effects<M, N>, address: &Address) -> Vec<T> {
        match self.links.get(address).map(|link| link.conn) {
            Some(conn) => {
                fx.close(conn);
                self.closed(conn).map(|(_, tags)| tags).unwrap_or_default()
            }
            None => Vec::new(),
        }
    }

    /// When answers are due.
    pub fn deadlines(&self) -> impl Iterator<Item = Time> {
        self.links.values().flat_map(|link| link.calls.values().map(|(_, due)| *due))
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Time> {
        self.deadlines().min()
    }

    /// Whether a message on this connection is an answer to one of these calls.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.addresses.contains_key(&conn)
    }

    /// The address a connection goes to.
    pub fn address(&self, conn: ConnId) -> Option<&Address> {
        self.addresses.get(&conn)
    }

    /// When each connection was last used.
    pub fn uses(&self) -> impl Iterator<Item = (Time, &Address)> {
        self.links.iter().map(|(address, link)| (link.used, address))
    }

    /// When the connection to an address was last used.
    pub fn last_used(&self, address: &Address) -> Option<Time> {
        self.links.get(address).map(|link| link.used)
    }

    /// How many calls to an address are waiting for their answer.
    pub fn in_flight(&self, address: &Address) -> usize {
        self.links.get_shared(address).map_or(0, |link| link.calls.len())
    }

    /// Whether a connection to an address is known to be open.
    pub fn is_open(&self, address: &Address) -> bool {
        self.links.get(address).is_some_and(|link| link.is_open)
    }
}
