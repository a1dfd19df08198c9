//! A broker in miniature around one shard: a clock, timers, a log, and replies kept by request.
#![allow(dead_code, missing_docs, unreachable_pub)]

use coordinator::{Caller, GroupConfig, GroupShard, GroupState, GroupTimer, Outcome};
use ordered::SortedMap;
use protocol::api::heartbeat::HeartbeatRequest;
use protocol::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinProtocol, Subscription};
use protocol::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, LeaveMember};
use protocol::api::offset_commit::{OffsetCommitPartition, OffsetCommitRequest};
use protocol::api::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};
use protocol::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ErrorCode, Note, Record, Request, Response};

pub const SESSION_MS: i32 = 30_000;
pub const REBALANCE_MS: i32 = 120_000;
pub type Parts = Vec<(std::sync::Arc<str>, i32)>;

pub struct Broker {
    pub shard: GroupShard,
    pub now: i64,
    pub timers: SortedMap<GroupTimer, i64>,
    pub log: Vec<Record>,
    pub replies: SortedMap<u64, Response>,
    pub notes: Vec<Note>,
    /// Writes that are appended but not below the high watermark.
    pub unwritten: Vec<u64>,
    /// Whether writes are through at once.
    pub instant: bool,
    next_request: u64,
    next_uuid: u128,
}

impl Broker {
    pub fn new() -> Broker {
        Broker::with(GroupConfig::default())
    }
    pub fn with(config: GroupConfig) -> Broker {
        let mut broker = Broker::loading(config);
        broker.load();
        broker
    }
    pub fn loading(config: GroupConfig) -> Broker {
        Broker {
            shard: GroupShard::new(config),
            now: 0,
            timers: SortedMap::new(),
            log: Vec::new(),
            replies: SortedMap::new(),
            notes: Vec::new(),
            unwritten: Vec::new(),
            instant: true,
            next_request: 0,
            next_uuid: 0,
        }
    }
    pub fn load(&mut self) {
        let outcome = self.shard.loaded(self.now);
        self.carry_out(outcome);
    }
    /// Another broker that replays this one's log.
    pub fn successor(&self, config: GroupConfig) -> Broker {
        let mut other = Broker::loading(config);
        other.now = self.now;
        other.log = self.log.clone();
        for (offset, record) in self.log.iter().enumerate() {
            other.shard.replay(offset as i64, record);
        }
        other
    }
    pub fn carry_out(&mut self, outcome: Outcome) {
        self.replies.extend(outcome.replies);
        for timer in outcome.cancel {
            self.timers.remove(&timer);
        }
        for (due, timer) in outcome.arm {
            self.timers.insert(timer, due);
        }
        self.notes.extend(outcome.notes);
        for write in outcome.writes {
            for record in write.records {
                self.shard.replay(self.log.len() as i64, &record);
                self.log.push(record);
            }
            self.unwritten.push(write.id);
        }
        if self.instant {
            self.settle(ErrorCode::None);
        }
    }
    /// Every write on its way ends like this.
    pub fn settle(&mut self, result: ErrorCode) {
        for id in std::mem::take(&mut self.unwritten) {
            let outcome = self.shard.written(self.now, id, result);
            self.carry_out(outcome);
        }
    }
    pub fn run_until(&mut self, until: i64) {
        while let Some((timer, due)) = self.timers.iter().map(|(t, d)| (t.clone(), *d)).min_by_key(|(_, d)| *d) {
            if due > until {
                break;
            }
            self.now = self.now.max(due);
            self.timers.remove(&timer);
            let outcome = self.shard.timer(self.now, timer);
            self.carry_out(outcome);
        }
        self.now = until;
    }
    pub fn send(&mut self, client_id: &str, request: impl Into<Request>) -> u64 {
        self.next_request += 1;
        let caller =
            Caller { reply_to: self.next_request, client_id: client_id.into(), client_host: "/10.0.0.1".into() };
        let topics = |name: &str| (name != "absent").then_some(6);
        let mut next = self.next_uuid;
        let mut uuid = || {
            next += 1;
            next
        };
        let outcome = self.shard.handle(self.now, caller, &request.into(), &topics, &mut uuid);
        self.next_uuid = next;
        self.carry_out(outcome);
        self.next_request
    }
    pub fn joined(&mut self, request: u64) -> Option<JoinGroupResponse> {
        match self.replies.get(&request)? {
            Response::JoinGroup(r) => Some(r.clone()),
            other => panic!("{other:?}"),
        }
    }
    pub fn synced(&mut self, request: u64) -> Option<SyncGroupResponse> {
        match self.replies.get(&request)? {
            Response::SyncGroup(r) => Some(r.clone()),
            other => panic!("{other:?}"),
        }
    }
    pub fn state(&self) -> GroupState {
        self.shard.group("g").map_or(GroupState::Dead, |g| g.state())
    }
    pub fn generation(&self) -> i32 {
        self.shard.group("g").expect("group g exists").generation()
    }
    pub fn members(&self) -> usize {
        self.shard.group("g").map_or(0, |g| g.members().count())
    }

