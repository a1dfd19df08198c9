//! Auto-commit: what a program was handed and has not handled is not committed, and the next member of its group gets it again.

use lab::{BOOT, Duration, Lab, Scenario};

/// A member dies as it takes records, and another comes. What the judgement says.
fn verdict(plant: &str) -> String {
    let consumer = "kafka-console-consumer --bootstrap-server localhost:9092 --topic t --group g --from-beginning \
                    --command-property auto.commit.interval.ms=200 --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500";
    let text = format!(
        r#"{{
            "cluster": {{ "controllers": 1 }},
            "topics": [{{ "name": "t", "partitions": 1, "replication_factor": 3 }}],
            {plant}
            "commands": [
                {{ "at": "1s", "term": 2, "run": "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic t --throughput 20 --max-messages 400" }},
                {{ "at": "1s", "term": 3, "run": "{consumer}" }},
                {{ "at": "15s", "run": "sim kill term:3 at after-delivery" }},
                {{ "at": "17s", "term": 4, "run": "{consumer}" }},
                {{ "at": "60s", "run": "sim judge" }}
            ]
        }}"#
    );
    let mut lab = Lab::new(&Scenario::parse(&text).expect("it is right")).expect("it can be built");
    lab.run_until(BOOT + Duration::from_secs(61));
    let lines = lab.terminals()[&1].lines();
    lines.iter().last().expect("it says something").text.to_string()
}

#[test]
fn what_a_member_died_with_is_given_to_the_next_unless_it_was_committed_before() {
    assert_eq!(verdict(""), "no anomaly, and all has converged");
    let skipped = verdict(r#""plant": "commit-before-process","#);
    assert!(skipped.starts_with("poll-skip: t-0: group g was never given offsets "), "{skipped}");
}
