//! DeleteRecords (`ReplicaManager#deleteRecords`, `DelayedDeleteRecords`). The leader moves its log start, and answers when every
//! live replica has moved its own. Left out: tiered logs.

use kernel::Duration;
use protocol::api::delete_records::{DeleteRecordsRequest, DeleteRecordsResponse, DeletedRecords};
use protocol::{BrokerId, ErrorCode, PartitionIndex, is_internal_topic};

use super::connections::{Caller, Parked, Ticket};
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx};

/// Stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// A request that waits for followers.
#[derive(Clone, Debug, Hash)]
pub(super) struct ParkedDelete {
    results: Vec<DeletedRecords>,
    /// By place in `results`: the replica, and what its low watermark must reach; none once it has.
    open: Vec<Option<(ReplicaIndex, i64)>>,
}

impl Broker {
    pub(super) fn handle_delete_records(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        request: &DeleteRecordsRequest,
    ) -> Answer {
        let mut parked = ParkedDelete { results: Vec::new(), open: Vec::new() };
        for (topic, partition, offset) in &request.partitions {
            let moved = self.move_log_start(cx, topic, *partition, *offset);
            let error = moved.err().unwrap_or_default();
            let low_watermark = moved.map_or(-1, |(index, _)| self.low_watermark(cx, index));
            parked.results.push(DeletedRecords { topic: topic.clone(), partition: *partition, low_watermark, error });
            parked.open.push(moved.ok().filter(|(_, required)| low_watermark < *required));
            if let Ok((index, _)) = moved {
                self.wake_later(index);
            }
        }
        if parked.open.iter().all(Option::is_none) {
            return DeleteRecordsResponse { partitions: parked.results }.into();
        }
        for (index, _) in parked.open.iter().flatten() {
            if let Some(partition) = self.partition_mut(*index) {
                partition.deletes.push(caller.ticket);
            }
        }
        let due = cx.now + Duration::from_millis(u64::from(request.timeout_ms));
        self.soft.timers.arm(fx, due, TimerKey::Parked(caller.ticket));
        self.soft.connections.park(caller.conn, Parked::Delete(Box::new(parked)));
        Answer::Later
    }

    /// Moves a leader's log start (`Partition#deleteRecordsOnLeader`): the replica, and where the start should be.
    fn move_log_start(
        &mut self,
        cx: &Context<'_>,
        topic: &str,
        partition: PartitionIndex,
        offset: i64,
    ) -> Result<(ReplicaIndex, i64), ErrorCode> {
        let topic_id = *cx.image.by_name.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if is_internal_topic(topic) {
            return Err(ErrorCode::InvalidTopic);
        }
        let (index, hosted) = self.hosted(cx, topic_id, partition)?;
        hosted.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?;
        let log = self.disk.log_mut(index);
        if log.config().compact && !log.config().delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = if offset == HIGH_WATERMARK { log.high_watermark() } else { offset };
        if offset < 0 {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        log.set_log_start(offset)?;
        Ok((index, offset))
    }

    /// The smallest log start of the leader and of the replicas on live brokers (`Partition#lowWatermarkIfLeader`): one that is about
    /// to stop is alive until it is fenced.
    fn low_watermark(&self, cx: &Context<'_>, index: ReplicaIndex) -> i64 {
        let own = self.disk.log(index).log_start_offset();
        let followers = self.partition(index).and_then(|p| p.leadership()).map_or(&[][..], |l| l.followers());
        let is_alive = |id: BrokerId| cx.image.brokers.get(&id).is_some_and(|broker| !broker.fenced);
        let live = followers.iter().filter(|follower| is_alive(follower.id));
        live.map(|follower| follower.log_start_offset).fold(own, i64::min)
    }

    /// A partition's low watermark may have moved: answers the requests that waited for nothing else.
    pub(super) fn complete_deletes(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        let tickets = self.partition(index).map(|partition| partition.deletes.clone()).unwrap_or_default();
        let id = self.id;
        for ticket in tickets {
            let is_leader = self.partition(index).is_some_and(|partition| partition.is_leader());
            let low_watermark = if is_leader { self.low_watermark(cx, index) } else { -1 };
            let Some(parked) = self.soft.connections.parked_delete(ticket) else {
                self.forget_delete(index, ticket);
                continue;
            };
            for (result, open) in parked.results.iter_mut().zip(&mut parked.open) {
                match *open {
                    Some((of, _)) if of == index && !is_leader => {
                        let record = cx.image.partition_of(&result.topic, result.partition);
                        let error = match record.is_some_and(|record| record.replicas.contains(&id)) {
                            true => ErrorCode::NotLeaderOrFollower,
                            false => ErrorCode::UnknownTopicOrPartition,
                        };
                        (result.low_watermark, result.error, *open) = (-1, error, None);
                    }
                    Some((of, required)) if of == index => {
                        result.low_watermark = low_watermark;
                        *open = open.filter(|_| low_watermark < required);
                    }
                    _ => {}
                }
            }
            let waits_here = parked.open.iter().flatten().any(|(of, _)| *of == index);
            let partitions = parked.open.iter().all(Option::is_none).then(|| std::mem::take(&mut parked.results));
            if !waits_here {
                self.forget_delete(index, ticket);
            }
            if let Some(partitions) = partitions {
                self.respond(fx, ticket, DeleteRecordsResponse { partitions }.into());
            }
        }
    }

    /// The request's timeout is over: replicas that have not moved their log start are the reason.
    pub(super) fn delete_timed_out(&mut self, fx: &mut Fx, ticket: Ticket) {
        let Some(parked) = self.soft.connections.parked_delete(ticket) else { return };
        for (result, open) in parked.results.iter_mut().zip(&parked.open) {
            if open.is_some() {
                (result.low_watermark, result.error) = (-1, ErrorCode::RequestTimedOut);
            }
        }
        let partitions = std::mem::take(&mut parked.results);
        self.respond(fx, ticket, DeleteRecordsResponse { partitions }.into());
    }

    fn forget_delete(&mut self, index: ReplicaIndex, ticket: Ticket) {
        if let Some(partition) = self.partition_mut(index) {
            partition.deletes.retain(|known| *known != ticket);
        }
    }
}
