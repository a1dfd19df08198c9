//! A classic group and its members as the coordinator holds them in memory (`ClassicGroup`, `ClassicGroupMember`):
//! the structs, their bookkeeping and the vote. The phases of the protocol are in the files named after them.

pub(crate) mod member;
mod vote;

use ordered::{SortedMap, SortedSet};
use protocol::api::Name;
use protocol::api::join_group::JoinMember;
use protocol::{ErrorCode, GroupId, MemberId, Note, TopicName};

use crate::context::Context;
use crate::hard::{GroupRecord, MemberRecord};
use crate::{GroupState, GroupTimer};
pub use member::Member;

/// `protocolType` of consumers (`ConsumerProtocol.PROTOCOL_TYPE`).
pub(crate) const CONSUMER: &str = "consumer";

/// A group. The getters are for views.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Group {
    pub(crate) id: GroupId,
    pub(crate) state: GroupState,
    pub(crate) previous_state: GroupState,
    /// When it came to `state`; None if the log does not say.
    pub(crate) state_since_ms: Option<i64>,
    pub(crate) generation: i32,
    /// None: only offsets, nobody ever joined (a "simple" group).
    pub(crate) protocol_type: Option<Name>,
    /// The assignor of this generation.
    pub(crate) protocol: Option<Name>,
    pub(crate) leader: Option<MemberId>,
    pub(crate) members: SortedMap<MemberId, Member>,
    pub(crate) static_members: SortedMap<Name, MemberId>,
    /// Ids given out with MEMBER_ID_REQUIRED, and until when they hold.
    pub(crate) pending_join: SortedMap<MemberId, i64>,
    /// Members of this generation that did not send SyncGroup yet.
    pub(crate) pending_sync: SortedSet<MemberId>,
    pub(crate) pending_sync_due_ms: Option<i64>,
    pub(crate) rebalance_timer: Option<RebalanceTimer>,
    /// Somebody was added since the initial delay was last looked at.
    pub(crate) new_member_added: bool,
    /// What the members of this generation subscribe to; None if not known.
    pub(crate) subscribed: Option<SortedSet<TopicName>>,
}

/// The timer of the join phase.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RebalanceTimer {
    pub(crate) due_ms: i64,
    pub(crate) kind: RebalanceWait,
}

/// What the join phase waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum RebalanceWait {
    /// For more new members of a group that was empty.
    Initial { delay_ms: i32, remaining_ms: i32 },
    /// For the members to join again.
    Rejoin,
}

impl Group {
    pub(crate) fn new(id: GroupId, now_ms: i64) -> Group {
        Group {
            id,
            state: GroupState::Empty,
            previous_state: GroupState::Empty,
            state_since_ms: Some(now_ms),
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: SortedMap::new(),
            static_members: SortedMap::new(),
            pending_join: SortedMap::new(),
            pending_sync: SortedSet::new(),
            pending_sync_due_ms: None,
            rebalance_timer: None,
            new_member_added: false,
            subscribed: None,
        }
    }

    /// The group as its last record describes it (`GroupMetadataManager#replay`).
    pub(crate) fn from_record(id: GroupId, record: &GroupRecord, now_ms: i64) -> Group {
        let mut group = Group::new(id, now_ms);
        group.generation = record.generation;
        group.protocol_type = Some(record.protocol_type.clone()).filter(|t| !t.is_empty());
        group.protocol = record.protocol.clone();
        group.leader = record.leader.clone();
        group.state_since_ms = Some(record.state_timestamp_ms).filter(|t| *t >= 0);
        group.state = if record.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        group.previous_state = group.state;
        for stored in &record.members {
            let member = Member::from_record(stored, record);
            if let Some(instance) = &member.group_instance_id {
                group.static_members.insert(instance.clone(), member.id.clone());
            }
            group.members.insert(member.id.clone(), member);
        }
        group.subscribed = group.compute_subscribed();
        group
    }

