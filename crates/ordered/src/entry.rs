//! [`Entry`]: the place of one key in a map.

use crate::SortedMap;

/// The place of a key, taken or free (`btree_map::Entry`).
#[derive(Debug)]
pub struct Entry<'a, K, V> {
    pub(crate) map: &'a mut SortedMap<K, V>,
    pub(crate) at: Result<usize, usize>,
    pub(crate) key: K,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value of the key, which is what `make` gives if there was none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let at = match self.at {
            Ok(at) => at,
            Err(at) => {
                self.map.keys.insert(at, self.key);
                self.map.values.insert(at, make());
                at
            }
        };
        &mut self.map.values[at]
    }
    /// The value of the key, which is `value` if there was none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }
    /// The value of the key, which is the default if there was none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
    /// Changes the value if there is one.
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Entry<'a, K, V> {
        if let Ok(at) = self.at {
            change(&mut self.map.values[at]);
        }
        self
    }
}
