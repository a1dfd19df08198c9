//! Produce: appends as leader, and parks acks=all requests until the high watermark passes them
//! (`ReplicaManager#appendRecords`, `DelayedProduce`). Left out: transactions, quotas.

use kernel::Duration;
use partition_log::AppendError;
use protocol::api::produce::{ProducePartition, ProduceRequest, ProduceResponse, ProduceResult};
use protocol::api::{LeaderHint, NodeEndpoints};
use protocol::{Batch, BrokerId, ErrorCode, Note, PartitionIndex, Plant, Seldom, TopicId, gap, is_internal_topic};

use super::connections::{Caller, Parked, Ticket};
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::metadata::live_endpoint;
use super::partition::{WaitingWrite, Writer};
use super::{Broker, TimerKey};
use crate::process::{Context, Fx, wall_ms};

/// An acks=all request that waits for replicas.
#[derive(Clone, Debug, Hash)]
pub(super) struct ParkedProduce {
    results: Vec<ProduceResult>,
    is_open: Vec<bool>,
}

/// What a leader's append made.
pub(super) struct LeaderAppend {
    pub(super) base: i64,
    pub(super) next: i64,
    pub(super) log_append_time_ms: i64,
}

impl Broker {
    pub(super) fn handle_produce(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        request: ProduceRequest,
    ) -> Answer {
        gap!("transactions", "KIP-98");
        let has_valid_acks = matches!(request.acks, -1..=1);
        let count = request.partitions.len();
        let mut parked = ParkedProduce { results: Vec::with_capacity(count), is_open: Vec::with_capacity(count) };
        for (slot, asked) in (0..).zip(&request.partitions) {
            let (result, required) = match has_valid_acks {
                true => self.produce_to(cx, fx, asked, request.acks),
                false => (failure(asked, ErrorCode::InvalidRequiredAcks), None),
            };
            let waits = required.filter(|_| request.acks == -1 && !cx.spec.has(Plant::AckBeforeIsr));
            if let Some((index, required)) = waits {
                self.wait_for_high_watermark(index, required, Writer::Producer { ticket: caller.ticket, slot });
            }
            parked.is_open.push(waits.is_some());
            parked.results.push(result);
        }
        if request.acks == 0 {
            let has_failed = parked.results.iter().any(|result| !result.error.is_ok());
            return if has_failed { Answer::Disconnect } else { Answer::Never };
        }
        if !parked.is_open.contains(&true) {
            return answer(cx, parked.results).into();
        }
        let due = cx.now + Duration::from_millis(u64::from(request.timeout_ms));
        self.soft.timers.arm(fx, due, TimerKey::Parked(caller.ticket));
        self.soft.connections.park(caller.conn, Parked::Produce(Box::new(parked)));
        Answer::Later
    }

    /// Appends one partition's batch: its result, and which high watermark confirms it.
    fn produce_to(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        asked: &ProducePartition,
        acks: i16,
    ) -> (ProduceResult, Option<(ReplicaIndex, i64)>) {
        match self.try_produce(cx, fx, asked, acks) {
            Ok((index, append)) => {
                let result = ProduceResult {
                    topic_id: asked.topic_id,
                    partition: asked.partition,
                    error: ErrorCode::None,
                    base_offset: append.base,
                    log_append_time_ms: append.log_append_time_ms,
                    log_start_offset: self.disk.log(index).log_start_offset(),
                    ..failure(asked, ErrorCode::None)
                };
                (result, Some((index, append.next)))
            }
            Err(error) => {
                // Only where single records are at fault brokers say more than the error does.
                let message = Some(error.message.into()).filter(|_| !error.record_errors.is_empty());
                let record_errors =
                    error.record_errors.into_iter().map(|record| (record.batch_index, record.message.into())).collect();
                (ProduceResult { record_errors, message, ..failure(asked, error.code) }, None)
            }
        }
    }

