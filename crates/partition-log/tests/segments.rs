//! When segments roll, and what their index files hold.

mod common;
use common::*;
use partition_log::{Log, LogConfig, Segment};

const HOUR: i64 = 3_600_000;

#[test]
fn a_segment_never_grows_above_segment_bytes() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..3 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    assert_eq!(segment_bases(&log), [0, 2], "two batches of 150 fill it, the third goes to a new one");
    assert_eq!(log.segments().map(Segment::size_bytes).collect::<Vec<_>>(), [300, 150]);
    assert_eq!(log.size_bytes(), 450);
}

#[test]
fn a_roll_is_reported_with_the_new_segments_base() {
    let mut log = log(LogConfig { segment_bytes: 150, ..LogConfig::default() });
    let rolled: Vec<_> =
        (0..3).map(|_| log.append_as_leader(&batch_of_size(NOW, 150), 0, NOW).expect("fine").rolled).collect();
    assert_eq!(rolled, [None, Some(1), Some(2)]);
}

#[test]
fn segment_ms_compares_record_times_and_not_the_clock() {
    let mut log = log(LogConfig { segment_ms: HOUR, ..LogConfig::default() });
    log.append_as_leader(&batch_at(NOW, 1), 0, NOW).expect("fine");
    log.append_as_leader(&batch_at(NOW, 1), 0, NOW + 10 * HOUR).expect("fine");
    assert_eq!(segment_bases(&log), [0], "ten hours have passed, but not between the records");
    log.append_as_leader(&batch_at(NOW + HOUR, 1), 0, NOW + 10 * HOUR).expect("fine");
    assert_eq!(segment_bases(&log), [0], "exactly an hour is not more than an hour");
    log.append_as_leader(&batch_at(NOW + HOUR + 1, 1), 0, NOW + 10 * HOUR).expect("fine");
    assert_eq!(segment_bases(&log), [0, 3]);
}

#[test]
fn without_record_times_segment_ms_compares_the_clock() {
    let mut log = log(LogConfig { segment_ms: HOUR, ..LogConfig::default() });
    log.append_as_leader(&batch_at(-1, 1), 0, NOW).expect("fine");
    log.append_as_leader(&batch_at(-1, 1), 0, NOW + HOUR).expect("fine");
    log.append_as_leader(&batch_at(-1, 1), 0, NOW + HOUR + 1).expect("fine");
    assert_eq!(segment_bases(&log), [0, 2]);
}

#[test]
fn an_idle_log_does_not_roll() {
    let mut log = log(LogConfig { segment_ms: HOUR, retention_ms: -1, ..LogConfig::default() });
    append(&mut log, &batch(1));
    log.delete_old_segments(NOW + 100 * HOUR);
    assert_eq!(segment_bases(&log), [0]);
}

#[test]
fn a_compacted_topic_rolls_after_max_compaction_lag() {
    let mut log = log(LogConfig { compact: true, max_compaction_lag_ms: 1000, ..LogConfig::default() });
    append(&mut log, &batch_at(NOW, 1));
    append(&mut log, &batch_at(NOW + 1001, 1));
    assert_eq!(segment_bases(&log), [0, 1]);
}

#[test]
fn an_index_entry_is_written_after_more_than_index_interval_bytes() {
    let mut log = log(LogConfig { index_interval_bytes: 4096, ..LogConfig::default() });
    for n in 0..12 {
        append(&mut log, &batch_of_size(NOW + n, 1024));
    }
    // Four batches make 4096, which is not more; so the sixth batch is the first with an entry.
    let index: Vec<_> = log.active_segment().offset_index().map(|entry| (entry.offset, entry.position)).collect();
    assert_eq!(index, [(5, 5 * 1024), (10, 10 * 1024)]);
    let times: Vec<_> =
        log.active_segment().time_index(false).iter().map(|entry| (entry.timestamp_ms - NOW, entry.offset)).collect();
    assert_eq!(times, [(5, 5), (10, 10)]);
}

#[test]
fn a_small_closed_segment_has_an_empty_index_and_one_time_entry() {
    let config = LogConfig { segment_bytes: 300, ..LogConfig::default() };
    let mut log = log(config);
    for _ in 0..3 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    let files: Vec<_> = log.segments().map(|s| (s.index_bytes(), s.time_index_bytes())).collect();
    assert_eq!(files, [(0, 12), (10_485_760, 10_485_756)], "the active segment's files have their full size");
    assert_eq!(
        log.segments().map(Segment::file_stem).collect::<Vec<_>>(),
        ["00000000000000000000", "00000000000000000002"]
    );
}

