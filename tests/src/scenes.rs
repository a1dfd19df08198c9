//! The scenes of the engine's goals: clusters at work, under faults, and large.
//!
//! Scene S is three brokers, three controllers, a topic of six partitions of three replicas with
//! `min.insync.replicas` 2, three idempotent producers with acks=all, and one group of three consumers.

use kernel::{Duration, Time};
use lab::Lab;
use lab::scenario::{Scenario, Span, TimedCommand, TopicShape};

use crate::engine::{delivered, lab, measured};
use crate::{Measured, Run};

const PRODUCERS: u32 = 3;
const CONSUMERS: u32 = 3;
/// The first terminal that a producer runs in.
const FIRST_TERMINAL: u32 = 10;

/// A lab that runs for a span of virtual time.
pub(crate) struct Scene {
    lab: Lab,
    from: (Time, u64),
    seconds: u64,
    units: u64,
    /// Records that must be acknowledged and delivered at the end, at least.
    records_min: u64,
}

fn scene_s() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.topics.push(topic("t", 6));
    scenario
}

fn topic(name: &str, partitions: i32) -> TopicShape {
    let configs = [("min.insync.replicas".to_string(), "2".to_string())];
    TopicShape { name: name.into(), partitions: Some(partitions), replication_factor: Some(3), configs: configs.into() }
}

/// The programs that produce and consume.
#[derive(Clone, Copy)]
enum Clients {
    /// A line a record, printed where it is acknowledged and where it is consumed.
    Lines,
    /// The performance tools: records of 100 bytes, which are drawn only when somebody looks at them.
    Drawn,
}

impl Clients {
    /// Three consumers and three producers that share `rate` records a second. The consumers come first, so that none
    /// misses a record; their group is stable ten seconds later.
    fn start(self, lab: &mut Lab, rate: u32) {
        for n in 0..CONSUMERS {
            lab.command(FIRST_TERMINAL + PRODUCERS + n, self.consumer());
        }
        lab.run_for(Duration::from_secs(10));
        for n in 0..PRODUCERS {
            lab.command(FIRST_TERMINAL + n, &self.producer((rate + n) / PRODUCERS));
        }
    }

    fn consumer(self) -> &'static str {
        match self {
            Clients::Lines => "kafka-console-consumer --bootstrap-server localhost:9092 --topic t --group g",
            Clients::Drawn => {
                "kafka-consumer-perf-test --bootstrap-server localhost:9092 --topic t --group g --num-records 1000000000 --timeout 600000"
            }
        }
    }

    fn producer(self, rate: u32) -> String {
        match self {
            Clients::Lines => format!(
                "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic t --max-messages -1 --throughput {rate}"
            ),
            Clients::Drawn => format!(
                "kafka-producer-perf-test --bootstrap-server localhost:9092 --topic t --num-records 1000000000 --record-size 100 --throughput {rate}"
            ),
        }
    }
}

impl Scene {
    /// Scene S with 3,000 records a second of the performance tools.
    pub(crate) fn busy() -> Scene {
        Scene::at_3000(Clients::Drawn)
    }

    /// The same with a line a record.
    pub(crate) fn busy_lines() -> Scene {
        Scene::at_3000(Clients::Lines)
    }

    fn at_3000(clients: Clients) -> Scene {
        let mut lab = lab(&scene_s());
        clients.start(&mut lab, 3_000);
        Scene { from: (lab.now(), lab.events()), lab, seconds: 20, units: 0, records_min: 50_000 }
    }

    /// Scene S without its clients.
    pub(crate) fn quiet() -> Scene {
        let lab = lab(&scene_s());
        Scene { from: (lab.now(), lab.events()), lab, seconds: 600, units: 600, records_min: 0 }
    }

    /// Scene S from its very start, for a minute of 500 records a second: what a seed of a sweep holds in memory.
    pub(crate) fn minute() -> Scene {
        let mut lab = lab(&scene_s());
        Clients::Lines.start(&mut lab, 500);
        Scene { from: (lab.now(), lab.events()), lab, seconds: 60, units: 60, records_min: 25_000 }
    }

    /// 500 records a second while 24 faults come and go, then ten seconds in which all must arrive.
    pub(crate) fn chaos() -> Scene {
        let mut scenario = scene_s();
        scenario.commands = faults();
        let mut lab = lab(&scenario);
        Clients::Drawn.start(&mut lab, 500);
        Scene { from: (lab.now(), lab.events()), lab, seconds: 60, units: 60, records_min: 10_000 }
    }

    /// A hundred brokers, ten thousand partitions, and scene S's clients on one topic of them.
    pub(crate) fn large() -> Scene {
        let mut lab = lab(&large());
        Clients::Lines.start(&mut lab, 500);
        Scene { from: (lab.now(), lab.events()), lab, seconds: 20, units: 20, records_min: 8_000 }
    }
}

/// Scene S at 500 records a second, grown in one way.
pub(crate) struct Grown {
    /// How many times 500 records a second.
    pub(crate) traffic: u32,
    /// How many times 60 partitions stand idle beside the six of scene S.
    pub(crate) idle_partitions: u32,
    /// How many times three brokers.
    pub(crate) brokers: u32,
}

