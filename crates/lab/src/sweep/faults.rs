//! The timeline of faults: `sim` verbs at times. Whole families are switched off by the seed (swarm testing): what is
//! left out lets the rest come together in ways a mix of everything never would.

use super::draw::{Draws, Kind};
use super::plan::{CHAOS_END_MS, Stage, command};
use crate::scenario::TimedCommand;

/// Chaos begins when clients have had a little time.
const CHAOS_BEGIN_MS: u64 = 4_000;

/// A kind of fault that a seed has or has not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    Kill,
    Stop,
    PowerOff,
    Pause,
    Cut,
    CutOneWay,
    Isolate,
    Leader,
    Controller,
    CutFromController,
    Client,
    CutClient,
    Elections,
    Deaf,
    Delay,
    Drop,
    CrashAt,
    ControllerCrashAt,
    ClientCrashAt,
    Restart,
    SlowDisk,
    FullDisk,
    Skew,
}

const FAMILIES: [Family; 23] = [
    Family::Kill,
    Family::Stop,
    Family::PowerOff,
    Family::Pause,
    Family::Cut,
    Family::CutOneWay,
    Family::Isolate,
    Family::Leader,
    Family::Controller,
    Family::CutFromController,
    Family::Client,
    Family::CutClient,
    Family::Elections,
    Family::Deaf,
    Family::Delay,
    Family::Drop,
    Family::CrashAt,
    Family::ControllerCrashAt,
    Family::ClientCrashAt,
    Family::Restart,
    Family::SlowDisk,
    Family::FullDisk,
    Family::Skew,
];

/// Steps that brokers can be made to die at.
const BROKER_STEPS: [&str; 9] = [
    "after-append",
    "after-copy",
    "after-high-watermark",
    "before-ack",
    "after-ack",
    "after-truncation",
    "after-roll",
    "after-isr-request",
    "before-commit-answer",
];
/// Steps that controllers can be made to die at.
const CONTROLLER_STEPS: [&str; 4] = ["after-isr-record", "before-isr-answer", "after-election", "after-vote"];

/// All faults of a seed, with their cures, in no order.
pub(super) fn timeline(seed: u64, stage: &Stage<'_>) -> Vec<TimedCommand> {
    let mut draws = Draws::of(seed, Kind::Families, 0);
    let mut families: Vec<Family> = FAMILIES.iter().copied().filter(|_| draws.chance(2, 5)).collect();
    if families.is_empty() {
        families.push(*draws.pick(&FAMILIES));
    }
    // One host that may lose power, so that what it had to hold is elsewhere; now and then any.
    let dark = draws.chance(3, 4).then(|| draws.between(1, u64::from(stage.cluster.brokers)));
    let count = draws.between(2, 12);
    let mut commands = Vec::new();
    for n in 0..count {
        let mut draws = Draws::of(seed, Kind::Fault, n);
        let family = *draws.pick(&families);
        let at = draws.between(CHAOS_BEGIN_MS, CHAOS_END_MS - 2_000);
        let lasts = match draws.below(4) {
            0 => draws.between(20, 500),
            1 => draws.between(500, 4_000),
            2 => draws.between(2_000, 12_000),
            _ => draws.between(5_000, 30_000),
        };
        let cured = (at + lasts).min(CHAOS_END_MS);
        let mut fault = Fault { stage, draws, n, dark, at, cured, commands: &mut commands };
        fault.make(family);
    }
    commands
}

/// A fault in the making.
struct Fault<'a> {
    stage: &'a Stage<'a>,
    draws: Draws,
    n: u64,
    dark: Option<u64>,
    at: u64,
    cured: u64,
    commands: &'a mut Vec<TimedCommand>,
}

