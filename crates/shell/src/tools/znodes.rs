//! The znodes of a Kafka before 4.0 (`kafka.zk.ZkData`): where each stood and what was in it, from today's answers.

use protocol::BrokerId;
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::describe_configs::DescribedConfigs;
use protocol::api::describe_quorum::DescribeQuorumResponse;
use protocol::api::describe_topic_partitions::{DescribedPartition, DescribedTopic};
use protocol::api::list_partition_reassignments::OngoingReassignment;
use protocol::api::{ConfigResourceKind, ConfigSource, Name};
use serde_json::json;

use crate::java::{hash_order, scala_hash_order};

/// All there is to draw from, and the znodes once they are drawn: paths with what is in them, parents before children.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct Znodes {
    pub(crate) topics: Vec<DescribedTopic>,
    pub(crate) moves: Vec<OngoingReassignment>,
    /// The cluster's features and their levels.
    pub(crate) features: Vec<(Name, i16)>,
    /// Of topics, brokers, and all brokers: asked for only where they are drawn.
    pub(crate) configs: Vec<DescribedConfigs>,
    drawn: Vec<(String, Option<String>)>,
}

/// One of them.
pub(crate) struct Znode<'a> {
    all: &'a Znodes,
    pub(crate) path: String,
}

/// `path` as seen from `folder`, without `.`, `..` and doubled slashes.
pub(crate) fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { split(folder).collect() };
    for part in split(path) {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

impl Znodes {
    /// The znodes with everything in them (`ZkData.PersistentZkPaths`, and what grows below them).
    pub(crate) fn with(mut self, cluster: &DescribeClusterResponse, quorum: &DescribeQuorumResponse) -> Znodes {
        protocol::gap!(
            "zk-shell: timestamps and /latest_producer_id_block, which no broker tells",
            "ZkData.ProducerIdBlockZNode"
        );
        let topics = std::mem::take(&mut self.topics);
        self.add("/kafka", None);
        self.add("/kafka/admin", None);
        self.add("/kafka/admin/delete_topics", None);
        self.add_brokers(cluster, &topics, quorum.leader_epoch);
        self.add("/kafka/cluster", None);
        self.add("/kafka/cluster/id", Some(json!({ "version": "1", "id": &*cluster.cluster_id }).to_string()));
        self.add_configs(&topics);
        self.add("/kafka/consumers", None);
        let controller = format!(r#"{{"version":2,"brokerid":{},"kraftControllerEpoch":-1}}"#, quorum.leader);
        self.add("/kafka/controller", Some(controller));
        self.add("/kafka/controller_epoch", Some(quorum.leader_epoch.to_string()));
        let features = self.features.iter().map(|(name, level)| (name.to_string(), level.to_string()));
        let features = object(scala_map(features.collect()));
        self.add("/kafka/feature", Some(format!(r#"{{"features":{features},"version":2,"status":1}}"#)));
        self.add("/kafka/isr_change_notification", None);
        self.add("/kafka/log_dir_event_notification", None);
        self
    }

    fn add_brokers(&mut self, cluster: &DescribeClusterResponse, topics: &[DescribedTopic], controller_epoch: i32) {
        self.add("/kafka/brokers", None);
        self.add("/kafka/brokers/ids", None);
        for (broker, _) in cluster.brokers.iter().filter(|(_, is_fenced)| !is_fenced) {
            let (host, port) = (&broker.host, broker.port);
            let rack = broker.rack.as_ref().map(|rack| format!(r#""rack":{},"#, json!(**rack))).unwrap_or_default();
            let value = format!(
                r#"{{"features":{{}},"listener_security_protocol_map":{{"PLAINTEXT":"PLAINTEXT"}},"endpoints":["PLAINTEXT://{host}:{port}"],{rack}"jmx_port":-1,"port":{port},"host":"{host}","version":5}}"#,
            );
            self.add(format!("/kafka/brokers/ids/{}", broker.id), Some(value));
        }
        self.add("/kafka/brokers/topics", None);
        for topic in topics {
            self.add_topic(topic, controller_epoch);
        }
        self.add("/kafka/brokers/seqid", None);
    }

    /// A topic of version 3: the replicas of a move are those that stay and those that come, then those that go.
    fn add_topic(&mut self, topic: &DescribedTopic, controller_epoch: i32) {
        let path = format!("/kafka/brokers/topics/{}", topic.name);
        let of = |partition: i32, ids: &[BrokerId]| (partition.to_string(), list(ids));
        let replicas = topic.partitions.iter().map(|p| of(p.partition, &p.replicas));
        let moves = || self.moves.iter().filter(|m| m.topic == topic.name);
        let adding = moves().filter(|m| !m.adding.is_empty()).map(|m| of(m.partition, &m.adding));
        let removing = moves().filter(|m| !m.removing.is_empty()).map(|m| of(m.partition, &m.removing));
        let value = format!(
            r#"{{"partitions":{},"topic_id":"{}","adding_replicas":{},"removing_replicas":{},"version":3}}"#,
            object(scala_map(replicas.collect())),
            topic.topic_id,
            object(scala_map(adding.collect())),
            object(scala_map(removing.collect())),
        );
        self.add(path.clone(), Some(value));
        self.add(format!("{path}/partitions"), None);
        for partition in &topic.partitions {
            let path = format!("{path}/partitions/{}", partition.partition);
            self.add(path.clone(), None);
            self.add(format!("{path}/state"), Some(state(partition, controller_epoch)));
        }
    }

    /// What was set: every topic has a znode, brokers have one where there is something in it.
    fn add_configs(&mut self, topics: &[DescribedTopic]) {
        self.add("/kafka/config", None);
        for kind in ["changes", "clients", "users", "ips", "client-metrics", "topics", "brokers"] {
            self.add(format!("/kafka/config/{kind}"), None);
        }
        for topic in topics {
            let value = self.config(ConfigResourceKind::Topic, &topic.name, ConfigSource::DynamicTopic);
            self.add(format!("/kafka/config/topics/{}", topic.name), Some(value.unwrap_or_else(|| config(vec![]))));
        }
        let brokers = self.configs.iter().map(|of| &of.resource).filter(|of| of.kind == ConfigResourceKind::Broker);
        for broker in brokers.map(|of| of.name.clone()).collect::<Vec<_>>() {
            let (name, source) = match &*broker {
                "" => ("<default>", ConfigSource::DynamicDefaultBroker),
                id => (id, ConfigSource::DynamicBroker),
            };
            if let Some(value) = self.config(ConfigResourceKind::Broker, &broker, source) {
                self.add(format!("/kafka/config/brokers/{name}"), Some(value));
            }
        }
    }

    /// What is set on it itself, if something is.
    fn config(&self, kind: ConfigResourceKind, name: &str, source: ConfigSource) -> Option<String> {
        let of = self.configs.iter().find(|of| of.resource.kind == kind && &*of.resource.name == name)?;
        let set = of.configs.iter().filter(|config| config.source == source);
        let set = set.map(|of| (of.name.to_string(), json!(of.value.as_deref().unwrap_or_default()).to_string()));
        Some(set.collect::<Vec<_>>()).filter(|set| !set.is_empty()).map(config)
    }

    fn add(&mut self, path: impl Into<String>, value: Option<String>) {
        self.drawn.push((path.into(), value));
    }

    /// The znode at a path, which may leave out `/kafka`, as a Kafka without a chroot did.
    pub(crate) fn find(&self, path: &str) -> Option<Znode<'_>> {
        let rooted = format!("/kafka{path}");
        let there = |path: &str| path == "/" || self.drawn.iter().any(|(p, _)| p == path);
        let path = [path, &rooted].into_iter().find(|path| there(path))?;
        Some(Znode { all: self, path: path.to_owned() })
    }
}

impl Znode<'_> {
    /// What is in it.
    pub(crate) fn value(&self) -> Option<String> {
        self.all.drawn.iter().find(|(path, _)| *path == self.path).and_then(|(_, value)| value.clone())
    }

    /// The names right below it, in the order in which ZooKeeper told them (`DataNode#children`, a `HashSet` made for eight).
    pub(crate) fn names(&self) -> Vec<String> {
        let above = format!("{}/", self.path.trim_end_matches('/'));
        let below = self.all.drawn.iter().filter_map(|(path, _)| path.strip_prefix(&above));
        let mut names: Vec<String> = below.filter(|rest| !rest.contains('/')).map(str::to_owned).collect();
        hash_order(&mut names, 8, |name| name);
        names
    }

    /// All below it, drawn as zk-shell draws a tree, from this depth.
    pub(crate) fn tree(&self, depth: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for name in self.names() {
            lines.push(format!("{}├── {name}", "│   ".repeat(depth - 1)));
            let child = Znode { all: self.all, path: format!("{}/{name}", self.path.trim_end_matches('/')) };
            lines.extend(child.tree(depth + 1));
        }
        lines
    }
}

/// What the controller wrote of a partition (`LeaderIsrAndControllerEpoch`). Its epoch is today's epoch of the quorum.
fn state(partition: &DescribedPartition, controller_epoch: i32) -> String {
    format!(
        r#"{{"controller_epoch":{controller_epoch},"leader":{},"version":1,"leader_epoch":{},"isr":{}}}"#,
        partition.leader,
        partition.leader_epoch,
        list(&partition.isr)
    )
}

/// What is set on a topic or a broker (`ConfigEntityZNode`), in the order of Java's `Properties`.
fn config(mut set: Vec<(String, String)>) -> String {
    hash_order(&mut set, 16, |(name, _)| name);
    format!(r#"{{"version":1,"config":{}}}"#, object(set))
}

/// The entries of a map in the order in which Kafka, written in Scala 2.13, wrote them down.
fn scala_map(mut entries: Vec<(String, String)>) -> Vec<(String, String)> {
    scala_hash_order(&mut entries, |(key, _)| key);
    entries
}

/// An object of JSON, of names and of values that are JSON.
fn object(entries: Vec<(String, String)>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", entries.join(","))
}

fn list(ids: &[BrokerId]) -> String {
    format!("[{}]", ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn paths_are_resolved_from_where_one_stands() {
        for (folder, path, whole) in [
            ("/", "kafka", "/kafka"),
            ("/kafka", "brokers/ids/1", "/kafka/brokers/ids/1"),
            ("/kafka", "/kafka//brokers/", "/kafka/brokers"),
            ("/kafka/brokers", "../controller", "/kafka/controller"),
            ("/", "../..", "/"),
        ] {
            assert_eq!(resolve(folder, path), whole);
        }
    }
}
