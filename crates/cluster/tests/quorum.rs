//! The metadata quorum, through whole processes in a world: elections, registration, fencing, and what an idle one costs.
//! Nothing here needs a broker that serves.

mod quorum_world;

use kernel::{NodeId, Order};
use protocol::api::ConfigResourceKind;
use protocol::api::api_versions::ApiVersionsRequest;
use protocol::api::describe_configs::ConfigResource;
use protocol::api::incremental_alter_configs::{ConfigOp, IncrementalAlterConfigsRequest};
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, ErrorCode, Note, Response};
use quorum_world::*;

// ---- elections

#[test]
fn three_controllers_elect_one_leader_and_all_follow_it() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(Shape { seed, brokers: 0, ..SEPARATE });
        cluster.run_ms(5_000);
        let leader = cluster.leader();
        for id in [101, 102, 103] {
            assert_eq!(cluster.process(id).raft().leader(), Some(BrokerId(leader)), "seed {seed}, node {id}");
        }
    }
}

#[test]
fn a_killed_leader_is_replaced_within_seconds_in_a_later_epoch() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(Shape { seed, brokers: 0, ..SEPARATE });
        cluster.run_ms(5_000);
        let (first, epoch) = (cluster.leader(), cluster.process(cluster.leader()).raft().epoch());
        cluster.kill(first);
        cluster.run_ms(10_000);
        let second = cluster.leader();
        assert_ne!(second, first, "seed {seed}");
        assert!(cluster.process(second).raft().epoch() > epoch, "seed {seed}");
        assert!(cluster.process(second).controller().expect("a controller").is_active(), "seed {seed}");
        cluster.world.start(cluster.nodes[&first]);
        cluster.run_ms(5_000);
        assert_eq!(cluster.leader(), second, "a node that comes back disturbs nobody (seed {seed})");
        assert_eq!(cluster.process(first).raft().log_end(), cluster.process(second).raft().log_end());
    }
}

#[test]
fn brokers_find_the_new_leader_by_asking_around() {
    for seed in 0..5 {
        let mut cluster = Cluster::new(Shape { seed, ..SEPARATE });
        cluster.run_ms(12_000);
        let first = cluster.leader();
        cluster.kill(first);
        cluster.run_ms(20_000);
        assert_ne!(cluster.leader(), first, "seed {seed}");
        assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)], "nobody loses its session (seed {seed})");
    }
}

#[test]
fn a_leader_that_stops_in_order_hands_over_at_once() {
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.run_ms(5_000);
    let first = cluster.leader();
    cluster.world.order(cluster.nodes[&first], Order::Terminate);
    // By the seed after a round trip, or after the fetch that a follower has parked; long before a fetch times out.
    cluster.run_ms(1_000);
    assert_ne!(cluster.leader(), first);
    assert!(!cluster.is_up(first), "it exits once a successor is known");
}

#[test]
fn one_of_two_voters_commits_nothing() {
    let mut cluster = Cluster::new(Shape { brokers: 2, controllers: 2, combined: true, ..SEPARATE });
    cluster.run_ms(15_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, false)]);
    let leader = cluster.leader();
    cluster.kill(3 - leader);
    let committed = cluster.process(leader).raft().high_watermark();
    let to = cluster.process(leader).raft().leader_address().expect("it leads");
    let answer = cluster.ask_at(to, create_topic("orders", 1, 1).into(), 10_000);
    assert!(
        !matches!(answer, Some(Response::CreateTopics(a)) if a.topics[0].error.is_ok()),
        "nothing can be acknowledged"
    );
    assert!(cluster.process(leader).raft().high_watermark() <= committed + 1);
    assert_eq!(cluster.leaders(), [] as [i32; 0], "check-quorum makes it resign");
    cluster.world.start(cluster.nodes[&(3 - leader)]);
    cluster.run_ms(10_000);
    assert_eq!(cluster.leaders().len(), 1, "with both voters the quorum works again");
}

/// Cuts the leader off from all others, both ways: its id, and they.
fn cut_off_leader(cluster: &mut Cluster) -> (i32, Vec<NodeId>) {
    let first = cluster.leader();
    let others: Vec<NodeId> = cluster.nodes.iter().filter(|(id, _)| **id != first).map(|(_, node)| *node).collect();
    cut_off(cluster, first, &others);
    (first, others)
}

fn cut_off(cluster: &mut Cluster, id: i32, others: &[NodeId]) {
    for other in others {
        cluster.world.cut(cluster.nodes[&id], *other);
        cluster.world.cut(*other, cluster.nodes[&id]);
    }
}

