//! Idempotence: duplicates, gaps, epochs, and what a restart forgets.

mod common;
use common::*;
use partition_log::{Log, LogConfig};
use protocol::{Batch, ErrorCode};

fn code(log: &mut Log, batch: &Batch) -> ErrorCode {
    log.append_as_leader(batch, 0, NOW).map_or_else(|error| error.code, |_| ErrorCode::None)
}

#[test]
fn a_retried_batch_is_answered_with_its_first_offsets_and_not_written() {
    let mut log = default_log();
    append(&mut log, &batch(5));
    append(&mut log, &sequenced(1, 0, 0, 3));
    let again = log.append_as_leader(&sequenced(1, 0, 0, 3), 0, NOW).expect("a success to the producer");
    assert_eq!((again.base, again.last, again.duplicate_of), (5, 7, Some(5)));
    assert_eq!(log.log_end_offset(), 8);
}

/// `UnifiedLog#append`: whether a segment is full is asked before who is a duplicate.
#[test]
fn a_duplicate_that_has_no_room_starts_a_segment_all_the_same() {
    let size = sequenced(1, 0, 0, 1).size_in_bytes();
    let mut log = log(LogConfig { segment_bytes: size + 1, ..LogConfig::default() });
    append(&mut log, &sequenced(1, 0, 0, 1));
    let again = log.append_as_leader(&sequenced(1, 0, 0, 1), 0, NOW).expect("a success to the producer");
    assert_eq!((again.duplicate_of, again.rolled), (Some(0), Some(1)));
    assert_eq!((segment_bases(&log), log.log_end_offset()), (vec![0, 1], 1));
    log.validate().expect("sound");
}

#[test]
fn five_batches_are_remembered_and_the_sixth_last_is_out_of_order() {
    let mut log = default_log();
    for sequence in 0..6 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    for sequence in 1..6 {
        let again = log.append_as_leader(&sequenced(1, 0, sequence, 1), 0, NOW).expect("remembered");
        assert_eq!(again.duplicate_of, Some(i64::from(sequence)));
    }
    assert_eq!(code(&mut log, &sequenced(1, 0, 0, 1)), ErrorCode::OutOfOrderSequenceNumber);
}

#[test]
fn a_gap_in_sequences_is_refused_with_kafkas_words() {
    let mut log = default_log();
    append(&mut log, &sequenced(9, 0, 0, 2));
    let error = log.append_as_leader(&sequenced(9, 0, 3, 1), 0, NOW).expect_err("2 is missing");
    assert_eq!(error.code, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(
        error.message,
        "Out of order sequence number for producer 9 at offset 2 in partition orders-0: 3 (incoming seq. number), \
         1 (current end sequence number)"
    );
    assert_eq!(code(&mut log, &sequenced(9, 0, 2, 1)), ErrorCode::None);
}

#[test]
fn a_partial_overlap_is_no_duplicate() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, 0, 3));
    assert_eq!(code(&mut log, &sequenced(1, 0, 0, 2)), ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(code(&mut log, &sequenced(1, 0, 2, 2)), ErrorCode::OutOfOrderSequenceNumber);
}

#[test]
fn an_unknown_producer_may_start_anywhere() {
    let mut log = default_log();
    assert_eq!(code(&mut log, &sequenced(1, 0, 77, 1)), ErrorCode::None);
    assert_eq!(code(&mut log, &sequenced(1, 0, 78, 1)), ErrorCode::None);
}

#[test]
fn an_old_epoch_is_fenced_and_a_new_one_starts_at_zero() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 1, 0, 1));
    let error = log.append_as_leader(&sequenced(1, 0, 1, 1), 0, NOW).expect_err("old epoch");
    assert_eq!(error.code, ErrorCode::InvalidProducerEpoch);
    assert_eq!(
        error.message,
        "Epoch of producer 1 at offset 1 in orders-0 is 0, which is < the last seen epoch 1 (TV-1)"
    );
    let error = log.append_as_leader(&sequenced(1, 2, 1, 1), 0, NOW).expect_err("not zero");
    assert_eq!(error.code, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(
        error.message,
        "Invalid sequence number for new epoch of producer 1at offset 1 in partition orders-0: 2 (request epoch), \
         1 (seq. number), 1 (current producer epoch)"
    );
    assert_eq!(code(&mut log, &sequenced(1, 2, 0, 1)), ErrorCode::None);
}

