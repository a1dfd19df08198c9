//! Terminals: what programs print, and a prompt with history and completion. Lines typed here are the same commands
//! that buttons and lessons issue.

use std::rc::Rc;

use view::TerminalView;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::bridge::{Bridge, Frame, Motion};
use crate::keys;
use crate::output::{Names, line};
use crate::tell;
use crate::ui::{Act, UiHandle};
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct TerminalsProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

/// Two terminals side by side, tabs for all.
#[component]
pub(crate) fn Terminals(props: &TerminalsProps) -> Html {
    let ui = &props.ui;
    let views = &props.frame.picture.terminals;
    let last = views.iter().map(|t| t.id).max().unwrap_or(0).max(ui.terminals);
    let names = props.ui.is_whole.then(|| Rc::new(Names::of(&props.frame.picture)));
    let open = {
        let (ui, next) = (ui.clone(), last + 1);
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::ShowTerminal(next)))
    };
    html! {
        <>
            <div class="tabs">
                <div class="tablist" role="tablist" aria-label={t("Terminals")}>{ for (1..=last).map(|id| tab(ui, views, id)) }</div>
                <button class="tab" onclick={open} aria-label={t("Open another terminal")} title={t("Open another terminal")}>{ "+" }</button>
            </div>
            <div class="screens">
                { for ui.shown.iter().map(|id| html! {
                    <Screen key={*id} id={*id} view={views.iter().find(|t| t.id == *id).cloned().map(Rc::new)}
                            stands={props.frame.motion == Motion::Paused} names={names.clone()} ui={ui.clone()} bridge={props.bridge.clone()} />
                }) }
            </div>
        </>
    }
}

fn tab(ui: &UiHandle, views: &[TerminalView], id: u32) -> Html {
    let running = views.iter().find(|t| t.id == id).and_then(|t| t.running.clone());
    let tool = running.as_deref().and_then(|r| r.split_whitespace().next()).unwrap_or("");
    let tool = tool.trim_start_matches("kafka-");
    let onclick = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::ShowTerminal(id)))
    };
    html! {
        <button key={id} class="tab" role="tab" aria-selected={(ui.active == id).to_string()} tabindex={keys::stop(ui.active == id)} {onclick} title={running.clone()}>
            { tell!("terminal {}", id) }<span>{ if tool.is_empty() { String::new() } else { format!(" · {tool}") } }</span>
        </button>
    }
}

#[derive(Properties, PartialEq)]
struct ScreenProps {
    id: u32,
    view: Option<Rc<TerminalView>>,
    /// Whether time stands still.
    stands: bool,
    /// What is there to be named in its output, once it is looked for.
    names: Option<Rc<Names>>,
    ui: UiHandle,
    bridge: Bridge,
}

