//! A scripted broker and an application around one client, in a kernel world.

#![allow(dead_code, unreachable_pub, missing_docs)]

use std::collections::VecDeque;
use std::sync::Arc;

use clients::*;
use kernel::*;
use ordered::SortedMap;
use protocol::api::api_versions::ApiVersionsResponse;
use protocol::api::create_topics::{CreateTopicsResponse, CreatedTopic};
use protocol::api::fetch::{FetchResponse, FetchResult};
use protocol::api::find_coordinator::FindCoordinatorResponse;
use protocol::api::heartbeat::HeartbeatResponse;
use protocol::api::init_producer_id::InitProducerIdResponse;
use protocol::api::join_group::{JoinGroupResponse, JoinMember};
use protocol::api::leave_group::LeaveGroupResponse;
use protocol::api::list_offsets::{ListOffsetsResponse, ListOffsetsResult};
use protocol::api::metadata::{BrokerEndpoint, MetadataResponse, PartitionMetadata, TopicMetadata};
use protocol::api::offset_commit::OffsetCommitResponse;
use protocol::api::offset_fetch::{OffsetFetchResponse, OffsetFetchResult};
use protocol::api::offset_for_leader_epoch::{EpochAnswer, EpochQuestion, OffsetForLeaderEpochResponse};
use protocol::api::produce::{ProduceResponse, ProduceResult};
use protocol::api::sync_group::SyncGroupResponse;
use protocol::api::{LeaderHint, NodeEndpoints};
use protocol::{
    ApiKey, Batch, BrokerId, ErrorCode, Message, Note, Record, Request, Response, Seldom, TopicId, TopicPartition,
};

/// A broker that does as its fields say.
#[derive(Clone, Hash, Default)]
pub struct FakeBroker {
    pub topics: SortedMap<Arc<str>, i32>,
    pub log: SortedMap<(TopicId, i32), Vec<Batch>>,
    pub log_start: i64,
    /// Answers for the next Produce requests; nothing is written on an error.
    pub produce_errors: VecDeque<ErrorCode>,
    /// Whom answers to Produce that are errors name as the leader, and its epoch.
    pub leads_now: Option<(i32, i32)>,
    /// It says where that one listens, too.
    pub names_node: bool,
    /// The next so many Produce requests are written, but the connection is cut instead of an answer.
    pub produce_drops: u32,
    /// Every Produce request gets this long to be answered: never.
    pub is_mute: bool,
    /// Answers for the next SyncGroup requests.
    pub sync_errors: VecDeque<ErrorCode>,
    /// Other assignments than the leader's, for the next SyncGroup requests.
    pub assignments: VecDeque<Vec<(Arc<str>, i32)>>,
    pub heartbeat_errors: VecDeque<ErrorCode>,
    /// Answers for the next requests for a coordinator, and for committed offsets.
    pub coordinator_errors: VecDeque<ErrorCode>,
    pub committed_errors: VecDeque<ErrorCode>,
    /// Answers for the next InitProducerId requests.
    pub identity_errors: VecDeque<ErrorCode>,
    /// Answers for the next partitions that are fetched.
    pub fetch_errors: VecDeque<ErrorCode>,
    /// Answers for the next partitions whose offsets, or ends of epochs, are asked for.
    pub offset_errors: VecDeque<ErrorCode>,
    pub epoch_errors: VecDeque<ErrorCode>,
    pub committed: SortedMap<(Arc<str>, i32), i64>,
    /// The leader epoch of what comes before committed offsets, if it was told.
    pub committed_epoch: Option<i32>,
    pub generation: i32,
    /// Of all partitions; who asks with a lower one is fenced.
    pub leader_epoch: i32,
    /// For a leader epoch that is asked for: the epoch and offset that are answered. Others are unknown.
    pub epoch_ends: SortedMap<i32, (i32, i64)>,
    /// Broker 1 sends consumers with a rack to broker 2, which is a follower.
    pub has_near_replica: bool,
    /// This is broker 2: it answers fetches of what its log does not have with OFFSET_OUT_OF_RANGE.
    pub is_follower: bool,
    /// The epoch of the first producer; others begin with 0.
    pub first_producer_epoch: i16,
    /// Whom the ApiVersions requests meant.
    pub meant: Vec<Option<(Arc<str>, i32)>>,
    /// The next ApiVersions request that means it is answered with REBOOTSTRAP_REQUIRED.
    pub is_mistaken: bool,
    /// What was asked, in order, ApiVersions and Metadata left out.
    pub asked: Vec<ApiKey>,
    /// The topics that Metadata requests named.
    pub described: Vec<Vec<Arc<str>>>,
    /// How many Metadata requests named none, as they meant all.
    pub asked_for_all: u32,
    /// The reason and the topics of each JoinGroup request.
    pub joined: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Who joins is not the leader of its group.
    pub is_led_by_another: bool,
    pub produced: Vec<(i32, u32)>,
    /// The producer epoch and first sequence number of each batch that came.
    pub stamps: Vec<(i16, i32)>,
}

