//! The features of Kafka 4.4 and the levels of each that it supports (`Feature`, `MetadataVersion`, KIP-584, KIP-1022).

/// The `metadata.version` of Kafka 4.4: 4.4-IV2.
pub const METADATA_VERSION: i16 = 33;

/// Every feature with its lowest and highest level, by name.
pub const FEATURES: [(&str, i16, i16); 7] = [
    ("eligible.leader.replicas.version", 0, 1),
    ("group.version", 0, 1),
    ("kraft.version", 0, 1),
    ("metadata.version", 7, METADATA_VERSION),
    ("share.version", 0, 2),
    ("streams.version", 0, 1),
    ("transaction.version", 0, 2),
];

/// The feature of dynamic quorums (KIP-853).
pub const KRAFT: &str = "kraft.version";

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

/// The first level of `metadata.version` at which a feature of a new cluster has a level (`FeatureVersion#bootstrapMetadataVersion`), in
/// the order in which tools list features, and the levels that other features must have for it.
type Level = (i16, i16, &'static [(&'static str, i16)]);
const LEVELS: [(&str, &[Level]); 6] = [
    ("kraft.version", &[(0, 7, &[]), (1, 21, &[])]),
    ("transaction.version", &[(0, 7, &[]), (1, 24, &[]), (2, 24, &[])]),
    ("group.version", &[(0, 7, &[]), (1, 22, &[])]),
    ("eligible.leader.replicas.version", &[(0, 7, &[]), (1, 26, &[(METADATA, 23)])]),
    ("share.version", &[(0, 7, &[]), (1, 28, &[]), (2, 31, &[])]),
    ("streams.version", &[(0, 7, &[]), (1, 29, &[])]),
];

/// The name of the feature that all others go by.
pub const METADATA: &str = "metadata.version";

/// The levels of features, but for `metadata.version`, that a cluster of a `metadata.version` is formatted with (`Feature#defaultLevel`).
pub fn default_levels(metadata_version: i16) -> Vec<(&'static str, i16)> {
    let level =
        |levels: &[Level]| levels.iter().rev().find(|(_, since, _)| *since <= metadata_version).map_or(0, |l| l.0);
    LEVELS.iter().map(|(name, levels)| (*name, level(levels))).collect()
}

/// What a level of a feature needs; none if there is no such level, or no such feature.
pub fn dependencies(name: &str, level: i16) -> Option<&'static [(&'static str, i16)]> {
    let (_, levels) = LEVELS.iter().find(|(feature, _)| *feature == name)?;
    levels.iter().find(|(known, ..)| *known == level).map(|(_, _, needs)| *needs)
}

/// Whether tools know a feature.
pub fn is_feature(name: &str) -> bool {
    name == METADATA || LEVELS.iter().any(|(feature, _)| *feature == name)
}

/// The level a `metadata.version` has that is named as in `4.2-IV1`, or by a release, which means its last
/// (`MetadataVersion#fromVersionString`).
pub fn metadata_version_level(name: &str) -> Option<i16> {
    let of_release = RELEASES.iter().find(|(release, ..)| *release == name).map(|(_, first, count)| first + count - 1);
    of_release.or_else(|| (7..=METADATA_VERSION).find(|level| metadata_version_name(*level) == name))
}

/// All of them by name, for error messages.
pub fn metadata_version_names() -> String {
    // The first of the next release is known, though not yet supported.
    let names = (7..=METADATA_VERSION).map(metadata_version_name).chain(["4.5-IV0".to_owned()]);
    names.collect::<Vec<_>>().join(", ")
}

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
    use super::*;

    #[test]
    fn metadata_versions_are_named_as_kafka_names_them() {
        for (level, name) in [(6, "UNKNOWN 6"), (7, "3.3-IV3"), (8, "3.4-IV0"), (19, "3.7-IV4"), (25, "4.0-IV3")] {
            assert_eq!(metadata_version_name(level), name);
        }
        for (level, name) in [(29, "4.2-IV1"), (30, "4.3-IV0"), (33, "4.4-IV2"), (34, "UNKNOWN 34")] {
            assert_eq!(metadata_version_name(level), name);
        }
    }

    #[test]
    fn releases_stand_for_their_last_levels() {
        for (name, level) in [("4.0", 25), ("4.4", 33), ("4.4-IV1", 32), ("3.3", 7), ("3.3-IV3", 7)] {
            assert_eq!(metadata_version_level(name), Some(level));
        }
        assert_eq!(metadata_version_level("2.1"), None);
    }

    #[test]
    fn a_release_has_the_features_of_its_time() {
        let levels = |release| {
            let version = metadata_version_level(release).expect("it is a release");
            default_levels(version).into_iter().map(|(_, level)| level)
        };
        assert!(levels("3.8").eq([0, 0, 0, 0, 0, 0]));
        assert!(levels("4.0").eq([1, 2, 1, 0, 0, 0]));
        assert!(levels("4.2").eq([1, 2, 1, 1, 1, 1]));
        assert!(levels("4.4").eq([1, 2, 1, 1, 2, 1]));
    }
}
