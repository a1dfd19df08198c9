//! The axis of the timeline. Quiet spans are folded: a gap takes the square root of its length, so that 45 s of
//! silence and the 3 ms of an election can both be seen and reached.

use view::Lane;

use crate::bridge::Frame;
use crate::events::Event;

/// Gaps longer than this are drawn as folds, ns.
pub(crate) const FOLD_NS: u64 = 5_000_000_000;

/// A monotone map between virtual time and 0..=1.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Axis {
    knots: Vec<(u64, f64)>,
}

/// A mark to draw.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Mark {
    pub(crate) at: f64,
    pub(crate) glyph: &'static str,
    pub(crate) level: u8,
    pub(crate) is_command: bool,
}

impl Axis {
    /// The axis of a frame: a window of the run, or all of it on all branches. The playhead is always on it.
    pub(crate) fn of(frame: &Frame, window: Option<(u64, u64)>) -> Axis {
        let now = frame.picture.now_ns;
        let end = frame.branches.iter().map(|b| b.head_ns).chain([frame.head_ns, now]).max().unwrap_or(now);
        let (from, to) = window.map_or((0, end), |(from, to)| (from.min(now), to.max(now)));
        Axis::new(&frame.story, from, to)
    }

    /// An axis between two moments with a knot at each event that gets a mark.
    fn new(story: &[Event], from_ns: u64, to_ns: u64) -> Axis {
        let marked = story.iter().filter(|e| is_marked(e)).map(|e| e.at_ns);
        let mut times: Vec<u64> = marked.filter(|at| (from_ns..to_ns).contains(at)).collect();
        times.extend([from_ns, to_ns.max(from_ns + 1)]);
        Axis::over(times, |gap| (gap as f64 / 1e6).sqrt())
    }

    /// The first and the last moment.
    pub(crate) fn range(&self) -> (u64, u64) {
        let at = |knot: Option<&(u64, f64)>| knot.map_or(0, |k| k.0);
        (at(self.knots.first()), at(self.knots.last()))
    }

    /// An axis with a knot at each of these times, and gaps between them that take `width`.
    pub(crate) fn over(mut times: Vec<u64>, width: impl Fn(u64) -> f64) -> Axis {
        ordered::sort(&mut times);
        times.dedup();
        let mut knots = Vec::with_capacity(times.len());
        let mut x = 0.0;
        for (i, t) in times.iter().enumerate() {
            if i > 0 {
                x += width(t - times[i - 1]);
            }
            knots.push((*t, x));
        }
        let whole = if x > 0.0 { x } else { 1.0 };
        for knot in &mut knots {
            knot.1 /= whole;
        }
        Axis { knots }
    }

    /// Where a moment is.
    pub(crate) fn position(&self, ns: u64) -> f64 {
        let i = self.knots.partition_point(|k| k.0 <= ns);
        match (i.checked_sub(1).and_then(|i| self.knots.get(i)), self.knots.get(i)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (ns - a.0) as f64 / (b.0 - a.0) as f64,
            (Some(_), None) => 1.0,
            _ => 0.0,
        }
    }

    /// Which moment is there.
    pub(crate) fn moment(&self, position: f64) -> u64 {
        let i = self.knots.partition_point(|k| k.1 <= position);
        match (i.checked_sub(1).and_then(|i| self.knots.get(i)), self.knots.get(i)) {
            (Some(a), Some(b)) => a.0 + ((b.0 - a.0) as f64 * (position - a.1) / (b.1 - a.1)) as u64,
            (Some(a), None) => a.0,
            _ => 0,
        }
    }

    /// Quiet spans of `least` ns or more that are wider than `wide`: (from, to, length in ns).
    pub(crate) fn folds(&self, least: u64, wide: f64) -> Vec<(f64, f64, u64)> {
        let gaps = self.knots.windows(2).map(|k| (k[0].1, k[1].1, k[1].0 - k[0].0));
        gaps.filter(|g| g.2 >= least && g.1 - g.0 > wide).collect()
    }

    /// The marks of a story, or of one of its lanes, none nearer to the last than `apart`: of a crowd the weightiest is drawn.
    pub(crate) fn marks(&self, story: &[Event], lane: Option<Lane>, apart: f64) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        let (from, to) = self.range();
        let shown = |e: &&Event| is_marked(e) && lane.is_none_or(|lane| e.lane == lane);
        for event in story.iter().filter(|e| (from..=to).contains(&e.at_ns)).filter(shown) {
            let mark = Mark {
                at: self.position(event.at_ns),
                glyph: event.glyph,
                level: event.level,
                is_command: event.is_command,
            };
            match marks.last_mut() {
                Some(last) if mark.at - last.at < apart => {
                    if weight(&mark) > weight(last) {
                        *last = Mark { at: last.at, ..mark };
                    }
                }
                _ => marks.push(mark),
            }
        }
        marks
    }
}

fn weight(mark: &Mark) -> u8 {
    mark.level * 2 + u8::from(mark.is_command)
}

fn is_marked(event: &Event) -> bool {
    event.level >= 2 || event.is_command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ms: u64, level: u8) -> Event {
        let glyph = if level == 3 { "✕" } else { "♛" };
        Event {
            at_ns: at_ms * 1_000_000,
            text: Default::default(),
            level,
            glyph,
            lane: Lane::Records,
            is_command: false,
        }
    }

    #[test]
    fn position_and_moment_are_inverse() {
        let axis = Axis::new(&[event(100, 2), event(103, 2), event(45_000, 2)], 0, 60_000_000_000);
        for ns in [0, 50_000_000, 101_000_000, 9_000_000_000, 60_000_000_000] {
            let back = axis.moment(axis.position(ns));
            assert!(back.abs_diff(ns) < 1_000, "{ns} came back as {back}");
        }
    }

    #[test]
    fn silence_is_folded_but_order_is_kept() {
        let axis = Axis::new(&[event(1_000, 2), event(1_100, 2), event(61_000, 2)], 0, 61_100_000_000);
        let short = axis.position(1_100_000_000) - axis.position(1_000_000_000);
        let long = axis.position(61_000_000_000) - axis.position(1_100_000_000);
        assert!(long > short && long < short * 30.0, "600 times the time, {} times the width", long / short);
        assert_eq!(axis.folds(FOLD_NS, 0.06).len(), 1);
    }

    #[test]
    fn of_a_crowd_the_weightiest_mark_is_drawn() {
        let story = [event(1_000, 2), event(1_000, 3), event(1_001, 2)];
        let axis = Axis::new(&story, 0, 10_000_000_000);
        let marks = axis.marks(&story, None, 0.02);
        assert_eq!(marks.iter().map(|m| m.glyph).collect::<Vec<_>>(), ["✕"]);
    }

    #[test]
    fn a_window_shows_its_stretch_only() {
        let story = [event(1_000, 2), event(5_000, 3), event(9_000, 2)];
        let axis = Axis::new(&story, 4_000_000_000, 6_000_000_000);
        assert_eq!(axis.marks(&story, None, 0.02).len(), 1);
        assert_eq!(axis.marks(&story, Some(Lane::Groups), 0.02).len(), 0);
        assert_eq!((axis.position(1_000_000_000), axis.position(9_000_000_000)), (0.0, 1.0));
    }
}
