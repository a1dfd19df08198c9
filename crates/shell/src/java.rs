//! A habit of Java, and of Scala, that shows in tool output: the iteration order of a `HashMap`.

use protocol::TopicPartition;
use protocol::hashing::java_string_hash;

/// `new HashMap<>()`'s capacity.
pub(crate) const DEFAULT_CAPACITY: usize = 16;

/// Sorts `items` as a `java.util.HashMap` made for `capacity` entries iterates over them: by bucket, and in a bucket in
/// insertion order. (Buckets so full that Java makes trees of them do not occur here.)
pub(crate) fn hash_order<T>(items: &mut [T], capacity: usize, key: impl Fn(&T) -> &str) {
    bucket_order(items, capacity, |item| java_string_hash(key(item)));
}

/// The same for keys that are `TopicPartition`s.
pub(crate) fn partition_hash_order<T>(items: &mut [T], capacity: usize, key: impl Fn(&T) -> &TopicPartition) {
    bucket_order(items, capacity, |item| {
        let tp = key(item);
        31i32.wrapping_mul(31i32.wrapping_add(tp.partition)).wrapping_add(java_string_hash(&tp.topic))
    });
}

/// Sorts `items` as a `scala.collection.mutable.HashMap` of Scala 2.13, made empty, iterates over them: by bucket, and in a bucket
/// by hash. Its table grows one entry earlier than Java's.
pub(crate) fn scala_hash_order<T>(items: &mut [T], key: impl Fn(&T) -> &str) {
    let mut table = DEFAULT_CAPACITY;
    while items.len() * 4 >= table * 3 {
        table *= 2;
    }
    ordered::sort_by_key(items, |item| {
        let hash = java_string_hash(key(item)) as u32;
        let hash = hash ^ (hash >> 16);
        (hash as usize & (table - 1), hash as i32)
    });
}

fn bucket_order<T>(items: &mut [T], capacity: usize, hash: impl Fn(&T) -> i32) {
    let mut table = capacity.max(1).next_power_of_two();
    while items.len() * 4 > table * 3 {
        table *= 2;
    }
    ordered::sort_by_key(items, |item| {
        let hash = hash(item) as u32;
        (hash ^ (hash >> 16)) as usize & (table - 1)
    });
}

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

    /// As real `--reset-offsets` runs printed them.
    #[test]
    fn partitions_come_in_the_order_of_a_java_hash_map() {
        for (topic, order) in [("demo", [0, 1, 2]), ("kt", [2, 1, 0])] {
            let mut partitions = [0, 1, 2].map(|p| TopicPartition::new(topic, p));
            partition_hash_order(&mut partitions, DEFAULT_CAPACITY, |tp| tp);
            assert_eq!(partitions.map(|tp| tp.partition), order, "{topic}");
        }
    }

    /// As Kafka 3.x of Scala 2.13 wrote the partitions of a topic into its znode: in order up to eleven, and from twelve on not.
    #[test]
    fn partitions_come_in_the_order_of_a_scala_hash_map() {
        let in_order = |count: usize| {
            let mut names: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            scala_hash_order(&mut names, |name| name);
            names.join(" ")
        };
        assert_eq!(in_order(11), "0 1 2 3 4 5 6 7 8 9 10");
        assert_eq!(in_order(12), "11 0 1 2 3 4 5 6 7 8 9 10");
    }
}
