//! DeleteGroups: empty groups go, with their offsets.

use protocol::api::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use protocol::{ErrorCode, GroupId, Record};

use crate::context::Context;
use crate::pending::{Then, dead};
use crate::{Caller, GroupShard, GroupState, records};

impl GroupShard {
    pub(crate) fn delete(&mut self, cx: &mut Context, caller: &Caller, request: &DeleteGroupsRequest) {
        let groups: Vec<(GroupId, ErrorCode)> =
            request.groups.iter().map(|id| (id.clone(), self.check_delete(id))).collect();
        let mut records = Vec::new();
        for (id, _) in groups.iter().filter(|(_, error)| error.is_ok()) {
            self.bury(cx.wall_ms, id, &mut records);
        }
        let deleted = groups.iter().filter(|(_, error)| error.is_ok()).filter_map(|(id, _)| self.soft.groups.get(id));
        let notes = deleted.map(|group| dead(group, "deleted")).collect();
        let response = DeleteGroupsResponse { groups };
        if records.is_empty() {
            return cx.reply_after_writes(caller.reply_to, response);
        }
        cx.write(records, Then::Answer { to: caller.reply_to, response: response.into(), notes });
    }

    fn check_delete(&self, id: &GroupId) -> ErrorCode {
        match self.soft.groups.get(id).map(|g| g.state) {
            _ if id.is_empty() => ErrorCode::InvalidGroupId,
            None | Some(GroupState::Dead) => ErrorCode::GroupIdNotFound,
            Some(GroupState::Empty) => ErrorCode::None,
            Some(GroupState::Stable | GroupState::PreparingRebalance | GroupState::CompletingRebalance) => {
                ErrorCode::NonEmptyGroup
            }
        }
    }

    /// Tombstones of all a group has.
    fn bury(&self, now_ms: i64, id: &GroupId, records: &mut Vec<Record>) {
        for (topic, partition) in self.hard.offsets.get(id).into_iter().flat_map(|offsets| offsets.keys()) {
            records.push(records::offset_tombstone(now_ms, id, topic, *partition));
        }
        records.push(records::group_tombstone(now_ms, id));
    }
}
