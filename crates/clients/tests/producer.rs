//! The producer against a scripted broker.

mod common;

use clients::{Producer, ProducerEvent, Profile};
use common::*;
use protocol::{ApiKey, Batch, ErrorCode};

#[test]
fn java_parts_the_two_stations_and_librdkafka_does_not() {
    let script = || vec![(0, send("t", Some("station-01"), "a")), (0, send("t", Some("station-02"), "b"))];
    let java = Run::producer(FakeBroker::with(&[("t", 2)]), Profile::Java, &[], script()).until(1_000);
    assert_eq!(
        (java.broker().values("t", 1), java.broker().values("t", 0)),
        (vec!["a".to_string()], vec!["b".to_string()])
    );
    let other = Run::producer(FakeBroker::with(&[("t", 2)]), Profile::Librdkafka, &[], script()).until(1_000);
    assert_eq!(other.broker().values("t", 1), ["a", "b"]);
    assert_eq!((java.acked(), other.acked()), (2, 2));
}

#[test]
fn an_empty_key_is_a_key_to_java_and_none_to_librdkafka() {
    let script = || (0..20).map(|n| (n * 50, send("t", Some(""), "x"))).collect();
    let java = Run::producer(FakeBroker::with(&[("t", 2)]), Profile::Java, &[], script()).until(3_000);
    assert_eq!(java.broker().values("t", 1).len(), 20);
    let other = Run::producer(FakeBroker::with(&[("t", 2)]), Profile::Librdkafka, &[], script()).until(3_000);
    let spread = (other.broker().values("t", 0).len(), other.broker().values("t", 1).len());
    assert!(spread.0 > 0 && spread.1 > 0 && spread.0 + spread.1 == 20, "{spread:?}");
}

#[test]
fn keyless_records_of_a_java_producer_come_in_runs_of_a_batch_or_two() {
    let burst = common::Do::Send { topic: "t", key: None, value: "v".repeat(100), times: 2_000 };
    let run = Run::producer(FakeBroker::with(&[("t", 6)]), Profile::Java, &[], vec![(100, burst)]).until(5_000);
    assert_eq!(run.acked(), 2_000);
    let mut runs: Vec<(i32, usize)> = Vec::new();
    for (_, event) in &run.app().produced {
        let ProducerEvent::Acked { handle, tp, .. } = event else { continue };
        let _ = handle;
        match runs.last_mut() {
            Some((partition, bytes)) if *partition == tp.partition => *bytes += 107,
            _ => runs.push((tp.partition, 107)),
        }
    }
    // 214 kB in runs of at least one batch of 16 KiB: far fewer changes than records, and more than one partition.
    assert!((3..=14).contains(&runs.len()), "{runs:?}");
}

