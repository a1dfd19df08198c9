//! Dynamic configs (`ConfigurationControlManager`).

use protocol::api::incremental_alter_configs::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use protocol::api::{ConfigResourceKind, Name};
use protocol::metadata::MetadataRecord;
use protocol::{ErrorCode, gap};

use super::topics::Refusal;
use super::{Controller, Decision};

const MIN_ISR: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";

impl Controller {
    /// A topic config as the controller sees it: the topic's, the cluster's, this node's properties, in this order.
    fn topic_config(&self, topic: &str, name: &str) -> Option<Name> {
        let image = self.active.as_ref().map(|active| active.state.image())?;
        let dynamic = image.config(ConfigResourceKind::Topic, topic, name).or_else(|| image.config(ConfigResourceKind::Broker, "", name));
        dynamic.or_else(|| self.spec.property(name)).cloned()
    }

    /// `min.insync.replicas` of a topic.
    pub(super) fn min_isr(&self, topic: &str) -> usize {
        self.topic_config(topic, MIN_ISR).and_then(|value| value.trim().parse().ok()).unwrap_or(1)
    }
    /// Whether a topic allows unclean elections.
    pub(super) fn is_unclean_allowed(&self, topic: &str) -> bool {
        self.topic_config(topic, UNCLEAN).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// With ELR on, the cluster's `min.insync.replicas` is pinned as a dynamic config.
    pub(super) fn pin_min_isr(&self) -> Option<MetadataRecord> {
        let value = self.spec.property(MIN_ISR).cloned().unwrap_or_else(|| "1".into());
        Some(MetadataRecord::Config { kind: ConfigResourceKind::Broker, resource: "".into(), name: MIN_ISR.into(), value: Some(value) })
    }

    /// Whether a topic may have this config.
    pub(super) fn check_topic_config(&self, _name: &str, _value: Option<&str>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Sets and deletes configs of one resource.
    pub(super) fn incremental_alter_configs(&mut self, request: &IncrementalAlterConfigsRequest) -> Decision {
        let (records, error, message) = match self.alter_configs(request) {
            Ok(records) => (records, ErrorCode::None, None),
            Err((error, text)) => (Vec::new(), error, Some(text.into())),
        };
        let records = if request.validate_only { Vec::new() } else { records };
        Decision { records, response: IncrementalAlterConfigsResponse { error, message }.into() }
    }

    fn alter_configs(&self, request: &IncrementalAlterConfigsRequest) -> Result<Vec<MetadataRecord>, Refusal> {
        gap!("appending to and subtracting from list configs", "KIP-339");
        let resource = &request.resource;
        let Some(active) = &self.active else { return Err((ErrorCode::NotController, String::new())) };
        let image = active.state.image();
        if resource.kind == ConfigResourceKind::Topic && !image.by_name.contains_key(&resource.name) {
            return Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{}' does not exist.", resource.name)));
        }
        let mut records = Vec::new();
        for (name, value) in &request.changes {
            if resource.kind == ConfigResourceKind::Topic {
                self.check_topic_config(name, value.as_deref())?;
            }
            if image.config(resource.kind, &resource.name, name) != value.as_ref() {
                records.push(MetadataRecord::Config {
                    kind: resource.kind,
                    resource: resource.name.clone(),
                    name: name.clone(),
                    value: value.clone(),
                });
            }
        }
        records.extend(self.clear_elr(request));
        Ok(records)
    }

    /// A new `min.insync.replicas` makes what is known of eligible leaders worthless.
    fn clear_elr(&self, request: &IncrementalAlterConfigsRequest) -> Vec<MetadataRecord> {
        let Some(active) = self.active.as_ref().filter(|active| active.state.image().elr_enabled()) else { return Vec::new() };
        if !request.changes.iter().any(|(name, _)| &**name == MIN_ISR) {
            return Vec::new();
        }
        let image = active.state.image();
        let topics = image.topics.values().filter(|topic| match request.resource.kind {
            ConfigResourceKind::Topic => topic.name == request.resource.name,
            ConfigResourceKind::Broker => request.resource.name.is_empty(),
            ConfigResourceKind::Group => false,
        });
        let affected = topics.flat_map(|topic| &topic.partitions).filter(|p| !p.elr.is_empty() || !p.last_known_elr.is_empty());
        affected
            .map(|p| {
                MetadataRecord::PartitionChange(protocol::metadata::PartitionChange {
                    topic_id: p.topic_id,
                    partition: p.partition,
                    elr: Some(Vec::new()),
                    last_known_elr: Some(Vec::new()),
                    ..Default::default()
                })
            })
            .collect()
    }
}
