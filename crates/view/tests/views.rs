//! What the views are given: logs over one axis, messages with what became of them, causes, pasts and differences.

use lab::{BOOT, Duration, Lab, Scenario};
use view::{FlowLens, Lens, LogLens, MetricView, MetricsLens, Past, Subject};

fn lab() -> Lab {
    let text = r#"{"kafkasim": 1, "title": "t", "seed": 7, "cluster": {"brokers": 3, "controllers": 3},
        "topics": [{"name": "orders", "partitions": 1, "replication_factor": 3}],
        "commands": [{"at": "0s", "term": 2, "run":
            "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 200 --acks 1"}]}"#;
    Lab::new(&Scenario::parse(text).expect("a good scenario")).expect("it boots")
}

fn run(lab: &mut Lab, ms: u64) {
    lab.run_for(Duration::from_millis(ms));
}

fn leader(lab: &Lab) -> i32 {
    view::observe(lab, &Lens::default()).topics[0].partitions[0].leader
}

/// A leader dies with records that no follower has, and comes back after another led.
fn truncated() -> (Lab, i32) {
    let mut lab = lab();
    run(&mut lab, 3_000);
    let old = leader(&lab);
    lab.command(1, "sim cut leader:orders-0 | followers:orders-0");
    run(&mut lab, 300);
    lab.command(1, &format!("sim kill broker {old}"));
    run(&mut lab, 12_000);
    lab.command(1, "sim heal");
    lab.command(1, &format!("sim start broker {old}"));
    run(&mut lab, 12_000);
    (lab, old)
}

#[test]
fn what_a_replica_cut_off_stays_in_the_log_view_with_its_moment() {
    let (lab, old) = truncated();
    let mut past = Past::default();
    past.catch_up(&lab);
    let lens = LogLens { topic: "orders", partition: 0, count: 24, end: None };
    let logs = view::logs(&lab, &past, &lens).expect("the partition exists");
    let replica = logs.replicas.iter().find(|r| r.broker == old).expect("it has a replica");
    let torn = replica.torn.last().expect("its log was cut");
    assert!(torn.from < torn.to && torn.at_ns > 15_000_000_000, "{torn:?}");
    assert!(logs.replicas.iter().filter(|r| r.broker != old).all(|r| r.torn.is_empty()));
    assert_eq!(logs.window, (logs.end - 24, logs.end));
    assert!(replica.records.iter().all(|r| (logs.window.0..logs.window.1).contains(&r.offset)));
    let epochs: Vec<i32> = replica.epochs.iter().map(|(epoch, _)| *epoch).collect();
    assert!(epochs.len() >= 2 && epochs.windows(2).all(|pair| pair[0] < pair[1]), "{epochs:?}");
}

#[test]
fn a_record_above_the_high_watermark_is_held_by_the_leader_alone_and_nobody_may_read_it() {
    let mut lab = lab();
    run(&mut lab, 3_000);
    let on = leader(&lab);
    lab.command(1, "sim cut leader:orders-0 | followers:orders-0");
    run(&mut lab, 300);
    let picture = view::observe(&lab, &Lens::default());
    let end = picture.topics[0].partitions[0].log_end;
    let record = view::record(&lab, "orders", 0, on, end - 1).expect("the leader has it");
    assert!(!record.record.committed && record.bounds.0 < end);
    assert_eq!(record.held_by.iter().map(|(broker, _)| *broker).collect::<Vec<_>>(), [on]);
    assert_eq!(view::record(&lab, "orders", 0, on, end), None, "there is no record at the end");
}

#[test]
fn messages_to_a_dead_broker_are_lost_and_those_to_the_living_arrive_after_they_left() {
    let mut lab = lab();
    run(&mut lab, 3_000);
    lab.command(1, &format!("sim kill broker {}", leader(&lab)));
    run(&mut lab, 200);
    let lens = FlowLens { span_ns: Some(250_000_000), quiet: true, hops_max: 10_000, of: None };
    let flow = view::flow(&lab, &lens);
    assert!(flow.hops.iter().any(|hop| hop.fate == "lost"));
    assert!(flow.hops.iter().filter(|hop| hop.fate == "arrived").count() > 50);
    for hop in &flow.hops {
        assert!(hop.sent_ns <= hop.arrives_ns && hop.from != hop.to, "{hop:?}");
        assert!(hop.event == 0 || hop.cause < hop.event, "{hop:?}");
    }
    let loud = view::flow(&lab, &FlowLens { quiet: false, ..lens });
    assert_eq!(loud.hops.len() + loud.quiet, flow.hops.len(), "what is not drawn is counted");
}

