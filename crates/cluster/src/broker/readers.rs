//! Who reads from this broker: fetch sessions, and single fetches without one (`FetchSessionCache`, `FetchContext`,
//! KIP-227).
//!
//! A session remembers what it was last told of each partition, and only partitions that may have news are looked at:
//! those named in the request, those that changed here since, and those with an error. What a fetch costs grows with what
//! has changed, not with what it reads. Left out: metrics.

use kernel::{Rng, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::fetch::{FetchPartition, FetchRequest, FetchResult};
use protocol::fetch_session::{FINAL_EPOCH, INITIAL_EPOCH, next_epoch};
use protocol::{BrokerId, PartitionIndex, TopicId};

use super::connections::Ticket;
use super::disk::ReplicaIndex;

/// Names a reader; later ones have higher numbers.
pub(super) type ReaderId = u64;

/// `NumFetchSessionCacheShards`.
const SHARDS: u32 = 8;
/// Session ids of a shard.
const SHARD_IDS: u32 = i32::MAX as u32 / SHARDS;
/// A session unused for longer may be evicted by any (`MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const EVICTION_MS: u64 = 120_000;
/// The random stream of session ids.
pub(super) const RNG_SESSION: u32 = 0x31;

/// All readers, and the cache of their sessions.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Readers {
    readers: SortedMap<ReaderId, Reader>,
    sessions: SortedMap<i32, ReaderId>,
    last: ReaderId,
    next_shard: u32,
}

/// One reader.
#[derive(Clone, Debug, Hash)]
pub(super) struct Reader {
    pub(super) asker: Asker,
    /// Its session, once a full fetch has made one.
    pub(super) session: Option<Session>,
    /// Its request under way asks for a new session.
    pub(super) wants_session: bool,
    /// The request that waits for data.
    pub(super) parked: Option<Ticket>,
    /// Whether partitions know that it reads them.
    pub(super) is_watching: bool,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_partition: SortedMap<(TopicId, PartitionIndex), u32>,
    /// What may have news, in the order in which it is read.
    due: SortedMap<u64, u32>,
    next_turn: u64,
}

/// Who asks, by its last request.
#[derive(Clone, Debug, Hash)]
pub(super) struct Asker {
    pub(super) replica: BrokerId,
    pub(super) replica_epoch: i64,
    pub(super) min_bytes: u32,
    pub(super) max_bytes: u32,
    /// A consumer's `client.rack`.
    pub(super) rack: Option<Name>,
}

/// What makes a reader a session (`FetchSession`).
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Session {
    pub(super) id: i32,
    /// The epoch the next request must have.
    pub(super) epoch: i32,
    created: Time,
    /// When it was last asked for something.
    pub(super) last_used: Time,
    /// Its size when it was last used.
    size: u32,
    /// It had to go while its request was parked.
    pub(super) is_evicted: bool,
}

/// A partition of a reader (`CachedPartition`).
#[derive(Clone, Debug, Hash)]
pub(super) struct Slot {
    pub(super) asked: FetchPartition,
    /// The replica here, once there is one.
    pub(super) index: Option<ReplicaIndex>,
    /// Whether there was one: a session keeps the name it has found for a topic id.
    pub(super) is_named: bool,
    /// As last told; −1 if it must be told again.
    pub(super) high_watermark: i64,
    pub(super) log_start_offset: i64,
    /// Where the segment began that its reader had come to when its request was parked.
    pub(super) segment: i64,
    turn: u64,
    is_due: bool,
}