/// What goes to the broker is the same, batch for batch; what comes back, too, but for how many events it takes.
#[test]
fn a_run_is_sent_as_its_records_would_be_one_by_one() {
    let batches = |what: Do, settings: &[(&str, &str)]| {
        // The first record waits for metadata.
        let script = vec![(1_000, send("t", None, &"v".repeat(100))), (3_000, what)];
        let run = Run::producer(FakeBroker::with(&[("t", 3)]), Profile::Java, settings, script).until(9_000);
        let sizes = |partition| run.broker().batches("t", partition).iter().map(|b| (b.count(), b.size_in_bytes()));
        let acked: u32 = run
            .app()
            .produced
            .iter()
            .map(|(_, event)| if let ProducerEvent::Acked { count, .. } = event { *count } else { 0 })
            .sum();
        assert_eq!(acked, 3_001);
        (0..3).map(|partition| sizes(partition).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    for settings in [&[][..], &[("batch.size", "100000")], &[("linger.ms", "0")], &[("compression.type", "gzip")]] {
        let one_by_one = Do::Send { topic: "t", key: None, value: "v".repeat(100), times: 3_000 };
        let run = Do::SendRun { topic: "t", count: 3_000, value_len: 100 };
        assert_eq!(batches(run, settings), batches(one_by_one, settings), "{settings:?}");
    }
}

#[test]
fn keyless_records_of_librdkafka_stick_for_ten_milliseconds() {
    let script = (0..100).map(|n| (100 + n, send("t", None, "x"))).collect();
    let run = Run::producer(FakeBroker::with(&[("t", 50)]), Profile::Librdkafka, &[], script).until(2_000);
    let used = (0..50).filter(|p| !run.broker().values("t", *p).is_empty()).count();
    assert!((5..=11).contains(&used), "{used}");
}

/// The partitions that 40 records of one key go to, 50 ms apart.
fn partitions_of_a_key(partitioner: &str, key: Option<&'static str>) -> Vec<i32> {
    let script = (0..40).map(|n| (100 + n, send("t", key, "x"))).collect();
    let broker = FakeBroker::with(&[("t", 4)]);
    let run = Run::producer(broker, Profile::Librdkafka, &[("partitioner", partitioner)], script).until(5_000);
    assert_eq!(run.acked(), 40);
    (0..4).filter(|p| !run.broker().values("t", *p).is_empty()).collect()
}

#[test]
fn librdkafka_hashes_as_sarama_does_if_told_to() {
    // 0x0d33c4e1 and, of nothing, 0x7ee3623b.
    assert_eq!(partitions_of_a_key("fnv1a", Some("kafka")), [1]);
    assert_eq!(partitions_of_a_key("fnv1a_random", Some("kafka")), [1]);
    assert_eq!(partitions_of_a_key("fnv1a", None), [3]);
    assert!(partitions_of_a_key("fnv1a_random", None).len() > 1);
}

#[test]
fn librdkafkas_random_partitioner_sticks_for_a_while_without_key_only() {
    // Forty milliseconds are four or five windows of ten; forty draws of four miss none.
    assert_eq!(partitions_of_a_key("random", Some("kafka")), [0, 1, 2, 3]);
    let script = (0..9).map(|n| (100 + n, send("t", None, "x"))).collect();
    let run = Run::producer(FakeBroker::with(&[("t", 50)]), Profile::Librdkafka, &[("partitioner", "random")], script);
    let run = run.until(2_000);
    assert_eq!((0..50).filter(|p| !run.broker().values("t", *p).is_empty()).count(), 1);
}

#[test]
fn a_topic_that_is_not_written_to_for_metadata_max_idle_is_not_asked_about_any_more() {
    let pairs = [("metadata.max.idle.ms", "5000"), ("metadata.max.age.ms", "4000")];
    let script = vec![
        (0, send("a", None, "1")),
        (1_000, send("b", None, "1")),
        (3_500, send("b", None, "2")),
        (7_000, send("b", None, "3")),
        (13_000, send("a", None, "2")),
    ];
    let run = Run::producer(FakeBroker::with(&[("a", 1), ("b", 1)]), Profile::Java, &pairs, script).until(13_500);
    assert_eq!(run.acked(), 5);
    // A new topic is asked for alone. What has aged is asked for whole, and what nobody uses is forgotten with the answer.
    let described: Vec<String> = run.broker().described.iter().map(|topics| topics.join(" ")).collect();
    assert_eq!(described, ["a", "b", "a b", "a b", "b", "a"]);
}

#[test]
fn a_full_buffer_holds_send_back_for_what_is_left_of_max_block() {
    let pairs = [("buffer.memory", "200"), ("batch.size", "50"), ("max.block.ms", "3000"), ("linger.ms", "0")];
    let script = vec![
        (0, send("t", None, "a")),
        (100, send("t", None, "b")),
        (200, send("t", None, "c")),
        (300, send("t", None, "d")),
    ];
    let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 1)]) };
    let run = Run::producer(broker, Profile::Java, &pairs, script).until(10_000);
    // A record of one byte may take 86: two of them fit. The next waits its three seconds, and only then the one after it.
    let text = "org.apache.kafka.clients.producer.BufferExhaustedException: Failed to allocate 86 bytes within the configured \
                max blocking time 3000 ms. Total memory: 200 bytes. Available memory: 28 bytes. Poolable size: 50 bytes";
    assert_eq!(run.failed(), [(3_200, text.to_owned()), (6_200, text.to_owned())]);
    assert_eq!(run.broker().values("t", 0), ["a", "b"]);
}

