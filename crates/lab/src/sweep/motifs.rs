//! Motifs: sequences of faults that random ones hardly ever come to, each of which once broke Kafka or would break a model of
//! it. A plan in six has one, with its times drawn; half of those have no other fault.

use super::draw::{Draws, Kind};
use super::plan::{Stage, command};
use crate::scenario::TimedCommand;

/// A sequence that means something only as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Motif {
    /// A leader's unreplicated records, and its successor's, meet when the leadership comes straight back (KIP-279).
    Bounce,
    /// A follower loses power after its leader has asked to take it into the ISR, and is back before that is decided (KIP-903).
    LateIsr,
}

const MOTIFS: [Motif; 2] = [Motif::Bounce, Motif::LateIsr];

/// The motif of a seed, if it has one.
pub(super) struct Drawn {
    /// Its faults, with their cures.
    pub(super) commands: Vec<TimedCommand>,
    /// There are no other faults.
    pub(super) is_alone: bool,
}

/// Draws a seed's motif.
pub(super) fn draw(seed: u64, stage: &Stage<'_>) -> Option<Drawn> {
    let mut draws = Draws::of(seed, Kind::Motif, 0);
    if !draws.chance(1, 6) {
        return None;
    }
    let (motif, is_alone) = (*draws.pick(&MOTIFS), draws.chance(1, 2));
    let at = draws.between(4_000, 9_000);
    let mut score = Score { stage, draws, at, commands: Vec::new() };
    match motif {
        Motif::Bounce => score.bounce(),
        Motif::LateIsr => score.late_isr(),
    }
    Some(Drawn { commands: score.commands, is_alone })
}

/// A motif in the making.
struct Score<'a> {
    stage: &'a Stage<'a>,
    draws: Draws,
    /// When its next command is given.
    at: u64,
    commands: Vec<TimedCommand>,
}

impl Score<'_> {
    fn give(&mut self, run: String) {
        self.commands.push(command(self.at, 1, run));
    }
    fn wait(&mut self, from_ms: u64, to_ms: u64) {
        self.at += self.draws.between(from_ms, to_ms);
    }
    fn config(&self, name: &str) -> u64 {
        self.stage.cluster.configs.get(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }
    fn brokers(&self) -> u64 {
        self.stage.cluster.brokers.into()
    }

    /// The preferred leader restarts, so that another leads; that one is cut off from its followers and writes what they do
    /// not get; the preferred one is elected, writes too, and dies; the other, in sync all along, leads again.
    fn bounce(&mut self) {
        let tp = self.stage.partition(&mut self.draws);
        self.give(format!("sim stop leader:{tp}"));
        self.wait(1_000, 3_000);
        self.give("sim mend".into());
        self.wait(5_000, 9_000);
        self.give(format!("sim cut leader:{tp} | followers:{tp}"));
        self.wait(200, 1_200);
        let bootstrap = "broker-1:9092,broker-2:9092";
        self.commands.push(command(
            self.at,
            2,
            format!(
                "kafka-leader-election --bootstrap-server {bootstrap} --election-type preferred --all-topic-partitions"
            ),
        ));
        self.wait(400, 1_500);
        self.give(format!("sim kill leader:{tp}"));
        self.wait(4_000, 12_000);
        self.give("sim mend".into());
    }

    /// A follower falls out of the ISR behind a cut. When it comes back its leader asks controllers it cannot reach. It loses
    /// power and registers again, and only then is the leader heard.
    fn late_isr(&mut self) {
        if self.stage.cluster.combined {
            return self.bounce();
        }
        let leader = self.draws.between(1, self.brokers());
        let follower = 1 + (leader + self.draws.below(self.brokers() - 1)) % self.brokers();
        let controllers: Vec<String> =
            (1..=self.stage.cluster.controllers).map(|n| format!("controller {}", 100 + n)).collect();
        let controllers = controllers.join(" ");
        self.give(format!("sim cut broker {leader} | broker {follower}"));
        let lag_ms = self.config("replica.lag.time.max.ms").min(9_000);
        self.wait(lag_ms + 1_000, lag_ms * 2 + 1_000);
        self.give(format!("sim cut broker {leader} | {controllers}"));
        self.give(format!("sim heal broker {leader} | broker {follower}"));
        let unheard = self.at;
        self.wait(300, 1_300);
        self.give(format!("sim power-off broker {follower}"));
        self.give(format!("sim cut broker {leader} | broker {follower}"));
        self.give(format!("sim start broker {follower}"));
        self.at = unheard + self.config("broker.session.timeout.ms");
        self.at -= self.draws.below(600);
        self.give(format!("sim heal broker {leader} | {controllers}"));
        self.wait(100, 3_000);
        self.give(format!("sim heal broker {leader} | broker {follower}"));
    }
}
