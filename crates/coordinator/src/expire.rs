//! Expiry of offsets nobody needs and of empty groups (`GroupCoordinatorShard#cleanupGroupMetadata`, KIP-211).

use protocol::{Record, TopicName};

use crate::context::Context;
use crate::hard::CommittedOffset;
use crate::pending::{Then, dead};
use crate::{Clock, Group, GroupShard, GroupState, GroupTimer, Outcome, records};

impl GroupShard {
    /// These topics were deleted: every group's offsets of them go.
    pub fn topics_deleted(&mut self, now: impl Into<Clock>, topics: &[TopicName]) -> Outcome {
        let mut cx = self.context(now);
        if self.soft.phase == crate::load::Phase::Active {
            self.delete_offsets_of(&mut cx, topics);
        }
        self.finish(cx)
    }

    pub(crate) fn expire(&self, cx: &mut Context) {
        let mut records = Vec::new();
        for group in self.soft.groups.values() {
            let is_without_offsets = self.expire_offsets(cx, group, &mut records);
            if is_without_offsets && group.state == GroupState::Empty {
                records.push(records::group_tombstone(cx.wall_ms, &group.id));
                cx.note(dead(group, "expired"));
            }
        }
        cx.write(records, Then::Nothing);
        cx.arm(cx.now_ms + cx.config.offsets_retention_check_interval_ms, GroupTimer::Expiry);
    }

    /// True if the group has no offsets after this.
    fn expire_offsets(&self, cx: &Context, group: &Group, records: &mut Vec<Record>) -> bool {
        let Some(offsets) = self.hard.offsets.get(&group.id) else { return true };
        let mut none_left = true;
        for ((topic, partition), offset) in offsets {
            let since_ms = group.offset_unused_since_ms(offset);
            let is_expired = since_ms.is_some_and(|since| cx.wall_ms - since >= cx.config.offsets_retention_ms);
            if is_expired && !group.is_subscribed_to(topic) {
                records.push(records::offset_tombstone(cx.wall_ms, &group.id, topic, *partition));
            } else {
                none_left = false;
            }
        }
        none_left
    }
}

impl Group {
    /// From when an offset's retention counts; None if it does not now (`offsetExpirationCondition`).
    fn offset_unused_since_ms(&self, offset: &CommittedOffset) -> Option<i64> {
        match (&self.protocol_type, self.state) {
            (None, _) => Some(offset.commit_timestamp_ms),
            (Some(_), GroupState::Empty) => Some(self.state_since_ms.unwrap_or(offset.commit_timestamp_ms)),
            (Some(_), GroupState::Stable) if self.uses_consumer_protocol() && self.subscribed.is_some() => {
                Some(offset.commit_timestamp_ms)
            }
            (Some(_), _) => None,
        }
    }
}