#[test]
fn a_cut_off_leader_resigns_and_catches_up_after_the_heal() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let (first, others) = cut_off_leader(&mut cluster);
    cluster.run_ms(12_000);
    assert_eq!(cluster.leaders().len(), 1);
    assert_ne!(cluster.leader(), first);
    assert_eq!(cluster.create("orders", 3, 3).0, ErrorCode::None);
    for other in &others {
        cluster.world.heal(cluster.nodes[&first], *other);
        cluster.world.heal(*other, cluster.nodes[&first]);
    }
    cluster.run_ms(5_000);
    assert!(cluster.process(first).image().topic("orders").is_some());
}

/// A leader whose oldest snapshot is of its own epoch has the whole log, and sends who left it in an earlier epoch to its newest snapshot
/// all the same (`RaftLog#validateOffsetAndEpoch`). Its high watermark says nothing of their records (`KafkaRaftClient#handleFetchResponse`).
#[test]
fn what_only_a_cut_off_leader_had_is_never_committed_where_a_snapshot_is_to_be_fetched() {
    let properties = &[("metadata.log.max.snapshot.interval.ms", "16000")];
    let mut cluster = Cluster::new(Shape { properties, ..SEPARATE });
    cluster.run_ms(14_000);
    let (first, mut others) = cut_off_leader(&mut cluster);
    let broker = cluster.nodes[&1];
    others.retain(|node| *node != broker);
    cut_off(&mut cluster, 1, &others);
    cluster.world.heal(cluster.nodes[&first], broker);
    cluster.world.heal(broker, cluster.nodes[&first]);
    cluster.run_ms(12_000);
    let leader = cluster.leader();
    let log = cluster.process(leader).raft().log();
    assert_eq!((log.start_offset(), log.snapshots()[0].epoch), (0, log.last_epoch()), "the moment is met");
    for id in [first, 1] {
        let raft = cluster.process(id).raft();
        assert!(raft.log_end() > raft.high_watermark() && raft.log().last_epoch() < log.last_epoch());
    }
    for (from, to) in cluster.world.cuts().collect::<Vec<_>>() {
        cluster.world.heal(from, to);
    }
    cluster.run_ms(5_000);
    for id in [first, 1] {
        let (here, there) = (cluster.process(id).raft(), cluster.process(leader).raft().log());
        let own = here.log().read(0, here.high_watermark(), usize::MAX);
        assert_eq!(own, there.read(here.log().start_offset(), here.high_watermark(), usize::MAX), "{id}");
        assert!(here.log().start_offset() > 0 && !own.is_empty(), "{id} has begun with the snapshot, and goes on");
    }
}

// ---- brokers

#[test]
fn brokers_register_and_are_unfenced_in_every_shape() {
    let shapes = [
        SEPARATE,
        ONE_OF_EACH,
        Shape { controllers: 1, ..SEPARATE },
        Shape { combined: true, ..SEPARATE },
        Shape { combined: true, brokers: 1, controllers: 1, ..SEPARATE },
    ];
    for shape in shapes {
        let mut cluster = Cluster::new(shape);
        cluster.run_ms(12_000);
        let expected: Vec<(i32, bool)> = (1..=shape.brokers).map(|id| (id, false)).collect();
        assert_eq!(cluster.fenced(), expected);
        for id in 1..=shape.brokers {
            assert_eq!(cluster.process(id).lifecycle().expect("a broker").state().name(), "RUNNING");
        }
    }
}

#[test]
fn a_killed_broker_is_fenced_when_its_session_of_nine_seconds_is_found_over() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let killed_at = cluster.world.now();
    cluster.kill(2);
    cluster.run_ms(6_900);
    assert_eq!(
        cluster.fenced(),
        [(1, false), (2, false), (3, false)],
        "a session lives for 9 s, less the 2 s between heartbeats"
    );
    cluster.run_ms(3_400);
    assert_eq!(cluster.fenced(), [(1, false), (2, true), (3, false)]);
    let fenced =
        cluster.notes.iter().find(|(_, note)| *note == Note::BrokerFenced { broker: BrokerId(2), fenced: true });
    let (at, _) = fenced.expect("the fencing is noted");
    assert!(at.since(killed_at).as_millis() <= 9_000 + 1_125, "the controller looks every 1125 ms");
}

#[test]
fn a_broker_that_restarts_fast_waits_for_its_old_session_to_end() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let epoch = cluster.image().brokers[&BrokerId(2)].epoch;
    cluster.kill(2);
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(5_000);
    assert_eq!(
        cluster.image().brokers[&BrokerId(2)].epoch,
        epoch,
        "DUPLICATE_BROKER_REGISTRATION until the session is over"
    );
    cluster.run_ms(20_000);
    assert!(cluster.image().brokers[&BrokerId(2)].epoch > epoch);
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)]);
}

