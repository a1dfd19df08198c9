//! The nodes of the shell's tree (`org.apache.kafka.image.node`, `RootShellNode`, `LocalShellNode`): directories with the names in them,
//! and leaves with the text that Kafka prints for a part of the image.
//!
//! ACLs, quotas, SCRAM and delegation tokens are not in the image: their directories are as in a cluster that has none.

use protocol::api::{ConfigResourceKind, Name};
use protocol::features::{FEATURES, METADATA, metadata_version_name};
use protocol::image::{BrokerImage, ControllerImage, MetadataImage, TopicImage};
use protocol::metadata::PartitionRecord;
use protocol::{BrokerId, DirectoryId, TopicId};

use crate::io::civil;
use crate::tools::VERSION;

/// Of Kafka 4.4.0 (`kafka-version.properties`).
const COMMIT_ID: &str = "1156b2752aaa28ea";
/// In front of the names of features.
const FINALIZED: &str = "finalized_";

/// What is at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// The names in it, sorted.
    Directory(Vec<String>),
    Leaf(String),
}

impl Node {
    fn directory(names: impl IntoIterator<Item = impl ToString>) -> Option<Node> {
        let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        ordered::sort(&mut names);
        Some(Node::Directory(names))
    }
    fn leaf(value: impl ToString) -> Option<Node> {
        Some(Node::Leaf(value.to_string()))
    }
    pub(super) fn is_directory(&self) -> bool {
        matches!(self, Node::Directory(_))
    }
}

/// What is at a path of the tree that an image makes.
pub(super) fn find(image: &MetadataImage, path: &[&str]) -> Option<Node> {
    match path {
        [] => Node::directory(["image", "local"]),
        ["local"] => Node::directory(["commitId", "version"]),
        ["local", "commitId"] => Node::leaf(COMMIT_ID),
        ["local", "version"] => Node::leaf(VERSION),
        ["image"] => Node::directory([
            "acls",
            "clientQuotas",
            "cluster",
            "configs",
            "delegationToken",
            "features",
            "producerIds",
            "provenance",
            "scram",
            "topics",
        ]),
        ["image", "acls"] => Node::directory(["byId"]),
        ["image", "acls", "byId"] | ["image", "clientQuotas" | "delegationToken"] => Node::directory([""; 0]),
        ["image", "scram"] => Node::directory(["SCRAM-SHA-256", "SCRAM-SHA-512"]),
        ["image", "scram", "SCRAM-SHA-256" | "SCRAM-SHA-512"] => Node::directory([""; 0]),
        ["image", "cluster", rest @ ..] => cluster(image, rest),
        ["image", "configs", rest @ ..] => configs(image, rest),
        ["image", "features", rest @ ..] => features(image, rest),
        ["image", "producerIds"] => Node::directory(["nextProducerId"]),
        // There is none as long as no block of them was given out.
        ["image", "producerIds", "nextProducerId"] => match image.next_producer_id {
            0 => Node::leaf(-1),
            next => Node::leaf(next),
        },
        ["image", "provenance"] => Node::leaf(provenance(image)),
        ["image", "topics", rest @ ..] => topics(image, rest),
        _ => None,
    }
}

/// `ProvenanceNode`: the last record there is.
fn provenance(image: &MetadataImage) -> String {
    let at = civil(image.timestamp_ms);
    let second = match at.ms {
        0 => format!("{:02}", at.second),
        ms => format!("{:02}.{}", at.second, format!("{ms:03}").trim_end_matches('0')),
    };
    let (offset, epoch) = (image.offset, image.epoch);
    let (day, minute) =
        (format!("{:04}-{:02}-{:02}", at.year, at.month, at.day), format!("{:02}:{:02}", at.hour, at.minute));
    format!("offset {offset}, epoch {epoch}, time {day}T{minute}:{second}Z[UTC]")
}

fn cluster(image: &MetadataImage, path: &[&str]) -> Option<Node> {
    let id = |name: &str| name.parse().ok().map(BrokerId);
    match path {
        [] => Node::directory(["brokers", "controllers"]),
        ["brokers"] => Node::directory(image.brokers.keys()),
        ["brokers", name] => id(name).and_then(|id| Node::leaf(broker(id, image.brokers.get(&id)?))),
        ["controllers"] => Node::directory(image.controllers.keys()),
        ["controllers", name] => id(name).and_then(|id| Node::leaf(controller(id, image.controllers.get(&id)?))),
        _ => None,
    }
}

