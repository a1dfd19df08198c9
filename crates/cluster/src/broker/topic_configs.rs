//! The effective configs of a topic on this broker: the topic's, then this broker's dynamic ones, then all brokers',
//! then `server.properties`, then Kafka's default (`LogConfig#fromProps` over `KafkaConfig#extractLogConfigMap`).

use ordered::SortedMap;
use partition_log::LogConfig;
use protocol::api::{ConfigResourceKind, Name};
use protocol::config::{BrokerLayers, effective_topic_configs};

use super::Broker;
use crate::process::Context;

static NOTHING_SET: SortedMap<Name, Name> = SortedMap::new();

impl Broker {
    /// What the logs of a topic obey.
    pub(super) fn log_config(cx: &Context<'_>, topic: &str) -> LogConfig {
        let configs = effective_topic_configs(dynamic_configs(cx, ConfigResourceKind::Topic, topic), broker_layers(cx));
        LogConfig { plant: cx.spec.cluster.plant, ..LogConfig::from(&configs) }
    }
}

/// What is set at run time on a resource.
pub(super) fn dynamic_configs<'a>(
    cx: &Context<'a>,
    kind: ConfigResourceKind,
    resource: &str,
) -> &'a SortedMap<Name, Name> {
    cx.image.configs.get(&(kind, resource.into())).unwrap_or(&NOTHING_SET)
}

/// Where this broker's own configs come from.
pub(super) fn broker_layers<'a>(cx: &Context<'a>) -> BrokerLayers<'a> {
    BrokerLayers {
        dynamic: dynamic_configs(cx, ConfigResourceKind::Broker, &cx.spec.id.to_string()),
        dynamic_default: dynamic_configs(cx, ConfigResourceKind::Broker, ""),
        properties: &cx.spec.overrides,
    }
}
