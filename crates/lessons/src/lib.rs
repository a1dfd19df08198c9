//! Lessons: Markdown files with front matter and fenced blocks, which are text for a reader, a script for a terminal
//! and a test for CI at once. The page and `kafkasim test` play the same file with the same player.

mod bundled;
mod front;
mod lesson;
mod markdown;
mod inline;
#[cfg(test)]
mod commonmark;
mod play;
mod progress;

pub use bundled::{BUNDLED, TITLES, TRANSLATED, bundled, bundled_in};
pub use lesson::{Check, Console, ConsoleLine, Item, Lesson, LessonError, Predict, Step};
pub use markdown::{Block, Inline};
pub use play::{Failure, Outcome, play};
pub use progress::{CheckState, Progress};
