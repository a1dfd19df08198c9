//! From `send()` to the accumulator: waiting for metadata and memory, size checks, choosing the partition
//! (`KafkaProducer#doSend`; librdkafka: `rd_kafka_msg_partitioner`, `UA` queues).

use kernel::{Duration, Time};
use ordered::SortedSet;
use protocol::batch::BATCH_OVERHEAD;
use protocol::{ErrorCode, TopicName, TopicPartition};

use super::partitioner::TopicView;
use super::payload::Payload;
use super::settings::ProducerSettings;
use super::{Blocked, Producer, Sent};
use crate::network::{Lane, Net, purpose};
use crate::{ClientError, Fx, Profile};

/// What became of a record that wanted in.
enum Admission {
    /// So many of its records are in.
    Done(u32),
    Wait,
    Fail(ClientError),
}

impl Producer {
    /// Lets in what waits, as far as it can; true if it stopped so that what is due is sent before the rest is placed.
    pub(super) fn admit(&mut self, now: Time, fx: &mut Fx) -> bool {
        match self.profile {
            Profile::Java => self.admit_in_order(now, fx),
            Profile::Librdkafka => {
                self.admit_by_topic(now, fx);
                false
            }
        }
    }

    /// One caller, one record at a time.
    fn admit_in_order(&mut self, now: Time, fx: &mut Fx) -> bool {
        while let Some(mut head) = self.blocked.pop_front() {
            let since = *self.head_since.get_or_insert(now);
            let rest = match self.try_admit(now, fx, &mut head, since) {
                Admission::Wait => {
                    self.blocked.push_front(head);
                    return false;
                }
                outcome => self.without(head, outcome),
            };
            (self.head_since, self.starved_since) = (None, None);
            let Some(rest) = rest else { continue };
            self.blocked.push_front(rest);
            if std::mem::take(&mut self.is_stirred) {
                return true;
            }
        }
        false
    }

    /// Records of different topics do not wait for each other; those of one topic keep their order.
    fn admit_by_topic(&mut self, now: Time, fx: &mut Fx) {
        let mut stuck: SortedSet<TopicName> = SortedSet::new();
        for blocked in std::mem::take(&mut self.blocked) {
            let mut rest = Some(blocked);
            while let Some(mut blocked) = rest.take() {
                let since = *self.topics_since.entry(blocked.topic.clone()).or_insert(now);
                let expires = blocked.since + self.settings.delivery_timeout;
                let outcome = match stuck.contains(&blocked.topic) {
                    _ if expires <= now => Admission::Fail(timed_out()),
                    true => Admission::Wait,
                    false => self.try_admit(now, fx, &mut blocked, since),
                };
                if let Admission::Wait = outcome {
                    stuck.insert(blocked.topic.clone());
                    self.blocked.push_back(blocked);
                } else {
                    rest = self.without(blocked, outcome);
                }
            }
        }
    }

