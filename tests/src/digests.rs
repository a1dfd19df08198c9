//! Runs whose digests must be equal on every host: natively in debug and release builds, in Node, in a browser.

use std::fmt::Write as _;

use lab::{Lab, ReplayError, Saved};
use lessons::{BUNDLED, Lesson, play};

use crate::{engine, ring};

/// One run a line: its name and its digest. A lesson is played, and then its link is replayed.
pub fn digests() -> String {
    let mut text = String::new();
    for (name, digest) in simple() {
        let _ = writeln!(text, "{name} {digest:016x}");
    }
    for (id, source) in BUNDLED {
        let _ = writeln!(text, "lesson {id} {}", lesson(source));
    }
    text
}

fn simple() -> Vec<(String, u64)> {
    let rings = [3, 40].map(|nodes| (format!("ring of {nodes}"), ring::Ring::new(nodes).digest_after(20)));
    let clusters = [(1, 1), (3, 3)].map(|(brokers, controllers)| {
        (format!("{brokers} idle brokers, {controllers} controllers"), engine::idle_digest(brokers, controllers))
    });
    rings.into_iter().chain(clusters).collect()
}

/// The digest after the lesson, and after a replay of its link. A lesson that fails still ends somewhere.
fn lesson(source: &str) -> String {
    let lesson = match Lesson::parse(source) {
        Ok(lesson) => lesson,
        Err(error) => return error.to_string(),
    };
    let lab = match play(&lesson, |_, _| ()) {
        Ok(outcome) => outcome.lab,
        Err(failure) => match failure.lab {
            Some(lab) => *lab,
            None => return failure.message,
        },
    };
    format!("{:016x} {}", lab.digest(), replayed(&lab))
}

fn replayed(lab: &Lab) -> String {
    let saved = match Saved::unpack(&lab.link()) {
        Ok(saved) => saved,
        Err(error) => return error.to_string(),
    };
    match Lab::replay(&saved) {
        Ok(lab) => format!("{:016x}", lab.digest()),
        Err(ReplayError::Digest { got, .. }) => format!("{got}, which differs"),
        Err(error) => error.to_string(),
    }
}
