//! The JSON that `kafka-reassign-partitions` reads and prints.

use ordered::SortedSet;
use protocol::{BrokerId, TopicPartition, gap};
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use crate::tools::json_value::{MAPPING, array, field, int, list, object, text, version};

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

/// What is printed: the file of `--reassignment-json-file`.
#[derive(Serialize)]
struct Reassignment {
    version: i64,
    partitions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    topic: String,
    partition: i32,
    replicas: Vec<i32>,
    log_dirs: Vec<String>,
}

fn mapping(message: String) -> Failure {
    Failure::thrown(MAPPING, message)
}

/// A file of version 1: the rows of one of its fields; none if it is not there.
fn rows(text: &str, name: &str) -> Result<Vec<Value>, Failure> {
    let operation = |message: String| Failure::thrown("org.apache.kafka.tools.AdminOperationException", message);
    gap!("what Kafka's JSON parser says of a reassignment file that is no JSON", "Json#tryParseFull");
    let json: Value =
        serde_json::from_str(text).map_err(|_| operation("The input string is not a valid JSON".to_owned()))?;
    let file = object(&json).map_err(mapping)?;
    match version(file).map_err(mapping)? {
        1 => file.get(name).map_or(Ok(Vec::new()), |rows| Ok(array(rows).map_err(mapping)?.to_vec())),
        other => Err(operation(format!("Not supported version field value {other}"))),
    }
}

/// Reads a reassignment (`parsePartitionReassignmentData`).
pub(super) fn targets(text: &str) -> Result<Vec<Target>, Failure> {
    rows(text, "partitions")?.iter().map(target).collect()
}

fn target(row: &Value) -> Result<Target, Failure> {
    let (tp, replicas, log_dirs) = fields(row).map_err(mapping)?;
    let log_dirs = log_dirs.unwrap_or_else(|| vec![ANY.to_owned(); replicas.len()]);
    if replicas.len() != log_dirs.len() {
        return Err(Failure::command(format!(
            "Size of replicas list {replicas:?} is different from size of log dirs list [{}] for partition {tp}",
            log_dirs.join(", ")
        )));
    }
    Ok(Target { tp, replicas: replicas.into_iter().map(BrokerId).collect(), log_dirs })
}

type Fields = (TopicPartition, Vec<i32>, Option<Vec<String>>);

fn fields(row: &Value) -> Result<Fields, String> {
    let row = object(row)?;
    let tp = TopicPartition::new(text(field(row, "topic")?)?, int(field(row, "partition")?)?);
    let replicas = list(field(row, "replicas")?)?.iter().map(int).collect::<Result<_, _>>()?;
    let dirs = |dirs: &Value| list(dirs)?.iter().map(|dir| text(dir).map(str::to_owned)).collect();
    Ok((tp, replicas, row.get("log_dirs").map(dirs).transpose()?))
}

/// Of several rows of a partition the last one, where Kafka makes a map of them.
pub(super) fn keep_last(targets: &mut Vec<Target>) {
    let mut seen = SortedSet::new();
    targets.reverse();
    targets.retain(|target| seen.insert(target.tp.clone()));
    targets.reverse();
}

/// What `--execute` refuses to do (`parseExecuteAssignmentArgs`).
pub(super) fn check_executable(targets: &[Target]) -> Result<(), Failure> {
    refusal_of(targets).map_or(Ok(()), |message| Err(Failure::command(message)))
}

fn refusal_of(targets: &[Target]) -> Option<String> {
    if targets.is_empty() {
        return Some("Partition reassignment list cannot be empty".into());
    }
    if targets.iter().any(|target| target.replicas.is_empty()) {
        return Some("Partition replica list cannot be empty".into());
    }
    let twice = duplicates(targets.iter().map(|target| &target.tp));
    if !twice.is_empty() {
        return Some(format!("Partition reassignment contains duplicate topic partitions: {}", twice.join(",")));
    }
    let entries = targets.iter().filter_map(|target| {
        let twice = duplicates(target.replicas.iter());
        (!twice.is_empty()).then(|| format!("{} contains multiple entries for {}", target.tp, twice.join(",")))
    });
    let entries: Vec<String> = entries.collect();
    (!entries.is_empty())
        .then(|| format!("Partition replica lists may not contain duplicate entries: {}", entries.join(". ")))
}

