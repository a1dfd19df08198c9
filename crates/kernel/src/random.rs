//! Seeded randomness. Long-lived decisions draw from one ChaCha8 stream per (purpose, entity); draws that belong
//! to one operation are keyed by (seed, purpose, operation, n), so that deleting another operation does not shift
//! them. Ranges and shuffles are our own: those of `rand` draw `usize` and may change between releases.

use std::hash::{Hash, Hasher};

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// One stream of random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of `entity` for `purpose` in the run of `seed`.
    pub fn new(seed: u64, purpose: u32, entity: u32) -> Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((u64::from(purpose) << 32) | u64::from(entity));
        Rng(rng)
    }
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
    /// A number in `0..bound`, each equally likely.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        reduce(bound, || self.0.next_u64())
    }
    /// An index into something of length `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }
    /// True `n` times in `of`.
    pub fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }
    /// Puts `items` into a random order (Fisher–Yates, from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.index(i + 1));
        }
    }
}

/// Where a stream stands is part of the state that digests cover.
impl Hash for Rng {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.get_stream().hash(state);
        self.0.get_word_pos().hash(state);
    }
}

/// The streams of one machine, made when first used.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    seed: u64,
    entity: u32,
    streams: Vec<(u32, Rng)>,
    /// Where streams stood that were folded: purpose and words drawn. Either all are folded or none.
    folded: Option<Box<[(u32, u64)]>>,
}

impl Streams {
    /// The streams of machine `entity` in the run of `seed`.
    pub fn new(seed: u64, entity: u32) -> Streams {
        Streams { seed, entity, ..Streams::default() }
    }
    /// The stream for `purpose`.
    pub fn get(&mut self, purpose: u32) -> &mut Rng {
        if let Some(folded) = self.folded.take() {
            self.unfold(&folded);
        }
        let at = match self.streams.iter().position(|(p, _)| *p == purpose) {
            Some(at) => at,
            None => {
                self.streams.push((purpose, Rng::new(self.seed, purpose, self.entity)));
                self.streams.len() - 1
            }
        };
        &mut self.streams[at].1
    }

    /// Keeps of each stream only where it stands, until one is used: a stream has a page of random numbers ready, which take
    /// room and cannot be packed.
    pub(crate) fn fold(&mut self) {
        if self.folded.is_none() {
            let streams = std::mem::take(&mut self.streams);
            self.folded = Some(streams.iter().map(|(purpose, rng)| (*purpose, rng.0.get_word_pos() as u64)).collect());
        }
    }

    fn unfold(&mut self, folded: &[(u32, u64)]) {
        for (purpose, words) in folded {
            let mut rng = Rng::new(self.seed, *purpose, self.entity);
            rng.0.set_word_pos(u128::from(*words));
            self.streams.push((*purpose, rng));
        }
    }
}

/// Folded streams count as the ones that they were.
impl Hash for Streams {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut whole = Streams::new(self.seed, self.entity);
        if let Some(folded) = &self.folded {
            whole.unfold(folded);
        }
        let streams = if self.folded.is_some() { &whole.streams } else { &self.streams };
        (self.seed, self.entity, streams).hash(state);
    }
}

/// 64 random bits that belong to one operation: a function of its arguments alone.
pub fn keyed_draw(seed: u64, purpose: u32, operation: u64, n: u64) -> u64 {
    let mut x = seed ^ (u64::from(purpose) << 40);
    for word in [operation, n] {
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
    }
    x
}

/// Lemire's multiply-shift reduction with rejection: unbiased, integers only.
fn reduce(bound: u64, mut bits: impl FnMut() -> u64) -> u64 {
    assert!(bound > 0, "a random choice needs at least one option");
    loop {
        let wide = u128::from(bits()) * u128::from(bound);
        let low = wide as u64;
        if low >= bound || low >= bound.wrapping_neg() % bound {
            return (wide >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_golden() {
        let mut rng = Rng::new(7, 1, 2);
        let drawn: Vec<u64> = (0..6).map(|_| rng.below(1000)).collect();
        let mut deck: Vec<u32> = (0..8).collect();
        rng.shuffle(&mut deck);
        assert_eq!(drawn, [761, 783, 528, 802, 69, 302]);
        assert_eq!(deck, [4, 6, 0, 3, 5, 1, 2, 7]);
    }

    #[test]
    fn folded_streams_go_on_where_they_stood() {
        let mut streams = Streams::new(7, 2);
        for (purpose, draws) in [(4, 3), (1, 70), (9, 0)] {
            let rng = streams.get(purpose);
            (0..draws).for_each(|_| assert_ne!(rng.bits(), 0));
        }
        let mut folded = streams.clone();
        folded.fold();
        let digest = |streams: &Streams| {
            let mut hasher = crate::StableHasher::new(0);
            streams.hash(&mut hasher);
            hasher.finish()
        };
        assert!(folded.streams.is_empty());
        assert_eq!(digest(&folded), digest(&streams));
        for purpose in [9, 1, 4, 1] {
            assert_eq!(folded.get(purpose).bits(), streams.get(purpose).bits());
        }
        assert_eq!(digest(&folded), digest(&streams));
    }

    #[test]
    fn keyed_draws_depend_on_their_key_alone() {
        assert_eq!(keyed_draw(1, 2, 3, 4), keyed_draw(1, 2, 3, 4));
        assert_ne!(keyed_draw(1, 2, 3, 4), keyed_draw(1, 2, 3, 5));
        assert_ne!(keyed_draw(1, 2, 3, 4), keyed_draw(1, 2, 4, 4));
    }
}
