//! What the active controller decides, through whole processes in a world: topics, leaders, ISRs, configs, and what is left of them
//! after a stop. Nothing here needs a broker that serves.

mod quorum_world;

use cluster::MetadataImage;
use kernel::Order;
use ordered::SortedMap;
use protocol::api::alter_partition::{AlterPartitionChange, AlterPartitionRequest};
use protocol::api::broker_registration::BrokerRegistrationRequest;
use protocol::api::create_partitions::{CreatePartitionsRequest, NewPartitions};
use protocol::api::create_topics::{CreatedTopic, NewTopic};
use protocol::api::delete_topics::DeleteTopicsRequest;
use protocol::api::describe_configs::ConfigResource;
use protocol::api::describe_quorum::DescribeQuorumRequest;
use protocol::api::elect_leaders::ElectLeadersRequest;
use protocol::api::incremental_alter_configs::{ConfigOp, IncrementalAlterConfigsRequest};
use protocol::api::{ConfigResourceKind, Name};
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, DirectoryId, ErrorCode, Response, TopicId};
use quorum_world::*;

#[test]
fn a_created_topic_is_the_same_on_every_node() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 6, 3), (ErrorCode::None, None));
    cluster.run_ms(1_000);
    // Just after a NoOp has spread; between two they may differ by it.
    let mut images: Vec<MetadataImage> =
        cluster.nodes.keys().map(|id| MetadataImage::clone(cluster.process(*id).image())).collect();
    for image in &mut images {
        image.offset = 0;
    }
    let orders = images[0].topic("orders").expect("it exists");
    assert_eq!(orders.partitions.len(), 6);
    for image in &images[1..] {
        assert_eq!(*image, images[0]);
    }
}

#[test]
fn leaders_and_replicas_are_spread_evenly() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 12, 2).0, ErrorCode::None);
    let orders = cluster.image().topic("orders").expect("it exists").clone();
    for broker in [1, 2, 3].map(BrokerId) {
        assert_eq!(orders.partitions.iter().filter(|p| p.leader == broker).count(), 4);
    }
    for partition in &orders.partitions {
        assert_eq!(partition.isr, partition.replicas);
        assert_eq!(partition.leader, partition.replicas[0]);
        assert_ne!(partition.replicas[0], partition.replicas[1]);
    }
}

#[test]
fn what_cannot_be_created_is_refused_in_kafkas_words() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("orders", 1, 1).0, ErrorCode::None);
    let cases = [
        ("orders", 1, 1, ErrorCode::TopicAlreadyExists, "Topic 'orders' already exists."),
        (
            "payments",
            1,
            4,
            ErrorCode::InvalidReplicationFactor,
            "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because only 3 broker(s) are registered or some brokers have all their log directories cordoned.",
        ),
        (
            "bad name!",
            1,
            1,
            ErrorCode::InvalidTopic,
            "Topic name is invalid: 'bad name!' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        ),
        ("", 1, 1, ErrorCode::InvalidTopic, "Topic name is invalid: the empty string is not allowed"),
        (
            "payments",
            0,
            1,
            ErrorCode::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        ),
    ];
    for (name, partitions, replicas, error, message) in cases {
        assert_eq!(cluster.create(name, partitions, replicas), (error, Some(message.into())));
    }
    assert_eq!(cluster.create("my.topic_1", 1, 1).0, ErrorCode::None);
    let collision =
        (ErrorCode::InvalidTopic, Some("Topic 'my_topic_1' collides with existing topic: my.topic_1".into()));
    assert_eq!(cluster.create("my_topic_1", 1, 1), collision);
}

