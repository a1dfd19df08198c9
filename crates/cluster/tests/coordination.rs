//! Group coordinators and producer ids on real brokers, through the public face.

mod cluster_harness;

use cluster_harness::{Cluster, ms};
use kernel::Duration;
use protocol::api::ConfigResourceKind;
use protocol::api::describe_configs::{ConfigResource, DescribeConfigsRequest};
use protocol::api::find_coordinator::FindCoordinatorRequest;
use protocol::api::heartbeat::HeartbeatRequest;
use protocol::api::init_producer_id::InitProducerIdRequest;
use protocol::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinProtocol, Subscription};
use protocol::api::list_groups::ListGroupsRequest;
use protocol::api::offset_commit::{OffsetCommitPartition, OffsetCommitRequest};
use protocol::api::offset_fetch::OffsetFetchRequest;
use protocol::api::produce::{ProducePartition, ProduceRequest};
use protocol::api::sync_group::SyncGroupRequest;
use protocol::batch::ProducerStamp;
use protocol::hashing::group_partition;
use protocol::{Batch, ErrorCode, Record, Response};

fn find(cluster: &mut Cluster, group: &str) -> (ErrorCode, Option<i32>) {
    let Response::FindCoordinator(found) = cluster.call(2, FindCoordinatorRequest { group: group.into() }) else {
        panic!("FindCoordinator answers FindCoordinator")
    };
    (found.error, found.broker.map(|broker| broker.id.0))
}

/// A cluster with a topic and the coordinator of group `g`.
fn with_coordinator() -> (Cluster, i32) {
    let mut cluster = Cluster::new(3, 3, &[]);
    cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    assert_eq!(find(&mut cluster, "g").0, ErrorCode::CoordinatorNotAvailable);
    cluster.run(Duration::from_secs(3));
    let (error, id) = find(&mut cluster, "g");
    assert_eq!(error, ErrorCode::None);
    (cluster, id.expect("there is a coordinator"))
}

fn join(cluster: &mut Cluster, id: i32, member: &str) -> JoinGroupResponse {
    let subscription =
        Subscription { topics: vec!["t".into()], user_data: None, owned: Vec::new(), generation: -1, rack: None };
    let request = JoinGroupRequest {
        group: "g".into(),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        member: member.into(),
        group_instance_id: None,
        protocol_type: "consumer".into(),
        protocols: vec![JoinProtocol { name: "range".into(), subscription }],
        client_id: "c".into(),
        reason: "".into(),
    };
    let Response::JoinGroup(response) = cluster.call(id, request) else { panic!("JoinGroup answers JoinGroup") };
    response
}

/// One member in generation 1 that owns t-0.
fn with_member() -> (Cluster, i32, JoinGroupResponse) {
    let (mut cluster, id) = with_coordinator();
    let first = join(&mut cluster, id, "");
    assert_eq!(first.error, ErrorCode::MemberIdRequired);
    let joined = join(&mut cluster, id, &first.member);
    assert_eq!((joined.error, joined.generation), (ErrorCode::None, 1));
    let request = SyncGroupRequest {
        group: "g".into(),
        generation: 1,
        member: joined.member.clone(),
        group_instance_id: None,
        protocol_type: "consumer".into(),
        protocol_name: "range".into(),
        assignments: vec![(joined.member.clone(), vec![("t".into(), 0)])],
    };
    let Response::SyncGroup(synced) = cluster.call(id, request) else { panic!("SyncGroup answers SyncGroup") };
    assert_eq!((synced.error, synced.assignment), (ErrorCode::None, vec![("t".into(), 0)]));
    (cluster, id, joined)
}

fn heartbeat(cluster: &mut Cluster, id: i32, joined: &JoinGroupResponse) -> ErrorCode {
    let request =
        HeartbeatRequest { group: "g".into(), generation: 1, member: joined.member.clone(), group_instance_id: None };
    let Response::Heartbeat(response) = cluster.call(id, request) else { panic!("Heartbeat answers Heartbeat") };
    response.error
}

fn commit(cluster: &mut Cluster, id: i32, joined: &JoinGroupResponse, offset: i64) -> ErrorCode {
    commit_with(cluster, id, joined, offset, "")
}

