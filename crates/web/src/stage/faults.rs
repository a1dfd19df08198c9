//! Faults in words: what the stage draws of cut and slow links, hosts in trouble, traps that wait, messages and records that
//! are gone. Screen readers and the inspector have them as lists.

use view::{DelayView, LostView, Picture};
use yew::prelude::*;

use crate::format;
use crate::tell;
use crate::words::{plural, say, t};

/// What is out of order with a process, in a line; empty if nothing is.
pub(crate) fn of_process(picture: &Picture, process: &str) -> String {
    if picture.troubles.is_empty() {
        return String::new();
    }
    let own = picture.troubles.iter().filter(|trouble| trouble.process == process);
    own.map(|trouble| say(&trouble.text)).collect::<Vec<_>>().join(" · ")
}

/// How slow a link is: `+200 ms`.
pub(crate) fn slowness(delay: &DelayView) -> String {
    match delay.jitter_ns {
        0 => format!("+{}", format::span(delay.latency_ns)),
        more => format!("+{}–{}", format::span(delay.latency_ns), format::span(delay.latency_ns + more)),
    }
}

/// Every fault there is, a line each, and what reached nobody of late.
pub(super) fn all(picture: &Picture) -> Vec<String> {
    let mut lines = standing(picture);
    lines.extend(picture.ghosts.iter().map(|g| {
        let what = if g.is_response { t("response") } else { t("request") };
        tell!("lost: {} {} {} → {}, nobody there", g.api, what, g.from, g.to)
    }));
    lines
}

/// The faults that stay until they are ended.
pub(crate) fn standing(picture: &Picture) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(picture.cuts.iter().map(|(from, to)| tell!("cut: {} → {}", from, to)));
    lines.extend(picture.delays.iter().map(|d| tell!("slow: {} → {}, {}", d.from, d.to, slowness(d))));
    lines.extend(picture.troubles.iter().map(|trouble| match trouble.process.as_str() {
        "" => say(&trouble.text),
        process => format!("{process}: {}", say(&trouble.text)),
    }));
    lines
}

/// Acknowledged records that are gone, and what allowed it.
pub(crate) fn losses(list: &[LostView]) -> Html {
    if list.is_empty() {
        return Html::default();
    }
    let line = |lost: &LostView| {
        let offsets = match lost.offsets {
            (from, _) if from < 0 => plural(lost.count, "{} record", "{} records"),
            (from, to) if from == to => tell!("offset {}", from),
            (from, to) => tell!("offsets {}–{}", from, to),
        };
        html! { <li key={format!("{}{}{:?}{}", lost.topic, lost.partition, lost.offsets, lost.why.form)}>{ format!("{}-{}: {offsets}. {}", lost.topic, lost.partition, say(&lost.why)) }</li> }
    };
    let sum: u64 = list.iter().map(|lost| lost.count).sum();
    html! {
        <div class="lost" role="status">
            <b>{ plural(sum, "{} acknowledged record is gone", "{} acknowledged records are gone") }</b>
            <ul>{ for list.iter().take(4).map(line) }</ul>
            <span>{ if list.len() > 4 { tell!("and {} more", list.len() - 4) } else { String::new() } }</span>
        </div>
    }
}