#[test]
fn a_full_index_rolls_the_segment() {
    let mut log = log(LogConfig { index_interval_bytes: 0, segment_index_bytes: 16, ..LogConfig::default() });
    for n in 0..4 {
        append(&mut log, &batch_at(NOW + n, 1));
    }
    // Sixteen bytes hold two offset entries but only one time entry, of which the last is kept free.
    assert_eq!(segment_bases(&log), [0, 1, 2, 3]);
}

#[test]
fn a_producer_snapshot_is_written_at_each_roll() {
    let mut log = log(LogConfig { segment_bytes: 200, ..LogConfig::default() });
    append(&mut log, &sequenced(7, 0, 0, 1));
    append(&mut log, &sequenced(8, 0, 0, 1));
    append(&mut log, &sequenced(8, 0, 1, 1));
    let snapshots: Vec<_> = log.segments().map(Segment::snapshot_bytes).collect();
    assert_eq!(snapshots, [None, Some(10 + 2 * 46)]);
}

#[test]
fn a_clone_shares_what_is_closed_and_goes_its_own_way() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..500 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    let mut fork = log.clone();
    append(&mut fork, &batch_of_size(NOW, 150));
    assert_eq!((log.log_end_offset(), fork.log_end_offset()), (500, 501));
    fork.truncate_to(3, NOW);
    fork.validate().expect("sound");
    log.validate().expect("sound");
    assert_eq!((log.segment_count(), fork.segment_count()), (250, 2));
}

#[test]
fn jitter_rolls_segments_earlier_each_by_its_own_share() {
    let mut log = log(LogConfig { segment_ms: 60_000, segment_jitter_ms: 30_000, ..LogConfig::default() });
    for second in 0..3_600 {
        append(&mut log, &batch_at(NOW + 1_000 * second, 1));
    }
    let bases: Vec<i64> = log.segments().map(Segment::base_offset).collect();
    let lengths: Vec<i64> = bases.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(lengths.iter().all(|length| (30..=61).contains(length)), "{lengths:?}");
    assert!(lengths.iter().any(|length| *length != lengths[0]), "{lengths:?}");
}

/// (last offset, position) of the offset index, and (ms after NOW, offset) of the time index, of the active segment.
fn indexes(log: &Log) -> (Vec<(i64, u32)>, Vec<(i64, i64)>) {
    let segment = log.active_segment();
    let times = segment.time_index(false);
    (
        segment.offset_index().map(|entry| (entry.offset, entry.position)).collect(),
        times.iter().map(|entry| (entry.timestamp_ms - NOW, entry.offset)).collect(),
    )
}

fn append_at(log: &mut Log, range: std::ops::Range<i64>) {
    for n in range {
        append(log, &batch_of_size(NOW + n, 1024));
    }
}

/// `LogSegment#close`, and a segment that is opened knows of no bytes since its last entry.
#[test]
fn a_stop_writes_a_time_index_entry_and_a_start_counts_bytes_from_nothing() {
    let mut log = default_log();
    append_at(&mut log, 0..4);
    log.close();
    log.reopen(4, 0, None, NOW);
    assert_eq!(indexes(&log), (vec![], vec![(3, 3)]));
    append_at(&mut log, 4..10);
    assert_eq!(
        indexes(&log),
        (vec![(9, 9 * 1024)], vec![(3, 3), (9, 9)]),
        "five batches after the start, not after the first"
    );
    log.close();
    log.close();
    log.reopen(10, 0, None, NOW);
    assert_eq!(indexes(&log).1, [(3, 3), (9, 9)], "nothing is younger than the last entry");
    log.validate().expect("sound");
}

/// `LogSegment#recover`.
#[test]
fn recovery_makes_the_indexes_anew() {
    let mut log = default_log();
    append_at(&mut log, 0..4);
    log.close();
    log.reopen(4, 0, None, NOW);
    append_at(&mut log, 4..8);
    assert_eq!(indexes(&log), (vec![], vec![(3, 3)]));
    log.reopen(0, 0, Some(4), NOW);
    assert_eq!(indexes(&log), (vec![(5, 5 * 1024)], vec![(5, 5), (7, 7)]));
    append_at(&mut log, 8..14);
    assert_eq!(indexes(&log).0, [(5, 5 * 1024), (13, 13 * 1024)], "and counts from the end of what it has read");
}

