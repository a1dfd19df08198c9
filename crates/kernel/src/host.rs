//! What is out of order with a host: its disk and its clock. A process asks, and acts on it as its code would.

use crate::{Duration, Time};

/// The state of a host, as long as it is not as it should be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Host {
    /// How long each write to its disk takes; zero on a disk that keeps up.
    pub write_time: Duration,
    /// Whether nothing more can be written to its disk.
    pub is_disk_full: bool,
    /// Which of its disks fail every write: bit 0 is the first.
    pub failed_disks: u32,
    /// How far its wall clock is ahead, ms; negative if it is behind. Timers do not care.
    pub clock_ahead_ms: i64,
}

/// A host that is out of order, and until when its disk is busy.
#[derive(Clone, Copy, Hash, Debug)]
pub(crate) struct Trouble {
    pub(crate) host: Host,
    pub(crate) disk_busy: Time,
}

impl Host {
    /// Whether all is as it should be.
    pub fn is_fine(&self) -> bool {
        *self == Host::default()
    }
}
