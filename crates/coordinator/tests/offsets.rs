//! Committing, fetching, expiring and deleting offsets and groups.

mod common;

use common::{Broker, commit, join, subscription, sync};
use coordinator::{GroupConfig, GroupState};
use protocol::api::delete_groups::DeleteGroupsRequest;
use protocol::api::describe_groups::DescribeGroupsRequest;
use protocol::api::list_groups::ListGroupsRequest;
use protocol::api::offset_commit::OffsetCommitPartition;
use protocol::api::offset_delete::OffsetDeleteRequest;
use protocol::{ErrorCode, Note, Response};

const DAY_MS: i64 = 86_400_000;

#[test]
fn commits_are_checked_against_member_generation_and_state() {
    let mut b = Broker::new();
    assert_eq!(b.commit("m", 3, 1), ErrorCode::GroupIdNotFound, "no such group");
    let (a, _) = b.join("a");
    b.run_until(3_000);
    assert_eq!(b.state(), GroupState::CompletingRebalance);
    assert_eq!(b.commit(&a, 1, 1), ErrorCode::RebalanceInProgress);
    b.send("a", sync(&a, 1, &[]));
    assert_eq!(b.commit(&a, 1, 1), ErrorCode::None);
    assert_eq!(b.commit(&a, 0, 1), ErrorCode::IllegalGeneration);
    assert_eq!(b.commit("x", 1, 1), ErrorCode::UnknownMemberId);
    assert_eq!(b.commit("", -1, 1), ErrorCode::UnknownMemberId, "the group is not empty");
    b.join("b");
    assert_eq!(b.state(), GroupState::PreparingRebalance);
    assert_eq!(b.commit(&a, 1, 2), ErrorCode::None, "the current generation may commit until it rejoins");
    b.leave(&a, None);
}

#[test]
fn an_empty_group_takes_commits_from_outside() {
    let mut b = Broker::new();
    assert_eq!(b.commit("", -1, 7), ErrorCode::None);
    assert_eq!((b.state(), b.fetch(true)), (GroupState::Empty, Some(7)));
}

#[test]
fn bad_partitions_and_long_metadata_fail_alone() {
    let mut b = Broker::new();
    let mut request = commit("", -1, 7);
    let with = |topic: &str, partition, metadata: &str| OffsetCommitPartition {
        topic: topic.into(),
        partition,
        offset: 1,
        leader_epoch: -1,
        metadata: metadata.into(),
    };
    request.offsets.extend([
        with("absent", 0, ""),
        with("t", 6, ""),
        with("t", 1, &"x".repeat(4_097)),
        with("t", 2, &"x".repeat(4_096)),
    ]);
    let id = b.send("c", request);
    let Response::OffsetCommit(answer) = &b.replies[&id] else { panic!("an OffsetCommit answer") };
    let errors: Vec<ErrorCode> = answer.partitions.iter().map(|p| p.2).collect();
    use ErrorCode::{None, OffsetMetadataTooLarge, UnknownTopicOrPartition};
    assert_eq!(errors, [None, UnknownTopicOrPartition, UnknownTopicOrPartition, OffsetMetadataTooLarge, None]);
    assert_eq!(b.shard.committed("g").count(), 2);
}

#[test]
fn a_commit_is_answered_and_seen_once_it_is_replicated() {
    let mut b = Broker::new();
    b.commit("", -1, 7);
    b.instant = false;
    let id = b.send("c", commit("", -1, 9));
    assert_eq!(b.commit_result(id), None);
    assert_eq!(b.fetch(false), Some(7), "what is not replicated is not there");
    assert_eq!(b.fetch(true), None, "a stable fetch waits");
    b.settle(ErrorCode::None);
    assert_eq!(b.commit_result(id), Some(ErrorCode::None));
    assert_eq!((b.fetch(false), b.fetch(true)), (Some(9), Some(9)));
    assert!(b.replies.values().any(|r| matches!(r, Response::OffsetFetch(f) if f.partitions[0].offset == 9)));
    let committed = b.notes.iter().filter(|n| matches!(n, Note::OffsetsCommitted { .. })).count();
    assert_eq!(committed, 2);
}

