//! `kafka-configs` (`ConfigCommand`): describe and alter the configs of topics and brokers.
//!
//! Left out on purpose: users, clients, ips, client metrics and broker loggers.

use clients::{AdminCall, AdminResult, ClientError};
use ordered::SortedSet;
use protocol::api::describe_configs::{ConfigResource, DescribedConfig};
use protocol::api::incremental_alter_configs::ConfigOp;
use protocol::api::{ConfigResourceKind, ConfigSource, Name};
use protocol::gap;

use crate::admin_tool::{AdminTool, Calls, Script, properties_file};
use crate::java::{DEFAULT_CAPACITY, hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_invalid};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-configs",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[("force", "leave it out")],
    on_misuse: Misuse::Message,
    start,
};

const SUMMARY: &str = "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group";

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    if options.has("alter") == options.has("describe") {
        return Err(Refusal::usage("Command must include exactly one action: --describe, --alter"));
    }
    check_invalid(options, "describe", &["add-config", "delete-config"])?;
    match (options.has("bootstrap-server"), options.has("bootstrap-controller")) {
        (false, false) => {
            return Err(Refusal::line("Either --bootstrap-server or --bootstrap-controller must be specified."));
        }
        (true, true) => {
            return Err(Refusal::line("Only one of --bootstrap-server or --bootstrap-controller can be specified"));
        }
        (true, false) | (false, true) => {}
    }
    check_entities(options)?;
    if options.has("describe") && is_without_configs(options) {
        return Err(Refusal::default());
    }
    let (kind, name) = entity(options)?;
    if kind == ConfigResourceKind::Broker {
        check_broker(name.as_deref().unwrap_or(""), "brokers")?;
    }
    if options.has("alter") {
        check_named(kind, name.as_deref())?;
    }
    if options.has("alter") && options.all("entity-name").len() > 1 {
        return Err(Refusal::line("An entity name must be specified for every entity type"));
    }
    if options.has("alter") && options.has("add-config") && options.has("add-config-file") {
        return Err(Refusal::line("Only one of --add-config or --add-config-file must be specified"));
    }
    let is_changed = ["add-config", "add-config-file", "delete-config"].iter().any(|option| options.has(option));
    if options.has("alter") && !is_changed {
        return Err(Refusal::line(
            "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
        ));
    }
    if options.has("describe") && options.has("entity-default") && kind != ConfigResourceKind::Broker {
        let kind = if kind == ConfigResourceKind::Topic { "topics" } else { "groups" };
        return Err(Refusal::line(format!("--entity-default must not be specified with --describe of {kind}")));
    }
    if let (ConfigResourceKind::Topic, Some(topic), false) = (kind, name.as_deref(), options.has("alter")) {
        protocol::validate_topic_name(topic).map_err(Refusal::line)?;
    }
    let changes = changes(launch, options)?;
    let script = Configs {
        args: launch.argv[1..].join(" "),
        kind,
        name,
        changes: options.has("alter").then_some(changes),
        all: options.has("all"),
        listed: vec![],
    };
    Ok(Body::Configs(Box::new(AdminTool::new(launch, options, script)?)))
}

/// Options that name a type of entity and one of it, or its default.
const ENTITY_FLAGS: &[(&str, &str)] = &[
    ("topic", "topics"),
    ("client", "clients"),
    ("client-defaults", "clients"),
    ("user", "users"),
    ("user-defaults", "users"),
    ("broker", "brokers"),
    ("broker-defaults", "brokers"),
    ("broker-logger", "broker-loggers"),
    ("ip", "ips"),
    ("ip-defaults", "ips"),
    ("client-metrics", "client-metrics"),
    ("group", "groups"),
];

/// What types are named, by either kind of option (`ConfigCommandOptions#checkArgs`).
fn check_entities(options: &Parsed) -> Result<(), Refusal> {
    let flagged = ENTITY_FLAGS.iter().filter(|(option, _)| options.has(option)).map(|(_, kind)| *kind);
    let mut types: Vec<&str> = options.all("entity-type").iter().map(String::as_str).chain(flagged).collect();
    let mut seen = SortedSet::new();
    let twice: Vec<&str> = types.iter().copied().filter(|kind| !seen.insert(*kind)).collect();
    if !twice.is_empty() {
        return Err(Refusal::line(format!("Duplicate entity type(s) specified: {}", twice.join(","))));
    }
    let has_flag = ENTITY_FLAGS.iter().any(|(option, _)| options.has(option));
    if has_flag && ["entity-type", "entity-name", "entity-default"].iter().any(|option| options.has(option)) {
        return Err(Refusal::line(
            "--entity-{type,name,default} should not be used in conjunction with specific entity flags",
        ));
    }
    ordered::sort(&mut types);
    if types.len() > 1 && types != ["clients", "users"] {
        return Err(Refusal::line("Only 'users' and 'clients' entity types may be specified together"));
    }
    match options.one("broker-logger").ok().flatten() {
        Some(id) => check_broker(id, "broker-loggers"),
        None => Ok(()),
    }
}

