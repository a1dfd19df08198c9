//! Fetching, one request a node at a time, and handing records out (`AbstractFetch`, `FetchCollector`).
//!
//! A Java consumer has a fetch session with every node it fetches from (KIP-227). librdkafka has none: its every request
//! names all its partitions.

use kernel::{Address, Time};
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::fetch_session::{FetchSession, SessionRequest};
use protocol::note::Values;
use protocol::{ApiKey, BrokerId, ErrorCode, Note, PartitionIndex, Plant, TopicId, TopicPartition};

use super::Consumer;
use super::state::{Asked, Completed, GroupPhase, Partition, Seek};
use crate::network::{Lane, is_leader_error};
use crate::{Fx, Polled, Profile};

/// A partition in a fetch session.
pub(super) type SessionKey = (TopicId, PartitionIndex);

const FETCH_COLLECTOR: &str = "org.apache.kafka.clients.consumer.internals.FetchCollector";

impl Consumer {
    /// During an eager rebalance nothing is fetched or handed out (`markPendingRevocation`).
    fn is_rebalancing(&self) -> bool {
        self.is_subscribed() && !self.settings.is_cooperative() && self.membership.phase != GroupPhase::Stable
    }

    pub(super) fn fetch(&mut self, now: Time, fx: &mut Fx) {
        if self.is_rebalancing() {
            return;
        }
        self.drop_stale_preferences(now);
        let buffered = self.buffered_nodes();
        let mut wanted: Vec<(Address, SessionKey, FetchPartition)> = Vec::new();
        let mut is_leader_unknown = false;
        for (tp, partition) in &self.partitions {
            let (Seek::Done, Some(position)) = (partition.seek, partition.position) else { continue };
            if partition.not_before > now || self.completed.iter().any(|completed| completed.tp == *tp) {
                continue;
            }
            let Some((topic_id, node, epoch)) = self.read_place(tp, Some(partition)) else {
                is_leader_unknown = true;
                continue;
            };
            if self.fetching.contains(node) || buffered.contains(&node) {
                continue;
            }
            let asked = FetchPartition {
                topic_id,
                partition: tp.partition,
                current_leader_epoch: if self.plant == Plant::TruncationMissed { -1 } else { epoch },
                fetch_offset: position,
                last_fetched_epoch: -1,
                log_start_offset: -1,
                partition_max_bytes: self.settings.partition_bytes_max,
            };
            wanted.push((node.clone(), (topic_id, tp.partition), asked));
        }
        if is_leader_unknown {
            self.net.metadata.request_update();
        }
        ordered::sort_by(&mut wanted, |(a, ..), (b, ..)| a.cmp(b));
        for of_node in wanted.chunk_by(|(a, ..), (b, ..)| a == b) {
            let node = &of_node[0].0;
            if self.net.ready(now, fx, Lane::Data, node) {
                self.send_fetch(now, fx, node, of_node);
            }
        }
    }

    /// Java does not fetch from a node as long as it has data from there to hand out, so that partitions need not leave
    /// the session and come back (KAFKA-17182).
    fn buffered_nodes(&self) -> Vec<&Address> {
        if self.profile == Profile::Librdkafka {
            return Vec::new();
        }
        let place = |Completed { tp, .. }: &Completed| self.read_place(tp, self.partitions.get(tp));
        self.completed.iter().filter_map(place).map(|(_, node, _)| node).collect()
    }

    /// Its topic's id, where a partition is read, and its leader's epoch: at its leader, or where that sent the consumer (KIP-392).
    fn read_place(&self, tp: &TopicPartition, partition: Option<&Partition>) -> Option<(TopicId, &Address, i32)> {
        let (topic_id, leader, epoch) = self.net.metadata.place(tp)?;
        let preferred = partition.and_then(|partition| partition.preferred);
        let preferred = preferred.and_then(|(id, _)| self.net.metadata.brokers.get(&id));
        Some((topic_id, preferred.unwrap_or(leader), epoch))
    }

    /// A preference holds for `metadata.max.age.ms`, the millisecond in which that ends included, and while its broker is there
    /// (`AbstractFetch#selectReadReplica`).
    fn drop_stale_preferences(&mut self, now: Time) {
        for partition in self.partitions.values_mut() {
            let Some((id, until)) = partition.preferred else { continue };
            let is_there = self.net.metadata.brokers.contains_key(&id);
            if until.as_millis() < now.as_millis() || !is_there {
                partition.preferred = None;
            }
            if !is_there {
                self.net.metadata.request_update();
            }
        }
    }

