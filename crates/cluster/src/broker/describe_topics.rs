//! DescribeTopicPartitions (KIP-966): topics with their eligible leader replicas. Left out: paging.

use protocol::api::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribedPartition, DescribedTopic,
};
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, ErrorCode, TopicId, TopicName, gap};

use super::Broker;
use super::dispatch::Answer;
use super::metadata::{is_internal, offline_replicas};
use crate::image::MetadataImage;
use crate::process::Context;

impl Broker {
    pub(super) fn handle_describe_topic_partitions(
        &mut self,
        cx: &Context<'_>,
        request: &DescribeTopicPartitionsRequest,
    ) -> Answer {
        gap!("the answer has no pages", "DescribeTopicPartitionsRequest.Cursor");
        let topics = match request.topics.is_empty() {
            true => cx.image.by_name.keys().map(|name| describe(cx.image, name)).collect(),
            false => request.topics.iter().map(|name| describe(cx.image, name)).collect(),
        };
        DescribeTopicPartitionsResponse { topics }.into()
    }
}

fn describe(image: &MetadataImage, name: &TopicName) -> DescribedTopic {
    let topic = image.topic(name);
    DescribedTopic {
        error: if topic.is_some() { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition },
        name: name.clone(),
        topic_id: topic.map_or(TopicId::ZERO, |topic| topic.id),
        is_internal: is_internal(name),
        partitions: topic
            .map(|topic| topic.partitions.iter().map(|record| partition(image, record)).collect())
            .unwrap_or_default(),
    }
}

fn partition(image: &MetadataImage, record: &PartitionRecord) -> DescribedPartition {
    let is_live = image.brokers.get(&record.leader).is_some_and(|broker| !broker.fenced);
    DescribedPartition {
        partition: record.partition,
        leader: if is_live { record.leader } else { BrokerId::NONE },
        leader_epoch: record.leader_epoch,
        replicas: record.replicas.clone(),
        isr: record.isr.clone(),
        elr: record.elr.clone(),
        last_known_elr: record.last_known_elr.clone(),
        offline_replicas: offline_replicas(image, record),
    }
}
