//! One hosted partition: leader or follower, and the leader's bookkeeping of its followers (`Partition`, `Replica`).
//!
//! `maximal ISR` = committed ISR plus proposed additions: it bounds the high watermark. `committed ISR` counts for
//! min.insync.replicas. A proposed removal stays in both until the controller confirms it.

use std::collections::VecDeque;

use kernel::{Duration, Time};
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, TopicId, TopicPartition};

use super::readers::ReaderId;
use crate::image::MetadataImage;

/// A partition this broker hosts a replica of. Soft state: a crash drops it.
#[derive(Clone, Debug, Hash)]
pub struct Partition {
    pub(super) tp: TopicPartition,
    pub(super) topic_id: TopicId,
    pub(super) replicas: Vec<BrokerId>,
    pub(super) leader: BrokerId,
    pub(super) leader_epoch: i32,
    pub(super) partition_epoch: i32,
    pub(super) min_insync_replicas: i32,
    pub(super) role: Role,
    /// Writes that wait for the high watermark, by the offset they need.
    pub(super) writes: VecDeque<WaitingWrite>,
    /// Readers that want to hear of changes, with its slot in each, ascending.
    pub(super) watchers: Vec<(ReaderId, u32)>,
    /// What waits here will be looked at.
    pub(super) is_wake_due: bool,
    /// Requests that wait for its low watermark, by ticket. May be stale.
    pub(super) deletes: Vec<u64>,
    /// Whether the high watermark moved since the last checkpoint.
    pub(super) is_checkpoint_due: bool,
    /// Whether a follower may be behind this leader.
    pub(super) is_behind: bool,
}

/// What this broker's replica is.
#[derive(Clone, Debug, Hash)]
pub enum Role {
    /// It leads: appends, and serves followers.
    Leader(Leadership),
    /// It follows [`Partition::leader`], or nobody if there is none.
    Follower,
}

/// A leader's soft state.
#[derive(Clone, Debug, Hash)]
pub struct Leadership {
    /// The log end when this leader epoch began.
    pub(super) epoch_start_offset: i64,
    /// The committed in-sync replicas.
    pub(super) isr: Vec<BrokerId>,
    /// What the controller is being asked to make the ISR.
    pub(super) proposed: Option<Vec<BrokerId>>,
    /// The other replicas, in assignment order.
    pub(super) followers: Vec<FollowerState>,
}

/// What a leader knows of a follower (`Replica`).
#[derive(Clone, Debug, Hash)]
pub struct FollowerState {
    /// Who.
    pub id: BrokerId,
    /// Its log end by its last fetch; −1 before.
    pub log_end_offset: i64,
    /// Its log start by its last fetch; −1 before.
    pub log_start_offset: i64,
    /// When it last had everything the leader had; none if never.
    pub last_caught_up: Option<Time>,
    /// When it last fetched.
    pub last_fetch: Option<Time>,
    /// The leader's log end at that fetch.
    pub leader_end_at_last_fetch: i64,
    /// Its broker epoch by its last fetch; −1 before.
    pub broker_epoch: i64,
}

/// A write that is answered when the high watermark reaches `required`.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct WaitingWrite {
    pub(super) required: i64,
    pub(super) who: Writer,
}

/// Whose write it is.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Writer {
    /// A producer's: the ticket of its request, and the place of the partition in it.
    Producer { ticket: u64, slot: u32 },
    /// The group coordinator's, by the write's id.
    Coordinator { write: u64 },
}

impl Partition {
    pub(super) fn new(tp: TopicPartition, topic_id: TopicId) -> Partition {
        Partition {
            tp,
            topic_id,
            replicas: Vec::new(),
            leader: BrokerId::NONE,
            leader_epoch: -1,
            partition_epoch: -1,
            min_insync_replicas: 1,
            role: Role::Follower,
            writes: VecDeque::new(),
            watchers: Vec::new(),
            is_wake_due: false,
            deletes: Vec::new(),
            is_checkpoint_due: false,
            is_behind: false,
        }
    }

