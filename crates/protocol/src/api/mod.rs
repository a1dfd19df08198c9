//! One file per request and response, and the table that lists them. Adding one: a file here, a line in the table,
//! and the arm the compiler then asks for where brokers and controllers dispatch.

use std::sync::Arc;

use crate::ids::BrokerId;

/// A short text that is copied often.
pub type Name = Arc<str>;

/// Who leads a partition now (KIP-951), in answers to requests that went to the wrong broker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LeaderHint {
    /// The leader.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
}

/// What has configs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConfigResourceKind {
    /// A topic.
    Topic,
    /// A broker, or all of them.
    Broker,
    /// A consumer group.
    Group,
}

/// Where a config's value comes from, strongest first (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConfigSource {
    /// Set on the topic.
    DynamicTopic,
    /// Set on this broker at run time.
    DynamicBroker,
    /// Set on all brokers at run time.
    DynamicDefaultBroker,
    /// In the broker's properties file.
    StaticBroker,
    /// Kafka's default.
    Default,
    /// Set on the group.
    DynamicGroup,
}

impl ConfigSource {
    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            ConfigSource::DynamicTopic => "DYNAMIC_TOPIC_CONFIG",
            ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
            ConfigSource::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            ConfigSource::StaticBroker => "STATIC_BROKER_CONFIG",
            ConfigSource::Default => "DEFAULT_CONFIG",
            ConfigSource::DynamicGroup => "DYNAMIC_GROUP_CONFIG",
        }
    }
}

/// What travels over a connection between two processes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// From the process that opened the connection.
    Request {
        /// Numbers the requests of a connection; the response repeats it.
        correlation: u32,
        /// `client.id`; brokers and controllers use `broker-N` and `raft-client-N`.
        client_id: Name,
        /// What is asked.
        request: Request,
    },
    /// Its answer. Responses on one connection come in the order of their requests.
    Response {
        /// The number of the request it answers.
        correlation: u32,
        /// The answer.
        response: Response,
    },
}

impl Message {
    /// Bytes on the wire: a header and the body.
    pub fn wire_bytes(&self) -> u64 {
        match self {
            Message::Request { client_id, request, .. } => 14 + client_id.len() as u64 + request.body_bytes(),
            Message::Response { response, .. } => 8 + response.body_bytes(),
        }
    }
    /// Which API it belongs to.
    pub fn api(&self) -> ApiKey {
        match self {
            Message::Request { request, .. } => request.api(),
            Message::Response { response, .. } => response.api(),
        }
    }
}

/// A row of the table of APIs.
#[derive(Clone, Copy, Debug)]
pub struct ApiInfo {
    /// Kafka's number for it.
    pub number: i16,
    /// Its name.
    pub name: &'static str,
    /// Who sends it to whom.
    pub route: &'static str,
    /// The key.
    pub key: ApiKey,
}

macro_rules! apis {
    ($($number:literal $name:ident $module:ident $route:literal)*) => {
        $(pub mod $module;)*

        /// The kind of a request (`ApiKeys`).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum ApiKey { $($name = $number,)* }

        /// Every API that is modelled, by number.
        pub const APIS: &[ApiInfo] = &[$(ApiInfo { number: $number, name: stringify!($name), route: $route, key: ApiKey::$name },)*];

        impl ApiKey {
            /// Its name, e.g. `Produce`.
            pub fn name(self) -> &'static str {
                match self { $(ApiKey::$name => stringify!($name),)* }
            }
        }

        paste_enums! { $($name $module)* }
    };
}

