//! Moves of partitions as a controller takes them and brokers carry them out (KIP-455; `ReplicationControlManager`): what is
//! refused, what a second move makes of a first, when a move is over, and what `min.insync.replicas` means under way.

mod cluster_harness;

use cluster_harness::{Cluster, ms};
use kernel::{Duration, Order};
use protocol::api::list_partition_reassignments::ListPartitionReassignmentsRequest;
use protocol::{BrokerId, ErrorCode, Response, TopicId};

fn by_hand(brokers: u32) -> Cluster {
    Cluster::new(1, brokers, &[("auto.leader.rebalance.enable", "false")])
}

/// Nothing that `from` sends arrives at `to`: a follower cannot fetch.
fn cut(cluster: &mut Cluster, from: i32, to: &[i32]) {
    for to in to {
        let (from, to) = (cluster.node(from), cluster.node(*to));
        cluster.world.cut(from, to);
    }
}

/// Replicas, those that come, those that go, and the ISR of partition 0.
fn state(cluster: &Cluster, topic: TopicId) -> [Vec<i32>; 4] {
    let record = cluster.process(1).image().partition(topic, 0).expect("it is there");
    [&record.replicas, &record.adding, &record.removing, &record.isr].map(|ids| ids.iter().map(|id| id.0).collect())
}

fn leader(cluster: &Cluster, topic: TopicId) -> (i32, i32) {
    let record = cluster.process(1).image().partition(topic, 0).expect("it is there");
    (record.leader.0, record.leader_epoch)
}

#[test]
fn what_cannot_be_moved_is_refused_in_kafkas_words() {
    let mut cluster = by_hand(3);
    cluster.create_topic("t", &[&[1, 2]], &[]);
    use ErrorCode::{InvalidReplicaAssignment, InvalidReplicationFactor, UnknownTopicOrPartition};
    let mut refused = |topic: &str, partition: i32, replicas: Option<&[i32]>, any_factor: bool| {
        cluster.reassign_partition(topic, partition, replicas, any_factor).expect_err("it is refused")
    };
    let unknown = |text: &str| (UnknownTopicOrPartition, text.to_owned());
    let invalid = |text: &str| (InvalidReplicaAssignment, format!("The manual partition assignment includes {text}"));
    assert_eq!(refused("x", 0, Some(&[1]), true), unknown("Unable to find a topic named x."));
    assert_eq!(refused("t", 7, Some(&[1]), true), unknown("Unable to find partition t:7."));
    assert_eq!(refused("t", 0, Some(&[]), true), invalid("an empty replica list."));
    assert_eq!(refused("t", 0, Some(&[1, 1]), true), invalid("the broker 1 more than once."));
    assert_eq!(refused("t", 0, Some(&[1, 9]), true), invalid("broker 9, but no such broker is registered."));
    let factor = (InvalidReplicationFactor, "The replication factor is changed from 2 to 3".to_owned());
    assert_eq!(refused("t", 0, Some(&[1, 2, 3]), false), factor);
    assert_eq!(
        refused("t", 0, None, true),
        (ErrorCode::NoReassignmentInProgress, "No partition reassignment is in progress.".to_owned())
    );
}

#[test]
fn another_order_is_taken_at_once_and_the_leader_leads_on() {
    let mut cluster = by_hand(3);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    assert_eq!(cluster.reassign("t", Some(&[3, 1, 2])), Ok(()));
    cluster.run(ms(600));
    assert_eq!(state(&cluster, topic), [vec![3, 1, 2], vec![], vec![], vec![1, 2, 3]]);
    assert_eq!(leader(&cluster, topic), (1, 0));
}

