//! FindCoordinator: the leader of the group's partition of `__consumer_offsets`, which is made when first asked for.
//! Left out: transaction and share coordinators.

use protocol::api::create_topics::NewTopic;
use protocol::api::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use protocol::hashing::group_partition;
use protocol::{ErrorCode, OFFSETS_TOPIC, TopicName, gap};

use super::Broker;
use super::dispatch::Answer;
use super::metadata::live_endpoint;
use crate::process::{Context, Fx};

impl Broker {
    pub(super) fn handle_find_coordinator(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        request: &FindCoordinatorRequest,
    ) -> Answer {
        gap!("only group coordinators are looked up", "KIP-98, KIP-932");
        let Some(topic) = cx.image.topic(OFFSETS_TOPIC) else {
            let topic = self.offsets_topic(&OFFSETS_TOPIC.into());
            self.create_automatically(cx, fx, topic);
            return FindCoordinatorResponse { error: ErrorCode::CoordinatorNotAvailable, broker: None }.into();
        };
        let partition = group_partition(&request.group, topic.partitions.len() as i32);
        let leader = topic.partitions.get(partition as usize).map(|record| record.leader);
        let broker = leader.and_then(|leader| live_endpoint(cx.image, leader));
        let error = if broker.is_some() { ErrorCode::None } else { ErrorCode::CoordinatorNotAvailable };
        FindCoordinatorResponse { error, broker }.into()
    }

    /// `__consumer_offsets` as brokers ask for it (`GroupCoordinator#groupMetadataTopicConfigs`).
    pub(super) fn offsets_topic(&self, name: &TopicName) -> NewTopic {
        let config = |name: &str, value: String| (name.into(), Some(value.into()));
        NewTopic {
            name: name.clone(),
            partitions: self.settings.offsets_partitions,
            replication_factor: self.settings.offsets_replication_factor,
            assignments: Vec::new(),
            configs: vec![
                config("cleanup.policy", "compact".to_owned()),
                config("compression.type", "producer".to_owned()),
                config("segment.bytes", self.settings.offsets_segment_bytes.to_string()),
            ],
        }
    }
}