#[test]
fn topics_grow_and_go() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 2, 1);
    for (count, error, message) in [
        (4, ErrorCode::None, None),
        (4, ErrorCode::InvalidPartitions, Some("Topic already has 4 partition(s).")),
        (
            2,
            ErrorCode::InvalidPartitions,
            Some("The topic orders currently has 4 partition(s); 2 would not be an increase."),
        ),
    ] {
        let new = NewPartitions { topic: "orders".into(), count, assignments: None };
        let request = CreatePartitionsRequest { topics: vec![new], timeout_ms: 30_000 };
        let Some(Response::CreatePartitions(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
        assert_eq!(answer.topics, [("orders".into(), error, message.map(Into::into))]);
    }
    let request = DeleteTopicsRequest { topics: vec!["orders".into()], timeout_ms: 30_000 };
    let Some(Response::DeleteTopics(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
    assert_eq!(answer.topics[0].1, ErrorCode::None);
    assert!(cluster.image().topic("orders").is_none());
}

#[test]
fn ten_thousand_partitions_are_the_most_that_a_whole_request_may_make() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let mut create = |topics: &[(&str, i32)]| {
        let mut request = create_topic("", 0, 1);
        let like = request.topics.remove(0);
        let named = |(name, partitions): &(&str, i32)| NewTopic {
            name: (*name).into(),
            partitions: *partitions,
            ..like.clone()
        };
        request.topics.extend(topics.iter().map(named));
        let Some(Response::CreateTopics(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
        let told =
            |topic: CreatedTopic| topic.message.map_or(format!("{:?}", topic.error), |message| message.to_string());
        answer.topics.into_iter().map(told).collect::<Vec<_>>()
    };
    let too_many = "Excessively large number of partitions per request.";
    assert_eq!(create(&[("a", 4_000), ("b", 6_001)]), [too_many, too_many]);
    assert_eq!(create(&[("a", 10_001), (".", 1)]), [too_many, too_many], "before anything else is looked at");
    // The records of the topics themselves do not fit with them.
    let too_large = "Unable to perform excessively large batch operation.";
    assert_eq!(create(&[("a", 4_000), ("b", 6_000)]), [too_large, too_large]);
    let twice = "Duplicate topic name.";
    assert_eq!(create(&[("a", 1), ("b", 9_000), ("b", 9_000), ("c", 0)])[..3], ["None", twice, twice]);
    assert_eq!(create(&[("b", 1)]), ["None"]);

    let mut grow = |topics: &[(&str, i32)]| {
        let new =
            |(topic, count): &(&str, i32)| NewPartitions { topic: (*topic).into(), count: *count, assignments: None };
        let request = CreatePartitionsRequest { topics: topics.iter().map(new).collect(), timeout_ms: 30_000 };
        let Some(Response::CreatePartitions(answer)) = cluster.ask(request, 1_000) else { panic!("no answer") };
        let told = |(_, error, message): (_, ErrorCode, Option<Name>)| {
            message.map_or(format!("{error:?}"), |message| message.to_string())
        };
        answer.topics.into_iter().map(told).collect::<Vec<_>>()
    };
    let too_many = "Excessively large number of additional partitions per request.";
    assert_eq!(grow(&[("a", 5_001), ("b", 5_002)]), [too_many, too_many]);
    assert_eq!(grow(&[("a", 10_002), ("unknown", 3)]), [too_many, too_many]);
    assert_eq!(grow(&[("b", 9_000), ("b", 9_001)]), [twice, twice]);
    let none = "Topic already has 1 partition(s).";
    assert_eq!(grow(&[("a", 1), ("b", 2), ("unknown", 20_000)])[..2], [none, "None"], "which cannot grow do not count");
}

#[test]
fn when_a_leader_dies_the_next_replica_in_sync_leads() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 3);
    let before = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    cluster.kill(before.leader.0);
    cluster.run_ms(11_000);
    let after = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(after.leader, before.replicas[1], "the first in assignment order, not the most caught-up");
    assert_eq!(after.isr, before.replicas[1..]);
    assert_eq!((after.leader_epoch, after.partition_epoch), (1, 1));
}

#[test]
fn with_elr_the_last_in_sync_replica_leaves_an_empty_isr() {
    for (elr, isr, eligible) in [(true, vec![], vec![1]), (false, vec![1], vec![])] {
        let mut cluster = Cluster::new(Shape { brokers: 1, controllers: 1, elr, ..SEPARATE });
        cluster.run_ms(8_000);
        cluster.create("orders", 1, 1);
        cluster.kill(1);
        cluster.run_ms(11_000);
        let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
        assert_eq!(partition.leader, BrokerId::NONE);
        assert_eq!(partition.isr, isr.into_iter().map(BrokerId).collect::<Vec<_>>());
        assert_eq!(partition.elr, eligible.into_iter().map(BrokerId).collect::<Vec<_>>());
    }
}

#[test]
fn alter_partition_is_checked_in_kafkas_order() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 3);
    let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    let epochs: SortedMap<BrokerId, i64> =
        cluster.image().brokers.iter().map(|(id, broker)| (*id, broker.epoch)).collect();
    let (leader, follower) = (partition.replicas[0], partition.replicas[1]);
    let member = |id: BrokerId| (id, epochs[&id]);
    let good = AlterPartitionChange {
        topic_id: partition.topic_id,
        partition: 0,
        leader_epoch: 0,
        partition_epoch: 0,
        new_isr: vec![member(leader), member(follower)],
        recovering: false,
    };
    let change = |edit: fn(&mut AlterPartitionChange)| {
        let mut change = good.clone();
        edit(&mut change);
        change
    };
    let cases = [
        (leader, change(|c| c.topic_id = TopicId(9)), ErrorCode::UnknownTopicId),
        (leader, change(|c| c.partition = 5), ErrorCode::UnknownTopicOrPartition),
        (leader, change(|c| c.partition_epoch = 1), ErrorCode::NotController),
        (leader, change(|c| c.leader_epoch = -1), ErrorCode::FencedLeaderEpoch),
        (follower, good.clone(), ErrorCode::InvalidRequest),
        (leader, change(|c| c.partition_epoch = -1), ErrorCode::InvalidUpdateVersion),
        (leader, change(|c| c.new_isr.truncate(0)), ErrorCode::InvalidRequest),
        (leader, change(|c| c.recovering = true), ErrorCode::InvalidRequest),
        (leader, change(|c| c.new_isr[1].1 -= 1), ErrorCode::IneligibleReplica),
        (leader, good.clone(), ErrorCode::None),
        (leader, good.clone(), ErrorCode::InvalidUpdateVersion),
    ];
    for (at, (broker, change, error)) in cases.into_iter().enumerate() {
        let request = AlterPartitionRequest { broker, broker_epoch: epochs[&broker], partitions: vec![change] };
        let Some(Response::AlterPartition(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
        let result = &answer.partitions[0];
        assert_eq!((answer.error, result.error), (ErrorCode::None, error), "case {at}");
        if error.is_ok() {
            assert_eq!((&result.isr, result.leader_epoch, result.partition_epoch), (&vec![leader, follower], 0, 1));
        }
    }
    let request = AlterPartitionRequest { broker: leader, broker_epoch: 0, partitions: vec![good] };
    let Some(Response::AlterPartition(answer)) = cluster.ask(request, 500) else { panic!("no answer") };
    assert_eq!(answer.error, ErrorCode::StaleBrokerEpoch);
}

#[test]
fn unclean_elections_happen_only_when_asked_for() {
    let mut cluster = Cluster::new(Shape { elr: false, ..SEPARATE });
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 2);
    let replicas = cluster.image().topic("orders").expect("it exists").partitions[0].replicas.clone();
    cluster.kill(replicas[1].0);
    cluster.run_ms(12_000);
    cluster.kill(replicas[0].0);
    cluster.run_ms(12_000);
    cluster.world.start(cluster.nodes[&replicas[1].0]);
    cluster.run_ms(12_000);
    let before = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(
        (before.leader, before.isr.clone()),
        (BrokerId::NONE, vec![replicas[0]]),
        "only the last in sync may lead"
    );
    let elect = |cluster: &mut Cluster, unclean| {
        let request = ElectLeadersRequest { unclean, partitions: Some(vec![("orders".into(), 0)]), timeout_ms: 30_000 };
        match cluster.ask(request, 1_000) {
            Some(Response::ElectLeaders(answer)) => answer.partitions[0].2,
            other => panic!("no answer: {other:?}"),
        }
    };
    assert_eq!(elect(&mut cluster, false), ErrorCode::PreferredLeaderNotAvailable);
    assert_eq!(elect(&mut cluster, true), ErrorCode::None);
    let after = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!(
        (after.leader, after.isr.clone(), after.leader_epoch),
        (replicas[1], vec![replicas[1]], before.leader_epoch + 1)
    );
    assert_eq!(elect(&mut cluster, true), ErrorCode::ElectionNotNeeded);
}

#[test]
fn configs_are_checked_and_replayed() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 1, 1);
    let mut alter = |kind, name: &str, config: &str, value: Option<&str>| {
        let request = IncrementalAlterConfigsRequest {
            resource: ConfigResource { kind, name: name.into() },
            changes: vec![(config.into(), ConfigOp::of(value.map(Into::into)))],
            validate_only: false,
        };
        match cluster.ask(request, 500) {
            Some(Response::IncrementalAlterConfigs(answer)) => {
                (answer.error, answer.message.map(|text| text.to_string()))
            }
            other => panic!("no answer: {other:?}"),
        }
    };
    use ConfigResourceKind::{Broker, Topic};
    assert_eq!(alter(Topic, "orders", "retention.ms", Some("1000")), (ErrorCode::None, None));
    let refused = |error, text: &str| (error, Some(text.to_owned()));
    assert_eq!(
        alter(Topic, "orders", "retention.ms", Some("abc")),
        refused(
            ErrorCode::InvalidConfig,
            "Invalid value abc for configuration retention.ms: Not a number of type LONG"
        )
    );
    assert_eq!(
        alter(Topic, "orders", "foo.bar", Some("1")),
        refused(ErrorCode::InvalidConfig, "Unknown topic config name: foo.bar")
    );
    assert_eq!(alter(Topic, "nope", "retention.ms", Some("1")).0, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(alter(Broker, "9", "log.retention.ms", Some("1")).0, ErrorCode::BrokerIdNotRegistered);
    let elr =
        refused(ErrorCode::InvalidConfig, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
    assert_eq!(alter(Broker, "", "min.insync.replicas", None), elr);
    assert_eq!(cluster.image().config(Topic, "orders", "retention.ms").map(|value| &**value), Some("1000"));
}

#[test]
fn the_leader_describes_its_quorum() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let Some(Response::DescribeQuorum(answer)) = cluster.ask(DescribeQuorumRequest { detail: true }, 500) else {
        panic!("no answer")
    };
    assert_eq!(answer.leader, BrokerId(cluster.leader()));
    assert_eq!(answer.voters.iter().map(|voter| voter.id.0).collect::<Vec<_>>(), [101, 102, 103]);
    assert_eq!(answer.observers.iter().map(|observer| observer.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    for replica in answer.voters.iter().chain(&answer.observers) {
        assert!(answer.high_watermark - replica.log_end_offset <= 1, "everybody keeps up");
    }
}

#[test]
fn leaders_move_back_to_preferred_replicas_within_five_minutes() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 2);
    cluster.world.order(cluster.nodes[&2], Order::Terminate);
    cluster.run_ms(8_000);
    cluster.world.start(cluster.nodes[&2]);
    cluster.run_ms(300_000);
    for partition in &cluster.image().topic("orders").expect("it exists").partitions {
        // Where the preferred replica is in sync again, it leads again.
        if partition.isr.contains(&partition.replicas[0]) {
            assert_eq!(partition.leader, partition.replicas[0]);
        }
    }
}

