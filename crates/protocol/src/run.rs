//! Runs: records that are alike but for their values, and whose values exist only when somebody looks.
//!
//! They are what `kafka-producer-perf-test --record-size` sends, letter for letter: capitals from Java's
//! `SplittableRandom(0)`, which can be entered at any place, so that a record is known by its number alone. A million of
//! them weigh as much as one, in a batch, on the network and in a log.

use std::sync::Arc;

use crate::hashing::content_hash;
use crate::record::{RECORD_OVERHEAD_MAX, Record, next_longer_place};
use crate::varint::varint_size;

/// Records without key and headers, with values of one length, one timestamp, and offsets in a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    /// Who draws them, so that the same number of another program is another record.
    pub source: u64,
    /// The number of the first one, from 0.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// Bytes of each value.
    pub value_len: u32,
    /// CreateTime of all, ms since the epoch.
    pub timestamp_ms: i64,
    /// The first one's offset minus the batch's base offset.
    pub offset_delta: i32,
}

/// `SplittableRandom.GOLDEN_GAMMA`.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const LETTERS: u32 = 26;

/// The draws below 2^32 of `SplittableRandom(0)` that `nextInt(26)` throws away, so that each letter is as likely.
const THROWN_AWAY: [u64; 43] = [
    1_273_005,
    294_819_206,
    395_593_795,
    471_611_906,
    506_885_017,
    532_346_759,
    548_918_150,
    589_638_413,
    638_353_109,
    688_787_539,
    704_083_517,
    757_674_217,
    794_670_270,
    856_524_103,
    1_056_042_757,
    1_096_110_760,
    1_404_543_689,
    1_693_186_775,
    1_696_663_233,
    1_865_556_280,
    1_890_286_216,
    1_892_774_492,
    2_071_762_288,
    2_142_785_896,
    2_528_641_280,
    2_534_955_400,
    2_667_957_601,
    2_707_670_270,
    2_734_114_144,
    2_748_569_974,
    2_784_214_957,
    3_032_701_450,
    3_428_774_629,
    3_432_063_835,
    3_508_163_605,
    3_517_170_306,
    3_634_467_537,
    3_678_244_788,
    3_816_546_452,
    3_846_135_482,
    4_153_632_010,
    4_210_362_363,
    4_213_092_483,
];

/// Draw `n`, counted from 0, of `SplittableRandom(0).nextInt(bound)`. The draws that Java throws away, at most as many in 2^31
/// as `bound`, are kept.
pub fn splittable_draw(n: u64, bound: u32) -> u32 {
    let drawn = mix32(n.wrapping_add(1).wrapping_mul(GAMMA));
    if bound.is_power_of_two() { drawn & (bound - 1) } else { (drawn >> 1) % bound.max(1) }
}

impl Run {
    /// The first `n` of them, and the rest.
    pub fn split(&self, n: u32) -> (Run, Run) {
        let n = n.min(self.count);
        let head = Run { count: n, ..*self };
        let (first, offset_delta) = (self.first + u64::from(n), self.offset_delta + n as i32);
        (head, Run { first, offset_delta, count: self.count - n, ..*self })
    }

    /// Record `n` of the run, with its value drawn.
    pub fn record(&self, n: u32) -> Record {
        Record {
            offset_delta: self.offset_delta + n as i32,
            timestamp_ms: self.timestamp_ms,
            key: None,
            value: Some(letters(self.first + u64::from(n), self.value_len)),
            headers: Vec::new(),
        }
    }

    /// What tells the value of record `n` from others, without drawing it.
    pub fn value_hash(&self, n: u32) -> u64 {
        value_hash(self.source, self.first + u64::from(n))
    }

