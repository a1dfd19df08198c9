//! The timeline: play, step, jump, speed, branches, and a lane with a mark for each thing that happened.

mod axis;
mod lanes;
mod marks;
mod menu;
mod until;

use std::rc::Rc;

use yew::prelude::*;

use crate::bridge::{Bridge, Frame, Motion, SPEEDS};
use crate::dom;
use crate::format;
use crate::tell;
use crate::ui::{Act, UiHandle};
use crate::words::{say, t};
pub(crate) use axis::Axis;
use lanes::Lanes;
use marks::Bookmarks;
use menu::{Item, Menu};
use until::Until;

/// Spans offered by the jump menu.
const JUMPS: [(&str, u64); 8] = [
    ("+10 ms", 10_000_000),
    ("+1 s", 1_000_000_000),
    ("+10 s", 10_000_000_000),
    ("+45 s", 45_000_000_000),
    ("+5 min", 300_000_000_000),
    ("+1 h", 3_600_000_000_000),
    ("+1 day", 86_400_000_000_000),
    ("+7 days", 604_800_000_000_000),
];

#[derive(Properties, PartialEq, Clone)]
pub(crate) struct TimelineProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

/// The timeline.
#[component]
pub(crate) fn Timeline(props: &TimelineProps) -> Html {
    let frame = &props.frame;
    let now = frame.picture.now_ns;
    let bridge = &props.bridge;
    let on = |act: fn(&Bridge)| {
        let bridge = bridge.clone();
        Callback::from(move |_: MouseEvent| act(&bridge))
    };
    let is_running = frame.motion != Motion::Paused;
    html! {
        <>
            <div class="deck" role="toolbar" aria-label={t("Time")}>
                { button("btn icon opt", on(Bridge::previous_interesting), t("Back to the last turn of events (<)"), t("Back to the last turn of events"), "M1 2h2v10H1zM13 2v10L8 7zM8 2v10L3 7z") }
                { button("btn icon", on(Bridge::step_back), t("Back one event (,)"), t("Back one event"), "M10 2v10L4 7z") }
                <button class="btn primary play" onclick={on(Bridge::toggle)} title={t("Play or pause (Space)")} aria-pressed={is_running.to_string()}>
                    { icon(if is_running { "M3 2h3v10H3zM8 2h3v10H8z" } else { "M3 1.5v11L12 7z" }) }<span>{ if is_running { t("Pause") } else { t("Play") } }</span>
                </button>
                { button("btn icon", on(Bridge::step), t("Run one event (.)"), t("Run one event"), "M4 2v10l6-5z") }
                { button("btn icon opt", on(Bridge::next_message), t("Run until the next message arrives (M)"), t("Run until the next message arrives"), "M1 4h7V1l5 6-5 6v-3H1z") }
                { button("btn icon", on(Bridge::next_interesting), t("Run to the next turn of events (>)"), t("Run to the next turn of events"), "M11 2h2v10h-2zM1 2v10l5-5zM6 2v10l5-5z") }
                <span class="t">{ format::clock(now) }</span>
                <span class="sp"></span>
                { speed(props) }
                <Bookmarks frame={frame.clone()} ui={props.ui.clone()} bridge={bridge.clone()} />
                <Until frame={frame.clone()} ui={props.ui.clone()} bridge={bridge.clone()} />
                <Menu label={t("Jump")} title={t("Run ahead")} items={list(props, |props| jumps(&props.bridge))} />
                <Menu label={branch_label(frame)} title={t("Branches")} class="opt opt2" items={list(props, branches)} />
                <Menu label="⋯" title={t("More")} class="rest" items={list(props, rest)} />
                { lanes_button(props) }
            </div>
            <div class={classes!("track", props.ui.looks.lanes.then_some("open"))}>
                <div class="sub">{ lanes::zoom(props) }{ lane(props) }</div>
                <div>{ props.ui.looks.lanes.then(|| html! { <Lanes frame={frame.clone()} ui={props.ui.clone()} bridge={bridge.clone()} /> }) }</div>
            </div>
        </>
    }
}

/// A button with a drawing.
fn button(
    class: &'static str,
    onclick: Callback<MouseEvent>,
    title: &'static str,
    name: &'static str,
    path: &'static str,
) -> Html {
    html! { <button {class} {onclick} {title} aria-label={name}>{ icon(path) }</button> }
}

