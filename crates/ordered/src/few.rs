//! [`Few`]: a list that mostly holds one thing, and has it without an allocation.

use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// A list. One thing stands in it, more stand on the heap.
#[derive(Clone, Debug, Default)]
pub enum Few<T> {
    /// Nothing.
    #[default]
    None,
    /// One.
    One(T),
    /// Any number; what held several stays so.
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// Nothing yet, with room for so many.
    pub fn with_capacity(count: usize) -> Few<T> {
        if count > 1 { Few::Many(Vec::with_capacity(count)) } else { Few::None }
    }
    /// Adds one at the end.
    pub fn push(&mut self, item: T) {
        /// The least room of what holds several: a second one is seldom the last.
        const ROOM: usize = 4;
        match self {
            Few::None => *self = Few::One(item),
            Few::One(_) => {
                let Few::One(first) = std::mem::replace(self, Few::Many(Vec::with_capacity(ROOM))) else { return };
                self.extend([first, item]);
            }
            Few::Many(items) => items.push(item),
        }
    }
    /// The last of them.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.as_mut_slice().last_mut()
    }
    /// All of them.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Few::None => &mut [],
            Few::One(item) => std::slice::from_mut(item),
            Few::Many(items) => items,
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(item) => std::slice::from_ref(item),
            Few::Many(items) => items,
        }
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        match self {
            Few::Many(known) => known.extend(items),
            Few::None | Few::One(_) => items.into_iter().for_each(|item| self.push(item)),
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Few<T> {
        let items = items.into_iter();
        let mut few = Few::with_capacity(items.size_hint().0);
        few.extend(items);
        few
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut items: Vec<T>) -> Few<T> {
        match items.len() {
            0 | 1 => items.pop().map_or(Few::None, Few::One),
            _ => Few::Many(items),
        }
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Few<T>) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

/// As a vector of the same things hashes.
impl<T: Hash> Hash for Few<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_vector_holds() {
        let mut few = Few::default();
        let mut many = Vec::new();
        for n in 0..6 {
            assert_eq!(*few, many);
            assert_eq!(few.last_mut().copied(), many.last().copied());
            assert_eq!(few, many.iter().copied().collect());
            assert_eq!(few, Few::from(many.clone()));
            few.push(n);
            many.push(n);
        }
        few.extend([7, 8]);
        few.as_mut_slice()[0] = 9;
        assert_eq!(*few, [9, 1, 2, 3, 4, 5, 7, 8]);
    }
}
