//! ApiVersions: what a listener speaks. Versions are Kafka's newest of each API. A client that means another cluster or node is told to
//! begin anew (KIP-1242), as brokers do and controllers do not.

use protocol::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::api::{APIS, ApiKey, Name};
use protocol::features::FEATURES;
use protocol::{BrokerId, ErrorCode};

use super::Broker;
use super::dispatch::Answer;
use crate::image::MetadataImage;
use crate::process::Context;

impl Broker {
    pub(super) fn handle_api_versions(&mut self, cx: &Context<'_>, request: &ApiVersionsRequest) -> Answer {
        let is_me = |(cluster, node): &(Name, BrokerId)| *cluster == cx.spec.cluster.cluster_id && *node == cx.spec.id;
        if !request.meant.as_ref().is_none_or(is_me) {
            return ApiVersionsResponse::of(ErrorCode::RebootstrapRequired, Vec::new()).into();
        }
        let apis = APIS.iter().filter_map(|api| Some((api.number, newest_version(api.key)?)));
        versions(cx.image, apis.collect(), cx.image.offset).into()
    }
}

/// The answer of a listener that speaks `apis`. What it takes for the epoch of features differs: brokers say how far they have read
/// (`KRaftMetadataCache#features`), controllers how far they had when a level changed (`FeaturesPublisher`).
pub(crate) fn versions(image: &MetadataImage, apis: Vec<(i16, i16)>, features_epoch: i64) -> ApiVersionsResponse {
    let levels = image.features.iter().map(|(name, level)| (name.clone(), *level));
    ApiVersionsResponse {
        error: ErrorCode::None,
        apis,
        supported_features: FEATURES
            .iter()
            .map(|(name, lowest, highest)| ((*name).into(), *lowest, *highest))
            .collect(),
        finalized_features: levels.collect(),
        features_epoch,
    }
}

/// The newest version of an API on brokers; none for what only controllers serve.
pub(crate) fn newest_version(key: ApiKey) -> Option<i16> {
    Some(match key {
        ApiKey::Produce => 13,
        ApiKey::Fetch => 18,
        ApiKey::ListOffsets => 11,
        ApiKey::Metadata => 13,
        ApiKey::OffsetCommit | ApiKey::OffsetFetch => 10,
        ApiKey::FindCoordinator | ApiKey::InitProducerId | ApiKey::DescribeGroups => 6,
        ApiKey::JoinGroup => 9,
        ApiKey::Heartbeat | ApiKey::OffsetForLeaderEpoch | ApiKey::DescribeConfigs => 4,
        ApiKey::ApiVersions | ApiKey::DescribeLogDirs | ApiKey::LeaveGroup | ApiKey::SyncGroup | ApiKey::ListGroups => {
            5
        }
        ApiKey::CreateTopics => 7,
        ApiKey::DeleteTopics => 6,
        ApiKey::CreatePartitions => 3,
        ApiKey::DeleteRecords
        | ApiKey::DeleteGroups
        | ApiKey::AlterReplicaLogDirs
        | ApiKey::ElectLeaders
        | ApiKey::DescribeQuorum
        | ApiKey::UpdateFeatures
        | ApiKey::DescribeCluster => 2,
        ApiKey::IncrementalAlterConfigs | ApiKey::AlterPartitionReassignments | ApiKey::AddRaftVoter => 1,
        ApiKey::DescribeTopicPartitions
        | ApiKey::ListPartitionReassignments
        | ApiKey::OffsetDelete
        | ApiKey::UnregisterBroker
        | ApiKey::RemoveRaftVoter => 0,
        ApiKey::Vote
        | ApiKey::BeginQuorumEpoch
        | ApiKey::EndQuorumEpoch
        | ApiKey::UpdateRaftVoter
        | ApiKey::FetchSnapshot
        | ApiKey::AlterPartition
        | ApiKey::BrokerRegistration
        | ApiKey::BrokerHeartbeat
        | ApiKey::ControllerRegistration
        | ApiKey::AssignReplicasToDirs
        | ApiKey::AllocateProducerIds => return None,
    })
}