#[test]
fn a_broker_that_stops_in_order_gives_its_leaderships_away_first() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 6, 3).0, ErrorCode::None);
    cluster.world.order(cluster.nodes[&2], Order::Terminate);
    cluster.run_ms(6_000);
    assert!(!cluster.is_up(2));
    let orders = cluster.image().topic("orders").expect("it exists").clone();
    for partition in &orders.partitions {
        assert_ne!(partition.leader, BrokerId(2));
        assert!(partition.leader.is_some());
        assert!(!partition.isr.contains(&BrokerId(2)));
    }
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(1_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, true), (3, false)], "its session is not over");
    cluster.run_ms(9_000);
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)], "now it is");
}

#[test]
fn no_op_records_come_by_the_clock_whatever_else_is_written() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let from = cluster.process(cluster.leader()).raft().log_end();
    for topic in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(cluster.create(topic, 1, 3).0, ErrorCode::None);
        cluster.run_ms(300);
    }
    let log = cluster.process(cluster.leader()).raft().log();
    let batches = log.read(from, log.end_offset(), 1_000);
    let times: Vec<i64> =
        batches.iter().filter(|b| b.records[..] == [MetadataRecord::NoOp]).map(|b| b.timestamp_ms).collect();
    assert!(times.len() >= 3, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 500), "{times:?}");
}

// ---- determinism and cost

#[test]
fn an_idle_cluster_costs_few_events() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(60_000);
    let before = cluster.world.events();
    cluster.run_ms(60_000);
    let a_second = (cluster.world.events() - before) / 60;
    assert!(a_second < 200, "{a_second} events a second");
}

#[test]
fn a_node_that_was_away_for_long_gets_a_snapshot() {
    let mut cluster = Cluster::new(Shape { controllers: 3, brokers: 1, properties: KEPT_TWO_HOURS, ..SEPARATE });
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 1);
    let away = if cluster.leader() == 101 { 102 } else { 101 };
    cluster.kill(away);
    cluster.run_ms(4 * 3_600_000);
    let leader = cluster.leader();
    assert!(cluster.process(leader).raft().log().start_offset() > cluster.process(away).raft().log().end_offset());
    cluster.world.start(cluster.nodes[&away]);
    cluster.run_ms(5_250);
    let (mut there, mut here) = (cluster.process(away).image().as_ref().clone(), cluster.image().clone());
    (there.offset, here.offset) = (0, 0);
    assert_eq!(there, here);
    assert!(there.topic("orders").is_some());
    assert!(cluster.process(away).raft().log_end() + 1 >= cluster.process(leader).raft().log_end());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut cluster = Cluster::new(Shape { seed, ..SEPARATE });
        cluster.run_ms(12_000);
        cluster.create("orders", 6, 3);
        cluster.kill(1);
        cluster.run_ms(15_000);
        cluster.world.digest()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn retention_keeps_as_much_of_the_metadata_log_as_it_says() {
    let after_a_day = |properties| {
        let mut cluster = Cluster::new(Shape { brokers: 0, controllers: 1, properties, ..SEPARATE });
        cluster.run_ms(24 * 3_600_000);
        cluster
    };
    let cluster = after_a_day(&[]);
    let log = cluster.process(101).raft().log();
    assert!(log.end_offset() > 170_000, "a NoOp every 500 ms");
    assert_eq!((log.start_offset(), log.snapshots().len()), (0, 23), "a week is kept, with a snapshot an hour");
    let mut cluster = after_a_day(KEPT_TWO_HOURS);
    let log = cluster.process(101).raft().log();
    assert!(log.end_offset() - log.start_offset() < 25_000, "but only the last hours are kept");
    assert_eq!(log.snapshots()[0].end_offset, log.start_offset());
    cluster.kill(101);
    cluster.world.start(cluster.nodes[&101]);
    cluster.run_ms(5_000);
    assert_eq!(cluster.leader(), 101);
    assert!(cluster.image().features.contains_key("metadata.version"), "a snapshot stands for the rest");
}

