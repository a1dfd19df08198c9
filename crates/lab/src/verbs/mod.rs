//! The `sim` verbs: what only a god can do. One file each, listed in one table.

use protocol::TopicPartition;

use crate::lab::{Given, Lab};
use crate::traps::{self, Taker};

/// What a verb needs to act.
pub(crate) struct Call<'a> {
    pub(crate) lab: &'a mut Lab,
    pub(crate) term: u32,
    /// The words after the verb.
    pub(crate) words: Vec<&'a str>,
    /// All that stands after the verb.
    pub(crate) rest: &'a str,
}

/// A row of the table of verbs.
#[derive(Clone, Copy)]
pub struct Verb {
    /// Its name, after `sim `.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Whether it only moves the playhead and so is not part of the run.
    pub only_moves_time: bool,
    pub(crate) act: fn(Call<'_>) -> Result<String, String>,
}

macro_rules! verbs {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// Every verb.
        pub const VERBS: &[Verb] = &[$($module::VERB),*];
    };
}

mod complete;
mod flight;
mod sides;
pub use complete::complete;
pub(crate) use until::Awaited;

verbs! {
    run until at when kill stop start restart add power_off pause resume cut delay drop heal disk wipe skew mend judge status ledger digest panic help
}

/// Whether a line is a verb that only moves the playhead.
pub fn only_moves_time(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("sim") && words.next().and_then(find).is_some_and(|verb| verb.only_moves_time)
}

/// Whether a line is a verb that is there to let time pass, which a scheduled command cannot: time passes by itself.
pub(crate) fn lets_time_pass(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("sim") && words.next().is_some_and(|name| [run::VERB.name, until::VERB.name].contains(&name))
}

/// What is said of such a line.
pub(crate) const TIME_PASSES: &str =
    "sim: between the commands of a scenario time passes by itself; give the next command its own time";

fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

pub(crate) fn carry_out(lab: &mut Lab, term: u32, line: &str) -> Given {
    let mut words = line.split_whitespace().skip(1);
    let name = words.next().unwrap_or("help");
    let Some(verb) = find(name) else {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        let near = shell::nearest(name, names.iter().copied())
            .map(|near| format!(" Did you mean `sim {near}`?"))
            .unwrap_or_default();
        return Given::Refused(format!("sim: there is no verb `{name}`.{near} `sim help` lists them."));
    };
    let rest = line.trim_start().strip_prefix("sim").unwrap_or(line).trim_start();
    let rest = rest.strip_prefix(name).unwrap_or("").trim();
    if verb.usage == verb.name && !rest.is_empty() {
        return Given::Refused(format!("sim {name}: nothing stands behind it, and `{rest}` does"));
    }
    match (verb.act)(Call { lab, term, words: words.collect(), rest }) {
        Ok(answer) => Given::Done(answer),
        Err(why) => Given::Refused(format!("sim {}: {why}\nusage: sim {}", verb.name, verb.usage)),
    }
}