/// Of topics and groups there is no default to alter.
fn check_named(kind: ConfigResourceKind, name: Option<&str>) -> Result<(), Refusal> {
    match (kind, name) {
        (ConfigResourceKind::Broker, None) => Err(Refusal::line(
            "An entity-name or default entity must be specified with --alter of users, clients, brokers or ips",
        )),
        (ConfigResourceKind::Topic, None | Some("")) => {
            Err(Refusal::line("An entity name must be specified with --alter of topics"))
        }
        (ConfigResourceKind::Group, None | Some("")) => {
            Err(Refusal::line("An entity name must be specified with --alter of groups"))
        }
        _ => Ok(()),
    }
}

/// Nobody can set quotas here, so that users, clients and addresses have none to describe.
fn is_without_configs(options: &Parsed) -> bool {
    let is_quota = |kind: &str| ["users", "clients", "ips"].contains(&kind);
    options.all("entity-type").iter().any(|kind| is_quota(kind))
        || ENTITY_FLAGS.iter().any(|(option, kind)| options.has(option) && is_quota(kind))
}

fn check_broker(id: &str, kind: &str) -> Result<(), Refusal> {
    match id.is_empty() || id.parse::<i32>().is_ok() {
        true => Ok(()),
        false => {
            Err(Refusal::line(format!("The entity name for {kind} must be a valid integer broker id, but it is: {id}")))
        }
    }
}

/// What is described or altered; no name: all of them. The default of brokers is `""`.
fn entity(options: &Parsed) -> Result<(ConfigResourceKind, Option<Name>), Refusal> {
    gap!("kafka-configs of users, clients, ips, client metrics, broker loggers", "ConfigCommand");
    let text = |name: &str| options.one(name).map(|value| value.map(Name::from)).map_err(|e| Refusal::line(e.message));
    for (option, kind) in [
        ("topic", ConfigResourceKind::Topic),
        ("broker", ConfigResourceKind::Broker),
        ("group", ConfigResourceKind::Group),
    ] {
        if let Some(name) = text(option)? {
            return Ok((kind, Some(name)));
        }
    }
    if options.has("broker-defaults") {
        return Ok((ConfigResourceKind::Broker, Some("".into())));
    }
    let unmodelled = |known: &str| Refusal::line(format!("kafkasim: configs of {known} are not modelled"));
    if let Some((_, kind)) = ENTITY_FLAGS.iter().find(|(option, _)| options.has(option)) {
        return Err(unmodelled(kind));
    }
    // Of several names the first counts (`ConfigCommand#describeResourceConfig`).
    let first = options.all("entity-name").first().map(|name| name.as_str().into());
    let name = if options.has("entity-default") { Some("".into()) } else { first };
    match text("entity-type")?.as_deref() {
        Some("topics") => Ok((ConfigResourceKind::Topic, name)),
        Some("brokers") => Ok((ConfigResourceKind::Broker, name)),
        Some("groups") => Ok((ConfigResourceKind::Group, name)),
        Some(known @ ("users" | "clients" | "ips" | "client-metrics" | "broker-loggers")) => Err(unmodelled(known)),
        Some(other) => Err(Refusal::line(format!(
            "Invalid entity type {other}, the entity type must be one of topics, clients, users, brokers, ips, client-metrics, groups, broker-loggers with a --bootstrap-server or --bootstrap-controller argument"
        ))),
        None => Err(Refusal::line("At least one entity type must be specified")),
    }
}

