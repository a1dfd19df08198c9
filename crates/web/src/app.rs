//! The page's frame: header, lesson, stage, rail, timeline, terminals.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::announcer::Announcer;
use crate::author::Author;
use crate::bridge::{Bridge, Frame};
use crate::chart::Chart;
use crate::detail::Want;
use crate::files::{self, Opened};
use crate::inspector::Inspector;
use crate::lesson::{Lesson, LessonView};
use crate::options::Options;
use crate::parts::Parts;
use crate::sheet::Sheet;
use crate::stage::Stage;
use crate::story::Story;
use crate::tell;
use crate::terminal::Terminals;
use crate::timeline::Timeline;
use crate::ui::{Act, Panel, Rail, Ui, UiHandle, VIEWS, View};
use crate::views::{Branches, Flow, Groups, Logs, Metrics};
use crate::words::{self, plural, t};
use crate::{dom, engine, host, keys, motion, progress, theme};

/// The whole page.
#[component]
pub(crate) fn App() -> Html {
    let bridge = use_memo((), |()| {
        let options = Options::of_page();
        engine::open(&options).inspect(|bridge| host::install(bridge, &options))
    });
    let frame = use_state(|| None::<Rc<Frame>>);
    {
        let (bridge, frame) = (bridge.clone(), frame.clone());
        use_effect_with((), move |()| {
            if let Ok(bridge) = bridge.as_ref() {
                bridge.subscribe(Callback::from(move |next| frame.set(Some(next))));
            }
        });
    }
    match (bridge.as_ref(), frame.as_ref()) {
        (Ok(bridge), Some(frame)) => html! { <Page frame={frame.clone()} bridge={bridge.clone()} /> },
        (Ok(_), None) => html! { <div class="boot"><b>{ "kafkasim" }</b></div> },
        (Err(why), _) => {
            html! { <div class="boot" role="alert"><b>{ t("This run cannot be opened") }</b><span>{ why }</span><a href="./">{ t("Start afresh") }</a></div> }
        }
    }
}

#[derive(Properties, PartialEq)]
struct PageProps {
    frame: Rc<Frame>,
    bridge: Bridge,
}

