//! Mistakes of the model, and of its claims, that sweeps found, each as the few commands that were left of the plan.

use protocol::{Batch, BrokerId, Note, TopicId, TopicPartition};

use lab::{BOOT, Duration, Lab, Scenario};

fn judged(text: &str, until_s: u64) -> Lab {
    run(text, Duration::from_secs(until_s))
}

fn run(text: &str, until: Duration) -> Lab {
    let mut lab = Lab::new(&Scenario::parse(text).expect("it is right")).expect("it can be built");
    lab.run_until(BOOT + until);
    lab
}

/// A fetch session tells of what has changed only, and nothing changes in a partition nobody writes to: a follower that was
/// refused because it was fenced must be looked at again when it is not (`ReplicationControlManager#validateAlterPartitionData`).
#[test]
fn a_follower_of_a_quiet_partition_joins_the_isr_when_it_is_unfenced() {
    let lab = judged(
        r#"{
            "seed": 849,
            "cluster": { "configs": { "broker.session.timeout.ms": "6000" } },
            "topics": [{ "name": "t1", "partitions": 2, "replication_factor": 2 }],
            "commands": [
                { "at": "8416ms", "run": "sim cut broker 1 > broker 3" },
                { "at": "10843ms", "run": "sim cut broker 1 | controller 101 controller 102 controller 103" },
                { "at": "19251ms", "run": "sim heal broker 1 | controller 101 controller 102 controller 103" },
                { "at": "21013ms", "run": "sim cut broker 1 | controller 101 controller 102 controller 103" },
                { "at": "22405ms", "run": "sim cut broker 3 | rest" },
                { "at": "25791ms", "run": "sim heal broker 3 | rest" },
                { "at": "27004ms", "run": "sim mend" },
                { "at": "100s", "run": "sim judge" }
            ]
        }"#,
        101,
    );
    assert_eq!(lab.violation(), None);
}

/// The same, where it was refused because another member of the ISR was fenced: one that registers again, as its request came late.
#[test]
fn a_follower_joins_the_isr_of_a_quiet_partition_once_all_its_members_are_unfenced() {
    let lab = judged(
        r#"{
            "seed": 3424,
            "cluster": { "brokers": 3, "controllers": 1, "configs": { "broker.session.timeout.ms": "3000" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 3 }],
            "commands": [
                { "at": "100ms", "run": "sim restart broker 1" },
                { "at": "1591ms", "run": "sim delay broker 1 > rest 8000ms jitter 4000ms" },
                { "at": "3482ms", "run": "sim restart broker 3" },
                { "at": "3582ms", "run": "sim mend broker 1 broker 2 broker 3 controller 101" },
                { "at": "100s", "run": "sim judge" }
            ]
        }"#,
        101,
    );
    assert_eq!(lab.violation(), None);
}

/// A leader that knows nothing of a producer takes any sequence number for its first. It had refused the batch before that one, which
/// follows in a later epoch, and the other once more behind it, as its answer came too late: disorder and a copy that are Kafka's.
#[test]
fn what_a_leader_takes_first_of_a_producer_may_be_its_second_batch() {
    let lab = judged(
        r#"{
            "seed": 27,
            "cluster": { "controllers": 1, "configs": { "auto.create.topics.enable": "false", "broker.session.timeout.ms": "3000" } },
            "topics": [{ "name": "t1", "partitions": 2, "replication_factor": 2, "configs": { "min.insync.replicas": "2" } }],
            "files": { "p": "max.in.flight.requests.per.connection=2\nrequest.timeout.ms=1500\nretries=2147483647\n" },
            "commands": [
                { "at": "4275ms", "run": "sim stop broker 3" },
                { "at": "4500ms", "run": "sim restart broker 2" },
                { "at": "4692ms", "run": "sim disk broker 1 slow 232ms" },
                { "at": "4700ms", "run": "sim delay broker 1 | broker 2 548ms" },
                { "at": "7646ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 5 --value-prefix 108 --command-config p --repeating-keys 7" },
                { "at": "15s", "term": 11, "run": "^C" },
                { "at": "24s", "run": "sim judge" }
            ]
        }"#,
        25,
    );
    assert_eq!(lab.violation(), None);
    let log = lab.leader_log(&TopicPartition::new("t1", 1)).expect("it is led");
    let first: Vec<_> =
        log.batches_from(0).map(Batch::producer).map(|of| (of.producer_epoch, of.base_sequence)).take(3).collect();
    assert_eq!(first, [(0, 1), (1, 0), (1, 1)], "the second batch came first, and again after the first");
}

