//! What the page itself remembers: what is selected, which tab is open, what is typed. Nothing of the cluster.

use std::rc::Rc;

use ordered::SortedMap;
use yew::{Reducible, UseReducerHandle};

/// Something on the stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Selection {
    /// A controller by node.id.
    Controller(i32),
    /// A broker by node.id.
    Broker(i32),
    /// A partition; with the broker whose replica was clicked.
    Partition { topic: String, partition: i32, on: Option<i32> },
    /// A client program by process name.
    Client(String),
    /// A group by name.
    Group(String),
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
    /// Whether the sheet of shortcuts and marks is open.
    pub(crate) sheet: bool,
    /// A short message at the foot of the page.
    pub(crate) toast: Option<String>,
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Select(Option<Selection>),
    Rail(Rail),
    Panel(Panel),
    ShowTerminal(u32),
    Activate(u32),
    Draft(u32, String),
    /// Puts a command into the active terminal, without running it.
    Put(String),
    FocusPrompt,
    Theme(&'static str),
    Sheet(bool),
    Toast(Option<String>),
}

impl Ui {
    pub(crate) fn new(theme: &'static str) -> Ui {
        Ui {
            selected: None,
            rail: Rail::Inspector,
            panel: Panel::Lesson,
            terminals: 2,
            shown: [1, 2],
            active: 1,
            drafts: SortedMap::new(),
            focus_prompt: 0,
            theme,
            sheet: false,
            toast: None,
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
                if selected.is_some() {
                    ui.rail = Rail::Inspector;
                }
                ui.selected = selected;
            }
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
            Act::Sheet(open) => ui.sheet = open,
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
        acts.into_iter().fold(Rc::new(Ui::new("dark")), |ui, act| ui.reduce(act))
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
}
