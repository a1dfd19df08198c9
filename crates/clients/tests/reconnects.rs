//! Whom clients try when nodes cannot be connected to, and when (`NetworkClient#leastLoadedNode`, KIP-899).

mod common;

use std::sync::Arc;

use clients::{ConsumerEvent, Profile, StartAt};
use common::{Do, FakeBroker, Run, send};
use kernel::Time;
use protocol::{ApiKey, ErrorCode, TopicPartition};

/// When a producer says that a node cannot be connected to, in ms, and the node's id.
fn tries(mut run: Run, ms: u64) -> Vec<(u64, i32)> {
    let (mut tries, mut seen) = (Vec::new(), 0);
    while run.world.next_time().is_some_and(|at| at <= Time::from_millis(ms)) {
        run.world.step();
        let logs = &run.app().logs;
        let told = logs[seen..].iter().filter(|line| line.text.contains("could not be established"));
        let node = |text: &str| {
            text.split_once("Connection to node ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        };
        tries.extend(told.filter_map(|line| Some((run.world.now().as_millis(), node(&line.text)?))));
        seen = logs.len();
    }
    tries
}

/// Each of its servers in turn, the retry backoff after the one before: so does the producer of Kafka 4.3.1.
#[test]
fn an_idempotent_producer_without_an_id_sleeps_after_a_node_that_is_not_there() {
    let servers = [("bootstrap.servers", "broker-1:1,broker-1:2,broker-1:3")];
    let script = vec![(50, send("t", None, "a"))];
    let tries = tries(Run::producer(FakeBroker::with(&[]), Profile::Java, &servers, script), 700);
    assert_eq!(tries, [(2, -1), (104, -2), (206, -3), (308, -1), (410, -2), (512, -3), (614, -1)]);
}

/// It knows one broker, which dies. Another of its bootstrap servers is asked then, unless it is told never to (`metadata.recovery.strategy`).
#[test]
fn who_has_lost_all_brokers_asks_the_bootstrap_servers_again() {
    for (strategy, is_asked) in [("rebootstrap", true), ("none", false)] {
        let servers = ("bootstrap.servers", "broker-1:9092,broker-2:9092");
        let pairs = [servers, ("metadata.recovery.strategy", strategy), ("group.id", "g")];
        let subscribe = vec![(0, Do::Subscribe("t"))];
        let other = FakeBroker::with(&[("t", 1)]);
        let run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, subscribe);
        let mut run = run.beside(other).until(5_000);
        let before = run.second().described.len();
        run.kill_broker();
        let run = run.until(20_000);
        assert_eq!(run.second().described.len() > before, is_asked, "{strategy}");
    }
}

/// Of the nodes it is connected to it asks any that has nothing to do, and not the first.
#[test]
fn questions_are_spread_over_idle_connections() {
    let broker = || FakeBroker { has_near_replica: true, ..FakeBroker::with(&[("t", 1)]) };
    let pairs = [("client.rack", "b"), ("group.id", "g"), ("metadata.max.age.ms", "500")];
    let script = vec![(0, Do::Subscribe("t")), (2_000, Do::StopPolling)];
    let run = Run::consumer(broker(), Profile::Java, &pairs, script);
    let run = run.beside(FakeBroker { is_follower: true, ..broker() }).until(3_000);
    let asked = |run: &Run| [run.broker().described.len(), run.second().described.len()];
    let before = asked(&run);
    let after = asked(&run.until(43_000));
    let times = [after[0] - before[0], after[1] - before[1]];
    assert!(times.iter().sum::<usize>() >= 70 && times.iter().all(|n| *n >= 20), "{times:?}");
}

/// The only broker has all that it takes of a producer at a time (`InFlightRequests#canSendMore`).
#[test]
fn a_broker_that_takes_no_more_requests_is_not_asked_for_metadata() {
    for (in_flight_max, is_asked) in [("1", false), ("2", true)] {
        let broker = FakeBroker { is_mute: true, ..FakeBroker::with(&[("t", 1)]) };
        let pairs = [("max.in.flight.requests.per.connection", in_flight_max), ("metadata.max.age.ms", "2000")];
        let mut run = Run::producer(broker, Profile::Java, &pairs, vec![(1_000, send("t", None, "a"))]);
        run.when(|run| run.broker().produced.len() == 1);
        let before = run.broker().described.len();
        assert_eq!(run.until(8_000).broker().described.len() > before, is_asked, "{in_flight_max}");
    }
}

/// A consumer that is connected to brokers 1 and 2, in this order, loses 2 and then 1 (`ClusterConnectionStates#disconnected`).
#[test]
fn the_broker_that_was_lost_first_is_tried_first() {
    let broker = || FakeBroker { has_near_replica: true, ..FakeBroker::with(&[("t", 1)]) };
    let backoffs = ["retry.backoff.ms", "retry.backoff.max.ms"].map(|name| (name, "5000"));
    let reconnects = ["reconnect.backoff.ms", "reconnect.backoff.max.ms"].map(|name| (name, "10"));
    let pairs = [&backoffs[..], &reconnects, &[("client.rack", "b")]].concat();
    let assign = Do::Assign(vec![(TopicPartition::new("t", 0), StartAt::Offset(0))]);
    let run = Run::consumer(broker(), Profile::Java, &pairs, vec![(0, assign), (6_000, Do::StopPolling)]);
    let mut run = run.beside(FakeBroker { is_follower: true, ..broker() }).until(7_000);
    run.kill_second();
    run = run.until(7_100);
    run.kill_broker();
    let tried = |run: Run| {
        let run = run.until(14_000);
        let told = run.app().consumed.iter().filter_map(|(_, event)| match event {
            ConsumerEvent::Log(line) => {
                line.text.split_once("Connection to node ")?.1.split(' ').next().map(str::to_owned)
            }
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(tried(run).first().map(String::as_str), Some("2"));
}

/// How long it takes from each of the first tries to the next, in ms.
fn pauses(tries: &[(u64, i32)]) -> Vec<u64> {
    tries.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
}

/// `Metadata#failedUpdate`: what is asked for at once before is not after it has failed. Kafka 4.3.1's producer waits as long.
#[test]
fn each_failed_refresh_waits_longer_even_if_there_are_new_topics() {
    let pairs = [
        ("bootstrap.servers", "broker-1:1,broker-1:2,broker-1:3"),
        ("enable.idempotence", "false"),
        ("enable.metrics.push", "false"),
    ];
    let script = vec![(0, send("t", None, "a"))];
    let tries = tries(Run::producer(FakeBroker::with(&[]), Profile::Java, &pairs, script), 5_000);
    let pauses = pauses(&tries);
    for (pause, backoff) in pauses.iter().zip([100, 200, 400, 800, 1_000, 1_000]) {
        // There and back to hear of it; no wait is longer than `retry.backoff.max.ms`.
        let most = (backoff * 6 / 5).min(1_000) + 3;
        assert!((backoff * 4 / 5 + 1..=most).contains(pause), "{pauses:?}");
    }
    assert!(pauses.len() >= 5, "{pauses:?}");
}

/// So does the producer of Kafka 4.3.1 as it comes: it looks for a broker to push metrics to.
#[test]
fn who_pushes_metrics_tries_all_servers_at_once() {
    let pairs = [("bootstrap.servers", "broker-1:1,broker-1:2,broker-1:3"), ("enable.idempotence", "false")];
    let script = vec![(0, send("t", None, "a"))];
    let tries = tries(Run::producer(FakeBroker::with(&[]), Profile::Java, &pairs, script), 5_000);
    let mut nodes: Vec<i32> = tries[..3].iter().map(|(_, node)| *node).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, [-3, -2, -1]);
    assert!(tries[2].0 < 10, "{tries:?}");
    assert!(tries.len() > 12, "{tries:?}");
}

/// `Metadata#update` counts as a refresh just made.
#[test]
fn a_topic_that_comes_while_a_question_is_out_waits_for_the_backoff() {
    let assign = |topic: &'static str| Do::Assign(vec![(TopicPartition::new(topic, 0), StartAt::Offset(0))]);
    let broker = FakeBroker::with(&[("s", 1), ("t", 1), ("u", 1)]);
    // It is connected to its broker by then.
    let script = vec![(0, assign("s")), (150, assign("t")), (151, assign("u"))];
    let mut run = Run::consumer(broker, Profile::Java, &[], script);
    let [first, second] =
        ["t", "u"].map(|topic| run.when(|run| run.broker().described.concat().contains(&topic.into())));
    assert!(first.as_millis() <= 151, "{first}");
    let apart = second.as_millis() - first.as_millis();
    assert!((80..=123).contains(&apart), "{apart} ms");
}

/// The broker it knows takes its questions and answers none; the other of its bootstrap servers would (KIP-1102).
#[test]
fn who_asks_in_vain_for_too_long_begins_anew() {
    for (strategy, begins_anew) in [("rebootstrap", true), ("none", false)] {
        let pairs = [
            ("bootstrap.servers", "broker-1:9092,broker-2:9092"),
            ("metadata.max.age.ms", "5000"),
            ("metadata.recovery.rebootstrap.trigger.ms", "12000"),
            ("metadata.recovery.strategy", strategy),
            ("group.id", "g"),
        ];
        let subscribe = vec![(0, Do::Subscribe("t"))];
        let run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, subscribe);
        let mut run = run.beside(FakeBroker::with(&[("t", 1)])).until(4_000);
        let [app, broker] = ["app-1", "broker-1"].map(|name| run.world.find(name).expect("it was added"));
        run.world.cut(app, broker);
        run.world.cut(broker, app);
        let before = run.second().described.len();
        // Its connection to that one as a bootstrap server is still there, and is asked first: in vain, for as long again.
        let run = run.until(28_900);
        assert_eq!(run.second().described.len(), before, "{strategy}");
        let run = run.until(29_400);
        assert_eq!(run.second().described.len() > before, begins_anew, "{strategy}");
    }
}

/// Whom a consumer means in its requests for ApiVersions: one to its bootstrap server, and one to its coordinator.
fn meant(profile: Profile, pairs: &[(&str, &str)]) -> Vec<Option<(Arc<str>, i32)>> {
    let pairs = [&[("group.id", "g")], pairs].concat();
    let run = Run::consumer(FakeBroker::with(&[("t", 1)]), profile, &pairs, vec![(0, Do::Subscribe("t"))]);
    run.until(5_000).broker().meant.clone()
}

/// KIP-1242: bootstrap servers may be anybody.
#[test]
fn java_tells_brokers_whom_it_takes_them_for() {
    let known = Some((Arc::from("fake"), 1));
    let java = meant(Profile::Java, &[]);
    assert_eq!((&java[0], java.last()), (&None, Some(&known)));
    for pair in [("metadata.cluster.check.enable", "false"), ("metadata.recovery.strategy", "none")] {
        let meant = meant(Profile::Java, &[pair]);
        assert!(meant.len() >= 2 && meant.iter().all(Option::is_none), "{pair:?}: {meant:?}");
    }
    let librdkafka = meant(Profile::Librdkafka, &[]);
    assert!(librdkafka.len() >= 2 && librdkafka.iter().all(Option::is_none), "{librdkafka:?}");
    let calls = vec![(100, Do::Call(clients::AdminCall::ListTopics))];
    let run = Run::admin(FakeBroker::with(&[("t", 1)]), &[], calls).until(2_000);
    assert!(run.broker().meant.iter().all(Option::is_none), "{:?}", run.broker().meant);
}

/// Java's bootstrap server is another node than the broker that it is, with a connection of its own; librdkafka knows it again.
#[test]
fn a_bootstrap_server_is_connected_to_once_more_as_a_broker() {
    for (profile, connections) in [(Profile::Java, 2), (Profile::Librdkafka, 1)] {
        let script = vec![(0, send("t", None, "a"))];
        let run = Run::producer(FakeBroker::with(&[("t", 1)]), profile, &[], script).until(2_000);
        assert_eq!((run.acked(), run.broker().meant.len()), (1, connections), "{profile:?}");
    }
}

/// `AbstractCoordinator#lookupCoordinator`.
#[test]
fn java_asks_its_bootstrap_server_for_the_coordinator() {
    let pairs = [("group.id", "g")];
    let mut run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]);
    run.when(|run| run.broker().asked.contains(&ApiKey::FindCoordinator));
    assert_eq!(run.broker().meant, [None], "there is one connection");
}