pub fn topic_id(name: &str) -> TopicId {
    TopicId(u128::from(protocol::note::value_hash(Some(name.as_bytes()))))
}

impl FakeBroker {
    pub fn with(topics: &[(&str, i32)]) -> FakeBroker {
        FakeBroker { topics: topics.iter().map(|(name, n)| (Arc::from(*name), *n)).collect(), ..FakeBroker::default() }
    }
    pub fn batches(&self, topic: &str, partition: i32) -> &[Batch] {
        self.log.get(&(topic_id(topic), partition)).map_or(&[], |log| log)
    }
    pub fn values(&self, topic: &str, partition: i32) -> Vec<String> {
        let batches = self.batches(topic, partition);
        let text = |r: &Record| String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned();
        batches.iter().flat_map(|b| b.records()).map(text).collect()
    }
    pub fn put(&mut self, topic: &str, partition: i32, value: &str) {
        self.put_at(1, topic, partition, value);
    }
    /// A record of a time, ms since the epoch.
    pub fn put_at(&mut self, ms: i64, topic: &str, partition: i32, value: &str) {
        let batch = Batch::new(vec![Record::new(ms, None, Some(value.as_bytes()))], Default::default());
        self.append((topic_id(topic), partition), &batch).expect("not idempotent");
    }
    fn end(&self, at: (TopicId, i32)) -> i64 {
        self.log.get(&at).and_then(|log| log.last()).map_or(0, Batch::next_offset)
    }
    fn first_since(&self, at: (TopicId, i32), ms: i64) -> i64 {
        self.log.get(&at).into_iter().flatten().find(|b| b.max_timestamp_ms() >= ms).map_or(-1, |b| b.base_offset)
    }
    /// Appends as a leader does: known batches of an idempotent producer are not written again, gaps are refused.
    fn append(&mut self, at: (TopicId, i32), batch: &Batch) -> Result<i64, ErrorCode> {
        let base = self.end(at);
        let stamp = batch.producer();
        let log = self.log.entry(at).or_default();
        if stamp.producer_id >= 0 {
            if let Some(known) = log.iter().find(|b| b.producer() == stamp) {
                return Ok(known.base_offset);
            }
            let last = log.iter().rev().find(|b| b.producer().producer_epoch == stamp.producer_epoch);
            if stamp.base_sequence != last.map_or(0, |b| b.last_sequence() + 1) {
                return Err(ErrorCode::OutOfOrderSequenceNumber);
            }
        }
        log.push(batch.stamped(base, self.leader_epoch));
        Ok(base)
    }
    fn endpoint() -> BrokerEndpoint {
        FakeBroker::endpoint_of(1)
    }
    fn endpoint_of(id: i32) -> BrokerEndpoint {
        BrokerEndpoint { id: BrokerId(id), host: format!("broker-{id}").into(), port: 9092, rack: None }
    }
    fn metadata(&self, topics: Option<&Vec<Arc<str>>>) -> MetadataResponse {
        let names: Vec<Arc<str>> = topics.cloned().unwrap_or_else(|| self.topics.keys().cloned().collect());
        let describe = |name: Arc<str>| {
            let count = self.topics.get(&name).copied();
            let partition = |n| PartitionMetadata {
                error: ErrorCode::None,
                partition: n,
                leader: BrokerId(1),
                leader_epoch: self.leader_epoch,
                replicas: vec![BrokerId(1)],
                isr: vec![BrokerId(1)],
                offline_replicas: vec![],
            };
            TopicMetadata {
                error: if count.is_some() { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition },
                topic_id: if count.is_some() { topic_id(&name) } else { TopicId::ZERO },
                is_internal: protocol::is_internal_topic(&name),
                name,
                partitions: (0..count.unwrap_or(0)).map(partition).collect(),
            }
        };
        MetadataResponse {
            brokers: (1..=1 + i32::from(self.has_near_replica)).map(FakeBroker::endpoint_of).collect(),
            cluster_id: "fake".into(),
            controller: BrokerId(1),
            topics: names.into_iter().map(describe).collect(),
        }
    }

