//! Dynamic configs (`ConfigurationControlManager`).

use ordered::SortedMap;
use protocol::api::incremental_alter_configs::{
    ConfigOp, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use protocol::api::{ConfigResourceKind, Name};
use protocol::config::{
    BROKER_CONFIGS, CORDONED_LOG_DIRS, ConfigType, GROUP_CONFIGS, TOPIC_CONFIGS, find, validate_topic_configs,
};
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, ErrorCode, Plant};

use super::topics::Refusal;
use super::{Controller, Decision};
use crate::image::MetadataImage;

pub(super) const MIN_ISR: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";

impl Controller {
    /// A topic config as the controller sees it: the topic's, the cluster's, this node's properties, in this order.
    fn topic_config(&self, topic: &str, name: &str) -> Option<Name> {
        let image = self.active.as_ref().map(|active| active.state.image())?;
        let dynamic = image
            .config(ConfigResourceKind::Topic, topic, name)
            .or_else(|| image.config(ConfigResourceKind::Broker, "", name));
        dynamic.or_else(|| self.spec.property(name)).cloned()
    }

    /// `min.insync.replicas` of a topic.
    pub(super) fn min_isr(&self, topic: &str) -> usize {
        self.topic_config(topic, MIN_ISR).and_then(|value| value.trim().parse().ok()).unwrap_or(1)
    }
    /// Whether a topic allows unclean elections.
    pub(super) fn is_unclean_allowed(&self, topic: &str) -> bool {
        self.spec.has(Plant::ElrIgnored)
            || self.topic_config(topic, UNCLEAN).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// With ELR on, the cluster's `min.insync.replicas` is pinned as a dynamic config.
    pub(super) fn pin_min_isr(&self) -> Option<MetadataRecord> {
        let value = self.spec.property(MIN_ISR).cloned().unwrap_or_else(|| "1".into());
        Some(MetadataRecord::Config {
            kind: ConfigResourceKind::Broker,
            resource: "".into(),
            name: MIN_ISR.into(),
            value: Some(value),
        })
    }

    /// Checks the configs of a topic that is to be created.
    pub(super) fn check_new_configs(&self, configs: &[(Name, Option<Name>)]) -> Result<(), Refusal> {
        let mut values = SortedMap::new();
        for (name, value) in configs {
            let Some(value) = value else {
                return Err((ErrorCode::InvalidConfig, format!("Null value not supported for topic configs: {name}")));
            };
            values.insert(name.clone(), value.clone());
        }
        check_topic_configs(&values)
    }

    /// Sets and deletes configs of one resource. What a broker forwards it has looked at itself.
    pub(super) fn incremental_alter_configs(
        &mut self,
        request: &IncrementalAlterConfigsRequest,
        is_forwarded: bool,
    ) -> Decision {
        let (records, error, message) = match self.alter_configs(request, is_forwarded) {
            Ok(records) => (records, ErrorCode::None, None),
            Err((error, text)) => (Vec::new(), error, Some(text.into())),
        };
        let records = if request.validate_only { Vec::new() } else { records };
        Decision { records, response: IncrementalAlterConfigsResponse { error, message }.into() }
    }

    fn alter_configs(
        &self,
        request: &IncrementalAlterConfigsRequest,
        is_forwarded: bool,
    ) -> Result<Vec<MetadataRecord>, Refusal> {
        let resource = &request.resource;
        let Some(active) = &self.active else { return Err((ErrorCode::NotController, String::new())) };
        let image = active.state.image();
        check_exists(image, &resource.kind, &resource.name)?;
        let mut records = Vec::new();
        let mut values = image.configs.get(&(resource.kind, resource.name.clone())).cloned().unwrap_or_default();
        for (name, op) in &request.changes {
            let current = image.config(resource.kind, &resource.name, name);
            let value = op
                .apply(name, current, list_default(resource.kind, name))
                .map_err(|text| (ErrorCode::InvalidConfig, text))?;
            // Brokers are told even what stays as it is: they load it anew (KAFKA-14136).
            if current != value.as_ref() || resource.kind == ConfigResourceKind::Broker {
                let (kind, resource) = (resource.kind, resource.name.clone());
                records.push(MetadataRecord::Config { kind, resource, name: name.clone(), value: value.clone() });
            }
            match value {
                Some(value) => values.insert(name.clone(), value),
                None => values.remove(name),
            };
        }
        match resource.kind {
            ConfigResourceKind::Topic => check_topic_configs(&values)?,
            ConfigResourceKind::Broker => {
                self.check_min_isr(request)?;
                if !is_forwarded {
                    check_cordoned(image.config(resource.kind, &resource.name, CORDONED_LOG_DIRS), &values)?;
                }
            }
            ConfigResourceKind::Group => check_group_configs(&values)?,
        }
        let clear_elr = self.clear_elr(&records);
        records.extend(clear_elr);
        Ok(records)
    }

    /// What eligible leaders mean depends on one `min.insync.replicas` for all brokers.
    fn check_min_isr(&self, request: &IncrementalAlterConfigsRequest) -> Result<(), Refusal> {
        let elr = self.active.as_ref().is_some_and(|active| active.state.image().elr_enabled());
        let Some((_, op)) = request.changes.iter().find(|(name, _)| elr && &**name == MIN_ISR) else {
            return Ok(());
        };
        let text = match (request.resource.name.is_empty(), op) {
            (false, _) => "Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
            (true, ConfigOp::Delete) => "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
            (true, ConfigOp::Set(_) | ConfigOp::Append(_) | ConfigOp::Subtract(_)) => return Ok(()),
        };
        Err((ErrorCode::InvalidConfig, text.into()))
    }

    /// A `min.insync.replicas` that is set makes what is known of eligible leaders worthless, that of a new topic too
    /// (`#createClearElrRecordsAsNeeded`).
    pub(super) fn clear_elr(&self, records: &[MetadataRecord]) -> Vec<MetadataRecord> {
        let clear = |record: &MetadataRecord| match record {
            MetadataRecord::Config { kind, resource, name, .. } if &**name == MIN_ISR => {
                let is_of_topic = *kind == ConfigResourceKind::Topic;
                Some(MetadataRecord::ClearElr { topic: if is_of_topic { resource.clone() } else { "".into() } })
            }
            _ => None,
        };
        match self.active.as_ref().is_some_and(|active| active.state.image().elr_enabled()) {
            true => records.iter().filter_map(clear).collect(),
            false => Vec::new(),
        }
    }
}

/// The default of a config whose type is LIST; none of others (`KafkaConfigSchema#isSplittable`, `#getDefault`).
fn list_default(kind: ConfigResourceKind, name: &str) -> Option<&'static str> {
    let table = match kind {
        ConfigResourceKind::Topic => TOPIC_CONFIGS,
        ConfigResourceKind::Broker => BROKER_CONFIGS,
        ConfigResourceKind::Group => return None,
    };
    let def = find(table, name).filter(|def| def.kind == ConfigType::List)?;
    Some(def.default.unwrap_or_default())
}

