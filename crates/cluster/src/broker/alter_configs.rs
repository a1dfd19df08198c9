//! Changes of configs: those of brokers are checked by the broker they are sent to (`ConfigAdminManager#preprocess`); all are
//! made by the controller.

use ordered::{SortedMap, SortedSet};
use protocol::api::ConfigResourceKind;
use protocol::api::Name;
use protocol::api::incremental_alter_configs::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use protocol::config::{
    BROKER_CONFIGS, BrokerLayers, CORDONED_LOG_DIRS, ConfigType, cordoned_log_dirs, find, validate_broker_configs,
    validate_together,
};
use protocol::{BrokerId, ErrorCode};

use super::Broker;
use super::connections::Ticket;
use super::dispatch::Answer;
use super::topic_configs::{broker_layers, dynamic_configs};
use crate::process::{Context, Fx};

/// Configs of pools that are resized while the broker runs, in the order in which they are checked: those of
/// `SocketServer.DataPlaneAcceptor`, of `DynamicThreadPool` as a Java map lists them, and of `LogCleaner`.
const THREADS: [&str; 6] = [
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "background.threads",
    "num.io.threads",
    CLEANERS,
];
const CLEANERS: &str = "log.cleaner.threads";

impl Broker {
    pub(super) fn handle_alter_configs(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        ticket: Ticket,
        request: IncrementalAlterConfigsRequest,
    ) -> Answer {
        match self.check_broker_change(cx, &request) {
            Ok(()) => self.forward(cx, fx, ticket, request.into()),
            Err(text) => {
                let error = ErrorCode::InvalidRequest;
                IncrementalAlterConfigsResponse { error, message: Some(text.into()) }.into()
            }
        }
    }

    fn check_broker_change(&self, cx: &Context<'_>, request: &IncrementalAlterConfigsRequest) -> Result<(), String> {
        let name = &request.resource.name;
        let mut keys: SortedSet<&Name> = SortedSet::new();
        if !request.changes.iter().all(|(key, _)| keys.insert(key)) {
            return Err("Error due to duplicate config keys".to_owned());
        }
        if request.resource.kind != ConfigResourceKind::Broker {
            return Ok(());
        }
        if !name.is_empty() {
            let id = name.parse().map_err(|_| format!("Node id must be an integer, but it is: {name}"))?;
            if BrokerId(id) != self.id {
                return Err(format!("Unexpected broker id, expected {}, but received {name}", self.id));
            }
        }
        let mut values = dynamic_configs(cx, ConfigResourceKind::Broker, name).clone();
        for (config, op) in &request.changes {
            let list = find(BROKER_CONFIGS, config).filter(|def| def.kind == ConfigType::List);
            let list_default = list.map(|def| def.default.unwrap_or_default());
            match op.apply(config, values.get(config), list_default)? {
                Some(value) => values.insert(config.clone(), value),
                None => values.remove(config),
            };
        }
        validate_broker_configs(&values, !name.is_empty()).map_err(|error| error.message)?;
        if let Some(cordoned) = values.get(CORDONED_LOG_DIRS) {
            cordoned_log_dirs(cordoned, &cx.spec.log_dirs().collect::<Vec<_>>())?;
        }
        check_together(cx, &values, !name.is_empty())?;
        check_threads(cx, &values, !name.is_empty())
    }
}

/// All configs of this broker as they would be are checked as when it starts (`KafkaConfig#validateValues`).
fn check_together(cx: &Context<'_>, values: &SortedMap<Name, Name>, of_one: bool) -> Result<(), String> {
    let then = then(cx, values, of_one);
    let mut all = SortedMap::new();
    for layer in [then.properties, then.dynamic_default, then.dynamic] {
        layer.iter().for_each(|(name, value)| drop(all.insert(name.clone(), value.clone())));
    }
    validate_together(&all).map_err(|error| error.message)
}

/// The configs of this broker with `values` set, on it (`of_one`) or on all.
fn then<'a>(cx: &'a Context<'_>, values: &'a SortedMap<Name, Name>, of_one: bool) -> BrokerLayers<'a> {
    let now = broker_layers(cx);
    match of_one {
        true => BrokerLayers { dynamic: values, ..now },
        false => BrokerLayers { dynamic_default: values, ..now },
    }
}

/// Numbers of threads at most halve or double at a time (`DynamicThreadPool#validateReconfiguration`,
/// `LogCleaner#validateReconfiguration`). `values` is what would be set, on this broker (`of_one`) or on all.
fn check_threads(cx: &Context<'_>, values: &SortedMap<Name, Name>, of_one: bool) -> Result<(), String> {
    let (now, then) = (broker_layers(cx), then(cx, values, of_one));
    for name in THREADS {
        let default = find(BROKER_CONFIGS, name).and_then(|def| def.default).unwrap_or_default();
        let number = |layers: BrokerLayers<'_>| -> i64 {
            let set =
                [layers.dynamic, layers.dynamic_default, layers.properties].into_iter().find_map(|set| set.get(name));
            set.map_or(default, AsRef::as_ref).trim().parse().unwrap_or(1)
        };
        check_thread_count(name, number(now), number(then))?;
    }
    Ok(())
}

fn check_thread_count(name: &str, old: i64, new: i64) -> Result<(), String> {
    let (is_few, is_many) = (new < old / 2, new > old * 2);
    let why = match name {
        CLEANERS if is_few => {
            format!("Log cleaner threads cannot be reduced to less than half the current value {old}")
        }
        CLEANERS if is_many => {
            format!("Log cleaner threads cannot be increased to more than double the current value {old}")
        }
        _ if is_few || is_many => {
            let should = if is_few { "be at least half" } else { "not be greater than double" };
            format!(
                "Dynamic thread count update validation failed for {name}={new}, value should {should} the current value {old}"
            )
        }
        _ => return Ok(()),
    };
    Err(format!(
        "Invalid value org.apache.kafka.common.config.ConfigException: {why} for configuration Invalid dynamic configuration"
    ))
}