#[test]
fn sequences_wrap_to_zero() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, i32::MAX - 1, 2));
    assert_eq!(code(&mut log, &sequenced(1, 0, 0, 1)), ErrorCode::None);
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, i32::MAX, 3));
    assert_eq!(log.producers().next().map(|(_, entry)| entry.last_sequence()), Some(1));
    assert_eq!(code(&mut log, &sequenced(1, 0, 2, 1)), ErrorCode::None);
}

#[test]
fn producers_do_not_mix() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, 0, 2));
    append(&mut log, &sequenced(2, 0, 0, 2));
    assert_eq!(log.log_end_offset(), 4, "same sequences, different producers");
    assert_eq!(log.producers().map(|(id, _)| id).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_batch_with_a_producer_id_needs_a_sequence() {
    let mut log = default_log();
    let error = log.append_as_leader(&sequenced(5, 0, -1, 1), 0, NOW).expect_err("no sequence");
    assert_eq!(error.code, ErrorCode::InvalidRecord);
    assert_eq!(
        error.message,
        "Invalid sequence number -1 in record batch with producerId 5 in topic partition orders-0"
    );
}

#[test]
fn a_coordinators_sequences_are_not_looked_at() {
    let mut log = default_log();
    for _ in 0..2 {
        log.append_coordinator(&sequenced(5, 0, 0, 1), 0, NOW).expect("fine");
    }
    assert_eq!(log.log_end_offset(), 2);
    log.append_coordinator(&sequenced(5, 1, 0, 1), 0, NOW).expect("fine");
    assert_eq!(
        log.append_coordinator(&sequenced(5, 0, 0, 1), 0, NOW).map_err(|e| e.code).err(),
        Some(ErrorCode::InvalidProducerEpoch)
    );
}

#[test]
fn a_follower_knows_its_leaders_producers() {
    let (mut leader, mut follower) = (default_log(), default_log());
    for sequence in 0..3 {
        append(&mut leader, &sequenced(1, 0, sequence, 1));
    }
    for batch in leader.batches_from(0) {
        follower.append_as_follower(batch, NOW).expect("in order");
    }
    let again = follower.append_as_leader(&sequenced(1, 0, 1, 1), 1, NOW).expect("a duplicate on the new leader too");
    assert_eq!(again.duplicate_of, Some(1));
}

#[test]
fn a_silent_producer_is_forgotten_after_a_day() {
    const DAY: i64 = 86_400_000;
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, 0, 1));
    log.expire_producers(NOW + DAY - 1, DAY);
    assert_eq!(log.producers().count(), 1);
    log.expire_producers(NOW + DAY, DAY);
    assert_eq!(log.producers().count(), 0);
}

#[test]
fn a_clean_restart_remembers_one_batch_of_each_producer() {
    let mut log = default_log();
    for sequence in 0..3 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    log.reopen(3, 0, None, NOW);
    assert_eq!(code(&mut log, &sequenced(1, 0, 1, 1)), ErrorCode::OutOfOrderSequenceNumber, "only the last is known");
    let again = log.append_as_leader(&sequenced(1, 0, 2, 1), 0, NOW).expect("known");
    assert_eq!(again.duplicate_of, Some(2));
}

#[test]
fn after_a_crash_the_last_batch_of_each_producer_is_known() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for sequence in 0..8 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    let before = log.log_end_offset();
    log.reopen(0, 0, Some(0), NOW);
    assert_eq!((log.log_end_offset(), log.high_watermark()), (before, 0), "the page cache outlives the process");
    assert_eq!(log.producers().next().map(|(_, entry)| entry.last_sequence()), Some(7));
    let repeat = |log: &mut Log, sequence| code(log, &sequenced(1, 0, sequence, 1));
    assert_eq!(repeat(&mut log, 7), ErrorCode::None, "a duplicate of the last batch");
    assert_eq!(repeat(&mut log, 6), ErrorCode::OutOfOrderSequenceNumber, "recovery leaves a snapshot at the log end");
    assert_eq!(repeat(&mut log, 8), ErrorCode::None);
}

