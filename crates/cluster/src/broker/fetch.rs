//! Fetch, as a leader (or a follower that serves consumers) answers it: reads, parks until there is data
//! (`ReplicaManager#fetchMessages`, `DelayedFetch`), and learns from followers how far they are.
//! Left out: quotas of clients.

use kernel::{ConnId, Duration};
use ordered::Room;
use partition_log::EpochEnd;
use protocol::api::LeaderHint;
use protocol::api::fetch::{self, Cut, FetchPartition, FetchRequest, FetchResponse, FetchResult};
use protocol::fetch_session::{FINAL_EPOCH, INITIAL_EPOCH};
use protocol::{BrokerId, ErrorCode, PartitionIndex, Plant, Seldom, TopicId};

use super::connections::{Caller, Parked, Ticket};
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use super::partition::{Partition, Role};
use super::produce::{endpoints, hint};
use super::readers::{Asker, RNG_SESSION, Reader, ReaderId, Slot};
use super::{Broker, Soft, TimerKey};
use crate::process::{Context, Fx};

/// What reading the partitions of a fetch that may have news gave.
#[derive(Debug, Default)]
struct FetchRead {
    results: Vec<FetchResult>,
    /// The slot of each result, and whether what it says is news.
    slots: Vec<(u32, bool)>,
    bytes: u64,
    /// An error or a divergence: the asker must know now.
    is_urgent: bool,
    /// There is something in a segment before the one that the readable part ends in: nobody waits for more (`DelayedFetch`, case F).
    is_behind: bool,
}

/// Room for what a fetch reads, kept for the next one: most fetches read nothing and wait.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct ReadRoom {
    results: Room<FetchResult>,
    slots: Room<(u32, bool)>,
}

impl ReadRoom {
    fn take(&mut self) -> FetchRead {
        FetchRead { results: self.results.take(), slots: self.slots.take(), ..FetchRead::default() }
    }
    fn put_back(&mut self, read: FetchRead) {
        self.results.put_back(read.results);
        self.slots.put_back(read.slots);
    }
}

impl Broker {
    pub(super) fn handle_fetch(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        caller: &Caller,
        request: FetchRequest,
    ) -> Answer {
        let max_wait_ms = request.max_wait_ms;
        let id = match self.reader_of(cx, request) {
            Ok(id) => id,
            Err(error) => return refusal(error).into(),
        };
        self.locate_slots(id);
        self.soft.throttles.leader.refresh(cx.now);
        let room = self.soft.read_room.take();
        let reader = self.soft.readers.get(id).expect("it was just found or made");
        let (asker, is_empty) = (reader.asker.clone(), reader.is_empty());
        let read = self.read_partitions(cx, reader, room);
        if asker.is_follower() {
            self.learn_from_follower(cx, fx, id, &read);
        }
        let is_enough = read.bytes >= u64::from(self.min_bytes(&asker));
        if max_wait_ms == 0 || is_empty || is_enough || read.is_urgent || read.is_behind {
            return self.answer_fetch(cx, fx, id, read).into();
        }
        self.note_segments(id);
        self.settle_slots(id, &read);
        self.soft.read_room.put_back(read);
        self.watch(id);
        if let Some(reader) = self.soft.readers.get_mut(id) {
            reader.parked = Some(caller.ticket);
        }
        let due = cx.now + Duration::from_millis(u64::from(max_wait_ms));
        self.soft.timers.arm(fx, due, TimerKey::Parked(caller.ticket));
        self.soft.connections.park(caller.conn, Parked::Fetch(id));
        Answer::Later
    }

    // ---- sessions

