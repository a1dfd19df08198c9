//! DescribeLogDirs and AlterReplicaLogDirs (`ReplicaManager#describeLogDirs`, `#alterReplicaLogDirs`, KIP-113). A broker has one log
//! directory here, so a replica is where it is wanted, or it is nowhere.

use protocol::api::alter_replica_log_dirs::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use protocol::api::describe_log_dirs::{DescribeLogDirsResponse, DescribedLogDir, DescribedReplica};
use protocol::{ErrorCode, gap};

use super::Broker;
use super::dispatch::Answer;
use crate::process::Context;

impl Broker {
    pub(super) fn handle_describe_log_dirs(&self, cx: &Context<'_>) -> Answer {
        let replica = |stored: &super::disk::StoredReplica| DescribedReplica {
            tp: stored.tp.clone(),
            size_bytes: stored.log.size_bytes(),
            is_future: false,
            offset_lag: (stored.log.high_watermark() - stored.log.log_end_offset()).max(0),
        };
        let mut partitions: Vec<DescribedReplica> = self.disk.iter().map(|(_, stored)| replica(stored)).collect();
        ordered::sort_by(&mut partitions, |a, b| a.tp.cmp(&b.tp));
        let dir = DescribedLogDir { error: ErrorCode::None, path: cx.spec.log_dir().into(), partitions };
        DescribeLogDirsResponse { error: ErrorCode::None, log_dirs: vec![dir] }.into()
    }

    pub(super) fn handle_alter_replica_log_dirs(
        &self,
        cx: &Context<'_>,
        request: AlterReplicaLogDirsRequest,
    ) -> Answer {
        gap!("a broker has one log directory: replicas do not move between several", "KIP-113, KIP-858");
        let is_here = |topic: &str, partition: i32| {
            let id = cx.image.by_name.get(topic);
            id.is_some_and(|id| self.disk.find(*id, partition).is_some())
        };
        let outcome = |(tp, dir): (protocol::TopicPartition, protocol::api::Name)| {
            let error = match *dir == *cx.spec.log_dir() {
                false => ErrorCode::LogDirNotFound,
                true if is_here(&tp.topic, tp.partition) => ErrorCode::None,
                true => ErrorCode::ReplicaNotAvailable,
            };
            (tp, error)
        };
        AlterReplicaLogDirsResponse { replicas: request.replicas.into_iter().map(outcome).collect() }.into()
    }
}
