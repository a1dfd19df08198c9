//! Random faults, one broker at a time: what acks=all confirmed is never lost, and replicas end up equal.

mod cluster_harness;

use cluster_harness::{Cluster, ms};
use kernel::{Duration, NodeState, Rng};
use protocol::{ErrorCode, Response};

/// Plays `rounds` random rounds; returns how many writes were confirmed.
fn play(seed: u64, rounds: u32) -> usize {
    let mut rng = Rng::new(seed, 1, 0);
    let mut cluster = Cluster::new(seed, 3, &[]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    let mut sent: Vec<(u32, String)> = Vec::new();
    let mut victim: Option<(i32, &str)> = None;
    for round in 0..rounds {
        match victim {
            Some((id, fault)) if rng.chance(1, 3) => {
                mend(&mut cluster, id, fault);
                victim = None;
            }
            None if rng.chance(1, 3) => {
                let id = 1 + rng.below(3) as i32;
                let fault = ["kill", "pause", "cut", "stop"][rng.index(4)];
                harm(&mut cluster, id, fault);
                victim = Some((id, fault));
            }
            _ => {}
        }
        for n in 0..1 + rng.below(4) {
            let value = format!("{round}-{n}");
            // Somebody who knows the leader, and somebody who is wrong.
            let id = 1 + rng.below(3) as i32;
            let handle = cluster.produce(id as u32, id, topic, -1, &value);
            sent.push((handle, value));
            cluster.run(ms(rng.below(40)));
        }
        let pause = [20, 700, 4_000, 16_000][rng.index(4)];
        cluster.run(ms(rng.below(pause)));
    }
    if let Some((id, fault)) = victim {
        mend(&mut cluster, id, fault);
    }
    cluster.run(Duration::from_secs(120));
    let values = cluster.values(1, topic);
    let confirmed = |handle| match cluster.answer(handle) {
        Some((_, Some(Response::Produce(response)))) => response.partitions[0].error == ErrorCode::None,
        _ => false,
    };
    let confirmed: Vec<&String> =
        sent.iter().filter(|(handle, _)| confirmed(*handle)).map(|(_, value)| value).collect();
    for value in &confirmed {
        assert!(values.contains(value), "seed {seed}: lost {value}");
    }
    for id in [2, 3] {
        assert_eq!(cluster.values(id, topic), values, "seed {seed}: replicas 1 and {id}");
        assert_eq!(cluster.offsets(id, topic), cluster.offsets(1, topic), "seed {seed}: broker {id}");
    }
    let (end, high_watermark) = cluster.offsets(1, topic);
    assert_eq!(end, high_watermark, "seed {seed}: everything is committed in the end");
    assert_eq!(cluster.partition(1, topic).2.len(), 3, "seed {seed}: all are in sync in the end");
    confirmed.len()
}

fn harm(cluster: &mut Cluster, id: i32, fault: &str) {
    let node = cluster.node(id);
    match fault {
        "kill" => drop(cluster.world.kill(node)),
        "pause" => drop(cluster.world.pause(node)),
        "stop" => cluster.world.order(node, kernel::Order::Terminate),
        _ => others(cluster, id).for_each(|other| {
            cluster.world.cut(node, other);
            cluster.world.cut(other, node);
        }),
    }
}

fn mend(cluster: &mut Cluster, id: i32, fault: &str) {
    let node = cluster.node(id);
    match fault {
        "kill" => drop(cluster.world.start(node)),
        "pause" => drop(cluster.world.resume(node)),
        "stop" => {
            for _ in 0..400 {
                if matches!(cluster.world.state(node), NodeState::Exited(_)) {
                    break;
                }
                cluster.run(Duration::from_secs(1));
            }
            assert!(cluster.world.start(node), "a stopped broker ends");
        }
        _ => others(cluster, id).for_each(|other| {
            cluster.world.heal(node, other);
            cluster.world.heal(other, node);
        }),
    }
}

/// The other brokers; the controller stays within reach, so that a leader without followers is a case of its own.
fn others(cluster: &Cluster, id: i32) -> impl Iterator<Item = kernel::NodeId> + use<> {
    let nodes: Vec<_> = (1..=3).filter(|other| *other != id).map(|other| cluster.node(other)).collect();
    nodes.into_iter()
}

#[test]
fn what_acks_all_confirmed_survives_random_faults_of_one_broker_at_a_time() {
    let confirmed: usize = (0..40).map(|seed| play(seed, 25)).sum();
    assert!(confirmed > 200, "only {confirmed} writes were confirmed: the faults hide everything");
}