    /// Who asks: a session that goes on, or a new reader (`FetchManager#newContext`).
    fn reader_of(&mut self, cx: &Context<'_>, request: FetchRequest) -> Result<ReaderId, ErrorCode> {
        if matches!(request.session_epoch, INITIAL_EPOCH | FINAL_EPOCH) {
            // A full request ends the session it names.
            if let Some(old) = self.soft.readers.of_session(request.session_id) {
                self.end_session(old);
            }
            return Ok(self.open_reader(&request, request.partitions.iter()));
        }
        let id = self.soft.readers.of_session(request.session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let session = self.soft.readers.get(id).and_then(|reader| reader.session);
        if session.is_none_or(|session| session.epoch != request.session_epoch) {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        self.update_session(id, &request);
        if self.soft.readers.get(id).is_some_and(Reader::is_empty) {
            self.end_session(id);
            let sessionless = FetchRequest { session_epoch: FINAL_EPOCH, ..request };
            return Ok(self.open_reader(&sessionless, sessionless.partitions.iter()));
        }
        self.soft.readers.touch(id, cx.now, &request);
        Ok(id)
    }

    fn open_reader<'a>(
        &mut self,
        request: &FetchRequest,
        partitions: impl Iterator<Item = &'a FetchPartition>,
    ) -> ReaderId {
        let id = self.soft.readers.open(request);
        if let Some(reader) = self.soft.readers.get_mut(id) {
            for asked in partitions {
                reader.add(asked.clone(), self.disk.find(asked.topic_id, asked.partition));
            }
        }
        id
    }

    /// Takes in what an incremental request says (`FetchSession#update`).
    fn update_session(&mut self, id: ReaderId, request: &FetchRequest) {
        for asked in &request.partitions {
            let slot = self.soft.readers.get(id).and_then(|reader| reader.find(asked.topic_id, asked.partition));
            let Some(slot) = slot else {
                self.add_slot(id, asked);
                continue;
            };
            self.expect_news(id, slot);
            if let Some(slot) = self.soft.readers.get_mut(id).and_then(|reader| reader.slot_mut(slot)) {
                slot.asked = asked.clone();
            }
        }
        for (topic_id, partition) in &request.forgotten {
            let slot = self.soft.readers.get(id).and_then(|reader| reader.find(*topic_id, *partition));
            if let Some(slot) = slot {
                self.expect_news(id, slot);
                self.unwatch(id, slot);
                self.soft.readers.get_mut(id).into_iter().for_each(|reader| reader.remove(slot));
            }
        }
    }

    /// Replicas that were not here when a session began may be by now.
    fn locate_slots(&mut self, id: ReaderId) {
        let Some(reader) = self.soft.readers.get_mut(id) else { return };
        let lost: Vec<u32> = reader.due().filter(|(_, slot)| slot.index.is_none()).map(|(number, _)| number).collect();
        for number in lost {
            let Some(slot) = reader.slot_mut(number) else { continue };
            slot.index = self.disk.find(slot.asked.topic_id, slot.asked.partition);
            slot.is_named |= slot.index.is_some();
            let (index, is_watching) = (slot.index, reader.is_watching);
            let partition = index.and_then(|index| self.soft.partitions.get_mut(index as usize)?.as_mut());
            partition.filter(|_| is_watching).into_iter().for_each(|partition| partition.watch(id, number));
        }
    }

    fn add_slot(&mut self, id: ReaderId, asked: &FetchPartition) {
        let index = self.disk.find(asked.topic_id, asked.partition);
        let Some(reader) = self.soft.readers.get_mut(id) else { return };
        let slot = reader.add(asked.clone(), index);
        if let Some(partition) = index.filter(|_| reader.is_watching).and_then(|index| self.partition_mut(index)) {
            partition.watch(id, slot);
        }
    }

    /// A session is over: asked to, evicted, or empty.
    fn end_session(&mut self, id: ReaderId) {
        let slots: Vec<u32> = self.soft.readers.get(id).into_iter().flat_map(Reader::slots).map(|(n, _)| n).collect();
        // What it fetched until now counts.
        slots.iter().for_each(|slot| self.expect_news(id, *slot));
        if let Some(reader) = self.soft.readers.end_session(id) {
            self.forget_reader(id, &reader);
        }
    }

    pub(super) fn remove_reader(&mut self, id: ReaderId) {
        if let Some(reader) = self.soft.readers.remove(id) {
            self.forget_reader(id, &reader);
        }
    }

    fn forget_reader(&mut self, id: ReaderId, reader: &Reader) {
        for (slot, place) in reader.slots() {
            if let Some(partition) = place.index.and_then(|index| self.partition_mut(index)) {
                partition.unwatch(id, slot);
            }
        }
    }

    /// The connection over which a fetch came is gone. A session stays until it is evicted.
    pub(super) fn on_reader_gone(&mut self, conn: ConnId) {
        let Some((_, id)) = self.soft.connections.parked_fetch(conn) else { return };
        let Some(reader) = self.soft.readers.get_mut(id) else { return };
        reader.parked = None;
        if reader.session.is_none_or(|session| session.is_evicted) {
            self.remove_reader(id);
        }
    }

    // ---- news

    /// Lets the partitions of a reader know that it wants to hear of changes.
    fn watch(&mut self, id: ReaderId) {
        let Soft { readers, partitions, .. } = &mut self.soft;
        let Some(reader) = readers.get_mut(id) else { return };
        if std::mem::replace(&mut reader.is_watching, true) {
            return;
        }
        for (slot, place) in reader.slots() {
            let partition = place.index.and_then(|index| partitions.get_mut(index as usize)?.as_mut());
            partition.into_iter().for_each(|partition| partition.watch(id, slot));
        }
    }

    fn unwatch(&mut self, id: ReaderId, slot: u32) {
        let index = self.soft.readers.get(id).and_then(|reader| reader.slot(slot)?.index);
        if let Some(partition) = index.and_then(|index| self.partition_mut(index)) {
            partition.unwatch(id, slot);
        }
    }

    /// Something about a slot may be news. A session's follower had all there was until its last fetch: that is noted
    /// now, because fetches do not look at partitions without news.
    fn expect_news(&mut self, id: ReaderId, slot: u32) {
        let Soft { readers, partitions, .. } = &mut self.soft;
        let Some(reader) = readers.get_mut(id).filter(|reader| reader.slot(slot).is_some()) else { return };
        let index = reader.slot(slot).and_then(|slot| slot.index);
        match index.and_then(|index| partitions.get_mut(index as usize)?.as_mut()) {
            Some(partition) => note_news(reader, slot, &mut partition.role),
            None => drop(reader.mark_due(slot)),
        }
    }

    /// A partition's log, high watermark or leadership changed: its readers may have news of it.
    pub(super) fn touch(&mut self, index: ReplicaIndex) {
        let Soft { readers, partitions, .. } = &mut self.soft;
        let Some(Some(Partition { watchers, role, .. })) = partitions.get_mut(index as usize) else { return };
        for (id, slot) in watchers {
            if let Some(reader) = readers.get_mut(*id) {
                note_news(reader, *slot, role);
            }
        }
    }

    /// A partition changed: answers the parked fetches that this completes.
    pub(super) fn wake_fetches(&mut self, cx: &Context<'_>, fx: &mut Fx, index: ReplicaIndex) {
        self.touch(index);
        self.soft.throttles.leader.refresh(cx.now);
        let watcher = |broker: &Broker, at: usize| broker.partition(index)?.watchers.get(at).copied();
        let mut at = 0;
        while let Some((id, slot)) = watcher(self, at) {
            let parked = self.soft.readers.get(id).filter(|reader| reader.parked.is_some());
            if parked.is_some_and(|reader| self.completes_fetch(cx, reader, slot)) {
                self.complete_fetch(cx, fx, id);
            }
            // A reader without session is gone with its answer.
            if watcher(self, at) == Some((id, slot)) {
                at += 1;
            }
        }
    }

    /// The replica of a partition is removed: who reads it is told.
    pub(super) fn turn_readers_away(&mut self, cx: &Context<'_>, fx: &mut Fx, watchers: &[(ReaderId, u32)]) {
        self.lose_readers(watchers);
        watchers.iter().for_each(|(id, _)| self.complete_fetch(cx, fx, *id));
    }

    /// The replica of a partition is not served any more: who reads it hears of that with its next answer.
    pub(super) fn lose_readers(&mut self, watchers: &[(ReaderId, u32)]) {
        for (id, slot) in watchers {
            if let Some(reader) = self.soft.readers.get_mut(*id) {
                reader.slot_mut(*slot).into_iter().for_each(|slot| slot.index = None);
                reader.mark_due(*slot);
            }
        }
    }

    /// Whether a parked fetch is answered, now that a partition of it changed. What all of them have is counted, whether it would fit in
    /// one answer or not (`DelayedFetch#tryComplete`).
    fn completes_fetch(&self, cx: &Context<'_>, reader: &Reader, slot: u32) -> bool {
        let Some(slot) = reader.slot(slot) else { return false };
        match self.bytes_in_wait(cx, &reader.asker, slot) {
            Some(0) => return false,
            Some(_) => {}
            None => return true,
        }
        let mut missing = self.min_bytes(&reader.asker);
        reader.due().any(|(_, slot)| match self.bytes_in_wait(cx, &reader.asker, slot) {
            Some(bytes) => {
                missing = missing.saturating_sub(bytes);
                missing == 0
            }
            None => true,
        })
    }

    /// Bytes that there are of a partition for a parked fetch; none if it is answered however many there are.
    fn bytes_in_wait(&self, cx: &Context<'_>, asker: &Asker, slot: &Slot) -> Option<u32> {
        let Readable { index, bound, diverging } = self.readable(cx, asker, &slot.asked, slot.index).ok()?;
        let from = slot.asked.fetch_offset;
        if diverging.is_some() {
            return None;
        }
        if bound <= from || self.holds_up(asker, index) {
            return Some(0);
        }
        let log = self.disk.log(index);
        let counts = asker.min_bytes > 1 && slot.segment >= log.segment_base(bound - 1);
        counts.then(|| log.bytes_between(from, bound).min(slot.asked.partition_max_bytes))
    }

    /// Answers a parked fetch with what there is now. Followers are not heard again: they said nothing new.
    fn complete_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, id: ReaderId) {
        let Some(reader) = self.soft.readers.get_mut(id) else { return };
        let Some(ticket) = reader.parked.take() else { return };
        self.soft.throttles.leader.refresh(cx.now);
        let room = self.soft.read_room.take();
        let Some(reader) = self.soft.readers.get(id) else { return };
        let read = self.read_partitions(cx, reader, room);
        let response = self.answer_fetch(cx, fx, id, read);
        self.respond(fx, ticket, response.into());
    }

