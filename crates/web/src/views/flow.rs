//! The space-time view: a lane for each process, time to the right, a slanted line for each message from when it left
//! to when it came. Drawn from the engine's trace; a click goes to the moment, and asks what led to it.

use view::{FlowView, Hop};
use yew::prelude::*;

use super::{Pane, ViewProps, stepper, why};
use crate::tell;
use crate::timeline::Axis;
use crate::ui::{Act, SPANS, Selection};
use crate::words::{plural, t};
use crate::{dom, format};

/// Height of a lane, px: so much that all are seen at once, if that can be.
const LANES: (f64, f64) = (22.0, 34.0);
/// What the tools above the drawing and its frame take, px.
const AROUND: f64 = 62.0;
/// Room above the first lane, px.
const TOP: usize = 22;
/// Messages listed in words below the drawing.
const LISTED: usize = 60;

/// The view.
#[component]
pub(crate) fn Flow(props: &ViewProps) -> Html {
    let body = props.frame.detail.flow.as_ref().map(|flow| html! {
        <>{ tools(props, flow) }<div class="flow">{ drawing(props, flow) }</div><div>{ why::chain(props) }</div>{ list(props, flow) }</>
    });
    html! { <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="flowv" label={t("Space-time. Arrow keys move between messages, Enter goes to one.")}>{ body.unwrap_or_default() }</Pane> }
}

fn tools(props: &ViewProps, flow: &FlowView) -> Html {
    let (span, quiet) = (props.ui.looks.span, props.ui.looks.quiet);
    let mut left_out = Vec::new();
    if flow.quiet > 0 {
        left_out.push(plural(flow.quiet as u64, "{} quiet message", "{} quiet messages"));
    }
    if flow.more > 0 {
        left_out.push(plural(flow.more as u64, "{} earlier message", "{} earlier messages"));
    }
    html! {
        <div class="row vt">
            { stepper("−", "Show more time", span + 1 < SPANS.len(), props.look(|l| l.span += 1)) }
            { stepper("+", "Show less time", span > 0, props.look(|l| l.span -= 1)) }
            <span class="num">{ if SPANS[span] == 0 { t("the last messages").to_owned() } else { tell!("last {}", format::span(SPANS[span])) } }</span>
            <button class="btn" aria-pressed={quiet.to_string()} title={t("Draw empty fetches and heartbeats too")} onclick={props.look(|l| l.quiet = !l.quiet)}>{ t("quiet too") }</button>
            <span class="num">{ if left_out.is_empty() { String::new() } else { tell!("{} not drawn", left_out.join(", ")) } }</span>
            <span class="num">{ if flow.forgotten { t("earlier events are no longer remembered") } else { "" } }</span>
        </div>
    }
}

fn drawing(props: &ViewProps, flow: &FlowView) -> Html {
    let lanes = flow.lanes.len().max(1);
    let pitch = ((dom::view_height() - AROUND - TOP as f64) / lanes as f64).clamp(LANES.0, LANES.1) as usize;
    let height = TOP + lanes * pitch;
    let times = flow.hops.iter().flat_map(|hop| [hop.sent_ns, hop.arrives_ns]);
    let axis = Axis::over(times.chain([flow.from_ns, flow.to_ns]).collect(), width);
    let x = |ns: u64| axis.position(ns);
    // Names of lanes stand left of the drawing.
    let (left, wide, ticks) = if dom::is_narrow() { (27.0, 72.0, 2) } else { (12.5, 86.5, 4) };
    let at = |share: f64| format!("{:.2}%", left + share * wide);
    let y = |lane: usize| (TOP + lane * pitch + pitch / 2).to_string();
    let now = props.frame.picture.now_ns;
    html! {
        <svg class="flows" width="100%" height={height.to_string()} role="img" aria-label={tell!("{} between {}; the list below says the same in words", plural(flow.hops.len() as u64, "{} message", "{} messages"), plural(flow.lanes.len() as u64, "{} process", "{} processes"))}>
            { for (0..=ticks).map(|i| { let share = f64::from(i) / f64::from(ticks); let ns = axis.moment(share);
                html! { <g key={format!("t{i}")}><line class="tick" x1={at(share)} x2={at(share)} y1={TOP.to_string()} y2="100%" /><text class={if i == ticks { "tk end" } else { "tk" }} x={at(share)} y="12">{ format::clock(ns) }</text></g> } }) }
            { for flow.lanes.iter().enumerate().map(|(i, name)| html! {
                <g key={name.clone()}><line class="lane2" x1={at(0.0)} x2={at(1.0)} y1={y(i)} y2={y(i)} /><text class="ln" x="0" y={(TOP + i * pitch + pitch / 2 + 4).to_string()}>{ name }</text></g>
            }) }
            { for axis.folds(50_000_000, 0.0).into_iter().map(|(from, to, ns)| html! {
                <g key={format!("f{from}")}><rect class="foldr" x={at(from)} width={format!("{:.2}%", (to - from) * wide)} y={TOP.to_string()} height="100%" /><text class="tk" x={at((from + to) / 2.0)} y={(TOP + 9).to_string()}>{ if fits(to - from, ns) { format::span(ns) } else { String::new() } }</text></g>
            }) }
            <line class="ph" x1={at(x(now))} x2={at(x(now))} y1={(TOP - 6).to_string()} y2="100%" />
            { for flow.hops.iter().enumerate().map(|(i, hop)| html! {
                <g key={i.to_string()} class={classes!("hop", class(hop), is_chosen(props, hop).then_some("sel"))} onclick={go(props, hop)}>
                    <title>{ format!("{}, {} → {}", words(flow, hop), format::clock(hop.sent_ns), format::clock(hop.arrives_ns)) }</title>
                    <line class="hit" x1={at(x(hop.sent_ns))} y1={y(hop.from)} x2={at(x(hop.arrives_ns))} y2={y(hop.to)} />
                    <line x1={at(x(hop.sent_ns))} y1={y(hop.from)} x2={at(x(hop.arrives_ns))} y2={y(hop.to)} />
                    { end(hop, at(x(hop.arrives_ns)), y(hop.to)) }
                </g>
            }) }
        </svg>
    }
}

