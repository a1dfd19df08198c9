//! [`Soonest`]: of the many moments at which a client has something to do, the first that is still to come. Clients ask at every step.

use kernel::Time;

/// The first of the moments it is told of that lie after its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Soonest {
    now: Time,
    due: Time,
}

impl Soonest {
    /// None yet.
    pub(crate) fn after(now: Time) -> Soonest {
        Soonest { now, due: Time::MAX }
    }
    /// There is something to do at `due`; at [`Time::MAX`] there is not.
    pub(crate) fn at(&mut self, due: Time) {
        if due > self.now && due < self.due {
            self.due = due;
        }
    }
    /// The same for several.
    pub(crate) fn at_each(&mut self, dues: impl IntoIterator<Item = Time>) {
        dues.into_iter().for_each(|due| self.at(due));
    }
    pub(crate) fn when(self) -> Option<Time> {
        (self.due < Time::MAX).then_some(self.due)
    }
}