impl Call<'_> {
    /// The one process the words name.
    fn process(&self) -> Result<kernel::NodeId, String> {
        let text = self.words.join(" ");
        if text.is_empty() {
            return Err("which process? Name a broker, a controller or a program".into());
        }
        self.node(&text)
    }

    /// The one broker or controller the words name: what can be started again.
    fn server(&self) -> Result<kernel::NodeId, String> {
        let node = self.process()?;
        match self.lab.world.machine(node).app() {
            Some(_) => Err("a program is started by typing its command again".into()),
            None => Ok(node),
        }
    }

    /// The process `text` names: `broker 2`, `controller 101`, `app 3`, `app-3`, `2`.
    fn node(&self, text: &str) -> Result<kernel::NodeId, String> {
        if let Some((kind, rest)) = text.split_once(':') {
            return match self.by_role(kind, rest)?.as_slice() {
                [one] => Ok(*one),
                many => Err(format!("`{text}` names {} processes", many.len())),
            };
        }
        let found = self.lab.layout.find(text).or_else(|| self.lab.world.find(&text.replace(' ', "-")));
        found.ok_or_else(|| {
            let names: Vec<String> =
                self.lab.world.node_ids().map(|node| self.lab.world.name(node).to_string()).collect();
            format!("there is no process `{text}`; there are {}", names.join(", "))
        })
    }

    /// The processes with a role now: `term:4` (its program), `leader:orders-0`, `followers:orders-0`.
    fn by_role(&self, kind: &str, rest: &str) -> Result<Vec<kernel::NodeId>, String> {
        match kind {
            "term" => {
                let terminal = rest.parse().ok().and_then(|n: u32| self.lab.terminals().get(&n));
                let program = terminal.and_then(|terminal| terminal.foreground);
                program.map(|node| vec![node]).ok_or_else(|| format!("no program runs in terminal {rest}"))
            }
            // The metadata log's leader is the active controller.
            "leader" if rest == "__cluster_metadata-0" => {
                let active = crate::replicas::active_controller(&self.lab.world, &self.lab.layout);
                active.map(|node| vec![node]).ok_or_else(|| "no controller is active".into())
            }
            "leader" | "followers" => {
                let TopicPartition { topic, partition } = self.partition(rest)?;
                let image = crate::replicas::image(&self.lab.world, &self.lab.layout);
                let found = image.and_then(|image| image.partition_of(&topic, partition));
                let found = found.ok_or_else(|| format!("there is no partition {rest}"))?;
                let wanted = found.replicas.iter().filter(|id| (**id == found.leader) == (kind == "leader"));
                let nodes: Vec<_> = wanted.filter_map(|id| self.lab.layout.brokers.get(id).copied()).collect();
                if nodes.is_empty() { Err(format!("{rest} has no {kind}")) } else { Ok(nodes) }
            }
            _ => Err(format!("`{kind}:` is no role; there are term:4, leader:orders-0 and followers:orders-0")),
        }
    }

    /// Sets a trap if the words name a step that a process is to die at (`broker 1 at after-append orders-0`); what is said of
    /// it then. None if they name none.
    fn death_at_step(&mut self, death: kernel::Death) -> Result<Option<String>, String> {
        let Some(place) = self.words.iter().position(|word| *word == "at") else { return Ok(None) };
        let words = self.words.split_off(place);
        let node = self.process()?;
        let (step, partition) = match words.as_slice() {
            [_, step] => (traps::step(step)?, None),
            [_, step, partition] => (traps::step(step)?, Some(self.partition(partition)?)),
            _ => return Err("put a step behind `at`, and if you like a partition".into()),
        };
        if partition.is_some() && !step.of_partition {
            return Err(format!("`{}` is not a step of one partition", step.name));
        }
        if !step.taker.may_be(self.lab.world.machine(node)) {
            let (name, step, taker) = (self.lab.world.name(node), step.name, step.taker);
            return Err(match taker {
                Taker::Broker => format!("{name} never takes the step `{step}`: brokers do"),
                Taker::Controller => format!("{name} never takes the step `{step}`: controllers do"),
                Taker::Consumer => format!("{name} never takes the step `{step}`: consumers do"),
            });
        }
        let trap = traps::death_at(node, death, step, partition);
        let told = format!("{} will die {}: {}", self.lab.world.name(node), trap.name, step.doc);
        self.lab.world.set_trap(trap);
        Ok(Some(told))
    }

    /// A partition, as in `orders-0`.
    fn partition(&self, text: &str) -> Result<TopicPartition, String> {
        let wrong = || format!("`{text}` is no partition; write one as in orders-0");
        let (topic, partition) = text.rsplit_once('-').ok_or_else(wrong)?;
        let tp = TopicPartition::new(topic, partition.parse().map_err(|_| wrong())?);
        let image = crate::replicas::image(&self.lab.world, &self.lab.layout);
        match image.and_then(|image| image.partition_of(topic, tp.partition)) {
            Some(_) => Ok(tp),
            None => Err(format!("there is no partition {text}")),
        }
    }

    /// A span of time from all the words.
    fn span(&self) -> Result<kernel::Duration, String> {
        crate::units::parse_duration(&self.words.join(" "))
    }
}
