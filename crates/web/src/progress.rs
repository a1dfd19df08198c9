//! Which steps of which lessons a reader has done, between visits: in the browser's storage, if there is one, and as a file
//! that can be carried to another browser.

use serde::{Deserialize, Serialize};

use crate::lesson::LessonView;
use crate::theme;

const KEY: &str = "kafkasim.progress";

/// What was done of one lesson.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The lesson's id.
    pub(crate) lesson: String,
    /// Steps with every goal met, from 1.
    pub(crate) steps: Vec<usize>,
    /// Whether every goal of the lesson was met.
    pub(crate) complete: bool,
}

/// All of it.
pub(crate) fn all() -> Vec<Done> {
    theme::stored(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Notes how far a lesson is. What was done once stays done.
pub(crate) fn note(lesson: &LessonView) {
    let done = Done { lesson: lesson.id.clone(), steps: lesson.done.clone(), complete: lesson.is_complete };
    if !done.steps.is_empty() {
        keep(merged(all(), vec![done]));
    }
}

/// As a file.
pub(crate) fn export() -> String {
    serde_json::to_string_pretty(&all()).unwrap_or_default()
}

/// Adds what a file says. How many lessons it tells of, or why it is none.
pub(crate) fn import(text: &str) -> Result<usize, String> {
    let told: Vec<Done> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let count = told.len();
    keep(merged(all(), told));
    Ok(count)
}

fn keep(list: Vec<Done>) {
    if let Ok(text) = serde_json::to_string(&list) {
        theme::store(KEY, &text);
    }
}

fn merged(mut list: Vec<Done>, more: Vec<Done>) -> Vec<Done> {
    for done in more {
        match list.iter_mut().find(|known| known.lesson == done.lesson) {
            Some(known) => {
                known.steps.extend(done.steps);
                ordered::sort(&mut known.steps);
                known.steps.dedup();
                known.complete |= done.complete;
            }
            None => list.push(done),
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_once_stays_done() {
        let done = |steps: &[usize], complete| Done { lesson: "load".into(), steps: steps.to_vec(), complete };
        let list = merged(vec![done(&[1, 3], true)], vec![done(&[2, 3], false)]);
        assert_eq!(list, [done(&[1, 2, 3], true)]);
    }
}
