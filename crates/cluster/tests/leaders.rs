//! Leaders, their proposals of an ISR and what they know of followers, against metadata that comes sooner or later than answers
//! (`Partition#makeLeader`, `AlterPartitionManager`, `Replica`); and how long a fetcher sleeps (`AbstractFetcherThread`).

mod cluster_harness;

use cluster::broker::partition::Partition;
use cluster_harness::{Cluster, fetch_of, ms};
use kernel::{Duration, NodeId, Time};
use protocol::api::alter_partition_reassignments::{AlterPartitionReassignmentsRequest, WantedReassignment};
use protocol::api::fetch::FetchRequest;
use protocol::{BrokerId, ErrorCode, Message, Request, Response, TopicId};

/// Broker 1 leads, and is alone in the ISR: nobody fetches from it.
fn alone() -> (Cluster, TopicId) {
    let mut cluster = Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let nodes = [cluster.node(1), cluster.node(2), cluster.node(3)];
    nodes[1..].iter().for_each(|follower| _ = cluster.world.cut(*follower, nodes[0]));
    // Who is at the leader's end is never dropped.
    let behind = cluster.produce(0, 1, topic, 1, "a");
    cluster.produced(behind);
    cluster.run(Duration::from_secs(60));
    assert_eq!(cluster.partition(1, topic), (1, 0, vec![1]));
    (cluster, topic)
}

fn led(cluster: &Cluster, topic: TopicId) -> &Partition {
    let (_, partition) =
        cluster.process(1).broker().expect("it is a broker").replica(topic, 0).expect("it has a replica");
    partition.expect("it serves it")
}

fn proposed(cluster: &Cluster, topic: TopicId) -> Option<Vec<i32>> {
    let leadership = led(cluster, topic).leadership().expect("it leads");
    leadership.proposed_isr().map(|isr| isr.iter().map(|id| id.0).collect())
}

/// What is on its way from one node to another, and `is_meant`: its connection and number.
fn on_its_way(
    cluster: &Cluster,
    from: NodeId,
    to: NodeId,
    is_meant: impl Fn(&Message) -> bool,
) -> Option<(kernel::ConnId, u32)> {
    let flights = cluster.world.flights();
    let found = flights.iter().find(|flight| flight.from == from && flight.to == to && is_meant(flight.message));
    found.map(|flight| (flight.conn, flight.number))
}

/// Steps until `is_so`; when that was.
fn step_until(cluster: &mut Cluster, is_so: impl Fn(&Cluster) -> bool) -> Time {
    let until = cluster.world.now() + Duration::from_secs(30);
    while !is_so(cluster) {
        cluster.world.step();
        assert!(cluster.world.now() < until, "it does not come about");
    }
    cluster.world.now()
}

/// The next message from one node to another that `is_meant` takes that much longer.
fn hold_up(cluster: &mut Cluster, from: NodeId, to: NodeId, by: Duration, is_meant: fn(&Message) -> bool) {
    step_until(cluster, |cluster| on_its_way(cluster, from, to, is_meant).is_some());
    let (conn, number) = on_its_way(cluster, from, to, is_meant).expect("it is on its way");
    cluster.world.hold_up(conn, number, by).expect("it can be held up");
}

fn is_proposal(message: &Message) -> bool {
    matches!(message, Message::Request { request: Request::AlterPartition(_), .. })
}

fn is_answer_to_proposal(message: &Message) -> bool {
    matches!(message, Message::Response { response: Response::AlterPartition(_), .. })
}

fn brings_metadata(message: &Message) -> bool {
    matches!(message, Message::Response { response: Response::Fetch(fetch), .. }
        if fetch.partitions.iter().any(|result| !result.metadata.is_empty()))
}

fn controller(cluster: &Cluster) -> NodeId {
    cluster.world.find("controller-101").expect("there is one")
}

