//! What the components see of the engine at one moment, and what the clock does.

use std::rc::Rc;

use view::Picture;

use crate::bookmarks::Bookmark;
use crate::detail::Detail;
use crate::events::{Branch, Event};
use crate::lesson::LessonView;

/// Virtual time per real time, from the slowest to the fastest.
pub(crate) const SPEEDS: [(f64, &str); 16] = [
    (0.001, "1/1000×"),
    (0.002, "1/500×"),
    (0.005, "1/200×"),
    (0.01, "1/100×"),
    (0.02, "1/50×"),
    (0.05, "1/20×"),
    (0.1, "1/10×"),
    (0.2, "1/5×"),
    (0.5, "1/2×"),
    (1.0, "1×"),
    (2.0, "2×"),
    (5.0, "5×"),
    (10.0, "10×"),
    (20.0, "20×"),
    (50.0, "50×"),
    (100.0, "100×"),
];
/// One hop of a millisecond takes half a second.
pub(crate) const SPEED_DEFAULT: usize = 1;

/// What the clock is doing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Motion {
    /// Nothing moves.
    Paused,
    /// Time passes at the chosen speed.
    Playing,
    /// As fast as possible up to a moment, or to what it looks for.
    Chasing { until_ns: u64, stop: Stop },
}

/// What time runs on to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Stop {
    /// The moment alone.
    Moment,
    /// The next turn of events.
    Turn,
    /// The arrival of the next message that is no chatter.
    Message,
    /// The end of the program in a terminal.
    Ended(u32),
    /// The goals of a lesson's step, the first so many, asked for now and then from a moment on.
    Goals { goals: usize, from_ns: u64 },
    /// The condition that was given to [`super::Bridge::until`].
    Condition,
}

/// What the components see.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) picture: Rc<Picture>,
    pub(crate) motion: Motion,
    /// Index in [`SPEEDS`].
    pub(crate) speed: usize,
    pub(crate) skips_idle: bool,
    pub(crate) shows_internal: bool,
    /// How far this branch was played, ns.
    pub(crate) head_ns: u64,
    pub(crate) story: Rc<Vec<Event>>,
    pub(crate) branches: Vec<Branch>,
    /// Said by the engine: a link that does not fit, a command that failed.
    pub(crate) message: Option<String>,
    pub(crate) title: String,
    pub(crate) lesson: Option<Rc<LessonView>>,
    /// Whether the next step of the lesson is locked.
    pub(crate) is_locked: bool,
    /// What the open view and the inspector asked for.
    pub(crate) detail: Rc<Detail>,
    pub(crate) seed: u64,
    /// Moments that have a name.
    pub(crate) bookmarks: Rc<Vec<Bookmark>>,
    pub(super) number: u64,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Frame) -> bool {
        self.number == other.number
    }
}
