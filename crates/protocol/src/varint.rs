//! Zig-zag varints, as records use them (`ByteUtils`).

/// Bytes of `n` as a varint: 1 for −64..=63, 2 up to ±8192, at most 10.
pub fn varint_size(n: i64) -> usize {
    let zigzag = ((n << 1) ^ (n >> 63)) as u64;
    let bits = 64 - (zigzag | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_step_at_kafkas_boundaries() {
        for (n, size) in
            [(0, 1), (63, 1), (64, 2), (-64, 1), (-65, 2), (8191, 2), (8192, 3), (i64::MAX, 10), (i64::MIN, 10)]
        {
            assert_eq!(varint_size(n), size, "{n}");
        }
    }
}