/// Metadata tells a leader what became of its proposal before the answer does: that proposal is over, and the next one has to wait
/// for the answer, for one of a partition is under way at a time.
#[test]
fn metadata_ends_a_proposal_and_the_next_one_waits_for_the_answer_all_the_same() {
    let (mut cluster, topic) = alone();
    let (controller, leader) = (controller(&cluster), cluster.node(1));
    let followers = [cluster.node(2), cluster.node(3)];
    cluster.world.heal(followers[0], leader);
    hold_up(&mut cluster, controller, leader, Duration::from_secs(5), is_answer_to_proposal);
    cluster.run(ms(100));
    assert_eq!(cluster.partition(1, topic).2, [1, 2], "metadata is there");
    assert_eq!(proposed(&cluster, topic), None, "and so that was it");
    cluster.world.heal(followers[1], leader);
    cluster.run(Duration::from_secs(3));
    let fetched = led(&cluster, topic).leadership().expect("it leads").followers()[1].log_end_offset;
    assert_eq!(fetched, 1, "broker 3 is there, and could join");
    assert_eq!(proposed(&cluster, topic), None, "what cannot be sent is not proposed");
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    step_until(&mut cluster, |cluster| on_its_way(cluster, controller, leader, is_answer_to_proposal).is_none());
    cluster.run(ms(600));
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3], "the next fetch of broker 3 proposes it again");
}

/// The answer comes first, and then the metadata that says the same: a proposal made in between is over (`Partition#makeLeader` does
/// not ask whether the partition epoch is a new one, only whether it is an old one).
#[test]
fn metadata_that_repeats_an_answer_ends_the_proposal_after_it() {
    let (mut cluster, topic) = alone();
    let (controller, leader) = (controller(&cluster), cluster.node(1));
    let followers = [cluster.node(2), cluster.node(3)];
    // Metadata waits, from the moment in which it is on its way.
    cluster.world.heal(followers[0], leader);
    step_until(&mut cluster, |cluster| on_its_way(cluster, leader, controller, is_proposal).is_some());
    hold_up(&mut cluster, controller, leader, Duration::from_secs(3), brings_metadata);
    let isr = |cluster: &Cluster| led(cluster, topic).leadership().expect("it leads").isr().len();
    step_until(&mut cluster, |cluster| isr(cluster) == 2);
    assert_eq!(cluster.partition(1, topic).2, [1], "metadata has not come");
    cluster.world.heal(followers[1], leader);
    hold_up(&mut cluster, leader, controller, Duration::from_secs(20), is_proposal);
    assert_eq!(proposed(&cluster, topic), Some(vec![1, 2, 3]));
    let epoch = led(&cluster, topic).partition_epoch();
    step_until(&mut cluster, |cluster| cluster.partition(1, topic).2 == [1, 2]);
    assert_eq!((led(&cluster, topic).partition_epoch(), proposed(&cluster, topic)), (epoch, None));
}

fn follower_ends(cluster: &Cluster, topic: TopicId) -> Vec<(i32, i64)> {
    let leadership = led(cluster, topic).leadership().expect("it leads");
    leadership.followers().iter().map(|follower| (follower.id.0, follower.log_end_offset)).collect()
}

/// `Replica#resetReplicaState`: the end of a move begins a leader epoch under the same leader.
#[test]
fn a_leader_that_leads_on_knows_its_followers_and_a_new_one_does_not() {
    let mut cluster = Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let written = cluster.produce(0, 1, topic, -1, "a");
    cluster.produced(written);
    cluster.run(Duration::from_secs(2));
    let moved = WantedReassignment { topic: "t".into(), partition: 0, replicas: Some(vec![BrokerId(1), BrokerId(2)]) };
    let request = AlterPartitionReassignmentsRequest { partitions: vec![moved], allow_replication_factor_change: true };
    cluster.ask(0, 1, request);
    step_until(&mut cluster, |cluster| led(cluster, topic).leader_epoch() == 1);
    assert_eq!(follower_ends(&cluster, topic), [(2, 1)], "it has not fetched in this epoch");
    cluster.run(Duration::from_secs(2));
    let first = cluster.node(1);
    cluster.world.kill(first);
    let by_2 = |cluster: &Cluster| {
        let broker = cluster.process(2).broker().expect("it is a broker");
        let leadership = broker.replica(topic, 0).and_then(|(_, partition)| partition?.leadership());
        leadership.map(|leadership| leadership.followers()[0].log_end_offset)
    };
    step_until(&mut cluster, |cluster| by_2(cluster).is_some());
    assert_eq!(by_2(&cluster), Some(-1));
}