    fn answer(&mut self, request: Request) -> Option<Response> {
        if !matches!(request.api(), ApiKey::ApiVersions | ApiKey::Metadata) {
            self.asked.push(request.api());
        }
        Some(match request {
            Request::ApiVersions(r) => {
                let is_refused = r.meant.is_some() && std::mem::take(&mut self.is_mistaken);
                self.meant.push(r.meant.map(|(cluster, node)| (cluster, node.0)));
                if is_refused {
                    return Some(ApiVersionsResponse::of(ErrorCode::RebootstrapRequired, vec![]).into());
                }
                ApiVersionsResponse::of(ErrorCode::None, vec![(ApiKey::Metadata as i16, 13)]).into()
            }
            Request::Metadata(r) => {
                self.described.extend(r.topics.clone());
                self.asked_for_all += u32::from(r.topics.is_none());
                self.metadata(r.topics.as_ref()).into()
            }
            Request::InitProducerId(_) => {
                let given = self.asked.iter().filter(|api| **api == ApiKey::InitProducerId).count() as i64;
                let producer_epoch = if given == 1 { self.first_producer_epoch } else { 0 };
                let error = self.identity_errors.pop_front().unwrap_or_default();
                InitProducerIdResponse { error, producer_id: 6 + given, producer_epoch }.into()
            }
            Request::Produce(r) => {
                let error = self.produce_errors.pop_front().unwrap_or_default();
                let mut partitions = Vec::new();
                for p in r.partitions {
                    self.produced.push((p.partition, p.batch.count()));
                    self.stamps.push((p.batch.producer().producer_epoch, p.batch.producer().base_sequence));
                    let written =
                        if error.is_ok() { self.append((p.topic_id, p.partition), &p.batch) } else { Err(error) };
                    let (base_offset, error) = (written.unwrap_or(-1), written.err().unwrap_or_default());
                    partitions.push(ProduceResult {
                        topic_id: p.topic_id,
                        partition: p.partition,
                        error,
                        base_offset,
                        log_append_time_ms: -1,
                        log_start_offset: 0,
                        current_leader: self
                            .leads_now
                            .filter(|_| !error.is_ok())
                            .map(|(id, leader_epoch)| LeaderHint { leader: BrokerId(id), leader_epoch }),
                        record_errors: vec![],
                        message: None,
                    });
                }
                if r.acks == 0 || self.is_mute {
                    return None;
                }
                ProduceResponse { partitions, node_endpoints: self.node_endpoints() }.into()
            }
            Request::FindCoordinator(_) => match self.coordinator_errors.pop_front() {
                Some(error) => FindCoordinatorResponse { error, broker: None }.into(),
                None => FindCoordinatorResponse { error: ErrorCode::None, broker: Some(FakeBroker::endpoint()) }.into(),
            },
            Request::JoinGroup(r) if r.member.is_empty() => self.joined(ErrorCode::MemberIdRequired, &r, "m-1"),
            Request::JoinGroup(r) => {
                self.generation += 1;
                self.joined(ErrorCode::None, &r, &r.member)
            }
            Request::SyncGroup(r) => {
                let leaders = r.assignments.into_iter().find(|(m, _)| *m == r.member).map(|(_, a)| a);
                let assignment = self.assignments.pop_front().or(leaders).unwrap_or_default();
                let error = self.sync_errors.pop_front().unwrap_or_default();
                SyncGroupResponse { error, protocol_name: Some(r.protocol_name), assignment }.into()
            }
            Request::Heartbeat(_) => {
                HeartbeatResponse { error: self.heartbeat_errors.pop_front().unwrap_or_default() }.into()
            }
            Request::LeaveGroup(r) => LeaveGroupResponse {
                error: ErrorCode::None,
                members: r.members.into_iter().map(|m| (m.member, ErrorCode::None)).collect(),
            }
            .into(),
            Request::OffsetCommit(r) => {
                for o in &r.offsets {
                    self.committed.insert((o.topic.clone(), o.partition), o.offset);
                }
                OffsetCommitResponse {
                    partitions: r.offsets.into_iter().map(|o| (o.topic, o.partition, ErrorCode::None)).collect(),
                }
                .into()
            }
            Request::OffsetFetch(r) => {
                let result = |(topic, partition): (Arc<str>, i32)| OffsetFetchResult {
                    offset: self.committed.get(&(topic.clone(), partition)).copied().unwrap_or(-1),
                    topic,
                    partition,
                    leader_epoch: self.committed_epoch.unwrap_or(-1),
                    metadata: "".into(),
                    error: ErrorCode::None,
                };
                OffsetFetchResponse {
                    error: self.committed_errors.pop_front().unwrap_or_default(),
                    partitions: r.partitions.unwrap_or_default().into_iter().map(result).collect(),
                }
                .into()
            }
            Request::ListOffsets(r) => {
                let mut errors = std::mem::take(&mut self.offset_errors);
                let result = |p: protocol::api::list_offsets::ListOffsetsPartition| ListOffsetsResult {
                    error: errors.pop_front().unwrap_or_default(),
                    offset: match p.timestamp {
                        -2 => self.log_start,
                        -1 => self.end((topic_id(&p.topic), p.partition)),
                        ms => self.first_since((topic_id(&p.topic), p.partition), ms),
                    },
                    topic: p.topic,
                    partition: p.partition,
                    timestamp: -1,
                    leader_epoch: 0,
                };
                let partitions = r.partitions.into_iter().map(result).collect();
                self.offset_errors = errors;
                ListOffsetsResponse { partitions }.into()
            }
            Request::Fetch(r) => {
                let mut result = |p: protocol::api::fetch::FetchPartition| {
                    let at = (p.topic_id, p.partition);
                    let end = self.end(at);
                    let is_in = p.fetch_offset <= end && p.fetch_offset >= self.log_start;
                    let is_sent_on = self.has_near_replica && !self.is_follower && r.rack.is_some();
                    let queued = self.fetch_errors.pop_front();
                    let error = match is_in {
                        _ if queued.is_some() => queued.unwrap_or_default(),
                        _ if p.current_leader_epoch < self.leader_epoch => ErrorCode::FencedLeaderEpoch,
                        false if !is_sent_on => ErrorCode::OffsetOutOfRange,
                        _ => ErrorCode::None,
                    };
                    let has_data = error.is_ok() && !is_sent_on;
                    let batches =
                        self.log.get(&at).into_iter().flatten().filter(|b| b.next_offset() > p.fetch_offset).cloned();
                    FetchResult {
                        topic_id: p.topic_id,
                        partition: p.partition,
                        error,
                        high_watermark: end,
                        last_stable_offset: end,
                        log_start_offset: self.log_start,
                        diverging_epoch: None,
                        snapshot: Seldom::default(),
                        current_leader: self
                            .leads_now
                            .filter(|_| !error.is_ok())
                            .map(|(id, leader_epoch)| LeaderHint { leader: BrokerId(id), leader_epoch }),
                        preferred_read_replica: if is_sent_on { BrokerId(2) } else { BrokerId::NONE },
                        leader_endpoint: Seldom::default(),
                        batches: if has_data { batches.collect() } else { vec![] },
                        cut: Default::default(),
                        metadata: vec![],
                    }
                };
                let partitions = r.partitions.into_iter().map(&mut result).collect();
                FetchResponse {
                    error: ErrorCode::None,
                    session_id: 0,
                    partitions,
                    node_endpoints: self.node_endpoints(),
                }
                .into()
            }
            Request::OffsetForLeaderEpoch(r) => {
                let mut errors = std::mem::take(&mut self.epoch_errors);
                let answer = |q: EpochQuestion| {
                    let error = errors.pop_front().unwrap_or_default();
                    let (leader_epoch, end_offset) = self.epoch_ends.get(&q.leader_epoch).copied().unwrap_or((-1, -1));
                    let (topic, partition) = (q.topic, q.partition);
                    EpochAnswer { topic, partition, error, leader_epoch, end_offset }
                };
                let partitions = r.partitions.into_iter().map(answer).collect();
                self.epoch_errors = errors;
                OffsetForLeaderEpochResponse { partitions }.into()
            }
            Request::CreateTopics(r) => {
                let created = |t: protocol::api::create_topics::NewTopic| {
                    let is_new = self.topics.insert(t.name.clone(), t.partitions).is_none();
                    CreatedTopic {
                        topic_id: topic_id(&t.name),
                        error: if is_new { ErrorCode::None } else { ErrorCode::TopicAlreadyExists },
                        message: (!is_new).then(|| format!("Topic '{}' already exists.", t.name).into()),
                        name: t.name,
                        partitions: t.partitions,
                        replication_factor: 1,
                    }
                };
                CreateTopicsResponse { topics: r.topics.into_iter().map(created).collect() }.into()
            }
            other => panic!("the fake broker does not know {:?}", other.api()),
        })
    }