    // ---- clients
    /// The two steps of a dynamic member's join; gives its id and the parked request.
    pub fn join(&mut self, client: &str) -> (String, u64) {
        let first = self.send(client, join(""));
        let answer = self.joined(first).expect("answered at once");
        assert_eq!(answer.error, ErrorCode::MemberIdRequired);
        let id = answer.member.to_string();
        (id.clone(), self.send(client, join(&id)))
    }
    pub fn heartbeat(&mut self, member: &str, generation: i32) -> ErrorCode {
        let request =
            HeartbeatRequest { group: "g".into(), generation, member: member.into(), group_instance_id: None };
        let id = self.send("c", request);
        match &self.replies[&id] {
            Response::Heartbeat(r) => r.error,
            other => panic!("{other:?}"),
        }
    }
    pub fn leave(&mut self, member: &str, instance: Option<&str>) -> LeaveGroupResponse {
        let leaving = LeaveMember {
            member: member.into(),
            group_instance_id: instance.map(Into::into),
            reason: "closing".into(),
        };
        let id = self.send("c", LeaveGroupRequest { group: "g".into(), members: vec![leaving] });
        match &self.replies[&id] {
            Response::LeaveGroup(r) => r.clone(),
            other => panic!("{other:?}"),
        }
    }
    pub fn commit(&mut self, member: &str, generation: i32, offset: i64) -> ErrorCode {
        let id = self.send("c", commit(member, generation, offset));
        self.commit_result(id).expect("answered at once")
    }
    pub fn commit_result(&self, id: u64) -> Option<ErrorCode> {
        match self.replies.get(&id)? {
            Response::OffsetCommit(r) => Some(r.partitions[0].2),
            other => panic!("{other:?}"),
        }
    }
    pub fn fetch(&mut self, require_stable: bool) -> Option<i64> {
        let request = OffsetFetchRequest { group: "g".into(), partitions: Some(vec![("t".into(), 0)]), require_stable };
        let id = self.send("c", request);
        match self.replies.get(&id)? {
            Response::OffsetFetch(OffsetFetchResponse { partitions, .. }) => Some(partitions[0].offset),
            other => panic!("{other:?}"),
        }
    }
    /// A stable group of as many members as clients are named; gives their ids, the leader first.
    pub fn stable(&mut self, clients: &[&str]) -> Vec<String> {
        let joins: Vec<(String, u64)> = clients.iter().map(|c| self.join(c)).collect();
        self.run_until(self.now + 6_000);
        let ids: Vec<String> = joins.iter().map(|(id, _)| id.clone()).collect();
        let generation = self.generation();
        for id in &ids[1..] {
            self.send("c", sync(id, generation, &[]));
        }
        let all: Vec<(&str, Vec<i32>)> = ids.iter().enumerate().map(|(n, id)| (id.as_str(), vec![n as i32])).collect();
        self.send("c", sync(&ids[0], generation, &all));
        assert_eq!(self.state(), GroupState::Stable);
        ids
    }
}

pub fn subscription(topics: &[&str]) -> Subscription {
    let topics = topics.iter().map(|t| (*t).into()).collect();
    Subscription { topics, user_data: None, owned: Vec::new(), generation: -1, rack: None }
}

pub fn join(member: &str) -> JoinGroupRequest {
    let protocol = |name: &str| JoinProtocol { name: name.into(), subscription: subscription(&["t"]) };
    JoinGroupRequest {
        group: "g".into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member: member.into(),
        group_instance_id: None,
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range"), protocol("cooperative-sticky")],
        client_id: "c".into(),
        reason: "".into(),
    }
}

pub fn join_static(member: &str, instance: &str) -> JoinGroupRequest {
    JoinGroupRequest { group_instance_id: Some(instance.into()), ..join(member) }
}

pub fn sync(member: &str, generation: i32, assignments: &[(&str, Vec<i32>)]) -> SyncGroupRequest {
    let parts = |numbers: &[i32]| numbers.iter().map(|p| ("t".into(), *p)).collect();
    SyncGroupRequest {
        group: "g".into(),
        generation,
        member: member.into(),
        group_instance_id: None,
        protocol_type: "consumer".into(),
        protocol_name: "range".into(),
        assignments: assignments.iter().map(|(id, p)| ((*id).into(), parts(p))).collect(),
    }
}

pub fn commit(member: &str, generation: i32, offset: i64) -> OffsetCommitRequest {
    let one = OffsetCommitPartition { topic: "t".into(), partition: 0, offset, leader_epoch: -1, metadata: "".into() };
    OffsetCommitRequest {
        group: "g".into(),
        generation,
        member: member.into(),
        group_instance_id: None,
        offsets: vec![one],
    }
}
