//! Traps: faults that wait for a process to reach a point of its work.

use std::fmt;
use std::sync::Arc;

use crate::effects::Effect;
use crate::{Death, NodeId};

/// Whether an effect is the point that a trap waits for.
pub type Point<M, N> = Arc<dyn Fn(&Effect<M, N>) -> bool + Send + Sync>;

/// A fault that strikes, once, when a process does a certain thing. It waits also while the process does not run.
#[derive(Clone)]
pub struct Trap<M, N> {
    /// What it is called, for people.
    pub name: Arc<str>,
    /// Whose work it watches.
    pub node: NodeId,
    /// Only what is sent to one of these springs it; empty: also what is sent to nobody.
    pub towards: Vec<NodeId>,
    /// What springs it. It must answer by nothing but the effect, or runs would not repeat.
    pub point: Point<M, N>,
    /// What it does then.
    pub strike: Strike,
}

/// What a trap does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strike {
    /// The message is lost, and with it its connection: a byte stream has no holes, so that a network that loses something
    /// for good can only reset. Both ends hear of it; what was sent before still arrives. Strikes at messages only.
    Reset,
    /// The process dies there: by [`Death::PowerLoss`], or else as if killed.
    Die {
        /// How.
        death: Death,
        /// Instead of doing it, and not right after. What is only reported is reported all the same.
        before: bool,
    },
}

impl<M, N> fmt::Debug for Trap<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trap { name, node, towards, strike, point: _ } = self;
        write!(f, "Trap({name}, {node:?}, towards {towards:?}, {strike:?})")
    }
}