    /// A parked request's time is over.
    pub(super) fn on_parked_too_long(&mut self, cx: &Context<'_>, fx: &mut Fx, ticket: Ticket) {
        self.produce_timed_out(cx, fx, ticket);
        self.delete_timed_out(fx, ticket);
        if let Some(conn) = self.soft.connections.connection_of(ticket)
            && let Some((_, id)) = self.soft.connections.parked_fetch(conn)
        {
            self.complete_fetch(cx, fx, id);
        }
    }

    // ---- answers

    /// What a reader is told of what was read (`#updateAndGenerateResponseData`).
    fn answer_fetch(&mut self, cx: &Context<'_>, fx: &mut Fx, id: ReaderId, mut read: FetchRead) -> FetchResponse {
        let Some(reader) = self.soft.readers.get_mut(id) else {
            return refusal(ErrorCode::None);
        };
        let (session, is_follower) = (reader.session, reader.asker.is_follower());
        match is_follower {
            true => self.served.to_followers += read.bytes,
            false => self.served.to_clients += read.bytes,
        }
        if session.is_some() || reader.wants_session {
            for ((slot, is_news), result) in read.slots.iter_mut().zip(&read.results) {
                *is_news = reader.is_news(*slot, result);
            }
        }
        let session_id = match session {
            Some(session) => session.id,
            None => self.make_session(cx, fx, id),
        };
        let is_kept = session_id != 0 && session.is_none_or(|session| !session.is_evicted);
        if is_kept {
            self.watch(id);
            self.settle_slots(id, &read);
        } else {
            self.remove_reader(id);
        }
        let mut partitions = std::mem::take(&mut read.results);
        if session.is_some() {
            let mut slots = read.slots.iter();
            partitions.retain(|_| slots.next().is_none_or(|(_, is_news)| *is_news));
        }
        let node_endpoints = match read.is_urgent {
            true => endpoints(cx, partitions.iter().filter_map(|result| result.current_leader)),
            false => Seldom::default(),
        };
        self.soft.read_room.put_back(read);
        let response = FetchResponse { error: ErrorCode::None, session_id, partitions, node_endpoints };
        if is_follower {
            self.count_sent(cx.now, &response);
        }
        response
    }

