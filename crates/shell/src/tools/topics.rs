//! `kafka-topics` (`org.apache.kafka.tools.TopicCommand`).

use clients::{AdminCall, AdminResult, ClientError, Regex, RegexError};
use protocol::api::create_partitions::NewPartitions;
use protocol::api::create_topics::NewTopic;
use protocol::api::describe_configs::{ConfigResource, DescribedConfig};
use protocol::api::describe_topic_partitions::{DescribedPartition, DescribedTopic};
use protocol::api::list_partition_reassignments::OngoingReassignment;
use protocol::api::{ConfigResourceKind, ConfigSource};
use protocol::config::{ConfigError, validate_topic_configs};
use protocol::{BrokerId, ErrorCode, TopicId, TopicName, TopicPartition};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::java::hash_order;
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_invalid, check_required};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-topics",
    summary: "This tool helps to create, delete, describe, or change a topic.",
    without_arguments: "Create, delete, describe, or change a topic.",
    options: OPTIONS,
    removed: &[("force", "leave it out"), ("disable-rack-aware", "brokers decide by their broker.rack")],
    on_misuse: Misuse::Message,
    start,
};

const LOGGER: &str = "org.apache.kafka.tools.TopicCommand";
/// `Uuid.ZERO_UUID`.
const NO_TOPIC_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const ACTIONS: &[&str] = &["alter", "create", "describe", "list", "delete"];
/// What `--describe` can be asked for instead of all partitions.
const REPORTS: &[&str] =
    &["under-replicated-partitions", "unavailable-partitions", "under-min-isr-partitions", "at-min-isr-partitions"];
const NO_DELETE_CONFIG: &str = "delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.";
/// Options, each with the actions it goes with.
const ONLY_WITH: &[(&str, &[&str])] = &[
    ("config", &["alter", "create"]),
    ("partitions", &["alter", "create"]),
    ("replication-factor", &["create"]),
    ("replica-assignment", &["alter", "create"]),
    ("under-replicated-partitions", &["describe"]),
    ("under-min-isr-partitions", &["describe"]),
    ("at-min-isr-partitions", &["describe"]),
    ("unavailable-partitions", &["describe"]),
    ("topics-with-overrides", &["describe"]),
    ("if-exists", &["alter", "delete", "describe"]),
    ("if-not-exists", &["create"]),
    ("exclude-internal", &["list", "describe"]),
];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    if ACTIONS.iter().filter(|action| options.has(action)).count() != 1 {
        return Err(Refusal::usage(
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
        ));
    }
    check(options)?;
    let script =
        Topics { options: options.clone(), stage: Stage::Start, described: vec![], configs: vec![], live: vec![] };
    Ok(Body::Topics(Box::new(AdminTool::new(launch, options, script)?)))
}

fn check(options: &Parsed) -> Result<(), Refusal> {
    if !options.has("bootstrap-server") {
        return Err(Refusal::line("--bootstrap-server must be specified"));
    }
    if options.has("describe") && options.has("if-exists") && !options.has("topic") && !options.has("topic-id") {
        return Err(Refusal::usage("--topic or --topic-id is required to describe a topic"));
    }
    if !options.has("list") && !options.has("describe") {
        check_required(options, &["topic"])?;
    }
    if options.has("alter") {
        if options.has("config") {
            return Err(Refusal::usage(
                "Option combination \"[[config], [bootstrap-server]]\" can't be used with option \"[alter]\" (To alter topic configurations, the kafka-configs tool can be used.)",
            ));
        }
        check_required(options, &["partitions"])?;
    }
    for (option, actions) in ONLY_WITH {
        let others: Vec<&str> = ACTIONS.iter().copied().filter(|a| !actions.contains(a)).collect();
        check_invalid(options, option, &others)?;
    }
    if options.has("create") {
        check_invalid(options, "replica-assignment", &["partitions", "replication-factor"])?;
    }
    REPORTS.iter().try_for_each(|report| check_invalid(options, report, &["topics-with-overrides"]))
}

/// The command under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Topics {
    options: Parsed,
    stage: Stage,
    described: Vec<DescribedTopic>,
    configs: Vec<Vec<DescribedConfig>>,
    live: Vec<BrokerId>,
}

