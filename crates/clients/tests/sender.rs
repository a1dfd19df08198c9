//! The sender and the accumulator of a Java producer, against a scripted broker (`Sender`, `RecordAccumulator`, `TransactionManager`).

mod common;

use clients::{LogLevel, ProducerEvent, Profile};
use common::*;
use protocol::{ApiKey, ErrorCode};

fn acked_at(run: &Run) -> Vec<i64> {
    let times = run.app().produced.iter().filter_map(|(_, event)| match event {
        ProducerEvent::Acked { timestamp_ms, .. } => Some(*timestamp_ms - protocol::wall_ms(0)),
        _ => None,
    });
    times.collect()
}

/// `KafkaProducer#doSend`: the topic comes after ten seconds.
#[test]
fn java_gives_a_record_its_time_when_it_has_metadata_and_librdkafka_when_it_is_sent() {
    for (profile, times) in [(Profile::Java, 9_900..11_100), (Profile::Librdkafka, 100..101)] {
        let script = vec![(100, send("late", None, "a"))];
        let mut run = Run::producer(FakeBroker::with(&[]), profile, &[], script).until(10_000);
        run.broker_mut().topics.insert("late".into(), 1);
        let run = run.until(12_000);
        assert!(matches!(acked_at(&run)[..], [at] if times.contains(&at)), "{profile:?}: {:?}", acked_at(&run));
    }
}

/// `RecordAccumulator#partitionChanged`: the second batch kept the partition, as it was not full, though it had its share.
#[test]
fn a_partition_that_has_had_its_share_is_left_when_its_last_batch_is_gone() {
    let pairs = [("batch.size", "1000"), ("linger.ms", "50")];
    let sizes = [(100, 700), (300, 400), (500, 10)];
    let script = sizes.iter().map(|(at, bytes)| (*at, send("t", None, &"v".repeat(*bytes)))).collect();
    let run = Run::producer(FakeBroker::with(&[("t", 50)]), Profile::Java, &pairs, script).until(2_000);
    let [(first, 1), (second, 1), (third, 1)] = run.broker().produced[..] else {
        panic!("{:?}", run.broker().produced)
    };
    assert!(first == second && second != third, "{first}, {second}, {third}");
}

/// A broker never answers. The first record of partition 0 is given up after a retry while the second is in the air, so the third waits;
/// another of partition 1 comes. When that is sent, in ms.
fn sent_behind_a_doubt(profile: Profile) -> u64 {
    let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 2)]) };
    let timeout = if profile == Profile::Java { "request.timeout.ms" } else { "socket.timeout.ms" };
    let pairs = [
        ("delivery.timeout.ms", "4000"),
        (timeout, "1500"),
        ("linger.ms", "0"),
        ("enable.idempotence", "true"),
        ("partitioner", "murmur2"),
    ];
    let pairs = if profile == Profile::Java { &pairs[..4] } else { &pairs[..] };
    let (one, other) = ("station-02", "station-01");
    let script = vec![
        (100, send("t", Some(one), "a")),
        (1_000, send("t", Some(one), "b")),
        (4_200, send("t", Some(one), "c")),
        (4_300, send("t", Some(other), "d")),
    ];
    let mut run = Run::producer(broker, profile, pairs, script);
    run.when(|run| run.broker().produced.iter().any(|(partition, _)| *partition == 1)).as_millis()
}

/// `RecordAccumulator#drainBatchesForOneNode` stops at a partition that has to wait.
#[test]
fn what_must_wait_holds_up_the_other_partitions_of_its_node() {
    let at = sent_behind_a_doubt(Profile::Java);
    assert!((4_900..5_100).contains(&at), "the second record comes back for another try at 4.97 s: {at}");
}

/// KAFKA-19012.
#[test]
fn the_memory_of_a_batch_that_is_given_up_in_the_air_is_in_use_until_its_request_ends() {
    let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 1)]) };
    let pairs = [
        ("buffer.memory", "100"),
        ("batch.size", "50"),
        ("delivery.timeout.ms", "2000"),
        ("request.timeout.ms", "1500"),
        ("linger.ms", "0"),
    ];
    let script = vec![(100, send("t", None, "a")), (200, send("t", None, "b")), (2_500, send("t", None, "c"))];
    let mut run = Run::producer(broker, Profile::Java, &pairs, script);
    let failed = run.when(|run| !run.failed().is_empty()).as_millis();
    assert!((2_100..2_110).contains(&failed), "{failed}");
    // The retry was sent after a backoff of some 100 ms, and times out.
    let sent = run.when(|run| run.broker().produced.len() == 3).as_millis();
    assert!((3_150..3_400).contains(&sent), "{sent}");
}

#[test]
fn a_batch_that_is_larger_than_the_buffer_is_refused_at_once() {
    let pairs = [("batch.size", "1000"), ("buffer.memory", "500")];
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, vec![(100, send("t", None, "a"))]);
    let text = "java.lang.IllegalArgumentException: Attempt to allocate 1000 bytes, but there is a hard limit of 500 on memory allocations.";
    let failed = run.until(1_000).failed();
    assert!(matches!(&failed[..], [(at, error)] if *at < 110 && error == text), "{failed:?}");
}

