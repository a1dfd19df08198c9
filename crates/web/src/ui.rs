//! What the page itself remembers: what is selected, which tab is open, what is typed. Nothing of the cluster.

use std::rc::Rc;

use ordered::SortedMap;
use view::MessageId;
use yew::{Reducible, UseReducerHandle};

/// Something on the stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Selection {
    /// A controller by node.id.
    Controller(i32),
    /// A broker by node.id.
    Broker(i32),
    /// A topic by name.
    Topic(String),
    /// A partition; with the broker whose replica was clicked.
    Partition { topic: String, partition: i32, on: Option<i32> },
    /// A record in a broker's log.
    Record { topic: String, partition: i32, on: i32, offset: i64 },
    /// A client program by process name.
    Client(String),
    /// A group by name.
    Group(String),
    /// A message on its way.
    Message(MessageId),
}

impl Selection {
    /// Whether that replica is it, or part of it.
    pub(crate) fn has_replica(&self, of: &str, number: i32, broker: i32) -> bool {
        match self {
            Selection::Topic(topic) => topic == of,
            Selection::Partition { topic, partition, on } => {
                (topic.as_str(), *partition) == (of, number) && on.is_none_or(|on| on == broker)
            }
            _ => false,
        }
    }
}

/// What the middle of the page shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum View {
    /// Brokers, controllers, clients and what flies between them.
    Cluster,
    /// The replicas of one partition over one axis of offsets.
    Log,
    /// Messages in space and time.
    Flow,
    /// Members, partitions, positions.
    Groups,
    /// Kafka's metrics over time.
    Metrics,
    /// The futures there are, and how two of them differ.
    Branches,
}

/// The views with their names, in the order of their keys.
pub(crate) const VIEWS: [(View, &str); 6] = [
    (View::Cluster, "Cluster"),
    (View::Log, "Log"),
    (View::Flow, "Space-time"),
    (View::Groups, "Groups"),
    (View::Metrics, "Metrics"),
    (View::Branches, "Branches"),
];

/// Offsets a slot of the log view stands for, and slots, by zoom.
pub(crate) const ZOOMS: [(i64, i64); 8] =
    [(1, 12), (1, 24), (1, 48), (4, 48), (16, 48), (64, 48), (256, 48), (4096, 48)];
/// Spans of the space-time view, ns; 0 for the last messages, whenever they were.
pub(crate) const SPANS: [u64; 7] = [0, 10_000_000, 30_000_000, 100_000_000, 500_000_000, 2_000_000_000, 10_000_000_000];

/// What the views remember.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Looks {
    /// The partition of the log view; None for the first there is.
    pub(crate) partition: Option<(String, i32)>,
    /// Index in [`ZOOMS`].
    pub(crate) zoom: usize,
    /// One past the last offset of the log view; None to follow the end.
    pub(crate) end: Option<i64>,
    /// Index in [`SPANS`].
    pub(crate) span: usize,
    /// Whether empty fetches and heartbeats are drawn.
    pub(crate) quiet: bool,
    /// The event whose causes are told.
    pub(crate) why: Option<u64>,
    /// Whether the inspector shows configs.
    pub(crate) configs: bool,
    /// Whether the inspector shows the last messages of a process.
    pub(crate) messages: bool,
    /// Whether the inspector shows the engine's own fields as JSON.
    pub(crate) json: bool,
    /// The branch to compare with.
    pub(crate) other: Option<usize>,
    /// The moment that metrics are compared with, ns; None for the last command.
    pub(crate) marker: Option<u64>,
    /// The stretch that the timeline shows, ns; None for all of it.
    pub(crate) window: Option<(u64, u64)>,
    /// Whether the timeline shows its lanes.
    pub(crate) lanes: bool,
}

/// Tabs of the right rail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rail {
    /// The selected thing.
    Inspector,
    /// The event list.
    Story,
}

/// Tabs of a narrow screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Panel {
    /// Lesson text and goals.
    Lesson,
    /// Terminals.
    Term,
    /// Inspector and story.
    Rail,
}

