//! Positions after a change of leader (KIP-320; `SubscriptionState#maybeValidatePositionForCurrentLeader`,
//! `OffsetsForLeaderEpochClient`). The new leader says where the epoch of the last record that was read ends in its log. If
//! that is before the position, records that were read are gone, and others may stand in their place.

use kernel::{Address, Time};
use ordered::SortedMap;
use protocol::api::offset_for_leader_epoch::{
    EpochQuestion, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};
use protocol::{ApiKey, ErrorCode, Plant, TopicPartition};

use super::Consumer;
use super::positions::is_of_moves;
use super::state::{Asked, Partition, Seek, Validating};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile};

const OFFSETS_FOR_EPOCH: &str = "org.apache.kafka.clients.consumer.internals.OffsetsForLeaderEpochUtils";

impl Consumer {
    /// Positions whose leader has changed, or that are new, are not read on from before their leader was asked. Without an epoch
    /// there is nothing to ask.
    pub(super) fn watch_leaders(&mut self) {
        let known = Some(self.net.metadata.leaders);
        if std::mem::replace(&mut self.leaders_seen, known) == known {
            return;
        }
        for (tp, partition) in &mut self.partitions {
            let Some((leader, _, epoch)) = self.net.metadata.leader(tp) else { continue };
            let has_position = matches!(partition.seek, Seek::Done | Seek::Validate);
            if !has_position || partition.leader == Some((leader, epoch)) {
                continue;
            }
            partition.leader = Some((leader, epoch));
            partition.preferred = None;
            partition.is_asked = false;
            let asks = partition.epoch >= 0 && epoch >= 0 && self.plant != Plant::TruncationMissed;
            partition.seek = if asks { Seek::Validate } else { Seek::Done };
        }
        let is_fetchable =
            |tp: &TopicPartition| self.partitions.get(tp).is_some_and(|partition| partition.seek == Seek::Done);
        self.completed.retain(|completed| is_fetchable(&completed.tp));
    }

    pub(super) fn validate(&mut self, now: Time, fx: &mut Fx) {
        let mut by_leader: SortedMap<Address, Vec<Validating>> = SortedMap::new();
        let mut is_leader_unknown = false;
        for (tp, partition) in &self.partitions {
            if partition.seek != Seek::Validate || partition.is_asked || partition.not_before > now {
                continue;
            }
            match self.net.metadata.leader(tp) {
                Some((_, node, _)) => by_leader.entry(node.clone()).or_default().push(Validating::of(tp, partition)),
                None => is_leader_unknown = true,
            }
        }
        if is_leader_unknown {
            self.net.metadata.request_update();
        }
        for (node, partitions) in by_leader {
            if self.net.ready(now, fx, Lane::Data, &node) {
                self.send_validation(now, fx, &node, partitions);
            }
        }
    }