fn commit_with(cluster: &mut Cluster, id: i32, joined: &JoinGroupResponse, offset: i64, metadata: &str) -> ErrorCode {
    let partition =
        OffsetCommitPartition { topic: "t".into(), partition: 0, offset, leader_epoch: 0, metadata: metadata.into() };
    let request = OffsetCommitRequest {
        group: "g".into(),
        generation: 1,
        member: joined.member.clone(),
        group_instance_id: None,
        offsets: vec![partition],
    };
    let Response::OffsetCommit(response) = cluster.call(id, request) else {
        panic!("OffsetCommit answers OffsetCommit")
    };
    response.partitions[0].2
}

fn committed(cluster: &mut Cluster, id: i32) -> i64 {
    let request =
        OffsetFetchRequest { group: "g".into(), partitions: Some(vec![("t".into(), 0)]), require_stable: true };
    let Response::OffsetFetch(response) = cluster.call(id, request) else { panic!("OffsetFetch answers OffsetFetch") };
    assert_eq!(response.error, ErrorCode::None);
    response.partitions[0].offset
}

#[test]
fn asking_for_a_coordinator_makes_the_offsets_topic() {
    let (cluster, id) = with_coordinator();
    let image = cluster.process(1).image();
    let topic = image.topic("__consumer_offsets").expect("it was made");
    assert_eq!(topic.partitions.len(), 50);
    let partition = &topic.partitions[group_partition("g", 50) as usize];
    assert_eq!((partition.leader.0, partition.replicas.len()), (id, 3));
    assert_eq!(
        image.config(ConfigResourceKind::Topic, "__consumer_offsets", "cleanup.policy").map(|v| &**v),
        Some("compact")
    );
}

#[test]
fn a_member_joins_after_the_initial_delay_syncs_commits_and_reads_back() {
    let (mut cluster, id, joined) = with_member();
    assert_eq!(heartbeat(&mut cluster, id, &joined), ErrorCode::None);
    assert_eq!(committed(&mut cluster, id), -1);
    let sent = cluster.world.now();
    assert_eq!(commit(&mut cluster, id, &joined, 7), ErrorCode::None);
    // Client to coordinator, coordinator to followers, their next fetch, the answer.
    assert!(cluster.world.now().since(sent) >= ms(4));
    assert_eq!(committed(&mut cluster, id), 7);
}

#[test]
fn committed_offsets_and_members_survive_the_death_of_the_coordinator() {
    let (mut cluster, id, joined) = with_member();
    assert_eq!(commit(&mut cluster, id, &joined, 7), ErrorCode::None);
    let node = cluster.node(id);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(14));
    let survivor = if id == 1 { 3 } else { 1 };
    let request = FindCoordinatorRequest { group: "g".into() };
    let Response::FindCoordinator(found) = cluster.call(survivor, request) else { panic!("an answer") };
    let next = found.broker.expect("another broker took over").id.0;
    assert_ne!(next, id);
    assert_eq!(committed(&mut cluster, next), 7);
    assert_eq!(heartbeat(&mut cluster, next, &joined), ErrorCode::None, "the group was loaded with its member");
}

#[test]
fn a_coordinator_that_takes_over_reads_its_partition_before_it_answers() {
    let (mut cluster, id, joined) = with_member();
    let metadata = "m".repeat(4096);
    for offset in 0..500 {
        assert_eq!(commit_with(&mut cluster, id, &joined, offset, &metadata), ErrorCode::None);
    }
    let node = cluster.node(id);
    cluster.world.kill(node);
    let partition = group_partition("g", 50) as usize;
    let topic_id = cluster.process(id % 3 + 1).image().topic("__consumer_offsets").expect("it was made").id;
    let leader = |cluster: &Cluster| {
        let ids = (1..=3).filter(|other| *other != id);
        let mut leads = ids.filter(|other| {
            let broker = cluster.process(*other).broker().expect("a broker");
            let replica = broker.replica(topic_id, partition as i32).and_then(|(_, partition)| partition);
            replica.is_some_and(|partition| partition.is_leader())
        });
        leads.next()
    };
    let other = (0..20_000).find_map(|_| {
        cluster.run(ms(1));
        leader(&cluster)
    });
    let other = other.expect("another broker leads the offsets partition");
    let fetch = || OffsetFetchRequest { group: "g".into(), partitions: None, require_stable: true };
    let Response::OffsetFetch(response) = cluster.call(other, fetch()) else { panic!("OffsetFetch answers itself") };
    assert_eq!(response.error, ErrorCode::CoordinatorLoadInProgress, "two megabytes take 20 ms");
    cluster.run(ms(20));
    assert_eq!(committed(&mut cluster, other), 499);
}