/// What was on its way to the coordinator that was lost is given up with the connection, and cannot come once that is the coordinator again
/// (`AbstractCoordinator#markCoordinatorUnknown`; sweep seed 504335).
#[test]
fn java_leaves_a_coordinator_that_it_looks_for_anew() {
    for (profile, greetings) in [(Profile::Java, 1), (Profile::Librdkafka, 0)] {
        let pairs = [("group.id", "g"), ("heartbeat.interval.ms", "300")];
        let script = vec![(0, Do::Subscribe("t"))];
        let mut run = Run::consumer(FakeBroker::with(&[("t", 1)]), profile, &pairs, script).until(1_500);
        let before = run.broker().meant.len();
        run.broker_mut().heartbeat_errors = [ErrorCode::NotCoordinator].into();
        let beats = |run: &Run| run.broker().asked.iter().filter(|api| **api == ApiKey::Heartbeat).count();
        let beaten = beats(&run);
        let run = run.until(4_000);
        assert_eq!(run.broker().meant.len() - before, greetings, "{profile:?}");
        assert!(beats(&run) > beaten + 2, "{profile:?}: it is a member still");
    }
}

/// Broker 2 is not who it is taken for, and says so (`NetworkClient#handleApiVersionsResponse`).
#[test]
fn who_is_told_that_it_is_mistaken_begins_anew() {
    for is_mistaken in [false, true] {
        let broker = || FakeBroker { has_near_replica: true, ..FakeBroker::with(&[("t", 1)]) };
        let pairs = [("client.rack", "b"), ("group.id", "g"), ("auto.offset.reset", "earliest")];
        let mut run = Run::consumer(broker(), Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]);
        run.broker_mut().put("t", 0, "a");
        let other = FakeBroker { is_follower: true, is_mistaken, ..broker() };
        let run = run.beside(other).until(5_000);
        assert_eq!(run.second().meant[0], Some((Arc::from("fake"), 2)));
        assert_eq!(run.second().meant.len() > 1, is_mistaken, "{:?}", run.second().meant);
        // As its coordinator, as a broker, and as one once more.
        assert_eq!(
            run.broker().meant.iter().flatten().count(),
            2 + usize::from(is_mistaken),
            "{:?}",
            run.broker().meant
        );
    }
}

