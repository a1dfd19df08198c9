//! Configs of the Java consumer (`ConsumerConfig`).

use super::ConfigDef;
use super::ConfigType::*;
use super::ValidValues::*;

/// Configs of the Java consumer. Deserializers are not asked for: programs here read bytes.
#[rustfmt::skip] // A table: one config a line.
pub const CONSUMER_CONFIGS: &[ConfigDef] = &[
    ConfigDef::required("bootstrap.servers", List, "Where to find the cluster: host:port,…"),
    ConfigDef::new("client.id", String, "", Any, "Name of the client in logs and quotas; empty: consumer-GROUP-N."),
    ConfigDef::new("client.rack", String, "", Any, "Where the client stands; brokers may send it to a near replica."),
    ConfigDef::null("group.id", String, Any, "The group to join; none: no group, no commits."),
    ConfigDef::null("group.instance.id", String, NonEmpty, "Makes the member static: it keeps its partitions over a restart."),
    ConfigDef::new("group.protocol", String, "classic", OneOfIgnoringCase(&["CLASSIC", "CONSUMER"]), "Classic rebalances or KIP-848's."),
    ConfigDef::null("group.remote.assignor", String, Any, "Server-side assignor; only with group.protocol=consumer."),
    ConfigDef::new("session.timeout.ms", Int, "45000", Any, "Silence after which the coordinator drops the member."),
    ConfigDef::new("heartbeat.interval.ms", Int, "3000", Any, "Time between heartbeats."),
    ConfigDef::new("max.poll.interval.ms", Int, "300000", AtLeast(1), "Time between polls after which the member leaves."),
    ConfigDef::new("max.poll.records", Int, "500", AtLeast(1), "Most records a poll returns."),
    ConfigDef::new(
        "partition.assignment.strategy",
        List,
        "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        Any,
        "Assignors the member supports, best first.",
    ),
    ConfigDef::new("enable.auto.commit", Boolean, "true", Any, "Whether positions are committed in the background."),
    ConfigDef::new("auto.commit.interval.ms", Int, "5000", AtLeast(0), "How often."),
    ConfigDef::new("auto.offset.reset", String, "latest", OffsetReset, "Where to start without a valid committed offset."),
    ConfigDef::new("isolation.level", String, "read_uncommitted", OneOf(&["read_committed", "read_uncommitted"]), "Whether aborted and open transactions are read."),
    ConfigDef::new("fetch.min.bytes", Int, "1", AtLeast(0), "Bytes a broker waits for before it answers a fetch."),
    ConfigDef::new("fetch.max.bytes", Int, "52428800", AtLeast(0), "Most bytes of a fetch."),
    ConfigDef::new("fetch.max.wait.ms", Int, "500", AtLeast(0), "How long a broker waits for fetch.min.bytes."),
    ConfigDef::new("max.partition.fetch.bytes", Int, "1048576", AtLeast(0), "Most bytes of a partition in a fetch."),
    ConfigDef::new("check.crcs", Boolean, "true", Any, "Whether checksums are checked."),
    ConfigDef::new("allow.auto.create.topics", Boolean, "true", Any, "Whether subscribing may create topics."),
    ConfigDef::new("exclude.internal.topics", Boolean, "true", Any, "Whether patterns skip internal topics."),
    ConfigDef::new("request.timeout.ms", Int, "30000", AtLeast(0), "How long to wait for an answer."),
    ConfigDef::new("default.api.timeout.ms", Int, "60000", AtLeast(0), "How long calls may block that name no timeout."),
    ConfigDef::new("retry.backoff.ms", Long, "100", AtLeast(0), "First pause before a retry."),
    ConfigDef::new("retry.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a retry."),
    ConfigDef::new("reconnect.backoff.ms", Long, "50", AtLeast(0), "First pause before a reconnect."),
    ConfigDef::new("reconnect.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a reconnect."),
    ConfigDef::new("connections.max.idle.ms", Long, "540000", Any, "Idle time after which a connection is closed."),
    ConfigDef::new("socket.connection.setup.timeout.ms", Long, "10000", Any, "First wait for a connection."),
    ConfigDef::new("socket.connection.setup.timeout.max.ms", Long, "30000", Any, "Longest wait for a connection."),
    ConfigDef::new("metadata.max.age.ms", Long, "300000", AtLeast(0), "Age at which metadata is fetched anew."),
    ConfigDef::new("metadata.recovery.strategy", String, "rebootstrap", OneOfIgnoringCase(&["NONE", "REBOOTSTRAP"]), "What to do when no known broker answers."),
    ConfigDef::new("metadata.recovery.rebootstrap.trigger.ms", Long, "300000", AtLeast(0), "How long before that."),
    ConfigDef::new("enable.metrics.push", Boolean, "true", Any, "Whether clients push metrics to the cluster."),
    ConfigDef::new("client.dns.lookup", String, "use_all_dns_ips", OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]), "How host names are looked up."),
    ConfigDef::new("security.protocol", String, "PLAINTEXT", OneOfIgnoringCase(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), "How brokers are spoken to."),
    ConfigDef::null("key.deserializer", Class, Any, "Makes keys of bytes."),
    ConfigDef::null("value.deserializer", Class, Any, "Makes values of bytes."),
];
