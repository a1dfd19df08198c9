//! Joining: a commit, JoinGroup, the leader's assignment, SyncGroup (`ConsumerCoordinator#onJoinPrepare`,
//! `#onLeaderElected`, `#onJoinComplete`).

use coordinator::assignor::Assignor;
use kernel::Time;
use ordered::SortedSet;
use protocol::api::join_group::{
    JoinGroupRequest, JoinGroupResponse, JoinMember, JoinProtocol, Subscription as JoinSubscription,
};
use protocol::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ApiKey, ErrorCode, MemberId, PartitionIndex, TopicName};

use super::Consumer;
use super::state::{Asked, CommitKind, GroupPhase};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile};

protocol::gap!("librdkafka's own cooperative-sticky: the Java client's is used", "rd_kafka_sticky_assignor_assign_cb");

impl Consumer {
    /// Goes on with joining as far as it can.
    pub(super) fn join(&mut self, now: Time, fx: &mut Fx) {
        if !self.is_subscribed() || self.membership.is_exiled || !self.has_current_subscription(now, fx) {
            return;
        }
        let topics = self.topics().to_vec();
        match self.membership.phase.clone() {
            GroupPhase::Unjoined if self.membership.not_before <= now => self.prepare(now, fx, &topics),
            GroupPhase::Stable if self.membership.rejoin.is_some() => self.prepare(now, fx, &topics),
            GroupPhase::Preparing { commit } if !self.commits.contains_key(&commit) => {
                self.give_up_to_join(fx, &topics);
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

    /// Commits what was consumed, then gives up what must be. librdkafka keeps its offsets in a cooperative rebalance, with the partitions.
    fn prepare(&mut self, now: Time, fx: &mut Fx, topics: &[TopicName]) {
        if self.coordinator(now, fx).is_none() {
            return;
        }
        let keeps = self.profile == Profile::Librdkafka && self.settings.is_cooperative();
        // Who starts over after a failed request has committed before (`needsJoinPrepare`).
        let is_prepared = self.membership.phase != GroupPhase::Stable;
        let commits = self.membership.generation >= 0 && self.settings.auto_commit && !keeps && !is_prepared;
        let offsets = if commits { self.consumed() } else { Vec::new() };
        if offsets.is_empty() {
            self.give_up_to_join(fx, topics);
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
        let protocols = self.settings.assignors.iter().map(|assignor| self.join_protocol(*assignor, topics)).collect();
        let request = JoinGroupRequest {
            group,
            session_timeout_ms: millis(self.settings.session_timeout),
            rebalance_timeout_ms: millis(self.settings.max_poll_interval),
            member: self.membership.member.clone(),
            group_instance_id: self.settings.instance.clone(),
            protocol_type: "consumer".into(),
            protocols,
            client_id: self.net.client_id.clone(),
            reason: self.membership.rejoin.take().unwrap_or("").into(),
        };
        self.membership.joined_topics = Some(topics.to_vec());
        self.membership.phase = GroupPhase::Joining;
        let timeout =
            self.net.settings.request_timeout.max(self.settings.max_poll_interval + kernel::Duration::from_secs(5));
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Join, request.into());
    }

    /// What it says of itself to an assignor.
    fn join_protocol(&self, assignor: Assignor, topics: &[TopicName]) -> JoinProtocol {
        let remembered = self.remembered.get(&assignor);
        let (user_data, generation) = match self.profile {
            Profile::Java => (assignor.user_data(remembered), self.membership.generation),
            // librdkafka's cooperative assignor sends what Java's eager one does, and the others send nothing.
            Profile::Librdkafka => (
                remembered.and_then(|last| Assignor::Sticky.user_data(Some(last))),
                remembered.map_or(-1, |last| last.1),
            ),
        };
        let owned = self.partitions.keys().map(|tp| (tp.topic.clone(), tp.partition)).collect();
        let rack = self.settings.rack.clone();
        let subscription = JoinSubscription { topics: topics.to_vec(), user_data, owned, generation, rack };
        JoinProtocol { name: assignor.name().into(), subscription }
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
        let topics: SortedSet<TopicName> = members.iter().flat_map(|m| m.subscription.topics.iter().cloned()).collect();
        self.membership.watched = Some(topics.iter().map(|topic| (topic.clone(), self.watched_as(topic))).collect());
        let metadata = &self.net.metadata;
        let known =
            topics.into_iter().filter_map(|topic| metadata.racks_of(&topic).map(|racks| (topic, racks))).collect();
        let Some(assignor) = Assignor::named(&self.membership.protocol) else {
            let text = format!("Coordinator selected invalid assignment protocol: {}", self.membership.protocol);
            return self.fail_assigning("java.lang.IllegalStateException", &text);
        };
        match assignor.assign(members, &known) {
            Ok(assignments) => self.send_sync(now, fx, assignments),
            Err(error) => self.fail_assigning(error.class, error.message),
        }
    }

    fn fail_assigning(&mut self, class: &str, text: &str) {
        self.fail(ClientError::new(class, text, ErrorCode::InconsistentGroupProtocol));
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
        let is_subscribed = |topic: &TopicName| match self.has_pattern() {
            true => self.net.metadata.is_match(topic),
            false => self.topics().contains(topic),
        };
        if self.profile == Profile::Java && !assignment.iter().all(|(topic, _)| is_subscribed(topic)) {
            self.membership.rejoin = Some("received assignment does not match the current subscription");
            return;
        }
        self.add_assigned_topics(assignment);
        if let Some(assignor) = Assignor::named(&self.membership.protocol) {
            self.remembered.insert(assignor, (assignment.to_vec(), self.membership.generation));
        }
        self.assigned(now, fx, assignment);
        // They may have changed while the assignment was on its way.
        self.watch_topics();
        self.arm_auto_commit(now);
    }
}
