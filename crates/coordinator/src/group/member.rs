//! A member of a classic group (`ClassicGroupMember`).

use protocol::api::Name;
use protocol::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinProtocol, Subscription};
use protocol::api::sync_group::SyncGroupResponse;
use protocol::{ErrorCode, MemberId, PartitionIndex, TopicName};

use crate::context::Context;
use crate::hard::{GroupRecord, MemberRecord};
use crate::{Caller, ReplyTo};

/// A member. The getters are for views.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Member {
    pub(crate) id: MemberId,
    pub(crate) group_instance_id: Option<Name>,
    pub(crate) client_id: Name,
    pub(crate) client_host: Name,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    pub(crate) protocol_type: Name,
    pub(crate) protocols: Vec<JoinProtocol>,
    pub(crate) assignment: Vec<(TopicName, PartitionIndex)>,
    /// Its JoinGroup waits.
    pub(crate) awaiting_join: Option<ReplyTo>,
    /// Its SyncGroup waits.
    pub(crate) awaiting_sync: Option<ReplyTo>,
    /// It was never part of a generation.
    pub(crate) is_new: bool,
    pub(crate) session_deadline_ms: i64,
}

impl Member {
    pub(crate) fn joining(caller: &Caller, request: &JoinGroupRequest, id: MemberId) -> Member {
        Member {
            id,
            group_instance_id: request.group_instance_id.clone(),
            client_id: caller.client_id.clone(),
            client_host: caller.client_host.clone(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocol_type: request.protocol_type.clone(),
            protocols: request.protocols.clone(),
            assignment: Vec::new(),
            awaiting_join: Some(caller.reply_to),
            awaiting_sync: None,
            is_new: true,
            session_deadline_ms: 0,
        }
    }

    pub(crate) fn from_record(stored: &MemberRecord, group: &GroupRecord) -> Member {
        let protocol = |name: &Name| JoinProtocol {
            name: name.clone(),
            subscription: stored.subscription.clone().unwrap_or_else(crate::records::empty_subscription),
        };
        Member {
            id: stored.member.clone(),
            group_instance_id: stored.group_instance_id.clone(),
            client_id: stored.client_id.clone(),
            client_host: stored.client_host.clone(),
            rebalance_timeout_ms: stored.rebalance_timeout_ms,
            session_timeout_ms: stored.session_timeout_ms,
            protocol_type: group.protocol_type.clone(),
            protocols: group.protocol.iter().map(protocol).collect(),
            assignment: stored.assignment.clone(),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
            session_deadline_ms: 0,
        }
    }

    /// Its id.
    pub fn id(&self) -> &MemberId {
        &self.id
    }
    /// `group.instance.id` of a static member.
    pub fn group_instance_id(&self) -> Option<&Name> {
        self.group_instance_id.as_ref()
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.client_id
    }
    /// `/` and its address.
    pub fn client_host(&self) -> &Name {
        &self.client_host
    }
    /// Its partitions in this generation.
    pub fn assignment(&self) -> &[(TopicName, PartitionIndex)] {
        &self.assignment
    }
    /// When it is out unless it is heard of (wall clock, ms).
    pub fn session_deadline_ms(&self) -> i64 {
        self.session_deadline_ms
    }
    /// Whether its JoinGroup waits for the join phase to end.
    pub fn is_awaiting_join(&self) -> bool {
        self.awaiting_join.is_some()
    }
    /// Whether its SyncGroup waits for the leader's.
    pub fn is_awaiting_sync(&self) -> bool {
        self.awaiting_sync.is_some()
    }

    pub(crate) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|p| &*p.name == protocol)
    }

    pub(crate) fn subscription(&self, protocol: Option<&str>) -> Option<&Subscription> {
        self.protocols.iter().find(|p| Some(&*p.name) == protocol).map(|p| &p.subscription)
    }

    /// A member whose request waits is alive; only a new one may be expired then (`hasSatisfiedHeartbeat`).
    pub(crate) fn has_satisfied_heartbeat(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    pub(crate) fn answer_join(&mut self, cx: &mut Context, response: JoinGroupResponse) {
        if let Some(to) = self.awaiting_join.take() {
            cx.reply(to, response);
        }
    }

    pub(crate) fn answer_join_error(&mut self, cx: &mut Context, error: ErrorCode, id: MemberId) {
        self.answer_join(cx, join_error(error, id));
    }

    pub(crate) fn answer_sync_error(&mut self, cx: &mut Context, error: ErrorCode) {
        if let Some(to) = self.awaiting_sync.take() {
            cx.reply(to, sync_error(error));
        }
    }
}

/// A JoinGroup answer that says only why not.
pub(crate) fn join_error(error: ErrorCode, member: MemberId) -> JoinGroupResponse {
    JoinGroupResponse {
        error,
        generation: -1,
        protocol_name: None,
        leader: "".into(),
        skip_assignment: false,
        member,
        members: Vec::new(),
    }
}

/// A SyncGroup answer that says only why not.
pub(crate) fn sync_error(error: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error, protocol_name: None, assignment: Vec::new() }
}