impl Reader {
    fn new(request: &FetchRequest) -> Reader {
        Reader {
            asker: Asker::of(request),
            session: None,
            wants_session: request.session_epoch == INITIAL_EPOCH,
            parked: None,
            is_watching: false,
            slots: Vec::with_capacity(request.partitions.len()),
            free: Vec::new(),
            by_partition: SortedMap::new(),
            due: SortedMap::new(),
            next_turn: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_partition.is_empty()
    }
    pub(super) fn slot(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(slot as usize)?.as_ref()
    }
    pub(super) fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }
    pub(super) fn find(&self, topic_id: TopicId, partition: PartitionIndex) -> Option<u32> {
        self.by_partition.get(&(topic_id, partition)).copied()
    }
    /// All its slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        (0..).zip(&self.slots).filter_map(|(n, slot)| Some((n, slot.as_ref()?)))
    }
    /// The slots that may have news, in the order in which they are read.
    pub(super) fn due(&self) -> impl Iterator<Item = (u32, &Slot)> {
        self.due.values().filter_map(|n| Some((*n, self.slot(*n)?)))
    }

    pub(super) fn due_count(&self) -> usize {
        self.due.len()
    }

    pub(super) fn add(&mut self, asked: FetchPartition, index: Option<ReplicaIndex>) -> u32 {
        let key = (asked.topic_id, asked.partition);
        let turn = self.next_turn;
        self.next_turn += 1;
        let is_named = index.is_some();
        let slot =
            Slot { asked, index, is_named, high_watermark: -1, log_start_offset: -1, segment: 0, turn, is_due: true };
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.slots[number as usize] = Some(slot);
        self.by_partition.insert(key, number);
        self.due.insert(turn, number);
        number
    }

    pub(super) fn remove(&mut self, number: u32) {
        if let Some(slot) = self.slots.get_mut(number as usize).and_then(Option::take) {
            self.by_partition.remove(&(slot.asked.topic_id, slot.asked.partition));
            self.due.remove(&slot.turn);
            self.free.push(number);
        }
    }

    /// There may be news of a partition. True if none were expected before.
    pub(super) fn mark_due(&mut self, number: u32) -> bool {
        let Some(slot) = self.slots.get_mut(number as usize).and_then(Option::as_mut) else { return false };
        if std::mem::replace(&mut slot.is_due, true) {
            return false;
        }
        self.due.insert(slot.turn, number);
        true
    }

    /// There is no news of a partition until something changes.
    pub(super) fn settle(&mut self, number: u32) {
        if let Some(slot) = self.slots.get_mut(number as usize).and_then(Option::as_mut) {
            slot.is_due = false;
            self.due.remove(&slot.turn);
        }
    }

    /// Takes in what a partition's answer says; whether it must be sent (`CachedPartition#maybeUpdateResponseData`).
    pub(super) fn is_news(&mut self, number: u32, result: &FetchResult) -> bool {
        let (next_turn, is_session) = (self.next_turn, self.session.is_some());
        let Some(slot) = self.slot_mut(number) else { return true };
        let told = (slot.high_watermark, slot.log_start_offset);
        // After an error the partition is told of again, whatever it is.
        slot.high_watermark = if result.error.is_ok() { result.high_watermark } else { -1 };
        slot.log_start_offset = result.log_start_offset;
        let has_data = !result.batches.is_empty();
        // Others come first the next time; a new session begins in the order in which it was asked for.
        if has_data && is_session {
            let turn = std::mem::replace(&mut slot.turn, next_turn);
            let is_due = slot.is_due;
            self.next_turn += 1;
            self.due.remove(&turn);
            if is_due {
                self.due.insert(next_turn, number);
            }
        }
        has_data
            || told != (result.high_watermark, result.log_start_offset)
            || !result.error.is_ok()
            || result.diverging_epoch.is_some()
            || result.preferred_read_replica.is_some()
    }
}

impl Asker {
    fn of(request: &FetchRequest) -> Asker {
        Asker {
            replica: request.replica,
            replica_epoch: request.replica_epoch,
            min_bytes: request.min_bytes,
            max_bytes: request.max_bytes,
            rack: request.rack.clone(),
        }
    }
    pub(super) fn is_follower(&self) -> bool {
        self.replica.is_some()
    }
}

impl Readers {
    pub(super) fn get(&self, id: ReaderId) -> Option<&Reader> {
        self.readers.get(&id)
    }
    pub(super) fn get_mut(&mut self, id: ReaderId) -> Option<&mut Reader> {
        self.readers.get_mut(&id)
    }
    /// The reader with a session.
    pub(super) fn of_session(&self, session: i32) -> Option<ReaderId> {
        self.sessions.get(&session).copied()
    }

