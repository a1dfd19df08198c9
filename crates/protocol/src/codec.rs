//! Compression codecs (`CompressionType`). Nothing is compressed here: a codec makes the records of a batch smaller by a fixed
//! ratio, which is what Kafka 4.3.1 made of 200 lines of `seq` in one batch. Real ratios depend on the data.

use crate::gap;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
}

impl Codec {
    /// All, by number.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// Its number in a batch's attributes.
    pub fn number(self) -> i16 {
        self as i16
    }
    /// Its name in configs and tools.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
    /// The codec of that name; `uncompressed` is what topics call none.
    pub fn named(name: &str) -> Option<Codec> {
        let name = if name == "uncompressed" { "none" } else { name };
        Codec::ALL.into_iter().find(|codec| codec.name() == name)
    }
    /// Compressed over uncompressed size of records, in thousandths.
    pub fn ratio_permille(self) -> u32 {
        match self {
            Codec::None => 1_000,
            Codec::Gzip => 384,
            Codec::Snappy => 745,
            Codec::Lz4 => 793,
            Codec::Zstd => 327,
        }
    }
    /// The size of records of `bytes` bytes, compressed.
    pub fn compressed(self, bytes: u32) -> u32 {
        gap!(
            "compressed batches have a fixed share of their size, whatever the records are, and small ones do not grow",
            "Compression"
        );
        match self {
            Codec::None => bytes,
            codec => (u64::from(bytes) * u64::from(codec.ratio_permille())).div_ceil(1_000) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes of the batches that the ratios were taken from, without their headers.
    #[test]
    fn ratios_are_those_of_real_batches() {
        for (codec, bytes) in [("none", 2_028), ("gzip", 778), ("snappy", 1_510), ("lz4", 1_609), ("zstd", 663)] {
            let compressed = Codec::named(codec).expect("it is one").compressed(2_028);
            assert!(compressed.abs_diff(bytes) <= 2, "{codec}: {compressed}");
        }
        assert_eq!(Codec::named("uncompressed"), Some(Codec::None));
        assert_eq!(Codec::named("producer"), None);
    }
}
