//! Answers to Produce requests: success, retries with backoff, leader changes, giving up (`Sender#completeBatch`).

use kernel::Time;
use protocol::api::produce::ProduceResult;
use protocol::api::{LeaderHint, Name};
use protocol::{ApiKey, ErrorCode, Note, Response, TopicId, TopicPartition};

use super::{Producer, ProducerBatch};
use crate::network::{is_leader_error, purpose};
use crate::{ClientError, Fx, Profile};

const TRANSACTION_MANAGER: &str = "org.apache.kafka.clients.producer.internals.TransactionManager";
const SENDER: &str = "org.apache.kafka.clients.producer.internals.Sender";

/// Errors that say the client's metadata is out of date (`InvalidMetadataException`).
fn is_metadata_error(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::InconsistentTopicId
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::ReplicaNotAvailable
            | ErrorCode::KafkaStorageError
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::UnknownLeaderEpoch
            | ErrorCode::NetworkException
    )
}

/// Why a batch failed.
#[derive(Clone, Copy)]
struct Refused<'a> {
    code: ErrorCode,
    /// What the log line says after the error.
    detail: &'a str,
    /// What the broker said, or the client itself of a connection that broke.
    message: Option<&'a str>,
    /// What it said of single records.
    at_fault: &'a [(i32, Name)],
}