/// A broker that has not heard yet that a topic is deleted compacts it; another topic of its name has nothing to keep of that.
#[test]
fn what_compaction_kept_of_a_topic_that_is_gone_is_not_asked_of_the_next() {
    let lab = judged(
        r#"{
            "seed": 8216,
            "cluster": { "brokers": 2, "configs": { "auto.create.topics.enable": "false", "broker.heartbeat.interval.ms": "1000", "log.cleaner.backoff.ms": "2000" }, "latency": "5ms" },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 1, "configs": { "cleanup.policy": "compact" } }],
            "files": { "p": "retries=2147483647\n" },
            "commands": [
                { "at": "2916ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 20 --value-prefix 100 --command-config p --repeating-keys 7" },
                { "at": "13289ms", "term": 3, "run": "kafka-configs --bootstrap-server broker-1:9092,broker-2:9092 --alter --topic t1 --add-config segment.ms=2000" },
                { "at": "13705ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092 --delete --topic t1" },
                { "at": "13805ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092 --create --topic t1 --partitions 4 --replication-factor 2 --config cleanup.policy=compact --config min.cleanable.dirty.ratio=0.01 --config min.insync.replicas=2 --config segment.ms=3000" }
            ]
        }"#,
        20,
    );
    assert_eq!(lab.violation(), None);
    let of_interest = lab.history().iter().filter_map(|stamped| match &stamped.note {
        Note::TopicDeleted { .. } => Some("deleted"),
        Note::TopicCreated { topic, .. } if &**topic == "t1" => Some("created"),
        Note::Compacted { tp, .. } if *tp == TopicPartition::new("t1", 0) => Some("compacted"),
        _ => None,
    });
    let of_interest: Vec<_> = of_interest.take(5).collect();
    assert_eq!(of_interest, ["created", "deleted", "compacted", "created", "compacted"], "the moment is met");
}

/// A topic was made again, and a consumer goes on at the offset it had. It commits that, until it hears from the leader that the new log
/// parts ways before, and goes back: not a commit that falls.
#[test]
fn an_offset_of_a_topic_that_is_gone_is_no_commit_of_the_next() {
    let lab = judged(
        r#"{
            "seed": 15605,
            "cluster": {
                "brokers": 3,
                "controllers": 1,
                "configs": {
                    "auto.create.topics.enable": "false",
                    "broker.session.timeout.ms": "3000",
                    "leader.imbalance.check.interval.seconds": "5",
                    "offsets.topic.num.partitions": "3"
                },
                "latency": "5ms"
            },
            "topics": [
                { "name": "t1", "partitions": 3, "replication_factor": 1 },
                { "name": "t2", "partitions": 2, "replication_factor": 1 }
            ],
            "files": { "p": "batch.size=0\n" },
            "commands": [
                { "at": "100ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t2 --throughput 5 --value-prefix 100 --command-config p" },
                { "at": "200ms", "term": 23, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --include 't1|t2' --group g-all --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=200" },
                { "at": "1253ms", "term": 21, "run": "CLIENT=librdkafka TOPICS=t1,t2 GROUP=g-all BOOTSTRAP=broker-1:9092,broker-2:9092,broker-3:9092 python consumer.py" },
                { "at": "7802ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --delete --topic t2" },
                { "at": "8274ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --create --topic t2 --partitions 1 --replication-factor 3 --config min.insync.replicas=1" },
                { "at": "8744ms", "run": "sim kill leader:t1-2" },
                { "at": "9097ms", "run": "sim mend" }
            ]
        }"#,
        20,
    );
    assert_eq!(lab.violation(), None);
    let commits = lab.history().iter().filter_map(|stamped| match &stamped.note {
        Note::OffsetsCommitted { offsets, .. } => {
            offsets.iter().find(|(topic, partition, _)| (&**topic, *partition) == ("t2", 0))
        }
        _ => None,
    });
    let commits: Vec<i64> = commits.map(|(.., offset)| *offset).collect();
    assert!(commits.windows(2).any(|two| two == [20, 1]), "the moment is met: {commits:?}");
}

/// A leader that restarted knows the last batch of a producer only, and takes copies of those before it in a later epoch. Another leader
/// had other records at their offsets meanwhile, which were cut off: when the copied ones were written is asked by their epoch.
#[test]
fn copies_that_a_restarted_leader_takes_are_excused_also_if_another_led_in_between() {
    let lab = judged(
        r#"{
            "seed": 57,
            "cluster": { "brokers": 4, "controllers": 1, "latency": "20ms" },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 2, "configs": { "min.insync.replicas": "2" } }],
            "files": { "p": "acks=0\n", "q": "request.timeout.ms=4000\nretries=2147483647\n" },
            "commands": [
                { "at": "100ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --topic t1 --throughput 20 --value-prefix 100 --command-config p --repeating-keys 7" },
                { "at": "200ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --topic t1 --throughput 20 --value-prefix 200 --command-config q" },
                { "at": "580ms", "run": "sim cut broker 4 | rest" },
                { "at": "680ms", "run": "sim restart broker 4" },
                { "at": "12132ms", "run": "sim heal broker 4 | rest" },
                { "at": "12265ms", "run": "sim restart broker 1" },
                { "at": "45s", "run": "sim judge" }
            ]
        }"#,
        46,
    );
    assert_eq!(lab.violation(), None);
    let log = lab.leader_log(&TopicPartition::new("t1", 0)).expect("it is led");
    let value = |offset| lab.record_at(log, offset).flatten();
    let first = value(15).expect("it was written");
    let again = (16..log.log_end_offset()).find(|offset| value(*offset).as_ref() == Some(&first));
    assert_eq!((&*first, again.is_some()), (&b"200.6"[..], true), "the moment is met");
}

