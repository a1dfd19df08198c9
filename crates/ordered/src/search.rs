//! Where a key is, or would be, in a sorted slice: made once a type of key, whatever the values are.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::{Bound, Range, RangeBounds};

/// The index of `key`, or the index at which it would be inserted. In the page one copy a type of key is enough; elsewhere
/// it is worth the room to be part of who calls it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline)]
pub(crate) fn find<K: Borrow<Q>, Q: Ord + ?Sized>(keys: &[K], key: &Q) -> Result<usize, usize> {
    // This one has no branch that depends on the keys, which a processor would guess wrong at every other step.
    if cfg!(not(target_arch = "wasm32")) {
        return keys.binary_search_by(|at| at.borrow().cmp(key));
    }
    let (mut from, mut to) = (0, keys.len());
    while from < to {
        let middle = (from + to) / 2;
        match keys[middle].borrow().cmp(key) {
            Ordering::Less => from = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => to = middle,
        }
    }
    Err(from)
}

/// The indexes whose keys lie between two bounds; none if the bounds are crossed.
pub(crate) fn between<K: Borrow<Q>, Q: Ord + ?Sized>(keys: &[K], bounds: &impl RangeBounds<Q>) -> Range<usize> {
    let from = match bounds.start_bound() {
        Bound::Unbounded => 0,
        Bound::Included(key) => find(keys, key).unwrap_or_else(|at| at),
        Bound::Excluded(key) => find(keys, key).map_or_else(|at| at, |at| at + 1),
    };
    let to = match bounds.end_bound() {
        Bound::Unbounded => keys.len(),
        Bound::Included(key) => find(keys, key).map_or_else(|at| at, |at| at + 1),
        Bound::Excluded(key) => find(keys, key).unwrap_or_else(|at| at),
    };
    from..to.max(from)
}
