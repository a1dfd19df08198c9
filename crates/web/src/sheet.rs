//! The sheet of marks and keys.

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::keys::KEYS;
use crate::ui::{Act, UiHandle};
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
            if let Some(button) = button.cast::<HtmlElement>() {
                let _ = button.focus();
            }
        });
    }
    html! {
        <div class="sheet" {onkeydown}>
            <section class="sheet-box" role="dialog" aria-modal="true" aria-labelledby="sheet-title">
                <div class="row"><h2 id="sheet-title">{ t("Marks and keys") }</h2><span class="sp"></span>
                    <button ref={button} class="btn" onclick={close.reform(|_: MouseEvent| ())}>{ t("Close") }</button></div>
                <button class="btn" aria-pressed={props.ui.is_still.to_string()} onclick={still} title={t("A message is then a lit line with a mark, and nothing travels")}>{ t("Reduced motion") }</button>
                { marks() }
                <h3 class="eyebrow">{ t("Keys, while the cluster has focus") }</h3>
                <div class="keys">{ for KEYS.iter().map(|(key, text)| html! { <><kbd>{ *key }</kbd><span>{ t(text) }</span></> }) }</div>
            </section>
        </div>
    }
}

fn marks() -> Html {
    let cell =
        |class: &'static str, text: &'static str| html! { <span class={classes!("cell", class)}>{ text }</span> };
    let glyph = |path: &'static str| html! { <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true"><path fill="currentColor" d={path} /></svg> };
    let word = |text: &'static str| html! { <b>{ text }</b> };
    let rows = [
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
    ];
    html! {
        <div class="legend">
            { for rows.into_iter().map(|(mark, text)| html! { <>{ mark }<span>{ t(text) }</span></> }) }
        </div>
    }
}
