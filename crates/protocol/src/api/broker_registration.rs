//! BrokerRegistration, api key 62: broker->controller. A starting broker makes itself known.

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};
use super::{Name};

/// BrokerRegistration request (broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerRegistrationRequest {
    /// Node.id.
    pub broker: BrokerId,
    /// Must match.
    pub cluster_id: Name,
    /// A new UUID with every start.
    pub incarnation: u128,
    /// Advertised host.
    pub host: Name,
    /// Advertised port.
    pub port: u16,
    /// Broker.rack.
    pub rack: Option<Name>,
    /// From the clean-shutdown file; −1 after an unclean stop.
    pub previous_broker_epoch: i64,
    /// The log directories that work. (Features are those of this release and not sent one by one.)
    pub log_dirs: Vec<DirectoryId>,
}

/// The answer to a BrokerRegistration request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BrokerRegistrationResponse {
    /// DUPLICATE_BROKER_REGISTRATION while an older session is valid; INVALID_REGISTRATION for log directories without ids of their own.
    pub error: ErrorCode,
    /// −1 on error.
    pub broker_epoch: i64,
}

impl BrokerRegistrationRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl BrokerRegistrationResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
