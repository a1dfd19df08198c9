//! AllocateProducerIds, api key 67: broker->controller. Gets a block of producer ids.

use crate::error::ErrorCode;
use crate::ids::{BrokerId};

/// AllocateProducerIds request (broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AllocateProducerIdsRequest {
    /// Node.id.
    pub broker: BrokerId,
    /// As registered.
    pub broker_epoch: i64,
}

/// The answer to a AllocateProducerIds request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AllocateProducerIdsResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// First id of the block.
    pub first: i64,
    /// 1000.
    pub count: i32,
}

impl AllocateProducerIdsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl AllocateProducerIdsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
