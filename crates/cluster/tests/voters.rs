//! Voters that change (KIP-853): added, removed, lost and rolled back.

mod quorum_world;

use kernel::NodeId;
use protocol::api::add_raft_voter::AddRaftVoterRequest;
use protocol::api::remove_raft_voter::RemoveRaftVoterRequest;
use protocol::api::update_features::{UpdateFeaturesRequest, UpgradeType};
use protocol::metadata::{MetadataRecord, Voter};
use protocol::{BrokerId, DirectoryId, ErrorCode, Request, Response};
use quorum_world::*;

const DYNAMIC: Shape = Shape { brokers: 0, dynamic: true, ..SEPARATE };

fn directory(cluster: &Cluster, id: i32) -> DirectoryId {
    let spec = cluster.process(*cluster.nodes.keys().next().expect("there are nodes")).spec();
    spec.cluster.directory_id(BrokerId(id), 0, 0)
}

fn adding(cluster: &Cluster, id: i32) -> Request {
    let endpoint = (format!("controller-{id}").into(), 9093);
    let voter = Voter { id: BrokerId(id), directory: directory(cluster, id), endpoint };
    AddRaftVoterRequest { voter, waits: true }.into()
}

fn removing(cluster: &Cluster, id: i32) -> Request {
    RemoveRaftVoterRequest { voter: BrokerId(id), directory: directory(cluster, id) }.into()
}

fn outcome(answer: Option<Response>) -> Option<(ErrorCode, String)> {
    let (error, message) = match answer? {
        Response::AddRaftVoter(answer) => (answer.error, answer.message),
        Response::RemoveRaftVoter(answer) => (answer.error, answer.message),
        other => panic!("{:?} is no such answer", other.api()),
    };
    Some((error, message.map_or(String::new(), |text| text.to_string())))
}

fn error(answer: Option<Response>) -> Option<ErrorCode> {
    outcome(answer).map(|(error, _)| error)
}

/// Who votes, as a node knows it.
fn voters(cluster: &Cluster, id: i32) -> Vec<i32> {
    cluster.process(id).raft().voters().iter().map(|voter| voter.id.0).collect()
}

/// A cluster of one controller that has taken in others, one by one.
fn grown(seed: u64, ids: &[i32]) -> Cluster {
    let mut cluster = Cluster::new(Shape { seed, controllers: 1, ..DYNAMIC });
    cluster.run_ms(3_000);
    for id in ids {
        cluster.add_controller(*id);
        cluster.run_ms(2_000);
        let request = adding(&cluster, *id);
        assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None), "seed {seed}");
    }
    cluster
}

fn cut_off(cluster: &mut Cluster, id: i32, heals: bool) {
    let others: Vec<NodeId> = cluster.nodes.iter().filter(|(other, _)| **other != id).map(|(_, node)| *node).collect();
    let node = cluster.nodes[&id];
    for other in others {
        for (from, to) in [(node, other), (other, node)] {
            match heals {
                true => cluster.world.heal(from, to),
                false => cluster.world.cut(from, to),
            };
        }
    }
}

#[test]
fn the_first_leader_writes_down_the_voters_it_was_formatted_with() {
    for controllers in [1, 3] {
        let mut cluster = Cluster::new(Shape { controllers, brokers: 1, ..DYNAMIC });
        cluster.run_ms(10_000);
        let leader = cluster.process(cluster.leader());
        let first = leader.raft().log().batches().next().expect("it has begun");
        let kinds: Vec<_> = first.records.iter().map(MetadataRecord::type_name).collect();
        assert_eq!(kinds, ["LEADER_CHANGE", "KRAFT_VERSION", "KRAFT_VOTERS"]);
        assert_eq!(leader.raft().voter_history().last_offset(), Some(2));
        // A broker is formatted without, and finds them in the log.
        assert_eq!(voters(&cluster, 1), (101..101 + controllers).collect::<Vec<_>>());
        assert_eq!(cluster.process(1).image().features["kraft.version"], 1);
        assert_eq!(cluster.fenced(), [(1, false)]);
    }
}

#[test]
fn voters_of_a_static_quorum_do_not_change() {
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.run_ms(3_000);
    for request in [adding(&cluster, 104), removing(&cluster, 102)] {
        let (error, text) = outcome(cluster.ask(request, 500)).expect("it answers");
        assert_eq!(error, ErrorCode::UnsupportedVersion);
        assert!(text.ends_with("because the kraft.version feature is 0"), "{text}");
    }
}