    /// Its name.
    pub fn tp(&self) -> &TopicPartition {
        &self.tp
    }
    /// Who leads it, as this broker knows.
    pub fn leader(&self) -> BrokerId {
        self.leader
    }
    /// The leader epoch this broker knows.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }
    /// The partition epoch this broker knows.
    pub fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }
    /// The leader's bookkeeping, if this broker leads.
    pub fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower => None,
        }
    }
    pub(super) fn leadership_mut(&mut self) -> Option<&mut Leadership> {
        match &mut self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower => None,
        }
    }
    /// Whether this broker leads it.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }
    /// min.insync.replicas, but never more than there are replicas.
    pub fn effective_min_isr(&self) -> usize {
        usize::try_from(self.min_insync_replicas).unwrap_or(1).min(self.replicas.len())
    }
    /// How many writes wait for the high watermark.
    pub fn waiting_writes(&self) -> usize {
        self.writes.len()
    }

    /// Whether there are too few in-sync replicas for acks=all and for the high watermark to move (KAFKA-15583).
    pub fn is_under_min_isr(&self) -> bool {
        self.leadership().is_some_and(|leadership| leadership.isr.len() < self.effective_min_isr())
    }

    /// Where the leader's high watermark belongs (`Partition#maybeIncrementLeaderHW`); none while it is frozen.
    /// Members of the ISR that have stopped fetching count, but for a planted bug.
    pub(super) fn target_high_watermark(
        &self,
        now: Time,
        image: &MetadataImage,
        lag_max: Duration,
        log_end: i64,
        counts_stalled: bool,
    ) -> Option<i64> {
        let leadership = self.leadership()?;
        if self.is_under_min_isr() {
            return None;
        }
        let held_back_by = |follower: &&FollowerState| {
            follower.log_end_offset < log_end
                && ((counts_stalled && leadership.is_in_maximal_isr(follower.id))
                    || (follower.is_caught_up(now, lag_max, log_end) && follower.is_eligible(image)))
        };
        Some(leadership.followers.iter().filter(held_back_by).map(|f| f.log_end_offset).fold(log_end, i64::min))
    }

    pub(super) fn record_replicas(&mut self, record: &PartitionRecord) {
        self.replicas.clone_from(&record.replicas);
        self.leader = record.leader;
        self.leader_epoch = record.leader_epoch;
        self.partition_epoch = record.partition_epoch;
    }
}

impl Leadership {
    /// The committed in-sync replicas.
    pub fn isr(&self) -> &[BrokerId] {
        &self.isr
    }
    /// The ISR the controller is being asked for.
    pub fn proposed_isr(&self) -> Option<&[BrokerId]> {
        self.proposed.as_deref()
    }
    /// The log end when this leader epoch began.
    pub fn epoch_start_offset(&self) -> i64 {
        self.epoch_start_offset
    }
    /// What is known of the followers, in assignment order.
    pub fn followers(&self) -> &[FollowerState] {
        &self.followers
    }
    /// In the committed ISR, or proposed for it.
    pub fn is_in_maximal_isr(&self, id: BrokerId) -> bool {
        self.isr.contains(&id) || self.proposed.as_ref().is_some_and(|proposed| proposed.contains(&id))
    }
    /// The size of the maximal ISR.
    pub fn maximal_isr_len(&self) -> usize {
        let added = self.proposed.iter().flatten().filter(|id| !self.isr.contains(id)).count();
        self.isr.len() + added
    }
    pub(super) fn follower_mut(&mut self, id: BrokerId) -> Option<&mut FollowerState> {
        self.followers.iter_mut().find(|follower| follower.id == id)
    }
    pub(super) fn follower(&self, id: BrokerId) -> Option<&FollowerState> {
        self.followers.iter().find(|follower| follower.id == id)
    }
}

