//! The requests each call starts with.

use ordered::SortedSet;
use protocol::api::ConfigResourceKind;
use protocol::api::add_raft_voter::AddRaftVoterRequest;
use protocol::api::alter_partition_reassignments::{AlterPartitionReassignmentsRequest, WantedReassignment};
use protocol::api::alter_replica_log_dirs::AlterReplicaLogDirsRequest;
use protocol::api::api_versions::ApiVersionsRequest;
use protocol::api::create_partitions::CreatePartitionsRequest;
use protocol::api::create_topics::CreateTopicsRequest;
use protocol::api::delete_groups::DeleteGroupsRequest;
use protocol::api::delete_topics::DeleteTopicsRequest;
use protocol::api::describe_cluster::{DescribeClusterRequest, EndpointType};
use protocol::api::describe_configs::{ConfigResource, DescribeConfigsRequest};
use protocol::api::describe_groups::DescribeGroupsRequest;
use protocol::api::describe_log_dirs::DescribeLogDirsRequest;
use protocol::api::describe_quorum::DescribeQuorumRequest;
use protocol::api::describe_topic_partitions::DescribeTopicPartitionsRequest;
use protocol::api::elect_leaders::ElectLeadersRequest;
use protocol::api::incremental_alter_configs::IncrementalAlterConfigsRequest;
use protocol::api::leave_group::{LeaveGroupRequest, LeaveMember};
use protocol::api::list_partition_reassignments::ListPartitionReassignmentsRequest;
use protocol::api::metadata::MetadataRequest;
use protocol::api::offset_commit::{OffsetCommitPartition, OffsetCommitRequest};
use protocol::api::offset_delete::OffsetDeleteRequest;
use protocol::api::offset_fetch::OffsetFetchRequest;
use protocol::api::remove_raft_voter::RemoveRaftVoterRequest;
use protocol::api::unregister_broker::UnregisterBrokerRequest;
use protocol::api::update_features::UpdateFeaturesRequest;
use protocol::{BrokerId, GroupId, Request, TopicPartition};

use super::{Admin, AdminCall, AdminResult, Part, Target, Task};

impl AdminCall {
    /// The call's name in time-out messages.
    pub fn name(&self) -> &'static str {
        match self {
            AdminCall::CreateTopics { .. } => "createTopics",
            AdminCall::DeleteTopics { .. } => "deleteTopics",
            AdminCall::DescribeTopics { topics: None, .. } | AdminCall::ListTopics => "listTopics",
            AdminCall::DescribeTopics { topics: Some(_), .. } => "describeTopicPartitions",
            AdminCall::CreatePartitions { .. } => "createPartitions",
            AdminCall::DescribeConfigs { .. } => "describeConfigs",
            AdminCall::AlterConfigs { .. } => "incrementalAlterConfigs",
            AdminCall::DescribeCluster { .. } => "listNodes",
            AdminCall::ListGroups { .. } => "findAllBrokers",
            AdminCall::DescribeGroups { .. } => "describeConsumerGroups",
            AdminCall::ListGroupOffsets { .. } => "listConsumerGroupOffsets",
            AdminCall::AlterGroupOffsets { .. } => "alterConsumerGroupOffsets",
            AdminCall::DeleteGroups { .. } => "deleteConsumerGroups",
            AdminCall::DeleteGroupOffsets { .. } => "deleteConsumerGroupOffsets",
            AdminCall::RemoveMembers { .. } => "removeMembersFromConsumerGroup",
            AdminCall::ListOffsets { .. } => "listOffsets",
            AdminCall::DeleteRecords { .. } => "deleteRecords(api=METADATA)",
            AdminCall::DescribeLogDirs { .. } => "describeLogDirs",
            AdminCall::AlterReplicaLogDirs { .. } => "alterReplicaLogDirs",
            AdminCall::ElectLeaders { .. } => "electLeaders",
            AdminCall::AlterReassignments { .. } => "alterPartitionReassignments",
            AdminCall::ListReassignments { .. } => "listPartitionReassignments",
            AdminCall::UnregisterBroker { .. } => "unregisterBroker",
            AdminCall::DescribeQuorum => "describeMetadataQuorum",
            AdminCall::AddVoter(_) => "addRaftVoter",
            AdminCall::RemoveVoter { .. } => "removeRaftVoter",
            AdminCall::DescribeFeatures => "describeFeatures",
            AdminCall::UpdateFeatures { .. } => "updateFeatures",
        }
    }
}

fn pairs(partitions: &[TopicPartition]) -> Vec<(protocol::TopicName, i32)> {
    partitions.iter().map(|tp| (tp.topic.clone(), tp.partition)).collect()
}

