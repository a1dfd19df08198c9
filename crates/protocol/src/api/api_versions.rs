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
    /// The features it supports: name, lowest and highest level.
    pub supported_features: Vec<(Name, i16, i16)>,
    /// The levels that the cluster has.
    pub finalized_features: Vec<(Name, i16)>,
    /// As of which offset of the metadata log; −1 if unknown.
    pub features_epoch: i64,
}

impl ApiVersionsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl ApiVersionsResponse {
    /// An answer that names no features.
    pub fn of(error: ErrorCode, apis: Vec<(i16, i16)>) -> ApiVersionsResponse {
        let (supported_features, finalized_features) = (Vec::new(), Vec::new());
        ApiVersionsResponse { error, apis, supported_features, finalized_features, features_epoch: -1 }
    }

    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