#[test]
fn a_crashed_last_replica_leads_again_once_it_is_back() {
    for elr in [true, false] {
        for combined in [true, false] {
            let mut cluster = Cluster::new(Shape { elr, combined, ..ONE_OF_EACH });
            cluster.run_ms(8_000);
            cluster.create("orders", 1, 1);
            cluster.kill(1);
            cluster.run_ms(12_000);
            cluster.world.start(cluster.nodes[&1]);
            cluster.run_ms(15_000);
            let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
            assert_eq!(
                (partition.leader, &partition.isr[..]),
                (BrokerId(1), &[BrokerId(1)][..]),
                "elr {elr}, combined {combined}"
            );
        }
    }
}

#[test]
fn a_lone_combined_node_stops_and_starts_in_good_order() {
    let mut cluster = Cluster::new(Shape { combined: true, ..ONE_OF_EACH });
    cluster.run_ms(8_000);
    cluster.create("orders", 1, 1);
    cluster.world.order(cluster.nodes[&1], Order::Terminate);
    cluster.run_ms(5_000);
    assert!(!cluster.is_up(1));
    cluster.world.start(cluster.nodes[&1]);
    cluster.run_ms(8_000);
    let partition = cluster.image().topic("orders").expect("it exists").partitions[0].clone();
    assert_eq!((partition.leader, partition.recovering), (BrokerId(1), false), "a clean stop keeps it eligible");
}

