//! Replication through the public face: acknowledgements, high watermarks, ISR, failover, truncation, power loss.
//! The timelines are those of annex B of the behavioural specification.

mod cluster_harness;

use cluster_harness::{Cluster, ONE_WAY, ms, tp};
use kernel::{Duration, NodeState, Time};
use protocol::api::metadata::MetadataRequest;
use protocol::{BrokerId, ErrorCode, Note, Response, wall_ms};

fn three() -> (Cluster, protocol::TopicId) {
    let mut cluster = Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    (cluster, topic)
}

fn times(d: Duration, n: u64) -> Duration {
    Duration::from_nanos(d.as_nanos() * n)
}

#[test]
fn b1_acks_all_on_an_idle_partition_takes_four_one_way_trips() {
    let (mut cluster, topic) = three();
    // A connection takes a round trip to open: open it first.
    let first = cluster.produce(0, 1, topic, 1, "a");
    cluster.produced(first);
    cluster.run(Duration::from_secs(2));
    let sent = cluster.world.now();
    let handle = cluster.produce(0, 1, topic, -1, "b");
    let (at, result) = cluster.produced(handle);
    assert_eq!((result.error, result.base_offset), (ErrorCode::None, 1));
    assert_eq!(at, sent + times(ONE_WAY, 4));
}

#[test]
fn b1_followers_learn_the_high_watermark_one_fetch_later_half_a_second_when_idle() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "a");
    let (acked, _) = cluster.produced(handle);
    assert_eq!(cluster.offsets(1, topic), (1, 1));
    assert_eq!(cluster.offsets(2, topic), (1, 0), "follower 2 has the record and does not know that it is committed");
    cluster.run(ms(400));
    assert_eq!(cluster.offsets(2, topic), (1, 0));
    cluster.run(ms(110));
    assert_eq!(cluster.offsets(2, topic), (1, 1));
    let hw_of_2 = |note: &Note| matches!(note, Note::HighWatermark { broker: BrokerId(2), offset: 1, .. });
    let learned = cluster.when(Time::ZERO, hw_of_2).expect("it learned");
    // The leader answers when the fetch that brought the ack's news has been parked for 500 ms.
    assert_eq!(learned, acked + ms(500));
}

#[test]
fn b2_a_stalled_follower_freezes_the_high_watermark_until_it_is_dropped_from_the_isr() {
    let (mut cluster, topic) = three();
    cluster.run(Duration::from_secs(5));
    let (leader, stalled) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(stalled, leader);
    cluster.world.cut(leader, stalled);
    let start = cluster.world.now();
    let one = cluster.produce(1, 1, topic, 1, "one");
    assert_eq!(cluster.produced(one).1.error, ErrorCode::None, "acks=1 does not wait");
    let all = cluster.produce(2, 1, topic, -1, "all");
    cluster.run(Duration::from_secs(29));
    assert_eq!(cluster.offsets(1, topic), (2, 0), "nothing is committed while follower 3 is in the ISR");
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3]);
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    let shrunk =
        cluster.when(start, |note| matches!(note, Note::IsrChanged { tp: t, .. } if *t == tp("t"))).expect("it shrank");
    let took = shrunk.since(start);
    assert!(took >= ms(29_400) && took <= Duration::from_millis(45_100), "took {took:?}");
    assert_eq!(cluster.offsets(1, topic), (2, 2), "with follower 3 out, the other two commit both records");
    // The answer came either from the shrink or from the 30 s time-out, whichever was first.
    assert!(cluster.answer(all).is_some());
    cluster.world.heal(stalled, leader);
    cluster.world.heal(leader, stalled);
    cluster.run(Duration::from_secs(40));
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3], "it catches up and comes back");
    assert_eq!(cluster.offsets(3, topic), (2, 2));
}

/// A new leader knows less of what is committed than the old one did, and says so until its followers have reached it.
#[test]
fn a_new_leader_tells_no_end_before_its_epochs_start_is_committed() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "a");
    cluster.produced(handle);
    let [first, second, third] = [1, 2, 3].map(|id| cluster.node(id));
    // Follower 2 has the record, and never hears that it is committed.
    cluster.world.kill(first);
    cluster.world.cut(third, second);
    cluster.run(Duration::from_secs(14));
    assert_eq!(cluster.partition(2, topic), (2, 1, vec![2, 3]));
    assert_eq!(cluster.offsets(2, topic), (1, 0));
    assert_eq!(cluster.list_offset(2, "t", -1).0, ErrorCode::OffsetNotAvailable);
    assert_eq!(cluster.list_offset(2, "t", -2), (ErrorCode::None, 0), "where it begins it knows");
    cluster.world.heal(third, second);
    cluster.run(Duration::from_secs(3));
    assert_eq!(cluster.list_offset(2, "t", -1), (ErrorCode::None, 1));
}

