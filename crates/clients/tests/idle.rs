//! Connections that idle are closed (`Selector.IdleExpiryManager`), and what clients do about it (`NetworkClient#handleDisconnections`).

mod common;

use clients::{Profile, StartAt};
use common::{Do, FakeBroker, Run, send};
use kernel::Time;
use protocol::TopicPartition;

const NEVER: (&str, &str) = ("metadata.max.age.ms", "100000000");

/// When metadata was asked for and when connections were made, in ms, from `from` on.
fn doings(mut run: Run, from: u64, ms: u64) -> (Vec<u64>, Vec<u64>) {
    let (mut asked, mut connected) = (Vec::new(), Vec::new());
    let counts = |run: &Run| (run.broker().described.len(), run.broker().meant.len());
    while run.world.next_time().is_some_and(|at| at <= Time::from_millis(ms)) {
        let before = counts(&run);
        run.world.step();
        let (now, after) = (run.world.now().as_millis(), counts(&run));
        if now >= from {
            asked.extend((before.0..after.0).map(|_| now));
            connected.extend((before.1..after.1).map(|_| now));
        }
    }
    (asked, connected)
}

fn producer(profile: Profile, pairs: &[(&str, &str)]) -> Run {
    Run::producer(FakeBroker::with(&[("t", 1)]), profile, &[pairs, &[NEVER]].concat(), vec![(50, send("t", None, "a"))])
}

/// Its connection to its bootstrap server goes first, which makes it ask for metadata over the other, which so is used again. When that one
/// goes there is none, and it makes another to ask.
#[test]
fn a_producer_closes_after_nine_minutes_what_it_has_not_used_and_asks_for_metadata() {
    let (asked, connected) = doings(producer(Profile::Java, &[]), 1_000, 2_000_000);
    assert_eq!(asked.iter().map(|ms| ms / 1_000).collect::<Vec<_>>(), [540, 1_080, 1_620], "{asked:?}");
    assert_eq!(connected.iter().map(|ms| ms / 1_000).collect::<Vec<_>>(), [1_080, 1_620], "{connected:?}");
    let run = producer(Profile::Java, &[]).until(2_000_000);
    assert!(run.app().logs.is_empty(), "it says so at DEBUG: {:?}", run.app().logs);
}

#[test]
fn below_zero_and_with_librdkafka_nothing_is_closed() {
    let off = [("connections.max.idle.ms", "-1")];
    let pairs = [("topic.metadata.refresh.interval.ms", "-1")];
    let librdkafka =
        Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Librdkafka, &pairs, vec![(50, send("t", None, "a"))]);
    for run in [producer(Profile::Java, &off), librdkafka] {
        assert_eq!(doings(run, 1_000, 4_000_000), (vec![], vec![]));
    }
}

/// What librdkafka closes itself it does not complain of.
#[test]
fn librdkafka_closes_when_it_is_told_to() {
    let pairs = [("topic.metadata.refresh.interval.ms", "-1"), ("connections.max.idle.ms", "5000")];
    let script = vec![(50, send("t", None, "a"))];
    let run = || Run::producer(FakeBroker::with(&[("t", 1)]), Profile::Librdkafka, &pairs, script.clone());
    let (asked, connected) = doings(run(), 1_000, 6_000);
    assert!(asked.len() == 1 && connected.len() == 1 && connected[0] / 1_000 == 5, "{asked:?} {connected:?}");
    assert!(run().until(6_000).app().logs.is_empty());
}

/// A consumer that fetches uses its connection to its broker all the time.
#[test]
fn a_connection_that_is_used_stays() {
    let assign = Do::Assign(vec![(TopicPartition::new("t", 0), StartAt::Offset(0))]);
    let pairs = [("connections.max.idle.ms", "5000"), NEVER];
    let run = Run::consumer(FakeBroker::with(&[("t", 1)]), Profile::Java, &pairs, vec![(0, assign)]);
    let (asked, connected) = doings(run, 1_000, 60_000);
    assert_eq!((asked.len(), connected.len()), (1, 0), "the bootstrap server's goes, once: {asked:?}");
    assert!((5_000..5_100).contains(&asked[0]), "{asked:?}");
}

/// An admin client's idle for five minutes at most.
#[test]
fn an_admin_client_waits_for_five_minutes() {
    let calls = vec![(100, Do::Call(clients::AdminCall::ListTopics))];
    let run = Run::admin(FakeBroker::with(&[("t", 1)]), &[NEVER], calls);
    let (asked, _) = doings(run, 1_000, 590_000);
    assert!(asked.first().is_some_and(|ms| (300_000..300_200).contains(ms)), "{asked:?}");
}
