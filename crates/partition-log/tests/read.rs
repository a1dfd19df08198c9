//! What a fetch gets from a log.

mod common;
use common::*;
use partition_log::{Found, LogConfig};
use protocol::ErrorCode;

const ALL: u32 = u32::MAX;

#[test]
fn a_read_returns_whole_batches_and_may_start_before_the_asked_offset() {
    let mut log = default_log();
    for count in [3, 2, 4] {
        append(&mut log, &batch(count));
    }
    assert_eq!(ranges(&log.read(4, 9, ALL, true).expect("in range").batches), [(3, 4), (5, 8)]);
    assert_eq!(ranges(&log.read(2, 5, ALL, true).expect("in range").batches), [(0, 2), (3, 4)]);
}

#[test]
fn a_read_stops_at_the_bound() {
    let mut log = default_log();
    append(&mut log, &batch(2));
    append(&mut log, &batch(2));
    assert_eq!(ranges(&log.read(0, 2, ALL, true).expect("in range").batches), [(0, 1)]);
    assert!(log.read(2, 2, ALL, true).expect("at the bound").batches.is_empty());
    assert!(log.read(4, 2, ALL, true).expect("above the bound, in the log").batches.is_empty());
}

#[test]
fn outside_the_log_is_out_of_range_and_the_end_is_not() {
    let mut log = default_log();
    append(&mut log, &batch(10));
    log.set_high_watermark(10);
    log.set_log_start(5).expect("below the high watermark");
    assert_eq!(log.read(4, 10, ALL, true), Err(ErrorCode::OffsetOutOfRange));
    assert_eq!(log.read(11, 10, ALL, true), Err(ErrorCode::OffsetOutOfRange));
    assert_eq!(log.read(10, 10, ALL, true), Ok(Found::default()));
    assert_eq!(
        log.read(5, 10, ALL, true).map(|found| found.batches[0].base_offset),
        Ok(0),
        "the whole batch, from before the log start"
    );
}

#[test]
fn a_batch_larger_than_the_limit_passes_only_as_the_first_with_min_one_message() {
    let mut log = default_log();
    append(&mut log, &batch_of_size(NOW, 1000));
    append(&mut log, &batch_of_size(NOW, 100));
    let read = |max_bytes, min_one_message| {
        let found = log.read(0, 2, max_bytes, min_one_message).expect("in range");
        (ranges(&found.batches), found.cut_bytes)
    };
    assert_eq!(read(500, true), (vec![(0, 0)], 0), "whole, and nothing after it");
    assert_eq!(read(500, false), (vec![], 0), "no beginning of the first one");
    assert_eq!(read(1100, false), (vec![(0, 0), (1, 1)], 0));
}

/// `LogSegment#read`: what is read ends at exactly as many bytes as are asked for.
#[test]
fn a_read_ends_in_the_middle_of_a_batch_if_no_more_bytes_are_wanted() {
    let mut log = log(LogConfig { segment_bytes: 500, ..LogConfig::default() });
    for size in [200, 100, 150, 300] {
        append(&mut log, &batch_of_size(NOW, size));
    }
    assert_eq!(segment_bases(&log), [0, 3]);
    let read = |bound, max_bytes| {
        let found = log.read(0, bound, max_bytes, true).expect("in range");
        (ranges(&found.batches).len(), found.cut_bytes)
    };
    assert_eq!([200, 201, 299, 300, 301].map(|max| read(4, max)), [(1, 0), (1, 1), (1, 99), (2, 0), (2, 1)]);
    assert_eq!([449, 450, 600].map(|max| read(4, max)), [(2, 149), (3, 0), (3, 0)], "nothing of the next segment");
    assert_eq!([(1, 250), (2, 350)].map(|(bound, max)| read(bound, max)), [(1, 0), (2, 0)], "nor above the bound");
}

#[test]
fn bytes_between_offsets_are_those_of_whole_batches_in_the_last_segment() {
    let mut log = log(LogConfig { segment_bytes: 500, ..LogConfig::default() });
    for size in [200, 100, 150, 300, 120] {
        append(&mut log, &batch_of_size(NOW, size));
    }
    assert_eq!(segment_bases(&log), [0, 3]);
    assert_eq!(
        [(0, 1), (0, 3), (1, 2), (2, 2)].map(|(from, bound)| log.bytes_between(from, bound)),
        [200, 450, 100, 0]
    );
    assert_eq!(
        [(3, 4), (3, 5), (5, 5), (1, 5)].map(|(from, bound)| log.bytes_between(from, bound)),
        [300, 420, 0, 420]
    );
}