/// `Partition#fetchOffsetForTimestamp`: what is not committed is not found, though it is the youngest of all.
#[test]
fn a_time_finds_no_record_that_is_not_committed() {
    let (mut cluster, topic) = three();
    let first = cluster.produce(0, 1, topic, -1, "committed");
    cluster.produced(first);
    let between = wall_ms(cluster.world.now().as_nanos()) + 1;
    let (leader, follower) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(follower, leader);
    cluster.run(ms(100));
    let second = cluster.produce(0, 1, topic, 1, "not yet");
    assert_eq!(cluster.produced(second).1.error, ErrorCode::None);
    let found = |cluster: &mut Cluster| [0, between, -3, -1].map(|time| cluster.list_offset(1, "t", time).1);
    assert_eq!(found(&mut cluster), [0, -1, -1, 1]);
    cluster.world.heal(follower, leader);
    cluster.run(ms(1_000));
    assert_eq!(found(&mut cluster), [0, 1, 1, 2]);
}

#[test]
fn acks_all_times_out_with_the_request_while_the_data_stays_and_is_committed_later() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "first");
    cluster.produced(handle);
    // Just after an ISR check: the next ones come 14 and 29 s later, too early, and 44 s later, too late for this write.
    let check = cluster.process(1).broker().and_then(|broker| broker.next_isr_check()).expect("it runs by the clock");
    let now = cluster.world.now();
    cluster.run(check.since(now) + Duration::from_secs(1));
    // Cut off from the leader alone: broker 3 stays alive for the controller, which would drop it from the ISR sooner.
    let (leader, stalled) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(stalled, leader);
    let sent = cluster.world.now();
    let handle = cluster.produce(0, 1, topic, -1, "late");
    let (at, result) = cluster.produced(handle);
    assert_eq!((result.error, result.base_offset), (ErrorCode::RequestTimedOut, 1), "it is told where the record lies");
    assert_eq!(at, sent + Duration::from_secs(30) + times(ONE_WAY, 2));
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    assert_eq!(cluster.offsets(1, topic), (2, 2), "the record the producer gave up is committed");
}

#[test]
fn b3_after_a_crash_of_the_leader_the_next_in_order_leads_within_the_session_and_a_heartbeat() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "kept");
    cluster.produced(handle);
    let died = cluster.world.now();
    let node = cluster.node(1);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(14));
    assert_eq!(cluster.partition(2, topic), (2, 1, vec![2, 3]));
    let is_election =
        |note: &Note| matches!(note, Note::LeaderElected { tp: t, leader: BrokerId(2), .. } if *t == tp("t"));
    let took = cluster.when(died, is_election).expect("2 was elected").since(died);
    assert!(took > Duration::from_secs(6) && took < Duration::from_secs(12), "took {took:?}");
    let handle = cluster.produce(0, 2, topic, -1, "after");
    assert_eq!(cluster.produced(handle).1.base_offset, 1);
    assert_eq!(cluster.values(3, topic), ["kept", "after"]);
    // The old leader comes back as a follower, catches up, and is taken into the ISR.
    cluster.world.start(node);
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.partition(2, topic), (2, 1, vec![1, 2, 3]));
    assert_eq!(cluster.values(1, topic), ["kept", "after"]);
}

#[test]
fn acks_1_loses_what_only_the_dead_leader_had_and_the_suffix_is_truncated_when_it_returns() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "kept");
    cluster.produced(handle);
    let nodes = [cluster.node(1), cluster.node(2), cluster.node(3)];
    for follower in &nodes[1..] {
        cluster.world.cut(nodes[0], *follower);
    }
    let handle = cluster.produce(0, 1, topic, 1, "lost");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::None, "acks=1 says it is written");
    cluster.world.kill(nodes[0]);
    // What is on its way to the followers is not given to them before they follow somebody else.
    cluster.run(Duration::from_secs(14));
    for follower in &nodes[1..] {
        cluster.world.heal(nodes[0], *follower);
    }
    let handle = cluster.produce(0, 2, topic, -1, "other");
    assert_eq!(cluster.produced(handle).1.base_offset, 1, "the offset of the lost record is used again");
    let back = cluster.world.now();
    cluster.world.start(nodes[0]);
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.values(1, topic), ["kept", "other"]);
    let cut = |note: &Note| matches!(note, Note::Truncated { broker: BrokerId(1), from: 2, to: 1, .. });
    assert!(cluster.when(back, cut).is_some(), "its own record 1 was cut off");
}

