//! Joining: giving partitions up, JoinGroup, the leader's assignment, SyncGroup (`ConsumerCoordinator#onJoinPrepare`,
//! `#onLeaderElected`, `#onJoinComplete`).

use kernel::Time;
use protocol::api::join_group::{
    JoinGroupRequest, JoinGroupResponse, JoinMember, JoinProtocol, Subscription as JoinSubscription,
};
use protocol::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ApiKey, ErrorCode, MemberId, Note, PartitionIndex, TopicName, TopicPartition};

use super::state::{Asked, CommitKind, GroupPhase, Subscription};
use super::{Consumer, ConsumerEvent};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile, StartAt};

protocol::gap!("Cooperative rebalancing: every rebalance revokes everything", "KIP-429");
protocol::gap!("Rack-aware range assignment", "KIP-881");

impl Consumer {
    /// Goes on with joining as far as it can.
    pub(super) fn join(&mut self, now: Time, fx: &mut Fx) {
        let Subscription::Topics(topics) = self.subscription.clone() else { return };
        if self.membership.is_exiled {
            return;
        }
        match self.membership.phase.clone() {
            GroupPhase::Unjoined if self.membership.not_before <= now => self.prepare(now, fx, &topics),
            GroupPhase::Stable if self.membership.rejoin.is_some() => self.prepare(now, fx, &topics),
            GroupPhase::Preparing { commit } if !self.commits.contains_key(&commit) => {
                self.drop_assignment(fx, self.membership.generation < 0);
                self.send_join(now, fx, &topics);
            }
            GroupPhase::Assigning { members, metadata_after } if self.net.metadata.version > metadata_after => {
                self.assign_members(now, fx, &members);
            }
            GroupPhase::Unjoined
            | GroupPhase::Stable
            | GroupPhase::Preparing { .. }
            | GroupPhase::Joining
            | GroupPhase::Assigning { .. }
            | GroupPhase::Syncing => {}
        }
    }

    /// Commits what was consumed, then gives everything up: the eager protocol.
    fn prepare(&mut self, now: Time, fx: &mut Fx, topics: &[TopicName]) {
        if self.coordinator(now, fx).is_none() {
            return;
        }
        let offsets =
            if self.membership.generation >= 0 && self.settings.auto_commit { self.consumed() } else { Vec::new() };
        if offsets.is_empty() {
            self.drop_assignment(fx, self.membership.generation < 0);
            self.send_join(now, fx, topics);
            return;
        }
        let deadline = now + self.settings.max_poll_interval;
        let commit = self.commit(now, CommitKind::Final { deadline }, offsets);
        self.membership.phase = GroupPhase::Preparing { commit };
    }

