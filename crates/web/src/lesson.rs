//! The lesson pane: text, commands to put into a terminal, predictions locked before time runs, goals with the moment
//! they were met. Without a lesson it is a guide to free play.

use std::rc::Rc;

use lessons::Block;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::bridge::Bridge;
use crate::format;
use crate::markdown;
use crate::ui::{Act, UiHandle};

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
    /// A command and the terminal it is for.
    Command(u32, String),
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

#[derive(Properties, PartialEq)]
pub(crate) struct LessonProps {
    pub(crate) lesson: Option<Rc<LessonView>>,
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
        </>
    }
}

fn chooser(props: &LessonProps) -> Html {
    let now = props.lesson.as_ref().map_or("", |l| l.id.as_str());
    let onchange = {
        let bridge = props.bridge.clone();
        Callback::from(move |e: Event| bridge.open_lesson(&e.target_unchecked_into::<HtmlSelectElement>().value()))
    };
    html! {
        <label class="choose"><span class="vh">{ "Lesson" }</span>
            <select {onchange}>
                <option value="" selected={now.is_empty()}>{ "Free play" }</option>
                { for crate::engine::lessons().into_iter().map(|(id, title)| html! {
                    <option key={id.clone()} value={id.clone()} selected={id == now}>{ title }</option>
                }) }
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
        0 => format!("Step {} of {}", lesson.step + 1, lesson.steps),
        m => format!("Step {} of {} · {m} min", lesson.step + 1, lesson.steps),
    };
    let next = lesson.next.clone().filter(|_| last).map(|id| {
        let (bridge, id) = (props.bridge.clone(), id);
        let onclick = Callback::from(move |_: MouseEvent| bridge.open_lesson(&id));
        html! { <button class="btn primary" {onclick}>{ "Next lesson" }</button> }
    });
    let forward = (!last).then(|| {
        let class = classes!("btn", lesson.is_done.then_some("primary"));
        html! { <button {class} onclick={go(lesson.step + 1)}>{ "Next step" }</button> }
    });
    let done = if lesson.is_complete && last { "Every goal of this lesson is met." } else { "" };
    html! {
        <>
            <span class="eyebrow">{ eyebrow }</span>
            <h1>{ &lesson.step_title }</h1>
            { for lesson.parts.iter().enumerate().map(|(i, part)| html! { <div key={i} class="part">{ self::part(props, part) }</div> }) }
            <p class="done" role="status">{ done }</p>
            <div class="row">
                <span hidden={first}><button class="btn" onclick={go(lesson.step.saturating_sub(1))}>{ "Back" }</button></span>
                <span>{ forward }</span>
                <span>{ next }</span>
            </div>
            <p class="leaves">{ if lesson.leaves_out.is_empty() { String::new() } else { format!("Left out: {}", lesson.leaves_out) } }</p>
        </>
    }
}

fn part(props: &LessonProps, part: &Part) -> Html {
    match part {
        Part::Text(block) => html! { <div class="md">{ markdown::block(block) }</div> },
        Part::Command(term, text) => command(&props.ui, Some(*term), text),
        Part::Goals(goals) => {
            html! { <div class="card goals">{ for goals.iter().enumerate().map(|(i, g)| goal(props, i, g)) }</div> }
        }
        Part::Bet(bet) => self::bet(props, bet),
        Part::Hint(blocks) => {
            html! { <details class="card"><summary>{ "Hint" }</summary><div class="md">{ for blocks.iter().map(markdown::block) }</div></details> }
        }
        Part::Stop(blocks) => {
            html! { <div class="card stop"><span class="eyebrow">{ "Stop here" }</span><div class="md">{ for blocks.iter().map(markdown::block) }</div></div> }
        }
    }
}

fn goal(props: &LessonProps, key: usize, goal: &Goal) -> Html {
    let (class, mark, word, at, link) = match &goal.state {
        GoalState::Open => ("goal", "○", "open", None, ""),
        GoalState::Met(at) => ("goal met", "●", "met", Some(*at), "see when"),
        GoalState::Broken(at) => ("goal broken", "✕", "broken", Some(*at), "see why"),
        GoalState::Unclear(_) => ("goal broken", "?", "unclear", None, ""),
    };
    let title = if let GoalState::Unclear(why) = &goal.state { why.clone() } else { String::new() };
    let onclick = {
        let bridge = props.bridge.clone();
        Callback::from(move |_: MouseEvent| bridge.seek(at.unwrap_or(0)))
    };
    html! {
        <div {key} {class} {title}>
            <i aria-hidden="true">{ mark }</i>
            <span>{ &goal.text }<span class="vh">{ format!(" ({word})") }</span></span>
            <span><button class="link" hidden={at.is_none()} {onclick}>{ link }</button></span>
        </div>
    }
}

