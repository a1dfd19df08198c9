//! Changes of the voters, one at a time (`AddVoterHandler`, `RemoveVoterHandler`, KIP-853). A set that differs in one voter has a
//! majority in common with the one before it; so the next change waits until this one is committed, and the first of an
//! epoch until the leader has committed a record of its own. A voter is an id and a `directory.id`: one whose disk was lost is another.

use std::sync::Arc;

use kernel::{ConnId, Duration, Time};
use protocol::api::add_raft_voter::{AddRaftVoterRequest, AddRaftVoterResponse};
use protocol::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::api::remove_raft_voter::{RemoveRaftVoterRequest, RemoveRaftVoterResponse};
use protocol::features::KRAFT;
use protocol::metadata::{MetadataRecord, Voter};
use protocol::{BrokerId, DirectoryId, ErrorCode, Message, Plant, Response, Seldom};

use super::role::{Leader, Role};
use super::update::VersionUpgrade;
use super::voters::{DYNAMIC, VoterSet};
use super::{Call, Replica, TimerKey};
use crate::process::Fx;
use crate::spec::CONTROLLER_PORT;

/// A change under way, with whoever waits for its answer.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Change {
    asker: Option<(ConnId, u32)>,
    /// Who is to vote; none while one is removed.
    adds: Option<Voter>,
    /// Where the new voters stand in the log; none before.
    offset: Option<i64>,
    /// When whoever asked is told that it took too long.
    due: Time,
}

/// Why a voter is not added or removed. Who does not lead says no more than that.
type Refused = (ErrorCode, Option<String>);

fn refused<T>(error: ErrorCode, why: impl Into<String>) -> Result<T, Refused> {
    Err((error, Some(why.into())))
}

/// A caught-up replica has fetched within this time (`LeaderState#isReplicaCaughtUp`).
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(3600);

impl Change {
    fn answer(&self, error: ErrorCode, message: Option<String>) -> Response {
        let message = message.map(Into::into);
        match self.adds {
            Some(_) => AddRaftVoterResponse { error, message }.into(),
            None => RemoveRaftVoterResponse { error, message }.into(),
        }
    }
}

impl Replica {
    /// A controller is to vote. No answer yet if that is under way.
    pub(super) fn on_add_voter(
        &mut self,
        now: Time,
        fx: &mut Fx,
        asker: (ConnId, u32),
        request: AddRaftVoterRequest,
    ) -> Option<Response> {
        let refused = self.why_not_add(&request.voter).err();
        let change = Change {
            asker: Some(asker),
            adds: Some(request.voter.clone()),
            offset: None,
            due: now + self.request_timeout(),
        };
        if let Some((error, why)) = refused {
            return Some(change.answer(error, why));
        }
        let call = Call::Versions { voter: request.voter.id, waits: request.waits };
        self.call_at(
            now,
            fx,
            &request.voter.endpoint,
            call,
            ApiVersionsRequest { client_software: "".into(), meant: None }.into(),
        );
        self.begin_change(fx, change);
        None
    }

    fn why_not_add(&self, new: &Voter) -> Result<(), Refused> {
        self.only_leader().map_err(|error| (error, None))?;
        if new.directory == DirectoryId(0) {
            return refused(ErrorCode::InvalidRequest, "Add voter request didn't include a valid voter");
        }
        let voters = self.may_change("adding")?;
        if voters.iter().any(|voter| voter.id == new.id) {
            let (key, keys) = (key(new.id, new.directory), keys(&voters));
            let why = format!("The voter id for {key} is already part of the set of voters {keys}.");
            return refused(ErrorCode::DuplicateVoter, why);
        }
        Ok(())
    }

    /// A voter is to go. No answer yet if that is under way.
    pub(super) fn on_remove_voter(
        &mut self,
        now: Time,
        fx: &mut Fx,
        asker: (ConnId, u32),
        request: &RemoveRaftVoterRequest,
    ) -> Option<Response> {
        let mut change = Change { asker: Some(asker), adds: None, offset: None, due: now + self.request_timeout() };
        match self.without(request) {
            Ok(voters) => {
                change.offset = self.append_voters(now, fx, voters);
                self.begin_change(fx, change);
                self.drain(now, fx);
                None
            }
            Err((error, why)) => Some(change.answer(error, why)),
        }
    }

    fn without(&self, request: &RemoveRaftVoterRequest) -> Result<VoterSet, Refused> {
        self.only_leader().map_err(|error| (error, None))?;
        if request.directory == DirectoryId(0) {
            return refused(ErrorCode::InvalidRequest, "Remove voter request didn't include a valid voter");
        }
        let voters = self.may_change("removing")?;
        let is_meant = |voter: &Voter| voter.id == request.voter && voter.directory == request.directory;
        let rest: Vec<Voter> = voters.iter().filter(|voter| !is_meant(voter)).cloned().collect();
        if rest.len() == voters.len() || rest.is_empty() {
            let (key, keys) = (key(request.voter, request.directory), keys(&voters));
            let why = format!("Cannot remove voter {key} from the set of voters {keys}");
            return refused(ErrorCode::VoterNotFound, why);
        }
        Ok(Arc::new(rest))
    }