#[test]
fn one_read_never_crosses_a_segment() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..4 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    assert_eq!(segment_bases(&log), [0, 2]);
    assert_eq!(ranges(&log.read(1, 4, ALL, true).expect("in range").batches), [(1, 1)]);
    assert_eq!(ranges(&log.read(2, 4, ALL, true).expect("in range").batches), [(2, 2), (3, 3)]);
}

#[test]
fn an_offset_in_a_gap_reads_the_next_batch_even_in_the_next_segment() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for base in [0, 10, 20] {
        log.append_as_follower(&batch_of_size(NOW, 150).stamped(base, 0), NOW).expect("gaps are fine");
    }
    assert_eq!(segment_bases(&log), [0, 20]);
    assert_eq!(ranges(&log.read(5, 21, ALL, true).expect("in range").batches), [(10, 10)]);
    assert_eq!(ranges(&log.read(15, 21, ALL, true).expect("in range").batches), [(20, 20)]);
}

#[test]
fn any_offset_of_a_long_log_is_found() {
    let mut log = log(LogConfig { segment_bytes: 30_000, ..LogConfig::default() });
    for _ in 0..2000 {
        append(&mut log, &batch(3));
    }
    for offset in (0..6000).step_by(7) {
        let found = log.read(offset, 6000, 1, true).expect("in range").batches;
        assert!(found[0].base_offset <= offset && offset <= found[0].last_offset(), "{offset}");
        let from: Vec<i64> = log.batches_from(offset).map(|batch| batch.base_offset).collect();
        assert!(from.iter().copied().eq((offset / 3 * 3..6000).step_by(3)), "{offset}: {from:?}");
    }
    assert_eq!(log.batches_from(0).count(), 2000);
}

#[test]
fn the_high_watermark_moves_forward_and_never_past_the_end() {
    let mut log = default_log();
    append(&mut log, &batch(5));
    assert!(log.set_high_watermark(3));
    assert!(!log.set_high_watermark(2));
    assert!(log.set_high_watermark(100));
    assert_eq!((log.high_watermark(), log.last_stable_offset()), (5, 5));
}

#[test]
fn a_timestamp_finds_the_first_record_at_or_after_it() {
    let mut log = default_log();
    for at in [100, 300, 200, 400] {
        log.append_as_leader(&batch_at(NOW + at, 2), 3, NOW).expect("fine");
    }
    let find = |at: i64| {
        log.offset_for_timestamp(NOW + at).map(|found| (found.timestamp_ms - NOW, found.offset, found.leader_epoch))
    };
    assert_eq!(find(0), Some((100, 0, 3)));
    assert_eq!(find(101), Some((300, 2, 3)));
    assert_eq!(find(200), Some((300, 2, 3)), "in offset order, not in time order");
    assert_eq!(find(301), Some((400, 6, 3)));
    assert_eq!(find(401), None);
}

#[test]
fn timestamps_are_found_across_segments_and_chunks() {
    let mut log = log(LogConfig { segment_bytes: 30_000, ..LogConfig::default() });
    for n in 0..1000 {
        append(&mut log, &batch_at(NOW + 10 * n, 1));
    }
    assert!(log.segment_count() > 2);
    for n in (0..1000).step_by(13) {
        assert_eq!(log.offset_for_timestamp(NOW + 10 * n - 5).map(|found| found.offset), Some(n));
    }
    for n in 0..1000 {
        assert_eq!(log.offset_for_timestamp(NOW + 10 * n).map(|found| found.offset), Some(n));
    }
}

#[test]
fn a_timestamp_before_the_log_start_finds_the_log_start() {
    let mut log = default_log();
    append(&mut log, &batch_at(NOW, 10));
    log.set_high_watermark(10);
    log.set_log_start(4).expect("fine");
    assert_eq!(log.offset_for_timestamp(NOW - 1).map(|found| found.offset), Some(4));
}

#[test]
fn max_timestamp_is_the_first_record_that_has_it() {
    let mut log = default_log();
    assert_eq!(log.max_timestamp(), None);
    for at in [100, 300, 200, 300] {
        append(&mut log, &batch_at(NOW + at, 2));
    }
    assert_eq!(log.max_timestamp().map(|found| (found.timestamp_ms - NOW, found.offset)), Some((300, 2)));
}