impl FollowerState {
    pub(super) fn new(id: BrokerId, last_caught_up: Option<Time>) -> FollowerState {
        FollowerState {
            id,
            log_end_offset: -1,
            log_start_offset: -1,
            last_caught_up,
            last_fetch: None,
            leader_end_at_last_fetch: 0,
            broker_epoch: -1,
        }
    }

    /// The same broker leads on in a new epoch, in whose ISR the follower is since `in_sync` if it is: where it is does not change
    /// (`Replica#resetReplicaState`).
    pub(super) fn led_again(self, in_sync: Option<Time>, leader_end: i64) -> FollowerState {
        FollowerState { last_caught_up: in_sync, last_fetch: in_sync, leader_end_at_last_fetch: leader_end, ..self }
    }

    /// At the leader's end, or there not longer than `lag_max` ago.
    pub fn is_caught_up(&self, now: Time, lag_max: Duration, leader_end: i64) -> bool {
        self.log_end_offset == leader_end || self.last_caught_up.is_some_and(|at| now.since(at) <= lag_max)
    }

    /// Not fenced, not shutting down, and the process that fetched is the one that is registered.
    pub fn is_eligible(&self, image: &MetadataImage) -> bool {
        image
            .brokers
            .get(&self.id)
            .is_some_and(|broker| broker.is_active() && (self.broker_epoch == -1 || self.broker_epoch == broker.epoch))
    }

    /// Until `at` its fetches found nothing new.
    pub(super) fn was_caught_up(&mut self, at: Time) {
        self.last_caught_up = self.last_caught_up.max(Some(at));
        self.last_fetch = self.last_fetch.max(Some(at));
    }

    /// It fetches from `offset` while the leader's log ends at `leader_end` (`Replica#updateFetchStateOrThrow`).
    pub(super) fn fetched(&mut self, now: Time, offset: i64, log_start: i64, leader_end: i64, broker_epoch: i64) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = offset;
        self.log_start_offset = log_start;
        self.last_fetch = Some(now);
        self.leader_end_at_last_fetch = leader_end;
        self.broker_epoch = broker_epoch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG_MAX: Duration = Duration::from_secs(30);

    fn fetches(fetches: &[(u64, i64, i64)]) -> FollowerState {
        let mut follower = FollowerState::new(BrokerId(2), Some(Time::ZERO));
        for (second, offset, leader_end) in fetches {
            follower.fetched(Time::from_millis(second * 1_000), *offset, 0, *leader_end, 1);
        }
        follower
    }

    #[test]
    fn who_reaches_where_the_leader_was_at_the_last_fetch_was_caught_up_then() {
        // Always a hundred behind, and never out of sync.
        let slow = fetches(&[(10, 0, 100), (20, 100, 200), (30, 200, 300), (60, 300, 400)]);
        assert_eq!(slow.last_caught_up, Some(Time::from_millis(30_000)));
        assert!(slow.is_caught_up(Time::from_millis(60_000), LAG_MAX, 400));
        // One record less each time, and it is not.
        let too_slow = fetches(&[(10, 0, 100), (20, 99, 200), (30, 199, 300), (40, 299, 400)]);
        assert_eq!(too_slow.last_caught_up, Some(Time::ZERO));
        assert!(!too_slow.is_caught_up(Time::from_millis(40_000), LAG_MAX, 400));
    }

    #[test]
    fn who_is_at_the_leaders_end_is_caught_up_however_long_it_has_not_fetched() {
        let idle = fetches(&[(10, 400, 400)]);
        assert!(idle.is_caught_up(Time::from_millis(9_000_000), LAG_MAX, 400));
        assert!(idle.is_caught_up(Time::from_millis(40_000), LAG_MAX, 401), "thirty seconds are not too long");
        assert!(!idle.is_caught_up(Time::from_millis(40_001), LAG_MAX, 401));
    }
}
