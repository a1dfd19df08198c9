//! InitProducerId, api key 22: producer->any broker. Gets an id for an idempotent producer.

use crate::error::ErrorCode;

/// InitProducerId request (producer->any broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InitProducerIdRequest {
    /// −1 for a new one.
    pub producer_id: i64,
    /// −1 for a new one.
    pub producer_epoch: i16,
}

/// The answer to a InitProducerId request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InitProducerIdResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// −1 on error.
    pub producer_id: i64,
    /// −1 on error.
    pub producer_epoch: i16,
}

impl InitProducerIdRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl InitProducerIdResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
