//! The tables of the range and roundrobin assignors.

mod common;

use common::subscription;
use coordinator::assignor::{Assignment, Assignor, Topics};
use protocol::api::join_group::JoinMember;

fn member(id: &str, instance: Option<&str>, topics: &[&str]) -> JoinMember {
    JoinMember { member: id.into(), group_instance_id: instance.map(Into::into), subscription: subscription(topics) }
}

fn range(members: &[JoinMember], topics: &Topics) -> Assignment {
    Assignor::Range.assign(members, topics).expect("range always has an answer")
}

fn roundrobin(members: &[JoinMember], topics: &Topics) -> Assignment {
    Assignor::RoundRobin.assign(members, topics).expect("roundrobin always has an answer")
}

fn show(assignment: &Assignment) -> Vec<String> {
    let parts =
        |p: &[(std::sync::Arc<str>, i32)]| p.iter().map(|(t, n)| format!("{t}{n}")).collect::<Vec<_>>().join(" ");
    assignment.iter().map(|(id, p)| format!("{id}: {}", parts(p))).collect()
}

fn counts(table: &[(&str, usize)]) -> Topics {
    table.iter().map(|(topic, count)| ((*topic).into(), vec![Default::default(); *count])).collect()
}

#[test]
fn range_gives_two_members_half_of_sixteen_each() {
    let result = range(&[member("b", None, &["t"]), member("a", None, &["t"])], &counts(&[("t", 16)]));
    let numbers: Vec<Vec<i32>> = result.iter().map(|(_, p)| p.iter().map(|(_, n)| *n).collect()).collect();
    assert_eq!(numbers, [(0..8).collect::<Vec<_>>(), (8..16).collect()]);
    assert_eq!(&*result[0].0, "a", "by member id");
}

#[test]
fn range_gives_the_extras_of_every_topic_to_the_first_members() {
    let members = [member("a", None, &["t", "u"]), member("b", None, &["t", "u"])];
    assert_eq!(show(&range(&members, &counts(&[("t", 3), ("u", 3)]))), ["a: t0 t1 u0 u1", "b: t2 u2"]);
}

#[test]
fn an_idle_member_gets_nothing_and_is_in_the_result() {
    let members = [member("a", None, &["t"]), member("b", None, &["t"]), member("c", None, &["t"])];
    assert_eq!(show(&range(&members, &counts(&[("t", 2)]))), ["a: t0", "b: t1", "c: "]);
    assert_eq!(show(&roundrobin(&members, &counts(&[("t", 2)]))), ["a: t0", "b: t1", "c: "]);
    assert_eq!(show(&range(&members, &counts(&[]))), ["a: ", "b: ", "c: "], "no metadata, nothing to give");
}

#[test]
fn static_members_come_first_by_instance() {
    let members = [member("a", None, &["t"]), member("z", Some("i1"), &["t"]), member("y", Some("i2"), &["t"])];
    assert_eq!(show(&range(&members, &counts(&[("t", 3)]))), ["z: t0", "y: t1", "a: t2"]);
}

#[test]
fn roundrobin_deals_all_partitions_in_a_circle() {
    let members = [member("a", None, &["t", "u"]), member("b", None, &["t", "u"])];
    assert_eq!(show(&roundrobin(&members, &counts(&[("t", 3), ("u", 3)]))), ["a: t0 t2 u1", "b: t1 u0 u2"]);
}

#[test]
fn roundrobin_passes_over_members_that_did_not_subscribe() {
    let members = [member("a", None, &["t"]), member("b", None, &["t", "u"]), member("c", None, &["t", "u", "v"])];
    assert_eq!(
        show(&roundrobin(&members, &counts(&[("t", 1), ("u", 2), ("v", 3)]))),
        ["a: t0", "b: u0", "c: u1 v0 v1 v2"]
    );
}
