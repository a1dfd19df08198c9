//! Connections over links. A connection is an ordered, reliable byte pipe between two processes, like TCP: a cut
//! link does not lose messages, it holds them until it heals; a dead process resets; a dead host is silent.

use ordered::{SortedMap, Window};

use crate::{Duration, NodeId, Time, keyed_draw};

/// The name of one end of a connection, unique in a run. The two ends of a connection have different names, so
/// that a process can talk to itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

impl ConnId {
    pub(crate) fn new(pair: u64, end: End) -> ConnId {
        ConnId(pair << 1 | end as u64)
    }
    pub(crate) fn pair(self) -> u64 {
        self.0 >> 1
    }
    pub(crate) fn end(self) -> End {
        (self.0 & 1) as End
    }
    /// The name of the other end.
    pub fn peer(self) -> ConnId {
        ConnId(self.0 ^ 1)
    }
    /// Whether this is the end that opened the connection.
    pub fn is_opener(self) -> bool {
        self.end() == 0
    }
}

/// How a one-way link behaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkSpec {
    /// The least time a message travels.
    pub latency: Duration,
    /// A uniformly drawn extra of at most this is added to each message.
    pub jitter: Duration,
    /// Capacity in bytes per second; 0 means unlimited.
    pub bytes_per_second: u64,
}

/// What a link takes longer than usual, one way: a fault, until it is healed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Delay {
    /// Added to each message.
    pub latency: Duration,
    /// A uniformly drawn extra of at most this is added to each message too.
    pub jitter: Duration,
}

/// The links of a new world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NetworkSpec {
    /// Between two nodes, unless set otherwise for that pair.
    pub between: LinkSpec,
    /// From a node to itself.
    pub loopback: LinkSpec,
    /// How long a disk sync takes.
    pub sync: Duration,
}

impl Default for NetworkSpec {
    /// A quiet local network: 1 ms ± 0.2 ms one way, 1 Gbit/s; 20 µs loopback; 2 ms syncs.
    fn default() -> NetworkSpec {
        NetworkSpec {
            between: LinkSpec {
                latency: Duration::from_micros(900),
                jitter: Duration::from_micros(200),
                bytes_per_second: 125_000_000,
            },
            loopback: LinkSpec { latency: Duration::from_micros(20), jitter: Duration::ZERO, bytes_per_second: 0 },
            sync: Duration::from_millis(2),
        }
    }
}

/// A message on its way, as the page draws it.
#[derive(Clone, Copy, Debug)]
pub struct Flight<'a, M> {
    /// The sender's end of the connection it travels on.
    pub conn: ConnId,
    /// What number of all that was sent this way on that connection, from 0.
    pub number: u32,
    /// Its size on the wire.
    pub bytes: u64,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// When it was sent.
    pub sent: Time,
    /// When it arrives, if nothing happens to the link.
    pub arrives: Time,
    /// True if a cut link holds it.
    pub held: bool,
    /// The message.
    pub message: &'a M,
}

/// One of the two ends of a connection: 0 opened it, 1 accepted it.
pub(crate) type End = usize;

#[derive(Clone, Debug)]
pub(crate) struct Conn {
    pub(crate) nodes: [NodeId; 2],
    pub(crate) incarnations: [u32; 2],
    pub(crate) port: u16,
    /// Whether each end still takes part.
    pub(crate) alive: [bool; 2],
    /// The link towards each end.
    pub(crate) links: [u32; 2],
    /// Latest arrival scheduled towards each end, so that order is kept.
    pub(crate) last_arrival: [Time; 2],
    /// Number of deliveries scheduled towards / made to each end.
    pub(crate) sent: [u32; 2],
    pub(crate) delivered: [u32; 2],
    /// It was reset on its way: nothing more is sent over it.
    pub(crate) is_broken: bool,
}

impl Conn {
    /// The one end has asked for it; the other has not heard of it.
    pub(crate) fn opening(nodes: [NodeId; 2], incarnation: u32, port: u16, links: [u32; 2]) -> Conn {
        Conn {
            nodes,
            incarnations: [incarnation, 0],
            port,
            alive: [true, false],
            links,
            last_arrival: [Time::ZERO; 2],
            sent: [0; 2],
            delivered: [0; 2],
            is_broken: false,
        }
    }

    /// Neither end takes part any more. Of one that was reset on its way both must have heard, and the acceptor of its
    /// opening, which may come after the opener has heard of the end.
    pub(crate) fn is_over(&self) -> bool {
        self.alive == [false; 2] && (!self.is_broken || self.delivered == self.sent)
    }
}

