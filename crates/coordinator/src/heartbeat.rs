//! Heartbeats and what happens without them (`classicGroupHeartbeat`, `expireClassicGroupMemberHeartbeat`).

use protocol::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use protocol::{ErrorCode, MemberId};

use crate::context::Context;
use crate::{Caller, Group, GroupShard, GroupState};

impl GroupShard {
    pub(crate) fn heartbeat(&mut self, cx: &mut Context, caller: &Caller, request: &HeartbeatRequest) {
        let error = match self.soft.groups.get_mut(&request.group) {
            _ if request.group.is_empty() => ErrorCode::InvalidGroupId,
            None => ErrorCode::UnknownMemberId,
            Some(group) => group.heartbeat(cx, request),
        };
        cx.reply_after_writes(caller.reply_to, HeartbeatResponse { error });
    }
}

impl Group {
    fn heartbeat(&mut self, cx: &mut Context, request: &HeartbeatRequest) -> ErrorCode {
        if self.state == GroupState::Dead {
            return ErrorCode::CoordinatorNotAvailable;
        }
        if let Err(error) = self.validate_member(&request.member, request.group_instance_id.as_ref()) {
            return error;
        }
        if request.generation != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        self.restart_session(cx, &request.member);
        match self.state {
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
            GroupState::Empty | GroupState::Dead => ErrorCode::UnknownMemberId,
        }
    }

    /// A session timer is due: of a pending id, of a new member or of a silent one.
    pub(crate) fn session_expired(&mut self, cx: &mut Context, id: &MemberId) {
        if let Some(due_ms) = self.pending_join.get(id) {
            if *due_ms <= cx.now_ms {
                self.remove(cx, id, "did not come back with its member id");
                self.complete_join_if_all_joined(cx);
            }
            return;
        }
        let Some(member) = self.members.get(id) else { return };
        if member.session_deadline_ms > cx.now_ms || member.has_satisfied_heartbeat() {
            return;
        }
        let reason = if member.is_new { "did not get into a generation in time" } else { "session expired" };
        self.remove(cx, id, reason);
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.prepare_rebalance(cx, &format!("removing member {id} on heartbeat expiration"));
            }
            GroupState::PreparingRebalance => self.complete_join_if_all_joined(cx),
            GroupState::Empty | GroupState::Dead => {}
        }
    }

    /// Ends the join phase when the one it waited for is gone. Unlike [`Group::maybe_complete_join`] this also ends an
    /// initial rebalance before its time, as Kafka does.
    fn complete_join_if_all_joined(&mut self, cx: &mut Context) {
        if self.state == GroupState::PreparingRebalance && self.has_all_members_joined() {
            self.complete_join(cx);
        }
    }
}
