//! What a screen reader is told while time moves: each step at once, and while time runs a summary every few seconds.
//! Two regions take turns, because some readers cut themselves off when one is changed.

use std::rc::Rc;

use yew::prelude::*;

use crate::bridge::{Frame, Motion};
use crate::format;
use crate::tell;
use crate::words::say;

/// Least real time between two summaries while time runs, ms.
const EVERY_MS: f64 = 3_000.0;
/// Events told in one go.
const TOLD_MAX: usize = 3;

#[derive(Properties, PartialEq)]
pub(crate) struct AnnouncerProps {
    pub(crate) frame: Rc<Frame>,
}

/// The two regions.
#[component]
pub(crate) fn Announcer(props: &AnnouncerProps) -> Html {
    let (first, second) = (use_node_ref(), use_node_ref());
    let said = use_mut_ref(Said::default);
    let log = *use_memo((), |()| crate::options::Options::of_page().log);
    {
        let nodes = [first.clone(), second.clone()];
        use_effect_with(props.frame.clone(), move |frame| {
            let wall_ms = web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now());
            let mut said = said.borrow_mut();
            // With `log=all` every event is told as if it had been stepped to; with `log=none` nothing is.
            let is_running = frame.motion != Motion::Paused && log != Some("all");
            if log == Some("none") {
                return;
            }
            let Some(text) = said.next(&Now::of(frame), is_running, wall_ms) else { return };
            said.turn = 1 - said.turn;
            for (i, node) in nodes.iter().enumerate() {
                if let Some(node) = node.cast::<web_sys::Node>() {
                    node.set_text_content(Some(if i == said.turn { &text } else { "" }));
                }
            }
        });
    }
    html! { <div class="vh"><p ref={first} aria-live="polite"></p><p ref={second} aria-live="polite"></p></div> }
}

/// What there is to tell of.
struct Now<'a> {
    ns: u64,
    event: u64,
    story: &'a [crate::events::Event],
}

impl<'a> Now<'a> {
    fn of(frame: &'a Frame) -> Now<'a> {
        Now { ns: frame.picture.now_ns, event: frame.picture.event, story: &frame.story }
    }
}

/// What was told so far.
#[derive(Default)]
struct Said {
    turn: usize,
    is_begun: bool,
    at_ns: u64,
    event: u64,
    wall_ms: f64,
}

impl Said {
    /// What to say now, if anything.
    fn next(&mut self, now: &Now<'_>, is_running: bool, wall_ms: f64) -> Option<String> {
        let begun = std::mem::replace(&mut self.is_begun, true);
        let is_moved = begun && now.event != self.event;
        if is_moved && is_running && wall_ms - self.wall_ms < EVERY_MS {
            return None;
        }
        let text = is_moved.then(|| self.words(now, is_running));
        (self.at_ns, self.event) = (now.ns, now.event);
        if text.is_some() {
            self.wall_ms = wall_ms;
        }
        text.filter(|text| !text.is_empty())
    }

    fn words(&self, now: &Now<'_>, is_running: bool) -> String {
        if now.event < self.event {
            let last = now.story.iter().rev().find(|e| e.at_ns <= now.ns).map_or(String::new(), |e| say(&e.text));
            return tell!("Back at {}, event {}. {}", format::clock(now.ns), now.event, last);
        }
        let new = now.story.iter().filter(|e| e.at_ns > self.at_ns && e.at_ns <= now.ns);
        let new: Vec<String> = new.filter(|e| e.level >= 2 || !is_running).map(|e| say(&e.text)).collect();
        let more = new.len().saturating_sub(TOLD_MAX);
        let told = new[more..].join(". ");
        match (new.is_empty(), is_running) {
            (true, true) => String::new(),
            (true, false) => tell!("Event {}", now.event),
            _ if more > 0 => {
                tell!("In {}: {} events, then: {}", format::span(now.ns.saturating_sub(self.at_ns)), more, told)
            }
            _ => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Event;

    fn event(at_ns: u64, text: &str) -> Event {
        Event { at_ns, text: view::say!("{}", text), lane: view::Lane::Acts, level: 2, glyph: "♛", is_command: false }
    }

    #[test]
    fn a_step_is_told_at_once_and_a_run_every_three_seconds() {
        let story: Vec<Event> = (1..=9).map(|n| event(n * 10, &format!("turn {n}"))).collect();
        let mut said = Said::default();
        let mut at = |ns: u64, running, wall| said.next(&Now { ns, event: ns, story: &story }, running, wall);
        assert_eq!(at(5, false, 0.0), None, "nothing moved yet");
        assert_eq!(at(10, false, 1.0).as_deref(), Some("turn 1"));
        assert_eq!(at(15, false, 2.0).as_deref(), Some("Event 15"));
        assert_eq!(at(20, true, 100.0), None, "too soon");
        assert_eq!(at(90, true, 4_000.0).as_deref(), Some("In 0 µs: 5 events, then: turn 7. turn 8. turn 9"));
        assert_eq!(at(30, false, 4_001.0).as_deref(), Some("Back at 00:00.000, event 30. turn 3"));
    }
}
