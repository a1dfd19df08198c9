//! Where to read from: committed offsets, else `auto.offset.reset` (`ConsumerCoordinator#refreshCommittedOffsetsIfNeeded`,
//! `OffsetFetcher`).

use std::collections::VecDeque;

use kernel::{Address, Time};
use ordered::SortedMap;
use protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse};
use protocol::api::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};
use protocol::{ApiKey, BrokerId, ErrorCode, TopicId, TopicPartition};

use super::Consumer;
use super::state::{Asked, Completed, GroupPhase, Partition, Seek};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile, StartAt};

const OFFSET_FETCHER: &str = "org.apache.kafka.clients.consumer.internals.OffsetFetcherUtils";

/// Errors of a partition that moves from leader to leader, which Java clients tell nobody.
pub(super) fn is_of_moves(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotLeaderOrFollower
            | ErrorCode::ReplicaNotAvailable
            | ErrorCode::KafkaStorageError
            | ErrorCode::OffsetNotAvailable
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::UnknownLeaderEpoch
    )
}

impl Consumer {
    pub(super) fn update_positions(&mut self, now: Time, fx: &mut Fx) {
        if self.settings.group.is_some() {
            self.ask_committed(now, fx);
        } else {
            let without = self.partitions.iter().filter(|(_, partition)| partition.seek == Seek::Committed);
            let without = without.map(|(tp, _)| tp.clone()).collect();
            self.reset_by_policy(without);
        }
        self.look_up(now, fx);
        let is_reading = self.membership.has_read
            || self.membership.phase == GroupPhase::Stable
                && self.partitions.values().all(|partition| partition.position.is_some());
        self.membership.has_read = is_reading;
        self.watch_leaders();
        self.validate(now, fx);
    }

    fn ask_committed(&mut self, now: Time, fx: &mut Fx) {
        let waits = |p: &Partition| p.seek == Seek::Committed && !p.is_asked && p.not_before <= now;
        if !self.partitions.values().any(waits) {
            return;
        }
        let (Some(node), Some(group)) = (self.coordinator(now, fx), self.settings.group.clone()) else { return };
        let mut wanted = Vec::new();
        for (tp, partition) in self.partitions.iter_mut().filter(|(_, p)| waits(p)) {
            partition.is_asked = true;
            wanted.push((tp.topic.clone(), tp.partition));
        }
        let request = OffsetFetchRequest { group, partitions: Some(wanted), require_stable: true };
        let timeout = self.net.settings.request_timeout;
        self.net.send(
            now,
            fx,
            Lane::Coordinator,
            &node,
            timeout,
            Asked::Committed { assignment: self.assignment },
            request.into(),
        );
    }

    pub(super) fn committed_answered(&mut self, now: Time, fx: &mut Fx, assignment: u64, answer: OffsetFetchResponse) {
        let is_meant = |p: &Partition| p.seek == Seek::Committed && p.since <= assignment;
        if !self.partitions.values().any(is_meant) {
            return;
        }
        let error = answer.partitions.iter().map(|p| p.error).find(|code| !code.is_ok()).unwrap_or(answer.error);
        if !error.is_ok() {
            self.note_error(fx, ApiKey::OffsetFetch, error);
            if matches!(error, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) {
                self.lose_coordinator(now, fx);
            }
            if error.is_retriable() {
                self.ask_again(now, fx, assignment, None);
            } else {
                self.fail(ClientError::of(self.profile, error));
            }
            return;
        }
        let mut unset = Vec::new();
        for result in answer.partitions {
            let tp = TopicPartition::new(result.topic, result.partition);
            let Some(partition) = self.partitions.get_mut(&tp).filter(|p| is_meant(p)) else { continue };
            partition.is_asked = false;
            if result.offset < 0 {
                unset.push(tp);
            } else {
                partition.seek = Seek::Done;
                partition.position = Some(result.offset);
                partition.committed = Some(result.offset);
                partition.epoch = result.leader_epoch;
                self.leaders_seen = None;
                self.saw_epoch(&tp, result.leader_epoch);
            }
        }
        self.reset_by_policy(unset);
    }

    /// Java takes a newer epoch for a newer leader (`ConsumerUtils#refreshCommittedOffsets`, `OffsetFetcherUtils#resetPositionIfNeeded`).
    fn saw_epoch(&mut self, tp: &TopicPartition, epoch: i32) {
        if self.profile == Profile::Java {
            self.net.metadata.saw_epoch(tp, epoch);
        }
    }

