//! ElectLeaders, api key 43: admin->broker->controller. Elects leaders: the preferred ones, or unclean ones.

use super::Name;
use crate::error::ErrorCode;
use crate::ids::{PartitionIndex, TopicName};

/// ElectLeaders request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ElectLeadersRequest {
    /// Any live replica will do.
    pub unclean: bool,
    /// None means all.
    pub partitions: Option<Vec<(TopicName, PartitionIndex)>>,
    /// Ms.
    pub timeout_ms: u32,
}

/// The answer to a ElectLeaders request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ElectLeadersResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// One each: the error, and what users read unless it is the error's own text.
    pub partitions: Vec<(TopicName, PartitionIndex, ErrorCode, Option<Name>)>,
}

impl ElectLeadersRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl ElectLeadersResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
