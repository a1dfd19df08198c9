//! Fetch sessions through the public face (KIP-227): what is told again and what is not, errors, and that a follower
//! whose session has nothing new counts as caught up all the same.

mod cluster_harness;

use cluster_harness::{Cluster, fetch_of, ms};
use kernel::Duration;
use protocol::api::fetch::{FetchRequest, FetchResponse};
use protocol::{BrokerId, ErrorCode, TopicId};

/// A consumer's fetch of partition 0 of these topics from these offsets.
fn request(session: (i32, i32), asked: &[(TopicId, i64)], forgotten: &[TopicId]) -> FetchRequest {
    FetchRequest {
        max_wait_ms: 500,
        session_id: session.0,
        session_epoch: session.1,
        forgotten: forgotten.iter().map(|topic_id| (*topic_id, 0)).collect(),
        ..fetch_of(asked)
    }
}

fn fetch(cluster: &mut Cluster, session: (i32, i32), asked: &[(TopicId, i64)]) -> FetchResponse {
    let handle = cluster.ask(1, 1, request(session, asked, &[]));
    cluster.fetched(handle).1
}

/// (topic, number of batches) of each partition in an answer.
fn told(response: &FetchResponse) -> Vec<(TopicId, usize)> {
    response.partitions.iter().map(|p| (p.topic_id, p.batches.len())).collect()
}

fn two_topics(configs: &[(&str, &str)]) -> (Cluster, TopicId, TopicId) {
    let mut cluster = Cluster::new(1, 1, configs);
    let a = cluster.create_topic("a", &[&[1]], &[]);
    let b = cluster.create_topic("b", &[&[1]], &[]);
    (cluster, a, b)
}

#[test]
fn a_session_tells_of_a_partition_only_what_is_new() {
    let (mut cluster, a, b) = two_topics(&[]);
    let full = fetch(&mut cluster, (0, 0), &[(a, 0), (b, 0)]);
    assert_eq!(told(&full), [(a, 0), (b, 0)], "a full answer names every partition");
    assert!(full.session_id > 0);
    let id = full.session_id;

    let parked = cluster.ask(1, 1, request((id, 1), &[], &[]));
    cluster.run(ms(100));
    assert!(cluster.answer(parked).is_none(), "nothing is new");
    let written = cluster.produce(0, 1, b, -1, "b0");
    cluster.produced(written);
    assert_eq!(told(&cluster.fetched(parked).1), [(b, 1)], "the one that changed completes it, and is told alone");

    let again = fetch(&mut cluster, (id, 2), &[]);
    assert_eq!(told(&again), [(b, 1)], "until it is asked for from further on");
    let started = cluster.world.now();
    let quiet = fetch(&mut cluster, (id, 3), &[(b, 1)]);
    assert_eq!((told(&quiet), quiet.session_id), (vec![], id), "an empty answer keeps the session going");
    assert!(cluster.world.now().since(started) >= ms(500));

    let forgetful = cluster.ask(1, 1, request((id, 4), &[], &[b]));
    let written = cluster.produce(0, 1, b, -1, "b1");
    cluster.produced(written);
    assert!(cluster.answer(forgetful).is_none(), "what was dropped is not read");
    let written = cluster.produce(0, 1, a, -1, "a0");
    cluster.produced(written);
    assert_eq!(told(&cluster.fetched(forgetful).1), [(a, 1)]);
}

/// Two partitions, and room for one batch in an answer.
#[test]
fn who_was_given_something_in_a_session_comes_last_the_next_time() {
    let (mut cluster, a, b) = two_topics(&[]);
    for topic in [a, b] {
        let written = cluster.produce(0, 1, topic, -1, "first");
        cluster.produced(written);
    }
    let mut narrow = |session, asked: &[(TopicId, i64)]| {
        let handle = cluster.ask(1, 1, FetchRequest { max_bytes: 1, ..request(session, asked, &[]) });
        cluster.fetched(handle).1
    };
    let full = narrow((0, 0), &[(a, 0), (b, 0)]);
    assert_eq!(told(&full), [(a, 1), (b, 0)], "one batch comes, whatever the limit");
    let id = full.session_id;
    assert_eq!(told(&narrow((id, 1), &[])), [(a, 1)], "a new session begins in the order in which it was asked for");
    assert_eq!(told(&narrow((id, 2), &[])), [(b, 1)], "then it is another's turn");
    assert_eq!(told(&narrow((id, 3), &[])), [(a, 1)]);
}

