//! UpdateRaftVoter, api key 82: voter->leader. A voter tells its leader what it is: its directory, where it listens, which versions of
//! `kraft.version` it knows (KIP-853).

use crate::error::ErrorCode;
use crate::ids::BrokerId;
use crate::metadata::Voter;
use crate::seldom::Seldom;

use super::Name;

/// UpdateRaftVoter request (voter->leader).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdateRaftVoterRequest {
    /// The epoch of the leader that is meant.
    pub leader_epoch: i32,
    /// The voter.
    pub voter: Voter,
    /// The lowest and the highest `kraft.version` it knows.
    pub kraft_versions: (i16, i16),
}

/// The answer to an UpdateRaftVoter request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdateRaftVoterResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// The leader, as far as it is known.
    pub leader: BrokerId,
    /// The epoch.
    pub leader_epoch: i32,
    /// Where the leader listens: only where voters change.
    pub endpoint: Seldom<(Name, u16)>,
}

impl UpdateRaftVoterRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        96
    }
}

impl UpdateRaftVoterResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        32
    }
}