#[test]
fn recovery_reads_the_segments_from_the_recovery_point_on() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    assert_eq!(log.to_recover(0), (0, 0));
    for sequence in 0..8 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    let sizes: Vec<u64> = log.segments().map(|segment| u64::from(segment.size_bytes())).collect();
    let bases = segment_bases(&log);
    assert_eq!(log.to_recover(0), (sizes.len() as u32, sizes.iter().sum()));
    assert_eq!(
        log.to_recover(bases[1]),
        (sizes.len() as u32 - 1, sizes[1..].iter().sum()),
        "from the segment that holds it"
    );
    assert_eq!(log.to_recover(8), (1, *sizes.last().expect("one")), "the last one is read in any case");
}

/// `LogLoader#recoverLog`.
#[test]
fn after_a_crash_the_recovery_point_is_that_of_the_checkpoint_file() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for sequence in 0..8 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    let rolled = segment_bases(&log).last().copied().expect("one");
    assert_eq!((log.recovery_point(), log.flushed_to()), (rolled, rolled));
    log.reopen(0, 0, Some(2), NOW);
    assert_eq!(
        (log.recovery_point(), log.flushed_to()),
        (2, rolled),
        "recovery flushes nothing, and nothing is unwritten by it"
    );
    log.lose_unflushed(NOW);
    assert_eq!((log.log_end_offset(), log.recovery_point()), (rolled, 2));
    log.reopen(0, 0, Some(99), NOW);
    assert_eq!(log.recovery_point(), 2, "a file from before a truncation says too much");
    log.close();
    log.reopen(0, 0, None, NOW);
    assert_eq!(log.recovery_point(), rolled, "after a clean stop everything is known to be there");
}

#[test]
fn snapshots_lie_where_state_was_rebuilt() {
    let snapshots = |log: &Log| -> Vec<String> {
        let names = log.files(false).into_iter().map(|file| file.name.to_string());
        names.filter_map(|name| Some(name.strip_suffix(".snapshot")?.trim_start_matches('0').to_owned())).collect()
    };
    let mut log = default_log();
    for sequence in 0..6 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    assert_eq!(snapshots(&log), [""; 0]);
    log.truncate_to(4, NOW);
    assert_eq!(snapshots(&log), ["4"], "a truncation writes one at the new end");
    append(&mut log, &sequenced(1, 0, 4, 1));
    log.close();
    assert_eq!(snapshots(&log), ["4", "5"]);
    log.reopen(0, 0, None, NOW);
    assert_eq!(snapshots(&log), ["5"], "a start keeps the newest");
    append(&mut log, &sequenced(1, 0, 5, 1));
    log.truncate_to(3, NOW);
    assert_eq!(snapshots(&log), ["3"], "those above the end are gone");
}

#[test]
fn a_log_that_was_emptied_knows_no_producer_after_a_restart() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, 0, 1));
    log.set_high_watermark(1);
    log.set_log_start(1).expect("committed");
    log.close();
    log.reopen(1, 1, None, NOW);
    assert_eq!(log.producers().count(), 0, "snapshots up to the log start are not read back");
}

#[test]
fn truncation_takes_producers_back() {
    let mut log = default_log();
    for sequence in 0..4 {
        append(&mut log, &sequenced(1, 0, sequence, 1));
    }
    log.truncate_to(2, NOW);
    assert_eq!(code(&mut log, &sequenced(1, 0, 3, 1)), ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(code(&mut log, &sequenced(1, 0, 2, 1)), ErrorCode::None);
}

#[test]
fn a_new_epoch_forgets_the_batches_of_the_old() {
    let mut log = default_log();
    append(&mut log, &sequenced(1, 0, 0, 3));
    append(&mut log, &sequenced(1, 1, 0, 1));
    assert_eq!(
        code(&mut log, &sequenced(1, 1, 0, 3)),
        ErrorCode::OutOfOrderSequenceNumber,
        "no duplicate of the old epoch's"
    );
}

#[test]
fn a_snapshot_at_the_log_start_is_not_read_back() {
    let mut log = log(LogConfig { segment_bytes: 200, ..LogConfig::default() });
    append(&mut log, &sequenced(1, 0, 0, 1));
    append(&mut log, &sequenced(1, 0, 1, 1));
    append(&mut log, &sequenced(2, 0, 0, 1));
    assert_eq!(segment_bases(&log), [0, 2]);
    log.set_high_watermark(3);
    log.set_log_start(2).expect("committed");
    log.delete_old_segments(NOW);
    log.reopen(3, 0, Some(0), NOW);
    assert_eq!(
        log.producers().map(|(id, _)| id).collect::<Vec<_>>(),
        [2],
        "producer 1 is known from deleted records only"
    );
}
