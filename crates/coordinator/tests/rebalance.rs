//! When rebalances start, how long they wait and how they end.

mod common;

use common::{Broker, REBALANCE_MS, SESSION_MS, join, sync};
use coordinator::{GroupConfig, GroupState};
use protocol::ErrorCode;
use protocol::api::join_group::JoinGroupRequest;

#[test]
fn a_new_member_is_first_told_to_come_back_with_an_id() {
    let mut b = Broker::new();
    let first = b.send("app", join(""));
    let answer = b.joined(first).expect("answered at once");
    assert_eq!(answer.error, ErrorCode::MemberIdRequired);
    assert!(answer.member.starts_with("app-00000000-0000-4000-8000-"), "{}", answer.member);
    assert_eq!(b.state(), GroupState::Empty);
    let second = b.send("app", join(&answer.member));
    assert_eq!(b.joined(second), None, "parked");
    assert_eq!(b.state(), GroupState::PreparingRebalance);
}

#[test]
fn one_member_alone_waits_the_initial_delay_once() {
    let mut b = Broker::new();
    let (id, parked) = b.join("a");
    b.run_until(2_999);
    assert_eq!(b.joined(parked), None);
    b.run_until(3_000);
    let answer = b.joined(parked).expect("the delay is over");
    assert_eq!((answer.error, answer.generation, &*answer.leader), (ErrorCode::None, 1, &*id));
    assert_eq!(answer.members.len(), 1);
    assert_eq!(answer.protocol_name.as_deref(), Some("range"));
}

#[test]
fn the_initial_delay_counts_in_steps_from_the_first_join() {
    // Kafka's own timeline: A joins, B 1.7 s before the first step ends; generation 1 comes after two steps of 3 s.
    let mut b = Broker::new();
    let (_, a) = b.join("a");
    b.run_until(1_300);
    let (_, second) = b.join("b");
    b.run_until(5_999);
    assert_eq!(b.joined(a), None);
    b.run_until(6_000);
    assert_eq!(b.joined(a).map(|r| r.members.len()), Some(2), "the leader sees both");
    assert_eq!(b.joined(second).map(|r| r.members.len()), Some(0), "others see nobody");
}

#[test]
fn the_initial_delay_never_exceeds_the_rebalance_timeout() {
    let mut b = Broker::new();
    let short = |id: &str| JoinGroupRequest { rebalance_timeout_ms: 7_000, ..join(id) };
    let mut first = None;
    for n in 0..4 {
        b.run_until(n * 2_000);
        let asked = b.send("c", short(""));
        let id = b.joined(asked).expect("an id").member;
        let parked = b.send("c", short(&id));
        first.get_or_insert(parked);
    }
    // Steps of 3, 3 and 1 s.
    b.run_until(6_999);
    assert_eq!(b.joined(first.expect("four joined")), None);
    b.run_until(7_000);
    assert_eq!(b.generation(), 1);
}

#[test]
fn without_initial_delay_the_first_member_joins_at_once() {
    let mut b = Broker::with(GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() });
    let (_, parked) = b.join("a");
    b.run_until(0);
    assert_eq!(b.joined(parked).map(|r| r.generation), Some(1));
}

#[test]
fn a_member_that_joins_a_stable_group_waits_for_the_others_to_rejoin() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let (c, parked) = b.join("c");
    assert_eq!(b.state(), GroupState::PreparingRebalance);
    assert_eq!(b.heartbeat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    let a = b.send("a", join(&ids[0]));
    assert_eq!(b.joined(parked), None);
    b.send("b", join(&ids[1]));
    assert_eq!(b.joined(parked).map(|r| (r.generation, r.member.to_string())), Some((2, c)));
    assert_eq!(b.joined(a).map(|r| r.members.len()), Some(3), "the leader stays");
}

