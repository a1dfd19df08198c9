//! What a leader lets in, and what it answers otherwise.

mod common;
use common::*;
use partition_log::LogConfig;
use protocol::batch::ProducerStamp;
use protocol::{Batch, ErrorCode, Record};

#[test]
fn a_leader_gives_offsets_and_its_epoch() {
    let mut log = default_log();
    assert_eq!(append(&mut log, &batch(3)), 0);
    let second = log.append_as_leader(&batch(2), 7, NOW).expect("fine");
    assert_eq!((second.base, second.last, second.duplicate_of), (3, 4, None));
    assert_eq!(log.log_end_offset(), 5);
    assert_eq!(log.epochs(), [(0, 0), (7, 3)]);
    let read = log.read(0, 5, u32::MAX, true).expect("in range").batches;
    assert_eq!(read.iter().map(|b| (b.base_offset, b.leader_epoch)).collect::<Vec<_>>(), [(0, 0), (3, 7)]);
}

#[test]
fn a_clients_batch_must_begin_at_offset_zero() {
    let mut log = default_log();
    let error = log.append_as_leader(&batch(1).stamped(5, -1), 0, NOW).expect_err("a client does not give offsets");
    assert_eq!(error.code, ErrorCode::InvalidRecord);
    assert_eq!(error.message, "The baseOffset of the record batch in the append to orders-0 should be 0, but it is 5");
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn a_batch_above_max_message_bytes_is_refused_with_kafkas_words() {
    let mut log = log(LogConfig { max_message_bytes: 100, ..LogConfig::default() });
    let error = log.append_as_leader(&batch_of_size(NOW, 101), 0, NOW).expect_err("too large");
    assert_eq!(error.code, ErrorCode::MessageTooLarge);
    assert_eq!(
        error.message,
        "The record batch size in the append to orders-0 is 101 bytes which exceeds the maximum configured value of 100)."
    );
    assert!(log.append_as_leader(&batch_of_size(NOW, 100), 0, NOW).is_ok(), "the limit itself is allowed");
}

#[test]
fn a_batch_above_segment_bytes_is_refused() {
    let mut log = log(LogConfig { segment_bytes: 200, ..LogConfig::default() });
    let error = log.append_as_leader(&batch_of_size(NOW, 201), 0, NOW).expect_err("too large");
    assert_eq!(error.code, ErrorCode::RecordListTooLarge);
    assert_eq!(
        error.message,
        "Message batch size is 201 bytes in append to partition orders-0, which exceeds the maximum configured segment size of 200."
    );
    assert_eq!(log.epochs(), [(0, 0)], "its epoch was written down before");
    assert!(log.append_as_leader(&batch_of_size(NOW, 200), 0, NOW).is_ok());
}

#[test]
fn one_record_without_key_refuses_the_whole_batch_of_a_compacted_topic() {
    let mut log = log(LogConfig { compact: true, delete: false, ..LogConfig::default() });
    let records = vec![record(NOW, 1), Record::new(NOW, None, Some(b"v")), Record::new(NOW, Some(b""), Some(b"v"))];
    let error =
        log.append_as_leader(&Batch::new(records, ProducerStamp::default()), 0, NOW).expect_err("a key is missing");
    assert_eq!(error.code, ErrorCode::InvalidRecord);
    assert_eq!(error.record_errors.iter().map(|e| e.batch_index).collect::<Vec<_>>(), [1], "an empty key is a key");
    assert_eq!(
        error.message,
        "One or more records have been rejected due to 1 record errors in total, and only showing the first three errors at most: \
         [RecordError(batchIndex=1, message='Compacted topic cannot accept message without key in topic partition orders-0')]"
    );
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn a_record_more_than_an_hour_ahead_is_refused_and_one_without_timestamp_is_not() {
    let mut log = default_log();
    assert!(log.append_as_leader(&batch_at(NOW + 3_600_000, 1), 0, NOW).is_ok());
    let error = log.append_as_leader(&batch_at(NOW + 3_600_001, 1), 0, NOW).expect_err("too far ahead");
    assert_eq!(error.code, ErrorCode::InvalidTimestamp);
    assert_eq!(error.message, "One or more records have been rejected due to invalid timestamp");
    assert!(log.append_as_leader(&batch_at(-1, 1), 0, NOW).is_ok());
    assert!(log.append_as_leader(&batch_at(0, 1), 0, NOW).is_ok(), "any age is fine by default");
}

#[test]
fn a_record_older_than_timestamp_before_max_is_refused() {
    let mut log = log(LogConfig { timestamp_before_max_ms: 1000, ..LogConfig::default() });
    let records = vec![record(NOW, 1), record(NOW - 1001, 1)];
    let error = log.append_as_leader(&Batch::new(records, ProducerStamp::default()), 0, NOW).expect_err("too old");
    assert_eq!(error.code, ErrorCode::InvalidTimestamp);
    assert_eq!(error.record_errors[0].batch_index, 1);
    assert!(log.append_as_leader(&batch_at(-1, 1), 0, NOW).is_ok(), "no timestamp is never too old");
    let message = format!(
        "Timestamp {} of message with offset 1 is out of range. The timestamp should be within [{}, {}]",
        NOW - 1001,
        NOW - 1000,
        NOW + 3_600_000
    );
    assert_eq!(error.record_errors[0].message, message);
}

#[test]
fn a_bad_timestamp_outranks_a_missing_key() {
    let mut log = log(LogConfig { compact: true, ..LogConfig::default() });
    let records = vec![Record::new(NOW, None, None), record(NOW + 9_999_999, 1)];
    let error = log.append_as_leader(&Batch::new(records, ProducerStamp::default()), 0, NOW).expect_err("both wrong");
    assert_eq!((error.code, error.record_errors.len()), (ErrorCode::InvalidTimestamp, 2));
}

#[test]
fn clients_may_not_write_control_records_but_coordinators_may() {
    let control = Batch::control(Record::new(NOW, Some(&[0, 0, 0, 2]), None));
    let mut log = default_log();
    let error = log.append_as_leader(&control, 0, NOW).expect_err("a client");
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::InvalidRecord, "Clients are not allowed to write control records in topic partition orders-0")
    );
    assert!(log.append_coordinator(&control, 0, NOW).is_ok());
}

