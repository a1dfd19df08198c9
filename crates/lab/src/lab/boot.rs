//! The first seconds of a lab: its processes start, and the scenario's topics are made.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::Time;
use ordered::SortedMap;

use super::{BOOT, Lab};
use crate::history::History;
use crate::invariants::Monitors;
use crate::layout;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::replicas;
use crate::scenario::{Planted, Scenario, ScenarioError};
use crate::terminal::{LineKind, Terminal};
use crate::waiting::Waiting;

impl Lab {
    /// Builds the scenario's cluster, boots it, makes its topics, and stands at time zero.
    pub fn new(scenario: &Scenario) -> Result<Lab, ScenarioError> {
        scenario.check()?;
        let (world, layout) = layout::build(scenario);
        let scheduled = scenario.commands.iter().map(|c| (BOOT + c.at.0, c.term, c.run.as_str().into()));
        let mut scheduled: Vec<(Time, u32, Arc<str>)> = scheduled.collect();
        ordered::sort_by_key(&mut scheduled, |(at, ..)| *at);
        let mut files = shell::Files::bundled();
        for (path, text) in &scenario.files {
            files.insert(path, text.as_str());
        }
        let mut lab = Lab {
            scenario: Arc::new(scenario.clone()),
            files: Arc::new(files),
            world,
            layout,
            terminals: SortedMap::from([(1, Terminal::default())]),
            apps: Arc::default(),
            since: Arc::default(),
            scheduled: VecDeque::new(),
            log: Arc::default(),
            history: History::default(),
            metrics: Metrics::default(),
            ledger: Ledger::default(),
            monitors: Monitors::default(),
            violation: None,
            waiting: Waiting::default(),
            marks: Arc::default(),
            without_power: Arc::default(),
            reaped: 0,
            notes: Vec::new(),
        };
        for node in lab.layout.processes() {
            lab.world.start(node);
        }
        lab.make_topics(scenario);
        lab.run_until(BOOT);
        // Of a run whose invariants broke by then, that is to be told. What a planted bug does to a boot is for its run to tell,
        // unless the scenario is wrong without the bug, too.
        if lab.violation.is_none()
            && let Err(error) = lab.check_boot().and_then(|()| lab.check_topics(scenario))
        {
            match scenario.plant.0.is_none() {
                true => return Err(error),
                false => drop(Lab::new(&Scenario { plant: Planted::default(), ..scenario.clone() })?),
            }
        }
        lab.terminals.retain(|term, _| *term < FIRST_SETUP_TERMINAL);
        Arc::make_mut(&mut lab.apps).clear();
        lab.marks = Arc::default();
        lab.scheduled = scheduled.into();
        Ok(lab)
    }

    /// Topics of the scenario are made while the cluster boots, by the tool a person would use, each in a terminal of its own.
    fn make_topics(&mut self, scenario: &Scenario) {
        const FIRST: u64 = 6_000;
        // All are asked for in time to be there when the run begins.
        let apart = (3_000 / scenario.topics.len().max(1) as u64).min(50);
        for ((n, topic), term) in (0..).zip(&scenario.topics).zip(FIRST_SETUP_TERMINAL..) {
            let mut line =
                format!("kafka-topics --bootstrap-server localhost:9092 --create --topic {}", quoted(&topic.name));
            topic.partitions.iter().for_each(|n| line.push_str(&format!(" --partitions {n}")));
            topic.replication_factor.iter().for_each(|n| line.push_str(&format!(" --replication-factor {n}")));
            topic
                .configs
                .iter()
                .for_each(|(k, v)| line.push_str(&format!(" --config {}", quoted(&format!("{k}={v}")))));
            self.scheduled.push_back((Time::from_millis(FIRST + apart * n), term, line.into()));
        }
    }

