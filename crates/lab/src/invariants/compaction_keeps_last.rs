//! Compaction keeps the last value of each key, and every offset below the active segment that it does not explain.

use std::sync::Arc;

use ordered::SortedMap;
use partition_log::Log;
use protocol::{BrokerId, Note, Record, TopicId, TopicPartition};

use super::by_replica::ByReplica;
use super::{Invariant, Kind, Kinds, Sight};

/// What a replica's log last said of each key: the offset, and whether it was a value and no tombstone.
type Lasts = SortedMap<Arc<[u8]>, (i64, bool)>;

/// The last records of each key in replicas of compacted topics, as they were appended: followed from the first segment
/// that is rolled (nothing is compacted before), and read anew after whatever rewrites a log's end. With the topic they were read in:
/// brokers go on with one that the controller has deleted until they hear of it, and there may be another of its name by then.
#[derive(Clone, Debug, Default)]
pub(super) struct CompactionKeepsLast {
    lasts: ByReplica<(TopicId, Arc<Lasts>)>,
}

impl Invariant for CompactionKeepsLast {
    const ID: &'static str = "compaction-keeps-last";
    const DOC: &'static str = "After a compaction the last value of each key is where it was.";
    const SOURCE: &'static str = "KIP-58; Kafka's documentation, Log Compaction, \"What guarantees does log compaction provide?\"";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::SegmentRolled, Kind::Appended, Kind::Compacted, Kind::Truncated, Kind::ReplicaRemoved, Kind::BrokerState, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let log_of = |tp: &TopicPartition, broker: BrokerId| {
            sight.replica(broker, tp).map(|replica| (replica.topic_id, replica.log))
        };
        match sight.note {
            Note::SegmentRolled { tp, broker, .. } => {
                if let Some((topic_id, log)) = log_of(tp, *broker).filter(|(_, log)| log.config().compact)
                    && self.known(tp, *broker, topic_id).is_none()
                {
                    self.lasts.insert(tp, *broker, (topic_id, Arc::new(lasts(log))));
                }
            }
            Note::Appended { tp, broker, base, next, .. } => {
                if self.lasts.get_mut(tp, *broker).is_some()
                    && let Some((topic_id, log)) = log_of(tp, *broker)
                    && let Some(known) = self.known(tp, *broker, topic_id)
                {
                    let new = log.batches_from(*base).take_while(|batch| batch.base_offset < *next);
                    let known = Arc::make_mut(known);
                    new.flat_map(|batch| batch.offsets()).for_each(|(offset, record)| learn(known, offset, record));
                }
            }
            Note::Compacted { tp, broker, .. } => {
                let Some((topic_id, log)) = log_of(tp, *broker) else { return Ok(()) };
                let now = lasts(log);
                if let Some(known) = self.known(tp, *broker, topic_id)
                    && let Some(missing) = missing(known, &now, log.log_start_offset())
                {
                    return Err(format!("{tp} on broker {broker}: {missing}"));
                }
                self.lasts.insert(tp, *broker, (topic_id, Arc::new(now)));
            }
            Note::Truncated { tp, broker, .. } | Note::ReplicaRemoved { tp, broker } => {
                self.lasts.remove(tp, *broker);
            }
            Note::BrokerState { broker, .. } => self.lasts.forget_broker(*broker),
            Note::TopicDeleted { topic } => self.lasts.forget_topic(topic),
            _ => {}
        }
        Ok(())
    }
}

impl CompactionKeepsLast {
    /// What is remembered of a replica of this topic.
    fn known(&mut self, tp: &TopicPartition, broker: BrokerId, topic_id: TopicId) -> Option<&mut Arc<Lasts>> {
        self.lasts.get_mut(tp, broker).filter(|(of, _)| *of == topic_id).map(|(_, lasts)| lasts)
    }
}

fn learn(lasts: &mut Lasts, offset: i64, record: &Record) {
    if let Some(key) = &record.key {
        lasts.insert(key.clone(), (offset, record.value.is_some()));
    }
}

fn lasts(log: &Log) -> Lasts {
    let mut lasts = Lasts::default();
    let batches = log.batches_from(log.log_start_offset()).filter(|batch| !batch.is_control());
    batches.flat_map(|batch| batch.offsets()).for_each(|(offset, record)| learn(&mut lasts, offset, record));
    lasts
}

/// A key whose last value is not there any more.
fn missing(before: &Lasts, after: &Lasts, log_start: i64) -> Option<String> {
    let is_gone = |(key, (offset, is_value)): &(&Arc<[u8]>, &(i64, bool))| {
        *is_value && *offset >= log_start && after.get(*key).is_none_or(|(kept, _)| kept != offset)
    };
    let (key, (offset, _)) = before.iter().find(is_gone)?;
    let kept = after.get(key).map_or("nothing".to_owned(), |(offset, _)| format!("offset {offset}"));
    Some(format!("the last value of key {:?} was at offset {offset}, and {kept} is left", String::from_utf8_lossy(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use partition_log::LogConfig;
    use protocol::batch::ProducerStamp;
    use protocol::{Batch, EPOCH_MS};

    fn log() -> Log {
        let config = LogConfig { compact: true, delete: false, segment_ms: 1_000, ..LogConfig::default() };
        let mut log = Log::new(TopicPartition::new("t", 0), config, EPOCH_MS);
        for (n, key) in [b"a", b"b", b"a", b"c"].into_iter().enumerate() {
            let at_ms = EPOCH_MS + 2_000 * n as i64;
            let batch = Batch::new(vec![Record::new(at_ms, Some(key), Some(b"v"))], ProducerStamp::default());
            log.append_as_leader(&batch, 0, at_ms).expect("it is fine");
        }
        log.set_high_watermark(4);
        log
    }

    #[test]
    fn kafkas_compaction_keeps_the_claim() {
        let mut log = log();
        let before = lasts(&log);
        let part = log.cleanable(None, EPOCH_MS);
        log.compact(&part, usize::MAX, EPOCH_MS).expect("there is something to clean");
        assert!(!log.batches_from(0).flat_map(Batch::offsets).any(|(offset, _)| offset == 0), "an old value went");
        assert_eq!(missing(&before, &lasts(&log), 0), None);
    }

    /// A cleaner that takes the first value of a key for its last one would leave this.
    #[test]
    fn a_compaction_that_drops_the_last_value_breaks_it() {
        let before = lasts(&log());
        let mut after = before.clone();
        after.insert(Arc::from(&b"a"[..]), (0, true));
        let text = "the last value of key \"a\" was at offset 2, and offset 0 is left";
        assert_eq!(missing(&before, &after, 0).as_deref(), Some(text));
        after.remove(&b"b"[..]);
        after.insert(Arc::from(&b"a"[..]), (2, true));
        let text = "the last value of key \"b\" was at offset 1, and nothing is left";
        assert_eq!(missing(&before, &after, 0).as_deref(), Some(text));
        assert_eq!(missing(&before, &after, 2), None, "below the log start nothing is kept");
    }
}