/// State of the page.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Ui {
    pub(crate) selected: Option<Selection>,
    pub(crate) view: View,
    pub(crate) looks: Looks,
    pub(crate) rail: Rail,
    pub(crate) panel: Panel,
    /// How many terminals are open.
    pub(crate) terminals: u32,
    /// The two that are side by side.
    pub(crate) shown: [u32; 2],
    /// The one that lessons and buttons write into.
    pub(crate) active: u32,
    /// What is typed and not yet entered, by terminal.
    pub(crate) drafts: SortedMap<u32, String>,
    /// Counts the times the prompt asked for focus.
    pub(crate) focus_prompt: u32,
    /// `dark` or `light`.
    pub(crate) theme: &'static str,
    /// Whether nothing travels.
    pub(crate) is_still: bool,
    /// Whether the prompt for a condition is open.
    pub(crate) until: bool,
    /// Whether the list of bookmarks is open.
    pub(crate) bookmarks: bool,
    /// The language of the page, as in `<html lang>`.
    pub(crate) lang: String,
    /// Whether the author's page is open.
    pub(crate) author: bool,
    /// Whether it ever was: it keeps what is written.
    pub(crate) was_author: bool,
    /// Hints that were asked for, by lesson and step.
    pub(crate) hints: SortedMap<(String, usize), usize>,
    /// Whether the sheet of shortcuts and marks is open.
    pub(crate) sheet: bool,
    /// All of the engine is here, and has been for a while: what nobody waits for may be done.
    pub(crate) is_whole: bool,
    /// A short message at the foot of the page.
    pub(crate) toast: Option<String>,
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Select(Option<Selection>),
    View(View),
    /// Changes what a view shows.
    Look(Looks),
    Rail(Rail),
    Panel(Panel),
    ShowTerminal(u32),
    Activate(u32),
    Draft(u32, String),
    /// Puts a command into the active terminal, without running it.
    Put(String),
    FocusPrompt,
    Theme(&'static str),
    Still(bool),
    Until(bool),
    Bookmarks(bool),
    /// The page speaks another language now.
    Lang(String),
    Sheet(bool),
    Author(bool),
    /// One more hint for a step of a lesson.
    Hint(String, usize),
    Whole,
    Toast(Option<String>),
}

impl Ui {
    pub(crate) fn new(theme: &'static str, is_still: bool) -> Ui {
        Ui {
            selected: None,
            view: View::Cluster,
            looks: Looks {
                partition: None,
                zoom: 1,
                end: None,
                span: 0,
                quiet: false,
                why: None,
                configs: false,
                messages: false,
                json: false,
                other: None,
                marker: None,
                window: None,
                lanes: false,
            },
            rail: Rail::Inspector,
            panel: Panel::Lesson,
            terminals: 2,
            shown: [1, 2],
            active: 1,
            drafts: SortedMap::new(),
            focus_prompt: 0,
            theme,
            is_still,
            until: false,
            bookmarks: false,
            lang: String::new(),
            author: false,
            was_author: false,
            hints: SortedMap::new(),
            sheet: false,
            is_whole: false,
            toast: None,
        }
    }

    /// All views show what is selected.
    fn follow(&mut self, selected: &Selection) {
        let partition = match selected {
            Selection::Partition { topic, partition, .. } | Selection::Record { topic, partition, .. } => {
                (topic.clone(), *partition)
            }
            Selection::Topic(topic) if self.looks.partition.as_ref().is_none_or(|(shown, _)| shown != topic) => {
                (topic.clone(), 0)
            }
            _ => return,
        };
        if self.looks.partition.as_ref() != Some(&partition) {
            (self.looks.partition, self.looks.end) = (Some(partition), None);
        }
    }

    fn show_terminal(&mut self, id: u32) {
        self.terminals = self.terminals.max(id);
        if !self.shown.contains(&id) {
            let slot = usize::from(self.shown[0] == self.active);
            self.shown[slot] = id;
            ordered::sort(&mut self.shown);
        }
        self.active = id;
    }
}

