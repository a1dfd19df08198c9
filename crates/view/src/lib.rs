//! What the page, the CLI and lesson checks see: plain structs in Kafka's vocabulary, made by [`observe()`] from the
//! engine's own state. Nothing here acts on anything.

mod picture;
mod observe;
mod flights;
mod stir;
mod story;

pub use flights::flights;
pub use observe::{Lens, groups, observe, process_name};
pub use picture::*;
pub use stir::{Stir, glyph, is_told, stir};
pub use story::{Level, StoryLine, tell};
