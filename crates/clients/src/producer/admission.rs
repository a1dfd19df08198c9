//! From `send()` to the accumulator: waiting for metadata and memory, size checks, choosing the partition
//! (`KafkaProducer#doSend`; librdkafka: `rd_kafka_msg_partitioner`, `UA` queues).

use kernel::Time;
use ordered::SortedSet;
use protocol::record::BATCH_OVERHEAD;
use protocol::{ErrorCode, TopicName, TopicPartition};

use super::accumulator::Accumulator;
use super::partitioner::{TopicLoad, TopicView};
use super::{Blocked, Producer, Sent};
use crate::network::{Lane, Net, purpose};
use crate::{ClientError, Fx, Profile};

protocol::gap!("Topics a producer has not used for metadata.max.idle.ms stay in its metadata", "KIP-526");

/// What became of a record that wanted in.
enum Admission {
    Done,
    Wait,
    Fail(ClientError),
}

impl Producer {
    pub(super) fn admit(&mut self, now: Time, fx: &mut Fx) {
        match self.profile {
            Profile::Java => self.admit_in_order(now, fx),
            Profile::Librdkafka => self.admit_by_topic(now, fx),
        }
    }

    /// One caller, one record at a time.
    fn admit_in_order(&mut self, now: Time, fx: &mut Fx) {
        while let Some(head) = self.blocked.pop_front() {
            let since = *self.head_since.get_or_insert(now);
            match self.try_admit(now, fx, &head, since) {
                Admission::Done => {}
                Admission::Fail(error) => self.fail_record(head.handle, &head.topic, &head.record, error),
                Admission::Wait => {
                    self.blocked.push_front(head);
                    return;
                }
            }
            self.head_since = None;
        }
    }

    /// Records of different topics do not wait for each other; those of one topic keep their order.
    fn admit_by_topic(&mut self, now: Time, fx: &mut Fx) {
        let mut stuck: SortedSet<TopicName> = SortedSet::new();
        for blocked in std::mem::take(&mut self.blocked) {
            let since = *self.topics_since.entry(blocked.topic.clone()).or_insert(now);
            let expires = blocked.since + self.settings.delivery_timeout;
            let outcome = match stuck.contains(&blocked.topic) {
                _ if expires <= now => Admission::Fail(timed_out()),
                true => Admission::Wait,
                false => self.try_admit(now, fx, &blocked, since),
            };
            match outcome {
                Admission::Done => {}
                Admission::Fail(error) => self.fail_record(blocked.handle, &blocked.topic, &blocked.record, error),
                Admission::Wait => {
                    stuck.insert(blocked.topic.clone());
                    self.blocked.push_back(blocked);
                }
            }
        }
    }

    /// When a waiting record gives up.
    pub(super) fn admission_due(&self) -> Option<Time> {
        let head = self.blocked.front()?;
        match self.profile {
            Profile::Java => Some(self.head_since? + self.settings.max_block),
            Profile::Librdkafka => {
                let propagation = self
                    .blocked
                    .iter()
                    .filter_map(|b| self.topics_since.get(&b.topic))
                    .map(|at| *at + self.settings.propagation_max);
                propagation.chain(Some(head.since + self.settings.delivery_timeout)).min()
            }
        }
    }

    fn try_admit(&mut self, now: Time, fx: &mut Fx, blocked: &Blocked, since: Time) -> Admission {
        if self.net.metadata.want(&blocked.topic) {
            for event in self.net.tick(now, fx) {
                self.network_event(now, fx, event);
            }
        }
        let count = self.net.metadata.partition_count(&blocked.topic);
        let Some(count) = count.filter(|count| blocked.partition.is_none_or(|partition| partition < *count)) else {
            return self.without_metadata(now, blocked, since, count);
        };
        if let Some(refusal) = self.check_size(blocked) {
            return Admission::Fail(refusal);
        }
        self.append(now, fx, blocked, since, count)
    }

    fn without_metadata(&mut self, now: Time, blocked: &Blocked, since: Time, count: Option<i32>) -> Admission {
        let topic = &blocked.topic;
        let error = self.net.metadata.topic_error(topic);
        if error == Some(ErrorCode::InvalidTopic) {
            return Admission::Fail(match self.profile {
                Profile::Java => ClientError::of(Profile::Java, ErrorCode::InvalidTopic)
                    .with_message(Some(&format!("Invalid topics: [{topic}]"))),
                Profile::Librdkafka => ClientError::of(Profile::Librdkafka, ErrorCode::InvalidTopic),
            });
        }
        self.net.metadata.request_update();
        match self.profile {
            Profile::Java if since + self.settings.max_block <= now => {
                let waited = self.settings.max_block.as_millis();
                Admission::Fail(ClientError::timeout(match (blocked.partition, count) {
                    (Some(partition), Some(count)) => {
                        format!(
                            "Partition {partition} of topic {topic} with partition count {count} is not present in metadata after {waited} ms."
                        )
                    }
                    _ => format!("Topic {topic} not present in metadata after {waited} ms."),
                }))
            }
            Profile::Java => Admission::Wait,
            Profile::Librdkafka if count.is_some() => Admission::Fail(ClientError::new(
                "_UNKNOWN_PARTITION",
                "Local: Unknown partition",
                ErrorCode::UnknownTopicOrPartition,
            )),
            Profile::Librdkafka
                if error == Some(ErrorCode::UnknownTopicOrPartition)
                    && since + self.settings.propagation_max <= now =>
            {
                Admission::Fail(ClientError::new(
                    "_UNKNOWN_TOPIC",
                    "Local: Unknown topic",
                    ErrorCode::UnknownTopicOrPartition,
                ))
            }
            Profile::Librdkafka => Admission::Wait,
        }
    }

