//! Where messages fly: rails through the band between controllers and brokers. Every pair of processes has its own
//! lane, answers travel a little beside their requests, and no rail crosses a broker's box.

use ordered::SortedMap;

/// A box on the stage, in CSS pixels from its corner.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Anchor {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
    pub(crate) kind: Kind,
    /// Its place among those of its kind.
    pub(crate) index: usize,
}

/// What a box stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Controller,
    Broker,
    Client,
}

/// All boxes by process name and the band between them.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: SortedMap<String, Anchor>,
    /// Controllers that share their process with a broker.
    pub(crate) controllers: SortedMap<String, Anchor>,
    pub(crate) band_top: f64,
    pub(crate) band_bottom: f64,
}

/// Something for each pair of processes.
#[derive(Clone, Debug)]
pub(crate) struct Pairs<V>(SortedMap<String, SortedMap<String, V>>);

impl<V> Default for Pairs<V> {
    fn default() -> Pairs<V> {
        Pairs(SortedMap::default())
    }
}

impl<V: Default> Pairs<V> {
    /// What there is of a pair. Names are copied only for one that is new: this is asked for each message of each frame.
    pub(crate) fn of(&mut self, a: &str, b: &str) -> &mut V {
        if !self.0.contains_key(a) {
            self.0.insert(a.to_owned(), SortedMap::default());
        }
        let inner = self.0.get_mut(a).expect("it was put there");
        if !inner.contains_key(b) {
            inner.insert(b.to_owned(), V::default());
        }
        inner.get_mut(b).expect("it was put there")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &V)> {
        self.0.iter().flat_map(|(a, inner)| inner.iter().map(move |(b, value)| (a.as_str(), b.as_str(), value)))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut().flat_map(SortedMap::values_mut)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, _, value)| value)
    }
}

/// So many pixels before and after a corner it is rounded.
const CORNER: f64 = 6.0;

/// A rail: a polyline, and its pieces.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rail {
    pub(crate) points: Vec<(f64, f64)>,
    pieces: Vec<Piece>,
    length: f64,
}

/// A straight piece of a rail: where it begins, which way it goes, and from what length of the rail to what.
#[derive(Clone, PartialEq, Debug)]
struct Piece {
    start: (f64, f64),
    way: (f64, f64),
    from: f64,
    to: f64,
}

impl Piece {
    fn at(&self, s: f64) -> (f64, f64) {
        let left = s - self.from;
        (self.start.0 + self.way.0 * left, self.start.1 + self.way.1 * left)
    }
}

impl Rail {
    fn new(points: Vec<(f64, f64)>) -> Rail {
        let mut length = 0.0;
        let piece = |pair: &[(f64, f64)]| {
            let ((a, b), long, from) = ((pair[0], pair[1]), distance(pair[0], pair[1]), length);
            length += long;
            Piece { start: a, way: ((b.0 - a.0) / long, (b.1 - a.1) / long), from, to: length }
        };
        let pieces: Vec<Piece> = points.windows(2).filter(|pair| pair[0] != pair[1]).map(piece).collect();
        Rail { points, pieces, length }
    }

    /// The point at the share `t` of the way, corners rounded.
    pub(crate) fn at(&self, t: f64) -> (f64, f64) {
        let s = t.clamp(0.0, 1.0) * self.length;
        if let Some(found) = self.straight(s) {
            return found;
        }
        let (a, b, c) = (self.walk(s - CORNER), self.walk(s), self.walk(s + CORNER));
        ((a.0 + 2.0 * b.0 + c.0) / 4.0, (a.1 + 2.0 * b.1 + c.1) / 4.0)
    }

    /// The point after `s`, if no corner is near. This is asked for each message of each frame.
    fn straight(&self, s: f64) -> Option<(f64, f64)> {
        let piece = self.pieces.iter().find(|piece| s <= piece.to)?;
        (s - piece.from >= CORNER && piece.to - s >= CORNER).then(|| piece.at(s))
    }