/// Whether the length of a fold can be written on it.
fn fits(share: f64, ns: u64) -> bool {
    let drawing = if dom::is_narrow() { dom::width() * 0.68 } else { (dom::width() - 580.0) * 0.86 };
    share * drawing > 6.2 * format::span(ns).len() as f64
}

/// Silence is folded: past 4 ms a gap takes the root of what is left, so that slopes are true where messages fly.
fn width(gap_ns: u64) -> f64 {
    let ms = gap_ns as f64 / 1e6;
    if ms <= 4.0 { ms } else { 4.0 + (ms - 4.0).sqrt() * 0.25 }
}

/// Whether it is the message that is selected, or the one whose causes are told.
fn is_chosen(props: &ViewProps, hop: &Hop) -> bool {
    match hop.flight {
        Some(id) => props.ui.selected == Some(Selection::Message(id)),
        None => props.ui.looks.why == Some(hop.event),
    }
}

fn end(hop: &Hop, cx: String, cy: String) -> Html {
    match hop.fate.as_str() {
        "lost" | "held" => html! { <text class="x" x={cx} y={cy} dy="4">{ "✕" }</text> },
        _ => html! { <circle {cx} {cy} r={if hop.records > 0 || !hop.error.is_empty() { "4" } else { "2.5" }} /> },
    }
}

/// How a message is drawn: by role, and by what became of it.
fn class(hop: &Hop) -> Classes {
    let role = match hop.role.as_str() {
        "produce" | "fetch" => "data",
        "replica-fetch" => "replica",
        "group" => "group",
        _ => "control",
    };
    classes!(
        role,
        hop.is_response.then_some("res"),
        (!hop.error.is_empty() || hop.fate == "lost").then_some("err"),
        (hop.fate == "flying" || hop.fate == "held").then_some("air")
    )
}

/// Goes to the moment of its arrival and asks what led to it. What is on its way is selected.
fn go(props: &ViewProps, hop: &Hop) -> Callback<MouseEvent> {
    if let Some(id) = hop.flight {
        // What is on its way can be looked into, and something can be done to it.
        let ui = props.ui.clone();
        return Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(Selection::Message(id)))));
    }
    let (ui, bridge, event, at_ns) = (props.ui.clone(), props.bridge.clone(), hop.event, hop.arrives_ns);
    Callback::from(move |_: MouseEvent| {
        let mut looks = ui.looks.clone();
        looks.why = Some(event);
        ui.dispatch(Act::Look(looks));
        bridge.seek(at_ns);
    })
}

fn words(flow: &FlowView, hop: &Hop) -> String {
    let name = |lane: usize| flow.lanes.get(lane).map_or("", String::as_str);
    let what = if hop.is_response { t("answer") } else { t("request") };
    let records = if hop.records > 0 {
        format!(", {}", plural(u64::from(hop.records), "{} record", "{} records"))
    } else {
        String::new()
    };
    let error = if hop.error.is_empty() { String::new() } else { format!(", {}", hop.error) };
    let fate = match hop.fate.as_str() {
        "arrived" => "",
        "lost" => t(", nobody there"),
        "held" => t(", held by a cut"),
        _ => t(", on its way"),
    };
    format!("{} → {}: {} {what}{records}{error}{fate}", name(hop.from), name(hop.to), hop.api)
}

/// The same in words, latest first.
pub(crate) fn list(props: &ViewProps, flow: &FlowView) -> Html {
    let mut hops: Vec<&Hop> = flow.hops.iter().collect();
    ordered::sort_by(&mut hops, |a, b| (b.arrives_ns, b.event).cmp(&(a.arrives_ns, a.event)));
    html! {
        <ol class="hops" aria-label={t("Messages, latest first")}>
            { for hops.into_iter().take(LISTED).enumerate().map(|(i, hop)| html! {
                <li key={i.to_string()}><button class={class(hop)} data-nav="" tabindex="-1" onclick={go(props, hop)}>
                    <time>{ format::clock(hop.arrives_ns) }</time><span>{ words(flow, hop) }</span><small>{ format::span(hop.arrives_ns - hop.sent_ns) }</small>
                </button></li>
            }) }
        </ol>
    }
}
