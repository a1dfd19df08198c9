//! Answers that say the same error for everything that was asked.

use protocol::api::add_raft_voter::AddRaftVoterResponse;
use protocol::api::allocate_producer_ids::AllocateProducerIdsResponse;
use protocol::api::alter_partition::AlterPartitionResponse;
use protocol::api::alter_partition_reassignments::AlterPartitionReassignmentsResponse;
use protocol::api::api_versions::ApiVersionsResponse;
use protocol::api::assign_replicas_to_dirs::AssignReplicasToDirsResponse;
use protocol::api::broker_heartbeat::BrokerHeartbeatResponse;
use protocol::api::broker_registration::BrokerRegistrationResponse;
use protocol::api::controller_registration::ControllerRegistrationResponse;
use protocol::api::create_partitions::CreatePartitionsResponse;
use protocol::api::create_topics::{CreateTopicsResponse, CreatedTopic};
use protocol::api::delete_topics::DeleteTopicsResponse;
use protocol::api::elect_leaders::ElectLeadersResponse;
use protocol::api::incremental_alter_configs::IncrementalAlterConfigsResponse;
use protocol::api::list_partition_reassignments::ListPartitionReassignmentsResponse;
use protocol::api::remove_raft_voter::RemoveRaftVoterResponse;
use protocol::api::unregister_broker::UnregisterBrokerResponse;
use protocol::api::update_features::UpdateFeaturesResponse;
use protocol::{ErrorCode, Request, Response, TopicId};

/// The answer to `request` when all of it fails with `error`. What only brokers serve is not a controller's business.
pub(super) fn refuse(request: &Request, error: ErrorCode) -> Response {
    let unsupported = || ApiVersionsResponse::of(ErrorCode::UnsupportedVersion, Vec::new()).into();
    refusal(request, error).unwrap_or_else(unsupported)
}

/// The same, for requests that controllers serve.
pub(crate) fn refusal(request: &Request, error: ErrorCode) -> Option<Response> {
    Some(match request {
        Request::BrokerRegistration(_) => BrokerRegistrationResponse { error, broker_epoch: -1 }.into(),
        Request::BrokerHeartbeat(_) => {
            BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false }.into()
        }
        Request::ControllerRegistration(_) => ControllerRegistrationResponse { error }.into(),
        Request::AssignReplicasToDirs(_) => AssignReplicasToDirsResponse { error, replicas: Vec::new() }.into(),
        Request::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
        Request::AllocateProducerIds(_) => AllocateProducerIdsResponse { error, first: -1, count: 0 }.into(),
        Request::CreateTopics(request) => {
            let failed = request.topics.iter().map(|topic| CreatedTopic {
                name: topic.name.clone(),
                topic_id: TopicId::ZERO,
                error,
                message: None,
                partitions: -1,
                replication_factor: -1,
            });
            CreateTopicsResponse { topics: failed.collect() }.into()
        }
        Request::DeleteTopics(request) => {
            DeleteTopicsResponse { topics: request.topics.iter().map(|topic| (topic.clone(), error, None)).collect() }
                .into()
        }
        Request::CreatePartitions(request) => CreatePartitionsResponse {
            topics: request.topics.iter().map(|new| (new.topic.clone(), error, None)).collect(),
        }
        .into(),
        Request::ElectLeaders(_) => ElectLeadersResponse { error, partitions: Vec::new() }.into(),
        Request::AlterPartitionReassignments(_) => {
            AlterPartitionReassignmentsResponse { error, partitions: Vec::new() }.into()
        }
        Request::ListPartitionReassignments(_) => {
            ListPartitionReassignmentsResponse { error, partitions: Vec::new() }.into()
        }
        Request::UpdateFeatures(_) => UpdateFeaturesResponse { error, message: None }.into(),
        Request::AddRaftVoter(_) => AddRaftVoterResponse { error, message: None }.into(),
        Request::RemoveRaftVoter(_) => RemoveRaftVoterResponse { error, message: None }.into(),
        Request::UnregisterBroker(_) => UnregisterBrokerResponse { error, message: None }.into(),
        Request::IncrementalAlterConfigs(_) => IncrementalAlterConfigsResponse { error, message: None }.into(),
        _ => return None,
    })
}
