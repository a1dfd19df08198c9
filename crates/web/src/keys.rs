//! The keyboard map of the stage. Single letters work only while focus is inside it (WCAG 2.1.4). Lists of tabs and menus
//! are one stop each, and arrows go on inside them.

use yew::prelude::*;

use crate::bridge::Bridge;
use crate::dom;
use crate::ui::{Act, Rail, Selection, UiHandle, VIEWS, View};
use crate::words::t;

/// The map, as the sheet prints it.
pub(crate) const KEYS: [(&str, &str); 22] = [
    ("Space", "play or pause"),
    (".", "run one event"),
    (",", "back one event"),
    ("M", "run until the next message arrives"),
    ("R", "run until a condition holds"),
    ("B", "branches"),
    ("K", "bookmarks"),
    ("+ −", "show a shorter or a longer stretch of time"),
    (">", "run to the next turn of events"),
    ("<", "back to the last one"),
    ("[", "slower"),
    ("]", "faster"),
    ("Home", "to the beginning"),
    ("End", "to the end of the branch"),
    ("← → ↑ ↓", "move between parts"),
    ("Enter", "inspect"),
    ("F", "look into the next message on its way"),
    ("Esc", "clear the selection"),
    ("1 … 6", "cluster, log, space-time, groups, metrics, branches"),
    ("X", "kill or start the selected broker"),
    ("E", "events"),
    ("/", "to the terminal"),
];

/// Handles keys on the stage.
pub(crate) fn on_stage(bridge: &Bridge, ui: &UiHandle, root: &NodeRef) -> Callback<KeyboardEvent> {
    let (bridge, ui, root) = (bridge.clone(), ui.clone(), root.clone());
    Callback::from(move |e: KeyboardEvent| {
        if e.ctrl_key() || e.meta_key() || e.alt_key() || dom::is_text_field(e.target()) {
            return;
        }
        let Some(stage) = root.cast::<web_sys::Element>() else { return };
        match e.key().as_str() {
            // A focused part is a button: Space and Enter press it.
            " " if is_part(&e) => return,
            " " => bridge.toggle(),
            "." => bridge.step(),
            "," => bridge.step_back(),
            "m" | "M" => bridge.next_message(),
            "r" | "R" => ui.dispatch(Act::Until(true)),
            "k" | "K" => ui.dispatch(Act::Bookmarks(true)),
            "+" | "-" => {
                let button = if e.key() == "+" { ".zoomer .btn" } else { ".zoomer .btn + .btn" };
                dom::press(button);
            }
            "f" | "F" => next_message(&bridge, &ui),
            "b" | "B" => ui.dispatch(Act::View(View::Branches)),
            ">" => bridge.next_interesting(),
            "<" => bridge.previous_interesting(),
            "[" => bridge.nudge_speed(false),
            "]" => bridge.nudge_speed(true),
            "Home" => bridge.seek(0),
            "End" => bridge.seek(u64::MAX),
            "ArrowLeft" => _ = dom::move_focus(&stage, (-1.0, 0.0)),
            "ArrowRight" => _ = dom::move_focus(&stage, (1.0, 0.0)),
            "ArrowUp" => _ = dom::move_focus(&stage, (0.0, -1.0)),
            "ArrowDown" => _ = dom::move_focus(&stage, (0.0, 1.0)),
            "Escape" => ui.dispatch(Act::Select(None)),
            "x" | "X" => kill_or_start(&bridge, &ui),
            digit @ ("1" | "2" | "3" | "4" | "5" | "6") => {
                let index = usize::from(digit.as_bytes()[0] - b'1');
                ui.dispatch(Act::View(VIEWS[index].0));
            }
            "e" | "E" => ui.dispatch(Act::Rail(Rail::Story)),
            "/" | "`" => ui.dispatch(Act::FocusPrompt),
            "?" => ui.dispatch(Act::Sheet(true)),
            _ => return,
        }
        e.prevent_default();
    })
}

/// Arrows, Home and End go through a list of tabs, which opens the tab, and through a menu.
pub(crate) fn in_lists() -> Callback<KeyboardEvent> {
    Callback::from(|e: KeyboardEvent| {
        let (step, from_end) = match e.key().as_str() {
            "ArrowRight" | "ArrowDown" => (1, None),
            "ArrowLeft" | "ArrowUp" => (-1, None),
            "Home" => (0, Some(false)),
            "End" => (0, Some(true)),
            _ => return,
        };
        if target(&e).is_some_and(|on| dom::walk_list(&on, step, from_end)) {
            e.prevent_default();
        }
    })
}

/// Arrows go from link to link of a terminal's output, and Enter follows one.
pub(crate) fn in_output(root: &NodeRef) -> Callback<KeyboardEvent> {
    let root = root.clone();
    Callback::from(move |e: KeyboardEvent| {
        let step = match e.key().as_str() {
            "ArrowRight" => (1.0, 0.0),
            "ArrowLeft" => (-1.0, 0.0),
            "ArrowUp" if is_link(&e) => (0.0, -1.0),
            "ArrowDown" if is_link(&e) => (0.0, 1.0),
            "Enter" => {
                if let Some(on) = target(&e).filter(|_| is_link(&e)) {
                    on.click();
                }
                return;
            }
            _ => return,
        };
        if root.cast::<web_sys::Element>().is_some_and(|root| dom::move_focus(&root, step)) {
            e.prevent_default();
        }
    })
}

/// The `tabindex` of a tab: of a list, the open one is a stop.
pub(crate) fn stop(is_open: bool) -> &'static str {
    if is_open { "0" } else { "-1" }
}

/// Leads past what stands before the open view; seen while it has the focus.
pub(crate) fn skip() -> Html {
    let onclick = Callback::from(|_: MouseEvent| dom::focus(".stage, .view"));
    html! { <button class="btn skip" {onclick}>{ t("To the stage") }</button> }
}

fn next_message(bridge: &Bridge, ui: &UiHandle) {
    let last = if let Some(Selection::Message(id)) = ui.selected { Some(id) } else { None };
    if let Some(id) = bridge.message_after(last) {
        bridge.set_playing(false);
        ui.dispatch(Act::Select(Some(Selection::Message(id))));
    }
}

fn is_part(e: &KeyboardEvent) -> bool {
    target(e).is_some_and(|t| t.tag_name() == "BUTTON")
}

fn is_link(e: &KeyboardEvent) -> bool {
    target(e).is_some_and(|t| t.tag_name() == "SPAN")
}

fn target(e: &KeyboardEvent) -> Option<web_sys::HtmlElement> {
    e.target().and_then(|t| wasm_bindgen::JsCast::dyn_into(t).ok())
}

fn kill_or_start(bridge: &Bridge, ui: &UiHandle) {
    if let Some(Selection::Broker(id)) = ui.selected {
        let verb = if bridge.is_running(&format!("broker-{id}")) { "kill" } else { "start" };
        bridge.command(ui.active, &format!("sim {verb} broker {id}"));
    }
}
