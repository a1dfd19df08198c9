//! Voters tell their leader what they are (`UpdateVoterHandler`, KIP-853), a fetch timeout after they follow it. Where voters stand in the log,
//! who finds itself described there otherwise is written down anew. Of a static quorum each leader is told once, and keeps it in memory:
//! without the directories of all voters `kraft.version` cannot become 1. Left out: voters that listen elsewhere after a restart, or
//! are of another release, so that in a dynamic quorum there is nothing to tell.

use std::sync::Arc;

use kernel::{Address, Duration, Time};
use ordered::SortedMap;
use protocol::api::update_raft_voter::{UpdateRaftVoterRequest, UpdateRaftVoterResponse};
use protocol::metadata::{MetadataRecord, Voter};
use protocol::{BrokerId, DirectoryId, ErrorCode, Seldom};

use super::role::Role;
use super::{Call, Replica, TimerKey};
use crate::process::Fx;
use crate::spec::CONTROLLER_PORT;

/// The versions of `kraft.version` that nodes of this release know.
const KRAFT_VERSIONS: (i16, i16) = (0, 1);
/// `controller.quorum.retry.backoff.ms`.
const RETRY: Duration = Duration::from_millis(20);

/// What a follower that may vote has told its leader (`FollowerState#hasUpdatedLeader`).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Update {
    /// When it looks next whether there is something to tell.
    due: Time,
    /// Whether this leader has heard of it.
    is_told: bool,
}

/// The way of a static quorum's leader to `kraft.version` 1 (`KRaftVersionUpgrade`).
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub enum VersionUpgrade {
    /// What the other voters have told, with the lowest and the highest version that each knows.
    Voters(SortedMap<BrokerId, (Voter, (i16, i16))>),
    /// The version is on its way to the log.
    Version,
}

impl Replica {
    /// A follower has told nothing yet. Brokers never do.
    pub(super) fn nothing_told(&self, now: Time) -> Seldom<Update> {
        Seldom(self.spec.is_controller.then(|| Update { due: now + self.fetch_timeout(), is_told: false }))
    }

    /// Tells the leader what this voter is, instead of a fetch; false if there is nothing to tell now
    /// (`KafkaRaftClient#pollFollowerAsVoter`).
    pub(super) fn tell_leader(&mut self, now: Time, fx: &mut Fx, to: BrokerId) -> bool {
        let due = now + self.fetch_timeout();
        let is_static = self.voter_history().last_offset().is_none();
        let must_mend = !is_static && self.is_described_otherwise();
        let is_voter = self.is_voter();
        let Role::Follower { leader, update: Seldom(Some(update)), .. } = &mut self.soft.role else { return false };
        if *leader != to || !is_voter || now < update.due {
            return false;
        }
        update.due = due;
        if !must_mend && (!is_static || update.is_told) {
            return false;
        }
        let epoch = self.hard.epoch;
        let voter = self.as_voter();
        let request = UpdateRaftVoterRequest { leader_epoch: epoch, voter, kraft_versions: KRAFT_VERSIONS };
        self.soft.fetching = Some((epoch, to));
        self.call(now, fx, to, Call::UpdateVoter { epoch, to }, request.into());
        true
    }

    fn as_voter(&self) -> Voter {
        Voter { id: self.spec.id, directory: self.directory(), endpoint: self.own_address() }
    }

    fn own_address(&self) -> Address {
        (self.spec.host.clone(), CONTROLLER_PORT)
    }

    /// Whether the voters in the log have this one listen where it does not (`VoterSet#voterNodeNeedsUpdate`).
    pub(super) fn is_described_otherwise(&self) -> bool {
        self.voter(self.spec.id)
            .is_some_and(|voter| voter.directory == self.directory() && voter.endpoint != self.own_address())
    }

    /// These voters with this node as it is.
    pub(super) fn with_own(&self, voters: &[Voter]) -> Vec<Voter> {
        updated(voters, &self.as_voter())
    }

    /// The leader has heard of it, or not.
    pub(super) fn on_voter_updated(
        &mut self,
        now: Time,
        fx: &mut Fx,
        epoch: i32,
        to: BrokerId,
        answer: &UpdateRaftVoterResponse,
    ) {
        let is_awaited = self.soft.fetching == Some((epoch, to));
        if is_awaited {
            self.soft.fetching = None;
        }
        self.hear(answer.leader, answer.endpoint.clone());
        if self.learn(now, fx, answer.leader_epoch, answer.leader) || !is_awaited {
            return;
        }
        match &mut self.soft.role {
            Role::Follower { update: Seldom(Some(update)), .. } if answer.error.is_ok() && epoch == self.hard.epoch => {
                update.is_told = true;
                self.arm_fetch_timeout(now, fx);
                self.fetch(now, fx);
            }
            _ => self.soft.timers.arm_once(fx, now + RETRY, TimerKey::Fetch),
        }
    }