    /// Resets partitions as `auto.offset.reset` says.
    fn reset_by_policy(&mut self, chosen: Vec<TopicPartition>) {
        if chosen.is_empty() {
            return;
        }
        let Some(start) = self.settings.reset else {
            let list: Vec<String> = chosen.iter().map(ToString::to_string).collect();
            self.fail(match self.profile {
                Profile::Java => ClientError::new(
                    "org.apache.kafka.clients.consumer.NoOffsetForPartitionException",
                    format!("Undefined offset with no reset policy for partitions: [{}]", list.join(", ")),
                    ErrorCode::OffsetOutOfRange,
                ),
                Profile::Librdkafka => ClientError::new(
                    "_AUTO_OFFSET_RESET",
                    "no previously committed offset available: Local: No offset stored",
                    ErrorCode::OffsetOutOfRange,
                ),
            });
            return;
        };
        for tp in chosen {
            self.reset(&tp, start);
        }
    }

    pub(super) fn reset(&mut self, tp: &TopicPartition, start: StartAt) {
        if let Some(partition) = self.partitions.get_mut(tp) {
            partition.seek = Seek::LookUp(start);
            partition.position = None;
            partition.leader = None;
            partition.waits_since = None;
            partition.is_asked = false;
        }
        self.completed.retain(|completed| completed.tp != *tp);
    }

    /// The position is outside the log. Without a policy that is an error, behind what was fetched before.
    pub(super) fn out_of_range(&mut self, tp: &TopicPartition, topic_id: TopicId, offset: i64) {
        match self.settings.reset {
            Some(start) => self.reset(tp, start),
            None => {
                let (tp, batches, out_of_range) = (tp.clone(), VecDeque::new(), Some(offset));
                self.completed.push_back(Completed { tp, topic_id, batches, out_of_range });
            }
        }
    }

    pub(super) fn fail_out_of_range(&mut self, tp: &TopicPartition, offset: i64) {
        self.fail(match self.profile {
            Profile::Java => ClientError::new(
                "org.apache.kafka.clients.consumer.OffsetOutOfRangeException",
                format!("Fetch position {} is out of range for partition {tp}", self.shown_position(tp, offset)),
                ErrorCode::OffsetOutOfRange,
            ),
            Profile::Librdkafka => ClientError::of(Profile::Librdkafka, ErrorCode::OffsetOutOfRange),
        });
    }

    /// A position as Java prints it (`FetchPosition#toString`).
    fn shown_position(&self, tp: &TopicPartition, offset: i64) -> String {
        let optional = |value: Option<String>| value.map_or("Optional.empty".to_owned(), |v| format!("Optional[{v}]"));
        let epoch = self.partitions.get(tp).map(|partition| partition.epoch).filter(|epoch| *epoch >= 0);
        let leader = self.net.metadata.leader(tp).map(|(id, (host, port), epoch)| {
            let rack = self.net.metadata.leader_rack(tp).map_or("null", AsRef::as_ref);
            (format!("{host}:{port} (id: {id} rack: {rack} isFenced: false)"), epoch)
        });
        let (node, leader_epoch) = leader.map_or((None, -1), |(node, epoch)| (Some(node), epoch));
        let current = format!(
            "LeaderAndEpoch{{leader={}, epoch={}}}",
            optional(node),
            if leader_epoch < 0 { "absent".to_owned() } else { leader_epoch.to_string() }
        );
        let offset_epoch = optional(epoch.map(|epoch| epoch.to_string()));
        format!("FetchPosition{{offset={offset}, offsetEpoch={offset_epoch}, currentLeader={current}}}")
    }

    fn look_up(&mut self, now: Time, fx: &mut Fx) {
        let mut by_leader: SortedMap<Address, Vec<(TopicPartition, StartAt, i32)>> = SortedMap::new();
        let mut is_leader_unknown = false;
        for (tp, partition) in &self.partitions {
            let Seek::LookUp(start) = partition.seek else { continue };
            if partition.is_asked || partition.not_before > now {
                continue;
            }
            match self.net.metadata.leader(tp) {
                Some((_, address, epoch)) => {
                    by_leader.entry(address.clone()).or_default().push((tp.clone(), start, epoch))
                }
                None => is_leader_unknown = true,
            }
        }
        if is_leader_unknown {
            self.net.metadata.request_update();
        }
        for (node, wanted) in by_leader {
            if self.net.ready(now, fx, Lane::Data, &node) {
                self.send_look_up(now, fx, &node, wanted);
                continue;
            }
            // What is asked is settled before there is a connection to ask over.
            let waits = !self.net.is_unavailable(now, Lane::Data, &node);
            for (tp, ..) in &wanted {
                let Some(partition) = self.partitions.get_mut(tp) else { continue };
                partition.waits_since = waits.then(|| partition.waits_since.unwrap_or(now));
            }
        }
    }

