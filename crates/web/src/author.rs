//! The author's page: a lesson file is written, pasted or opened here, its faults are told with line and column while it is
//! typed, and it is played in place of the run on the stage. Nothing in a file is run by the page: Markdown is parsed to
//! plain text and a few marks, and what an author may expect to work but does not is named.

use lessons::{Item, Lesson, LessonError};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::bridge::Bridge;
use crate::engine::Source;
use crate::files;
use crate::tell;
use crate::theme;
use crate::ui::{Act, Panel, UiHandle};
use crate::words::{self, plural, t};

/// What is written, between visits.
const KEY: &str = "kafkasim.draft";
/// What one begins with.
const TEMPLATE: &str = include_str!("template.md");
/// A little more than a lesson may have, so that the parser says what is too much.
const LETTERS_MAX: &str = "1100000";

#[derive(Properties, PartialEq)]
pub(crate) struct AuthorProps {
    pub(crate) ui: UiHandle,
    pub(crate) bridge: Bridge,
    /// A file that was opened.
    pub(crate) opened: Option<String>,
}

/// The page, if it is open.
#[component]
pub(crate) fn Author(props: &AuthorProps) -> Html {
    let text = use_state(|| theme::stored(KEY).unwrap_or_else(|| TEMPLATE.to_owned()));
    let field = use_node_ref();
    {
        let text = text.clone();
        use_effect_with(props.opened.clone(), move |opened| {
            if let Some(opened) = opened {
                text.set(opened.clone());
            }
        });
    }
    {
        let field = field.clone();
        use_effect_with(props.ui.author, move |open| {
            if let (true, Some(field)) = (*open, field.cast::<HtmlTextAreaElement>()) {
                // A browser puts the caret of a field at its end, which is not where one begins to read.
                let _ = field.set_selection_range(0, 0);
                let _ = field.focus();
            }
        });
    }
    if !props.ui.author {
        return html! { <div hidden=true></div> };
    }
    let oninput = {
        let text = text.clone();
        Callback::from(move |e: InputEvent| {
            let now = e.target_unchecked_into::<HtmlTextAreaElement>().value();
            theme::store(KEY, &now);
            text.set(now);
        })
    };
    let close = {
        let ui = props.ui.clone();
        Callback::from(move |()| ui.dispatch(Act::Author(false)))
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |e: KeyboardEvent| {
            if e.key() == "Escape" {
                e.stop_propagation();
                close.emit(());
            }
        })
    };
    let save = {
        let text = text.clone();
        Callback::from(move |_: MouseEvent| files::save("lesson.md", &text))
    };
    let parsed = Lesson::parse(&text);
    html! {
        <section class="author" role="dialog" aria-modal="true" aria-labelledby="author-title" {onkeydown}>
            <div class="row"><h2 id="author-title">{ t("Write a lesson") }</h2><span class="sp"></span>
                <button class="btn" onclick={|_: MouseEvent| files::open("lesson", ".md,text/markdown")}>{ t("Open a file…") }</button>
                <button class="btn" onclick={save}>{ t("Save as a file") }</button>
                { play(props, &text, parsed.is_ok()) }
                <button class="btn" onclick={close.reform(|_: MouseEvent| ())}>{ t("Close") }</button></div>
            <label class="draft"><span class="vh">{ t("The lesson file") }</span>
                <textarea ref={field.clone()} class="field" value={(*text).clone()} {oninput} maxlength={LETTERS_MAX} spellcheck="false" wrap="off" /></label>
            <div class="verdicts" tabindex="0" role="group" aria-label={t("What the file comes to")}>
                <div role="status">{ match &parsed { Ok(lesson) => outline(lesson), Err(error) => fault(&field, &text, error) } }</div>
                <ul>{ for warnings(&text).into_iter().map(|(line, what)| html! { <li key={line.to_string()} class="warn">{ tell!("Line {}: {}", line, t(what)) }</li> }) }</ul>
                <p class="empty">{ t("A lesson is Markdown with a scenario in front and blocks for commands, checks, predictions and hints. The same file is a test: kafkasim test plays it.") }</p>
            </div>
        </section>
    }
}

