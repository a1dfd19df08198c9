//! A day in the life of an eager group, with the times a real cluster showed: three members come, one leaves, one is
//! killed (session timeout 30 s, heartbeats every 3 s).

mod common;

use common::{Broker, join, sync};
use coordinator::GroupState;
use protocol::ErrorCode;

/// They rejoin; gives the generation the first one gets.
fn rejoin(b: &mut Broker, ids: &[&str]) -> i32 {
    let parked: Vec<u64> = ids.iter().map(|id| b.send("c", join(id))).collect();
    b.joined(parked[0]).expect("everybody is there").generation
}

fn share_out(b: &mut Broker, leader: &str, others: &[&str], generation: i32) {
    let everyone: Vec<(&str, Vec<i32>)> = std::iter::once(&leader).chain(others).map(|id| (*id, vec![0])).collect();
    for other in others {
        b.send("c", sync(other, generation, &[]));
    }
    b.send("c", sync(leader, generation, &everyone));
    assert_eq!(b.state(), GroupState::Stable);
}

/// Heartbeats of all, every 3 s, up to a time; nobody is asked to rejoin.
fn beat_until(b: &mut Broker, ids: &[&str], generation: i32, until: i64) {
    while b.now + 3_000 <= until {
        b.run_until(b.now + 3_000);
        for id in ids {
            assert_eq!(b.heartbeat(id, generation), ErrorCode::None);
        }
    }
}

#[test]
fn an_eager_group_lives_as_on_a_real_cluster() {
    let mut b = Broker::new();
    b.run_until(1_760);
    let (a, _) = b.join("A");
    b.run_until(4_400);
    let (second, parked) = b.join("B");
    b.run_until(7_759);
    assert_eq!(b.joined(parked), None);
    b.run_until(7_760);
    assert_eq!(b.joined(parked).map(|r| r.generation), Some(1), "A's join and two steps of 3 s");
    share_out(&mut b, &a, &[&second], 1);

    beat_until(&mut b, &[&a, &second], 1, 19_500);
    b.run_until(19_500);
    let (third, waiting) = b.join("C");
    b.run_until(19_760);
    assert_eq!(b.heartbeat(&a, 1), ErrorCode::RebalanceInProgress);
    b.send("B", join(&second));
    b.send("A", join(&a));
    assert_eq!(b.joined(waiting).map(|r| r.generation), Some(2));
    share_out(&mut b, &a, &[&second, &third], 2);

    beat_until(&mut b, &[&a, &second, &third], 2, 33_030);
    b.run_until(33_030);
    assert_eq!(b.leave(&third, None).error, ErrorCode::None);
    assert_eq!(
        (b.state(), b.members()),
        (GroupState::PreparingRebalance, 2),
        "the leave is noticed at once by the coordinator"
    );
    b.run_until(34_760);
    assert_eq!(b.heartbeat(&a, 2), ErrorCode::RebalanceInProgress);
    let parked = b.send("A", join(&a));
    b.send("B", join(&second));
    assert_eq!(b.joined(parked).map(|r| r.generation), Some(3));
    share_out(&mut b, &a, &[&second], 3);

    beat_until(&mut b, &[&a, &second], 3, 46_760);
    let last_of_b = b.now;
    assert_eq!(last_of_b, 46_760);
    beat_until(&mut b, &[&a], 3, last_of_b + 29_999);
    assert_eq!((b.state(), b.members()), (GroupState::Stable, 2), "nobody reads B's partitions, nobody knows");
    b.run_until(last_of_b + 30_000);
    assert_eq!((b.state(), b.members()), (GroupState::PreparingRebalance, 1));
    assert_eq!(rejoin(&mut b, &[&a]), 4);
}
