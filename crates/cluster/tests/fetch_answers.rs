//! What a fetch is answered, beside sessions: which of two errors, where to read instead, how much (`ReplicaManager#readFromLog`,
//! `Partition#readRecords`); and what a follower that is told to cut its log writes down.

mod cluster_harness;

use cluster_harness::{Cluster, fetch_of, ms};
use kernel::Duration;
use protocol::api::delete_records::DeleteRecordsRequest;
use protocol::api::fetch::{FetchRequest, FetchResult};
use protocol::{BrokerId, ErrorCode, FileContent, Note, TopicId};

fn answer(cluster: &mut Cluster, request: FetchRequest) -> FetchResult {
    let handle = cluster.ask(1, 1, request);
    cluster.fetched(handle).1.partitions[0].clone()
}

fn write(cluster: &mut Cluster, broker: i32, topic: TopicId, acks: i16, value: &str) {
    let written = cluster.produce(0, broker, topic, acks, value);
    assert_eq!(cluster.produced(written).1.error, ErrorCode::None);
}

/// Records before an offset are deleted on broker 1, which does not wait for followers.
fn delete_before(cluster: &mut Cluster, topic: &str, offset: i64) {
    cluster.ask(2, 1, DeleteRecordsRequest { partitions: vec![(topic.into(), 0, offset)], timeout_ms: 30_000 });
    cluster.run(ms(100));
}

#[test]
fn what_is_before_the_log_start_is_out_of_range_whatever_the_epochs() {
    let mut cluster = Cluster::new(1, 1, &[]);
    let topic = cluster.create_topic("t", &[&[1]], &[]);
    ["a", "b", "c"].iter().for_each(|value| write(&mut cluster, 1, topic, -1, value));
    let only = cluster.node(1);
    cluster.world.kill(only);
    cluster.run(Duration::from_secs(12));
    cluster.world.start(only);
    cluster.run(Duration::from_secs(12));
    let epoch = cluster.partition(1, topic).1;
    assert!(epoch >= 2, "an epoch passed in which nothing was written: {epoch}");
    write(&mut cluster, 1, topic, -1, "d");
    delete_before(&mut cluster, "t", 2);
    let mut of_that_epoch = |offset| {
        let mut asked = fetch_of(&[(topic, offset)]);
        asked.partitions[0].last_fetched_epoch = 1;
        answer(&mut cluster, asked)
    };
    let here = of_that_epoch(2);
    let parts_at = here.diverging_epoch.map(|end| (end.epoch, end.end_offset));
    assert_eq!((here.error, parts_at), (ErrorCode::None, Some((0, 3))), "the logs part where epoch 0 ends");
    let gone = of_that_epoch(1);
    assert_eq!((gone.error, gone.diverging_epoch.is_some()), (ErrorCode::OffsetOutOfRange, false));
}

#[test]
fn who_had_better_read_elsewhere_is_not_told_that_its_offset_is_not_here() {
    let selector = ("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector");
    let mut cluster = Cluster::with_racks(1, 2, &[selector], |id| Some(format!("rack-{id}").into()));
    let topic = cluster.create_topic("t", &[&[1, 2]], &[]);
    ["a", "b", "c"].iter().for_each(|value| write(&mut cluster, 1, topic, -1, value));
    cluster.run(Duration::from_secs(2));
    // Broker 2 does not hear that the leader's log begins further up now.
    let (leader, follower) = (cluster.node(1), cluster.node(2));
    cluster.world.cut(leader, follower);
    delete_before(&mut cluster, "t", 2);
    let mut from_rack = |rack: &str, offset| {
        let read = answer(&mut cluster, FetchRequest { rack: Some(rack.into()), ..fetch_of(&[(topic, offset)]) });
        (read.error, read.preferred_read_replica)
    };
    assert_eq!(from_rack("rack-2", 1), (ErrorCode::None, BrokerId(2)), "which is there");
    assert_eq!(from_rack("rack-1", 1), (ErrorCode::OffsetOutOfRange, BrokerId::NONE), "it reads from the leader");
    assert_eq!(from_rack("rack-2", 4), (ErrorCode::OffsetOutOfRange, BrokerId::NONE), "nobody has that");
}

