//! Connections that idle are closed by who accepted them (`SocketServer`).

mod cluster_harness;

use cluster_harness::{Cluster, ms};
use kernel::{Duration, NodeId, Stimulus};
use protocol::api::metadata::MetadataRequest;

/// When, of so long, a node hears that the other end has closed a connection, in ms.
fn closes(cluster: &mut Cluster, node: NodeId, span: Duration) -> Vec<u64> {
    let start = cluster.world.now();
    let mut closes = Vec::new();
    while cluster.world.next_time().is_some_and(|next| next <= start + span) {
        cluster.world.step();
        let last = cluster.world.trace().next_back();
        if last.is_some_and(|entry| entry.node == node && matches!(entry.stimulus, Stimulus::Close(_))) {
            closes.push(cluster.world.now().since(start).as_millis());
        }
    }
    closes
}

fn limited(max_idle_ms: &str) -> Cluster {
    Cluster::new(7, 2, &[("connections.max.idle.ms", max_idle_ms)])
}

/// Asks broker 1 something over a connection.
fn use_connection(cluster: &mut Cluster, lane: u32) {
    cluster.ask(lane, 1, MetadataRequest { topics: Some(Vec::new()), allow_auto_topic_creation: false });
}

#[test]
fn a_broker_closes_what_nobody_uses_the_oldest_first() {
    let mut cluster = limited("5000");
    use_connection(&mut cluster, 1);
    cluster.run(ms(1_000));
    use_connection(&mut cluster, 2);
    cluster.run(ms(1_000));
    // The first again: it was used last.
    use_connection(&mut cluster, 1);
    let client = cluster.client;
    // There and, when it is over, back.
    assert_eq!(closes(&mut cluster, client, ms(20_000)), [4_000 + 3, 5_000 + 3]);
}

/// `Selector#maybeCloseOldestConnection`: one a poll, of 300 ms where there is nothing else to do.
#[test]
fn of_two_that_idle_since_the_same_time_one_waits_for_the_next_look() {
    let mut cluster = limited("5000");
    (1..=2).for_each(|lane| use_connection(&mut cluster, lane));
    let client = cluster.client;
    assert_eq!(closes(&mut cluster, client, ms(20_000)), [5_003, 5_303]);
}

#[test]
fn below_zero_there_is_no_limit() {
    let mut cluster = limited("-1");
    use_connection(&mut cluster, 1);
    let client = cluster.client;
    assert_eq!(closes(&mut cluster, client, ms(700_000)), [] as [u64; 0]);
}

/// A broker does not close its channels to the controller, but the controller does (`NodeToControllerChannelManagerImpl`). It connects
/// again for what comes then.
#[test]
fn a_controller_closes_what_a_broker_does_not_use() {
    let mut cluster = limited("600000");
    cluster.create_topic("t", &[&[1]], &[]);
    let broker = cluster.node(1);
    let closes = closes(&mut cluster, broker, ms(605_000));
    assert!(!closes.is_empty() && closes.iter().all(|at| *at > 590_000), "{closes:?}");
    cluster.create_topic("u", &[&[1]], &[]);
}
