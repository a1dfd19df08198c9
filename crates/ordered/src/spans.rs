//! [`Spans`]: a set of numbers that come in rows, such as records that wait for an answer.

use std::collections::VecDeque;
use std::ops::Range;

/// A set of numbers, kept as the rows it consists of. It suits numbers that come in ascending order and go in rows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Spans {
    /// In ascending order, none empty, none next to another.
    rows: VecDeque<Range<u64>>,
    len: u64,
}

impl Spans {
    /// The empty set.
    pub const fn new() -> Spans {
        Spans { rows: VecDeque::new(), len: 0 }
    }
    /// How many numbers there are.
    pub fn len(&self) -> u64 {
        self.len
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The least one.
    pub fn first(&self) -> Option<u64> {
        self.rows.front().map(|row| row.start)
    }

    /// Adds numbers that are all above those in the set.
    ///
    /// # Panics
    /// If one is not.
    pub fn push(&mut self, row: Range<u64>) {
        if row.is_empty() {
            return;
        }
        self.len += row.end - row.start;
        match self.rows.back_mut() {
            Some(last) if last.end == row.start => last.end = row.end,
            Some(last) => {
                assert!(last.end < row.start, "{row:?} comes after {last:?}");
                self.rows.push_back(row);
            }
            None => self.rows.push_back(row),
        }
    }

    /// Takes numbers out, as far as they are in the set.
    pub fn remove(&mut self, out: Range<u64>) {
        let mut at = self.rows.partition_point(|row| row.end <= out.start);
        while let Some(row) = self.rows.get_mut(at) {
            let (from, to) = (row.start.max(out.start), row.end.min(out.end));
            if from >= to {
                return;
            }
            self.len -= to - from;
            let (head, tail) = (row.start..from, to..row.end);
            match (head.is_empty(), tail.is_empty()) {
                (true, true) if at == 0 => drop(self.rows.pop_front()),
                (true, true) => drop(self.rows.remove(at)),
                (true, false) => *row = tail,
                (false, true) => {
                    *row = head;
                    at += 1;
                }
                (false, false) => {
                    *row = head;
                    return self.rows.insert(at + 1, tail);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Rows that are drawn, beside a set of single numbers.
    #[test]
    fn it_holds_what_a_plain_set_holds() {
        let (mut spans, mut plain) = (Spans::new(), BTreeSet::new());
        let mut state = 1u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut next = 0;
        for _ in 0..2_000 {
            let from = next + draw(3);
            next = from + draw(9);
            spans.push(from..next);
            plain.extend(from..next);
            let out = draw(next + 1);
            let out = out..out + draw(30);
            spans.remove(out.clone());
            plain.retain(|n| !out.contains(n));
            assert_eq!((spans.len(), spans.first()), (plain.len() as u64, plain.first().copied()));
            assert!(spans.rows.iter().cloned().flatten().eq(plain.iter().copied()));
            assert!(spans.rows.iter().zip(spans.rows.iter().skip(1)).all(|(a, b)| a.end < b.start));
        }
    }

    #[test]
    #[should_panic(expected = "comes after")]
    fn it_grows_at_its_end_only() {
        let mut spans = Spans::new();
        spans.push(5..9);
        spans.push(8..10);
    }
}
