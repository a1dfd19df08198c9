//! Who votes: the sets of voters that stand in the log and in its snapshot, and the one that was configured
//! (`KRaftControlRecordStateMachine`, `VoterSetHistory`, KIP-853). A set counts from its record on, committed or not: with a record
//! that is cut off, the set before it comes back.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kernel::{Address, Time};
use protocol::metadata::{MetadataBatch, MetadataRecord, Voter};
use protocol::{BrokerId, DirectoryId, ErrorCode, Note, Seldom};

use super::Replica;
use super::log::MetadataLog;
use super::role::{ReplicaKey, Role};
use super::snapshot::Snapshot;
use crate::process::Fx;
use crate::spec::{CONTROLLER_PORT, ProcessSpec};

/// A set of voters, by id.
pub(super) type VoterSet = Arc<Vec<Voter>>;

/// The sets of voters of a log.
#[derive(Clone, Debug, Default)]
pub struct VoterHistory {
    /// `controller.quorum.voters`: counts while there is none in the log. Empty where voters are dynamic.
    configured: VoterSet,
    /// The offset of each record, ascending; of one in a snapshot the last offset that the snapshot covers.
    sets: Vec<(i64, VoterSet)>,
}

/// What is configured never changes, and a quorum whose voters are static has nothing else: see [`Seldom`].
impl Hash for VoterHistory {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.sets.is_empty() {
            self.sets.hash(state);
        }
    }
}

impl VoterHistory {
    /// Who votes now.
    pub(super) fn last(&self) -> &VoterSet {
        self.sets.last().map_or(&self.configured, |(_, set)| set)
    }
    /// The offset of that set; none if it is configured, that is, while `kraft.version` is 0.
    pub fn last_offset(&self) -> Option<i64> {
        self.sets.last().map(|(at, _)| *at)
    }
    /// Who voted as of an offset; none if that was configured.
    pub(super) fn at(&self, offset: i64) -> Option<&VoterSet> {
        self.sets.iter().rev().find(|(at, _)| *at <= offset).map(|(_, set)| set)
    }
    /// The directory of a voter, or of who was one last.
    fn directory_of(&self, id: BrokerId) -> DirectoryId {
        let voters = self.sets.iter().rev().flat_map(|(_, set)| set.iter());
        voters
            .chain(self.configured.iter())
            .find(|voter| voter.id == id)
            .map_or(DirectoryId(0), |voter| voter.directory)
    }
    pub(super) fn append(&mut self, batch: &MetadataBatch) {
        for (offset, record) in batch.offsets() {
            if let MetadataRecord::Voters(set) = record {
                self.sets.push((offset, set.clone()));
            }
        }
    }
    /// The log was cut off there.
    pub(super) fn truncate_to(&mut self, end: i64) {
        self.sets.retain(|(at, _)| *at < end);
    }
    /// The log begins there now.
    pub(super) fn forget_before(&mut self, start: i64) {
        let older = self.sets.partition_point(|(at, _)| *at < start).saturating_sub(1);
        self.sets.drain(..older);
    }
    /// The log starts over from a snapshot.
    pub(super) fn restart(&mut self, snapshot: &Snapshot) {
        self.sets = snapshot.voters.0.iter().map(|set| (snapshot.end_offset - 1, set.clone())).collect();
    }
}

/// The version of a quorum whose voters stand in the log.
pub(super) const DYNAMIC: MetadataRecord = MetadataRecord::KRaftVersion { level: 1 };

