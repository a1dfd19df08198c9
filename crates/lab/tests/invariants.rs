//! Every invariant is seen to fire: a bug is planted, a short scenario is played, and exactly that claim breaks. The same
//! scenario without the bug breaks nothing.

use lab::scenario::{ClusterShape, Planted, Span, TimedCommand, TopicShape};
use lab::units::parse_duration;
use lab::{BOOT, INVARIANTS, Lab, Scenario};

/// A scenario in which a planted bug breaks one claim, and no other before it.
struct Row {
    breaks: &'static str,
    plant: &'static str,
    seed: u64,
    brokers: u32,
    controllers: u32,
    /// The first brokers are the controllers.
    combined: bool,
    partitions: i32,
    /// Of the topic `t`, which every broker holds.
    topic: &'static str,
    /// Of every process.
    configs: &'static str,
    /// Lines of `time terminal command`; `BOOT` stands for all brokers.
    commands: &'static str,
    until: &'static str,
}

impl Row {
    const fn new(breaks: &'static str, plant: &'static str, commands: &'static str, until: &'static str) -> Row {
        Row {
            breaks,
            plant,
            seed: 7,
            brokers: 3,
            controllers: 1,
            combined: false,
            partitions: 1,
            topic: "",
            configs: "",
            commands,
            until,
        }
    }
}

