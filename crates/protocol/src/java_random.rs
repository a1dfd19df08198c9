//! `java.util.Random`, exactly, so that a placement can be compared with a real controller's; and the same face for
//! the run's own randomness, which comes as a function of how many bits to draw.

/// A source of random integers with Java's derived methods.
pub trait JavaRandom {
    /// The next `bits` random bits (`Random#next`).
    fn next(&mut self, bits: u32) -> i32;

    /// `Random#nextInt(bound)`; `bound` is positive.
    fn next_int(&mut self, bound: i32) -> i32 {
        let m = bound - 1;
        let mut r = self.next(31);
        if bound & m == 0 {
            return ((i64::from(bound) * i64::from(r)) >> 31) as i32;
        }
        let mut u = r;
        loop {
            r = u % bound;
            if u.wrapping_sub(r).wrapping_add(m) >= 0 {
                return r;
            }
            u = self.next(31);
        }
    }
}

impl dyn JavaRandom + '_ {
    /// `Collections.shuffle`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (2..=items.len()).rev() {
            let j = self.next_int(i as i32) as usize;
            items.swap(i - 1, j);
        }
    }
}

/// The linear congruential generator of `java.util.Random`.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Lcg(u64);

const LCG_MASK: u64 = (1 << 48) - 1;

impl Lcg {
    /// `new Random(seed)`.
    pub fn new(seed: i64) -> Lcg {
        Lcg((seed as u64 ^ 0x5_DEEC_E66D) & LCG_MASK)
    }
}

impl JavaRandom for Lcg {
    fn next(&mut self, bits: u32) -> i32 {
        self.0 = self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & LCG_MASK;
        (self.0 >> (48 - bits)) as u32 as i32
    }
}

impl<F: FnMut(u32) -> i32> JavaRandom for F {
    fn next(&mut self, bits: u32) -> i32 {
        self(bits)
    }
}

/// The first `bits` of 64 random ones.
pub fn first_bits(random: u64, bits: u32) -> i32 {
    (random >> (64 - bits)) as u32 as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `new Random(42)`: nextInt(10) six times, in a JVM.
    #[test]
    fn the_lcg_draws_what_java_draws() {
        let mut random = Lcg::new(42);
        let drawn: Vec<i32> = (0..6).map(|_| random.next_int(10)).collect();
        assert_eq!(drawn, [0, 3, 8, 4, 0, 5]);
    }
}