#[test]
fn a_controller_that_is_added_votes_and_counts() {
    let mut cluster = grown(7, &[102, 103]);
    cluster.run_ms(1_000);
    for id in [101, 102, 103] {
        assert_eq!(voters(&cluster, id), [101, 102, 103], "as {id} knows it");
        assert!(cluster.process(id).raft().is_voter());
    }
    let first = cluster.leader();
    cluster.kill(first);
    cluster.run_ms(8_000);
    assert_ne!(cluster.leader(), first, "two of three elect one");
    assert_eq!(
        cluster.create("orders", 1, 1).0,
        ErrorCode::InvalidReplicationFactor,
        "there is no broker, but an answer"
    );
    let second = cluster.leader();
    cluster.kill(second);
    cluster.run_ms(8_000);
    assert_eq!(cluster.leaders(), [] as [i32; 0], "one of three elects nobody");
}

#[test]
fn a_voter_is_added_once_and_only_if_it_keeps_up() {
    let mut cluster = grown(7, &[102]);
    let request = adding(&cluster, 102);
    let (error, text) = outcome(cluster.ask(request, 500)).expect("it answers");
    assert_eq!(error, ErrorCode::DuplicateVoter);
    assert!(text.starts_with("The voter id for ReplicaKey(id=102, directoryId="), "{text}");
    // Nobody is there.
    let request = adding(&cluster, 103);
    let (error, text) = outcome(cluster.ask(request, 3_000)).expect("it answers");
    assert_eq!(error, ErrorCode::RequestTimedOut);
    assert!(text.ends_with("since API_VERSIONS returned an error BROKER_NOT_AVAILABLE"), "{text}");
    // Somebody is there, but with another disk.
    cluster.add_controller(103);
    cluster.run_ms(2_000);
    let Request::AddRaftVoter(mut request) = adding(&cluster, 103) else { panic!("it is one") };
    request.voter.directory = DirectoryId(77);
    let (error, text) = outcome(cluster.ask(request, 500)).expect("it answers");
    assert_eq!(error, ErrorCode::RequestTimedOut);
    assert!(text.ends_with("since it is lagging behind"), "{text}");
    assert_eq!(voters(&cluster, 101), [101, 102]);
    let request = adding(&cluster, 103);
    assert_eq!(outcome(cluster.ask(request, 500)), Some((ErrorCode::None, String::new())));
}

#[test]
fn a_voter_is_removed_by_id_and_directory_and_the_last_one_stays() {
    let mut cluster = grown(7, &[102]);
    let wrong = RemoveRaftVoterRequest { voter: BrokerId(102), directory: DirectoryId(77) };
    assert_eq!(error(cluster.ask(wrong, 500)), Some(ErrorCode::VoterNotFound));
    let request = removing(&cluster, 102);
    assert_eq!(error(cluster.ask(request, 500)), Some(ErrorCode::None));
    cluster.run_ms(3_000);
    assert_eq!((voters(&cluster, 102), cluster.process(102).raft().role_name()), (vec![101], "Observer"));
    let request = removing(&cluster, 101);
    assert_eq!(error(cluster.ask(request, 500)), Some(ErrorCode::VoterNotFound));
    // Whoever does not vote is not missed.
    cluster.kill(102);
    cluster.run_ms(10_000);
    assert_eq!(cluster.leader(), 101);
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(Shape { seed, ..DYNAMIC });
        cluster.run_ms(5_000);
        let (first, epoch) = (cluster.leader(), cluster.process(101).raft().epoch());
        let request = removing(&cluster, first);
        assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None), "seed {seed}");
        cluster.run_ms(3_000);
        let second = cluster.leader();
        assert_ne!(second, first);
        assert!(cluster.process(second).raft().epoch() > epoch);
        assert_eq!(voters(&cluster, first), [101, 102, 103].into_iter().filter(|id| *id != first).collect::<Vec<_>>());
        assert_eq!(cluster.process(first).raft().role_name(), "Observer", "it follows on (seed {seed})");
        let level = |id: i32| cluster.process(id).raft().log_end();
        assert!((level(first) - level(second)).abs() <= 1, "seed {seed}");
    }
}

#[test]
fn a_leader_that_is_to_go_resigns_if_the_voter_that_is_left_is_gone() {
    let mut cluster = grown(11, &[102]);
    assert_eq!(cluster.leader(), 101);
    cluster.kill(102);
    let request = removing(&cluster, 101);
    assert!(cluster.ask(request, 500).is_none(), "nobody commits it");
    assert_eq!((cluster.leaders(), voters(&cluster, 101)), (vec![101], vec![102]));
    cluster.run_ms(4_000);
    assert_eq!(cluster.leaders(), [] as [i32; 0]);
}

