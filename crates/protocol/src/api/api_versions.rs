//! ApiVersions, api key 18: client->broker. What the broker speaks; the first request on every connection.

use crate::error::ErrorCode;
use super::{Name};

/// ApiVersions request (client->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ApiVersionsRequest {
    /// Name of the client library.
    pub client_software: Name,
}

/// The answer to a ApiVersions request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ApiVersionsResponse {
    /// None.
    pub error: ErrorCode,
    /// (api key, newest version).
    pub apis: Vec<(i16, i16)>,
}

impl ApiVersionsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl ApiVersionsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
