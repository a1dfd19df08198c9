//! Vote, api key 52: candidate->voter. Asks for a vote in a Raft election, or (pre-vote, KIP-996) whether there would be one.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};
use crate::seldom::Seldom;

/// Vote request (candidate->voter).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VoteRequest {
    /// Who asks.
    pub candidate: BrokerId,
    /// For this epoch.
    pub candidate_epoch: i32,
    /// Epoch of its last record.
    pub last_epoch: i32,
    /// Its log end offset.
    pub last_offset: i64,
    /// Only asking.
    pub pre_vote: bool,
    /// The voter that is meant, by its `directory.id`: where that is known.
    pub voter_directory: Seldom<DirectoryId>,
}

/// The answer to a Vote request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VoteResponse {
    /// FENCED_LEADER_EPOCH for an old epoch, INVALID_VOTER_KEY if another voter of that id is meant.
    pub error: ErrorCode,
    /// The leader the voter knows.
    pub leader: BrokerId,
    /// The voter's epoch.
    pub leader_epoch: i32,
    /// Whether it voted for the candidate.
    pub granted: bool,
}

impl VoteRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl VoteResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
