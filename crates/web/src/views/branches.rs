//! The futures there are, and how one of them differs from the one on the stage at the same time.

use yew::prelude::*;

use super::{Pane, ViewProps};
use crate::detail::Compared;
use crate::events::Branch;
use crate::format;
use crate::stage::Twin;
use crate::tell;
use crate::ui::{Act, Selection};
use crate::words::{plural, say, t};

/// The view.
#[component]
pub(crate) fn Branches(props: &ViewProps) -> Html {
    let branches = &props.frame.branches;
    let lone = (branches.len() < 2).then(|| html! { <p class="empty">{ t("One future so far. Go back in time and give a command: what there was stays here, and another future begins.") }</p> });
    html! {
        <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="branchv" label={t("Branches")}>
            <table class="mini branches">
                <caption class="vh">{ t("Branches") }</caption>
                <thead><tr><th scope="col">{ t("branch") }</th><th scope="col">{ t("left") }</th><th scope="col">{ t("played to") }</th><th scope="col">{ t("commands") }</th><th scope="col"></th></tr></thead>
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
    let left = b.parent.as_ref().map_or("–".to_owned(), |(name, at)| tell!("{} at {}", name, format::clock(*at)));
    let acts = if b.is_active {
        html! { <b>{ t("on the stage") }</b> }
    } else {
        html! {
            <span class="row">
                <button class="btn" data-nav="" onclick={switch} aria-label={tell!("Show branch {}", b.name)}>{ t("Show") }</button>
                <button class="btn" data-nav="" aria-pressed={is_other.to_string()} onclick={compare} aria-label={tell!("Compare with branch {}", b.name)}>{ t("Compare") }</button>
            </span>
        }
    };
    html! { <tr key={i}><th scope="row">{ &b.name }</th><td>{ left }</td><td>{ format::clock(b.head_ns) }</td><td>{ b.commands }</td><td>{ acts }</td></tr> }
}

fn compared(props: &ViewProps, c: &Compared) -> Html {
    let here = props.frame.branches.iter().find(|b| b.is_active).map_or("", |b| b.name.as_str());
    let when = match c.at_ns == c.there_ns {
        true => tell!("Both at {}", format::clock(c.at_ns)),
        false => {
            tell!("{} at {}; {} was played to {} only", here, format::clock(c.at_ns), c.name, format::clock(c.there_ns))
        }
    };
    let select = {
        let ui = props.ui.clone();
        Callback::from(move |s: Selection| ui.dispatch(Act::Select(Some(s))))
    };
    html! {
        <section class="compare" aria-label={t("Differences")}>
            <div class="twins">
                <Twin name={here.to_owned()} picture={props.frame.picture.clone()} against={c.there.clone()} selected={props.ui.selected.clone()} select={select.clone()} />
                <Twin name={c.name.clone()} picture={c.there.clone()} against={props.frame.picture.clone()} selected={props.ui.selected.clone()} {select} />
            </div>
            <p class="row"><b>{ format!("{}: {when}", plural(c.list.len() as u64, "{} difference", "{} differences")) }</b></p>
            <table class="mini">
                <thead><tr><th scope="col">{ "" }</th><th scope="col">{ here }</th><th scope="col">{ &c.name }</th></tr></thead>
                <tbody>{ for c.list.iter().map(|d| html! {
                    <tr key={d.what.to_string()}><th scope="row">{ say(&d.what) }</th><td>{ side(&d.here) }</td><td>{ side(&d.there) }</td></tr>
                }) }</tbody>
            </table>
        </section>
    }
}

fn side(value: &view::Text) -> Html {
    match say(value) {
        nothing if nothing.is_empty() => html! { <span class="no">{ "–" }</span> },
        some => html! { { some } },
    }
}
