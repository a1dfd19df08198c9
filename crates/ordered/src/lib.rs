//! Small ordered collections: maps and sets that are sorted vectors, a window of ascending numbers, lists that mostly
//! hold one thing, and sorts.
//!
//! They stand for `BTreeMap` and `BTreeSet`, whose every instance costs the page some ten kilobytes of code, where this
//! one costs about one. A lookup is a binary search; an insertion or removal moves what lies behind it, which for
//! the sizes here (up to some thousands of entries) is as quick as a tree. What grows to tens of thousands and loses
//! its first entries all the time belongs in a [`Window`].
//!
//! Iteration, equality, order and hashes are those of the standard maps, so digests do not tell them apart.

mod few;
mod room;
mod search;
mod shared;
mod map;
mod entry;
mod set;
mod sort;
mod spans;
mod window;
#[cfg(feature = "serde")]
mod json;

pub use entry::Entry;
pub use few::Few;
pub use map::{IntoIter, Iter, IterMut, SortedMap};
pub use room::Room;
pub use set::SortedSet;
pub use shared::Shared;
pub use sort::{sort, sort_by, sort_by_key};
pub use spans::Spans;
pub use window::Window;
