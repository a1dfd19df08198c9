//! SyncGroup: the leader brings the assignment, everybody fetches theirs (`classicGroupSync`).

use protocol::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use protocol::{ErrorCode, MemberId, PartitionIndex, Plant, TopicName};

use crate::context::Context;
use crate::group::member::sync_error;
use crate::pending::Then;
use crate::{Caller, Group, GroupShard, GroupState, GroupTimer, records};

type Assignments = Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)>;

impl GroupShard {
    pub(crate) fn sync(&mut self, cx: &mut Context, caller: &Caller, request: &SyncGroupRequest) {
        let error = match self.soft.groups.get_mut(&request.group) {
            _ if request.group.is_empty() => ErrorCode::InvalidGroupId,
            None => ErrorCode::UnknownMemberId,
            Some(group) => match group.check_sync(request) {
                Ok(()) => return group.sync(cx, caller, request),
                Err(error) => error,
            },
        };
        cx.reply(caller.reply_to, sync_error(error));
    }
}

impl Group {
    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.validate_member(&request.member, request.group_instance_id.as_ref())?;
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differs = |given: &str, ours: Option<&str>| !given.is_empty() && ours.is_some_and(|ours| ours != given);
        if differs(&request.protocol_type, self.protocol_type.as_deref())
            || differs(&request.protocol_name, self.protocol.as_deref())
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn sync(&mut self, cx: &mut Context, caller: &Caller, request: &SyncGroupRequest) {
        match self.state {
            GroupState::PreparingRebalance => cx.reply(caller.reply_to, sync_error(ErrorCode::RebalanceInProgress)),
            GroupState::CompletingRebalance => {
                let member = self.members.get_mut(&request.member).expect("check_sync found this member");
                member.awaiting_sync = Some(caller.reply_to);
                self.has_synced(cx, &request.member);
                if self.is_leader(&request.member) {
                    self.store_assignment(cx, request);
                }
            }
            GroupState::Stable => {
                self.has_synced(cx, &request.member);
                let assignment = self.members.get(&request.member).map(|m| m.assignment.clone());
                cx.reply(caller.reply_to, self.synced(assignment.unwrap_or_default()));
            }
            GroupState::Empty | GroupState::Dead => unreachable!("check_sync lets no one in without members"),
        }
    }

    fn synced(&self, assignment: Vec<(TopicName, PartitionIndex)>) -> SyncGroupResponse {
        SyncGroupResponse { error: ErrorCode::None, protocol_name: self.protocol.clone(), assignment }
    }

    /// Writes the leader's assignment; members it leaves out get nothing.
    fn store_assignment(&mut self, cx: &mut Context, request: &SyncGroupRequest) {
        let any = cx.config.plant == Plant::AssignmentOfAnother;
        let given = |id: &MemberId| {
            request.assignments.iter().rev().find(|(m, _)| any || m == id).map(|(_, a)| a.clone()).unwrap_or_default()
        };
        let assignments: Assignments = self.members.keys().map(|id| (id.clone(), given(id))).collect();
        let record = self.to_record(|m| given(&m.id));
        let then = Then::Assign { group: self.id.clone(), generation: self.generation, assignments };
        cx.write(vec![records::group_record(cx.wall_ms, &self.id, &record)], then);
    }

    /// The assignment is in the log, or not. Does nothing if the group went on meanwhile.
    pub(crate) fn assignment_stored(
        &mut self,
        cx: &mut Context,
        generation: i32,
        assignments: Assignments,
        error: ErrorCode,
    ) {
        if self.state != GroupState::CompletingRebalance || self.generation != generation {
            return;
        }
        if !error.is_ok() {
            self.reset_assignment(cx, error);
            self.prepare_rebalance(cx, &format!("error {error} when storing group assignment during SyncGroup"));
            return;
        }
        for member in self.members.values_mut() {
            member.assignment.clear();
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.answer_syncs(cx, ErrorCode::None);
        self.transition(cx, GroupState::Stable, "assignment received from the leader");
    }

    /// Nobody owns anything; who waits for an assignment learns why there is none.
    pub(crate) fn reset_assignment(&mut self, cx: &mut Context, error: ErrorCode) {
        self.members.values_mut().for_each(|m| m.assignment.clear());
        self.answer_syncs(cx, error);
    }

    fn answer_syncs(&mut self, cx: &mut Context, error: ErrorCode) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let member = self.members.get_mut(&id).expect("its own key");
            let Some(to) = member.awaiting_sync.take() else { continue };
            let assignment = member.assignment.clone();
            cx.reply(to, if error.is_ok() { self.synced(assignment) } else { sync_error(error) });
            // While it waited its session could not expire, and no timer may be left.
            self.restart_session(cx, &id);
        }
    }

    fn has_synced(&mut self, cx: &mut Context, id: &MemberId) {
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            self.stop_pending_sync(cx);
        }
    }

    pub(crate) fn stop_pending_sync(&mut self, cx: &mut Context) {
        self.pending_sync.clear();
        if self.pending_sync_due_ms.take().is_some() {
            cx.cancel(GroupTimer::PendingSync { group: self.id.clone() });
        }
    }

    /// Members who never sent SyncGroup are out, static ones too (`expirePendingSync`).
    pub(crate) fn pending_sync_expired(&mut self, cx: &mut Context) {
        if self.pending_sync_due_ms.is_none_or(|due| due > cx.now_ms) {
            return;
        }
        self.pending_sync_due_ms = None;
        let syncing = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        if !syncing || self.pending_sync.is_empty() {
            return;
        }
        let late: Vec<MemberId> = self.pending_sync.iter().cloned().collect();
        for id in &late {
            self.remove(cx, id, "did not sync before the rebalance timeout");
        }
        self.prepare_rebalance(cx, &format!("Removing {} on pending sync request expiration", late.join(", ")));
    }
}
