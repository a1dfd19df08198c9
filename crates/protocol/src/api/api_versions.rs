//! ApiVersions, api key 18: client->broker. What the broker speaks; the first request on every connection.

use std::hash::{Hash, Hasher};

use super::{ApiKey, Name};
use crate::error::ErrorCode;
use crate::features::KRAFT;
use crate::ids::BrokerId;

/// ApiVersions request (client->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ApiVersionsRequest {
    /// Name of the client library.
    pub client_software: Name,
    /// The cluster and the node that the client means to speak to, once it knows them (version 5, KIP-1242).
    pub meant: Option<(Name, BrokerId)>,
}

/// The answer to a ApiVersions request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiVersionsResponse {
    /// REBOOTSTRAP_REQUIRED if another cluster or node was meant.
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

/// What every node says of dynamic quorums (KIP-853) is left out, so that the digests of runs that have none are what they were before.
impl Hash for ApiVersionsResponse {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let apis: Vec<_> = self.apis.iter().filter(|(key, _)| *key < ApiKey::AddRaftVoter as i16).collect();
        let highest = |(name, _, highest): &(Name, i16, i16)| if **name == *KRAFT { 0 } else { *highest };
        let features: Vec<_> = self.supported_features.iter().map(|f| (&f.0, f.1, highest(f))).collect();
        (self.error, apis, features, &self.finalized_features, self.features_epoch).hash(state);
    }
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