#[test]
fn who_does_not_rejoin_within_the_rebalance_timeout_is_out() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let start = b.now;
    let (_, parked) = b.join("c");
    b.send("a", join(&ids[0]));
    for beat in 1..12 {
        b.run_until(start + beat * 10_000);
        assert_eq!(b.heartbeat(&ids[1], 1), ErrorCode::RebalanceInProgress, "it lives, but does not poll");
    }
    b.run_until(start + i64::from(REBALANCE_MS));
    assert_eq!(b.joined(parked).map(|r| r.generation), Some(2));
    assert_eq!(b.members(), 2);
    assert_eq!(b.heartbeat(&ids[1], 1), ErrorCode::UnknownMemberId);
}

#[test]
fn a_new_member_waits_five_minutes_at_most_and_is_sent_back() {
    let mut b = Broker::new();
    let patient = |id: &str| JoinGroupRequest { rebalance_timeout_ms: 600_000, ..join(id) };
    let ids = b.stable(&["a"]);
    let start = b.now;
    let asked = b.send("c", patient(""));
    let id = b.joined(asked).expect("an id").member;
    let parked = b.send("c", patient(&id));
    for beat in 1..=30 {
        assert_eq!(b.joined(parked), None);
        b.run_until(start + beat * 10_000);
        b.heartbeat(&ids[0], 1);
    }
    assert_eq!(b.joined(parked).map(|r| r.error), Some(ErrorCode::UnknownMemberId));
    assert_eq!((b.members(), b.state()), (1, GroupState::PreparingRebalance));
}

#[test]
fn a_pending_member_blocks_the_join_phase_until_its_session_ends() {
    let mut b = Broker::new();
    let ids = b.stable(&["a"]);
    let start = b.now;
    b.send("ghost", join(""));
    let rejoin = b.send("a", join(&ids[0]));
    b.run_until(start + i64::from(SESSION_MS) - 1);
    assert_eq!(b.joined(rejoin), None);
    b.run_until(start + i64::from(SESSION_MS));
    assert_eq!(b.joined(rejoin).map(|r| r.generation), Some(2));
}

#[test]
fn a_silent_member_is_out_after_its_session_timeout() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    b.run_until(b.now + 10_000);
    let last = b.now;
    assert_eq!(b.heartbeat(&ids[1], 1), ErrorCode::None);
    assert_eq!(b.heartbeat(&ids[0], 1), ErrorCode::None);
    b.run_until(last + 15_000);
    assert_eq!(b.heartbeat(&ids[0], 1), ErrorCode::None);
    b.run_until(last + i64::from(SESSION_MS) - 1);
    assert_eq!(b.state(), GroupState::Stable);
    b.run_until(last + i64::from(SESSION_MS));
    assert_eq!((b.state(), b.members()), (GroupState::PreparingRebalance, 1));
    let rejoin = b.send("a", join(&ids[0]));
    assert_eq!(b.joined(rejoin).map(|r| r.generation), Some(2));
}

#[test]
fn a_parked_join_outlives_the_session_timeout() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let start = b.now;
    let parked = b.send("a", join(&ids[0]));
    for beat in 1..10 {
        b.run_until(start + beat * 10_000);
        b.heartbeat(&ids[1], 1);
    }
    assert_eq!((b.members(), b.joined(parked)), (2, None));
}

#[test]
fn the_leader_forces_a_rebalance_but_a_follower_with_nothing_new_does_not() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let follower = b.send("b", join(&ids[1]));
    let answer = b.joined(follower).expect("answered at once");
    assert_eq!((answer.generation, answer.members.len(), b.state()), (1, 0, GroupState::Stable));
    b.send("a", join(&ids[0]));
    assert_eq!(b.state(), GroupState::PreparingRebalance);
}

#[test]
fn a_follower_with_a_new_subscription_forces_a_rebalance() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    let mut request = join(&ids[1]);
    request.protocols[0].subscription.topics.push("u".into());
    b.send("b", request);
    assert_eq!(b.state(), GroupState::PreparingRebalance);
}

