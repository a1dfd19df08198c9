//! What idempotence does not prevent in Kafka, and what would be a bug (`judge/forgotten.rs`).

use lab::{BOOT, Duration, Lab, Scenario};
use protocol::TopicPartition;

/// A broker's answers do not reach a producer with several batches in flight; the broker stops, and is back when the producer
/// is heard again. Seen with a real broker and client (4.1.0): of the records A B C, with B and C unanswered, A B C B C is left.
fn scenario(plant: &str, before: &str, while_unheard: &str) -> Scenario {
    let text = format!(
        r#"{{
            "cluster": {{ "brokers": 1, "controllers": 1 }},
            "topics": [{{ "name": "t", "partitions": 1, "replication_factor": 1 }}],
            "files": {{ "p": "batch.size=0\nretries=2147483647\nrequest.timeout.ms=1500\ndelivery.timeout.ms=60000\n" }},
            "commands": [
                {{ "at": "100ms", "run": "{before}" }},
                {{ "at": "21s", "term": 2, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092 --topic t --throughput 20 --max-messages 200 --value-prefix 1 --command-config p" }},
                {{ "at": "22s", "run": "sim cut broker 1 > term:2" }},
                {{ "at": "22500ms", "run": "{while_unheard}" }},
                {{ "at": "28s", "run": "sim mend" }},
                {{ "at": "50s", "run": "sim judge" }}
            ]{plant}
        }}"#
    );
    Scenario::parse(&text).expect("it is right")
}

/// Records in the log, and how many of them are copies.
fn written(lab: &Lab) -> (usize, usize) {
    let log = lab.leader_log(&TopicPartition::new("t", 0)).expect("it has a leader");
    let values = log.batches_from(0).flat_map(|batch| batch.offsets()).map(|(_, record)| record.value.clone());
    let mut values: Vec<_> = values.collect();
    let count = values.len();
    values.sort();
    values.dedup();
    (count, count - values.len())
}

fn played(plant: &str, before: &str, while_unheard: &str) -> Lab {
    let mut lab = Lab::new(&scenario(plant, before, while_unheard)).expect("it is a scenario");
    lab.run_until(BOOT + Duration::from_secs(51));
    lab
}

#[test]
fn a_leader_that_restarts_remembers_one_batch_of_a_producer_and_that_is_no_anomaly() {
    let lab = played("", "", "sim stop broker 1");
    let (count, copies) = written(&lab);
    assert!(copies > 1 && count == 200 + copies, "{count} records, {copies} copies");
    assert_eq!(lab.violation(), None);
}

#[test]
fn one_that_ran_all_along_lets_no_copy_in() {
    let lab = played("", "", "");
    assert_eq!((written(&lab), lab.violation()), ((200, 0), None));
}

#[test]
fn a_window_that_is_too_small_lets_copies_in_and_is_found_out() {
    let lab = played(r#", "plant": "window-of-four""#, "", "");
    assert!(lab.violation().is_some_and(|violation| violation.invariant == "duplicate"), "{:?}", lab.violation());
}

#[test]
fn a_restart_before_the_records_were_written_excuses_no_copy_of_them() {
    let lab = played(r#", "plant": "window-of-four""#, "sim restart broker 1", "");
    assert!(lab.violation().is_some_and(|violation| violation.invariant == "duplicate"), "{:?}", lab.violation());
    assert_eq!(played("", "sim restart broker 1", "").violation(), None);
}
