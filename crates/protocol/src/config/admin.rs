//! Configs of the Java admin client (`AdminClientConfig`).

use super::ConfigDef;
use super::ConfigType::*;
use super::ValidValues::*;

/// Configs of the Java admin client, in the order in which Kafka defines them and finds the first that is wrong.
#[rustfmt::skip] // A table: one config a line.
pub const ADMIN_CONFIGS: &[ConfigDef] = &[
    ConfigDef::new("bootstrap.servers", List, "", Any, "Where to find the cluster: host:port,…"),
    ConfigDef::new("bootstrap.controllers", List, "", Any, "Where to find the controllers; instead of bootstrap.servers."),
    ConfigDef::new("client.id", String, "", Any, "Name of the client in logs and quotas; empty: adminclient-N."),
    ConfigDef::new("metadata.max.age.ms", Long, "300000", AtLeast(0), "Age at which metadata is fetched anew."),
    ConfigDef::new("send.buffer.bytes", Int, "131072", AtLeast(-1), "TCP send buffer; -1: the system's."),
    ConfigDef::new("receive.buffer.bytes", Int, "65536", AtLeast(-1), "TCP receive buffer; -1: the system's."),
    ConfigDef::new("reconnect.backoff.ms", Long, "50", AtLeast(0), "First pause before a reconnect."),
    ConfigDef::new("reconnect.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a reconnect."),
    ConfigDef::new("retry.backoff.ms", Long, "100", AtLeast(0), "First pause before a retry."),
    ConfigDef::new("retry.backoff.max.ms", Long, "1000", AtLeast(0), "Longest pause before a retry."),
    ConfigDef::new("bootstrap.resolve.timeout.ms", Long, "0", AtLeast(0), "How long host names of bootstrap.servers may fail to resolve."),
    ConfigDef::new("enable.metrics.push", Boolean, "false", Any, "Whether clients push metrics to the cluster."),
    ConfigDef::new("request.timeout.ms", Int, "30000", AtLeast(0), "How long to wait for an answer."),
    ConfigDef::new("socket.connection.setup.timeout.ms", Long, "10000", Any, "First wait for a connection."),
    ConfigDef::new("socket.connection.setup.timeout.max.ms", Long, "30000", Any, "Longest wait for a connection."),
    ConfigDef::new("connections.max.idle.ms", Long, "300000", Any, "Idle time after which a connection is closed."),
    ConfigDef::new("retries", Int, "2147483647", Between(0, i32::MAX as i64), "How often a failed request is tried again."),
    ConfigDef::new("default.api.timeout.ms", Int, "60000", AtLeast(0), "How long a call may take in all."),
    ConfigDef::new("metrics.sample.window.ms", Long, "30000", AtLeast(0), "How long a sample lasts."),
    ConfigDef::new("metrics.num.samples", Int, "2", AtLeast(1), "Samples a metric is made of."),
    ConfigDef::new("metrics.recording.level", String, "INFO", OneOf(&["INFO", "DEBUG", "TRACE"]), "Which metrics are taken."),
    ConfigDef::new("client.dns.lookup", String, "use_all_dns_ips", OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]), "How host names are looked up."),
    ConfigDef::new("security.protocol", String, "PLAINTEXT", OneOfIgnoringCase(&["SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"]), "How brokers are spoken to."),
    ConfigDef::new("metadata.recovery.strategy", String, "rebootstrap", OneOfIgnoringCase(&["REBOOTSTRAP", "NONE"]), "What to do when no known broker answers."),
    ConfigDef::new("metadata.recovery.rebootstrap.trigger.ms", Long, "300000", AtLeast(0), "How long metadata may be asked for in vain before bootstrap.servers are asked again."),
    ConfigDef::new("metadata.cluster.check.enable", Boolean, "true", Any, "Whether the client checks that it still speaks to the same cluster."),
];
