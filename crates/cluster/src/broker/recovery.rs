//! The time a broker's start takes: recovery of logs after an unclean stop (`LogManager#loadLogs`, `LogLoader#recoverLog`).
//!
//! `num.recovery.threads.per.data.dir` threads a directory take one log after the other, and read and check what the checkpoint of recovery
//! points does not vouch for. Each recovered segment ends in a snapshot of producers, which is flushed: on a slow disk that takes
//! a write. Until all is done the broker is fenced and listens to nobody. After a clean stop nothing is read, but in directories that
//! did not work then.
//! Left out: opening files takes no time.

use kernel::Duration;
use ordered::SortedMap;
use protocol::Note;

use super::Broker;
use super::dirs::DirIndex;
use super::disk::Disk;
use crate::process::{Context, Fx};
use crate::spec::ProcessSpec;

/// How fast a thread reads and checks: a hard disk's pace, 100 MB a second.
pub(super) const NANOS_A_BYTE: u64 = 10;

/// What a start after an unclean stop has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Recovery {
    logs: u32,
    segments: u32,
    bytes: u64,
    /// Until the last thread has read its last log.
    reading: Duration,
}

impl Broker {
    /// How long its logs take to load. The process lets that pass before it starts the broker.
    pub fn loading_time(&self, cx: &Context<'_>, fx: &mut Fx) -> Duration {
        let recovery = self.disk.recovery(threads(cx.spec));
        if recovery.bytes == 0 {
            return Duration::ZERO;
        }
        let writing = fx.host().write_time.as_nanos().saturating_mul(u64::from(recovery.segments));
        let time = Duration::from_nanos(recovery.reading.as_nanos().saturating_add(writing));
        let Recovery { logs, bytes, .. } = recovery;
        fx.note(Note::LogsRecovering { broker: self.id, logs, bytes, takes_ms: time.as_millis() });
        time
    }
}

impl Disk {
    fn recovery(&self, threads: usize) -> Recovery {
        let mut recovery = Recovery::default();
        let mut free_at_ns: SortedMap<DirIndex, Vec<u64>> = SortedMap::new();
        for (_, replica) in self.iter().filter(|(_, replica)| !self.was_closed(replica.dir)) {
            let (segments, bytes) = replica.log.to_recover(replica.checkpointed_recovery_point);
            recovery.logs += 1;
            recovery.segments += segments;
            recovery.bytes += bytes;
            let of_dir = free_at_ns.entry(replica.dir).or_insert_with(|| vec![0; threads.max(1)]);
            if let Some(first_free) = of_dir.iter_mut().min() {
                *first_free += bytes * NANOS_A_BYTE;
            }
        }
        recovery.reading = Duration::from_nanos(free_at_ns.values().flatten().copied().max().unwrap_or_default());
        recovery
    }
}

fn threads(spec: &ProcessSpec) -> usize {
    usize::try_from(spec.number("num.recovery.threads.per.data.dir", 2)).unwrap_or(1)
}
