//! Finding a key that mostly is a copy of the one in the map: sharing its letters tells that it is it, without a look at them.

use std::sync::Arc;

use crate::SortedMap;

/// A key whose copies share what they hold.
pub trait Shared: Ord {
    /// Whether the other is a copy of this one. If not they may be equal nevertheless.
    fn is_copy(&self, other: &Self) -> bool;
}

impl Shared for Arc<str> {
    fn is_copy(&self, other: &Arc<str>) -> bool {
        Arc::ptr_eq(self, other)
    }
}

impl Shared for (Arc<str>, u16) {
    fn is_copy(&self, other: &(Arc<str>, u16)) -> bool {
        self.1 == other.1 && Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<K: Shared, V> SortedMap<K, V> {
    /// Where the key is. Among few a copy is found by looking at all.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    fn place(&self, key: &K) -> Option<usize> {
        const FEW: usize = 16;
        if self.keys.len() <= FEW
            && let Some(at) = self.keys.iter().position(|known| known.is_copy(key))
        {
            return Some(at);
        }
        crate::search::find(&self.keys, key).ok()
    }
    /// [`SortedMap::get`], sooner if the key is a copy.
    pub fn get_shared(&self, key: &K) -> Option<&V> {
        self.place(key).map(|at| &self.values[at])
    }
    /// [`SortedMap::get_mut`], sooner if the key is a copy.
    pub fn get_shared_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).map(|at| &mut self.values[at])
    }
    /// The value of a key, which is what `make` gives if there was none; sooner if the key is a copy.
    pub fn shared_or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V
    where
        K: Clone,
    {
        match self.place(key) {
            Some(at) => &mut self.values[at],
            None => self.entry(key.clone()).or_insert_with(make),
        }
    }
}