    /// A reader for a full request; its partitions are to be added.
    pub(super) fn open(&mut self, request: &FetchRequest) -> ReaderId {
        debug_assert!(matches!(request.session_epoch, INITIAL_EPOCH | FINAL_EPOCH), "it is a full request");
        self.last += 1;
        self.readers.insert(self.last, Reader::new(request));
        self.last
    }

    pub(super) fn remove(&mut self, id: ReaderId) -> Option<Reader> {
        let reader = self.readers.remove(&id)?;
        if let Some(session) = reader.session.filter(|session| !session.is_evicted) {
            self.sessions.remove(&session.id);
        }
        Some(reader)
    }

    /// A session is used by a request of its epoch (`FetchSessionCacheShard#touch`).
    pub(super) fn touch(&mut self, id: ReaderId, now: Time, request: &FetchRequest) {
        let Some(reader) = self.readers.get_mut(&id) else { return };
        reader.asker = Asker::of(request);
        let size = reader.by_partition.len() as u32;
        if let Some(session) = &mut reader.session {
            (session.last_used, session.size) = (now, size);
            session.epoch = next_epoch(session.epoch);
        }
    }

    /// Makes a reader a session, if there is room; its id, or 0 (`#maybeCreateSession`). Also the session that had to go for it, if
    /// one had to: the caller ends it.
    pub(super) fn make_session(
        &mut self,
        id: ReaderId,
        now: Time,
        slots: u32,
        rng: &mut Rng,
    ) -> (i32, Option<ReaderId>) {
        let shard = self.next_shard % SHARDS;
        self.next_shard = self.next_shard.wrapping_add(1);
        let Some(reader) = self.readers.get(&id) else { return (0, None) };
        let (is_privileged, size) = (reader.asker.is_follower(), reader.by_partition.len() as u32);
        let ids = (shard * SHARD_IDS) as i32..((shard + 1) * SHARD_IDS) as i32;
        let mut evicted = None;
        if self.sessions.range(ids.clone()).count() >= (slots / SHARDS) as usize {
            evicted = self.evictable(ids.clone(), now, is_privileged, size);
            if evicted.is_none() {
                return (0, None);
            }
        }
        let first = ids.start.max(1);
        let session = loop {
            let drawn = first + rng.below((ids.end - first) as u64) as i32;
            if !self.sessions.contains_key(&drawn) {
                break drawn;
            }
        };
        self.sessions.insert(session, id);
        if let Some(reader) = self.readers.get_mut(&id) {
            let epoch = next_epoch(INITIAL_EPOCH);
            reader.session =
                Some(Session { id: session, epoch, created: now, last_used: now, size, is_evicted: false });
        }
        (session, evicted)
    }

    /// The session that makes room for another in its shard (`#tryEvict`).
    fn evictable(&self, ids: std::ops::Range<i32>, now: Time, is_privileged: bool, size: u32) -> Option<ReaderId> {
        let of_shard = || {
            let readers = self.sessions.range(ids.clone());
            readers
                .filter_map(|(_, id)| Some((*id, self.readers.get(id)?)))
                .filter_map(|(id, reader)| Some((id, reader.asker.is_follower(), reader.session?)))
        };
        let (stalest, _, session) = of_shard().min_by_key(|(_, _, session)| (session.last_used, session.id))?;
        if now.since(session.last_used).as_millis() > EVICTION_MS {
            return Some(stalest);
        }
        let is_old = |session: &Session| session.last_used.since(session.created).as_millis() > EVICTION_MS;
        let (least, key) = of_shard()
            .filter(|(_, is_follower, session)| is_old(session) || (is_privileged && !is_follower))
            .map(|(id, is_follower, session)| (id, (is_follower, session.size, session.id)))
            .min_by_key(|(_, key)| *key)?;
        ((is_privileged, size, 0) >= key).then_some(least)
    }

    /// Takes a session out of the cache. Its reader goes too, unless its request is parked: then it goes with the answer.
    pub(super) fn end_session(&mut self, id: ReaderId) -> Option<Reader> {
        let reader = self.readers.get_mut(&id)?;
        if reader.parked.is_none() {
            return self.remove(id);
        }
        if let Some(session) = &mut reader.session {
            session.is_evicted = true;
            self.sessions.remove(&session.id);
        }
        None
    }
}
