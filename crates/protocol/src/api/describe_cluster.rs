//! DescribeCluster, api key 60: admin->broker or controller. The nodes of one kind, and the cluster's id (KIP-700, KIP-919).

use crate::error::ErrorCode;
use crate::ids::{BrokerId};
use super::metadata::BrokerEndpoint;
use super::{Name};

/// Which nodes are asked about, and what the listener that is asked must be of (`EndpointType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EndpointType {
    /// Brokers.
    Broker,
    /// Controllers (KIP-919).
    Controller,
}

impl EndpointType {
    /// As error messages name it.
    pub fn name(self) -> &'static str {
        match self {
            EndpointType::Broker => "BROKER",
            EndpointType::Controller => "CONTROLLER",
        }
    }
}

/// DescribeCluster request (admin->broker or controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeClusterRequest {
    /// Also fenced brokers.
    pub include_fenced: bool,
    /// Of which nodes.
    pub endpoint: EndpointType,
}

/// The answer to a DescribeCluster request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeClusterResponse {
    /// None, or MISMATCHED_ENDPOINT_TYPE.
    pub error: ErrorCode,
    /// Details of the error.
    pub message: Option<Name>,
    /// Of which nodes.
    pub endpoint: EndpointType,
    /// The cluster's id.
    pub cluster_id: Name,
    /// A broker; from controllers, the active one.
    pub controller: BrokerId,
    /// Those nodes, with whether each is fenced.
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