macro_rules! paste_enums {
    ($($name:ident $module:ident)*) => {
        /// A request of any kind.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Request { $($name(request_types::$name),)* }

        /// A response of any kind.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Response { $($name(response_types::$name),)* }

        impl Request {
            /// Which API it belongs to.
            pub fn api(&self) -> ApiKey {
                match self { $(Request::$name(_) => ApiKey::$name,)* }
            }
            fn body_bytes(&self) -> u64 {
                match self { $(Request::$name(body) => body.body_bytes(),)* }
            }
        }
        impl Response {
            /// Which API it belongs to.
            pub fn api(&self) -> ApiKey {
                match self { $(Response::$name(_) => ApiKey::$name,)* }
            }
            fn body_bytes(&self) -> u64 {
                match self { $(Response::$name(body) => body.body_bytes(),)* }
            }
        }
        $(
            impl From<request_types::$name> for Request {
                fn from(body: request_types::$name) -> Request { Request::$name(body) }
            }
            impl From<response_types::$name> for Response {
                fn from(body: response_types::$name) -> Response { Response::$name(body) }
            }
        )*
    };
}
mod request_types {
    pub(super) use super::allocate_producer_ids::AllocateProducerIdsRequest as AllocateProducerIds;
    pub(super) use super::alter_partition::AlterPartitionRequest as AlterPartition;
    pub(super) use super::api_versions::ApiVersionsRequest as ApiVersions;
    pub(super) use super::begin_quorum_epoch::BeginQuorumEpochRequest as BeginQuorumEpoch;
    pub(super) use super::broker_heartbeat::BrokerHeartbeatRequest as BrokerHeartbeat;
    pub(super) use super::broker_registration::BrokerRegistrationRequest as BrokerRegistration;
    pub(super) use super::create_partitions::CreatePartitionsRequest as CreatePartitions;
    pub(super) use super::create_topics::CreateTopicsRequest as CreateTopics;
    pub(super) use super::delete_groups::DeleteGroupsRequest as DeleteGroups;
    pub(super) use super::delete_topics::DeleteTopicsRequest as DeleteTopics;
    pub(super) use super::describe_cluster::DescribeClusterRequest as DescribeCluster;
    pub(super) use super::describe_configs::DescribeConfigsRequest as DescribeConfigs;
    pub(super) use super::describe_groups::DescribeGroupsRequest as DescribeGroups;
    pub(super) use super::describe_quorum::DescribeQuorumRequest as DescribeQuorum;
    pub(super) use super::describe_topic_partitions::DescribeTopicPartitionsRequest as DescribeTopicPartitions;
    pub(super) use super::elect_leaders::ElectLeadersRequest as ElectLeaders;
    pub(super) use super::end_quorum_epoch::EndQuorumEpochRequest as EndQuorumEpoch;
    pub(super) use super::fetch::FetchRequest as Fetch;
    pub(super) use super::fetch_snapshot::FetchSnapshotRequest as FetchSnapshot;
    pub(super) use super::find_coordinator::FindCoordinatorRequest as FindCoordinator;
    pub(super) use super::heartbeat::HeartbeatRequest as Heartbeat;
    pub(super) use super::incremental_alter_configs::IncrementalAlterConfigsRequest as IncrementalAlterConfigs;
    pub(super) use super::init_producer_id::InitProducerIdRequest as InitProducerId;
    pub(super) use super::join_group::JoinGroupRequest as JoinGroup;
    pub(super) use super::leave_group::LeaveGroupRequest as LeaveGroup;
    pub(super) use super::list_groups::ListGroupsRequest as ListGroups;
    pub(super) use super::list_offsets::ListOffsetsRequest as ListOffsets;
    pub(super) use super::metadata::MetadataRequest as Metadata;
    pub(super) use super::offset_commit::OffsetCommitRequest as OffsetCommit;
    pub(super) use super::offset_fetch::OffsetFetchRequest as OffsetFetch;
    pub(super) use super::offset_for_leader_epoch::OffsetForLeaderEpochRequest as OffsetForLeaderEpoch;
    pub(super) use super::produce::ProduceRequest as Produce;
    pub(super) use super::sync_group::SyncGroupRequest as SyncGroup;
    pub(super) use super::vote::VoteRequest as Vote;
}
mod response_types {
    pub(super) use super::allocate_producer_ids::AllocateProducerIdsResponse as AllocateProducerIds;
    pub(super) use super::alter_partition::AlterPartitionResponse as AlterPartition;
    pub(super) use super::api_versions::ApiVersionsResponse as ApiVersions;
    pub(super) use super::begin_quorum_epoch::BeginQuorumEpochResponse as BeginQuorumEpoch;
    pub(super) use super::broker_heartbeat::BrokerHeartbeatResponse as BrokerHeartbeat;
    pub(super) use super::broker_registration::BrokerRegistrationResponse as BrokerRegistration;
    pub(super) use super::create_partitions::CreatePartitionsResponse as CreatePartitions;
    pub(super) use super::create_topics::CreateTopicsResponse as CreateTopics;
    pub(super) use super::delete_groups::DeleteGroupsResponse as DeleteGroups;
    pub(super) use super::delete_topics::DeleteTopicsResponse as DeleteTopics;
    pub(super) use super::describe_cluster::DescribeClusterResponse as DescribeCluster;
    pub(super) use super::describe_configs::DescribeConfigsResponse as DescribeConfigs;
    pub(super) use super::describe_groups::DescribeGroupsResponse as DescribeGroups;
    pub(super) use super::describe_quorum::DescribeQuorumResponse as DescribeQuorum;
    pub(super) use super::describe_topic_partitions::DescribeTopicPartitionsResponse as DescribeTopicPartitions;
    pub(super) use super::elect_leaders::ElectLeadersResponse as ElectLeaders;
    pub(super) use super::end_quorum_epoch::EndQuorumEpochResponse as EndQuorumEpoch;
    pub(super) use super::fetch::FetchResponse as Fetch;
    pub(super) use super::fetch_snapshot::FetchSnapshotResponse as FetchSnapshot;
    pub(super) use super::find_coordinator::FindCoordinatorResponse as FindCoordinator;
    pub(super) use super::heartbeat::HeartbeatResponse as Heartbeat;
    pub(super) use super::incremental_alter_configs::IncrementalAlterConfigsResponse as IncrementalAlterConfigs;
    pub(super) use super::init_producer_id::InitProducerIdResponse as InitProducerId;
    pub(super) use super::join_group::JoinGroupResponse as JoinGroup;
    pub(super) use super::leave_group::LeaveGroupResponse as LeaveGroup;
    pub(super) use super::list_groups::ListGroupsResponse as ListGroups;
    pub(super) use super::list_offsets::ListOffsetsResponse as ListOffsets;
    pub(super) use super::metadata::MetadataResponse as Metadata;
    pub(super) use super::offset_commit::OffsetCommitResponse as OffsetCommit;
    pub(super) use super::offset_fetch::OffsetFetchResponse as OffsetFetch;
    pub(super) use super::offset_for_leader_epoch::OffsetForLeaderEpochResponse as OffsetForLeaderEpoch;
    pub(super) use super::produce::ProduceResponse as Produce;
    pub(super) use super::sync_group::SyncGroupResponse as SyncGroup;
    pub(super) use super::vote::VoteResponse as Vote;
}

