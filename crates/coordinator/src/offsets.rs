//! Committed offsets: OffsetCommit and OffsetFetch (`OffsetMetadataManager`).

use ordered::SortedSet;
use protocol::api::offset_commit::{OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse};
use protocol::api::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResult};
use protocol::{ErrorCode, Note, Plant, Record, TopicName, gap};

use crate::context::Context;
use crate::hard::{CommittedOffset, OffsetKey};
use crate::pending::Then;
use crate::{Caller, Group, GroupShard, GroupState, records};

gap!(
    "OffsetCommit before v9 (ILLEGAL_GENERATION instead of GROUP_ID_NOT_FOUND) and per-request retention",
    "KIP-848, KIP-211"
);
gap!("offsets by topic id (OffsetCommit and OffsetFetch v10)", "KIP-848");

impl GroupShard {
    pub(crate) fn commit_offsets(
        &mut self,
        cx: &mut Context,
        caller: &Caller,
        request: &OffsetCommitRequest,
        topics: &dyn Fn(&str) -> Option<i32>,
    ) {
        let mut partitions = check_partitions(request, topics);
        let is_for_group = partitions.iter().any(|(_, _, error)| error.is_ok());
        if is_for_group && let Err(error) = self.check_commit(cx, request) {
            partitions.iter_mut().filter(|p| p.2.is_ok()).for_each(|p| p.2 = error);
        }
        let mut records: Vec<Record> = Vec::new();
        let mut committed = Vec::new();
        let surplus = i64::from(cx.config.plant == Plant::CommitOffByOne);
        for (offset, (_, _, error)) in request.offsets.iter().zip(&mut partitions) {
            if !error.is_ok() {
                continue;
            }
            if offset.metadata.encode_utf16().count() > cx.config.offset_metadata_max_bytes.max(0) as usize {
                *error = ErrorCode::OffsetMetadataTooLarge;
                continue;
            }
            let position = offset.offset + surplus;
            records.push(offset_record(cx, request, offset, position));
            committed.push((offset.topic.clone(), offset.partition, position));
        }
        let response = OffsetCommitResponse { partitions };
        if records.is_empty() {
            return cx.reply_after_writes(caller.reply_to, response);
        }
        let notes = vec![Note::OffsetsCommitted { group: request.group.clone(), offsets: committed }];
        if cx.config.plant == Plant::CommitBeforeReplicated {
            notes.into_iter().for_each(|note| cx.note(note));
            cx.reply(caller.reply_to, response);
            return cx.write(records, Then::Nothing);
        }
        cx.write(records, Then::Answer { to: caller.reply_to, response: response.into(), notes });
    }

    /// Whether the group takes this commit; it keeps the member's session up (`validateOffsetCommit`).
    fn check_commit(&mut self, cx: &mut Context, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let now_ms = cx.wall_ms;
        if !self.soft.groups.contains_key(&request.group) {
            if request.generation >= 0 {
                return Err(ErrorCode::GroupIdNotFound);
            }
            self.soft.groups.insert(request.group.clone(), Group::new(request.group.clone(), now_ms));
        }
        let group = self.soft.groups.get_mut(&request.group).expect("it was there or was put there");
        if cx.config.plant != Plant::ZombieCommits {
            group.check_commit(request)?;
        }
        if matches!(group.state, GroupState::Stable | GroupState::PreparingRebalance) {
            group.restart_session(cx, &request.member);
        }
        Ok(())
    }

    pub(crate) fn fetch_offsets(&mut self, cx: &mut Context, caller: &Caller, request: &OffsetFetchRequest) {
        let result = |(topic, partition): OffsetKey, found: Option<&CommittedOffset>| OffsetFetchResult {
            topic,
            partition,
            offset: found.map_or(-1, |o| o.offset),
            leader_epoch: found.map_or(-1, |o| o.leader_epoch),
            metadata: found.map_or_else(|| "".into(), |o| o.metadata.clone()),
            error: ErrorCode::None,
        };
        // A stable fetch sees every write and waits for them; another one sees what is below the high watermark.
        let find = |key: &OffsetKey| {
            if request.require_stable {
                self.newest(&request.group, key)
            } else {
                self.committed_offset(&request.group, key)
            }
        };
        let keys: Vec<OffsetKey> = match &request.partitions {
            Some(keys) => keys.clone(),
            None => self.offset_keys(&request.group).into_iter().filter(|key| find(key).is_some()).collect(),
        };
        let partitions = keys.into_iter().map(|key| result(key.clone(), find(&key))).collect();
        let response = OffsetFetchResponse { error: ErrorCode::None, partitions };
        if request.require_stable {
            cx.reply_after_writes(caller.reply_to, response);
        } else {
            cx.reply(caller.reply_to, response);
        }
    }