impl Admin {
    /// Fills in the first requests of a task.
    pub(super) fn plan(&mut self, task: &mut Task) {
        let timeout_ms = 30_000;
        let call = task.call.clone();
        match call {
            AdminCall::CreateTopics { topics, validate_only } => {
                task.result = Some(AdminResult::CreateTopics(Vec::new()));
                self.any(task, CreateTopicsRequest { topics, timeout_ms, validate_only });
            }
            AdminCall::DeleteTopics { topics } => {
                task.result = Some(AdminResult::DeleteTopics(Vec::new()));
                self.any(task, DeleteTopicsRequest { topics, timeout_ms });
            }
            AdminCall::DescribeTopics { topics, partition_limit } => {
                task.result = Some(AdminResult::DescribeTopics(Vec::new()));
                match topics {
                    Some(topics) if topics.is_empty() => {}
                    Some(topics) => {
                        self.any(task, DescribeTopicPartitionsRequest { topics, partition_limit, cursor: None })
                    }
                    None => self.any(task, MetadataRequest { topics: None, allow_auto_topic_creation: false }),
                }
            }
            AdminCall::ListTopics => {
                self.any(task, MetadataRequest { topics: None, allow_auto_topic_creation: false });
            }
            AdminCall::CreatePartitions { topics } => {
                task.result = Some(AdminResult::CreatePartitions(Vec::new()));
                self.any(task, CreatePartitionsRequest { topics, timeout_ms });
            }
            AdminCall::DescribeConfigs { resources } => {
                task.result = Some(AdminResult::DescribeConfigs(Vec::new()));
                self.plan_describe_configs(task, resources);
            }
            AdminCall::AlterConfigs { resource, changes, validate_only } => {
                // Controllers take changes of brokers' configs all alike.
                let broker = broker_of(&resource).filter(|_| !self.net.settings.asks_controllers);
                let target = broker.map_or(Target::Any, Target::Broker);
                self.part(task, target, IncrementalAlterConfigsRequest { resource, changes, validate_only });
            }
            AdminCall::DescribeCluster { include_fenced } => {
                let endpoint = match self.net.settings.asks_controllers {
                    true => EndpointType::Controller,
                    false => EndpointType::Broker,
                };
                self.any(task, DescribeClusterRequest { include_fenced, endpoint });
            }
            AdminCall::ListGroups { .. } => {
                task.result = Some(AdminResult::ListGroups(Vec::new()));
                self.any(task, MetadataRequest { topics: Some(Vec::new()), allow_auto_topic_creation: false });
            }
            AdminCall::DescribeGroups { groups } => {
                task.result = Some(AdminResult::DescribeGroups(Vec::new()));
                for group in groups {
                    self.coordinator(task, &group, DescribeGroupsRequest { groups: vec![group.clone()] });
                }
            }
            AdminCall::ListGroupOffsets { group, partitions } => {
                let partitions = partitions.map(|partitions| pairs(&partitions));
                self.coordinator(
                    task,
                    &group,
                    OffsetFetchRequest { group: group.clone(), partitions, require_stable: false },
                );
            }
            AdminCall::AlterGroupOffsets { group, offsets } => {
                let committed = |(tp, offset): (TopicPartition, i64)| OffsetCommitPartition {
                    topic: tp.topic,
                    partition: tp.partition,
                    offset,
                    leader_epoch: -1,
                    metadata: "".into(),
                };
                let offsets = offsets.into_iter().map(committed).collect();
                let request = OffsetCommitRequest {
                    group: group.clone(),
                    generation: -1,
                    member: "".into(),
                    group_instance_id: None,
                    offsets,
                };
                self.coordinator(task, &group, request);
            }
            AdminCall::DeleteGroups { groups } => {
                task.result = Some(AdminResult::DeleteGroups(Vec::new()));
                for group in groups {
                    self.coordinator(task, &group, DeleteGroupsRequest { groups: vec![group.clone()] });
                }
            }
            AdminCall::DeleteGroupOffsets { group, partitions } => {
                let request = OffsetDeleteRequest { group: group.clone(), partitions: pairs(&partitions) };
                self.coordinator(task, &group, request);
            }
            AdminCall::RemoveMembers { group, members } => {
                let reason = "member was removed by an admin";
                let leaving = |member| LeaveMember { member, group_instance_id: None, reason: reason.into() };
                let members = members.into_iter().map(leaving).collect();
                self.coordinator(task, &group, LeaveGroupRequest { group: group.clone(), members });
            }
            AdminCall::ListOffsets { partitions } => {
                task.result = Some(AdminResult::ListOffsets(Vec::new()));
                task.look_ups = partitions.into_iter().map(|(tp, at)| (tp, at.timestamp(0))).collect();
                self.await_leaders(task);
            }
            AdminCall::DeleteRecords { partitions } => {
                task.result = Some(AdminResult::DeleteRecords(Vec::new()));
                task.look_ups = partitions;
                self.await_leaders(task);
            }
            AdminCall::DescribeLogDirs { brokers } => {
                task.result = Some(AdminResult::DescribeLogDirs(Vec::new()));
                for broker in brokers {
                    self.part(task, Target::Broker(broker), DescribeLogDirsRequest {});
                }
            }
            AdminCall::AlterReplicaLogDirs { replicas } => {
                task.result = Some(AdminResult::AlterReplicaLogDirs(Vec::new()));
                let brokers: SortedSet<BrokerId> = replicas.iter().map(|(_, broker, _)| *broker).collect();
                for broker in brokers {
                    let of_broker = replicas.iter().filter(|(_, on, _)| *on == broker);
                    let replicas = of_broker.map(|(tp, _, dir)| (tp.clone(), dir.clone())).collect();
                    self.part(task, Target::Broker(broker), AlterReplicaLogDirsRequest { replicas });
                }
            }
            AdminCall::ElectLeaders { unclean, partitions } => {
                let partitions = partitions.map(|partitions| pairs(&partitions));
                self.any(task, ElectLeadersRequest { unclean, partitions, timeout_ms });
            }
            AdminCall::AlterReassignments { partitions, allow_replication_factor_change } => {
                let wanted = |(tp, replicas): (TopicPartition, Option<Vec<BrokerId>>)| WantedReassignment {
                    topic: tp.topic,
                    partition: tp.partition,
                    replicas,
                };
                let partitions = partitions.into_iter().map(wanted).collect();
                self.any(task, AlterPartitionReassignmentsRequest { partitions, allow_replication_factor_change });
            }
            AdminCall::ListReassignments { partitions } => {
                let partitions = partitions.map(|partitions| pairs(&partitions));
                self.any(task, ListPartitionReassignmentsRequest { partitions });
            }
            AdminCall::UnregisterBroker { broker } => self.any(task, UnregisterBrokerRequest { broker }),
            AdminCall::DescribeFeatures => {
                self.any(task, ApiVersionsRequest { client_software: "apache-kafka-java".into(), meant: None });
            }
            AdminCall::UpdateFeatures { updates, validate_only } => {
                self.any(task, UpdateFeaturesRequest { updates, validate_only });
            }
            AdminCall::DescribeQuorum => self.any(task, DescribeQuorumRequest { detail: true }),
            AdminCall::AddVoter(voter) => self.any(task, AddRaftVoterRequest { voter, waits: true }),
            AdminCall::RemoveVoter { voter, directory } => self.any(task, RemoveRaftVoterRequest { voter, directory }),
        }
    }

