//! DescribeQuorum, api key 55: admin->broker->controller. The state of the metadata quorum.

use crate::error::ErrorCode;
use super::Name;
use crate::ids::{BrokerId, TopicId};

/// DescribeQuorum request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeQuorumRequest {
    /// Unused; the answer is always whole.
    pub detail: bool,
}

/// The answer to a DescribeQuorum request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeQuorumResponse {
    /// NOT_LEADER_OR_FOLLOWER elsewhere.
    pub error: ErrorCode,
    /// The active controller.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
    /// Of the metadata log.
    pub high_watermark: i64,
    /// By id.
    pub voters: Vec<QuorumReplica>,
    /// By id.
    pub observers: Vec<QuorumReplica>,
}

/// A replica of the metadata log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QuorumReplica {
    /// Node.id.
    pub id: BrokerId,
    /// −1 unknown.
    pub log_end_offset: i64,
    /// −1 never.
    pub last_fetch_ms: i64,
    /// −1 never.
    pub last_caught_up_ms: i64,
    /// `directory.id` of its metadata log; zero where it is not known, as of static voters.
    pub directory: TopicId,
    /// Where a voter listens.
    pub endpoint: Option<(Name, u16)>,
}

impl DescribeQuorumRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl DescribeQuorumResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
