//! Whom clients try when nodes cannot be connected to, and when (`NetworkClient#leastLoadedNode`, KIP-899).

mod common;

use clients::Profile;
use common::{Do, FakeBroker, Run, send};
use kernel::Time;

/// When a producer says that a node cannot be connected to, in ms, and the node's id.
fn tries(mut run: Run, ms: u64) -> Vec<(u64, i32)> {
    let (mut tries, mut seen) = (Vec::new(), 0);
    while run.world.next_time().is_some_and(|at| at <= Time::from_millis(ms)) {
        run.world.step();
        let logs = &run.app().logs;
        let told = logs[seen..].iter().filter(|line| line.text.contains("could not be established"));
        let node = |text: &str| {
            text.split_once("Connection to node ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        };
        tries.extend(told.filter_map(|line| Some((run.world.now().as_millis(), node(&line.text)?))));
        seen = logs.len();
    }
    tries
}

/// Each of its servers in turn, the retry backoff after the one before: so does the producer of Kafka 4.3.1.
#[test]
fn an_idempotent_producer_without_an_id_sleeps_after_a_node_that_is_not_there() {
    let servers = [("bootstrap.servers", "broker-1:1,broker-1:2,broker-1:3")];
    let script = vec![(50, send("t", None, "a"))];
    let tries = tries(Run::producer(FakeBroker::with(&[]), Profile::Java, &servers, script), 700);
    assert_eq!(tries, [(2, -1), (104, -2), (206, -3), (308, -1), (410, -2), (512, -3), (614, -1)]);
}

/// It knows one broker, which dies. Another of its bootstrap servers is asked then, unless it is told never to (`metadata.recovery.strategy`).
#[test]
fn who_has_lost_all_brokers_asks_the_bootstrap_servers_again() {
    for (strategy, is_asked) in [("rebootstrap", true), ("none", false)] {
        let servers = ("bootstrap.servers", "broker-1:9092,broker-2:9092");
        let pairs = [servers, ("metadata.recovery.strategy", strategy), ("group.id", "g")];
        let subscribe = vec![(0, Do::Subscribe("t"))];
        let other = FakeBroker::with(&[("t", 1)]);
        let run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, subscribe);
        let mut run = run.beside(other).until(5_000);
        let before = run.second().described.len();
        run.kill_broker();
        let run = run.until(20_000);
        assert_eq!(run.second().described.len() > before, is_asked, "{strategy}");
    }
}