/// Reads the topics to move and the brokers to move them to (`parseGenerateAssignmentArgs`).
pub(super) fn wishes(file: &str, brokers: &str) -> Result<(Vec<String>, Vec<BrokerId>), Failure> {
    let number = |id: &str| {
        let bad = |_| Failure::thrown("java.lang.NumberFormatException", format!("For input string: \"{id}\""));
        id.trim().parse().map(BrokerId).map_err(bad)
    };
    let brokers: Vec<BrokerId> = brokers.split(',').map(number).collect::<Result<_, _>>()?;
    let twice = duplicates(brokers.iter());
    if !twice.is_empty() {
        return Err(Failure::command(format!("Broker list contains duplicate entries: [{}]", twice.join(", "))));
    }
    let topic = |row: &Value| text(field(object(row)?, "topic")?).map(str::to_owned);
    let topics: Vec<String> = rows(file, "topics")?.iter().map(topic).collect::<Result<_, _>>().map_err(mapping)?;
    let twice = duplicates(topics.iter());
    if !twice.is_empty() {
        let list = twice.join(", ");
        return Err(Failure::command(format!("List of topics to reassign contains duplicate entries: [{list}]")));
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
        log_dirs: target.log_dirs,
    };
    let file = Reassignment { version: 1, partitions: targets.into_iter().map(row).collect() };
    serde_json::to_string(&file).expect("numbers and texts are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Class and message.
    fn shown(failure: Failure) -> String {
        super::super::lines(failure).swap_remove(1)
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(), &str>) {
        let found = targets(text).and_then(|targets| check_executable(&targets)).map_err(shown);
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_reassignment_is_refused_in_kafkas_words() {
        check(r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,2]}]}"#, Ok(()));
        check("hello", Err("org.apache.kafka.tools.AdminOperationException: The input string is not a valid JSON"));
        check(
            r#"{"version":2}"#,
            Err("org.apache.kafka.tools.AdminOperationException: Not supported version field value 2"),
        );
        check(
            r#"{"partitions":[]}"#,
            Err("org.apache.kafka.tools.AdminCommandFailedException: Partition reassignment list cannot be empty"),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[]}]}"#,
            Err("org.apache.kafka.tools.AdminCommandFailedException: Partition replica list cannot be empty"),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,1]}]}"#,
            Err(
                "org.apache.kafka.tools.AdminCommandFailedException: Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1",
            ),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1]},{"topic":"t","partition":0,"replicas":[2]}]}"#,
            Err(
                "org.apache.kafka.tools.AdminCommandFailedException: Partition reassignment contains duplicate topic partitions: t-0",
            ),
        );
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any"]}]}"#,
            Err(
                "org.apache.kafka.tools.AdminCommandFailedException: Size of replicas list [1, 2] is different from size of log dirs list [any] for partition t-0",
            ),
        );
    }

    #[test]
    fn what_should_be_a_list_and_is_none_is_named_as_kafka_names_it() {
        for wrong in ["null", "{}", "3"] {
            let text = format!(r#"{{"partitions":[{{"topic":"t","partition":0,"replicas":{wrong}}}]}}"#);
            check(&text, Err(&format!("{MAPPING}: Expected `JSON array` value, received {wrong}")));
        }
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        let text =
            r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/d"]}]}"#;
        assert_eq!(targets(text).map(format).map_err(shown).as_deref(), Ok(text));
    }

    #[test]
    fn topics_and_brokers_to_move_them_to_come_once() {
        let topics = r#"{"topics":[{"topic":"a"},{"topic":"b"}],"version":1}"#;
        let found = |file: &str, brokers: &str| {
            let found = wishes(file, brokers).map(|(topics, brokers)| (topics.len(), brokers[0]));
            found.map_err(shown)
        };
        assert_eq!(found(topics, "3,1"), Ok((2, BrokerId(3))));
        let refused = |text: &str| Err(text.to_owned());
        const FAILED: &str = "org.apache.kafka.tools.AdminCommandFailedException";
        assert_eq!(
            found(topics, "1,1,2,2"),
            refused(&format!("{FAILED}: Broker list contains duplicate entries: [1, 2]"))
        );
        assert_eq!(found(topics, "x"), refused("java.lang.NumberFormatException: For input string: \"x\""));
        let twice = r#"{"topics":[{"topic":"a"},{"topic":"a"}]}"#;
        assert_eq!(
            found(twice, "1"),
            refused(&format!("{FAILED}: List of topics to reassign contains duplicate entries: [a]"))
        );
        assert_eq!(
            found(r#"{"topics":[{}]}"#, "1"),
            refused("com.fasterxml.jackson.databind.JsonMappingException: No such field exists: `topic`")
        );
    }

    #[test]
    fn of_two_rows_of_a_partition_the_last_one_is_verified() {
        let row = |replica| format!(r#"{{"topic":"t","partition":0,"replicas":[{replica}]}}"#);
        let file = format!(r#"{{"partitions":[{},{}]}}"#, row(1), row(2));
        let mut targets = targets(&file).map_err(shown).expect("it is readable");
        keep_last(&mut targets);
        assert_eq!(targets.iter().map(|target| target.replicas.clone()).collect::<Vec<_>>(), [[BrokerId(2)]]);
    }
}