    /// Makes the reader a session, if it asked for one and there is room.
    fn make_session(&mut self, cx: &Context<'_>, fx: &mut Fx, id: ReaderId) -> i32 {
        let Some(reader) = self.soft.readers.get_mut(id).filter(|reader| reader.wants_session) else { return 0 };
        reader.wants_session = false;
        if reader.is_empty() {
            return 0;
        }
        let slots = self.settings.fetch_session_slots;
        let (session, evicted) = self.soft.readers.make_session(id, cx.now, slots, fx.rng(RNG_SESSION));
        if let Some(evicted) = evicted {
            self.end_session(evicted);
        }
        session
    }

    /// Partitions of which the reader knows all there is need not be looked at until they change.
    fn settle_slots(&mut self, id: ReaderId, read: &FetchRead) {
        let Soft { readers, partitions, .. } = &mut self.soft;
        let Some(reader) = readers.get_mut(id) else { return };
        let replica = reader.asker.replica;
        for ((number, _), result) in read.slots.iter().zip(&read.results) {
            let is_sent_away = result.preferred_read_replica.is_some();
            if !result.error.is_ok() || result.diverging_epoch.is_some() || is_sent_away || !result.batches.is_empty() {
                continue;
            }
            let Some(slot) = reader.slot(*number) else { continue };
            let partition = slot.index.and_then(|index| partitions.get(index as usize)?.as_ref());
            let (Some(partition), Some(index)) = (partition, slot.index) else { continue };
            let log = self.disk.log(index);
            let told = (log.high_watermark(), log.log_start_offset());
            let (bound, is_in_order) = match replica.is_some() {
                // A follower outside the ISR may come back in with any fetch.
                true => (log.log_end_offset(), partition.leadership().is_some_and(|l| l.is_in_maximal_isr(replica))),
                false => (log.high_watermark(), true),
            };
            let is_settled =
                is_in_order && slot.asked.fetch_offset >= bound && (slot.high_watermark, slot.log_start_offset) == told;
            if is_settled {
                reader.settle(*number);
            }
        }
    }

