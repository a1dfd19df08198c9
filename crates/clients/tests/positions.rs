//! Where consumers read: looked-up offsets and what was asked for before, against a scripted broker (`OffsetFetcher`, `FetchCollector`).

mod common;

use clients::{ConsumerEvent, LogLevel, Profile, StartAt};
use common::*;
use kernel::Time;
use protocol::{ApiKey, ErrorCode, TopicPartition};

fn asked(broker: &FakeBroker, api: ApiKey) -> usize {
    broker.asked.iter().filter(|asked| **asked == api).count()
}

fn t(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// How many µs after its leader was asked for offsets for the `nth` time it is asked again.
fn after_look_up(nth: usize) -> u64 {
    let script = vec![(0, Do::Assign(vec![(t(0), StartAt::Ago(3_600_000))]))];
    let mut run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &[], script);
    let [first, again] = [nth, nth + 1].map(|n| run.when(|run| asked(run.broker(), ApiKey::ListOffsets) == n));
    (again.as_nanos() - first.as_nanos()) / 1_000
}

/// `subscriptions.setNextAllowedRetry` of `OffsetFetcher#resetPositionsAsync`.
#[test]
fn what_is_not_there_yet_is_asked_for_again_request_timeout_ms_after_the_question() {
    let apart = after_look_up(2);
    assert!((29_999_600..=30_000_400).contains(&apart), "the links take 0.9 to 1.1 ms: {apart} µs");
}

#[test]
fn what_a_question_waits_for_its_connection_counts() {
    let apart = after_look_up(1);
    // There and back for ApiVersions.
    assert!((29_997_600..=29_998_400).contains(&apart), "{apart} µs");
}

/// `retryBackoffMs` of `OffsetFetcherUtils`: without jitter.
#[test]
fn after_an_error_java_asks_for_offsets_again_retry_backoff_ms_later() {
    let broker =
        FakeBroker { offset_errors: [ErrorCode::NotLeaderOrFollower; 4].into(), ..FakeBroker::with(&[("t", 1)]) };
    let script = vec![(0, Do::Assign(vec![(t(0), StartAt::Earliest)]))];
    let mut run = Run::consumer(broker, Profile::Java, &[("retry.backoff.ms", "1000")], script);
    let times = [1, 2, 3, 4, 5].map(|n| run.when(|run| asked(run.broker(), ApiKey::ListOffsets) == n));
    for apart in times.windows(2).map(|pair| (pair[1].as_nanos() - pair[0].as_nanos()) / 1_000) {
        assert!((1_001_600..=1_002_600).contains(&apart), "{apart} µs with the way there and back");
    }
}

/// The exceptions it ended with, and all that it logged at WARN, with the class that did.
fn said(run: &Run) -> (Vec<String>, Vec<(String, String)>) {
    let (mut fatal, mut warned) = (Vec::new(), Vec::new());
    for (_, event) in &run.app().consumed {
        match event {
            ConsumerEvent::Fatal(error) => fatal.push(error.class.rsplit('.').next().unwrap_or_default().into()),
            ConsumerEvent::Log(line) if line.level == LogLevel::Warn => {
                warned.push((line.logger.rsplit('.').next().unwrap_or_default().into(), line.text.clone()));
            }
            _ => {}
        }
    }
    (fatal, warned)
}

/// `FetchCollector#collectFetch` throws when it has nothing else to give; what came behind is never handed out.
#[test]
fn what_was_fetched_before_an_offset_out_of_range_is_handed_out_before_the_error() {
    let values = |good: i32, bad: i32, max: &'static str| {
        let mut broker = FakeBroker::with(&[("t", 2)]);
        ["a", "b", "c"].into_iter().for_each(|value| broker.put("t", good, value));
        broker.committed = [(("t".into(), good), 0), (("t".into(), bad), 100)].into();
        let pairs = [("group.id", "g"), ("auto.offset.reset", "none"), ("max.poll.records", max)];
        let run = Run::consumer(broker, Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        assert_eq!(said(&run).0, ["OffsetOutOfRangeException"]);
        run.values()
    };
    assert_eq!(values(0, 1, "500"), ["a", "b", "c"]);
    assert_eq!(values(0, 1, "2"), ["a", "b", "c"], "over two polls");
    assert!(values(1, 0, "500").is_empty());
}