#[test]
fn acks_all_loses_nothing_when_the_leader_dies_right_after_the_answer() {
    let (mut cluster, topic) = three();
    for n in 0..20 {
        let handle = cluster.produce(0, 1, topic, -1, &n.to_string());
        assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
    }
    let node = cluster.node(1);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(14));
    let expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(cluster.values(2, topic), expected);
    assert_eq!(cluster.offsets(2, topic), (20, 20), "the new leader commits what its followers confirm");
}

#[test]
fn below_min_isr_acks_all_is_refused_and_acks_1_is_written_but_invisible() {
    let (mut cluster, topic) = three();
    for id in [2, 3] {
        let node = cluster.node(id);
        cluster.world.kill(node);
    }
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.partition(1, topic).2, [1]);
    let handle = cluster.produce(0, 1, topic, -1, "no");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::NotEnoughReplicas);
    let handle = cluster.produce(0, 1, topic, 1, "hidden");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
    assert_eq!(cluster.offsets(1, topic), (1, 0));
    let handle = cluster.fetch(1, 1, topic, 0, -1, 0);
    let (_, response) = cluster.fetched(handle);
    assert!(response.partitions[0].batches.is_empty(), "the frozen high watermark hides it");
}

#[test]
fn the_wrong_broker_names_the_leader() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 2, topic, 1, "x");
    let (_, Some(Response::Produce(answer))) = cluster.wait(handle, ms(1_000)) else { panic!("another answer") };
    let result = &answer.partitions[0];
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    let nodes = answer.node_endpoints.0.expect("it tells where it listens");
    let places: Vec<_> = nodes.iter().map(|node| (node.id, &*node.host, node.port)).collect();
    assert_eq!(places, [(BrokerId(1), "broker-1", 9092)]);
    let hint = result.current_leader.expect("it tells who leads");
    assert_eq!((hint.leader, hint.leader_epoch), (BrokerId(1), 0));
    let handle = cluster.produce(0, 2, protocol::TopicId(99), 1, "x");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::UnknownTopicId);
}

#[test]
fn a_parked_fetch_is_answered_when_the_record_is_committed_and_not_before() {
    let (mut cluster, topic) = three();
    let parked = cluster.fetch(1, 1, topic, 0, 0, 5_000);
    cluster.run(ms(100));
    assert!(cluster.answer(parked).is_none());
    let handle = cluster.produce(0, 1, topic, -1, "news");
    let (acked, _) = cluster.produced(handle);
    let (at, response) = cluster.fetched(parked);
    assert_eq!(response.partitions[0].batches.len(), 1);
    assert_eq!(at, acked, "both wait for the same high watermark");
    let empty = cluster.fetch(1, 1, topic, 1, 0, 500);
    let asked = cluster.world.now();
    assert_eq!(cluster.fetched(empty).0, asked + ms(500) + times(ONE_WAY, 2));
}

#[test]
fn epochs_are_checked_before_leadership_and_offsets_before_data() {
    let (mut cluster, topic) = three();
    for (id, epoch, offset, error) in [
        (1, 7, 0, ErrorCode::UnknownLeaderEpoch),
        (1, 0, 5, ErrorCode::OffsetOutOfRange),
        (2, 7, 0, ErrorCode::UnknownLeaderEpoch),
        (2, 0, 0, ErrorCode::None),
    ] {
        let handle = cluster.fetch(1, id, topic, offset, epoch, 0);
        assert_eq!(cluster.fetched(handle).1.partitions[0].error, error, "broker {id}, epoch {epoch}, offset {offset}");
    }
    assert_eq!(cluster.list_offset(2, "t", -1).0, ErrorCode::NotLeaderOrFollower);
    assert_eq!(cluster.list_offset(1, "t", -1), (ErrorCode::None, 0));
}

#[test]
fn a_power_loss_of_all_replicas_takes_acknowledged_records_and_a_crash_takes_none() {
    for is_power_loss in [false, true] {
        let (mut cluster, topic) = three();
        let handle = cluster.produce(0, 1, topic, -1, "acknowledged");
        assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
        for id in 1..=3 {
            let node = cluster.node(id);
            match is_power_loss {
                true => cluster.world.power_off(node),
                false => cluster.world.kill(node),
            };
        }
        cluster.run(Duration::from_secs(30));
        for id in 1..=3 {
            let node = cluster.node(id);
            cluster.world.start(node);
            assert_eq!(cluster.world.state(node), NodeState::Running);
        }
        cluster.run(Duration::from_secs(60));
        let expected: &[&str] = if is_power_loss { &[] } else { &["acknowledged"] };
        assert_eq!(cluster.values(1, topic), expected, "power loss: {is_power_loss}");
    }
}