    fn newest(&self, group: &str, key: &OffsetKey) -> Option<&CommittedOffset> {
        self.hard.offsets.get(group).and_then(|offsets| offsets.get(key))
    }

    fn committed_offset(&self, group: &str, key: &OffsetKey) -> Option<&CommittedOffset> {
        self.soft.pending.before(group, key).unwrap_or_else(|| self.newest(group, key))
    }

    fn offset_keys(&self, group: &str) -> SortedSet<OffsetKey> {
        let known = self.hard.offsets.get(group).into_iter().flat_map(|offsets| offsets.keys());
        known.chain(self.soft.pending.touched(group)).cloned().collect()
    }

    pub(crate) fn committed_offsets<'a>(
        &'a self,
        group: &'a str,
    ) -> impl Iterator<Item = (&'a OffsetKey, &'a CommittedOffset)> {
        let known = self.hard.offsets.get(group).into_iter().flat_map(|offsets| offsets.keys());
        let keys: SortedSet<&OffsetKey> = known.chain(self.soft.pending.touched(group)).collect();
        keys.into_iter().filter_map(move |key| self.committed_offset(group, key).map(|offset| (key, offset)))
    }

    /// Topics were deleted: their offsets go (`onPartitionsDeleted`).
    pub(crate) fn delete_offsets_of(&mut self, cx: &mut Context, topics: &[TopicName]) {
        let mut records = Vec::new();
        for (group, offsets) in &self.hard.offsets {
            let gone = offsets.keys().filter(|(topic, _)| topics.contains(topic));
            records
                .extend(gone.map(|(topic, partition)| records::offset_tombstone(cx.wall_ms, group, topic, *partition)));
        }
        cx.write(records, Then::Nothing);
    }
}

/// What the broker checks before the coordinator sees the request (`KafkaApis#handleOffsetCommitRequest`).
fn check_partitions(
    request: &OffsetCommitRequest,
    topics: &dyn Fn(&str) -> Option<i32>,
) -> Vec<(TopicName, i32, ErrorCode)> {
    let check = |o: &OffsetCommitPartition| match topics(&o.topic) {
        Some(count) if (0..count).contains(&o.partition) => ErrorCode::None,
        Some(_) | None => ErrorCode::UnknownTopicOrPartition,
    };
    request.offsets.iter().map(|o| (o.topic.clone(), o.partition, check(o))).collect()
}

fn offset_record(cx: &Context, request: &OffsetCommitRequest, offset: &OffsetCommitPartition, position: i64) -> Record {
    let value = CommittedOffset {
        offset: position,
        leader_epoch: offset.leader_epoch,
        metadata: offset.metadata.clone(),
        commit_timestamp_ms: cx.wall_ms,
        record_offset: -1,
    };
    records::offset_record(cx.wall_ms, &request.group, &offset.topic, offset.partition, &value)
}

impl Group {
    /// `ClassicGroup#validateOffsetCommit`.
    fn check_commit(&self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if request.generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        let names_member = request.generation >= 0 || !request.member.is_empty() || request.group_instance_id.is_some();
        if names_member {
            self.validate_member(&request.member, request.group_instance_id.as_ref())?;
            if request.generation != self.generation {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if self.state != GroupState::Empty {
            return Err(ErrorCode::UnknownMemberId);
        }
        if self.state == GroupState::CompletingRebalance { Err(ErrorCode::RebalanceInProgress) } else { Ok(()) }
    }
}
