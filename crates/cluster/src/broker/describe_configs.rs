//! DescribeConfigs: every config of a topic or broker with its effective value and where that comes from
//! (`ConfigHelper`). Left out: documentation, sensitivity and read-only flags; configs of loggers, clients and groups.

use protocol::api::describe_configs::{
    ConfigResource, DescribeConfigsRequest, DescribeConfigsResponse, DescribedConfig, DescribedConfigs,
};
use protocol::api::{ConfigResourceKind, ConfigSource, Name};
use protocol::config::{
    BROKER_CONFIGS, ConfigDef, TOPIC_CONFIGS, broker_config_names, effective_topic_configs, find, topic_config_synonyms,
};
use protocol::{ErrorCode, gap};

use super::Broker;
use super::dispatch::Answer;
use super::topic_configs::{broker_layers, dynamic_configs};
use crate::process::Context;

impl Broker {
    pub(super) fn handle_describe_configs(&mut self, cx: &Context<'_>, request: &DescribeConfigsRequest) -> Answer {
        gap!(
            "values of groups' configs are not checked, and those of groups, loggers and client metrics are not described",
            "ConfigHelper#describeConfigs"
        );
        described(cx, request).into()
    }
}

/// The answer of a broker, or of a controller for itself.
pub(crate) fn described(cx: &Context<'_>, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let (error, message, configs) = match describe(cx, resource) {
            Ok(configs) => (ErrorCode::None, None, configs),
            Err((error, message)) => (error, message, Vec::new()),
        };
        DescribedConfigs { error, message, resource: resource.clone(), configs }
    });
    DescribeConfigsResponse { results: results.collect() }
}

/// The configs of a resource, or why they cannot be told.
pub(crate) fn describe(cx: &Context<'_>, resource: &ConfigResource) -> Result<Vec<DescribedConfig>, Refusal> {
    match resource.kind {
        ConfigResourceKind::Topic => topic_configs(cx, resource),
        ConfigResourceKind::Broker if resource.name.is_empty() => Ok(cluster_defaults(cx)),
        ConfigResourceKind::Broker => broker_configs(cx, resource),
        ConfigResourceKind::Group => Ok(Vec::new()),
    }
}

fn broker_configs(cx: &Context<'_>, resource: &ConfigResource) -> Result<Vec<DescribedConfig>, Refusal> {
    let own = cx.spec.id;
    if *resource.name != *own.to_string() {
        let message = format!("Unexpected broker id, expected {own} or empty string, but received {}", resource.name);
        return Err((ErrorCode::InvalidRequest, Some(message.into())));
    }
    let is_listed = |def: &&ConfigDef| !def.is_internal || broker_layers(cx).dynamic.contains_key(def.name);
    Ok(BROKER_CONFIGS.iter().filter(is_listed).map(|def| broker_config(cx, def)).collect())
}

/// An error and its message; none for the error's own.
pub(crate) type Refusal = (ErrorCode, Option<Name>);

fn topic_configs(cx: &Context<'_>, resource: &ConfigResource) -> Result<Vec<DescribedConfig>, Refusal> {
    if cx.image.topic(&resource.name).is_none() {
        return Err((ErrorCode::UnknownTopicOrPartition, None));
    }
    let own = dynamic_configs(cx, ConfigResourceKind::Topic, &resource.name);
    let layers = broker_layers(cx);
    let effective = effective_topic_configs(own, layers);
    let describe = |def: &ConfigDef| {
        let synonyms = topic_config_synonyms(def, own, layers);
        DescribedConfig {
            name: def.name.into(),
            value: effective.get(def.name).map(Into::into),
            source: synonyms.first().map_or(ConfigSource::Default, |strongest| strongest.source),
            synonyms: synonyms.into_iter().map(|synonym| (synonym.name, synonym.value, synonym.source)).collect(),
        }
    };
    // Kafka's broker answers in the order of a Java map; tools sort. Here they come by name.
    let mut described: Vec<DescribedConfig> = visible(TOPIC_CONFIGS).map(describe).collect();
    described.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(described)
}

/// What is set at run time on all brokers.
fn cluster_defaults(cx: &Context<'_>) -> Vec<DescribedConfig> {
    let source = ConfigSource::DynamicDefaultBroker;
    let set = dynamic_configs(cx, ConfigResourceKind::Broker, "").iter();
    set.map(|(name, value)| DescribedConfig {
        name: name.clone(),
        value: Some(value.clone()),
        source,
        synonyms: vec![(name.clone(), value.clone(), source)],
    })
    .collect()
}

fn broker_config(cx: &Context<'_>, def: &ConfigDef) -> DescribedConfig {
    let layers = broker_layers(cx);
    let set = [
        (layers.dynamic, ConfigSource::DynamicBroker),
        (layers.dynamic_default, ConfigSource::DynamicDefaultBroker),
        (layers.properties, ConfigSource::StaticBroker),
    ];
    let mut synonyms: Vec<(Name, Name, ConfigSource)> = Vec::new();
    let names = broker_config_names(def.name);
    for (values, source) in set {
        synonyms.extend(names.iter().filter_map(|name| Some(((*name).into(), values.get(*name)?.clone(), source))));
    }
    let defaults = names
        .iter()
        .filter(|_| !def.is_internal)
        .filter_map(|name| find(BROKER_CONFIGS, name)?.default.map(|value| (*name, value)));
    synonyms.extend(defaults.map(|(name, value)| (name.into(), value.into(), ConfigSource::Default)));
    // What is stronger under another name does not say what this one is.
    let own = synonyms.iter().position(|(name, ..)| **name == *def.name).unwrap_or(synonyms.len());
    synonyms.drain(..own);
    let given = match def.name {
        // These are given to the process another way.
        "node.id" | "broker.id" => Some(cx.spec.id.to_string().into()),
        "broker.rack" => cx.spec.rack.clone(),
        _ => None,
    };
    let strongest = synonyms.first().map(|(_, value, _)| value.clone());
    let source = match given {
        Some(_) => ConfigSource::StaticBroker,
        None => synonyms.first().map_or(ConfigSource::Default, |(_, _, source)| *source),
    };
    DescribedConfig { name: def.name.into(), value: given.or(strongest), source, synonyms }
}

fn visible(table: &'static [ConfigDef]) -> impl Iterator<Item = &'static ConfigDef> {
    table.iter().filter(|def| !def.is_internal)
}