#[test]
fn a_topic_appears_when_metadata_is_asked_for_it_and_disappears_when_deleted() {
    let mut cluster = Cluster::new(1, 3, &[("num.partitions", "2"), ("default.replication.factor", "3")]);
    let ask = MetadataRequest { topics: Some(vec!["auto".into()]), allow_auto_topic_creation: true };
    let Response::Metadata(first) = cluster.call(2, ask.clone()) else { panic!("Metadata answers Metadata") };
    assert_eq!(first.topics[0].error, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(first.brokers.len(), 3);
    cluster.run(Duration::from_secs(2));
    let Response::Metadata(second) = cluster.call(2, ask) else { panic!("Metadata answers Metadata") };
    assert_eq!((second.topics[0].error, second.topics[0].partitions.len()), (ErrorCode::None, 2));
    let delete = protocol::api::delete_topics::DeleteTopicsRequest { topics: vec!["auto".into()], timeout_ms: 30_000 };
    cluster.call(3, delete);
    cluster.run(Duration::from_secs(2));
    for id in 1..=3 {
        let broker = cluster.process(id).broker().expect("it is a broker");
        assert_eq!(broker.replicas().count(), 0, "broker {id}");
    }
}

#[test]
fn a_follower_behind_the_leaders_log_start_begins_anew_where_the_leaders_log_begins() {
    let mut cluster = Cluster::new(1, 2, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2]], &[("retention.ms", "1000")]);
    let handle = cluster.produce(0, 1, topic, -1, "old");
    cluster.produced(handle);
    let node = cluster.node(2);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(15));
    for n in 0..5 {
        let handle = cluster.produce(0, 1, topic, -1, &n.to_string());
        cluster.produced(handle);
    }
    cluster.run(Duration::from_secs(320));
    assert_eq!(cluster.values(1, topic), [""; 0], "retention took everything that is older than a second");
    assert_eq!(cluster.offsets(1, topic), (6, 6));
    let back = cluster.world.now();
    cluster.world.start(node);
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.offsets(2, topic), (6, 6));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    let anew = |note: &Note| matches!(note, Note::Truncated { broker: BrokerId(2), from: 1, to: 6, .. });
    assert!(cluster.when(back, anew).is_some());
    assert!(cluster.when(Time::ZERO, |note| matches!(note, Note::SegmentsDeleted { log_start: 6, .. })).is_some());
}

#[test]
fn acks_0_gets_no_answer_and_an_error_closes_the_connection() {
    let (mut cluster, topic) = three();
    let fine = cluster.produce(5, 1, topic, 0, "x");
    let wrong = cluster.produce(6, 2, topic, 0, "x");
    cluster.run(Duration::from_secs(2));
    assert_eq!(cluster.answer(fine), None);
    assert_eq!(cluster.answer(wrong).expect("the connection was closed").1, None);
    assert_eq!(cluster.values(1, topic), ["x"]);
}

#[test]
fn requests_of_one_connection_are_handled_one_after_the_other() {
    let (mut cluster, topic) = three();
    let parked = cluster.fetch(4, 1, topic, 0, 0, 500);
    let behind = cluster.produce(4, 1, topic, 1, "behind");
    let (_, fetched) = cluster.fetched(parked);
    assert!(fetched.partitions[0].batches.is_empty(), "the record behind it in the connection was not seen before");
    assert_eq!(cluster.produced(behind).1.error, ErrorCode::None);
}

#[test]
fn after_a_clean_stop_the_leader_has_moved_before_the_process_ends_and_nothing_is_lost() {
    let (mut cluster, topic) = three();
    let handle = cluster.produce(0, 1, topic, -1, "kept");
    cluster.produced(handle);
    let node = cluster.node(1);
    cluster.world.order(node, kernel::Order::Terminate);
    cluster.run(Duration::from_secs(8));
    assert_eq!(cluster.world.state(node), NodeState::Exited(0));
    assert_eq!(cluster.partition(2, topic), (2, 1, vec![2, 3]));
    let handle = cluster.produce(0, 2, topic, -1, "after");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
    cluster.world.start(node);
    cluster.run(Duration::from_secs(10));
    assert_eq!(cluster.values(1, topic), ["kept", "after"]);
}

#[test]
fn equal_seeds_give_equal_runs() {
    let digest = || {
        let (mut cluster, topic) = three();
        let handle = cluster.produce(0, 1, topic, -1, "a");
        cluster.produced(handle);
        let node = cluster.node(1);
        cluster.world.kill(node);
        cluster.run(Duration::from_secs(15));
        cluster.world.digest()
    };
    assert_eq!(digest(), digest());
}