/// `DelayedFetch`, case F.
#[test]
fn nobody_waits_for_more_bytes_at_the_end_of_a_segment_that_is_over() {
    let mut cluster = Cluster::new(1, 1, &[]);
    let topic = cluster.create_topic("a", &[&[1]], &[("segment.ms", "1000")]);
    let patient =
        |from| FetchRequest { min_bytes: 1_000_000, max_wait_ms: 60_000, ..request((0, -1), &[(topic, from)], &[]) };
    let written = cluster.produce(0, 1, topic, -1, "a0");
    cluster.produced(written);
    let parked = cluster.ask(1, 1, patient(0));
    let at_the_end = cluster.ask(2, 1, patient(1));
    cluster.run(ms(2_000));
    assert!(cluster.answer(parked).is_none() && cluster.answer(at_the_end).is_none());
    let written = cluster.produce(0, 1, topic, -1, "a1");
    cluster.produced(written);
    for handle in [parked, at_the_end] {
        assert_eq!(
            told(&cluster.fetched(handle).1),
            [(topic, 1)],
            "a segment was rolled: one batch, which is too little"
        );
    }
    let late = cluster.ask(1, 1, patient(0));
    assert_eq!(told(&cluster.fetched(late).1), [(topic, 1)], "one that comes after that does not wait at all");
    let new = cluster.ask(1, 1, patient(1));
    cluster.run(ms(1_000));
    assert!(cluster.answer(new).is_none(), "in the new segment it waits");
}

#[test]
fn a_session_has_an_id_and_an_epoch_and_both_must_be_right() {
    let (mut cluster, a, _) = two_topics(&[]);
    let id = fetch(&mut cluster, (0, 0), &[(a, 0)]).session_id;
    assert_eq!(fetch(&mut cluster, (id, 2), &[]).error, ErrorCode::InvalidFetchSessionEpoch);
    assert_eq!(fetch(&mut cluster, (id ^ 1, 1), &[]).error, ErrorCode::FetchSessionIdNotFound);
    assert_eq!(fetch(&mut cluster, (id, 1), &[]).error, ErrorCode::None, "the errors left the session alone");
    let next = fetch(&mut cluster, (id, 0), &[(a, 0)]);
    assert_ne!(next.session_id, id, "a full request closes the session it names and makes another");
    assert_eq!(fetch(&mut cluster, (id, 2), &[]).error, ErrorCode::FetchSessionIdNotFound);
    let closing = fetch(&mut cluster, (next.session_id, -1), &[]);
    assert_eq!((closing.error, closing.session_id), (ErrorCode::None, 0));
    assert_eq!(fetch(&mut cluster, (next.session_id, 1), &[]).error, ErrorCode::FetchSessionIdNotFound);
}

#[test]
fn a_session_without_partitions_is_closed() {
    let (mut cluster, a, _) = two_topics(&[]);
    let id = fetch(&mut cluster, (0, 0), &[(a, 0)]).session_id;
    let handle = cluster.ask(1, 1, request((id, 1), &[], &[a]));
    let answer = cluster.fetched(handle).1;
    assert_eq!((answer.error, answer.session_id, told(&answer)), (ErrorCode::None, 0, vec![]));
    assert_eq!(fetch(&mut cluster, (id, 2), &[]).error, ErrorCode::FetchSessionIdNotFound);
}

/// Eight shards with one place each, used in turn: the ninth session meets the first.
#[test]
fn a_cache_that_is_full_evicts_only_what_has_been_idle() {
    let (mut cluster, a, _) = two_topics(&[("max.incremental.fetch.session.cache.slots", "8")]);
    let first: Vec<i32> = (0..8).map(|_| fetch(&mut cluster, (0, 0), &[(a, 0)]).session_id).collect();
    assert!(first.iter().all(|id| *id > 0), "{first:?}");
    assert_eq!(fetch(&mut cluster, (0, 0), &[(a, 0)]).session_id, 0, "all are young: there is no room");
    cluster.run(Duration::from_secs(121));
    let late = fetch(&mut cluster, (0, 0), &[(a, 0)]).session_id;
    assert!(late > 0, "one that nobody used for two minutes goes");
    let is_gone =
        |cluster: &mut Cluster, id: i32| fetch(cluster, (id, 1), &[]).error == ErrorCode::FetchSessionIdNotFound;
    assert_eq!(first.iter().filter(|id| is_gone(&mut cluster, **id)).count(), 1);
}

