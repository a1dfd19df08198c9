//! DeleteGroups: empty groups go, with their offsets. OffsetDelete: some of a group's offsets go (KIP-496).

use protocol::api::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use protocol::api::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use protocol::{ErrorCode, GroupId, Record, TopicName};

use crate::context::Context;
use crate::pending::{Then, dead};
use crate::{Caller, Group, GroupShard, GroupState, records};

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

    /// Offsets of topics that nobody in the group subscribes to (`OffsetMetadataManager#deleteOffsets`). What has no committed
    /// offset needs no tombstone, and counts as deleted.
    pub(crate) fn delete_offsets(
        &mut self,
        cx: &mut Context,
        caller: &Caller,
        request: &OffsetDeleteRequest,
        topics: &dyn Fn(&str) -> Option<i32>,
    ) {
        let group = match self.check_offset_delete(&request.group) {
            Ok(group) => group,
            Err(error) => {
                return cx.reply_after_writes(caller.reply_to, OffsetDeleteResponse { error, partitions: Vec::new() });
            }
        };
        // The broker looks for the partitions before the coordinator sees the request.
        let check = |topic: &str, partition: i32| match topics(topic) {
            Some(count) if (0..count).contains(&partition) && group.is_subscribed_to(topic) => {
                ErrorCode::GroupSubscribedToTopic
            }
            Some(count) if (0..count).contains(&partition) => ErrorCode::None,
            Some(_) | None => ErrorCode::UnknownTopicOrPartition,
        };
        let partitions: Vec<_> =
            request.partitions.iter().map(|(topic, p)| (topic.clone(), *p, check(topic, *p))).collect();
        let known = self.hard.offsets.get(&request.group);
        let has_offset = |topic: &TopicName, p: i32| known.is_some_and(|known| known.contains_key(&(topic.clone(), p)));
        let gone = partitions.iter().filter(|(topic, p, error)| error.is_ok() && has_offset(topic, *p));
        let records: Vec<Record> =
            gone.map(|(topic, p, _)| records::offset_tombstone(cx.wall_ms, &request.group, topic, *p)).collect();
        let response = OffsetDeleteResponse { error: ErrorCode::None, partitions };
        if records.is_empty() {
            return cx.reply_after_writes(caller.reply_to, response);
        }
        cx.write(records, Then::Answer { to: caller.reply_to, response: response.into(), notes: Vec::new() });
    }

    /// `ClassicGroup#validateOffsetDelete`: members that may be at work forbid it, unless they say what they subscribe to.
    fn check_offset_delete(&self, id: &GroupId) -> Result<&Group, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        match self.soft.groups.get(id) {
            None => Err(ErrorCode::GroupIdNotFound),
            Some(group) => match group.state {
                GroupState::Dead => Err(ErrorCode::GroupIdNotFound),
                GroupState::Stable | GroupState::PreparingRebalance | GroupState::CompletingRebalance
                    if !group.uses_consumer_protocol() =>
                {
                    Err(ErrorCode::NonEmptyGroup)
                }
                GroupState::Empty
                | GroupState::Stable
                | GroupState::PreparingRebalance
                | GroupState::CompletingRebalance => Ok(group),
            },
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
