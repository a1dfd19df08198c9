//! DescribeLogDirs and AlterReplicaLogDirs (`ReplicaManager#describeLogDirs`, `#alterReplicaLogDirs`, KIP-113).

use protocol::api::Name;
use protocol::api::alter_replica_log_dirs::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use protocol::api::describe_log_dirs::{DescribeLogDirsResponse, DescribedLogDir, DescribedReplica};
use protocol::{ErrorCode, TopicPartition};

use super::Broker;
use super::dirs::DirIndex;
use super::disk::StoredReplica;
use super::dispatch::Answer;
use crate::process::{Context, Fx};

impl Broker {
    pub(super) fn handle_describe_log_dirs(&self, cx: &Context<'_>) -> Answer {
        let log_dirs = (0..).zip(cx.spec.log_dirs()).map(|(dir, path)| {
            let is_failed = self.is_dir_failed(dir);
            let error = if is_failed { ErrorCode::KafkaStorageError } else { ErrorCode::None };
            let stored = self.disk.iter().map(|(_, stored)| stored).filter(|_| !is_failed);
            let mut partitions: Vec<DescribedReplica> = stored.filter_map(|stored| described(stored, dir)).collect();
            ordered::sort_by(&mut partitions, |a, b| a.tp.cmp(&b.tp));
            DescribedLogDir { error, path: path.into(), partitions }
        });
        DescribeLogDirsResponse { error: ErrorCode::None, log_dirs: log_dirs.collect() }.into()
    }

    pub(super) fn handle_alter_replica_log_dirs(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        request: AlterReplicaLogDirsRequest,
    ) -> Answer {
        let mut replicas = Vec::new();
        for (tp, path) in request.replicas {
            let error = self.alter_replica_log_dir(cx, fx, &tp, &path).err().unwrap_or(ErrorCode::None);
            replicas.push((tp, error));
        }
        AlterReplicaLogDirsResponse { replicas }.into()
    }

    fn alter_replica_log_dir(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        tp: &TopicPartition,
        path: &Name,
    ) -> Result<(), ErrorCode> {
        let dir = (0..).zip(cx.spec.log_dirs()).find(|(_, known)| **known == **path).map(|(dir, _)| dir);
        let dir: DirIndex = dir.ok_or(ErrorCode::LogDirNotFound)?;
        if self.is_dir_failed(dir) {
            return Err(ErrorCode::KafkaStorageError);
        }
        if self.is_cordoned(dir) {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        let topic_id = cx.image.by_name.get(&tp.topic);
        if topic_id.is_some_and(|id| self.disk.is_offline(*id, tp.partition)) {
            return Err(ErrorCode::KafkaStorageError);
        }
        match topic_id.and_then(|id| self.disk.find(*id, tp.partition)) {
            Some(index) => self.move_replica(cx, fx, index, dir),
            None => {
                self.soft.dirs.preferred.insert(tp.clone(), dir);
                return Err(ErrorCode::ReplicaNotAvailable);
            }
        }
        Ok(())
    }
}

/// What of a replica lies in a directory: itself, or what it will be there.
fn described(stored: &StoredReplica, dir: DirIndex) -> Option<DescribedReplica> {
    let (tp, log) = (stored.tp.clone(), &stored.log);
    if stored.dir == dir {
        let offset_lag = (log.high_watermark() - log.log_end_offset()).max(0);
        return Some(DescribedReplica { tp, size_bytes: log.size_bytes(), offset_lag, is_future: false });
    }
    let future = stored.future.as_ref().filter(|future| future.dir == dir)?;
    let offset_lag = (log.log_end_offset() - future.offset).max(0);
    let missing: u64 = log.batches_from(future.offset).map(|batch| u64::from(batch.size_in_bytes())).sum();
    Some(DescribedReplica { tp, size_bytes: log.size_bytes().saturating_sub(missing), offset_lag, is_future: true })
}
