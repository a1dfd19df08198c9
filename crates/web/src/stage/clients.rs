//! Client programs: producers and tools on the left, consumers on the right in the groups they belong to.

use std::rc::Rc;

use view::{ClientView, GroupView, Picture, PositionView, ProcessState};
use yew::prelude::*;

use crate::format;
use crate::tell;
use crate::ui::Selection;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct ClientsProps {
    pub(crate) picture: Rc<Picture>,
    /// What it is compared with.
    #[prop_or_default]
    pub(crate) against: Option<Rc<Picture>>,
    pub(crate) selected: Option<Selection>,
    pub(crate) select: Callback<Selection>,
}

/// The left side.
#[component]
pub(crate) fn Producers(props: &ClientsProps) -> Html {
    let list = props.picture.clients.iter().filter(|c| c.kind != "consumer" && is_shown(c));
    html! { <>{ for list.map(|c| card(props, c)) }</> }
}

/// The right side.
#[component]
pub(crate) fn Consumers(props: &ClientsProps) -> Html {
    let picture = &props.picture;
    let is_loose = |c: &&ClientView| c.group.as_ref().is_none_or(|g| !picture.groups.iter().any(|v| v.group == *g));
    let loose = picture.clients.iter().filter(|c| c.kind == "consumer" && is_shown(c)).filter(is_loose);
    html! {
        <>
            { for picture.groups.iter().map(|g| group(props, g)) }
            { for loose.map(|c| card(props, c)) }
        </>
    }
}

/// Programs that ended are gone from the stage; those that were killed stay as a mark.
fn is_shown(client: &ClientView) -> bool {
    client.state != ProcessState::Stopped
}

fn group(props: &ClientsProps, group: &GroupView) -> Html {
    let me = Selection::Group(group.group.clone());
    let is_selected = props.selected.as_ref() == Some(&me);
    let is_moving = matches!(group.state.as_str(), "PreparingRebalance" | "CompletingRebalance");
    let select = props.select.reform(move |_: MouseEvent| me.clone());
    let members = props.picture.clients.iter();
    let members = members.filter(|c| c.kind == "consumer" && is_shown(c) && c.group.as_ref() == Some(&group.group));
    let state = match group.state.as_str() {
        "PreparingRebalance" => t("rebalancing"),
        "CompletingRebalance" => t("assigning"),
        other => other,
    };
    html! {
        <section key={format!("{}@{}", group.group, group.coordinator)} class={classes!("grp", is_moving.then_some("moving"), is_selected.then_some("sel"))}>
            <button class="gh" onclick={select} tabindex="-1" data-nav=""
                    title={tell!("Group {}, {}, generation {}", group.group, group.state, group.generation)}>
                <b>{ &group.group }</b><small>{ tell!("{} · gen {}", state, group.generation) }</small>
            </button>
            <div class="members">{ for members.map(|c| card(props, c)) }</div>
        </section>
    }
}

fn card(props: &ClientsProps, client: &ClientView) -> Html {
    let me = Selection::Client(client.process.clone());
    let is_down = !matches!(client.state, ProcessState::Running | ProcessState::Paused);
    let class = classes!(
        "client",
        is_down.then_some("down"),
        (props.selected.as_ref() == Some(&me)).then_some("sel"),
        differs(props, client).then_some("differs"),
    );
    let select = props.select.reform(move |_: MouseEvent| me.clone());
    html! {
        <button key={client.process.clone()} {class} onclick={select} tabindex="-1" data-nav=""
                data-node={client.process.clone()} data-kind="client" title={client.command.clone()}
                >
            <b><span>{ title(&client.title) }</span>{ namesake(props, client) }{ others(client) }</b>
            { for facts(client, is_down) }
            { trouble(props, client) }
        </button>
    }
}

