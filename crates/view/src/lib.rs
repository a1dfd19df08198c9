//! What the page, the CLI and lesson checks see: plain structs in Kafka's vocabulary, made by [`observe`] from the
//! engine's own state. Nothing here acts on anything.

mod picture;

pub use picture::*;