/// When a producer says that it lost its bootstrap server, in ms.
fn losses(mut run: Run, ms: u64) -> Vec<u64> {
    let (mut losses, mut seen) = (Vec::new(), 0);
    while run.world.next_time().is_some_and(|at| at <= Time::from_millis(ms)) {
        run.world.step();
        let new = &run.app().logs[seen..];
        assert!(new.iter().all(|line| !line.text.contains("could not be established")), "it gave up itself");
        losses
            .extend(new.iter().filter(|line| line.text.contains("disconnected")).map(|_| run.world.now().as_millis()));
        seen += new.len();
    }
    losses
}

/// Nothing comes back from a host behind a cut: `socket.connection.setup.timeout.ms`, twice that, and then the most there is, each a fifth
/// more or less, whatever a request may take (`ClusterConnectionStates`). Kafka 4.3.1 prints only that the bootstrap server is gone.
#[test]
fn a_connection_that_does_not_open_is_waited_for_longer_each_time() {
    // Its sender sleeps after each.
    const SLEEP: u64 = 100;
    let pairs = [("request.timeout.ms", "1000"), ("reconnect.backoff.max.ms", "50")];
    let run = |pairs: &[(&str, &str)]| {
        let mut run = Run::producer(FakeBroker::with(&[]), Profile::Java, pairs, vec![(0, send("t", None, "a"))]);
        run.cut_broker();
        run
    };
    let losses = losses(run(&pairs), 120_000);
    let waits: Vec<u64> = losses.windows(2).map(|pair| pair[1] - pair[0] - SLEEP).collect();
    assert!((8_000..=12_001).contains(&losses[0]), "{losses:?}");
    assert!((16_000..=24_001).contains(&waits[0]), "{losses:?}");
    assert!(waits[1..].iter().all(|wait| (24_000..=30_001).contains(wait)) && waits.len() >= 3, "{losses:?}");
    let fixed = [("socket.connection.setup.timeout.ms", "70000"), ("reconnect.backoff.ms", "0")];
    let losses = self::losses(run(&fixed), 100_000);
    assert!(losses.windows(2).all(|pair| pair[1] - pair[0] == 30_001 + SLEEP) && losses.len() == 3, "{losses:?}");
}