fn play(props: &AuthorProps, text: &str, is_good: bool) -> Html {
    let (ui, bridge, text) = (props.ui.clone(), props.bridge.clone(), text.to_owned());
    let onclick = Callback::from(move |_: MouseEvent| match bridge.load(&Source::LessonText(text.clone())) {
        Ok(()) => {
            ui.dispatch(Act::Author(false));
            ui.dispatch(Act::Panel(Panel::Lesson));
        }
        Err(why) => ui.dispatch(Act::Toast(Some(why))),
    });
    html! { <button class="btn primary" disabled={!is_good} {onclick}>{ t("Play it") }</button> }
}

/// What is wrong and where; a click goes there.
fn fault(field: &NodeRef, text: &str, error: &LessonError) -> Html {
    let (field, at) = (field.clone(), place(text, error.line, error.column));
    let go = Callback::from(move |_: MouseEvent| {
        if let Some(field) = field.cast::<HtmlTextAreaElement>() {
            let _ = field.focus();
            let _ = field.set_selection_range(at, at + 1);
        }
    });
    html! {
        <button class="act fault" onclick={go}><b>{ tell!("Line {}, column {}", error.line, error.column) }</b><span>{ words::retold(&error.message) }</span></button>
    }
}

/// A line and column as the browser counts letters.
fn place(text: &str, line: usize, column: usize) -> u32 {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1)).flat_map(str::chars);
    let inside =
        text.lines().nth(line.saturating_sub(1)).into_iter().flat_map(str::chars).take(column.saturating_sub(1));
    before.chain(inside).map(|c| c.len_utf16() as u32).sum()
}

fn outline(lesson: &Lesson) -> Html {
    let count = |is: fn(&Item) -> bool| lesson.steps.iter().flat_map(|s| &s.items).filter(|i| is(i)).count() as u64;
    html! {
        <>
            <p class="good">{ tell!("“{}” is whole: {}, {}, {}.", lesson.title, plural(lesson.steps.len() as u64, "{} step", "{} steps"),
                plural(count(|i| matches!(i, Item::Check(_))), "{} check", "{} checks"), plural(count(|i| matches!(i, Item::Predict(_))), "{} prediction", "{} predictions")) }</p>
            <ol>{ for lesson.steps.iter().enumerate().map(|(i, step)| html! { <li key={i}>{ &step.title }</li> }) }</ol>
        </>
    }
}

/// What is no fault, but does not do what its author may expect: (line, what).
fn warnings(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut is_code = false;
    for (n, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let is_tag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        if is_code || found.len() == 20 {
            continue;
        }
        if line.split("](").skip(1).any(|to| !to.starts_with("https://") && !to.starts_with("http://")) {
            found.push((n + 1, "only links to http:// and https:// work; this one stays text"));
        } else if line.split('<').skip(1).any(is_tag) && !line.contains('`') {
            found.push((n + 1, "HTML is left out: a lesson is plain Markdown"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_lesson() {
        let lesson = Lesson::parse(TEMPLATE).unwrap_or_else(|error| panic!("{error}"));
        assert!(lesson.steps.len() > 1);
        assert_eq!(warnings(TEMPLATE), []);
    }

    #[test]
    fn what_would_not_work_is_named_with_its_line() {
        let text = "a <b>\n[x](javascript:alert(1))\n```text\n<script>\n```\n[y](https://a.example) 1 < 2\n`<p>`\n";
        let lines: Vec<usize> = warnings(text).into_iter().map(|w| w.0).collect();
        assert_eq!(lines, [1, 2]);
    }

    #[test]
    fn a_place_counts_letters_as_the_browser_does() {
        assert_eq!(place("ab\nc𝄞d\n", 2, 3), 6);
        assert_eq!(place("ab", 9, 9), 2);
    }
}