#[test]
fn a_topic_with_log_append_time_stamps_the_brokers_clock_and_keeps_the_size() {
    let mut log = log(LogConfig { log_append_time: true, ..LogConfig::default() });
    let sent = batch_at(NOW - 500_000, 2);
    let appended = log.append_as_leader(&sent, 0, NOW).expect("any timestamp is fine");
    assert_eq!(appended.log_append_time_ms, NOW);
    let kept = &log.read(0, 2, u32::MAX, true).expect("in range").batches[0];
    assert_eq!((kept.max_timestamp_ms(), kept.records()[1].timestamp_ms), (NOW, NOW));
    assert_eq!(kept.size_in_bytes(), sent.size_in_bytes());
    assert!(kept.is_log_append_time());
}

#[test]
fn a_follower_copies_offsets_and_epochs_and_refuses_what_it_has() {
    let (mut leader, mut follower) = (default_log(), default_log());
    for epoch in [3, 3, 5] {
        leader.append_as_leader(&batch(2), epoch, NOW).expect("fine");
    }
    for batch in leader.batches_from(0) {
        follower.append_as_follower(batch, NOW).expect("in order");
    }
    assert_eq!(follower.epochs(), [(3, 0), (5, 4)]);
    assert_eq!(follower.log_end_offset(), 6);
    let again = leader.batches_from(2).next().expect("there").clone();
    let error = follower.append_as_follower(&again, NOW).expect_err("it has that");
    assert_eq!(
        error.message,
        "Unexpected offset in append to orders-0. First offset 2 is less than the next offset 6. First 10 offsets in append: 2, 3, \
         last offset in append: 3. Log start offset = 0"
    );
    let gap = batch(1).stamped(100, 5);
    follower.append_as_follower(&gap, NOW).expect("gaps are what compaction leaves");
    assert_eq!(follower.log_end_offset(), 101);
}

#[test]
fn a_topics_own_codec_makes_another_batch_of_it() {
    use protocol::Codec;
    let zipped = batch_of_size(NOW, 1_000).compressed_with(Codec::Gzip);
    let mut log = log(LogConfig { codec: Some(Codec::Zstd), ..LogConfig::default() });
    append(&mut log, &zipped);
    let kept = log.batches_from(0).next().expect("it was written");
    assert_eq!((kept.codec(), kept.size_in_bytes()), (Codec::Zstd, 61 + Codec::Zstd.compressed(939)));
    log.set_config(LogConfig { codec: Some(Codec::None), max_message_bytes: 900, ..LogConfig::default() });
    let error = log.append_as_leader(&zipped, 0, NOW).expect_err("uncompressed it is too large");
    assert_eq!(error.code, protocol::ErrorCode::MessageTooLarge);
    assert_eq!(
        error.message,
        "Message batch size is 1000 bytes in append to partition orders-0 which exceeds the maximum configured size of 900."
    );
    log.set_config(LogConfig { max_message_bytes: 900, ..LogConfig::default() });
    append(&mut log, &zipped);
    assert_eq!(log.log_end_offset(), 2);
}