    fn try_produce(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        asked: &ProducePartition,
        acks: i16,
    ) -> Result<(ReplicaIndex, LeaderAppend), AppendError> {
        let topic = cx.image.topics.get(&asked.topic_id).ok_or(ErrorCode::UnknownTopicId)?;
        if is_internal_topic(&topic.name) {
            return Err(ErrorCode::InvalidTopic.into());
        }
        if cx.image.partition(asked.topic_id, asked.partition).is_none() {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let index = self.disk.find(asked.topic_id, asked.partition).ok_or_else(|| {
            match self.disk.is_offline(asked.topic_id, asked.partition) {
                true => ErrorCode::KafkaStorageError,
                false => ErrorCode::NotLeaderOrFollower,
            }
        })?;
        let append = self.append_as_leader(cx, fx, index, &asked.batch, acks == -1, false)?;
        Ok((index, append))
    }

    /// Appends a batch to a partition this broker leads, and wakes its followers.
    pub(super) fn append_as_leader(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        index: ReplicaIndex,
        batch: &Batch,
        needs_min_isr: bool,
        is_coordinator: bool,
    ) -> Result<LeaderAppend, AppendError> {
        let partition = self.partition(index).filter(|p| p.is_leader()).ok_or(ErrorCode::NotLeaderOrFollower)?;
        if needs_min_isr && partition.is_under_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas.into());
        }
        let (tp, leader_epoch) = (partition.tp.clone(), partition.leader_epoch);
        self.check_disk(fx, index)?;
        let now_ms = wall_ms(cx.now, fx);
        let log = self.disk.log_mut(index);
        let appended = match is_coordinator {
            true => log.append_coordinator(batch, leader_epoch, now_ms),
            false => log.append_as_leader(batch, leader_epoch, now_ms),
        }?;
        let next = appended.last + 1;
        let made = LeaderAppend { base: appended.base, next, log_append_time_ms: appended.log_append_time_ms };
        let broker = self.id;
        if let Some(base) = appended.rolled {
            fx.note(Note::SegmentRolled { tp: tp.clone(), broker, base });
        }
        if appended.duplicate_of.is_some() {
            return Ok(made);
        }
        let bytes = batch.size_in_bytes();
        fx.note(Note::Appended { tp, broker, as_leader: true, base: appended.base, next, leader_epoch, bytes });
        self.watch_followers(index);
        self.touch(index);
        self.advance_high_watermark(cx, fx, index);
        self.wake_later(index);
        Ok(made)
    }

    /// Queues a write until the high watermark reaches `required`.
    pub(super) fn wait_for_high_watermark(&mut self, index: ReplicaIndex, required: i64, who: Writer) {
        if let Some(partition) = self.partition_mut(index) {
            // A duplicate may need less than what was written before it.
            let place = partition.writes.partition_point(|write| write.required <= required);
            partition.writes.insert(place, WaitingWrite { required, who });
            self.wake_later(index);
        }
    }

    /// One partition of a parked request is confirmed, or will not be: its data stays, and keeps its offset in the answer.
    pub(super) fn produce_slot_done(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        ticket: Ticket,
        slot: u32,
        error: ErrorCode,
    ) {
        let Some(parked) = self.soft.connections.parked_produce(ticket) else { return };
        parked.close(slot as usize, error);
        if !parked.is_open.contains(&true) {
            let partitions = std::mem::take(&mut parked.results);
            self.respond(fx, ticket, answer(cx, partitions).into());
        }
    }

    /// The request's timeout is over: what is not confirmed is answered with REQUEST_TIMED_OUT. Its data stays.
    pub(super) fn produce_timed_out(&mut self, cx: &Context<'_>, fx: &mut Fx, ticket: Ticket) {
        let Some(parked) = self.soft.connections.parked_produce(ticket) else { return };
        for slot in 0..parked.results.len() {
            if parked.is_open[slot] {
                parked.close(slot, ErrorCode::RequestTimedOut);
            }
        }
        let partitions = std::mem::take(&mut parked.results);
        self.respond(fx, ticket, answer(cx, partitions).into());
    }
}

/// Who was asked for a leader's answer and is none tells who is one, and where (KIP-951, `KafkaApis#handleProduceRequest`).
fn answer(cx: &Context<'_>, mut partitions: Vec<ProduceResult>) -> ProduceResponse {
    for result in partitions.iter_mut().filter(|result| result.error == ErrorCode::NotLeaderOrFollower) {
        result.current_leader = hint(cx, result.topic_id, result.partition);
    }
    let node_endpoints = endpoints(cx, partitions.iter().filter_map(|result| result.current_leader));
    ProduceResponse { partitions, node_endpoints }
}

/// Where those leaders listen, as far as they are live.
pub(super) fn endpoints(cx: &Context<'_>, hints: impl Iterator<Item = LeaderHint>) -> NodeEndpoints {
    let mut leaders: Vec<BrokerId> = hints.map(|hint| hint.leader).collect();
    leaders.sort_unstable();
    leaders.dedup();
    let nodes: Vec<_> = leaders.into_iter().filter_map(|id| live_endpoint(cx.image, id)).collect();
    Seldom((!nodes.is_empty()).then_some(nodes))
}

/// Who leads a partition by this broker's metadata (KIP-951).
pub(super) fn hint(cx: &Context<'_>, topic_id: TopicId, partition: PartitionIndex) -> Option<LeaderHint> {
    let record = cx.image.partition(topic_id, partition)?;
    Some(LeaderHint { leader: record.leader, leader_epoch: record.leader_epoch })
}

impl ParkedProduce {
    fn close(&mut self, slot: usize, error: ErrorCode) {
        self.is_open[slot] = false;
        self.results[slot].error = error;
    }
}

fn failure(asked: &ProducePartition, error: ErrorCode) -> ProduceResult {
    ProduceResult {
        topic_id: asked.topic_id,
        partition: asked.partition,
        error,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        current_leader: None,
        record_errors: Vec::new(),
        message: None,
    }
}
