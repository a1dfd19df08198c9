//! The views beside the stage. Each shows what the engine says of one matter, and leads to its moment.

mod branches;
mod flow;
mod groups;
mod log;
mod metrics;
mod why;

use std::rc::Rc;

use yew::prelude::*;

use crate::bridge::{Bridge, Frame};
use crate::keys;
use crate::ui::{Act, Looks, UiHandle};
use crate::words::t;

pub(crate) use branches::Branches;
pub(crate) use flow::{Flow, list as messages};
pub(crate) use groups::Groups;
pub(crate) use log::Logs;
pub(crate) use metrics::Metrics;
pub(crate) use why::chain;

/// What every view gets.
#[derive(Properties, PartialEq)]
pub(crate) struct ViewProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

impl ViewProps {
    /// A click that changes what the view shows.
    pub(crate) fn look(&self, change: impl Fn(&mut Looks) + 'static) -> Callback<MouseEvent> {
        let ui = self.ui.clone();
        Callback::from(move |_: MouseEvent| {
            let mut looks = ui.looks.clone();
            change(&mut looks);
            ui.dispatch(Act::Look(looks));
        })
    }

    /// A click that goes to a moment.
    pub(crate) fn seek(&self, at_ns: u64) -> Callback<MouseEvent> {
        let bridge = self.bridge.clone();
        Callback::from(move |_: MouseEvent| bridge.seek(at_ns))
    }
}

/// The frame of a view: it takes the keys of the stage.
#[derive(Properties, PartialEq)]
struct PaneProps {
    ui: UiHandle,
    bridge: Bridge,
    label: &'static str,
    class: &'static str,
    children: Html,
}

#[component]
fn Pane(props: &PaneProps) -> Html {
    let root = use_node_ref();
    let onkeydown = keys::on_stage(&props.bridge, &props.ui, &root);
    html! {
        <div ref={root} class={classes!("view", props.class)} tabindex="0" role="group" aria-label={props.label} {onkeydown}>
            { props.children.clone() }
        </div>
    }
}

/// A button that steps through a list: disabled at its ends.
fn stepper(text: &'static str, label: &'static str, on: bool, onclick: Callback<MouseEvent>) -> Html {
    html! { <button class="btn icon" aria-label={t(label)} title={t(label)} disabled={!on} {onclick}>{ text }</button> }
}
