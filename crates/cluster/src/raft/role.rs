//! What a replica of the quorum is at a moment (`EpochState`): one struct a state.

use kernel::{Duration, Time};
use ordered::{SortedMap, SortedSet};
use protocol::metadata::MetadataBatch;
use protocol::{BrokerId, DirectoryId, Seldom};

use super::change::Change;
use super::update::{Update, VersionUpgrade};

/// The state of a replica in its epoch (`QuorumState`).
///
/// Unattached → Prospective (election timeout) → Candidate (majority of pre-votes) → Leader (majority of votes).
/// Candidate → Prospective (election timeout, also where the election is lost before that).
/// Anything → Follower (a leader is found) or Unattached (a higher epoch). Follower → Prospective (fetch timeout).
/// Leader → Resigned (no majority fetches, or shutdown) → Unattached in the next epoch.
#[derive(Clone, Debug, Hash)]
pub enum Role {
    /// Knows no leader.
    Unattached,
    /// Asks whether it would be elected (KIP-996). Keeps following the leader it knew, if any.
    Prospective(Ballot),
    /// Asks for votes in an epoch of its own.
    Candidate(Ballot),
    /// Fetches from a leader.
    Follower {
        /// The leader.
        leader: BrokerId,
        /// Whether a fetch has succeeded in this epoch.
        has_fetched: bool,
        /// What it has told the leader of itself, where it may vote.
        update: Seldom<Update>,
    },
    /// Leads.
    Leader(Leader),
    /// Led, and has given up; refuses fetches.
    Resigned {
        /// Voters that have not acknowledged EndQuorumEpoch.
        unacked: SortedSet<BrokerId>,
        /// Who should follow, best log first.
        successors: Vec<BrokerId>,
    },
}

/// An election under way.
#[derive(Clone, Debug, Hash)]
pub struct Ballot {
    /// Voters that said yes, the replica itself among them.
    pub granted: SortedSet<BrokerId>,
    /// Voters that said no.
    pub rejected: SortedSet<BrokerId>,
    /// The leader it knew before; NONE for a candidate.
    pub leader: BrokerId,
}

/// The leader's view of the quorum (`LeaderState`).
#[derive(Clone, Debug, Hash)]
pub struct Leader {
    /// Where its epoch starts: the offset of its LeaderChange record.
    pub epoch_start: i64,
    /// The other voters.
    pub voters: SortedMap<BrokerId, Progress>,
    /// Everyone else who fetches.
    pub observers: SortedMap<ReplicaKey, Progress>,
    /// Prepared batches that linger before they are appended (`BatchAccumulator`).
    pub accumulator: Vec<MetadataBatch>,
    /// The offset of the next record to prepare.
    pub next_offset: i64,
    /// Voters that have fetched since the check-quorum timer was last reset.
    pub fetched: SortedSet<BrokerId>,
    /// Whether the controller has been told.
    pub is_claimed: bool,
    /// The change of voters under way.
    pub change: Seldom<Box<Change>>,
    /// What the voters of a static quorum have told.
    pub upgrade: Seldom<VersionUpgrade>,
}

impl Leader {
    /// One that begins its epoch at an offset, and has heard of none of the other voters.
    pub(super) fn new(epoch_start: i64, others: &[BrokerId]) -> Leader {
        Leader {
            epoch_start,
            voters: others.iter().map(|id| (*id, Progress::default())).collect(),
            observers: SortedMap::new(),
            accumulator: Vec::new(),
            next_offset: epoch_start,
            fetched: SortedSet::new(),
            is_claimed: false,
            change: Seldom::default(),
            upgrade: Seldom::default(),
        }
    }
}

/// Who fetches (`org.apache.kafka.raft.ReplicaKey`).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaKey {
    /// Its id.
    pub id: BrokerId,
    /// Its `directory.id`, if that is not the one its storage had first.
    pub directory: Seldom<DirectoryId>,
}

/// How far a replica is, as its leader knows (`LeaderState.ReplicaState`).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Progress {
    /// Its log end offset; −1 unknown.
    pub end_offset: i64,
    /// When it fetched last; none if never in this epoch.
    pub last_fetch: Option<Time>,
    /// When it last had all the leader had.
    pub last_caught_up: Option<Time>,
    /// The leader's log end at its last fetch.
    pub leader_end_at_last_fetch: i64,
    /// Whether it has acknowledged BeginQuorumEpoch.
    pub has_acknowledged: bool,
    /// Its `directory.id`, if that is not the one its storage had first.
    pub directory: Seldom<DirectoryId>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress {
            end_offset: -1,
            last_fetch: None,
            last_caught_up: None,
            leader_end_at_last_fetch: -1,
            has_acknowledged: false,
            directory: Seldom::default(),
        }
    }
}

impl Progress {
    /// Whether it had all at least once, and has fetched within a time.
    pub fn is_caught_up(&self, now: Time, within: Duration) -> bool {
        self.last_caught_up.is_some() && self.last_fetch.is_some_and(|at| now.since(at) < within)
    }
    /// A fetch from `offset` has come.
    pub fn fetched(&mut self, now: Time, offset: i64, leader_end: i64) {
        if offset >= leader_end {
            self.last_caught_up = Some(now);
        } else if self.leader_end_at_last_fetch > 0 && offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.last_fetch = Some(now);
        self.leader_end_at_last_fetch = leader_end;
        // One whose disk was lost begins anew.
        self.end_offset = offset;
        self.has_acknowledged = true;
    }
}

impl Ballot {
    /// An election in which the replica has voted for itself.
    pub fn new(own: BrokerId, leader: BrokerId) -> Ballot {
        Ballot { granted: SortedSet::from([own]), rejected: SortedSet::new(), leader }
    }
    /// Notes a vote. The later of two answers of one voter counts.
    pub fn count(&mut self, voter: BrokerId, granted: bool) {
        let (to, from) =
            if granted { (&mut self.granted, &mut self.rejected) } else { (&mut self.rejected, &mut self.granted) };
        from.remove(&voter);
        to.insert(voter);
    }
    /// Whether a voter has answered.
    pub fn has_answered(&self, voter: BrokerId) -> bool {
        self.granted.contains(&voter) || self.rejected.contains(&voter)
    }
}

impl Role {
    /// The leader this role knows of; NONE if none. A resigned leader names nobody.
    pub fn leader(&self, own: BrokerId) -> BrokerId {
        match self {
            Role::Unattached | Role::Candidate(_) | Role::Resigned { .. } => BrokerId::NONE,
            Role::Prospective(ballot) => ballot.leader,
            Role::Follower { leader, .. } => *leader,
            Role::Leader(_) => own,
        }
    }
    /// Its name, as notes and the page show it.
    pub fn name(&self, is_voter: bool) -> &'static str {
        match self {
            Role::Unattached => "Unattached",
            Role::Prospective(_) => "Prospective",
            Role::Candidate(_) => "Candidate",
            Role::Follower { .. } if is_voter => "Follower",
            Role::Follower { .. } => "Observer",
            Role::Leader(_) => "Leader",
            Role::Resigned { .. } => "Resigned",
        }
    }
}