/// `BrokerRegistration#toString`.
fn broker(id: BrokerId, broker: &BrokerImage) -> String {
    let rack = broker.rack.as_ref().map_or("Optional.empty".to_owned(), |rack| format!("Optional[{rack}]"));
    format!(
        "BrokerRegistration(id={id}, epoch={}, incarnationId={}, listeners=[{}], supportedFeatures={}, rack={rack}, fenced={}, inControlledShutdown={}, isMigratingZkBroker=false, directories={}, cordonedDirectories={})",
        broker.epoch,
        TopicId(broker.incarnation),
        endpoint("PLAINTEXT", &broker.host, broker.port),
        supported_features(),
        broker.fenced,
        broker.in_controlled_shutdown,
        sorted_directories(&broker.log_dirs),
        sorted_directories(broker.cordoned.as_deref().unwrap_or_default()),
    )
}

/// `ControllerRegistration#toString`.
fn controller(id: BrokerId, controller: &ControllerImage) -> String {
    format!(
        "ControllerRegistration(id={id}, incarnationId={}, zkMigrationReady=false, listeners=[{}], supportedFeatures={})",
        TopicId(controller.incarnation),
        endpoint("CONTROLLER", &controller.host, controller.port),
        supported_features(),
    )
}

fn endpoint(listener: &str, host: &Name, port: u16) -> String {
    format!("Endpoint(listenerName='{listener}', securityProtocol=PLAINTEXT, host='{host}', port={port})")
}

/// What every node of this release supports.
fn supported_features() -> String {
    let feature = |(name, lowest, highest): &(&str, i16, i16)| format!("{name}: {lowest}-{highest}");
    format!("{{{}}}", FEATURES.iter().map(feature).collect::<Vec<_>>().join(", "))
}

/// In the order of `Uuid#compareTo`, which knows signs.
fn sorted_directories(directories: &[DirectoryId]) -> String {
    let mut directories = directories.to_vec();
    ordered::sort_by_key(&mut directories, |DirectoryId(bits)| ((bits >> 64) as i64, *bits as i64));
    list(&directories)
}

