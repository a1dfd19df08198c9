//! One file per request and response, and the table that lists them. Adding one: a file here, a line in the table,
//! and the arms the compiler then asks for: the broker's dispatch and its ApiVersions, and the shape of its flights.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::ids::BrokerId;
use crate::seldom::Seldom;
use metadata::BrokerEndpoint;

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

/// Where the brokers listen that an answer names as leaders, for clients that do not know them yet (KIP-951).
pub type NodeEndpoints = Seldom<Vec<BrokerEndpoint>>;

/// Bytes of [`NodeEndpoints`] on the wire: a tagged field.
fn endpoint_bytes(endpoints: &NodeEndpoints) -> u64 {
    let text = |text: &Name| text.len() as u64;
    let bytes = |node: &BrokerEndpoint| 11 + text(&node.host) + node.rack.as_ref().map_or(0, text);
    endpoints.0.as_ref().map_or(0, |nodes| 3 + nodes.iter().map(bytes).sum::<u64>())
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
    ($($number:literal $name:ident $module:ident($request:ident $response:ident) $route:literal)*) => {
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

        /// A request of any kind.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Request { $($name($module::$request),)* }

        /// A response of any kind.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Response { $($name($module::$response),)* }

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
            /// Takes it out; what is left answers nothing.
            pub fn take(&mut self) -> Response {
                std::mem::replace(self, heartbeat::HeartbeatResponse { error: ErrorCode::None }.into())
            }
            /// Which API it belongs to.
            pub fn api(&self) -> ApiKey {
                match self { $(Response::$name(_) => ApiKey::$name,)* }
            }
            fn body_bytes(&self) -> u64 {
                match self { $(Response::$name(body) => body.body_bytes(),)* }
            }
        }
        $(
            impl From<$module::$request> for Request {
                fn from(body: $module::$request) -> Request { Request::$name(body) }
            }
            impl From<$module::$response> for Response {
                fn from(body: $module::$response) -> Response { Response::$name(body) }
            }
        )*
    };
}

apis! {
    0 Produce produce(ProduceRequest ProduceResponse) "producer->leader"
    1 Fetch fetch(FetchRequest FetchResponse) "consumer|follower|observer->leader"
    2 ListOffsets list_offsets(ListOffsetsRequest ListOffsetsResponse) "client->leader"
    3 Metadata metadata(MetadataRequest MetadataResponse) "client->any broker"
    8 OffsetCommit offset_commit(OffsetCommitRequest OffsetCommitResponse) "consumer->coordinator"
    9 OffsetFetch offset_fetch(OffsetFetchRequest OffsetFetchResponse) "consumer->coordinator"
    10 FindCoordinator find_coordinator(FindCoordinatorRequest FindCoordinatorResponse) "client->any broker"
    11 JoinGroup join_group(JoinGroupRequest JoinGroupResponse) "consumer->coordinator"
    12 Heartbeat heartbeat(HeartbeatRequest HeartbeatResponse) "consumer->coordinator"
    13 LeaveGroup leave_group(LeaveGroupRequest LeaveGroupResponse) "consumer->coordinator"
    14 SyncGroup sync_group(SyncGroupRequest SyncGroupResponse) "consumer->coordinator"
    15 DescribeGroups describe_groups(DescribeGroupsRequest DescribeGroupsResponse) "admin->coordinator"
    16 ListGroups list_groups(ListGroupsRequest ListGroupsResponse) "admin->every broker"
    18 ApiVersions api_versions(ApiVersionsRequest ApiVersionsResponse) "client->broker"
    19 CreateTopics create_topics(CreateTopicsRequest CreateTopicsResponse) "admin->broker->controller"
    20 DeleteTopics delete_topics(DeleteTopicsRequest DeleteTopicsResponse) "admin->broker->controller"
    21 DeleteRecords delete_records(DeleteRecordsRequest DeleteRecordsResponse) "admin->leader"
    22 InitProducerId init_producer_id(InitProducerIdRequest InitProducerIdResponse) "producer->any broker"
    23 OffsetForLeaderEpoch offset_for_leader_epoch(OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse) "consumer->leader"
    32 DescribeConfigs describe_configs(DescribeConfigsRequest DescribeConfigsResponse) "admin->broker"
    34 AlterReplicaLogDirs alter_replica_log_dirs(AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse) "admin->broker"
    35 DescribeLogDirs describe_log_dirs(DescribeLogDirsRequest DescribeLogDirsResponse) "admin->every broker"
    37 CreatePartitions create_partitions(CreatePartitionsRequest CreatePartitionsResponse) "admin->broker->controller"
    42 DeleteGroups delete_groups(DeleteGroupsRequest DeleteGroupsResponse) "admin->coordinator"
    43 ElectLeaders elect_leaders(ElectLeadersRequest ElectLeadersResponse) "admin->broker->controller"
    44 IncrementalAlterConfigs incremental_alter_configs(IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse) "admin->broker->controller"
    45 AlterPartitionReassignments alter_partition_reassignments(AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse) "admin->broker->controller"
    46 ListPartitionReassignments list_partition_reassignments(ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse) "admin->broker->controller"
    47 OffsetDelete offset_delete(OffsetDeleteRequest OffsetDeleteResponse) "admin->coordinator"
    52 Vote vote(VoteRequest VoteResponse) "candidate->voter"
    53 BeginQuorumEpoch begin_quorum_epoch(BeginQuorumEpochRequest BeginQuorumEpochResponse) "new leader->voters"
    54 EndQuorumEpoch end_quorum_epoch(EndQuorumEpochRequest EndQuorumEpochResponse) "resigning leader->voters"
    55 DescribeQuorum describe_quorum(DescribeQuorumRequest DescribeQuorumResponse) "admin->broker->controller"
    56 AlterPartition alter_partition(AlterPartitionRequest AlterPartitionResponse) "leader->controller"
    57 UpdateFeatures update_features(UpdateFeaturesRequest UpdateFeaturesResponse) "admin->broker->controller"
    59 FetchSnapshot fetch_snapshot(FetchSnapshotRequest FetchSnapshotResponse) "observer->active controller"
    60 DescribeCluster describe_cluster(DescribeClusterRequest DescribeClusterResponse) "admin->broker|controller"
    62 BrokerRegistration broker_registration(BrokerRegistrationRequest BrokerRegistrationResponse) "broker->controller"
    63 BrokerHeartbeat broker_heartbeat(BrokerHeartbeatRequest BrokerHeartbeatResponse) "broker->controller"
    64 UnregisterBroker unregister_broker(UnregisterBrokerRequest UnregisterBrokerResponse) "admin->broker->controller"
    67 AllocateProducerIds allocate_producer_ids(AllocateProducerIdsRequest AllocateProducerIdsResponse) "broker->controller"
    70 ControllerRegistration controller_registration(ControllerRegistrationRequest ControllerRegistrationResponse) "controller->active controller"
    73 AssignReplicasToDirs assign_replicas_to_dirs(AssignReplicasToDirsRequest AssignReplicasToDirsResponse) "broker->controller"
    75 DescribeTopicPartitions describe_topic_partitions(DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse) "admin->broker"
    80 AddRaftVoter add_raft_voter(AddRaftVoterRequest AddRaftVoterResponse) "admin->broker->controller"
    81 RemoveRaftVoter remove_raft_voter(RemoveRaftVoterRequest RemoveRaftVoterResponse) "admin->broker->controller"
    82 UpdateRaftVoter update_raft_voter(UpdateRaftVoterRequest UpdateRaftVoterResponse) "voter->leader"
}