/// The host of a process that stands still opens connections all the same: what is waited for is an answer.
#[test]
fn a_paused_broker_costs_a_request_timeout_and_not_the_time_to_connect() {
    let pairs = [("request.timeout.ms", "3000"), ("socket.connection.setup.timeout.ms", "1000")];
    let mut run = Run::producer(FakeBroker::with(&[]), Profile::Java, &pairs, vec![(0, send("t", None, "a"))]);
    assert!(run.world.step().is_some(), "the broker listens");
    run.pause_broker();
    let losses = losses(run, 5_000);
    assert!(losses.len() == 1 && (3_000..3_010).contains(&losses[0]), "{losses:?}");
}

/// As Kafka 4.3.1 says it, and does it: no backoff is longer than the longest, and one that is set alone does not grow.
#[test]
fn backoffs_that_do_not_go_together_are_warned_of() {
    let pairs = [
        ("retry.backoff.ms", "6000"),
        ("socket.connection.setup.timeout.ms", "40000"),
        ("reconnect.backoff.ms", "5000"),
        ("request.timeout.ms", "400000"),
        ("linger.ms", "1"),
    ];
    let run = Run::producer(FakeBroker::with(&[]), Profile::Java, &pairs, vec![]).until(10);
    let lines: Vec<(&str, &str)> = run.app().logs.iter().map(|line| (&*line.text, line.logger)).collect();
    const CONFIGS: &str = "org.apache.kafka.clients.CommonClientConfigs";
    assert_eq!(
        lines[..4],
        [
            (
                "Configuration 'retry.backoff.ms' with value '6000' is greater than configuration 'retry.backoff.max.ms' with value '1000'. A static backoff with value '1000' will be applied.",
                CONFIGS
            ),
            (
                "Configuration 'socket.connection.setup.timeout.ms' with value '40000' is greater than configuration 'socket.connection.setup.timeout.max.ms' with value '30000'. A static connection setup timeout with value '30000' will be applied.",
                CONFIGS
            ),
            (
                "Disabling exponential reconnect backoff because reconnect.backoff.ms is set, but reconnect.backoff.max.ms is not.",
                CONFIGS
            ),
            (
                "[Producer clientId=p] delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms. Setting it to 400001.",
                "org.apache.kafka.clients.producer.KafkaProducer"
            ),
        ]
    );
}
