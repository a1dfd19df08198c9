//! LeaveGroup: members go, or an administrator removes static ones by instance id (`classicGroupLeave`).

use protocol::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, LeaveMember};
use protocol::{ErrorCode, MemberId};

use crate::context::Context;
use crate::pending::Then;
use crate::{Caller, Group, GroupShard, GroupState};

impl GroupShard {
    pub(crate) fn leave(&mut self, cx: &mut Context, caller: &Caller, request: &LeaveGroupRequest) {
        let refuse = |error| LeaveGroupResponse { error, members: Vec::new() };
        let response = match self.soft.groups.get_mut(&request.group) {
            _ if request.group.is_empty() => refuse(ErrorCode::InvalidGroupId),
            None => refuse(ErrorCode::UnknownMemberId),
            Some(group) if group.state == GroupState::Dead => refuse(ErrorCode::CoordinatorNotAvailable),
            Some(group) => group.leave(cx, request),
        };
        // The last member's leave is answered when the empty group is stored.
        match cx.writes.last_mut() {
            Some((_, then)) => {
                *then = Then::Answer { to: caller.reply_to, response: response.into(), notes: Vec::new() }
            }
            None => cx.reply_after_writes(caller.reply_to, response),
        }
    }
}

impl Group {
    fn leave(&mut self, cx: &mut Context, request: &LeaveGroupRequest) -> LeaveGroupResponse {
        let mut members: Vec<(MemberId, ErrorCode)> = Vec::new();
        for leaving in &request.members {
            let error = self.leave_one(cx, leaving).err().unwrap_or_default();
            members.push((leaving.member.clone(), error));
        }
        let left: Vec<&str> = members.iter().filter(|(_, error)| error.is_ok()).map(|(id, _)| &**id).collect();
        if !left.is_empty() {
            let reason = format!("explicit `LeaveGroup` request for ({}) members.", left.join(", "));
            match self.state {
                GroupState::Stable | GroupState::CompletingRebalance => self.rebalance_or_complete_join(cx, &reason),
                GroupState::PreparingRebalance => self.maybe_complete_join(cx),
                GroupState::Empty | GroupState::Dead => {}
            }
        }
        LeaveGroupResponse { error: ErrorCode::None, members }
    }

    fn leave_one(&mut self, cx: &mut Context, leaving: &LeaveMember) -> Result<(), ErrorCode> {
        let instance = leaving.group_instance_id.as_ref();
        let id = if leaving.member.is_empty() {
            instance.and_then(|i| self.static_members.get(i)).cloned().ok_or(ErrorCode::UnknownMemberId)?
        } else {
            if !self.pending_join.contains_key(&leaving.member) {
                self.validate_member(&leaving.member, instance)?;
            }
            leaving.member.clone()
        };
        let reason = if leaving.reason.is_empty() { "not provided" } else { &leaving.reason };
        self.remove(cx, &id, &format!("left: {reason}"));
        Ok(())
    }
}