    fn walk(&self, s: f64) -> (f64, f64) {
        let s = s.clamp(0.0, self.length);
        let piece = self.pieces.iter().find(|piece| s <= piece.to);
        piece.map_or_else(|| self.points.last().copied().unwrap_or_default(), |piece| piece.at(s))
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

impl Plan {
    /// The rail from one process to another, for a message of this role. Answers run beside requests.
    pub(crate) fn rail(&self, from: &str, to: &str, is_control: bool, is_response: bool) -> Option<Rail> {
        // The rail is the same both ways, so it is built from the lesser name and turned round when needed.
        let turned = from > to;
        let (a, b) = if turned { (to, from) } else { (from, to) };
        let (a, b) = (self.find(a, b, is_control)?, self.find(b, a, is_control)?);
        let lane = self.lane(&a, &b) + if is_response { 4.0 } else { -1.0 };
        let side = if is_response { 2.5 } else { -2.5 };
        let mut points = self.exit(&a, &b, lane, side);
        let mut end = self.exit(&b, &a, lane, side);
        end.reverse();
        points.extend(end);
        if turned {
            points.reverse();
        }
        Some(Rail::new(points))
    }

    /// Whether a process is on the strip of controllers.
    pub(crate) fn is_controller(&self, name: &str) -> bool {
        self.nodes.get(name).is_some_and(|anchor| anchor.kind == Kind::Controller)
    }

    fn find(&self, name: &str, peer: &str, is_control: bool) -> Option<Anchor> {
        let combined = self.controllers.get(name).filter(|_| is_control && self.leads(name, peer));
        combined.or_else(|| self.nodes.get(name)).copied()
    }

    /// Of two combined nodes, the traffic is drawn from the broker of one to the controller of the other.
    fn leads(&self, name: &str, peer: &str) -> bool {
        !self.controllers.contains_key(peer) || name < peer
    }

    fn lane(&self, a: &Anchor, b: &Anchor) -> f64 {
        let height = self.band_bottom - self.band_top;
        let share = match (a.kind, b.kind) {
            (Kind::Controller, Kind::Controller) => 0.12,
            (Kind::Controller, _) | (_, Kind::Controller) => 0.26,
            (Kind::Broker, Kind::Broker) => 0.46 + 0.1 * (a.index.abs_diff(b.index).min(3) as f64 - 1.0),
            (Kind::Client, _) => 0.72 + 0.07 * (a.index % 4) as f64,
            (_, Kind::Client) => 0.72 + 0.07 * (b.index % 4) as f64,
        };
        self.band_top + height * share
    }

    /// From a box to its lane.
    fn exit(&self, of: &Anchor, to: &Anchor, lane: f64, side: f64) -> Vec<(f64, f64)> {
        let centre = of.x + of.w / 2.0;
        match of.kind {
            Kind::Controller => vec![(centre + side, of.y + of.h), (centre + side, lane)],
            Kind::Broker => {
                let x = centre + port(of, to) + side;
                // With many brokers in rows, messages to those below end at the band.
                let y = if of.y > self.band_bottom + 24.0 { self.band_bottom } else { of.y };
                vec![(x, y), (x, lane)]
            }
            Kind::Client if of.y + of.h <= self.band_top + 6.0 => {
                vec![(centre + side, of.y + of.h), (centre + side, lane)]
            }
            Kind::Client => {
                let rightwards = to.x > of.x;
                let edge = if rightwards { of.x + of.w } else { of.x };
                let gutter = 7.0 + 4.0 * (of.index % 3) as f64 + side;
                let x = if rightwards { edge + gutter } else { edge - gutter };
                let y = of.y + (of.h / 2.0).min(26.0) + side;
                vec![(edge, y), (x, y), (x, lane)]
            }
        }
    }
}

/// Where along its top edge a broker meets a peer: clients outside, other brokers next, controllers in the middle.
fn port(of: &Anchor, peer: &Anchor) -> f64 {
    let unit = (of.w / 14.0).min(14.0);
    match peer.kind {
        Kind::Controller => 0.0,
        Kind::Broker if peer.x < of.x => -unit * 2.0,
        Kind::Broker => unit * 2.0,
        Kind::Client if peer.x < of.x => -unit * (4.0 + (peer.index % 3) as f64 * 0.7),
        Kind::Client => unit * (4.0 + (peer.index % 3) as f64 * 0.7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(x: f64, y: f64, kind: Kind, index: usize) -> Anchor {
        Anchor { x, y, w: 100.0, h: 40.0, kind, index }
    }

    fn plan() -> Plan {
        let mut plan = Plan { band_top: 50.0, band_bottom: 120.0, ..Plan::default() };
        plan.nodes.insert("app-1".into(), anchor(0.0, 200.0, Kind::Client, 0));
        plan.nodes.insert("broker-1".into(), anchor(200.0, 120.0, Kind::Broker, 0));
        plan.nodes.insert("broker-2".into(), anchor(320.0, 120.0, Kind::Broker, 1));
        plan
    }

    #[test]
    fn a_rail_stays_above_the_brokers_once_it_has_left_the_client() {
        let rail = plan().rail("app-1", "broker-2", false, false).expect("both are on the stage");
        for (x, y) in rail.points.iter().filter(|p| p.0 >= 200.0) {
            assert!(*y <= 120.0, "({x}, {y}) lies inside a broker");
        }
    }

    #[test]
    fn far_from_corners_a_rail_is_straight_and_near_them_it_is_round() {
        let rail = Rail::new(vec![(0.0, 0.0), (100.0, 0.0), (100.0, 100.0)]);
        assert_eq!((rail.at(0.25), rail.at(0.75)), ((50.0, 0.0), (100.0, 50.0)));
        assert_eq!(rail.at(0.5), (98.5, 1.5));
        let steps = (0..=1_000).map(|n| rail.at(f64::from(n) / 1_000.0)).collect::<Vec<_>>();
        assert!(steps.windows(2).all(|pair| distance(pair[0], pair[1]) < 0.31), "it leaps nowhere");
    }

    #[test]
    fn an_answer_travels_back_beside_its_request() {
        let plan = plan();
        let there = plan.rail("app-1", "broker-1", false, false).expect("on the stage");
        let back = plan.rail("broker-1", "app-1", false, true).expect("on the stage");
        let (a, b) = (there.at(0.5), back.at(0.5));
        let apart = distance(a, b);
        assert!(apart > 1.0 && apart < 14.0, "{apart} px apart");
    }

    #[test]
    fn a_process_that_is_not_on_the_stage_has_no_rail() {
        assert_eq!(plan().rail("app-9", "broker-1", false, false), None);
    }
}