    fn node_endpoints(&self) -> NodeEndpoints {
        let leader = self.leads_now.filter(|_| self.names_node);
        Seldom(leader.map(|(id, _)| vec![FakeBroker::endpoint_of(id)]))
    }

    fn joined(&mut self, error: ErrorCode, r: &protocol::api::join_group::JoinGroupRequest, member: &str) -> Response {
        self.joined.push((r.reason.clone(), r.protocols[0].subscription.topics.clone()));
        let leader = if self.is_led_by_another { "m-0" } else { member };
        let me = JoinMember {
            member: member.into(),
            group_instance_id: None,
            subscription: r.protocols[0].subscription.clone(),
        };
        JoinGroupResponse {
            error,
            generation: self.generation,
            protocol_name: Some(r.protocols[0].name.clone()),
            leader: leader.into(),
            skip_assignment: false,
            member: member.into(),
            members: vec![me],
        }
        .into()
    }
}

/// What an application does at a time.
#[derive(Clone, Hash)]
pub enum Do {
    Send { topic: &'static str, key: Option<&'static str>, value: String, times: u32 },
    SendTo { topic: &'static str, partition: i32, value: &'static str },
    SendRun { topic: &'static str, count: u32, value_len: u32 },
    Flush,
    CloseProducer,
    Subscribe(&'static str),
    SubscribePattern(&'static str),
    Assign(Vec<(TopicPartition, StartAt)>),
    StopPolling,
    PollTimeout(u64),
    Seek(TopicPartition, i64),
    Commit(Option<Vec<(TopicPartition, i64)>>),
    CloseConsumer,
    Call(AdminCall),
}

/// A program with a producer, a consumer or an admin client.
#[derive(Clone, Hash, Default)]
pub struct App {
    pub producer: Option<Producer>,
    pub consumer: Option<Consumer>,
    pub admin: Option<Admin>,
    pub script: Vec<(u64, Do)>,
    pub is_polling: bool,
    pub produced: Vec<(Time, ProducerEvent)>,
    pub consumed: Vec<(Time, ConsumerEvent)>,
    pub records: Vec<ConsumerRecord>,
    /// How many records each poll gave that gave any.
    pub polls: Vec<usize>,
    pub results: Vec<(Time, AdminResult)>,
    pub logs: Vec<LogLine>,
}

#[derive(Clone, Hash)]
pub enum Actor {
    Broker(Box<FakeBroker>),
    App(Box<App>),
}

impl Machine for Actor {
    type Message = Message;
    type Note = Note;
    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Fx) {
        match self {
            Actor::Broker(broker) => broker.step(input, fx),
            Actor::App(app) => app.step(now, input, fx),
        }
    }
    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }
    fn halt(&mut self, _: Time, _: Death) {}
}

impl FakeBroker {
    fn step(&mut self, input: Input<Message>, fx: &mut Fx) {
        match input {
            Input::Start => fx.listen(9092),
            Input::Message { conn, message } => {
                let Message::Request { correlation, request, .. } = *message else { return };
                let is_produce = matches!(request, Request::Produce(_));
                let response = self.answer(request);
                if is_produce && self.produce_drops > 0 {
                    self.produce_drops -= 1;
                    fx.close(conn);
                } else if let Some(response) = response {
                    fx.send(conn, Message::Response { correlation, response });
                }
            }
            _ => {}
        }
    }
}

impl App {
    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Fx) {
        if let Input::Start = input {
            for (n, (at, _)) in self.script.iter().enumerate() {
                fx.timer(Time::from_millis(*at), n as u64);
            }
            self.producer.iter_mut().for_each(|p| p.start(now, fx));
            self.consumer.iter_mut().for_each(|c| c.start(now, fx));
            self.admin.iter_mut().for_each(|a| a.start(now, fx));
        }
        match input {
            Input::Timer { token } if token < 1 << 48 => self.act(now, token as usize, fx),
            mut input => {
                let _ = self.producer.as_mut().is_some_and(|p| p.handle(now, &mut input, fx))
                    || self.consumer.as_mut().is_some_and(|c| c.handle(now, &mut input, fx))
                    || self.admin.as_mut().is_some_and(|a| a.handle(now, &mut input, fx));
            }
        }
        if let Some(producer) = &mut self.producer {
            for event in producer.events() {
                match event {
                    ProducerEvent::Log(line) => self.logs.push(line),
                    event => self.produced.push((now, event)),
                }
            }
        }
        if let Some(consumer) = &mut self.consumer {
            while self.is_polling {
                let records = consumer.poll(now, fx, usize::MAX);
                if records.is_empty() {
                    break;
                }
                self.polls.push(records.len());
                self.records.extend(records);
            }
            self.consumed.extend(consumer.events().into_iter().map(|event| (now, event)));
        }
        if let Some(admin) = &mut self.admin {
            self.results.extend(admin.results().into_iter().map(|(_, result)| (now, result)));
            self.logs.extend(admin.events().into_iter().map(|AdminEvent::Log(line)| line));
        }
    }