/// `--add-config-file FILE`, `--add-config k1=v1,k2=[v2,v3]` and `--delete-config k3,k4`.
fn changes(launch: &Launch, options: &Parsed) -> Result<Vec<(Name, ConfigOp)>, Refusal> {
    let mut changes = Vec::new();
    if let Some(path) = options.one("add-config-file").map_err(|e| Refusal::line(e.message))? {
        let properties = properties_file(launch, path).map_err(|mut refusal| {
            refusal.err.insert(0, failed(&launch.argv[1..].join(" ")));
            refusal
        })?;
        changes.extend(properties.into_iter().map(|(key, value)| (key, ConfigOp::Set(value))));
    }
    for text in options.all("add-config") {
        let mut pairs = split_outside_brackets(text, ',');
        // Java's split drops what is empty at the end, but not a text that is empty as a whole.
        while pairs.len() > 1 && pairs.last().is_some_and(String::is_empty) {
            pairs.pop();
        }
        for pair in pairs {
            let parts = split_outside_brackets(&pair, '=');
            let [key, value] = &parts[..] else {
                return Err(Refusal::line(
                    "requirement failed: Invalid entity config: all configs to be added must be in the format \"key=val\" or  \"key=[val1,val2]\" to group values which contain commas.",
                ));
            };
            let value = value.replace(['[', ']'], "");
            changes.push((key.trim().into(), ConfigOp::Set(value.trim().into())));
        }
    }
    // They become a map: of equal keys the last one counts.
    let mut seen = SortedSet::new();
    changes.reverse();
    changes.retain(|(key, _): &(Name, ConfigOp)| seen.insert(key.clone()));
    changes.reverse();
    let deleted = options
        .all("delete-config")
        .iter()
        .flat_map(|text| match text.trim_end_matches(',') {
            "" if !text.is_empty() => vec![],
            keys => keys.split(',').collect(),
        })
        .map(|key| (key.trim().into(), ConfigOp::Delete));
    changes.extend(deleted);
    Ok(changes)
}

fn failed(args: &str) -> String {
    format!("Error while executing config command with args '{args}'")
}

