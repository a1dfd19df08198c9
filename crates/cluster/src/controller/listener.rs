//! What any controller answers on its own port, active or not (`ControllerApis`, KIP-919): which APIs there are, which
//! controllers, and its own configs. All else is for the quorum or for the active controller.

use protocol::api::api_versions::ApiVersionsResponse;
use protocol::api::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse, EndpointType};
use protocol::api::metadata::BrokerEndpoint;
use protocol::api::{APIS, ApiKey};
use protocol::{BrokerId, ErrorCode, Request, Response};

use crate::broker::{api_versions, describe_configs};
use crate::image::MetadataImage;
use crate::process::Context;

/// The answer of any controller; none if the request is not for any. `active` is the leader of the quorum.
pub(crate) fn answer(
    cx: &Context<'_>,
    active: Option<BrokerId>,
    features_epoch: i64,
    request: &Request,
) -> Option<Response> {
    Some(match request {
        Request::ApiVersions(_) => versions(cx.image, features_epoch).into(),
        Request::DescribeCluster(request) => describe_cluster(cx, active, request).into(),
        Request::DescribeConfigs(request) => describe_configs::described(cx, request).into(),
        _ => return None,
    })
}

fn versions(image: &MetadataImage, features_epoch: i64) -> ApiVersionsResponse {
    let apis = APIS.iter().filter(|api| is_served(api.key));
    let apis = apis.map(|api| (api.number, api_versions::newest_version(api.key).unwrap_or(0))).collect();
    api_versions::versions(image, apis, features_epoch)
}

/// The APIs of controllers (`ApiMessageType.ListenerType#CONTROLLER`).
fn is_served(key: ApiKey) -> bool {
    matches!(
        key,
        ApiKey::Fetch
            | ApiKey::ApiVersions
            | ApiKey::CreateTopics
            | ApiKey::DeleteTopics
            | ApiKey::DescribeConfigs
            | ApiKey::CreatePartitions
            | ApiKey::ElectLeaders
            | ApiKey::IncrementalAlterConfigs
            | ApiKey::AlterPartitionReassignments
            | ApiKey::ListPartitionReassignments
            | ApiKey::Vote
            | ApiKey::BeginQuorumEpoch
            | ApiKey::EndQuorumEpoch
            | ApiKey::DescribeQuorum
            | ApiKey::AlterPartition
            | ApiKey::UpdateFeatures
            | ApiKey::FetchSnapshot
            | ApiKey::DescribeCluster
            | ApiKey::BrokerRegistration
            | ApiKey::BrokerHeartbeat
            | ApiKey::UnregisterBroker
            | ApiKey::AllocateProducerIds
            | ApiKey::ControllerRegistration
            | ApiKey::AssignReplicasToDirs
            | ApiKey::AddRaftVoter
            | ApiKey::RemoveRaftVoter
            | ApiKey::UpdateRaftVoter
    )
}

fn describe_cluster(
    cx: &Context<'_>,
    active: Option<BrokerId>,
    request: &DescribeClusterRequest,
) -> DescribeClusterResponse {
    if request.endpoint != EndpointType::Controller {
        return mismatched(cx, EndpointType::Controller, request.endpoint);
    }
    let endpoint = |(id, controller): (&BrokerId, &crate::image::ControllerImage)| {
        let (host, port) = (controller.host.clone(), controller.port);
        (BrokerEndpoint { id: *id, host, port, rack: None }, false)
    };
    DescribeClusterResponse {
        error: ErrorCode::None,
        message: None,
        endpoint: EndpointType::Controller,
        cluster_id: cx.spec.cluster.cluster_id.clone(),
        controller: active.unwrap_or(BrokerId::NONE),
        brokers: cx.image.controllers.iter().map(endpoint).collect(),
    }
}

/// A listener of one kind was asked about nodes of the other (`AuthHelper#computeDescribeClusterResponse`).
pub(crate) fn mismatched(cx: &Context<'_>, own: EndpointType, asked: EndpointType) -> DescribeClusterResponse {
    let (own_name, asked) = (own.name(), asked.name());
    let text =
        format!("The request was sent to an endpoint of type {own_name}, but we wanted an endpoint of type {asked}");
    DescribeClusterResponse {
        error: ErrorCode::MismatchedEndpointType,
        message: Some(text.into()),
        endpoint: own,
        cluster_id: cx.spec.cluster.cluster_id.clone(),
        controller: BrokerId::NONE,
        brokers: Vec::new(),
    }
}
