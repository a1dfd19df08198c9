//! The producer (`KafkaProducer` and its `Sender`; KIP-98 idempotence, KIP-480/794 partitioner, KIP-951 hints).
//!
//! A record waits in `blocked` as long as the caller of a Java producer would be stuck in `send()` (metadata, memory),
//! then in the accumulator, then in flight. librdkafka's `produce()` does not block: there a record waits for its topic.

mod routes;
mod settings;
mod partitioner;
mod accumulator;
mod idempotence;
mod waits;
mod entries;
mod payload;
mod admission;
mod sender;
mod responses;

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Input, Time, Timers};
use ordered::{Room, SortedMap, Spans};
use protocol::api::Name;
use protocol::batch::ProducerStamp;
use protocol::config;
use protocol::{Message, Note, PartitionIndex, Record, Run, TopicId, TopicName, TopicPartition};

use crate::network::{Kind, Net, NetEvent};
use crate::settings::{Config, check};
use crate::soonest::Soonest;
use crate::{ClientError, ConfigError, Fx, LogLine, ProducerRecord, Profile, Properties};
use accumulator::{Accumulator, ProducerBatch};
use idempotence::Identity;
use partitioner::Partitioner;
use payload::Payload;
use routes::Routes;
use settings::ProducerSettings;
use waits::Waits;

/// What a producer tells its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ProducerEvent {
    /// A record was accepted; of a run, `count` in a row.
    Acked {
        /// As returned by `send`, of the first one.
        handle: u64,
        /// How many; 1 for what `send` sent.
        count: u32,
        /// Where it is.
        tp: TopicPartition,
        /// The first one's offset; −1 with acks=0 or for a duplicate.
        offset: i64,
        /// Its timestamp, ms since the epoch.
        timestamp_ms: i64,
    },
    /// The producer gave up on a record.
    Failed {
        /// As returned by `send`.
        handle: u64,
        /// Where it should have gone.
        topic: TopicName,
        /// Bytes of the key; none for a null key.
        key_len: Option<usize>,
        /// Bytes of the value; none for a null value.
        value_len: Option<usize>,
        /// Why.
        error: ClientError,
    },
    /// A log line.
    Log(LogLine),
    /// Everything sent before `flush` is done.
    Flushed,
    /// The producer cannot go on, e.g. none of the bootstrap servers has a known name.
    Fatal(ClientError),
    /// `close` is complete.
    Closed,
}

const KAFKA_PRODUCER: &str = "org.apache.kafka.clients.producer.KafkaProducer";

/// A record whose caller waits, or records of which the first does.
#[derive(Clone, Hash, Debug)]
struct Blocked {
    handle: u64,
    topic: TopicName,
    partition: Option<PartitionIndex>,
    payload: Payload,
    /// Java's give a record its time when `send()` has seen the topic's metadata.
    is_unstamped: bool,
    since: Time,
}

/// What a request of the producer was for.
#[derive(Clone, Hash, Debug)]
enum Sent {
    InitProducerId,
    /// Batches by topic id, partition and batch id.
    Produce(Vec<(TopicId, i32, u64)>),
}

/// What is left of a batch that was given up in the air: its buffer may be in use still (KAFKA-19012).
#[derive(Clone, Hash, Debug)]
struct Late {
    tp: TopicPartition,
    memory: u64,
    stamp: Option<ProducerStamp>,
    count: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Wake;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    Open,
    Closing,
    Closed,
}

/// A Kafka producer.
#[derive(Clone, Hash, Debug)]
pub struct Producer {
    profile: Profile,
    settings: ProducerSettings,
    /// What was set, as it was spelled.
    set: Arc<Properties>,
    net: Net<Sent>,
    space: u16,
    timers: Timers<Wake>,
    phase: Phase,
    is_started: bool,
    next_handle: u64,
    /// Handles of records that are not done.
    incomplete: Spans,
    /// Flushes under way: each waits for the handles up to its own.
    flushes: Vec<u64>,
    blocked: VecDeque<Blocked>,
    /// Since when the head of `blocked` is the head.
    head_since: Option<Time>,
    /// Since when it waits for memory.
    starved_since: Option<Time>,
    /// librdkafka: topics first asked for at.
    topics_since: SortedMap<TopicName, Time>,
    partitioner: Partitioner,
    waits: Waits,
    accumulator: Accumulator,
    flying: SortedMap<u64, (TopicPartition, ProducerBatch)>,
    /// Given up in the air: Java's wait for the answer even so.
    late: SortedMap<u64, Late>,
    drain_from: SortedMap<kernel::Address, TopicPartition>,
    routes: Routes,
    identity: Identity,
    identity_not_before: Time,
    identity_attempts: u32,
    events: Vec<ProducerEvent>,
    /// When everything there was to do was last done.
    ran_at: Option<Time>,
    /// There may be batches that wait out a backoff.
    is_backing_off: bool,
    /// Something was appended that may change what there is to do.
    is_stirred: bool,
    nodes_room: Room<u32>,
    drained_room: Room<sender::Drained>,
}