    /// Brokers answer for their own configs; anybody answers for topics and cluster-wide defaults.
    fn plan_describe_configs(&mut self, task: &mut Task, resources: Vec<ConfigResource>) {
        let (own, common): (Vec<_>, Vec<_>) = resources.into_iter().partition(|resource| broker_of(resource).is_some());
        if !common.is_empty() {
            self.any(task, DescribeConfigsRequest { resources: common });
        }
        for resource in own {
            if let Some(broker) = broker_of(&resource) {
                self.part(task, Target::Broker(broker), DescribeConfigsRequest { resources: vec![resource] });
            }
        }
    }

    /// Looks for leaders in metadata that is asked for from now on.
    pub(super) fn await_leaders(&mut self, task: &mut Task) {
        for (tp, _) in &task.look_ups {
            self.net.metadata.want(&tp.topic);
        }
        self.net.metadata.request_update_now();
        task.metadata_after = self.net.metadata.version;
    }

    fn any(&mut self, task: &mut Task, request: impl Into<Request>) {
        self.part(task, Target::Any, request);
    }
    fn coordinator(&mut self, task: &mut Task, group: &GroupId, request: impl Into<Request>) {
        self.part(task, Target::Coordinator(group.clone()), request);
    }
    pub(super) fn part(&mut self, task: &mut Task, target: Target, request: impl Into<Request>) {
        self.next_part += 1;
        task.parts.push(Part {
            number: self.next_part,
            target,
            request: request.into(),
            is_sent: false,
            to: BrokerId::NONE,
            tries: 0,
            not_before: kernel::Time::ZERO,
        });
    }
}

fn broker_of(resource: &ConfigResource) -> Option<BrokerId> {
    match resource.kind {
        ConfigResourceKind::Broker => resource.name.parse().ok().map(BrokerId),
        ConfigResourceKind::Topic | ConfigResourceKind::Group => None,
    }
}