#[test]
fn records_within_linger_travel_in_one_batch() {
    let times = [(0, "first"), (100, "a"), (103, "b"), (120, "c")];
    let script = || times.iter().map(|(at, value)| (*at, send("t", None, value))).collect();
    let lingering = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[], script()).until(1_000);
    assert_eq!(lingering.broker().produced, [(0, 1), (0, 2), (0, 1)]);
    let eager =
        Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[("linger.ms", "0")], script()).until(1_000);
    assert_eq!(eager.broker().produced, [(0, 1), (0, 1), (0, 1), (0, 1)]);
}

#[test]
fn java_sends_one_request_a_node_and_librdkafka_one_a_partition() {
    let script = || {
        vec![
            (0, send("t", Some("warm"), "up")),
            (500, send("t", Some("2"), "a")),
            (500, send("t", Some("1"), "b")),
            (500, send("t", Some("3"), "c")),
        ]
    };
    let requests = |profile| {
        let run = Run::producer(FakeBroker::with(&[("t", 16)]), profile, &[], script()).until(1_000);
        assert_eq!(run.acked(), 4);
        run.broker().asked.iter().filter(|api| **api == ApiKey::Produce).count()
    };
    assert_eq!((requests(Profile::Java), requests(Profile::Librdkafka)), (2, 4));
}

#[test]
fn flush_does_not_wait_for_linger() {
    let script = vec![(100, send("t", None, "a")), (101, Do::Flush)];
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[("linger.ms", "5000")], script).until(200);
    assert!(matches!(
        run.app().produced[..],
        [(_, ProducerEvent::Acked { offset: 0, .. }), (_, ProducerEvent::Flushed)]
    ));
}

fn with_a_retry(pairs: &[(&str, &str)]) -> Vec<String> {
    let errors = [ErrorCode::None, ErrorCode::NotEnoughReplicas];
    let broker = FakeBroker { produce_errors: errors.into(), ..FakeBroker::with(&[("t", 1)]) };
    let script = vec![
        (0, send("t", None, "first")),
        (100, send("t", None, "a")),
        (101, send("t", None, "b")),
        (101, send("t", None, "c")),
    ];
    let run = Run::producer(broker, Profile::Java, &[&[("linger.ms", "0")], pairs].concat(), script).until(5_000);
    assert_eq!(run.acked(), 4);
    run.broker().values("t", 0).split_off(1)
}

#[test]
fn a_retry_reorders_records_unless_the_producer_is_idempotent() {
    assert_eq!(with_a_retry(&[("enable.idempotence", "false")]), ["b", "c", "a"]);
    assert_eq!(
        with_a_retry(&[("enable.idempotence", "false"), ("max.in.flight.requests.per.connection", "1")]),
        ["a", "b", "c"]
    );
    assert_eq!(with_a_retry(&[]), ["a", "b", "c"]);
}

#[test]
fn a_lost_answer_duplicates_records_unless_the_producer_is_idempotent() {
    let produce = |pairs: &[(&str, &str)]| {
        let broker = FakeBroker { produce_drops: 1, ..FakeBroker::with(&[("t", 1)]) };
        let run = Run::producer(broker, Profile::Java, pairs, vec![(100, send("t", None, "a"))]).until(5_000);
        assert_eq!(run.acked(), 1);
        run.broker().values("t", 0)
    };
    assert_eq!(produce(&[]), ["a"]);
    assert_eq!(produce(&[("enable.idempotence", "false")]), ["a", "a"]);
}