#[component]
fn Page(props: &PageProps) -> Html {
    let ui = use_reducer(|| {
        let mut ui = Ui::new(theme::initial(), motion::initial());
        // The lanes of the timeline are open where they leave enough of the stage.
        ui.looks.lanes = theme::asks("(min-width: 1121px) and (min-height: 700px)");
        // A record that is sent is seen to arrive, where a consumer prints it.
        let is_consumer =
            |t: &&view::TerminalView| t.running.as_deref().is_some_and(|r| r.contains("console-consumer"));
        if let Some(consumer) = props.frame.picture.terminals.iter().filter(|t| t.id > 1).find(is_consumer) {
            ui.shown[1] = consumer.id;
        }
        if dom::width() < 640.0 {
            ui.looks.zoom = 0;
        }
        ui.view = Options::of_page().view.unwrap_or(ui.view);
        if theme::choice("panels", "").is_some_and(|panels| panels.contains("story")) {
            ui.rail = Rail::Story;
        }
        ui
    });
    let (frame, bridge) = (&props.frame, &props.bridge);
    {
        let bridge = bridge.clone();
        use_effect_with(ui.theme, move |theme| {
            theme::apply(theme);
            bridge.with_overlay(|o| o.invalidate());
        });
    }
    {
        let bridge = bridge.clone();
        use_effect_with(ui.is_still, move |is_still| {
            motion::apply(*is_still);
            bridge.with_overlay(|o| o.set_still(*is_still));
        });
    }
    {
        let bridge = bridge.clone();
        use_effect_with(Want::of(&ui), move |want| bridge.want(want.clone()));
    }
    {
        let bridge = bridge.clone();
        use_effect_with(frame.clone(), move |_| bridge.rendered());
    }
    use_theme_of_host(&ui);
    use_language(&ui, bridge);
    let opened = use_files(&ui);
    use_progress(frame.lesson.clone());
    use_toast(&ui, frame.message.clone());
    let parts = *use_memo((), |()| Parts::of_page());
    let tab = match ui.panel {
        Panel::Lesson => "lesson",
        Panel::Term => "term",
        Panel::Rail => "rail",
    };
    html! {
        <div key={ui.lang.clone()} class="app" data-tab={tab} onkeydown={keys::in_lists()}>
            if parts.header {
                { header(props, &ui) }
            }
            if parts.lesson {
                <aside class="zone lesson" aria-label={t("Lesson")} tabindex="0"><Lesson lesson={frame.lesson.clone()} is_locked={frame.is_locked} ui={ui.clone()} bridge={bridge.clone()} /></aside>
            }
            <main class="stage-zone">
                { view_tabs(&ui) }
                <div class="view-zone" role="tabpanel" aria-label={VIEWS.iter().find(|v| v.0 == ui.view).map_or("", |v| t(v.1))}>{ open_view(props, &ui) }</div>
            </main>
            if parts.timeline {
                <section class="time" aria-label={t("Timeline")}><Timeline frame={frame.clone()} ui={ui.clone()} bridge={bridge.clone()} /></section>
            }
            if parts.has_tabs() {
                <nav class="switch" role="tablist" aria-label={t("Panels")}>
                    { panel_tab(&ui, Panel::Lesson, "Lesson") }{ panel_tab(&ui, Panel::Term, "Terminal") }{ panel_tab(&ui, Panel::Rail, "Inspect") }
                </nav>
            }
            if parts.terminals {
                <section class="term" aria-label={t("Terminals")}><Terminals frame={frame.clone()} ui={ui.clone()} bridge={bridge.clone()} /></section>
            }
            if parts.rail {
                <aside class="zone rail" aria-label={t("Inspector and events")}>{ rail(props, &ui) }</aside>
            }
            <div class="toast" role="status" hidden={ui.toast.is_none()}>{ ui.toast.clone().unwrap_or_default() }</div>
            <Announcer frame={frame.clone()} />
            if ui.sheet {
                <Sheet ui={ui.clone()} />
            }
            if ui.was_author {
                <Author ui={ui.clone()} bridge={bridge.clone()} opened={(*opened).clone()} />
            }
        </div>
    }
}

/// The page around may choose the theme, as its own changes (`host.rs`).
#[hook]
fn use_theme_of_host(ui: &UiHandle) {
    let ui = ui.clone();
    use_effect_with((), move |()| {
        let listener = dom::window().map(|window| {
            EventListener::new(&window, theme::EVENT, move |event| {
                let asked = event.dyn_ref::<web_sys::CustomEvent>().and_then(|e| e.detail().as_string());
                let is_contrast = asked.as_deref() == Some("contrast");
                theme::mark("data-contrast", if is_contrast { "more" } else { "" });
                if !is_contrast {
                    ui.dispatch(Act::Theme(if asked.as_deref() == Some("light") { "light" } else { "dark" }));
                }
            })
        });
        move || drop(listener)
    });
}

fn header(props: &PageProps, ui: &UiHandle) -> Html {
    let (frame, picture) = (&props.frame, &props.frame.picture);
    let other = if ui.theme == "dark" { "light" } else { "dark" };
    let switch = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| {
            theme::remember(other);
            ui.dispatch(Act::Theme(other));
        })
    };
    let share = {
        let (ui, bridge) = (ui.clone(), props.bridge.clone());
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Toast(Some(share(&bridge.link())))))
    };
    html! {
        <header class="top">
            { keys::skip() }
            <span class="brand">
                <svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true"><g stroke="currentColor" stroke-width="2.500"><path d="M9 16l13-8M9 16l13 8" /></g><circle cx="9" cy="16" r="6" fill="#6fa8ff" /><circle cx="23" cy="7.500" r="5" fill="#E69F00" /><circle cx="23" cy="24.500" r="5" fill="#56B4E9" /></svg>
                { "kafkasim" }
            </span>
            <span class="chips opt">
                <span class="chip">{ format!("{} · {}", plural(picture.brokers.len() as u64, "{} broker", "{} brokers"), plural(picture.controllers.len() as u64, "{} controller", "{} controllers")) }</span>
                <span class="chip">{ "Kafka 4.4" }</span>
                <span class="chip">{ tell!("seed {}", frame.seed) }</span>
            </span>
            <span class="status opt">{ words::known(&frame.title) }</span>
            <span class="sp"></span>
            { language(ui) }
            <button class="btn" onclick={share} title={t("Copy a link that replays this run up to now")}>{ t("Share") }</button>
            <button class="btn icon" onclick={switch} aria-label={t("Light or dark theme")} title={t("Light or dark theme")}>{ "◐" }</button>
        </header>
    }
}