    /// The voters that may be changed now.
    fn may_change(&self, doing: &str) -> Result<VoterSet, Refused> {
        let wait = |why: String| refused(ErrorCode::RequestTimedOut, format!("Request timed out waiting for {why}"));
        let Role::Leader(leader) = &self.soft.role else { return wait("leader".into()) };
        let committed = self.soft.high_watermark;
        let is_one_at_a_time = !self.spec.has(Plant::VotersChangedAtOnce);
        if is_one_at_a_time && leader.change.0.is_some() {
            return wait("leader to handle previous voter change request".into());
        }
        if committed <= leader.epoch_start {
            return wait("leader to establish HWM and fence previous voter changes".into());
        }
        if !self.is_voter() {
            return wait("leader to resign".into());
        }
        match self.voter_history().last_offset() {
            None => {
                let why = format!("Cluster doesn't support {doing} voter because the {KRAFT} feature is 0");
                refused(ErrorCode::UnsupportedVersion, why)
            }
            Some(at) if is_one_at_a_time && at >= committed => {
                wait(format!("voters to commit the latest voter change at Optional[{at}] with HWM {committed}"))
            }
            Some(_) => Ok(self.voter_history().last().clone()),
        }
    }

    /// The new voter has said what it supports, or nothing at all: it is written down if it keeps up.
    pub(super) fn on_versions(&mut self, now: Time, fx: &mut Fx, call: Call, answer: Option<&ApiVersionsResponse>) {
        let Call::Versions { voter, waits } = call else { return };
        let Role::Leader(leader) = &self.soft.role else { return };
        let Some(Change { adds: Some(new), offset: None, .. }) = leader.change.0.as_deref() else { return };
        if new.id != voter {
            return;
        }
        let (new, id) = (new.clone(), key(new.id, new.directory));
        if answer.is_none_or(|answer| !answer.error.is_ok()) {
            let why = "Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE";
            return self.conclude(fx, ErrorCode::RequestTimedOut, Some(why.into()));
        }
        let observer = leader.observers.get(&self.replica_key(new.id, new.directory));
        if !observer.is_some_and(|p| p.is_caught_up(now, CAUGHT_UP_WITHIN)) {
            let why = format!("Aborted add voter operation for {id} since it is lagging behind");
            return self.conclude(fx, ErrorCode::RequestTimedOut, Some(why));
        }
        let mut voters = self.voters().to_vec();
        voters.push(new);
        ordered::sort_by_key(&mut voters, |voter| voter.id);
        let offset = self.append_voters(now, fx, Arc::new(voters));
        if let Some(change) = self.change_mut() {
            change.offset = offset;
        }
        if !waits {
            self.tell_asker(fx, ErrorCode::None, None);
        }
        self.drain(now, fx);
    }

    /// `kraft.version` goes from 0 to 1: the voters that were configured are written down, as they have told of themselves
    /// (`LeaderState#maybeAppendUpgradedKRaftVersion`).
    pub fn upgrade(&mut self, now: Time, fx: &mut Fx, is_dry_run: bool) -> Result<(), String> {
        let Role::Leader(leader) = &self.soft.role else { return Ok(()) };
        if self.voter_history().last_offset().is_some() || leader.upgrade.0 == Some(VersionUpgrade::Version) {
            return Ok(());
        }
        let Some(voters) = self.voters_that_know(1) else {
            // As long as they have not said what they know, Kafka takes them for old.
            return Err(format!(
                "Invalid upgrade of {KRAFT} to KRAFT_VERSION_1 because not all of the voters support it"
            ));
        };
        if !is_dry_run {
            if let Role::Leader(leader) = &mut self.soft.role {
                leader.upgrade = Seldom(Some(VersionUpgrade::Version));
            }
            self.append(now, fx, vec![DYNAMIC, MetadataRecord::Voters(Arc::new(voters))]);
            self.drain(now, fx);
        }
        Ok(())
    }

    /// A controller that is to vote by itself asks for it now and then (`controller.quorum.auto.join.enable`, KIP-1186).
    pub(super) fn arm_join(&mut self, now: Time, fx: &mut Fx) {
        if self.spec.is_controller && self.spec.flag("controller.quorum.auto.join.enable", false) {
            self.soft.timers.arm(fx, now + self.fetch_timeout(), TimerKey::Join);
        }
    }