/// Start → Creating; or Start → Listing → (done | Deleting | Altering | Describing → Configs → Cluster →
/// Reassignments).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Stage {
    Start,
    Creating,
    Listing,
    Deleting,
    Altering,
    Describing,
    Configs,
    Cluster,
    Reassignments,
}

fn class_of(error: &ConfigError) -> String {
    let package = if error.exception == "ConfigException" { "config" } else { "errors" };
    format!("org.apache.kafka.common.{package}.{}", error.exception)
}

/// An exception on its way to the user.
struct Failure {
    class: String,
    message: String,
}

impl Failure {
    fn illegal_argument(message: impl Into<String>) -> Failure {
        Failure { class: "java.lang.IllegalArgumentException".to_owned(), message: message.into() }
    }
}
impl From<OptionError> for Failure {
    fn from(e: OptionError) -> Failure {
        Failure { class: format!("joptsimple.{}", e.class), message: e.message }
    }
}
impl From<ClientError> for Failure {
    fn from(e: ClientError) -> Failure {
        Failure { class: e.class.to_string(), message: e.message.to_string() }
    }
}

impl Script for Topics {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        if self.options.has("delete-config") {
            admin.io.err(NO_DELETE_CONFIG);
        }
        if !self.options.has("create") {
            self.stage = Stage::Listing;
            admin.call(AdminCall::ListTopics);
            return;
        }
        match self.new_topic(admin) {
            Ok(topic) => {
                self.stage = Stage::Creating;
                admin.call(AdminCall::CreateTopics { topics: vec![topic], validate_only: false });
            }
            Err(failure) => fail(failure, admin),
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        let done = match result {
            AdminResult::Failed(error) => Err(error.into()),
            AdminResult::CreateTopics(results) => self.created(results, admin),
            AdminResult::ListTopics(topics) => self.listed(&topics, admin),
            AdminResult::DeleteTopics(results) | AdminResult::CreatePartitions(results) => {
                first_error(results).map(|()| admin.io.exit(0))
            }
            AdminResult::DescribeTopics(results) => self.topics_described(results, admin),
            AdminResult::DescribeConfigs(results) => {
                results.into_iter().map(|(_, r)| Ok(r?.configs)).collect::<Result<_, Failure>>().map(|configs| {
                    self.configs = configs;
                    self.stage = Stage::Cluster;
                    admin.call(AdminCall::DescribeCluster { include_fenced: false });
                })
            }
            AdminResult::DescribeCluster(cluster) => {
                self.live = cluster.brokers.iter().filter(|(_, fenced)| !fenced).map(|(b, _)| b.id).collect();
                let of = |topic: &DescribedTopic| {
                    let name = topic.name.clone();
                    topic
                        .partitions
                        .iter()
                        .map(move |p| TopicPartition::new(name.clone(), p.partition))
                        .collect::<Vec<_>>()
                };
                self.stage = Stage::Reassignments;
                let partitions = Some(self.described.iter().flat_map(of).collect());
                admin.call(AdminCall::ListReassignments { partitions });
                Ok(())
            }
            AdminResult::ListReassignments(ongoing) => {
                self.print(&ongoing, admin);
                admin.io.exit(0);
                Ok(())
            }
            _ => unreachable!("the tool makes no other call"),
        };
        if let Err(failure) = done {
            fail(failure, admin);
        }
    }
}

fn fail(failure: Failure, admin: &mut Calls<'_, '_>) {
    admin.io.out(format!("Error while executing topic command : {}", failure.message));
    admin.io.log_exception(&format!("{}: {}", failure.class, failure.message), LOGGER);
    admin.io.exit(1);
}

fn first_error(results: Vec<(TopicName, Result<(), ClientError>)>) -> Result<(), Failure> {
    results.into_iter().try_for_each(|(_, result)| result.map_err(Failure::from))
}