/// The log that storage is formatted with: empty. Who votes is configured, or stands in the first voters' first snapshot.
pub(super) fn formatted(spec: &ProcessSpec) -> MetadataLog {
    let initial = spec.cluster.initial_controllers.0.as_ref();
    let voter = |(id, host): &(BrokerId, protocol::api::Name)| Voter {
        id: *id,
        directory: if initial.is_some() { first_directory(spec, *id) } else { DirectoryId(0) },
        endpoint: (host.clone(), CONTROLLER_PORT),
    };
    let voters = spec.cluster.voters.iter();
    let voters = voters.filter(|(id, _)| initial.is_none_or(|initial| initial.contains(id))).map(voter).collect();
    let header = || MetadataRecord::SnapshotHeader { last_contained_ms: protocol::EPOCH_MS };
    let of = |voters| Snapshot::of(0, 0, &[header(), DYNAMIC, MetadataRecord::Voters(Arc::new(voters))]);
    if let Some(formatted) = spec.formatted().filter(|formatted| spec.is_controller && !formatted.voters.is_empty()) {
        return MetadataLog::new(VoterHistory::default(), Some(of(formatted.voters.clone())));
    }
    let Some(initial) = initial else {
        return MetadataLog::new(VoterHistory { configured: Arc::new(voters), sets: Vec::new() }, None);
    };
    let is_first = spec.is_controller && initial.contains(&spec.id);
    let snapshot = is_first.then(|| of(voters));
    MetadataLog::new(VoterHistory::default(), snapshot)
}

/// `directory.id` that the metadata log of a node of this cluster had first.
pub(super) fn first_directory(spec: &ProcessSpec, id: BrokerId) -> DirectoryId {
    spec.cluster.directory_id(id, spec.metadata_dir(), 0)
}

impl Replica {
    /// The voters that a first voter's storage was formatted with.
    pub fn formatted_voters(&self) -> Vec<MetadataRecord> {
        let log = formatted(&self.spec);
        let set = log.snapshot().and_then(|snapshot| snapshot.voters.0.clone());
        set.into_iter().flat_map(|set| [DYNAMIC, MetadataRecord::Voters(set)]).collect()
    }
    /// The sets of voters in its log.
    pub fn voter_history(&self) -> &VoterHistory {
        self.hard.log.voters()
    }
    /// Who votes now, as far as it knows.
    pub fn voters(&self) -> &[Voter] {
        self.voter_history().last()
    }
    /// Whether it votes: not under the id of a voter whose disk was lost (`VoterSet#isVoter`).
    pub fn is_voter(&self) -> bool {
        let is_own = |voter: &Voter| voter.directory == DirectoryId(0) || voter.directory == self.directory();
        self.spec.is_controller && self.voter(self.spec.id).is_some_and(is_own)
    }
    /// `directory.id` of its log.
    pub(super) fn directory(&self) -> DirectoryId {
        self.spec.directory_id(self.spec.metadata_dir())
    }
    /// How it names itself where it fetches.
    pub(super) fn own_directory(&self) -> Seldom<DirectoryId> {
        self.replica_key(self.spec.id, self.directory()).directory
    }
    /// Who has this id and directory.
    pub(super) fn replica_key(&self, id: BrokerId, directory: DirectoryId) -> ReplicaKey {
        let is_first = directory == DirectoryId(0) || directory == first_directory(&self.spec, id);
        ReplicaKey { id, directory: Seldom((!is_first).then_some(directory)) }
    }
    /// The directory of whoever fetches.
    pub(super) fn directory_of(&self, key: &ReplicaKey) -> DirectoryId {
        key.directory.0.unwrap_or_else(|| first_directory(&self.spec, key.id))
    }
    /// The voter that fetches, if it is one (`LeaderState.ReplicaState#matchesKey`).
    pub(super) fn is_voter_key(&self, key: &ReplicaKey) -> bool {
        let directory = self.directory_of(key);
        self.voter(key.id).is_some_and(|voter| voter.directory == DirectoryId(0) || voter.directory == directory)
    }
    /// The directory of a voter, where it is known: whoever has another one is not meant.
    pub(super) fn voter_directory(&self, id: BrokerId) -> Seldom<DirectoryId> {
        Seldom(self.voter(id).map(|voter| voter.directory).filter(|directory| *directory != DirectoryId(0)))
    }
    /// Whether a request is for this node and not for who had its id before (`KafkaRaftClient#isValidVoterKey`).
    pub(super) fn is_meant(&self, directory: Seldom<DirectoryId>) -> bool {
        directory.0.is_none_or(|directory| directory == self.directory())
    }
    pub(super) fn voter(&self, id: BrokerId) -> Option<&Voter> {
        self.voters().iter().find(|voter| voter.id == id)
    }
    pub(super) fn voter_ids(&self) -> Vec<BrokerId> {
        self.voters().iter().map(|voter| voter.id).collect()
    }
    pub(super) fn other_voters(&self) -> Vec<BrokerId> {
        self.voter_ids().into_iter().filter(|id| *id != self.spec.id).collect()
    }
    /// Whom it asks while it knows no leader: `controller.quorum.bootstrap.servers`, or the voters that are configured.
    pub(super) fn first_to_ask(&self) -> Vec<BrokerId> {
        self.spec.cluster.voters.iter().map(|(id, _)| *id).filter(|id| *id != self.spec.id).collect()
    }
    pub(super) fn majority(&self) -> usize {
        self.voters().len() / 2 + 1
    }
    /// Where a controller listens, as far as this node knows.
    pub(super) fn address_of(&self, id: BrokerId) -> Option<Address> {
        let voter = self.voter(id).map(|voter| voter.endpoint.clone());
        let heard = self.soft.heard.0.iter().find(|(heard, _)| *heard == id).map(|(_, address)| address.clone());
        voter.or(heard).or_else(|| self.spec.cluster.voter_address(id))
    }
    /// Where this leader listens, for those that may not know it: where voters change.
    pub(super) fn own_endpoint(&self) -> Seldom<Address> {
        let leader = self.leader().filter(|_| self.voter_history().last_offset().is_some());
        Seldom(leader.and_then(|leader| self.address_of(leader)))
    }
    /// Keeps where a leader listens.
    pub(super) fn hear(&mut self, leader: BrokerId, endpoint: Seldom<Address>) {
        if let Some(address) = endpoint.0 {
            self.soft.heard.0 = Some((leader, address));
        }
    }