#[test]
fn idempotence_is_the_default_of_java_only() {
    let asks = |profile| {
        let run =
            Run::producer(FakeBroker::with(&[("t", 1)]), profile, &[], vec![(0, send("t", None, "a"))]).until(1_000);
        run.broker().asked.contains(&ApiKey::InitProducerId)
    };
    assert!(asks(Profile::Java) && !asks(Profile::Librdkafka));
}

#[test]
fn a_missing_topic_fails_after_sixty_seconds_in_java_and_thirty_in_librdkafka() {
    let java =
        Run::producer(FakeBroker::with(&[]), Profile::Java, &[], vec![(0, send("nope", None, "a"))]).until(70_000);
    let text = "org.apache.kafka.common.errors.TimeoutException: Topic nope not present in metadata after 60000 ms.";
    assert_eq!(java.failed(), [(60_000, text.to_string())]);
    let warning = &java.app().logs[0];
    assert_eq!(
        warning.text,
        "[Producer clientId=p] The metadata response from the cluster reported a recoverable issue with correlation id 1 : {nope=UNKNOWN_TOPIC_OR_PARTITION}"
    );
    let other = Run::producer(FakeBroker::with(&[]), Profile::Librdkafka, &[], vec![(0, send("nope", None, "a"))])
        .until(70_000);
    let [(at, error)] = &other.failed()[..] else { panic!("{:?}", other.failed()) };
    assert!((30_000..32_000).contains(at) && error == "_UNKNOWN_TOPIC: Local: Unknown topic", "{at} {error}");
}

#[test]
fn a_topic_that_appears_in_time_is_produced_to() {
    let mut run =
        Run::producer(FakeBroker::with(&[]), Profile::Java, &[], vec![(0, send("late", None, "a"))]).until(10_000);
    run.broker_mut().topics.insert("late".into(), 1);
    assert_eq!(run.until(12_000).acked(), 1);
}

#[test]
fn a_record_nobody_answers_for_expires_after_the_delivery_timeout() {
    let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 1)]) };
    let pairs = [("delivery.timeout.ms", "4000"), ("request.timeout.ms", "1500"), ("linger.ms", "0")];
    let run = Run::producer(broker, Profile::Java, &pairs, vec![(100, send("t", None, "a"))]).until(20_000);
    let text = "org.apache.kafka.common.errors.TimeoutException: Expiring 1 record(s) for t-0:4000 ms has passed since batch creation. The request has not been sent, or no server response has been received yet.";
    // The batch was made when the topic's metadata had come, 4 ms after the send: the broker had to be connected to.
    assert_eq!(run.failed(), [(4_104, text.to_string())]);
    let warnings = run
        .app()
        .logs
        .iter()
        .filter(|line| {
            line.text.contains("Error: REQUEST_TIMED_OUT. Error Message: Disconnected from node 1 due to timeout")
        })
        .count();
    assert_eq!(warnings, 2);
}

/// `Sender#handleProduceResponse`: a time-out is no broken connection, which would say that metadata are out of date.
#[test]
fn a_record_whose_last_attempt_times_out_fails_with_a_timeout() {
    let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 1)]) };
    let pairs = [("retries", "0"), ("request.timeout.ms", "1500"), ("linger.ms", "0")];
    let run = Run::producer(broker, Profile::Java, &pairs, vec![(100, send("t", None, "a"))]).until(20_000);
    let text = "org.apache.kafka.common.errors.TimeoutException: Disconnected from node 1 due to timeout";
    assert_eq!(run.failed().iter().map(|(_, error)| error.as_str()).collect::<Vec<_>>(), [text]);
    assert!(!run.app().logs.iter().any(|line| line.text.contains("invalid metadata")));
}