#[test]
fn recovery_leaves_segments_below_the_recovery_point_alone() {
    let mut log = log(LogConfig { segment_bytes: 9 * 1024, ..LogConfig::default() });
    append_at(&mut log, 0..4);
    log.close();
    log.reopen(4, 0, None, NOW);
    append_at(&mut log, 4..11);
    assert_eq!(segment_bases(&log), [0, 9]);
    let first =
        |log: &Log| -> Vec<_> { log.segments().next().expect("one").offset_index().map(|e| e.offset).collect() };
    assert_eq!(first(&log), [9; 0]);
    let mut whole = log.clone();
    log.reopen(0, 0, Some(9), NOW);
    assert_eq!(first(&log), [9; 0]);
    whole.reopen(0, 0, Some(8), NOW);
    assert_eq!(first(&whole), [5]);
    assert_eq!(whole.segments().next().expect("one").time_index(false).last().map(|e| e.offset), Some(8));
}

/// `TimeIndex#truncateTo`.
#[test]
fn a_time_index_is_cut_by_the_offsets_that_it_names() {
    let mut log = default_log();
    for ms in [0, 900, 1, 2, 3, 4, 5] {
        append(&mut log, &batch_of_size(NOW + ms, 1024));
    }
    assert_eq!(indexes(&log), (vec![(5, 5 * 1024)], vec![(900, 1)]), "the youngest so far is in the second batch");
    let mut cut = log.clone();
    cut.truncate_to(4, NOW);
    assert_eq!(indexes(&cut), (vec![], vec![(900, 1)]), "its entry stays");
    append_at(&mut cut, 1000..1006);
    assert_eq!(indexes(&cut), (vec![(9, 9 * 1024)], vec![(900, 1), (1005, 9)]), "bytes are counted from the cut");
    log.truncate_to(1, NOW);
    assert_eq!(indexes(&log), (vec![], vec![]));
    log.validate().expect("sound");
}

#[test]
fn a_segment_that_is_active_again_keeps_the_entry_of_its_roll() {
    let mut log = log(LogConfig { segment_bytes: 3 * 1024, ..LogConfig::default() });
    for ms in [0, 900, 1, 2] {
        append(&mut log, &batch_of_size(NOW + ms, 1024));
    }
    assert_eq!(segment_bases(&log), [0, 3]);
    let mut cut = log.clone();
    cut.truncate_to(2, NOW);
    assert_eq!(indexes(&cut).1, [(900, 1)]);
    log.truncate_to(1, NOW);
    assert_eq!(indexes(&log).1, [], "what it names is gone");
    log.validate().expect("sound");
}

/// `LogSegment#open`: a segment keeps the sizes its indexes were made with.
#[test]
fn what_is_set_for_indexes_counts_from_the_next_segment_or_start_on() {
    let small = LogConfig { segment_index_bytes: 120, index_interval_bytes: 0, ..LogConfig::default() };
    let mut log = default_log();
    append_at(&mut log, 0..3);
    log.set_config(small);
    append_at(&mut log, 3..6);
    let sizes = |log: &Log| log.segments().map(|s| (s.index_bytes(), s.time_index_bytes())).collect::<Vec<_>>();
    assert_eq!((sizes(&log), indexes(&log).0.len()), (vec![(10_485_760, 10_485_756)], 1));
    let mut restarted = log.clone();
    restarted.reopen(6, 0, None, NOW);
    append_at(&mut restarted, 6..9);
    assert_eq!(
        (sizes(&restarted), indexes(&restarted).0.len()),
        (vec![(120, 120)], 3),
        "the first after a start has none"
    );
    log.set_config(LogConfig { segment_bytes: 6 * 1024, ..small });
    append_at(&mut log, 6..9);
    assert_eq!((sizes(&log), indexes(&log).0.len()), (vec![(8, 12), (120, 120)], 2));
}

/// Relative offsets are 32 bits wide.
#[test]
fn a_segment_spans_no_more_offsets_than_an_index_can_name() {
    const SPAN: i64 = i32::MAX as i64;
    let mut log = default_log();
    for base in [0, SPAN, SPAN + 1, 2 * SPAN + 2] {
        log.append_as_follower(&batch_at(NOW, 1).stamped(base, 0), NOW).expect("gaps are what compaction leaves");
    }
    assert_eq!(segment_bases(&log), [0, SPAN + 1, 2 * SPAN + 2]);
}