/// `Replica#updateFetchStateOrThrow` looks at who is registered and not fenced, after the log was read.
#[test]
fn fetches_for_a_process_that_has_a_successor_are_refused_once_that_one_serves() {
    let mut cluster = Cluster::new(1, 2, &[]);
    let topic = cluster.create_topic("t", &[&[1, 2]], &[]);
    let written = cluster.produce(0, 1, topic, -1, "a");
    cluster.produced(written);
    let registered = cluster.process(1).image().brokers.get(&BrokerId(2)).expect("it is registered").epoch;
    let ask = |cluster: &mut Cluster, epoch: i64, offset: i64| {
        let request = FetchRequest { replica: BrokerId(2), replica_epoch: epoch, ..fetch_of(&[(topic, offset)]) };
        let asked = cluster.ask(1, 1, request);
        cluster.fetched(asked).1.partitions[0].error
    };
    assert_eq!(ask(&mut cluster, registered, 1), ErrorCode::None);
    assert_eq!(ask(&mut cluster, registered - 1, 1), ErrorCode::NotLeaderOrFollower);
    assert_eq!(ask(&mut cluster, registered - 1, 9), ErrorCode::OffsetOutOfRange, "that is found out first");
    assert_eq!(ask(&mut cluster, -1, 1), ErrorCode::None, "who does not tell is not asked");
    let follower = cluster.node(2);
    cluster.world.kill(follower);
    cluster.run(Duration::from_secs(15));
    assert!(cluster.process(1).image().brokers.get(&BrokerId(2)).is_some_and(|broker| broker.fenced));
    assert_eq!(ask(&mut cluster, registered - 1, 1), ErrorCode::None, "nobody serves in its stead");
}

/// One partition of a fetcher is put off by an error, then the others with their connection: nothing is left to fetch, and the fetcher
/// sleeps for a whole backoff from then on, though the first one is due sooner.
#[test]
fn a_fetcher_with_nothing_to_fetch_sleeps_for_a_whole_backoff() {
    let mut cluster = Cluster::new(1, 2, &[("num.replica.fetchers", "1"), ("replica.fetch.backoff.ms", "1000")]);
    cluster.create_topic("t", &[&[1, 2]], &[]);
    cluster.run(Duration::from_secs(2));
    let (controller, leader, follower) = (controller(&cluster), cluster.node(1), cluster.node(2));
    // Broker 1 hears of the new topic later than broker 2, which fetches it there in vain.
    cluster.world.cut(controller, leader);
    let new = protocol::api::create_topics::NewTopic {
        name: "u".into(),
        partitions: -1,
        replication_factor: -1,
        assignments: vec![vec![BrokerId(1), BrokerId(2)]],
        configs: Vec::new(),
    };
    let topics = vec![new];
    cluster.ask(
        3,
        2,
        protocol::api::create_topics::CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false },
    );
    let is_error = |message: &Message| matches!(message, Message::Response { response: Response::Fetch(fetch), .. } if fetch.partitions.iter().any(|p| !p.error.is_ok()));
    step_until(&mut cluster, |cluster| on_its_way(cluster, leader, follower, is_error).is_some());
    step_until(&mut cluster, |cluster| on_its_way(cluster, leader, follower, is_error).is_none());
    let refused = cluster.world.now();
    // The fetch of what is left is lost on its way, 300 ms later.
    let is_fetch = |message: &Message| matches!(message, Message::Request { request: Request::Fetch(_), .. });
    cluster.run(ms(300));
    let broken = step_until(&mut cluster, |cluster| on_its_way(cluster, follower, leader, is_fetch).is_some());
    assert!(broken.since(refused) < ms(900), "before the new topic is due");
    let (conn, number) = on_its_way(&cluster, follower, leader, is_fetch).expect("it is on its way");
    cluster.world.lose(conn, number);
    step_until(&mut cluster, |cluster| on_its_way(cluster, follower, leader, is_fetch).is_none());
    cluster.world.heal(controller, leader);
    let closed = cluster.world.now();
    let again = step_until(&mut cluster, |cluster| on_its_way(cluster, follower, leader, is_fetch).is_some());
    let slept = again.since(closed);
    assert!(slept >= ms(1000) && slept <= ms(1010), "slept {slept:?}");
}