/// Positions are looked after before anything is handed out (`ClassicKafkaConsumer#poll`).
#[test]
fn a_partition_without_offset_and_policy_is_an_error_before_anything_else() {
    let mut broker = FakeBroker::with(&[("t", 2)]);
    broker.put("t", 0, "a");
    broker.committed = [(("t".into(), 0), 0)].into();
    let pairs = [("group.id", "g"), ("auto.offset.reset", "none")];
    let run = Run::consumer(broker, Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
    assert_eq!(said(&run).0, ["NoOffsetForPartitionException"]);
    assert!(run.values().is_empty());
}

/// `OffsetFetcherUtils#handleListOffsetResponse`: errors of a leader that moves are told at debug level, which nobody sees.
#[test]
fn java_says_why_offsets_are_asked_for_again() {
    let logged = |profile, error| {
        let mut broker = FakeBroker::with(&[("t", 1)]);
        broker.put("t", 0, "a");
        broker.offset_errors = [error].into();
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let run = Run::consumer(broker, profile, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        assert_eq!(run.values(), ["a"], "{error:?}");
        said(&run).1
    };
    let line = |text: &str| ("OffsetFetcherUtils".to_owned(), format!("[Consumer clientId=c, groupId=g] {text}"));
    let text = "Received unknown topic or partition error in ListOffset request for partition t-0";
    assert_eq!(logged(Profile::Java, ErrorCode::UnknownTopicOrPartition), [line(text)]);
    let text = "Attempt to fetch offsets for partition t-0 failed due to unexpected exception: The server experienced an unexpected error when processing the request., retrying.";
    assert_eq!(logged(Profile::Java, ErrorCode::UnknownServerError), [line(text)]);
    for quiet in [ErrorCode::NotLeaderOrFollower, ErrorCode::FencedLeaderEpoch, ErrorCode::OffsetNotAvailable] {
        assert_eq!(logged(Profile::Java, quiet), [], "{quiet:?}");
    }
    assert_eq!(logged(Profile::Librdkafka, ErrorCode::UnknownTopicOrPartition), []);
}

/// `OffsetsForLeaderEpochUtils#handleResponse`, whose logger does not know whose it is.
#[test]
fn java_says_why_epochs_are_asked_for_again() {
    let logged = |error| {
        let mut broker = FakeBroker::with(&[("t", 1)]);
        broker.put("t", 0, "a");
        let pairs = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let mut run = Run::consumer(broker, Profile::Java, &pairs, vec![(0, Do::Subscribe("t"))]).until(1_000);
        let broker = run.broker_mut();
        (broker.leader_epoch, broker.epoch_ends) = (1, [(0, (0, 1))].into());
        broker.epoch_errors = [error].into();
        broker.put("t", 0, "b");
        let run = run.until(3_000);
        assert_eq!(run.values(), ["a", "b"], "{error:?}");
        said(&run).1
    };
    let line = |text: &str| ("OffsetsForLeaderEpochUtils".to_owned(), text.to_owned());
    let text = "Received unknown topic or partition error in OffsetsForLeaderEpoch request for partition t-0.";
    assert_eq!(logged(ErrorCode::UnknownTopicOrPartition), [line(text)]);
    let text = "Attempt to fetch offsets for partition t-0 failed due to: The server experienced an unexpected error when processing the request., retrying.";
    assert_eq!(logged(ErrorCode::UnknownServerError), [line(text)]);
    assert_eq!(logged(ErrorCode::NotLeaderOrFollower), []);
}

/// An application goes back to the beginning while the answer with what comes next is on its way. What that holds is not what is to be
/// read now (`FetchCollector#handleInitializeSuccess`), so it is not handed out.
#[test]
fn what_comes_for_a_position_that_was_left_is_not_handed_out() {
    let mut late = 0;
    for micros in (0..8_000).step_by(200) {
        let mut broker = FakeBroker::with(&[("t", 1)]);
        ["a", "b"].into_iter().for_each(|value| broker.put("t", 0, value));
        let script = vec![(0, Do::Assign(vec![(t(0), StartAt::Offset(0))])), (1_000, Do::Seek(t(0), 0))];
        let mut run = Run::consumer(broker, Profile::Java, &[], script);
        run.world.run_until(Time::from_nanos((993_000 + micros) * 1_000));
        ["c", "d"].into_iter().for_each(|value| run.broker_mut().put("t", 0, value));
        let values = run.until(2_000).values();
        match values.len() {
            6 => late += 1,
            _ => assert_eq!(values.len(), 8),
        }
        let (before, after) = values.split_at(values.len() - 4);
        assert_eq!(after, ["a", "b", "c", "d"], "{before:?}");
    }
    assert!((5..35).contains(&late), "{late} of 40 answers came for a position that was left");
}