    /// Whether the cluster is there: a controller is active and knows a broker. One that is too slow never comes so far, or later than
    /// anybody waits.
    fn check_boot(&self) -> Result<(), ScenarioError> {
        let has_controller = replicas::active_controller(&self.world, &self.layout).is_some();
        let has_broker = || replicas::image(&self.world, &self.layout).is_some_and(|image| !image.brokers.is_empty());
        let lacks = match has_controller {
            false => "no controller is active",
            true if !has_broker() => "no broker is registered",
            true => return Ok(()),
        };
        let message = format!(
            "{lacks} when the run begins, {} s after the cluster starts: the cluster is too slow. Make it faster (cluster.latency)",
            BOOT.as_nanos() / 1_000_000_000
        );
        Err(ScenarioError { line: 0, column: 0, message })
    }

    /// Whether the scenario's topics are there. Producers of a run that begins without one would make another of its name.
    fn check_topics(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        for (topic, term) in scenario.topics.iter().zip(FIRST_SETUP_TERMINAL..) {
            let Some(terminal) = self.terminals.get(&term) else { continue };
            // The tool warns of some names before it says what is wrong.
            let is_told = |line: &&crate::Line| {
                matches!(line.kind, LineKind::Err | LineKind::Out) && !line.text.starts_with("WARNING")
            };
            let said = terminal.lines().iter().find(is_told);
            let what = match (terminal.last_exit, said) {
                (Some(0), _) => continue,
                (Some(_), Some(line)) => format!("was not made: {}", line.text),
                _ => format!(
                    "is not there when the run begins, {} s after the cluster starts: the cluster is too slow. Make it faster \
                     (cluster.latency), or make the topic with a command of the scenario",
                    BOOT.as_nanos() / 1_000_000_000
                ),
            };
            let message = format!("topic {} {what}", topic.name);
            return Err(ScenarioError { line: 0, column: 0, message });
        }
        Ok(())
    }
}

/// As one types it, so that the shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-=:,+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Terminals from here on are those in which the scenario's topics are made; they go when the run begins.
const FIRST_SETUP_TERMINAL: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        let scenario = Scenario::parse(text).expect("its types are right");
        Lab::new(&scenario).err().expect("its topics cannot be made").to_string()
    }

    #[test]
    fn a_topic_that_cannot_be_made_is_named_with_what_the_tool_said() {
        let error = error_of(r#"{"topics": [{"name": "fine"}, {"name": "orders", "replication_factor": 5}]}"#);
        assert!(error.starts_with("topic orders was not made: Error while executing topic command"), "{error}");
        let error = error_of(r#"{"topics": [{"name": "a.b"}, {"name": "a_b"}]}"#);
        assert!(error.starts_with("topic a_b was not made: Error while executing topic command"), "{error}");
        let error = error_of(r#"{"topics": [{"name": "two words"}]}"#);
        assert!(error.starts_with("topic two words was not made: "), "{error}");
        let error =
            error_of(r#"{"topics": [{"name": "orders", "configs": {"retention": "1"}}], "plant": "epoch-reused"}"#);
        assert!(error.starts_with("topic orders was not made: "), "{error}");
    }

    #[test]
    fn a_cluster_too_slow_to_make_its_topics_in_time_is_refused() {
        let error = error_of(r#"{"cluster": {"latency": "400ms"}, "topics": [{"name": "orders", "partitions": 6}]}"#);
        assert!(error.starts_with("topic orders is not there when the run begins, 10 s after"), "{error}");
        assert!(error.contains("cluster.latency"), "{error}");
    }

    #[test]
    fn a_cluster_too_slow_to_elect_a_controller_is_refused() {
        for latency in ["2s", "2h"] {
            let error = error_of(&format!(r#"{{"cluster": {{"latency": "{latency}"}}}}"#));
            assert!(error.starts_with("no controller is active when the run begins, 10 s after"), "{error}");
            assert!(error.contains("cluster.latency"), "{error}");
        }
        let slow = Scenario::parse(r#"{"cluster": {"latency": "100ms"}}"#).expect("it is right");
        assert!(Lab::new(&slow).is_ok());
    }

    #[test]
    fn terminals_of_the_boot_are_gone_when_the_run_begins() {
        let scenario = Scenario::parse(r#"{"topics": [{"name": "orders"}]}"#).expect("it is right");
        let lab = Lab::new(&scenario).expect("it boots");
        assert_eq!((lab.terminals().keys().copied().collect::<Vec<_>>(), lab.apps().len()), (vec![1], 0));
    }
}