    /// Bytes of any of them in a batch, at an offset delta.
    pub fn record_size(&self, offset_delta: i32, base_timestamp_ms: i64) -> u32 {
        const NULL_KEY: usize = 1;
        const ATTRIBUTES: usize = 1;
        const NO_HEADERS: usize = 1;
        let value = varint_size(self.value_len.into()) + self.value_len as usize;
        let place = varint_size(self.timestamp_ms - base_timestamp_ms) + varint_size(offset_delta.into());
        let body = ATTRIBUTES + place + NULL_KEY + value + NO_HEADERS;
        (body + varint_size(body as i64)) as u32
    }

    /// Bytes of all of them in a batch.
    pub fn size(&self, base_timestamp_ms: i64) -> u32 {
        let (mut delta, end) = (self.offset_delta, self.offset_delta + self.count as i32);
        let mut size = 0;
        while delta < end {
            // As long as the delta takes as many bytes, so does the record.
            let upto = i32::try_from(next_longer_place(delta as usize)).unwrap_or(i32::MAX).min(end);
            size += self.record_size(delta, base_timestamp_ms) * (upto - delta) as u32;
            delta = upto;
        }
        size
    }

    /// The largest size one of them can have in any batch.
    pub fn size_upper_bound(&self) -> u32 {
        const NULL_KEY: u32 = 1;
        const NO_HEADERS: u32 = 1;
        RECORD_OVERHEAD_MAX + NULL_KEY + NO_HEADERS + varint_size(self.value_len.into()) as u32 + self.value_len
    }

    /// A hash of the run.
    pub(crate) fn hash(&self, seed: u64) -> u64 {
        let numbers = [
            self.source,
            self.first,
            self.count.into(),
            self.value_len.into(),
            self.timestamp_ms as u64,
            self.offset_delta as u64,
        ];
        numbers.into_iter().fold(seed, |hash, n| content_hash(hash, &n.to_le_bytes()))
    }
}

/// What tells a drawn value from others.
pub(crate) fn value_hash(source: u64, number: u64) -> u64 {
    // Odd multipliers and a shift: numbers in a row come out far apart, and no two of a source alike.
    let mixed = (source ^ number.wrapping_mul(GAMMA)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

/// The value of record `number`: `len` draws for each record. They are Java's for the first four billion letters.
fn letters(number: u64, len: u32) -> Arc<[u8]> {
    let from = number.wrapping_mul(len.into());
    let thrown_away_before = |letter: u64| (0..).zip(THROWN_AWAY).take_while(|(k, draw)| draw - k <= letter).count();
    let letter = |n: u32| {
        let letter = from.wrapping_add(n.into());
        b'A' + splittable_draw(letter + thrown_away_before(letter) as u64, LETTERS) as u8
    };
    (0..len).map(letter).collect()
}

/// `SplittableRandom#mix32`.
fn mix32(z: u64) -> u32 {
    let z = (z ^ (z >> 33)).wrapping_mul(0x62a9_d9ed_7997_05f5);
    ((z ^ (z >> 28)).wrapping_mul(0xcb24_d0a5_c88c_35b3) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run = Run { source: 1, first: 0, count: 20_000, value_len: 30, timestamp_ms: 5, offset_delta: 0 };

    /// What Java draws.
    #[test]
    fn values_are_those_of_the_real_tool() {
        let value = |first| String::from_utf8(letters(first, 30).to_vec()).expect("letters");
        assert_eq!(value(0), "YQHHNEBSEPDNSEIFGAMSUJXKOLTXSP");
        assert_eq!(value(1), "LGHDIOYZJFNIDSPWHZMKVJAXDBZFCO");
        assert_eq!(value(999_999), "RBNQYNTJGQSQHJFCKGOWQKPYWBUTZE");
    }

    #[test]
    fn a_run_is_as_large_as_its_records() {
        let records: u32 = (0..RUN.count).map(|n| RUN.record(n).size_in_bytes(3)).sum();
        assert_eq!(RUN.size(3), records);
        let (head, tail) = RUN.split(70);
        assert_eq!(head.size(3) + tail.size(3), records);
        assert_eq!(tail.record(0), RUN.record(70));
        assert_eq!(RUN.size_upper_bound(), RUN.record(0).size_upper_bound());
    }
}
