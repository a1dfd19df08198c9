//! Effective configs with where they come from, as the tools would print them.

use lab::{Lab, replicas};
use protocol::api::{ConfigResourceKind, ConfigSource};
use protocol::config::{BROKER_CONFIGS, TOPIC_CONFIGS, find};
use serde::Serialize;

/// A config.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct ConfigView {
    /// Its name.
    pub name: String,
    /// The value in effect.
    pub value: String,
    /// Where that was set, as tools print it.
    pub source: String,
    /// Kafka's default; None if it has none.
    pub default: Option<String>,
    /// Whether somebody set it.
    pub is_set: bool,
}

/// The configs of a topic, as the first running broker knows them; those that somebody set first.
pub fn topic_configs(lab: &Lab, topic: &str) -> Vec<ConfigView> {
    let running = lab.layout().brokers.iter().find(|(_, node)| lab.world().state(**node) == kernel::NodeState::Running);
    running.map_or(Vec::new(), |(_, node)| configs(lab, *node, ConfigResourceKind::Topic, topic))
}

/// The configs of a broker, as it knows them; those that somebody set first.
pub fn broker_configs(lab: &Lab, broker: i32) -> Vec<ConfigView> {
    let found = lab.layout().brokers.iter().find(|(id, _)| id.0 == broker);
    found.map_or(Vec::new(), |(_, node)| configs(lab, *node, ConfigResourceKind::Broker, &broker.to_string()))
}

fn configs(lab: &Lab, node: lab::NodeId, kind: ConfigResourceKind, name: &str) -> Vec<ConfigView> {
    let Some(process) = lab.world().machine(node).kafka() else { return Vec::new() };
    if replicas::image(lab.world(), lab.layout()).is_none() {
        return Vec::new();
    }
    let table = if kind == ConfigResourceKind::Topic { TOPIC_CONFIGS } else { BROKER_CONFIGS };
    let views = process.configs(kind, name).into_iter().map(|config| {
        let default = find(table, &config.name).and_then(|def| def.default);
        ConfigView {
            name: config.name.to_string(),
            value: config.value.map_or(String::new(), |value| value.to_string()),
            source: config.source.name().into(),
            default: default.map(Into::into),
            is_set: config.source != ConfigSource::Default,
        }
    });
    let mut views: Vec<ConfigView> = views.collect();
    ordered::sort_by_key(&mut views, |view| !view.is_set);
    views
}
