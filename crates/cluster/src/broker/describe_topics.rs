//! DescribeTopicPartitions (KIP-966): topics with their eligible leader replicas, in pages
//! (`DescribeTopicPartitionsRequestHandler`, `KRaftMetadataCache#describeTopicResponse`).

use ordered::SortedSet;
use protocol::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribedPartition, DescribedTopic,
};
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, ErrorCode, PartitionIndex, TopicId, TopicName, is_internal_topic};

use super::Broker;
use super::dispatch::Answer;
use super::metadata::offline_replicas;
use crate::image::MetadataImage;
use crate::process::Context;

impl Broker {
    pub(super) fn handle_describe_topic_partitions(
        &mut self,
        cx: &Context<'_>,
        request: &DescribeTopicPartitionsRequest,
    ) -> Answer {
        let limit = request.partition_limit.min(self.settings.request_partition_limit).max(1) as usize;
        match is_sound(request) {
            true => page(cx.image, request, limit),
            false => refusal(request),
        }
        .into()
    }
}

/// A cursor points into what is asked about.
fn is_sound(request: &DescribeTopicPartitionsRequest) -> bool {
    let is_asked = |cursor: &Cursor| request.topics.is_empty() || request.topics.contains(&cursor.topic);
    request.cursor.as_ref().is_none_or(|cursor| cursor.partition >= 0 && is_asked(cursor))
}

fn refusal(request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let refused = |name: &TopicName| nothing(name, ErrorCode::InvalidRequest);
    DescribeTopicPartitionsResponse { topics: request.topics.iter().map(refused).collect(), next_cursor: None }
}

fn page(
    image: &MetadataImage,
    request: &DescribeTopicPartitionsRequest,
    limit: usize,
) -> DescribeTopicPartitionsResponse {
    let is_all = request.topics.is_empty();
    let names: SortedSet<&TopicName> =
        if is_all { image.by_name.keys().collect() } else { request.topics.iter().collect() };
    let from = request.cursor.as_ref();
    let mut answer = DescribeTopicPartitionsResponse { topics: Vec::new(), next_cursor: None };
    let mut left = limit;
    for name in names.into_iter().filter(|name| from.is_none_or(|cursor| **name >= cursor.topic)) {
        let start = from.filter(|cursor| cursor.topic == *name).map_or(0, |cursor| cursor.partition);
        if left == 0 {
            answer.next_cursor = Some(Cursor { topic: name.clone(), partition: 0 });
            break;
        }
        match describe(image, name, start, left) {
            Some((topic, next)) => {
                left -= topic.partitions.len();
                answer.topics.push(topic);
                if let Some(partition) = next {
                    answer.next_cursor = Some(Cursor { topic: name.clone(), partition });
                    break;
                }
            }
            None if is_all => {}
            None => answer.topics.push(nothing(name, ErrorCode::UnknownTopicOrPartition)),
        }
    }
    answer
}

/// A topic from a partition on, at most `limit` of them; and where it goes on.
fn describe(
    image: &MetadataImage,
    name: &TopicName,
    start: PartitionIndex,
    limit: usize,
) -> Option<(DescribedTopic, Option<PartitionIndex>)> {
    let topic = image.topic(name)?;
    let count = topic.partitions.len();
    let start = (start as usize).min(count);
    let end = count.min(start + limit);
    let described = DescribedTopic {
        topic_id: topic.id,
        partitions: topic.partitions[start..end].iter().map(|record| partition(image, record)).collect(),
        ..nothing(name, ErrorCode::None)
    };
    Some((described, (end < count).then_some(end as PartitionIndex)))
}

fn nothing(name: &TopicName, error: ErrorCode) -> DescribedTopic {
    let is_internal = is_internal_topic(name);
    DescribedTopic { error, name: name.clone(), topic_id: TopicId::ZERO, is_internal, partitions: Vec::new() }
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
