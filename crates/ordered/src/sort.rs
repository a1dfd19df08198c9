//! Stable sorts whose algorithm is compiled once: a merge sort of places, told how the things in those places compare.
//! The standard sorts are compiled for every pair of element and comparison, at five kilobytes each.

use std::cmp::Ordering;

/// Sorts by the order of the elements. Stable; n log n comparisons.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by a key of each element, which is made anew for each comparison. Stable.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts by a comparison. Stable.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if items.len() < 2 {
        return;
    }
    let mut places = order(items.len(), &|a, b| compare(&items[a as usize], &items[b as usize]));
    // Each cycle of the permutation is walked once, with swaps.
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at as u32) as usize;
            if from == start || from == at {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// For each place of the sorted order, the place where its element stands now.
#[inline(never)]
fn order(len: usize, compare: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    let mut places: Vec<u32> = (0..len as u32).collect();
    if places.windows(2).all(|pair| compare(pair[0], pair[1]) != Ordering::Greater) {
        return places;
    }
    let mut merged = Vec::with_capacity(len);
    let mut run = 1;
    while run < len {
        for pair in places.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let from = if compare(*a, *b) == Ordering::Greater { &mut right } else { &mut left };
                merged.push(from[0]);
                *from = &from[1..];
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut places, &mut merged);
        merged.clear();
        run *= 2;
    }
    places
}
