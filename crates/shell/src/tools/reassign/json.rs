//! The JSON that `kafka-reassign-partitions` reads and prints.

use ordered::SortedSet;
use protocol::{BrokerId, TopicPartition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The log directory that says "wherever it is".
pub(super) const ANY: &str = "any";

/// One partition of a reassignment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Target {
    pub(super) tp: TopicPartition,
    pub(super) replicas: Vec<BrokerId>,
    /// One for each replica: a path, or [`ANY`].
    pub(super) log_dirs: Vec<String>,
}

/// The file of `--reassignment-json-file`.
#[derive(Deserialize, Serialize)]
struct Reassignment {
    #[serde(default = "one")]
    version: i64,
    #[serde(default)]
    partitions: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
struct Row {
    topic: String,
    partition: i32,
    replicas: Vec<i32>,
    log_dirs: Option<Vec<String>>,
}

/// The file of `--topics-to-move-json-file`.
#[derive(Deserialize)]
struct Topics {
    #[serde(default = "one")]
    version: i64,
    #[serde(default)]
    topics: Vec<Topic>,
}

#[derive(Deserialize)]
struct Topic {
    topic: String,
}

fn one() -> i64 {
    1
}

fn read<T: DeserializeOwned>(text: &str, version: fn(&T) -> i64) -> Result<T, String> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "The input string is not a valid JSON".to_owned())?;
    let read: T = serde_json::from_value(json).map_err(|error| error.to_string())?;
    match version(&read) {
        1 => Ok(read),
        other => Err(format!("Not supported version field value {other}")),
    }
}

/// Reads a reassignment (`parsePartitionReassignmentData`).
pub(super) fn targets(text: &str) -> Result<Vec<Target>, String> {
    let file: Reassignment = read(text, |file: &Reassignment| file.version)?;
    let target = |row: Row| {
        let tp = TopicPartition::new(row.topic, row.partition);
        let log_dirs = row.log_dirs.unwrap_or_else(|| vec![ANY.to_owned(); row.replicas.len()]);
        if row.replicas.len() != log_dirs.len() {
            return Err(format!(
                "Size of replicas list {:?} is different from size of log dirs list [{}] for partition {tp}",
                row.replicas,
                log_dirs.join(", ")
            ));
        }
        Ok(Target { tp, replicas: row.replicas.into_iter().map(BrokerId).collect(), log_dirs })
    };
    file.partitions.into_iter().map(target).collect()
}

/// What `--execute` refuses to do (`parseExecuteAssignmentArgs`).
pub(super) fn check_executable(targets: &[Target]) -> Result<(), String> {
    if targets.is_empty() {
        return Err("Partition reassignment list cannot be empty".into());
    }
    if targets.iter().any(|target| target.replicas.is_empty()) {
        return Err("Partition replica list cannot be empty".into());
    }
    let twice = duplicates(targets.iter().map(|target| &target.tp));
    if !twice.is_empty() {
        return Err(format!("Partition reassignment contains duplicate topic partitions: {}", twice.join(",")));
    }
    let entries = targets.iter().filter_map(|target| {
        let twice = duplicates(target.replicas.iter());
        (!twice.is_empty()).then(|| format!("{} contains multiple entries for {}", target.tp, twice.join(",")))
    });
    let entries: Vec<String> = entries.collect();
    match entries.is_empty() {
        true => Ok(()),
        false => Err(format!("Partition replica lists may not contain duplicate entries: {}", entries.join(". "))),
    }
}

/// Reads the topics to move and the brokers to move them to (`parseGenerateAssignmentArgs`).
pub(super) fn wishes(text: &str, brokers: &str) -> Result<(Vec<String>, Vec<BrokerId>), String> {
    let number = |id: &str| id.trim().parse().map(BrokerId).map_err(|_| format!("For input string: \"{id}\""));
    let brokers: Vec<BrokerId> = brokers.split(',').map(number).collect::<Result<_, _>>()?;
    let twice = duplicates(brokers.iter());
    if !twice.is_empty() {
        return Err(format!("Broker list contains duplicate entries: {}", twice.join(", ")));
    }
    let file: Topics = read(text, |file: &Topics| file.version)?;
    let topics: Vec<String> = file.topics.into_iter().map(|topic| topic.topic).collect();
    let twice = duplicates(topics.iter());
    if !twice.is_empty() {
        return Err(format!("List of topics to reassign contains duplicate entries: {}", twice.join(", ")));
    }
    Ok((topics, brokers))
}

/// Those that come more than once, as text.
fn duplicates<'a, T: Ord + ToString + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<String> {
    let mut seen = SortedSet::new();
    let mut twice: Vec<String> = items.filter(|item| !seen.insert(*item)).map(ToString::to_string).collect();
    twice.dedup();
    twice
}

/// One line of JSON, sorted by partition (`formatAsReassignmentJson`).
pub(super) fn format(mut targets: Vec<Target>) -> String {
    ordered::sort_by(&mut targets, |a, b| a.tp.cmp(&b.tp));
    let row = |target: Target| Row {
        topic: target.tp.topic.as_ref().to_owned(),
        partition: target.tp.partition,
        replicas: target.replicas.into_iter().map(|id| id.0).collect(),
        log_dirs: Some(target.log_dirs),
    };
    let file = Reassignment { version: 1, partitions: targets.into_iter().map(row).collect() };
    serde_json::to_string(&file).expect("numbers and texts are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), &str>) {
        let found = targets(text).and_then(|targets| check_executable(&targets));
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_reassignment_is_refused_in_kafkas_words() {
        check(r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,2]}]}"#, Ok(()));
        check("hello", Err("The input string is not a valid JSON"));
        check(r#"{"version":2}"#, Err("Not supported version field value 2"));
        check(r#"{"partitions":[]}"#, Err("Partition reassignment list cannot be empty"));
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[]}]}"#,
            Err("Partition replica list cannot be empty"),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,1]}]}"#,
            Err("Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1"),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1]},{"topic":"t","partition":0,"replicas":[2]}]}"#,
            Err("Partition reassignment contains duplicate topic partitions: t-0"),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any"]}]}"#,
            Err("Size of replicas list [1, 2] is different from size of log dirs list [any] for partition t-0"),
        );
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        let text =
            r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/d"]}]}"#;
        assert_eq!(format(targets(text).expect("it is readable")), text);
    }

    #[test]
    fn topics_and_brokers_to_move_them_to_come_once() {
        let topics = r#"{"topics":[{"topic":"a"},{"topic":"b"}],"version":1}"#;
        assert_eq!(wishes(topics, "3,1").map(|(topics, brokers)| (topics.len(), brokers[0])), Ok((2, BrokerId(3))));
        assert_eq!(wishes(topics, "1,1"), Err("Broker list contains duplicate entries: 1".into()));
        assert_eq!(wishes(topics, "x"), Err("For input string: \"x\"".into()));
    }
}
