//! What an admin client can be asked, and what it answers.

use protocol::api::Name;
use protocol::api::api_versions::ApiVersionsResponse;
use protocol::api::create_partitions::NewPartitions;
use protocol::api::create_topics::{CreatedTopic, NewTopic};
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::describe_configs::{ConfigResource, DescribedConfigs};
use protocol::api::describe_groups::DescribedGroup;
use protocol::api::describe_log_dirs::DescribeLogDirsResponse;
use protocol::api::describe_quorum::DescribeQuorumResponse;
use protocol::api::describe_topic_partitions::DescribedTopic;
use protocol::api::incremental_alter_configs::ConfigOp;
use protocol::api::list_groups::ListedGroup;
use protocol::api::list_partition_reassignments::OngoingReassignment;
use protocol::api::update_features::UpgradeType;
use protocol::metadata::Voter;
use protocol::{BrokerId, DirectoryId, GroupId, MemberId, TopicId, TopicName, TopicPartition};

use crate::{ClientError, LogLine, StartAt};

/// A call of the `Admin` interface.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum AdminCall {
    /// `createTopics`.
    CreateTopics { topics: Vec<NewTopic>, validate_only: bool },
    /// `deleteTopics`.
    DeleteTopics { topics: Vec<TopicName> },
    /// `describeTopics`, with ELR. (With no topics: all of them.) `partition_limit` is how many partitions an answer may hold; as many
    /// requests are sent as that takes.
    DescribeTopics { topics: Option<Vec<TopicName>>, partition_limit: i32 },
    /// `listTopics`, internal ones included.
    ListTopics,
    /// `createPartitions`.
    CreatePartitions { topics: Vec<NewPartitions> },
    /// `describeConfigs`.
    DescribeConfigs { resources: Vec<ConfigResource> },
    /// `incrementalAlterConfigs`.
    AlterConfigs { resource: ConfigResource, changes: Vec<(Name, ConfigOp)>, validate_only: bool },
    /// `describeCluster`.
    DescribeCluster { include_fenced: bool },
    /// `listGroups`, from every broker.
    ListGroups { states: Vec<Name> },
    /// `describeClassicGroups`/`describeConsumerGroups`.
    DescribeGroups { groups: Vec<GroupId> },
    /// `listConsumerGroupOffsets`; none for all partitions.
    ListGroupOffsets { group: GroupId, partitions: Option<Vec<TopicPartition>> },
    /// `alterConsumerGroupOffsets`.
    AlterGroupOffsets { group: GroupId, offsets: Vec<(TopicPartition, i64)> },
    /// `deleteConsumerGroups`.
    DeleteGroups { groups: Vec<GroupId> },
    /// `deleteConsumerGroupOffsets`.
    DeleteGroupOffsets { group: GroupId, partitions: Vec<TopicPartition> },
    /// `removeMembersFromConsumerGroup`.
    RemoveMembers { group: GroupId, members: Vec<MemberId> },
    /// `listOffsets`. `StartAt::Offset` and `Committed` are refused.
    ListOffsets { partitions: Vec<(TopicPartition, StartAt)> },
    /// `deleteRecords`: offsets to delete before; −1 for the high watermark.
    DeleteRecords { partitions: Vec<(TopicPartition, i64)> },
    /// `describeLogDirs`.
    DescribeLogDirs { brokers: Vec<BrokerId> },
    /// `alterReplicaLogDirs`: which directory of which broker.
    AlterReplicaLogDirs { replicas: Vec<(TopicPartition, BrokerId, Name)> },
    /// `electLeaders`; none for all partitions.
    ElectLeaders { unclean: bool, partitions: Option<Vec<TopicPartition>> },
    /// `alterPartitionReassignments`: the wanted replicas; none cancels.
    AlterReassignments {
        partitions: Vec<(TopicPartition, Option<Vec<BrokerId>>)>,
        allow_replication_factor_change: bool,
    },
    /// `listPartitionReassignments`; none for all partitions.
    ListReassignments { partitions: Option<Vec<TopicPartition>> },
    /// `unregisterBroker`.
    UnregisterBroker { broker: BrokerId },
    /// `describeMetadataQuorum`.
    DescribeQuorum,
    /// `addRaftVoter`.
    AddVoter(Voter),
    /// `removeRaftVoter`.
    RemoveVoter { voter: BrokerId, directory: DirectoryId },
    /// `describeFeatures`.
    DescribeFeatures,
    /// `updateFeatures`: new levels.
    UpdateFeatures { updates: Vec<(Name, i16, UpgradeType)>, validate_only: bool },
}

