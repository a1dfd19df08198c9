//! From the accumulator to the network (`RecordAccumulator#ready` and `#drain`, `Sender#sendProduceRequests`).

use kernel::{Address, Time};
use ordered::SortedSet;
use protocol::api::init_producer_id::InitProducerIdRequest;
use protocol::api::produce::{ProducePartition, ProduceRequest};
use protocol::{ErrorCode, Note, Response, TopicId, TopicName, TopicPartition};

use super::accumulator::Queue;
use super::admission::timed_out;
use super::idempotence::Identity;
use super::routes::Route;
use super::{Late, Producer, ProducerBatch, Sent};
use crate::network::{Lane, purpose};
use crate::{ClientError, Fx, Profile};

/// A batch on its way out of the accumulator.
pub(super) type Drained = (TopicPartition, TopicId, ProducerBatch);

impl Producer {
    // ---- producer id

    pub(super) fn ask_identity(&mut self, now: Time, fx: &mut Fx) {
        if !self.settings.idempotent || self.identity != Identity::None || self.identity_not_before > now {
            return;
        }
        if self.sleeps_until() > now {
            return;
        }
        let Some((lane, node)) = self.net.any_node(now, fx) else { return };
        self.identity = Identity::Asking;
        let request = InitProducerIdRequest { producer_id: -1, producer_epoch: -1 };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, lane, &node, timeout, Sent::InitProducerId, request.into());
    }

    /// Whether batches can be sent: they need a producer id if they are to be idempotent.
    pub(super) fn has_identity(&self) -> bool {
        !self.settings.idempotent || matches!(self.identity, Identity::Known { .. })
    }

    pub(super) fn identity_answered(&mut self, now: Time, fx: &mut Fx, response: &Response) {
        match response {
            Response::InitProducerId(answer) if answer.error.is_ok() => {
                self.identity = Identity::Known { id: answer.producer_id, epoch: answer.producer_epoch };
                self.identity_attempts = 0;
            }
            _ => self.identity_failed(now, fx),
        }
    }

    pub(super) fn identity_failed(&mut self, now: Time, fx: &mut Fx) {
        self.identity = Identity::None;
        self.identity_attempts += 1;
        let backoff = self.net.settings.retry_backoff;
        let wait = match self.profile {
            // `TxnRequestHandler#retryBackoffMs`: it neither grows nor varies.
            Profile::Java => backoff.base(),
            Profile::Librdkafka => backoff.wait(self.identity_attempts, fx.rng(purpose::BACKOFF)),
        };
        self.identity_not_before = now + wait;
    }

    /// Leaves sequences in doubt behind with a new epoch, or after the last one with another id: what has a number of those waits
    /// for none then (`bumpIdempotentEpochAndResetIdIfNeeded`). librdkafka has everything in the air land first
    /// (`rd_kafka_idemp_drain_epoch_bump`).
    fn bump_epoch(&mut self) {
        let Identity::Known { id, epoch } = self.identity else { return };
        let (new_id, new_epoch) = epoch.checked_add(1).map_or((-1, -1), |epoch| (id, epoch));
        let mut is_bumped = false;
        for (tp, queue) in self.accumulator.queues.iter_mut() {
            let must_land = self.profile == Profile::Librdkafka && !queue.flying.is_empty();
            if must_land || !queue.needs_bump() {
                continue;
            }
            let flying = self.flying.values_mut().filter(|(of, _)| of == tp).map(|(_, batch)| batch);
            queue.restart(new_id, new_epoch, flying);
            is_bumped = true;
        }
        if is_bumped {
            self.identity = match new_id {
                -1 => Identity::None,
                id => Identity::Known { id, epoch: new_epoch },
            };
        }
    }

    // ---- expiry

    pub(super) fn expire(&mut self, now: Time, fx: &mut Fx) {
        let late = |batch: &ProducerBatch| batch.created + self.settings.delivery_timeout <= now;
        let in_flight: Vec<u64> = self.flying.iter().filter(|(_, (_, batch))| late(batch)).map(|(id, _)| *id).collect();
        for id in in_flight {
            let expired = match self.profile {
                Profile::Java => self.leave_in_the_air(id),
                Profile::Librdkafka => self.land(id),
            };
            if let Some((tp, batch)) = expired {
                self.expire_batch(now, fx, &tp, batch);
            }
        }
        for (tp, batch) in self.accumulator.take_expired(now, &self.settings) {
            self.expire_batch(now, fx, &tp, batch);
        }
    }

    /// Gives a batch up. One that is in its first attempt is not taken for in doubt, though it is (`#inRetry`).
    fn expire_batch(&mut self, now: Time, fx: &mut Fx, tp: &TopicPartition, batch: ProducerBatch) {
        let error = match self.profile {
            Profile::Java => ClientError::timeout(format!(
                "Expiring {} record(s) for {tp}:{} ms has passed since batch creation. The request has not been sent, or no server response has been received yet.",
                batch.count(),
                now.since(batch.created).as_millis()
            )),
            Profile::Librdkafka => timed_out(),
        };
        let is_in_doubt = batch.attempts > 0;
        self.fail_batch(fx, tp, batch, &error, &[], is_in_doubt);
    }

    /// A batch is done with, but not its request.
    fn leave_in_the_air(&mut self, id: u64) -> Option<(TopicPartition, ProducerBatch)> {
        let (tp, mut batch) = self.flying.remove(&id)?;
        let memory = std::mem::take(&mut batch.memory);
        self.late.insert(id, Late { tp: tp.clone(), memory, stamp: batch.stamp, count: batch.count() });
        Some((tp, batch))
    }

    /// Takes a batch out of the air.
    pub(super) fn land(&mut self, id: u64) -> Option<(TopicPartition, ProducerBatch)> {
        let (tp, batch) = self.flying.remove(&id)?;
        if let Some(queue) = self.accumulator.queues.get_mut(&tp) {
            queue.flying.retain(|flying| *flying != id);
        }
        Some((tp, batch))
    }

    // ---- drain

    pub(super) fn drain(&mut self, now: Time, fx: &mut Fx) {
        self.bump_epoch();
        self.ask_identity(now, fx);
        if !self.has_identity() {
            return;
        }
        let room = self.nodes_room.take();
        let mut nodes = self.ready_nodes(now, room);
        // A node that nothing went to has nothing more to get: only what it is sent changes what there is for it.
        while !nodes.is_empty() {
            nodes.retain(|node| self.send_to(now, fx, *node) && self.may_send_more(now, *node));
        }
        self.nodes_room.put_back(nodes);
    }

    /// Sends a node one request, if it can take one and there is something for it.
    fn send_to(&mut self, now: Time, fx: &mut Fx, node: u32) -> bool {
        let address = self.routes.address(node).clone();
        let is_ready = self.net.ready(now, fx, Lane::Data, &address)
            && self.net.in_flight(Lane::Data, &address) < self.settings.in_flight_max;
        self.waits.seen(now, &address, is_ready);
        if !is_ready {
            return false;
        }
        let batches = self.drain_node(now, node);
        if batches.is_empty() {
            self.drained_room.put_back(batches);
            return false;
        }
        self.transmit(now, fx, &address, batches);
        true
    }

    /// Nodes that lead a partition whose head batch is to go now, ascending.
    fn ready_nodes(&mut self, now: Time, mut nodes: Vec<u32>) -> Vec<u32> {
        self.routes.refresh(&self.net.metadata, &self.accumulator.queues);
        let is_hurried = self.is_all_due();
        let mut unknown: SortedSet<TopicName> = SortedSet::new();
        for (at, (tp, queue)) in self.accumulator.queues.iter().enumerate() {
            let Some(head) = queue.batches.front() else { continue };
            let Some(route) = self.routes.get(at) else {
                unknown.insert(tp.topic.clone());
                continue;
            };
            if !nodes.contains(&route.node) && self.is_to_go(now, queue, head, route, is_hurried) {
                nodes.push(route.node);
            }
        }
        nodes.sort_unstable();
        for topic in &unknown {
            self.net.metadata.use_topic(now, topic);
            self.net.metadata.request_update();
        }
        nodes
    }

    /// Whether what was not sent to a node with its last request can go at once in one more.
    fn may_send_more(&self, now: Time, node: u32) -> bool {
        if self.net.in_flight(Lane::Data, self.routes.address(node)) >= self.settings.in_flight_max {
            return false;
        }
        let is_hurried = self.is_all_due();
        self.accumulator.queues.values().enumerate().any(|(at, queue)| {
            let route = self.routes.get(at).filter(|route| route.node == node);
            route
                .zip(queue.batches.front())
                .is_some_and(|(route, head)| self.is_to_go(now, queue, head, route, is_hurried))
        })
    }

    /// Whether nothing lingers.
    fn is_all_due(&self) -> bool {
        self.is_hurried() || self.starved_since.is_some()
    }

    fn is_to_go(&self, now: Time, queue: &Queue, head: &ProducerBatch, route: Route, is_hurried: bool) -> bool {
        !self.in_backoff(head, route.leader_epoch, now)
            && !self.is_muted(queue)
            && (is_hurried || queue.is_head_due(now, &self.settings))
    }

    /// A retry waits out its backoff, unless the leader has changed since.
    fn in_backoff(&self, head: &ProducerBatch, leader_epoch: i32, now: Time) -> bool {
        head.attempts > 0 && head.retry_at > now && leader_epoch <= head.sent_to_epoch
    }

    /// With one request in flight per connection, a partition in flight is left alone, so that order is kept.
    fn is_muted(&self, queue: &Queue) -> bool {
        self.settings.in_flight_max == 1 && !queue.flying.is_empty()
    }

    /// At most one batch of each partition that the node leads, with the topic's id, up to max.request.size, going round. Java takes along what
    /// still lingers; librdkafka sends one partition a request, each when it is due.
    fn drain_node(&mut self, now: Time, node: u32) -> Vec<Drained> {
        let queues = self.accumulator.queues.len();
        let turn = match self.drain_from.get(self.routes.address(node)) {
            Some(from) => self.accumulator.queues.keys().take_while(|tp| *tp < from).count(),
            None => 0,
        };
        let is_single = self.profile == Profile::Librdkafka;
        let mut bytes = 0;
        let mut batches = self.drained_room.take();
        for at in (turn..queues).chain(0..turn) {
            let Some(route) = self.routes.get(at).filter(|route| route.node == node) else { continue };
            let queue = &self.accumulator.queues.values().as_slice()[at];
            let Some(head) = queue.batches.front() else { continue };
            if self.in_backoff(head, route.leader_epoch, now) || self.is_muted(queue) {
                continue;
            }
            if is_single && !self.is_hurried() && !queue.is_head_due(now, &self.settings) {
                continue;
            }
            let tp = &self.accumulator.queues.keys().as_slice()[at];
            if (is_single || bytes + head.estimated_bytes() > self.settings.request_bytes_max) && !batches.is_empty() {
                self.drain_from.insert(self.routes.address(node).clone(), tp.clone());
                break;
            }
            let (tp, estimate) = (tp.clone(), head.estimated_bytes());
            let Some(mut batch) = self.take_head(at) else {
                // Java's leaves the node's other partitions alone, too, and begins with this one the next time.
                if self.profile == Profile::Java {
                    self.drain_from.insert(self.routes.address(node).clone(), tp);
                    break;
                }
                continue;
            };
            bytes += estimate;
            batch.close();
            batch.sent_to_epoch = route.leader_epoch;
            batch.last_attempt = now;
            batch.is_restamped = false;
            batches.push((tp, route.topic_id, batch));
        }
        batches
    }

    fn take_head(&mut self, at: usize) -> Option<ProducerBatch> {
        let queue = &mut self.accumulator.queues.values_mut().into_slice()[at];
        if let Identity::Known { id, epoch } = self.identity {
            let in_flight_max = if self.profile == Profile::Java { usize::MAX } else { 5 };
            if queue.must_wait(epoch, in_flight_max) {
                return None;
            }
            queue.stamp_head(id, epoch);
        }
        queue.batches.pop_front()
    }

    fn transmit(&mut self, now: Time, fx: &mut Fx, node: &Address, mut batches: Vec<Drained>) {
        let mut partitions = Vec::with_capacity(batches.len());
        let mut tags = Vec::with_capacity(batches.len());
        let mut done = Vec::new();
        let correlation = self.net.next_correlation(Lane::Data);
        for (tp, topic_id, mut batch) in batches.drain(..) {
            let sealed = batch.entries.seal(batch.stamp.unwrap_or_default());
            let sealed = sealed.compressed_with(self.settings.codec);
            self.accumulator.learn_ratio(&tp.topic, self.settings.codec);
            fx.note(Note::Sent { tp: tp.clone(), count: batch.count() });
            partitions.push(ProducePartition { topic_id, partition: tp.partition, batch: sealed });
            tags.push((topic_id, tp.partition, batch.id));
            if self.settings.acks == 0 {
                done.push((tp, topic_id, batch));
                continue;
            }
            if let Some(queue) = self.accumulator.queues.get_mut(&tp) {
                queue.flying.push(batch.id);
            }
            batch.correlation = correlation;
            self.flying.insert(batch.id, (tp, batch));
        }
        self.drained_room.put_back(batches);
        let timeout = self.net.settings.request_timeout;
        let timeout_ms = u32::try_from(self.settings.replica_timeout.as_millis()).unwrap_or(u32::MAX);
        let request = ProduceRequest { acks: self.settings.acks, timeout_ms, partitions };
        if self.settings.acks == 0 {
            self.net.tell(now, fx, Lane::Data, node, request.into());
            for (tp, topic_id, batch) in done {
                self.ack_batch(fx, &tp, topic_id, batch, -1, -1);
            }
        } else {
            self.net.send(now, fx, Lane::Data, node, timeout, Sent::Produce(tags), request.into());
        }
    }

    /// The error of a batch that is not retried.
    pub(super) fn error_of(&self, code: ErrorCode) -> ClientError {
        ClientError::of(self.profile, code)
    }
}
