//! UnregisterBroker, api key 64: admin->broker->controller. Takes a broker that is gone for good off the books.

use super::Name;
use crate::error::ErrorCode;
use crate::ids::BrokerId;

/// UnregisterBroker request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnregisterBrokerRequest {
    /// Which.
    pub broker: BrokerId,
}

/// The answer to a UnregisterBroker request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnregisterBrokerResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
}

impl UnregisterBrokerRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        5
    }
}

impl UnregisterBrokerResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        8 + self.message.as_ref().map_or(0, |text| text.len() as u64)
    }
}
