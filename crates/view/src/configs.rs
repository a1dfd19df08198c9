//! Effective configs with where they come from, as the tools would print them.

use lab::{Lab, replicas};
use ordered::SortedMap;
use protocol::api::{ConfigResourceKind, ConfigSource, Name};
use protocol::config::{
    BROKER_CONFIGS, CONSUMER_CONFIGS, ConfigDef, LIBRDKAFKA_CONSUMER_CONFIGS, LIBRDKAFKA_PRODUCER_CONFIGS,
    PRODUCER_CONFIGS, TOPIC_CONFIGS, find,
};
use serde::Serialize;
use shell::Profile;

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

/// The configs of a program's producer or consumer, those that somebody set first. None for a program that has neither.
pub fn client_configs(lab: &Lab, process: &str) -> Vec<ConfigView> {
    let found = lab.world().find(process).and_then(|node| lab.world().machine(node).app());
    let Some(app) = found else { return Vec::new() };
    let is_java = app.profile() == Profile::Java;
    if let Some(producer) = app.producer() {
        let table = if is_java { PRODUCER_CONFIGS } else { LIBRDKAFKA_PRODUCER_CONFIGS };
        let mut views = client_views(table, producer.set_configs(), producer.client_id());
        let idempotent = producer.is_idempotent().to_string();
        let given_up = views.iter_mut().find(|v| v.name == "enable.idempotence" && v.value != idempotent);
        given_up.into_iter().for_each(|v| {
            (v.value, v.source, v.is_set) = (idempotent.clone(), "given up: acks or retries forbid it".into(), true);
        });
        ordered::sort_by_key(&mut views, |view| !view.is_set);
        return views;
    }
    let table = if is_java { CONSUMER_CONFIGS } else { LIBRDKAFKA_CONSUMER_CONFIGS };
    app.consumer().map_or(Vec::new(), |consumer| client_views(table, consumer.set_configs(), consumer.client_id()))
}

/// A client's own table, with what was set in it. A client has no dynamic configs: they come from its program, which has them
/// from its options and files.
fn client_views(table: &'static [ConfigDef], set: &SortedMap<Name, Name>, client_id: &str) -> Vec<ConfigView> {
    let views = table.iter().filter(|def| !def.is_internal).map(|def| {
        let given = set.get(def.name).map(|value| value.to_string());
        let named = (def.name == "client.id").then(|| client_id.to_owned());
        let is_set = given.is_some() || named.as_ref().is_some_and(|name| Some(name.as_str()) != def.default);
        ConfigView {
            name: def.name.into(),
            value: given.or(named).or(def.default.map(Into::into)).unwrap_or_default(),
            source: if is_set { "set by the program" } else { "DEFAULT_CONFIG" }.into(),
            default: def.default.map(Into::into),
            is_set,
        }
    });
    let mut views: Vec<ConfigView> = views.collect();
    ordered::sort_by_key(&mut views, |view| !view.is_set);
    views
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
