//! What retention deletes, and what holds it up.

mod common;
use common::*;
use partition_log::{Log, LogConfig, RetentionReason};

const HOUR: i64 = 3_600_000;

/// A committed log with one batch of 150 bytes a segment, at these times.
fn log_at(config: LogConfig, times: &[i64]) -> Log {
    let mut log = log(LogConfig { segment_bytes: 150, retention_ms: -1, timestamp_after_max_ms: i64::MAX, ..config });
    for time in times {
        append(&mut log, &batch_of_size(NOW + time, 150));
    }
    log.set_high_watermark(log.log_end_offset());
    log
}

fn with_retention_ms(mut log: Log, retention_ms: i64) -> Log {
    log.set_config(LogConfig { retention_ms, ..*log.config() });
    log
}

#[test]
fn a_segment_goes_when_its_youngest_record_is_older_than_retention_ms() {
    let mut log = with_retention_ms(log_at(LogConfig::default(), &[0, HOUR, 2 * HOUR]), HOUR);
    assert!(log.delete_old_segments(NOW + HOUR).is_empty(), "exactly as old is not older");
    let deleted = log.delete_old_segments(NOW + HOUR + 1);
    assert_eq!(
        deleted.iter().map(|d| (d.base_offset, d.size_bytes, d.reason)).collect::<Vec<_>>(),
        [(0, 150, RetentionReason::Time)]
    );
    assert_eq!((log.log_start_offset(), segment_bases(&log)), (1, vec![1, 2]));
    log.validate().expect("sound");
}

#[test]
fn a_future_record_pins_its_segment_and_all_that_follow() {
    let mut log = with_retention_ms(log_at(LogConfig::default(), &[0, 1000 * HOUR, HOUR]), HOUR);
    log.delete_old_segments(NOW + 100 * HOUR);
    assert_eq!(segment_bases(&log), [1, 2], "segment 2 is old, but behind one that is not");
}

#[test]
fn size_retention_never_goes_below_retention_bytes() {
    let bases = |retention_bytes| {
        let mut log = log_at(LogConfig { retention_bytes, ..LogConfig::default() }, &[0, 0, 0, 0]);
        log.delete_old_segments(NOW);
        segment_bases(&log)
    };
    assert_eq!(bases(450), [1, 2, 3]);
    assert_eq!(bases(449), [1, 2, 3], "deleting another would leave 300");
    assert_eq!(bases(451), [0, 1, 2, 3]);
    assert_eq!(bases(-1), [0, 1, 2, 3]);
    assert_eq!(bases(-5), [0, 1, 2, 3], "any negative number is no limit");
}

#[test]
fn nothing_above_the_high_watermark_goes() {
    let mut log = log(LogConfig { segment_bytes: 150, retention_ms: 0, ..LogConfig::default() });
    for _ in 0..3 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    log.set_high_watermark(1);
    log.delete_old_segments(NOW + HOUR);
    assert_eq!((log.log_start_offset(), segment_bases(&log)), (1, vec![1, 2]));
}

#[test]
fn an_expired_active_segment_is_rolled_first_and_the_log_is_empty() {
    let mut log = with_retention_ms(log_at(LogConfig::default(), &[0, 0]), HOUR);
    let deleted = log.delete_old_segments(NOW + 2 * HOUR);
    assert_eq!(deleted.len(), 2);
    assert_eq!((log.log_start_offset(), log.log_end_offset(), segment_bases(&log)), (2, 2, vec![2]));
    assert_eq!(log.epochs(), [(0, 2)], "the last epoch is kept, starting at the end");
    assert!(log.delete_old_segments(NOW + 9 * HOUR).is_empty(), "an empty segment stays");
    log.validate().expect("sound");
}

#[test]
fn segments_below_the_log_start_go_even_in_compacted_topics() {
    let mut log =
        log_at(LogConfig { compact: true, delete: false, retention_bytes: 0, ..LogConfig::default() }, &[0, 0, 0]);
    log.set_config(LogConfig { retention_ms: 0, ..*log.config() });
    assert!(log.delete_old_segments(NOW + HOUR).is_empty(), "no time or size retention without delete");
    log.set_log_start(2).expect("committed");
    let deleted = log.delete_old_segments(NOW + HOUR);
    assert_eq!(
        deleted.iter().map(|d| (d.base_offset, d.reason)).collect::<Vec<_>>(),
        [(0, RetentionReason::LogStart), (1, RetentionReason::LogStart)]
    );
}

#[test]
fn a_log_start_in_the_middle_of_a_segment_keeps_the_segment() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..4 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    log.set_high_watermark(4);
    log.set_log_start(3).expect("committed");
    log.delete_old_segments(NOW);
    assert_eq!((segment_bases(&log), log.log_start_offset()), (vec![2], 3));
}

#[test]
fn without_record_times_the_last_write_counts() {
    let mut log = log(LogConfig { retention_ms: HOUR, ..LogConfig::default() });
    log.append_as_leader(&batch_at(-1, 1), 0, NOW).expect("fine");
    log.set_high_watermark(1);
    assert!(log.delete_old_segments(NOW + HOUR).is_empty());
    assert_eq!(log.delete_old_segments(NOW + HOUR + 1).len(), 1);
}

#[test]
fn producers_outlive_their_segments() {
    let mut log = with_retention_ms(log_at(LogConfig::default(), &[]), HOUR);
    append(&mut log, &sequenced(1, 0, 0, 1));
    log.set_high_watermark(1);
    log.delete_old_segments(NOW + 2 * HOUR);
    assert_eq!(log.producers().count(), 1);
}
