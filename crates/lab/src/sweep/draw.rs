//! Draws that belong to one operation of a plan: a function of seed, kind, number and place alone.

use kernel::keyed_draw;

const PURPOSE: u32 = 0x5357_0001;

/// What is drawn for. The numbers are part of what a seed means: a new kind goes to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Cluster,
    Configs,
    Topic,
    Producer,
    Consumer,
    Families,
    Fault,
    Core,
    Motif,
    Admin,
    Topics,
    Assignor,
    Dirs,
    Voters,
}

/// The draws of one operation.
pub(super) struct Draws {
    seed: u64,
    operation: u64,
    n: u64,
}

impl Draws {
    /// Those of the `number`th operation of a kind.
    pub(super) fn of(seed: u64, kind: Kind, number: u64) -> Draws {
        Draws { seed, operation: ((kind as u64) << 32) | number, n: 0 }
    }
    /// A number below `bound`. The bias of the remainder is below 2^-50.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.n += 1;
        keyed_draw(self.seed, PURPOSE, self.operation, self.n) % bound.max(1)
    }
    /// A number in `from..=to`.
    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }
    /// True `n` times in `of`.
    pub(super) fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }
    /// One of several, each equally likely; say one twice to make it likelier.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
