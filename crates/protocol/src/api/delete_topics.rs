//! DeleteTopics, api key 20: admin->broker->controller. Deletes topics.

use crate::error::ErrorCode;
use crate::ids::{TopicName};
use super::{Name};

/// DeleteTopics request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteTopicsRequest {
    /// Which.
    pub topics: Vec<TopicName>,
    /// Ms.
    pub timeout_ms: u32,
}

/// The answer to a DeleteTopics request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeleteTopicsResponse {
    /// One each, with details.
    pub topics: Vec<(TopicName, ErrorCode, Option<Name>)>,
}

impl DeleteTopicsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DeleteTopicsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
