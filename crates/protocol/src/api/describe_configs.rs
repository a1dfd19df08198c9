//! DescribeConfigs, api key 32: admin->broker. Configs of a topic or broker.

use crate::error::ErrorCode;
use super::{Name, ConfigResourceKind, ConfigSource};

/// DescribeConfigs request (admin->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeConfigsRequest {
    /// Which.
    pub resources: Vec<ConfigResource>,
}

/// A thing with configs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConfigResource {
    /// Topic, broker or group.
    pub kind: ConfigResourceKind,
    /// Its name; "" for the cluster default of brokers.
    pub name: Name,
}

/// The answer to a DescribeConfigs request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeConfigsResponse {
    /// One each.
    pub results: Vec<DescribedConfigs>,
}

/// Its configs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedConfigs {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
    /// Which.
    pub resource: ConfigResource,
    /// By name.
    pub configs: Vec<DescribedConfig>,
}

/// One config.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedConfig {
    /// Its name.
    pub name: Name,
    /// Effective value.
    pub value: Option<Name>,
    /// Where that comes from.
    pub source: ConfigSource,
    /// All definitions, strongest first: name, value, source.
    pub synonyms: Vec<(Name, Name, ConfigSource)>,
}

impl DescribeConfigsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DescribeConfigsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
