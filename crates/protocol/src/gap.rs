//! Marks for what is not modelled.

/// Says, at the place where it would be, that something Kafka does is not modelled: `gap!("what", "KIP-… or class")`.
/// It does nothing; the table of gaps in the documentation is generated from these marks.
#[macro_export]
macro_rules! gap {
    ($what:literal, $source:literal) => {};
}