/// A batch that was sent is closed, and what is closed is full (`MemoryRecordsBuilder#isFull`).
#[test]
fn a_retry_waits_for_its_backoff_and_does_not_linger_again() {
    let errors = [ErrorCode::NotEnoughReplicas, ErrorCode::NotEnoughReplicas];
    let broker = FakeBroker { produce_errors: errors.into(), ..FakeBroker::with(&[("t", 1)]) };
    let pairs = [("linger.ms", "1000"), ("delivery.timeout.ms", "60000")];
    let run = Run::producer(broker, Profile::Java, &pairs, vec![(100, send("t", None, "a"))]).until(20_000);
    let [(acked, ProducerEvent::Acked { .. })] = run.app().produced[..] else { panic!("{:?}", run.app().produced) };
    // The linger, two backoffs of 100 and 200 ms, give or take a fifth.
    let acked = acked.as_nanos() / 1_000_000;
    assert!((1_340..1_480).contains(&acked), "{acked}");
}

#[test]
fn without_acks_a_record_is_done_when_it_is_sent() {
    let run = Run::producer(
        FakeBroker::with(&[("t", 1)]),
        Profile::Java,
        &[("acks", "0")],
        vec![(100, send("t", None, "a"))],
    )
    .until(1_000);
    assert!(matches!(run.app().produced[..], [(_, ProducerEvent::Acked { offset: -1, .. })]));
    assert_eq!(run.broker().values("t", 0), ["a"]);
}

#[test]
fn an_error_that_is_not_retriable_fails_at_once() {
    let broker = FakeBroker { produce_errors: [ErrorCode::InvalidRecord].into(), ..FakeBroker::with(&[("t", 1)]) };
    let run = Run::producer(broker, Profile::Java, &[], vec![(100, send("t", None, "a"))]).until(1_000);
    let text = "org.apache.kafka.common.InvalidRecordException: This record has failed the validation on broker and hence will be rejected.";
    assert_eq!(run.failed().first().map(|(_, e)| e.as_str()), Some(text));
}

/// The id, epoch and first sequence of each batch in the log, when the second of four records is refused.
fn stamps_after_a_refusal(first_producer_epoch: i16) -> Vec<(i64, i16, i32)> {
    let errors = [ErrorCode::None, ErrorCode::InvalidRecord];
    let broker = FakeBroker { produce_errors: errors.into(), first_producer_epoch, ..FakeBroker::with(&[("t", 1)]) };
    let script = ["a", "b", "c", "d"].iter().zip(1..).map(|(value, n)| (n * 100, send("t", None, value))).collect();
    let run = Run::producer(broker, Profile::Java, &[("linger.ms", "0")], script).until(5_000);
    assert_eq!(run.broker().values("t", 0), ["a", "c", "d"]);
    assert_eq!((run.acked(), run.failed().len()), (3, 1));
    let log = &run.broker().log[&(topic_id("t"), 0)];
    let stamps = log.iter().map(Batch::producer);
    stamps.map(|stamp| (stamp.producer_id, stamp.producer_epoch, stamp.base_sequence)).collect()
}

#[test]
fn after_a_batch_that_was_refused_others_go_on_in_a_new_producer_epoch() {
    assert_eq!(stamps_after_a_refusal(0), [(7, 0, 0), (7, 1, 0), (7, 1, 1)]);
}

/// The stamps of what is sent to a broker that refuses the second of four records, the third of which is in the air by then.
fn stamps_around_a_refusal(profile: Profile) -> Vec<(i16, i32)> {
    let errors = [ErrorCode::None, ErrorCode::InvalidRecord];
    let broker = FakeBroker { produce_errors: errors.into(), ..FakeBroker::with(&[("t", 1)]) };
    let script = [(100, "a"), (200, "b"), (201, "c"), (203, "d")];
    let script = script.into_iter().map(|(at, value)| (at, send("t", None, value))).collect();
    let pairs = [("linger.ms", "0"), ("enable.idempotence", "true")];
    let run = Run::producer(broker, profile, &pairs, script).until(5_000);
    assert_eq!(run.broker().values("t", 0), ["a", "c", "d"]);
    run.broker().stamps.clone()
}

