//! The lesson pane: text, commands to put into a terminal, predictions locked before time runs, goals with the moment
//! they were met. Without a lesson it is a guide to free play.

use std::rc::Rc;

use lessons::Block;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::bridge::Bridge;
use crate::files;
use crate::format;
use crate::markdown;
use crate::progress;
use crate::tell;
use crate::ui::{Act, UiHandle, View};
use crate::words::{self, known, t};

/// A step of a lesson as it stands.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct LessonView {
    pub(crate) id: String,
    pub(crate) title: String,
    /// Which step, and of how many.
    pub(crate) step: usize,
    pub(crate) steps: usize,
    pub(crate) step_title: String,
    pub(crate) parts: Vec<Part>,
    /// Steps with every goal met, from 1.
    pub(crate) done: Vec<usize>,
    /// Every goal of this step is met.
    pub(crate) is_done: bool,
    /// Every goal of the lesson is met.
    pub(crate) is_complete: bool,
    pub(crate) minutes: u32,
    pub(crate) leaves_out: String,
    pub(crate) next: Option<String>,
}

/// A part of a step, top to bottom.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Part {
    Text(Block),
    /// The terminal a command is for, its prompt, itself, and how long the lesson lets time run after it, ns; 0 for as long as
    /// it takes.
    Command(u32, &'static str, String, u64),
    Goals(Vec<Goal>),
    Bet(Bet),
    Hint(Vec<Block>),
    Stop(Vec<Block>),
}

/// Something that must become true.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Goal {
    pub(crate) text: String,
    pub(crate) state: GoalState,
}

/// How it stands.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum GoalState {
    Open,
    /// Met, at this moment of the run, ns.
    Met(u64),
    /// Broken, at this moment of the run, ns.
    Broken(u64),
    /// It cannot be told.
    Unclear(String),
}

/// A question.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Bet {
    /// Which of the step's questions.
    pub(crate) number: usize,
    pub(crate) question: String,
    pub(crate) choices: Vec<String>,
    /// The choice the reader locked.
    pub(crate) locked: Option<usize>,
    /// What the engine found, once the step is done.
    pub(crate) found: Option<Result<usize, String>>,
}

/// The choice that opens the author's page.
const WRITE: &str = "+";

#[derive(Properties, PartialEq)]
pub(crate) struct LessonProps {
    pub(crate) lesson: Option<Rc<LessonView>>,
    /// Whether the next step may not be turned to.
    pub(crate) is_locked: bool,
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
}

/// The pane.
#[component]
pub(crate) fn Lesson(props: &LessonProps) -> Html {
    let body = match &props.lesson {
        Some(lesson) => {
            html! { <div key={format!("{}-{}", lesson.id, lesson.step)} class="step">{ step(props, lesson) }</div> }
        }
        None => html! { <div key="free" class="step">{ guide(props) }</div> },
    };
    html! {
        <>
            { chooser(props) }
            { body }
            { errands(props) }
        </>
    }
}

fn chooser(props: &LessonProps) -> Html {
    let now = props.lesson.as_ref().map_or("", |l| l.id.as_str());
    let onchange = {
        let (bridge, ui, now) = (props.bridge.clone(), props.ui.clone(), now.to_owned());
        Callback::from(move |e: Event| {
            let select = e.target_unchecked_into::<HtmlSelectElement>();
            match select.value().as_str() {
                WRITE => {
                    select.set_value(&now);
                    ui.dispatch(Act::Author(true));
                }
                id => bridge.open_lesson(id),
            }
        })
    };
    let done = progress::all();
    let tick = |id: &str| if done.iter().any(|d| d.lesson == id && d.complete) { "✓ " } else { "" };
    let own = props.lesson.as_ref().filter(|l| !lessons::TITLES.iter().any(|(id, _)| *id == l.id));
    html! {
        <label class="choose"><span class="vh">{ t("Lesson") }</span>
            <select {onchange}>
                <option value="" selected={now.is_empty()}>{ t("Free play") }</option>
                { for lessons::TITLES.iter().map(|(id, title)| html! {
                    <option key={*id} value={*id} selected={*id == now}>{ format!("{}{}", tick(id), known(title)) }</option>
                }) }
                { for own.map(|l| html! { <option key="own" value={l.id.clone()} selected=true>{ &l.title }</option> }) }
                <option value={WRITE}>{ t("Write a lesson…") }</option>
            </select>
        </label>
    }
}

