//! CreateTopics, api key 19: admin->broker->controller. Creates topics.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, TopicId, TopicName};
use super::{Name};

/// CreateTopics request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateTopicsRequest {
    /// What to create.
    pub topics: Vec<NewTopic>,
    /// Ms.
    pub timeout_ms: u32,
    /// Check, do not create.
    pub validate_only: bool,
}

/// A topic to create.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// −1: num.partitions.
    pub partitions: i32,
    /// −1: default.replication.factor.
    pub replication_factor: i16,
    /// By partition; empty to let the controller place.
    pub assignments: Vec<Vec<BrokerId>>,
    /// Topic configs.
    pub configs: Vec<(Name, Option<Name>)>,
}

/// The answer to a CreateTopics request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateTopicsResponse {
    /// One each.
    pub topics: Vec<CreatedTopic>,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreatedTopic {
    /// Its name.
    pub name: TopicName,
    /// ZERO on error.
    pub topic_id: TopicId,
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
    /// How many it got.
    pub partitions: i32,
    /// How many replicas each.
    pub replication_factor: i16,
}

impl CreateTopicsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl CreateTopicsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