/// A broker is restarted while its request to register is on its way, and that comes after the one of its successor: the controller
/// knows the broker by an epoch that nobody has.
#[test]
fn a_broker_whose_predecessor_registered_after_it_stays_out() {
    let lab = judged(
        r#"{
            "seed": 7687,
            "cluster": { "combined": true },
            "topics": [
                { "name": "t1", "partitions": 1, "replication_factor": 2 },
                { "name": "t2", "partitions": 1, "replication_factor": 1 }
            ],
            "commands": [
                { "at": "100ms", "run": "sim disk broker 1 full" },
                { "at": "465ms", "run": "sim mend broker 1" },
                { "at": "811ms", "run": "sim pause broker 1" },
                { "at": "14271ms", "run": "sim resume broker 1" },
                { "at": "14271ms", "run": "sim restart broker 1" },
                { "at": "14371ms", "run": "sim mend" },
                { "at": "346s", "run": "sim judge" }
            ]
        }"#,
        347,
    );
    assert_eq!(lab.violation(), None);
    let registered = lab.history().iter().filter_map(|stamped| match &stamped.note {
        Note::BrokerRegistered { broker, broker_epoch } => Some((*broker, *broker_epoch)),
        _ => None,
    });
    let epochs: Vec<i64> = registered.filter(|(broker, _)| broker.0 == 1).map(|(_, epoch)| epoch).collect();
    let broker = &lab.layout().brokers[&BrokerId(1)];
    let own = lab.world().machine(*broker).kafka().and_then(|kafka| kafka.lifecycle()).map(|own| own.broker_epoch());
    assert_eq!((epochs.len(), own), (3, Some(epochs[1])), "the moment is met");
}

/// A consumer is not given what the leader's cleaner took away before it read that far, though the next leader has not cleaned it yet.
#[test]
fn what_the_cleaner_of_a_former_leader_took_away_is_no_hole() {
    let lab = run(
        r#"{
            "seed": 26,
            "cluster": {
                "brokers": 3,
                "controllers": 1,
                "configs": {
                    "broker.session.timeout.ms": "6000",
                    "leader.imbalance.check.interval.seconds": "5",
                    "log.cleaner.backoff.ms": "2000",
                    "offsets.topic.num.partitions": "2"
                },
                "latency": "5ms"
            },
            "topics": [
                { "name": "t1", "partitions": 1, "replication_factor": 1 },
                { "name": "t2", "partitions": 1, "replication_factor": 3, "configs": { "cleanup.policy": "compact", "min.insync.replicas": "2", "segment.ms": "3000" } }
            ],
            "files": { "p": "linger.ms=50\nretries=2147483647\n" },
            "commands": [
                { "at": "1242ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t2 --throughput 60 --value-prefix 100 --command-config p --repeating-keys 7" },
                { "at": "1342ms", "term": 22, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --include 't1|t2' --group g-all --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=1000" },
                { "at": "5219ms", "run": "sim power-off broker 3" },
                { "at": "5819ms", "run": "sim restart broker 2" },
                { "at": "11221ms", "run": "sim start broker 3" },
                { "at": "20047ms", "run": "sim judge" }
            ]
        }"#,
        Duration::from_millis(20_049),
    );
    assert_eq!(lab.violation(), None);
    let log = lab.leader_log(&TopicPartition::new("t2", 0)).expect("it is led");
    let given = lab.history().iter().any(|stamped| match &stamped.note {
        Note::Delivered { first, last, .. } => (*first..=*last).contains(&237),
        _ => false,
    });
    assert!(lab.record_at(log, 237).is_some() && !given, "the moment is met");
}