/// What consumers read from a follower is bounded by its own high watermark, and it sends nobody elsewhere (KIP-392).
#[test]
fn a_follower_gives_consumers_what_it_knows_to_be_committed() {
    let selector = ("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector");
    let mut cluster = Cluster::with_racks(1, 2, &[selector], |id| Some(format!("rack-{id}").into()));
    let topic = cluster.create_topic("t", &[&[1, 2]], &[]);
    let read = |cluster: &mut Cluster, offset: i64| {
        let request = FetchRequest { rack: Some("rack-1".into()), ..fetch_of(&[(topic, offset)]) };
        let handle = cluster.ask(3, 2, request);
        let result = cluster.fetched(handle).1.partitions[0].clone();
        assert_eq!(result.preferred_read_replica, BrokerId::NONE);
        (result.error, result.high_watermark, result.batches.len())
    };
    write(&mut cluster, 1, topic, -1, "a");
    assert_eq!(cluster.offsets(2, topic), (1, 0), "it is acknowledged, and the follower has not heard of it");
    assert_eq!(read(&mut cluster, 0), (ErrorCode::None, 0, 0));
    assert_eq!(read(&mut cluster, 1), (ErrorCode::None, 0, 0), "its log goes so far");
    assert_eq!(read(&mut cluster, 2).0, ErrorCode::OffsetOutOfRange);
    cluster.run(ms(600));
    assert_eq!(read(&mut cluster, 0), (ErrorCode::None, 1, 1));
}

#[test]
fn a_broker_gives_a_follower_no_more_than_fetch_max_bytes_either() {
    let mut cluster = Cluster::new(1, 2, &[("fetch.max.bytes", "1024")]);
    let topic = cluster.create_topic("t", &[&[1, 2]], &[]);
    for _ in 0..3 {
        write(&mut cluster, 1, topic, 1, &"x".repeat(400));
    }
    for replica in [BrokerId::NONE, BrokerId(2)] {
        let read = answer(&mut cluster, FetchRequest { replica, ..fetch_of(&[(topic, 0)]) });
        assert_eq!((read.error, read.batches.len()), (ErrorCode::None, 2), "{replica}: two of three fit");
        assert_eq!(read.records_bytes(), 1_024, "{replica}: and what goes in of the third");
    }
}

/// `ReplicaManager#readFromLog`: part of a batch at the end of one partition leaves the next one less room, and of that only whole first
/// batches come.
#[test]
fn what_is_sent_of_a_batch_that_is_cut_takes_room_from_others() {
    let mut cluster = Cluster::new(1, 1, &[]);
    let topics = ["t", "u"].map(|name| cluster.create_topic(name, &[&[1]], &[]));
    for topic in topics {
        (0..3).for_each(|_| write(&mut cluster, 1, topic, 1, &"x".repeat(400)));
    }
    let size = answer(&mut cluster, fetch_of(&[(topics[0], 0)])).batches[0].size_in_bytes();
    let mut read = |partition_max_bytes, max_bytes| {
        let mut request = FetchRequest { max_bytes, ..fetch_of(&topics.map(|topic| (topic, 0))) };
        request.partitions.iter_mut().for_each(|asked| asked.partition_max_bytes = partition_max_bytes);
        let handle = cluster.ask(3, 1, request);
        let partitions = cluster.fetched(handle).1.partitions;
        [0, 1].map(|at| partitions.get(at).map_or((0, 0), |read| (read.batches.len(), read.cut.bytes)))
    };
    assert_eq!(read(3 * size, 6 * size), [(3, 0), (3, 0)]);
    assert_eq!(read(2 * size, 3 * size), [(2, 0), (1, 0)]);
    assert_eq!(read(2 * size + 7, 3 * size), [(2, 7), (0, 0)], "seven bytes are missing for the other's first batch");
    assert_eq!(read(2 * size + 7, 4 * size), [(2, 7), (1, size - 7)]);
    assert_eq!(read(1, 3 * size), [(1, 0), (0, 0)], "only the first batch of all may be too large");
}

