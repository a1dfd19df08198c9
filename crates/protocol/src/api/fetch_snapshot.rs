//! FetchSnapshot, api key 59: observer->active controller. Reads the snapshot that stands for the part of the metadata log a
//! replica has missed (KIP-630). Kafka reads it in pieces; here it comes whole.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::ids::{BrokerId, DirectoryId};
use crate::metadata::MetadataRecord;
use crate::seldom::Seldom;

/// FetchSnapshot request (Raft follower or observer->active controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchSnapshotRequest {
    /// Who asks.
    pub replica: BrokerId,
    /// The Raft epoch it knows.
    pub current_leader_epoch: i32,
    /// Its `directory.id`, if that is not the one its storage had first.
    pub directory: Seldom<DirectoryId>,
}

/// The answer to a FetchSnapshot request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchSnapshotResponse {
    /// SNAPSHOT_NOT_FOUND is said as UNKNOWN_SERVER_ERROR; FENCED_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER as in fetches.
    pub error: ErrorCode,
    /// The offset after the last record the snapshot covers.
    pub end_offset: i64,
    /// The epoch of that record.
    pub epoch: i32,
    /// The state as records.
    pub records: Arc<Vec<MetadataRecord>>,
}

impl FetchSnapshotRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl FetchSnapshotResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64 + 48 * self.records.len() as u64
    }
}