#[test]
fn a_lost_voter_is_replaced() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    let lost = [101, 102, 103].into_iter().find(|id| *id != cluster.leader()).expect("two follow");
    cluster.kill(lost);
    cluster.add_controller(104);
    cluster.run_ms(2_000);
    let request = adding(&cluster, 104);
    assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None), "three of four have it");
    let request = removing(&cluster, lost);
    assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None));
    // Another may go now.
    let next = [101, 102, 103].into_iter().find(|id| *id != lost && *id != cluster.leader()).expect("one follows");
    cluster.kill(next);
    cluster.run_ms(10_000);
    assert_eq!(cluster.leaders().len(), 1);
}

#[test]
fn a_change_that_is_not_committed_is_cut_off_with_its_record() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    let first = cluster.leader();
    let others: Vec<i32> = [101, 102, 103].into_iter().filter(|id| *id != first).collect();
    // The probe still reaches it.
    for other in &others {
        let (one, two) = (cluster.nodes[&first], cluster.nodes[other]);
        cluster.world.cut(one, two);
        cluster.world.cut(two, one);
    }
    let request = removing(&cluster, others[0]);
    let (host, port) = (format!("controller-{first}").into(), 9093);
    assert_eq!(error(cluster.ask_at((host, port), request, 2_500)), Some(ErrorCode::RequestTimedOut));
    assert_eq!(
        voters(&cluster, first),
        [first.min(others[1]), first.max(others[1])],
        "it counts at once where it is written"
    );
    cluster.run_ms(8_000);
    assert_ne!(cluster.leader(), first);
    cut_off(&mut cluster, first, true);
    cluster.run_ms(5_000);
    assert_eq!(voters(&cluster, first), [101, 102, 103], "the set before it is back");
    assert!(cluster.process(first).raft().is_voter());
}

#[test]
fn changes_wait_for_each_other() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    let leader = cluster.leader();
    let others: Vec<i32> = [101, 102, 103].into_iter().filter(|id| *id != leader).collect();
    // Two of the new three must have it, and none of the two others can say so.
    for other in &others {
        let (one, two) = (cluster.nodes[&leader], cluster.nodes[other]);
        cluster.world.cut(two, one);
    }
    let request = removing(&cluster, others[0]);
    let to = || (format!("controller-{leader}").into(), 9093);
    assert_eq!(error(cluster.ask_at(to(), request.clone(), 500)), None, "it waits");
    let (code, text) = outcome(cluster.ask_at(to(), request, 500)).expect("it answers");
    assert_eq!(code, ErrorCode::RequestTimedOut);
    assert_eq!(text, "Request timed out waiting for leader to handle previous voter change request");
}

#[test]
fn a_controller_may_join_by_itself() {
    let mut cluster = Cluster::new(Shape { controllers: 1, ..DYNAMIC });
    cluster.run_ms(3_000);
    cluster.add_controller_with(102, &[("controller.quorum.auto.join.enable", "true")]);
    cluster.add_controller(103);
    cluster.run_ms(5_000);
    for id in [101, 102, 103] {
        assert_eq!(voters(&cluster, id), [101, 102], "103 waits to be asked");
    }
}

#[test]
fn a_static_quorum_becomes_dynamic_when_all_its_voters_are_known() {
    let kraft = |level, how, validate_only| UpdateFeaturesRequest {
        updates: vec![("kraft.version".into(), level, how)],
        validate_only,
    };
    let mut cluster = Cluster::new(Shape { brokers: 1, ..SEPARATE });
    cluster.run_ms(12_000);
    let leader = cluster.leader();
    let away = [101, 102, 103].into_iter().find(|id| *id != leader).expect("two follow");
    let said = |answer: Option<Response>| match answer {
        Some(Response::UpdateFeatures(answer)) => answer.message.map_or(String::new(), |text| text.to_string()),
        other => panic!("no answer to UpdateFeatures: {other:?}"),
    };
    assert_eq!(said(cluster.ask(kraft(1, UpgradeType::Upgrade, true), 500)), "");
    assert_eq!(cluster.process(leader).raft().voter_history().last_offset(), None, "that was only a question");
    assert_eq!(said(cluster.ask(kraft(1, UpgradeType::Upgrade, false), 500)), "");
    cluster.run_ms(1_000);
    for id in [1, 101, 102, 103] {
        assert!(cluster.process(id).raft().voter_history().last_offset().is_some(), "{id} has it");
        assert_eq!(cluster.process(id).image().features["kraft.version"], 1);
        assert_eq!(voters(&cluster, id), [101, 102, 103]);
    }
    let text = said(cluster.ask(kraft(0, UpgradeType::SafeDowngrade, false), 500));
    assert!(text.ends_with("kraft.version. Can't downgrade the version of this feature."), "{text}");
    let request = removing(&cluster, away);
    assert_eq!(error(cluster.ask(request, 500)), Some(ErrorCode::None));
    // A voter that this leader has never heard of.
    let mut cluster = Cluster::new(Shape { brokers: 0, ..SEPARATE });
    cluster.kill(102);
    cluster.run_ms(5_000);
    let text = said(cluster.ask(kraft(1, UpgradeType::Upgrade, false), 500));
    assert!(text.ends_with("because not all of the voters support it"), "{text}");
}

