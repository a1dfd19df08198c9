//! Bookmarks: moments with a name, kept in the link.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::TimelineProps;
use crate::format;
use crate::tell;
use crate::ui::Act;
use crate::words::t;

/// The button, and the list of moments.
#[component]
pub(super) fn Bookmarks(props: &TimelineProps) -> Html {
    let (input, open) = (use_node_ref(), props.ui.bookmarks);
    let list: Rc<_> = props.frame.bookmarks.clone();
    let now = props.frame.picture.now_ns;
    let set = |open: bool| {
        let ui = props.ui.clone();
        Callback::from(move |()| ui.dispatch(Act::Bookmarks(open)))
    };
    {
        let input = input.clone();
        use_effect_with(open, move |open| {
            if let (true, Some(input)) = (*open, input.cast::<HtmlInputElement>()) {
                let _ = input.focus();
            }
        });
    }
    let add = {
        let (bridge, input) = (props.bridge.clone(), input.clone());
        Callback::from(move |()| {
            if let Some(field) = input.cast::<HtmlInputElement>() {
                let name = field.value();
                bridge.bookmark("", now, &if name.trim().is_empty() { format::clock(now) } else { name });
                field.set_value("");
            }
        })
    };
    let onkeydown = {
        let (add, close) = (add.clone(), set(false));
        Callback::from(move |e: KeyboardEvent| match e.key().as_str() {
            "Enter" if e.target().is_some_and(|t| crate::dom::is_text_field(Some(t))) => add.emit(()),
            "Escape" => {
                e.stop_propagation();
                close.emit(());
                crate::dom::focus(".stage, .view");
            }
            _ => {}
        })
    };
    html! {
        <div class="menu" {onkeydown}>
            <button class="btn opt" aria-expanded={open.to_string()} aria-label={if list.is_empty() { t("Bookmarks").to_owned() } else { format!("{} {}", t("Bookmarks"), list.len()) }} title={t("Bookmarks: named moments, kept in the link")} onclick={set(!open).reform(|_: MouseEvent| ())}>
                <span aria-hidden="true">{ "★" }</span>{ if list.is_empty() { String::new() } else { list.len().to_string() } }</button>
            if open {
                <div class="pop until" role="group" aria-label={t("Bookmarks")}>
                    <label>{ tell!("Name for {}", format::clock(now)) }<input ref={input} class="field" type="text" maxlength="60" placeholder={format::clock(now)} /></label>
                    <button class="btn" onclick={add.reform(|_: MouseEvent| ())}>{ t("Add bookmark") }</button>
                    <div>{ for list.iter().map(|b| {
                        let (bridge, at, branch) = (props.bridge.clone(), b.at_ns, b.branch.clone());
                        let go = Callback::from(move |_: MouseEvent| bridge.visit(&branch, at));
                        let (bridge, branch) = (props.bridge.clone(), b.branch.clone());
                        let drop = Callback::from(move |_: MouseEvent| bridge.bookmark(&branch, at, ""));
                        let when = if b.branch.is_empty() { format::clock(at) } else { format!("{} · {}", b.branch, format::clock(at)) };
                        html! { <div key={format!("{at}{}", b.branch)} class="mark"><button class="item" onclick={go}><span>{ &b.name }</span><small>{ when }</small></button>
                            <button class="btn icon bare" aria-label={tell!("Remove {}", b.name)} onclick={drop}>{ "✕" }</button></div> }
                    }) }</div>
                </div>
            }
        </div>
    }
}