/// The choice of languages.
fn language(ui: &UiHandle) -> Html {
    let now = if ui.lang.is_empty() { words::spoken() } else { ui.lang.clone() };
    let onchange =
        Callback::from(|e: Event| words::speak(&e.target_unchecked_into::<web_sys::HtmlSelectElement>().value()));
    html! {
        <label><span class="vh">{ t("Language") }</span><select class="btn" {onchange}>
            { for words::languages().into_iter().map(|(code, name)| html! { <option key={code.clone()} value={code.clone()} selected={code == now} lang={code.clone()}>{ name }</option> }) }
        </select></label>
    }
}

/// Draws everything anew when the page speaks another language, and what nobody waits for when all of the engine is here.
#[hook]
fn use_language(ui: &UiHandle, bridge: &Bridge) {
    let (ui, bridge) = (ui.clone(), bridge.clone());
    use_effect_with((), move |()| {
        let listeners = dom::window().map(|window| {
            let whole = ui.clone();
            let speaks = EventListener::new(&window, "kafkasim:lang", move |_| {
                ui.dispatch(Act::Lang(words::begin()));
                bridge.speak();
            });
            (speaks, EventListener::new(&window, "kafkasim:whole", move |_| whole.dispatch(Act::Whole)))
        });
        move || drop(listeners)
    });
}

/// Takes in the files that are opened: a lesson goes to the author's page, progress to what is remembered.
#[hook]
fn use_files(ui: &UiHandle) -> UseStateHandle<Option<String>> {
    let opened = use_state(|| None::<String>);
    let (ui, set) = (ui.clone(), opened.setter());
    use_effect_with((), move |()| {
        let listener = files::listen(Callback::from(move |file: Opened| {
            let said = match (file.kind.as_str(), file.text) {
                (_, Err(bytes)) => Some(tell!("The file has {} bytes; that is too much", crate::format::count(bytes))),
                ("progress", Ok(text)) => Some(match progress::import(&text) {
                    Ok(n) => {
                        plural(n as u64, "Progress in {} lesson is taken in", "Progress in {} lessons is taken in")
                    }
                    Err(why) => tell!("This is no file of progress: {}", why),
                }),
                (_, Ok(text)) => {
                    set.set(Some(text));
                    None
                }
            };
            ui.dispatch(Act::Toast(said));
        }));
        move || drop(listener)
    });
    opened
}

/// Remembers how far the lesson is.
#[hook]
fn use_progress(lesson: Option<Rc<LessonView>>) {
    let key = lesson.as_ref().map(|l| (l.id.clone(), l.done.clone(), l.is_complete));
    use_effect_with(key, move |_| lesson.iter().for_each(|lesson| progress::note(lesson)));
}

/// Puts the run's link in the address bar and on the clipboard; what to say about it.
fn share(link: &str) -> String {
    let Some(location) = dom::window().map(|w| w.location()) else { return String::new() };
    let _ = location.set_hash(link);
    let whole = location.href().unwrap_or_default();
    dom::copy(&whole);
    match whole.len() {
        0..2_000 => t("Link copied: it replays this run up to now").to_owned(),
        n => tell!("Link copied ({} characters: some chat programs cut links that long)", n),
    }
}

