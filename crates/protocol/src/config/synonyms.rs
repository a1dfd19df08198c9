//! Where a topic's config comes from: the topic, this broker, all brokers, `server.properties`, or Kafka
//! (`ServerTopicConfigSynonyms`, `ConfigHelper#createTopicConfigEntry`).

use ordered::SortedMap;

use super::{BROKER_CONFIGS, CORDONED_LOG_DIRS, ConfigDef, Configs, TOPIC_CONFIGS, find};
use crate::api::{ConfigSource, Name};

/// A broker's configs by where they were set.
#[derive(Clone, Copy, Debug)]
pub struct BrokerLayers<'a> {
    /// Set on this broker at run time.
    pub dynamic: &'a SortedMap<Name, Name>,
    /// Set on all brokers at run time.
    pub dynamic_default: &'a SortedMap<Name, Name>,
    /// `server.properties`.
    pub properties: &'a SortedMap<Name, Name>,
}

/// One definition of a config.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConfigSynonym {
    /// Its name there.
    pub name: Name,
    /// Its value there, in that name's unit.
    pub value: Name,
    /// Where.
    pub source: ConfigSource,
}

/// Broker configs that stand in for a topic config, strongest first, with what one of their units is in the topic's.
const IN_OTHER_UNITS: &[(&str, &[(&str, i64)])] = &[
    ("segment.ms", &[("log.roll.ms", 1), ("log.roll.hours", 3_600_000)]),
    ("segment.jitter.ms", &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", 3_600_000)]),
    ("flush.ms", &[("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)]),
    ("retention.ms", &[("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)]),
];

/// The broker configs that say the same in other units, `name` among them, strongest first
/// (`DynamicBrokerConfig#brokerConfigSynonyms`).
pub fn broker_config_names(name: &'static str) -> Vec<&'static str> {
    let has_name = |names: &&[(&'static str, i64)]| names.iter().any(|(known, _)| *known == name);
    match IN_OTHER_UNITS.iter().map(|(_, names)| *names).find(has_name) {
        // How often flush.ms is looked at stands in for it, but not the other way round.
        Some(names) if name != "log.flush.scheduler.interval.ms" => names.iter().map(|(name, _)| *name).collect(),
        Some(_) | None => vec![name],
    }
}

/// The broker configs of which a change at run time goes to the logs: those that stand in for topic configs, and
/// `cordoned.log.dirs` (`DynamicLogConfig#RECONFIGURABLE_CONFIGS`).
pub fn log_config_names() -> impl Iterator<Item = &'static str> {
    TOPIC_CONFIGS.iter().filter_map(|def| Some(broker_names(def).next()?.0)).chain([CORDONED_LOG_DIRS])
}

/// Every definition of the topic config `def`, strongest first: what DescribeConfigs answers as synonyms.
pub fn topic_config_synonyms(
    def: &ConfigDef,
    topic: &SortedMap<Name, Name>,
    broker: BrokerLayers<'_>,
) -> Vec<ConfigSynonym> {
    let mut synonyms = Vec::new();
    let mut add = |name: &str, value: Option<&str>, source| {
        synonyms.extend(value.map(|value| ConfigSynonym { name: name.into(), value: value.into(), source }));
    };
    add(def.name, topic.get(def.name).map(AsRef::as_ref), ConfigSource::DynamicTopic);
    for (name, _) in broker_names(def) {
        add(name, broker.dynamic.get(name).map(AsRef::as_ref), ConfigSource::DynamicBroker);
        add(name, broker.dynamic_default.get(name).map(AsRef::as_ref), ConfigSource::DynamicDefaultBroker);
        add(name, broker.properties.get(name).map(AsRef::as_ref), ConfigSource::StaticBroker);
    }
    let default = def.broker_name.and_then(|name| find(BROKER_CONFIGS, name));
    if let Some(default) = default {
        add(default.name, default.default, ConfigSource::Default);
    }
    synonyms
}

/// A topic's configs as its brokers obey them: its own over the broker's. Values that came from a broker are in the topic's
/// unit.
pub fn effective_topic_configs(topic: &SortedMap<Name, Name>, broker: BrokerLayers<'_>) -> Configs {
    let mut configs = Configs::defaults(TOPIC_CONFIGS);
    for def in TOPIC_CONFIGS {
        let own = topic.get(def.name).cloned();
        if let Some(value) = own.or_else(|| broker_value(def, broker)) {
            // Values were checked when they were set; one that a newer rule refuses does not take effect.
            let _ = configs.set(def.name, &value);
        }
    }
    configs
}

fn broker_value(def: &ConfigDef, broker: BrokerLayers<'_>) -> Option<Name> {
    broker_names(def).find_map(|(name, unit)| {
        let layers = [broker.dynamic, broker.dynamic_default, broker.properties];
        let value = layers.into_iter().find_map(|layer| layer.get(name))?;
        match unit {
            1 => Some(value.clone()),
            // A negative number of hours means for ever, as −1 ms does.
            _ => value
                .trim()
                .parse::<i64>()
                .ok()
                .map(|n| if n < 0 { -1 } else { n * unit })
                .map(|ms| ms.to_string().into()),
        }
    })
}

fn broker_names(def: &ConfigDef) -> impl Iterator<Item = (&'static str, i64)> + use<> {
    let listed = IN_OTHER_UNITS.iter().find(|(name, _)| *name == def.name).map_or(&[][..], |(_, names)| names);
    let single = def.broker_name.filter(|_| listed.is_empty()).map(|name| (name, 1));
    listed.iter().copied().chain(single)
}
