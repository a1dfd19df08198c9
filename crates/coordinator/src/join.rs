//! JoinGroup: who is let in, with which id, and whether that starts a rebalance (`classicGroupJoin*`).

use protocol::api::join_group::{JoinGroupRequest, JoinGroupResponse};
use protocol::{ErrorCode, MemberId, Note, gap};

use crate::context::{Context, no_member};
use crate::group::member::join_error;
use crate::pending::{Replacement, Then};
use crate::{Caller, Group, GroupShard, GroupState, GroupTimer, Member, records};

gap!(
    "JoinGroup before v4 (no MEMBER_ID_REQUIRED) and before v9 (no skipAssignment): every client speaks v9",
    "KIP-394, KIP-814"
);

impl GroupShard {
    pub(crate) fn join(
        &mut self,
        cx: &mut Context,
        caller: &Caller,
        request: &JoinGroupRequest,
        uuid: &mut dyn FnMut() -> u128,
    ) {
        if let Err(error) = check_request(cx, request) {
            return cx.reply(caller.reply_to, join_error(error, request.member.clone()));
        }
        let is_new_group = !self.soft.groups.contains_key(&request.group);
        if is_new_group && !request.member.is_empty() {
            return cx.reply(caller.reply_to, join_error(ErrorCode::UnknownMemberId, request.member.clone()));
        }
        let now_ms = cx.wall_ms;
        let group =
            self.soft.groups.entry(request.group.clone()).or_insert_with(|| Group::new(request.group.clone(), now_ms));
        let first_record = is_new_group.then(|| group.to_record(|_| Vec::new()));
        group.join(cx, caller, request, uuid);
        if let Some(record) = first_record {
            cx.write(
                vec![records::group_record(now_ms, &request.group, &record)],
                Then::Create { group: request.group.clone() },
            );
        }
    }
}

fn check_request(cx: &Context, request: &JoinGroupRequest) -> Result<(), ErrorCode> {
    if request.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let allowed = cx.config.min_session_timeout_ms..=cx.config.max_session_timeout_ms;
    if allowed.contains(&request.session_timeout_ms) { Ok(()) } else { Err(ErrorCode::InvalidSessionTimeout) }
}

impl Group {
    fn join(&mut self, cx: &mut Context, caller: &Caller, request: &JoinGroupRequest, uuid: &mut dyn FnMut() -> u128) {
        if !self.accepts(cx, &request.member) {
            self.remove(cx, &request.member, "the group is full");
            return cx.reply(caller.reply_to, join_error(ErrorCode::GroupMaxSizeReached, no_member()));
        }
        let answer = |cx: &mut Context, error| cx.reply(caller.reply_to, join_error(error, request.member.clone()));
        if self.state == GroupState::Dead {
            return answer(cx, ErrorCode::CoordinatorNotAvailable);
        }
        if !self.supports(&request.protocol_type, &request.protocols) {
            return answer(cx, ErrorCode::InconsistentGroupProtocol);
        }
        if request.member.is_empty() {
            self.join_new(cx, caller, request, uuid);
        } else if self.pending_join.contains_key(&request.member) {
            // A static member never gets a pending id, so this is no client of ours (IllegalStateException).
            if request.group_instance_id.is_some() {
                return answer(cx, ErrorCode::UnknownServerError);
            }
            self.add_joining(cx, caller, request, request.member.clone());
        } else if let Err(error) = self.validate_member(&request.member, request.group_instance_id.as_ref()) {
            answer(cx, error);
        } else {
            self.join_again(cx, caller, request);
        }
    }

