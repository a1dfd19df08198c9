//! The znodes of a Kafka before 4.0 (`kafka.zk.ZkData`): where each stood and what was in it, from today's answers.

use protocol::BrokerId;
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::describe_quorum::DescribeQuorumResponse;
use protocol::api::describe_topic_partitions::{DescribedPartition, DescribedTopic};
use serde_json::json;

/// All there is to draw from, and the znodes once they are drawn: paths with what is in them, parents before children.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct Znodes {
    pub(crate) topics: Vec<DescribedTopic>,
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
    /// The znodes with everything in them.
    pub(crate) fn with(mut self, cluster: &DescribeClusterResponse, quorum: &DescribeQuorumResponse) -> Znodes {
        let topics = std::mem::take(&mut self.topics);
        self.add("/kafka", None);
        self.add("/kafka/cluster", None);
        self.add("/kafka/cluster/id", Some(json!({ "version": "1", "id": &*cluster.cluster_id }).to_string()));
        self.add("/kafka/brokers", None);
        self.add("/kafka/brokers/ids", None);
        for (broker, _) in cluster.brokers.iter().filter(|(_, is_fenced)| !is_fenced) {
            let endpoint = format!("PLAINTEXT://{}:{}", broker.host, broker.port);
            let value = format!(
                r#"{{"listener_security_protocol_map":{{"PLAINTEXT":"PLAINTEXT"}},"endpoints":["{endpoint}"],"jmx_port":-1,"host":"{}","port":{},"version":5}}"#,
                broker.host, broker.port
            );
            self.add(format!("/kafka/brokers/ids/{}", broker.id), Some(value));
        }
        self.add("/kafka/brokers/topics", None);
        for topic in &topics {
            self.add_topic(topic, quorum.leader_epoch);
        }
        self.add("/kafka/brokers/seqid", None);
        self.add("/kafka/controller", Some(format!(r#"{{"version":2,"brokerid":{}}}"#, quorum.leader)));
        self.add("/kafka/controller_epoch", Some(quorum.leader_epoch.to_string()));
        self
    }

    fn add_topic(&mut self, topic: &DescribedTopic, controller_epoch: i32) {
        let path = format!("/kafka/brokers/topics/{}", topic.name);
        let replicas = topic.partitions.iter().map(|p| format!(r#""{}":{}"#, p.partition, list(&p.replicas)));
        let replicas: Vec<String> = replicas.collect();
        self.add(path.clone(), Some(format!(r#"{{"version":2,"partitions":{{{}}}}}"#, replicas.join(","))));
        self.add(format!("{path}/partitions"), None);
        for partition in &topic.partitions {
            let path = format!("{path}/partitions/{}", partition.partition);
            self.add(path.clone(), None);
            self.add(format!("{path}/state"), Some(state(partition, controller_epoch)));
        }
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

    /// The names right below it.
    pub(crate) fn names(&self) -> Vec<String> {
        let above = format!("{}/", self.path.trim_end_matches('/'));
        let below = self.all.drawn.iter().filter_map(|(path, _)| path.strip_prefix(&above));
        below.filter(|rest| !rest.contains('/')).map(str::to_owned).collect()
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
