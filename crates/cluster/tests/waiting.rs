//! What waits at a broker (`DelayedProduce`, `DelayedFetch`, `DelayedDeleteRecords`) when the leadership goes, the replica goes, its
//! disk fails, or `min.insync.replicas` changes; and who stops fetching as it stops (`ReplicaManager#applyLocalFollowersDelta`).

mod cluster_harness;

use cluster_harness::{Cluster, ONE_WAY, ms};
use kernel::{Duration, Host, Order};
use protocol::api::ConfigResourceKind;
use protocol::api::alter_partition_reassignments::{AlterPartitionReassignmentsRequest, WantedReassignment};
use protocol::api::delete_records::DeleteRecordsRequest;
use protocol::api::delete_topics::DeleteTopicsRequest;
use protocol::api::elect_leaders::ElectLeadersRequest;
use protocol::{BrokerId, ErrorCode, Response, TopicId};

/// Broker 1 leads, and follower 3 fetches nothing from it: the high watermark stands still.
fn stalled(cluster: &mut Cluster) -> TopicId {
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let first = cluster.produce(0, 1, topic, -1, "a");
    cluster.produced(first);
    let (leader, follower) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(follower, leader);
    cluster.run(ms(100));
    topic
}

fn by_hand() -> Cluster {
    Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false"), ("log.dirs", "/data1,/data2")])
}

fn move_to(cluster: &mut Cluster, replicas: &[i32]) {
    let replicas = Some(replicas.iter().map(|id| BrokerId(*id)).collect());
    let moved = WantedReassignment { topic: "t".into(), partition: 0, replicas };
    let request = AlterPartitionReassignmentsRequest { partitions: vec![moved], allow_replication_factor_change: true };
    let Response::AlterPartitionReassignments(answer) = cluster.call(2, request) else { panic!("another answer") };
    assert!(answer.error.is_ok());
}

/// KIP-951: a producer that waited for replicas need not ask who leads either.
#[test]
fn a_leader_that_steps_down_tells_who_waits_who_leads_now() {
    let mut cluster = by_hand();
    let topic = stalled(&mut cluster);
    move_to(&mut cluster, &[2, 1, 3]);
    let waits = cluster.produce(1, 1, topic, -1, "b");
    cluster.run(ms(50));
    assert!(cluster.answer(waits).is_none());
    let elect = ElectLeadersRequest { unclean: false, partitions: Some(vec![("t".into(), 0)]), timeout_ms: 30_000 };
    cluster.call(2, elect);
    let (_, result) = cluster.produced(waits);
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    let hint = result.current_leader.expect("it tells who leads");
    assert_eq!((hint.leader, hint.leader_epoch), (BrokerId(2), 1));
}

/// `ReplicaManager#getPartitionOrError`: of a topic that is gone nobody is the leader.
#[test]
fn what_waits_when_its_topic_is_deleted_is_told_that_there_is_none() {
    let mut cluster = by_hand();
    let topic = stalled(&mut cluster);
    let write = cluster.produce(1, 1, topic, -1, "b");
    let delete = DeleteRecordsRequest { partitions: vec![("t".into(), 0, 1)], timeout_ms: 30_000 };
    let records = cluster.ask(2, 1, delete);
    cluster.run(ms(50));
    assert!(cluster.answer(write).is_none() && cluster.answer(records).is_none());
    cluster.call(2, DeleteTopicsRequest { topics: vec!["t".into()], timeout_ms: 30_000 });
    let (_, result) = cluster.produced(write);
    assert_eq!((result.error, result.current_leader), (ErrorCode::UnknownTopicOrPartition, None));
    let Some(Response::DeleteRecords(answer)) = cluster.wait(records, ms(1_000)).1 else { panic!("another answer") };
    assert_eq!(answer.partitions[0].error, ErrorCode::UnknownTopicOrPartition);
}

#[test]
fn what_waits_when_its_replica_moves_away_is_told_who_leads() {
    let mut cluster = by_hand();
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let (leader, follower) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(follower, leader);
    cluster.run(ms(100));
    let write = cluster.produce(1, 1, topic, -1, "b");
    cluster.run(ms(50));
    move_to(&mut cluster, &[2]);
    let (_, result) = cluster.produced(write);
    let leader = result.current_leader.map(|hint| hint.leader);
    assert_eq!((result.error, leader), (ErrorCode::NotLeaderOrFollower, Some(BrokerId(2))));
}

/// `ReplicaManager#handleLogDirFailure` wakes nobody.
#[test]
fn what_waits_when_its_disk_fails_waits_until_its_time_is_over() {
    let mut cluster = by_hand();
    // The metadata log lies in the first directory: without that the broker ends.
    cluster.create_topic("other", &[&[1]], &[]);
    let topic = stalled(&mut cluster);
    let asked = cluster.world.now();
    let write = cluster.produce(1, 1, topic, -1, "b");
    let read = cluster.fetch(2, 1, topic, 1, 0, 5_000);
    cluster.run(ms(50));
    let leader = cluster.node(1);
    cluster.world.set_host(leader, Host { failed_disks: 0b10, ..Host::default() });
    // The next write finds out.
    let next = cluster.produce(3, 1, topic, 1, "c");
    assert_eq!(cluster.produced(next).1.error, ErrorCode::KafkaStorageError);
    let (at, fetched) = cluster.fetched(read);
    assert_eq!(fetched.partitions[0].error, ErrorCode::KafkaStorageError);
    assert!(at.since(asked) >= ms(5_000), "{:?}", at.since(asked));
    let (at, result) = cluster.produced(write);
    assert_eq!(result.error, ErrorCode::RequestTimedOut);
    assert!(at.since(asked) >= Duration::from_secs(30));
}

