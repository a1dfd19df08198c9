//! Who may do what: errors of the member protocol, leaving, static members, limits.

mod common;

use common::{Broker, SESSION_MS, join, join_static, sync};
use coordinator::{GroupConfig, GroupState};
use protocol::api::join_group::JoinGroupRequest;
use protocol::{ErrorCode, Note};

fn join_error(b: &mut Broker, request: JoinGroupRequest) -> ErrorCode {
    let id = b.send("c", request);
    b.joined(id).expect("answered at once").error
}

#[test]
fn joins_that_cannot_be_are_refused() {
    let mut b = Broker::new();
    assert_eq!(join_error(&mut b, join("nobody")), ErrorCode::UnknownMemberId, "no such group");
    assert_eq!(join_error(&mut b, JoinGroupRequest { group: "".into(), ..join("") }), ErrorCode::InvalidGroupId);
    assert_eq!(
        join_error(&mut b, JoinGroupRequest { session_timeout_ms: 5_999, ..join("") }),
        ErrorCode::InvalidSessionTimeout
    );
    assert_eq!(
        join_error(&mut b, JoinGroupRequest { session_timeout_ms: 1_800_001, ..join("") }),
        ErrorCode::InvalidSessionTimeout
    );
    assert_eq!(
        join_error(&mut b, JoinGroupRequest { protocols: vec![], ..join("") }),
        ErrorCode::InconsistentGroupProtocol
    );
    b.stable(&["a"]);
    assert_eq!(join_error(&mut b, join("nobody")), ErrorCode::UnknownMemberId);
    assert_eq!(
        join_error(&mut b, JoinGroupRequest { protocol_type: "connect".into(), ..join("") }),
        ErrorCode::InconsistentGroupProtocol
    );
    let mut other = join("");
    other.protocols.iter_mut().for_each(|p| p.name = "mine".into());
    assert_eq!(join_error(&mut b, other), ErrorCode::InconsistentGroupProtocol);
}

#[test]
fn a_full_group_takes_nobody() {
    let mut b = Broker::with(GroupConfig { max_size: 1, ..GroupConfig::default() });
    b.stable(&["a"]);
    assert_eq!(join_error(&mut b, join("")), ErrorCode::GroupMaxSizeReached);
    assert_eq!(b.state(), GroupState::Stable);
}

#[test]
fn syncs_and_heartbeats_are_checked() {
    let mut b = Broker::new();
    assert_eq!(b.heartbeat("x", 1), ErrorCode::UnknownMemberId, "no such group");
    let ids = b.stable(&["a"]);
    assert_eq!(b.heartbeat("x", 1), ErrorCode::UnknownMemberId);
    assert_eq!(b.heartbeat(&ids[0], 0), ErrorCode::IllegalGeneration);
    assert_eq!(b.heartbeat(&ids[0], 1), ErrorCode::None);
    for (member, generation, error) in [
        ("x", 1, ErrorCode::UnknownMemberId),
        (ids[0].as_str(), 2, ErrorCode::IllegalGeneration),
        (ids[0].as_str(), 1, ErrorCode::None),
    ] {
        let id = b.send("c", sync(member, generation, &[]));
        assert_eq!(b.synced(id).map(|r| r.error), Some(error));
    }
    let mut wrong = sync(&ids[0], 1, &[]);
    wrong.protocol_name = "sticky".into();
    let id = b.send("c", wrong);
    assert_eq!(b.synced(id).map(|r| r.error), Some(ErrorCode::InconsistentGroupProtocol));
    b.join("b");
    let id = b.send("c", sync(&ids[0], 1, &[]));
    assert_eq!(b.synced(id).map(|r| r.error), Some(ErrorCode::RebalanceInProgress));
}

#[test]
fn a_leave_starts_a_rebalance_at_once_and_the_last_one_empties_the_group() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let answer = b.leave(&ids[0], None);
    assert_eq!((answer.error, answer.members[0].1), (ErrorCode::None, ErrorCode::None));
    assert_eq!((b.state(), b.members()), (GroupState::PreparingRebalance, 1));
    assert_eq!(
        b.shard.group("g").and_then(|g| g.leader()).map(|l| l.to_string()),
        Some(ids[1].clone()),
        "leadership moves on"
    );
    b.leave(&ids[1], None);
    assert_eq!((b.state(), b.generation()), (GroupState::Empty, 2));
    assert_eq!(b.leave("x", None).members[0].1, ErrorCode::UnknownMemberId);
    let left = b.notes.iter().filter(|n| matches!(n, Note::MemberLeft { reason, .. } if &**reason == "left: closing"));
    assert_eq!(left.count(), 2);
}

#[test]
fn a_leave_from_an_unknown_group_is_refused_as_a_whole() {
    assert_eq!(Broker::new().leave("x", None).error, ErrorCode::UnknownMemberId);
}