    /// `acceptJoiningMember`.
    fn accepts(&self, cx: &Context, member: &MemberId) -> bool {
        let below_limit = |n: usize| (n as u64) < cx.config.max_size.max(0) as u64;
        match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => {
                self.members.get(member).is_some_and(|m| m.awaiting_join.is_some())
                    || below_limit(self.awaiting_join_count())
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.members.contains_key(member) || below_limit(self.members.len())
            }
        }
    }

    fn join_new(
        &mut self,
        cx: &mut Context,
        caller: &Caller,
        request: &JoinGroupRequest,
        uuid: &mut dyn FnMut() -> u128,
    ) {
        let prefix = request.group_instance_id.as_ref().unwrap_or(&caller.client_id);
        let id: MemberId = format!("{prefix}-{}", hyphenated(uuid())).into();
        match &request.group_instance_id {
            Some(instance) => match self.static_members.get(instance).cloned() {
                Some(old) => self.replace_static(cx, caller, request, &old, id),
                None => self.add_joining(cx, caller, request, id),
            },
            None => {
                let due_ms = cx.now_ms + i64::from(request.session_timeout_ms);
                self.pending_join.insert(id.clone(), due_ms);
                cx.arm(due_ms, GroupTimer::Session { group: self.id.clone(), member: id.clone() });
                cx.reply(caller.reply_to, join_error(ErrorCode::MemberIdRequired, id));
            }
        }
    }

    fn add_joining(&mut self, cx: &mut Context, caller: &Caller, request: &JoinGroupRequest, id: MemberId) {
        if self.state == GroupState::PreparingRebalance && self.previous_state == GroupState::Empty {
            self.new_member_added = true;
        }
        self.add(cx, Member::joining(caller, request, id.clone()));
        self.restart_session_for(cx, &id, cx.config.new_member_join_timeout_ms);
        self.rebalance_or_complete_join(cx, &format!("Adding new member {id}; client reason: {}", reason(request)));
    }

    /// A member that is known joins again.
    fn join_again(&mut self, cx: &mut Context, caller: &Caller, request: &JoinGroupRequest) {
        let id = &request.member;
        let is_same = self.members.get(id).is_some_and(|m| m.protocols == request.protocols);
        match self.state {
            GroupState::PreparingRebalance => self.update_joining(cx, caller, request, "is joining"),
            GroupState::CompletingRebalance if is_same => cx.reply(caller.reply_to, self.joined(id)),
            GroupState::Stable if self.is_leader(id) => {
                self.update_joining(cx, caller, request, "is leader and re-joins")
            }
            // A follower with nothing new gets the current generation, to sync with.
            GroupState::Stable if is_same => cx.reply(caller.reply_to, self.joined(id)),
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.update_joining(cx, caller, request, "has new metadata")
            }
            GroupState::Empty | GroupState::Dead => {
                cx.reply(caller.reply_to, join_error(ErrorCode::UnknownMemberId, id.clone()))
            }
        }
    }

    fn update_joining(&mut self, cx: &mut Context, caller: &Caller, request: &JoinGroupRequest, why: &str) {
        self.update_member(caller, request, &request.member);
        let reason =
            format!("Member {} {why} during {}; client reason: {}", request.member, self.state, reason(request));
        self.rebalance_or_complete_join(cx, &reason);
    }

    fn update_member(&mut self, caller: &Caller, request: &JoinGroupRequest, id: &MemberId) {
        let member = self.members.get_mut(id).expect("the caller found this member");
        member.protocols = request.protocols.clone();
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.session_timeout_ms = request.session_timeout_ms;
        member.awaiting_join = Some(caller.reply_to);
    }

    /// The current generation, as a member sees it.
    pub(crate) fn joined(&self, id: &MemberId) -> JoinGroupResponse {
        JoinGroupResponse {
            error: ErrorCode::None,
            generation: self.generation,
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_else(no_member),
            skip_assignment: false,
            member: id.clone(),
            members: if self.is_leader(id) { self.join_members() } else { Vec::new() },
        }
    }

    // ---- static members (KIP-345)

    /// A static member returns without its id: a new id takes the place of the old one.
    fn replace_static(
        &mut self,
        cx: &mut Context,
        caller: &Caller,
        request: &JoinGroupRequest,
        old: &MemberId,
        new: MemberId,
    ) {
        self.swap_static(cx, old, &new);
        self.restart_session(cx, &new);
        let before = self.members.get(&new).expect("the member was just put in");
        let replacement = Replacement {
            group: self.id.clone(),
            old: old.clone(),
            new: new.clone(),
            old_protocols: before.protocols.clone(),
            old_rebalance_timeout_ms: before.rebalance_timeout_ms,
            old_session_timeout_ms: before.session_timeout_ms,
        };
        self.update_member(caller, request, &new);
        let why = format!("static member {new} joined; client reason: {}", reason(request));
        match self.state {
            GroupState::Stable if self.protocol == self.select_protocol() => {
                let record = self.to_record(|m| m.assignment.clone());
                cx.write(
                    vec![records::group_record(cx.wall_ms, &self.id, &record)],
                    Then::Replace(Box::new(replacement)),
                );
            }
            GroupState::Stable => self.rebalance_or_complete_join(cx, &why),
            GroupState::CompletingRebalance => self.prepare_rebalance(cx, &why),
            GroupState::PreparingRebalance => self.maybe_complete_join(cx),
            GroupState::Empty | GroupState::Dead => unreachable!("a group without members has no static member"),
        }
    }

    /// `replaceStaticMember`: whoever waits under the old id is fenced.
    fn swap_static(&mut self, cx: &mut Context, old: &MemberId, new: &MemberId) {
        let mut member = self.members.remove(old).expect("an instance maps to a member");
        member.answer_join_error(cx, ErrorCode::FencedInstanceId, old.clone());
        member.answer_sync_error(cx, ErrorCode::FencedInstanceId);
        cx.cancel(GroupTimer::Session { group: self.id.clone(), member: old.clone() });
        cx.note(Note::MemberLeft {
            group: self.id.clone(),
            member: old.clone(),
            reason: format!("replaced by {new}").into(),
        });
        cx.note(Note::MemberJoined {
            group: self.id.clone(),
            member: new.clone(),
            client_id: member.client_id.clone(),
        });
        member.id = new.clone();
        member.is_new = false;
        if let Some(instance) = &member.group_instance_id {
            self.static_members.insert(instance.clone(), new.clone());
        }
        if self.pending_sync.remove(old) {
            self.pending_sync.insert(new.clone());
        }
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        self.members.insert(new.clone(), member);
    }

    /// The record of a static member's new id is stored, or not.
    pub(crate) fn replacement_stored(&mut self, cx: &mut Context, replacement: Replacement, error: ErrorCode) {
        let Replacement { old, new, .. } = replacement;
        if !self.members.contains_key(&new) {
            return;
        }
        if error.is_ok() {
            // Somebody may have started a rebalance meanwhile; then its end answers.
            if self.state == GroupState::Stable {
                let response = JoinGroupResponse { skip_assignment: self.is_leader(&new), ..self.joined(&new) };
                self.members.get_mut(&new).expect("checked above").answer_join(cx, response);
            }
            return;
        }
        let generation = self.generation;
        let member = self.members.get_mut(&new).expect("checked above");
        member.answer_join(cx, JoinGroupResponse { generation, ..join_error(error, no_member()) });
        member.protocols = replacement.old_protocols;
        member.rebalance_timeout_ms = replacement.old_rebalance_timeout_ms;
        member.session_timeout_ms = replacement.old_session_timeout_ms;
        self.swap_static(cx, &new, &old);
        self.restart_session(cx, &old);
    }
}

fn reason(request: &JoinGroupRequest) -> &str {
    if request.reason.is_empty() { "not provided" } else { &request.reason }
}

/// A random UUID as Java prints it.
fn hyphenated(random_bits: u128) -> String {
    let hex = format!("{:032x}", protocol::TopicId::from_random_bits(random_bits).0);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
