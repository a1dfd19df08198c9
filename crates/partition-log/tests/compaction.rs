//! Compaction keeps the last value of each key and every offset.

mod common;
use common::*;
use partition_log::{Log, LogConfig};
use protocol::batch::ProducerStamp;
use protocol::{Batch, Record};

const DAY_MS: i64 = 86_400_000;

fn compacted_log() -> Log {
    log(LogConfig { compact: true, delete: false, segment_ms: 1_000, ..LogConfig::default() })
}

/// Appends a batch of keys with values (`-` is a tombstone), committed at once.
fn put(log: &mut Log, at_ms: i64, pairs: &[(&str, &str)], stamp: ProducerStamp) {
    let value = |v: &str| (v != "-").then(|| v.as_bytes().to_vec());
    let record = |(k, v): &(&str, &str)| Record::new(at_ms, Some(k.as_bytes()), value(v).as_deref());
    let batch = Batch::new(pairs.iter().map(record).collect(), stamp);
    log.append_as_leader(&batch, 0, at_ms).expect("it is fine");
    log.set_high_watermark(log.log_end_offset());
}

fn anonymous(log: &mut Log, at_ms: i64, pairs: &[(&str, &str)]) {
    put(log, at_ms, pairs, ProducerStamp::default());
}

/// `offset key=value` of every record.
fn contents(log: &Log) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let show = |(offset, record): (i64, &Record)| {
        let key = record.key.as_deref().map_or("?".to_owned(), text);
        format!("{offset} {key}={}", record.value.as_deref().map_or("-".to_owned(), text))
    };
    log.batches_from(0).flat_map(Batch::offsets).map(show).collect()
}

fn compact(log: &mut Log, checkpoint: Option<i64>, now_ms: i64) -> Option<i64> {
    let part = log.cleanable(checkpoint, now_ms);
    let done = log.compact(&part, usize::MAX, now_ms).map(|done| done.cleaned_to);
    log.validate().expect("the log is sound");
    done
}

#[test]
fn of_each_key_the_last_record_below_the_active_segment_stays_where_it_was() {
    let mut log = compacted_log();
    anonymous(&mut log, NOW, &[("a", "1"), ("b", "1"), ("a", "2")]);
    anonymous(&mut log, NOW + 2_000, &[("b", "2"), ("c", "1")]);
    anonymous(&mut log, NOW + 4_000, &[("a", "3"), ("a", "4")]);
    let before = (log.log_end_offset(), log.high_watermark(), log.log_start_offset());
    assert_eq!(compact(&mut log, None, NOW + 5_000), Some(5));
    assert_eq!(contents(&log), ["2 a=2", "3 b=2", "4 c=1", "5 a=3", "6 a=4"]);
    assert_eq!((log.log_end_offset(), log.high_watermark(), log.log_start_offset()), before);
    assert_eq!(log.segment_count(), 2, "two small segments are one now");
    let names: Vec<String> = log.files(false).iter().map(|file| file.name.to_string()).collect();
    assert!(names.contains(&"00000000000000000003.log.deleted".to_owned()), "{names:?}");
    // Reading an offset that is gone gives the next one that is left.
    let read = log.read(0, log.high_watermark(), u32::MAX, true).expect("in range").batches;
    assert_eq!(read[0].offsets().next().map(|(offset, _)| offset), Some(2));
}

#[test]
fn a_log_is_cleaned_when_it_is_dirty_enough_or_has_waited_too_long() {
    let mut log = compacted_log();
    anonymous(&mut log, NOW, &[("a", "1"), ("a", "2")]);
    let due = |log: &Log, checkpoint, now| log.cleanable(checkpoint, now).is_due(log.config().min_cleanable_ppm);
    assert!(!due(&log, None, NOW), "the active segment is never cleaned");
    anonymous(&mut log, NOW + 2_000, &[("a", "3")]);
    assert!(due(&log, None, NOW), "all that can be cleaned is dirty");
    assert_eq!(compact(&mut log, None, NOW), Some(2));
    assert!(!due(&log, Some(2), NOW));
    anonymous(&mut log, NOW + 4_000, &[("b", "1")]);
    let part = log.cleanable(Some(2), NOW);
    assert_eq!((part.first_dirty, part.first_uncleanable, part.clean_bytes, part.cleanable_bytes), (2, 3, 70, 70));
    assert!(!due(&log, Some(2), NOW), "half is not more than half");
    log.set_config(LogConfig { max_compaction_lag_ms: 10_000, ..*log.config() });
    assert!(due(&log, Some(2), NOW + 60_000));
    log.set_config(LogConfig { min_compaction_lag_ms: 60_000, ..*log.config() });
    assert!(!due(&log, Some(2), NOW + 10_000), "what is younger than the lag stays");
}