impl Reducible for Ui {
    type Action = Act;

    fn reduce(self: Rc<Self>, act: Act) -> Rc<Self> {
        let mut ui = (*self).clone();
        match act {
            Act::Select(selected) => {
                if let Some(selected) = &selected {
                    ui.rail = Rail::Inspector;
                    ui.follow(selected);
                }
                if ui.selected != selected {
                    // What led to something is told beside that thing only.
                    ui.looks.why = None;
                }
                ui.selected = selected;
            }
            Act::View(view) => ui.view = view,
            Act::Look(looks) => ui.looks = looks,
            Act::Rail(rail) => ui.rail = rail,
            Act::Panel(panel) => ui.panel = panel,
            Act::ShowTerminal(id) => ui.show_terminal(id),
            Act::Activate(id) => ui.active = id,
            Act::Draft(id, text) => {
                ui.drafts.insert(id, text);
            }
            Act::Put(text) => {
                ui.drafts.insert(ui.active, text);
                ui.panel = Panel::Term;
                ui.focus_prompt += 1;
            }
            Act::FocusPrompt => {
                ui.panel = Panel::Term;
                ui.focus_prompt += 1;
            }
            Act::Theme(theme) => ui.theme = theme,
            Act::Still(still) => ui.is_still = still,
            Act::Until(open) => ui.until = open,
            Act::Bookmarks(open) => ui.bookmarks = open,
            Act::Lang(lang) => ui.lang = lang,
            Act::Sheet(open) => ui.sheet = open,
            Act::Author(open) => {
                ui.author = open;
                ui.was_author |= open;
            }
            Act::Hint(lesson, step) => *ui.hints.entry((lesson, step)).or_default() += 1,
            Act::Whole => ui.is_whole = true,
            Act::Toast(text) => ui.toast = text,
        }
        Rc::new(ui)
    }
}

/// The handle components pass around.
pub(crate) type UiHandle = UseReducerHandle<Ui>;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(acts: Vec<Act>) -> Rc<Ui> {
        acts.into_iter().fold(Rc::new(Ui::new("dark", false)), |ui, act| ui.reduce(act))
    }

    #[test]
    fn a_third_terminal_takes_the_place_of_the_one_not_in_use() {
        let ui = after(vec![Act::Activate(1), Act::ShowTerminal(3)]);
        assert_eq!((ui.shown, ui.active, ui.terminals), ([1, 3], 3, 3));
    }

    #[test]
    fn selecting_something_opens_the_inspector() {
        let ui = after(vec![Act::Rail(Rail::Story), Act::Select(Some(Selection::Broker(2)))]);
        assert_eq!(ui.rail, Rail::Inspector);
    }

    #[test]
    fn a_topic_stands_for_all_its_replicas_and_the_log_view_stays_at_a_partition_of_it() {
        let partition = |partition| Selection::Partition { topic: "orders".to_owned(), partition, on: None };
        let topic = Selection::Topic("orders".to_owned());
        let all = [("orders", 0, 1), ("orders", 1, 2), ("other", 0, 1)];
        let marked = |by: &Selection| all.map(|(of, number, broker)| by.has_replica(of, number, broker));
        assert_eq!(marked(&topic), [true, true, false]);
        assert_eq!(marked(&partition(1)), [false, true, false]);
        let on = Selection::Partition { topic: "orders".to_owned(), partition: 0, on: Some(2) };
        assert_eq!(marked(&on), [false; 3], "the replica of another broker");
        let shown = |acts: Vec<Act>| after(acts).looks.partition.clone();
        assert_eq!(shown(vec![Act::Select(Some(topic.clone()))]), Some(("orders".to_owned(), 0)));
        let both = vec![Act::Select(Some(partition(1))), Act::Select(Some(topic))];
        assert_eq!(shown(both), Some(("orders".to_owned(), 1)));
    }
}