#[component]
fn Screen(props: &ScreenProps) -> Html {
    let (id, ui) = (props.id, &props.ui);
    let (out, input) = (use_node_ref(), use_node_ref());
    let recalled = use_state(|| 0usize);
    let hint = use_state(String::new);
    let lines = props.view.as_ref().map_or(&[][..], |v| &v.lines[..]);
    let names = props.names.as_deref();
    let first = props.view.as_ref().map_or(0, |v| v.first);
    let running = props.view.as_ref().and_then(|v| v.running.clone());
    use_follow_output(&out, lines.len(), lines.last().map_or(0, |l| l.at_ns));
    use_focus(&input, ui.focus_prompt, ui.active == id);

    let draft = ui.drafts.get(&id).cloned().unwrap_or_default();
    let oninput = {
        let (ui, hint) = (ui.clone(), hint.clone());
        Callback::from(move |e: InputEvent| {
            hint.set(String::new());
            ui.dispatch(Act::Draft(id, e.target_unchecked_into::<HtmlInputElement>().value()));
        })
    };
    let onkeydown = {
        let (ui, bridge, hint, recalled) = (ui.clone(), props.bridge.clone(), hint.clone(), recalled.clone());
        let history: Vec<String> =
            lines.iter().filter(|l| l.kind == "command").map(|l| l.text.trim_start_matches("$ ").to_owned()).collect();
        Callback::from(move |e: KeyboardEvent| {
            let input = e.target_unchecked_into::<HtmlInputElement>();
            let text = input.value();
            let set = |text: String| ui.dispatch(Act::Draft(id, text));
            match e.key().as_str() {
                "Enter" => {
                    bridge.enter(id, &text);
                    set(String::new());
                    recalled.set(0);
                    hint.set(String::new());
                }
                "ArrowUp" | "ArrowDown" => {
                    e.prevent_default();
                    let n = if e.key() == "ArrowUp" {
                        (*recalled + 1).min(history.len())
                    } else {
                        recalled.saturating_sub(1)
                    };
                    recalled.set(n);
                    set(if n == 0 { String::new() } else { history[history.len() - n].clone() });
                }
                "Tab" if !e.shift_key() && !text.trim().is_empty() => {
                    let found = bridge.complete(&text);
                    if !found.is_empty() {
                        e.prevent_default();
                        set(completed(&text, &found));
                        hint.set(if found.len() > 1 { found.join("  ") } else { String::new() });
                    }
                }
                "c" if e.ctrl_key()
                    && input.selection_start().ok().flatten() == input.selection_end().ok().flatten() =>
                {
                    e.prevent_default();
                    bridge.command(id, "^C");
                    set(String::new());
                }
                "d" if e.ctrl_key() && text.is_empty() => {
                    e.prevent_default();
                    bridge.command(id, "^D");
                }
                "Escape" => {
                    let _ = input.blur();
                }
                _ => {}
            }
        })
    };
    let onfocus = {
        let ui = ui.clone();
        Callback::from(move |_: FocusEvent| {
            if ui.active != id {
                ui.dispatch(Act::Activate(id));
            }
        })
    };
    let prompt = if running.is_some() { ">" } else { "$" };
    let placeholder = match (&running, lines.is_empty()) {
        (Some(_), _) if props.stands => t("time stands still: Play lets the program run"),
        (Some(_), _) if props.view.as_ref().is_some_and(|v| v.is_read) => t("goes to the program; Ctrl-C ends it"),
        (Some(_), _) => t("a program runs here: Ctrl-C ends it"),
        (None, true) => "kafka-topics --bootstrap-server :9092 --list",
        (None, false) => "",
    };
    html! {
        <div class={classes!("screen", (ui.active == id).then_some("on"))}>
            <div ref={out.clone()} class="scroll" role="log" aria-live="off" aria-label={tell!("Output of terminal {}", id)} tabindex="0" onkeydown={keys::in_output(&out)}>
                { for lines.iter().enumerate().map(|(i, l)| line(ui, names, first + i as u64, l)) }
            </div>
            <label class="prompt">
                <span aria-hidden="true">{ prompt }</span>
                <input ref={input} type="text" value={draft} {oninput} {onkeydown} {onfocus} {placeholder}
                       aria-label={tell!("Command for terminal {}", id)} autocomplete="off" autocapitalize="off" spellcheck="false" />
                <span class="hint">{ (*hint).clone() }</span>
            </label>
        </div>
    }
}

/// The text with its last word replaced by what all candidates share; a sole candidate is followed by a space.
fn completed(text: &str, found: &[String]) -> String {
    let stem = &text[..text.rfind(char::is_whitespace).map_or(0, |i| i + 1)];
    let Some(first) = found.first() else { return text.to_owned() };
    let mut shared = first.as_str();
    for other in &found[1..] {
        let n = shared.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        shared = &shared[..n];
    }
    format!("{stem}{shared}{}", if found.len() == 1 { " " } else { "" })
}

/// Keeps the end of the output in view.
#[hook]
fn use_follow_output(out: &NodeRef, len: usize, last_ns: u64) {
    let out = out.clone();
    use_effect_with((len, last_ns), move |_| {
        if let Some(element) = out.cast::<HtmlElement>() {
            element.set_scroll_top(element.scroll_height());
        }
    });
}

/// Focuses the prompt when something asked for it.
#[hook]
fn use_focus(input: &NodeRef, asked: u32, is_active: bool) {
    let input = input.clone();
    use_effect_with(asked, move |asked| {
        if *asked > 0
            && is_active
            && let Some(element) = input.cast::<HtmlElement>()
        {
            let _ = element.focus();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn completion_goes_as_far_as_the_candidates_agree() {
        let two = ["--bootstrap-server".to_owned(), "--bootstrap-controller".to_owned()];
        assert_eq!(completed("kafka-topics --boo", &two), "kafka-topics --bootstrap-");
        assert_eq!(completed("kafka-top", &["kafka-topics".to_owned()]), "kafka-topics ");
    }
}
