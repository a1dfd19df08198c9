//! Voters that tell their leader what they are (UpdateRaftVoter, KIP-853).

mod quorum_world;

use ordered::SortedSet;
use protocol::api::update_features::{UpdateFeaturesRequest, UpgradeType};
use protocol::api::update_raft_voter::UpdateRaftVoterRequest;
use protocol::metadata::Voter;
use protocol::{ApiKey, BrokerId, DirectoryId, ErrorCode, Message, Response};
use quorum_world::*;

const STATIC: Shape = Shape { brokers: 0, ..SEPARATE };
const DYNAMIC: Shape = Shape { brokers: 0, dynamic: true, ..SEPARATE };

fn directory(cluster: &Cluster, id: i32) -> DirectoryId {
    cluster.process(id).spec().directory_id(0)
}

fn followers(cluster: &Cluster) -> [i32; 2] {
    let mut two = [101, 102, 103].into_iter().filter(|id| *id != cluster.leader());
    [(); 2].map(|()| two.next().expect("two follow"))
}

fn epoch(cluster: &Cluster) -> i32 {
    cluster.process(cluster.leader()).raft().epoch()
}

/// What a voter tells.
fn told(cluster: &Cluster, id: i32) -> UpdateRaftVoterRequest {
    let endpoint = (format!("controller-{id}").into(), 9093);
    let voter = Voter { id: BrokerId(id), directory: directory(cluster, id), endpoint };
    UpdateRaftVoterRequest { leader_epoch: epoch(cluster), voter, kraft_versions: (0, 1) }
}

fn answered(answer: Option<Response>) -> ErrorCode {
    match answer {
        Some(Response::UpdateRaftVoter(answer)) => answer.error,
        other => panic!("no answer to UpdateRaftVoter: {other:?}"),
    }
}

/// What comes of `kraft.version` 1; nothing if it comes.
fn upgrade(cluster: &mut Cluster) -> String {
    let updates = vec![("kraft.version".into(), 1, UpgradeType::Upgrade)];
    match cluster.ask(UpdateFeaturesRequest { updates, validate_only: false }, 200) {
        Some(Response::UpdateFeatures(answer)) => answer.message.map_or(String::new(), |text| text.to_string()),
        other => panic!("no answer to UpdateFeatures: {other:?}"),
    }
}

/// Runs until there is a leader.
fn elect(cluster: &mut Cluster) {
    while cluster.leaders().is_empty() {
        cluster.run_ms(10);
    }
}

const NOT_ALL: &str = "because not all of the voters support it";

#[test]
fn a_static_quorums_leader_knows_its_voters_a_fetch_timeout_after_its_election() {
    let mut cluster = Cluster::new(STATIC);
    elect(&mut cluster);
    cluster.run_ms(1_500);
    let text = upgrade(&mut cluster);
    assert!(text.ends_with(NOT_ALL), "they fetch, but have not told: {text}");
    cluster.run_ms(1_500);
    assert_eq!(upgrade(&mut cluster), "");
    for id in [101, 102, 103] {
        let voters = cluster.process(id).raft().voters();
        assert_eq!(voters.len(), 3);
        for voter in voters {
            assert_eq!(voter.directory, directory(&cluster, voter.id.0), "of {}, as {id} knows it", voter.id);
        }
    }
}

#[test]
fn each_leader_is_told_once_and_keeps_it_in_memory() {
    let mut cluster = Cluster::new(STATIC);
    elect(&mut cluster);
    cluster.run_ms(5_000);
    let (before, [gone, _]) = (cluster.leader(), followers(&cluster));
    cluster.kill(gone);
    cluster.kill(before);
    cluster.world.start(cluster.nodes[&before]);
    cluster.run_ms(10_000);
    let text = upgrade(&mut cluster);
    assert!(text.ends_with(NOT_ALL), "this leader has not heard of {gone}: {text}");
    cluster.world.start(cluster.nodes[&gone]);
    cluster.run_ms(1_000);
    let text = upgrade(&mut cluster);
    assert!(text.ends_with(NOT_ALL), "not yet: {text}");
    cluster.run_ms(2_500);
    cluster.kill(gone);
    assert_eq!(upgrade(&mut cluster), "", "it has been told, whoever is there now");
}

#[test]
fn a_voter_of_a_static_quorum_tells_its_new_directory() {
    let mut cluster = Cluster::new(STATIC);
    elect(&mut cluster);
    cluster.run_ms(5_000);
    let [lost, _] = followers(&cluster);
    let before = directory(&cluster, lost);
    cluster.kill(lost);
    let Actor::Kafka(process) = cluster.world.machine_mut(cluster.nodes[&lost]) else { panic!("{lost} is Kafka's") };
    process.lose_dirs(&[0]);
    process.format_dirs(&[0]);
    cluster.world.start(cluster.nodes[&lost]);
    cluster.run_ms(4_000);
    assert_eq!(upgrade(&mut cluster), "");
    let voters = cluster.process(lost).raft().voters();
    let written = voters.iter().find(|voter| voter.id == BrokerId(lost)).expect("it votes").directory;
    assert_ne!(written, before);
    assert_eq!(written, directory(&cluster, lost));
}

