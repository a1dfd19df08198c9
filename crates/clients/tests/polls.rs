//! What a poll waits for before it hands anything out (`ClassicKafkaConsumer#poll`, `ConsumerCoordinator#poll`).

mod common;

use clients::{Profile, StartAt};
use common::*;
use protocol::{ErrorCode, TopicPartition};

/// When the record with this value was handed out, in ms.
fn handed_out(run: &mut Run, value: &str) -> u64 {
    run.when(|run| run.values().iter().any(|handed| handed == value)).as_millis()
}

/// A consumer has the only record of its partition when it loses its coordinator, which it then looks for in vain six times. Another
/// record comes meanwhile, at 2 s. When that is handed out, and when the coordinator was found.
fn without_coordinator(profile: Profile, timeout_ms: Option<u64>) -> (u64, u64) {
    let mut broker = FakeBroker::with(&[("t", 1)]);
    broker.put("t", 0, "a");
    let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("heartbeat.interval.ms", "300")];
    let mut script = vec![(0, Do::Subscribe("t"))];
    script.extend(timeout_ms.map(|ms| (1, Do::PollTimeout(ms))));
    let mut run = Run::consumer(broker, profile, &pairs, script).until(1_500);
    assert_eq!(run.values(), ["a"]);
    let broker = run.broker_mut();
    broker.coordinator_errors = [ErrorCode::CoordinatorNotAvailable; 6].into();
    broker.heartbeat_errors = [ErrorCode::NotCoordinator].into();
    let mut run = run.until(2_000);
    run.broker_mut().put("t", 0, "b");
    let at = handed_out(&mut run, "b");
    let found = run.when(|run| run.broker().coordinator_errors.is_empty());
    (at, found.as_millis())
}

#[test]
fn a_java_consumer_hands_out_nothing_while_it_looks_for_its_coordinator() {
    let (at, found) = without_coordinator(Profile::Java, None);
    assert!(found > 2_500 && at >= found, "{at}, found at {found}");
    let (at, found) = without_coordinator(Profile::Librdkafka, None);
    assert!(at < 2_600 && at < found, "{at}, found at {found}");
}

/// Each poll waits as long as it may.
#[test]
fn a_poll_that_is_over_hands_out_what_there_is() {
    let (at, found) = without_coordinator(Profile::Java, Some(400));
    assert!((2_000..3_000).contains(&at) && at < found, "{at}, found at {found}");
}

/// Partition 1 is assigned beside partition 0; what was committed of it is not told for a while.
#[test]
fn what_a_java_consumer_keeps_is_not_handed_out_before_it_knows_where_to_begin_with_what_is_new() {
    for (profile, waits) in [(Profile::Java, true), (Profile::Librdkafka, false)] {
        let mut broker = FakeBroker::with(&[("t", 2)]);
        broker.put("t", 0, "a");
        let both = vec![("t".into(), 0), ("t".into(), 1)];
        broker.assignments = [vec![("t".into(), 0)], both].into();
        let strategy = match profile {
            Profile::Java => "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            Profile::Librdkafka => "cooperative-sticky",
        };
        let pairs = [
            ("group.id", "g"),
            ("auto.offset.reset", "earliest"),
            ("heartbeat.interval.ms", "300"),
            ("partition.assignment.strategy", strategy),
        ];
        let mut run = Run::consumer(broker, profile, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_500);
        assert_eq!(run.values(), ["a"], "{profile:?}");
        let broker = run.broker_mut();
        broker.committed_errors = [ErrorCode::CoordinatorLoadInProgress; 8].into();
        broker.heartbeat_errors = [ErrorCode::RebalanceInProgress].into();
        run.when(|run| run.broker().committed_errors.len() < 8);
        run.broker_mut().put("t", 0, "b");
        let at = handed_out(&mut run, "b");
        let told = run.when(|run| run.broker().committed_errors.is_empty());
        assert_eq!(at >= told.as_millis(), waits, "{profile:?}: {at}, told at {told}");
    }
}

#[test]
fn so_does_one_that_was_given_its_partitions_by_hand() {
    for (profile, waits) in [(Profile::Java, true), (Profile::Librdkafka, false)] {
        let mut broker = FakeBroker::with(&[("t", 1), ("u", 1)]);
        broker.put("t", 0, "a");
        broker.committed_errors = [ErrorCode::CoordinatorLoadInProgress; 8].into();
        let partition = |topic| TopicPartition::new(topic, 0);
        let assign = vec![(partition("t"), StartAt::Offset(0)), (partition("u"), StartAt::Committed)];
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let mut run = Run::consumer(broker, profile, &pairs, vec![(0, Do::Assign(assign))]);
        let at = handed_out(&mut run, "a");
        let told = run.when(|run| run.broker().committed_errors.is_empty());
        assert_eq!(at >= told.as_millis(), waits, "{profile:?}: {at}, told at {told}");
    }
}
