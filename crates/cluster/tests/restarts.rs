//! What restarts and stops leave in the metadata log and in the quorum (`QuorumState#initialize`,
//! `ReplicationControlManager#maybeFenceOneStaleBroker`).

mod quorum_world;

use kernel::Order;
use protocol::metadata::MetadataRecord;
use protocol::{BrokerId, Note};
use quorum_world::*;

/// The states a node went through since a moment.
fn states(cluster: &Cluster, id: i32, since: kernel::Time) -> Vec<&'static str> {
    let notes = cluster.notes.iter().filter(|(at, _)| *at >= since);
    let of = |note: &Note| match note {
        Note::QuorumState { node, state, .. } if node.0 == id => Some(*state),
        _ => None,
    };
    notes.filter_map(|(_, note)| of(note)).collect()
}

#[test]
fn who_restarts_follows_the_leader_that_its_disk_names() {
    let mut cluster = Cluster::new(Shape { brokers: 1, ..SEPARATE });
    cluster.run_ms(12_000);
    let leader = cluster.leader();
    let follower = [101, 102, 103].into_iter().find(|id| *id != leader).expect("two follow");
    for (id, state) in [(follower, "Follower"), (1, "Observer")] {
        cluster.kill(id);
        let since = cluster.world.now();
        assert!(cluster.world.start(cluster.nodes[&id]));
        cluster.run_ms(3_000);
        assert_eq!(states(&cluster, id, since), [state], "{id} never lost sight of {leader}");
    }
    // One whose leader is gone as well finds the next.
    cluster.kill(follower);
    cluster.kill(leader);
    assert!(cluster.world.start(cluster.nodes[&follower]));
    cluster.run_ms(10_000);
    assert_ne!(cluster.leader(), leader);
}

#[test]
fn a_broker_that_stopped_is_fenced_once_more_when_its_session_is_over() {
    let mut cluster = Cluster::new(ONE_OF_EACH);
    cluster.run_ms(12_000);
    let fences = |cluster: &Cluster| {
        let log = cluster.process(cluster.leader()).raft().log();
        let is_it = |record: &MetadataRecord| {
            matches!(record, MetadataRecord::BrokerRegistrationChange { broker: BrokerId(1), fenced: Some(true), .. })
        };
        log.batches().flat_map(|batch| batch.records.iter()).filter(|record| is_it(record)).count()
    };
    assert_eq!(fences(&cluster), 0);
    cluster.world.order(cluster.nodes[&1], Order::Terminate);
    cluster.run_ms(5_000);
    assert!(!cluster.is_up(1));
    assert_eq!(fences(&cluster), 1, "it asked for it");
    cluster.run_ms(8_000);
    assert_eq!(fences(&cluster), 2);
    cluster.run_ms(20_000);
    assert_eq!(fences(&cluster), 2, "and then never again");
}