#[test]
fn members_that_never_sync_are_out_after_the_rebalance_timeout() {
    let mut b = Broker::new();
    let (a, _) = b.join("a");
    let (lazy, _) = b.join("b");
    b.run_until(6_000);
    let parked = b.send("a", sync(&a, 1, &[(&a, vec![0])]));
    assert!(b.synced(parked).is_some());
    let mut now = 6_000;
    while now < 6_000 + i64::from(REBALANCE_MS) - 10_000 {
        now += 10_000;
        b.run_until(now);
        assert_eq!(b.heartbeat(&a, 1), ErrorCode::None);
        assert_eq!(b.heartbeat(&lazy, 1), ErrorCode::None);
    }
    b.run_until(6_000 + i64::from(REBALANCE_MS));
    assert_eq!((b.state(), b.members()), (GroupState::PreparingRebalance, 1));
    assert_eq!(b.heartbeat(&lazy, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn syncs_wait_for_the_leaders_assignment_to_be_stored() {
    let mut b = Broker::new();
    let (a, _) = b.join("a");
    let (f, _) = b.join("b");
    b.run_until(6_000);
    b.instant = false;
    let follower = b.send("b", sync(&f, 1, &[]));
    let leader = b.send("a", sync(&a, 1, &[(&a, vec![0, 1]), (&f, vec![2])]));
    assert_eq!((b.synced(follower), b.synced(leader), b.state()), (None, None, GroupState::CompletingRebalance));
    b.settle(ErrorCode::None);
    assert_eq!(b.synced(leader).map(|r| r.assignment.len()), Some(2));
    assert_eq!(b.synced(follower).map(|r| r.assignment), Some(vec![("t".into(), 2)]));
    assert_eq!(b.state(), GroupState::Stable);
}

#[test]
fn an_assignment_that_is_not_stored_starts_another_rebalance() {
    let mut b = Broker::new();
    let (a, _) = b.join("a");
    b.run_until(3_000);
    b.instant = false;
    let leader = b.send("a", sync(&a, 1, &[(&a, vec![0])]));
    b.settle(ErrorCode::NotEnoughReplicas);
    assert_eq!(b.synced(leader).map(|r| r.error), Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(b.state(), GroupState::PreparingRebalance);
}

#[test]
fn a_join_during_the_sync_phase_sends_the_syncers_back() {
    let mut b = Broker::new();
    b.join("a");
    let (f, _) = b.join("b");
    b.run_until(6_000);
    let parked = b.send("b", sync(&f, 1, &[]));
    b.join("c");
    assert_eq!(b.synced(parked).map(|r| r.error), Some(ErrorCode::RebalanceInProgress));
    assert_eq!(b.state(), GroupState::PreparingRebalance);
}

#[test]
fn members_left_out_by_the_leader_get_nothing() {
    let mut b = Broker::new();
    let (a, _) = b.join("a");
    let (f, _) = b.join("b");
    b.run_until(6_000);
    let follower = b.send("b", sync(&f, 1, &[]));
    b.send("a", sync(&a, 1, &[(&a, vec![0])]));
    let answer = b.synced(follower).expect("answered");
    assert_eq!((answer.error, answer.assignment), (ErrorCode::None, vec![]));
}

#[test]
fn most_votes_choose_the_assignor_and_hash_order_breaks_ties() {
    let with = |id: &str, names: [&str; 2]| {
        let mut request = join(id);
        for (protocol, name) in request.protocols.iter_mut().zip(names) {
            protocol.name = name.into();
        }
        request
    };
    for (orders, chosen) in [
        (vec![["range", "roundrobin"], ["roundrobin", "range"]], "range"),
        (vec![["range", "roundrobin"], ["roundrobin", "range"], ["roundrobin", "range"]], "roundrobin"),
    ] {
        let mut b = Broker::new();
        let mut last = 0;
        for order in &orders {
            let asked = b.send("c", with("", *order));
            let id = b.joined(asked).expect("an id").member;
            last = b.send("c", with(&id, *order));
        }
        b.run_until(6_000);
        assert_eq!(b.joined(last).and_then(|r| r.protocol_name).as_deref(), Some(chosen));
    }
}