#[test]
fn a_segment_that_is_committed_in_part_is_not_cleaned() {
    let mut log = compacted_log();
    anonymous(&mut log, NOW, &[("a", "1"), ("a", "2")]);
    anonymous(&mut log, NOW + 2_000, &[("a", "3")]);
    let before = log.clone();
    let (stamp, later) = (ProducerStamp::default(), NOW + 4_000);
    let written =
        |at_ms: i64, value: &str| Batch::new(vec![Record::new(at_ms, Some(b"a"), Some(value.as_bytes()))], stamp);
    log.append_as_leader(&written(NOW + 2_100, "4"), 0, later).expect("it is fine");
    log.append_as_leader(&written(later, "5"), 0, later).expect("it is fine");
    assert_eq!(
        (log.high_watermark(), log.segment_count()),
        (before.log_end_offset(), 3),
        "the second segment has 2 and 3"
    );
    let part = log.cleanable(None, later);
    assert_eq!((part.first_uncleanable, part.cleanable_bytes), (2, 79), "only the first can be cleaned");
    assert_eq!(compact(&mut log, None, later), Some(2));
    assert_eq!(contents(&log), ["1 a=2", "2 a=3", "3 a=4", "4 a=5"]);
    // What is clean reaches no further back than what is dirty: nothing to do before the rest is committed.
    assert!(!log.cleanable(Some(2), later).is_due(0));
    log.set_high_watermark(log.log_end_offset());
    assert_eq!(compact(&mut log, Some(2), later), Some(4));
    assert_eq!(contents(&log), ["3 a=4", "4 a=5"]);
}

#[test]
fn a_tombstone_stays_for_delete_retention_and_goes_in_a_later_pass() {
    let mut log = compacted_log();
    anonymous(&mut log, NOW, &[("a", "1"), ("b", "1")]);
    anonymous(&mut log, NOW + 2_000, &[("a", "-")]);
    anonymous(&mut log, NOW + 4_000, &[("c", "1")]);
    assert_eq!(compact(&mut log, None, NOW + 5_000), Some(3));
    assert_eq!(contents(&log), ["1 b=1", "2 a=-", "3 c=1"]);
    let horizons: Vec<_> = log.batches_from(0).map(|batch| batch.delete_horizon_ms()).collect();
    assert_eq!(horizons, [None, Some(NOW + 5_000 + DAY_MS), None]);
    anonymous(&mut log, NOW + 6_000, &[("d", "1")]);
    assert_eq!(compact(&mut log, Some(3), NOW + 7_000), Some(4));
    assert_eq!(contents(&log), ["1 b=1", "2 a=-", "3 c=1", "4 d=1"]);
    anonymous(&mut log, NOW + DAY_MS, &[("e", "1")]);
    assert_eq!(compact(&mut log, Some(4), NOW + DAY_MS + 5_001), Some(5));
    assert_eq!(contents(&log), ["1 b=1", "3 c=1", "4 d=1", "5 e=1"]);
}

#[test]
fn an_empty_batch_stays_for_its_producer_or_for_the_end_of_the_clean_part() {
    let mut log = compacted_log();
    let stamp = |base_sequence| ProducerStamp { producer_id: 7, producer_epoch: 0, base_sequence };
    put(&mut log, NOW, &[("a", "1")], stamp(0));
    put(&mut log, NOW, &[("a", "2")], stamp(1));
    anonymous(&mut log, NOW, &[("a", "3")]);
    anonymous(&mut log, NOW + 2_000, &[("z", "1")]);
    assert_eq!(compact(&mut log, None, NOW + 3_000), Some(3));
    let batches: Vec<_> = log.batches_from(0).map(|b| (b.base_offset, b.count(), b.size_in_bytes())).collect();
    assert_eq!(batches, [(1, 0, 61), (2, 1, 70), (3, 1, 70)]);
    assert_eq!(log.batches_from(0).next().map(|b| (b.last_sequence(), b.producer().base_sequence)), Some((1, 1)));
    // The duplicate of a batch whose records are gone is still one.
    let again = Batch::new(vec![Record::new(NOW, Some(b"a"), Some(b"2"))], stamp(1));
    assert_eq!(log.append_as_leader(&again, 0, NOW + 2_000).map(|a| a.duplicate_of), Ok(Some(1)));
    // Of the last batch of a pass nothing may be left but its header.
    anonymous(&mut log, NOW + 4_000, &[("z", "2")]);
    anonymous(&mut log, NOW + 6_000, &[("z", "3")]);
    assert_eq!(compact(&mut log, Some(3), NOW + 7_000), Some(5));
    assert_eq!(contents(&log), ["2 a=3", "4 z=2", "5 z=3"]);
}

