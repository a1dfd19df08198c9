//! The stage: controllers in a strip, the network band, brokers with their replicas, producers left, consumers right
//! by group. Structure is DOM; what moves is the overlay's canvas.

mod broker;
mod clients;
mod controllers;
pub(crate) mod faults;
mod rows;
mod twin;

use std::rc::Rc;

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, HtmlElement};
use yew::prelude::*;

use crate::bridge::{Bridge, Frame, Motion};
use crate::dom;
use crate::format;
use crate::keys;
use crate::tell;
use crate::ui::{Act, Selection, UiHandle};
use crate::words::{plural, t};
use broker::Broker;
use clients::{Consumers, Producers};
use controllers::Controllers;
pub(crate) use twin::Twin;

/// Everything the stage shows.
#[derive(Properties, PartialEq)]
pub(crate) struct StageProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

/// The stage.
#[component]
pub(crate) fn Stage(props: &StageProps) -> Html {
    let (canvas, tip, root) = (use_node_ref(), use_node_ref(), use_node_ref());
    let picture = &props.frame.picture;
    let rows = rows::rows(picture, dom::width());
    let select = {
        let ui = props.ui.clone();
        Callback::from(move |s: Selection| ui.dispatch(Act::Select(Some(s))))
    };
    use_overlay(&props.bridge, &canvas, &tip, &root, select.clone());
    {
        let bridge = props.bridge.clone();
        let chosen = if let Some(Selection::Message(id)) = props.ui.selected { Some(id) } else { None };
        use_effect_with(chosen, move |chosen| bridge.with_overlay(|o| o.choose(*chosen)));
    }
    let onkeydown = keys::on_stage(&props.bridge, &props.ui, &root);
    let is_past = picture.now_ns + 1_000_000 < props.frame.head_ns && props.frame.motion == Motion::Paused;
    let internal = {
        let (bridge, on) = (props.bridge.clone(), !props.frame.shows_internal);
        Callback::from(move |_: MouseEvent| bridge.set_shows_internal(on))
    };
    let sheet = {
        let ui = props.ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Sheet(true)))
    };
    let selected = props.ui.selected.clone();
    // A big cluster takes the room of clients that are not there.
    let is_alone = picture.brokers.len() > 8 && picture.clients.is_empty() && picture.groups.is_empty();
    html! {
        <div ref={root} class={classes!("stage", is_past.then_some("past"), is_alone.then_some("alone"))} tabindex="0" role="group"
             aria-label={t("Cluster. Arrow keys move between its parts, Enter inspects, question mark lists the keys.")} {onkeydown}>
            <h2 class="vh">{ t("Cluster") }</h2>
            <p class="vh">{ summary(picture) }</p>
            <ul class="vh" aria-label={t("Faults")}>{ for faults::all(picture).into_iter().enumerate().map(|(i, line)| html! { <li key={i}>{ line }</li> }) }</ul>
            <Controllers picture={picture.clone()} selected={selected.clone()} select={select.clone()} />
            <div class="tools2">
                <button class="btn bare opt" aria-pressed={props.frame.shows_internal.to_string()} onclick={internal}
                        title={t("Show __consumer_offsets")}>{ t("internal") }</button>
                <button class="btn bare keys-here" onclick={sheet} title={t("Marks and keys")} aria-label={t("Marks and keys")}>{ "?" }</button>
            </div>
            <div class="band" aria-hidden="true"></div>
            <div class="side left"><span class="eyebrow" aria-hidden="true">{ t("Producers") }</span><Producers picture={picture.clone()} selected={selected.clone()} select={select.clone()} /><p class="empty" aria-hidden="true">{ t("none yet") }</p></div>
            <div class={classes!("brokers", (picture.brokers.len() > 8).then_some("many"))} role="list" aria-label={t("Brokers")}>
                { for picture.brokers.iter().map(|b| html! {
                    <Broker key={b.id} broker={Rc::new(b.clone())} rows={rows.clone()} now_ns={coarse(picture.now_ns)} trouble={faults::of_process(picture, &b.process)}
                            selected={selected.clone()} select={select.clone()} />
                }) }
            </div>
            <div class="side right"><span class="eyebrow" aria-hidden="true">{ t("Consumers") }</span><Consumers picture={picture.clone()} selected={selected} select={select} /><p class="empty" aria-hidden="true">{ t("none yet") }</p></div>
            <p class="pastnote" role="status"><b>{ if is_past { t("In the past") } else { "" } }</b>
                { if is_past { tell!("{} before the end of this branch. Acting here starts another.", format::span(props.frame.head_ns - picture.now_ns)) } else { String::new() } }</p>
            <div class="losses">{ faults::losses(&props.frame.detail.lost) }</div>
            <canvas ref={canvas} aria-hidden="true"></canvas>
            <div ref={tip} class="tip" hidden=true aria-hidden="true"></div>
        </div>
    }
}