    fn send_join(&mut self, now: Time, fx: &mut Fx, topics: &[TopicName]) {
        let (Some(node), Some(group)) = (self.coordinator(now, fx), self.settings.group.clone()) else {
            self.membership.phase = GroupPhase::Unjoined;
            return;
        };
        let millis = |span: kernel::Duration| i32::try_from(span.as_millis()).unwrap_or(i32::MAX);
        let subscription = JoinSubscription {
            topics: topics.to_vec(),
            owned: Vec::new(),
            generation: self.membership.generation,
            rack: self.settings.rack.clone(),
        };
        let protocol =
            |name: &protocol::api::Name| JoinProtocol { name: name.clone(), subscription: subscription.clone() };
        let request = JoinGroupRequest {
            group,
            session_timeout_ms: millis(self.settings.session_timeout),
            rebalance_timeout_ms: millis(self.settings.max_poll_interval),
            member: self.membership.member.clone(),
            group_instance_id: self.settings.instance.clone(),
            protocol_type: "consumer".into(),
            protocols: self.settings.assignors.iter().map(protocol).collect(),
            client_id: self.net.client_id.clone(),
            reason: self.membership.rejoin.take().unwrap_or("").into(),
        };
        self.membership.phase = GroupPhase::Joining;
        let timeout =
            self.net.settings.request_timeout.max(self.settings.max_poll_interval + kernel::Duration::from_secs(5));
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Join, request.into());
    }

    /// Back to the start, after a while.
    pub(super) fn join_again(&mut self, now: Time, fx: &mut Fx) {
        self.membership.phase = GroupPhase::Unjoined;
        self.membership.attempts += 1;
        self.membership.not_before = now + self.backoff(self.membership.attempts, fx);
    }

    fn join_at_once(&mut self, now: Time) {
        self.membership.phase = GroupPhase::Unjoined;
        self.membership.not_before = now;
    }

    pub(super) fn join_answered(&mut self, now: Time, fx: &mut Fx, answer: JoinGroupResponse) {
        if self.membership.phase != GroupPhase::Joining {
            return;
        }
        if !answer.error.is_ok() {
            self.note_error(fx, ApiKey::JoinGroup, answer.error);
        }
        match answer.error {
            ErrorCode::None => self.joined(now, fx, answer),
            ErrorCode::MemberIdRequired => {
                self.membership.member = answer.member;
                self.join_at_once(now);
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.membership.reset(answer.error == ErrorCode::IllegalGeneration);
                self.join_at_once(now);
            }
            ErrorCode::RebalanceInProgress | ErrorCode::CoordinatorLoadInProgress => self.join_again(now, fx),
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => {
                self.lose_coordinator(now, fx);
                self.join_again(now, fx);
            }
            code => self.fail(ClientError::of(self.profile, code)),
        }
    }

    fn joined(&mut self, now: Time, fx: &mut Fx, answer: JoinGroupResponse) {
        self.membership.attempts = 0;
        self.membership.generation = answer.generation;
        self.membership.protocol = answer.protocol_name.unwrap_or_else(|| "".into());
        self.membership.rejoin = None;
        self.membership.watched = None;
        let is_leader = answer.leader == answer.member;
        self.membership.member = answer.member;
        // Heartbeats go on from here.
        self.membership.heartbeat_in_flight = false;
        self.membership.heartbeat_due = now + self.settings.heartbeat_interval;
        self.membership.session_ends = now + self.settings.session_timeout;
        if !is_leader || answer.skip_assignment {
            self.send_sync(now, fx, Vec::new());
            return;
        }
        let version = self.net.metadata.version;
        let mut is_fresh = true;
        for topic in answer.members.iter().flat_map(|member| &member.subscription.topics) {
            is_fresh &= !self.net.metadata.want(topic);
        }
        if is_fresh {
            self.assign_members(now, fx, &answer.members);
        } else {
            self.membership.phase = GroupPhase::Assigning { members: answer.members, metadata_after: version };
        }
    }

    /// The leader computes everybody's assignment with the assignor the group chose.
    fn assign_members(&mut self, now: Time, fx: &mut Fx, members: &[JoinMember]) {
        let mut topics: Vec<TopicName> = members.iter().flat_map(|member| member.subscription.topics.clone()).collect();
        ordered::sort(&mut topics);
        topics.dedup();
        self.membership.watched =
            Some(topics.into_iter().map(|topic| (topic.clone(), self.net.metadata.partition_count(&topic))).collect());
        let count = |topic: &str| self.net.metadata.partition_count(topic);
        match super::assign::assign(&self.membership.protocol, members, &count) {
            Some(assignments) => self.send_sync(now, fx, assignments),
            None => {
                let text = format!(
                    "The group chose the assignor {}, which is not modelled in this simulator",
                    self.membership.protocol
                );
                self.fail(ClientError::new(
                    "java.lang.IllegalStateException",
                    text,
                    ErrorCode::InconsistentGroupProtocol,
                ));
            }
        }
    }

    fn send_sync(&mut self, now: Time, fx: &mut Fx, assignments: Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>) {
        let (Some(node), Some(group)) = (self.coordinator(now, fx), self.settings.group.clone()) else {
            self.join_at_once(now);
            return;
        };
        let generation = self.membership.generation;
        let request = SyncGroupRequest {
            group,
            generation,
            member: self.membership.member.clone(),
            group_instance_id: self.settings.instance.clone(),
            protocol_type: "consumer".into(),
            protocol_name: self.membership.protocol.clone(),
            assignments,
        };
        self.membership.phase = GroupPhase::Syncing;
        let timeout =
            self.net.settings.request_timeout.max(self.settings.max_poll_interval + kernel::Duration::from_secs(5));
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Sync { generation }, request.into());
    }

    pub(super) fn sync_answered(&mut self, now: Time, fx: &mut Fx, generation: i32, answer: SyncGroupResponse) {
        if self.membership.phase != GroupPhase::Syncing || self.membership.generation != generation {
            return;
        }
        if !answer.error.is_ok() {
            self.note_error(fx, ApiKey::SyncGroup, answer.error);
        }
        match answer.error {
            ErrorCode::None => self.join_complete(now, fx, &answer.assignment),
            ErrorCode::RebalanceInProgress => self.join_at_once(now),
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId => {
                self.membership.reset(answer.error == ErrorCode::IllegalGeneration);
                self.join_at_once(now);
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => {
                self.lose_coordinator(now, fx);
                self.join_again(now, fx);
            }
            code => self.fail(ClientError::of(self.profile, code)),
        }
    }

    fn join_complete(&mut self, now: Time, fx: &mut Fx, assignment: &[(TopicName, PartitionIndex)]) {
        self.membership.phase = GroupPhase::Stable;
        let start = |(topic, partition): &(TopicName, PartitionIndex)| {
            (TopicPartition::new(topic.clone(), *partition), StartAt::Committed)
        };
        self.set_assignment(assignment.iter().map(start).collect());
        // They may have changed while the assignment was on its way.
        self.watch_topics();
        self.arm_auto_commit(now);
        if let Some(group) = self.settings.group.clone() {
            let partitions = self.partitions.keys().map(|tp| (tp.topic.clone(), tp.partition)).collect();
            fx.note(Note::Assigned { group, client_id: self.net.client_id.clone(), partitions });
        }
        self.events.push(ConsumerEvent::Assigned(self.assignment()));
    }

    /// The leader makes a new assignment if the group's topics are no more what the last one was made for.
    fn watch_topics(&mut self) {
        let count = |topic: &TopicName| self.net.metadata.partition_count(topic);
        let is_stale = self
            .membership
            .watched
            .as_ref()
            .is_some_and(|watched| watched.iter().any(|(topic, known)| count(topic) != *known));
        if is_stale && self.membership.phase == GroupPhase::Stable && self.membership.rejoin.is_none() {
            self.membership.rejoin = Some("cached metadata has changed");
        }
    }

    /// The leader watches the group's topics; everybody hears of topics that do not exist.
    pub(super) fn metadata_changed(&mut self, _now: Time, _fx: &mut Fx) {
        self.watch_topics();
        let Subscription::Topics(topics) = &self.subscription else { return };
        for topic in topics.clone() {
            match self.net.metadata.topic_error(&topic) {
                Some(ErrorCode::InvalidTopic) => {
                    let text = format!("Invalid topics: [{topic}]");
                    self.fail(ClientError::of(self.profile, ErrorCode::InvalidTopic).with_message(Some(&text)));
                }
                Some(code @ ErrorCode::UnknownTopicOrPartition)
                    if self.profile == Profile::Librdkafka && self.reported_missing.insert(topic.clone()) =>
                {
                    let text = format!("Subscribed topic not available: {topic}: Broker: Unknown topic or partition");
                    self.events.push(ConsumerEvent::Error(ClientError::new(code.name(), text, code)));
                }
                _ => {}
            }
        }
    }
}
