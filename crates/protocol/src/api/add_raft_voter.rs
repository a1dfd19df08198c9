//! AddRaftVoter, api key 80: admin->broker->controller. Makes a controller that follows the metadata log a voter (KIP-853).

use super::Name;
use crate::error::ErrorCode;
use crate::metadata::Voter;

/// AddRaftVoter request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AddRaftVoterRequest {
    /// Who.
    pub voter: Voter,
    /// Whether the answer waits until the change is committed.
    pub waits: bool,
}

/// The answer to a AddRaftVoter request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AddRaftVoterResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
}

impl AddRaftVoterRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl AddRaftVoterResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        8 + self.message.as_ref().map_or(0, |text| text.len() as u64)
    }
}
