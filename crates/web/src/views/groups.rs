//! The group view: members against partitions with position, committed offset and lag, and below it the group's states
//! and what each client owned, over the time axis of the whole branch.

use view::{GroupPast, GroupView, PositionView, Span};
use yew::prelude::*;

use super::{Pane, ViewProps};
use crate::tell;
use crate::timeline::Axis;
use crate::ui::{Act, Selection};
use crate::words::{plural, say, t};
use crate::{dom, format};

/// The view.
#[component]
pub(crate) fn Groups(props: &ViewProps) -> Html {
    let frame = &props.frame;
    let axis = Axis::of(frame, props.ui.looks.window);
    let groups = frame.picture.groups.iter();
    let list: Vec<Html> = groups.enumerate().map(|(i, g)| group(props, g, frame.detail.groups.get(i), &axis)).collect();
    let body = if list.is_empty() {
        html! { <p class="empty">{ t("No group yet: start a consumer with --group.") }</p> }
    } else {
        html! { <>{ for list }</> }
    };
    html! { <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="groupv" label={t("Groups. Arrow keys move between parts, Enter inspects.")}>{ body }</Pane> }
}

fn select(props: &ViewProps, to: Selection) -> Callback<MouseEvent> {
    let ui = props.ui.clone();
    Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(to.clone()))))
}

fn group(props: &ViewProps, g: &GroupView, past: Option<&GroupPast>, axis: &Axis) -> Html {
    let me = Selection::Group(g.group.clone());
    let is_selected = props.ui.selected.as_ref() == Some(&me);
    html! {
        <section key={format!("{}@{}", g.group, g.coordinator)} class={classes!("gcard", is_selected.then_some("sel"))} aria-label={tell!("Group {}", g.group)}>
            <button class="gname" data-nav="" tabindex="-1" onclick={select(props, me)}>
                <b>{ &g.group }</b><span class={if g.state == "Stable" { "good" } else { "warn" }}>{ &g.state }</span>
                <small>{ tell!("generation {} · {} · coordinator: broker {}", g.generation, if g.protocol.is_empty() { t("no assignor") } else { &g.protocol }, g.coordinator) }</small>
            </button>
            <div class="scroll">{ matrix(props, g) }</div>
            <div>{ past.map(|past| ribbons(props, past, axis)) }</div>
        </section>
    }
}

/// Partitions that anyone owns or has committed to.
fn columns(g: &GroupView) -> Vec<(String, i32)> {
    let owned = g.members.iter().flat_map(|m| m.assignment.iter().cloned());
    let committed = g.offsets.iter().map(|o| (o.topic.clone(), o.partition));
    let mut columns: Vec<(String, i32)> = owned.chain(committed).collect();
    ordered::sort(&mut columns);
    columns.dedup();
    columns
}

/// More columns than this would not be read.
const COLUMNS_MAX: usize = 24;

fn matrix(props: &ViewProps, g: &GroupView) -> Html {
    let now = props.frame.picture.now_ns;
    let columns = columns(g);
    let hidden = columns.len().saturating_sub(COLUMNS_MAX);
    let shown = &columns[..columns.len() - hidden];
    let offsets =
        |(topic, partition): &(String, i32)| g.offsets.iter().find(|o| o.topic == *topic && o.partition == *partition);
    html! {
        <table class="mini matrix">
            <caption class="vh">{ t("Members and partitions") }</caption>
            <thead><tr><th scope="col">{ t("member") }</th><th scope="col">{ t("session") }</th>
                { for shown.iter().map(|(t, p)| html! { <th scope="col" key={format!("{t}-{p}")}>{ format!("{t}-{p}") }</th> }) }
                <th scope="col">{ if hidden > 0 { tell!("+{} more", hidden) } else { String::new() } }</th></tr></thead>
            <tbody>
                { for g.members.iter().map(|m| {
                    let client = props.frame.picture.clients.iter().find(|c| m.process.as_ref() == Some(&c.process));
                    let left = m.session_ends_ns.map_or("–".to_owned(), |end| format::span(end.saturating_sub(now)));
                    html! { <tr key={m.member.clone()}>
                        <th scope="row" class="who" title={m.member.clone()}>{ match &m.process {
                            Some(process) => html! { <><button class="link" data-nav="" tabindex="-1" onclick={select(props, Selection::Client(process.clone()))}>{ process }</button><small>{ client.map_or("", |c| &*c.title) }</small></> },
                            None => html! { <span class="warn" title={t("The coordinator still counts on it")}>{ t("gone") }</span> },
                        } }</th>
                        <td>{ left }</td>
                        { for shown.iter().map(|c| {
                            let owns = m.assignment.contains(c);
                            let position = client.and_then(|x| x.assignment.iter().find(|p| p.topic == c.0 && p.partition == c.1));
                            html! { <td key={format!("{}-{}", c.0, c.1)} class={owns.then_some("own")}>{ if owns { owned(position, offsets(c)) } else { html! { <span class="no" aria-label={t("not owned")}>{ "·" }</span> } } }</td> }
                        }) }<td></td>
                    </tr> }
                }) }
                <tr class="sum"><th scope="row">{ t("group") }</th><td></td>{ for shown.iter().map(|c| html! { <td key={format!("{}-{}", c.0, c.1)}>{ committed(offsets(c)) }</td> }) }<td></td></tr>
            </tbody>
        </table>
    }
}

