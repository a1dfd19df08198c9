//! Random faults on a whole lab, from seeds: processes are killed, stopped, paused and cut off while programs produce
//! and consume. No invariant may break, nothing may panic, what acks=all promised is there in the end, and the same
//! seed is the same run.

use kernel::Rng;
use lab::{Duration, Lab, Scenario};

const PURPOSE: u32 = 77;

/// What a seed does, as scenario: programs first, then a fault every few seconds, then everything is mended.
fn scenario(seed: u64) -> Scenario {
    let mut rng = Rng::new(seed, PURPOSE, 0);
    let brokers = 3;
    let mut commands = vec![
        (1_000, 2, "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t --throughput 50 --acks -1".to_owned()),
        (1_200, 3, "TOPIC=t KEY=a SENSOR=s BOOTSTRAP=broker-2:9092,broker-3:9092 python producer.py".to_owned()),
        (1_500, 4, "TOPICS=t GROUP=g BOOTSTRAP=broker-1:9092,broker-3:9092 python consumer.py".to_owned()),
        (1_700, 5, "CLIENT=librdkafka TOPICS=t GROUP=g BOOTSTRAP=broker-1:9092,broker-2:9092 python consumer.py".to_owned()),
    ];
    let mut at = 6_000;
    for _ in 0..6 {
        at += 1_000 + rng.below(9_000);
        let broker = 1 + rng.below(brokers);
        let other = 1 + (broker + rng.below(brokers - 1)) % brokers;
        let mend = at + 500 + rng.below(14_000);
        let (fault, cure) = match rng.below(5) {
            0 => (format!("sim kill broker {broker}"), format!("sim start broker {broker}")),
            1 => (format!("sim stop broker {broker}"), format!("sim start broker {broker}")),
            2 => (format!("sim pause broker {broker}"), format!("sim resume broker {broker}")),
            3 => (format!("sim cut broker {broker} | broker {other}"), "sim heal".to_owned()),
            _ => {
                let controller = 101 + rng.below(3);
                (format!("sim kill controller {controller}"), format!("sim start controller {controller}"))
            }
        };
        commands.push((at, 1, fault));
        commands.push((mend, 1, cure));
    }
    commands.push((100_000, 1, "sim heal".to_owned()));
    for broker in 1..=brokers {
        commands.push((100_100, 1, format!("sim resume broker {broker}")));
        commands.push((100_200, 1, format!("sim start broker {broker}")));
    }
    commands.sort_by_key(|(at, ..)| *at);
    let list: Vec<String> = commands
        .iter()
        .map(|(at, term, run)| format!(r#"{{"at": "{at}ms", "term": {term}, "run": {run:?}}}"#))
        .collect();
    let text = format!(
        r#"{{"seed": {seed}, "topics": [{{"name": "t", "partitions": 3, "replication_factor": 3}}], "commands": [{}]}}"#,
        list.join(",")
    );
    Scenario::parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"))
}

fn run(seed: u64) -> Lab {
    let mut lab = Lab::new(&scenario(seed)).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    lab.run_for(Duration::from_secs(160));
    lab
}

#[test]
fn random_faults_break_no_promise() {
    for seed in 0..16 {
        let lab = run(seed);
        let link = lab.link();
        assert_eq!(lab.violation().map(ToString::to_string), None, "seed {seed}: kafkasim replay '{link}'");
        let lost: Vec<_> = lab.ledger().lost(&lab).into_iter().filter(|lost| lost.promise.acks == -1).collect();
        assert!(lost.is_empty(), "seed {seed}: {} lost, e.g. {:?}: kafkasim replay '{link}'", lost.len(), lost[0]);
        assert!(lab.ledger().acked() > 500, "seed {seed}: only {} records were acknowledged", lab.ledger().acked());
        if seed % 6 == 0 {
            assert_eq!(run(seed).digest(), lab.digest(), "seed {seed}");
        }
    }
}