/// `KafkaProducer#configureDeliveryTimeout`.
#[test]
fn a_default_delivery_timeout_gives_way_to_a_long_linger() {
    for (linger, told) in [("90000", false), ("90001", true)] {
        let run = Run::producer(FakeBroker::with(&[]), Profile::Java, &[("linger.ms", linger)], vec![]).until(10);
        let text = "[Producer clientId=p] delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms. Setting it to 120001.";
        assert_eq!(run.app().logs.iter().any(|line| line.text == text), told, "{linger}: {:?}", run.app().logs);
    }
}

/// `TxnRequestHandler#retryBackoffMs`: not the growing one.
#[test]
fn a_producer_id_is_asked_for_again_after_retry_backoff_ms_each_time() {
    let identity_errors = [ErrorCode::CoordinatorLoadInProgress; 5].into();
    let broker = FakeBroker { identity_errors, ..FakeBroker::with(&[("t", 1)]) };
    let mut run = Run::producer(broker, Profile::Java, &[], vec![(100, send("t", None, "a"))]);
    let asked = |run: &Run| run.broker().asked.iter().filter(|api| **api == ApiKey::InitProducerId).count();
    let times = [2, 3, 4, 5, 6].map(|n| run.when(|run| asked(run) == n).as_millis());
    assert!(times.windows(2).all(|pair| (101..=104).contains(&(pair[1] - pair[0]))), "{times:?}");
}

/// `TransactionManager#handleFailedBatch`.
#[test]
fn a_gap_that_no_retry_is_left_for_is_logged() {
    let errors = [ErrorCode::OutOfOrderSequenceNumber; 2];
    let broker = FakeBroker { produce_errors: errors.into(), ..FakeBroker::with(&[("t", 1)]) };
    let script = vec![(100, send("t", None, "a"))];
    let run = Run::producer(broker, Profile::Java, &[("retries", "1")], script).until(2_000);
    let text = "[Producer clientId=p] The broker returned org.apache.kafka.common.errors.OutOfOrderSequenceException: The broker received an out of order sequence number. for topic-partition t-0 with producerId 7, epoch 1, and sequence number 0";
    let logged: Vec<&str> =
        run.app().logs.iter().filter(|line| line.level == LogLevel::Error).map(|line| &*line.text).collect();
    assert_eq!(logged, [text]);
    assert_eq!(run.failed().len(), 1);
}

/// `RecordAccumulator#batchReady`: who waits for memory waits for what lingers.
#[test]
fn nothing_lingers_while_a_record_waits_for_memory() {
    for (memory, at) in [("100000", 4_990..5_100), ("100", 100..200)] {
        let pairs = [("buffer.memory", memory), ("batch.size", "50"), ("linger.ms", "5000")];
        let script = vec![(0, send("t", None, "a")), (100, send("t", Some("station-01"), "b"))];
        let mut run = Run::producer(FakeBroker::with(&[("t", 2)]), Profile::Java, &pairs, script);
        let sent = run.when(|run| !run.broker().produced.is_empty()).as_millis();
        assert!(at.contains(&sent), "buffer.memory={memory}: {sent}");
    }
}

/// The partitions in each request, where one takes a batch of two partitions and no more.
fn rounds(request_bytes: &str) -> Vec<i32> {
    let pairs = [("max.request.size", request_bytes), ("batch.size", "400"), ("linger.ms", "1000")];
    let keys = ["2", "1", "3", "4", "5", "6"];
    let script = keys.iter().map(|key| (500, send("t", Some(key), &"v".repeat(300)))).collect();
    let run = Run::producer(FakeBroker::with(&[("t", 3)]), Profile::Java, &pairs, script).until(4_000);
    assert_eq!(run.acked(), keys.len());
    run.broker().produced.iter().map(|(partition, _)| *partition).collect()
}

/// `#drainBatchesForOneNode`: what did not fit comes first in the next request.
#[test]
fn a_request_takes_no_more_than_max_request_size_and_the_next_begins_where_it_ended() {
    let all = rounds("1048576");
    let few = rounds("800");
    assert!(all.len() >= 3 && all[..3] == [0, 1, 2], "{all:?}");
    assert!(few.len() >= 4 && few[..2] == [0, 1] && few[2] == 2, "{few:?}");
}

/// A batch may be larger than a request, as its records are not: it goes alone.
#[test]
fn the_first_batch_of_a_request_is_sent_whatever_its_size() {
    let pairs = [("max.request.size", "1000"), ("batch.size", "5000"), ("linger.ms", "100")];
    let what = Do::Send { topic: "t", key: None, value: "v".repeat(400), times: 5 };
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, vec![(100, what)]).until(2_000);
    assert_eq!(run.broker().produced, [(0, 5)]);
}