/// A menu's list, made when it is open.
fn list(props: &TimelineProps, of: fn(&TimelineProps) -> Vec<Item>) -> Callback<(), Vec<Item>> {
    let props = props.clone();
    Callback::from(move |()| of(&props))
}

/// Opens or closes the lanes.
fn lanes_button(props: &TimelineProps) -> Html {
    let (ui, is_open) = (props.ui.clone(), props.ui.looks.lanes);
    let onclick = Callback::from(move |_: MouseEvent| {
        let mut looks = ui.looks.clone();
        looks.lanes = !is_open;
        ui.dispatch(Act::Look(looks));
    });
    html! { <button class="btn icon opt" aria-expanded={is_open.to_string()} {onclick} aria-label={t("Lanes")} title={t("A lane for each kind of event, and for each branch")}>{ icon("M1 2h12v2H1zM1 6h12v2H1zM1 10h12v2H1z") }</button> }
}

/// On a narrow page, what has no button of its own there.
fn rest(props: &TimelineProps) -> Vec<Item> {
    let item = |text: &'static str, key: &str, is_checked: bool, act: Callback<()>| Item {
        text: t(text).to_owned(),
        small: key.to_owned(),
        is_checked,
        act,
    };
    let on = |act: fn(&Bridge)| {
        let bridge = props.bridge.clone();
        Callback::from(move |()| act(&bridge))
    };
    let dispatch = |act: Act| {
        let ui = props.ui.clone();
        Callback::from(move |()| ui.dispatch(act.clone()))
    };
    let frame = &props.frame;
    let mut lanes = props.ui.looks.clone();
    lanes.lanes = !lanes.lanes;
    let (skip, internal) = (frame.skips_idle, frame.shows_internal);
    let (a, b) = (props.bridge.clone(), props.bridge.clone());
    vec![
        item("Back to the last turn of events", "<", false, on(Bridge::previous_interesting)),
        item("Run until the next message arrives", "M", false, on(Bridge::next_message)),
        item("Run until…", "R", false, dispatch(Act::Until(true))),
        item("Slower", &format!("{} [", SPEEDS[frame.speed].1), false, on(|bridge| bridge.nudge_speed(false))),
        item("Faster", "]", false, on(|bridge| bridge.nudge_speed(true))),
        item("Skip quiet", "", skip, Callback::from(move |()| a.set_skips_idle(!skip))),
        item("Show __consumer_offsets", "", internal, Callback::from(move |()| b.set_shows_internal(!internal))),
        item("Bookmarks", "K", false, dispatch(Act::Bookmarks(true))),
        item("Lanes", "", props.ui.looks.lanes, dispatch(Act::Look(lanes))),
        item("Branches", "B", false, dispatch(Act::View(crate::ui::View::Branches))),
        item("Marks and keys", "?", false, dispatch(Act::Sheet(true))),
    ]
}

/// A place on the axis as the drawings have it: their ends leave room for the knob.
fn percent(x: f64) -> String {
    share(1.5 + x * 97.0)
}

/// A part of a drawing's width, of a hundred.
fn share(of_hundred: f64) -> String {
    format::fixed(of_hundred, 2) + "%"
}

fn icon(path: &'static str) -> Html {
    html! { <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d={path} /></svg> }
}

fn speed(props: &TimelineProps) -> Html {
    let frame = &props.frame;
    let oninput = {
        let bridge = props.bridge.clone();
        Callback::from(move |e: InputEvent| bridge.set_speed(value(&e) as usize))
    };
    let skip = {
        let (bridge, on) = (props.bridge.clone(), !frame.skips_idle);
        Callback::from(move |_: MouseEvent| bridge.set_skips_idle(on))
    };
    let label = SPEEDS[frame.speed].1;
    html! {
        <span class="speed opt">
            <input type="range" min="0" max={(SPEEDS.len() - 1).to_string()} value={frame.speed.to_string()} {oninput}
                   aria-label={t("Speed")} aria-valuetext={tell!("{} of real time", label)} title={t("Speed of virtual time ([ and ])")} />
            <output>{ label }</output>
            <button class="btn opt2" aria-pressed={frame.skips_idle.to_string()} onclick={skip}
                    title={t("Let quiet time pass quickly; slow down when something moves")}>{ t("skip quiet") }</button>
        </span>
    }
}

