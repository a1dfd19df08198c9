//! ListOffsets and OffsetForLeaderEpoch (`Partition#fetchOffsetForTimestamp`, `#lastOffsetForLeaderEpoch`).
//! Left out: tiered offsets.

use protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsResult};
use protocol::api::offset_for_leader_epoch::{
    EpochAnswer, EpochQuestion, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};
use protocol::{ErrorCode, gap};

use super::Broker;
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::partition::Leadership;
use crate::process::Context;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
/// Of these there are none without remote storage (KIP-1005, KIP-1023).
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// Timestamp, offset, leader epoch; −1 where there is none.
type Found = (i64, i64, i32);
const NOTHING: Found = (-1, -1, -1);

impl Broker {
    pub(super) fn handle_list_offsets(&mut self, cx: &Context<'_>, request: &ListOffsetsRequest) -> Answer {
        let partitions = request.partitions.iter().map(|asked| {
            let (error, (timestamp, offset, leader_epoch)) = match self.list_offset(cx, request, asked) {
                Ok(found) => (ErrorCode::None, found),
                Err(error) => (error, NOTHING),
            };
            let (topic, partition) = (asked.topic.clone(), asked.partition);
            ListOffsetsResult { topic, partition, error, timestamp, offset, leader_epoch }
        });
        ListOffsetsResponse { partitions: partitions.collect() }.into()
    }

    fn list_offset(
        &self,
        cx: &Context<'_>,
        request: &ListOffsetsRequest,
        asked: &ListOffsetsPartition,
    ) -> Result<Found, ErrorCode> {
        let (index, leadership) = self.led(cx, &asked.topic, asked.partition, asked.current_leader_epoch)?;
        let log = self.disk.log(index);
        // Followers see the log end; clients the high watermark (which is the last stable offset too).
        gap!("read_committed bounds offsets by the last stable offset", "KIP-98");
        let is_replica = request.replica.is_some();
        let bound = if is_replica { log.log_end_offset() } else { log.high_watermark() };
        let is_behind_epoch = !is_replica && bound < leadership.epoch_start_offset;
        match asked.timestamp {
            LATEST if is_behind_epoch => Err(ErrorCode::OffsetNotAvailable),
            LATEST => Ok((-1, bound, log.latest_epoch())),
            EARLIEST | EARLIEST_LOCAL => {
                let start = log.log_start_offset();
                let epoch = log.epochs().iter().rev().find(|(_, from)| *from <= start).map_or(-1, |(epoch, _)| *epoch);
                Ok((-1, start, epoch))
            }
            timestamp if timestamp == MAX_TIMESTAMP || timestamp >= 0 => {
                let found = if timestamp >= 0 { log.offset_for_timestamp(timestamp) } else { log.max_timestamp() };
                match found {
                    Some(found) if found.offset >= bound && is_behind_epoch => Err(ErrorCode::OffsetNotAvailable),
                    Some(found) if found.offset >= bound => Ok(NOTHING),
                    Some(found) => Ok((found.timestamp_ms, found.offset, found.leader_epoch)),
                    None => Ok(NOTHING),
                }
            }
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(NOTHING),
            _ => Err(ErrorCode::UnsupportedVersion),
        }
    }

    pub(super) fn handle_offset_for_leader_epoch(
        &mut self,
        cx: &Context<'_>,
        request: &OffsetForLeaderEpochRequest,
    ) -> Answer {
        let partitions = request.partitions.iter().map(|asked| {
            let EpochQuestion { topic, partition, current_leader_epoch, leader_epoch } = asked;
            let (error, leader_epoch, end_offset) = match self.led(cx, topic, *partition, *current_leader_epoch) {
                Ok((index, _)) => {
                    let end = self.disk.log(index).end_offset_for_epoch(*leader_epoch);
                    (ErrorCode::None, end.epoch, end.end_offset)
                }
                Err(error) => (error, -1, -1),
            };
            EpochAnswer { topic: topic.clone(), partition: *partition, error, leader_epoch, end_offset }
        });
        OffsetForLeaderEpochResponse { partitions: partitions.collect() }.into()
    }

    /// A partition this broker leads, by name; epoch errors come before leadership errors.
    fn led(
        &self,
        cx: &Context<'_>,
        topic: &str,
        partition: i32,
        leader_epoch: i32,
    ) -> Result<(ReplicaIndex, &Leadership), ErrorCode> {
        let topic_id = *cx.image.by_name.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let (index, hosted) = self.hosted(cx, topic_id, partition)?;
        hosted.check_leader_epoch(leader_epoch)?;
        Ok((index, hosted.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?))
    }
}