fn number(n: i64) -> String {
    if n < 0 { "–".to_owned() } else { n.to_string() }
}

/// What an owner has read, has committed, and has left.
fn owned(at: Option<&PositionView>, offset: Option<&PositionView>) -> Html {
    let (position, end) = at.map_or((-1, -1), |p| (p.position, p.end));
    let committed = at.map(|p| p.committed).or(offset.map(|o| o.committed)).unwrap_or(-1);
    let lag = if end >= 0 && position >= 0 { end - position } else { -1 };
    html! { <><b>{ format!("▽{} ▲{}", number(position), number(committed)) }</b><small class={if lag > 0 { "warn" } else { "" }}>{ tell!("end {} · lag {}", number(end), number(lag)) }</small></> }
}

fn committed(offset: Option<&PositionView>) -> Html {
    let (at, end) = offset.map_or((-1, -1), |o| (o.committed, o.end));
    let lag = if at >= 0 && end >= 0 { end - at } else { -1 };
    let share = if end > 0 && at >= 0 { (at as f64 / end as f64 * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    html! {
        <>
            <svg class="bar" aria-hidden="true"><rect class="all" width="100%" height="6" /><rect class="part" width={format!("{share:.1}%")} height="6" /></svg>
            <small class={if lag > 0 { "warn" } else { "" }}>{ tell!("▲{} of {} · lag {}", number(at), number(end), number(lag)) }</small>
        </>
    }
}

fn ribbons(props: &ViewProps, past: &GroupPast, axis: &Axis) -> Html {
    let now = props.frame.picture.now_ns;
    html! {
        <div class="ribbons">
            { ribbon(props, t("state"), &past.states, axis, now, |s| (state_class(&s.text), tell!("{} · generation {}", s.text, s.generation), format!("{} {}", short(&s.text), s.generation))) }
            { for past.owners.iter().map(|(client, spans)| ribbon(props, client, spans, axis, now, |s| {
                let n = s.text.split_whitespace().count();
                let class = if n > 0 { "r-own" } else { "r-none" };
                let what = if n > 0 { tell!("assigned {}", s.text) } else { say(&s.reason) };
                (class, what, if n > 0 { s.text.clone() } else { String::new() })
            })) }
        </div>
    }
}

fn state_class(state: &str) -> &'static str {
    match state {
        "Stable" => "r-stable",
        "PreparingRebalance" => "r-prep",
        "CompletingRebalance" => "r-comp",
        _ => "r-none",
    }
}

fn short(state: &str) -> &str {
    match state {
        "PreparingRebalance" => t("joining"),
        "CompletingRebalance" => t("syncing"),
        other => other,
    }
}

fn ribbon(
    props: &ViewProps,
    name: &str,
    spans: &[Span],
    axis: &Axis,
    now: u64,
    of: impl Fn(&Span) -> (&'static str, String, String),
) -> Html {
    // A letter is some 6 px; the rest of the page takes so much beside the drawing.
    let drawing = dom::width() - if dom::is_narrow() { 170.0 } else { 750.0 };
    let letter = 620.0 / drawing.max(200.0);
    let part = |(i, span): (usize, &Span)| {
        let to = spans.get(i + 1).map_or(now, |next| next.from_ns).max(span.from_ns);
        let (from, to_x) = (axis.position(span.from_ns), axis.position(to));
        let (class, words, text) = of(span);
        let width = (to_x - from) * 100.0;
        let title = tell!(
            "{}, from {} for {}. {}",
            words,
            format::clock(span.from_ns),
            format::span(to - span.from_ns),
            say(&span.reason)
        );
        let fits = width > text.len() as f64 * letter + 1.0;
        html! {
            <g key={i.to_string()} onclick={props.seek(span.from_ns)}><title>{ title }</title>
                <rect {class} x={format!("{:.2}%", from * 100.0)} width={format!("{:.2}%", width.max(0.25))} height="100%" />
                <text x={format!("{:.2}%", from * 100.0 + 0.5)} y="14">{ if fits { text } else { String::new() } }</text></g>
        }
    };
    let last = spans.last().map(|s| of(s).1).unwrap_or_default();
    html! {
        <div key={name.to_owned()} class="ribbon"><span title={name.to_owned()}>{ name }</span>
            <svg role="img" aria-label={tell!("{}: {}, now {}", name, plural(spans.len() as u64, "{} change", "{} changes"), last)}>{ for spans.iter().enumerate().map(part) }</svg></div>
    }
}