apis! {
    0 Produce produce "producer->leader"
    1 Fetch fetch "consumer|follower|observer->leader"
    2 ListOffsets list_offsets "client->leader"
    3 Metadata metadata "client->any broker"
    8 OffsetCommit offset_commit "consumer->coordinator"
    9 OffsetFetch offset_fetch "consumer->coordinator"
    10 FindCoordinator find_coordinator "client->any broker"
    11 JoinGroup join_group "consumer->coordinator"
    12 Heartbeat heartbeat "consumer->coordinator"
    13 LeaveGroup leave_group "consumer->coordinator"
    14 SyncGroup sync_group "consumer->coordinator"
    15 DescribeGroups describe_groups "admin->coordinator"
    16 ListGroups list_groups "admin->every broker"
    18 ApiVersions api_versions "client->broker"
    19 CreateTopics create_topics "admin->broker->controller"
    20 DeleteTopics delete_topics "admin->broker->controller"
    22 InitProducerId init_producer_id "producer->any broker"
    23 OffsetForLeaderEpoch offset_for_leader_epoch "consumer->leader"
    32 DescribeConfigs describe_configs "admin->broker"
    37 CreatePartitions create_partitions "admin->broker->controller"
    42 DeleteGroups delete_groups "admin->coordinator"
    43 ElectLeaders elect_leaders "admin->broker->controller"
    44 IncrementalAlterConfigs incremental_alter_configs "admin->broker->controller"
    52 Vote vote "candidate->voter"
    53 BeginQuorumEpoch begin_quorum_epoch "new leader->voters"
    54 EndQuorumEpoch end_quorum_epoch "resigning leader->voters"
    55 DescribeQuorum describe_quorum "admin->broker->controller"
    56 AlterPartition alter_partition "leader->controller"
    59 FetchSnapshot fetch_snapshot "observer->active controller"
    60 DescribeCluster describe_cluster "admin->broker"
    62 BrokerRegistration broker_registration "broker->controller"
    63 BrokerHeartbeat broker_heartbeat "broker->controller"
    67 AllocateProducerIds allocate_producer_ids "broker->controller"
    75 DescribeTopicPartitions describe_topic_partitions "admin->broker"
}
