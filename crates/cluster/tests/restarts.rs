//! What restarts and stops leave in the metadata log and in the quorum (`QuorumState#initialize`,
//! `ReplicationControlManager#maybeFenceOneStaleBroker`).

mod quorum_world;

use kernel::{Delay, Duration, Order};
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

/// When the states of broker 1 were told, in ms after a moment.
fn broker_states(cluster: &Cluster, since: kernel::Time) -> Vec<(&'static str, u64)> {
    let told = cluster.notes.iter().filter(|(at, _)| *at >= since);
    let state = |(at, note): &(kernel::Time, Note)| match note {
        Note::BrokerState { broker: BrokerId(1), state } => Some((*state, at.since(since).as_millis())),
        _ => None,
    };
    told.filter_map(state).collect()
}

#[test]
fn who_leads_asks_for_its_controlled_shutdown_again_after_50_ms() {
    let mut cluster = Cluster::new(ONE_OF_EACH);
    cluster.run_ms(12_000);
    assert_eq!(cluster.create("t", 1, 1).0, protocol::ErrorCode::None);
    cluster.run_ms(3_000);
    let since = cluster.world.now();
    cluster.world.order(cluster.nodes[&1], Order::Terminate);
    cluster.run_ms(5_000);
    let states = broker_states(&cluster, since);
    assert_eq!(states[0], ("PENDING_CONTROLLED_SHUTDOWN", 0), "{states:?}");
    let (state, ms) = states[1];
    assert!(state == "SHUTTING_DOWN" && (50..200).contains(&ms), "{states:?}");
}

#[test]
fn who_starts_asks_every_10_ms_whether_it_has_caught_up() {
    let mut cluster = Cluster::new(Shape { brokers: 1, ..SEPARATE });
    cluster.run_ms(12_000);
    cluster.kill(1);
    cluster.run_ms(12_000);
    // It is far from the controllers: that it is registered it is told before it has read it.
    let far = Delay { latency: Duration::from_millis(100), jitter: Duration::ZERO };
    for id in [101, 102, 103] {
        let (broker, controller) = (cluster.nodes[&1], cluster.nodes[&id]);
        cluster.world.delay(broker, controller, far);
        cluster.world.delay(controller, broker, far);
    }
    let since = cluster.world.now();
    assert!(cluster.world.start(cluster.nodes[&1]));
    cluster.run_ms(5_000);
    let states = broker_states(&cluster, since);
    let running = states.iter().find(|(state, _)| *state == "RUNNING").map(|(_, ms)| *ms);
    assert!(running.is_some_and(|ms| ms < 1_000), "{states:?}");
}