impl Topics {
    fn new_topic(&self, admin: &mut Calls<'_, '_>) -> Result<NewTopic, Failure> {
        let options = &self.options;
        let name = options.one("topic")?.unwrap_or_default();
        let partitions: Option<i32> = options.number("partitions")?;
        let replication_factor: Option<i32> = options.number("replication-factor")?;
        let configs = options.all("config").iter().map(|text| config(text)).collect::<Result<Vec<_>, _>>()?;
        let assignments =
            options.one("replica-assignment")?.filter(|text| !text.is_empty()).map_or(Ok(vec![]), assignments)?;
        // The tool looks at configs itself, before anybody is asked.
        let values = configs.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
        validate_topic_configs(&values).map_err(|error| Failure { class: class_of(&error), message: error.message })?;
        if name.contains(['.', '_']) {
            admin.io.out("WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.");
        }
        if replication_factor.is_some_and(|r| !(1..=32767).contains(&r)) {
            return Err(Failure::illegal_argument("The replication factor must be between 1 and 32767 inclusive"));
        }
        if partitions.is_some_and(|p| p < 1) {
            return Err(Failure::illegal_argument("The partitions must be greater than 0"));
        }
        if name.is_empty() {
            let message = "The given topic name '' cannot be represented in a request.".to_owned();
            return Err(Failure { class: ErrorCode::InvalidTopic.exception_class(), message });
        }
        Ok(NewTopic {
            name: name.into(),
            partitions: partitions.unwrap_or(-1),
            replication_factor: replication_factor.and_then(|r| i16::try_from(r).ok()).unwrap_or(-1),
            assignments,
            configs,
        })
    }

