//! What a step may do. An [`Effects`] is handed to every step and applied by the world when the step returns.

use std::sync::Arc;

use crate::{ConnId, Duration, Host, NodeId, Rng, Streams, Time};

/// One thing a step asked for, in the order it asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<M, N> {
    /// See [`Effects::connect`].
    Connect {
        #[allow(missing_docs)]
        conn: ConnId,
        #[allow(missing_docs)]
        host: Arc<str>,
        #[allow(missing_docs)]
        port: u16,
    },
    /// See [`Effects::listen`].
    Listen {
        #[allow(missing_docs)]
        port: u16,
    },
    /// See [`Effects::send`].
    Send {
        #[allow(missing_docs)]
        conn: ConnId,
        #[allow(missing_docs)]
        message: Box<M>,
    },
    /// See [`Effects::close`].
    Close {
        #[allow(missing_docs)]
        conn: ConnId,
    },
    /// See [`Effects::timer`].
    Timer {
        #[allow(missing_docs)]
        at: Time,
        #[allow(missing_docs)]
        token: u64,
    },
    /// See [`Effects::sync`].
    Sync {
        #[allow(missing_docs)]
        token: u64,
    },
    /// See [`Effects::note`].
    Note(N),
    /// See [`Effects::exit`].
    Exit {
        #[allow(missing_docs)]
        code: i32,
    },
}

/// The only way out of a step.
#[derive(Debug)]
pub struct Effects<M, N> {
    pub(crate) list: Vec<Effect<M, N>>,
    pub(crate) streams: Streams,
    pub(crate) next_conn: u64,
    pub(crate) node: NodeId,
    pub(crate) host: Host,
}

impl<M, N> Effects<M, N> {
    /// An empty buffer for machine `node`; the world makes these, and so do tests of a single machine.
    pub fn new(seed: u64, node: NodeId) -> Effects<M, N> {
        Effects { list: Vec::new(), streams: Streams::new(seed, node.0), next_conn: 1, node, host: Host::default() }
    }

    /// The node that is being stepped.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// What is out of order with the host.
    pub fn host(&self) -> Host {
        self.host
    }

    /// Opens a connection to `host:port`. Later comes `Opened`, or `Closed`, or — when the host has no
    /// power or the link is cut — nothing at all: set a timer.
    pub fn connect(&mut self, host: &str, port: u16) -> ConnId {
        let conn = ConnId::new(self.next_conn, 0);
        self.next_conn += 1;
        self.list.push(Effect::Connect { conn, host: host.into(), port });
        conn
    }

    /// Accepts connections on `port` from now on, until the process dies.
    pub fn listen(&mut self, port: u16) {
        self.list.push(Effect::Listen { port });
    }

    /// Sends `message`. Messages on one connection arrive in the order they were sent. Sending on a
    /// connection that is already closed does nothing: its `Closed` input has been or will be delivered.
    pub fn send(&mut self, conn: ConnId, message: M) {
        self.list.push(Effect::Send { conn, message: Box::new(message) });
    }

    /// Closes a connection. The peer gets `Closed` after what was sent before; this machine gets no input.
    pub fn close(&mut self, conn: ConnId) {
        self.list.push(Effect::Close { conn });
    }

    /// Asks for `Input::Timer { token }` at `at` (now, if that is past). Timers are not cancelled: a machine
    /// ignores tokens it no longer wants, which [`crate::Timers`] does for it.
    pub fn timer(&mut self, at: Time, token: u64) {
        self.list.push(Effect::Timer { at, token });
    }

    /// Asks the disk to make all writes so far durable; `Input::Synced { token }` comes when they are. A slow disk does one
    /// after the other.
    pub fn sync(&mut self, token: u64) {
        self.list.push(Effect::Sync { token });
    }

    /// Reports a fact.
    pub fn note(&mut self, note: N) {
        self.list.push(Effect::Note(note));
    }

    /// Ends this process after this step, closing its connections in good order.
    pub fn exit(&mut self, code: i32) {
        self.list.push(Effect::Exit { code });
    }

    /// This machine's stream of random numbers for `purpose`.
    pub fn rng(&mut self, purpose: u32) -> &mut Rng {
        self.streams.get(purpose)
    }

    /// What was asked for so far, in order.
    pub fn effects(&self) -> &[Effect<M, N>] {
        &self.list
    }

    /// Takes out what was asked for so far; for tests of a single machine.
    pub fn take(&mut self) -> Vec<Effect<M, N>> {
        std::mem::take(&mut self.list)
    }

    /// The world's span after which nobody should wait for a timer; a helper for `timer(now + d)`.
    pub fn after(&mut self, now: Time, delay: Duration, token: u64) {
        self.timer(now + delay, token);
    }
}
