//! Retention by time removes nothing younger than `retention.ms`.

use protocol::{Note, wall_ms};

use super::{Invariant, Kind, Kinds, Sight};

/// Keeps nothing: every deletion is looked at when it is done.
#[derive(Clone, Debug, Default)]
pub(super) struct RetentionKeepsYoung;

impl Invariant for RetentionKeepsYoung {
    const ID: &'static str = "retention-keeps-young";
    const DOC: &'static str = "Retention by time deletes no record younger than retention.ms, and none above the high watermark.";
    const SOURCE: &'static str = "UnifiedLog#deleteRetentionMsBreachedSegments; KIP-33";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::SegmentsDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Note::SegmentsDeleted { tp, broker, log_start, newest_by_time_ms } = sight.note else { return Ok(()) };
        let Some(replica) = sight.replica(*broker, tp) else { return Ok(()) };
        let high_watermark = replica.log.high_watermark();
        if *log_start > high_watermark {
            return Err(format!("{tp} on broker {broker}: the log starts at {log_start}, above high watermark {high_watermark}"));
        }
        // A broker goes by its own clock.
        let ahead_ms = sight.layout.brokers.get(broker).map_or(0, |node| sight.world.host(*node).clock_ahead_ms);
        let now_ms = wall_ms(sight.world.now().as_nanos()).saturating_add(ahead_ms);
        let retention_ms = replica.log.config().retention_ms;
        match newest_by_time_ms.map(|newest| now_ms - newest) {
            Some(age_ms) if age_ms <= retention_ms => {
                Err(format!("{tp} on broker {broker}: a record of {age_ms} ms was deleted, and retention.ms is {retention_ms}"))
            }
            _ => Ok(()),
        }
    }
}