#[test]
fn the_chain_of_causes_of_a_failover_names_what_was_reported_and_goes_back_in_time() {
    let mut lab = lab();
    run(&mut lab, 3_000);
    let old = leader(&lab);
    lab.command(1, &format!("sim kill broker {old}"));
    run(&mut lab, 12_000);
    let mut past = Past::default();
    past.catch_up(&lab);
    let change = past.since(Subject::Leader("orders", 0), lab.events()).expect("the leader changed");
    assert!(change.text.to_string().contains("leads orders-0 in epoch 1"), "{}", change.text);
    let (chain, _) = view::why(&lab, change.event, 10);
    assert!(chain[0].notes.iter().any(|note| note.to_string().contains("fenced")), "{chain:?}");
    assert!(chain.windows(2).all(|pair| pair[1].at_ns <= pair[0].at_ns && pair[1].event <= pair[0].event), "{chain:?}");
    let told: Vec<String> = chain.iter().map(|cause| cause.text.to_string()).collect();
    let unheard =
        told.iter().position(|text| text.starts_with(&format!("has heard no BrokerHeartbeat from broker-{old} since")));
    let after = &told[unheard.unwrap_or_else(|| panic!("who was not heard? {told:?}")) + 1..];
    assert_eq!(after, ["was killed".to_owned(), format!("command: sim kill broker {old}")]);
    // A command's own event leads to the command.
    let stopped = lab.events();
    lab.command(1, "sim stop broker 3");
    run(&mut lab, 1);
    let (chain, end) = view::why(&lab, stopped + 1, 4);
    assert_eq!(
        (chain.last().map(|cause| cause.text.to_string()), end),
        (Some("command: sim stop broker 3".to_owned()), 0)
    );
}

#[test]
fn the_past_of_the_leader_is_that_of_the_moment_not_of_the_head() {
    let mut lab = lab();
    run(&mut lab, 3_000);
    let early = lab.clone();
    lab.command(1, &format!("sim kill broker {}", leader(&lab)));
    run(&mut lab, 12_000);
    let mut past = Past::default();
    past.catch_up(&lab);
    let now = past.since(Subject::Leader("orders", 0), lab.events()).expect("it changed");
    assert!(now.event > early.events());
    assert_eq!(past.since(Subject::Leader("orders", 0), early.events()), None, "it has led since the topic was made");
    assert!(early.now() > BOOT);
}

#[test]
fn equal_moments_do_not_differ_and_a_killed_broker_does() {
    let mut lab = lab();
    run(&mut lab, 1_000);
    let lens = Lens { tail: 0, terminal_lines: 0, ..Lens::default() };
    let before = view::observe(&lab, &lens);
    assert_eq!(view::differences(&before, &before), []);
    lab.command(1, "sim kill broker 2");
    let list = view::differences(&before, &view::observe(&lab, &lens));
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(
        [&list[0].what, &list[0].here, &list[0].there].map(ToString::to_string),
        ["broker 2", "running", "killed"]
    );
}

#[test]
fn with_too_many_partitions_brokers_have_counts_and_only_what_stands_out() {
    let mut lab = lab();
    lab.command(1, "sim kill broker 2");
    run(&mut lab, 12_000);
    let all = view::observe(&lab, &Lens::default());
    let few = view::observe(&lab, &Lens { partitions_max: 0, ..Lens::default() });
    for (a, b) in all.brokers.iter().zip(&few.brokers) {
        assert_eq!((a.holds, a.leads, a.out), (b.holds, b.leads, b.out));
        assert_eq!(b.replicas.len(), usize::from(b.id == 2), "only the replica that is out is listed");
        assert_eq!(a.replicas.len(), 1);
    }
    let focus = Some(("orders".to_owned(), 0));
    let one = view::observe(&lab, &Lens { partitions_max: 0, focus, ..Lens::default() });
    assert!(one.brokers.iter().all(|b| b.replicas.len() == 1), "the partition that is looked at is listed whole");
}

#[test]
fn configs_that_somebody_set_come_first_with_their_source_and_default() {
    let mut lab = lab();
    lab.command(1, "kafka-configs --bootstrap-server :9092 --alter --topic orders --add-config retention.ms=1000");
    run(&mut lab, 3_000);
    let configs = view::topic_configs(&lab, "orders");
    let set = configs.iter().take_while(|config| config.is_set).find(|config| config.name == "retention.ms");
    let set = set.expect("it stands before those that nobody set");
    assert_eq!((set.value.as_str(), set.source.as_str()), ("1000", "DYNAMIC_TOPIC_CONFIG"));
    assert_eq!(set.default.as_deref(), Some("604800000"));
    assert!(view::broker_configs(&lab, 1).len() > 20);
}

