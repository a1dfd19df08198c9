//! The consumer and the admin client against a scripted broker.

mod common;

use clients::{AdminCall, AdminResult, ConsumerEvent, Profile, StartAt};
use common::*;
use protocol::api::create_topics::NewTopic;
use protocol::{ApiKey, ErrorCode, TopicPartition};

fn three_records() -> FakeBroker {
    let mut broker = FakeBroker::with(&[("t", 2)]);
    for (partition, value) in [(0, "a"), (0, "b"), (1, "c")] {
        broker.put("t", partition, value);
    }
    broker
}

const EARLIEST: &[(&str, &str)] = &[("group.id", "g"), ("auto.offset.reset", "earliest")];

#[test]
fn joining_asks_in_the_order_kafka_asks() {
    let run = Run::consumer(three_records(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(500);
    use ApiKey::{Fetch, FindCoordinator, JoinGroup, ListOffsets, OffsetFetch, SyncGroup};
    assert_eq!(
        run.broker().asked[..7],
        [FindCoordinator, JoinGroup, JoinGroup, SyncGroup, OffsetFetch, ListOffsets, Fetch]
    );
    let all = vec![TopicPartition::new("t", 0), TopicPartition::new("t", 1)];
    assert_eq!(run.app().consumed[0].1, ConsumerEvent::Assigned(all));
}

#[test]
fn earliest_reads_what_was_there_and_latest_only_what_comes() {
    let mut values = Vec::new();
    for reset in ["earliest", "latest"] {
        let pairs = [("group.id", "g"), ("auto.offset.reset", reset)];
        let mut run = Run::consumer(three_records(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        run.broker_mut().put("t", 1, "new");
        let mut got = run.until(2_000).values();
        got.sort();
        values.push(got);
    }
    assert_eq!(values, [vec!["a", "b", "c", "new"], vec!["new"]]);
}

#[test]
fn java_commits_every_five_seconds_from_within_poll() {
    let run = Run::consumer(three_records(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(4_900);
    assert!(run.broker().committed.is_empty());
    let run = run.until(5_500);
    assert_eq!(run.broker().committed, [(("t".into(), 0), 2), (("t".into(), 1), 1)].into());
    let stuck = vec![(0, Do::Subscribe("t")), (1_000, Do::StopPolling)];
    let run = Run::consumer(three_records(), Profile::Java, EARLIEST, stuck.clone()).until(20_000);
    assert!(run.broker().committed.is_empty(), "a Java application that does not poll does not commit");
    let run = Run::consumer(three_records(), Profile::Librdkafka, EARLIEST, stuck).until(20_000);
    assert_eq!(run.broker().committed.len(), 2, "librdkafka commits in the background");
}

#[test]
fn java_commits_the_position_of_partitions_it_read_nothing_from() {
    let mut broker = FakeBroker::with(&[("t", 2)]);
    broker.put("t", 0, "a");
    let committed = |profile| {
        Run::consumer(broker.clone(), profile, EARLIEST, vec![(0, Do::Subscribe("t"))])
            .until(6_000)
            .broker()
            .committed
            .clone()
    };
    assert_eq!(committed(Profile::Java), [(("t".into(), 0), 1), (("t".into(), 1), 0)].into());
    assert_eq!(committed(Profile::Librdkafka), [(("t".into(), 0), 1)].into());
}

#[test]
fn closing_commits_and_leaves() {
    let script = vec![(0, Do::Subscribe("t")), (2_000, Do::CloseConsumer)];
    let run = Run::consumer(three_records(), Profile::Java, EARLIEST, script).until(3_000);
    assert_eq!(run.broker().committed, [(("t".into(), 0), 2), (("t".into(), 1), 1)].into());
    let asked: Vec<ApiKey> = run.broker().asked.iter().copied().filter(|api| *api != ApiKey::Fetch).collect();
    assert!(asked.ends_with(&[ApiKey::OffsetCommit, ApiKey::LeaveGroup]), "{asked:?}");
    assert!(matches!(run.app().consumed[1..], [(_, ConsumerEvent::Revoked(_)), (_, ConsumerEvent::Closed)]));
}

#[test]
fn a_committed_offset_is_where_reading_goes_on() {
    let mut broker = three_records();
    broker.committed = [(("t".into(), 0), 1)].into();
    let run = Run::consumer(broker, Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(1_000);
    let mut values = run.values();
    values.sort();
    assert_eq!(values, ["b", "c"]);
}

#[test]
fn a_rebalance_commits_and_revokes_before_joining_again() {
    let mut run = Run::consumer(three_records(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(1_000);
    run.broker_mut().heartbeat_errors.push_back(ErrorCode::RebalanceInProgress);
    run.broker_mut().asked.clear();
    let run = run.until(4_000);
    let asked: Vec<ApiKey> = run.broker().asked.iter().copied().filter(|api| *api != ApiKey::Fetch).collect();
    use ApiKey::{Heartbeat, JoinGroup, OffsetCommit, OffsetFetch, SyncGroup};
    assert_eq!(asked[..5], [Heartbeat, OffsetCommit, JoinGroup, SyncGroup, OffsetFetch]);
    assert!(matches!(
        run.app().consumed[..],
        [(_, ConsumerEvent::Assigned(_)), (_, ConsumerEvent::Revoked(_)), (_, ConsumerEvent::Assigned(_))]
    ));
    assert_eq!(run.values().len(), 3, "nothing is read twice");
}

const COOPERATIVE: &[(&str, &str)] = &[
    ("group.id", "g"),
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"),
];

#[test]
fn a_cooperative_member_keeps_its_partitions_and_positions_through_a_rebalance() {
    let mut run =
        Run::consumer(three_records(), Profile::Java, COOPERATIVE, vec![(0, Do::Subscribe("t"))]).until(1_000);
    run.broker_mut().heartbeat_errors.push_back(ErrorCode::RebalanceInProgress);
    run.broker_mut().asked.clear();
    let run = run.until(4_000);
    let asked: Vec<ApiKey> = run.broker().asked.iter().copied().filter(|api| *api != ApiKey::Fetch).collect();
    use ApiKey::{Heartbeat, JoinGroup, OffsetCommit, SyncGroup};
    assert_eq!(asked, [Heartbeat, OffsetCommit, JoinGroup, SyncGroup], "no offsets are looked up again");
    assert!(matches!(run.app().consumed[..], [_, (_, ConsumerEvent::Assigned(ref added))] if added.is_empty()));
    assert_eq!(run.values().len(), 3, "nothing is read twice");
}

#[test]
fn who_is_sent_back_to_joining_does_not_commit_again() {
    let mut run =
        Run::consumer(three_records(), Profile::Java, COOPERATIVE, vec![(0, Do::Subscribe("t"))]).until(1_000);
    run.broker_mut().heartbeat_errors.push_back(ErrorCode::RebalanceInProgress);
    run.broker_mut().sync_errors.push_back(ErrorCode::RebalanceInProgress);
    run.broker_mut().asked.clear();
    let run = run.until(4_000);
    let asked: Vec<ApiKey> = run.broker().asked.iter().copied().filter(|api| *api != ApiKey::Fetch).collect();
    use ApiKey::{Heartbeat, JoinGroup, OffsetCommit, SyncGroup};
    assert_eq!(asked, [Heartbeat, OffsetCommit, JoinGroup, SyncGroup, JoinGroup, SyncGroup]);
    assert!(!run.app().consumed.iter().any(|(_, event)| matches!(event, ConsumerEvent::Revoked(_))));
}

#[test]
fn a_cooperative_member_gives_up_what_it_must_and_joins_once_more() {
    let t1 = TopicPartition::new("t", 1);
    let events = |profile, pairs: &[(&str, &str)]| {
        let mut run = Run::consumer(three_records(), profile, pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        run.broker_mut().heartbeat_errors.push_back(ErrorCode::RebalanceInProgress);
        run.broker_mut().assignments = [vec![("t".into(), 0)], vec![("t".into(), 0)]].into();
        run.broker_mut().asked.clear();
        let run = run.until(4_000);
        let joins = run.broker().asked.iter().filter(|api| **api == ApiKey::JoinGroup).count();
        assert_eq!(joins, 2, "{profile:?}: one rebalance to give up, one to give away");
        assert_eq!(run.broker().committed[&("t".into(), 1)], 1, "{profile:?} commits what it gives up");
        run.app().consumed[1..].iter().map(|(_, event)| event.clone()).collect::<Vec<_>>()
    };
    let (revoked, none) = (ConsumerEvent::Revoked(vec![t1]), ConsumerEvent::Assigned(vec![]));
    assert_eq!(events(Profile::Java, COOPERATIVE), [revoked.clone(), none.clone(), none.clone()]);
    let pairs = [COOPERATIVE[0], COOPERATIVE[1], ("partition.assignment.strategy", "cooperative-sticky")];
    assert_eq!(events(Profile::Librdkafka, &pairs), [revoked, none]);
}

#[test]
fn assignors_that_nobody_has_are_refused_in_the_familys_own_words() {
    let refused = |profile, names: &str| {
        let pairs = [("bootstrap.servers", "b:1"), ("group.id", "g"), ("partition.assignment.strategy", names)];
        let pairs = pairs.map(|(k, v)| (k.into(), v.into()));
        clients::Consumer::new(profile, &pairs.into_iter().collect(), "c", 1).expect_err("it is refused").to_string()
    };
    assert_eq!(refused(Profile::Java, "range"), "range ClassNotFoundException exception occurred");
    assert_eq!(refused(Profile::Librdkafka, "sticky"), "Unsupported partition.assignment.strategy: sticky");
    let mixed = refused(Profile::Librdkafka, "range,cooperative-sticky");
    assert!(mixed.starts_with("All partition.assignment.strategy (range,cooperative-sticky) assignors must have"));
}

#[test]
fn an_unknown_member_loses_its_partitions_and_reads_again_from_its_last_commit() {
    let mut run = Run::consumer(three_records(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(1_000);
    run.broker_mut().heartbeat_errors.push_back(ErrorCode::UnknownMemberId);
    let run = run.until(4_900);
    assert!(matches!(
        run.app().consumed[..],
        [(_, ConsumerEvent::Assigned(_)), (_, ConsumerEvent::Lost(_)), (_, ConsumerEvent::Assigned(_))]
    ));
    assert_eq!(run.values().len(), 6, "nothing had been committed");
}

#[test]
fn who_does_not_poll_heartbeats_on_until_the_poll_interval_ends() {
    let script = vec![(0, Do::Subscribe("t")), (1_000, Do::StopPolling)];
    let run = Run::consumer(three_records(), Profile::Java, EARLIEST, script).until(290_000);
    let beats = run.broker().asked.iter().filter(|api| **api == ApiKey::Heartbeat).count();
    assert!((90..=98).contains(&beats), "{beats}");
    assert!(!run.broker().asked.contains(&ApiKey::LeaveGroup));
    let run = run.until(310_000);
    assert_eq!(run.broker().asked.iter().filter(|api| **api == ApiKey::LeaveGroup).count(), 1);
}

#[test]
fn an_offset_outside_the_log_is_reset_by_the_policy() {
    let mut broker = three_records();
    broker.committed = [(("t".into(), 0), 100), (("t".into(), 1), 1)].into();
    let run = Run::consumer(broker.clone(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(1_000);
    assert_eq!(run.values(), ["a", "b"]);
    let none = [("group.id", "g"), ("auto.offset.reset", "none")];
    let run = Run::consumer(broker, Profile::Java, &none, vec![(0, Do::Subscribe("t"))]).until(1_000);
    assert!(
        run.app().consumed.iter().any(
            |(_, e)| matches!(e, ConsumerEvent::Fatal(error) if error.class.ends_with("OffsetOutOfRangeException"))
        )
    );
}

#[test]
fn without_a_policy_a_new_group_fails() {
    let none = [("group.id", "g"), ("auto.offset.reset", "none")];
    let run = Run::consumer(three_records(), Profile::Java, &none, vec![(0, Do::Subscribe("t"))]).until(1_000);
    let text = "org.apache.kafka.clients.consumer.NoOffsetForPartitionException: Undefined offset with no reset policy for partitions: [t-0, t-1]";
    assert!(
        run.app().consumed.iter().any(|(_, e)| matches!(e, ConsumerEvent::Fatal(error) if error.to_string() == text)),
        "{:?}",
        run.app().consumed
    );
}

#[test]
fn what_one_fetch_brought_is_handed_out_over_several_polls() {
    let mut broker = FakeBroker::with(&[("t", 1)]);
    (1..=7).for_each(|n| broker.put("t", 0, &n.to_string()));
    let start = vec![(TopicPartition::new("t", 0), StartAt::Offset(1))];
    let run =
        Run::consumer(broker, Profile::Java, &[("max.poll.records", "4")], vec![(0, Do::Assign(start))]).until(1_000);
    assert_eq!(run.values(), ["2", "3", "4", "5", "6", "7"]);
    assert_eq!(run.app().polls, [4, 2]);
}

#[test]
fn who_starts_a_while_ago_has_no_position_until_there_is_something_as_young() {
    let pairs = [("group.id", "g"), ("auto.offset.reset", "by_duration:PT1H")];
    let mut broker = FakeBroker::with(&[("t", 1)]);
    broker.put_at(protocol::EPOCH_MS - 3_600_000, "t", 0, "old");
    broker.put_at(protocol::EPOCH_MS - 3_000_000, "t", 0, "young");
    let found = Run::consumer(broker.clone(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
    assert_eq!(found.values(), ["young"]);
    let pairs = [("group.id", "g"), ("auto.offset.reset", "by_duration:PT10M")];
    let mut run = Run::consumer(broker, Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(5_000);
    run.broker_mut().put_at(protocol::EPOCH_MS + 5_000, "t", 0, "new");
    let run = run.until(29_000);
    assert!(run.values().is_empty() && !run.broker().asked.contains(&ApiKey::Fetch), "it was asked before it came");
    let run = run.until(32_000);
    assert_eq!(run.values(), ["new"]);
    assert_eq!(run.broker().asked.iter().filter(|api| **api == ApiKey::ListOffsets).count(), 2);
}

#[test]
fn assigned_partitions_need_no_group() {
    let start = vec![(TopicPartition::new("t", 0), StartAt::Offset(1)), (TopicPartition::new("t", 1), StartAt::Latest)];
    let run = Run::consumer(three_records(), Profile::Java, &[], vec![(0, Do::Assign(start))]).until(1_000);
    assert_eq!(run.values(), ["b"]);
    assert!(!run.broker().asked.contains(&ApiKey::FindCoordinator));
}

#[test]
fn an_application_commits_what_it_says() {
    let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    let offsets = vec![(TopicPartition::new("t", 0), 1)];
    let script = vec![(0, Do::Subscribe("t")), (2_000, Do::Commit(Some(offsets.clone())))];
    let run = Run::consumer(three_records(), Profile::Java, &pairs, script).until(10_000);
    assert_eq!(run.broker().committed, [(("t".into(), 0), 1)].into());
    assert_eq!(run.app().consumed.last().map(|(_, e)| e.clone()), Some(ConsumerEvent::Committed(Ok(offsets))));
}

#[test]
fn a_consumer_finds_a_broker_that_comes_back() {
    let mut run = Run::consumer(three_records(), Profile::Java, EARLIEST, vec![(0, Do::Subscribe("t"))]).until(2_000);
    run.kill_broker();
    let mut run = run.until(12_000);
    let broker = run.world.find("broker-1").expect("added");
    run.world.start(broker);
    run.broker_mut().put("t", 1, "later");
    let values = run.until(16_000).values();
    assert!(values.contains(&"later".to_string()), "{values:?}");
}

fn topic(name: &str) -> NewTopic {
    NewTopic { name: name.into(), partitions: 3, replication_factor: 1, assignments: vec![], configs: vec![] }
}

#[test]
fn an_admin_creates_and_lists_topics() {
    let script = vec![
        (0, Do::Call(AdminCall::CreateTopics { topics: vec![topic("orders")], validate_only: false })),
        (100, Do::Call(AdminCall::CreateTopics { topics: vec![topic("orders")], validate_only: false })),
        (200, Do::Call(AdminCall::ListTopics)),
    ];
    let run = Run::admin(FakeBroker::with(&[]), &[], script).until(1_000);
    let results: Vec<&AdminResult> = run.app().results.iter().map(|(_, result)| result).collect();
    let [AdminResult::CreateTopics(first), AdminResult::CreateTopics(second), AdminResult::ListTopics(listed)] =
        results[..]
    else {
        panic!("{results:?}")
    };
    assert!(first[0].1.is_ok());
    assert_eq!(
        second[0].1.as_ref().map_err(ToString::to_string).err().as_deref(),
        Some("org.apache.kafka.common.errors.TopicExistsException: Topic 'orders' already exists.")
    );
    assert_eq!(&*listed[0].0, "orders");
}

#[test]
fn an_admin_that_reaches_nobody_gives_up_after_a_minute_in_kafkas_words() {
    let run = Run::admin(
        FakeBroker::with(&[]),
        &[("bootstrap.servers", "broker-1:1")],
        vec![(0, Do::Call(AdminCall::ListTopics))],
    )
    .until(70_000);
    let [(at, AdminResult::Failed(error))] = &run.app().results[..] else { panic!("{:?}", run.app().results) };
    assert_eq!(at.as_millis(), 60_000);
    assert_eq!(
        error.to_string(),
        "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: listTopics"
    );
    let text = "[AdminClient clientId=adminclient-1] Connection to node -1 (broker-1:1) could not be established. Node may not be available.";
    assert!(
        run.app().logs.len() > 40 && run.app().logs.iter().all(|line| line.text == text),
        "{}",
        run.app().logs.len()
    );
}

#[test]
fn an_admin_looks_offsets_up_at_the_leaders() {
    let partitions =
        vec![(TopicPartition::new("t", 0), StartAt::Latest), (TopicPartition::new("t", 1), StartAt::Earliest)];
    let run = Run::admin(three_records(), &[], vec![(0, Do::Call(AdminCall::ListOffsets { partitions }))]).until(1_000);
    let [(_, AdminResult::ListOffsets(found))] = &run.app().results[..] else { panic!("{:?}", run.app().results) };
    let offsets: Vec<(i32, i64)> = found.iter().map(|(tp, r)| (tp.partition, r.as_ref().map_or(-9, |f| f.0))).collect();
    assert_eq!(offsets, [(0, 2), (1, 0)]);
    assert_eq!(run.broker().asked, [ApiKey::ListOffsets], "one request for the one leader");
}