fn step(props: &LessonProps, lesson: &LessonView) -> Html {
    let go = |to: usize| {
        let bridge = props.bridge.clone();
        Callback::from(move |_: MouseEvent| bridge.lesson_step(to))
    };
    let (first, last) = (lesson.step == 0, lesson.step + 1 >= lesson.steps);
    let eyebrow = match lesson.minutes {
        0 => tell!("Step {} of {}", lesson.step + 1, lesson.steps),
        m => tell!("Step {} of {} · {} min", lesson.step + 1, lesson.steps, m),
    };
    let next = lesson.next.clone().filter(|_| last).map(|id| {
        let (bridge, id) = (props.bridge.clone(), id);
        let onclick = Callback::from(move |_: MouseEvent| bridge.open_lesson(&id));
        html! { <button class="btn primary" {onclick}>{ t("Next lesson") }</button> }
    });
    let forward = (!last && !props.is_locked).then(|| {
        let class = classes!("btn", lesson.is_done.then_some("primary"));
        html! { <button {class} onclick={go(lesson.step + 1)}>{ t("Next step") }</button> }
    });
    let done = if lesson.is_complete && last { t("Every goal of this lesson is met.") } else { "" };
    html! {
        <>
            <span class="eyebrow">{ eyebrow }</span>
            <h1>{ &lesson.step_title }</h1>
            { for lesson.parts.iter().enumerate().map(|(i, part)| html! { <div key={i} class="part">{ if let Part::Hint(blocks) = part { hint(props, lesson, i, blocks) } else { self::part(props, part) } }</div> }) }
            <p class="done" role="status">{ done }</p>
            <div class="row">
                <span hidden={first}><button class="btn" onclick={go(lesson.step.saturating_sub(1))}>{ t("Back") }</button></span>
                <span>{ forward }</span>
                <span>{ next }</span>
            </div>
            <p class="done" role="status">{ if props.is_locked { t("The next step is locked until your teacher opens it.") } else { "" } }</p>
            <p class="leaves">{ if lesson.leaves_out.is_empty() { String::new() } else { tell!("Left out: {}", lesson.leaves_out) } }</p>
        </>
    }
}

fn part(props: &LessonProps, part: &Part) -> Html {
    match part {
        Part::Text(block) => html! { <div class="md">{ markdown::block(block) }</div> },
        Part::Command(term, prompt, text, run_ns) => command(&props.ui, Some(*term), prompt, text, *run_ns),
        Part::Goals(goals) => {
            html! { <div class="card goals">{ for goals.iter().enumerate().map(|(i, g)| goal(props, i, g)) }</div> }
        }
        Part::Bet(bet) => self::bet(props, bet),
        Part::Hint(_) => Html::default(),
        Part::Stop(blocks) => {
            html! { <div class="card stop"><span class="eyebrow">{ t("Stop here") }</span><div class="md">{ for blocks.iter().map(markdown::block) }</div></div> }
        }
    }
}

/// A hint: it is offered once those before it were read.
fn hint(props: &LessonProps, lesson: &LessonView, at: usize, blocks: &[Block]) -> Html {
    let is_hint = |part: &&Part| matches!(part, Part::Hint(_));
    let (all, before) =
        (lesson.parts.iter().filter(is_hint).count(), lesson.parts[..at].iter().filter(is_hint).count());
    let read = props.ui.hints.get(&(lesson.id.clone(), lesson.step)).copied().unwrap_or(0);
    let name = tell!("Hint {} of {}", before + 1, all);
    let ask = {
        let (ui, id, step) = (props.ui.clone(), lesson.id.clone(), lesson.step);
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Hint(id.clone(), step)))
    };
    match before {
        n if n < read => {
            html! { <div class="card hint" role="status"><span class="eyebrow">{ name }</span><div class="md">{ for blocks.iter().map(markdown::block) }</div></div> }
        }
        n if n == read => html! { <button class="btn" onclick={ask}>{ name }</button> },
        _ => Html::default(),
    }
}