#[test]
fn in_a_quiet_cluster_a_voter_has_no_more_to_tell() {
    for (shape, count) in [(STATIC, 2), (DYNAMIC, 0)] {
        let mut cluster = Cluster::new(shape);
        let mut seen = SortedSet::new();
        while cluster.world.now().as_nanos() < 60_000_000_000 {
            cluster.world.step().expect("there is always something to do");
            for flight in cluster.world.flights() {
                if let Message::Request { correlation, request, .. } = flight.message
                    && request.api() == ApiKey::UpdateRaftVoter
                {
                    seen.insert((flight.from, *correlation));
                }
            }
        }
        assert_eq!(seen.len(), count, "dynamic: {}", shape.dynamic);
    }
}

#[test]
fn a_leader_refuses_what_cannot_be_a_voter_of_its() {
    let mut cluster = Cluster::new(STATIC);
    elect(&mut cluster);
    cluster.run_ms(5_000);
    let [one, other] = followers(&cluster);
    let right = told(&cluster, one);
    let mut ask = |alter: &dyn Fn(&mut UpdateRaftVoterRequest)| {
        let mut request = right.clone();
        alter(&mut request);
        answered(cluster.ask(request, 100))
    };
    assert_eq!(ask(&|_| ()), ErrorCode::None);
    assert_eq!(ask(&|request| request.leader_epoch -= 1), ErrorCode::FencedLeaderEpoch);
    assert_eq!(ask(&|request| request.leader_epoch += 1), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(ask(&|request| request.voter.directory = DirectoryId(0)), ErrorCode::InvalidRequest);
    assert_eq!(ask(&|request| request.voter.endpoint.0 = "".into()), ErrorCode::InvalidRequest);
    for versions in [(-1, 1), (1, 0), (1, 1)] {
        assert_eq!(ask(&|request| request.kraft_versions = versions), ErrorCode::InvalidRequest, "{versions:?}");
    }
    assert_eq!(ask(&|request| request.voter.id = BrokerId(104)), ErrorCode::VoterNotFound);
    let at = (format!("controller-{other}").into(), 9093);
    assert_eq!(answered(cluster.ask_at(at, right.clone().into(), 100)), ErrorCode::NotLeaderOrFollower);
    // One that does not know version 1 holds the others back.
    let old = UpdateRaftVoterRequest { kraft_versions: (0, 0), ..right.clone() };
    assert_eq!(answered(cluster.ask(old, 100)), ErrorCode::None);
    assert!(upgrade(&mut cluster).ends_with(NOT_ALL));
    assert_eq!(answered(cluster.ask(right, 100)), ErrorCode::None);
    assert_eq!(upgrade(&mut cluster), "");
}

#[test]
fn a_voter_that_the_log_has_elsewhere_says_where_it_is() {
    let mut cluster = Cluster::new(DYNAMIC);
    elect(&mut cluster);
    cluster.run_ms(5_000);
    let [one, _] = followers(&cluster);
    let right = told(&cluster, one);
    let mut of_another_disk = right.clone();
    of_another_disk.voter.directory = DirectoryId(77);
    assert_eq!(answered(cluster.ask(of_another_disk, 100)), ErrorCode::VoterNotFound);
    let of_old = UpdateRaftVoterRequest { kraft_versions: (0, 0), ..right.clone() };
    assert_eq!(answered(cluster.ask(of_old, 100)), ErrorCode::InvalidRequest);

    let listens = |cluster: &Cluster| {
        let raft = cluster.process(cluster.leader()).raft();
        let voter = raft.voters().iter().find(|voter| voter.id == BrokerId(one)).expect("it votes");
        (raft.voter_history().last_offset(), voter.endpoint.0.to_string())
    };
    let first = listens(&cluster);
    let mut elsewhere = right.clone();
    elsewhere.voter.endpoint.0 = "elsewhere".into();
    assert_eq!(answered(cluster.ask(elsewhere, 200)), ErrorCode::None);
    let second = listens(&cluster);
    assert!(second.0 > first.0, "the voters are written down anew");
    assert_eq!(second.1, "elsewhere");
    cluster.run_ms(5_000);
    let third = listens(&cluster);
    assert!(third.0 > second.0, "the voter has found itself described so, and told");
    assert_eq!(third.1, first.1);
    cluster.run_ms(10_000);
    assert_eq!(listens(&cluster), third, "and that was all");
}