fn list(items: &[impl ToString]) -> String {
    format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// Kafka's names for what has configs (`ConfigResource.Type`).
const KINDS: [(ConfigResourceKind, &str); 3] = [
    (ConfigResourceKind::Topic, "TOPIC"),
    (ConfigResourceKind::Broker, "BROKER"),
    (ConfigResourceKind::Group, "GROUP"),
];

fn configs(image: &MetadataImage, path: &[&str]) -> Option<Node> {
    let called = |(kind, resource): &(ConfigResourceKind, Name)| {
        let (_, name) = KINDS.iter().find(|(known, _)| known == kind).expect("every kind has a name");
        if resource.is_empty() { (*name).to_owned() } else { format!("{name}:{resource}") }
    };
    match path {
        [] => Node::directory(image.configs.keys().map(called)),
        [resource, rest @ ..] => {
            let (_, configs) = image.configs.iter().find(|(key, _)| called(key) == *resource)?;
            match rest {
                [] => Node::directory(configs.keys()),
                [name] => Node::leaf(configs.get(*name)?),
                _ => None,
            }
        }
    }
}

fn features(image: &MetadataImage, path: &[&str]) -> Option<Node> {
    let others = || image.features.keys().filter(|name| ***name != *METADATA);
    match path {
        [] => Node::directory(others().map(|name| format!("{FINALIZED}{name}")).chain(["metadataVersion".to_owned()])),
        ["metadataVersion"] => match image.features.get(METADATA) {
            Some(level) => Node::leaf(format!("Optional[{}]", metadata_version_name(*level))),
            None => Node::leaf("Optional.empty"),
        },
        // One that has no level is at 0.
        [name] => Node::leaf(image.features.get(name.strip_prefix(FINALIZED)?).copied().unwrap_or(0)),
        _ => None,
    }
}

fn topics(image: &MetadataImage, path: &[&str]) -> Option<Node> {
    match path {
        [] => Node::directory(["byId", "byName"]),
        ["byId"] => Node::directory(image.topics.keys()),
        ["byName"] => Node::directory(image.by_name.keys()),
        ["byId", id, rest @ ..] => topic(image.topics.get(&TopicId::parse(id).ok()?)?, rest),
        ["byName", name, rest @ ..] => topic(image.topic(name)?, rest),
        _ => None,
    }
}

fn topic(topic: &TopicImage, path: &[&str]) -> Option<Node> {
    match path {
        [] => {
            let partitions = topic.partitions.iter().map(|partition| partition.partition.to_string());
            Node::directory(partitions.chain(["id".to_owned(), "name".to_owned()]))
        }
        ["id"] => Node::leaf(topic.id),
        ["name"] => Node::leaf(&topic.name),
        [partition] => Node::leaf(registration(topic.partitions.get(partition.parse::<usize>().ok()?)?)),
        _ => None,
    }
}

/// `PartitionRegistration#toString`.
fn registration(partition: &PartitionRecord) -> String {
    format!(
        "PartitionRegistration(replicas={}, directories={}, isr={}, removingReplicas={}, addingReplicas={}, elr={}, lastKnownElr={}, leader={}, leaderRecoveryState={}, leaderEpoch={}, partitionEpoch={})",
        list(&partition.replicas),
        list(&partition.directories),
        list(&partition.isr),
        list(&partition.removing),
        list(&partition.adding),
        list(&partition.elr),
        list(&partition.last_known_elr),
        partition.leader,
        if partition.recovering { "RECOVERING" } else { "RECOVERED" },
        partition.leader_epoch,
        partition.partition_epoch,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by Kafka's own shell of a snapshot of 4.4.0, ids and all.
    #[test]
    fn registrations_and_the_time_are_printed_as_kafka_prints_them() {
        let uuid = |text: &str| TopicId::parse(text).expect("it is a UUID").0;
        let registered = BrokerImage {
            epoch: 17,
            incarnation: uuid("xTTi45QfSaid8Q2kWARtAQ"),
            host: "localhost".into(),
            port: 39192,
            rack: None,
            fenced: true,
            in_controlled_shutdown: true,
            log_dirs: vec![DirectoryId(uuid("oFFTpRvAUNL7tixqJOHOag"))],
            cordoned: Some(Vec::new()),
        };
        let text = broker(BrokerId(1), &registered);
        assert!(text.starts_with("BrokerRegistration(id=1, epoch=17, incarnationId=xTTi45QfSaid8Q2kWARtAQ, listeners=[Endpoint(listenerName='PLAINTEXT', securityProtocol=PLAINTEXT, host='localhost', port=39192)], supportedFeatures={eligible.leader.replicas.version: 0-1, group.version: 0-1, "), "{text}");
        assert!(text.ends_with("}, rack=Optional.empty, fenced=true, inControlledShutdown=true, isMigratingZkBroker=false, directories=[oFFTpRvAUNL7tixqJOHOag], cordonedDirectories=[])"), "{text}");
        let at = |timestamp_ms| MetadataImage { offset: 61, epoch: 1, timestamp_ms, ..MetadataImage::default() };
        assert_eq!(provenance(&at(1_795_346_496_906)), "offset 61, epoch 1, time 2026-11-22T11:21:36.906Z[UTC]");
        assert_eq!(provenance(&at(1_800_000_000_000)), "offset 61, epoch 1, time 2027-01-15T08:00:00Z[UTC]");
        assert_eq!(provenance(&at(1_800_000_000_040)), "offset 61, epoch 1, time 2027-01-15T08:00:00.04Z[UTC]");
    }

    #[test]
    fn a_path_leads_to_what_is_there_and_to_nothing_else() {
        let image = MetadataImage::default();
        let names = |path: &[&str]| match find(&image, path) {
            Some(Node::Directory(names)) => names.join(" "),
            other => panic!("{path:?} is {other:?}"),
        };
        assert_eq!(names(&["image", "topics"]), "byId byName");
        assert_eq!(names(&["image", "features"]), "metadataVersion");
        assert_eq!(find(&image, &["image", "features", "metadataVersion"]), Node::leaf("Optional.empty"));
        assert_eq!(find(&image, &["image", "features", "finalized_nope"]), Node::leaf(0));
        assert_eq!(find(&image, &["image", "producerIds", "nextProducerId"]), Node::leaf(-1));
        for path in [&["image", "topics", "byName", "t"][..], &["local", "version", "x"], &["images"]] {
            assert_eq!(find(&image, path), None, "{path:?}");
        }
    }
}
