//! Where brokers keep their replicas (KIP-858: `ReplicationControlManager#handleAssignReplicasToDirs`, `#handleDirectoriesOffline`;
//! `ClusterControlManager#registerBroker`).

use ordered::SortedSet;
use protocol::api::assign_replicas_to_dirs::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, DirectoryId, ErrorCode, PartitionIndex, TopicId};

use super::partitions::Shift;
use super::{Controller, Decision};
use crate::image::MetadataImage;

/// Whether the directories that a broker registers with have ids, each its own, and no other broker is registered with one of them, as
/// after somebody copied a directory with its `meta.properties`.
pub(super) fn has_own_directories(image: &MetadataImage, broker: BrokerId, dirs: &[DirectoryId]) -> bool {
    let ids: SortedSet<DirectoryId> = dirs.iter().copied().collect();
    let are_ids = !dirs.is_empty() && ids.len() == dirs.len() && !dirs.iter().any(|dir| dir.is_reserved());
    let mut others = image.brokers.iter().filter(|(id, _)| **id != broker);
    are_ids && !others.any(|(_, registered)| registered.log_dirs.iter().any(|dir| ids.contains(dir)))
}

impl Controller {
    /// A broker says where its replicas lie.
    pub(super) fn assign_replicas_to_dirs(&mut self, request: &AssignReplicasToDirsRequest) -> Decision {
        let error = self.check_broker_epoch(request.broker, request.broker_epoch);
        let mut records = Vec::new();
        let mut replicas = Vec::new();
        if error.is_ok() {
            for (topic_id, partition, dir) in &request.replicas {
                let outcome = self.assign_one(request.broker, *topic_id, *partition, *dir, &mut records);
                replicas.push((*topic_id, *partition, outcome.err().unwrap_or(ErrorCode::None)));
            }
        }
        Decision { records, response: AssignReplicasToDirsResponse { error, replicas }.into() }
    }

    fn assign_one(
        &self,
        broker: BrokerId,
        topic_id: TopicId,
        partition: PartitionIndex,
        dir: DirectoryId,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), ErrorCode> {
        let image = self.active.as_ref().ok_or(ErrorCode::NotController)?.state.image();
        if !image.topics.contains_key(&topic_id) {
            return Err(ErrorCode::UnknownTopicId);
        }
        let record = image.partition(topic_id, partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !record.replicas.contains(&broker) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let is_offline = image.brokers.get(&broker).is_some_and(|registered| !registered.has_online_dir(dir));
        let shift = if is_offline { Shift::without(broker) } else { Shift::default() };
        records.extend(self.change((topic_id, partition), shift, |builder| {
            builder.directory = Some((broker, dir));
            if is_offline {
                builder.isr.retain(|id| *id != broker);
            }
        }));
        Ok(())
    }

    /// Directories of a broker have failed: it leaves the ISRs of what lies there.
    pub(super) fn directories_offline(
        &mut self,
        broker: BrokerId,
        offline: &[DirectoryId],
        records: &mut Vec<MetadataRecord>,
    ) {
        let Some(active) = &self.active else { return };
        let Some(registered) = active.state.image().brokers.get(&broker) else { return };
        let (failed, online): (Vec<DirectoryId>, Vec<DirectoryId>) =
            registered.log_dirs.iter().partition(|dir| offline.contains(dir));
        if failed.is_empty() {
            return;
        }
        let broker_epoch = registered.epoch;
        for key in active.state.in_sync(broker) {
            let Some(partition) = active.state.partition(key) else { continue };
            if partition.isr.contains(&broker) && failed.contains(&partition.directory_of(broker)) {
                records.extend(self.change(key, Shift::without(broker), |builder| {
                    builder.isr.retain(|id| *id != broker);
                }));
            }
        }
        records.push(MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced: None,
            in_controlled_shutdown: None,
            log_dirs: Some(online),
            cordoned: None,
        });
    }
}
