//! Faults as commands: what they do, what they refuse, and that they are part of the run like any other command.

use lab::{Duration, Given, Lab, MarkKind, NodeState, Scenario, Timeline};

const PRODUCE: &str =
    "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic t --throughput 200 --acks -1";

fn scenario(replicas: i16) -> Scenario {
    Scenario::parse(&format!(r#"{{"topics": [{{"name": "t", "partitions": 1, "replication_factor": {replicas}}}]}}"#))
        .expect("it is right")
}

fn lab() -> Lab {
    Lab::new(&scenario(3)).expect("the scenario can be built")
}

fn done(lab: &mut Lab, line: &str) -> String {
    match lab.command(1, line) {
        Given::Done(answer) => answer,
        other => panic!("{line}: {other:?}"),
    }
}

fn marks(lab: &Lab, text: &str) -> usize {
    lab.marks().iter().filter(|mark| mark.kind == MarkKind::Process && mark.text.contains(text)).count()
}

#[test]
fn bad_faults_are_refused_with_what_would_be_right_and_change_nothing() {
    let mut lab = lab();
    let before = (lab.digest(), lab.world().traps().len());
    for (line, says) in [
        ("sim delay 1 | 2", "not a span of time"),
        ("sim delay 1 2 50ms", "put `|`"),
        ("sim delay 1 | 1 2 50ms", "broker-1 is on both sides"),
        ("sim delay 1 | 2 2h", "more than 1h"),
        ("sim delay 1 | 2 0ms", "longer than nothing"),
        ("sim delay rest | rest 5ms", "all that the other side does not name"),
        ("sim delay 1 | 9 5ms", "there is no process `9`"),
        ("sim heal 1 > 2", "no such cut, and no such delay"),
        ("sim drop 1 > 2", "no request that is modelled"),
        ("sim drop prodcue response 1 > 2", "did you mean Produce?"),
        ("sim drop Produce 1 > 2", "say `response` or `request`"),
        ("sim drop response 1 | 2", "goes one way"),
        ("sim drop response 1 2 > 3", "name one before"),
        ("sim drop Produce response #x 1 > 2", "`#x` is no correlation id"),
        ("sim drop Produce response #7 1 > 2", "no Produce response #7 1 > 2 is on its way now"),
        ("sim delay Produce request #7 1 > 2 5ms", "no Produce request #7 1 > 2 is on its way now"),
        ("sim delay Produce request #7 1 > 2 5ms jitter 1ms", "no jitter"),
        ("sim kill broker 1 at midnight", "after-append"),
        ("sim kill broker 1 at before-ack t-0", "not a step of one partition"),
        ("sim kill broker 1 at after-append t-7", "there is no partition t-7"),
        ("sim kill broker 1 at", "put a step behind"),
        ("sim restart app 9", "there is no process"),
        ("sim disk broker 1", "say whose disk"),
        ("sim disk full", "there is no process"),
        ("sim disk broker 1 slow", "say whose disk"),
        ("sim disk broker 1 slow quickly", "not a span of time"),
        ("sim disk broker 1 slow 2h", "more than an hour"),
        ("sim disk app 1 full", "programs write nothing"),
        ("sim skew broker 1", "`1` is no `+5min`"),
        ("sim skew broker 1 5min", "`5min` is no `+5min`"),
        ("sim skew broker 1 +soon", "not a span of time"),
        ("sim skew broker 1 -200000d", "more than 100 years"),
        ("sim when leader(\"t\", 0) == 1 sim heal", "put the condition between"),
        ("sim when 'leader(\"t\", 0) == 1'", "what should be done then?"),
        ("sim when 'leader(\"t\") == 1' sim heal", "`leader` takes (topic, partition)"),
        ("sim when 'leader(\"t\", 0)' sim heal", "neither true nor false"),
        ("sim when 'lead(1)' sim heal", "there is no fact `lead`"),
        ("sim when 'lost() > 0' sim run 5s", "changes nothing"),
        ("sim until leader(\"nope\", 0) == 1", "there is no topic nope"),
    ] {
        match lab.command(1, line) {
            Given::Refused(why) => assert!(why.contains(says), "{line}: {why}"),
            other => panic!("{line}: {other:?}"),
        }
        assert_eq!((lab.digest(), lab.world().traps().len()), before, "{line}");
    }
    assert_eq!(lab.awaited().count(), 0);
}

#[test]
fn a_one_way_cut_heals_one_way_and_a_delay_with_it() {
    let mut lab = lab();
    done(&mut lab, "sim cut 1 > 2");
    done(&mut lab, "sim delay 1 > 2 3 200ms jitter 20ms");
    assert_eq!((lab.world().cuts().count(), lab.world().delays().count()), (1, 2));
    assert!(matches!(lab.command(1, "sim heal 2 > 1"), Given::Refused(_)));
    assert_eq!(done(&mut lab, "sim heal 1 > 2"), "healed 1 one-way cut, 1 one-way delay");
    assert_eq!(done(&mut lab, "sim heal"), "healed 1 one-way delay");
    done(&mut lab, "sim cut rest > 1");
    assert_eq!(lab.world().cuts().count(), lab.world().node_ids().count() - 1);
}

#[test]
fn a_delay_longer_than_the_lag_allowed_costs_the_isr_and_heals() {
    let text = r#"{"topics": [{"name": "t", "partitions": 1, "replication_factor": 2}], "cluster": {"configs": {"replica.lag.time.max.ms": "2000"}}}"#;
    let mut lab = Lab::new(&Scenario::parse(text).expect("it is right")).expect("it can be built");
    lab.command(2, PRODUCE);
    lab.run_for(Duration::from_secs(2));
    done(&mut lab, "sim delay followers:t-0 > leader:t-0 6s");
    assert_eq!(done(&mut lab, "sim until isr(\"t\", 0) == [leader(\"t\", 0)]"), "");
    done(&mut lab, "sim heal");
    assert_eq!(done(&mut lab, "sim until isr(\"t\", 0) == [leader(\"t\", 0)] == false"), "");
}

#[test]
fn a_lost_answer_is_asked_for_again_or_else_the_record_has_failed_and_is_there_all_the_same() {
    for (retries, failed) in [(i32::MAX, 0), (0, 1)] {
        let mut scenario = scenario(3);
        scenario.files.insert("p".into(), format!("retries={retries}\nlinger.ms=0\n"));
        let mut lab = Lab::new(&scenario).expect("it can be built");
        lab.command(2, &format!("{PRODUCE} --command-config p"));
        lab.run_for(Duration::from_secs(2));
        let told = done(&mut lab, "sim drop produce response leader:t-0 > term:2");
        assert_eq!(told, "the next Produce response leader:t-0 > term:2 will be lost");
        lab.run_for(Duration::from_secs(3));
        assert_eq!((lab.world().traps().len(), marks(&lab, "a Produce response was lost with its connection")), (0, 1));
        lab.command(2, "^C");
        lab.run_for(Duration::from_secs(3));
        assert_eq!((lab.ledger().failed(), lab.ledger().lost(&lab).len()), (failed, 0), "retries={retries}");
        // Idempotence: what was sent again is in the log once.
        let end = lab.leader_log(&protocol::TopicPartition::new("t", 0)).map(|log| log.log_end_offset() as u64);
        assert_eq!(end, Some(lab.ledger().acked() + failed), "retries={retries}");
    }
}

#[test]
fn a_leader_that_dies_right_after_an_append_has_acknowledged_nothing_of_it() {
    for (verb, state) in [("kill", NodeState::Killed), ("power-off", NodeState::PoweredOff)] {
        let mut lab = lab();
        lab.command(2, PRODUCE);
        lab.run_for(Duration::from_secs(2));
        let leader = lab.layout().find(&format!("{}", leader(&lab))).expect("it is a broker");
        let (acked, digest) = (lab.ledger().acked(), lab.digest());
        let told = done(&mut lab, &format!("sim {verb} leader:t-0 at after-append t-0"));
        assert!(told.contains("nobody was answered"), "{told}");
        assert_eq!(lab.digest(), digest, "a trap that waits is no part of the state");
        while lab.world().state(leader) == NodeState::Running {
            assert!(lab.step());
        }
        assert_eq!(lab.world().state(leader), state);
        assert_eq!(lab.without_power().len(), usize::from(verb == "power-off"));
        lab.run_for(Duration::from_millis(500));
        assert!(lab.ledger().acked() <= acked + 200, "nothing was acknowledged by the dead");
        lab.run_for(Duration::from_secs(30));
        assert_eq!(lab.ledger().lost(&lab).len(), 0);
        assert_eq!(lab.violation(), None);
    }
}

fn leader(lab: &Lab) -> i64 {
    let expr = lab::facts::Expr::parse("leader(\"t\", 0)").expect("it is right");
    match lab::facts::evaluate(&expr, lab) {
        Ok(lab::facts::Value::Int(id)) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_step_can_be_reached() {
    for step in lab::STEPS {
        let mut lab = Lab::new(&Scenario::parse(
            r#"{"topics": [{"name": "t", "partitions": 1, "replication_factor": 3, "configs": {"segment.ms": "2000"}}],
                "cluster": {"configs": {"replica.lag.time.max.ms": "2000", "leader.imbalance.check.interval.seconds": "5"}}}"#,
        ).expect("it is right")).expect("it can be built");
        lab.command(
            2,
            "kafka-verifiable-producer --bootstrap-server :9092,:9093,:9094 --topic t --throughput 50 --acks 1",
        );
        lab.command(3, "kafka-console-consumer --bootstrap-server :9092,:9093,:9094 --topic t --group g");
        lab.run_for(Duration::from_secs(5));
        let nodes: Vec<_> = lab.world().node_ids().map(|node| lab.world().name(node).to_string()).collect();
        for name in &nodes {
            // Who never takes it is refused.
            lab.command(1, &format!("sim kill {name} at {}", step.name));
        }
        let set = lab.world().traps().len();
        assert!(set > 0, "{}", step.name);
        // A leader that is cut off from all but its clients goes on appending: when it comes back it cuts its log.
        for line in [
            "sim cut leader:t-0 | followers:t-0 101 102 103",
            "sim at 30s sim heal",
            "sim at 40s sim cut controller 101 | rest",
            "sim at 50s sim heal",
        ] {
            done(&mut lab, line);
        }
        lab.run_for(Duration::from_secs(70));
        assert!(lab.world().traps().len() < set, "{} was reached", step.name);
        assert_eq!(lab.violation(), None, "{}", step.name);
    }
}

#[test]
fn a_slow_disk_holds_the_answers_back_and_only_so_many_handlers_wait_for_it() {
    let mut lab = lab();
    for term in 2..12 {
        lab.command(term, &format!("{PRODUCE} --value-prefix {term}"));
    }
    lab.run_for(Duration::from_secs(2));
    done(&mut lab, "sim disk leader:t-0 slow 1s");
    assert_eq!(lab.world().hosts_in_trouble().count(), 1);
    let before = lab.ledger().acked();
    lab.run_for(Duration::from_millis(900));
    let under_way = lab.ledger().acked() - before;
    lab.run_for(Duration::from_secs(10));
    // Requests of ten producers, one append a second: at most ten batches more, each of what its producer had by then.
    let answered = lab.ledger().acked() - before - under_way;
    assert!(answered > 0 && answered < 20_000 - before, "{under_way} {answered}");
    done(&mut lab, "sim mend");
    lab.run_for(Duration::from_secs(30));
    assert_eq!((lab.world().hosts_in_trouble().count(), lab.violation()), (0, None));
    assert_eq!(lab.ledger().lost(&lab).len(), 0);
}

#[test]
fn a_full_disk_ends_brokers_and_controllers_as_soon_as_they_write() {
    for (process, exits) in [("leader:t-0", 1), ("controller 102", 1)] {
        let mut lab = lab();
        lab.command(2, PRODUCE);
        lab.run_for(Duration::from_secs(2));
        done(&mut lab, &format!("sim disk {process} full"));
        lab.run_for(Duration::from_secs(3));
        let ended = lab.world().node_ids().filter(|node| lab.world().state(*node) == NodeState::Exited(1));
        assert_eq!(ended.filter(|node| lab.world().machine(*node).kafka().is_some()).count(), exits, "{process}");
        assert!(lab.history().iter().any(|s| matches!(s.note, protocol::Note::LogDirFailed { .. })));
    }
}

#[test]
fn what_acks_0_promised_is_looked_for_by_value() {
    let mut lab = lab();
    lab.command(2, &format!("{PRODUCE} --max-messages 300").replace("--acks -1", "--acks 0"));
    lab.run_for(Duration::from_secs(1));
    done(&mut lab, "sim cut leader:t-0 | followers:t-0");
    lab.run_for(Duration::from_millis(300));
    done(&mut lab, "sim kill leader:t-0");
    lab.run_for(Duration::from_secs(20));
    let lost = lab.ledger().lost(&lab);
    assert!(!lost.is_empty() && lost.iter().all(|lost| lost.promise.acks == 0 && lost.promise.offset == -1));
    let told = done(&mut lab, "sim ledger");
    assert!(told.lines().nth(1).is_some_and(|line| line.ends_with(&format!(" {}", lost.len()))), "{told}");
}

#[test]
fn a_restarted_broker_has_stopped_in_good_order_first() {
    let mut lab = lab();
    done(&mut lab, "sim restart broker 1");
    lab.run_for(Duration::from_secs(20));
    assert_eq!((marks(&lab, "broker-1 started"), lab.violation()), (1, None));
    let broker = lab.layout().find("1").expect("there is one");
    assert_eq!(lab.world().state(broker), NodeState::Running);
    assert!(lab.history().iter().any(|s| matches!(s.note, protocol::Note::BrokerState { state: "SHUTTING_DOWN", .. })));
}

#[test]
fn a_broker_that_is_stopping_while_all_is_mended_is_started_again() {
    let mut lab = lab();
    done(&mut lab, "sim cut 1 | 101 102 103");
    lab.run_for(Duration::from_secs(1));
    done(&mut lab, "sim stop broker 1");
    lab.run_for(Duration::from_secs(2));
    done(&mut lab, "sim mend");
    lab.run_for(Duration::from_secs(30));
    let broker = lab.layout().find("1").expect("there is one");
    assert_eq!((lab.world().state(broker), marks(&lab, "broker-1 started")), (NodeState::Running, 1));
}

#[test]
fn a_command_waits_for_its_condition_and_is_given_once() {
    let mut lab = lab();
    let first = leader(&lab);
    done(&mut lab, &format!("sim when 'leader(\"t\", 0) != {first} && leader(\"t\", 0) != -1' sim kill leader:t-0"));
    done(&mut lab, "sim when 'exists(\"later\")' sim pause broker 3");
    assert_eq!(lab.awaited().count(), 2);
    done(&mut lab, "sim kill leader:t-0");
    lab.run_for(Duration::from_secs(60));
    assert_eq!((marks(&lab, " killed"), lab.awaited().count()), (2, 1));
}

#[test]
fn faults_that_waited_are_replayed_by_links_and_undone_by_seeking() {
    let mut timeline = Timeline::new(&scenario(3)).expect("it can be built");
    timeline.command(2, PRODUCE);
    timeline.run_for(Duration::from_secs(2));
    timeline.command(1, "sim kill leader:t-0 at after-high-watermark t-0");
    timeline.command(1, "sim when 'leader_epoch(\"t\", 0) > 0' sim drop response leader:t-0 > term:2");
    timeline.command(1, "sim when 'leader_epoch(\"t\", 0) > 0' sim delay leader:t-0 | followers:t-0 30ms jitter 9ms");
    timeline.run_for(Duration::from_secs(20));
    let (digest, event) = (timeline.lab().digest(), timeline.lab().events());
    let replayed = Timeline::from_link(&timeline.link()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(replayed.lab().digest(), digest);
    timeline.seek_event(1_000);
    assert!(timeline.lab().world().traps().is_empty() && timeline.lab().awaited().count() == 0);
    assert!(timeline.seek_event(event));
    assert_eq!(timeline.lab().digest(), digest);
    assert_eq!(marks(timeline.lab(), "lost with its connection"), 1);
}

#[test]
fn completion_offers_steps_sides_and_facts() {
    let lab = lab();
    for (before, has) in [
        (&["kill", "broker-1", "at"][..], "after-append"),
        (&["kill"], "leader:t-0"),
        (&["kill", "broker-1", "at", "after-append"], "t-0"),
        (&["drop"], "Produce"),
        (&["drop", "Produce"], "response"),
        (&["delay", "broker-1"], ">"),
        (&["when"], "'leader("),
        (&[], "restart"),
    ] {
        let offered = lab::verbs::complete(&lab, before);
        assert!(offered.iter().any(|word| word == has), "{before:?}: {offered:?}");
    }
}

/// Sweep seed 51. Nothing is written any more, and the high watermark stands still below min.insync.replicas.
#[test]
fn a_follower_that_caught_up_while_it_was_fenced_joins_the_isr() {
    let mut lab = Lab::new(
        &Scenario::parse(
            r#"{"seed": 51, "cluster": {"brokers": 2, "controllers": 1, "configs": {"replica.lag.time.max.ms": "2000"}},
                "topics": [{"name": "t1", "partitions": 1, "replication_factor": 2, "configs": {"min.insync.replicas": "2"}}],
                "files": {"producer-1.properties": ""},
                "commands": [
                    {"at": "164ms", "term": 11, "run": "kafka-verifiable-producer --bootstrap-server broker-1:9092,broker-2:9092 --topic t1 --throughput 5 --value-prefix 100 --command-config producer-1.properties"},
                    {"at": "636ms", "term": 1, "run": "sim cut broker 1 | rest"},
                    {"at": "6519ms", "term": 1, "run": "sim delay broker 2 | rest 2000ms jitter 2000ms"},
                    {"at": "11790ms", "term": 1, "run": "sim heal broker 2 | rest"},
                    {"at": "12207ms", "term": 1, "run": "sim heal broker 1 | rest"},
                    {"at": "13021ms", "term": 1, "run": "sim mend"},
                    {"at": "13146ms", "term": 11, "run": "^C"},
                    {"at": "13146ms", "term": 12, "run": "^C"}
                ]}"#,
        )
        .expect("it is right"),
    )
    .expect("it can be built");
    lab.run_for(Duration::from_millis(13_200));
    assert_eq!(done(&mut lab, "sim until isr(\"t1\", 0) == [1, 2]"), "");
}

/// Runs until a Produce request is on its way: its correlation id, from whom to whom, and when it arrives.
fn produce_in_flight(lab: &mut Lab) -> (u32, String, String, u64) {
    loop {
        let world = lab.world();
        let found = world.flights().into_iter().find_map(|f| match f.message {
            protocol::Message::Request { correlation, request: protocol::Request::Produce(_), .. } => {
                Some((*correlation, world.name(f.from).to_string(), world.name(f.to).to_string(), f.arrives.as_nanos()))
            }
            _ => None,
        });
        if let Some(found) = found {
            return found;
        }
        assert!(lab.step(), "the producer goes on");
    }
}

#[test]
fn a_request_lost_on_its_way_is_sent_again_and_one_held_up_comes_late_and_both_are_replayed_by_a_link() {
    let mut timeline = Timeline::new(&scenario(3)).expect("it boots");
    timeline.command(2, PRODUCE);
    timeline.run_for(Duration::from_secs(2));
    let mut lab = timeline.lab().clone();
    let (number, from, to, _) = produce_in_flight(&mut lab);
    while timeline.lab().events() < lab.events() {
        timeline.step();
    }
    let line = format!("sim drop Produce request #{number} {from} > {to}");
    let Given::Done(told) = timeline.command(1, &line) else { panic!("{line} is taken") };
    assert_eq!(told, format!("Produce request #{number} {from} > {to} is lost, and its connection is reset"));
    assert!(matches!(timeline.command(1, &line), Given::Refused(_)), "it is gone");
    timeline.run_for(Duration::from_secs(3));
    let failed = |lab: &Lab| {
        lab.history().latest_first().filter(|n| matches!(n.note, protocol::Note::SendFailed { .. })).count()
    };
    // The verifiable producer sets retries=0: what is lost fails, and what came after goes on.
    assert!(failed(timeline.lab()) > 0, "without retries the loss is a failure");

    let mut lab = timeline.lab().clone();
    let (number, from, to, due) = produce_in_flight(&mut lab);
    while timeline.lab().events() < lab.events() {
        timeline.step();
    }
    let line = format!("sim delay Produce request #{number} {from} > {to} 250ms");
    let Given::Done(told) = timeline.command(1, &line) else { panic!("{line} is taken") };
    assert!(told.contains("arrives 250ms later"), "{told}");
    let arrives = timeline.lab().world().flights().iter().map(|f| f.arrives.as_nanos()).max().expect("it flies");
    assert_eq!(arrives, due + 250_000_000);
    timeline.run_for(Duration::from_secs(2));
    let Ok(replayed) = Timeline::from_link(&timeline.link()) else { panic!("the link is whole") };
    assert_eq!(replayed.lab().digest(), timeline.lab().digest());
}

/// Kafka's cleaners, and its look for stale brokers, never rest where their pause is 0. Here time goes on.
#[test]
fn pauses_of_nothing_do_not_stop_the_clock() {
    let configs = r#"{ "log.cleaner.backoff.ms": "0", "broker.session.timeout.ms": "1" }"#;
    let text = format!(r#"{{ "cluster": {{ "brokers": 1, "controllers": 1, "configs": {configs} }} }}"#);
    let mut lab = Lab::new(&Scenario::parse(&text).expect("it is right")).expect("it can be built");
    let before = lab.now();
    let steps = (0..50_000).take_while(|_| {
        lab.step();
        lab.now() < before + Duration::from_secs(1)
    });
    assert!(steps.count() < 50_000, "a second takes a few thousand events");
}
