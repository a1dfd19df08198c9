//! DescribeLogDirs, api key 35: admin->broker. What lies in a broker's log directories (KIP-113).

use super::Name;
use crate::error::ErrorCode;
use crate::ids::TopicPartition;

/// DescribeLogDirs request (admin->broker): always of all partitions, as `kafka-log-dirs` asks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeLogDirsRequest {}

/// The answer to a DescribeLogDirs request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribeLogDirsResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// One each.
    pub log_dirs: Vec<DescribedLogDir>,
}

/// A log directory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedLogDir {
    /// KAFKA_STORAGE_ERROR if it has failed.
    pub error: ErrorCode,
    /// Its path.
    pub path: Name,
    /// The partitions in it.
    pub partitions: Vec<DescribedReplica>,
}

/// A replica in a log directory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DescribedReplica {
    /// Of which partition.
    pub tp: TopicPartition,
    /// Bytes of its segments' batches.
    pub size_bytes: u64,
    /// How far its log end is below its high watermark; of a future replica, below the log end of the current one.
    pub offset_lag: i64,
    /// Whether it is to take the place of the one in another directory of the broker.
    pub is_future: bool,
}

impl DescribeLogDirsRequest {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        2
    }
}

impl DescribeLogDirsResponse {
    /// Bytes of the body on the wire.
    pub fn body_bytes(&self) -> u64 {
        let of_dir = |dir: &DescribedLogDir| {
            let replicas = dir.partitions.iter().map(|replica| 24 + replica.tp.topic.len() as u64);
            24 + dir.path.len() as u64 + replicas.sum::<u64>()
        };
        8 + self.log_dirs.iter().map(of_dir).sum::<u64>()
    }
}