/// Where there is little room, partitions beside the first are counted.
fn others(client: &ClientView) -> Html {
    match client.assignment.len() {
        0 | 1 => Html::default(),
        n => html! { <i class="etc" aria-hidden="true">{ format!("+{}", n - 1) }</i> },
    }
}

/// Where there is little room, `console-` is left out: the number beside it says which it is.
fn title(name: &str) -> Html {
    match name.strip_prefix("console-") {
        Some(rest) => html! { <><u>{ "console-" }</u>{ rest }</> },
        None => html! { name },
    }
}

fn trouble(props: &ClientsProps, client: &ClientView) -> Html {
    let trouble = super::faults::of_process(&props.picture, &client.process);
    if trouble.is_empty() {
        Html::default()
    } else {
        html! { <em class="trouble">{ format!("⚠ {trouble}") }</em> }
    }
}

/// The number of its process, if another program calls itself the same.
fn namesake(props: &ClientsProps, client: &ClientView) -> Html {
    let same = props.picture.clients.iter().filter(|c| is_shown(c) && c.title == client.title).count();
    let number = client.process.rsplit('-').next().unwrap_or_default();
    if same > 1 {
        html! { <i>{ format!("·{number}") }</i> }
    } else {
        Html::default()
    }
}

fn differs(props: &ClientsProps, client: &ClientView) -> bool {
    let twin = |other: &Rc<Picture>| other.clients.iter().find(|o| o.process == client.process).cloned();
    props.against.as_ref().is_some_and(|other| twin(other).as_ref() != Some(client))
}

fn facts(client: &ClientView, is_down: bool) -> Vec<Html> {
    let mut out = Vec::new();
    let mut line = |class: &'static str, text: String| out.push(html! { <small class={class}>{ text }</small> });
    if is_down {
        line("", t(client.state.name()).to_owned());
        return out;
    }
    match (client.kind.as_str(), client.acks) {
        ("producer", Some(acks)) => {
            let acks = if acks < 0 { "all".to_owned() } else { acks.to_string() };
            line("", tell!("acks={} · {}", acks, short_family(&client.profile)));
            line("", tell!("{} acked", format::count(client.records)));
            line(
                "",
                if client.pending > 0 {
                    tell!("{} waiting", format::count(client.pending))
                } else {
                    "\u{200b}".to_owned()
                },
            );
        }
        ("consumer", _) if client.assignment.is_empty() => {
            line(
                "",
                format!(
                    "{} · {}",
                    client.profile,
                    if client.phase.is_empty() { t("no partitions") } else { &client.phase }
                ),
            );
        }
        ("consumer", _) => {
            for p in client.assignment.iter().take(3) {
                out.push(position(p));
            }
            if client.assignment.len() > 3 {
                out.push(html! { <small>{ tell!("+{} more", client.assignment.len() - 3) }</small> });
            }
        }
        _ => line("", client.profile.clone()),
    }
    if client.errors > 0 {
        out.push(html! { <small class="err">{ tell!("{} failed", client.errors) }</small> });
    }
    out
}

fn short_family(profile: &str) -> &str {
    if profile == "librdkafka" { "librdk" } else { profile }
}

/// `orders-0 ▽9 ▲8 +1`: position, committed, lag.
fn position(p: &PositionView) -> Html {
    let shown = |n: i64| if n < 0 { "–".to_owned() } else { n.to_string() };
    let lag = if p.end >= 0 && p.position >= 0 { p.end - p.position } else { 0 };
    html! {
        <small class="pos" title={tell!("{}-{}: position {}, committed {}, end {}", p.topic, p.partition, p.position, p.committed, p.end)}>
            <span class="at"><span>{ &p.topic }</span>{ format!("-{} ▽{}", p.partition, shown(p.position)) }</span>{ " " }
            <span>{ format!("▲{}", shown(p.committed)) }</span>{ " " }
            <span class="lag">{ if lag > 0 { format!("+{lag}") } else { String::new() } }</span>
        </small>
    }
}
