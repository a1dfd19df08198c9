//! Defaults people know, and the words Kafka and librdkafka refuse a value with.

use ordered::SortedMap;
use protocol::api::{ConfigSource, Name};
use protocol::config::*;

fn map(pairs: &[(&str, &str)]) -> SortedMap<Name, Name> {
    pairs.iter().map(|(name, value)| (Name::from(*name), Name::from(*value))).collect()
}

fn topic_error(name: &str, value: &str) -> String {
    validate_topic_configs(&map(&[(name, value)])).expect_err("refused").message
}

/// Each said by Kafka 4.4.0 itself; no words: it takes the value.
#[test]
fn topic_configs_are_refused_in_kafkas_words() {
    for (name, value, message) in [
        ("foo.bar", "1", "Unknown topic config name: foo.bar"),
        ("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", "-5", "Invalid value -5 for configuration retention.ms: Value must be at least -1"),
        ("segment.bytes", "1000", "Invalid value 1000 for configuration segment.bytes: Value must be at least 1048576"),
        (
            "max.message.bytes",
            "4294967296",
            "Invalid value 4294967296 for configuration max.message.bytes: Not a number of type INT",
        ),
        (
            "cleanup.policy",
            "compakt",
            "Invalid value compakt for configuration cleanup.policy: String must be one of: compact, delete",
        ),
        ("cleanup.policy", "compact,,delete", "Configuration 'cleanup.policy' values must not be empty."),
        (
            "compression.gzip.level",
            "0",
            "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "leader.replication.throttled.replicas",
            "foo",
            "Invalid value [foo] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
        ("retention.bytes", "-5", ""),
        ("cleanup.policy", "delete,delete", ""),
        ("leader.replication.throttled.replicas", "0:1,2:3", ""),
        (
            "min.cleanable.dirty.ratio",
            "2",
            "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
        ),
        (
            "preallocate",
            "yes",
            "Invalid value yes for configuration preallocate: Expected value to be either true or false",
        ),
        ("min.compaction.lag.ms", "9223372036854775807", ""),
        ("remote.storage.enable", "false", ""),
        (
            "remote.storage.enable",
            "true",
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.",
        ),
    ] {
        match message {
            "" => assert_eq!(validate_topic_configs(&map(&[(name, value)])), Ok(())),
            _ => assert_eq!(topic_error(name, value), message),
        }
    }
    assert_eq!(
        validate_topic_configs(&map(&[("cleanup.policy", "compact, delete"), ("retention.ms", " -1 ")])),
        Ok(())
    );
}

/// Answers of Kafka 4.4.0's `LogConfig#validate` and `ProducerConfig`, which look at configs in the order they define them in.
#[test]
fn of_several_wrong_values_the_one_that_kafka_defines_first_is_told() {
    let topic = |pairs: &[(&str, &str)]| validate_topic_configs(&map(pairs)).expect_err("they are wrong").message;
    let (policy, segment) = (("cleanup.policy", "x"), ("segment.bytes", "1"));
    assert_eq!(
        topic(&[policy, segment]),
        "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576"
    );
    assert_eq!(topic(&[policy, ("zzz", "1")]), "Unknown topic config name: zzz");
    let producer =
        |pairs: &[(&str, &str)]| Configs::new(PRODUCER_CONFIGS, map(pairs)).expect_err("they are wrong").message;
    let servers = ("bootstrap.servers", "a:1");
    assert_eq!(
        producer(&[servers, ("acks", "2"), ("retries", "-1"), ("linger.ms", "x")]),
        "Invalid value -1 for configuration retries: Value must be at least 0"
    );
    assert_eq!(
        producer(&[servers, ("metrics.recording.level", "ALL")]),
        "Invalid value ALL for configuration metrics.recording.level: String must be one of: INFO, DEBUG, TRACE"
    );
}

#[test]
fn an_unknown_name_and_a_bad_value_are_different_exceptions() {
    let class = |name, value| validate_topic_configs(&map(&[(name, value)])).expect_err("refused").exception_class();
    assert_eq!(class("foo", "1"), "org.apache.kafka.common.errors.InvalidConfigurationException");
    assert_eq!(class("retention.ms", "x"), "org.apache.kafka.common.config.ConfigException");
}

#[test]
fn compaction_lags_must_not_cross() {
    let values = map(&[("min.compaction.lag.ms", "20"), ("max.compaction.lag.ms", "10")]);
    let message = "conflict topic config setting min.compaction.lag.ms (20) > max.compaction.lag.ms (10)";
    assert_eq!(validate_topic_configs(&values).expect_err("refused").message, message);
}

#[test]
fn every_default_is_a_value_its_own_config_takes() {
    let tables = [TOPIC_CONFIGS, BROKER_CONFIGS, PRODUCER_CONFIGS, CONSUMER_CONFIGS, ADMIN_CONFIGS];
    let rdkafka = [LIBRDKAFKA_PRODUCER_CONFIGS, LIBRDKAFKA_CONSUMER_CONFIGS, LIBRDKAFKA_ADMIN_CONFIGS];
    for def in tables.iter().chain(&rdkafka).copied().flatten() {
        if let Some(default) = def.default {
            assert_eq!(def.validate(default), Ok(()), "{}", def.name);
        }
    }
    for table in tables.iter().chain(&rdkafka) {
        let mut names: Vec<&str> = table.iter().map(|def| def.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands twice: {names:?}");
    }
}

#[test]
fn a_topic_config_defaults_to_the_broker_config_that_stands_in_for_it() {
    for def in TOPIC_CONFIGS {
        let Some(broker) = def.broker_name else { continue };
        let broker = find(BROKER_CONFIGS, broker).unwrap_or_else(|| panic!("{broker} is missing"));
        if broker.default.is_some() {
            assert_eq!(def.default, broker.default, "{}", def.name);
        }
    }
}

#[test]
fn the_defaults_of_4_0_hold() {
    let producer = Configs::new(PRODUCER_CONFIGS, map(&[("bootstrap.servers", "kafka:9092")])).expect("fine");
    assert_eq!(
        (producer.get_i64("linger.ms"), producer.get_bool("enable.idempotence"), producer.get_str("acks")),
        (5, true, "all")
    );
    let topic = Configs::defaults(TOPIC_CONFIGS);
    assert_eq!(topic.get_i64("message.timestamp.after.max.ms"), 3_600_000);
    let consumer = Configs::defaults(CONSUMER_CONFIGS);
    assert_eq!((consumer.get_str("auto.offset.reset"), consumer.get_str("group.protocol")), ("latest", "classic"));
    assert_eq!(consumer.get("group.id"), None);
}

/// Topic configs by default, with the broker configs that stand in for them.
#[test]
fn a_log_has_kafkas_defaults() {
    const FOREVER: &str = "9223372036854775807";
    #[rustfmt::skip] // A table: one config a line.
    let expected = [
        ("segment.bytes", "1073741824", "log.segment.bytes"),
        ("segment.ms", "604800000", "log.roll.ms"),
        ("segment.jitter.ms", "0", "log.roll.jitter.ms"),
        ("segment.index.bytes", "10485760", "log.index.size.max.bytes"),
        ("index.interval.bytes", "4096", "log.index.interval.bytes"),
        ("retention.ms", "604800000", "log.retention.ms"),
        ("retention.bytes", "-1", "log.retention.bytes"),
        ("cleanup.policy", "delete", "log.cleanup.policy"),
        ("max.message.bytes", "1048588", "message.max.bytes"),
        ("min.cleanable.dirty.ratio", "0.5", "log.cleaner.min.cleanable.ratio"),
        ("min.compaction.lag.ms", "0", "log.cleaner.min.compaction.lag.ms"),
        ("max.compaction.lag.ms", FOREVER, "log.cleaner.max.compaction.lag.ms"),
        ("delete.retention.ms", "86400000", "log.cleaner.delete.retention.ms"),
        ("file.delete.delay.ms", "60000", "log.segment.delete.delay.ms"),
        ("flush.messages", FOREVER, "log.flush.interval.messages"),
        ("flush.ms", FOREVER, "log.flush.interval.ms"),
        ("message.timestamp.type", "CreateTime", "log.message.timestamp.type"),
        ("message.timestamp.before.max.ms", FOREVER, "log.message.timestamp.before.max.ms"),
        ("message.timestamp.after.max.ms", "3600000", "log.message.timestamp.after.max.ms"),
        ("min.insync.replicas", "1", "min.insync.replicas"),
        ("unclean.leader.election.enable", "false", "unclean.leader.election.enable"),
        ("compression.type", "producer", "compression.type"),
        ("preallocate", "false", "log.preallocate"),
    ];
    for (name, default, broker) in expected {
        let def = find(TOPIC_CONFIGS, name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!((def.default, def.broker_name), (Some(default), Some(broker)), "{name}");
    }
    assert!(topic_error("segment.bytes", "1048575").contains("Value must be at least 1048576"));
}

#[test]
fn brokers_and_controllers_have_kafkas_defaults() {
    #[rustfmt::skip] // A table: one config a line.
    let expected = [
        ("log.retention.check.interval.ms", "300000"),
        ("log.initial.task.delay.ms", "30000"),
        ("log.flush.offset.checkpoint.interval.ms", "60000"),
        ("log.flush.start.offset.checkpoint.interval.ms", "60000"),
        ("log.retention.hours", "168"),
        ("log.roll.hours", "168"),
        ("num.partitions", "1"),
        ("default.replication.factor", "1"),
        ("auto.create.topics.enable", "true"),
        ("delete.topic.enable", "true"),
        ("producer.id.expiration.ms", "86400000"),
        ("producer.id.expiration.check.interval.ms", "600000"),
        ("num.recovery.threads.per.data.dir", "2"),
        ("log.cleaner.threads", "1"),
        ("log.cleaner.backoff.ms", "15000"),
        ("log.cleaner.dedupe.buffer.size", "134217728"),
        ("log.cleaner.io.buffer.size", "524288"),
        ("log.cleaner.io.buffer.load.factor", "0.9"),
        ("log.cleaner.io.max.bytes.per.second", "1.7976931348623157E308"),
        ("replica.high.watermark.checkpoint.interval.ms", "5000"),
        ("controller.quorum.election.timeout.ms", "1000"),
        ("controller.quorum.fetch.timeout.ms", "2000"),
        ("controller.quorum.election.backoff.max.ms", "1000"),
        ("controller.quorum.append.linger.ms", "25"),
        ("controller.quorum.request.timeout.ms", "2000"),
        ("controller.quorum.retry.backoff.ms", "20"),
        ("broker.heartbeat.interval.ms", "2000"),
        ("broker.session.timeout.ms", "9000"),
        ("initial.broker.registration.timeout.ms", "60000"),
        ("metadata.max.idle.interval.ms", "500"),
        ("metadata.log.max.record.bytes.between.snapshots", "20971520"),
        ("metadata.log.max.snapshot.interval.ms", "3600000"),
        ("metadata.max.retention.bytes", "104857600"),
        ("metadata.max.retention.ms", "604800000"),
    ];
    for (name, default) in expected {
        let def = find(BROKER_CONFIGS, name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(def.default, Some(default), "{name}");
    }
}

#[test]
fn a_client_must_be_told_where_the_cluster_is() {
    let error = Configs::new(PRODUCER_CONFIGS, SortedMap::new()).expect_err("refused");
    assert_eq!(error.message, "Missing required configuration \"bootstrap.servers\" which has no default value.");
}

#[test]
fn java_clients_ignore_names_they_do_not_know() {
    let configs = Configs::new(CONSUMER_CONFIGS, map(&[("bootstrap.servers", "k:9092"), ("foo", "1")])).expect("fine");
    assert_eq!(configs.unknown().map(|name| name.as_ref()).collect::<Vec<_>>(), ["foo"]);
}

#[test]
fn auto_offset_reset_takes_a_duration() {
    let def = find(CONSUMER_CONFIGS, "auto.offset.reset").expect("there");
    for fine in ["earliest", "latest", "none", "by_duration:PT1H", "by_duration:P1DT2H3.5S"] {
        assert_eq!(def.validate(fine), Ok(()), "{fine}");
    }
    for bad in [
        "smallest",
        "EARLIEST",
        "by_duration:x",
        "by_duration:-PT1H",
        "by_duration:P",
        "by_duration:PT",
        "by_duration:PT1X",
    ] {
        let message = format!(
            "Invalid value {bad} for configuration auto.offset.reset: Invalid value `{bad}` for configuration auto.offset.reset. \
             The value must be either 'earliest', 'latest', 'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'."
        );
        assert_eq!(def.validate(bad).expect_err(bad).message, message);
    }
}

#[test]
fn an_empty_list_of_servers_is_refused() {
    let error = Configs::new(PRODUCER_CONFIGS, map(&[("bootstrap.servers", "")])).expect_err("refused");
    assert_eq!(
        error.message,
        "Configuration 'bootstrap.servers' must not be empty. Valid values include: any non-empty value"
    );
}

/// Each said by librdkafka 2.16 itself.
#[test]
fn librdkafka_refuses_in_its_own_words_under_its_own_names() {
    for (name, value, message) in [
        ("foo.bar", "1", "No such configuration property: \"foo.bar\""),
        ("linger.ms", "abc", "Invalid value for configuration property \"queue.buffering.max.ms\""),
        (
            "linger.ms",
            "-1",
            "Configuration property \"queue.buffering.max.ms\" value -1 is outside allowed range 0..900000\n",
        ),
        ("linger.ms", "", "Float configuration property \"queue.buffering.max.ms\" cannot be set to empty value"),
        (
            "acks",
            "5000",
            "Configuration property \"request.required.acks\" value 5000 is outside allowed range -1..1000\n",
        ),
        ("acks", "", "Integer configuration property \"request.required.acks\" cannot be set to empty value"),
        ("enable.idempotence", "maybe", "Expected bool value for \"enable.idempotence\": true or false"),
        ("compression.type", "x", "Invalid value \"x\" for configuration property \"compression.codec\""),
        ("partitioner", "zzz", "Invalid value for configuration property \"partitioner\": zzz"),
        ("batch.size", "0", "Configuration property \"batch.size\" value 0 is outside allowed range 1..2147483647\n"),
    ] {
        let error = librdkafka_configs(LIBRDKAFKA_PRODUCER_CONFIGS, &map(&[(name, value)])).expect_err("refused");
        assert_eq!(error.message, message, "{name}={value}");
    }
}

#[test]
fn librdkafka_differs_where_learners_trip() {
    let producer = librdkafka_configs(LIBRDKAFKA_PRODUCER_CONFIGS, &SortedMap::new()).expect("fine");
    assert!(!producer.get_bool("enable.idempotence"));
    assert_eq!(producer.get_i64("max.in.flight.requests.per.connection"), 1_000_000);
    assert_eq!(producer.get_i64("delivery.timeout.ms"), 300_000);
    let consumer = librdkafka_configs(LIBRDKAFKA_CONSUMER_CONFIGS, &SortedMap::new()).expect("fine");
    assert_eq!(consumer.get_str("isolation.level"), "read_committed");
}

#[test]
fn librdkafka_takes_either_name_and_ignores_the_other_kinds_configs() {
    let values = map(&[("queue.buffering.max.ms", "0.5"), ("request.required.acks", "all"), ("group.id", "g")]);
    let configs = librdkafka_configs(LIBRDKAFKA_PRODUCER_CONFIGS, &values).expect("fine");
    assert_eq!((configs.get_f64("linger.ms"), configs.get_i64("linger.ms"), configs.get_i64("acks")), (0.5, 0, -1));
    assert_eq!(
        ignored(LIBRDKAFKA_PRODUCER_CONFIGS, &values).map(|name| name.as_ref()).collect::<Vec<_>>(),
        ["group.id"]
    );
}

#[test]
fn a_topic_takes_its_brokers_values_unless_it_has_its_own() {
    let (topic, empty) = (map(&[("segment.bytes", "2000000")]), SortedMap::new());
    let properties =
        map(&[("log.retention.hours", "2"), ("log.segment.bytes", "3000000"), ("min.insync.replicas", "2")]);
    let layers = BrokerLayers { dynamic: &empty, dynamic_default: &empty, properties: &properties };
    let configs = effective_topic_configs(&topic, layers);
    assert_eq!(configs.get_i64("retention.ms"), 7_200_000);
    assert_eq!(configs.get_i64("segment.bytes"), 2_000_000);
    assert_eq!(configs.get_i64("min.insync.replicas"), 2);
    let minutes = map(&[("log.retention.minutes", "1")]);
    let layers = BrokerLayers { dynamic_default: &minutes, ..layers };
    assert_eq!(effective_topic_configs(&topic, layers).get_i64("retention.ms"), 60_000, "minutes go before hours");
}

#[test]
fn synonyms_say_where_a_value_comes_from() {
    let (topic, empty) = (map(&[("cleanup.policy", "compact")]), SortedMap::new());
    let layers = BrokerLayers { dynamic: &empty, dynamic_default: &empty, properties: &empty };
    let of = |name: &str| {
        let def = find(TOPIC_CONFIGS, name).expect("there");
        let synonyms = topic_config_synonyms(def, &topic, layers);
        synonyms.iter().map(|s| format!("{}:{}={}", s.source.name(), s.name, s.value)).collect::<Vec<_>>()
    };
    assert_eq!(
        of("cleanup.policy"),
        ["DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact", "DEFAULT_CONFIG:log.cleanup.policy=delete"]
    );
    assert_eq!(of("retention.ms"), [""; 0], "log.retention.ms has no default of its own");
    assert_eq!(ConfigSource::Default.name(), "DEFAULT_CONFIG");
}