fn metric(lab: &Lab, marker_ns: u64, name: &str) -> MetricView {
    let all = view::metrics(lab, &MetricsLens { from_ns: 0, marker_ns });
    all.into_iter().find(|m| m.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn metrics_compare_a_marked_moment_with_now() {
    let mut lab = lab();
    run(&mut lab, 15_000);
    let (marker, old) = (lab.clock().as_nanos(), leader(&lab));
    lab.command(1, &format!("sim kill broker {old}"));
    run(&mut lab, 12_000);
    let pair = |name: &str| {
        let m = metric(&lab, marker, name);
        (m.before, m.now)
    };
    assert_eq!(pair("FencedBrokerCount"), (Some(0.0), Some(1.0)));
    let (before, now) = pair("UnderReplicatedPartitions");
    assert!(before == Some(0.0) && now >= Some(1.0), "{before:?} {now:?}");
    assert_eq!(pair("ActiveControllerCount").1, Some(1.0));
    assert_eq!(pair("OfflinePartitionsCount"), (Some(0.0), Some(0.0)));
    let (messages, bytes) = (pair("MessagesInPerSec"), pair("BytesInPerSec"));
    assert!((150.0..=250.0).contains(&messages.0.expect("it was measured")), "200 records a second: {messages:?}");
    assert!(bytes.0 > messages.0, "a record has more than a byte: {bytes:?}");
    let latency = pair("request-latency-avg").0.expect("there were answers");
    assert!((0.5..50.0).contains(&latency), "{latency} ms");
    let course = metric(&lab, marker, "FencedBrokerCount").points;
    let (at, value) = *course.last().expect("it has a course");
    assert!(value == 1.0 && at > marker + 6_000_000_000, "the session ran out then: {course:?}");
    assert!(course.windows(2).all(|p| p[0].0 <= p[1].0 && p[0].1 != p[1].1), "{course:?}");
}

#[test]
fn no_controller_is_active_while_a_new_one_is_elected() {
    let mut lab = lab();
    run(&mut lab, 2_000);
    let active = view::observe(&lab, &Lens::default()).controllers.iter().find(|c| c.is_active).map(|c| c.id);
    lab.command(1, &format!("sim kill controller {}", active.expect("one is active")));
    run(&mut lab, 1);
    assert_eq!(metric(&lab, 0, "ActiveControllerCount").now, Some(0.0));
    run(&mut lab, 8_000);
    assert_eq!(metric(&lab, 0, "ActiveControllerCount").now, Some(1.0));
}

#[test]
fn bytes_out_are_what_consumers_and_followers_were_sent_to_the_byte() {
    let text = r#"{"kafkasim": 1, "title": "t", "seed": 7, "cluster": {"brokers": 3, "controllers": 1},
        "topics": [{"name": "orders", "partitions": 1, "replication_factor": 3}],
        "commands": [
            {"at": "0s", "term": 1, "run": "kafka-console-consumer --bootstrap-server :9092 --topic orders"},
            {"at": "0s", "term": 2, "run": "kafka-console-consumer --bootstrap-server :9092 --topic orders"},
            {"at": "8s", "term": 3, "run": "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --max-messages 400 --throughput 100"}]}"#;
    let mut lab = Lab::new(&Scenario::parse(text).expect("a good scenario")).expect("it boots");
    let value = |lab: &Lab, name: &str| {
        let all = view::metrics(lab, &MetricsLens { from_ns: 0, marker_ns: 0 });
        all.into_iter().find(|metric| metric.name == name).and_then(|metric| metric.now).expect("it is a metric")
    };
    // In the middle of a second, with records under way, and at the end.
    run(&mut lab, 10_730);
    assert!(value(&lab, "BytesOutPerSec") > 0.0);
    run(&mut lab, 4_000);
    let log = lab.leader_log(&protocol::TopicPartition::new("orders", 0)).expect("it has a leader");
    let bytes = log.size_bytes() as f64;
    let span_s = 10.73;
    for (name, times) in [("BytesOutPerSec", 2.0), ("ReplicationBytesOutPerSec", 2.0)] {
        let sent = value(&lab, name) * span_s;
        // Offsets that the groups commit are replicated too, and nobody consumes them.
        let more = sent - times * bytes;
        let most = if times == 2.0 && name == "BytesOutPerSec" { 1.0 } else { 4_000.0 };
        assert!((-1.0..most).contains(&more), "{name}: {sent} bytes for {times} × {bytes}");
    }
}

#[test]
fn the_state_of_a_process_has_its_moment_and_the_act_that_led_to_it() {
    let mut lab = lab();
    run(&mut lab, 2_000);
    assert_eq!(view::process_since(&lab, "broker-1"), None, "it runs since boot");
    let program = view::observe(&lab, &Lens::default()).clients[0].process.clone();
    let producer = view::process_since(&lab, &program).expect("it was started by a command");
    assert!(producer.text.to_string().starts_with("kafka-verifiable-producer"), "{producer:?}");
    lab.command(1, "sim kill broker 1");
    lab.command(1, "sim stop broker 3");
    run(&mut lab, 30_000);
    lab.command(1, "sim pause leader:orders-0");
    for (process, act, at_ms) in [
        ("broker-1", "sim kill broker 1", 2_000..2_001),
        ("broker-2", "sim pause leader:orders-0", 32_000..32_001),
        ("broker-3", "sim stop broker 3", 2_001..32_000),
    ] {
        let change = view::process_since(&lab, process).expect("it changed");
        assert_eq!(change.text.to_string(), act);
        assert!(at_ms.contains(&(change.at_ns / 1_000_000)), "{process}: {change:?}");
    }
}

#[test]
fn the_gauge_of_a_compacted_log_is_what_its_cleaner_goes_by() {
    let text = r#"{"topics": [{"name": "prices", "partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "compact", "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.6"}}], "cluster": {"brokers": 1, "controllers": 1},
        "commands": [{"at": "0s", "term": 2, "run": "kafka-verifiable-producer --bootstrap-server :9092 --topic prices --throughput 20 --repeating-keys 400"}]}"#;
    let mut lab = Lab::new(&Scenario::parse(text).expect("a good scenario")).expect("it boots");
    let gauge = |lab: &Lab| {
        let lens = LogLens { topic: "prices", partition: 0, count: 24, end: None };
        let logs = view::logs(lab, &Past::default(), &lens).expect("it exists");
        logs.replicas[0].cleaner.clone().expect("it is compacted")
    };
    let compactions =
        |lab: &Lab| lab.history().latest_first().filter(|n| matches!(n.note, protocol::Note::Compacted { .. })).count();
    assert_eq!((gauge(&lab).cleanable_ppm, gauge(&lab).min_ppm, gauge(&lab).is_due), (0, 600_000, false));
    let (mut waited, mut cleaned) = (0, 0);
    for _ in 0..600 {
        let (before, was_due) = (compactions(&lab), gauge(&lab).is_due);
        run(&mut lab, 100);
        assert_eq!(gauge(&lab).is_due, gauge(&lab).cleanable_ppm > 600_000, "nothing here is overdue");
        if compactions(&lab) > before {
            assert!(was_due, "only a log that was due is cleaned");
            assert!(gauge(&lab).cleanable_ppm < 600_000 && gauge(&lab).clean_bytes > 0, "{:?}", gauge(&lab));
            cleaned += 1;
        }
        waited += usize::from(gauge(&lab).cleanable_ppm > 0 && !gauge(&lab).is_due);
    }
    assert!(cleaned >= 2 && waited > 0, "{cleaned} {waited}");
}

