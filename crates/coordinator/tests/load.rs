//! The log is all there is: taking a partition over, and giving it up.

mod common;

use common::{Broker, SESSION_MS, commit, join, sync};
use coordinator::{GroupConfig, GroupState};
use protocol::{ErrorCode, Response};

#[test]
fn a_fresh_shard_that_replays_the_log_has_the_same_hard_state() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    b.commit(&ids[0], 1, 5);
    b.commit(&ids[0], 1, 6);
    b.leave(&ids[1], None);
    let parked = b.send("a", join(&ids[0]));
    assert_eq!(b.joined(parked).map(|r| r.generation), Some(2));
    b.send("a", sync(&ids[0], 2, &[(&ids[0], vec![0, 1, 2])]));
    let other = b.successor(GroupConfig::default());
    assert_eq!(other.shard.hard(), b.shard.hard());
    assert!(!b.shard.hard().offsets.is_empty() && !b.shard.hard().groups.is_empty());
}

#[test]
fn a_loaded_group_is_stable_with_full_sessions_and_its_members_go_on() {
    let mut b = Broker::new();
    let ids = b.stable(&["a", "b"]);
    b.commit(&ids[0], 1, 5);
    b.run_until(b.now + 20_000);
    let mut other = b.successor(GroupConfig::default());
    other.load();
    assert_eq!((other.state(), other.generation()), (GroupState::Stable, 1));
    other.run_until(other.now + i64::from(SESSION_MS) - 1);
    assert_eq!(other.heartbeat(&ids[0], 1), ErrorCode::None);
    assert_eq!(other.fetch(true), Some(5));
    let id = other.send("a", sync(&ids[0], 1, &[]));
    assert_eq!(other.synced(id).map(|r| r.assignment), Some(vec![("t".into(), 0)]));
    other.run_until(other.now + 1);
    assert_eq!((other.state(), other.members()), (GroupState::PreparingRebalance, 1), "the silent one is out");
}

#[test]
fn a_group_above_the_limit_rebalances_when_it_is_loaded() {
    let mut b = Broker::new();
    b.stable(&["a", "b"]);
    let mut other = b.successor(GroupConfig { max_size: 1, ..GroupConfig::default() });
    other.load();
    assert_eq!(other.state(), GroupState::PreparingRebalance);
}

#[test]
fn while_loading_only_heartbeats_are_answered_well() {
    let mut b = Broker::loading(GroupConfig::default());
    assert_eq!(b.heartbeat("x", 1), ErrorCode::None);
    let id = b.send("c", join(""));
    assert_eq!(b.joined(id).map(|r| r.error), Some(ErrorCode::CoordinatorLoadInProgress));
    let id = b.send("c", sync("x", 1, &[]));
    assert_eq!(b.synced(id).map(|r| r.error), Some(ErrorCode::CoordinatorLoadInProgress));
    assert_eq!(b.commit("", -1, 1), ErrorCode::CoordinatorLoadInProgress);
}

#[test]
fn giving_the_partition_up_answers_everybody_who_waits() {
    let mut b = Broker::new();
    let (a, _) = b.join("a");
    let (f, _) = b.join("b");
    b.run_until(6_000);
    let follower = b.send("b", sync(&f, 1, &[]));
    b.instant = false;
    let leader = b.send("a", sync(&a, 1, &[(&a, vec![0])]));
    let outcome = b.shard.unload();
    assert!(b.timers.keys().all(|t| outcome.cancel.contains(t)), "{:?}", b.timers);
    b.carry_out(outcome);
    for parked in [follower, leader] {
        assert_eq!(b.synced(parked).map(|r| r.error), Some(ErrorCode::NotCoordinator));
    }
    assert!(b.timers.is_empty());
    assert_eq!(b.heartbeat(&a, 1), ErrorCode::NotCoordinator);
    assert_eq!(b.shard.groups().count(), 0);
}

#[test]
fn giving_the_partition_up_answers_commits_on_their_way() {
    let mut b = Broker::new();
    b.instant = false;
    let id = b.send("c", commit("", -1, 4));
    let outcome = b.shard.unload();
    b.carry_out(outcome);
    assert_eq!(b.commit_result(id), Some(ErrorCode::NotCoordinator));
    assert!(matches!(b.replies[&id], Response::OffsetCommit(_)));
}
