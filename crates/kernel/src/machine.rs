//! What a process is to the kernel: a state machine that is stepped with inputs.

use std::hash::Hash;
use std::sync::Arc;

use crate::{ConnId, Effects, NodeId, Time};

/// The behaviour and the whole state of one process. `Clone` must be cheap (share big immutable parts by `Arc`):
/// a checkpoint clones every machine.
pub trait Machine: Clone + Hash {
    /// What travels over connections.
    type Message: Clone + Hash;
    /// Facts the machine reports; they do not act on anything.
    type Note: Clone;

    /// Handles one input. All that happens in answer goes through `fx`.
    fn step(&mut self, now: Time, input: Input<Self::Message>, fx: &mut Effects<Self::Message, Self::Note>);

    /// Bytes a message occupies on a link.
    fn wire_bytes(message: &Self::Message) -> u64;

    /// What a message is, packed by the machine for whoever reads the trace. The kernel does not look at it.
    fn tag(_message: &Self::Message) -> u64 {
        0
    }

    /// The process has died at `now`: drops soft state, and on [`Death::PowerLoss`] also every write that no
    /// completed sync covers. What is left is what the next [`Input::Start`] finds on disk.
    fn halt(&mut self, now: Time, death: Death);
}

/// How a process died.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Death {
    /// It ended by itself ([`Effects::exit`]); connections were closed in order.
    Exit,
    /// `kill -9`: the host lives on. What was written survives in its page cache; peers see resets.
    Kill,
    /// The host lost power: writes that were not synced are gone, and peers see silence.
    PowerLoss,
}

/// Why a connection is over (or never was).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum CloseReason {
    /// The peer closed it.
    Closed,
    /// The peer's process died, or its host came back without it.
    Reset,
    /// Nobody listens at that address.
    Refused,
    /// No such host name.
    UnknownHost,
}

/// What happens to a process from outside the world: signals and its standard input.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Order {
    /// SIGTERM: please stop in good order.
    Terminate,
    /// SIGINT, as from Ctrl-C.
    Interrupt,
    /// A line of standard input, without its line end.
    Line(Arc<str>),
    /// The end of standard input.
    EndOfInput,
}

/// One input of a machine.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Input<M> {
    /// The process starts. What [`Machine::halt`] kept is what it finds on disk.
    Start,
    /// A connection this machine asked for is open.
    Opened {
        /// As returned by [`Effects::connect`].
        conn: ConnId,
    },
    /// A peer has connected to a port this machine listens on.
    Accepted {
        /// The new connection.
        conn: ConnId,
        /// Who connected.
        peer: NodeId,
        /// The port it came in on.
        port: u16,
    },
    /// A message arrived.
    Message {
        /// The connection it came over.
        conn: ConnId,
        /// The message. In a box from its sending to here, because what holds it is moved often.
        message: Box<M>,
    },
    /// A connection is over. No more messages come or go over it.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Why.
        reason: CloseReason,
    },
    /// A timer set with [`Effects::timer`] is due.
    Timer {
        /// As given to [`Effects::timer`].
        token: u64,
    },
    /// A disk sync asked for with [`Effects::sync`] is complete.
    Synced {
        /// As given to [`Effects::sync`].
        token: u64,
    },
    /// A signal, or standard input.
    Order(Order),
}
