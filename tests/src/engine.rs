//! The whole engine: clusters that idle, and moving through a long run.

use kernel::{Duration, Time, keyed_draw};
use lab::scenario::{Scenario, TopicShape};
use lab::{Lab, Timeline};

use crate::{Measured, Run};

pub(crate) fn lab(scenario: &Scenario) -> Lab {
    Lab::new(scenario).expect("the scenario is a valid one")
}

/// What a lab has done since `from`.
pub(crate) fn measured(lab: &Lab, from: (Time, u64), units: u64) -> Measured {
    Measured {
        units,
        events: lab.events() - from.1,
        pending: lab.world().pending() as u64,
        virtual_ns: lab.now().since(from.0).as_nanos(),
        digest: lab.digest(),
    }
}

/// Three brokers and three controllers without a client: heartbeats, fetches of metadata, and elections' timers.
pub(crate) struct Idle {
    lab: Lab,
    from: (Time, u64),
}

const IDLE_SECONDS: u64 = 600;

impl Idle {
    pub(crate) fn new() -> Idle {
        let lab = lab(&Scenario::default());
        Idle { from: (lab.now(), lab.events()), lab }
    }
}

impl Run for Idle {
    fn run(&mut self, _: u32) {
        self.lab.run_for(Duration::from_secs(IDLE_SECONDS));
    }
    fn measured(&self) -> Measured {
        measured(&self.lab, self.from, IDLE_SECONDS)
    }
}

/// The digest of a cluster that has idled for half a minute.
pub(crate) fn idle_digest(brokers: u32, controllers: u32) -> u64 {
    let mut scenario = Scenario::default();
    (scenario.cluster.brokers, scenario.cluster.controllers) = (brokers, controllers);
    let mut lab = lab(&scenario);
    lab.run_for(Duration::from_secs(30));
    lab.digest()
}

/// Copies of a world, each followed by an event, so that what a copy shares must be parted from it.
pub(crate) struct Checkpoint {
    lab: Lab,
    from: (Time, u64),
}

const COPIES: u64 = 1_000;

impl Checkpoint {
    pub(crate) fn new() -> Checkpoint {
        let Idle { lab, from } = Idle::new();
        Checkpoint { lab, from }
    }
}

impl Run for Checkpoint {
    fn run(&mut self, _: u32) {
        for _ in 0..COPIES {
            let copy = self.lab.clone();
            self.lab.step();
            drop(copy);
        }
    }
    fn measured(&self) -> Measured {
        measured(&self.lab, self.from, COPIES)
    }
}

/// Going to moments all over a long run, in no order.
pub(crate) struct Seek {
    timeline: Timeline,
    from: (Time, u64),
    /// As of the head of the run.
    whole: Measured,
}

const SEEKS: u32 = 40;
const LONG_RUN_EVENTS: u64 = 1_000_000;

impl Seek {
    pub(crate) fn new() -> Seek {
        let mut timeline = Timeline::new(&Scenario::default()).expect("the scenario is a valid one");
        let from = (timeline.lab().now(), timeline.lab().events());
        while timeline.lab().events() < LONG_RUN_EVENTS {
            timeline.run_for(Duration::from_secs(60));
        }
        let whole = measured(timeline.lab(), from, SEEKS.into());
        Seek { timeline, from, whole }
    }
}

impl Run for Seek {
    fn parts(&self) -> u32 {
        SEEKS
    }
    fn run(&mut self, n: u32) {
        let event = self.from.1 + keyed_draw(7, 0, u64::from(n), 0) % self.whole.events;
        assert!(self.timeline.seek_event(event), "the run reaches every event it has had");
    }
    fn measured(&self) -> Measured {
        Measured { digest: self.timeline.lab().digest(), ..self.whole }
    }
}

/// Records of 100 bytes from producers (idempotent, acks=all) to three partitions of three replicas each, and from
/// there to a consumer in a group. Done when the consumer has them all; the ledger has checked each against what was
/// acknowledged, and what was acknowledged against the logs.
pub(crate) struct Records {
    lab: Lab,
    from: (Time, u64),
    /// Each producer's records.
    count: u64,
    producers: u32,
    producer: String,
}

/// The terminal of the first producer.
const FIRST_TERMINAL: u32 = 10;

impl Records {
    /// Lines of a file, which end in a terminal.
    pub(crate) fn lines(count: u64, producers: u32, settings: &'static str) -> Records {
        let lines: String = (0..count).map(|n| format!("{n:0>100}\n")).collect();
        let files = [("records.txt".into(), lines)];
        let consumer = "kafka-console-consumer --bootstrap-server localhost:9092 --topic t --group g";
        let producer = format!(
            "cat records.txt | kafka-console-producer --bootstrap-server localhost:9092 --topic t --command-property {settings}"
        );
        Records::new(Scenario { files: files.into(), ..Scenario::default() }, consumer, producer, count, producers)
    }

    /// Records of the performance tools, which nobody looks at: their payloads are never made.
    pub(crate) fn drawn(count: u64, producers: u32, settings: &'static str) -> Records {
        let all = count * u64::from(producers);
        let consumer = format!(
            "kafka-consumer-perf-test --bootstrap-server localhost:9092 --topic t --num-records {all} --timeout 60000"
        );
        let producer = format!(
            "kafka-producer-perf-test --bootstrap-server localhost:9092 --topic t --num-records {count} --record-size 100 --throughput -1 --command-property {settings}"
        );
        Records::new(Scenario::default(), &consumer, producer, count, producers)
    }

    fn new(mut scenario: Scenario, consumer: &str, producer: String, count: u64, producers: u32) -> Records {
        let configs = [("min.insync.replicas".to_string(), "2".to_string())];
        scenario.topics.push(TopicShape {
            name: "t".into(),
            partitions: Some(3),
            replication_factor: Some(3),
            configs: configs.into(),
        });
        let mut lab = lab(&scenario);
        lab.command(2, consumer);
        lab.run_for(Duration::from_secs(10));
        Records { from: (lab.now(), lab.events()), lab, count, producers, producer }
    }
}

impl Run for Records {
    fn run(&mut self, _: u32) {
        const PATIENCE: Duration = Duration::from_secs(600);
        for n in 0..self.producers {
            self.lab.command(FIRST_TERMINAL + n, &self.producer);
        }
        let (limit, count) = (self.lab.now() + PATIENCE, self.count * u64::from(self.producers));
        let done = self.lab.run_until_pred(limit, |lab| delivered(lab) >= count);
        assert!(done, "all records arrive; {} did", delivered(&self.lab));
        assert_eq!((self.lab.ledger().acked(), self.lab.ledger().lost(&self.lab).len()), (count, 0));
    }
    fn measured(&self) -> Measured {
        measured(&self.lab, self.from, self.count * u64::from(self.producers))
    }
}

pub(crate) fn delivered(lab: &Lab) -> u64 {
    lab.ledger().delivered().map(|(_, count)| count).sum()
}
