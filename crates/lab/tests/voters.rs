//! Quorums whose voters change, as a judgement sees them: what is excused is what nobody can mend, and nothing else.

use lab::{BOOT, Duration, Lab, Scenario};

const QUORUM: &str = "kafka-metadata-quorum --bootstrap-server localhost:9092";

/// What terminal 1 was told last, in a run of a dynamic quorum with one broker.
fn told(controllers: u32, commands: &[(u64, &str)]) -> String {
    let command = |(ms, run): &(u64, &str)| {
        let term = if run.starts_with("sim ") { 1 } else { 2 };
        format!(r#"{{ "at": "{ms}ms", "term": {term}, "run": "{run}" }}"#)
    };
    let commands: Vec<String> = commands.iter().map(command).collect();
    let text = format!(
        r#"{{
            "cluster": {{ "brokers": 1, "controllers": {controllers}, "dynamic_quorum": true }},
            "topics": [{{ "name": "t", "partitions": 1, "replication_factor": 1 }}],
            "commands": [{}]
        }}"#,
        commands.join(",")
    );
    let mut lab = Lab::new(&Scenario::parse(&text).expect("it is right")).expect("it can be built");
    lab.run_until(BOOT + Duration::from_secs(40));
    let lines = lab.terminals()[&1].lines();
    lines.iter().last().expect("it says something").text.to_string()
}

/// A leader that dies has written down a fourth voter, who dies too, and told nobody. Most of those four are gone, but the two others know
/// of three voters, and elect one of themselves.
#[test]
fn voters_that_only_the_dead_know_of_excuse_nothing() {
    let add = format!("{QUORUM} --command-config controller-104.properties add-controller");
    let deaths = [
        (100, "sim add controller"),
        (3_000, "sim kill controller 102"),
        (3_000, "sim kill controller 103"),
        (3_100, add.as_str()),
        (3_800, "sim kill controller 101"),
        (3_800, "sim kill controller 104"),
        (3_800, "sim start controller 102"),
        (3_800, "sim start controller 103"),
    ];
    let mut at_once = deaths.to_vec();
    at_once.push((3_801, "sim judge"));
    let verdict = told(3, &at_once);
    assert_eq!(verdict, "liveness: no controller is active");
    let mut later = deaths.to_vec();
    later.push((30_000, "sim judge"));
    assert_eq!(told(3, &later), "no anomaly, and all has converged");
}

fn removal(id: i32, directory: &str) -> String {
    format!("{QUORUM} remove-controller --controller-id {id} --controller-directory-id {directory}")
}

const DIRECTORY_OF_101: &str = "sOHgig0zTvu1v8MlBVfrsg";

/// The only controller that a broker is configured with hands over to another and is none any more. Nobody tells either who leads now.
#[test]
fn a_broker_that_knows_only_a_controller_that_was_removed_is_excused() {
    let add = format!("{QUORUM} --command-config controller-102.properties add-controller");
    let remove = removal(101, DIRECTORY_OF_101);
    let commands = [(100, "sim add controller"), (4_000, &add), (8_000, &remove), (35_000, "sim judge")];
    let verdict = told(1, &commands);
    let excuse = "a broker knows nobody who could tell it which controller is active";
    assert_eq!(verdict, format!("no anomaly; not converged, which is excused: {excuse}"));
}

#[test]
fn a_broker_that_knows_other_controllers_than_the_one_that_was_removed_is_not() {
    let remove = removal(101, DIRECTORY_OF_101);
    assert_eq!(told(3, &[(4_000, &remove), (35_000, "sim judge")]), "no anomaly, and all has converged");
}

/// Two controllers are to vote, one right after the other, while whoever leads is cut off from the two other voters. It may take the first
/// change, and waits for good until that is committed. If it took both, it and they would be most of five, and the others most of three.
#[test]
fn voters_are_changed_one_at_a_time_for_two_changes_would_tear_the_log() {
    let add = |id: i32| format!("{QUORUM} --command-config controller-{id}.properties add-controller");
    let cut = |id: i32| {
        let others: Vec<String> =
            (101..104).filter(|other| *other != id).map(|id| format!("controller {id}")).collect();
        (3_000, format!("sim when 'controller() == {id}' sim cut controller {id} | {}", others.join(" ")))
    };
    let mut commands = vec![(100, "sim add controller".to_owned()), (200, "sim add controller".to_owned())];
    commands.extend((101..104).map(cut));
    commands.extend([(3_100, add(104)), (3_200, add(105)), (12_000, "sim mend".to_owned())]);
    let command = |(term, (ms, run)): (usize, &(u64, String))| {
        format!(r#"{{ "at": "{ms}ms", "term": {}, "run": "{run}" }}"#, term + 1)
    };
    let commands: Vec<String> = commands.iter().enumerate().map(command).collect();
    let cluster = r#""cluster": { "brokers": 1, "controllers": 3, "dynamic_quorum": true }"#;
    let broken = |plant: &str| {
        let text = format!(r#"{{ {cluster}, {plant} "commands": [{}] }}"#, commands.join(","));
        let mut lab = Lab::new(&Scenario::parse(&text).expect("it is right")).expect("it can be built");
        lab.run_until(BOOT + Duration::from_secs(30));
        lab.violation().map(|violation| violation.invariant)
    };
    assert_eq!((broken(""), broken(r#""plant": "voters-changed-at-once","#)), (None, Some("metadata-agrees")));
}
