//! In which order Java's `HashMap` and `HashSet` give their entries out. Tables start with 16 places and double when three
//! quarters are taken; within a place entries come as they were put in (trees of crowded places are left out).

/// How many places a table has that has held so many entries at once.
pub(crate) fn capacity(entries: usize) -> u32 {
    let mut capacity = 16;
    while entries as u64 > u64::from(capacity) * 3 / 4 {
        capacity *= 2;
    }
    capacity
}

/// The place of a hash in a table.
pub(crate) fn place(hash: i32, capacity: u32) -> u32 {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) & (capacity - 1)
}