impl Grown {
    pub(crate) fn scene(&self) -> Scene {
        let mut scenario = scene_s();
        scenario.cluster.brokers = 3 * self.brokers;
        scenario.topics.push(topic("idle", 60 * self.idle_partitions as i32));
        let mut lab = lab(&scenario);
        Clients::Lines.start(&mut lab, 500 * self.traffic);
        Scene {
            from: (lab.now(), lab.events()),
            lab,
            seconds: 20,
            units: 20,
            records_min: 8_000 * u64::from(self.traffic),
        }
    }
}

/// Records that stay: what they cost in memory when there are many. In parts, so that the host runs it once.
pub(crate) struct Retained {
    lab: Lab,
    from: (Time, u64),
}

const RETAINED: u64 = 10_000_000;
const RETAINED_PARTS: u32 = 60;
/// The rate at which one producer makes them, a second.
const RETAINED_RATE: u64 = 250_000;

impl Retained {
    pub(crate) fn new() -> Retained {
        let mut lab = lab(&scene_s());
        lab.command(
            FIRST_TERMINAL,
            &format!(
                "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic t --max-messages {RETAINED} --throughput {RETAINED_RATE}"
            ),
        );
        Retained { from: (lab.now(), lab.events()), lab }
    }
}

impl Run for Retained {
    fn parts(&self) -> u32 {
        RETAINED_PARTS
    }
    fn run(&mut self, n: u32) {
        let seconds = RETAINED / RETAINED_RATE;
        self.lab.run_for(Duration::from_millis(seconds * 1_000 / u64::from(RETAINED_PARTS) + 100));
        if n + 1 == RETAINED_PARTS {
            let tps = (0..6).map(|partition| protocol::TopicPartition::new("t", partition));
            let kept =
                tps.filter_map(|tp| self.lab.leader_log(&tp).map(|log| log.log_end_offset() - log.log_start_offset()));
            assert_eq!(kept.sum::<i64>(), RETAINED as i64, "every record was taken and is kept");
        }
    }
    fn measured(&self) -> Measured {
        measured(&self.lab, self.from, RETAINED)
    }
}

/// One fault every two seconds from 12 s on, each mended a second and a half later: two dozen of them.
fn faults() -> Vec<TimedCommand> {
    const PAIRS: [(&str, &str); 8] = [
        ("kill broker 1", "start broker 1"),
        ("cut 2 | 1 3", "heal"),
        ("pause broker 3", "resume broker 3"),
        ("kill broker 3", "start broker 3"),
        ("cut 101 | 102 103 1 2 3", "heal"),
        ("pause broker 2", "resume broker 2"),
        ("cut 1 > 3", "heal"),
        ("kill controller 102", "start controller 102"),
    ];
    let command =
        |ms: u64, run: &str| TimedCommand { at: Span(Duration::from_millis(ms)), term: 2, run: format!("sim {run}") };
    (0..24u64)
        .flat_map(|n| {
            let (fault, mend) = PAIRS[n as usize % PAIRS.len()];
            let at = 12_000 + 2_000 * n;
            [command(at, fault), command(at + 1_500, mend)]
        })
        .collect()
}

fn large() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.cluster.brokers = 100;
    scenario.topics = (0..9).map(|n| topic(&format!("idle-{n}"), 1_111)).collect();
    scenario.topics.push(topic("t", 6));
    scenario
}

impl Run for Scene {
    fn run(&mut self, _: u32) {
        self.lab.run_for(Duration::from_secs(self.seconds));
        if let Some(violation) = self.lab.violation() {
            panic!("{violation}");
        }
        let (acked, delivered) = (self.lab.ledger().acked(), delivered(&self.lab));
        assert!(acked >= self.records_min, "{acked} records acknowledged");
        assert!(delivered >= self.records_min, "{delivered} records delivered");
        assert_eq!(self.lab.ledger().lost(&self.lab).len(), 0, "no promise is broken");
    }
    fn measured(&self) -> Measured {
        let events = self.lab.events() - self.from.1;
        measured(&self.lab, self.from, if self.units == 0 { events } else { self.units })
    }
}

/// The large cluster's boot, its topics made.
pub(crate) struct Boot {
    lab: Option<Lab>,
}

impl Boot {
    pub(crate) fn new() -> Boot {
        Boot { lab: None }
    }
}

impl Run for Boot {
    fn run(&mut self, _: u32) {
        let lab = lab(&large());
        let partitions = lab::replicas::image(lab.world(), lab.layout())
            .map_or(0, |image| image.topics.values().map(|topic| topic.partitions.len()).sum());
        assert_eq!(partitions, 9 * 1_111 + 6, "every topic was made");
        self.lab = Some(lab);
    }
    fn measured(&self) -> Measured {
        self.lab.as_ref().map_or(Measured::default(), |lab| measured(lab, (Time::ZERO, 0), 1))
    }
}