#[test]
fn a_full_map_cleans_what_it_holds_and_no_more() {
    let mut log = compacted_log();
    for n in 0..6 {
        anonymous(&mut log, NOW + 2_000 * n, &[("a", "1"), ("b", "1")]);
    }
    let part = log.cleanable(None, NOW);
    assert_eq!(log.compact(&part, 5, NOW).map(|done| done.cleaned_to), Some(4));
    assert_eq!(contents(&log)[..4], ["2 a=1", "3 b=1", "4 a=1", "5 b=1"]);
}

#[test]
fn a_deleted_file_takes_the_place_of_the_one_of_its_name_and_goes_with_its_deletion() {
    let mut log = compacted_log();
    let deleted = |log: &Log| {
        let files = log.files(false).into_iter().map(|file| (file.name.to_string(), file.size_bytes));
        files.filter(|(name, _)| name.ends_with(".log.deleted")).collect::<Vec<_>>()
    };
    for (round, at_ms) in [(1, NOW), (2, NOW + 20_000), (3, NOW + 40_000)] {
        anonymous(&mut log, at_ms, &[("a", &round.to_string())]);
    }
    assert_eq!(compact(&mut log, None, NOW + 40_000), Some(2));
    let names = |names: &[(&str, u64)]| {
        names.iter().map(|(base, bytes)| (format!("{base:0>20}.log.deleted"), *bytes)).collect::<Vec<_>>()
    };
    assert_eq!(deleted(&log), names(&[("0", 70), ("1", 70)]));
    anonymous(&mut log, NOW + 60_000, &[("a", "4")]);
    assert_eq!(compact(&mut log, Some(2), NOW + 60_000), Some(3));
    assert_eq!(deleted(&log), names(&[("0", 70), ("1", 70), ("2", 70)]), "one of each name");
    // The first deletion of that name finds the younger file.
    log.delete_files(NOW + 100_000);
    assert_eq!(deleted(&log), names(&[("2", 70)]));
    log.delete_files(NOW + 120_000);
    assert_eq!((deleted(&log), log.next_file_deletion_ms()), (vec![], None));
}

/// Of a topic that was not always compacted, what has no key goes; and a batch is as young as the youngest record left in it.
#[test]
fn records_without_key_go_and_times_are_those_of_what_is_left() {
    let mut log = log(LogConfig { segment_ms: 1_000, ..LogConfig::default() });
    let record = |at_ms: i64, key: Option<&str>| Record::new(at_ms, key.map(str::as_bytes), Some(b"v"));
    let append = |log: &mut Log, records: Vec<Record>, at_ms: i64| {
        log.append_as_leader(&Batch::new(records, ProducerStamp::default()), 0, at_ms).expect("it is fine");
        log.set_high_watermark(log.log_end_offset());
    };
    append(&mut log, vec![record(NOW, Some("a")), record(NOW + 900, Some("b")), record(NOW + 100, None)], NOW + 900);
    append(&mut log, vec![record(NOW + 2_000, Some("b"))], NOW + 2_000);
    append(&mut log, vec![record(NOW + 4_000, Some("c"))], NOW + 4_000);
    log.set_config(LogConfig { compact: true, delete: false, ..*log.config() });
    assert_eq!(compact(&mut log, None, NOW + 90_000), Some(4));
    assert_eq!(contents(&log), ["0 a=v", "3 b=v", "4 c=v"]);
    let first = log.batches_from(0).next().expect("it is there");
    assert_eq!((first.base_offset, first.last_offset(), first.max_timestamp_ms()), (0, 2, NOW));
    let file =
        log.files(false).into_iter().find(|file| &*file.name == "00000000000000000000.log").expect("it is there");
    assert_eq!(file.modified_ms, NOW + 2_000, "as young as the youngest of the files it was made of");
}