fn stable_static(b: &mut Broker, names: &[&str]) -> Vec<String> {
    let parked: Vec<u64> = names.iter().map(|n| b.send("c", join_static("", n))).collect();
    b.run_until(b.now + 6_000);
    let ids: Vec<String> = parked.iter().map(|p| b.joined(*p).expect("generation 1").member.to_string()).collect();
    for id in ids.iter().rev() {
        let all: Vec<(&str, Vec<i32>)> = ids.iter().enumerate().map(|(n, id)| (id.as_str(), vec![n as i32])).collect();
        b.send("c", sync(id, 1, &all));
    }
    assert_eq!(b.state(), GroupState::Stable);
    ids
}

#[test]
fn a_static_member_needs_no_second_join_and_is_named_after_its_instance() {
    let mut b = Broker::new();
    let ids = stable_static(&mut b, &["s1"]);
    assert!(ids[0].starts_with("s1-"), "{}", ids[0]);
}

#[test]
fn a_static_member_that_returns_causes_no_rebalance_and_fences_its_old_self() {
    let mut b = Broker::new();
    let ids = stable_static(&mut b, &["s1", "s2"]);
    b.instant = false;
    let back = b.send("c", join_static("", "s1"));
    assert_eq!(b.joined(back), None, "its new id is not stored yet");
    b.settle(ErrorCode::None);
    b.instant = true;
    let answer = b.joined(back).expect("stored");
    assert_eq!((b.state(), answer.generation, answer.skip_assignment), (GroupState::Stable, 1, true));
    assert_eq!((&answer.leader, answer.members.len()), (&answer.member, 2), "it leads, as before");
    let id = b.send("c", sync(&answer.member, 1, &[]));
    assert_eq!(b.synced(id).map(|r| r.assignment), Some(vec![("t".into(), 0)]));
    let mut old = sync(&ids[0], 1, &[]);
    old.group_instance_id = Some("s1".into());
    let id = b.send("c", old);
    assert_eq!(b.synced(id).map(|r| r.error), Some(ErrorCode::FencedInstanceId));
    assert_eq!(join_error(&mut b, join_static(&ids[0], "s1")), ErrorCode::FencedInstanceId);
    assert_eq!(join_error(&mut b, join_static(&ids[0], "s9")), ErrorCode::UnknownMemberId);
}

#[test]
fn a_static_member_whose_new_id_is_not_stored_keeps_the_old_one() {
    let mut b = Broker::new();
    let ids = stable_static(&mut b, &["s1"]);
    b.instant = false;
    let back = b.send("c", join_static("", "s1"));
    b.settle(ErrorCode::NotLeaderOrFollower);
    assert_eq!(b.joined(back).map(|r| r.error), Some(ErrorCode::NotCoordinator));
    let member = b.shard.group("g").and_then(|g| g.members().next()).map(|m| m.id().to_string());
    assert_eq!(member, Some(ids[0].clone()));
}

#[test]
fn an_administrator_removes_a_static_member_by_instance() {
    let mut b = Broker::new();
    stable_static(&mut b, &["s1", "s2"]);
    assert_eq!(b.leave("", Some("s1")).members[0].1, ErrorCode::None);
    assert_eq!((b.state(), b.members()), (GroupState::PreparingRebalance, 1));
    assert_eq!(b.leave("", Some("s1")).members[0].1, ErrorCode::UnknownMemberId);
    assert_eq!(b.leave("wrong", Some("s2")).members[0].1, ErrorCode::FencedInstanceId);
}

#[test]
fn an_absent_static_member_keeps_its_place_in_a_rebalance_until_its_session_ends() {
    let mut b = Broker::new();
    let ids = stable_static(&mut b, &["s1", "s2"]);
    let start = b.now;
    let short = JoinGroupRequest { rebalance_timeout_ms: 10_000, ..join_static(&ids[0], "s1") };
    let mut both = JoinGroupRequest { rebalance_timeout_ms: 10_000, ..join_static(&ids[1], "s2") };
    both.protocols[0].subscription.topics.push("u".into());
    b.send("c", both);
    b.send("c", short.clone());
    let leader = b.shard.group("g").and_then(|g| g.leader()).expect("a leader").to_string();
    assert_eq!((b.generation(), leader), (2, ids[0].clone()));
    // Only the leader rejoins now.
    b.send("c", sync(&ids[1], 2, &[]));
    b.send("c", sync(&ids[0], 2, &[]));
    let rejoin = b.send("c", short);
    b.run_until(start + 10_000);
    assert_eq!(b.joined(rejoin).map(|r| r.members.len()), Some(2), "the absent one still counts");
    b.run_until(start + 10_000 + i64::from(SESSION_MS));
    assert!(b.shard.group("g").is_some_and(|g| g.members().all(|m| **m.id() != *ids[1])));
}