    fn send_validation(&mut self, now: Time, fx: &mut Fx, node: &Address, partitions: Vec<Validating>) {
        let question = |asked: &Validating| EpochQuestion {
            topic: asked.tp.topic.clone(),
            partition: asked.tp.partition,
            current_leader_epoch: asked.leader.map_or(-1, |(_, epoch)| epoch),
            leader_epoch: asked.epoch,
        };
        let request = OffsetForLeaderEpochRequest { partitions: partitions.iter().map(question).collect() };
        for asked in &partitions {
            self.partitions.get_mut(&asked.tp).into_iter().for_each(|partition| partition.is_asked = true);
        }
        let tag = Asked::Validate { assignment: self.assignment, partitions };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, Lane::Data, node, timeout, tag, request.into());
    }

    pub(super) fn validation_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        assignment: u64,
        asked: &[Validating],
        answer: OffsetForLeaderEpochResponse,
    ) {
        for result in answer.partitions {
            let tp = TopicPartition::new(result.topic, result.partition);
            let is_meant = |p: &&mut Partition| p.since <= assignment && p.seek == Seek::Validate;
            let Some(partition) = self.partitions.get_mut(&tp).filter(is_meant) else { continue };
            if !asked.contains(&Validating::of(&tp, partition)) {
                continue;
            }
            partition.is_asked = false;
            let is_there = partition.position.is_none_or(|position| position <= result.end_offset);
            let is_defined = result.end_offset >= 0 && result.leader_epoch >= 0;
            match result.error {
                ErrorCode::None if is_defined && is_there => partition.seek = Seek::Done,
                ErrorCode::None => {
                    self.truncated(&tp, is_defined.then_some((result.end_offset, result.leader_epoch)));
                }
                code => {
                    self.note_error(fx, ApiKey::OffsetForLeaderEpoch, code);
                    self.log_validation_error(&tp, code);
                    self.validate_again(now, fx, assignment, asked, &tp);
                    self.net.metadata.request_update();
                }
            }
        }
    }

    /// What Java logs of an error it goes on after, by a logger that does not know the client.
    fn log_validation_error(&mut self, tp: &TopicPartition, code: ErrorCode) {
        if self.profile == Profile::Librdkafka || is_of_moves(code) {
            return;
        }
        let text = match code {
            ErrorCode::UnknownTopicOrPartition => {
                format!(
                    "Received unknown topic or partition error in OffsetsForLeaderEpoch request for partition {tp}."
                )
            }
            code => {
                format!("Attempt to fetch offsets for partition {tp} failed due to: {}, retrying.", code.message())
            }
        };
        self.net.warn_for_all(OFFSETS_FOR_EPOCH, text);
    }

    /// The leader did not say: it is asked again after a while.
    fn validate_again(&mut self, now: Time, fx: &mut Fx, assignment: u64, asked: &[Validating], tp: &TopicPartition) {
        if asked.iter().all(|asked| asked.tp != *tp) {
            return;
        }
        let at = now + self.retry_wait(fx);
        let is_meant = |p: &&mut Partition| p.since <= assignment && p.seek == Seek::Validate;
        if let Some(partition) = self.partitions.get_mut(tp).filter(is_meant) {
            partition.is_asked = false;
            partition.not_before = at;
        }
    }

    pub(super) fn validation_unanswered(&mut self, now: Time, fx: &mut Fx, assignment: u64, asked: &[Validating]) {
        for one in asked {
            self.validate_again(now, fx, assignment, asked, &one.tp);
        }
        self.net.metadata.request_update();
    }

    /// What was read is not in the leader's log; `diverged` says up to where and to which epoch the log is the one that was read.
    fn truncated(&mut self, tp: &TopicPartition, diverged: Option<(i64, i32)>) {
        match (self.settings.reset, diverged, self.profile) {
            // Java goes back to where the logs part, librdkafka to where `auto.offset.reset` says.
            (Some(_), Some((offset, epoch)), Profile::Java) => {
                if let Some(partition) = self.partitions.get_mut(tp) {
                    partition.position = Some(offset);
                    partition.epoch = epoch;
                    partition.seek = Seek::Done;
                }
            }
            (Some(start), ..) => self.reset(tp, start),
            (None, ..) => self.fail(truncation_error(self.profile, tp, diverged)),
        }
    }
}

/// `LogTruncationException`.
fn truncation_error(profile: Profile, tp: &TopicPartition, diverged: Option<(i64, i32)>) -> ClientError {
    let code = ErrorCode::OffsetOutOfRange;
    match profile {
        Profile::Java => {
            let shown = diverged.map(|(offset, epoch)| {
                format!("{tp}=OffsetAndMetadata{{offset={offset}, leaderEpoch={epoch}, metadata=''}}")
            });
            let text =
                format!("Truncated partitions detected with divergent offsets {{{}}}", shown.unwrap_or_default());
            ClientError::new("org.apache.kafka.clients.consumer.LogTruncationException", text, code)
        }
        Profile::Librdkafka => {
            let (offset, epoch) = diverged.unwrap_or((-1, -1));
            let text = format!(
                "Partition log truncation detected: broker end offset is {offset} (offset leader epoch {epoch}): Local: Partition log truncation detected"
            );
            ClientError::new("_AUTO_OFFSET_RESET", text, code)
        }
    }
}