/// `FetchSessionCacheShard#tryEvict`: a follower takes a consumer's place at once, and anybody larger that of one which was
/// still used two minutes after it began.
#[test]
fn a_session_makes_room_for_one_that_is_worth_more() {
    let (mut cluster, a, b) = two_topics(&[("max.incremental.fetch.session.cache.slots", "8")]);
    let mut first: Vec<i32> = (0..8).map(|_| fetch(&mut cluster, (0, 0), &[(a, 0), (b, 0)]).session_id).collect();
    let is_gone = |cluster: &mut Cluster, id: i32, epoch| {
        fetch(cluster, (id, epoch), &[]).error == ErrorCode::FetchSessionIdNotFound
    };
    let follower = FetchRequest { replica: BrokerId(2), replica_epoch: -1, ..request((0, 0), &[(a, 0)], &[]) };
    let handle = cluster.ask(1, 1, follower);
    assert!(cluster.fetched(handle).1.session_id > 0, "a follower finds room");
    let gone: Vec<i32> = first.iter().copied().filter(|id| is_gone(&mut cluster, *id, 1)).collect();
    assert_eq!(gone.len(), 1);
    first.retain(|id| !gone.contains(id));
    for epoch in [2, 3] {
        cluster.run(Duration::from_secs(61));
        first.iter().for_each(|id| assert!(!is_gone(&mut cluster, *id, epoch)));
    }
    // Shards come in turn; in one of them is the follower, which nobody used.
    let made = |cluster: &mut Cluster, topics: &[TopicId]| {
        let asked: Vec<(TopicId, i64)> = topics.iter().map(|topic| (*topic, 0)).collect();
        (0..8).filter(|_| fetch(cluster, (0, 0), &asked).session_id > 0).count()
    };
    assert_eq!(made(&mut cluster, &[a, b]), 1, "others are as large");
    let c = cluster.create_topic("c", &[&[1]], &[]);
    assert_eq!(made(&mut cluster, &[a, b, c]), 7, "larger ones displace them, but not the one that is young");
    assert!(first.iter().all(|id| is_gone(&mut cluster, *id, 4)));
}

#[test]
fn without_slots_there_are_no_sessions_and_replication_works_all_the_same() {
    let mut cluster = Cluster::new(1, 3, &[("max.incremental.fetch.session.cache.slots", "0")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "3")]);
    let answer = fetch(&mut cluster, (0, 0), &[(topic, 0)]);
    assert_eq!((answer.error, answer.session_id), (ErrorCode::None, 0));
    let written = cluster.produce(0, 1, topic, -1, "a");
    assert_eq!(cluster.produced(written).1.error, ErrorCode::None);
    cluster.run(Duration::from_secs(2));
    assert_eq!([1, 2, 3].map(|id| cluster.offsets(id, topic)), [(1, 1); 3]);
}

/// The followers' fetches have found nothing for a minute when one stalls: it was caught up until then, so it stays
/// in the ISR for replica.lag.time.max.ms from then on.
#[test]
fn a_follower_with_nothing_new_in_its_session_is_caught_up() {
    let mut cluster = Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    cluster.run(Duration::from_secs(60));
    let (leader, stalled) = (cluster.node(1), cluster.node(3));
    cluster.world.cut(stalled, leader);
    cluster.world.cut(leader, stalled);
    let one = cluster.produce(1, 1, topic, 1, "one");
    cluster.produced(one);
    cluster.run(Duration::from_secs(29));
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3]);
    cluster.run(Duration::from_secs(17));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
}

/// A process that comes back has forgotten its sessions; its leader has not, and takes it back all the same.
#[test]
fn a_follower_that_restarts_makes_a_new_session() {
    let mut cluster = Cluster::new(1, 3, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    let third = cluster.node(3);
    cluster.world.kill(third);
    let one = cluster.produce(1, 1, topic, 1, "one");
    cluster.produced(one);
    cluster.run(Duration::from_secs(12));
    assert_eq!(cluster.partition(1, topic).2, [1, 2]);
    cluster.world.start(third);
    cluster.run(Duration::from_secs(12));
    assert_eq!(cluster.partition(1, topic).2, [1, 2, 3]);
    assert_eq!(cluster.offsets(3, topic), (1, 1));
}
