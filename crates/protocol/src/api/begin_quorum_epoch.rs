//! BeginQuorumEpoch, api key 53: new leader->voters. Tells a voter who leads.

use super::Name;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};
use crate::seldom::Seldom;

/// BeginQuorumEpoch request (new leader->voters).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BeginQuorumEpochRequest {
    /// The leader.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
    /// Where it listens, for voters that do not know it yet: only where voters change.
    pub endpoint: Seldom<(Name, u16)>,
    /// The voter that is meant, by its `directory.id`: where that is known.
    pub voter_directory: Seldom<DirectoryId>,
}

/// The answer to a BeginQuorumEpoch request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BeginQuorumEpochResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// The leader the voter knows.
    pub leader: BrokerId,
    /// The voter's epoch.
    pub leader_epoch: i32,
}

impl BeginQuorumEpochRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl BeginQuorumEpochResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