/// KIP-339: `kafka-configs` sets and deletes; other programs also add to lists and take from them.
#[test]
fn lists_are_appended_to_and_subtracted_from() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 1);
    let mut alter = |config: &str, op: ConfigOp| {
        let request = IncrementalAlterConfigsRequest {
            resource: ConfigResource { kind: ConfigResourceKind::Topic, name: "orders".into() },
            changes: vec![(config.into(), op)],
            validate_only: false,
        };
        let Some(Response::IncrementalAlterConfigs(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
        let value = cluster.image().config(ConfigResourceKind::Topic, "orders", config).map(|value| value.to_string());
        (answer.message.map(|text| text.to_string()), value)
    };
    let is = |value: &str| (None, Some(value.to_owned()));
    // Nothing is set: the default is what it is added to.
    assert_eq!(alter("cleanup.policy", ConfigOp::Append("compact".into())), is("delete,compact"));
    assert_eq!(alter("cleanup.policy", ConfigOp::Append("compact".into())), is("delete,compact"));
    assert_eq!(alter("cleanup.policy", ConfigOp::Subtract("delete".into())), is("compact"));
    let throttled = "leader.replication.throttled.replicas";
    assert_eq!(alter(throttled, ConfigOp::Append("0:1,1:2".into())), is("0:1,1:2"));
    assert_eq!(alter(throttled, ConfigOp::Subtract("0:1,7:7".into())), is("1:2"));
    let refused = "Can't APPEND to key retention.ms because its type is not LIST.";
    assert_eq!(alter("retention.ms", ConfigOp::Append("1".into())), (Some(refused.into()), None));
}

/// KIP-868: what storage was formatted with is one transaction. Controllers take the offset at which levels last changed for the epoch of
/// features, and a later controller's record does not change that.
#[test]
fn what_storage_was_formatted_with_is_one_transaction() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let leader = cluster.leader();
    let batches: Vec<_> = cluster.process(leader).raft().log().batches().take(2).cloned().collect();
    let kinds: Vec<&str> = batches[1].records.iter().map(MetadataRecord::type_name).collect();
    let levels = ["FEATURE_LEVEL_RECORD"; 6];
    let whole = [&["BEGIN_TRANSACTION_RECORD"][..], &levels, &["CONFIG_RECORD", "END_TRANSACTION_RECORD"]].concat();
    assert_eq!((batches[0].base_offset, kinds), (0, whole));
    let request = || ApiVersionsRequest { client_software: "".into(), meant: None };
    let epoch = |answer| match answer {
        Some(Response::ApiVersions(answer)) => answer.features_epoch,
        other => panic!("no answer: {other:?}"),
    };
    for _ in 0..2 {
        assert_eq!(epoch(cluster.ask(request(), 500)), batches[1].next_offset() - 1);
        let of_broker = epoch(cluster.ask_at(("broker-1".into(), 9092), request().into(), 500));
        assert!(of_broker > batches[1].next_offset(), "a broker says how far it has read, and that is {of_broker}");
        cluster.run_ms(2_000);
    }
}

/// `QuorumState#initialize`: it does not lead on, and keeps nobody waiting for its return.
#[test]
fn a_leader_that_restarts_has_resigned() {
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.run_ms(5_000);
    let first = cluster.leader();
    let epoch = cluster.process(first).raft().epoch();
    cluster.kill(first);
    cluster.world.start(cluster.nodes[&first]);
    cluster.run_ms(1);
    let raft = cluster.process(first).raft();
    assert_eq!((raft.role_name(), raft.epoch(), raft.is_leader()), ("Resigned", epoch, false));
    cluster.run_ms(5_000);
    assert_eq!(cluster.leaders().len(), 1);
    assert!(cluster.process(cluster.leader()).raft().epoch() > epoch);
}

/// The active controller acts on what is not committed yet, and answers when it is. When it has to resign before, the answer is
/// NOT_CONTROLLER, and nothing was done.
#[test]
fn what_a_controller_cannot_commit_is_refused_when_it_resigns() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let (first, others) = cut_off_leader(&mut cluster);
    assert!(cluster.ask(create_topic("lost", 1, 1), 1_000).is_none(), "it waits to be committed");
    let controller = cluster.process(first).controller().and_then(|controller| controller.image());
    assert!(controller.is_some_and(|image| image.topic("lost").is_some()), "and is acted on meanwhile");
    cluster.run_ms(3_000);
    match cluster.answers().first() {
        Some(Response::CreateTopics(answer)) => assert_eq!(answer.topics[0].error, ErrorCode::NotController),
        other => panic!("no answer: {other:?}"),
    }
    assert!(cluster.process(first).controller().is_some_and(|controller| !controller.is_active()));
    for other in &others {
        cluster.world.heal(cluster.nodes[&first], *other);
        cluster.world.heal(*other, cluster.nodes[&first]);
    }
    cluster.run_ms(10_000);
    assert!(cluster.nodes.keys().all(|id| cluster.process(*id).image().topic("lost").is_none()));
}