    // ---- reading

    /// So much at least, unless it is more than one answer may hold.
    fn min_bytes(&self, asker: &Asker) -> u32 {
        asker.min_bytes.min(self.max_bytes(asker))
    }
    fn max_bytes(&self, asker: &Asker) -> u32 {
        asker.max_bytes.min(self.settings.fetch_max_bytes)
    }

    /// In which segment each partition's reader waits, if it waits for more than a byte.
    fn note_segments(&mut self, id: ReaderId) {
        let (Some(reader), disk) = (self.soft.readers.get_mut(id), &self.disk) else { return };
        if reader.asker.min_bytes <= 1 {
            return;
        }
        let places: Vec<(u32, i64)> = reader
            .slots()
            .filter_map(|(number, slot)| {
                let (log, at) = (disk.log(slot.index?), slot.asked.fetch_offset);
                // At the end of what there is it waits in the last segment that has something.
                let is_at_end = at >= log.high_watermark() && at > log.log_start_offset();
                Some((number, log.segment_base(if is_at_end { at - 1 } else { at })))
            })
            .collect();
        for (number, segment) in places {
            reader.slot_mut(number).into_iter().for_each(|slot| slot.segment = segment);
        }
    }

    /// Reads what may have news, into `read`, which is empty.
    fn read_partitions(&self, cx: &Context<'_>, reader: &Reader, mut read: FetchRead) -> FetchRead {
        read.results.reserve_exact(reader.due_count());
        let asker = &reader.asker;
        let mut left = self.max_bytes(asker);
        for (number, slot) in reader.due() {
            let mut result = self.read_partition(cx, asker, &slot.asked, slot.index, left, read.bytes == 0);
            if result.error == ErrorCode::UnknownTopicId && slot.is_named {
                result.error = ErrorCode::UnknownTopicOrPartition;
            }
            let bytes = result.records_bytes();
            left = u32::try_from(u64::from(left).saturating_sub(bytes)).unwrap_or(0);
            read.bytes += bytes;
            read.is_urgent |=
                !result.error.is_ok() || result.diverging_epoch.is_some() || result.preferred_read_replica.is_some();
            read.is_behind |= asker.min_bytes > 1 && self.is_behind(slot, &result);
            read.results.push(result);
            read.slots.push((number, true));
        }
        read
    }

