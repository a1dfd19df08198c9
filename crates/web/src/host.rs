//! What other scripts may ask of the run: `kafkasim(kind, text)` on the window answers with JSON. www/host.js turns the
//! messages of an embedding page into these calls. Everything a script does here, a reader of the page can do as well.

use lab::BOOT;
use serde_json::{Value, json};
use wasm_bindgen::closure::Closure;

use crate::bridge::{Bridge, Motion, SPEEDS};
use crate::dom;
use crate::engine::{Engine, Source};
use crate::lesson::{GoalState, LessonView, Part};
use crate::options::Options;
use crate::{theme, words};

/// At most this many events in an answer; what is over is counted.
const EVENTS_MAX: usize = 256;

/// Offers the call to the page's scripts.
pub(crate) fn install(bridge: &Bridge, options: &Options) {
    let (bridge, warnings) = (bridge.clone(), options.warnings.clone());
    let call = Closure::<dyn Fn(String, String) -> String>::new(move |kind: String, text: String| {
        answer(&bridge, &warnings, &kind, &text).unwrap_or_else(|why| json!({ "error": why })).to_string()
    });
    if let Some(window) = dom::window() {
        let _ = js_sys::Reflect::set(&window, &"kafkasim".into(), &call.into_js_value());
        tell_page("kafkasim:ready", "");
    }
}

/// An event of the window with a text.
fn tell_page(name: &str, detail: &str) {
    let init = web_sys::CustomEventInit::new();
    init.set_detail(&detail.into());
    let event = web_sys::CustomEvent::new_with_event_init_dict(name, &init);
    if let (Some(window), Ok(event)) = (dom::window(), event) {
        let _ = window.dispatch_event(&event);
    }
}

fn answer(bridge: &Bridge, warnings: &[String], kind: &str, text: &str) -> Result<Value, String> {
    match kind {
        "state" => return Ok(state(bridge, warnings)),
        "flight" => return Ok(bridge.with_engine(flight)),
        "snapshot" => {
            return serde_json::to_value(bridge.with_engine(|e| e.observe(true, None))).map_err(|e| e.to_string());
        }
        "events" => return Ok(bridge.with_engine(|engine| events(engine, text.parse().unwrap_or(0)))),
        "play" => bridge.set_playing(true),
        "pause" => bridge.set_playing(false),
        "step" => bridge.step(),
        "back" => bridge.step_back(),
        "seek" => bridge.seek(millis(text)?),
        "until" => {
            if let Some(why) = bridge.until(text) {
                return Err(why);
            }
        }
        "theme" if matches!(text, "light" | "dark" | "contrast") => tell_page(theme::EVENT, text),
        "theme" => return Err(format!("`{text}` is none of light, dark and contrast")),
        "run" => bridge.jump(millis(text)?),
        "speed" => bridge.set_speed(nearest_speed(text.parse().map_err(|_| format!("`{text}` is not a speed"))?)),
        "command" => {
            let (terminal, line) = text.split_once(' ').ok_or("a command is a terminal's number and a line")?;
            let terminal = terminal.parse().map_err(|_| format!("`{terminal}` is not a terminal"))?;
            if let Some(why) = bridge.try_command(terminal, line) {
                return Err(why);
            }
        }
        "lock" => bridge.lock_after(text.parse().ok().filter(|step| *step > 0)),
        "done" => {
            let steps: Result<Vec<usize>, _> =
                text.split(',').filter(|step| !step.is_empty()).map(str::parse).collect();
            bridge.was_done(&steps.map_err(|_| format!("`{text}` is no list of steps"))?);
        }
        "load" => bridge.load(&source(text)?)?,
        _ => return Err(format!("there is no `{kind}`")),
    }
    Ok(json!({}))
}

