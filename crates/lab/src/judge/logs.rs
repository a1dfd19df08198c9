//! What idempotent producers left in the logs: each record once, in the order it was sent. Records are told apart by
//! their values, which `kafka-verifiable-producer --value-prefix P` makes `P.N`.

use ordered::SortedMap;
use partition_log::Log;
use protocol::note::value_hash;
use protocol::{Batch, TopicName, TopicPartition, is_internal_topic};

use super::excuses::Excuses;
use super::{Finding, forgotten};
use crate::Lab;
use crate::invariants::InvariantInfo;
use crate::replicas;

pub(super) const DUPLICATE: InvariantInfo = InvariantInfo {
    id: "duplicate",
    doc: "A record of an idempotent producer is in the log once.",
    source: "jepsen.tests.kafka; KIP-98",
};
pub(super) const NONMONOTONIC_SEND: InvariantInfo = InvariantInfo {
    id: "nonmonotonic-send",
    doc: "Records of an idempotent producer are in a partition in the order it sent them.",
    source: "jepsen.tests.kafka; KIP-98",
};

pub(super) fn check(lab: &Lab, excuses: &Excuses) -> Result<(), Finding> {
    let Some(image) = replicas::image(lab.world(), lab.layout()) else { return Ok(()) };
    let is_judged = |name: &TopicName| !is_internal_topic(name) && !excuses.was_made_again(name);
    for topic in image.topics.values().filter(|topic| is_judged(&topic.name)) {
        for record in &topic.partitions {
            let tp = TopicPartition::new(topic.name.clone(), record.partition);
            if let Some(log) = lab.leader_log(&tp).filter(|_| !excuses.may_have_lost(&tp)) {
                check_log(lab, &tp, log)?;
            }
        }
    }
    Ok(())
}

fn check_log(lab: &Lab, tp: &TopicPartition, log: &Log) -> Result<(), Finding> {
    let mut offsets: SortedMap<u64, i64> = SortedMap::new();
    let mut newest: SortedMap<u64, (u64, i64)> = SortedMap::new();
    for batch in log.batches_from(log.log_start_offset()).filter(|batch| batch.producer().producer_id >= 0) {
        for Known { offset, producer, number, value_hash } in known_records(batch) {
            if let Some(before) = offsets.insert(value_hash, offset) {
                if forgotten::between(lab, tp, log, before, offset) || forgotten::began_late(log, before, offset) {
                    continue;
                }
                let evidence = format!("{tp}: record {producer}.{number} is at offsets {before} and {offset}");
                return Err(Finding::new(DUPLICATE, evidence));
            }
            let newer = newest.insert(producer, (number, offset)).filter(|(last, _)| *last > number);
            if let Some((last, at)) = newer.filter(|(_, at)| !forgotten::began_late(log, *at, offset)) {
                let evidence =
                    format!("{tp}: record {producer}.{number} at offset {offset} follows {producer}.{last} at {at}");
                return Err(Finding::new(NONMONOTONIC_SEND, evidence));
            }
        }
    }
    Ok(())
}

/// A record that says which one of which producer it is.
struct Known {
    offset: i64,
    producer: u64,
    number: u64,
    value_hash: u64,
}

/// The records of a batch that say so: by their values, or because they were drawn.
fn known_records(batch: &Batch) -> impl Iterator<Item = Known> {
    let drawn = batch.runs().iter().flat_map(move |run| {
        (0..run.count).map(move |n| Known {
            offset: batch.base_offset + i64::from(run.offset_delta) + i64::from(n),
            producer: run.source,
            number: run.first + u64::from(n),
            value_hash: run.value_hash(n),
        })
    });
    let listed = if batch.runs().is_empty() { batch.records() } else { &[] };
    let listed = listed.iter().filter_map(|record| {
        let (producer, number) = record.value.as_deref().and_then(identity)?;
        let offset = batch.base_offset + i64::from(record.offset_delta);
        Some(Known { offset, producer, number, value_hash: value_hash(record.value.as_deref()) })
    });
    drawn.chain(listed)
}

/// `P.N`: which producer, and which of its records.
fn identity(value: &[u8]) -> Option<(u64, u64)> {
    let (producer, number) = std::str::from_utf8(value).ok()?.split_once('.')?;
    Some((producer.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn values_of_the_verifiable_producer_name_producer_and_record() {
        assert_eq!(identity(b"12.7"), Some((12, 7)));
        assert_eq!((identity(b"12"), identity(b"a.7"), identity(b"1.2.3")), (None, None, None));
    }
}