    fn is_behind(&self, slot: &Slot, result: &FetchResult) -> bool {
        let Some(log) = slot.index.map(|index| self.disk.log(index)).filter(|_| !result.batches.is_empty()) else {
            return false;
        };
        log.segment_base(slot.asked.fetch_offset) < log.segment_base(result.high_watermark - 1)
    }

    fn read_partition(
        &self,
        cx: &Context<'_>,
        asker: &Asker,
        asked: &FetchPartition,
        index: Option<ReplicaIndex>,
        left: u32,
        min_one_message: bool,
    ) -> FetchResult {
        // Who had better read elsewhere is not told that its offset is not here.
        let preferred = self.preferred_replica(cx, asker, asked, index);
        let readable = match preferred {
            Some(_) => self.served_at(cx, asked, index).map(|(index, _)| Readable { index, bound: 0, diverging: None }),
            None => self.readable(cx, asker, asked, index),
        };
        let readable = match readable {
            Ok(readable) => readable,
            Err(error) => return failure(asked, error, hint_for(cx, asked, error)),
        };
        let log = self.disk.log(readable.index);
        let mut result = FetchResult {
            high_watermark: log.high_watermark(),
            last_stable_offset: log.high_watermark(),
            log_start_offset: log.log_start_offset(),
            ..failure(asked, ErrorCode::None, None)
        };
        if let Some(id) = preferred {
            result.preferred_read_replica = id;
        } else if let Some(end) = readable.diverging {
            result.diverging_epoch = Some(fetch::EpochEnd { epoch: end.epoch, end_offset: end.end_offset });
        } else if (left > 0 || min_one_message)
            && asked.fetch_offset < readable.bound
            && !self.holds_up(asker, readable.index)
        {
            match log.read(asked.fetch_offset, readable.bound, left.min(asked.partition_max_bytes), min_one_message) {
                Ok(found) => (result.batches, result.cut.bytes) = (found.batches, found.cut_bytes),
                Err(error) => return failure(asked, error, None),
            }
        }
        result
    }