    fn check_size(&self, blocked: &Blocked) -> Option<ClientError> {
        let size = BATCH_OVERHEAD + blocked.record.size_upper_bound();
        let most = self.settings.request_bytes_max;
        match self.profile {
            Profile::Java if size > most => Some(ClientError::of(Profile::Java, ErrorCode::MessageTooLarge).with_message(Some(&format!(
                "The message is {size} bytes when serialized which is larger than {most}, which is the value of the max.request.size configuration."
            )))),
            Profile::Java if u64::from(size) > self.settings.memory_bytes => Some(ClientError::of(Profile::Java, ErrorCode::MessageTooLarge).with_message(Some(&format!(
                "The message is {size} bytes when serialized which is larger than the total memory buffer you have configured with the buffer.memory configuration."
            )))),
            Profile::Librdkafka if size > most => Some(ClientError::of(Profile::Librdkafka, ErrorCode::MessageTooLarge)),
            Profile::Librdkafka if self.incomplete.len() > self.settings.queue_records_max => {
                Some(ClientError::new("_QUEUE_FULL", "Local: Queue full", ErrorCode::RequestTimedOut))
            }
            Profile::Java | Profile::Librdkafka => None,
        }
    }

    fn append(&mut self, now: Time, fx: &mut Fx, blocked: &Blocked, since: Time, count: i32) -> Admission {
        let Producer { partitioner, accumulator, settings, net, .. } = self;
        let name = &blocked.topic;
        let random = fx.rng(purpose::PARTITION);
        let (partition, is_sticky) = match blocked.partition {
            Some(partition) => (partition, false),
            None => {
                let load = || topic_load(net, accumulator, name, count);
                let view = TopicView { name, partitions: count, load: &load };
                partitioner.choose(now, settings, &view, blocked.record.key.as_deref(), random)
            }
        };
        let tp = TopicPartition::new(name.clone(), partition);
        let Some(appended) = accumulator.append(now, settings, &tp, blocked.handle, &blocked.record) else {
            return if since + settings.max_block <= now { Admission::Fail(self.exhausted()) } else { Admission::Wait };
        };
        if is_sticky {
            let load = || topic_load(net, accumulator, name, count);
            let view = TopicView { name, partitions: count, load: &load };
            partitioner.appended(now, settings, &view, appended.bytes, appended.all_full, random);
        }
        self.is_stirred |= self.stirs(now, &tp);
        Admission::Done
    }

    /// Whether a record that was just appended can make the producer send, or wait for another moment than before.
    fn stirs(&self, now: Time, tp: &TopicPartition) -> bool {
        let Some(queue) = self.accumulator.queues.get(tp) else { return false };
        let Some(head) = queue.batches.front() else { return false };
        let is_new = queue.batches.len() == 1 && head.count() == 1;
        let has_room = self
            .net
            .metadata
            .leader(tp)
            .is_none_or(|(_, node, _)| self.net.in_flight(Lane::Data, node) < self.settings.in_flight_max);
        is_new || (has_room && (self.is_hurried() || self.is_due(queue, head, now)))
    }

    fn exhausted(&self) -> ClientError {
        let (batch, total) = (self.settings.batch_bytes, self.settings.memory_bytes);
        let free = total.saturating_sub(self.accumulator.memory_used);
        let waited = self.settings.max_block.as_millis();
        ClientError::new(
            "org.apache.kafka.clients.producer.BufferExhaustedException",
            format!(
                "Failed to allocate {batch} bytes within the configured max blocking time {waited} ms. Total memory: {total} bytes. Available memory: {free} bytes. Poolable size: {batch} bytes"
            ),
            ErrorCode::RequestTimedOut,
        )
    }
}

fn topic_load(net: &Net<Sent>, accumulator: &Accumulator, name: &TopicName, partitions: i32) -> TopicLoad {
    let queue =
        |n: i32| accumulator.queues.get(&TopicPartition::new(name.clone(), n)).map(|queue| queue.batches.len() as u32);
    TopicLoad { available: net.metadata.available(name), queues: (0..partitions).map(queue).collect() }
}

pub(super) fn timed_out() -> ClientError {
    ClientError::new("_MSG_TIMED_OUT", "Local: Message timed out", ErrorCode::RequestTimedOut)
}
