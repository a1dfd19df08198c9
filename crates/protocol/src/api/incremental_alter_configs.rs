//! IncrementalAlterConfigs, api key 44: admin->broker->controller. Sets and deletes configs of topics and brokers.

use crate::error::ErrorCode;
use super::describe_configs::ConfigResource;
use super::{Name};

/// IncrementalAlterConfigs request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IncrementalAlterConfigsRequest {
    /// Which.
    pub resource: ConfigResource,
    /// None deletes.
    pub changes: Vec<(Name, Option<Name>)>,
    /// Check, do not change.
    pub validate_only: bool,
}

/// The answer to a IncrementalAlterConfigs request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IncrementalAlterConfigsResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
}

impl IncrementalAlterConfigsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl IncrementalAlterConfigsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