impl Fault<'_> {
    fn make(&mut self, family: Family) {
        let broker = self.broker();
        let name = format!("broker {broker}");
        match family {
            Family::Kill => self.both(format!("sim kill {name}"), format!("sim start {name}")),
            Family::Stop => self.both(format!("sim stop {name}"), format!("sim start {name}")),
            Family::PowerOff => {
                let dark = self.dark.unwrap_or(broker);
                self.both(format!("sim power-off broker {dark}"), format!("sim start broker {dark}"));
            }
            Family::Pause => self.both(format!("sim pause {name}"), format!("sim resume {name}")),
            Family::Cut => {
                let other = self.other(broker);
                self.both(format!("sim cut {name} | broker {other}"), format!("sim heal {name} | broker {other}"));
            }
            Family::CutOneWay => {
                let other = self.other(broker);
                self.both(format!("sim cut {name} > broker {other}"), format!("sim heal {name} | broker {other}"));
            }
            Family::Isolate => self.both(format!("sim cut {name} | rest"), format!("sim heal {name} | rest")),
            Family::Leader => self.leader(),
            Family::Controller => self.controller(),
            Family::CutFromController => self.cut_from_controller(broker),
            Family::Client => self.client(),
            Family::CutClient => {
                let term = self.draws.pick(self.stage.clients).term;
                self.both(format!("sim cut term:{term} | {name}"), format!("sim heal term:{term} | {name}"));
            }
            Family::Elections => {
                let line = "kafka-leader-election --bootstrap-server broker-1:9092,broker-2:9092 --election-type preferred --all-topic-partitions";
                self.give(self.at, 2, line.into());
            }
            Family::Deaf => self.one_way(broker),
            Family::Delay => self.delay(broker),
            Family::Drop => self.drop(broker),
            Family::CrashAt => {
                let step = *self.draws.pick(&BROKER_STEPS);
                match self.draws.chance(1, 3) {
                    true => self.die_at("power-off", &format!("broker {}", self.dark.unwrap_or(broker)), step),
                    false => self.die_at("kill", &name, step),
                }
            }
            Family::ControllerCrashAt if self.stage.cluster.combined => {}
            Family::ControllerCrashAt => {
                let (name, step) = (self.a_controller(), *self.draws.pick(&CONTROLLER_STEPS));
                let verb = *self.draws.pick(&["kill", "power-off"]);
                self.die_at(verb, &name, step);
            }
            Family::ClientCrashAt => self.client_dies_at_delivery(),
            Family::Restart => self.give(self.at, 1, format!("sim restart {name}")),
            Family::SlowDisk => {
                let ms = *self.draws.pick(&[5, 50, 400, 3_000]);
                self.both(format!("sim disk {name} slow {ms}ms"), format!("sim disk {name} fine"));
            }
            Family::FullDisk => self.both(format!("sim disk {name} full"), format!("sim mend {name}")),
            Family::Skew => {
                let ahead = *self.draws.pick(&["+800ms", "-800ms", "+20s", "-20s", "+5min"]);
                let host = if self.draws.chance(1, 3) {
                    format!("term:{}", self.draws.pick(self.stage.clients).term)
                } else {
                    name
                };
                self.both(format!("sim skew {host} {ahead}"), format!("sim skew {host} right"));
            }
        }
    }

    /// Dies when it next takes a step; what did not come about by the end of the fault never will.
    fn die_at(&mut self, verb: &str, name: &str, step: &str) {
        self.both(format!("sim {verb} {name} at {step}"), format!("sim mend {name}"));
    }

    /// A broker that is heard and hears nothing, or the other way round.
    fn one_way(&mut self, broker: u64) {
        let (from, to) = (format!("broker {broker}"), self.peer_of(broker));
        let sides = if self.draws.chance(1, 2) { format!("{from} > {to}") } else { format!("{to} > {from}") };
        self.both(format!("sim cut {sides}"), format!("sim heal {sides}"));
    }

    fn delay(&mut self, broker: u64) {
        let peer = self.peer_of(broker);
        let way = *self.draws.pick(&["|", ">"]);
        let latency = *self.draws.pick(&[5, 50, 300, 2_000, 8_000]);
        let jitter = *self.draws.pick(&[0, latency / 2, latency]);
        let sides = format!("broker {broker} {way} {peer}");
        self.both(format!("sim delay {sides} {latency}ms jitter {jitter}ms"), format!("sim heal {sides}"));
    }

    /// The next answer or request between a broker and a client, another broker or a controller.
    fn drop(&mut self, broker: u64) {
        let name = format!("broker {broker}");
        let client = format!("term:{}", self.draws.pick(self.stage.clients).term);
        let (message, sides) = match self.draws.below(4) {
            0 => (
                *self.draws.pick(&["response", "Produce response", "OffsetCommit response"]),
                format!("{name} > {client}"),
            ),
            1 => (*self.draws.pick(&["request", "Produce request", "Heartbeat request"]), format!("{client} > {name}")),
            2 => (
                *self.draws.pick(&["Fetch response", "Fetch request"]),
                format!("{name} > broker {}", self.other(broker)),
            ),
            _ if self.stage.cluster.combined => return,
            _ => {
                let message =
                    *self.draws.pick(&["AlterPartition response", "BrokerHeartbeat response", "Fetch response"]);
                (message, format!("{} > {name}", self.a_controller()))
            }
        };
        self.both(format!("sim drop {message} {sides}"), format!("sim heal {sides}"));
    }

    /// Another broker, a controller, or everyone else.
    fn peer_of(&mut self, broker: u64) -> String {
        match self.draws.below(3) {
            0 => format!("broker {}", self.other(broker)),
            1 if !self.stage.cluster.combined => self.a_controller(),
            _ => "rest".into(),
        }
    }

    /// A consumer dies with records that it has not committed, and is started again.
    fn client_dies_at_delivery(&mut self) {
        let clients = self.stage.clients;
        let client = self.draws.pick(clients);
        let term = client.term;
        self.give(self.at, 1, format!("sim kill term:{term} at after-delivery"));
        self.give(self.cured, 1, format!("sim kill term:{term}"));
        self.give(self.cured, term, client.start(self.n + 1));
    }

    fn give(&mut self, at_ms: u64, term: u32, run: String) {
        self.commands.push(command(at_ms, term, run));
    }
    fn both(&mut self, fault: String, cure: String) {
        self.give(self.at, 1, fault);
        self.give(self.cured, 1, cure);
    }
    fn broker(&mut self) -> u64 {
        self.draws.between(1, u64::from(self.stage.cluster.brokers))
    }
    /// A broker that is not `broker`.
    fn other(&mut self, broker: u64) -> u64 {
        let brokers = u64::from(self.stage.cluster.brokers);
        1 + (broker - 1 + self.draws.between(1, (brokers - 1).max(1))) % brokers
    }
    fn partition(&mut self) -> String {
        self.stage.partition(&mut self.draws)
    }

    /// Any partition of `__consumer_offsets`.
    fn partition_of_offsets(&mut self) -> String {
        self.stage.partition_of_offsets(&mut self.draws)
    }

    /// Whoever leads a partition then.
    fn leader(&mut self) {
        let tp = if self.draws.chance(1, 5) { self.partition_of_offsets() } else { self.partition() };
        let fault = match self.draws.below(4) {
            0 => format!("sim kill leader:{tp}"),
            1 => format!("sim pause leader:{tp}"),
            2 => format!("sim cut leader:{tp} | followers:{tp}"),
            _ => format!("sim cut leader:{tp} | rest"),
        };
        self.both(fault, "sim mend".into());
    }

    fn controller(&mut self) {
        if self.stage.cluster.combined {
            return;
        }
        let name = self.a_controller();
        match self.draws.below(4) {
            0 => self.both(format!("sim kill {name}"), format!("sim start {name}")),
            1 => self.both(format!("sim stop {name}"), format!("sim start {name}")),
            2 => self.both(format!("sim pause {name}"), format!("sim resume {name}")),
            _ => self.both(format!("sim cut {name} | rest"), format!("sim heal {name} | rest")),
        }
    }

    fn a_controller(&mut self) -> String {
        format!("controller {}", 100 + self.draws.between(1, u64::from(self.stage.cluster.controllers)))
    }

    /// A broker that clients reach and controllers do not.
    fn cut_from_controller(&mut self, broker: u64) {
        if self.stage.cluster.combined {
            return;
        }
        let all: Vec<String> =
            (1..=self.stage.cluster.controllers).map(|n| format!("controller {}", 100 + n)).collect();
        let some = if self.draws.chance(2, 3) { all.join(" ") } else { self.a_controller() };
        self.both(format!("sim cut broker {broker} | {some}"), format!("sim heal broker {broker} | {some}"));
    }

    /// A program dies and is started again, or stands still for a while.
    fn client(&mut self) {
        let clients = self.stage.clients;
        let client = self.draws.pick(clients);
        let term = client.term;
        if self.draws.chance(1, 2) {
            return self.both(format!("sim pause term:{term}"), format!("sim resume term:{term}"));
        }
        let death = *self.draws.pick(&["sim kill", "sim stop"]);
        self.give(self.at, 1, format!("{death} term:{term}"));
        self.give(self.cured, term, client.start(self.n + 1));
    }
}