const ROWS: &[Row] = &[
    // The only replica loses what a consumer has read, and has as much again when the consumer can reach it.
    Row {
        brokers: 1,
        ..Row::new(
            "reads-one-log",
            "truncation-missed",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
             1s 3 kafka-console-consumer --bootstrap-server BOOT --topic t --partition 0 --offset earliest
             5s 1 sim cut term:3 | broker 1
             6s 1 sim power-off broker 1
             7s 1 sim start broker 1
             45s 1 sim heal term:3 | broker 1",
            "60s",
        )
    },
    Row {
        brokers: 2,
        ..Row::new(
            "one-leader-per-epoch",
            "deposed-leader",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
             4s 1 sim kill leader:t-0
             20s 1 sim mend
             30s 1 kafka-leader-election --bootstrap-server BOOT --election-type preferred --all-topic-partitions
             32s 3 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20",
            "40s",
        )
    },
    // Who is cut off, and comes back while the others vote, votes for two.
    Row {
        seed: 76,
        brokers: 4,
        controllers: 3,
        combined: true,
        topic: "min.insync.replicas=1",
        ..Row::new(
            "one-quorum-leader",
            "votes-twice",
            "3077ms 1 sim cut leader:t-0 | rest
             15559ms 1 sim pause leader:t-0
             18288ms 1 sim mend",
            "20s",
        )
    },
    Row::new("epochs-grow", "epoch-reused", "4s 1 sim kill leader:t-0\n20s 1 sim mend", "40s"),
    Row::new(
        "high-watermark-monotonic",
        "high-watermark-falls",
        "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
         4s 1 sim kill leader:t-0",
        "20s",
    ),
    Row {
        brokers: 2,
        topic: "min.insync.replicas=2 segment.ms=1000 retention.ms=1000",
        configs: "log.retention.check.interval.ms=1000 log.initial.task.delay.ms=1000",
        ..Row::new(
            "log-start-monotonic",
            "retention-past-high-watermark",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --acks 1
             3s 1 sim cut leader:t-0 | followers:t-0",
            "12s",
        )
    },
    Row {
        brokers: 2,
        topic: "min.insync.replicas=2",
        ..Row::new(
            "log-matching",
            "divergence-by-offset",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --max-messages 20 --acks 1
             4s 1 sim cut broker 1 | broker 2
             5s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --max-messages 1 --value-prefix 1 --acks 1
             6s 1 sim stop leader:t-0
             20s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --max-messages 1 --value-prefix 2 --acks 1
             22s 1 sim kill leader:t-0
             24s 1 sim heal broker 1 | broker 2
             25s 1 sim start broker 1
             35s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --max-messages 9 --value-prefix 3 --acks 1
             40s 1 sim start broker 2",
            "60s",
        )
    },
    Row {
        topic: "min.insync.replicas=2",
        ..Row::new(
            "in-sync-hold-committed",
            "truncate-to-high-watermark",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 50
             4s 1 sim kill leader:t-0",
            "20s",
        )
    },
    Row::new(
        "acked-is-committed",
        "ack-before-isr",
        "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20",
        "4s",
    ),
    Row {
        brokers: 2,
        topic: "min.insync.replicas=2",
        ..Row::new(
            "acked-survive",
            "last-replica-standing",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --max-messages 20
             4s 1 sim power-off broker 2
             20s 1 sim kill broker 1
             32s 1 sim start broker 2",
            "45s",
        )
    },
    // The same in a topic that was deleted and made again.
    Row {
        brokers: 2,
        ..Row::new(
            "acked-survive",
            "last-replica-standing",
            "1s 1 kafka-topics --bootstrap-server BOOT --delete --topic t
             2s 1 kafka-topics --bootstrap-server BOOT --create --topic t --partitions 1 --replication-factor 2 --config min.insync.replicas=2
             4s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --max-messages 20
             7s 1 sim power-off broker 2
             23s 1 sim kill broker 1
             35s 1 sim start broker 2",
            "48s",
        )
    },
    Row {
        brokers: 2,
        topic: "min.insync.replicas=2",
        ..Row::new(
            "committed-by-min-isr",
            "min-isr-ignored",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --acks 1
             3s 1 sim kill broker 2",
            "20s",
        )
    },
    Row {
        brokers: 2,
        ..Row::new(
            "unclean-only-if-allowed",
            "elr-ignored",
            "1s 1 sim kill broker 2\n13s 1 sim kill broker 1\n25s 1 sim start broker 2",
            "40s",
        )
    },
    Row {
        brokers: 1,
        ..Row::new(
            "sequences-in-order",
            "sequence-unchecked",
            LOST_ANSWERS,
            "20s",
        )
    },
    Row {
        brokers: 1,
        ..Row::new(
            "offsets-dense",
            "duplicate-takes-offsets",
            LOST_ANSWERS,
            "20s",
        )
    },
    Row {
        brokers: 1,
        topic: "retention.ms=3000",
        configs: "log.retention.check.interval.ms=1000 log.initial.task.delay.ms=1000",
        ..Row::new(
            "retention-keeps-young",
            "retention-by-first-record",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20",
            "10s",
        )
    },
    Row {
        controllers: 3,
        ..Row::new(
            "metadata-agrees",
            "commit-without-majority",
            "1s 1 sim cut controller 101 | rest
             10s 1 sim mend
             11s 1 sim cut controller 102 | rest
             20s 1 sim mend
             21s 1 sim cut controller 103 | rest",
            "30s",
        )
    },
    Row {
        brokers: 1,
        ..Row::new(
            "committed-within-log",
            "commit-off-by-one",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --max-messages 20
             1s 3 kafka-console-consumer --bootstrap-server BOOT --topic t --group g --from-beginning",
            "20s",
        )
    },
    Row {
        brokers: 1,
        topic: "cleanup.policy=compact segment.ms=1000 min.cleanable.dirty.ratio=0.01",
        configs: "log.cleaner.backoff.ms=1000 log.initial.task.delay.ms=1000",
        ..Row::new(
            "compaction-keeps-last",
            "compaction-off-by-one",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --repeating-keys 7",
            "20s",
        )
    },
    // Also in a topic that was deleted and made again, from where it begins.
    Row {
        brokers: 1,
        topic: "cleanup.policy=compact segment.ms=1000 min.cleanable.dirty.ratio=0.9",
        configs: "log.cleaner.backoff.ms=1000 log.initial.task.delay.ms=1000 auto.create.topics.enable=false",
        ..Row::new(
            "compaction-keeps-last",
            "compaction-off-by-one",
            "4s 3 kafka-topics --bootstrap-server BOOT --delete --topic t
             6s 3 kafka-topics --bootstrap-server BOOT --create --topic t --config cleanup.policy=compact --config segment.ms=1000 --config min.cleanable.dirty.ratio=0.01
             7s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --repeating-keys 7",
            "20s",
        )
    },
    Row {
        brokers: 1,
        configs: "group.initial.rebalance.delay.ms=0 auto.create.topics.enable=false",
        ..Row::new(
            "committed-offsets-grow",
            "zombie-commits",
            "1s 1 kafka-topics --bootstrap-server BOOT --delete --topic t
             3s 1 kafka-topics --bootstrap-server BOOT --create --topic t
             5s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
             5s 3 CONSUME
             12s 1 sim pause term:3
             13s 4 CONSUME
             34s 1 sim resume term:3",
            "49s",
        )
    },
    Row {
        brokers: 1,
        configs: "group.initial.rebalance.delay.ms=0",
        ..Row::new(
            "committed-offsets-grow",
            "zombie-commits",
            "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
             1s 3 CONSUME
             8s 1 sim pause term:3
             9s 4 CONSUME
             30s 1 sim resume term:3",
            "45s",
        )
    },
    Row::new(
        "commits-survive",
        "commit-before-replicated",
        "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20
         1s 3 CONSUME
         8s 1 sim cut leader:__consumer_offsets-0 | followers:__consumer_offsets-0
         9s 1 sim kill leader:__consumer_offsets-0
         10s 1 sim mend",
        "30s",
    ),
    Row {
        brokers: 1,
        partitions: 2,
        configs: "group.initial.rebalance.delay.ms=1000",
        ..Row::new("one-owner", "assignment-of-another", "1s 3 CONSUME\n1s 4 CONSUME", "20s")
    },
];

