//! CreatePartitions, api key 37: admin->broker->controller. Adds partitions to topics.

use crate::error::ErrorCode;
use crate::ids::{TopicName};
use super::{Name};

/// CreatePartitions request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreatePartitionsRequest {
    /// The new total count of each.
    pub topics: Vec<(TopicName, i32)>,
    /// Ms.
    pub timeout_ms: u32,
}

/// The answer to a CreatePartitions request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreatePartitionsResponse {
    /// One each, with details.
    pub topics: Vec<(TopicName, ErrorCode, Option<Name>)>,
}

impl CreatePartitionsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl CreatePartitionsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