/// `Partition#makeLeader` looks at what waits only if the high watermark has moved.
#[test]
fn a_fetch_of_the_epoch_before_stays_until_its_time_is_over_where_the_leader_leads_on() {
    let mut cluster = by_hand();
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let asked = cluster.world.now();
    let read = cluster.fetch(1, 1, topic, 0, 0, 5_000);
    cluster.run(ms(50));
    move_to(&mut cluster, &[1, 2]);
    cluster.run(ms(2_000));
    assert_eq!(cluster.partition(1, topic), (1, 1, vec![1, 2]));
    assert!(cluster.answer(read).is_none());
    let (at, fetched) = cluster.fetched(read);
    assert_eq!(fetched.partitions[0].error, ErrorCode::FencedLeaderEpoch);
    assert_eq!(at.since(asked), ms(5_000) + ONE_WAY + ONE_WAY);
}

/// `TopicConfigHandler` changes the log's config and nothing else, after `ReplicaManager#applyDelta`.
#[test]
fn a_lower_min_insync_replicas_alone_moves_no_high_watermark() {
    let mut cluster = by_hand();
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    for follower in [2, 3] {
        let node = cluster.node(follower);
        cluster.world.kill(node);
    }
    cluster.run(Duration::from_secs(20));
    assert_eq!(cluster.partition(1, topic), (1, 0, vec![1]));
    let hidden = cluster.produce(0, 1, topic, 1, "hidden");
    cluster.produced(hidden);
    let epoch_of =
        |cluster: &Cluster| cluster.process(1).image().partition(topic, 0).expect("it is there").partition_epoch;
    let elr_of = |cluster: &Cluster| cluster.process(1).image().partition(topic, 0).expect("it is there").elr.len();
    assert_eq!(elr_of(&cluster), 1);
    let before = epoch_of(&cluster);
    cluster.set_config(1, ConfigResourceKind::Topic, "t", "min.insync.replicas", "1");
    cluster.run(Duration::from_secs(20));
    assert_eq!((elr_of(&cluster), epoch_of(&cluster)), (0, before + 1), "who was eligible is not any more");
    assert_eq!(cluster.offsets(1, topic), (1, 0), "it stands where it stood");
    let next = cluster.produce(0, 1, topic, -1, "next");
    assert_eq!(cluster.produced(next).1.error, ErrorCode::None);
    assert_eq!(cluster.offsets(1, topic), (2, 2), "the next write moves it past both");
}

#[test]
fn who_is_about_to_stop_and_has_left_the_isr_fetches_no_more() {
    let mut cluster = by_hand();
    // It leads one partition, and so has to wait for the next heartbeat before it may go.
    cluster.create_topic("led", &[&[2, 1]], &[]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let stops = cluster.node(2);
    cluster.world.order(stops, Order::Terminate);
    cluster.run(ms(700));
    assert_eq!(cluster.partition(1, topic), (1, 0, vec![1, 3]));
    assert_eq!(cluster.world.state(stops), kernel::NodeState::Running);
    let written = cluster.produce(0, 1, topic, -1, "x");
    assert_eq!(cluster.produced(written).1.error, ErrorCode::None);
    cluster.run(ms(700));
    assert_eq!(cluster.world.state(stops), kernel::NodeState::Running);
    assert_eq!((cluster.offsets(3, topic).0, cluster.offsets(2, topic).0), (1, 0));
}

/// Asks broker 1 to delete the first record of `t`; a handle for the answer.
fn delete_one(cluster: &mut Cluster, lane: u32, timeout_ms: u32) -> u32 {
    cluster.ask(lane, 1, DeleteRecordsRequest { partitions: vec![("t".into(), 0, 1)], timeout_ms })
}

fn deleted(cluster: &mut Cluster, handle: u32, within: Duration) -> (ErrorCode, i64) {
    let Some(Response::DeleteRecords(answer)) = cluster.wait(handle, within).1 else { panic!("another answer") };
    (answer.partitions[0].error, answer.partitions[0].low_watermark)
}

#[test]
fn a_deletion_waits_for_the_log_start_of_every_live_replica() {
    let mut cluster = by_hand();
    let topic = stalled(&mut cluster);
    let late = delete_one(&mut cluster, 1, 3_000);
    cluster.run(ms(2_900));
    assert!(cluster.answer(late).is_none(), "nothing comes from replica 3");
    assert_eq!(deleted(&mut cluster, late, ms(200)), (ErrorCode::RequestTimedOut, -1));
    assert_eq!([1, 2, 3].map(|id| cluster.log_start(id, topic)), [1; 3], "all have done it, and one cannot say so");
    // A broker that is fenced is not waited for.
    let third = cluster.node(3);
    cluster.world.kill(third);
    cluster.run(Duration::from_secs(12));
    let again = delete_one(&mut cluster, 2, 3_000);
    assert_eq!(deleted(&mut cluster, again, ms(50)), (ErrorCode::None, 1));
}

#[test]
fn a_deletion_waits_for_a_broker_that_is_about_to_stop() {
    let mut cluster = Cluster::new(1, 4, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let first = cluster.produce(0, 1, topic, -1, "a");
    cluster.produced(first);
    // Who leads something may not stop before the fourth has heard that another does.
    cluster.create_topic("led", &[&[3, 1]], &[]);
    let (third, fourth) = (cluster.node(3), cluster.node(4));
    cluster.world.pause(fourth);
    cluster.world.order(third, Order::Terminate);
    cluster.run(ms(500));
    let waits = delete_one(&mut cluster, 1, 30_000);
    cluster.run(ms(2_000));
    assert!(cluster.answer(waits).is_none(), "it fetches no more, and is not fenced");
    assert_eq!([1, 2, 3].map(|id| cluster.log_start(id, topic)), [1, 1, 0]);
}
