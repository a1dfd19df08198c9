//! Random histories of a log against a plain list of batches: offsets, reads and the invariants hold after each step.

mod common;
use common::*;
use partition_log::{Log, LogConfig};
use protocol::Batch;

/// A small generator: the same numbers everywhere.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n) as i64
    }
}

/// What a log must be equal to.
#[derive(Clone, Default)]
struct Model {
    batches: Vec<Batch>,
    end: i64,
}

impl Model {
    fn truncate(&mut self, offset: i64) {
        if offset < self.end {
            self.batches.retain(|batch| batch.last_offset() < offset);
            self.end = offset;
        }
    }
}

fn step(dice: &mut Dice, log: &mut Log, model: &mut Model, now: i64, epoch: &mut i32) {
    match dice.below(20) {
        0 => {
            let (low, high) = (log.log_start_offset().max(log.high_watermark()), log.log_end_offset());
            let offset = low + dice.below((high - low + 2) as u64);
            log.truncate_to(offset, now);
            model.truncate(offset);
        }
        1 => {
            *epoch += 1;
            log.assign_epoch(*epoch, log.log_end_offset());
        }
        2 => {
            log.set_high_watermark(log.high_watermark() + dice.below(60));
        }
        3 => {
            let _ = log.set_log_start(log.log_start_offset() + dice.below(20));
        }
        4 => {
            log.delete_old_segments(now);
        }
        5 => log.flush(),
        6 => {
            let recovered_from = (dice.below(2) > 0).then(|| log.recovery_point());
            log.reopen(log.high_watermark(), log.log_start_offset(), recovered_from, now);
        }
        7 => {
            let offset = log.flushed_to().max(log.high_watermark());
            if offset == log.flushed_to() {
                log.lose_unflushed(now);
                model.truncate(offset);
            }
        }
        _ => {
            let sent = batch_at(now - dice.below(3000), 1 + dice.below(5) as usize);
            let base = log.append_as_leader(&sent, *epoch, now).expect("fine").base;
            assert_eq!(base, model.end);
            model.batches.push(sent.stamped(base, *epoch));
            model.end = base + i64::from(sent.count());
        }
    }
}

fn compare(log: &Log, model: &Model) {
    log.validate().expect("sound");
    let first = log.segments().next().map_or(0, |segment| segment.base_offset());
    let kept: Vec<&Batch> = model.batches.iter().filter(|batch| batch.base_offset >= first).collect();
    assert_eq!(log.batches_from(0).collect::<Vec<_>>(), kept);
    assert_eq!(log.log_end_offset(), model.end);
    for batch in log.batches_from(log.log_start_offset()) {
        let epoch = log.epochs().iter().rev().find(|(_, start)| *start <= batch.last_offset()).map(|(epoch, _)| *epoch);
        assert_eq!(epoch, Some(batch.leader_epoch), "the epoch cache tells who wrote {}", batch.base_offset);
    }
}

#[test]
fn a_log_is_the_list_of_its_batches_whatever_happens_to_it() {
    let config =
        LogConfig { segment_bytes: 2000, index_interval_bytes: 300, retention_ms: 20_000, ..LogConfig::default() };
    for seed in 0..20 {
        let (mut dice, mut log, mut model, mut epoch) = (Dice(seed), log(config), Model::default(), 0);
        let mut fork: Option<(Log, Model)> = None;
        for n in 0..1000 {
            step(&mut dice, &mut log, &mut model, NOW + 20 * n, &mut epoch);
            if n % 10 == 0 {
                compare(&log, &model);
            }
            if n == 500 {
                fork = Some((log.clone(), model.clone()));
            }
        }
        let (log, model) = fork.expect("forked on the way");
        compare(&log, &model);
    }
}

#[test]
fn reads_give_what_a_list_gives() {
    let config = LogConfig { segment_bytes: 3000, ..LogConfig::default() };
    let (mut dice, mut log) = (Dice(1), log(config));
    for _ in 0..1500 {
        append(&mut log, &batch(1 + dice.below(6) as usize));
    }
    let all: Vec<Batch> = log.batches_from(0).cloned().collect();
    for _ in 0..2000 {
        let from = dice.below(log.log_end_offset() as u64);
        let bound = from + dice.below(200);
        let read = log.read(from, bound, 1 << 20, true).expect("in range").batches;
        let expected = all.iter().filter(|batch| batch.last_offset() >= from && batch.last_offset() < bound);
        assert!(read.iter().eq(expected.take(read.len())));
        let next = read.last().map_or(from, Batch::next_offset);
        let ends_segment = segment_bases(&log).contains(&next);
        assert!(
            ends_segment || !all.iter().any(|batch| batch.base_offset == next && batch.last_offset() < bound),
            "nothing is left out"
        );
    }
}