/// The link from one node to another.
#[derive(Clone, Debug)]
struct Link {
    spec: LinkSpec,
    /// Nanoseconds a byte takes, if that is a whole number.
    byte_ns: Option<u64>,
    /// It sends what it was given before until then.
    busy: Time,
    is_cut: bool,
    delay: Option<Delay>,
}

impl Link {
    fn new(spec: LinkSpec) -> Link {
        let byte_ns = match spec.bytes_per_second {
            0 => Some(0),
            rate => NANOS.is_multiple_of(rate).then_some(NANOS / rate),
        };
        Link { spec, byte_ns, busy: Time::ZERO, is_cut: false, delay: None }
    }

    /// How long it is busy with so many bytes.
    fn sending(&self, bytes: u64) -> Duration {
        let ns = match self.byte_ns {
            Some(each) => bytes.saturating_mul(each),
            None => (u128::from(bytes) * u128::from(NANOS) / u128::from(self.spec.bytes_per_second)) as u64,
        };
        Duration::from_nanos(ns)
    }
}

const NANOS: u64 = 1_000_000_000;

/// Links are numbered as they are first used or set; connections know the numbers of theirs.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) spec: NetworkSpec,
    numbers: SortedMap<(NodeId, NodeId), u32>,
    links: Vec<Link>,
    /// By number, oldest first.
    pub(crate) conns: Window<Conn>,
}

impl Network {
    pub(crate) fn new(spec: NetworkSpec) -> Network {
        Network { spec, numbers: SortedMap::new(), links: Vec::new(), conns: Window::new() }
    }

    /// The number of the link from one node to another.
    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> u32 {
        *self.numbers.entry((from, to)).or_insert_with(|| {
            self.links.push(Link::new(if from == to { self.spec.loopback } else { self.spec.between }));
            (self.links.len() - 1) as u32
        })
    }

    fn link_mut(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let number = self.link(from, to);
        &mut self.links[number as usize]
    }

    pub(crate) fn set_link(&mut self, from: NodeId, to: NodeId, spec: LinkSpec) {
        let link = self.link_mut(from, to);
        *link = Link { busy: link.busy, is_cut: link.is_cut, delay: link.delay, ..Link::new(spec) };
    }

    pub(crate) fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        !std::mem::replace(&mut self.link_mut(from, to).is_cut, true)
    }
    pub(crate) fn heal(&mut self, from: NodeId, to: NodeId) -> bool {
        std::mem::replace(&mut self.link_mut(from, to).is_cut, false)
    }
    /// Whether the link of a connection towards end `to` is cut.
    pub(crate) fn is_cut(&self, conn: &Conn, to: End) -> bool {
        self.links[conn.links[to] as usize].is_cut
    }
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.numbers.iter().filter(|(_, number)| self.links[**number as usize].is_cut).map(|(ends, _)| *ends)
    }

    /// Sets or takes away what a link takes longer than usual; what it was.
    pub(crate) fn set_delay(&mut self, from: NodeId, to: NodeId, delay: Option<Delay>) -> Option<Delay> {
        std::mem::replace(&mut self.link_mut(from, to).delay, delay)
    }
    pub(crate) fn delays(&self) -> impl Iterator<Item = (NodeId, NodeId, Delay)> + '_ {
        self.numbers
            .iter()
            .filter_map(|((from, to), number)| self.links[*number as usize].delay.map(|delay| (*from, *to, delay)))
    }

    /// When something of `bytes` sent now over `link` arrives, by latency, jitter and the link's backlog.
    pub(crate) fn arrival(&mut self, seed: u64, draw: u64, now: Time, link: u32, bytes: u64) -> Time {
        let link = &mut self.links[link as usize];
        let mut leaves = now;
        if link.spec.bytes_per_second > 0 {
            leaves = link.busy.max(now) + link.sending(bytes);
            link.busy = leaves;
        }
        let arrival = leaves + link.spec.latency + up_to(link.spec.jitter, seed, PURPOSE_JITTER, draw);
        match link.delay {
            Some(delay) => arrival + delay.latency + up_to(delay.jitter, seed, PURPOSE_DELAY, draw),
            None => arrival,
        }
    }
}

/// A uniformly drawn span of at most `most`.
fn up_to(most: Duration, seed: u64, purpose: u32, draw: u64) -> Duration {
    match most.as_nanos() {
        0 => Duration::ZERO,
        most => Duration::from_nanos(keyed_draw(seed, purpose, draw, 0) % (most + 1)),
    }
}

const PURPOSE_JITTER: u32 = u32::MAX;
const PURPOSE_DELAY: u32 = u32::MAX - 1;