/// One heartbeat tells that a directory has failed and gets the broker unfenced: it is elected where its replica is in that directory.
#[test]
fn a_broker_that_is_elected_with_the_news_of_its_failed_directory_leads_nothing_which_is_excused() {
    let lab = judged(
        r#"{
            "seed": 3304,
            "cluster": {
                "brokers": 2,
                "controllers": 3,
                "configs": { "broker.session.timeout.ms": "3000", "group.initial.rebalance.delay.ms": "3000", "leader.imbalance.check.interval.seconds": "5", "log.cleaner.backoff.ms": "2000", "log.dirs": "/data1,/data2,/data3", "log.initial.task.delay.ms": "1000", "log.retention.check.interval.ms": "3000", "replica.high.watermark.checkpoint.interval.ms": "1000", "unclean.leader.election.interval.ms": "10000" }
            },
            "topics": [{ "name": "t1", "partitions": 3, "replication_factor": 2, "configs": { "min.insync.replicas": "2" } }],
            "commands": [
                { "at": "19159ms", "run": "sim cut broker 1 | controller 103" },
                { "at": "27235ms", "run": "sim cut leader:__cluster_metadata-0 | rest" },
                { "at": "28367ms", "run": "sim kill controller 103" },
                { "at": "28756ms", "run": "sim disk broker 2 fail /data2" },
                { "at": "41000ms", "run": "sim mend" },
                { "at": "373s", "run": "sim judge" }
            ]
        }"#,
        374,
    );
    assert_eq!(lab.violation(), None);
    assert_eq!(verdict(&lab), "no anomaly; not converged, which is excused: t1-1 has no leader", "the moment is met");
}

/// What `sim judge` said last in terminal 1.
fn verdict(lab: &Lab) -> String {
    lab.terminals()[&1].lines().iter().last().expect("it says something").text.to_string()
}

/// DeleteRecords cuts off what a former leader parts ways with, and the epochs with it; the kill of the leader brings only the records back,
/// so that it cannot tell the other where to cut. What it sends does not go on where that one ends: it gives up, and what it has is not
/// committed.
#[test]
fn a_follower_that_nobody_can_tell_where_to_cut_gives_up() {
    let lab = judged(
        r#"{
            "seed": 2,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "broker.session.timeout.ms": "6000" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 2 }],
            "files": { "all.json": "{\"version\":1,\"partitions\":[{\"topic\":\"t1\",\"partition\":0,\"offset\":-1}]}" },
            "commands": [
                { "at": "100ms", "term": 13, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 60 --value-prefix 300" },
                { "at": "200ms", "run": "sim cut broker 1 > broker 2" },
                { "at": "300ms", "run": "sim stop broker 1" },
                { "at": "400ms", "term": 3, "run": "kafka-delete-records --bootstrap-server broker-1:9092,broker-2:9092 --offset-json-file all.json" },
                { "at": "2213ms", "run": "sim kill broker 2" },
                { "at": "2313ms", "run": "sim mend" },
                { "at": "3s", "term": 13, "run": "^C" },
                { "at": "60s", "run": "sim judge" }
            ]
        }"#,
        61,
    );
    assert_eq!(lab.violation(), None);
    assert_eq!(
        verdict(&lab),
        "no anomaly; not converged, which is excused: t1-0 has broker 1 out of sync",
        "the moment is met"
    );
    let former = &lab.layout().brokers[&BrokerId(1)];
    let broker = lab.world().machine(*former).kafka().and_then(|kafka| kafka.broker()).expect("it runs");
    let (stored, _) = broker.replicas().find(|(stored, _)| &*stored.tp.topic == "t1").expect("it has the replica");
    assert_eq!((stored.log.log_end_offset(), stored.log.high_watermark()), (6, 5), "it ends with a record of its own");
}

/// A power failure leaves a segment empty that a follower began after a gap; its name still tells where the log ends. Who has nothing
/// of the gap does not get over it before there is something new.
#[test]
fn a_follower_before_a_hole_at_the_end_of_the_log_waits() {
    let lab = judged(
        r#"{
            "seed": 106887,
            "cluster": { "brokers": 3, "controllers": 1, "configs": { "log.cleaner.backoff.ms": "2000" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 3, "configs": { "cleanup.policy": "compact", "min.insync.replicas": "2", "segment.ms": "3000" } }],
            "files": { "p": "request.timeout.ms=4000\nsocket.connection.setup.timeout.ms=4000\nsocket.connection.setup.timeout.max.ms=4000\n" },
            "commands": [
                { "at": "1117ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 60 --value-prefix 100 --repeating-keys 7" },
                { "at": "2165ms", "term": 13, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 5 --value-prefix 300 --command-config p --repeating-keys 7" },
                { "at": "2265ms", "run": "sim disk broker 1 full" },
                { "at": "2365ms", "run": "sim mend broker 1" },
                { "at": "7907ms", "run": "sim cut broker 1 | rest" },
                { "at": "14237ms", "run": "sim restart broker 1" },
                { "at": "16571ms", "run": "sim heal broker 1 | rest" },
                { "at": "16671ms", "run": "sim power-off broker 1" },
                { "at": "16856ms", "run": "sim disk broker 2 full" },
                { "at": "16956ms", "run": "sim power-off broker 3" },
                { "at": "17266ms", "run": "sim mend" },
                { "at": "17366ms", "term": 11, "run": "^C" },
                { "at": "17366ms", "term": 13, "run": "^C" },
                { "at": "347s", "run": "sim judge" }
            ]
        }"#,
        348,
    );
    assert_eq!(lab.violation(), None);
    let excused = "no anomaly; not converged, which is excused: t1-0 has broker 2 out of sync";
    assert!(verdict(&lab).starts_with(excused), "the moment is met: {}", verdict(&lab));
}

