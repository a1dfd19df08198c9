//! Run until…: a condition in the language of lesson checks, with proposals for what is on the stage.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::bridge::{Bridge, Frame};
use crate::ui::{Act, UiHandle};
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct UntilProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

/// The button and its prompt.
#[component]
pub(crate) fn Until(props: &UntilProps) -> Html {
    let input = use_node_ref();
    let open = props.ui.until;
    {
        let input = input.clone();
        use_effect_with(open, move |open| {
            if let (true, Some(input)) = (*open, input.cast::<HtmlInputElement>()) {
                let _ = input.focus();
            }
        });
    }
    let set = |open: bool| {
        let ui = props.ui.clone();
        Callback::from(move |()| ui.dispatch(Act::Until(open)))
    };
    let go = {
        let (bridge, ui, close) = (props.bridge.clone(), props.ui.clone(), set(false));
        Callback::from(move |condition: String| {
            close.emit(());
            crate::dom::focus(".stage, .view");
            bridge.command(ui.active, &format!("sim until {}", condition));
        })
    };
    let onkeydown = {
        let (close, go, input) = (set(false), go.clone(), input.clone());
        Callback::from(move |e: KeyboardEvent| match (e.key().as_str(), input.cast::<HtmlInputElement>()) {
            ("Escape", _) => {
                e.stop_propagation();
                close.emit(());
                crate::dom::focus(".stage, .view");
            }
            ("Enter", Some(field)) if e.target() == Some(field.clone().into()) => go.emit(field.value()),
            _ => {}
        })
    };
    let proposal = |text: &String| {
        let (go, condition) = (go.clone(), text.clone());
        html! { <button key={text.clone()} class="item" onclick={move |_: MouseEvent| go.emit(condition.clone())}><code>{ text }</code></button> }
    };
    html! {
        <div class="menu" {onkeydown}>
            <button class="btn opt opt2" aria-expanded={open.to_string()} onclick={set(!open).reform(|_: MouseEvent| ())} title={t("Run until a condition holds (R)")}><b>{ t("Until…") }</b></button>
            if open {
                <div class="pop until" role="group" aria-label={t("Run until")}>
                    <label>{ t("Run until") }<input ref={input} class="field" type="text" spellcheck="false" placeholder="leader(\"orders\", 0) == 2" /></label>
                    { for proposals(&props.frame.picture).iter().map(proposal) }
                    <p class="empty">{ t("Facts as lessons check them: isr, end, high_watermark, lag, state, acked, lost, running …") }</p>
                </div>
            }
        </div>
    }
}

/// Conditions that are not so now and may become so.
fn proposals(picture: &view::Picture) -> Vec<String> {
    let mut list = Vec::new();
    if let Some((topic, p)) = picture.topics.iter().find_map(|t| Some((&t.name, t.partitions.first()?))) {
        list.push(format!("leader(\"{}\", {}) != {}", topic, p.partition, p.leader));
        let mut isr = p.isr.clone();
        ordered::sort(&mut isr);
        list.push(format!("isr(\"{topic}\", {}) != {isr:?}", p.partition));
        list.push(format!("high_watermark(\"{}\", {}) >= {}", topic, p.partition, p.high_watermark + 10));
    }
    if let Some(g) = picture.groups.first() {
        let other = if g.state == "Stable" { "!=" } else { "==" };
        list.push(format!("state(\"{}\") {} \"Stable\"", g.group, other));
        list.push(format!("lag(\"{}\") == 0", g.group));
    }
    list.push("lost() > 0".to_owned());
    list
}
