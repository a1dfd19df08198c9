//! A button with a list of acts.

use yew::prelude::*;

use crate::dom::focus_in;

/// One act.
#[derive(Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) text: String,
    pub(crate) small: String,
    pub(crate) is_checked: bool,
    pub(crate) act: Callback<()>,
}

#[derive(Properties, PartialEq)]
pub(crate) struct MenuProps {
    pub(crate) label: AttrValue,
    pub(crate) title: AttrValue,
    /// Asked for the list when it is open.
    pub(crate) items: Callback<(), Vec<Item>>,
    #[prop_or_default]
    pub(crate) class: Classes,
}

/// The button and, when open, its list, which has the focus then. Escape and leaving close it.
#[component]
pub(crate) fn Menu(props: &MenuProps) -> Html {
    let (open, root) = (use_state(|| false), use_node_ref());
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    {
        let root = root.clone();
        use_effect_with(*open, move |is_open| {
            if *is_open {
                focus_in(&root, ".item");
            }
        });
    }
    let onkeydown = {
        let (open, root) = (open.clone(), root.clone());
        Callback::from(move |e: KeyboardEvent| {
            if e.key() == "Escape" && *open {
                e.stop_propagation();
                focus_in(&root, ".btn");
                open.set(false);
            }
        })
    };
    let onfocusout = {
        let (open, root) = (open.clone(), root.clone());
        Callback::from(move |e: FocusEvent| {
            let to = e.related_target().and_then(|t| wasm_bindgen::JsCast::dyn_into::<web_sys::Node>(t).ok());
            let inside = root.cast::<web_sys::Node>().is_some_and(|r| r.contains(to.as_ref()));
            if !inside {
                open.set(false);
            }
        })
    };
    let list = if *open { items(props, &open, &root) } else { Html::default() };
    html! {
        <div ref={root} class={classes!("menu", props.class.clone())} {onkeydown} {onfocusout}>
            <button class="btn" aria-haspopup="menu" aria-expanded={open.to_string()} title={props.title.clone()} onclick={toggle}>
                <b>{ &props.label }</b><span aria-hidden="true">{ "▾" }</span>
            </button>
            <div hidden={!*open} class="pop" role="menu" aria-label={props.title.clone()}>{ list }</div>
        </div>
    }
}

fn items(props: &MenuProps, open: &UseStateHandle<bool>, root: &NodeRef) -> Html {
    let list = props.items.emit(());
    list.into_iter()
        .enumerate()
        .map(|(i, item)| {
            let (act, open, root) = (item.act, open.clone(), root.clone());
            let onclick = Callback::from(move |_: MouseEvent| {
                // What is hidden would lose the focus; what the act opens may take it.
                focus_in(&root, ".btn");
                open.set(false);
                act.emit(());
            });
            html! {
                <button key={i} class="item" role="menuitemradio" aria-checked={item.is_checked.to_string()} {onclick}>
                    <span>{ item.text }</span><small aria-hidden="true">{ item.small }</small>
                </button>
            }
        })
        .collect()
}