fn value(e: &InputEvent) -> f64 {
    e.target_unchecked_into::<web_sys::HtmlInputElement>().value_as_number()
}

fn jumps(bridge: &Bridge) -> Vec<Item> {
    let next = bridge.clone();
    let mut items = vec![Item {
        text: t("Next turn of events").to_owned(),
        small: ">".to_owned(),
        is_checked: false,
        act: Callback::from(move |()| next.next_interesting()),
    }];
    for (text, ns) in JUMPS {
        let bridge = bridge.clone();
        let act = Callback::from(move |()| bridge.jump(ns));
        let command = format!("sim run {}", text.replace(" day", "d").replace("ds", "d").replace(['+', ' '], ""));
        items.push(Item { text: t(text).to_owned(), small: command, is_checked: false, act });
    }
    items
}

fn branch_label(frame: &Frame) -> String {
    let name = frame.branches.iter().find(|b| b.is_active).map_or("main", |b| b.name.as_str());
    if frame.branches.len() > 1 { format!("{name} · {}", frame.branches.len()) } else { name.to_owned() }
}

fn branches(props: &TimelineProps) -> Vec<Item> {
    let mut items = Vec::new();
    for (i, b) in props.frame.branches.iter().enumerate() {
        let bridge = props.bridge.clone();
        items.push(Item {
            text: b.name.clone(),
            small: tell!("to {}", format::clock(b.head_ns)),
            is_checked: b.is_active,
            act: Callback::from(move |()| bridge.switch(i)),
        });
    }
    items
}

fn lane(props: &TimelineProps) -> Html {
    let frame = &props.frame;
    let now = frame.picture.now_ns;
    let axis = Axis::of(frame, props.ui.looks.window);
    let marks = axis.marks(&frame.story, None, if dom::is_narrow() { 0.045 } else { 0.02 });
    let at = axis.position(now);
    let head = axis.position(frame.head_ns.max(now));
    let oninput = {
        let (bridge, axis) = (props.bridge.clone(), axis.clone());
        Callback::from(move |e: InputEvent| bridge.seek(axis.moment(value(&e) / 2000.0)))
    };
    let text = frame.story.iter().rev().find(|e| e.at_ns <= now).map_or(String::new(), |e| say(&e.text));
    html! {
        <div class="lane">
            <svg aria-hidden="true">
                <defs><pattern id="folded" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="fold" width="2" height="5" /></pattern></defs>
                { for axis.folds(axis::FOLD_NS, 0.06).into_iter().enumerate().map(|(i, (from, to, ns))| html! {
                    <g key={format!("f{i}")}>
                        <rect x={percent(from)} y="0" width={share((to - from) * 97.0)} height="100%" fill="url(#folded)" />
                        <text class="foldt" x={percent((from + to) / 2.0)} y="31">{ format::span(ns) }</text>
                    </g>
                }) }
                { for marks.iter().enumerate().map(|(i, m)| html! {
                    <text key={i} class={classes!("g", format!("l{}", m.level), m.is_command.then_some("cmd"))} x={percent(m.at)} y="21">{ m.glyph }</text>
                }) }
                { for frame.bookmarks.iter().filter(|b| b.branch.is_empty() && (axis.range().0..=axis.range().1).contains(&b.at_ns)).map(|b| html! { <text key={format!("k{}", b.at_ns)} class="bm" x={percent(axis.position(b.at_ns))} y="33">{ "★" }</text> }) }
                <rect class="ahead" x={percent(at)} y="0" width={share((head - at).max(0.0) * 97.0)} height="100%" />
                <rect class="never" x={percent(head)} y="0" width={share((1.0 - head) * 97.0)} height="100%" />
                <line class="ph" x1={percent(at)} x2={percent(at)} y1="0" y2="100%" />
                <circle class="phk" cx={percent(at)} cy="4" r="4" />
            </svg>
            <input type="range" min="0" max="2000" value={((at * 2000.0) as u32).to_string()} {oninput}
                   aria-label={t("Moment")} aria-valuetext={tell!("{}, event {}. {}", format::clock(now), frame.picture.event, text)} />
            { lanes::overview(props) }
        </div>
    }
}
