//! When a broker writes down what its logs are like: how far they are on disk, where they begin and how far they are clean
//! (`LogManager`, `OffsetCheckpointFile`).

mod cluster_harness;

use cluster_harness::Cluster;
use kernel::Duration;
use protocol::api::delete_records::DeleteRecordsRequest;
use protocol::api::delete_topics::DeleteTopicsRequest;
use protocol::{ErrorCode, FileContent, TopicId};

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const FLUSHED_AT_ONCE: &[(&str, &str)] = &[("flush.messages", "1")];

/// The lines of a checkpoint file after version and count.
fn lines(cluster: &Cluster, dir: u8, file: &str) -> Vec<String> {
    match cluster.process(1).read(dir, file) {
        Some(FileContent::Text(text)) => text.lines().skip(2).map(str::to_owned).collect(),
        _ => panic!("{file} is there"),
    }
}

/// When a file of a log directory was last written, ms since the epoch.
fn written_ms(cluster: &Cluster, dir: u8, name: &str) -> i64 {
    let files = cluster.process(1).list(dir, "").expect("the directory is there");
    files.iter().find(|file| &*file.name == name).expect("it is there from the start on").modified_ms
}

fn write(cluster: &mut Cluster, topic: TopicId) {
    let handle = cluster.produce(0, 1, topic, -1, "x");
    assert_eq!(cluster.produced(handle).1.error, ErrorCode::None);
}

fn delete_before(cluster: &mut Cluster, topic: &str, offset: i64) {
    cluster.call(1, DeleteRecordsRequest { partitions: vec![(topic.into(), 0, offset)], timeout_ms: 30_000 });
}

#[test]
fn log_starts_and_recovery_points_are_written_in_their_own_time() {
    let starts = ("log.flush.start.offset.checkpoint.interval.ms", "7000");
    let mut cluster = Cluster::new(1, 1, &[("log.initial.task.delay.ms", "1000"), starts]);
    let topic = cluster.create_topic("t", &[&[1]], FLUSHED_AT_ONCE);
    (0..3).for_each(|_| write(&mut cluster, topic));
    delete_before(&mut cluster, "t", 2);
    cluster.run(Duration::from_secs(7));
    assert_eq!(lines(&cluster, 0, LOG_STARTS), ["t 0 2"]);
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), [""; 0], "it was written before there was a topic");
    assert!(written_ms(&cluster, 0, LOG_STARTS) > written_ms(&cluster, 0, RECOVERY_POINTS));
    cluster.run(Duration::from_secs(60));
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), ["t 0 3"]);
}

/// `KafkaScheduler#schedule`: a task without a period runs once.
#[test]
fn a_period_of_nothing_writes_them_once() {
    let periods = [
        ("log.flush.offset.checkpoint.interval.ms", "0"),
        ("log.flush.start.offset.checkpoint.interval.ms", "0"),
        ("replica.high.watermark.checkpoint.interval.ms", "0"),
        ("log.flush.scheduler.interval.ms", "0"),
    ];
    let mut cluster = Cluster::new(1, 1, &periods);
    let topic = cluster.create_topic("t", &[&[1]], FLUSHED_AT_ONCE);
    write(&mut cluster, topic);
    cluster.run(Duration::from_secs(40));
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), ["t 0 1"]);
    write(&mut cluster, topic);
    cluster.run(Duration::from_secs(600));
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), ["t 0 1"]);
}

/// `LogManager#asyncDelete`: the checkpoints of the deleted partition's directory are written, of all logs that are left in it.
#[test]
fn a_deletion_writes_down_what_the_other_logs_of_its_directory_are_like() {
    let mut cluster = Cluster::new(1, 1, &[("log.dirs", "/a,/b"), ("log.initial.task.delay.ms", "3600000")]);
    let topics = ["t", "u", "v"].map(|name| cluster.create_topic(name, &[&[1]], FLUSHED_AT_ONCE));
    for topic in topics {
        (0..3).for_each(|_| write(&mut cluster, topic));
    }
    delete_before(&mut cluster, "t", 1);
    delete_before(&mut cluster, "u", 1);
    let nothing: [&str; 0] = [];
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), nothing, "the tasks have not run");
    let before = written_ms(&cluster, 1, RECOVERY_POINTS);
    cluster.call(1, DeleteTopicsRequest { topics: vec!["v".into()], timeout_ms: 30_000 });
    cluster.run(Duration::from_secs(1));
    assert_eq!(lines(&cluster, 0, RECOVERY_POINTS), ["t 0 3"], "where the deleted one was");
    assert_eq!(lines(&cluster, 0, LOG_STARTS), ["t 0 1"]);
    assert_eq!([RECOVERY_POINTS, LOG_STARTS].map(|file| lines(&cluster, 1, file)), [nothing; 2], "not in the other");
    assert!(written_ms(&cluster, 0, RECOVERY_POINTS) > before && written_ms(&cluster, 1, RECOVERY_POINTS) == before);
}
