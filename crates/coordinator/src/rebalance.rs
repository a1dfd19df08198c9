//! The join phase of a rebalance: how it starts, how long it waits, how it ends (`prepareRebalance`,
//! `tryCompleteInitialRebalanceElseSchedule`, `completeClassicGroupJoin`).

use protocol::{ErrorCode, MemberId};

use crate::context::Context;
use crate::group::{RebalanceTimer, RebalanceWait};
use crate::pending::Then;
use crate::{Group, GroupState, GroupTimer, records};

impl Group {
    /// `maybePrepareRebalanceOrCompleteJoin`.
    pub(crate) fn rebalance_or_complete_join(&mut self, cx: &mut Context, reason: &str) {
        if self.state.may_become(GroupState::PreparingRebalance) {
            self.prepare_rebalance(cx, reason);
        } else {
            self.maybe_complete_join(cx);
        }
    }

    /// Starts a rebalance. A group that was empty waits for more members to come (KIP-134).
    pub(crate) fn prepare_rebalance(&mut self, cx: &mut Context, reason: &str) {
        if self.state == GroupState::CompletingRebalance {
            self.reset_assignment(cx, ErrorCode::RebalanceInProgress);
        }
        self.stop_pending_sync(cx);
        let is_initial = self.state == GroupState::Empty;
        if is_initial {
            let delay_ms = cx.config.initial_rebalance_delay_ms;
            let remaining_ms = (self.rebalance_timeout_ms() - delay_ms).max(0);
            self.wait(cx, delay_ms, RebalanceWait::Initial { delay_ms, remaining_ms });
        }
        self.transition(cx, GroupState::PreparingRebalance, reason);
        if !is_initial {
            if self.has_all_members_joined() {
                self.complete_join(cx);
            } else {
                self.wait(cx, self.rebalance_timeout_ms(), RebalanceWait::Rejoin);
            }
        }
    }

    /// Ends the join phase if everybody is there; never the initial one, which runs its time (`maybeCompleteJoinPhase`).
    pub(crate) fn maybe_complete_join(&mut self, cx: &mut Context) {
        let is_initial = self.previous_state == GroupState::Empty;
        if self.state == GroupState::PreparingRebalance && !is_initial && self.has_all_members_joined() {
            self.complete_join(cx);
        }
    }

    pub(crate) fn rebalance_timer(&mut self, cx: &mut Context) {
        let Some(timer) = self.rebalance_timer.filter(|t| t.due_ms <= cx.now_ms) else { return };
        self.rebalance_timer = None;
        match timer.kind {
            RebalanceWait::Initial { delay_ms, remaining_ms } if self.new_member_added && remaining_ms != 0 => {
                self.new_member_added = false;
                let next_ms = cx.config.initial_rebalance_delay_ms.min(remaining_ms);
                let remaining_ms = (remaining_ms - delay_ms).max(0);
                self.wait(cx, next_ms, RebalanceWait::Initial { delay_ms: next_ms, remaining_ms });
            }
            RebalanceWait::Initial { .. } | RebalanceWait::Rejoin => self.complete_join(cx),
        }
    }

    fn wait(&mut self, cx: &mut Context, delay_ms: i32, kind: RebalanceWait) {
        let due_ms = cx.now_ms + i64::from(delay_ms);
        self.rebalance_timer = Some(RebalanceTimer { due_ms, kind });
        cx.arm(due_ms, GroupTimer::Rebalance { group: self.id.clone() });
    }

    /// Ends the join phase (`completeClassicGroupJoin`). Dynamic members who are not there are out; static ones stay.
    pub(crate) fn complete_join(&mut self, cx: &mut Context) {
        self.rebalance_timer = None;
        cx.cancel(GroupTimer::Rebalance { group: self.id.clone() });
        for id in self.absent_dynamic_members() {
            self.remove(cx, &id, "did not rejoin before the rebalance timeout");
        }
        if !self.members.is_empty() && !self.elect_joined_leader() {
            self.wait(cx, self.rebalance_timeout_ms(), RebalanceWait::Rejoin);
            return;
        }
        self.generation += 1;
        self.new_member_added = false;
        self.pending_sync.clear();
        if self.members.is_empty() {
            self.become_empty(cx);
        } else {
            self.begin_generation(cx);
        }
    }

    fn absent_dynamic_members(&self) -> Vec<MemberId> {
        let absent = self.members.values().filter(|m| m.awaiting_join.is_none() && m.group_instance_id.is_none());
        absent.map(|m| m.id.clone()).collect()
    }

    /// Makes sure the leader is somebody who joined; false if nobody did (`maybeElectNewJoinedLeader`).
    fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |id: &MemberId| self.members.get(id).is_some_and(|m| m.awaiting_join.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        match self.members.values().find(|m| m.awaiting_join.is_some()) {
            Some(member) => {
                self.leader = Some(member.id.clone());
                true
            }
            None => false,
        }
    }

    fn become_empty(&mut self, cx: &mut Context) {
        self.protocol = None;
        self.subscribed = self.compute_subscribed();
        self.transition(cx, GroupState::Empty, "no members");
        let record = self.to_record(|_| Vec::new());
        cx.write(vec![records::group_record(cx.wall_ms, &self.id, &record)], Then::Nothing);
    }

    fn begin_generation(&mut self, cx: &mut Context) {
        self.protocol = self.select_protocol();
        self.subscribed = self.compute_subscribed();
        let reason = format!("generation {} with {} members", self.generation, self.members.len());
        self.transition(cx, GroupState::CompletingRebalance, &reason);
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let response = self.joined(&id);
            let member = self.members.get_mut(&id).expect("its own key");
            member.answer_join(cx, response);
            member.is_new = false;
            self.restart_session(cx, &id);
            self.pending_sync.insert(id);
        }
        let due_ms = cx.now_ms + i64::from(self.rebalance_timeout_ms());
        self.pending_sync_due_ms = Some(due_ms);
        cx.arm(due_ms, GroupTimer::PendingSync { group: self.id.clone() });
    }
}