    /// What still waits of a payload after what became of its first records.
    fn without(&mut self, blocked: Blocked, outcome: Admission) -> Option<Blocked> {
        let count = match outcome {
            Admission::Wait => 0,
            Admission::Done(count) => count,
            Admission::Fail(error) => {
                self.fail_record(blocked.handle, &blocked.topic, blocked.payload.lens(), error);
                1
            }
        };
        let handle = blocked.handle + u64::from(count);
        blocked.payload.rest(count).map(|payload| Blocked { payload, handle, topic: blocked.topic, ..blocked })
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

    fn try_admit(&mut self, now: Time, fx: &mut Fx, blocked: &mut Blocked, since: Time) -> Admission {
        if self.net.metadata.use_topic(now, &blocked.topic) {
            self.tick(now, fx);
        }
        let count = self.net.metadata.partition_count(&blocked.topic);
        let Some(count) = count.filter(|count| blocked.partition.is_none_or(|partition| partition < *count)) else {
            return self.without_metadata(now, blocked, since, count);
        };
        if std::mem::take(&mut blocked.is_unstamped) {
            blocked.payload.stamp(crate::wall_ms(now, fx));
        }
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
        self.net.metadata.request_update_for(topic);
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
        let size = BATCH_OVERHEAD + blocked.payload.record_bytes_max();
        let most = self.settings.request_bytes_max;
        match self.profile {
            Profile::Java if size > most => Some(ClientError::of(Profile::Java, ErrorCode::MessageTooLarge).with_message(Some(&format!(
                "The message is {size} bytes when serialized which is larger than {most}, which is the value of the max.request.size configuration."
            )))),
            Profile::Java if u64::from(size) > self.settings.memory_bytes => Some(ClientError::of(Profile::Java, ErrorCode::MessageTooLarge).with_message(Some(&format!(
                "The message is {size} bytes when serialized which is larger than the total memory buffer you have configured with the buffer.memory configuration."
            )))),
            Profile::Java if u64::from(self.settings.batch_bytes) > self.settings.memory_bytes => Some(self.hard_limit(blocked)),
            Profile::Librdkafka if size > most => Some(ClientError::of(Profile::Librdkafka, ErrorCode::MessageTooLarge)),
            Profile::Librdkafka if self.incomplete.len() > self.settings.queue_records_max as u64 => {
                Some(ClientError::new("_QUEUE_FULL", "Local: Queue full", ErrorCode::RequestTimedOut))
            }
            Profile::Java | Profile::Librdkafka => None,
        }
    }

    fn append(&mut self, now: Time, fx: &mut Fx, blocked: &Blocked, since: Time, count: i32) -> Admission {
        let Producer { partitioner, accumulator, settings, net, waits, .. } = self;
        let (name, metadata) = (&blocked.topic, &net.metadata);
        let random = fx.rng(purpose::PARTITION);
        let (partition, share_left) = match blocked.partition {
            Some(partition) => (partition, None),
            None => {
                let view = TopicView { name, partitions: count, metadata, accumulator, waits };
                partitioner.choose(now, settings, &view, blocked.payload.key(), random)
            }
        };
        let tp = TopicPartition::new(name.clone(), partition);
        // Of a run, no more bytes than go to one partition before another may have its turn. Without linger each record is sent
        // at once, as long as a request may be.
        let is_sent_at_once = settings.linger == Duration::ZERO && may_send(net, settings, &tp);
        let turn = match blocked.partition {
            _ if is_sent_at_once => 1,
            Some(_) => u32::MAX,
            None => share_left.unwrap_or(1),
        };
        let Some(appended) = accumulator.append(now, settings, &tp, blocked.handle, &blocked.payload, turn) else {
            let starved_since = *self.starved_since.get_or_insert(now);
            return match since + self.settings.max_block <= now {
                true => Admission::Fail(self.exhausted(&blocked.payload, starved_since.since(since))),
                false => Admission::Wait,
            };
        };
        if share_left.is_some() {
            let view = TopicView { name, partitions: count, metadata, accumulator, waits };
            partitioner.appended(now, settings, &view, appended.bytes, appended.all_full, random);
        }
        // Can this make the producer send, or wait for another moment than before?
        self.is_stirred |= appended.is_first
            || ((appended.is_head_due || self.is_hurried())
                && self.has_identity()
                && may_send(&self.net, &self.settings, &tp));
        Admission::Done(appended.count)
    }

    /// There will never be the memory for a batch (`BufferPool#allocate`).
    fn hard_limit(&self, blocked: &Blocked) -> ClientError {
        let wanted = self.settings.batch_memory(blocked.payload.record_bytes_max());
        let limit = self.settings.memory_bytes;
        ClientError::new(
            "java.lang.IllegalArgumentException",
            format!("Attempt to allocate {wanted} bytes, but there is a hard limit of {limit} on memory allocations."),
            ErrorCode::InvalidRequest,
        )
    }

    /// No memory came free in what the wait for metadata had left of max.block.ms (`BufferPool#allocate`).
    fn exhausted(&self, payload: &Payload, waited_for_metadata: Duration) -> ClientError {
        let (batch, total) = (self.settings.batch_bytes, self.settings.memory_bytes);
        let wanted = self.settings.batch_memory(payload.record_bytes_max());
        let free = total.saturating_sub(self.accumulator.memory_used);
        let waited = self.settings.max_block.as_millis().saturating_sub(waited_for_metadata.as_millis());
        ClientError::new(
            "org.apache.kafka.clients.producer.BufferExhaustedException",
            format!(
                "Failed to allocate {wanted} bytes within the configured max blocking time {waited} ms. Total memory: {total} bytes. Available memory: {free} bytes. Poolable size: {batch} bytes"
            ),
            ErrorCode::RequestTimedOut,
        )
    }
}

/// Whether the leader of a partition can be sent one more request, or connected to.
fn may_send(net: &Net<Sent>, settings: &ProducerSettings, tp: &TopicPartition) -> bool {
    net.metadata.leader(tp).is_none_or(|(_, node, _)| net.may_send(Lane::Data, node, settings.in_flight_max))
}

pub(super) fn timed_out() -> ClientError {
    ClientError::new("_MSG_TIMED_OUT", "Local: Message timed out", ErrorCode::RequestTimedOut)
}