/// Splits where `mark` stands before the next `[`, or the end, and not before a `]`: a bracket that nothing closes keeps nothing
/// together.
fn split_outside_brackets(text: &str, mark: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (at, c) in text.char_indices() {
        let is_outside = || text[at..].chars().find(|c| matches!(c, '[' | ']')) != Some(']');
        match parts.last_mut() {
            Some(part) if c != mark || !is_outside() => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The command under way: alter; or (list →) describe.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Configs {
    args: String,
    kind: ConfigResourceKind,
    name: Option<Name>,
    changes: Option<Vec<(Name, ConfigOp)>>,
    all: bool,
    listed: Vec<Name>,
}

impl Script for Configs {
    fn unmade(&self, mut refusal: Refusal) -> Refusal {
        refusal.err[0] = failed(&self.args);
        refusal
    }

    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        match (&self.name, self.changes.clone()) {
            (Some(name), Some(changes)) => {
                let resource = ConfigResource { kind: self.kind, name: name.clone() };
                admin.call(AdminCall::AlterConfigs { resource, changes, validate_only: false });
            }
            // What is not there has no configs of its own; all its configs may be asked for all the same.
            (Some(name), None) if self.all || name.is_empty() => {
                self.describe(vec![name.clone()], admin);
            }
            (_, None) | (None, Some(_)) => self.list(admin),
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::AlterConfigs(Ok(())) => {
                let what = heading(self.kind, self.name.as_deref().unwrap_or(""));
                let what = what
                    .strip_prefix("Default ")
                    .map_or(what.strip_prefix("Dynamic configs for ").map(|w| format!("config for {w}")), |w| {
                        Some(format!("default config {}", w.trim_start_matches("configs ")))
                    });
                admin.io.out(format!("Completed updating {}.", what.unwrap_or_default()));
                admin.io.exit(0);
            }
            AdminResult::AlterConfigs(Err(error)) | AdminResult::Failed(error) => self.fail(&error, admin),
            AdminResult::ListTopics(topics) => {
                let mut names: Vec<Name> = topics.into_iter().map(|(name, ..)| name).collect();
                hash_order(&mut names, DEFAULT_CAPACITY, |name| name);
                self.listed(names, admin);
            }
            AdminResult::ListGroups(groups) => self.listed(groups.into_iter().map(|(g, _)| g.group).collect(), admin),
            AdminResult::DescribeCluster(cluster) => {
                let mut names: Vec<Name> = cluster.brokers.iter().map(|(b, _)| b.id.to_string().into()).collect();
                names.push("".into());
                self.listed(names, admin);
            }
            AdminResult::DescribeConfigs(mut results) => {
                // Kafka asks for one after the other.
                let place = |name: &Name| self.listed.iter().position(|listed| listed == name);
                ordered::sort_by_key(&mut results, |(resource, _)| place(&resource.name));
                for (resource, result) in results {
                    match result {
                        Ok(described) => self.print(&resource.name, &described.configs, admin),
                        Err(e) => return self.fail(&e, admin),
                    }
                }
                admin.io.exit(0);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

impl Configs {
    /// Asks what there is.
    fn list(&self, admin: &mut Calls<'_, '_>) {
        match self.kind {
            ConfigResourceKind::Topic => drop(admin.call(AdminCall::ListTopics)),
            ConfigResourceKind::Broker => drop(admin.call(AdminCall::DescribeCluster { include_fenced: false })),
            ConfigResourceKind::Group => drop(admin.call(AdminCall::ListGroups { states: vec![] })),
        }
    }

    /// Describes what is named, if it is there, or all there is.
    fn listed(&mut self, names: Vec<Name>, admin: &mut Calls<'_, '_>) {
        let Some(name) = &self.name else { return self.describe(names, admin) };
        if names.contains(name) {
            return self.describe(vec![name.clone()], admin);
        }
        let kind = match self.kind {
            ConfigResourceKind::Topic => "topic",
            ConfigResourceKind::Broker => "broker",
            ConfigResourceKind::Group => "group",
        };
        admin.io.out(format!("The {kind} '{name}' doesn't exist and doesn't have dynamic config."));
        admin.io.exit(0);
    }

    fn describe(&mut self, names: Vec<Name>, admin: &mut Calls<'_, '_>) {
        if names.is_empty() {
            return admin.io.exit(0);
        }
        let resources = names.iter().map(|name| ConfigResource { kind: self.kind, name: name.clone() }).collect();
        self.listed = names;
        admin.call(AdminCall::DescribeConfigs { resources });
    }

    fn fail(&self, error: &ClientError, admin: &mut Calls<'_, '_>) {
        admin.io.err(failed(&self.args));
        admin.io.err(format!("java.util.concurrent.ExecutionException: {error}"));
        admin.io.exit(1);
    }

    fn print(&self, name: &str, configs: &[DescribedConfig], admin: &mut Calls<'_, '_>) {
        let heading = heading(self.kind, name);
        admin.io.out(format!("{} are:", if self.all { heading.replacen("Dynamic", "All", 1) } else { heading }));
        let mut configs: Vec<&DescribedConfig> =
            configs.iter().filter(|c| self.all || is_dynamic(self.kind, name, c.source)).collect();
        ordered::sort_by(&mut configs, |a, b| a.name.cmp(&b.name));
        for config in configs {
            let synonyms = config
                .synonyms
                .iter()
                .map(|(name, value, source)| format!("{}:{name}={value}", source.name()))
                .collect::<Vec<_>>()
                .join(", ");
            let value = config.value.as_deref().unwrap_or("null");
            admin.io.out(format!("  {}={value} sensitive=false synonyms={{{synonyms}}}", config.name));
        }
    }
}

/// Without ` are:`.
fn heading(kind: ConfigResourceKind, name: &str) -> String {
    match kind {
        ConfigResourceKind::Topic => format!("Dynamic configs for topic {name}"),
        ConfigResourceKind::Group => format!("Dynamic configs for group {name}"),
        ConfigResourceKind::Broker if name.is_empty() => "Default configs for brokers in the cluster".to_owned(),
        ConfigResourceKind::Broker => format!("Dynamic configs for broker {name}"),
    }
}

fn is_dynamic(kind: ConfigResourceKind, name: &str, source: ConfigSource) -> bool {
    match kind {
        ConfigResourceKind::Topic => source == ConfigSource::DynamicTopic,
        ConfigResourceKind::Group => source == ConfigSource::DynamicGroup,
        ConfigResourceKind::Broker if name.is_empty() => source == ConfigSource::DynamicDefaultBroker,
        ConfigResourceKind::Broker => source == ConfigSource::DynamicBroker,
    }
}

const OPTIONS: &[Opt] = &[
    value(
        "add-config",
        "String",
        "Key Value pairs of configs to add. Square brackets can be used to group values which contain commas: 'k1=v1, k2=[v1,v2,v2],k3=v3'. The following is a list of valid configurations: For entity-type 'topics':\n\tcleanup.policy\n\tcompression.gzip.level\n\tcompression.lz4.level\n\tcompression.type\n\tcompression.zstd.level\n\tdelete.retention.ms\n\tfile.delete.delay.ms\n\tflush.messages\n\tflush.ms\n\tfollower.replication.throttled.replicas\n\tindex.interval.bytes\n\tleader.replication.throttled.replicas\n\tlocal.retention.bytes\n\tlocal.retention.ms\n\tmax.compaction.lag.ms\n\tmax.message.bytes\n\tmessage.timestamp.after.max.ms\n\tmessage.timestamp.before.max.ms\n\tmessage.timestamp.type\n\tmin.cleanable.dirty.ratio\n\tmin.compaction.lag.ms\n\tmin.insync.replicas\n\tpreallocate\n\tremote.log.copy.disable\n\tremote.log.delete.on.disable\n\tremote.storage.enable\n\tretention.bytes\n\tretention.ms\n\tsegment.bytes\n\tsegment.index.bytes\n\tsegment.jitter.ms\n\tsegment.ms\n\tunclean.leader.election.enable\nFor entity-type 'brokers':\n\tbackground.threads\n\tcompression.gzip.level\n\tcompression.lz4.level\n\tcompression.type\n\tcompression.zstd.level\n\tconfig.providers\n\tcordoned.log.dirs\n\tfollower.fetch.last.tiered.offset.enable\n\tfollower.replication.throttled.rate\n\tgroup.consumer.assignment.interval.ms\n\tgroup.coordinator.cached.buffer.max.bytes\n\tgroup.share.assignment.interval.ms\n\tgroup.streams.assignment.interval.ms\n\tleader.replication.throttled.rate\n\tlistener.security.protocol.map\n\tlisteners\n\tlog.cleaner.backoff.ms\n\tlog.cleaner.dedupe.buffer.size\n\tlog.cleaner.delete.retention.ms\n\tlog.cleaner.io.buffer.load.factor\n\tlog.cleaner.io.buffer.size\n\tlog.cleaner.io.max.bytes.per.second\n\tlog.cleaner.max.compaction.lag.ms\n\tlog.cleaner.min.cleanable.ratio\n\tlog.cleaner.min.compaction.lag.ms\n\tlog.cleaner.threads\n\tlog.cleanup.policy\n\tlog.flush.interval.messages\n\tlog.flush.interval.ms\n\tlog.index.interval.bytes\n\tlog.index.size.max.bytes\n\tlog.local.retention.bytes\n\tlog.local.retention.ms\n\tlog.message.timestamp.after.max.ms\n\tlog.message.timestamp.before.max.ms\n\tlog.message.timestamp.type\n\tlog.preallocate\n\tlog.retention.bytes\n\tlog.retention.ms\n\tlog.roll.jitter.ms\n\tlog.roll.ms\n\tlog.segment.bytes\n\tlog.segment.delete.delay.ms\n\tmax.connection.creation.rate\n\tmax.connections\n\tmax.connections.per.ip\n\tmax.connections.per.ip.overrides\n\tmessage.max.bytes\n\tmetric.reporters\n\tmin.insync.replicas\n\tnum.io.threads\n\tnum.network.threads\n\tnum.recovery.threads.per.data.dir\n\tnum.replica.fetchers\n\tprincipal.builder.class\n\tproducer.id.expiration.ms\n\tremote.fetch.max.wait.ms\n\tremote.list.offsets.request.timeout.ms\n\tremote.log.index.file.cache.total.size.bytes\n\tremote.log.manager.copier.thread.pool.size\n\tremote.log.manager.copy.max.bytes.per.second\n\tremote.log.manager.expiration.thread.pool.size\n\tremote.log.manager.fetch.max.bytes.per.second\n\tremote.log.manager.follower.thread.pool.size\n\tremote.log.reader.threads\n\treplica.alter.log.dirs.io.max.bytes.per.second\n\tsasl.enabled.mechanisms\n\tsasl.jaas.config\n\tsasl.kerberos.kinit.cmd\n\tsasl.kerberos.min.time.before.relogin\n\tsasl.kerberos.principal.to.local.rules\n\tsasl.kerberos.service.name\n\tsasl.kerberos.ticket.renew.jitter\n\tsasl.kerberos.ticket.renew.window.factor\n\tsasl.login.refresh.buffer.seconds\n\tsasl.login.refresh.min.period.seconds\n\tsasl.login.refresh.window.factor\n\tsasl.login.refresh.window.jitter\n\tsasl.mechanism.inter.broker.protocol\n\tshare.coordinator.cached.buffer.max.bytes\n\tssl.cipher.suites\n\tssl.client.auth\n\tssl.enabled.protocols\n\tssl.endpoint.identification.algorithm\n\tssl.engine.factory.class\n\tssl.key.password\n\tssl.keymanager.algorithm\n\tssl.keystore.certificate.chain\n\tssl.keystore.key\n\tssl.keystore.location\n\tssl.keystore.password\n\tssl.keystore.type\n\tssl.protocol\n\tssl.provider\n\tssl.secure.random.implementation\n\tssl.trustmanager.algorithm\n\tssl.truststore.certificates\n\tssl.truststore.location\n\tssl.truststore.password\n\tssl.truststore.type\n\ttransaction.partition.verification.enable\n\tunclean.leader.election.enable\nFor entity-type 'users':\n\tSCRAM-SHA-256\n\tSCRAM-SHA-512\n\tconsumer_byte_rate\n\tcontroller_mutation_rate\n\tproducer_byte_rate\n\trequest_percentage\nFor entity-type 'clients':\n\tconsumer_byte_rate\n\tcontroller_mutation_rate\n\tproducer_byte_rate\n\trequest_percentage\nFor entity-type 'ips':\n\tconnection_creation_rate\nFor entity-type 'client-metrics':\n\tinterval.ms\n\tmatch\n\tmetrics\nFor entity-type 'groups':\n\tconsumer.assignment.interval.ms\n\tconsumer.heartbeat.interval.ms\n\tconsumer.session.timeout.ms\n\tshare.assignment.interval.ms\n\tshare.auto.offset.reset\n\tshare.delivery.count.limit\n\tshare.heartbeat.interval.ms\n\tshare.isolation.level\n\tshare.partition.max.record.locks\n\tshare.record.lock.duration.ms\n\tshare.renew.acknowledge.enable\n\tshare.session.timeout.ms\n\tstreams.assignment.interval.ms\n\tstreams.heartbeat.interval.ms\n\tstreams.initial.rebalance.delay.ms\n\tstreams.num.standby.replicas\n\tstreams.session.timeout.ms\nEntity types 'users' and 'clients' may be specified together to update config for clients of a specific user.",
    ),
    value(
        "add-config-file",
        "String",
        "Path to a properties file with configs to add. See add-config for a list of valid configurations.",
    ),
    flag("all", "List all configs for the given entity, including static configs if available."),
    flag("alter", "Alter the configuration for the entity."),
    value("bootstrap-controller", "String: controller to connect to", "The Kafka controllers to connect to."),
    value("bootstrap-server", "String: server to connect to", "The Kafka servers to connect to."),
    value("broker", "String", "The broker's ID."),
    flag("broker-defaults", "The config defaults for all brokers."),
    value("broker-logger", "String", "The broker's ID for its logger config."),
    value("client", "String", "The client's ID."),
    flag("client-defaults", "The config defaults for all clients."),
    value("client-metrics", "String", "The client metrics config resource name."),
    value(
        "command-config",
        "String: command config property file",
        "Property file containing configs to be passed to Admin Client. This is used only with --bootstrap-server option for describing and altering broker configs.",
    ),
    value("delete-config", "String", "config keys to remove 'k1,k2'"),
    flag("describe", "List configs for the given entity."),
    flag("entity-default", "Default entity name for clients/users/brokers/ips (applies to corresponding entity type)"),
    value(
        "entity-name",
        "String",
        "Name of entity (topic name/client id/user principal name/broker id/ip/client metrics/group id)",
    ),
    value(
        "entity-type",
        "String",
        "Type of entity (topics/clients/users/brokers/broker-loggers/ips/client-metrics/groups)",
    ),
    value("group", "String", "The group's ID."),
    flag("help", "Print usage information."),
    value("ip", "String", "The IP address."),
    flag("ip-defaults", "The config defaults for all IPs."),
    value("topic", "String", "The topic's name."),
    value("user", "String", "The user's principal name."),
    flag("user-defaults", "The config defaults for all users."),
    flag("version", "Display Kafka version."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_brackets_are_one_value() {
        assert_eq!(
            split_outside_brackets("retention.ms=60000,cleanup.policy=[compact,delete]", ','),
            ["retention.ms=60000", "cleanup.policy=[compact,delete]"]
        );
        assert_eq!(split_outside_brackets("a=[b,c", ','), ["a=[b", "c"]);
        assert_eq!(split_outside_brackets("a=1=2", '='), ["a", "1", "2"]);
        assert_eq!(split_outside_brackets("", ','), [""]);
    }
}