/// A replica whose directory failed counts as caught up for half a minute, and keeps the high watermark where it is; after the last
/// record nothing has the leader look again.
#[test]
fn a_leader_whose_follower_lost_its_directory_is_not_made_to_look_at_its_high_watermark() {
    let lab = judged(
        r#"{
            "seed": 100468,
            "cluster": { "configs": { "log.dirs": "/data1,/data2,/data3" } },
            "topics": [
                { "name": "t1", "partitions": 1, "replication_factor": 1 },
                { "name": "t2", "partitions": 1, "replication_factor": 2 }
            ],
            "files": { "p": "acks=0\n" },
            "commands": [
                { "at": "100ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t2 --throughput 20 --value-prefix 100 --command-config p" },
                { "at": "200ms", "run": "sim disk broker 3 fail /data2" },
                { "at": "300ms", "run": "sim mend" },
                { "at": "1300ms", "term": 11, "run": "^C" },
                { "at": "331s", "run": "sim judge" }
            ]
        }"#,
        332,
    );
    assert_eq!(lab.violation(), None);
    let excused =
        "no anomaly; not converged, which is excused: t2-0 is not committed to its end: its high watermark is 2";
    assert!(verdict(&lab).starts_with(excused), "the moment is met: {}", verdict(&lab));
}

/// A commit whose connection breaks comes after a later one, which went over the next connection: Kafka takes it.
#[test]
fn a_commit_that_was_on_its_way_when_its_connection_broke_may_come_after_a_later_one() {
    let lab = run(
        r#"{
            "seed": 101088,
            "cluster": { "brokers": 1, "controllers": 1, "configs": { "offsets.topic.replication.factor": "1" } },
            "commands": [
                { "at": "100ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092 --topic t1 --throughput 5 --value-prefix 100" },
                { "at": "200ms", "term": 22, "run": "kafka-console-consumer --bootstrap-server broker-1:9092 --topic t1 --group h-t1 --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=200" },
                { "at": "3920ms", "run": "sim delay broker 1 | rest 2000ms jitter 1000ms" },
                { "at": "4312ms", "run": "sim heal broker 1 | rest" },
                { "at": "4412ms", "run": "sim drop OffsetCommit response broker 1 > term:22" }
            ]
        }"#,
        Duration::from_secs(8),
    );
    assert_eq!(lab.violation(), None);
    let committed = lab.history().iter().filter_map(|stamped| match &stamped.note {
        Note::OffsetsCommitted { offsets, .. } => Some(offsets[0].2),
        _ => None,
    });
    let committed: Vec<i64> = committed.collect();
    assert!(committed.windows(2).any(|pair| pair[1] < pair[0]), "the moment is met: {committed:?}");
}

/// A broker that is late serves a topic that was deleted, and tells of its end who asks for one of that name: a consumer of the topic that was
/// made since goes back there.
#[test]
fn a_consumer_of_a_topic_that_was_made_again_goes_back_to_where_the_old_one_ends() {
    let lab = judged(
        r#"{
            "seed": 3,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "offsets.topic.replication.factor": "2" } },
            "topics": [{ "name": "t1", "partitions": 2, "replication_factor": 1 }],
            "files": { "p": "request.timeout.ms=4000\n" },
            "commands": [
                { "at": "100ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 20 --value-prefix 200 --command-config p" },
                { "at": "200ms", "term": 21, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --group h-t1 --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=1000 --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor" },
                { "at": "5503ms", "run": "sim delay broker 1 > rest 5992ms" },
                { "at": "5689ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092 --delete --topic t1" },
                { "at": "28161ms", "run": "sim mend" },
                { "at": "400s", "run": "sim judge" }
            ]
        }"#,
        401,
    );
    assert_eq!(lab.violation(), None);
    let given = lab.history().iter().filter_map(|stamped| match &stamped.note {
        Note::Delivered { tp, topic_id, first, last, .. } if tp.partition == 0 => Some((*topic_id, *first, *last)),
        _ => None,
    });
    let given: Vec<_> = given.collect();
    let goes_back = |pair: &[(TopicId, i64, i64)]| pair[0].0 == pair[1].0 && pair[1].1 <= pair[0].2;
    assert!(given.windows(2).any(goes_back), "the moment is met");
}

