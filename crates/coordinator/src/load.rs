//! Taking over a partition and giving it up (`GroupCoordinatorShard#onLoaded`, `#onUnloaded`), and what is answered
//! before and after.

use protocol::api::delete_groups::DeleteGroupsResponse;
use protocol::api::describe_groups::DescribeGroupsResponse;
use protocol::api::heartbeat::HeartbeatResponse;
use protocol::api::leave_group::LeaveGroupResponse;
use protocol::api::list_groups::ListGroupsResponse;
use protocol::api::offset_commit::OffsetCommitResponse;
use protocol::api::offset_delete::OffsetDeleteResponse;
use protocol::api::offset_fetch::OffsetFetchResponse;
use protocol::{ErrorCode, GroupId, Request, Response};

use crate::context::Context;
use crate::group::member::{join_error, sync_error};
use crate::pending::Then;
use crate::{Clock, Group, GroupShard, GroupState, GroupTimer, Outcome, describe, pending};

/// Where a shard is in its life: Loading → Active → Closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Phase {
    /// Reads its partition.
    #[default]
    Loading,
    /// Answers.
    Active,
    /// Another broker has the partition.
    Closed,
}

impl Phase {
    pub(crate) fn error(self) -> Option<ErrorCode> {
        match self {
            Phase::Loading => Some(ErrorCode::CoordinatorLoadInProgress),
            Phase::Active => None,
            Phase::Closed => Some(ErrorCode::NotCoordinator),
        }
    }
}

impl GroupShard {
    /// Everything is replayed: groups with members are Stable, with full session timeouts, the others Empty.
    pub fn loaded(&mut self, now: impl Into<Clock>) -> Outcome {
        let mut cx = self.context(now);
        self.soft.phase = Phase::Active;
        for (id, record) in &self.hard.groups {
            self.soft.groups.insert(id.clone(), Group::from_record(id.clone(), record, cx.wall_ms));
        }
        for id in self.hard.offsets.keys() {
            self.soft.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone(), cx.wall_ms));
        }
        for group in self.soft.groups.values_mut() {
            group.resume(&mut cx);
        }
        cx.arm(cx.now_ms + self.config.offsets_retention_check_interval_ms, GroupTimer::Expiry);
        self.finish(cx)
    }

    /// Another broker takes over: whoever waits learns NOT_COORDINATOR.
    pub fn unload(&mut self) -> Outcome {
        let mut cx = self.context(0_i64);
        for id in self.soft.groups.keys().cloned().collect::<Vec<_>>() {
            self.drop_group(&mut cx, &id, ErrorCode::NotCoordinator);
        }
        let (waiting, followers) = self.soft.pending.drain();
        for then in waiting {
            if let Then::Answer { to, response, .. } = then {
                cx.reply(to, pending::with_error(response, ErrorCode::NotCoordinator));
            }
        }
        for (to, response) in followers {
            cx.reply(to, pending::with_error(response, ErrorCode::NotCoordinator));
        }
        cx.cancel(GroupTimer::Expiry);
        self.soft.phase = Phase::Closed;
        cx.out
    }
}

impl Group {
    fn resume(&mut self, cx: &mut Context) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.restart_session(cx, &id);
        }
        if self.members.len() as u64 > cx.config.max_size.max(0) as u64 && self.state == GroupState::Stable {
            self.prepare_rebalance(cx, "Freshly-loaded group is over capacity");
        }
    }
}

/// What a coordinator that is loading, or is none any more, answers. A heartbeat while loading is blindly accepted, so
/// that members keep calm (`GroupCoordinatorService#heartbeat`).
pub(crate) fn refusal(request: &Request, error: ErrorCode) -> Option<Response> {
    Some(match request {
        Request::JoinGroup(r) => join_error(error, r.member.clone()).into(),
        Request::SyncGroup(_) => sync_error(error).into(),
        Request::Heartbeat(_) if error == ErrorCode::CoordinatorLoadInProgress => {
            HeartbeatResponse { error: ErrorCode::None }.into()
        }
        Request::Heartbeat(_) => HeartbeatResponse { error }.into(),
        Request::LeaveGroup(_) => LeaveGroupResponse { error, members: Vec::new() }.into(),
        Request::OffsetCommit(r) => OffsetCommitResponse {
            partitions: r.offsets.iter().map(|o| (o.topic.clone(), o.partition, error)).collect(),
        }
        .into(),
        Request::OffsetFetch(_) => OffsetFetchResponse { error, partitions: Vec::new() }.into(),
        Request::OffsetDelete(_) => OffsetDeleteResponse { error, partitions: Vec::new() }.into(),
        Request::DescribeGroups(r) => {
            DescribeGroupsResponse { groups: r.groups.iter().map(|id| describe::unknown(id, error)).collect() }.into()
        }
        Request::ListGroups(_) if error == ErrorCode::NotCoordinator => {
            ListGroupsResponse { error: ErrorCode::None, groups: Vec::new() }.into()
        }
        Request::ListGroups(_) => ListGroupsResponse { error, groups: Vec::new() }.into(),
        Request::DeleteGroups(r) => {
            let refused = |id: &GroupId| (id.clone(), error);
            DeleteGroupsResponse { groups: r.groups.iter().map(refused).collect() }.into()
        }
        _ => return None,
    })
}
