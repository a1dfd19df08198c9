//! What the operating system writes to disk by itself, without being asked to flush (Linux: `vm.dirty_expire_centisecs`,
//! `vm.dirty_writeback_centisecs`): every 5 s it writes those files whole in which something has been unwritten for 30 s. So a host
//! that loses power loses at most what its logs took in the last 35 s, and Kafka leaves it at that (`log.flush.interval.*`).
//! Recovery points know nothing of it.

use kernel::{Duration, Time};

use super::disk::StoredReplica;

const EXPIRE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl StoredReplica {
    /// Everything in its log below is on disk at `now`.
    pub fn on_disk_below(&self, now: Time) -> i64 {
        let expires = (self.unwritten_since + EXPIRE).as_nanos();
        let look = expires.next_multiple_of(LOOK_EVERY.as_nanos());
        match look <= now.as_nanos() {
            true => self.log.log_end_offset(),
            false => self.log.flushed_to(),
        }
    }

    /// Takes note of what was written back by `now`, because the log may be about to change.
    pub(super) fn write_back(&mut self, now: Time) {
        if self.log.flushed_to() < self.log.log_end_offset() {
            let below = self.on_disk_below(now);
            self.log.written_below(below);
        }
        if self.log.flushed_to() >= self.log.log_end_offset() {
            self.unwritten_since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::batch::ProducerStamp;
    use protocol::{Batch, Record, TopicId, TopicPartition};

    use super::super::disk::Disk;
    use super::*;

    fn append(disk: &mut Disk, seconds: u64) {
        disk.now = Time::from_millis(seconds * 1_000);
        let batch = Batch::new(vec![Record::new(protocol::EPOCH_MS, None, Some(b"x"))], ProducerStamp::default());
        disk.log_mut(0).append_as_leader(&batch, 0, protocol::EPOCH_MS).expect("it is let in");
    }

    fn left_after_power_loss(disk: &Disk, seconds: u64) -> i64 {
        let mut disk = disk.clone();
        disk.now = Time::from_millis(seconds * 1_000);
        disk.lose_unflushed();
        disk.log(0).log_end_offset()
    }

    #[test]
    fn what_is_older_than_half_a_minute_outlives_a_power_loss() {
        let mut disk = Disk::default();
        let config = partition_log::LogConfig::default();
        disk.create(TopicPartition::new("t", 0), TopicId(1), 0, config, protocol::EPOCH_MS);
        append(&mut disk, 12);
        append(&mut disk, 40);
        assert_eq!(left_after_power_loss(&disk, 44), 0, "the next look after 12 s + 30 s is at 45 s");
        assert_eq!(left_after_power_loss(&disk, 45), 2, "a file is written whole");
        append(&mut disk, 50);
        assert_eq!(left_after_power_loss(&disk, 50), 2);
        assert_eq!(left_after_power_loss(&disk, 79), 2, "dirty once more, since 50 s");
        assert_eq!(left_after_power_loss(&disk, 80), 3);
    }

    #[test]
    fn a_log_that_was_touched_and_not_written_to_is_not_dirty() {
        let mut disk = Disk::default();
        let config = partition_log::LogConfig::default();
        disk.create(TopicPartition::new("t", 0), TopicId(1), 0, config, protocol::EPOCH_MS);
        disk.now = Time::from_millis(1_000);
        disk.log_mut(0).set_high_watermark(0);
        append(&mut disk, 20);
        assert_eq!(left_after_power_loss(&disk, 49), 0);
        assert_eq!(left_after_power_loss(&disk, 50), 1);
    }
}