    /// The replica, if it is here and the asker knows of no other leader epoch (`Partition#fetchOffsetSnapshot`).
    fn served_at(
        &self,
        cx: &Context<'_>,
        asked: &FetchPartition,
        index: Option<ReplicaIndex>,
    ) -> Result<(ReplicaIndex, &Partition), ErrorCode> {
        let (index, partition) = self.hosted_at(cx, index, asked.topic_id, asked.partition)?;
        partition.check_leader_epoch(asked.current_leader_epoch)?;
        Ok((index, partition))
    }

    /// Whether and up to where the asker may read (`Partition#fetchRecords`).
    fn readable(
        &self,
        cx: &Context<'_>,
        asker: &Asker,
        asked: &FetchPartition,
        index: Option<ReplicaIndex>,
    ) -> Result<Readable, ErrorCode> {
        let (index, partition) = self.served_at(cx, asked, index)?;
        let is_follower = asker.is_follower();
        if is_follower {
            // Consumers may read from any replica (KIP-392); followers only from the leader.
            let leadership = partition.leadership().ok_or(ErrorCode::NotLeaderOrFollower)?;
            leadership.follower(asker.replica).ok_or(ErrorCode::UnknownLeaderEpoch)?;
        }
        let log = self.disk.log(index);
        let mut readable = Readable { index, bound: log.log_end_offset(), diverging: None };
        // Whatever the epochs are.
        if asked.fetch_offset < log.log_start_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if asked.last_fetched_epoch >= 0 && !cx.spec.has(Plant::TruncateToHighWatermark) {
            let end = log.end_offset_for_epoch(asked.last_fetched_epoch);
            if !end.is_defined() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            let is_other_epoch = end.epoch < asked.last_fetched_epoch && !cx.spec.has(Plant::DivergenceByOffset);
            if is_other_epoch || end.end_offset < asked.fetch_offset {
                readable.diverging = Some(end);
                return Ok(readable);
            }
        }
        if asked.fetch_offset > log.log_end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if is_follower && is_outdated(cx, asker) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        if !is_follower && !cx.spec.has(Plant::ReadsPastHighWatermark) {
            readable.bound = log.high_watermark();
        }
        Ok(readable)
    }

    /// A replica this broker hosts, or the error that says why it does not.
    pub(super) fn hosted(
        &self,
        cx: &Context<'_>,
        topic_id: TopicId,
        partition: PartitionIndex,
    ) -> Result<(ReplicaIndex, &Partition), ErrorCode> {
        self.hosted_at(cx, None, topic_id, partition)
    }

