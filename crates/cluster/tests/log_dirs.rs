//! Several log directories of a broker, one of which fails: what a clean stop leaves in each (`LogManager#shutdown`).

mod cluster_harness;

use cluster_harness::{Cluster, ms};
use kernel::{Duration, Host, Order};
use protocol::api::ConfigResourceKind;
use protocol::{BrokerId, ErrorCode, Note, TopicId};

/// In which of the two directories of broker 2 there is the mark of a clean stop.
fn marks(cluster: &Cluster) -> [bool; 2] {
    [0, 1].map(|dir| cluster.process(2).read(dir, ".kafka_cleanshutdown").is_some())
}

fn stop_and_look(cluster: &mut Cluster) -> [bool; 2] {
    let node = cluster.node(2);
    cluster.world.order(node, Order::Terminate);
    cluster.run(Duration::from_secs(15));
    marks(cluster)
}

fn with_failed_disks(cluster: &mut Cluster, failed_disks: u32) {
    let node = cluster.node(2);
    cluster.world.set_host(node, Host { failed_disks, ..Host::default() });
}

#[test]
fn a_directory_that_failed_was_not_closed_and_is_recovered_when_it_is_back() {
    let mut cluster = Cluster::new(1, 2, &[("log.dirs", "/data1,/data2")]);
    let topics = ["a", "b"].map(|name| cluster.create_topic(name, &[&[2, 1]], &[]));
    for topic in topics {
        let written = cluster.produce(0, 2, topic, -1, "x");
        cluster.produced(written);
    }
    with_failed_disks(&mut cluster, 0b10);
    cluster.run(Duration::from_secs(10));
    assert_eq!(stop_and_look(&mut cluster), [true, false]);
    with_failed_disks(&mut cluster, 0);
    let (node, since) = (cluster.node(2), cluster.world.now());
    cluster.world.start(node);
    cluster.run(Duration::from_secs(20));
    let recovered = cluster.notes.iter().filter(|note| note.at >= since).find_map(|note| match note.note {
        Note::LogsRecovering { logs, .. } => Some(logs),
        _ => None,
    });
    assert_eq!((recovered, marks(&cluster)), (Some(1), [false; 2]), "of two logs the one that was not closed");
    assert_eq!(topics.map(|topic| cluster.offsets(2, topic).0), [1, 1]);
    assert_eq!(stop_and_look(&mut cluster), [true, true]);
}

#[test]
fn a_directory_that_fails_while_its_broker_starts_is_reported() {
    let mut cluster = Cluster::new(1, 2, &[("log.dirs", "/data1,/data2"), ("broker.session.timeout.ms", "3000")]);
    let topic = cluster.create_topic("a", &[&[2, 1]], &[]);
    let node = cluster.node(2);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(5));
    assert_eq!(cluster.partition(1, topic).0, 1);
    cluster.world.start(node);
    cluster.run(ms(1));
    // It has read which of them work, and has not read what is in them.
    with_failed_disks(&mut cluster, 0b10);
    cluster.run(Duration::from_secs(20));
    let is_offline = |note: &Note| matches!(note, Note::LogDirOffline { .. });
    assert!(cluster.when(kernel::Time::ZERO, is_offline).is_some());
    let online = cluster.process(1).image().brokers[&protocol::BrokerId(2)].log_dirs.len();
    assert_eq!(online, 1, "the controller knows of one that works");
}

/// How many directories of broker 2 are cordoned, as broker 1 knows; none before that has told.
fn cordoned(cluster: &Cluster) -> Option<usize> {
    cluster.process(1).image().brokers[&protocol::BrokerId(2)].cordoned.as_ref().map(Vec::len)
}

