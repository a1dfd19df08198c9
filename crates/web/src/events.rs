//! The story of a branch, kept as it grows. Going back in time forgets nothing: what was seen once stays on the
//! timeline until another future takes its place.

use std::rc::Rc;

use lab::{BOOT, Lab, MarkKind};
use view::{Lane, Level, Text, say};

use crate::engine::is_told_by_mark;

/// Details kept; older ones are forgotten.
const DETAILS_MAX: usize = 600;

/// One line of the story.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Event {
    /// When, ns.
    pub(crate) at_ns: u64,
    /// What happened.
    pub(crate) text: Text,
    /// 1: detail, 2: worth a stop, 3: something was lost or failed.
    pub(crate) level: u8,
    /// Its mark on the timeline.
    pub(crate) glyph: &'static str,
    /// The timeline's lane for it.
    pub(crate) lane: Lane,
    /// Whether a person did it.
    pub(crate) is_command: bool,
}

/// A future that was played.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Branch {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is the one on the stage.
    pub(crate) is_active: bool,
    /// How far it was played, ns.
    pub(crate) head_ns: u64,
    /// The branch it left, and when, ns.
    pub(crate) parent: Option<(String, u64)>,
    /// Commands given in it.
    pub(crate) commands: usize,
}

/// The story of the active branch.
#[derive(Default)]
pub(crate) struct Story {
    branch: String,
    notes: u64,
    marks: usize,
    details: usize,
    events: Rc<Vec<Event>>,
}

impl Story {
    /// Adds what the lab has lived through since the last call.
    pub(crate) fn catch_up(&mut self, branch: &str, lab: &Lab) -> Rc<Vec<Event>> {
        if self.branch != branch {
            *self = Story { branch: branch.to_owned(), ..Story::default() };
        }
        let (notes, marks) = (lab.history().len(), lab.marks().len());
        if notes <= self.notes && marks <= self.marks {
            return self.events.clone();
        }
        let from = self.events.len();
        let events = Rc::make_mut(&mut self.events);
        let notes_made = lab.history().since(self.notes).filter(|n| n.at >= BOOT && view::is_told(&n.note));
        events.extend(notes_made.map(|n| of_line(view::tell(n), view::glyph(&n.note), view::lane(&n.note))));
        events.extend(
            lab.marks().iter().skip(self.marks).filter(|m| m.at >= BOOT && is_told_by_mark(m.kind)).map(of_mark),
        );
        ordered::sort_by_key(&mut events[from..], |e| e.at_ns);
        self.details += events[from..].iter().filter(|e| e.level == 1).count();
        if self.details > 2 * DETAILS_MAX {
            let mut surplus = self.details - DETAILS_MAX;
            events.retain(|e| {
                let goes = e.level == 1 && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
            self.details = DETAILS_MAX;
        }
        self.notes = self.notes.max(notes);
        self.marks = self.marks.max(marks);
        self.events.clone()
    }
}

fn of_line(line: view::StoryLine, glyph: &'static str, lane: Lane) -> Event {
    let level = match line.level {
        Level::Detail => 1,
        Level::Event => 2,
        Level::Alarm => 3,
    };
    Event { at_ns: line.at_ns, text: line.text, level, glyph, lane, is_command: false }
}

fn of_mark(mark: &lab::Mark) -> Event {
    let (glyph, level) = match mark.kind {
        MarkKind::Command => ("▸", 2),
        MarkKind::Process => ("⊗", 2),
        _ => ("!", 3),
    };
    let is_command = mark.kind == MarkKind::Command;
    let lane = if is_command { Lane::Acts } else { Lane::Processes };
    Event { at_ns: mark.at.since(BOOT).as_nanos(), text: say!("{}", mark.text), level, glyph, lane, is_command }
}