#[test]
fn of_a_second_move_what_the_first_was_adding_goes_if_it_is_not_wanted_any_more() {
    let mut cluster = by_hand(4);
    let topic = cluster.create_topic("t", &[&[1, 2]], &[]);
    cut(&mut cluster, 3, &[1]);
    cut(&mut cluster, 4, &[1]);
    assert_eq!(cluster.reassign("t", Some(&[1, 3])), Ok(()));
    cluster.run(ms(600));
    assert_eq!(state(&cluster, topic), [vec![1, 3, 2], vec![3], vec![2], vec![1, 2]]);
    let Response::ListPartitionReassignments(listed) =
        cluster.call(2, ListPartitionReassignmentsRequest { partitions: None })
    else {
        panic!("another answer")
    };
    let listed: Vec<_> = listed.partitions.iter().map(|p| (&p.replicas, &p.adding, &p.removing)).collect();
    let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
    assert_eq!(listed, [(&ids(&[1, 3, 2]), &ids(&[3]), &ids(&[2]))]);
    assert_eq!(cluster.reassign("t", Some(&[4, 1])), Ok(()));
    cluster.run(ms(600));
    assert_eq!(state(&cluster, topic), [vec![4, 1, 2, 3], vec![4], vec![2, 3], vec![1, 2]]);
    // Taken back, it does not go to the first state of all but to what was there without those that come.
    assert_eq!(cluster.reassign("t", None), Ok(()));
    cluster.run(ms(600));
    assert_eq!(state(&cluster, topic), [vec![1, 2, 3], vec![], vec![], vec![1, 2]]);
    assert_eq!(leader(&cluster, topic), (1, 1), "replicas went, so the epoch is another");
}

/// What counts as the replication factor is where the move under way leads.
#[test]
fn the_factor_of_a_partition_that_moves_is_that_of_its_target() {
    let mut cluster = by_hand(4);
    cluster.create_topic("t", &[&[1, 2]], &[]);
    cut(&mut cluster, 3, &[1]);
    assert_eq!(cluster.reassign("t", Some(&[1, 2, 3])), Ok(()));
    cluster.run(ms(600));
    let text = |from, to| {
        Err((ErrorCode::InvalidReplicationFactor, format!("The replication factor is changed from {from} to {to}")))
    };
    assert_eq!(cluster.reassign_partition("t", 0, Some(&[2, 1]), false), text(3, 2));
    assert_eq!(cluster.reassign_partition("t", 0, Some(&[1, 2, 4]), false), Ok(()));
}