fn bet(props: &LessonProps, bet: &Bet) -> Html {
    let is_locked = bet.locked.is_some();
    let found = bet.found.as_ref().and_then(|f| f.as_ref().ok()).copied();
    let verdict = match (&bet.found, bet.locked) {
        (Some(Ok(right)), Some(choice)) if *right == choice => "The engine agrees with you.".to_owned(),
        (Some(Ok(right)), Some(_)) => format!("The engine found: {}", bet.choices[*right]),
        (Some(Err(why)), Some(_)) => why.clone(),
        (_, Some(_)) => "Locked. Let time run: the engine will answer.".to_owned(),
        (_, None) => "Place your bet before time runs.".to_owned(),
    };
    let name = format!("bet-{}", bet.number);
    html! {
        <div class="card">
            <span class="eyebrow">{ "Place your bet" }</span>
            <fieldset class="opts" disabled={is_locked}>
                <legend>{ &bet.question }</legend>
                { for bet.choices.iter().enumerate().map(|(i, text)| {
                    let (bridge, number) = (props.bridge.clone(), bet.number);
                    let onchange = Callback::from(move |_: Event| bridge.bet(number, i));
                    let class = classes!(
                        (found == Some(i)).then_some("right"),
                        (found.is_some() && found != Some(i) && bet.locked == Some(i)).then_some("wrong"),
                    );
                    html! { <label key={i} {class}><input type="radio" name={name.clone()} checked={bet.locked == Some(i)} {onchange} /><span>{ text }</span></label> }
                }) }
            </fieldset>
            <p class="verdict" role="status">{ verdict }</p>
        </div>
    }
}

fn command(ui: &UiHandle, term: Option<u32>, text: &str) -> Html {
    let onclick = {
        let (ui, text) = (ui.clone(), text.to_owned());
        Callback::from(move |_: MouseEvent| {
            if let Some(term) = term {
                ui.dispatch(Act::ShowTerminal(term));
            }
            ui.dispatch(Act::Put(text.clone()));
        })
    };
    let to = term.map_or("put ↘".to_owned(), |t| format!("{t} ↘"));
    let title = term
        .map_or("Put into the terminal; Enter runs it".to_owned(), |t| format!("Put into terminal {t}; Enter runs it"));
    html! { <button class="cmd" {onclick} {title}><span>{ text.to_owned() }</span><em>{ to }</em></button> }
}

/// What to do in free play.
fn guide(props: &LessonProps) -> Html {
    let command = |text: &str| command(&props.ui, None, text);
    html! {
        <>
            <span class="eyebrow">{ "Free play" }</span>
            <h1>{ "A live cluster. Send it a record, then break it." }</h1>
            <div class="md"><p>{ "Brokers and controllers speak Apache Kafka 4.4's protocol in this page. Press " }<strong>{ "Play" }</strong>
                { format!(": time runs {} slower while something moves, and quickly while nothing does.", format::count(500)) }</p></div>
            <div class="md"><p><strong>{ "Look" }</strong>{ " at it the way a tool does:" }</p></div>
            { command("kafka-topics --bootstrap-server :9092 --describe --topic orders") }
            <div class="md"><p><strong>{ "Write. " }</strong>{ "What you type goes to the program; Ctrl-C ends it:" }</p></div>
            { command("kafka-console-producer --bootstrap-server :9092 --topic orders") }
            <div class="md"><p><strong>{ "Read" }</strong>{ " in another terminal, as a member of a group:" }</p></div>
            { command("kafka-console-consumer --bootstrap-server :9092 --topic orders --group billing --from-beginning") }
            <div class="md"><p><strong>{ "Break" }</strong>{ " it, and watch who notices when:" }</p></div>
            { command("sim kill broker 1") }
            <div class="md"><p>{ "Trying costs nothing. Step back, act again: the other future is kept as a branch." }</p></div>
        </>
    }
}