    /// The record that describes this group with the given assignments.
    pub(crate) fn to_record<'a>(&self, assignment_of: impl Fn(&Member) -> Vec<(TopicName, i32)> + 'a) -> GroupRecord {
        let members = self.members.values().map(|m| MemberRecord {
            member: m.id.clone(),
            group_instance_id: m.group_instance_id.clone(),
            client_id: m.client_id.clone(),
            client_host: m.client_host.clone(),
            rebalance_timeout_ms: m.rebalance_timeout_ms,
            session_timeout_ms: m.session_timeout_ms,
            subscription: m.subscription(self.protocol.as_deref()).cloned(),
            assignment: assignment_of(m),
        });
        GroupRecord {
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| "".into()),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_timestamp_ms: self.state_since_ms.unwrap_or(-1),
            members: members.collect(),
        }
    }

    // ---- getters
    /// `group.id`.
    pub fn id(&self) -> &GroupId {
        &self.id
    }
    /// Its state.
    pub fn state(&self) -> GroupState {
        self.state
    }
    /// The generation, counted from 0 at creation.
    pub fn generation(&self) -> i32 {
        self.generation
    }
    /// `consumer`, or None if nobody ever joined.
    pub fn protocol_type(&self) -> Option<&Name> {
        self.protocol_type.as_ref()
    }
    /// The assignor of this generation.
    pub fn protocol(&self) -> Option<&Name> {
        self.protocol.as_ref()
    }
    /// The member that computes assignments.
    pub fn leader(&self) -> Option<&MemberId> {
        self.leader.as_ref()
    }
    /// Members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }
    /// Ids given out that did not join yet, by id.
    pub fn pending_members(&self) -> impl Iterator<Item = &MemberId> {
        self.pending_join.keys()
    }
    /// When the join phase looks again (wall clock, ms).
    pub fn rebalance_due_ms(&self) -> Option<i64> {
        self.rebalance_timer.map(|t| t.due_ms)
    }

    // ---- bookkeeping
    pub(crate) fn transition(&mut self, cx: &mut Context, next: GroupState, reason: &str) {
        assert!(self.state.may_become(next), "group {}: {} may not become {next}", self.id, self.state);
        self.previous_state = self.state;
        self.state = next;
        self.state_since_ms = Some(cx.wall_ms);
        cx.note(Note::GroupState {
            group: self.id.clone(),
            state: next.name(),
            generation: self.generation,
            reason: reason.into(),
        });
    }

    pub(crate) fn add(&mut self, cx: &mut Context, member: Member) {
        if self.members.is_empty() {
            self.protocol_type = Some(member.protocol_type.clone());
        }
        if let Some(instance) = &member.group_instance_id {
            self.static_members.insert(instance.clone(), member.id.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        self.pending_join.remove(&member.id);
        cx.note(Note::MemberJoined {
            group: self.id.clone(),
            member: member.id.clone(),
            client_id: member.client_id.clone(),
        });
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member or pending member out, with its timer. Whatever it waits for is answered UNKNOWN_MEMBER_ID
    /// (Kafka leaves a parked SyncGroup of a removed member without answer).
    pub(crate) fn remove(&mut self, cx: &mut Context, id: &MemberId, reason: &str) {
        if let Some(mut member) = self.members.remove(id) {
            member.answer_join_error(cx, ErrorCode::UnknownMemberId, "".into());
            member.answer_sync_error(cx, ErrorCode::UnknownMemberId);
            if let Some(instance) = &member.group_instance_id {
                self.static_members.remove(instance);
            }
            cx.note(Note::MemberLeft { group: self.id.clone(), member: id.clone(), reason: reason.into() });
            cx.cancel(GroupTimer::Session { group: self.id.clone(), member: id.clone() });
        }
        if self.pending_join.remove(id).is_some() {
            cx.cancel(GroupTimer::Session { group: self.id.clone(), member: id.clone() });
        }
        self.pending_sync.remove(id);
        if self.leader.as_ref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    pub(crate) fn is_leader(&self, id: &MemberId) -> bool {
        self.leader.as_ref() == Some(id)
    }

    /// `ClassicGroup#validateMember`.
    pub(crate) fn validate_member(&self, id: &MemberId, instance: Option<&Name>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_members.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(mapped) if mapped != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    pub(crate) fn awaiting_join_count(&self) -> usize {
        self.members.values().filter(|m| m.awaiting_join.is_some()).count()
    }

    pub(crate) fn has_all_members_joined(&self) -> bool {
        self.awaiting_join_count() == self.members.len() && self.pending_join.is_empty()
    }

    /// The longest any member may take for a rebalance.
    pub(crate) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|m| m.rebalance_timeout_ms).max().unwrap_or(0).max(0)
    }

    pub(crate) fn restart_session(&mut self, cx: &mut Context, id: &MemberId) {
        if let Some(timeout) = self.members.get(id).map(|m| m.session_timeout_ms) {
            self.restart_session_for(cx, id, timeout);
        }
    }

    pub(crate) fn restart_session_for(&mut self, cx: &mut Context, id: &MemberId, timeout_ms: i32) {
        let due_ms = cx.now_ms + i64::from(timeout_ms);
        if let Some(member) = self.members.get_mut(id) {
            member.session_deadline_ms = due_ms;
        }
        cx.arm(due_ms, GroupTimer::Session { group: self.id.clone(), member: id.clone() });
    }

    /// The members as JoinGroup shows them to the leader.
    pub(crate) fn join_members(&self) -> Vec<JoinMember> {
        let shown = self.members.values().map(|m| JoinMember {
            member: m.id.clone(),
            group_instance_id: m.group_instance_id.clone(),
            subscription: m
                .subscription(self.protocol.as_deref())
                .cloned()
                .unwrap_or_else(crate::records::empty_subscription),
        });
        shown.collect()
    }

    pub(crate) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// `ClassicGroup#computeSubscribedTopics`.
    pub(crate) fn compute_subscribed(&self) -> Option<SortedSet<TopicName>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        if self.members.is_empty() {
            return Some(SortedSet::new());
        }
        let protocol = self.protocol.as_deref()?;
        let topics =
            self.members.values().filter_map(|m| m.subscription(Some(protocol))).flat_map(|s| s.topics.iter().cloned());
        Some(topics.collect())
    }

    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.uses_consumer_protocol(), |topics| topics.contains(topic))
    }

    /// Every timer that may be set.
    pub(crate) fn timers(&self) -> impl Iterator<Item = GroupTimer> {
        let sessions = self.members.keys().chain(self.pending_join.keys());
        let sessions = sessions.map(|m| GroupTimer::Session { group: self.id.clone(), member: m.clone() });
        let rebalance = self.rebalance_timer.map(|_| GroupTimer::Rebalance { group: self.id.clone() });
        let sync = self.pending_sync_due_ms.map(|_| GroupTimer::PendingSync { group: self.id.clone() });
        sessions.chain(rebalance).chain(sync)
    }

    /// What holds between any two steps.
    #[cfg(debug_assertions)]
    pub(crate) fn validate(&self) {
        assert!(
            self.leader.as_ref().is_none_or(|l| self.members.contains_key(l)),
            "{}: the leader is a member",
            self.id
        );
        assert!(
            self.pending_sync.iter().all(|m| self.members.contains_key(m)),
            "{}: who must sync is a member",
            self.id
        );
        assert!(
            self.static_members.values().all(|m| self.members.contains_key(m)),
            "{}: an instance maps to a member",
            self.id
        );
        let without_members = matches!(self.state, GroupState::Empty | GroupState::Dead);
        assert!(!without_members || self.members.is_empty(), "{}: {} has no members", self.id, self.state);
        let joining = self.state == GroupState::PreparingRebalance;
        assert!(joining || self.rebalance_timer.is_none(), "{}: only a join phase has its timer", self.id);
    }
}