/// All that come must be in sync. Nobody is waited for of those that stay, unless more go than come: what is left in sync would be
/// too little.
#[test]
fn a_move_to_fewer_replicas_waits_for_those_that_stay() {
    let mut cluster = Cluster::new(1, 4, &[("replica.lag.time.max.ms", "5000")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    cut(&mut cluster, 2, &[1]);
    let sent = cluster.produce(0, 1, topic, 1, "a");
    cluster.produced(sent);
    cluster.run(Duration::from_secs(10));
    assert_eq!(state(&cluster, topic)[3], [1, 3]);
    cut(&mut cluster, 2, &[4]);
    assert_eq!(cluster.reassign("t", Some(&[4, 2])), Ok(()));
    cluster.run(Duration::from_secs(2));
    assert_eq!(
        state(&cluster, topic),
        [vec![4, 2, 1, 3], vec![4], vec![1, 3], vec![1, 3, 4]],
        "fewer than before: it waits for 2"
    );
    // Asked for what is there already, it goes on as before.
    assert_eq!(cluster.reassign("t", Some(&[4, 2, 1, 3])), Ok(()));
    cluster.run(Duration::from_secs(2));
    assert_eq!(state(&cluster, topic)[1..], [vec![4], vec![1, 3], vec![1, 3, 4]]);
    // Without 2 it is over at once.
    assert_eq!(cluster.reassign("t", Some(&[4, 1, 3])), Ok(()));
    cluster.run(Duration::from_secs(2));
    assert_eq!(state(&cluster, topic), [vec![4, 1, 3], vec![], vec![], vec![1, 3, 4]]);
}

#[test]
fn a_move_of_as_many_replicas_does_not_wait_for_one_that_is_out_of_sync_before() {
    let mut cluster = Cluster::new(1, 4, &[("replica.lag.time.max.ms", "5000")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    cut(&mut cluster, 2, &[1, 4]);
    let sent = cluster.produce(0, 1, topic, 1, "a");
    cluster.produced(sent);
    cluster.run(Duration::from_secs(10));
    assert_eq!(cluster.reassign("t", Some(&[4, 2, 3])), Ok(()));
    cluster.run(Duration::from_secs(2));
    assert_eq!(state(&cluster, topic), [vec![4, 2, 3], vec![], vec![], vec![3, 4]]);
    assert_eq!(leader(&cluster, topic), (4, 1), "its leader has gone, and the first in order that is in sync leads");
}

/// `PartitionReassignmentRevert`: with only newcomers in sync, nobody who was there before can go on cleanly.
#[test]
fn a_move_whose_newcomers_alone_are_in_sync_is_taken_back_only_where_unclean_elections_are_allowed() {
    let mut cluster = by_hand(3);
    let mut moves = ["f", "t"].map(|unclean| {
        let allowed = if unclean == "t" { "true" } else { "false" };
        let topic = cluster.create_topic(unclean, &[&[1]], &[("unclean.leader.election.enable", allowed)]);
        (unclean, topic)
    });
    cut(&mut cluster, 3, &[1, 2]);
    for (name, _) in &mut moves {
        assert_eq!(cluster.reassign(name, Some(&[2, 3])), Ok(()));
    }
    cluster.run(Duration::from_secs(2));
    let [(_, strict), (_, lax)] = moves;
    let node = cluster.node(1);
    assert_eq!(state(&cluster, strict), [vec![2, 3, 1], vec![2, 3], vec![1], vec![1, 2]]);
    cluster.world.order(node, Order::Terminate);
    cluster.run(Duration::from_secs(12));
    let image = |cluster: &Cluster, topic| cluster.process(2).image().partition(topic, 0).expect("it is there").clone();
    assert_eq!(image(&cluster, strict).isr, [BrokerId(2)]);
    cluster.world.start(node);
    cluster.run(Duration::from_secs(12));
    let (from, to) = (cluster.node(1), cluster.node(2));
    assert_eq!(image(&cluster, strict).isr, [BrokerId(1), BrokerId(2)], "back in sync, it could go on");
    cluster.world.cut(from, to);
    let sent = [strict, lax].map(|topic| cluster.produce(0, 2, topic, 1, "a"));
    sent.iter().for_each(|handle| drop(cluster.produced(*handle)));
    cluster.run(Duration::from_secs(50));
    assert_eq!(image(&cluster, strict).isr, [BrokerId(2)]);
    let text = "Unable to revert partition assignment for f:0 because it would require an unclean leader election.";
    assert_eq!(cluster.reassign("f", None), Err((ErrorCode::InvalidReplicaAssignment, text.to_owned())));
    assert_eq!(cluster.reassign("t", None), Ok(()));
    cluster.run(Duration::from_secs(2));
    let after = image(&cluster, lax);
    assert_eq!(
        (after.replicas.clone(), after.isr.clone(), after.leader),
        (vec![BrokerId(1)], vec![BrokerId(1)], BrokerId(1))
    );
}

/// Effective is min(`min.insync.replicas`, all replicas there are), those that come among them.
#[test]
fn a_move_to_more_replicas_needs_as_many_in_sync_as_soon_as_it_begins() {
    let mut cluster = by_hand(3);
    let topic = cluster.create_topic("t", &[&[1]], &[("min.insync.replicas", "2")]);
    let sent = cluster.produce(0, 1, topic, -1, "alone");
    assert_eq!(cluster.produced(sent).1.error, ErrorCode::None, "two cannot be wanted of one");
    cut(&mut cluster, 2, &[1]);
    cut(&mut cluster, 3, &[1]);
    assert_eq!(cluster.reassign("t", Some(&[2, 3])), Ok(()));
    cluster.run(ms(600));
    let sent = cluster.produce(0, 1, topic, -1, "under way");
    assert_eq!(cluster.produced(sent).1.error, ErrorCode::NotEnoughReplicas);
    assert_eq!(cluster.reassign("t", None), Ok(()));
    cluster.run(ms(600));
    let sent = cluster.produce(0, 1, topic, -1, "back");
    assert_eq!(cluster.produced(sent).1.error, ErrorCode::None);
    assert_eq!(cluster.values(1, topic), ["alone", "back"]);
}
