//! CreatePartitions, api key 37: admin->broker->controller. Adds partitions to topics.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, TopicName};
use super::{Name};

/// CreatePartitions request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreatePartitionsRequest {
    /// The topics.
    pub topics: Vec<NewPartitions>,
    /// Ms.
    pub timeout_ms: u32,
}

/// How a topic is to grow.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NewPartitions {
    /// The topic.
    pub topic: TopicName,
    /// The new total count.
    pub count: i32,
    /// The replicas of each new partition; none lets the controller choose.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
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
