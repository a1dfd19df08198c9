//! Configs of the Java producer (`ProducerConfig`).

use super::ConfigDef;
use super::ConfigType::*;
use super::ValidValues::*;

/// Configs of the Java producer. Serializers are not asked for: programs here send bytes.
#[rustfmt::skip] // A table: one config a line.
pub const PRODUCER_CONFIGS: &[ConfigDef] = &[
    ConfigDef::required("bootstrap.servers", List, "Where to find the cluster: host:port,…"),
    ConfigDef::new("client.id", String, "", Any, "Name of the client in logs and quotas; empty: producer-N."),
    ConfigDef::new("acks", String, "all", OneOf(&["all", "-1", "0", "1"]), "Who must have a record before the send counts as done."),
    ConfigDef::new("enable.idempotence", Boolean, "true", Any, "Whether retries cannot duplicate or reorder."),
    ConfigDef::new("retries", Int, "2147483647", Between(0, i32::MAX as i64), "How often a failed send is tried again."),
    ConfigDef::new("max.in.flight.requests.per.connection", Int, "5", AtLeast(1), "Unanswered requests to a broker."),
    ConfigDef::new("batch.size", Int, "16384", AtLeast(0), "Bytes of a batch."),
    ConfigDef::new("linger.ms", Long, "5", AtLeast(0), "How long a batch waits for more records."),
    ConfigDef::new("buffer.memory", Long, "33554432", AtLeast(0), "Bytes of records waiting to be sent."),
    ConfigDef::new("max.block.ms", Long, "60000", AtLeast(0), "How long send() may block for metadata or memory."),
    ConfigDef::new("max.request.size", Int, "1048576", AtLeast(0), "Bytes of a request, and of a record."),
    ConfigDef::new("delivery.timeout.ms", Int, "120000", AtLeast(0), "Time from send() to success or failure."),
    ConfigDef::new("request.timeout.ms", Int, "30000", AtLeast(0), "How long to wait for an answer."),
    ConfigDef::new("retry.backoff.ms", Long, "100", AtLeast(0), "First pause before a retry."),
    ConfigDef::new("retry.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a retry."),
    ConfigDef::new("reconnect.backoff.ms", Long, "50", AtLeast(0), "First pause before a reconnect."),
    ConfigDef::new("reconnect.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a reconnect."),
    ConfigDef::new("connections.max.idle.ms", Long, "540000", Any, "Idle time after which a connection is closed."),
    ConfigDef::new("socket.connection.setup.timeout.ms", Long, "10000", Any, "First wait for a connection."),
    ConfigDef::new("socket.connection.setup.timeout.max.ms", Long, "30000", Any, "Longest wait for a connection."),
    ConfigDef::new("compression.type", String, "none", OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]), "Codec of batches."),
    ConfigDef::null("partitioner.class", Class, Any, "Chooses partitions; none: by key hash, else sticky."),
    ConfigDef::new("partitioner.ignore.keys", Boolean, "false", Any, "Whether keys do not choose the partition."),
    ConfigDef::new("partitioner.adaptive.partitioning.enable", Boolean, "true", Any, "Whether slow brokers get fewer keyless records."),
    ConfigDef::new("partitioner.availability.timeout.ms", Long, "0", AtLeast(0), "How long a broker may be unready before keyless records avoid it; 0: off."),
    ConfigDef::new("metadata.max.age.ms", Long, "300000", AtLeast(0), "Age at which metadata is fetched anew."),
    ConfigDef::new("metadata.max.idle.ms", Long, "300000", AtLeast(5000), "How long an unused topic's metadata is kept."),
    ConfigDef::new("metadata.recovery.strategy", String, "rebootstrap", OneOfIgnoringCase(&["NONE", "REBOOTSTRAP"]), "What to do when no known broker answers."),
    ConfigDef::new("metadata.recovery.rebootstrap.trigger.ms", Long, "300000", AtLeast(0), "How long before that."),
    ConfigDef::new("transaction.timeout.ms", Int, "60000", Any, "How long a transaction may stay open."),
    ConfigDef::null("transactional.id", String, NonEmpty, "Names a transactional producer across restarts."),
    ConfigDef::new("transaction.two.phase.commit.enable", Boolean, "false", Any, "Whether the broker leaves prepared transactions open."),
    ConfigDef::new("enable.metrics.push", Boolean, "true", Any, "Whether clients push metrics to the cluster."),
    ConfigDef::new("client.dns.lookup", String, "use_all_dns_ips", OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]), "How host names are looked up."),
    ConfigDef::new("security.protocol", String, "PLAINTEXT", OneOfIgnoringCase(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), "How brokers are spoken to."),
    ConfigDef::null("key.serializer", Class, Any, "Makes bytes of keys."),
    ConfigDef::null("value.serializer", Class, Any, "Makes bytes of values."),
];
