//! The futures there are, and how one of them differs from the one on the stage at the same time.

use yew::prelude::*;

use super::{Pane, ViewProps};
use crate::detail::Compared;
use crate::events::Branch;
use crate::format;

/// The view.
#[component]
pub(crate) fn Branches(props: &ViewProps) -> Html {
    let branches = &props.frame.branches;
    let lone = (branches.len() < 2).then(|| html! { <p class="empty">{ "One future so far. Go back in time and give a command: what there was stays here, and another future begins." }</p> });
    html! {
        <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="branchv" label="Branches">
            <table class="mini branches">
                <caption class="vh">{ "Branches" }</caption>
                <thead><tr><th scope="col">{ "branch" }</th><th scope="col">{ "left" }</th><th scope="col">{ "played to" }</th><th scope="col">{ "commands" }</th><th scope="col"></th></tr></thead>
                <tbody>{ for branches.iter().enumerate().map(|(i, b)| row(props, i, b)) }</tbody>
            </table>
            <div>{ lone }</div>
            <div>{ props.frame.detail.compared.as_ref().map(|c| compared(props, c)) }</div>
        </Pane>
    }
}

fn row(props: &ViewProps, i: usize, b: &Branch) -> Html {
    let switch = {
        let bridge = props.bridge.clone();
        Callback::from(move |_: MouseEvent| bridge.switch(i))
    };
    let is_other = props.ui.looks.other == Some(i);
    let compare = props.look(move |l| l.other = if l.other == Some(i) { None } else { Some(i) });
    let left = b.parent.as_ref().map_or("–".to_owned(), |(name, at)| format!("{name} at {}", format::clock(*at)));
    let acts = if b.is_active {
        html! { <b>{ "on the stage" }</b> }
    } else {
        html! {
            <span class="row">
                <button class="btn" data-nav="" onclick={switch} aria-label={format!("Show branch {}", b.name)}>{ "Show" }</button>
                <button class="btn" data-nav="" aria-pressed={is_other.to_string()} onclick={compare} aria-label={format!("Compare with branch {}", b.name)}>{ "Compare" }</button>
            </span>
        }
    };
    html! { <tr key={i}><th scope="row">{ &b.name }</th><td>{ left }</td><td>{ format::clock(b.head_ns) }</td><td>{ b.commands }</td><td>{ acts }</td></tr> }
}

fn compared(props: &ViewProps, c: &Compared) -> Html {
    let here = props.frame.branches.iter().find(|b| b.is_active).map_or("", |b| b.name.as_str());
    let when = match c.at_ns == c.there_ns {
        true => format!("Both at {}", format::clock(c.at_ns)),
        false => {
            format!("{here} at {}; {} was played to {} only", format::clock(c.at_ns), c.name, format::clock(c.there_ns))
        }
    };
    html! {
        <section class="compare" aria-label="Differences">
            <p class="row"><b>{ format!("{}: {when}", format::plural(c.list.len() as u64, "difference")) }</b></p>
            <table class="mini">
                <thead><tr><th scope="col">{ "" }</th><th scope="col">{ here }</th><th scope="col">{ &c.name }</th></tr></thead>
                <tbody>{ for c.list.iter().map(|d| html! {
                    <tr key={d.what.clone()}><th scope="row">{ &d.what }</th><td>{ side(&d.here) }</td><td>{ side(&d.there) }</td></tr>
                }) }</tbody>
            </table>
        </section>
    }
}

fn side(value: &str) -> Html {
    if value.is_empty() {
        html! { <span class="no">{ "–" }</span> }
    } else {
        html! { { value } }
    }
}
