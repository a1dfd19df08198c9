//! The metadata quorum under random deaths and cuts: at most one leader an epoch, and what is committed stays.

use std::sync::Arc;

use cluster::{ClusterSpec, KafkaProcess, ProcessSpec};
use kernel::{Duration, NetworkSpec, NodeId, NodeState, Rng, World};
use ordered::SortedMap;
use protocol::{BrokerId, Note};

/// What the run must never contradict.
#[derive(Default)]
struct Ledger {
    leaders: SortedMap<i32, BrokerId>,
    committed: SortedMap<i64, i32>,
}

impl Ledger {
    fn observe(&mut self, seed: u64, world: &mut World<KafkaProcess>, nodes: &[NodeId]) {
        for stamped in world.take_notes() {
            if let Note::QuorumState { node, state: "Leader", epoch, .. } = stamped.note {
                let first = *self.leaders.entry(epoch).or_insert(node);
                assert_eq!(first, node, "one leader in epoch {epoch} (seed {seed})");
            }
        }
        for node in nodes {
            let raft = world.machine(*node).raft();
            for batch in raft.log().batches().filter(|batch| batch.next_offset() <= raft.high_watermark()) {
                let epoch = *self.committed.entry(batch.base_offset).or_insert(batch.epoch);
                assert_eq!(epoch, batch.epoch, "offset {} is committed once (seed {seed})", batch.base_offset);
            }
        }
    }
}

fn play(seed: u64) -> (usize, usize) {
    let mut world = World::new(seed, NetworkSpec::default());
    let voters: Vec<(BrokerId, Arc<str>)> =
        [101, 102, 103].map(|id| (BrokerId(id), format!("controller-{id}").into())).to_vec();
    let cluster = Arc::new(ClusterSpec {
        cluster_id: "chaos".into(),
        voters: voters.clone(),
        elr_enabled: true,
        plant: protocol::Plant::None,
        placement_seed: None,
    });
    let nodes: Vec<NodeId> = voters
        .iter()
        .map(|(id, host)| {
            let spec = ProcessSpec {
                id: *id,
                is_broker: false,
                is_controller: true,
                host: host.clone(),
                rack: None,
                cluster: cluster.clone(),
                overrides: SortedMap::new(),
            };
            world.add_node(host, KafkaProcess::new(spec))
        })
        .collect();
    for node in &nodes {
        world.start(*node);
    }
    let mut rng = Rng::new(seed, 99, 0);
    let mut ledger = Ledger::default();
    for _ in 0..40 {
        let (one, other) = (nodes[rng.index(3)], nodes[rng.index(3)]);
        match rng.below(7) {
            0 => _ = world.kill(one),
            1 => _ = world.power_off(one),
            2 => _ = world.pause(one),
            3 if one != other => _ = world.cut(one, other),
            4 => _ = world.heal(one, other),
            _ => {
                world.resume(one);
                world.start(one);
            }
        }
        let until = world.now() + Duration::from_millis(100 + rng.below(3_000));
        world.run_until(until);
        ledger.observe(seed, &mut world, &nodes);
    }
    for (from, to) in world.cuts().collect::<Vec<_>>() {
        world.heal(from, to);
    }
    for node in &nodes {
        world.resume(*node);
        world.start(*node);
    }
    let until = world.now() + Duration::from_secs(20);
    world.run_until(until);
    ledger.observe(seed, &mut world, &nodes);
    let leaders = nodes.iter().filter(|node| world.machine(**node).raft().is_leader()).count();
    assert_eq!(leaders, 1, "healed and started, the quorum has a leader (seed {seed})");
    assert!(nodes.iter().all(|node| world.state(*node) == NodeState::Running));
    let ends: Vec<i64> = nodes.iter().map(|node| world.machine(*node).raft().log_end()).collect();
    assert!(ends.iter().all(|end| (end - ends[0]).abs() <= 1), "all logs are level (seed {seed}): {ends:?}");
    (ledger.leaders.len(), ledger.committed.len())
}

#[test]
fn one_leader_an_epoch_and_nothing_committed_is_lost() {
    let (mut epochs, mut committed) = (0, 0);
    const SEEDS: u64 = 200;
    for seed in 0..SEEDS {
        let (e, c) = play(seed);
        epochs += e;
        committed += c;
    }
    assert!(epochs > 2 * SEEDS as usize, "the faults forced elections: {epochs} epochs");
    assert!(committed > 20 * SEEDS as usize, "and yet records were committed: {committed}");
}