    pub(super) fn join(&mut self, now: Time, fx: &mut Fx) {
        self.arm_join(now, fx);
        let Role::Follower { leader, .. } = self.soft.role else { return };
        if self.is_voter() || self.voter_history().last_offset().is_none() {
            return;
        }
        let (id, endpoint) = (self.spec.id, (self.spec.host.clone(), CONTROLLER_PORT));
        let request = match self.voter(id) {
            // Who had its id before it lost its disk.
            Some(old) => RemoveRaftVoterRequest { voter: id, directory: old.directory }.into(),
            None => {
                let voter = Voter { id, directory: self.directory(), endpoint };
                AddRaftVoterRequest { voter, waits: false }.into()
            }
        };
        self.call(now, fx, leader, Call::Join, request);
    }

    fn append_voters(&mut self, now: Time, fx: &mut Fx, voters: VoterSet) -> Option<i64> {
        self.append(now, fx, vec![MetadataRecord::Voters(voters)])
    }

    fn begin_change(&mut self, fx: &mut Fx, change: Change) {
        self.soft.timers.arm(fx, change.due, TimerKey::Change);
        if let Role::Leader(Leader { change: under_way, .. }) = &mut self.soft.role {
            *under_way = Seldom(Some(Box::new(change)));
        }
    }

    fn change_mut(&mut self) -> Option<&mut Change> {
        match &mut self.soft.role {
            Role::Leader(leader) => leader.change.0.as_deref_mut(),
            _ => None,
        }
    }

    /// Answers whoever asked for the change under way.
    fn tell_asker(&mut self, fx: &mut Fx, error: ErrorCode, message: Option<String>) {
        let Some(change) = self.change_mut() else { return };
        if let Some((conn, correlation)) = change.asker.take() {
            let response = change.answer(error, message);
            fx.send(conn, Message::Response { correlation, response });
        }
    }

    /// The change under way is over.
    pub(super) fn conclude(&mut self, fx: &mut Fx, error: ErrorCode, message: Option<String>) {
        self.tell_asker(fx, error, message);
        if let Role::Leader(leader) = &mut self.soft.role {
            leader.change = Seldom::default();
        }
        self.soft.timers.cancel(&TimerKey::Change);
    }

    /// More is committed: perhaps the change under way.
    pub(super) fn change_committed(&mut self, now: Time, fx: &mut Fx) {
        let committed = self.soft.high_watermark;
        let at = self.change_mut().and_then(|change| change.offset);
        if at.is_some_and(|at| at < committed) {
            self.conclude(fx, ErrorCode::None, None);
            // Whoever does not vote any more gives up leading, in a step of its own.
            if !self.is_voter() {
                self.soft.timers.arm(fx, now, TimerKey::Change);
            }
        }
    }

    /// The change under way takes too long, or the leader is to go.
    pub(super) fn on_change_due(&mut self, now: Time, fx: &mut Fx) {
        match self.change_mut() {
            Some(_) => self.conclude(fx, ErrorCode::RequestTimedOut, None),
            None => self.resign(now, fx),
        }
    }

    /// Whoever asked is gone.
    pub(super) fn asker_left(&mut self, conn: ConnId) {
        if let Some(change) = self.change_mut()
            && change.asker.is_some_and(|(asker, _)| asker == conn)
        {
            change.asker = None;
        }
    }
}

/// A voter as messages name it (`ReplicaKey#toString`).
fn key(id: BrokerId, directory: DirectoryId) -> String {
    let directory = if directory.0 == 0 { "<undefined>".to_owned() } else { directory.to_string() };
    format!("ReplicaKey(id={id}, directoryId={directory})")
}

/// Voters as messages list them: in the order of Java's `HashSet`, by the hashes of their keys.
fn keys(voters: &[Voter]) -> String {
    let place = |voter: &Voter| {
        let bits = voter.directory.0;
        let mixed = (bits >> 64) as u64 ^ bits as u64;
        let directory = (mixed >> 32) as u32 ^ mixed as u32;
        let hash = 31_u32.wrapping_mul(31_u32.wrapping_add(voter.id.0 as u32)).wrapping_add(directory);
        (hash ^ hash >> 16) & 15
    };
    let mut voters: Vec<&Voter> = voters.iter().collect();
    ordered::sort_by_key(&mut voters, |voter| (place(voter), voter.id.0 & 15));
    let keys: Vec<String> = voters.iter().map(|voter| key(voter.id, voter.directory)).collect();
    format!("[{}]", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voters_are_listed_in_the_order_of_a_java_hash_set() {
        // Printed by Kafka 4.4.0 with these directory ids.
        let uuid = |text: &str| DirectoryId(protocol::TopicId::parse(text).expect("it is a UUID").0);
        let voter = |id, directory| Voter { id: BrokerId(id), directory: uuid(directory), endpoint: ("h".into(), 1) };
        let voters = [voter(101, "Fwg5TUU9RQWt7Z8PpC5yyQ"), voter(102, "7tOzMayZQmikx-bEsqKtrg")];
        assert_eq!(
            keys(&voters),
            "[ReplicaKey(id=102, directoryId=7tOzMayZQmikx-bEsqKtrg), ReplicaKey(id=101, directoryId=Fwg5TUU9RQWt7Z8PpC5yyQ)]"
        );
    }
}
