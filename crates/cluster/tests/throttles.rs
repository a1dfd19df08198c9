//! Replication throttles (KIP-73), the leader's and the follower's each by itself: a replica that is out of sync gets what the
//! rate allows, and one that is in sync gets everything.

mod cluster_harness;

use cluster_harness::Cluster;
use kernel::Duration;
use protocol::api::ConfigResourceKind;
use protocol::{ErrorCode, TopicId};

/// Bytes of the value of each of the 20 records that broker 3 lacks.
const VALUE: usize = 50_000;

/// Broker 3 was away while a million bytes were written, of which a fetch brings 50,000.
fn behind() -> (Cluster, TopicId) {
    let mut cluster = Cluster::new(1, 3, &[("replica.fetch.max.bytes", "50000")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[]);
    let three = cluster.node(3);
    cluster.world.kill(three);
    cluster.run(Duration::from_secs(12));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    for _ in 0..20 {
        let handle = cluster.produce(0, 1, topic, -1, &"x".repeat(VALUE));
        assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
    }
    (cluster, topic)
}

/// Starts broker 3 and says how many records it has after each of these seconds.
fn progress(cluster: &mut Cluster, topic: TopicId, seconds: &[u64]) -> Vec<i64> {
    let three = cluster.node(3);
    cluster.world.start(three);
    // It registers, catches up with the metadata and begins to follow.
    cluster.run(Duration::from_secs(5));
    let mut found = Vec::new();
    for span in seconds {
        cluster.run(Duration::from_secs(*span));
        found.push(cluster.offsets(3, topic).0);
    }
    found
}

#[test]
fn without_a_throttle_a_replica_catches_up_at_once() {
    let (mut cluster, topic) = behind();
    assert_eq!(progress(&mut cluster, topic, &[0]), [20]);
}

#[test]
fn a_leader_sends_no_more_than_its_rate_to_a_replica_that_is_out_of_sync() {
    let (mut cluster, topic) = behind();
    cluster.set_config(1, ConfigResourceKind::Broker, "1", "leader.replication.throttled.rate", "50000");
    cluster.set_config(1, ConfigResourceKind::Topic, "t", "leader.replication.throttled.replicas", "0:1");
    cluster.run(Duration::from_secs(12));
    let found = progress(&mut cluster, topic, &[0, 5, 20]);
    // It has counted its answers to broker 2 all the time, so that the first burst is measured over eleven seconds.
    assert!(found[0] <= 12 && found[1] < 14, "eleven seconds' worth at once, and then nothing for a while: {found:?}");
    assert_eq!(found[2], 20);
    cluster.run(Duration::from_secs(1));
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3]);
}

#[test]
fn a_follower_takes_no_more_than_its_rate_while_it_is_out_of_sync() {
    let (mut cluster, topic) = behind();
    cluster.set_config(1, ConfigResourceKind::Topic, "t", "follower.replication.throttled.replicas", "*");
    // What is set on all brokers holds for broker 3 as well.
    cluster.set_config(1, ConfigResourceKind::Broker, "", "follower.replication.throttled.rate", "50000");
    let found = progress(&mut cluster, topic, &[0, 5, 25]);
    assert!(found[0] < 8 && found[1] < 14 && found[1] > found[0], "a record a second, and some in advance: {found:?}");
    assert_eq!(found[2], 20);
}

#[test]
fn a_replica_in_sync_is_never_held_up() {
    let (mut cluster, topic) = behind();
    cluster.set_config(1, ConfigResourceKind::Broker, "", "leader.replication.throttled.rate", "1");
    cluster.set_config(1, ConfigResourceKind::Broker, "", "follower.replication.throttled.rate", "1");
    cluster.set_config(1, ConfigResourceKind::Topic, "t", "leader.replication.throttled.replicas", "*");
    cluster.set_config(1, ConfigResourceKind::Topic, "t", "follower.replication.throttled.replicas", "*");
    for _ in 0..3 {
        let handle = cluster.produce(0, 1, topic, -1, &"y".repeat(VALUE));
        let sent = cluster.world.now();
        let (at, result) = cluster.produced(handle);
        assert_eq!(result.error, ErrorCode::None);
        assert!(at.since(sent) < Duration::from_secs(1), "broker 2 got it at once");
    }
}
