//! One partition's logs side by side: every replica over the same offsets, with its marks, epochs, segments, records
//! and what it once cut off.

use std::sync::Arc;

use lab::{Lab, replicas};
use partition_log::Log;
use protocol::{Batch, Record, TopicPartition};
use serde::Serialize;

use crate::past::{Past, Swept, Torn};
use crate::picture::{ProcessState, RecordView};

/// Which partition, and which offsets of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLens<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// How many offsets.
    pub count: i64,
    /// One past the last of them; None for the end of the longest replica.
    pub end: Option<i64>,
}

/// With a wider lens than this, records are not listed.
const RECORDS_MAX: i64 = 128;

/// The logs of a partition.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct LogView {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// First offset any replica has.
    pub start: i64,
    /// Highest log end of any replica.
    pub end: i64,
    /// The offsets the lens shows, first and one past the last.
    pub window: (i64, i64),
    /// Its replicas, in the order of their assignment.
    pub replicas: Vec<ReplicaLog>,
}

/// One replica's log.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct ReplicaLog {
    /// The broker.
    pub broker: i32,
    /// How its process is.
    pub state: ProcessState,
    /// Whether it believes to lead.
    pub is_leader: bool,
    /// Whether the active controller has it in the ISR.
    pub in_sync: bool,
    /// Whether it is the preferred leader.
    pub is_preferred: bool,
    /// Leader epoch its broker knows; −1 for none.
    pub leader_epoch: i32,
    /// First readable offset.
    pub start: i64,
    /// High watermark here.
    pub high_watermark: i64,
    /// Last stable offset here.
    pub stable: i64,
    /// Log end here.
    pub end: i64,
    /// What a loss of power would leave: one past the last flushed offset.
    pub flushed: i64,
    /// Leader epochs and the offset each begins at.
    pub epochs: Vec<(i32, i64)>,
    /// Segments, oldest first.
    pub segments: Vec<SegmentView>,
    /// Records of the wanted offsets.
    pub records: Vec<RecordView>,
    /// What it cut off, oldest first.
    pub torn: Vec<Torn>,
    /// The cleaner's runs over it, oldest first.
    pub swept: Vec<Swept>,
    /// What its cleaner thinks of it; None for a topic without compaction.
    pub cleaner: Option<CleanerView>,
}

/// What the cleaner of a broker thinks of a log: `cleanable_ppm` of it against `min.cleanable.dirty.ratio`. The active
/// segment counts for nothing; it is never cleaned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct CleanerView {
    /// Bytes of the part that was cleaned.
    pub clean_bytes: u64,
    /// Bytes of the part that a pass would clean.
    pub cleanable_bytes: u64,
    /// Their share in both, in millionths.
    pub cleanable_ppm: u32,
    /// `min.cleanable.dirty.ratio`, in millionths: a pass needs more.
    pub min_ppm: u32,
    /// Whether the next turn of the cleaner takes this log.
    pub is_due: bool,
}

/// A segment.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct SegmentView {
    /// Its base offset, which names its files.
    pub base: i64,
    /// One past its last offset.
    pub next: i64,
    /// Size of its `.log`.
    pub bytes: u32,
    /// Whether it takes appends.
    pub is_active: bool,
}

/// A record with all that its batch says of it.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct RecordDetail {
    /// The record.
    pub record: RecordView,
    /// Offsets of its batch, first and last.
    pub batch: (i64, i64),
    /// `CreateTime` or `LogAppendTime`: whose time its timestamp is.
    pub timestamp_type: &'static str,
    /// producer.id, producer epoch and sequence number of this record; −1 for a producer without.
    pub producer: (i64, i16, i32),
    /// Bytes of the record in its batch.
    pub bytes: u32,
    /// Base offset of the segment it is in.
    pub segment: i64,
    /// Brokers whose log has a record at this offset, each with that record's leader epoch.
    pub held_by: Vec<(i32, i32)>,
    /// High watermark and last stable offset of the replica it was read from.
    pub bounds: (i64, i64),
}

/// Characters of a value that are shown.
const VALUE_CHARS: usize = 80;

