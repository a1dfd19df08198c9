//! A chain of causes, from an event back to the act it came from.

use view::Cause;
use yew::prelude::*;

use super::ViewProps;
use crate::format;
use crate::tell;
use crate::ui::Act;
use crate::words::{say, t};

/// The chain that was asked for, if one was.
pub(crate) fn chain(props: &ViewProps) -> Html {
    let chain = &props.frame.detail.why;
    let (Some(event), false) = (props.ui.looks.why, chain.is_empty()) else { return Html::default() };
    // An event may report more than is told of it; what was asked about is.
    let asked = props.frame.detail.since.iter().map(|(_, change)| change).filter(|change| change.event == event);
    let told = |cause: &Cause| {
        let asked = asked.clone().map(|change| &change.text);
        let asked = asked.filter(|text| cause.event == event && !cause.notes.contains(*text));
        asked.chain(&cause.notes).map(|note| html! { <em>{ say(note) }</em> }).collect::<Html>()
    };
    let close = {
        let ui = props.ui.clone();
        Callback::from(move |_: MouseEvent| {
            let mut looks = ui.looks.clone();
            looks.why = None;
            ui.dispatch(Act::Look(looks));
        })
    };
    html! {
        <section class="why card" aria-label={t("Why")}>
            <div class="row"><h3 class="eyebrow">{ tell!("Why event {}", format::count(event)) }</h3><span class="sp"></span><button class="link" onclick={close}>{ t("close") }</button></div>
            <ol>{ for chain.iter().enumerate().map(|(i, cause)| html! {
                <li key={i.to_string()}><button onclick={props.seek(cause.at_ns)} data-nav="" tabindex="-1">
                    <time>{ format::clock(cause.at_ns) }</time>
                    <span>{ if i == 0 { "" } else { t("because") } }{ " " }<b>{ &cause.process }</b>{ format!(" {}", say(&cause.text)) }{ if cause.times > 1 { tell!(", {} times in a row", cause.times) } else { String::new() } }
                        { told(cause) }</span>
                </button></li>
            }) }</ol>
        </section>
    }
}