/// `lesson load`, `scenario {…}`, `link s=1.…`, or nothing for free play.
fn source(text: &str) -> Result<Source, String> {
    match text.split_once(' ').unwrap_or((text, "")) {
        ("lesson", id) if lessons::bundled(id).is_some() => Ok(Source::Lesson(id.to_owned())),
        ("lesson", id) => Err(format!("there is no lesson `{id}`")),
        ("scenario", json) => Ok(Source::Scenario(json.to_owned())),
        ("link", link) => Ok(Source::Link(link.trim_start_matches('#').to_owned())),
        ("", "") => Ok(Source::FreePlay),
        (other, _) => Err(format!("`{other}` is neither lesson, scenario nor link")),
    }
}

fn millis(text: &str) -> Result<u64, String> {
    let ms: u64 = text.parse().map_err(|_| format!("`{text}` is not a number of milliseconds"))?;
    Ok(ms.saturating_mul(1_000_000))
}

/// The index of the speed nearest to `wanted`, by ratio.
pub(crate) fn nearest_speed(wanted: f64) -> usize {
    let off = |speed: f64| if speed > wanted { speed / wanted } else { wanted / speed };
    let order = |a: &usize, b: &usize| off(SPEEDS[*a].0).total_cmp(&off(SPEEDS[*b].0));
    (0..SPEEDS.len()).min_by(order).unwrap_or(0)
}

fn state(bridge: &Bridge, warnings: &[String]) -> Value {
    bridge.with_engine(|engine| {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "warnings": warnings,
            "title": engine.title(),
            "seed": engine.seed().to_string(),
            "clock": engine.now_ns() as f64 / 1e6,
            "playing": bridge.motion() != Motion::Paused,
            "link": engine.link(),
            "violation": engine.violation(),
            "lesson": engine.lesson().map(|lesson| course(&lesson)),
        })
    })
}

/// Messages on their way, and the records in them.
fn flight(engine: &Engine) -> Value {
    let picture = engine.observe(true, None);
    json!({
        "messages": picture.flights.len(),
        "records": picture.flights.iter().map(|flight| u64::from(flight.records)).sum::<u64>(),
    })
}

fn course(lesson: &LessonView) -> Value {
    let goals = lesson.parts.iter().filter_map(|part| if let Part::Goals(goals) = part { Some(goals) } else { None });
    let goals = goals.flatten().map(|goal| {
        let status = match goal.state {
            GoalState::Open => "open",
            GoalState::Met(_) => "met",
            GoalState::Broken(_) => "broken",
            GoalState::Unclear(_) => "unclear",
        };
        json!({ "goal": goal.text, "status": status })
    });
    json!({
        "id": lesson.id,
        "step": lesson.step + 1,
        "steps": lesson.steps,
        "done": lesson.done,
        "complete": lesson.is_complete,
        "goals": goals.collect::<Vec<_>>(),
    })
}

/// What was told since note `from`, the number to go on from, and how many were left out.
fn events(engine: &Engine, from: u64) -> Value {
    let history = engine.history();
    let told = history.since(from.min(history.len())).filter(|note| note.at >= BOOT && view::is_told(&note.note));
    let all: Vec<_> = told.map(view::tell).collect();
    let dropped = all.len().saturating_sub(EVENTS_MAX);
    let list = all.iter().skip(dropped).map(|line| {
        let level = match line.level {
            view::Level::Detail => "detail",
            view::Level::Event => "event",
            view::Level::Alarm => "alarm",
        };
        json!({ "t": line.at_ns as f64 / 1e6, "level": level, "text": line.text })
    });
    json!({ "next": history.len(), "dropped": dropped, "events": list.collect::<Vec<_>>() })
}

/// A scenario that www/start.js fetched for `?scenario=`.
pub(crate) fn fetched_scenario() -> Option<String> {
    words::global("kafkasimScenario").as_string()
}

#[cfg(test)]
mod tests {
    use super::nearest_speed;
    use crate::bridge::SPEEDS;

    #[test]
    fn a_speed_in_between_becomes_the_nearest_by_ratio() {
        for (wanted, got) in [(0.002, 0.002), (0.0013, 0.001), (3.0, 2.0), (1e9, 100.0), (1e-9, 0.001)] {
            assert_eq!(SPEEDS[nearest_speed(wanted)].0, got, "{wanted}");
        }
    }
}