    /// The leader has written voters down: they count at once, before they are committed
    /// (`LeaderState#updateVoterAndObserverStates`).
    pub(super) fn adopt_voters(&mut self, now: Time, fx: &mut Fx) {
        let others = self.other_voters();
        let is_alone = others.is_empty();
        let Role::Leader(leader) = &self.soft.role else { return };
        if leader.voters.keys().eq(&others) {
            return;
        }
        let key = |id: BrokerId| self.replica_key(id, self.voter_history().directory_of(id));
        let keys: Vec<ReplicaKey> = others.iter().copied().map(key).collect();
        let gone: Vec<ReplicaKey> = leader.voters.keys().filter(|id| !others.contains(id)).copied().map(key).collect();
        let Role::Leader(leader) = &mut self.soft.role else { return };
        let mut before = std::mem::take(&mut leader.voters);
        for (id, key) in others.into_iter().zip(keys) {
            let known = before.remove(&id).or_else(|| leader.observers.remove(&key));
            leader.voters.insert(id, known.unwrap_or_default());
        }
        leader.observers.extend(before.into_iter().zip(gone).map(|((_, progress), key)| (key, progress)));
        self.arm_check_quorum(now, fx);
        if !is_alone {
            self.send_begin_epochs(now, fx);
        }
    }

    /// A follower may have begun to vote, or have stopped.
    pub(super) fn note_role(&mut self, fx: &mut Fx, was_voter: bool) {
        if was_voter != self.is_voter() {
            let (node, state, epoch) = (self.spec.id, self.role_name(), self.hard.epoch);
            fx.note(Note::QuorumState { node, state, epoch, leader: self.named_leader() });
        }
    }

    /// The error of a request that only the leader serves.
    pub(super) fn only_leader(&self) -> Result<(), ErrorCode> {
        if self.is_leader() { Ok(()) } else { Err(ErrorCode::NotLeaderOrFollower) }
    }
}