    fn created<T>(
        &mut self,
        results: Vec<(TopicName, Result<T, ClientError>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        for (topic, result) in results {
            match result {
                Ok(_) => admin.io.out(format!("Created topic {topic}.")),
                Err(e) if e.code == ErrorCode::TopicAlreadyExists && self.options.has("if-not-exists") => {}
                Err(e) => return Err(e.into()),
            }
        }
        admin.io.exit(0);
        Ok(())
    }

    fn listed(&mut self, topics: &[(TopicName, TopicId, bool)], admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        // An id of zeros is none.
        if self.options.has("describe") && self.options.one("topic-id")?.is_some_and(|id| id != NO_TOPIC_ID) {
            return self.listed_for_id(topics, admin);
        }
        let topic = self.options.one("topic")?;
        let refused =
            |error: RegexError| Failure { class: "java.lang.RuntimeException".to_owned(), message: error.to_string() };
        let filter = topic.map(|text| Regex::topic_filter(text).map_err(refused)).transpose()?;
        let exclude_internal = self.options.has("exclude-internal");
        let is_wanted = |name: &str, internal: bool| {
            filter.as_ref().is_none_or(|f| f.matches(name)) && !(exclude_internal && internal)
        };
        let found: Vec<TopicName> = topics
            .iter()
            .filter(|(name, _, internal)| is_wanted(name, *internal))
            .map(|(name, ..)| name.clone())
            .collect();
        if self.options.has("list") {
            admin.io.out(found.join("\n"));
            admin.io.exit(0);
            return Ok(());
        }
        match topic {
            Some(topic) if found.is_empty() && !self.options.has("if-exists") => {
                return Err(Failure::illegal_argument(format!("Topic '{topic}' does not exist as expected")));
            }
            _ if found.is_empty() => admin.io.exit(0),
            _ => self.found(found, admin)?,
        }
        Ok(())
    }

    fn listed_for_id(
        &mut self,
        topics: &[(TopicName, TopicId, bool)],
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        let id = self.options.one("topic-id")?.unwrap_or_default();
        let bytes = decoded_length(id).map_err(Failure::illegal_argument)?;
        if bytes != 16 {
            return Err(Failure::illegal_argument(format!(
                "Input string `{id}` decoded as {bytes} bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID"
            )));
        }
        match topics.iter().find(|(_, found, _)| found.to_string() == id) {
            Some((name, ..)) => self.found(vec![name.clone()], admin),
            None if self.options.has("if-exists") => {
                admin.io.exit(0);
                Ok(())
            }
            None => Err(Failure::illegal_argument(format!("TopicId '{id}' does not exist as expected"))),
        }
    }

    fn found(&mut self, topics: Vec<TopicName>, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        if self.options.has("delete") {
            self.stage = Stage::Deleting;
            admin.call(AdminCall::DeleteTopics { topics });
        } else if self.options.has("alter") {
            self.stage = Stage::Altering;
            match self.options.has("replica-assignment") {
                // How many of the assignments are of new partitions depends on how many there are.
                true => drop(admin.call(AdminCall::describe_topics(Some(topics)))),
                false => self.grow(topics.into_iter().map(|topic| (topic, None)), admin)?,
            }
        } else {
            self.stage = Stage::Describing;
            let partition_limit = self.options.number("partition-size-limit-per-response")?.unwrap_or(2_000);
            admin.call(AdminCall::DescribeTopics { topics: Some(topics), partition_limit });
        }
        Ok(())
    }

    fn grow(
        &self,
        topics: impl Iterator<Item = (TopicName, Option<Vec<Vec<BrokerId>>>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        let count = self.options.number("partitions")?.unwrap_or_default();
        let new = |(topic, assignments)| NewPartitions { topic, count, assignments };
        admin.call(AdminCall::CreatePartitions { topics: topics.map(new).collect() });
        Ok(())
    }

    fn topics_described(
        &mut self,
        results: Vec<(TopicName, Result<DescribedTopic, ClientError>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        self.described = results.into_iter().map(|(_, result)| result).collect::<Result<_, _>>()?;
        if self.stage == Stage::Altering {
            let assignments = assignments(self.options.one("replica-assignment")?.unwrap_or_default())?;
            let new = |topic: &DescribedTopic| {
                let added = assignments.iter().skip(topic.partitions.len()).cloned().collect();
                (topic.name.clone(), Some(added))
            };
            return self.grow(self.described.iter().map(new), admin);
        }
        let count = self.described.len();
        hash_order(&mut self.described, count, |topic| &topic.name);
        let resources = self
            .described
            .iter()
            .map(|t| ConfigResource { kind: ConfigResourceKind::Topic, name: t.name.clone() })
            .collect();
        self.stage = Stage::Configs;
        admin.call(AdminCall::DescribeConfigs { resources });
        Ok(())
    }

    fn print(&self, ongoing: &[OngoingReassignment], admin: &mut Calls<'_, '_>) {
        let filters: Vec<&str> = REPORTS.iter().copied().filter(|f| self.options.has(f)).collect();
        let only_overrides = self.options.has("topics-with-overrides");
        for (topic, configs) in self.described.iter().zip(&self.configs) {
            let overrides = overrides(configs);
            let moving = |partition: i32| ongoing.iter().find(|of| of.topic == topic.name && of.partition == partition);
            if filters.is_empty() && (!only_overrides || !overrides.is_empty()) {
                admin.io.out(header(topic, moving(0), &overrides));
            }
            let min_isr = configs
                .iter()
                .find(|c| &*c.name == "min.insync.replicas")
                .and_then(|c| c.value.as_ref()?.parse().ok())
                .unwrap_or(1);
            for partition in topic.partitions.iter().filter(|_| !only_overrides) {
                let moving = moving(partition.partition);
                let is_reported = |filter: &&str| is_reported(filter, partition, moving, &self.live, min_isr);
                if filters.is_empty() || filters.iter().any(is_reported) {
                    admin.io.out(partition_line(&topic.name, partition, moving));
                }
            }
        }
    }
}

fn is_reported(
    filter: &str,
    partition: &DescribedPartition,
    moving: Option<&OngoingReassignment>,
    live: &[BrokerId],
    min_isr: usize,
) -> bool {
    match filter {
        "under-replicated-partitions" => partition.isr.len() < replication_factor(partition, moving),
        "unavailable-partitions" => !partition.leader.is_some() || !live.contains(&partition.leader),
        "under-min-isr-partitions" => partition.isr.len() < min_isr,
        _ => partition.isr.len() == min_isr,
    }
}

/// `name=value` of everything that is not Kafka's default, in the order of the Java map that holds all configs.
fn overrides(configs: &[DescribedConfig]) -> Vec<String> {
    const TOPIC_CONFIGS_TABLE: usize = 64;
    let mut set: Vec<&DescribedConfig> = configs.iter().filter(|c| c.source != ConfigSource::Default).collect();
    hash_order(&mut set, TOPIC_CONFIGS_TABLE, |c| &c.name);
    set.iter().map(|c| format!("{}={}", c.name, c.value.as_deref().unwrap_or("null"))).collect()
}

/// Replicas that a move adds do not count until it is over (`#getReplicationFactor`).
fn replication_factor(partition: &DescribedPartition, moving: Option<&OngoingReassignment>) -> usize {
    moving.map_or(partition.replicas.len(), |of| of.replicas.len() - of.adding.len())
}

fn header(topic: &DescribedTopic, moving: Option<&OngoingReassignment>, overrides: &[String]) -> String {
    let replicas = topic.partitions.first().map_or(0, |p| replication_factor(p, moving));
    format!(
        "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {replicas}\tConfigs: {}",
        topic.name,
        topic.topic_id,
        topic.partitions.len(),
        overrides.join(",")
    )
}

fn partition_line(topic: &str, p: &DescribedPartition, moving: Option<&OngoingReassignment>) -> String {
    let moves = |of: &OngoingReassignment| {
        format!("\tAdding Replicas: {}\tRemoving Replicas: {}", ids(&of.adding), ids(&of.removing))
    };
    let leader = if p.leader.is_some() { p.leader.to_string() } else { "none".to_owned() };
    format!(
        "\tTopic: {topic}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}{}\tElr: {}\tLastKnownElr: {}",
        p.partition,
        ids(&p.replicas),
        ids(&p.isr),
        moving.map(moves).unwrap_or_default(),
        ids(&p.elr),
        ids(&p.last_known_elr)
    )
}

fn ids(brokers: &[BrokerId]) -> String {
    brokers.iter().map(BrokerId::to_string).collect::<Vec<_>>().join(",")
}

/// How many bytes `Base64.Decoder` of the URL alphabet makes of a text; the error is Java's.
fn decoded_length(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches('=');
    match digits.bytes().find(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_')) {
        Some(byte) => Err(format!("Illegal base64 character {byte:x}")),
        None if digits.len() % 4 == 1 => Err("Last unit does not have enough valid bits".to_owned()),
        None => Ok(digits.len() * 6 / 8),
    }
}

fn config(text: &str) -> Result<(protocol::api::Name, Option<protocol::api::Name>), Failure> {
    // Java's split drops what is empty at the end, so that a value must not be empty.
    let parts: Vec<&str> = text.trim_end_matches('=').split('=').collect();
    match parts[..] {
        [name, value] => Ok((name.trim().into(), Some(value.trim().into()))),
        _ => Err(Failure::illegal_argument(
            "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".",
        )),
    }
}

/// `1:2,2:3`: brokers of partition 0, of partition 1, ….
fn assignments(text: &str) -> Result<Vec<Vec<BrokerId>>, Failure> {
    let mut all: Vec<Vec<BrokerId>> = Vec::new();
    // Java's split drops what is empty at the end, but not a text that is empty as a whole.
    for (partition, list) in text.trim_end_matches(',').split(',').enumerate() {
        let mut brokers = Vec::new();
        for id in list.trim_end_matches(':').split(':') {
            let number = id.trim().parse().map_err(|_| Failure {
                class: "java.lang.NumberFormatException".to_owned(),
                message: format!("For input string: \"{id}\""),
            })?;
            if brokers.contains(&BrokerId(number)) {
                return Err(tool_failure(
                    "AdminCommandFailedException",
                    format!("Partition replica lists may not contain duplicate entries: {number}"),
                ));
            }
            brokers.push(BrokerId(number));
        }
        if all.first().is_some_and(|first| first.len() != brokers.len()) {
            return Err(tool_failure(
                "AdminOperationException",
                format!(
                    "Partition {partition} has different replication factor: [{}]",
                    ids(&brokers).replace(',', ", ")
                ),
            ));
        }
        all.push(brokers);
    }
    Ok(all)
}

fn tool_failure(class: &str, message: String) -> Failure {
    Failure { class: format!("org.apache.kafka.tools.{class}"), message }
}

const OPTIONS: &[Opt] = &[
    flag(
        "alter",
        "Alter the number of partitions and replica assignment. (To alter topic configurations, the kafka-configs tool can be used.)",
    ),
    flag(
        "at-min-isr-partitions",
        "If set when describing topics, only show partitions whose isr count is equal to the configured minimum.",
    ),
    value("bootstrap-server", "String: server to connect to", "REQUIRED: The Kafka server to connect to."),
    value(
        "command-config",
        "String: command config property file",
        "Property file containing configs to be passed to Admin Client.",
    ),
    value(
        "config",
        "String: name=value",
        "A topic configuration override for the topic being created. The following is a list of valid configurations:\n\tcleanup.policy\n\tcompression.gzip.level\n\tcompression.lz4.level\n\tcompression.type\n\tcompression.zstd.level\n\tdelete.retention.ms\n\tfile.delete.delay.ms\n\tflush.messages\n\tflush.ms\n\tfollower.replication.throttled.replicas\n\tindex.interval.bytes\n\tleader.replication.throttled.replicas\n\tlocal.retention.bytes\n\tlocal.retention.ms\n\tmax.compaction.lag.ms\n\tmax.message.bytes\n\tmessage.timestamp.after.max.ms\n\tmessage.timestamp.before.max.ms\n\tmessage.timestamp.type\n\tmin.cleanable.dirty.ratio\n\tmin.compaction.lag.ms\n\tmin.insync.replicas\n\tpreallocate\n\tremote.log.copy.disable\n\tremote.log.delete.on.disable\n\tremote.storage.enable\n\tretention.bytes\n\tretention.ms\n\tsegment.bytes\n\tsegment.index.bytes\n\tsegment.jitter.ms\n\tsegment.ms\n\tunclean.leader.election.enable\nSee the Kafka documentation for full details on the topic configs. It is supported only in combination with --create. (To alter topic configurations, the kafka-configs tool can be used.)",
    ),
    flag("create", "Create a new topic."),
    flag("delete", "Delete a topic."),
    value("delete-config", "String: name", "This option is no longer supported and has been deprecated since 4.0"),
    flag("describe", "List details for the given topics."),
    flag(
        "exclude-internal",
        "Exclude internal topics when listing or describing topics. By default, the internal topics are included.",
    ),
    flag("help", "Print usage information."),
    flag(
        "if-exists",
        "If set when altering or deleting or describing topics, the action will only execute if the topic exists.",
    ),
    flag(
        "if-not-exists",
        "If set when creating topics, the create request will not fail if the topic already exists, but the request will still be sent.",
    ),
    flag("list", "List all available topics."),
    value(
        "partition-size-limit-per-response",
        "Integer: maximum number of partitions per response",
        "The maximum partition size to be included in one DescribeTopicPartitions response.",
    ),
    value(
        "partitions",
        "Integer: # of partitions",
        "The number of partitions for the topic being created or altered. If not supplied with --create, the topic uses the cluster default. (WARNING: If partitions are increased for a topic that has a key, the partition logic or ordering of the messages will be affected).",
    ),
    value(
        "replica-assignment",
        "String: broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
        "A list of manual partition-to-broker assignments for the topic being created or altered.",
    ),
    value(
        "replication-factor",
        "Integer: replication factor",
        "The replication factor for each partition in the topic being created. If not supplied, the topic uses the cluster default.",
    ),
    value(
        "topic",
        "String: topic",
        "The topic to create, alter, describe or delete. It also accepts a regular expression, except for --create option.",
    ),
    value("topic-id", "String: topic-id", "The topic-id to describe."),
    flag("topics-with-overrides", "If set when describing topics, only show topics that have overridden configs."),
    flag(
        "unavailable-partitions",
        "If set when describing topics, only show partitions whose leader is not available.",
    ),
    flag(
        "under-min-isr-partitions",
        "If set when describing topics, only show partitions whose isr count is less than the configured minimum.",
    ),
    flag("under-replicated-partitions", "If set when describing topics, only show under-replicated partitions."),
    flag("version", "Display Kafka version."),
];
