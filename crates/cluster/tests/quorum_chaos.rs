//! The metadata quorum under random deaths and cuts: at most one leader an epoch, and what is committed stays, also while
//! voters are added and removed (KIP-853).

mod quorum_world;

use kernel::Rng;
use ordered::SortedMap;
use protocol::api::add_raft_voter::AddRaftVoterRequest;
use protocol::api::remove_raft_voter::RemoveRaftVoterRequest;
use protocol::metadata::Voter;
use protocol::{BrokerId, Note, Request};
use quorum_world::*;

/// What the run must never contradict.
#[derive(Default)]
struct Ledger {
    leaders: SortedMap<i32, BrokerId>,
    committed: SortedMap<i64, i32>,
    voter_sets: usize,
}

impl Ledger {
    fn observe(&mut self, seed: u64, cluster: &mut Cluster) {
        for (_, note) in cluster.notes.drain(..) {
            if let Note::QuorumState { node, state: "Leader", epoch, .. } = note {
                let first = *self.leaders.entry(epoch).or_insert(node);
                assert_eq!(first, node, "one leader in epoch {epoch} (seed {seed})");
            }
        }
        for id in cluster.nodes.keys() {
            let raft = cluster.process(*id).raft();
            for batch in raft.log().batches().filter(|batch| batch.next_offset() <= raft.high_watermark()) {
                let before = self.committed.insert(batch.base_offset, batch.epoch);
                assert!(
                    before.is_none_or(|epoch| epoch == batch.epoch),
                    "offset {} is committed once (seed {seed})",
                    batch.base_offset
                );
                let is_set = |record| matches!(record, &protocol::metadata::MetadataRecord::Voters(_));
                self.voter_sets += usize::from(before.is_none() && batch.records.iter().any(is_set));
            }
        }
    }
}

/// Asks whoever leads to add a voter or to remove one. Of two voters the leader does not remove itself: if it dies before the other
/// has that record, it votes no more, and the other, whose log is shorter, does not get the vote that it needs. So it is in Kafka.
fn change(cluster: &mut Cluster, rng: &mut Rng) {
    let Some(leader) = cluster.leaders().first().copied() else { return };
    let id = 101 + rng.below(5) as i32;
    let raft = cluster.process(leader).raft();
    if id == leader && raft.voters().len() == 2 {
        return;
    }
    let directory = cluster.process(leader).spec().cluster.directory_id(BrokerId(id), 0, 0);
    let request: Request = if raft.voters().iter().any(|voter| voter.id.0 == id) {
        RemoveRaftVoterRequest { voter: BrokerId(id), directory }.into()
    } else {
        let voter = Voter { id: BrokerId(id), directory, endpoint: (format!("controller-{id}").into(), 9093) };
        AddRaftVoterRequest { voter, waits: rng.below(2) == 0 }.into()
    };
    cluster.ask_at((format!("controller-{leader}").into(), 9093), request, 1);
}

/// Snapshots come fast, and once a minute all that lies before the newest is let go.
const SNAPSHOTS: &[(&str, &str)] =
    &[("metadata.log.max.snapshot.interval.ms", "7000"), ("metadata.max.retention.bytes", "0")];

fn play(seed: u64, dynamic: bool) -> Ledger {
    let later = if dynamic { (104, 106) } else { (0, 0) };
    let properties = if seed % 2 == 1 { SNAPSHOTS } else { &[] };
    let mut cluster = Cluster::new(Shape { seed, brokers: 0, dynamic, later, properties, ..SEPARATE });
    if dynamic {
        cluster.add_controller(104);
        cluster.add_controller(105);
    }
    let nodes: Vec<_> = cluster.nodes.values().copied().collect();
    let mut rng = Rng::new(seed, 99, 0);
    let mut ledger = Ledger::default();
    for _ in 0..if dynamic { 80 } else { 40 } {
        let (one, other) = (nodes[rng.index(nodes.len())], nodes[rng.index(nodes.len())]);
        let world = &mut cluster.world;
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
        if dynamic {
            change(&mut cluster, &mut rng);
        }
        cluster.run_ms(100 + rng.below(3_000));
        ledger.observe(seed, &mut cluster);
    }
    for (from, to) in cluster.world.cuts().collect::<Vec<_>>() {
        cluster.world.heal(from, to);
    }
    for node in &nodes {
        cluster.world.resume(*node);
        cluster.world.start(*node);
    }
    cluster.run_ms(20_000);
    ledger.observe(seed, &mut cluster);
    assert_eq!(cluster.leaders().len(), 1, "healed and started, the quorum has a leader (seed {seed})");
    let ids: Vec<i32> = cluster.nodes.keys().copied().collect();
    assert!(ids.iter().all(|id| cluster.is_up(*id)));
    let ends: Vec<i64> = ids.iter().map(|id| cluster.process(*id).raft().log_end()).collect();
    assert!(ends.iter().all(|end| (end - ends[0]).abs() <= 1), "all logs are level (seed {seed}): {ends:?}");
    let voters = |id: &i32| cluster.process(*id).raft().voters().to_vec();
    assert!(ids.iter().all(|id| voters(id) == voters(&ids[0])), "all know the same voters (seed {seed})");
    ledger
}

fn play_all(dynamic: bool) {
    let (mut epochs, mut committed, mut sets) = (0, 0, 0);
    const SEEDS: usize = 150;
    for seed in 0..SEEDS {
        let ledger = play(seed as u64, dynamic);
        epochs += ledger.leaders.len();
        committed += ledger.committed.len();
        sets += ledger.voter_sets;
    }
    println!("{epochs} epochs, {committed} batches, {sets} sets of voters");
    assert!(epochs > 2 * SEEDS, "the faults forced elections: {epochs} epochs");
    assert!(committed > 20 * SEEDS, "and yet records were committed: {committed}");
    assert!(!dynamic || sets > 4 * SEEDS, "and voters changed: {sets}");
}

#[test]
fn one_leader_an_epoch_and_nothing_committed_is_lost() {
    play_all(false);
}

#[test]
fn nor_while_voters_change() {
    play_all(true);
}
