//! The states of a classic group (`ClassicGroupState`).

use std::fmt;

/// A group's state.
///
/// | to                  | from                                |
/// |---------------------|-------------------------------------|
/// | Empty               | PreparingRebalance                  |
/// | PreparingRebalance  | Empty, CompletingRebalance, Stable  |
/// | CompletingRebalance | PreparingRebalance                  |
/// | Stable              | CompletingRebalance                 |
/// | Dead                | any                                 |
///
/// A group begins Empty (first join, or an offset commit from outside) or, loaded with members, Stable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GroupState {
    /// No members; offsets may remain.
    Empty,
    /// Waits for members to join.
    PreparingRebalance,
    /// Waits for the leader's assignment.
    CompletingRebalance,
    /// Everybody has its assignment.
    Stable,
    /// The coordinator moved away or the group was deleted.
    Dead,
}

impl GroupState {
    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
            GroupState::Dead => "Dead",
        }
    }

    /// Whether a group may go from this state to `next`.
    pub fn may_become(self, next: GroupState) -> bool {
        use GroupState::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
        match next {
            Empty | CompletingRebalance => self == PreparingRebalance,
            PreparingRebalance => matches!(self, Stable | CompletingRebalance | Empty),
            Stable => self == CompletingRebalance,
            Dead => true,
        }
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
