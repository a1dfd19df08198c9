//! `num.replica.fetchers`: how many fetches a follower has under way at one leader, and what changing it while brokers run does
//! (`AbstractFetcherManager`).

mod cluster_harness;

use cluster_harness::Cluster;
use kernel::Duration;
use protocol::api::ConfigResourceKind;
use protocol::{ErrorCode, TopicId};

/// Twelve partitions that broker 1 leads and broker 2 follows.
fn led(fetchers: &str) -> (Cluster, TopicId) {
    let mut cluster = Cluster::new(1, 2, &[("num.replica.fetchers", fetchers)]);
    let topic = cluster.create_topic("t", &[&[1, 2] as &[i32]; 12], &[]);
    cluster.run(Duration::from_secs(3));
    (cluster, topic)
}

/// How many fetches of broker 2 wait at broker 1.
fn parked(cluster: &Cluster) -> usize {
    cluster.process(1).broker().expect("it is a broker").parked_fetches()
}

fn replicates(cluster: &mut Cluster, topic: TopicId) {
    let end = cluster.offsets(2, topic).0;
    let handle = cluster.produce(0, 1, topic, -1, "a");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
    assert_eq!(cluster.offsets(2, topic).0, end + 1);
    cluster.run(Duration::from_secs(1));
}

#[test]
fn partitions_are_shared_among_the_fetchers_for_their_leader() {
    for (fetchers, waiting) in [("1", 1), ("2", 2), ("5", 5), ("40", 12)] {
        let (mut cluster, topic) = led(fetchers);
        assert_eq!(parked(&cluster), waiting, "{fetchers}: those that follow nothing do not fetch");
        replicates(&mut cluster, topic);
    }
}

#[test]
fn fetchers_are_resized_while_the_broker_runs() {
    let (mut cluster, topic) = led("2");
    let resize = |cluster: &mut Cluster, to: &str| {
        cluster.alter_config(2, ConfigResourceKind::Broker, "2", "num.replica.fetchers", to)
    };
    assert!(
        resize(&mut cluster, "5").is_some_and(|text| text.contains("not be greater than double the current value 2"))
    );
    for (to, waiting) in [("4", 4), ("8", 8), ("4", 4), ("2", 2), ("1", 1)] {
        assert_eq!(resize(&mut cluster, to), None);
        cluster.run(Duration::from_secs(1));
        assert_eq!(parked(&cluster), waiting);
        replicates(&mut cluster, topic);
    }
    assert_eq!(resize(&mut cluster, "2"), None);
    assert_eq!(resize(&mut cluster, "4"), None);
    assert!(resize(&mut cluster, "1").is_some_and(|text| text.contains("at least half the current value 4")));
}
