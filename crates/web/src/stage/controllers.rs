//! The controllers' strip.

use std::rc::Rc;

use view::{ControllerView, Picture, ProcessState};
use yew::prelude::*;

use crate::tell;
use crate::ui::Selection;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct ControllersProps {
    pub(crate) picture: Rc<Picture>,
    /// What it is compared with.
    #[prop_or_default]
    pub(crate) against: Option<Rc<Picture>>,
    pub(crate) selected: Option<Selection>,
    pub(crate) select: Callback<Selection>,
}

/// The strip.
#[component]
pub(crate) fn Controllers(props: &ControllersProps) -> Html {
    html! {
        <div class="strip" role="list" aria-label={t("Controllers")}>
            <span class="eyebrow" aria-hidden="true">{ t("Controllers") }</span>
            { for props.picture.controllers.iter().map(|c| pill(props, c)) }
        </div>
    }
}

fn pill(props: &ControllersProps, c: &ControllerView) -> Html {
    let me = Selection::Controller(c.id);
    let is_down = !matches!(c.state, ProcessState::Running | ProcessState::Paused);
    let class = classes!(
        "node",
        (c.is_active && !is_down).then_some("lead"),
        is_down.then_some("down"),
        (props.selected.as_ref() == Some(&me)).then_some("sel"),
        differs(props, c).then_some("differs"),
    );
    let select = props.select.reform(move |_: MouseEvent| me.clone());
    let role = match () {
        () if is_down => t("off").to_owned(),
        () if c.is_active => tell!("epoch {}", c.epoch),
        () if c.role == "Follower" => String::new(),
        () => c.role.to_ascii_lowercase(),
    };
    let crown = if c.is_active && !is_down { "♛ " } else { "" };
    let trouble = super::faults::of_process(&props.picture, &c.process);
    let sign = if trouble.is_empty() { "" } else { " ⚠" };
    html! {
        <span key={c.id} role="listitem">
            <button {class} data-node={c.process.clone()} data-kind="controller" data-nav="" tabindex="-1" onclick={select}
                    title={format!("{}{sign} {trouble}", tell!("Controller {}, {}, epoch {}", c.id, if is_down { t("off") } else { &c.role }, c.epoch))}>
                { crown }{ c.id }<small>{ role }{ sign }</small>
            </button>
        </span>
    }
}

fn differs(props: &ControllersProps, c: &ControllerView) -> bool {
    let facts = |c: &ControllerView| (c.state, c.role.clone(), c.epoch, c.is_active);
    let twin = |other: &Rc<Picture>| other.controllers.iter().find(|o| o.id == c.id).map(facts);
    props.against.as_ref().is_some_and(|other| twin(other) != Some(facts(c)))
}