#[test]
fn a_broker_that_does_not_coordinate_the_group_says_so() {
    let (mut cluster, id, joined) = with_member();
    let other = if id == 1 { 2 } else { 1 };
    assert_eq!(heartbeat(&mut cluster, other, &joined), ErrorCode::NotCoordinator);
    assert_eq!(join(&mut cluster, other, "").error, ErrorCode::NotCoordinator);
}

#[test]
fn a_commit_that_cannot_be_replicated_fails_after_five_seconds() {
    let (mut cluster, id, joined) = with_member();
    let leader = cluster.node(id);
    for other in (1..=3).filter(|other| *other != id) {
        let node = cluster.node(other);
        cluster.world.cut(leader, node);
    }
    let sent = cluster.world.now();
    assert_eq!(commit(&mut cluster, id, &joined, 9), ErrorCode::CoordinatorNotAvailable);
    let took = cluster.world.now().since(sent);
    assert!(took >= ms(5_000) && took < ms(5_010), "took {took:?}");
}

#[test]
fn every_broker_lists_the_groups_it_coordinates() {
    let (mut cluster, id, _) = with_member();
    for broker in 1..=3 {
        let Response::ListGroups(response) = cluster.call(broker, ListGroupsRequest { states: Vec::new() }) else {
            panic!("ListGroups answers ListGroups")
        };
        let groups: Vec<&str> = response.groups.iter().map(|group| &*group.group).collect();
        assert_eq!(groups, if broker == id { vec!["g"] } else { Vec::new() }, "broker {broker}");
    }
}

#[test]
fn producer_ids_come_in_blocks_of_a_thousand_and_duplicates_are_recognised() {
    let (mut cluster, _) = with_coordinator();
    let topic_id = *cluster.process(1).image().by_name.get("t").expect("it exists");
    let mut ids = Vec::new();
    for broker in [1, 2] {
        let request = InitProducerIdRequest { producer_id: -1, producer_epoch: -1 };
        let Response::InitProducerId(first) = cluster.call(broker, request.clone()) else { panic!("an answer") };
        assert_eq!(first.error, ErrorCode::CoordinatorLoadInProgress, "the first one makes the broker ask for a block");
        cluster.run(ms(500));
        for _ in 0..2 {
            let Response::InitProducerId(next) = cluster.call(broker, request.clone()) else { panic!("an answer") };
            assert_eq!((next.error, next.producer_epoch), (ErrorCode::None, 0));
            ids.push(next.producer_id);
        }
    }
    assert_eq!(ids, [0, 1, 1000, 1001]);
    let leader = cluster.partition(1, topic_id).0;
    let stamp = ProducerStamp { producer_id: 0, producer_epoch: 0, base_sequence: 0 };
    let record = Record::new(protocol::EPOCH_MS, None, Some(b"once"));
    let batch = Batch::new(vec![record], stamp);
    for _ in 0..2 {
        let partitions = vec![ProducePartition { topic_id, partition: 0, batch: batch.clone() }];
        let handle = cluster.ask(0, leader, ProduceRequest { acks: -1, timeout_ms: 30_000, partitions });
        let (_, result) = cluster.produced(handle);
        assert_eq!((result.error, result.base_offset), (ErrorCode::None, 0));
    }
    assert_eq!(cluster.values(leader, topic_id), ["once"]);
}

#[test]
fn a_topic_config_is_described_with_where_it_comes_from() {
    let mut cluster = Cluster::new(1, 1, &[("log.retention.hours", "1")]);
    cluster.create_topic("t", &[&[1]], &[("segment.bytes", "2097152")]);
    let resource = ConfigResource { kind: ConfigResourceKind::Topic, name: "t".into() };
    let request = DescribeConfigsRequest { resources: vec![resource] };
    let Response::DescribeConfigs(response) = cluster.call(1, request) else { panic!("an answer") };
    let value = |name: &str| {
        let config = response.results[0].configs.iter().find(|config| &*config.name == name).expect("it is described");
        (config.value.clone().unwrap_or_default().to_string(), config.source.name())
    };
    assert_eq!(value("segment.bytes"), ("2097152".to_owned(), "DYNAMIC_TOPIC_CONFIG"));
    assert_eq!(value("retention.ms"), ("3600000".to_owned(), "STATIC_BROKER_CONFIG"));
    assert_eq!(value("cleanup.policy"), ("delete".to_owned(), "DEFAULT_CONFIG"));
}
