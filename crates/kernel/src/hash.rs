//! One hash for all targets. `derive(Hash)` feeds `usize` lengths and `isize` discriminants to its hasher, whose
//! width differs between a 64-bit machine and wasm32; this hasher widens both, so digests are equal everywhere.

use std::hash::{Hash, Hasher};

const PRIME_1: u64 = 0x9e37_79b9_7f4a_7c15;
const PRIME_2: u64 = 0xbf58_476d_1ce4_e5b9;
const PRIME_3: u64 = 0x94d0_49bb_1331_11eb;

/// A 64-bit hasher whose result depends on the values alone, not on the target.
#[derive(Clone, Debug)]
pub struct StableHasher(u64);

impl StableHasher {
    /// A hasher that continues from `state` (0 for a fresh one).
    pub const fn new(state: u64) -> StableHasher {
        StableHasher(state)
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        let mut x = (self.0 ^ word).wrapping_mul(PRIME_1);
        x ^= x >> 29;
        self.0 = x.wrapping_mul(PRIME_2).rotate_left(23);
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(PRIME_2);
        x = (x ^ (x >> 27)).wrapping_mul(PRIME_3);
        x ^ (x >> 31)
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.mix(u64::from_le_bytes(chunk.try_into().expect("a chunk has eight bytes")));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0u8; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(word) ^ ((rest.len() as u64) << 56));
        }
    }
    fn write_u8(&mut self, i: u8) {
        self.mix(u64::from(i));
    }
    fn write_u16(&mut self, i: u16) {
        self.mix(u64::from(i));
    }
    fn write_u32(&mut self, i: u32) {
        self.mix(u64::from(i));
    }
    fn write_u64(&mut self, i: u64) {
        self.mix(i);
    }
    fn write_u128(&mut self, i: u128) {
        self.mix(i as u64);
        self.mix((i >> 64) as u64);
    }
    fn write_usize(&mut self, i: usize) {
        self.mix(i as u64);
    }
    fn write_i8(&mut self, i: i8) {
        self.mix(i as i64 as u64);
    }
    fn write_i16(&mut self, i: i16) {
        self.mix(i as i64 as u64);
    }
    fn write_i32(&mut self, i: i32) {
        self.mix(i as i64 as u64);
    }
    fn write_i64(&mut self, i: i64) {
        self.mix(i as u64);
    }
    fn write_isize(&mut self, i: isize) {
        self.mix(i as i64 as u64);
    }
}

/// The stable hash of one value.
pub fn stable_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = StableHasher::new(0);
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    enum Shape {
        Dot,
        Line { from: u32, name: String },
    }

    /// Golden values: they were the same on x86-64 and wasm32 when written, and must never change.
    #[test]
    fn hashes_are_the_same_on_every_target() {
        let line = Shape::Line { from: 7, name: "orders-0".into() };
        assert_eq!(stable_hash(&(Shape::Dot, line, vec![1u64, 2, 3])), GOLDEN);
    }
    const GOLDEN: u64 = 710_411_290_008_660_571;
}
