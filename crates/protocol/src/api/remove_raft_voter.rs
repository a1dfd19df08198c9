//! RemoveRaftVoter, api key 81: admin->broker->controller. Takes a voter out of the metadata quorum (KIP-853).

use super::Name;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};

/// RemoveRaftVoter request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RemoveRaftVoterRequest {
    /// Its id.
    pub voter: BrokerId,
    /// `directory.id` of its metadata log.
    pub directory: DirectoryId,
}

/// The answer to a RemoveRaftVoter request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RemoveRaftVoterResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
}

impl RemoveRaftVoterRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl RemoveRaftVoterResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        8 + self.message.as_ref().map_or(0, |text| text.len() as u64)
    }
}