/// What is at the foot of every lesson.
fn errands(props: &LessonProps) -> Html {
    let help = {
        let (ui, bridge) = (props.ui.clone(), props.bridge.clone());
        Callback::from(move |_: MouseEvent| {
            crate::dom::copy(&bridge.help());
            ui.dispatch(Act::Toast(Some(
                t("Copied: your goals, your last commands, the cluster and a link").to_owned(),
            )));
        })
    };
    html! {
        <div class="row errands">
            <button class="link" onclick={help} title={t("Copies what somebody needs to help you")}>{ t("Copy state for help") }</button>
            <button class="link" onclick={|_: MouseEvent| files::save("kafkasim-progress.json", &progress::export())}>{ t("Save progress") }</button>
            <button class="link" onclick={|_: MouseEvent| files::open("progress", ".json,application/json")}>{ t("Load progress") }</button>
        </div>
    }
}

fn goal(props: &LessonProps, key: usize, goal: &Goal) -> Html {
    let (class, mark, word, at, link) = match &goal.state {
        GoalState::Open => ("goal", "○", "open", None, ""),
        GoalState::Met(at) => ("goal met", "●", "met", Some(*at), "see when"),
        GoalState::Broken(at) => ("goal broken", "✕", "broken", Some(*at), "see why"),
        // Mostly of something that is yet to come, such as a topic: the hint says what.
        GoalState::Unclear(_) => ("goal", "○", "open", None, ""),
    };
    let title = if let GoalState::Unclear(why) = &goal.state { words::retold(why) } else { String::new() };
    let onclick = {
        let bridge = props.bridge.clone();
        Callback::from(move |_: MouseEvent| bridge.seek(at.unwrap_or(0)))
    };
    html! {
        <div {key} {class} {title}>
            <i aria-hidden="true">{ mark }</i>
            <span>{ markdown::line(&goal.text) }<span class="vh">{ format!(" ({})", t(word)) }</span></span>
            <span><button class="link" hidden={at.is_none()} {onclick}>{ if link.is_empty() { "" } else { t(link) } }</button></span>
        </div>
    }
}

fn bet(props: &LessonProps, bet: &Bet) -> Html {
    let is_locked = bet.locked.is_some();
    // Who has not bet yet is not told.
    let found = bet.found.as_ref().filter(|_| is_locked).and_then(|f| f.as_ref().ok()).copied();
    let verdict = match (&bet.found, bet.locked) {
        (Some(Ok(right)), Some(choice)) if *right == choice => t("The engine agrees with you.").to_owned(),
        (Some(Ok(right)), Some(_)) => tell!("The engine found: “{}”", bet.choices[*right]),
        (Some(Err(why)), Some(_)) => words::retold(why),
        (_, Some(_)) => t("Locked. Let time run: the engine will answer.").to_owned(),
        (_, None) => t("Place your bet before time runs.").to_owned(),
    };
    let name = format!("bet-{}", bet.number);
    html! {
        <div class="card">
            <span class="eyebrow">{ t("Place your bet") }</span>
            <fieldset class="opts" disabled={is_locked}>
                <legend>{ markdown::line(&bet.question) }</legend>
                { for bet.choices.iter().enumerate().map(|(i, text)| {
                    let (bridge, number) = (props.bridge.clone(), bet.number);
                    let onchange = Callback::from(move |_: Event| bridge.bet(number, i));
                    let class = classes!(
                        (found == Some(i)).then_some("right"),
                        (found.is_some() && found != Some(i) && bet.locked == Some(i)).then_some("wrong"),
                    );
                    html! { <label key={i} {class}><input type="radio" name={name.clone()} checked={bet.locked == Some(i)} {onchange} /><span>{ markdown::line(text) }</span></label> }
                }) }
            </fieldset>
            <p class="verdict" role="status">{ markdown::line(&verdict) }</p>
        </div>
    }
}

