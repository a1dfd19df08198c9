//! The timeline's lanes: one for each kind of event, one for each other branch. Dragging over them, or the buttons beside the
//! playhead's lane, choose the stretch that is shown.

use view::Lane;
use web_sys::MouseEvent as Mouse;
use yew::prelude::*;

use super::{Axis, TimelineProps, icon, percent, share};
use crate::events::Branch;
use crate::tell;
use crate::ui::Act;
use crate::words::t;
use crate::{dom, format};

/// The kinds, top to bottom.
const LANES: [(Lane, &str); 5] = [
    (Lane::Acts, "commands"),
    (Lane::Processes, "processes"),
    (Lane::Partitions, "partitions"),
    (Lane::Groups, "groups"),
    (Lane::Records, "records"),
];
/// A drag shorter than this share of the width is a click.
const DRAG_MIN: f64 = 0.01;

/// The lanes.
#[component]
pub(super) fn Lanes(props: &TimelineProps) -> Html {
    let axis = Axis::of(&props.frame, props.ui.looks.window);
    let drag = use_state(|| None::<(f64, f64)>);
    let begin = {
        let drag = drag.clone();
        Callback::from(move |e: PointerEvent| drag.set(across(&e).map(|at| (at, at))))
    };
    let go_on = {
        let drag = drag.clone();
        Callback::from(move |e: PointerEvent| {
            if let (Some((from, _)), Some(to)) = (*drag, across(&e)) {
                drag.set(Some((from, to)));
            }
        })
    };
    let end = {
        let (drag, axis, bridge, ui) = (drag.clone(), axis.clone(), props.bridge.clone(), props.ui.clone());
        Callback::from(move |_: PointerEvent| {
            let Some((a, b)) = *drag else { return };
            drag.set(None);
            match (b - a).abs() < DRAG_MIN {
                true => bridge.seek(axis.moment(a)),
                false => {
                    let mut looks = ui.looks.clone();
                    looks.window = Some((axis.moment(a.min(b)), axis.moment(a.max(b))));
                    ui.dispatch(Act::Look(looks));
                }
            }
        })
    };
    let leave = end.clone();
    let others = props.frame.branches.iter().enumerate().filter(|(_, b)| !b.is_active);
    html! {
        <div class="lanes">
            <div class="brush" onpointerdown={begin} onpointermove={go_on} onpointerup={end} onpointerleave={leave}
                 title={t("Drag to choose a stretch, click to go to a moment")}>
                { for LANES.iter().map(|(lane, name)| kind(props, &axis, *lane, name)) }
                <svg class="pick" aria-hidden="true">{ for (*drag).map(|(a, b)| html! {
                    <rect key="sel" x={percent(a.min(b))} width={share((b - a).abs() * 97.0)} height="100%" />
                }) }</svg>
            </div>
            { for others.map(|(i, b)| branch(props, &axis, i, b)) }
        </div>
    }
}

/// Where the pointer is on the axis.
fn across(e: &Mouse) -> Option<f64> {
    dom::share_across(e).map(|share| ((share - 0.015) / 0.97).clamp(0.0, 1.0))
}

fn kind(props: &TimelineProps, axis: &Axis, lane: Lane, name: &'static str) -> Html {
    let marks = axis.marks(&props.frame.story, Some(lane), if dom::is_narrow() { 0.04 } else { 0.016 });
    let now = axis.position(props.frame.picture.now_ns);
    html! {
        <div key={name} class="sub">
            <span class="gut" aria-hidden="true">{ t(name) }</span>
            <svg aria-hidden="true">
                { for marks.iter().enumerate().map(|(i, m)| html! {
                    <text key={i} class={classes!("g", format!("l{}", m.level), m.is_command.then_some("cmd"))} x={percent(m.at)} y="11">{ m.glyph }</text>
                }) }
                <line key="ph" class="ph" x1={percent(now)} x2={percent(now)} y1="0" y2="100%" />
            </svg>
        </div>
    }
}

/// Another future: from where it left to where it was played. A click shows it.
fn branch(props: &TimelineProps, axis: &Axis, i: usize, b: &Branch) -> Html {
    let bridge = props.bridge.clone();
    let onclick = Callback::from(move |_: MouseEvent| bridge.switch(i));
    let from = b.parent.as_ref().map_or(0.0, |(_, at)| axis.position(*at));
    let to = axis.position(b.head_ns);
    html! {
        <button key={format!("b{i}")} class="sub blane" {onclick} title={tell!("Show branch {}, played to {}", b.name, format::clock(b.head_ns))}>
            <span class="gut">{ &b.name }</span>
            <svg aria-hidden="true"><line class="fut" x1={percent(from)} x2={percent(to)} y1="7" y2="7" /><circle cx={percent(from)} cy="7" r="3" /><rect x={percent(to)} y="3" width="2" height="8" /></svg>
        </button>
    }
}

/// The buttons that choose the stretch without dragging.
pub(super) fn zoom(props: &TimelineProps) -> Html {
    let (axis, now) = (Axis::of(&props.frame, props.ui.looks.window), props.frame.picture.now_ns);
    let whole = Axis::of(&props.frame, None).range();
    let set = |window: Option<(u64, u64)>| {
        let ui = props.ui.clone();
        Callback::from(move |_: MouseEvent| {
            let mut looks = ui.looks.clone();
            looks.window = window;
            ui.dispatch(Act::Look(looks));
        })
    };
    let at = axis.position(now);
    let nearer = (axis.moment((at - 0.25).max(0.0)), axis.moment((at + 0.25).min(1.0)));
    let (from, to) = axis.range();
    let span = to - from;
    let farther = (from.saturating_sub(span), to.saturating_add(span).min(whole.1));
    let farther = Some(farther).filter(|w| *w != whole && (w.0 > 0 || w.1 < whole.1));
    let is_whole = props.ui.looks.window.is_none();
    html! {
        <span class="gut zoomer">
            <button class="btn icon" aria-label={t("Show a shorter stretch")} title={t("Show a shorter stretch")} disabled={span < 2_000} onclick={set(Some(nearer))}>{ icon("M6 1h2v5h5v2H8v5H6V8H1V6h5z") }</button>
            <button class="btn icon" aria-label={t("Show a longer stretch")} title={t("Show a longer stretch")} disabled={is_whole} onclick={set(farther)}>{ icon("M1 6h12v2H1z") }</button>
        </span>
    }
}

/// Where the stretch that is shown lies in the run; nothing while all of it is shown.
pub(super) fn overview(props: &TimelineProps) -> Html {
    let Some((from, to)) = props.ui.looks.window else { return Html::default() };
    let whole = Axis::of(&props.frame, None);
    let (x, to) = (whole.position(from), whole.position(to));
    html! { <svg class="over" aria-hidden="true"><rect width="100%" height="100%" class="all" /><rect x={percent(x)} width={share(((to - x) * 97.0).max(0.5))} height="100%" class="part" /></svg> }
}
