//! Metadata and DescribeCluster: what this broker's image says, which may be behind others' (`KRaftMetadataCache`).
//! Missing topics are created on the way if both sides allow it.

use protocol::api::create_topics::NewTopic;
use protocol::api::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse, EndpointType};
use protocol::api::metadata::{BrokerEndpoint, MetadataRequest, MetadataResponse, PartitionMetadata, TopicMetadata};
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, ErrorCode, TopicId, TopicName, is_internal_topic};

use super::Broker;
use super::dispatch::Answer;
use crate::controller::listener::mismatched;
use crate::image::{BrokerImage, MetadataImage, TopicImage};
use crate::process::{Context, Fx};

/// Purpose of the random broker that is given out as "controller".
const RNG_CONTROLLER: u32 = 40;

impl Broker {
    pub(super) fn handle_metadata(&mut self, cx: &Context<'_>, fx: &mut Fx, request: &MetadataRequest) -> Answer {
        let topics = match &request.topics {
            None => cx
                .image
                .by_name
                .values()
                .filter_map(|id| cx.image.topics.get(id))
                .map(|topic| topic_metadata(cx.image, topic))
                .collect(),
            Some(names) => names
                .iter()
                .map(|name| match cx.image.topic(name) {
                    Some(topic) => topic_metadata(cx.image, topic),
                    None => self.missing_topic(cx, fx, name, request.allow_auto_topic_creation),
                })
                .collect(),
        };
        MetadataResponse {
            brokers: live_brokers(cx.image).collect(),
            cluster_id: cx.spec.cluster.cluster_id.clone(),
            controller: any_live_broker(cx.image, fx),
            topics,
        }
        .into()
    }

    fn missing_topic(&mut self, cx: &Context<'_>, fx: &mut Fx, name: &TopicName, may_create: bool) -> TopicMetadata {
        let error = match is_valid_topic_name(name) {
            false => ErrorCode::InvalidTopic,
            true => ErrorCode::UnknownTopicOrPartition,
        };
        if error == ErrorCode::UnknownTopicOrPartition && may_create && self.settings.auto_create_topics {
            let topic = match is_internal_topic(name) {
                true => self.offsets_topic(name),
                false => NewTopic {
                    name: name.clone(),
                    partitions: -1,
                    replication_factor: -1,
                    assignments: Vec::new(),
                    configs: Vec::new(),
                },
            };
            self.create_automatically(cx, fx, topic);
        }
        TopicMetadata {
            error,
            name: name.clone(),
            topic_id: TopicId::ZERO,
            is_internal: is_internal_topic(name),
            partitions: Vec::new(),
        }
    }

    pub(super) fn handle_describe_cluster(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        request: &DescribeClusterRequest,
    ) -> Answer {
        if request.endpoint != EndpointType::Broker {
            return mismatched(cx, EndpointType::Broker, request.endpoint).into();
        }
        let brokers = cx.image.brokers.iter().filter(|(_, broker)| request.include_fenced || !broker.fenced);
        DescribeClusterResponse {
            error: ErrorCode::None,
            message: None,
            endpoint: EndpointType::Broker,
            cluster_id: cx.spec.cluster.cluster_id.clone(),
            controller: any_live_broker(cx.image, fx),
            brokers: brokers.map(|(id, broker)| (endpoint(*id, broker), broker.fenced)).collect(),
        }
        .into()
    }
}

/// The address of a live broker.
pub(super) fn live_endpoint(image: &MetadataImage, id: BrokerId) -> Option<BrokerEndpoint> {
    image.brokers.get(&id).filter(|broker| !broker.fenced).map(|broker| endpoint(id, broker))
}

/// Replicas on brokers that are not live, or in directories that have failed.
pub(super) fn offline_replicas(image: &MetadataImage, record: &PartitionRecord) -> Vec<BrokerId> {
    let is_live = |id: &BrokerId| {
        let broker = image.brokers.get(id);
        broker.is_some_and(|broker| !broker.fenced && broker.has_online_dir(record.directory_of(*id)))
    };
    record.replicas.iter().copied().filter(|id| !is_live(id)).collect()
}

fn live_brokers(image: &MetadataImage) -> impl Iterator<Item = BrokerEndpoint> + '_ {
    image.brokers.iter().filter(|(_, broker)| !broker.fenced).map(|(id, broker)| endpoint(*id, broker))
}

fn endpoint(id: BrokerId, broker: &BrokerImage) -> BrokerEndpoint {
    BrokerEndpoint { id, host: broker.host.clone(), port: broker.port, rack: broker.rack.clone() }
}

/// Clients never talk to controllers: any live broker forwards for them (`#getRandomAliveBrokerId`).
fn any_live_broker(image: &MetadataImage, fx: &mut Fx) -> BrokerId {
    let live: Vec<BrokerId> = live_brokers(image).map(|broker| broker.id).collect();
    match live.len() {
        0 => BrokerId::NONE,
        n => live[fx.rng(RNG_CONTROLLER).below(n as u64) as usize],
    }
}

fn topic_metadata(image: &MetadataImage, topic: &TopicImage) -> TopicMetadata {
    TopicMetadata {
        error: ErrorCode::None,
        name: topic.name.clone(),
        topic_id: topic.id,
        is_internal: is_internal_topic(&topic.name),
        partitions: topic.partitions.iter().map(|record| partition_metadata(image, record)).collect(),
    }
}

fn partition_metadata(image: &MetadataImage, record: &PartitionRecord) -> PartitionMetadata {
    let is_live = image.brokers.get(&record.leader).is_some_and(|broker| !broker.fenced);
    PartitionMetadata {
        error: if is_live { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
        partition: record.partition,
        leader: if is_live { record.leader } else { BrokerId::NONE },
        leader_epoch: record.leader_epoch,
        replicas: record.replicas.clone(),
        isr: record.isr.clone(),
        offline_replicas: offline_replicas(image, record),
    }
}

/// `Topic#validate`.
fn is_valid_topic_name(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name != "." && name != ".." && name.len() <= 249 && name.chars().all(is_legal)
}
