//! The hash functions that decide where things go: murmur2 (Java clients), CRC-32 (librdkafka), and Java's
//! `String.hashCode` (coordinators).

/// Kafka's 32-bit murmur2 of a key (`Utils#murmur2`).
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h: u32 = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes(word.try_into().expect("a chunk has four bytes"));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ (h >> 15)) as i32
}

/// A 64-bit hash of bytes, eight at a time; the same on every target. `seed` is the hash of what came before.
pub fn content_hash(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(PRIME);
    let mut hash = mix(seed, bytes.len() as u64);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        hash = mix(hash, u64::from_le_bytes(word.try_into().expect("a chunk has eight bytes")));
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    hash = mix(hash, u64::from_le_bytes(last));
    hash ^ (hash >> 29)
}

/// CRC-32 (IEEE 802.3), librdkafka's key hash (`rd_crc32`).
pub fn crc32(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// librdkafka's FNV-1a (`rd_fnv1a`), which is Sarama's: 32 bits, with its sign taken off.
pub fn fnv1a(data: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    (data.iter().fold(0x811c_9dc5, step) as i32).unsigned_abs()
}

/// `java.lang.String#hashCode`: 31-polynomial over UTF-16 code units.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `Utils#toPositive`: clears the sign bit (not the absolute value).
pub fn to_positive(hash: i32) -> i32 {
    hash & i32::MAX
}

/// `Utils#abs`: the absolute value, and 0 for `i32::MIN`.
pub fn kafka_abs(n: i32) -> i32 {
    if n == i32::MIN { 0 } else { n.abs() }
}

/// The partition a Java producer gives a record with this key (`BuiltInPartitioner#partitionForKey`).
pub fn java_partition(key: &[u8], partitions: i32) -> i32 {
    to_positive(murmur2(key)) % partitions
}

/// The partition librdkafka's `consistent` hash gives this (non-empty) key.
pub fn librdkafka_partition(key: &[u8], partitions: i32) -> i32 {
    (crc32(key) % partitions as u32) as i32
}

/// The partition librdkafka's `fnv1a` hash gives this key; a null key hashes as an empty one.
pub fn fnv1a_partition(key: &[u8], partitions: i32) -> i32 {
    (fnv1a(key) % partitions as u32) as i32
}

/// The partition of `__consumer_offsets` that holds a group (`GroupCoordinatorService#partitionFor`).
pub fn group_partition(group: &str, partitions: i32) -> i32 {
    kafka_abs(java_string_hash(group)) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_gives_the_published_values() {
        for (key, hash) in [("21", -973_932_308), ("foobar", -790_332_482)] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    /// What Go's hash/fnv gives, without the sign: librdkafka's own test has the same values.
    #[test]
    fn fnv1a_gives_saramas_values() {
        for (key, hash) in
            [("kafka", 0x0d33_c4e1), ("giberish123456789", 0x77a5_8295), ("1234", 0x23b_dd03), ("", 0x7ee3_623b)]
        {
            assert_eq!(fnv1a(key.as_bytes()), hash, "{key}");
        }
    }

    /// Keys from public bug reports and the workshops, with the partition each client family gives.
    #[test]
    fn both_families_put_keys_where_users_saw_them() {
        for (key, partitions, java, librdkafka) in [
            ("354afe16-939a-4ea8-8e17-8bb0840b6886", 10, 4, 9),
            ("f562ac3b-2224-4e25-a0ab-56094e10c239", 10, 5, 6),
            ("TT0124", 15, 10, 9),
            ("station-01", 2, 1, 1),
            ("station-02", 2, 0, 1),
            ("1", 16, 15, 7),
        ] {
            assert_eq!(java_partition(key.as_bytes(), partitions), java, "{key}");
            assert_eq!(librdkafka_partition(key.as_bytes(), partitions), librdkafka, "{key}");
        }
        assert_eq!(java_partition(b"fd7af248-ce5c-46a5-93d7-1c0c9005b99d", 32), 26);
        let digits: Vec<i32> = (0..10).map(|n| librdkafka_partition(n.to_string().as_bytes(), 16)).collect();
        assert_eq!(digits, [1, 7, 13, 11, 8, 14, 4, 2, 3, 5]);
        assert_eq!(java_partition(b"", 2), 1, "an empty key is a key to Java");
    }

    #[test]
    fn groups_live_where_a_real_cluster_put_them() {
        for (group, partition) in
            [("g1", 42), ("k848", 21), ("st1", 10), ("coop", 33), ("vcg", 20), ("foo", 24), ("monitoring-service", 32)]
        {
            assert_eq!(group_partition(group, 50), partition, "{group}");
        }
    }
}