#[test]
fn a_snapshot_names_the_voters() {
    let mut cluster = grown(7, &[102]);
    let records = cluster.process(101).raft().log().snapshot().expect("it was formatted with one").records();
    assert!(matches!(records[0], MetadataRecord::SnapshotHeader { .. }), "{records:?}");
    assert_eq!(records[1], MetadataRecord::KRaftVersion { level: 1 });
    assert!(matches!(&records[2], MetadataRecord::Voters(set) if set.len() == 1), "{records:?}");
    cluster.kill(101);
    cluster.world.start(cluster.nodes[&101]);
    cluster.run_ms(6_000);
    assert_eq!(voters(&cluster, 101), [101, 102], "what the log says counts, not the snapshot before it");
    assert_eq!(cluster.leaders().len(), 1);
}

#[test]
fn a_node_that_comes_late_gets_the_voters_with_a_snapshot() {
    let mut cluster = Cluster::new(Shape { properties: KEPT_TWO_HOURS, ..DYNAMIC });
    cluster.run_ms(5_000);
    cluster.run_ms(4 * 3_600_000);
    let start = cluster.process(cluster.leader()).raft().log().start_offset();
    assert!(start > 2, "the record that named the voters is gone from the log");
    cluster.add_controller(104);
    cluster.run_ms(3_000);
    assert_eq!(voters(&cluster, 104), [101, 102, 103]);
    assert_eq!(cluster.process(104).image().features["kraft.version"], 1);
    let request = adding(&cluster, 104);
    assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None));
    cluster.run_ms(1_000);
    assert_eq!(voters(&cluster, 104), [101, 102, 103, 104]);
}

#[test]
fn who_has_nothing_gets_a_snapshot_although_the_leader_has_the_whole_log() {
    let mut cluster = Cluster::new(DYNAMIC);
    let start_of = |cluster: &Cluster, id| cluster.process(id).raft().log().start_offset();
    // The snapshot that storage was formatted with does not count.
    cluster.add_controller(104);
    cluster.run_ms(5_000);
    assert_eq!((start_of(&cluster, cluster.leader()), start_of(&cluster, 104)), (0, 0));
    cluster.run_ms(3_700_000);
    let snapshot = cluster.process(cluster.leader()).raft().log().snapshot().expect("there is one").end_offset;
    cluster.add_controller(105);
    cluster.run_ms(3_000);
    assert_eq!((start_of(&cluster, cluster.leader()), start_of(&cluster, 105)), (0, snapshot));
    assert_eq!(voters(&cluster, 105), [101, 102, 103]);
}

#[test]
fn a_node_that_knows_no_voter_asks_those_it_was_told_of() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    cluster.add_controller(104);
    cluster.run_ms(2_000);
    let request = adding(&cluster, 104);
    assert_eq!(error(cluster.ask(request, 1_000)), Some(ErrorCode::None));
    while cluster.leader() != 104 {
        let leader = cluster.leader();
        cluster.kill(leader);
        cluster.run_ms(8_000);
        cluster.world.start(cluster.nodes[&leader]);
        cluster.run_ms(2_000);
    }
    // Its bootstrap servers are the first three. They name a leader that it has never heard of.
    cluster.add_controller(105);
    cluster.run_ms(3_000);
    assert_eq!(cluster.process(105).raft().leader(), Some(BrokerId(104)));
    assert_eq!(voters(&cluster, 105), [101, 102, 103, 104]);
}

/// Who does not lead has no more to say than that: clients put the error's own text in.
#[test]
fn only_the_leader_changes_voters() {
    let mut cluster = Cluster::new(DYNAMIC);
    cluster.run_ms(5_000);
    let follower = if cluster.leader() == 101 { 102 } else { 101 };
    let to = (format!("controller-{follower}").into(), 9093);
    let request = adding(&cluster, 104);
    match cluster.ask_at(to, request, 500) {
        Some(Response::AddRaftVoter(answer)) => {
            assert_eq!((answer.error, answer.message), (ErrorCode::NotLeaderOrFollower, None));
        }
        other => panic!("no answer: {other:?}"),
    }
}