/// The leader in between, which restarted, knows only the last batch of a producer, and sends it into a new epoch; the copy is taken by the
/// leader after it.
#[test]
fn copies_are_excused_also_if_the_leader_that_forgot_leads_no_more() {
    let lab = judged(
        r#"{
            "seed": 49,
            "cluster": { "latency": "5ms", "configs": { "broker.session.timeout.ms": "3000", "leader.imbalance.check.interval.seconds": "5" } },
            "topics": [
                { "name": "t1", "partitions": 1, "replication_factor": 1 },
                { "name": "t2", "partitions": 1, "replication_factor": 3, "configs": { "min.insync.replicas": "3" } }
            ],
            "files": { "p": "request.timeout.ms=1500\nretries=2147483647\n" },
            "commands": [
                { "at": "2822ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t2 --throughput 5 --value-prefix 100 --command-config p" },
                { "at": "5802ms", "run": "sim pause leader:t1-0" },
                { "at": "16880ms", "run": "sim cut broker 2 | rest" },
                { "at": "16980ms", "run": "sim restart broker 3" },
                { "at": "24552ms", "run": "sim mend" },
                { "at": "27069ms", "run": "sim judge" }
            ]
        }"#,
        28,
    );
    assert_eq!(lab.violation(), None);
    let tp = TopicPartition::new("t2", 0);
    let log = lab.leader_log(&tp).expect("it is led");
    let value = |offset| lab.record_at(log, offset).flatten();
    let first = value(15).expect("it was written");
    let again = (16..log.log_end_offset()).find(|offset| value(*offset).as_ref() == Some(&first));
    let of = |note: &Note| match note {
        Note::Appended { tp: of, broker, base, as_leader: true, .. } if *of == tp => Some((*base, broker.0)),
        _ => None,
    };
    let appended: Vec<(i64, i32)> = lab.history().iter().filter_map(|stamped| of(&stamped.note)).collect();
    let at = |offset| appended.iter().find(|(base, _)| *base == offset).map(|(_, broker)| *broker);
    assert_eq!((at(15), again.and_then(at)), (Some(2), Some(2)), "the moment is met: {again:?}");
}

/// A leader's log reaches in the largest epoch below a consumer's own beyond the consumer's position: Kafka's consumer compares only where
/// that epoch ends, and reads on in a log that it has not read.
#[test]
fn a_consumer_reads_on_in_another_log_where_nothing_tells() {
    let lab = run(
        r#"{
            "seed": 54,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "broker.heartbeat.interval.ms": "1000", "offsets.topic.replication.factor": "2" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 2, "configs": { "unclean.leader.election.enable": "true" } }],
            "commands": [
                { "at": "100ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 5 --value-prefix 200 --repeating-keys 7" },
                { "at": "200ms", "term": 22, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --group g-t1 --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=5000 --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.RoundRobinAssignor" },
                { "at": "300ms", "run": "sim restart broker 1" },
                { "at": "9297ms", "run": "sim restart broker 2" },
                { "at": "17733ms", "run": "sim restart broker 1" }
            ]
        }"#,
        Duration::from_millis(19_800),
    );
    assert_eq!(lab.violation(), None);
    let given = |note: &Note| match note {
        Note::Delivered { first, last, .. } => Some((*first, *last)),
        _ => None,
    };
    let given: Vec<(i64, i64)> = lab.history().iter().filter_map(|stamped| given(&stamped.note)).collect();
    let log = lab.leader_log(&TopicPartition::new("t1", 0)).expect("it is led");
    let epoch_at = |offset| log.batches_from(offset).next().map(|batch| batch.leader_epoch);
    let (first, _) = given.last().copied().expect("it read");
    let reads_on = given.windows(2).all(|two| two[1].0 == two[0].1 + 1);
    assert_eq!((reads_on, epoch_at(first - 1)), (true, Some(1)), "the moment is met: {given:?}");
    assert!(
        log.epochs().iter().all(|(epoch, _)| *epoch != 3),
        "what it had read before was of epoch 3: {:?}",
        log.epochs()
    );
}

/// A topic is deleted and made again, and one broker has not heard of it. Who asks that one goes back, commits that, and is killed.
#[test]
fn what_a_member_that_is_gone_committed_of_a_topic_made_again_may_be_less() {
    let lab = run(
        r#"{
            "seed": 203,
            "cluster": { "latency": "20ms", "configs": { "offsets.topic.num.partitions": "2" } },
            "topics": [{ "name": "t1", "partitions": 3, "replication_factor": 1 }, { "name": "t2", "partitions": 1, "replication_factor": 1 }],
            "commands": [
                { "at": "100ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 20 --value-prefix 100" },
                { "at": "200ms", "term": 21, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --group h --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=200 --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor" },
                { "at": "3878ms", "run": "sim cut broker 3 | controller 102" },
                { "at": "3893ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --delete --topic t1" },
                { "at": "7707ms", "run": "sim kill term:21 at after-delivery" }
            ]
        }"#,
        Duration::from_millis(8_000),
    );
    assert_eq!(lab.violation(), None);
    let committed = |note: &Note| match note {
        Note::OffsetsCommitted { offsets, .. } => offsets.last().map(|(.., offset)| *offset),
        _ => None,
    };
    let committed: Vec<i64> = lab.history().iter().filter_map(|stamped| committed(&stamped.note)).collect();
    assert!(matches!(committed[..], [.., before, last] if last < before), "the moment is met: {committed:?}");
}