    /// A voter tells what it is.
    pub(super) fn on_update_voter(
        &mut self,
        now: Time,
        fx: &mut Fx,
        request: &UpdateRaftVoterRequest,
    ) -> UpdateRaftVoterResponse {
        let error = self.update_voter(now, fx, request).err().unwrap_or(ErrorCode::None);
        UpdateRaftVoterResponse {
            error,
            leader: self.named_leader(),
            leader_epoch: self.hard.epoch,
            endpoint: self.own_endpoint(),
        }
    }

    fn update_voter(&mut self, now: Time, fx: &mut Fx, request: &UpdateRaftVoterRequest) -> Result<(), ErrorCode> {
        self.only_leader_of(request.leader_epoch)?;
        let UpdateRaftVoterRequest { voter, kraft_versions: (lowest, highest), .. } = request;
        let is_named = voter.directory != DirectoryId(0) && !voter.endpoint.0.is_empty();
        if !is_named || *lowest < 0 || highest < lowest {
            return Err(ErrorCode::InvalidRequest);
        }
        let written_at = self.voter_history().last_offset();
        let Role::Leader(leader) = &self.soft.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let committed = self.soft.high_watermark;
        let must_wait = leader.change.0.is_some()
            || committed <= leader.epoch_start
            || written_at.is_some_and(|at| at >= committed)
            || leader.upgrade.0 == Some(VersionUpgrade::Version);
        if must_wait {
            return Err(ErrorCode::RequestTimedOut);
        }
        let version = i16::from(written_at.is_some());
        if !(*lowest..=*highest).contains(&version) {
            return Err(ErrorCode::InvalidRequest);
        }
        let is_it =
            |known: &Voter| known.id == voter.id && (written_at.is_none() || known.directory == voter.directory);
        if !self.voters().iter().any(is_it) {
            return Err(ErrorCode::VoterNotFound);
        }
        match written_at {
            Some(_) => {
                let voters = updated(self.voters(), voter);
                self.append(now, fx, vec![MetadataRecord::Voters(Arc::new(voters))]);
                self.drain(now, fx);
            }
            None => self.keep_in_memory(voter.clone(), request.kraft_versions),
        }
        self.count_follower(now, fx, voter.id);
        Ok(())
    }

    fn keep_in_memory(&mut self, voter: Voter, versions: (i16, i16)) {
        let Role::Leader(leader) = &mut self.soft.role else { return };
        let upgrade = leader.upgrade.0.get_or_insert_with(|| VersionUpgrade::Voters(SortedMap::new()));
        if let VersionUpgrade::Voters(told) = upgrade {
            told.insert(voter.id, (voter, versions));
        }
    }

    /// The voters that are configured, as they have told of themselves; none unless all of them know this `kraft.version`.
    pub(super) fn voters_that_know(&self, version: i16) -> Option<Vec<Voter>> {
        let Role::Leader(leader) = &self.soft.role else { return None };
        let told = |id: BrokerId| match leader.upgrade.0.as_ref()? {
            VersionUpgrade::Voters(told) => {
                told.get(&id).filter(|(_, (lowest, highest))| (*lowest..=*highest).contains(&version))
            }
            VersionUpgrade::Version => None,
        };
        let as_told = |voter: &Voter| match voter.id == self.spec.id {
            true => Some(self.as_voter()),
            false => told(voter.id).map(|(voter, _)| voter.clone()),
        };
        self.voters().iter().map(as_told).collect()
    }

    /// The error of a request that only the leader of an epoch serves (`KafkaRaftClient#validateLeaderOnlyRequest`).
    fn only_leader_of(&self, epoch: i32) -> Result<(), ErrorCode> {
        match epoch.cmp(&self.hard.epoch) {
            std::cmp::Ordering::Less => Err(ErrorCode::FencedLeaderEpoch),
            std::cmp::Ordering::Greater => Err(ErrorCode::UnknownLeaderEpoch),
            std::cmp::Ordering::Equal => self.only_leader(),
        }
    }
}

/// The same voters, with one of them as it is now.
fn updated(voters: &[Voter], voter: &Voter) -> Vec<Voter> {
    voters.iter().map(|known| if known.id == voter.id { voter.clone() } else { known.clone() }).collect()
}