#[test]
fn a_commit_that_fails_is_undone() {
    let mut b = Broker::new();
    b.commit("", -1, 7);
    b.instant = false;
    let first = b.send("c", commit("", -1, 8));
    let second = b.send("c", commit("", -1, 9));
    let ids = std::mem::take(&mut b.unwritten);
    let outcome = b.shard.written(b.now, ids[0], ErrorCode::NotEnoughReplicas);
    b.carry_out(outcome);
    let outcome = b.shard.written(b.now, ids[1], ErrorCode::NotLeaderOrFollower);
    b.carry_out(outcome);
    assert_eq!(b.commit_result(first), Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(b.commit_result(second), Some(ErrorCode::NotCoordinator));
    assert_eq!((b.fetch(false), b.fetch(true)), (Some(7), Some(7)));
}

#[test]
fn a_group_that_only_a_failed_commit_made_is_not_there() {
    let mut b = Broker::new();
    b.instant = false;
    b.send("c", commit("", -1, 8));
    b.settle(ErrorCode::NotEnoughReplicas);
    assert!(b.shard.group("g").is_none());
}

#[test]
fn a_commit_that_times_out_may_still_arrive() {
    let mut b = Broker::new();
    b.instant = false;
    let id = b.send("c", commit("", -1, 8));
    let write = b.unwritten[0];
    let outcome = b.shard.written(b.now, write, ErrorCode::RequestTimedOut);
    b.carry_out(outcome);
    assert_eq!(b.commit_result(id), Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(b.fetch(false), Some(-1));
    b.settle(ErrorCode::None);
    assert_eq!(b.fetch(false), Some(8));
}

#[test]
fn a_commit_keeps_the_session_up() {
    let mut b = Broker::new();
    let ids = b.stable(&["a"]);
    for _ in 0..5 {
        b.run_until(b.now + 20_000);
        assert_eq!(b.commit(&ids[0], 1, 1), ErrorCode::None);
    }
    assert_eq!(b.state(), GroupState::Stable);
}

#[test]
fn offsets_of_an_empty_group_expire_seven_days_after_it_became_empty_and_the_group_with_them() {
    let mut b = Broker::new();
    let ids = b.stable(&["a"]);
    b.commit(&ids[0], 1, 5);
    b.leave(&ids[0], None);
    let empty_since = b.now;
    b.run_until(empty_since + 7 * DAY_MS - 1);
    assert_eq!(b.fetch(false), Some(5));
    b.run_until(empty_since + 7 * DAY_MS + 600_000);
    assert_eq!(b.fetch(false), Some(-1));
    assert_eq!(b.state(), GroupState::Dead);
    assert!(b.shard.hard().groups.is_empty() && b.shard.hard().offsets.is_empty());
}

#[test]
fn offsets_of_subscribed_topics_never_expire() {
    let mut b = Broker::with(GroupConfig { offsets_retention_ms: 1_000, ..GroupConfig::default() });
    let ids = b.stable(&["a"]);
    let mut request = commit(&ids[0], 1, 5);
    request.offsets.push(OffsetCommitPartition { topic: "other".into(), ..request.offsets[0].clone() });
    b.send("a", request);
    while b.now < 700_000 {
        b.run_until(b.now + 20_000);
        b.heartbeat(&ids[0], 1);
    }
    let left: Vec<String> = b.shard.committed("g").map(|((topic, _), _)| topic.to_string()).collect();
    assert_eq!(left, ["t"]);
}

#[test]
fn a_group_that_never_committed_goes_at_the_next_check_once_it_is_empty() {
    let mut b = Broker::new();
    let ids = b.stable(&["a"]);
    b.leave(&ids[0], None);
    assert_eq!(b.state(), GroupState::Empty);
    b.run_until(600_000);
    assert_eq!(b.state(), GroupState::Dead);
}

#[test]
fn deleted_topics_take_their_offsets_along() {
    let mut b = Broker::new();
    b.commit("", -1, 5);
    let outcome = b.shard.topics_deleted(b.now, &["t".into()]);
    b.carry_out(outcome);
    assert_eq!(b.fetch(true), Some(-1));
}

fn delete(b: &mut Broker) -> ErrorCode {
    let id = b.send("c", DeleteGroupsRequest { groups: vec!["g".into()] });
    match &b.replies[&id] {
        Response::DeleteGroups(r) => r.groups[0].1,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_empty_groups_are_deleted() {
    let mut b = Broker::new();
    assert_eq!(delete(&mut b), ErrorCode::GroupIdNotFound);
    let ids = b.stable(&["a"]);
    b.commit(&ids[0], 1, 5);
    assert_eq!(delete(&mut b), ErrorCode::NonEmptyGroup);
    b.leave(&ids[0], None);
    assert_eq!(delete(&mut b), ErrorCode::None);
    assert_eq!((b.state(), b.fetch(true)), (GroupState::Dead, Some(-1)));
}

fn delete_offset(b: &mut Broker, topic: &str) -> (ErrorCode, Vec<ErrorCode>) {
    let partitions = vec![(topic.into(), 0)];
    let id = b.send("c", OffsetDeleteRequest { group: "g".into(), partitions });
    match &b.replies[&id] {
        Response::OffsetDelete(r) => (r.error, r.partitions.iter().map(|(_, _, error)| *error).collect()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn offsets_are_deleted_unless_their_topic_is_subscribed_to() {
    let mut b = Broker::new();
    assert_eq!(delete_offset(&mut b, "t"), (ErrorCode::GroupIdNotFound, vec![]));
    let ids = b.stable(&["a"]);
    b.commit(&ids[0], 1, 5);
    assert_eq!(delete_offset(&mut b, "t"), (ErrorCode::None, vec![ErrorCode::GroupSubscribedToTopic]));
    assert_eq!(delete_offset(&mut b, "absent"), (ErrorCode::None, vec![ErrorCode::UnknownTopicOrPartition]));
    assert_eq!(b.fetch(true), Some(5));
    b.leave(&ids[0], None);
    assert_eq!(delete_offset(&mut b, "t"), (ErrorCode::None, vec![ErrorCode::None]));
    assert_eq!((b.state(), b.fetch(true)), (GroupState::Empty, Some(-1)), "the group stays");
    assert_eq!(delete_offset(&mut b, "t"), (ErrorCode::None, vec![ErrorCode::None]), "there is nothing to delete");
}

#[test]
fn describe_shows_members_and_says_when_a_group_is_not_there() {
    let mut b = Broker::new();
    let ids = b.stable(&["a"]);
    let id = b.send("c", DescribeGroupsRequest { groups: vec!["g".into(), "nope".into()] });
    let Response::DescribeGroups(answer) = &b.replies[&id] else { panic!("a DescribeGroups answer") };
    let group = &answer.groups[0];
    assert_eq!((&*group.state, &*group.protocol_type, &*group.protocol), ("Stable", "consumer", "range"));
    let member = &group.members[0];
    assert_eq!((&*member.member, &*member.client_id, &*member.client_host), (ids[0].as_str(), "a", "/10.0.0.1"));
    assert_eq!((&member.topics, &member.assignment), (&subscription(&["t"]).topics, &vec![("t".into(), 0)]));
    assert_eq!((answer.groups[1].error, &*answer.groups[1].state), (ErrorCode::GroupIdNotFound, "Dead"));
    b.send("a", join(&ids[0]));
    let id = b.send("c", DescribeGroupsRequest { groups: vec!["g".into()] });
    let Response::DescribeGroups(answer) = &b.replies[&id] else { panic!("a DescribeGroups answer") };
    assert_eq!(&*answer.groups[0].protocol, "", "no assignor while it is not Stable");
}

#[test]
fn list_filters_by_state_in_any_case() {
    let mut b = Broker::new();
    b.commit("", -1, 5);
    for (state, count) in [("empty", 1), ("Stable", 0)] {
        let id = b.send("c", ListGroupsRequest { states: vec![state.into()] });
        let Response::ListGroups(answer) = &b.replies[&id] else { panic!("a ListGroups answer") };
        assert_eq!(answer.groups.len(), count);
        assert!(answer.groups.iter().all(|g| g.protocol_type.is_empty() && &*g.group_type == "Classic"));
    }
}