fn command(ui: &UiHandle, term: Option<u32>, prompt: &'static str, text: &str, run_ns: u64) -> Html {
    let onclick = {
        let (ui, text) = (ui.clone(), text.to_owned());
        Callback::from(move |_: MouseEvent| {
            if let Some(term) = term {
                ui.dispatch(Act::ShowTerminal(term));
            }
            ui.dispatch(Act::Put(text.clone()));
        })
    };
    let to = term.map_or(t("put ↘").to_owned(), |n| format!("{n} ↘"));
    let lasts = (run_ns >= LASTS_NS).then(|| format::span(run_ns).replace(&format!("{}0 ", t(".")), " "));
    let title = match (term, &lasts) {
        (None, _) => t("Put into the terminal; Enter runs it").to_owned(),
        (Some(n), None) => tell!("Put into terminal {}; Enter runs it", n),
        (Some(n), Some(span)) => tell!("Put into terminal {}; Enter runs it, and {} pass", n, span),
    };
    html! { <button class="cmd" {onclick} {title}><span data-prompt={prompt}>{ markdown::command(text) }</span><em>{ to }{ lasts.map(|span| html! { <small>{ span }</small> }) }</em></button> }
}

/// What to do in free play: the whole story of a record and a failover by four buttons, and the same by hand.
fn guide(props: &LessonProps) -> Html {
    let act = |number: u32, name: &'static str, line: &'static str, text: &'static str, act: Callback<MouseEvent>| {
        html! {
            <div key={number} class="part"><button class="act" onclick={act}><span>{ format!("{number} · {}", t(name)) }</span><small>{ markdown::command(line) }</small></button>
                <p class="md">{ t(text) }</p></div>
        }
    };
    let run = |line: &'static str| {
        let (ui, bridge) = (props.ui.clone(), props.bridge.clone());
        Callback::from(move |_: MouseEvent| {
            ui.dispatch(Act::View(View::Cluster));
            bridge.command(1, line);
            bridge.set_playing(true);
        })
    };
    let on = |act: fn(&Bridge)| {
        let bridge = props.bridge.clone();
        Callback::from(move |_: MouseEvent| act(&bridge))
    };
    let command = |text: &str| command(&props.ui, None, "$", text, 0);
    html! {
        <>
            <span class="eyebrow">{ t("Free play") }</span>
            <h1>{ t("A live cluster. Send it a record, then break it.") }</h1>
            { act(1, "Send a record", SEND, "Follow the dot: to the leader, to both followers, to a consumer. Dashed is what not all have yet.", run(SEND)) }
            { act(2, "Kill the leader of orders-0", KILL, "Nobody notices at first: 9 s without a heartbeat pass quickly. Then another broker leads, in a new colour.", run(KILL)) }
            { act(3, "Go back to before it", t("or move the knob of the timeline"), "The future you leave is kept. Do something else, and it becomes a branch.", on(Bridge::before_command)) }
            { act(4, "See what comes next", t("or press > on the stage"), "Time runs to the next turn of events.", on(Bridge::next_interesting)) }
            { crate::keys::skip() }
            <div class="md"><p>{ tell!("Press Play and time runs {} times slower while something moves, and quickly while nothing does.", format::count(500)) }</p></div>
            <div class="md"><p><strong>{ t("By hand:") }</strong>{ " " }{ t("real commands, as Apache Kafka 4.4 has them. They go to a terminal; Enter runs them.") }</p></div>
            { command("kafka-topics --bootstrap-server :9092 --describe --topic orders") }
            { command("kafka-console-producer --bootstrap-server :9092 --topic orders") }
            { command("kafka-console-consumer --bootstrap-server :9092 --topic orders --group billing --from-beginning") }
        </>
    }
}

/// Spans from here on are told beside the command that they follow.
const LASTS_NS: u64 = 100_000_000;
/// The guide's first act.
const SEND: &str = "echo hello | kafka-console-producer --bootstrap-server :9092 --topic orders";
/// Its second.
const KILL: &str = "sim kill leader:orders-0";
