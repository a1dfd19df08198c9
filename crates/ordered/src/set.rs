//! [`SortedSet`]: one sorted vector.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeBounds;
use std::{slice, vec};

use crate::search::{between, find};

/// An ordered set with the methods of `BTreeSet` that are used here, and their meaning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortedSet<K>(Vec<K>);

impl<K> SortedSet<K> {
    /// An empty set.
    pub const fn new() -> SortedSet<K> {
        SortedSet(Vec::new())
    }
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Removes every element.
    pub fn clear(&mut self) {
        self.0.clear();
    }
    /// The elements in order.
    pub fn iter(&self) -> slice::Iter<'_, K> {
        self.0.iter()
    }
    /// The least element.
    pub fn first(&self) -> Option<&K> {
        self.0.first()
    }
    /// The greatest element.
    pub fn last(&self) -> Option<&K> {
        self.0.last()
    }
    /// Takes out the least element. What is behind it moves: not for long queues.
    pub fn pop_first(&mut self) -> Option<K> {
        if self.is_empty() { None } else { Some(self.0.remove(0)) }
    }
    /// Takes out the greatest element.
    pub fn pop_last(&mut self) -> Option<K> {
        self.0.pop()
    }
    /// Keeps the elements for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&K) -> bool) {
        self.0.retain(keep);
    }
}

impl<K: Ord> SortedSet<K> {
    /// Whether an element is in the set.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        find(&self.0, key).is_ok()
    }
    /// The element as it stands in the set.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
    {
        find(&self.0, key).ok().map(|at| &self.0[at])
    }
    /// Adds an element; false if it was there.
    pub fn insert(&mut self, key: K) -> bool {
        let found = find(&self.0, &key);
        if let Err(at) = found {
            self.0.insert(at, key);
        }
        found.is_err()
    }
    /// Removes an element; false if it was not there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.take(key).is_some()
    }
    /// Takes out an element.
    pub fn take<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<K>
    where
        K: Borrow<Q>,
    {
        find(&self.0, key).ok().map(|at| self.0.remove(at))
    }
    /// The elements in a range; none if its bounds are crossed.
    pub fn range<Q: Ord + ?Sized>(&self, bounds: impl RangeBounds<Q>) -> slice::Iter<'_, K>
    where
        K: Borrow<Q>,
    {
        self.0[between(&self.0, &bounds)].iter()
    }
    /// Moves every element of another set here.
    pub fn append(&mut self, other: &mut SortedSet<K>) {
        self.extend(std::mem::take(other));
    }
    /// The elements that are not in another set, in order.
    pub fn difference<'a>(&'a self, other: &'a SortedSet<K>) -> impl Iterator<Item = &'a K> {
        self.iter().filter(|key| !other.contains(*key))
    }
    /// The elements that are in another set too, in order.
    pub fn intersection<'a>(&'a self, other: &'a SortedSet<K>) -> impl Iterator<Item = &'a K> {
        self.iter().filter(|key| other.contains(*key))
    }
    /// Whether every element is in another set.
    pub fn is_subset(&self, other: &SortedSet<K>) -> bool {
        self.iter().all(|key| other.contains(key))
    }
}

impl<K> Default for SortedSet<K> {
    fn default() -> SortedSet<K> {
        SortedSet::new()
    }
}

/// As `BTreeSet` does it: how many, then each.
impl<K: Hash> Hash for SortedSet<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for key in self {
            key.hash(state);
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for SortedSet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<K: Ord> Extend<K> for SortedSet<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<'a, K: Ord + Copy> Extend<&'a K> for SortedSet<K> {
    fn extend<I: IntoIterator<Item = &'a K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(*key);
        }
    }
}

impl<K: Ord> FromIterator<K> for SortedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> SortedSet<K> {
        let mut set = SortedSet::new();
        set.extend(keys);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for SortedSet<K> {
    fn from(keys: [K; N]) -> SortedSet<K> {
        keys.into_iter().collect()
    }
}

impl<K> IntoIterator for SortedSet<K> {
    type Item = K;
    type IntoIter = vec::IntoIter<K>;
    fn into_iter(self) -> vec::IntoIter<K> {
        self.0.into_iter()
    }
}

impl<'a, K> IntoIterator for &'a SortedSet<K> {
    type Item = &'a K;
    type IntoIter = slice::Iter<'a, K>;
    fn into_iter(self) -> slice::Iter<'a, K> {
        self.iter()
    }
}