#[test]
fn the_configs_of_clients_have_what_their_program_set_and_what_follows_from_it() {
    let mut lab = lab();
    lab.command(1, "kafka-console-consumer --bootstrap-server :9092 --topic orders --group g --from-beginning");
    lab.command(3, "kafka-topics --bootstrap-server :9092 --list");
    run(&mut lab, 3);
    let picture = view::observe(&lab, &Lens::default());
    let of = |kind: &str| {
        let client = picture.clients.iter().find(|client| client.kind == kind).expect("it runs");
        view::client_configs(&lab, &client.process)
    };
    let value = |list: &[view::ConfigView], name: &str| {
        let found = list.iter().find(|config| config.name == name).expect("it is a config");
        (found.value.clone(), found.default.clone().unwrap_or_default(), found.is_set)
    };
    let (producer, consumer) = (of("producer"), of("consumer"));
    assert_eq!(value(&producer, "acks"), ("1".into(), "all".into(), true));
    assert_eq!(value(&producer, "linger.ms"), ("5".into(), "5".into(), false));
    assert_eq!(value(&producer, "enable.idempotence"), ("false".into(), "true".into(), true), "acks=1 forbids it");
    assert_eq!(value(&producer, "client.id"), ("producer-1".into(), "".into(), true));
    assert_eq!(value(&consumer, "group.id"), ("g".into(), "".into(), true));
    assert_eq!(value(&consumer, "auto.offset.reset"), ("earliest".into(), "latest".into(), true));
    assert_eq!(value(&consumer, "max.poll.records"), ("500".into(), "500".into(), false));
    for list in [&producer, &consumer] {
        assert!(list.is_sorted_by_key(|config| !config.is_set), "those that were set come first");
    }
    assert_eq!(of("tool"), []);
}