/// The logs of a partition. None if there is no such topic or partition.
pub fn logs(lab: &Lab, past: &Past, lens: &LogLens<'_>) -> Option<LogView> {
    let image = replicas::image(lab.world(), lab.layout())?;
    let registered = image.partition_of(lens.topic, lens.partition)?;
    let tp = TopicPartition::new(lens.topic, lens.partition);
    let replicas = replicas::all(lab.world(), lab.layout(), &tp);
    let start = replicas.iter().map(|(_, r)| r.log.log_start_offset()).min().unwrap_or(0);
    let end = replicas.iter().map(|(_, r)| r.log.log_end_offset()).max().unwrap_or(0);
    let to = lens.end.unwrap_or(end).clamp(start.min(end), end).max(start + lens.count);
    let window = (to - lens.count, to);
    let listed = if lens.count > RECORDS_MAX { (to, to) } else { window };
    let view = |broker: &protocol::BrokerId| {
        let (_, replica) = replicas.iter().find(|(id, _)| id == broker)?;
        let (log, node) = (replica.log, lab.layout().brokers.get(broker));
        Some(ReplicaLog {
            broker: broker.0,
            state: node.map_or(ProcessState::New, |node| crate::observe::state(lab, *node)),
            is_leader: replica.is_leader,
            in_sync: registered.isr.contains(broker),
            is_preferred: registered.replicas.first() == Some(broker),
            leader_epoch: replica.leader_epoch,
            start: log.log_start_offset(),
            high_watermark: log.high_watermark(),
            stable: log.last_stable_offset(),
            end: log.log_end_offset(),
            flushed: replica.stored.on_disk_below(lab.now()),
            epochs: log.epochs().to_vec(),
            segments: segments(log),
            records: records(log, listed.0, listed.1),
            torn: past.torn(lens.topic, lens.partition, broker.0, lab.events()),
            swept: past.swept(lens.topic, lens.partition, broker.0, lab.events()),
            cleaner: node.and_then(|node| cleaner(lab, *node, replica)),
        })
    };
    let list = registered.replicas.iter().filter_map(view).collect();
    Some(LogView { topic: lens.topic.into(), partition: lens.partition, start, end, window, replicas: list })
}

fn cleaner(lab: &Lab, node: kernel::NodeId, replica: &replicas::Replica<'_>) -> Option<CleanerView> {
    let config = replica.log.config();
    let wall_ms = protocol::wall_ms(lab.now().as_nanos()).saturating_add(lab.world().host(node).clock_ahead_ms);
    let part = config.compact.then(|| replica.log.cleanable(replica.stored.cleaner_checkpoint, wall_ms))?;
    let all = part.clean_bytes + part.cleanable_bytes;
    Some(CleanerView {
        clean_bytes: part.clean_bytes,
        cleanable_bytes: part.cleanable_bytes,
        cleanable_ppm: (part.cleanable_bytes * 1_000_000).checked_div(all).unwrap_or(0) as u32,
        min_ppm: config.min_cleanable_ppm,
        is_due: part.is_due(config.min_cleanable_ppm),
    })
}

fn segments(log: &Log) -> Vec<SegmentView> {
    let active = log.active_segment().base_offset();
    let views = log.segments().map(|s| SegmentView {
        base: s.base_offset(),
        next: s.next_offset(),
        bytes: s.size_bytes(),
        is_active: s.base_offset() == active,
    });
    views.collect()
}

/// The records of a log from `from` up to `to`.
pub(crate) fn records(log: &Log, from: i64, to: i64) -> Vec<RecordView> {
    let high_watermark = log.high_watermark();
    let from = from.max(log.log_start_offset());
    let batches = log.batches_from(from).take_while(|batch| batch.base_offset < to);
    let offsets = batches.flat_map(|batch| batch.offsets().map(move |(offset, record)| (batch, offset, record)));
    let wanted = offsets.filter(|(_, offset, _)| (from..to).contains(offset));
    wanted.map(|(batch, offset, record)| record_view(batch, offset, record, high_watermark)).collect()
}

fn record_view(batch: &Batch, offset: i64, record: &Record, high_watermark: i64) -> RecordView {
    let text = |bytes: &Option<Arc<[u8]>>| {
        bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).chars().take(VALUE_CHARS).collect::<String>())
    };
    RecordView {
        offset,
        leader_epoch: batch.leader_epoch,
        key: text(&record.key),
        value: text(&record.value),
        timestamp_ms: record.timestamp_ms,
        committed: offset < high_watermark,
    }
}

/// A record as a broker has it, with its surroundings. None if that broker has no record at that offset.
pub fn record(lab: &Lab, topic: &str, partition: i32, broker: i32, offset: i64) -> Option<RecordDetail> {
    let tp = TopicPartition::new(topic, partition);
    let all = replicas::all(lab.world(), lab.layout(), &tp);
    let epoch_at = |log: &Log| Some(replicas::batch_at(log, offset)?.leader_epoch);
    let held_by = all.iter().filter_map(|(id, replica)| Some((id.0, epoch_at(replica.log)?))).collect();
    let (_, replica) = all.into_iter().find(|(id, _)| id.0 == broker)?;
    let log = replica.log;
    let batch = replicas::batch_at(log, offset).filter(|_| offset >= log.log_start_offset())?;
    let (_, record) = batch.offsets().find(|(at, _)| *at == offset)?;
    let stamp = batch.producer();
    let sequence = if stamp.base_sequence < 0 { -1 } else { stamp.base_sequence + record.offset_delta };
    Some(RecordDetail {
        record: record_view(batch, offset, record, log.high_watermark()),
        batch: (batch.base_offset, batch.last_offset()),
        timestamp_type: batch.timestamp_type(),
        producer: (stamp.producer_id, stamp.producer_epoch, sequence),
        bytes: record.size_in_bytes(batch.base_timestamp_ms()),
        segment: log.segments().rfind(|s| s.base_offset() <= offset).map_or(0, |s| s.base_offset()),
        held_by,
        bounds: (log.high_watermark(), log.last_stable_offset()),
    })
}
