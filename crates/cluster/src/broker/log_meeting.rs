//! A follower's log meets its leader's: truncation where the leader says they part, and what happens when they do not
//! meet at all (`AbstractFetcherThread#getOffsetTruncationState`, `#fetchOffsetAndTruncate`).

use protocol::api::fetch::EpochEnd;
use protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsResult};
use protocol::{ErrorCode, Note, Plant};

use super::disk::ReplicaIndex;
use super::fetchers::{FetchCall, FetcherId};
use super::{Broker, Work};
use crate::process::{Context, Fx, wall_ms};

/// ListOffsets timestamps.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

impl Broker {
    /// The logs part at or before `end`, the leader says (`AbstractFetcherThread#getOffsetTruncationState`).
    pub(super) fn truncate_to_divergence(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        index: ReplicaIndex,
        end: &EpochEnd,
    ) {
        let log = self.disk.log(index);
        let own = log.end_offset_for_epoch(end.epoch);
        let offset = match own.is_defined() {
            false => end.end_offset,
            true if cx.spec.has(Plant::DivergenceByOffset) => end.end_offset,
            true if own.epoch != end.epoch => own.end_offset,
            true => own.end_offset.min(end.end_offset),
        };
        self.truncate(cx, fx, index, offset.min(log.log_end_offset()));
    }

    pub(super) fn truncate(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, offset: i64) {
        let log = self.disk.log_mut(index);
        let from = log.log_end_offset();
        log.truncate_to(offset, wall_ms(cx.now, fx));
        let to = log.log_end_offset();
        if from != to {
            self.disk.checkpoint_truncated(index, wall_ms(cx.now, fx));
        }
        self.note_truncation(cx, fx, index, from, to);
    }

    fn note_truncation(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex, from: i64, to: i64) {
        let broker = self.id;
        self.disk.lower_cleaned(index, wall_ms(cx.now, fx));
        let due_ms = self.disk.log(index).next_file_deletion_ms();
        self.arm_file_deletion(cx.now, fx, due_ms);
        if let Some(partition) = self.partition(index).filter(|_| from != to) {
            fx.note(Note::Truncated { tp: partition.tp.clone(), broker, from, to });
        }
        self.wake_later(index);
    }

    /// The leader does not have this log's end: asks where its own ends.
    pub(super) fn ask_leader_end(&mut self, cx: &Context<'_>, fx: &mut Fx, id: FetcherId, index: ReplicaIndex) {
        self.ask_leader_offset(cx, fx, id, index, LATEST);
    }

    /// This log and the leader's do not meet: asks where the leader's is (`#fetchOffsetAndTruncate`).
    fn ask_leader_offset(&mut self, cx: &Context<'_>, fx: &mut Fx, id: FetcherId, index: ReplicaIndex, timestamp: i64) {
        let Some(endpoint) = cx.image.brokers.get(&id.leader) else { return self.delay(cx, id, index) };
        let Some(partition) = self.partition(index) else { return };
        let asked = ListOffsetsPartition {
            topic: partition.tp.topic.clone(),
            partition: partition.tp.partition,
            current_leader_epoch: partition.leader_epoch,
            timestamp,
        };
        let request = ListOffsetsRequest { replica: self.id, read_committed: false, partitions: vec![asked] };
        if let Some(followed) = self.followed_mut(id, index) {
            followed.is_resolving = true;
        }
        self.position_changed(id, index);
        let address = (endpoint.host.clone(), endpoint.port);
        self.call_leader(cx, fx, &address, FetchCall::Offsets(id, index, timestamp), id, request.into());
    }

    pub(super) fn on_leader_offset(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        id: FetcherId,
        index: ReplicaIndex,
        timestamp: i64,
        response: &ListOffsetsResponse,
    ) {
        if !self.followed_mut(id, index).is_some_and(|followed| followed.is_resolving) {
            return;
        }
        let Some(ListOffsetsResult { error: ErrorCode::None, offset, .. }) = response.partitions.first() else {
            self.delay(cx, id, index);
            self.soft.work.push_back(Work::Fetch(id));
            return;
        };
        let end = self.disk.log(index).log_end_offset();
        if timestamp == LATEST && *offset >= end {
            return self.ask_leader_offset(cx, fx, id, index, EARLIEST);
        }
        if timestamp == LATEST {
            self.truncate(cx, fx, index, *offset);
        } else if *offset > end {
            self.disk.log_mut(index).truncate_fully_and_start_at(*offset, wall_ms(cx.now, fx));
            self.disk.checkpoint_truncated(index, wall_ms(cx.now, fx));
            self.note_truncation(cx, fx, index, end, *offset);
        }
        if let Some(followed) = self.followed_mut(id, index) {
            followed.is_resolving = false;
        }
        self.position_changed(id, index);
        self.soft.work.push_back(Work::Fetch(id));
    }
}
