//! Parts of the state and of messages that most runs have not.

use std::hash::{Hash, Hasher};

/// Something that is there in few runs. It is hashed only where it is: the digests of all others are what they were before there was
/// such a thing, and links made then still open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seldom<T>(pub Option<T>);

impl<T> Default for Seldom<T> {
    fn default() -> Seldom<T> {
        Seldom(None)
    }
}

impl<T: Hash> Hash for Seldom<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|value| value.hash(state));
    }
}