fn check_topic_configs(values: &SortedMap<Name, Name>) -> Result<(), Refusal> {
    validate_topic_configs(values).map_err(|error| (ErrorCode::InvalidConfig, error.message))
}

/// A group may have configs of these names only.
fn check_group_configs(values: &SortedMap<Name, Name>) -> Result<(), Refusal> {
    let unknown = values.keys().find(|name| !GROUP_CONFIGS.contains(&name.as_ref()));
    unknown.map_or(Ok(()), |name| Err((ErrorCode::InvalidConfig, format!("Unknown group config name: {name}"))))
}

/// No controller knows which directories a broker has: asked directly it takes some off those that are cordoned, and adds none
/// (`#isCordonedLogDirsInvalid`).
fn check_cordoned(before: Option<&Name>, values: &SortedMap<Name, Name>) -> Result<(), Refusal> {
    let Some(value) = values.get(CORDONED_LOG_DIRS).filter(|value| !value.trim().is_empty()) else { return Ok(()) };
    let listed = |dirs: &Name| dirs.trim().split(',').map(|dir| dir.trim().to_owned()).collect::<Vec<_>>();
    let before = before.map_or(Vec::new(), listed);
    match listed(value).iter().all(|dir| before.contains(dir)) {
        true => Ok(()),
        false => {
            let text = "When updating cordoned.log.dirs via controllers,  the new value must be a subset of the current configuration value.";
            Err((ErrorCode::InvalidConfig, text.into()))
        }
    }
}

/// Whether there is such a resource (`QuorumController.ConfigResourceExistenceChecker`).
fn check_exists(image: &MetadataImage, kind: &ConfigResourceKind, name: &str) -> Result<(), Refusal> {
    match kind {
        ConfigResourceKind::Topic if !image.by_name.contains_key(name) => {
            Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist.")))
        }
        ConfigResourceKind::Broker if !name.is_empty() => match name.parse::<i32>() {
            Ok(id) if image.brokers.contains_key(&BrokerId(id)) || image.controllers.contains_key(&BrokerId(id)) => {
                Ok(())
            }
            Ok(id) => Err((ErrorCode::BrokerIdNotRegistered, format!("No node with id {id} found."))),
            Err(_) => Err((ErrorCode::InvalidRequest, format!("Invalid broker name {name}"))),
        },
        ConfigResourceKind::Topic | ConfigResourceKind::Broker | ConfigResourceKind::Group => Ok(()),
    }
}
