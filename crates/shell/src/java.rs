//! Two habits of Java that show in tool output: the iteration order of a `HashMap`, and which exceptions carry a stack.

use protocol::hashing::java_string_hash;

/// Sorts `items` as a `java.util.HashMap` made for `capacity` entries iterates over them: by bucket, and in a bucket in
/// insertion order. (Buckets so full that Java makes trees of them do not occur here.)
pub(crate) fn hash_order<T>(items: &mut [T], capacity: usize, key: impl Fn(&T) -> &str) {
    let mut table = capacity.max(1).next_power_of_two();
    while items.len() * 4 > table * 3 {
        table *= 2;
    }
    items.sort_by_key(|item| {
        let hash = java_string_hash(key(item)) as u32;
        (hash ^ (hash >> 16)) as usize & (table - 1)
    });
}

/// `new HashMap<>()`'s capacity.
pub(crate) const DEFAULT_CAPACITY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// As a real `kafka-topics --describe` of five topics printed them.
    #[test]
    fn names_come_in_the_order_of_a_java_hash_map() {
        let mut names = ["cfg", "defaults", "my_topic", "orders", "ra"];
        hash_order(&mut names, 5, |n| n);
        assert_eq!(names, ["my_topic", "orders", "defaults", "cfg", "ra"]);
    }
}