/// Seconds are enough for "off 12 s"; finer would render every broker every time.
fn coarse(now_ns: u64) -> u64 {
    now_ns / 250_000_000 * 250_000_000
}

/// Three sentences for those who do not see the stage.
fn summary(picture: &view::Picture) -> String {
    let up = picture.brokers.iter().filter(|b| b.state == view::ProcessState::Running).count();
    let active = picture.controllers.iter().find(|c| c.is_active);
    let partitions: usize = picture.topics.iter().filter(|t| !t.is_internal).map(|t| t.partitions.len()).sum();
    tell!(
        "At {}, {} of {} run. {}. {} in {}; {} in flight.",
        format::clock(picture.now_ns),
        up,
        plural(picture.brokers.len() as u64, "{} broker", "{} brokers"),
        active.map_or(t("No controller is active").to_owned(), |c| tell!("Controller {} is active", c.id)),
        plural(partitions as u64, "{} partition", "{} partitions"),
        plural(picture.topics.iter().filter(|t| !t.is_internal).count() as u64, "{} topic", "{} topics"),
        plural(picture.flights.len() as u64, "{} message", "{} messages")
    )
}

/// Gives the canvas to the overlay, and keeps it told of size and pointer.
#[hook]
fn use_overlay(bridge: &Bridge, canvas: &NodeRef, tip: &NodeRef, root: &NodeRef, select: Callback<Selection>) {
    let (bridge, canvas, tip, root) = (bridge.clone(), canvas.clone(), tip.clone(), root.clone());
    use_effect_with((), move |()| {
        if let Some(element) = canvas.cast::<HtmlCanvasElement>() {
            bridge.with_overlay(|o| o.attach(element, tip.cast::<HtmlElement>()));
        }
        let mut listeners = Vec::new();
        if let Some(window) = dom::window() {
            let b = bridge.clone();
            listeners.push(EventListener::new(&window, "resize", move |_| b.with_overlay(|o| o.invalidate())));
        }
        if let Some(stage) = root.cast::<HtmlElement>() {
            let (b, s) = (bridge.clone(), stage.clone());
            listeners.push(EventListener::new(&stage, "pointermove", move |e| {
                if let Some(e) = e.dyn_ref::<web_sys::MouseEvent>() {
                    let r = s.get_bounding_client_rect();
                    let at = (f64::from(e.client_x()) - r.left(), f64::from(e.client_y()) - r.top());
                    b.with_overlay(|o| o.point(Some(at)));
                }
            }));
            let (b, s) = (bridge.clone(), stage.clone());
            listeners.push(EventListener::new(&stage, "click", move |e| {
                let Some(e) = e.dyn_ref::<web_sys::MouseEvent>() else { return };
                let is_part = |target: web_sys::EventTarget| {
                    target.dyn_into::<web_sys::Element>().is_ok_and(|e| e.closest("button").is_ok_and(|b| b.is_some()))
                };
                let r = s.get_bounding_client_rect();
                let at = (f64::from(e.client_x()) - r.left(), f64::from(e.client_y()) - r.top());
                if !e.target().is_some_and(is_part)
                    && let Some(id) = b.message_at(at)
                {
                    b.set_playing(false);
                    select.emit(Selection::Message(id));
                }
            }));
            let b = bridge.clone();
            listeners.push(EventListener::new(&stage, "pointerleave", move |_| b.with_overlay(|o| o.point(None))));
        }
        move || drop(listeners)
    });
}