/// A batch is open up to `batch.size` with its header of 61 bytes, and its first record is taken whatever its size.
#[test]
fn a_batch_takes_what_fits_exactly() {
    for (batch, counts) in [("175", [2, 2]), ("174", [1, 1]), ("10", [1, 1])] {
        let pairs = [("batch.size", batch), ("linger.ms", "100")];
        // A record of 50 bytes is 57 bytes there.
        let what = Do::Send { topic: "t", key: None, value: "v".repeat(50), times: 4 };
        let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, vec![(100, what)]).until(2_000);
        let sent: Vec<u32> = run.broker().produced.iter().map(|(_, count)| *count).collect();
        assert_eq!(sent[..2], counts, "batch.size={batch}: {sent:?}");
        let sizes: Vec<u32> = run.broker().batches("t", 0).iter().map(|b| b.size_in_bytes()).collect();
        assert_eq!(sizes[0], 61 + 57 * counts[0], "batch.size={batch}");
    }
}

/// The topic has no such partition, until it has.
#[test]
fn a_partition_that_is_not_there_is_waited_for() {
    let script = || vec![(100, Do::SendTo { topic: "t", partition: 2, value: "a" })];
    let pairs = [("max.block.ms", "3000")];
    let mut run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, script()).until(1_000);
    run.broker_mut().topics.insert("t".into(), 3);
    let run = run.until(5_000);
    assert_eq!((run.acked(), run.broker().values("t", 2)), (1, vec!["a".to_owned()]));
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, script()).until(5_000);
    let text = "org.apache.kafka.common.errors.TimeoutException: Partition 2 of topic t with partition count 1 is not present in metadata after 3000 ms.";
    assert_eq!(run.failed(), [(3_100, text.to_owned())]);
}

/// KIP-951: the refusal names broker 2, so that nobody waits for metadata nor for the backoff.
#[test]
fn a_retry_goes_at_once_to_the_leader_that_a_refusal_names() {
    for (leads_now, at) in [(Some((2, 1)), 100..120), (None, 4_000..6_200)] {
        let broker = || FakeBroker { has_near_replica: true, ..FakeBroker::with(&[("t", 1)]) };
        let produce_errors = [ErrorCode::NotLeaderOrFollower].into();
        let first = FakeBroker { produce_errors, leads_now, ..broker() };
        let backoffs = ["retry.backoff.ms", "retry.backoff.max.ms"].map(|name| (name, "5000"));
        let run = Run::producer(first, Profile::Java, &backoffs, vec![(100, send("t", None, "a"))]);
        let mut run = run.beside(broker());
        let acked = run.when(|run| run.acked() == 1).as_millis();
        assert!(at.contains(&acked), "{leads_now:?}: {acked}");
        assert_eq!(run.second().produced.len(), usize::from(leads_now.is_some()));
    }
}

/// Its metadata does not have broker 2: that the refusal names it is of use only where it says where it listens, too.
#[test]
fn a_leader_that_was_not_known_is_found_where_the_refusal_says() {
    for (names_node, at) in [(true, 100..120), (false, 4_000..6_200)] {
        let produce_errors = [ErrorCode::NotLeaderOrFollower].into();
        let broker = FakeBroker::with(&[("t", 1)]);
        let first = FakeBroker { produce_errors, leads_now: Some((2, 1)), names_node, ..broker.clone() };
        let backoffs = ["retry.backoff.ms", "retry.backoff.max.ms"].map(|name| (name, "5000"));
        let run = Run::producer(first, Profile::Java, &backoffs, vec![(100, send("t", None, "a"))]);
        let mut run = run.beside(broker);
        let acked = run.when(|run| run.acked() == 1).as_millis();
        assert!(at.contains(&acked), "{names_node}: {acked}");
        assert_eq!(run.second().produced.len(), usize::from(names_node));
    }
}

/// The sender looks each time something wakes it, and draws each time how long to wait (`RecordAccumulator#shouldBackoff`): who sends all the
/// time sends again soon after four fifths of the backoff.
#[test]
fn a_busy_producer_retries_sooner_than_a_quiet_one() {
    let retried = |others: u64| {
        let produce_errors = [ErrorCode::NotEnoughReplicas].into();
        let broker = FakeBroker { produce_errors, ..FakeBroker::with(&[("t", 2)]) };
        let pairs = [("retry.backoff.ms", "1000"), ("retry.backoff.max.ms", "5000"), ("linger.ms", "0")];
        let mut script = vec![(100, Do::SendTo { topic: "t", partition: 0, value: "a" })];
        script.extend((0..others).map(|n| (200 + n, Do::SendTo { topic: "t", partition: 1, value: "b" })));
        let mut run = Run::producer(broker, Profile::Java, &pairs, script);
        let tries = |run: &Run| run.broker().produced.iter().filter(|(partition, _)| *partition == 0).count();
        let refused = run.when(|run| tries(run) == 1);
        run.when(|run| tries(run) == 2).since(refused).as_millis()
    };
    let (busy, quiet) = (retried(1_300), retried(0));
    assert!((800..950).contains(&busy), "{busy} ms");
    assert!((800..1_203).contains(&quiet) && busy < quiet, "{quiet} ms");
}
