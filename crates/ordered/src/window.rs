//! [`Window`]: what is numbered in ascending order and gone after a while, such as records that wait for an answer.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A map from numbers to values, as quick at any length: a queue with holes. It is as long as its numbers are
/// apart, so it suits numbers that are given in a row and none of which stays for ever.
#[derive(Clone)]
pub struct Window<V> {
    /// The number of the first slot, which is never a hole.
    first: u64,
    slots: VecDeque<Option<V>>,
    len: usize,
}

impl<V> Window<V> {
    /// An empty window.
    pub const fn new() -> Window<V> {
        Window { first: 0, slots: VecDeque::new(), len: 0 }
    }
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The least number that has a value.
    pub fn first(&self) -> Option<u64> {
        if self.is_empty() { None } else { Some(self.first) }
    }
    /// The value of a number.
    pub fn get(&self, number: u64) -> Option<&V> {
        self.slots.get(self.slot(number)?)?.as_ref()
    }
    /// The value of a number, to be changed.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        let slot = self.slot(number)?;
        self.slots.get_mut(slot)?.as_mut()
    }
    /// Gives a number a value; returns the one it had. Numbers are meant to ascend: one below the first costs as
    /// many slots as it is below.
    pub fn insert(&mut self, number: u64, value: V) -> Option<V> {
        if self.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.slots.push_front(None);
            self.first -= 1;
        }
        let slot = (number - self.first) as usize;
        while self.slots.len() <= slot {
            self.slots.push_back(None);
        }
        let old = self.slots[slot].replace(value);
        self.len += usize::from(old.is_none());
        old
    }
    /// Takes out the value of a number.
    pub fn remove(&mut self, number: u64) -> Option<V> {
        let slot = self.slot(number)?;
        let value = self.slots.get_mut(slot)?.take()?;
        self.len -= 1;
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first += 1;
        }
        while let Some(None) = self.slots.back() {
            self.slots.pop_back();
        }
        Some(value)
    }
    /// The numbers and their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        (self.first..).zip(&self.slots).filter_map(|(number, slot)| slot.as_ref().map(|value| (number, value)))
    }
    /// The values in the order of their numbers.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.slots.iter().flatten()
    }
    /// Removes every value.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.len = 0;
    }
    fn slot(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.first).and_then(|slot| usize::try_from(slot).ok())
    }
}

impl<V> Default for Window<V> {
    fn default() -> Window<V> {
        Window::new()
    }
}

impl<V: PartialEq> PartialEq for Window<V> {
    fn eq(&self, other: &Window<V>) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<V: Eq> Eq for Window<V> {}

/// As `BTreeMap<u64, V>` does it: how many, then number and value of each.
impl<V: Hash> Hash for Window<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for (number, value) in self.iter() {
            number.hash(state);
            value.hash(state);
        }
    }
}

impl<V: fmt::Debug> fmt::Debug for Window<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
