//! ControllerRegistration, api key 70: controller->active controller. A starting controller makes itself known (KIP-919).

use super::Name;
use crate::error::ErrorCode;
use crate::ids::BrokerId;

/// ControllerRegistration request (controller->active controller). Features are those of this release and not sent one by one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControllerRegistrationRequest {
    /// `node.id`.
    pub controller: BrokerId,
    /// A new UUID with every start.
    pub incarnation: u128,
    /// Where it listens.
    pub host: Name,
    /// The port there.
    pub port: u16,
}

/// The answer to a ControllerRegistration request, when the record is committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControllerRegistrationResponse {
    /// None; NOT_CONTROLLER elsewhere.
    pub error: ErrorCode,
}

impl ControllerRegistrationRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64 + self.host.len() as u64 + 32 * crate::features::FEATURES.len() as u64
    }
}

impl ControllerRegistrationResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        9
    }
}