/// `DelayedFetch#tryComplete` adds up what partitions have; the answer holds what fits in it.
#[test]
fn a_fetch_stops_waiting_for_bytes_that_its_answer_has_no_room_for() {
    let mut cluster = Cluster::new(1, 1, &[]);
    let topics = ["t", "u"].map(|name| cluster.create_topic(name, &[&[1]], &[]));
    let asked = fetch_of(&topics.map(|topic| (topic, 0)));
    let parked = cluster.ask(3, 1, FetchRequest { min_bytes: 800, max_bytes: 800, max_wait_ms: 30_000, ..asked });
    write(&mut cluster, 1, topics[0], 1, &"x".repeat(400));
    cluster.run(Duration::from_secs(1));
    assert!(cluster.answer(parked).is_none(), "half of the bytes are there");
    let since = cluster.world.now();
    write(&mut cluster, 1, topics[1], 1, &"x".repeat(400));
    let (at, told) = cluster.fetched(parked);
    assert!(at.since(since) < Duration::from_secs(1));
    assert_eq!(told.partitions.iter().map(|read| read.batches.len()).collect::<Vec<_>>(), [1, 0]);
}

/// The offset of partition 0 in a broker's `recovery-point-offset-checkpoint`.
fn recovery_point(cluster: &Cluster, broker: i32) -> i64 {
    let Some(FileContent::Text(text)) = cluster.process(broker).read(0, "recovery-point-offset-checkpoint") else {
        panic!("the file is there")
    };
    let line = text.lines().find_map(|line| line.strip_prefix("t 0 ")).expect("the partition is in it");
    line.parse().expect("it is an offset")
}

/// `LogManager#truncateTo`: else a log that is cut, and grows again, would pass for one that was flushed.
#[test]
fn a_truncation_writes_recovery_points_down_at_once() {
    let mut cluster = Cluster::new(1, 2, &[("auto.leader.rebalance.enable", "false")]);
    let topic = cluster.create_topic("t", &[&[2, 1]], &[]);
    write(&mut cluster, 2, topic, -1, "a");
    cluster.run(Duration::from_secs(2));
    let (first, second) = (cluster.node(1), cluster.node(2));
    cluster.world.cut(second, first);
    ["b", "c"].iter().for_each(|value| write(&mut cluster, 2, topic, 1, value));
    // A stop in good order: what nobody else has is on its disk.
    cluster.world.order(second, kernel::Order::Terminate);
    cluster.run(Duration::from_secs(10));
    assert_eq!((cluster.partition(1, topic).0, recovery_point(&cluster, 2)), (1, 3));
    cluster.world.heal(second, first);
    cluster.world.start(second);
    let since = cluster.world.now();
    while cluster.when(since, |note| matches!(note, Note::Truncated { .. })).is_none() {
        cluster.run(ms(10));
        assert!(cluster.world.now().since(since) < Duration::from_secs(30), "it cuts its log");
    }
    assert_eq!((cluster.offsets(2, topic).0, recovery_point(&cluster, 2)), (1, 1));
}

/// A session keeps the names it has found for topic ids (`CachedPartition`); who asks anew asks for an id that nobody knows.
#[test]
fn a_topic_that_goes_while_it_is_fetched_is_unknown_by_name_and_then_by_id() {
    let mut cluster = Cluster::new(1, 1, &[]);
    let topic = cluster.create_topic("t", &[&[1]], &[]);
    let parked = cluster.ask(1, 1, FetchRequest { max_wait_ms: 30_000, ..fetch_of(&[(topic, 0)]) });
    let delete = protocol::api::delete_topics::DeleteTopicsRequest { topics: vec!["t".into()], timeout_ms: 30_000 };
    cluster.ask(2, 1, delete);
    let (_, told) = cluster.fetched(parked);
    assert_eq!(told.partitions[0].error, ErrorCode::UnknownTopicOrPartition);
    cluster.run(ms(100));
    assert_eq!(answer(&mut cluster, fetch_of(&[(topic, 0)])).error, ErrorCode::UnknownTopicId);
}
