//! The features of Kafka 4.4 and the levels of each that it supports (`Feature`, `MetadataVersion`, KIP-584, KIP-1022).

/// The `metadata.version` of Kafka 4.4: 4.4-IV2.
pub const METADATA_VERSION: i16 = 33;

/// Every feature with its lowest and highest level, by name.
pub const FEATURES: [(&str, i16, i16); 7] = [
    ("eligible.leader.replicas.version", 0, 1),
    ("group.version", 0, 1),
    // Level 1 is for dynamic quorums, which are not modelled.
    ("kraft.version", 0, 0),
    ("metadata.version", 7, METADATA_VERSION),
    ("share.version", 0, 2),
    ("streams.version", 0, 1),
    ("transaction.version", 0, 2),
];

/// The supported levels of a feature.
pub fn supported(name: &str) -> Option<(i16, i16)> {
    FEATURES.iter().find(|(feature, ..)| *feature == name).map(|(_, lowest, highest)| (*lowest, *highest))
}

/// Releases, with the first level of `metadata.version` of each and how many it has.
const RELEASES: [(&str, i16, i16); 12] = [
    ("3.3", 7, 1),
    ("3.4", 8, 1),
    ("3.5", 9, 3),
    ("3.6", 12, 3),
    ("3.7", 15, 5),
    ("3.8", 20, 1),
    ("3.9", 21, 1),
    ("4.0", 22, 4),
    ("4.1", 26, 2),
    ("4.2", 28, 2),
    ("4.3", 30, 1),
    ("4.4", 31, 3),
];

/// A level of `metadata.version` as tools print it.
pub fn metadata_version_name(level: i16) -> String {
    let release = RELEASES.iter().find(|(_, first, count)| (*first..first + count).contains(&level));
    match release {
        // The first versions of 3.3 are older than any that is supported.
        Some(("3.3", ..)) => "3.3-IV3".to_owned(),
        Some((release, first, _)) => format!("{release}-IV{}", level - first),
        None => format!("UNKNOWN {level}"),
    }
}

#[cfg(test)]
mod tests {
    use super::metadata_version_name;

    #[test]
    fn metadata_versions_are_named_as_kafka_names_them() {
        for (level, name) in [(6, "UNKNOWN 6"), (7, "3.3-IV3"), (8, "3.4-IV0"), (19, "3.7-IV4"), (25, "4.0-IV3")] {
            assert_eq!(metadata_version_name(level), name);
        }
        for (level, name) in [(29, "4.2-IV1"), (30, "4.3-IV0"), (33, "4.4-IV2"), (34, "UNKNOWN 34")] {
            assert_eq!(metadata_version_name(level), name);
        }
    }
}
