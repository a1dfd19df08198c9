//! Connections over links. A connection is an ordered, reliable byte pipe between two processes, like TCP: a cut
//! link does not lose messages, it holds them until it heals; a dead process resets; a dead host is silent.

use ordered::{SortedMap, SortedSet};

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

#[derive(Clone, Hash, Debug)]
pub(crate) struct Conn {
    pub(crate) nodes: [NodeId; 2],
    pub(crate) incarnations: [u32; 2],
    pub(crate) port: u16,
    /// Whether each end still takes part.
    pub(crate) alive: [bool; 2],
    /// Latest arrival scheduled towards each end, so that order is kept.
    pub(crate) last_arrival: [Time; 2],
    /// Number of deliveries scheduled towards / made to each end.
    pub(crate) sent: [u32; 2],
    pub(crate) delivered: [u32; 2],
}

#[derive(Clone, Hash, Debug)]
pub(crate) struct Network {
    pub(crate) spec: NetworkSpec,
    links: SortedMap<(NodeId, NodeId), LinkSpec>,
    busy: SortedMap<(NodeId, NodeId), Time>,
    cuts: SortedSet<(NodeId, NodeId)>,
    pub(crate) conns: SortedMap<u64, Conn>,
}

impl Network {
    pub(crate) fn new(spec: NetworkSpec) -> Network {
        Network {
            spec,
            links: SortedMap::new(),
            busy: SortedMap::new(),
            cuts: SortedSet::new(),
            conns: SortedMap::new(),
        }
    }

    pub(crate) fn set_link(&mut self, from: NodeId, to: NodeId, spec: LinkSpec) {
        self.links.insert((from, to), spec);
    }

    pub(crate) fn link(&self, from: NodeId, to: NodeId) -> LinkSpec {
        match self.links.get(&(from, to)) {
            Some(spec) => *spec,
            None if from == to => self.spec.loopback,
            None => self.spec.between,
        }
    }

    pub(crate) fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        self.cuts.insert((from, to))
    }
    pub(crate) fn heal(&mut self, from: NodeId, to: NodeId) -> bool {
        self.cuts.remove(&(from, to))
    }
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.cuts.is_empty() && self.cuts.contains(&(from, to))
    }
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.cuts.iter().copied()
    }

    /// When something of `bytes` sent now arrives, by latency, jitter and the link's backlog.
    pub(crate) fn arrival(&mut self, seed: u64, draw: u64, now: Time, from: NodeId, to: NodeId, bytes: u64) -> Time {
        let link = self.link(from, to);
        let mut leaves = now;
        if link.bytes_per_second > 0 {
            let busy = self.busy.entry((from, to)).or_default();
            let ns = u128::from(bytes) * 1_000_000_000 / u128::from(link.bytes_per_second);
            leaves = (*busy).max(now) + Duration::from_nanos(ns as u64);
            *busy = leaves;
        }
        let jitter = match link.jitter.as_nanos() {
            0 => 0,
            most => keyed_draw(seed, PURPOSE_JITTER, draw, 0) % (most + 1),
        };
        leaves + link.latency + Duration::from_nanos(jitter)
    }
}

const PURPOSE_JITTER: u32 = u32::MAX;