#[test]
fn cordoned_directories_are_told_by_the_heartbeats_of_a_broker_and_take_no_new_replicas() {
    let mut cluster = Cluster::new(1, 2, &[("log.dirs", "/data1,/data2,/data3")]);
    assert_eq!(cordoned(&cluster), Some(0), "it has told that none is");
    let told = cluster.world.now();
    cluster.set_config(2, ConfigResourceKind::Broker, "2", "cordoned.log.dirs", "/data1,/data3");
    cluster.run(ms(100));
    assert_eq!(cordoned(&cluster), Some(2), "at once, {:?} after the config", cluster.world.now().since(told));
    let topics = ["a", "b", "c"].map(|name| cluster.create_topic(name, &[&[2, 1]], &[]));
    cluster.run(Duration::from_secs(3));
    let places = |cluster: &Cluster, topics: &[TopicId]| {
        let image = cluster.process(1).image();
        let place = |topic: &TopicId| image.partition(*topic, 0).expect("it is there").directory_of(BrokerId(2));
        let dirs = [0, 1, 2].map(|dir| cluster.process(2).spec().directory_id(dir));
        let place_of = |topic| dirs.iter().position(|dir| *dir == place(topic));
        topics.iter().map(place_of).collect::<Vec<_>>()
    };
    assert_eq!(places(&cluster, &topics), [Some(1); 3]);
    // It stays so over a restart, and those that are there stay where they are.
    let node = cluster.node(2);
    cluster.world.order(node, Order::Terminate);
    cluster.run(Duration::from_secs(12));
    cluster.world.start(node);
    cluster.run(Duration::from_secs(5));
    assert_eq!(cordoned(&cluster), Some(2));
    // If none is left the broker takes nothing, whoever assigns it.
    cluster.set_config(2, ConfigResourceKind::Broker, "2", "cordoned.log.dirs", "*");
    cluster.run(ms(100));
    assert_eq!(cordoned(&cluster), Some(3));
    let text = "The manual partition assignment includes broker 2, but all its log directories are cordoned.";
    let refused = Err((ErrorCode::InvalidReplicaAssignment, text.to_owned()));
    assert_eq!(cluster.try_create_topic("d", &[&[1, 2]], &[]), refused);
    assert_eq!(cluster.reassign("a", Some(&[1, 2])), refused.map(drop), "even where it has a replica");
    assert_eq!(cluster.reassign("a", Some(&[1])), Ok(()));
}

/// How many of nine new partitions broker 2 keeps in each of three directories, of which `server.properties` cordons the third.
fn spread(cluster: &mut Cluster, name: &str) -> [usize; 3] {
    let topic = cluster.create_topic(name, &[[2].as_slice(); 9], &[]);
    cluster.run(Duration::from_secs(3));
    let process = cluster.process(2);
    let place = |partition| process.image().partition(topic, partition).expect("it is there").directory_of(BrokerId(2));
    [0, 1, 2].map(|dir| (0..9).filter(|partition| place(*partition) == process.spec().directory_id(dir)).count())
}

const THIRD_CORDONED: &[(&str, &str)] = &[("log.dirs", "/data1,/data2,/data3"), ("cordoned.log.dirs", "/data3")];

#[test]
fn what_server_properties_cordon_is_kept_free_from_the_next_change_of_a_log_config_on() {
    let mut cluster = Cluster::with_elr(false, 1, 2, THIRD_CORDONED);
    assert_eq!(cordoned(&cluster), Some(1), "the controller has been told");
    assert_eq!(spread(&mut cluster, "a"), [3, 3, 3]);
    cluster.set_config(2, ConfigResourceKind::Broker, "2", "num.io.threads", "9");
    cluster.set_config(1, ConfigResourceKind::Broker, "1", "log.retention.ms", "9000000");
    assert_eq!(spread(&mut cluster, "b"), [3, 3, 3], "that is no config of the logs, or of another broker");
    cluster.set_config(2, ConfigResourceKind::Broker, "2", "log.retention.ms", "9000000");
    assert_eq!(spread(&mut cluster, "c"), [5, 4, 0]);
}

#[test]
fn eligible_leader_replicas_bring_a_log_config_and_with_it_the_cordons() {
    let mut cluster = Cluster::with_elr(true, 1, 2, THIRD_CORDONED);
    assert_eq!(cordoned(&cluster), Some(1));
    assert_eq!(spread(&mut cluster, "a"), [5, 4, 0]);
}

#[test]
fn a_broker_that_starts_opens_its_new_replicas_before_it_looks_at_cordons() {
    let mut cluster =
        Cluster::new(1, 2, &[("log.dirs", "/data1,/data2,/data3"), ("broker.session.timeout.ms", "3000")]);
    cluster.set_config(2, ConfigResourceKind::Broker, "2", "cordoned.log.dirs", "/data3");
    let node = cluster.node(2);
    cluster.world.kill(node);
    cluster.run(Duration::from_secs(6));
    let topics = ["a", "b", "c"].map(|name| cluster.create_topic(name, &[&[1, 2]], &[]));
    cluster.world.start(node);
    cluster.run(Duration::from_secs(6));
    let dirs = [0, 1, 2].map(|dir| cluster.process(2).spec().directory_id(dir));
    let place =
        |topic: TopicId| cluster.process(1).image().partition(topic, 0).expect("it is there").directory_of(BrokerId(2));
    let mut places = topics.map(|topic| dirs.iter().position(|dir| *dir == place(topic)));
    places.sort();
    assert_eq!(places, [Some(0), Some(1), Some(2)]);
    assert_eq!(spread(&mut cluster, "d"), [5, 4, 0], "then they hold");
}
