//! Small helpers over the DOM.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Window};
use yew::NodeRef;

thread_local! {
    static WINDOW: RefCell<Option<Window>> = const { RefCell::new(None) };
}

/// The page's window; inside another page, the stand-in that www/inline.js gives: address, storage, document and
/// events are the element's own then, not those of the page around. What is the same for both, `web_sys::window` knows.
pub(crate) fn window() -> Option<Window> {
    WINDOW.with_borrow(Clone::clone)
}

/// Says which that is.
pub(crate) fn set_window(window: Window) {
    WINDOW.set(Some(window));
}

/// Whether the page is one column.
pub(crate) fn is_narrow() -> bool {
    width() < 900.0
}

/// How wide the page is, CSS pixels.
pub(crate) fn width() -> f64 {
    let width = window().and_then(|w| w.inner_width().ok()).and_then(|v| v.as_f64());
    width.unwrap_or(1366.0)
}

/// How high the zone of views is, CSS pixels.
pub(crate) fn view_height() -> f64 {
    find(".view-zone").map_or(350.0, |zone| f64::from(zone.client_height()))
}

/// Whether keys typed now belong to a text field.
pub(crate) fn is_text_field(target: Option<web_sys::EventTarget>) -> bool {
    let tag = target.and_then(|t| t.dyn_into::<Element>().ok());
    tag.is_some_and(|e| {
        matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA")
            && e.get_attribute("type").as_deref() != Some("range")
            && e.get_attribute("type").as_deref() != Some("radio")
    })
}

fn find(selector: &str) -> Option<HtmlElement> {
    window()?.document()?.query_selector(selector).ok()??.dyn_into().ok()
}

/// Gives the focus to what a selector finds.
pub(crate) fn focus(selector: &str) {
    focus_on(find(selector));
}

/// The same, of what is in an element.
pub(crate) fn focus_in(root: &NodeRef, selector: &str) {
    let found = root.cast::<Element>().and_then(|root| root.query_selector(selector).ok().flatten());
    focus_on(found.and_then(|element| element.dyn_into().ok()));
}

fn focus_on(element: Option<HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Presses the button that a selector finds.
pub(crate) fn press(selector: &str) {
    if let Some(button) = find(selector) {
        button.click();
    }
}

/// Moves the focus among the tabs or the menu's items that `on` is one of: by a step, round the ends, or to its first or last.
/// A tab is opened by that. False if it is no such thing.
pub(crate) fn walk_list(on: &Element, step: i32, to_last: Option<bool>) -> bool {
    let role = on.get_attribute("role").unwrap_or_default();
    let is_tab = role == "tab";
    if !is_tab && role != "menuitemradio" {
        return false;
    }
    let list = on.closest("[role=tablist],[role=menu]").ok().flatten();
    let Some(items) = list.and_then(|l| l.query_selector_all("[role=tab],[role=menuitemradio]").ok()) else {
        return false;
    };
    let count = items.length() as i32;
    let here = (0..count).find(|i| items.get(*i as u32).is_some_and(|item| item.is_same_node(Some(on)))).unwrap_or(0);
    let to = match to_last {
        Some(is_last) => {
            if is_last {
                count - 1
            } else {
                0
            }
        }
        None => (here + step).rem_euclid(count.max(1)),
    };
    let item = items.get(to as u32).and_then(|item| item.dyn_into::<HtmlElement>().ok());
    if let Some(item) = item {
        let _ = item.focus();
        if is_tab {
            item.click();
        }
    }
    true
}

/// Copies text, if the browser lets us.
pub(crate) fn copy(text: &str) {
    if let Some(window) = window() {
        let navigator = window.navigator();
        // The clipboard is missing on insecure origins; reading it as a property avoids a trap there.
        let has = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|c| !c.is_undefined());
        if has {
            let _ = navigator.clipboard().write_text(text);
        }
    }
}

/// Moves focus between the `[data-nav]` elements of `root` in a direction. True if there was somewhere to go.
pub(crate) fn move_focus(root: &Element, (dx, dy): (f64, f64)) -> bool {
    let Ok(list) = root.query_selector_all("[data-nav]") else { return false };
    let all: Vec<HtmlElement> =
        (0..list.length()).filter_map(|i| list.get(i)?.dyn_into::<HtmlElement>().ok()).collect();
    let active = window().and_then(|w| w.document()).and_then(|d| d.active_element());
    let from = active.filter(|a| root.contains(Some(a)) && a.has_attribute("data-nav"));
    let target = match from {
        None => all.first().cloned(),
        Some(from) => {
            let here = centre(&from);
            let cost = |e: &&HtmlElement| {
                let there = centre(e);
                let (x, y) = (there.0 - here.0, there.1 - here.1);
                let (along, across) = (x * dx + y * dy, (x * dy + y * dx).abs());
                (along > 4.0).then_some(along + across * 2.5)
            };
            let best = all.iter().filter_map(|e| cost(&e).map(|c| (c, e))).min_by(|a, b| a.0.total_cmp(&b.0));
            best.map(|b| b.1.clone())
        }
    };
    target.is_some_and(|t| t.focus().is_ok())
}

fn centre(of: &Element) -> (f64, f64) {
    let r = of.get_bounding_client_rect();
    (r.left() + r.width() / 2.0, r.top() + r.height() / 2.0)
}

/// How far across the drawing a click was, 0 to 1.
pub(crate) fn share_across(e: &web_sys::MouseEvent) -> Option<f64> {
    let hit = e.target()?.dyn_into::<Element>().ok()?.closest("svg, .brush").ok()??;
    let drawing = hit.query_selector("svg").ok().flatten().unwrap_or(hit);
    let r = drawing.get_bounding_client_rect();
    (r.width() > 0.0).then(|| ((f64::from(e.client_x()) - r.left()) / r.width()).clamp(0.0, 1.0))
}
