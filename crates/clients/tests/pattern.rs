//! Consumers that are subscribed to a pattern, against a scripted broker.

mod common;

use clients::{ConsumerEvent, Profile};
use common::*;
use protocol::{ApiKey, TopicPartition};

const TOPICS: &[(&str, i32)] = &[("__consumer_offsets", 1), ("other", 1), ("t1", 2), ("t2", 1)];

/// A consumer of a pattern; metadata is too old after two seconds.
fn consumer(pattern: &'static str, pairs: &[(&str, &str)]) -> Run {
    let all =
        [&[("group.id", "g"), ("auto.offset.reset", "earliest"), ("metadata.max.age.ms", "2000")], pairs].concat();
    Run::consumer(FakeBroker::with(TOPICS), Profile::Java, &all, vec![(0, Do::SubscribePattern(pattern))])
}

/// Why the members that came joined, and with which topics.
fn joined(run: &Run) -> Vec<(&str, String)> {
    run.broker().joined.iter().map(|(reason, topics)| (&**reason, topics.join(","))).collect()
}

#[test]
fn it_joins_with_the_topics_whose_whole_name_matches() {
    let run = consumer("t.|oth", &[]).until(1_500);
    assert_eq!(joined(&run), [("", "t1,t2".to_owned()), ("", "t1,t2".to_owned())]);
    let all = [("t1", 0), ("t1", 1), ("t2", 0)].map(|(topic, n)| TopicPartition::new(topic, n)).to_vec();
    assert_eq!(run.app().consumed[0].1, ConsumerEvent::Assigned(all));
    assert_eq!(run.broker().described, Vec::<Vec<_>>::new(), "it asks for all topics, and for none by name");
}

#[test]
fn internal_topics_are_left_out_unless_they_are_asked_for() {
    assert_eq!(joined(&consumer(".*", &[]).until(1_500))[1].1, "other,t1,t2");
    let run = consumer(".*", &[("exclude.internal.topics", "false")]).until(1_500);
    assert_eq!(joined(&run)[1].1, "__consumer_offsets,other,t1,t2");
}

#[test]
fn a_pattern_that_matches_nothing_is_a_member_with_nothing_to_read() {
    let run = consumer("x.*", &[]).until(20_000);
    assert_eq!(joined(&run), [("", String::new()), ("", String::new())]);
    assert_eq!(
        run.app().consumed.iter().map(|(_, event)| event).collect::<Vec<_>>(),
        [&ConsumerEvent::Assigned(vec![])]
    );
    assert!(run.broker().asked.contains(&ApiKey::Heartbeat) && !run.broker().asked.contains(&ApiKey::Fetch));
}

#[test]
fn a_new_topic_is_found_when_metadata_is_too_old_and_read_after_a_rejoin() {
    let mut run = consumer("t.*", &[]).until(5_000);
    run.broker_mut().topics.insert("t3".into(), 1);
    run.broker_mut().topics.insert("u3".into(), 1);
    run.broker_mut().put("t3", 0, "new");
    let run = run.until(8_000);
    assert_eq!(joined(&run)[2..], [("cached metadata has changed", "t1,t2,t3".to_owned())]);
    assert_eq!(run.values(), ["new"]);
    let mut run = consumer("t.*", &[("metadata.max.age.ms", "60000")]).until(5_000);
    run.broker_mut().topics.insert("t3".into(), 1);
    let run = run.until(50_000);
    assert_eq!(joined(&run).len(), 2, "nothing tells it before the metadata it has is too old");
    assert_eq!(joined(&run.until(65_000)).len(), 3);
}

#[test]
fn a_topic_that_is_gone_is_given_up() {
    let mut run = consumer("t.*", &[("enable.auto.commit", "false")]).until(5_000);
    run.broker_mut().topics.remove("t2");
    let run = run.until(8_000);
    assert_eq!(joined(&run)[2..], [("cached metadata has changed", "t1".to_owned())]);
    let last = run.app().consumed.last().map(|(_, event)| event);
    let left = vec![TopicPartition::new("t1", 0), TopicPartition::new("t1", 1)];
    assert_eq!(last, Some(&ConsumerEvent::Assigned(left)));
}

#[test]
fn more_partitions_of_a_topic_make_its_leader_join_again() {
    let mut run = consumer("t.*", &[]).until(5_000);
    run.broker_mut().topics.insert("t2".into(), 4);
    assert_eq!(joined(&run.until(8_000))[2..], [("cached metadata has changed", "t1,t2".to_owned())]);
}

#[test]
fn a_member_that_does_not_lead_joins_again_for_its_own_topics() {
    let mut run = consumer("t.*", &[]);
    run.broker_mut().is_led_by_another = true;
    run.broker_mut().assignments.push_back(vec![("t1".into(), 0)]);
    let mut run = run.until(5_000);
    run.broker_mut().topics.insert("t2".into(), 4);
    let mut run = run.until(8_000);
    assert_eq!(joined(&run).len(), 2, "partitions are the leader's business");
    run.broker_mut().topics.remove("t2");
    assert_eq!(joined(&run.until(11_000))[2..], [("subscription has changed", "t1".to_owned())]);
}

#[test]
fn what_the_leader_knew_first_is_taken_if_it_matches() {
    let assigned = |topic: &'static str| {
        let mut run = consumer("t.*", &[("metadata.max.age.ms", "60000")]);
        run.broker_mut().is_led_by_another = true;
        run.broker_mut().assignments.push_back(vec![(topic.into(), 0)]);
        run.until(30_000)
    };
    let run = assigned("t9");
    assert_eq!(run.app().consumed[0].1, ConsumerEvent::Assigned(vec![TopicPartition::new("t9", 0)]));
    // It asks for its metadata, hears that there is no such topic, and joins with what there is.
    assert_eq!(joined(&run)[2..], [("subscription has changed", "t1,t2".to_owned())]);
    let reason = "received assignment does not match the current subscription";
    assert_eq!(joined(&assigned("other"))[2..], [(reason, "t1,t2".to_owned())]);
}

/// `ConsumerCoordinator#poll` asks for metadata before each joining, and goes on asking as long as the first one takes.
#[test]
fn before_it_joins_it_looks_at_the_topics_anew() {
    let run = consumer("t.*", &[("metadata.max.age.ms", "60000")]).until(1_500);
    let asked = run.broker().asked_for_all;
    assert!((2..=4).contains(&asked), "{asked}");
    let mut run = run;
    run.broker_mut().topics.insert("t3".into(), 1);
    run.broker_mut().heartbeat_errors.push_back(protocol::ErrorCode::RebalanceInProgress);
    let run = run.until(6_000);
    assert_eq!(joined(&run)[2..], [("group is already rebalancing", "t1,t2,t3".to_owned())]);
    assert_eq!(run.broker().asked_for_all, asked + 2, "once before it joins, and once more for the topic that is new");
}