#[test]
fn power_loss_takes_nothing_from_the_metadata_log() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    cluster.create("orders", 3, 3);
    for id in [101, 102, 103] {
        assert!(cluster.world.power_off(cluster.nodes[&id]));
    }
    cluster.run_ms(3_000);
    for id in [101, 102, 103] {
        cluster.world.start(cluster.nodes[&id]);
    }
    cluster.run_ms(12_000);
    assert!(cluster.image().topic("orders").is_some());
    assert_eq!(cluster.fenced(), [(1, false), (2, false), (3, false)]);
}

/// What a broker is told that registers with these directories.
fn registered(cluster: &mut Cluster, broker: i32, log_dirs: &[u128]) -> ErrorCode {
    let request = BrokerRegistrationRequest {
        broker: BrokerId(broker),
        cluster_id: "kafkasim-test".into(),
        incarnation: 77,
        host: "elsewhere".into(),
        port: 9092,
        rack: None,
        previous_broker_epoch: -1,
        log_dirs: log_dirs.iter().copied().map(DirectoryId).collect(),
    };
    match cluster.ask(request, 1_000) {
        Some(Response::BrokerRegistration(answer)) => answer.error,
        other => panic!("no answer to BrokerRegistration: {other:?}"),
    }
}

/// `ClusterControlManagerTest#testRegisterBrokerWithDuplicateDirectoryId`, `#testReservedDirectoryIdInRequest`.
#[test]
fn a_log_directory_belongs_to_one_broker() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let of_another = cluster.image().brokers[&BrokerId(1)].log_dirs[0].0;
    let own = u128::MAX / 3;
    for dirs in [&[][..], &[own, own], &[own, DirectoryId::LOST.0], &[own, 99], &[own, of_another]] {
        assert_eq!(registered(&mut cluster, 9, dirs), ErrorCode::InvalidRegistration, "{dirs:?}");
    }
    assert_eq!(registered(&mut cluster, 9, &[own, 1 << 64]), ErrorCode::None);
    assert_eq!(registered(&mut cluster, 9, &[own]), ErrorCode::None, "again with its own");
    assert_eq!(registered(&mut cluster, 10, &[own]), ErrorCode::InvalidRegistration);
    assert_eq!(registered(&mut cluster, 1, &[own]), ErrorCode::DuplicateBrokerRegistration, "that is looked at first");
}

