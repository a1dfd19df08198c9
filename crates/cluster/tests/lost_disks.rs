//! Disks that are lost, and log directories that are formatted anew under another `directory.id` (KIP-853, KIP-858).

mod quorum_world;

use protocol::api::Name;
use protocol::api::add_raft_voter::AddRaftVoterRequest;
use protocol::api::fetch_snapshot::FetchSnapshotRequest;
use protocol::api::remove_raft_voter::RemoveRaftVoterRequest;
use protocol::api::vote::VoteRequest;
use protocol::metadata::{FirstVoters, Voter};
use protocol::{BrokerId, DirectoryId, ErrorCode, Note, Request, Response, Seldom};
use quorum_world::*;

const DYNAMIC: Shape = Shape { brokers: 0, dynamic: true, ..SEPARATE };

/// Kills a node and gives it an empty disk, formatted or not.
fn replace(cluster: &mut Cluster, id: i32, is_formatted: bool) {
    cluster.kill(id);
    let node = cluster.nodes[&id];
    let Actor::Kafka(process) = cluster.world.machine_mut(node) else { panic!("{id} is no Kafka process") };
    process.lose_dirs(&[0]);
    if is_formatted {
        process.format_dirs(&[0]);
    }
}

fn start(cluster: &mut Cluster, id: i32) {
    assert!(cluster.world.start(cluster.nodes[&id]));
}

fn follower(cluster: &Cluster) -> i32 {
    [101, 102, 103].into_iter().find(|id| *id != cluster.leader()).expect("two follow")
}

fn directory(cluster: &Cluster, id: i32) -> DirectoryId {
    cluster.process(id).spec().directory_id(0)
}

fn error(answer: Option<Response>) -> ErrorCode {
    match answer {
        Some(Response::AddRaftVoter(answer)) => answer.error,
        Some(Response::RemoveRaftVoter(answer)) => answer.error,
        Some(Response::Vote(answer)) => answer.error,
        other => panic!("no such answer: {other:?}"),
    }
}

#[test]
fn a_process_whose_directory_is_not_formatted_does_not_start() {
    let mut cluster = Cluster::new(ONE_OF_EACH);
    cluster.run_ms(12_000);
    let before = directory(&cluster, 1);
    replace(&mut cluster, 1, false);
    start(&mut cluster, 1);
    cluster.run_ms(1_000);
    assert!(!cluster.is_up(1));
    let said = cluster.notes.iter().any(|(_, note)| match note {
        Note::NotFormatted { node: BrokerId(1), why } => &**why == "No readable meta.properties files found.",
        _ => false,
    });
    assert!(said);
    assert!(cluster.process(1).list(0, "").is_some_and(|files| files.is_empty()));
    let node = cluster.nodes[&1];
    let Actor::Kafka(process) = cluster.world.machine_mut(node) else { panic!("1 is a Kafka process") };
    process.format_dirs(&[0]);
    start(&mut cluster, 1);
    cluster.run_ms(15_000);
    assert_ne!(directory(&cluster, 1), before);
    assert_eq!(cluster.fenced(), [(1, false)]);
    assert_eq!(cluster.image().brokers[&BrokerId(1)].log_dirs, [directory(&cluster, 1)]);
}

#[test]
fn a_voter_whose_disk_was_lost_observes_until_it_is_removed_and_added() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    let lost = follower(&cluster);
    let before = directory(&cluster, lost);
    replace(&mut cluster, lost, true);
    start(&mut cluster, lost);
    cluster.run_ms(3_000);
    let raft = cluster.process(lost).raft();
    assert_eq!((raft.role_name(), raft.is_voter()), ("Observer", false));
    assert_eq!(raft.voters().len(), 3, "it knows of the voter it was");
    // Whoever asks for the vote of the voter that is gone does not get this one's.
    let request = VoteRequest {
        candidate: BrokerId(follower(&cluster)),
        candidate_epoch: 50,
        last_epoch: 49,
        last_offset: 1_000,
        pre_vote: false,
        voter_directory: Seldom(Some(before)),
    };
    let at = (format!("controller-{lost}").into(), 9093);
    assert_eq!(error(cluster.ask_at(at, request.into(), 100)), ErrorCode::InvalidVoterKey);
    assert_eq!(cluster.process(lost).raft().voted(), None);
    cluster.run_ms(10_000);

    let endpoint = (format!("controller-{lost}").into(), 9093);
    let voter = Voter { id: BrokerId(lost), directory: directory(&cluster, lost), endpoint };
    let add = || -> Request { AddRaftVoterRequest { voter: voter.clone(), waits: true }.into() };
    assert_eq!(error(cluster.ask(add(), 1_000)), ErrorCode::DuplicateVoter);
    let remove = RemoveRaftVoterRequest { voter: BrokerId(lost), directory: before };
    assert_eq!(error(cluster.ask(remove, 1_000)), ErrorCode::None);
    assert_eq!(error(cluster.ask(add(), 1_000)), ErrorCode::None);
    cluster.run_ms(1_000);
    let raft = cluster.process(lost).raft();
    assert!(raft.is_voter() && raft.voters().len() == 3);
    // It counts: the two of them go on without the third.
    let third = [101, 102, 103].into_iter().find(|id| *id != lost && *id != cluster.leader()).expect("one is left");
    cluster.kill(third);
    cluster.run_ms(10_000);
    assert_eq!(cluster.leaders().len(), 1);
}