fn view_tabs(ui: &UiHandle) -> Html {
    let tab = |(i, (view, name)): (usize, &(View, &'static str))| {
        let (to, of) = (ui.clone(), *view);
        let onclick = Callback::from(move |_: MouseEvent| to.dispatch(Act::View(of)));
        html! {
            <button key={*name} class="tab" role="tab" aria-selected={(ui.view == *view).to_string()} tabindex={keys::stop(ui.view == *view)} {onclick} title={format!("{} ({})", t(name), i + 1)}>
                <kbd aria-hidden="true">{ i + 1 }</kbd>{ t(name) }
            </button>
        }
    };
    let sheet = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Sheet(true)))
    };
    html! {
        <div class="tabs views">
            <div class="tablist" role="tablist" aria-label={t("Views")}>{ for VIEWS.iter().enumerate().map(tab) }</div>
            <button class="btn bare marks-keys" onclick={sheet} title={t("Marks and keys")} aria-label={t("Marks and keys")}>{ "?" }</button>
        </div>
    }
}

fn open_view(props: &PageProps, ui: &UiHandle) -> Html {
    let (frame, bridge, ui) = (props.frame.clone(), props.bridge.clone(), ui.clone());
    match ui.view {
        View::Cluster => html! { <Stage key="cluster" {frame} {ui} {bridge} /> },
        View::Log => html! { <Logs key="log" {frame} {ui} {bridge} /> },
        View::Flow => html! { <Flow key="flow" {frame} {ui} {bridge} /> },
        View::Groups => html! { <Groups key="groups" {frame} {ui} {bridge} /> },
        View::Metrics => html! { <Metrics key="metrics" {frame} {ui} {bridge} /> },
        View::Branches => html! { <Branches key="branches" {frame} {ui} {bridge} /> },
    }
}

fn panel_tab(ui: &UiHandle, panel: Panel, text: &'static str) -> Html {
    let onclick = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Panel(panel)))
    };
    html! { <button class="tab" role="tab" aria-selected={(ui.panel == panel).to_string()} tabindex={keys::stop(ui.panel == panel)} {onclick}>{ t(text) }</button> }
}

fn rail(props: &PageProps, ui: &UiHandle) -> Html {
    let tab = |rail: Rail, text: &'static str| {
        let onclick = {
            let ui = ui.clone();
            Callback::from(move |_: MouseEvent| ui.dispatch(Act::Rail(rail)))
        };
        html! { <button class="tab" role="tab" aria-selected={(ui.rail == rail).to_string()} tabindex={keys::stop(ui.rail == rail)} {onclick}>{ t(text) }</button> }
    };
    let (frame, bridge) = (props.frame.clone(), props.bridge.clone());
    let pane = match ui.rail {
        Rail::Inspector => html! { <Inspector key="inspector" {frame} ui={ui.clone()} {bridge} /> },
        Rail::Story => html! { <Story key="story" {frame} {bridge} /> },
    };
    html! {
        <>
            <div class="tabs" role="tablist" aria-label={t("Inspector or events")}>{ tab(Rail::Inspector, "Inspect") }{ tab(Rail::Story, "Events") }</div>
            { pane }
            <Chart rate={Rc::new(props.bridge.with_engine(engine::Engine::rate))} theme={ui.theme} panel={ui.panel} />
        </>
    }
}

/// Shows what the engine says, and lets it fade.
#[hook]
fn use_toast(ui: &UiHandle, message: Option<String>) {
    {
        let ui = ui.clone();
        use_effect_with(message, move |message| {
            if message.is_some() {
                ui.dispatch(Act::Toast(message.clone()));
            }
        });
    }
    let ui = ui.clone();
    use_effect_with(ui.toast.clone(), move |toast| {
        let timer = toast.is_some().then(|| Timeout::new(5_000, move || ui.dispatch(Act::Toast(None))));
        move || drop(timer)
    });
}
