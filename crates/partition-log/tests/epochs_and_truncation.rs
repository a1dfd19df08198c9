//! Leader epochs, and what followers cut off.

mod common;
use common::*;
use partition_log::{EpochEnd, Log, LogConfig};

/// A log with two batches of two records in each of these epochs.
fn log_with_epochs(epochs: &[i32]) -> Log {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for epoch in epochs {
        for _ in 0..2 {
            log.append_as_leader(&batch(2), *epoch, NOW).expect("fine");
        }
    }
    log.validate().expect("sound");
    log
}

#[test]
fn an_epoch_ends_where_the_next_begins_and_the_last_at_the_log_end() {
    let log = log_with_epochs(&[1, 4, 6]);
    let end = |epoch: i32| {
        let EpochEnd { epoch, end_offset } = log.end_offset_for_epoch(epoch);
        (epoch, end_offset)
    };
    assert_eq!(log.epochs(), [(1, 0), (4, 4), (6, 8)]);
    assert_eq!(end(1), (1, 4));
    assert_eq!(end(4), (4, 8));
    assert_eq!(end(6), (6, 12));
    assert_eq!(end(5), (4, 8), "an epoch it never saw: the one before");
    assert_eq!(end(0), (0, 0), "before all it knows: where the first begins");
    assert_eq!(end(7), (-1, -1), "it cannot tell");
    assert_eq!(end(-1), (-1, -1));
}

#[test]
fn a_new_leaders_epoch_replaces_what_contradicts_it() {
    let mut log = log_with_epochs(&[1, 4]);
    log.assign_epoch(4, 9);
    assert_eq!(log.epochs(), [(1, 0), (4, 4)], "the newest epoch, later: nothing new");
    log.assign_epoch(7, 8);
    log.assign_epoch(9, 8);
    assert_eq!(log.epochs(), [(1, 0), (4, 4), (9, 8)], "an epoch in which nothing was written goes");
    log.assign_epoch(3, 8);
    assert_eq!(log.epochs(), [(1, 0), (3, 8)]);
}

#[test]
fn truncation_cuts_batches_segments_epochs_and_the_high_watermark() {
    let mut log = log_with_epochs(&[1, 4, 6]);
    log.set_high_watermark(10);
    log.truncate_to(6, NOW);
    log.validate().expect("sound");
    assert_eq!((log.log_end_offset(), log.high_watermark(), log.log_start_offset()), (6, 6, 0));
    assert_eq!(log.epochs(), [(1, 0), (4, 4)]);
    assert_eq!(log.append_as_leader(&batch(1), 8, NOW).map(|a| a.base), Ok(6));
}

#[test]
fn a_batch_that_reaches_over_the_cut_goes_as_a_whole() {
    let mut log = default_log();
    append(&mut log, &batch(4));
    append(&mut log, &batch(4));
    log.truncate_to(6, NOW);
    assert_eq!(log.log_end_offset(), 6, "the end is where it was cut");
    assert_eq!(ranges(&log.batches_from(0).cloned().collect::<Vec<_>>()), [(0, 3)]);
    assert_eq!(log.append_as_leader(&batch(1), 0, NOW).map(|a| a.base), Ok(6));
    log.validate().expect("sound");
}

#[test]
fn a_segment_that_starts_at_the_cut_stays_empty() {
    let mut log = log_with_epochs(&[1, 4, 6]);
    let cut = segment_bases(&log)[1];
    log.truncate_to(cut, NOW);
    assert_eq!(segment_bases(&log), [0, cut]);
    assert!(log.active_segment().is_empty() && !log.active_segment().is_closed());
    log.validate().expect("sound");
}

#[test]
fn truncating_at_the_end_only_drops_an_epoch_without_records() {
    let mut log = log_with_epochs(&[1]);
    log.assign_epoch(2, 4);
    log.truncate_to(100, NOW);
    assert_eq!((log.log_end_offset(), log.epochs()), (4, &[(1, 0)][..]));
}

#[test]
fn truncating_below_the_first_segment_starts_over_there() {
    let mut log = default_log();
    log.truncate_fully_and_start_at(50, NOW);
    append(&mut log, &batch(2));
    log.truncate_to(20, NOW);
    assert_eq!((log.log_start_offset(), log.high_watermark(), log.log_end_offset()), (20, 20, 20));
    assert_eq!((segment_bases(&log), log.epochs().len()), (vec![20], 0));
}

#[test]
fn a_follower_with_an_empty_log_starts_at_the_batch_that_spans_its_start() {
    let mut log = default_log();
    log.truncate_fully_and_start_at(5, NOW);
    log.append_as_follower(&batch(10).stamped(0, 3), NOW).expect("spans 5");
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (0, 10));
}

#[test]
fn truncated_chunks_of_a_long_segment_are_cut_right() {
    for cut in [0, 1, 63, 64, 65, 127, 128, 129, 199] {
        let mut log = default_log();
        for _ in 0..200 {
            append(&mut log, &batch(1));
        }
        log.truncate_to(cut, NOW);
        log.validate().expect("sound");
        assert_eq!(log.batches_from(0).count() as i64, cut);
        append(&mut log, &batch(1));
        assert_eq!(log.log_end_offset(), cut + 1);
    }
}

#[test]
fn deleting_records_moves_the_start_and_the_epochs_but_no_data() {
    let mut log = log_with_epochs(&[1, 4, 6]);
    log.set_high_watermark(9);
    let size = log.size_bytes();
    assert_eq!(log.set_log_start(10), Err(protocol::ErrorCode::OffsetOutOfRange), "above the high watermark");
    assert_eq!(log.set_log_start(5), Ok(true));
    assert_eq!(log.set_log_start(3), Ok(false), "never back");
    assert_eq!((log.epochs(), log.size_bytes()), (&[(4, 5), (6, 8)][..], size));
}

#[test]
fn a_power_loss_takes_what_was_not_flushed() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..5 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    assert_eq!(log.flushed_to(), 4, "a roll flushes what came before");
    let mut flushed = log.clone();
    log.lose_unflushed(NOW);
    assert_eq!((log.log_end_offset(), log.flushed_to()), (4, 4));
    flushed.flush();
    flushed.lose_unflushed(NOW);
    assert_eq!(flushed.log_end_offset(), 5);
}

#[test]
fn flush_messages_flushes_by_itself() {
    let mut log = log(LogConfig { flush_messages: 2, ..LogConfig::default() });
    append(&mut log, &batch(1));
    assert_eq!(log.flushed_to(), 0);
    append(&mut log, &batch(1));
    assert_eq!(log.flushed_to(), 2);
}

#[test]
fn a_restart_forgets_an_epoch_in_which_nothing_was_written() {
    let mut log = log_with_epochs(&[1]);
    log.assign_epoch(2, 4);
    log.reopen(4, 0, Some(0), NOW);
    assert_eq!(log.epochs(), [(1, 0)]);
    assert_eq!(log.high_watermark(), 4);
}

#[test]
fn after_a_restart_the_high_watermark_is_the_checkpointed_one_within_the_log() {
    let mut log = log_with_epochs(&[1]);
    log.set_high_watermark(4);
    log.reopen(2, 0, None, NOW);
    assert_eq!(log.high_watermark(), 2);
    log.reopen(99, 0, None, NOW);
    assert_eq!(log.high_watermark(), 4);
}
