//! The sheet of marks and keys.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::keys::KEYS;
use crate::ui::{Act, UiHandle, View};
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct SheetProps {
    pub(crate) ui: UiHandle,
}

/// The sheet. It is there while it is open.
#[component]
pub(crate) fn Sheet(props: &SheetProps) -> Html {
    let close = {
        let ui = props.ui.clone();
        Callback::from(move |()| ui.dispatch(Act::Sheet(false)))
    };
    let still = {
        let (ui, to) = (props.ui.clone(), !props.ui.is_still);
        Callback::from(move |_: MouseEvent| {
            crate::motion::remember(to);
            ui.dispatch(Act::Still(to));
        })
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |e: KeyboardEvent| {
            if e.key() == "Escape" {
                e.stop_propagation();
                close.emit(());
            }
        })
    };
    let button = use_node_ref();
    {
        let button = button.clone();
        use_effect_with((), move |()| {
            // Who comes from the stage by a key goes on there afterwards.
            let active = crate::dom::window().and_then(|w| w.document()).and_then(|d| d.active_element());
            let before = active.and_then(|e| e.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button.cast::<HtmlElement>() {
                let _ = button.focus();
            }
            move || {
                if let Some(before) = before {
                    let _ = before.focus();
                }
            }
        });
    }
    html! {
        <div class="sheet" {onkeydown}>
            <section class="sheet-box" role="dialog" aria-modal="true" aria-labelledby="sheet-title">
                <div class="row"><h2 id="sheet-title">{ t("Marks and keys") }</h2><span class="sp"></span>
                    <button ref={button} class="btn" onclick={close.reform(|_: MouseEvent| ())}>{ t("Close") }</button></div>
                { marks(props.ui.view) }
                <h3 class="eyebrow">{ t("Keys, while the cluster has focus") }</h3>
                <div class="keys">{ for KEYS.iter().map(|(key, text)| html! { <><kbd>{ *key }</kbd><span>{ t(text) }</span></> }) }</div>
                <div class="row"><button class="btn" aria-pressed={props.ui.is_still.to_string()} onclick={still} title={t("A message is then a lit line with a mark, and nothing travels")}>{ t("Reduced motion") }</button></div>
            </section>
        </div>
    }
}

/// A mark, and what it stands for.
type Row = (Html, &'static str);

/// The marks of all views, those of the open one first.
fn marks(open: View) -> Html {
    let mut parts = [
        (View::Cluster, "Cluster", cluster()),
        (View::Log, "Log", log()),
        (View::Flow, "Space-time", flow()),
        (View::Groups, "Groups", groups()),
    ];
    ordered::sort_by_key(&mut parts, |part| part.0 != open);
    html! { <>{ for parts.into_iter().map(|(_, name, rows)| part(name, rows)) }{ part("Timeline", timeline()) }</> }
}

fn part(name: &'static str, rows: Vec<Row>) -> Html {
    html! {
        <section key={name}>
            <h3 class="eyebrow">{ t(name) }</h3>
            <div class="legend">{ for rows.into_iter().map(|(mark, text)| html! { <>{ mark }<span>{ t(text) }</span></> }) }</div>
        </section>
    }
}

fn cell(class: &'static str, text: &'static str) -> Html {
    html! { <span class={classes!("cell", class)}>{ text }</span> }
}

fn glyph(path: &'static str) -> Html {
    html! { <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true"><path fill="currentColor" d={path} /></svg> }
}

fn word(text: &'static str) -> Html {
    html! { <b>{ text }</b> }
}

fn cluster() -> Vec<Row> {
    vec![
        (
            cell("e0", "12"),
            "a record below the high watermark: every in-sync replica has it. Its colour is the epoch of the leader that appended it",
        ),
        (cell("u", "13"), "a record above the high watermark: consumers do not see it, and it can still be lost"),
        (html! { <span class="hw"></span> }, "the high watermark (HW) of that replica"),
        (word("♛  ☆"), "leader of the partition; preferred leader that does not lead now"),
        (word("ISR OUT"), "in, or out of, the in-sync replicas, as the active controller has it"),
        (word("▽  ▲"), "a consumer's position; its group's committed offset; +n is the lag"),
        (glyph("M9 3a4 4 0 1 0 .1 0z"), "Produce, there and back"),
        (glyph("M9 2l5 9H4z"), "Fetch of a consumer"),
        (glyph("M5 3h8v8H5z"), "Fetch of a follower"),
        (glyph("M9 1l6 6-6 6-6-6z"), "group traffic: join, sync, heartbeat, offset commit"),
        (
            glyph("M7.5 3h3v2.500h2.500v3h-2.500V11h-3V8.500H5v-3h2.500z"),
            "controllers: Raft, broker heartbeats, ISR changes",
        ),
        (html! { <b class="bad">{ "✕" }</b> }, "nobody was there: the process is dead"),
        (
            html! { <svg class="arc" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6" stroke-dasharray="24 99" /></svg> },
            "what is left of a broker's session; after it the controller fences the broker",
        ),
    ]
}

fn log() -> Vec<Row> {
    vec![
        (cell("ghost", "60"), "a record that this replica cut off, since another leader did not have it"),
        (cell("gap swept", ""), "an offset whose record compaction removed"),
        (html! { <span class="seam"></span> }, "a segment of the log begins"),
    ]
}

fn flow() -> Vec<Row> {
    let line = |dashes: &'static str| html! { <svg width="34" height="10" aria-hidden="true"><line x1="1" y1="5" x2="33" y2="5" stroke="currentColor" stroke-width="1.5" stroke-dasharray={dashes} /></svg> };
    vec![
        (line(""), "a request"),
        (line("6 2"), "its answer"),
        (
            html! { <svg class="roles" width="46" height="10" aria-hidden="true"><circle cx="6" cy="5" r="4" /><circle cx="17" cy="5" r="4" /><circle cx="28" cy="5" r="4" /><circle cx="39" cy="5" r="4" /></svg> },
            "records of clients, replication, groups, controllers; large if there are records in it",
        ),
        (html! { <span class="quiet"></span> }, "quiet time, drawn shorter than it was"),
    ]
}

fn groups() -> Vec<Row> {
    let ribbon = |of: [&'static str; 3]| html! { <svg class="ribbon3" width="45" height="14" aria-hidden="true">{ for of.iter().enumerate().map(|(i, class)| html! { <rect class={*class} x={(i * 15).to_string()} width="15" height="14" /> }) }</svg> };
    vec![
        (
            ribbon(["r-prep", "r-comp", "r-stable"]),
            "members join; their leader's assignment is awaited; the group is stable",
        ),
        (ribbon(["r-none", "r-own", "r-own"]), "a member that owns nothing; one that owns partitions"),
    ]
}

fn timeline() -> Vec<Row> {
    vec![
        (word("▸"), "a command"),
        (word("⊗ ⊘"), "a process died, stopped or paused; a broker is fenced"),
        (word("♛ − +"), "a new leader; the in-sync replicas are fewer, or more"),
        (word("◆ ◇"), "a group changes; partitions are given out"),
        (word("⌁"), "records are cut off, deleted or compacted"),
        (html! { <b class="bad">{ "✕" }</b> }, "a client failed"),
    ]
}