    fn act(&mut self, now: Time, n: usize, fx: &mut Fx) {
        let what = self.script[n].1.clone();
        match (what, &mut self.producer, &mut self.consumer, &mut self.admin) {
            (Do::Send { topic, key, value, times }, Some(producer), ..) => {
                for i in 0..times {
                    let value = value.replace('#', &i.to_string());
                    let bytes = |text: &str| Arc::<[u8]>::from(text.as_bytes());
                    let record = ProducerRecord {
                        topic: topic.into(),
                        partition: None,
                        key: key.map(bytes),
                        value: Some(bytes(&value)),
                        headers: vec![],
                        timestamp_ms: None,
                    };
                    producer.send(now, fx, record);
                }
            }
            (Do::SendTo { topic, partition, value }, Some(producer), ..) => {
                let (partition, value) = (Some(partition), Some(value.as_bytes().into()));
                let (topic, headers) = (topic.into(), vec![]);
                producer.send(
                    now,
                    fx,
                    ProducerRecord { topic, partition, key: None, value, headers, timestamp_ms: None },
                );
            }
            (Do::SendRun { topic, count, value_len }, Some(producer), ..) => {
                let run = protocol::Run { source: 1, first: 0, count, value_len, timestamp_ms: 0, offset_delta: 0 };
                let (_, taken) = producer.send_run(now, fx, &topic.into(), &run);
                assert_eq!(taken, count, "none has to wait");
            }
            (Do::Flush, Some(producer), ..) => producer.flush(now, fx),
            (Do::CloseProducer, Some(producer), ..) => producer.close(now, fx),
            (Do::Subscribe(topic), _, Some(consumer), _) => {
                consumer.subscribe(vec![topic.into()], now, fx);
                self.is_polling = true;
            }
            (Do::SubscribePattern(pattern), _, Some(consumer), _) => {
                consumer.subscribe_pattern(Regex::new(pattern).expect("it compiles"), now, fx);
                self.is_polling = true;
            }
            (Do::Assign(partitions), _, Some(consumer), _) => {
                consumer.assign(partitions, now, fx);
                self.is_polling = true;
            }
            (Do::Seek(tp, offset), _, Some(consumer), _) => assert!(consumer.seek(&tp, StartAt::Offset(offset))),
            (Do::PollTimeout(ms), _, Some(consumer), _) => consumer.set_poll_timeout(Duration::from_millis(ms)),
            (Do::StopPolling, ..) => self.is_polling = false,
            (Do::Commit(offsets), _, Some(consumer), _) => consumer.commit_sync(now, fx, offsets),
            (Do::CloseConsumer, _, Some(consumer), _) => {
                self.is_polling = false;
                consumer.close(now, fx);
            }
            (Do::Call(call), _, _, Some(admin)) => {
                admin.call(now, fx, call);
            }
            _ => panic!("the script does not fit the application"),
        }
    }
}

