//! What always holds of a log. Checked by tests and after each step of debug builds.

use crate::log::Log;

impl Log {
    /// Says what is broken, if anything: offsets in order, segments and batches contiguous or with gaps but never
    /// overlapping, sizes right, epochs increasing.
    pub fn validate(&self) -> Result<(), String> {
        let check = |holds: bool, what: &str| match holds {
            true => Ok(()),
            false => Err(format!("{what} in the log of {}: {}", self.partition, self.summary())),
        };
        check(self.high_watermark <= self.log_end, "high watermark above log end")?;
        check(self.last_stable_offset() <= self.high_watermark, "last stable offset above high watermark")?;
        check(self.log_start <= self.log_end, "log start above log end")?;
        check(self.flushed <= self.log_end, "flushed above log end")?;
        check(self.recovery_point <= self.flushed, "recovery point above what is flushed")?;
        let segments_bytes: u64 = self.segments().map(|s| u64::from(s.size_bytes())).sum();
        check(segments_bytes == self.size_bytes(), "size is not that of the segments")?;
        let mut next = self.segments().next().map_or(0, |segment| segment.base_offset());
        for segment in self.segments() {
            check(segment.base_offset() >= next, "segments overlap")?;
            next = segment.base_offset();
            let mut position = 0;
            for (at, batch) in segment.batches() {
                check(batch.base_offset >= next, "batches overlap")?;
                check(at == position, "a batch is not at its position")?;
                next = batch.next_offset();
                position += batch.size_in_bytes();
            }
            check(segment.size_bytes() == position, "a segment's size is not that of its batches")?;
        }
        check(next <= self.log_end, "a batch reaches over the log end")?;
        let epochs = self.epochs();
        check(
            epochs.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1),
            "leader epochs out of order",
        )
    }

    fn summary(&self) -> String {
        format!(
            "logStart={} highWatermark={} logEnd={} recoveryPoint={} epochs={:?}",
            self.log_start,
            self.high_watermark,
            self.log_end,
            self.recovery_point,
            self.epochs()
        )
    }
}