#[test]
fn who_may_join_by_itself_removes_who_had_its_id_before() {
    let properties: &'static [_] = &[("controller.quorum.auto.join.enable", "true")];
    let mut cluster = Cluster::new(Shape { properties, ..DYNAMIC });
    cluster.run_ms(5_000);
    let lost = follower(&cluster);
    replace(&mut cluster, lost, true);
    start(&mut cluster, lost);
    cluster.run_ms(10_000);
    let new = directory(&cluster, lost);
    let voters = cluster.process(cluster.leader()).raft().voters();
    assert!(voters.len() == 3 && voters.iter().any(|voter| voter.id == BrokerId(lost) && voter.directory == new));
}

/// In a static quorum a voter is known by its id: with a majority of them gone, the others forget what was committed.
#[test]
fn a_static_quorum_that_lost_most_of_its_disks_ends_whoever_still_knows() {
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.run_ms(12_000);
    let knows = cluster.leader();
    assert!(cluster.world.pause(cluster.nodes[&knows]));
    for id in [101, 102, 103].into_iter().filter(|id| *id != knows) {
        replace(&mut cluster, id, true);
        start(&mut cluster, id);
    }
    cluster.run_ms(10_000);
    assert!(cluster.world.resume(cluster.nodes[&knows]));
    cluster.run_ms(5_000);
    assert!(!cluster.is_up(knows), "its log cannot be cut off below what is committed");
    assert!(cluster.notes.iter().any(|(_, note)| matches!(note, Note::MetadataTorn { node, .. } if node.0 == knows)));
}

/// `LeaderState#updateCheckQuorumForFollowingVoter`: who fetches a snapshot follows too.
#[test]
fn a_leader_stays_while_a_majority_fetches_its_snapshot() {
    let led = |seconds: u64, asks: bool| {
        let properties: &'static [_] = &[("metadata.log.max.snapshot.interval.ms", "2000")];
        let mut cluster = Cluster::new(Shape { brokers: 0, properties, ..SEPARATE });
        cluster.run_ms(6_000);
        let leader = cluster.leader();
        let others: Vec<i32> = [101, 102, 103].into_iter().filter(|id| *id != leader).collect();
        for id in &others {
            cluster.kill(*id);
        }
        let epoch = cluster.process(leader).raft().epoch();
        for _ in 0..seconds {
            let replica = BrokerId(others[0]);
            let request = FetchSnapshotRequest { replica, current_leader_epoch: epoch, directory: Seldom::default() };
            if asks {
                let at = (format!("controller-{leader}").into(), 9093);
                assert!(cluster.ask_at(at, request.into(), 1_000).is_some());
            } else {
                cluster.run_ms(1_000);
            }
        }
        cluster.process(leader).raft().is_leader()
    };
    assert!(!led(4, false), "nobody fetches for 1.5 fetch timeouts");
    assert!(led(10, true));
}

/// Kills nodes and gives them empty disks, which are formatted so.
fn format_anew(cluster: &mut Cluster, ids: &[i32], features: &[(Name, i16)], voters: &FirstVoters) {
    for id in ids {
        replace(cluster, *id, false);
        let node = cluster.nodes[id];
        let Actor::Kafka(process) = cluster.world.machine_mut(node) else { panic!("{id} is no Kafka process") };
        process.format_dirs_with(&[0], features, voters);
    }
    for id in ids {
        start(cluster, *id);
    }
}

#[test]
fn a_cluster_that_begins_anew_has_the_features_its_storage_is_formatted_with() {
    let mut cluster = Cluster::new(ONE_OF_EACH);
    cluster.run_ms(12_000);
    assert_eq!(cluster.image().features["eligible.leader.replicas.version"], 1);
    let features = [("metadata.version".into(), 33), ("transaction.version".into(), 1)];
    format_anew(&mut cluster, &[1, 101], &features, &FirstVoters::Others);
    cluster.run_ms(12_000);
    let found: Vec<(&str, i16)> = cluster.image().features.iter().map(|(name, level)| (&**name, *level)).collect();
    assert_eq!(found, [("metadata.version", 33), ("transaction.version", 1)]);
    assert!(!cluster.image().elr_enabled());
    assert_eq!(cluster.fenced(), [(1, false)]);
}

#[test]
fn first_voters_have_the_directories_they_are_given_and_a_broker_finds_them_in_the_log() {
    let mut cluster = Cluster::new(Shape { brokers: 1, ..DYNAMIC });
    cluster.run_ms(12_000);
    let given = |id: i32| DirectoryId(1_000_000 + id as u128);
    let voter =
        |id| Voter { id: BrokerId(id), directory: given(id), endpoint: (format!("controller-{id}").into(), 9093) };
    let voters = FirstVoters::These(vec![voter(101), voter(103)]);
    format_anew(&mut cluster, &[1, 101, 102, 103], &[("metadata.version".into(), 33)], &voters);
    cluster.run_ms(15_000);
    for id in [1, 101, 102, 103] {
        let known: Vec<_> = cluster.process(id).raft().voters().iter().map(|v| (v.id.0, v.directory)).collect();
        assert_eq!(known, [(101, given(101)), (103, given(103))], "as {id} knows them");
    }
    assert_eq!(directory(&cluster, 101), given(101));
    assert_ne!(directory(&cluster, 102), given(102));
    assert_eq!(cluster.process(102).raft().role_name(), "Observer");
    assert_eq!(cluster.fenced(), [(1, false)]);
    // Another new disk has an id of its own.
    replace(&mut cluster, 103, true);
    assert_ne!(directory(&cluster, 103), given(103));
}