pub fn properties(pairs: &[(&str, &str)]) -> Properties {
    let all = [("bootstrap.servers", "broker-1:9092")].iter().chain(pairs);
    all.map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect()
}

/// A send of one record.
pub fn send(topic: &'static str, key: Option<&'static str>, value: &str) -> Do {
    Do::Send { topic, key, value: value.into(), times: 1 }
}

pub struct Run {
    pub world: World<Actor>,
    broker: NodeId,
    app: NodeId,
}

impl Run {
    pub fn new(broker: FakeBroker, app: App) -> Run {
        let mut world = World::new(7, NetworkSpec::default());
        let broker = world.add_node("broker-1", Actor::Broker(Box::new(broker)));
        let app = world.add_node("app-1", Actor::App(Box::new(app)));
        world.start(broker);
        world.start(app);
        Run { world, broker, app }
    }
    pub fn producer(broker: FakeBroker, profile: Profile, pairs: &[(&str, &str)], script: Vec<(u64, Do)>) -> Run {
        let producer = Producer::new(profile, &properties(pairs), "p", 1).expect("good configuration");
        Run::new(broker, App { producer: Some(producer), script, ..App::default() })
    }
    pub fn consumer(broker: FakeBroker, profile: Profile, pairs: &[(&str, &str)], script: Vec<(u64, Do)>) -> Run {
        let consumer = Consumer::new(profile, &properties(pairs), "c", 1).expect("good configuration");
        Run::new(broker, App { consumer: Some(consumer), script, ..App::default() })
    }
    pub fn admin(broker: FakeBroker, pairs: &[(&str, &str)], script: Vec<(u64, Do)>) -> Run {
        let admin = Admin::new(Profile::Java, &properties(pairs), "adminclient-1", 1).expect("good configuration");
        Run::new(broker, App { admin: Some(admin), script, ..App::default() })
    }
    /// Runs until there is `what`, and says when that was.
    pub fn when(&mut self, what: impl Fn(&Run) -> bool) -> Time {
        let mut events = 0;
        while !what(self) {
            self.world.step();
            events += 1;
            assert!(events < 200_000, "there is no such thing by {}", self.world.now());
        }
        self.world.now()
    }
    pub fn until(mut self, ms: u64) -> Run {
        let until = Time::from_millis(ms);
        let mut events = 0;
        while self.world.next_time().is_some_and(|at| at <= until) {
            self.world.step();
            events += 1;
            assert!(events < 200_000, "the client spins at {}", self.world.now());
        }
        self
    }
    pub fn broker(&self) -> &FakeBroker {
        match self.world.machine(self.broker) {
            Actor::Broker(broker) => broker,
            Actor::App(_) => unreachable!(),
        }
    }
    pub fn broker_mut(&mut self) -> &mut FakeBroker {
        match self.world.machine_mut(self.broker) {
            Actor::Broker(broker) => broker,
            Actor::App(_) => unreachable!(),
        }
    }
    /// Another broker.
    pub fn beside(mut self, broker: FakeBroker) -> Run {
        let node = self.world.add_node("broker-2", Actor::Broker(Box::new(broker)));
        self.world.start(node);
        self
    }
    pub fn second(&self) -> &FakeBroker {
        match self.world.machine(self.world.find("broker-2").expect("it was added")) {
            Actor::Broker(broker) => broker,
            Actor::App(_) => unreachable!(),
        }
    }
    pub fn kill_second(&mut self) {
        let node = self.world.find("broker-2").expect("it was added");
        self.world.kill(node);
    }
    pub fn kill_broker(&mut self) {
        self.world.kill(self.broker);
    }
    /// Nothing comes back from the broker.
    pub fn cut_broker(&mut self) {
        self.world.cut(self.broker, self.app);
    }
    pub fn pause_broker(&mut self) {
        self.world.pause(self.broker);
    }
    pub fn app(&self) -> &App {
        match self.world.machine(self.app) {
            Actor::App(app) => app,
            Actor::Broker(_) => unreachable!(),
        }
    }
    pub fn acked(&self) -> usize {
        self.app().produced.iter().filter(|(_, e)| matches!(e, ProducerEvent::Acked { .. })).count()
    }
    /// Failures: when (ms) and why.
    pub fn failed(&self) -> Vec<(u64, String)> {
        let failed = self.app().produced.iter().filter_map(|(at, e)| match e {
            ProducerEvent::Failed { error, .. } => Some((at.as_millis(), error.to_string())),
            _ => None,
        });
        failed.collect()
    }
    pub fn values(&self) -> Vec<String> {
        self.app()
            .records
            .iter()
            .map(|r| String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned())
            .collect()
    }
}