impl Producer {
    /// A producer; its timers carry `space`.
    pub fn new(
        profile: Profile,
        properties: &Properties,
        client_id: &str,
        space: u16,
    ) -> Result<Producer, ConfigError> {
        let checked = check(profile, config::PRODUCER_CONFIGS, config::LIBRDKAFKA_PRODUCER_CONFIGS, properties)?;
        let settings = ProducerSettings::read(&Config { profile, properties: &checked })?;
        let waits = Waits::new(settings.availability_timeout);
        let mut net = Net::new(profile, Kind::Producer, client_id, None, settings.net.clone(), true);
        if profile == Profile::Java {
            net.metadata.forget_after(settings.metadata_idle);
            if settings.is_delivery_timeout_raised {
                let ms = settings.delivery_timeout.as_millis();
                net.warn(KAFKA_PRODUCER, format!("delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms. Setting it to {ms}."));
            }
        }
        Ok(Producer {
            profile,
            settings,
            set: Arc::new(checked),
            net,
            space,
            timers: Timers::new(space),
            phase: Phase::Open,
            is_started: false,
            next_handle: 0,
            incomplete: Spans::new(),
            flushes: Vec::new(),
            blocked: VecDeque::new(),
            head_since: None,
            starved_since: None,
            topics_since: SortedMap::new(),
            partitioner: Partitioner::default(),
            waits,
            accumulator: Accumulator::default(),
            flying: SortedMap::new(),
            late: SortedMap::new(),
            drain_from: SortedMap::new(),
            routes: Routes::default(),
            identity: Identity::None,
            identity_not_before: Time::ZERO,
            identity_attempts: 0,
            events: Vec::new(),
            ran_at: None,
            is_backing_off: false,
            is_stirred: false,
            nodes_room: Room::default(),
            drained_room: Room::default(),
        })
    }

    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, now: Time, fx: &mut Fx) {
        self.is_started = true;
        self.run(now, fx);
    }

    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, now: Time, input: &mut Input<Message>, fx: &mut Fx) -> bool {
        if let Input::Timer { token } = input {
            if Timers::<Wake>::space_of(*token) != self.space {
                return false;
            }
            if self.timers.fire(fx, now, *token).is_some() {
                self.run(now, fx);
            }
            return true;
        }
        let Some(events) = self.net.handle(now, input, fx) else { return false };
        for event in events {
            self.network_event(now, fx, event);
        }
        self.run(now, fx);
        true
    }

    /// What is due of the network: a refresh of metadata too, unless the sender sleeps.
    fn tick(&mut self, now: Time, fx: &mut Fx) {
        let events = self.net.expire(now, fx);
        if self.sleeps_until() <= now {
            self.net.refresh(now, fx);
        }
        for event in events {
            self.network_event(now, fx, event);
        }
    }

    /// Java's sender does nothing else as long as it wants a producer id, and sleeps after a node that could not be connected to
    /// (`Sender#maybeFindCoordinatorAndRetry`): until when.
    fn sleeps_until(&self) -> Time {
        let wants_id = self.profile == Profile::Java && self.settings.idempotent && self.identity == Identity::None;
        let failed_at = self.net.failed_at.filter(|_| wants_id);
        failed_at.map_or(Time::ZERO, |at| at + self.net.settings.retry_backoff.base())
    }

    /// Sends a record; an event with the same handle tells what became of it.
    pub fn send(&mut self, now: Time, fx: &mut Fx, record: ProducerRecord) -> u64 {
        let ProducerRecord { topic, partition, key, value, headers, timestamp_ms } = record;
        let is_unstamped = timestamp_ms.is_none();
        let timestamp_ms = timestamp_ms.unwrap_or_else(|| crate::wall_ms(now, fx));
        let record = Record { offset_delta: 0, timestamp_ms, key, value, headers };
        self.offer(now, fx, topic, partition, Payload::One(record), is_unstamped)
    }

    /// Sends the records of a run, as [`Producer::send`] would one after the other. A Java producer stops at the first one that has
    /// to wait, which it takes. Returns the handle of the first one, and how many it took: their handles are in a row.
    pub fn send_run(&mut self, now: Time, fx: &mut Fx, topic: &TopicName, run: &Run) -> (u64, u32) {
        let run = Run { timestamp_ms: crate::wall_ms(now, fx), ..*run };
        let handle = self.offer(now, fx, topic.clone(), None, Payload::Run(run), true);
        let is_waiting = self.profile == Profile::Java;
        let Some(last) = self.blocked.back_mut().filter(|_| is_waiting) else { return (handle, run.count) };
        let left = last.payload.count() - 1;
        if let Some(head) = last.payload.head(1) {
            last.payload = head;
        }
        let end = self.next_handle + 1;
        self.next_handle -= u64::from(left);
        self.incomplete.remove(self.next_handle + 1..end);
        (handle, run.count - left)
    }

    fn offer(
        &mut self,
        now: Time,
        fx: &mut Fx,
        topic: TopicName,
        partition: Option<PartitionIndex>,
        payload: Payload,
        is_unstamped: bool,
    ) -> u64 {
        let handle = self.next_handle + 1;
        self.next_handle += u64::from(payload.count());
        self.incomplete.push(handle..self.next_handle + 1);
        if self.phase != Phase::Open {
            let error = match self.profile {
                Profile::Java => ClientError::new(
                    "java.lang.IllegalStateException",
                    "Cannot perform operation after producer has been closed",
                    protocol::ErrorCode::InvalidRequest,
                ),
                Profile::Librdkafka => {
                    ClientError::new("_DESTROY", "Local: Broker handle destroyed", protocol::ErrorCode::InvalidRequest)
                }
            };
            self.fail(handle, &topic, &payload, &error);
            return handle;
        }
        let is_unstamped = is_unstamped && self.profile == Profile::Java;
        self.blocked.push_back(Blocked { handle, topic, partition, payload, is_unstamped, since: now });
        self.take_in(now, fx);
        handle
    }

    /// Lets a record in. There is nothing else to do before the next timer, unless the record stirs something.
    fn take_in(&mut self, now: Time, fx: &mut Fx) {
        let is_quiet = self.timers.due(&Wake).is_some_and(|due| due > now) && !self.waits.are_kept();
        if !(self.ran_at == Some(now) || is_quiet) || self.blocked.len() > 1 {
            return self.run(now, fx);
        }
        self.is_stirred = false;
        let is_unfinished = self.admit(now, fx);
        if is_unfinished {
            self.drain(now, fx);
        }
        if is_unfinished || self.is_stirred || !self.blocked.is_empty() {
            self.run(now, fx);
        }
    }

    /// Asks for `Flushed` once everything sent so far is done; nothing lingers until then.
    pub fn flush(&mut self, now: Time, fx: &mut Fx) {
        self.flushes.push(self.next_handle);
        self.run(now, fx);
    }

    /// Sends what is left, then closes.
    pub fn close(&mut self, now: Time, fx: &mut Fx) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
        }
        self.run(now, fx);
    }

    /// Takes out what happened.
    pub fn events(&mut self) -> Vec<ProducerEvent> {
        let log = self.net.take_log();
        let events = std::mem::take(&mut self.events);
        match log.is_empty() {
            true => events,
            false => log.into_iter().map(ProducerEvent::Log).chain(events).collect(),
        }
    }

    /// Records sent and not yet done.
    pub fn pending(&self) -> usize {
        self.incomplete.len() as usize
    }
    /// Java: whether `send` is blocked (waiting for metadata or memory), so that its caller cannot go on.
    pub fn is_blocked(&self) -> bool {
        self.profile == Profile::Java && !self.blocked.is_empty()
    }
    /// Whether `close` is complete.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }
    /// The family.
    pub fn profile(&self) -> Profile {
        self.profile
    }
    /// The configs that were set; all others have their family's default.
    pub fn set_configs(&self) -> &Properties {
        &self.set
    }
    /// `enable.idempotence` as it is in effect: Java gives it up where other configs forbid it and nobody asked for it.
    pub fn is_idempotent(&self) -> bool {
        self.settings.idempotent
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.net.client_id
    }
    /// Batches waiting and batches in flight.
    pub fn batches(&self) -> (usize, usize) {
        (self.accumulator.waiting().count(), self.flying.len())
    }

    // ---- the loop (`Sender#runOnce`)

    fn run(&mut self, now: Time, fx: &mut Fx) {
        if !self.is_started || self.phase == Phase::Closed {
            return;
        }
        self.tick(now, fx);
        // What is given up makes room.
        self.expire(now, fx);
        self.look_at_backoffs(now, fx);
        while self.admit(now, fx) {
            self.drain(now, fx);
        }
        self.drain(now, fx);
        self.finish_flushes();
        self.ran_at = Some(now);
        if self.phase == Phase::Closing && self.incomplete.is_empty() {
            self.phase = Phase::Closed;
            self.net.shut(fx);
            self.timers.clear();
            self.events.push(ProducerEvent::Closed);
            return;
        }
        self.arm(now, fx);
    }

    fn finish_flushes(&mut self) {
        let oldest = self.incomplete.first().unwrap_or(u64::MAX);
        while self.flushes.first().is_some_and(|upto| *upto < oldest) {
            self.flushes.remove(0);
            self.events.push(ProducerEvent::Flushed);
        }
    }

    pub(super) fn is_hurried(&self) -> bool {
        !self.flushes.is_empty() || self.phase == Phase::Closing
    }

    fn arm(&mut self, now: Time, fx: &mut Fx) {
        let delivery = self.settings.delivery_timeout;
        // The head of a queue is its oldest batch.
        let mut soonest = Soonest::after(now);
        for head in self.accumulator.queues.values().filter_map(|queue| queue.batches.front()) {
            soonest.at(head.created + delivery);
            soonest.at(head.send_due(&self.settings));
        }
        soonest.at_each(self.flying.values().map(|(_, batch)| batch.created + delivery));
        self.net.due(&mut soonest);
        soonest.at_each(self.admission_due());
        soonest.at(self.identity_not_before);
        soonest.at(self.sleeps_until());
        let Some(due) = soonest.when() else { return };
        if self.timers.due(&Wake).is_none_or(|armed| armed > due) {
            self.timers.arm(fx, due, Wake);
        }
    }

    fn network_event(&mut self, now: Time, fx: &mut Fx, event: NetEvent<Sent>) {
        match event {
            NetEvent::Response { tag: Sent::InitProducerId, response, .. } => {
                self.identity_answered(now, fx, &response)
            }
            NetEvent::Failed { tag: Sent::InitProducerId, .. } => self.identity_failed(now, fx),
            NetEvent::Response { tag: Sent::Produce(batches), correlation, response } => {
                self.produce_answered(now, fx, &batches, correlation, &response);
            }
            NetEvent::Failed { tag: Sent::Produce(batches), node, is_timeout } => {
                self.produce_failed(now, fx, &batches, node, is_timeout)
            }
            NetEvent::Metadata => {}
            NetEvent::Fatal(error) => {
                for blocked in std::mem::take(&mut self.blocked) {
                    self.fail(blocked.handle, &blocked.topic, &blocked.payload, &error);
                }
                self.events.push(ProducerEvent::Fatal(error));
            }
        }
    }

    // ---- the end of a record

    fn fail_record(
        &mut self,
        handle: u64,
        topic: &TopicName,
        lens: (Option<usize>, Option<usize>),
        error: ClientError,
    ) {
        self.incomplete.remove(handle..handle + 1);
        let (key_len, value_len) = lens;
        self.events.push(ProducerEvent::Failed { handle, topic: topic.clone(), key_len, value_len, error });
    }

    /// Fails all records of a payload.
    fn fail(&mut self, handle: u64, topic: &TopicName, payload: &Payload, error: &ClientError) {
        for n in 0..u64::from(payload.count()) {
            self.fail_record(handle + n, topic, payload.lens(), error.clone());
        }
    }

    fn fail_batch(
        &mut self,
        fx: &mut Fx,
        tp: &TopicPartition,
        batch: ProducerBatch,
        error: &ClientError,
        at_fault: &[(i32, Name)],
        is_in_doubt: bool,
    ) {
        self.accumulator.memory_used -= batch.memory;
        if let (Some(stamp), Some(queue)) = (batch.stamp, self.accumulator.queues.get_mut(tp)) {
            queue.sequence_done(stamp, batch.count(), false, is_in_doubt);
        }
        fx.note(Note::SendFailed { tp: tp.clone(), count: batch.count(), error: error.code });
        let mut n = 0;
        for (first, payload) in batch.entries.pieces() {
            for handle in first..first + u64::from(payload.count()) {
                self.fail_record(handle, &tp.topic, payload.lens(), error.of_record(self.profile, at_fault, n));
                n += 1;
            }
        }
    }

    fn ack_batch(
        &mut self,
        fx: &mut Fx,
        tp: &TopicPartition,
        topic_id: TopicId,
        batch: ProducerBatch,
        base: i64,
        log_append_time_ms: i64,
    ) {
        self.accumulator.memory_used -= batch.memory;
        if let (Some(stamp), Some(queue)) = (batch.stamp, self.accumulator.queues.get_mut(tp)) {
            queue.sequence_done(stamp, batch.count(), true, true);
        }
        let values = batch.entries.values();
        let sent_ns = batch.last_attempt.as_nanos();
        let acks = self.settings.acks;
        fx.note(Note::Acked { tp: tp.clone(), topic_id, offset: base, acks, values, sent_ns });
        let mut offset = base;
        self.events.reserve(batch.entries.pieces().len());
        for (handle, payload) in batch.entries.pieces() {
            let count = payload.count();
            self.incomplete.remove(handle..handle + u64::from(count));
            let timestamp_ms = if log_append_time_ms >= 0 { log_append_time_ms } else { payload.timestamp_ms() };
            self.events.push(ProducerEvent::Acked { handle, count, tp: tp.clone(), offset, timestamp_ms });
            offset = if base < 0 { -1 } else { offset + i64::from(count) };
        }
    }
}