/// A producer whose batches arrive, and their answers do not.
const LOST_ANSWERS: &str =
    "1s 2 kafka-verifiable-producer --bootstrap-server BOOT --topic t --throughput 20 --command-config retry.properties
             3s 1 sim cut broker 1 > term:2
             10s 1 sim mend";

const CONSUME: &str = "kafka-console-consumer --bootstrap-server BOOT --topic t --group g --from-beginning \
     --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 \
     --command-property auto.commit.interval.ms=200";

fn span(text: &str) -> Span {
    Span(parse_duration(text).expect("it is a span of time"))
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split_whitespace().map(|pair| {
        let (name, value) = pair.split_once('=').expect("it is name=value");
        (name.to_owned(), value.to_owned())
    })
}

fn scenario(row: &Row, is_planted: bool) -> Scenario {
    let brokers: Vec<String> = (1..=row.brokers).map(|id| format!("broker-{id}:9092")).collect();
    let command = |line: &str| {
        let mut words = line.trim().splitn(3, ' ');
        let mut word = || words.next().expect("a line has a time, a terminal and a command");
        let (at, term, run) = (span(word()), word().parse().expect("terminals are numbered"), word());
        TimedCommand { at, term, run: run.replace("CONSUME", CONSUME).replace("BOOT", &brokers.join(",")) }
    };
    let offsets_topic = [("offsets.topic.num.partitions", 1), ("offsets.topic.replication.factor", row.brokers.min(3))];
    let offsets_topic = offsets_topic.map(|(name, value)| (name.to_owned(), value.to_string()));
    let retry = "request.timeout.ms=1500\ndelivery.timeout.ms=60000\nretries=2147483647\n";
    Scenario {
        seed: row.seed,
        cluster: ClusterShape {
            brokers: row.brokers,
            controllers: row.controllers,
            combined: row.combined,
            configs: offsets_topic.into_iter().chain(pairs(row.configs)).collect(),
            ..ClusterShape::default()
        },
        topics: vec![TopicShape {
            name: "t".into(),
            partitions: Some(row.partitions),
            replication_factor: Some(row.brokers.min(3) as i16),
            configs: pairs(row.topic).collect(),
        }],
        files: [("retry.properties".to_owned(), retry.to_owned())].into_iter().collect(),
        commands: row.commands.lines().map(command).collect(),
        plant: Planted(if is_planted { row.plant.parse().expect("it can be planted") } else { lab::Plant::None }),
        ..Scenario::default()
    }
}

/// What breaks when the scenario is played.
fn broken(row: &Row, is_planted: bool) -> Option<String> {
    let mut lab = Lab::new(&scenario(row, is_planted)).expect("it is a scenario");
    lab.run_until(BOOT + span(row.until).0);
    lab.violation().map(ToString::to_string)
}

/// What is wrong with a row, if anything.
fn trouble(row: &Row) -> Option<String> {
    let expected = format!("invariant `{}` broke", row.breaks);
    let (found, without) = (broken(row, true), broken(row, false));
    let fires = found.as_ref().is_some_and(|found| found.starts_with(&expected));
    let text = || format!("{} with {}: {found:?}; without: {without:?}", row.breaks, row.plant);
    (!fires || without.is_some()).then(text)
}

#[test]
fn each_invariant_fires_when_its_bug_is_planted_and_not_without() {
    let troubles: Vec<String> = ROWS.iter().filter_map(trouble).collect();
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    for invariant in INVARIANTS {
        assert!(ROWS.iter().any(|row| row.breaks == invariant.id), "{} was never seen to fire", invariant.id);
    }
}
