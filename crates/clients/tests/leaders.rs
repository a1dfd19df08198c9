//! Consumers when leaders change (KIP-320) and when they are sent to a replica in their rack (KIP-392), against scripted brokers.

mod common;

use clients::{ConsumerEvent, Profile};
use common::*;
use kernel::{Duration, LinkSpec};
use protocol::{ApiKey, ErrorCode};

/// Two records of leader epoch 0.
fn two_records() -> FakeBroker {
    let mut broker = FakeBroker::with(&[("t", 1)]);
    broker.put("t", 0, "a");
    broker.put("t", 0, "b");
    broker
}

/// A consumer has read both when another leader comes, of epoch 1, that has only the first of them, and two others.
fn after_truncation(profile: Profile, reset: &str) -> Run {
    let pairs = [("group.id", "g"), ("auto.offset.reset", reset)];
    let mut broker = two_records();
    broker.committed = [(("t".into(), 0), 0)].into();
    let mut run = Run::consumer(broker, profile, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
    assert_eq!(run.values(), ["a", "b"]);
    let mut other = FakeBroker::with(&[("t", 1)]);
    other.put("t", 0, "a");
    other.leader_epoch = 1;
    other.put("t", 0, "x");
    other.put("t", 0, "y");
    let broker = run.broker_mut();
    (broker.log, broker.leader_epoch, broker.epoch_ends) = (other.log, 1, [(0, (0, 1))].into());
    broker.asked.clear();
    run.until(3_000)
}

#[test]
fn a_position_that_the_new_leader_has_is_read_on_from() {
    let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
    let mut run = Run::consumer(two_records(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
    let broker = run.broker_mut();
    (broker.leader_epoch, broker.epoch_ends) = (1, [(0, (0, 2))].into());
    broker.put("t", 0, "c");
    broker.asked.clear();
    let run = run.until(2_000);
    assert_eq!(run.values(), ["a", "b", "c"]);
    let mut asked: Vec<ApiKey> = run.broker().asked.iter().copied().filter(|api| *api != ApiKey::Heartbeat).collect();
    // Until it hears of the new leader it goes on asking.
    asked.dedup();
    assert_eq!(
        asked[..3],
        [ApiKey::Fetch, ApiKey::OffsetForLeaderEpoch, ApiKey::Fetch],
        "asked once, before it reads on"
    );
    assert_eq!(asked.iter().filter(|api| **api == ApiKey::OffsetForLeaderEpoch).count(), 1);
}

/// KIP-951: the refusal names broker 2, which the consumer's metadata does not have, and says where it listens, or does not.
#[test]
fn a_consumer_goes_to_a_leader_that_it_did_not_know() {
    for names_node in [true, false] {
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let run = Run::consumer(two_records(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]);
        let mut run = run.beside(FakeBroker { leader_epoch: 1, ..two_records() }).until(1_000);
        let broker = run.broker_mut();
        broker.fetch_errors = [ErrorCode::NotLeaderOrFollower].into();
        (broker.leads_now, broker.names_node) = (Some((2, 1)), names_node);
        // Its metadata, which is behind, has that broker from now on.
        broker.has_near_replica = true;
        let run = run.until(2_000);
        assert_eq!(run.second().asked.contains(&ApiKey::OffsetForLeaderEpoch), names_node, "{:?}", run.second().asked);
    }
}

/// `FetchCollector#handleInitializeErrors`.
#[test]
fn after_an_error_java_fetches_again_at_once_and_librdkafka_after_a_while() {
    for (profile, is_over) in [(Profile::Java, true), (Profile::Librdkafka, false)] {
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("fetch.wait.max.ms", "500")];
        let pairs = if profile == Profile::Java { &pairs[..2] } else { &pairs[..] };
        let mut run = Run::consumer(two_records(), profile, pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        let asked = run.broker().described.len();
        run.broker_mut().fetch_errors = [ErrorCode::UnknownLeaderEpoch; 20].into();
        let run = run.until(2_200);
        assert_eq!(run.broker().fetch_errors.is_empty(), is_over, "{profile:?}");
        // The broker is behind, not the consumer.
        assert_eq!(run.broker().described.len() == asked, profile == Profile::Java, "{profile:?}");
    }
}

#[test]
fn java_goes_back_to_where_the_logs_part() {
    let run = after_truncation(Profile::Java, "earliest");
    assert_eq!(run.values(), ["a", "b", "x", "y"]);
    assert!(!run.broker().asked.contains(&ApiKey::ListOffsets), "the leader has said where");
}

#[test]
fn librdkafka_starts_where_its_policy_says() {
    let run = after_truncation(Profile::Librdkafka, "earliest");
    assert_eq!(run.values(), ["a", "b", "a", "x", "y"]);
}

#[test]
fn without_a_policy_truncation_is_an_error_that_names_the_offset() {
    let run = after_truncation(Profile::Java, "none");
    assert_eq!(run.values(), ["a", "b"]);
    let fatal = run.app().consumed.iter().find_map(|(_, event)| match event {
        ConsumerEvent::Fatal(error) => Some(error.to_string()),
        _ => None,
    });
    let text = "org.apache.kafka.clients.consumer.LogTruncationException: Truncated partitions detected with divergent offsets {t-0=OffsetAndMetadata{offset=1, leaderEpoch=0, metadata=''}}";
    assert_eq!(fatal.as_deref(), Some(text));
}

#[test]
fn a_leader_that_knows_no_such_epoch_leaves_it_to_the_policy() {
    let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
    let mut run = Run::consumer(two_records(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
    run.broker_mut().leader_epoch = 1;
    let run = run.until(3_000);
    assert_eq!(run.values(), ["a", "b", "a", "b"]);
}

/// A consumer with a rack; broker 1 sends it to broker 2, whose log ends where broker 1's does, unless `behind`.
fn near(pairs: &[(&str, &str)], second: FakeBroker) -> Run {
    let pairs = [&[("client.rack", "b"), ("group.id", "g"), ("auto.offset.reset", "earliest")], pairs].concat();
    let leader = FakeBroker { has_near_replica: true, ..two_records() };
    let second = FakeBroker { has_near_replica: true, is_follower: true, ..second };
    Run::consumer(leader, Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).beside(second)
}

fn fetches(broker: &FakeBroker) -> usize {
    broker.asked.iter().filter(|api| **api == ApiKey::Fetch).count()
}

#[test]
fn who_is_sent_to_a_near_replica_reads_there_and_asks_the_leader_again_after_the_age_of_metadata() {
    let run = near(&[("metadata.max.age.ms", "5000")], two_records()).until(4_000);
    assert_eq!(run.values(), ["a", "b"]);
    assert_eq!(fetches(run.broker()), 1, "the leader is asked once");
    assert!(fetches(run.second()) > 100);
    let run = run.until(7_000);
    assert_eq!(fetches(run.broker()), 2, "and once more when the preference is old");
}

/// The lease is good for the millisecond in which it ends (`TopicPartitionState#preferredReadReplica`): clocks count whole ones.
#[test]
fn a_near_replica_is_read_from_up_to_the_millisecond_in_which_the_lease_ends() {
    let mut run = near(&[("metadata.max.age.ms", "5000")], two_records());
    let travel = Duration::from_micros(100);
    let exact = LinkSpec { latency: travel, jitter: Duration::ZERO, bytes_per_second: 0 };
    let app = run.world.find("app-1").expect("it was added");
    for broker in ["broker-1", "broker-2"].map(|name| run.world.find(name).expect("it was added")) {
        run.world.set_link(app, broker, exact);
        run.world.set_link(broker, app, exact);
    }
    let begins = run.when(|run| fetches(run.broker()) == 1) + travel;
    let asks_again = run.when(|run| fetches(run.broker()) == 2);
    assert_eq!(asks_again.as_millis(), begins.as_millis() + 5_001, "{begins} and {asks_again}");
}

#[test]
fn a_near_replica_that_is_behind_costs_no_reset() {
    let mut behind = FakeBroker::with(&[("t", 1)]);
    behind.put("t", 0, "a");
    let mut run = near(&[], behind);
    run.broker_mut().committed = [(("t".into(), 0), 2)].into();
    let run = run.until(3_000);
    assert!(fetches(run.second()) >= 1 && fetches(run.broker()) >= 2, "it goes back to the leader");
    assert!(!run.broker().asked.contains(&ApiKey::ListOffsets), "its position stays");
    assert!(run.values().is_empty());
}

#[test]
fn without_its_near_replica_it_reads_from_the_leader() {
    let mut run = near(&[], two_records()).until(2_000);
    run.kill_second();
    run.broker_mut().has_near_replica = false;
    run.broker_mut().put("t", 0, "c");
    assert_eq!(run.until(10_000).values(), ["a", "b", "c"]);
}

/// A broker that is cut off still leads in what it tells, and would send a consumer whose offset is of a later epoch back to its own log.
/// Java knows by that epoch that there is another leader, and waits until somebody names it; librdkafka asks whom it knows.
#[test]
fn java_asks_no_leader_of_an_older_epoch_than_that_of_its_committed_offset() {
    for (profile, waits) in [(Profile::Java, true), (Profile::Librdkafka, false)] {
        let mut broker = two_records();
        broker.committed = [(("t".into(), 0), 1)].into();
        broker.committed_epoch = Some(1);
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let mut run = Run::consumer(broker, profile, &pairs, vec![(0, Do::Subscribe("t"))]).until(2_000);
        let asks = |api| matches!(api, ApiKey::Fetch | ApiKey::OffsetForLeaderEpoch | ApiKey::ListOffsets);
        assert_eq!(!run.broker().asked.iter().any(|api| asks(*api)), waits, "{profile:?}");
        if waits {
            assert!(run.broker().described.len() > 10, "it goes on asking who leads");
            let broker = run.broker_mut();
            (broker.leader_epoch, broker.epoch_ends) = (1, [(1, (1, 2))].into());
            assert_eq!(run.until(4_000).values(), ["b"], "and goes on where it was");
        }
    }
}
