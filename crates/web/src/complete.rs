//! Completion: the shell's own, and the `sim` verbs with what they act on.

use lab::{Lab, verbs};
use shell::CompletionContext;

/// Candidates offered at most.
const MAX: usize = 12;

/// What the last word of `text` may become.
pub(crate) fn candidates(lab: &Lab, text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_new_word = text.ends_with(char::is_whitespace);
    let last = if is_new_word { "" } else { words.last().copied().unwrap_or("") };
    let mut found = match (words.as_slice(), is_new_word) {
        (["sim", before @ ..], true) | (["sim", before @ .., _], false) => verbs::complete(lab, before),
        _ => shell::complete(text, text.len(), &context(lab)),
    };
    if words.len() <= 1 && !is_new_word {
        found.push("sim".to_owned());
    }
    found.retain(|c| c.starts_with(last) && c != last);
    found.truncate(MAX);
    found
}

fn context(lab: &Lab) -> CompletionContext {
    let image = lab::replicas::image(lab.world(), lab.layout());
    CompletionContext {
        topics: image.map_or(Vec::new(), |i| i.by_name.keys().map(ToString::to_string).collect()),
        groups: view::groups(lab).into_iter().map(|g| g.group).collect(),
        brokers: vec![":9092".to_owned(), "localhost:9092".to_owned()],
        ..CompletionContext::with_files(&lab.files())
    }
}