    /// The same, if it may be known where it is.
    fn hosted_at(
        &self,
        cx: &Context<'_>,
        known: Option<ReplicaIndex>,
        topic_id: TopicId,
        partition: PartitionIndex,
    ) -> Result<(ReplicaIndex, &Partition), ErrorCode> {
        let index = known.or_else(|| self.disk.find(topic_id, partition));
        if let Some(hosted) = index.and_then(|index| Some((index, self.partition(index)?))) {
            return Ok(hosted);
        }
        if !cx.image.topics.contains_key(&topic_id) {
            return Err(ErrorCode::UnknownTopicId);
        }
        if self.disk.is_offline(topic_id, partition) {
            return Err(ErrorCode::KafkaStorageError);
        }
        match cx.image.partition(topic_id, partition) {
            Some(_) => Err(ErrorCode::NotLeaderOrFollower),
            None => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }

    /// A follower's fetch says how far its log goes (`Partition#updateFollowerFetchState`).
    fn learn_from_follower(&mut self, cx: &Context<'_>, fx: &mut Fx, id: ReaderId, read: &FetchRead) {
        for ((slot, _), result) in read.slots.iter().zip(&read.results) {
            if !result.error.is_ok() || result.diverging_epoch.is_some() {
                continue;
            }
            let Some(reader) = self.soft.readers.get(id) else { return };
            let Asker { replica, replica_epoch, .. } = reader.asker;
            let Some(slot) = reader.slot(*slot) else { continue };
            let (offset, log_start) = (slot.asked.fetch_offset, slot.asked.log_start_offset);
            let index = slot.index.or_else(|| self.disk.find(slot.asked.topic_id, slot.asked.partition));
            let Some(index) = index else { continue };
            let leader_end = self.disk.log(index).log_end_offset();
            let Some(partition) = self.partition_mut(index) else { continue };
            let Some(leadership) = partition.leadership_mut() else { continue };
            let Some(follower) = leadership.follower_mut(replica) else { continue };
            let before = (follower.log_end_offset, follower.last_caught_up);
            let moves_log_start = follower.log_start_offset != log_start;
            follower.fetched(cx.now, offset, log_start, leader_end, replica_epoch);
            if !leadership.is_in_maximal_isr(replica) {
                self.maybe_expand_isr(cx, index, replica);
            }
            if offset != leader_end {
                self.watch_followers(index);
            }
            if moves_log_start && self.partition(index).is_some_and(|partition| !partition.deletes.is_empty()) {
                self.wake_later(index);
            }
            if before.0 != offset || before.1.is_none() {
                self.advance_high_watermark(cx, fx, index);
            }
        }
    }
}

/// Whether a follower fetches for a process whose successor is registered and serves (`Replica#updateFetchStateOrThrow`).
fn is_outdated(cx: &Context<'_>, asker: &Asker) -> bool {
    let registered = cx.image.brokers.get(&asker.replica).filter(|broker| !broker.fenced);
    asker.replica_epoch >= 0 && registered.is_some_and(|broker| broker.epoch > asker.replica_epoch)
}

/// Marks a slot of a reader, and the follower behind it as caught up until the last fetch of its session.
fn note_news(reader: &mut Reader, slot: u32, role: &mut Role) {
    if !reader.mark_due(slot) {
        return;
    }
    if let (Role::Leader(leadership), Some(session)) = (role, reader.session)
        && let Some(follower) = leadership.follower_mut(reader.asker.replica)
    {
        follower.was_caught_up(session.last_used);
    }
}

/// What an asker may read of a partition.
struct Readable {
    index: ReplicaIndex,
    bound: i64,
    diverging: Option<EpochEnd>,
}

impl Partition {
    /// The asker's idea of the leader epoch against this broker's; −1 skips the check.
    pub(super) fn check_leader_epoch(&self, asked: i32) -> Result<(), ErrorCode> {
        match asked {
            -1 => Ok(()),
            asked if asked < self.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            asked if asked > self.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    fn watch(&mut self, id: ReaderId, slot: u32) {
        if let Err(at) = self.watchers.binary_search(&(id, slot)) {
            self.watchers.insert(at, (id, slot));
        }
    }

    fn unwatch(&mut self, id: ReaderId, slot: u32) {
        if let Ok(at) = self.watchers.binary_search(&(id, slot)) {
            self.watchers.remove(at);
        }
    }
}

/// An answer without partitions.
fn refusal(error: ErrorCode) -> FetchResponse {
    FetchResponse { error, session_id: 0, partitions: Vec::new(), node_endpoints: Seldom::default() }
}

fn hint_for(cx: &Context<'_>, asked: &FetchPartition, error: ErrorCode) -> Option<LeaderHint> {
    match error {
        ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch => hint(cx, asked.topic_id, asked.partition),
        _ => None,
    }
}

fn failure(asked: &FetchPartition, error: ErrorCode, current_leader: Option<LeaderHint>) -> FetchResult {
    FetchResult {
        topic_id: asked.topic_id,
        partition: asked.partition,
        error,
        high_watermark: -1,
        last_stable_offset: -1,
        log_start_offset: -1,
        diverging_epoch: None,
        snapshot: Seldom::default(),
        current_leader,
        preferred_read_replica: BrokerId::NONE,
        leader_endpoint: Seldom::default(),
        batches: Vec::new(),
        cut: Cut::default(),
        metadata: Vec::new(),
    }
}