    fn send_look_up(&mut self, now: Time, fx: &mut Fx, node: &Address, wanted: Vec<(TopicPartition, StartAt, i32)>) {
        let mut partitions = Vec::new();
        let mut tags = Vec::new();
        let mut began = now;
        for (tp, start, current_leader_epoch) in wanted {
            let mut waited = None;
            if let Some(partition) = self.partitions.get_mut(&tp) {
                partition.is_asked = true;
                waited = partition.waits_since.take();
            }
            let asks_since = waited.unwrap_or(now);
            began = began.min(asks_since);
            partitions.push(ListOffsetsPartition {
                topic: tp.topic.clone(),
                partition: tp.partition,
                current_leader_epoch,
                timestamp: start.timestamp(crate::wall_ms(asks_since, fx)),
            });
            tags.push((tp, start));
        }
        let request =
            ListOffsetsRequest { replica: BrokerId::NONE, read_committed: self.settings.read_committed, partitions };
        let timeout = self.net.settings.request_timeout;
        let tag = Asked::LookUp { assignment: self.assignment, again_at: began + timeout, partitions: tags };
        self.net.send(now, fx, Lane::Data, node, timeout, tag, request.into());
    }

    pub(super) fn look_up_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        assignment: u64,
        again_at: Time,
        asked: &[(TopicPartition, StartAt)],
        answer: ListOffsetsResponse,
    ) {
        for result in answer.partitions {
            let tp = TopicPartition::new(result.topic, result.partition);
            let Some((_, start)) = asked.iter().find(|(known, _)| *known == tp) else { continue };
            let leader = self.net.metadata.leader(&tp).map(|(id, _, epoch)| (id, epoch));
            if result.error.is_ok() && result.offset >= 0 {
                self.saw_epoch(&tp, result.leader_epoch);
            }
            let is_meant = |p: &&mut Partition| p.since <= assignment && p.seek == Seek::LookUp(*start);
            let Some(partition) = self.partitions.get_mut(&tp).filter(is_meant) else { continue };
            partition.is_asked = false;
            match result.error {
                ErrorCode::None if result.offset >= 0 => {
                    partition.seek = Seek::Done;
                    partition.position = Some(result.offset);
                    // What the leader just said needs no validation. Java starts without an epoch (`Fetcher#resetPositionIfNeeded`).
                    partition.leader = leader;
                    partition.epoch = if self.profile == Profile::Java { -1 } else { result.leader_epoch };
                }
                // Nothing as young as that yet: asked again as if there had been no answer (`#handleListOffsetResponse`).
                ErrorCode::None if matches!(start, StartAt::Ago(_)) => partition.not_before = again_at,
                // Nothing as young as the time asked for: the end.
                ErrorCode::None => partition.seek = Seek::LookUp(StartAt::Latest),
                code => {
                    self.note_error(fx, ApiKey::ListOffsets, code);
                    self.log_look_up_error(&tp, code);
                    self.ask_again(now, fx, assignment, Some(&[(tp, *start)]));
                    self.net.metadata.request_update();
                }
            }
        }
    }

    /// What Java logs of an error it goes on after; of those that come with a change of leader nothing (`#handleListOffsetResponse`).
    fn log_look_up_error(&mut self, tp: &TopicPartition, code: ErrorCode) {
        if self.profile == Profile::Librdkafka || is_of_moves(code) {
            return;
        }
        let text = match code {
            ErrorCode::UnknownTopicOrPartition => {
                format!("Received unknown topic or partition error in ListOffset request for partition {tp}")
            }
            code => format!(
                "Attempt to fetch offsets for partition {tp} failed due to unexpected exception: {}, retrying.",
                code.message()
            ),
        };
        self.net.warn(OFFSET_FETCHER, text);
    }

    /// Offsets are asked for again after a while: of these partitions, or of all that wait for committed ones.
    pub(super) fn ask_again(
        &mut self,
        now: Time,
        fx: &mut Fx,
        assignment: u64,
        which: Option<&[(TopicPartition, StartAt)]>,
    ) {
        let wait = if which.is_some() { self.retry_wait(fx) } else { self.backoff(1, fx) };
        let at = now + wait;
        for (tp, partition) in self.partitions.iter_mut().filter(|(_, partition)| partition.since <= assignment) {
            let is_meant = match which {
                None => partition.seek == Seek::Committed,
                Some(which) => which.iter().any(|(known, _)| known == tp),
            };
            if is_meant {
                partition.is_asked = false;
                partition.not_before = at;
            }
        }
    }
}