/// `ReplicationControlManager#createTopic`: a batch with the topic, its configs and then its partitions; one record when it goes.
#[test]
fn a_topic_is_written_down_in_kafkas_order() {
    let mut cluster = Cluster::new(SEPARATE);
    cluster.run_ms(12_000);
    let last_of = |cluster: &Cluster| {
        let batches: Vec<_> = cluster.process(cluster.leader()).raft().log().batches().cloned().collect();
        let kinds = |batch: &protocol::metadata::MetadataBatch| -> Vec<&str> {
            batch.records.iter().map(MetadataRecord::type_name).collect()
        };
        batches.iter().rev().map(kinds).find(|kinds| kinds[0].contains("TOPIC")).unwrap_or_default()
    };
    let mut request = create_topic("orders", 2, 1);
    let configs = [("retention.ms", "1000"), ("cleanup.policy", "delete")];
    request.topics[0].configs = configs.map(|(name, value)| (name.into(), Some(value.into()))).to_vec();
    cluster.ask(request, 1_000);
    let [config, partition] = ["CONFIG_RECORD", "PARTITION_RECORD"];
    assert_eq!(last_of(&cluster), ["TOPIC_RECORD", config, config, partition, partition]);
    cluster.ask(DeleteTopicsRequest { topics: vec!["orders".into()], timeout_ms: 30_000 }, 1_000);
    assert_eq!(last_of(&cluster), ["REMOVE_TOPIC_RECORD"]);
    // Where there are eligible leaders, a `min.insync.replicas` that is set makes them void, even before there are any.
    let mut request = create_topic("orders", 1, 1);
    request.topics[0].configs = vec![("min.insync.replicas".into(), Some("1".into()))];
    cluster.ask(request, 1_000);
    assert_eq!(last_of(&cluster), ["TOPIC_RECORD", config, "CLEAR_ELR_RECORD", partition]);
}