/// A commit names its topic by name only: one that came late is of the topic that was there before. Java takes its leader epoch for the
/// newest, and waits for a leader that the topic of today will have after as many elections.
#[test]
fn a_consumer_waits_for_an_epoch_that_only_the_former_topic_had_which_is_excused() {
    let lab = judged(
        r#"{
            "seed": 2,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "auto.create.topics.enable": "false", "broker.session.timeout.ms": "3000", "group.initial.rebalance.delay.ms": "0", "offsets.topic.replication.factor": "2" } },
            "topics": [{ "name": "t2", "partitions": 2, "replication_factor": 1 }],
            "commands": [
                { "at": "2998ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t2 --throughput 20 --value-prefix 200" },
                { "at": "3603ms", "run": "sim pause controller 101" },
                { "at": "5769ms", "term": 22, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092 --topic t2 --group g --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=1000" },
                { "at": "6206ms", "run": "sim resume controller 101" },
                { "at": "7536ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092 --delete --topic t2" },
                { "at": "12143ms", "term": 4, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092 --create --topic t2 --partitions 2 --replication-factor 2" },
                { "at": "43s", "term": 12, "run": "^C" },
                { "at": "200s", "run": "sim judge" }
            ]
        }"#,
        201,
    );
    assert_eq!(lab.violation(), None);
    let excused = "no anomaly; not converged, which is excused: group g is not at the end of t2-1";
    assert!(verdict(&lab).starts_with(excused), "the moment is met: {}", verdict(&lab));
}

/// The minimum of in-sync replicas counts those of the topic's first partition as they were before a move: who is moved away is eligible
/// where it is no replica, and keeps the last leader from coming back.
#[test]
fn a_broker_that_is_moved_away_may_stay_eligible_and_nobody_leads() {
    let lab = judged(
        r#"{
            "seed": 3818,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "min.insync.replicas": "2" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 1 }],
            "files": { "m": "{\"version\":1,\"partitions\":[{\"topic\":\"t1\",\"partition\":0,\"replicas\":[1]}]}" },
            "commands": [
                { "at": "1823ms", "run": "kafka-reassign-partitions --bootstrap-server broker-1:9092,broker-2:9092 --execute --reassignment-json-file m" },
                { "at": "4471ms", "run": "sim power-off leader:t1-0" },
                { "at": "21s", "run": "sim mend" },
                { "at": "100s", "run": "sim judge" }
            ]
        }"#,
        101,
    );
    assert_eq!(lab.violation(), None);
    let excused = "no anomaly; not converged, which is excused: t1-0 has no leader";
    assert!(verdict(&lab).starts_with(excused), "the moment is met: {}", verdict(&lab));
}

/// A controller decides by what it has written, be it committed or not: here that a topic allows unclean elections, while its disk is slow.
/// The election is committed after it, or neither is.
#[test]
fn an_election_may_be_unclean_by_a_config_that_is_not_committed_yet() {
    let lab = judged(
        r#"{
            "seed": 1,
            "cluster": { "brokers": 2, "controllers": 1, "configs": { "broker.session.timeout.ms": "3000", "replica.lag.time.max.ms": "2000" } },
            "topics": [{ "name": "t1", "partitions": 1, "replication_factor": 2 }],
            "commands": [
                { "at": "500ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 20 --acks 1" },
                { "at": "1s", "run": "sim cut broker 1 | broker 2" },
                { "at": "8s", "run": "sim kill leader:t1-0" },
                { "at": "8950ms", "run": "sim disk controller 101 slow 2s" },
                { "at": "9s", "term": 3, "run": "kafka-configs --bootstrap-server broker-1:9092,broker-2:9092 --alter --topic t1 --add-config unclean.leader.election.enable=true" }
            ]
        }"#,
        20,
    );
    assert_eq!(lab.violation(), None);
    let is_unclean = |note: &Note| matches!(note, Note::LeaderElected { unclean: true, .. });
    assert!(lab.history().iter().any(|stamped| is_unclean(&stamped.note)), "the moment is met");
}