/// One group's committed offset.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupOffset {
    /// Which partition.
    pub tp: TopicPartition,
    /// −1 if none.
    pub offset: i64,
    /// −1 if unknown.
    pub leader_epoch: i32,
    /// Free text.
    pub metadata: Name,
}

impl AdminCall {
    /// Whether controllers answer it to clients that talk to them (`KafkaAdminClient`: node providers that support it).
    pub(crate) fn is_for_controllers(&self) -> bool {
        matches!(
            self,
            AdminCall::DescribeCluster { .. }
                | AdminCall::DescribeConfigs { .. }
                | AdminCall::AlterConfigs { .. }
                | AdminCall::AlterReassignments { .. }
                | AdminCall::ListReassignments { .. }
                | AdminCall::UnregisterBroker { .. }
                | AdminCall::DescribeQuorum
                | AdminCall::AddVoter(_)
                | AdminCall::RemoveVoter { .. }
                | AdminCall::DescribeFeatures
                | AdminCall::UpdateFeatures { .. }
        )
    }

    /// [`AdminCall::DescribeTopics`] with the limit of `DescribeTopicsOptions`.
    pub fn describe_topics(topics: Option<Vec<TopicName>>) -> AdminCall {
        AdminCall::DescribeTopics { topics, partition_limit: 2_000 }
    }
}

/// Something asked for by name: found, or why not.
pub type Described<T> = Result<T, ClientError>;

/// The result of an [`AdminCall`] of the same name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum AdminResult {
    CreateTopics(Vec<(TopicName, Described<CreatedTopic>)>),
    DeleteTopics(Vec<(TopicName, Described<()>)>),
    DescribeTopics(Vec<(TopicName, Described<DescribedTopic>)>),
    /// Sorted by name: name, id, whether internal.
    ListTopics(Vec<(TopicName, TopicId, bool)>),
    CreatePartitions(Vec<(TopicName, Described<()>)>),
    DescribeConfigs(Vec<(ConfigResource, Described<DescribedConfigs>)>),
    AlterConfigs(Described<()>),
    DescribeCluster(DescribeClusterResponse),
    /// With the broker that coordinates each.
    ListGroups(Vec<(ListedGroup, BrokerId)>),
    /// With the broker that coordinates each.
    DescribeGroups(Vec<(GroupId, Described<(DescribedGroup, BrokerId)>)>),
    ListGroupOffsets(Vec<GroupOffset>),
    AlterGroupOffsets(Vec<(TopicPartition, Described<()>)>),
    DeleteGroups(Vec<(GroupId, Described<()>)>),
    /// The error is that of the group.
    DeleteGroupOffsets(Described<Vec<(TopicPartition, Described<()>)>>),
    RemoveMembers(Vec<(MemberId, Described<()>)>),
    /// Offset (−1: none), timestamp, leader epoch.
    ListOffsets(Vec<(TopicPartition, Described<(i64, i64, i32)>)>),
    /// Low watermarks.
    DeleteRecords(Vec<(TopicPartition, Described<i64>)>),
    /// In the order of the brokers' ids.
    DescribeLogDirs(Vec<(BrokerId, DescribeLogDirsResponse)>),
    AlterReplicaLogDirs(Vec<(TopicPartition, BrokerId, Described<()>)>),
    /// ELECTION_NOT_NEEDED comes as an error.
    ElectLeaders(Vec<(TopicPartition, Described<()>)>),
    AlterReassignments(Vec<(TopicPartition, Described<()>)>),
    /// Sorted by name and number.
    ListReassignments(Vec<OngoingReassignment>),
    UnregisterBroker(Described<()>),
    DescribeQuorum(DescribeQuorumResponse),
    /// Of `AddVoter` and of `RemoveVoter`.
    ChangeVoters(Described<()>),
    DescribeFeatures(ApiVersionsResponse),
    UpdateFeatures(Described<()>),
    /// The call as a whole failed.
    Failed(ClientError),
}

/// What an admin client tells besides results.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AdminEvent {
    /// A log line.
    Log(LogLine),
}