impl Producer {
    pub(super) fn produce_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        batches: &[(TopicId, i32, u64)],
        correlation: u32,
        response: &Response,
    ) {
        let Response::Produce(response) = response else { return };
        let mut told = Vec::new();
        for (topic_id, partition, id) in batches {
            let result = response
                .partitions
                .iter()
                .find(|result| result.topic_id == *topic_id && result.partition == *partition);
            let Some(result) = result else { continue };
            told.extend(self.leader_told(*id, result));
            match self.land(*id) {
                Some((tp, batch)) => self.batch_answered(now, fx, tp, batch, correlation, result),
                None => self.came_late(*id, result.error, result.message.as_deref()),
            }
        }
        if !told.is_empty() {
            self.net.metadata.update_leaders(told, &response.node_endpoints);
        }
    }

    /// The leader that an answer names who is asked in vain.
    fn leader_told(&self, id: u64, result: &ProduceResult) -> Option<(TopicPartition, LeaderHint)> {
        let hint = result.current_leader.filter(|_| is_leader_error(result.error))?;
        let (flying, late) = (self.flying.get(&id), self.late.get(&id));
        let tp = flying.map(|(tp, _)| tp).or(late.map(|late| &late.tp))?;
        Some((tp.clone(), hint))
    }

    fn batch_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        tp: TopicPartition,
        batch: ProducerBatch,
        correlation: u32,
        result: &ProduceResult,
    ) {
        match result.error {
            ErrorCode::None => {
                self.ack_batch(fx, &tp, result.topic_id, batch, result.base_offset, result.log_append_time_ms);
            }
            ErrorCode::DuplicateSequenceNumber => self.ack_batch(fx, &tp, result.topic_id, batch, -1, -1),
            code => {
                fx.note(Note::ClientError { client_id: self.net.client_id.clone(), api: ApiKey::Produce, error: code });
                let refused =
                    Refused { code, detail: "", message: result.message.as_deref(), at_fault: &result.record_errors };
                self.batch_failed(now, fx, tp, batch, correlation, refused);
            }
        }
    }

    /// The connection is gone: every batch on it may or may not have been written.
    pub(super) fn produce_failed(
        &mut self,
        now: Time,
        fx: &mut Fx,
        batches: &[(TopicId, i32, u64)],
        node: i32,
        is_timeout: bool,
    ) {
        let why = if is_timeout { " due to timeout" } else { "" };
        let code = match is_timeout && self.profile == Profile::Java {
            true => ErrorCode::RequestTimedOut,
            false => ErrorCode::NetworkException,
        };
        let text = format!("Disconnected from node {node}{why}");
        let detail = format!(". Error Message: {text}");
        for (_, _, id) in batches {
            if let Some((tp, batch)) = self.land(*id) {
                let refused = Refused { code, detail: &detail, message: Some(&text), at_fault: &[] };
                let correlation = batch.correlation;
                self.batch_failed(now, fx, tp, batch, correlation, refused);
            } else {
                self.came_late(*id, code, Some(&text));
            }
        }
    }

    /// The answer to what was given up in the air, if the batch is one of those: its memory comes free, and what the broker said of it
    /// counts, but for its records.
    fn came_late(&mut self, id: u64, code: ErrorCode, message: Option<&str>) {
        let Some(late) = self.late.remove(&id) else { return };
        self.accumulator.memory_used -= late.memory;
        if let Some(queue) = self.accumulator.queues.get_mut(&late.tp) {
            queue.flying.retain(|flying| *flying != id);
            if matches!(code, ErrorCode::None | ErrorCode::DuplicateSequenceNumber) {
                late.stamp.into_iter().for_each(|stamp| queue.acked_late(stamp, late.count));
            }
        }
        self.look_at_metadata(&late.tp, code, message);
    }

    fn batch_failed(
        &mut self,
        now: Time,
        fx: &mut Fx,
        tp: TopicPartition,
        batch: ProducerBatch,
        correlation: u32,
        refused: Refused<'_>,
    ) {
        let Refused { code, detail, message, at_fault } = refused;
        let can_split = self.profile == Profile::Java && batch.count() > 1;
        if code == ErrorCode::MessageTooLarge && can_split {
            let left = self.settings.retries - batch.attempts;
            self.net.warn(
                SENDER,
                format!("Got error produce response in correlation id {correlation} on topic-partition {tp}, splitting and retrying ({left} attempts left). Error: {}{detail}", code.name()),
            );
            self.accumulator.split(&self.settings, &tp, batch);
        } else if self.can_retry(now, &tp, &batch, code) {
            self.log_retry(&tp, &batch, correlation, code, detail);
            self.reenqueue(now, fx, &tp, batch);
        } else {
            // What comes after it starts anew in another epoch. After the last retry it may have been taken, though, unless there is a gap.
            let is_untaken = batch.attempts < self.settings.retries || code == ErrorCode::OutOfOrderSequenceNumber;
            if let Some(queue) = self.accumulator.queues.get_mut(&tp).filter(|_| is_untaken) {
                queue.request_bump();
            }
            let error = self.error_of(code).with_message(message);
            self.log_gap(&tp, &batch, &error);
            self.fail_batch(fx, &tp, batch, &error, at_fault, false);
        }
        self.look_at_metadata(&tp, code, message);
    }

    /// Asks for metadata anew after an error that says that it is out of date.
    fn look_at_metadata(&mut self, tp: &TopicPartition, code: ErrorCode, message: Option<&str>) {
        if is_metadata_error(code) {
            if self.profile == Profile::Java && code == ErrorCode::UnknownTopicOrPartition {
                self.net.warn(SENDER, format!("Received unknown topic or partition error in produce request on partition {tp}. The topic-partition may not exist or the user may not have Describe access to it"));
            } else if self.profile == Profile::Java {
                let what = format!("{}: {}", code.exception_class(), message.unwrap_or(code.message()));
                self.net.warn(SENDER, format!("Received invalid metadata error in produce request on partition {tp} due to {what} Going to request metadata update now"));
            }
            self.net.metadata.request_update();
        }
    }

    fn can_retry(&mut self, now: Time, tp: &TopicPartition, batch: &ProducerBatch, code: ErrorCode) -> bool {
        if batch.attempts >= self.settings.retries || batch.created + self.settings.delivery_timeout <= now {
            return false;
        }
        match (code, batch.stamp, self.accumulator.queues.get_mut(tp)) {
            (ErrorCode::OutOfOrderSequenceNumber, Some(stamp), Some(queue)) => {
                if queue.is_after_gap(stamp, batch.is_restamped) {
                    queue.request_bump();
                }
                true
            }
            _ => code.is_retriable(),
        }
    }

    /// What Java logs of a gap in the sequence numbers that no retry is left for (`TransactionManager#handleFailedBatch`).
    fn log_gap(&mut self, tp: &TopicPartition, batch: &ProducerBatch, error: &ClientError) {
        let Some(stamp) = batch.stamp.filter(|_| error.code == ErrorCode::OutOfOrderSequenceNumber) else { return };
        if self.profile == Profile::Java {
            let (id, epoch, sequence) = (stamp.producer_id, stamp.producer_epoch, stamp.base_sequence);
            let text = format!(
                "The broker returned {error} for topic-partition {tp} with producerId {id}, epoch {epoch}, and sequence number {sequence}"
            );
            self.net.error(TRANSACTION_MANAGER, text);
        }
    }

    fn log_retry(
        &mut self,
        tp: &TopicPartition,
        batch: &ProducerBatch,
        correlation: u32,
        code: ErrorCode,
        detail: &str,
    ) {
        if self.profile == Profile::Java {
            let left = self.settings.retries - batch.attempts - 1;
            self.net.warn(
                SENDER,
                format!("Got error produce response with correlation id {correlation} on topic-partition {tp}, retrying ({left} attempts left). Error: {}{detail}", code.name()),
            );
        }
    }

    fn reenqueue(&mut self, now: Time, fx: &mut Fx, tp: &TopicPartition, mut batch: ProducerBatch) {
        batch.attempts += 1;
        batch.last_attempt = now;
        batch.retry_at = now + self.net.settings.retry_backoff.wait(batch.attempts, fx.rng(purpose::BACKOFF));
        self.is_backing_off = self.profile == Profile::Java;
        if let Some(queue) = self.accumulator.queues.get_mut(tp) {
            queue.put_back(batch);
        }
    }

    /// Java's sender draws how long a batch has to wait whenever it looks (`RecordAccumulator#shouldBackoff`): the more often it does, the
    /// sooner the batch goes, but never before the shortest wait.
    pub(super) fn look_at_backoffs(&mut self, now: Time, fx: &mut Fx) {
        if !self.is_backing_off || self.ran_at == Some(now) {
            return;
        }
        let backoff = self.net.settings.retry_backoff;
        self.is_backing_off = false;
        for queue in self.accumulator.queues.values_mut() {
            self.is_backing_off |= queue.batches.iter().any(|batch| batch.retry_at > now);
            if let Some(head) = queue.batches.front_mut().filter(|head| head.retry_at > now) {
                let waited = now.since(head.last_attempt);
                head.retry_at =
                    head.last_attempt + backoff.wait_at_look(head.attempts, waited, fx.rng(purpose::BACKOFF));
            }
        }
    }
}