    fn send_fetch(&mut self, now: Time, fx: &mut Fx, node: &Address, wanted: &[(Address, SessionKey, FetchPartition)]) {
        let profile = self.profile;
        let session = self.sessions.entry(node.clone()).or_insert_with(|| match profile {
            Profile::Java => FetchSession::default(),
            Profile::Librdkafka => FetchSession::without(),
        });
        let is_gone = |key: &&SessionKey| wanted.iter().all(|(_, wanted, _)| wanted != *key);
        let gone: Vec<SessionKey> = session.wanted().filter(is_gone).copied().collect();
        gone.iter().for_each(|key| session.forget(key));
        for (_, key, asked) in wanted {
            session.want(*key, asked.clone());
        }
        let Some(asked) = session.request() else { return };
        self.fetching.insert(node.clone());
        let request = self.fetch_request(asked);
        let tag = Asked::Fetch { assignment: self.assignment, node: node.clone() };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, Lane::Data, node, timeout, tag, request.into());
    }

    fn fetch_request(&self, asked: SessionRequest) -> FetchRequest {
        FetchRequest {
            replica: BrokerId::NONE,
            replica_epoch: -1,
            max_wait_ms: u32::try_from(self.settings.fetch_wait.as_millis()).unwrap_or(u32::MAX),
            min_bytes: self.settings.fetch_bytes_min,
            max_bytes: self.settings.fetch_bytes_max,
            read_committed: self.settings.read_committed,
            session_id: asked.session_id,
            session_epoch: asked.session_epoch,
            partitions: asked.partitions,
            forgotten: asked.forgotten,
            raft_high_watermark: -1,
            rack: self.settings.rack.clone(),
            directory: Default::default(),
        }
    }

    /// Closes its sessions, as far as the connections are there; nobody waits for the answers
    /// (`#prepareCloseFetchSessionRequests`).
    pub(super) fn close_sessions(&mut self, now: Time, fx: &mut Fx) {
        for (node, mut session) in std::mem::take(&mut self.sessions) {
            if let Some(asked) = session.close().filter(|_| self.net.is_ready(Lane::Data, &node)) {
                let request = FetchRequest { max_wait_ms: 0, ..self.fetch_request(asked) };
                let tag = Asked::Fetch { assignment: self.assignment, node: node.clone() };
                let timeout = self.net.settings.request_timeout;
                self.net.send(now, fx, Lane::Data, &node, timeout, tag, request.into());
            }
        }
    }

    pub(super) fn fetch_failed(&mut self, node: &Address) {
        self.fetching.remove(node);
        self.sessions.get_mut(node).into_iter().for_each(FetchSession::failed);
        let brokers = &self.net.metadata.brokers;
        for partition in self.partitions.values_mut() {
            partition.preferred = partition.preferred.filter(|(id, _)| brokers.get(id) != Some(node));
        }
    }

    pub(super) fn fetch_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        assignment: u64,
        node: &Address,
        answer: FetchResponse,
    ) {
        self.fetching.remove(node);
        let Some(session) = self.sessions.get_mut(node) else { return };
        let is_usable = session.answered(&answer);
        if !answer.error.is_ok() {
            self.note_error(fx, ApiKey::Fetch, answer.error);
        }
        if !is_usable {
            return;
        }
        let moved = self.learn_leaders(node, &answer);
        for result in answer.partitions {
            let sent = self.sessions.get(node).and_then(|session| session.sent(&(result.topic_id, result.partition)));
            let (Some(sent), Some(topic)) = (sent, self.net.metadata.name_of(result.topic_id)) else { continue };
            let (offset, tp) = (sent.fetch_offset, TopicPartition::new(topic.clone(), result.partition));
            let is_as_asked =
                |p: &Partition| p.since <= assignment && p.seek == Seek::Done && p.position == Some(offset);
            let is_current = self.partitions.get(&tp).is_some_and(is_as_asked);
            if is_current {
                let is_moved = moved.contains(&tp);
                self.partition_fetched(now, fx, &tp, offset, result, is_moved);
            }
        }
    }

    /// Who was asked and does not lead, or not in that epoch, tells who does: of which partitions that is news
    /// (`AbstractFetch#handleFetchSuccess`).
    fn learn_leaders(&mut self, node: &Address, answer: &FetchResponse) -> Vec<TopicPartition> {
        let told = answer.partitions.iter().filter_map(|result| {
            let hint = result.current_leader.filter(|_| is_leader_error(result.error))?;
            self.sessions.get(node)?.sent(&(result.topic_id, result.partition))?;
            let topic = self.net.metadata.name_of(result.topic_id)?;
            Some((TopicPartition::new(topic.clone(), result.partition), hint))
        });
        let told: Vec<_> = told.collect();
        match told.is_empty() {
            true => Vec::new(),
            false => self.net.metadata.update_leaders(told, &answer.node_endpoints),
        }
    }

    fn partition_fetched(
        &mut self,
        now: Time,
        fx: &mut Fx,
        tp: &TopicPartition,
        offset: i64,
        result: FetchResult,
        is_moved: bool,
    ) {
        let until = now + self.net.settings.metadata_max_age;
        let Some(partition) = self.partitions.get_mut(tp) else { return };
        if result.preferred_read_replica.is_some() && result.error.is_ok() {
            let id = result.preferred_read_replica;
            partition.preferred = partition.preferred.filter(|(known, _)| *known == id).or(Some((id, until)));
            return;
        }
        // A follower that has not heard of the epoch yet may be asked again.
        let keeps = matches!(result.error, ErrorCode::None | ErrorCode::UnknownLeaderEpoch);
        let was_sent_away = !keeps && partition.preferred.take().is_some();
        match result.error {
            ErrorCode::None if result.batches.is_empty() => {}
            ErrorCode::None => {
                let (topic_id, batches) = (result.topic_id, result.batches.into());
                self.completed.push_back(Completed { tp: tp.clone(), topic_id, batches, out_of_range: None });
            }
            ErrorCode::OffsetOutOfRange => {
                self.note_error(fx, ApiKey::Fetch, result.error);
                // What a follower does not have its leader may.
                if !was_sent_away {
                    self.out_of_range(tp, result.topic_id, offset);
                }
            }
            code => {
                self.note_error(fx, ApiKey::Fetch, code);
                self.log_fetch_error(tp, code);
                // Java asks at once again; and who knows of a newer epoch than the broker has nothing to learn.
                let is_java = self.profile == Profile::Java;
                if !is_java || code != ErrorCode::UnknownLeaderEpoch {
                    self.net.metadata.request_update();
                }
                if !is_java && !is_moved {
                    let wait = self.backoff(1, fx);
                    self.partitions.get_mut(tp).into_iter().for_each(|partition| partition.not_before = now + wait);
                }
            }
        }
    }

    /// What Java logs of an error it goes on after (`FetchCollector#handleInitializeErrors`).
    fn log_fetch_error(&mut self, tp: &TopicPartition, code: ErrorCode) {
        let what = match code {
            ErrorCode::UnknownTopicOrPartition => "unknown topic or partition",
            ErrorCode::UnknownTopicId => "unknown topic ID",
            ErrorCode::InconsistentTopicId => "inconsistent topic ID",
            _ => return,
        };
        if self.profile == Profile::Java {
            self.net.warn(FETCH_COLLECTOR, format!("Received {what} error in fetch for partition {tp}"));
        }
    }

    // ---- handing out

    pub(super) fn collect(&mut self, fx: &mut Fx, max: usize) -> Vec<Polled> {
        let mut polled = Vec::new();
        if self.is_rebalancing() {
            return polled;
        }
        let mut left = max;
        while left > 0 {
            let Some(mut completed) = self.completed.pop_front() else { break };
            if let Some(offset) = completed.out_of_range {
                // An error is told when nothing else is.
                match polled.is_empty() {
                    true => self.fail_out_of_range(&completed.tp, offset),
                    false => self.completed.push_front(completed),
                }
                break;
            }
            let from = polled.len();
            let is_drained = self.collect_partition(&mut completed, &mut left, &mut polled);
            self.delivered(fx, completed.topic_id, &polled[from..]);
            if !is_drained {
                self.completed.push_front(completed);
            }
        }
        polled
    }

    /// Takes at most `left` records of one partition; true if nothing remains.
    fn collect_partition(&mut self, completed: &mut Completed, left: &mut usize, polled: &mut Vec<Polled>) -> bool {
        let stores = self.profile == Profile::Librdkafka && self.settings.auto_store;
        let Some(partition) = self.partitions.get_mut(&completed.tp) else { return true };
        let mut position = partition.position.unwrap_or(0);
        while let Some(batch) = completed.batches.front() {
            // Brokers send whole batches; what lies before the position was asked for by nobody.
            let places = if batch.is_control() { 0..0 } else { batch.part(position, *left) };
            if let Some(last) = places.clone().last().and_then(|place| batch.offset_of(place)) {
                *left -= places.len();
                position = last + 1;
                partition.epoch = batch.leader_epoch;
                if stores {
                    partition.stored = Some(position);
                }
                let part = places.start as u32..places.end as u32;
                polled.push(Polled { tp: completed.tp.clone(), batch: batch.clone(), part });
            }
            if *left == 0 && position < batch.next_offset() {
                partition.position = Some(position);
                return false;
            }
            position = position.max(batch.next_offset());
            partition.position = Some(position);
            completed.batches.pop_front();
        }
        true
    }

    /// Notes what was handed out of one partition.
    fn delivered(&self, fx: &mut Fx, topic_id: TopicId, polled: &[Polled]) {
        let (Some(head), Some(tail)) = (polled.first(), polled.last()) else { return };
        let (Some((first, _)), Some((_, last))) = (head.offsets(), tail.offsets()) else { return };
        let is_listed = polled.iter().any(|polled| polled.batch.runs().is_empty());
        let mut values =
            if is_listed { Values::for_records(polled.iter().map(Polled::count).sum()) } else { Values::default() };
        polled.iter().for_each(|polled| polled.batch.add_values(polled.places(), &mut values));
        fx.note(Note::Delivered {
            group: self.settings.group.clone(),
            client_id: self.net.client_id.clone(),
            tp: head.tp.clone(),
            topic_id,
            first,
            last,
            values,
        });
    }
}