/// A leader whose metadata comes late takes back what it has proposed since, but its request goes out: it commits without a replica that it has
/// let join. Kafka's does, too (`Partition#makeLeader`, `AlterPartitionManager`), and nothing else of it is excused.
#[test]
fn a_leader_may_forget_whom_it_asks_to_be_in_sync() {
    let lab = run(
        r#"{
            "seed": 3543,
            "client": "java",
            "cluster": {"brokers": 4, "controllers": 3, "combined": true, "configs": {"group.initial.rebalance.delay.ms": "500", "replica.lag.time.max.ms": "2000"}},
            "topics": [{"name": "t1", "partitions": 2, "replication_factor": 3}, {"name": "t2", "partitions": 3, "replication_factor": 1}],
            "commands": [
                {"at": "2578ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --topic t2 --throughput 20 --value-prefix 100 --repeating-keys 7"},
                {"at": "4096ms", "term": 21, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --topic t2 --group g-t2 --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=5000 --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor"},
                {"at": "4313ms", "term": 22, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --include 't1|t2' --group h-all --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=1000 --command-property partition.assignment.strategy=org.apache.kafka.clients.consumer.StickyAssignor"},
                {"at": "7690ms", "term": 23, "run": "kafka-console-consumer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092,broker-4:9092 --include 't1|t2' --group g-all --from-beginning --command-property session.timeout.ms=6000 --command-property heartbeat.interval.ms=1500 --command-property auto.commit.interval.ms=200"},
                {"at": "12830ms", "run": "sim stop broker 2"},
                {"at": "18352ms", "run": "sim start broker 2"},
                {"at": "26190ms", "run": "sim delay broker 4 | rest 2000ms jitter 2000ms"},
                {"at": "28098ms", "run": "sim disk broker 4 slow 400ms"},
                {"at": "33467ms", "run": "sim heal broker 2 > rest"},
                {"at": "39364ms", "run": "sim heal broker 4 | rest"}
            ]
        }"#,
        Duration::from_millis(41_594),
    );
    assert_eq!(lab.violation(), None);
    let tp = TopicPartition::new("__consumer_offsets", 31);
    let joins = |note: &Note| matches!(note, Note::IsrChanged { tp: of, isr, .. } if *of == tp && *isr == [BrokerId(3), BrokerId(4)]);
    let joined = lab.history().iter().find(|stamped| joins(&stamped.note)).expect("the moment is met");
    let is_before = |event: u64| event < joined.event;
    let is_commit =
        |note: &Note| matches!(note, Note::HighWatermark { tp: of, broker: BrokerId(4), offset: 453 } if *of == tp);
    let is_copy =
        |note: &Note| matches!(note, Note::Appended { tp: of, broker: BrokerId(3), base: 452, .. } if *of == tp);
    let before = |is_it: &dyn Fn(&Note) -> bool| {
        lab.history().iter().any(|stamped| is_before(stamped.event) && is_it(&stamped.note))
    };
    assert!(before(&is_commit) && !before(&is_copy), "what is committed is not on who joins");
}

/// A controller whose disk is slow leads on, as it believes, when the others have elected another: what it knows of the metadata is old, also while the
/// other stops.
#[test]
fn who_leads_in_an_epoch_that_is_over_knows_no_metadata() {
    let lab = run(
        r#"{
            "seed": 9362,
            "client": "java",
            "cluster": {"brokers": 3, "controllers": 3, "combined": true, "configs": {"broker.heartbeat.interval.ms": "1000", "broker.session.timeout.ms": "3000", "leader.imbalance.check.interval.seconds": "5", "log.dirs": "/data1,/data2"}},
            "files": {"producer-1.properties": "retries=2147483647\n"},
            "topics": [{"name": "t1", "partitions": 1, "replication_factor": 3}],
            "commands": [
                {"at": "1104ms", "term": 12, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 60 --value-prefix 200"},
                {"at": "1391ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --topic t1 --throughput 5 --value-prefix 100 --command-config producer-1.properties --repeating-keys 7"},
                {"at": "3935ms", "term": 22, "run": "CLIENT=librdkafka TOPICS=t1 GROUP=g-t1 BOOTSTRAP=broker-1:9092,broker-2:9092,broker-3:9092 python consumer.py"},
                {"at": "6838ms", "run": "sim disk broker 2 fail /data2"},
                {"at": "7441ms", "term": 40, "run": "kafka-configs --bootstrap-server broker-3:9092 --alter --broker 3 --add-config cordoned.log.dirs=/data2"},
                {"at": "9028ms", "term": 3, "run": "kafka-topics --bootstrap-server broker-1:9092,broker-2:9092,broker-3:9092 --alter --topic t1 --partitions 3"},
                {"at": "11465ms", "run": "sim restart broker 2"},
                {"at": "11465ms", "run": "sim mend broker 2"},
                {"at": "15849ms", "run": "sim disk broker 2 fail /data2"},
                {"at": "19970ms", "run": "sim disk broker 1 slow 3000ms"},
                {"at": "20070ms", "run": "sim restart broker 2"}
            ]
        }"#,
        Duration::from_millis(27_399),
    );
    assert_eq!(lab.violation(), None);
    let tp = TopicPartition::new("t1", 1);
    let is_met =
        |note: &Note| matches!(note, Note::HighWatermark { tp: of, broker: BrokerId(3), offset: 242 } if *of == tp);
    assert!(lab.history().iter().any(|stamped| is_met(&stamped.note)), "the moment is met");
}
