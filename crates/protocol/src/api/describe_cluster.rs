//! DescribeCluster, api key 60: admin->broker. Brokers and the cluster's id.

use crate::error::ErrorCode;
use crate::ids::{BrokerId};
use super::metadata::BrokerEndpoint;
use super::{Name};

/// DescribeCluster request (admin->broker).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeClusterRequest {
    /// Also fenced brokers.
    pub include_fenced: bool,
}

/// The answer to a DescribeCluster request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeClusterResponse {
    /// None.
    pub error: ErrorCode,
    /// The cluster's id.
    pub cluster_id: Name,
    /// A broker.
    pub controller: BrokerId,
    /// With whether each is fenced.
    pub brokers: Vec<(BrokerEndpoint, bool)>,
}

impl DescribeClusterRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DescribeClusterResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