#[test]
fn java_numbers_what_is_in_the_air_anew_at_once_and_librdkafka_when_it_has_landed() {
    // "c" is numbered anew before it is answered. That it is out of order asks for no other epoch, then; "d" does not wait for it.
    assert_eq!(stamps_around_a_refusal(Profile::Java), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 0), (1, 1)]);
    assert_eq!(stamps_around_a_refusal(Profile::Librdkafka), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
}

#[test]
fn after_its_last_epoch_a_producer_gets_another_id() {
    assert_eq!(stamps_after_a_refusal(i16::MAX), [(7, i16::MAX, 0), (8, 0, 0), (8, 0, 1)]);
}

#[test]
fn a_big_record_is_refused_by_the_producer() {
    let big = common::Do::Send { topic: "t", key: None, value: "v".repeat(1_100_000), times: 1 };
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[], vec![(100, big)]).until(1_000);
    assert!(
        run.failed()[0]
            .1
            .contains("which is larger than 1048576, which is the value of the max.request.size configuration."),
        "{:?}",
        run.failed()
    );
}

#[test]
fn closing_sends_what_is_left() {
    let script = vec![(100, send("t", None, "a")), (101, Do::CloseProducer)];
    let run = Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[("linger.ms", "60000")], script).until(200);
    assert!(matches!(run.app().produced.last(), Some((_, ProducerEvent::Closed))));
    assert_eq!(run.broker().values("t", 0), ["a"]);
}

#[test]
fn configurations_that_contradict_each_other_are_refused() {
    let refusal =
        |pairs: &[(&str, &str)]| Producer::new(Profile::Java, &properties(pairs), "p", 1).err().map(|e| e.message);
    assert_eq!(refusal(&[("acks", "1")]), None);
    assert_eq!(
        refusal(&[("acks", "1"), ("enable.idempotence", "true")]).as_deref(),
        Some(
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
        )
    );
    assert_eq!(
        refusal(&[("linger.ms", "abc")]).as_deref(),
        Some("Invalid value abc for configuration linger.ms: Not a number of type LONG")
    );
    let six = ("max.in.flight.requests.per.connection", "6");
    // With acks=1 it would not be idempotent, but that is seen later.
    for pairs in [&[six][..], &[six, ("acks", "1")]] {
        assert_eq!(
            refusal(pairs).as_deref(),
            Some(
                "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is 6."
            )
        );
    }
    assert_eq!(refusal(&[six, ("enable.idempotence", "false")]), None);
    let unsafe_twice = [("acks", "1"), ("retries", "0"), ("enable.idempotence", "true")];
    let retries = Some("Must set retries to non-zero when using the idempotent producer.");
    assert_eq!((refusal(&unsafe_twice[..2]), refusal(&unsafe_twice).as_deref()), (None, retries));
    let is_idempotent = |pairs: &[(&str, &str)]| {
        Producer::new(Profile::Java, &properties(pairs), "p", 1).expect("it is fine").is_idempotent()
    };
    assert!(is_idempotent(&[]) && !is_idempotent(&[("acks", "1")]) && !is_idempotent(&[("retries", "0")]));
    assert_eq!(
        refusal(&[("delivery.timeout.ms", "1000")]).as_deref(),
        Some("delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms")
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let digest = || {
        let burst = common::Do::Send { topic: "t", key: None, value: "v#".into(), times: 500 };
        Run::producer(FakeBroker::with(&[("t", 5)]), Profile::Java, &[], vec![(10, burst)]).until(2_000).world.digest()
    };
    assert_eq!(digest(), digest());
}
