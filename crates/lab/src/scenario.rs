//! Scenario files: a cluster, a seed, and commands at virtual times, as JSON. A scenario, a seed and a command log
//! are a whole run: save file, share link, lesson set-up, bug report and CI replay are all this.

use std::fmt;

use ordered::SortedMap;
use protocol::Plant;
use protocol::config::validate_server_configs;
use serde::{Deserialize, Serialize};

use crate::mapping;
use crate::units::parse_duration;

/// What a run starts from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Version of this format.
    pub kafkasim: u32,
    /// What the scenario is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Seeds every random choice of the run.
    pub seed: u64,
    /// The cluster.
    #[serde(deserialize_with = "mapping::one")]
    pub cluster: ClusterShape,
    /// The client family of programs that do not say which: `java` or `librdkafka`.
    pub client: Family,
    /// Topics that are created before the run begins.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "mapping::list")]
    pub topics: Vec<TopicShape>,
    /// Files that programs can read, by path.
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    pub files: SortedMap<String, String>,
    /// Commands at virtual times.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "mapping::list")]
    pub commands: Vec<TimedCommand>,
    /// The bug that is planted (`kafkasim sweep --help` lists them); none if not said.
    #[serde(skip_serializing_if = "Planted::is_none")]
    pub plant: Planted,
    /// How long `kafkasim run` runs; 60 s if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Span>,
}

/// A planted bug in a file, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Planted(pub Plant);

/// A client family.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Apache Kafka's Java clients (and kafka-python, as far as key hashing goes).
    #[default]
    Java,
    /// librdkafka and what is built on it.
    Librdkafka,
}

/// The shape of a cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterShape {
    /// Number of brokers; their ids count from 1.
    pub brokers: u32,
    /// Number of KRaft controllers: separate ones have ids from 101.
    pub controllers: u32,
    /// Whether the first `controllers` brokers are controllers too, instead of separate processes.
    pub combined: bool,
    /// Whether the voters of the quorum stand in the metadata log and may change (`kraft.version` 1, KIP-853).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dynamic_quorum: bool,
    /// Racks of the brokers, in order; none if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub racks: Vec<String>,
    /// `server.properties` of every broker and controller.
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    pub configs: SortedMap<String, String>,
    /// One-way latency between two processes, e.g. `1ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Span>,
}

/// A topic made before the run begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicShape {
    /// Its name.
    pub name: String,
    /// How many partitions; the broker's default if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<i32>,
    /// How many replicas; the broker's default if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<i16>,
    /// Topic configs.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub configs: SortedMap<String, String>,
}

/// A command line at a virtual time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedCommand {
    /// When, since the run began.
    #[serde(default)]
    pub at: Span,
    /// In which terminal, from 1.
    #[serde(default = "first_terminal")]
    pub term: u32,
    /// What.
    pub run: String,
}

/// A span of virtual time in a file: `"45s"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span(pub kernel::Duration);

/// Why a scenario cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioError {
    /// Line in the file, from 1; 0 if it is about the whole.
    pub line: usize,
    /// Column, from 1; 0 if it is about the whole.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// The newest version of the format.
pub const FORMAT: u32 = 1;

const BROKERS_MAX: u32 = 200;
const SUPPORTED_CONTROLLERS: [u32; 3] = [1, 3, 5];

impl Default for Scenario {
    fn default() -> Scenario {
        Scenario {
            kafkasim: FORMAT,
            title: String::new(),
            seed: 7,
            cluster: ClusterShape::default(),
            client: Family::Java,
            topics: Vec::new(),
            files: SortedMap::new(),
            commands: Vec::new(),
            plant: Planted::default(),
            until: None,
        }
    }
}

impl Default for ClusterShape {
    fn default() -> ClusterShape {
        ClusterShape {
            brokers: 3,
            controllers: 3,
            combined: false,
            dynamic_quorum: false,
            racks: Vec::new(),
            configs: SortedMap::new(),
            latency: None,
        }
    }
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        // Serde would take a list for the values of the keys in their order.
        if !text.trim_start().starts_with('{') {
            let message = "a scenario is a JSON object, in braces".to_owned();
            return Err(ScenarioError { line: 1, column: 1, message });
        }
        let scenario: Scenario = serde_json::from_str(text).map_err(|e| {
            let message = e.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(head, _)| head);
            ScenarioError { line: e.line(), column: e.column(), message: plain(message) }
        })?;
        scenario.check()?;
        Ok(scenario)
    }

    /// As [`Scenario::parse`] reads it back.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a scenario has no keys but strings")
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |message: String| Err(ScenarioError { line: 0, column: 0, message });
        let ClusterShape { brokers, controllers, combined, ref racks, ref configs, .. } = self.cluster;
        if self.kafkasim != FORMAT {
            return wrong(format!(
                "this is a scenario of format {}, and this kafkasim reads format {FORMAT}",
                self.kafkasim
            ));
        }
        if !(1..=BROKERS_MAX).contains(&brokers) {
            return wrong(format!("cluster.brokers is {brokers}; it must be 1 to {BROKERS_MAX}"));
        }
        if combined && controllers > brokers {
            return wrong(format!("{controllers} combined controllers need as many brokers, and there are {brokers}"));
        }
        if !combined && !SUPPORTED_CONTROLLERS.contains(&controllers) || controllers == 0 {
            return wrong(format!("cluster.controllers is {controllers}; a quorum has 1, 3 or 5"));
        }
        if !racks.is_empty() && racks.len() != brokers as usize {
            return wrong(format!(
                "cluster.racks names {} racks for {brokers} brokers; name one for each",
                racks.len()
            ));
        }
        let configs = configs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
        if let Err(error) = validate_server_configs(&configs) {
            return wrong(format!("cluster.configs: {error}"));
        }
        match self.commands.iter().find(|c| c.term == 0) {
            Some(command) => wrong(format!("`{}` runs in terminal 0; terminals count from 1", command.run)),
            None => Ok(()),
        }
    }
}

/// What serde says, in words of the file's: no types of Rust's, and the key that was meant.
fn plain(message: &str) -> String {
    if let Some((head, known)) = message.split_once("`, expected one of ")
        && let Some(given) = head.strip_prefix("unknown field `")
        && let Some(near) = shell::nearest(given, known.split('`').skip(1).step_by(2))
    {
        return format!("{message}; did you mean `{near}`?");
    }
    match message.rsplit_once(", expected ") {
        Some((head, "a map")) => format!("{head}, expected an object, in braces"),
        Some((head, what)) if what.starts_with("struct ") => format!("{head}, expected an object, in braces"),
        Some((head, "u32" | "u64")) => format!("{head}, expected a whole number, 0 or more"),
        Some((head, "i16" | "i32")) => format!("{head}, expected a whole number"),
        Some((head, "a sequence")) => format!("{head}, expected a list"),
        _ => message.to_owned(),
    }
}

fn first_terminal() -> u32 {
    1
}

impl Planted {
    fn is_none(&self) -> bool {
        self.0.is_none()
    }
}
impl Serialize for Planted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}
impl<'de> Deserialize<'de> for Planted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Planted, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Planted).map_err(serde::de::Error::custom)
    }
}
impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ns", self.0.as_nanos()).replace("000000ns", "ms"))
    }
}
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = String::deserialize(deserializer).map_err(|error| {
            let text = error.to_string();
            let (said, place) = text.split_at(text.rfind(" at line ").unwrap_or(text.len()));
            serde::de::Error::custom(format!("{said} such as \"45s\"{place}"))
        })?;
        parse_duration(&text).map(Span).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.message),
            (line, column) => write!(f, "line {line}, column {column}: {}", self.message),
        }
    }
}
impl std::error::Error for ScenarioError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_scenario_is_three_brokers_and_three_controllers() {
        let scenario = Scenario::parse("{}").expect("all has a default");
        assert_eq!((scenario.cluster.brokers, scenario.cluster.controllers, scenario.seed), (3, 3, 7));
    }

    #[test]
    fn a_scenario_reads_back_as_it_was_written() {
        let text = r#"{"seed": 9, "topics": [{"name": "t", "partitions": 2}], "until": "1.5s",
            "commands": [{"at": "45s", "run": "kafka-topics --list"}]}"#;
        let scenario = Scenario::parse(text).expect("it is right");
        assert_eq!(Scenario::parse(&scenario.to_json()), Ok(scenario));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_keys_there_are() {
        let error = Scenario::parse("{\n  \"sed\": 7\n}").expect_err("sed is not a key");
        assert_eq!((error.line, error.column), (2, 7));
        assert!(error.message.contains("unknown field `sed`") && error.message.contains("`until`"), "{error}");
        assert!(error.message.ends_with("; did you mean `seed`?"), "{error}");
        let error = Scenario::parse(r#"{"cluster": {"brokrs": 3}}"#).expect_err("brokrs is not a key");
        assert!(error.message.ends_with("; did you mean `brokers`?"), "{error}");
    }

    #[test]
    fn impossible_clusters_are_refused_with_what_would_be_right() {
        for (text, says) in [
            (r#"{"cluster": {"brokers": 0}}"#, "1 to 200"),
            (r#"{"cluster": {"controllers": 2}}"#, "1, 3 or 5"),
            (r#"{"cluster": {"combined": true, "brokers": 2, "controllers": 3}}"#, "as many brokers"),
            (r#"{"kafkasim": 9}"#, "format 1"),
            (r#"{"plant": "weeds"}"#, "window-of-four"),
            (
                r#"{"cluster": {"configs": {"num.partitions": "0"}}}"#,
                "Invalid value 0 for configuration num.partitions: Value must be at least 1",
            ),
            (r#"{"cluster": {"configs": {"num.partition": "2"}}}"#, "num.partition is no broker config"),
            (r#"{"commands": [{"at": "4 fortnights", "run": "x"}]}"#, "45s"),
            (r#"{"until": 5}"#, r#"line 1, column 11: invalid type: integer `5`, expected a string such as "45s""#),
            (r#"{"seed": "9"}"#, r#"invalid type: string "9", expected a whole number, 0 or more"#),
            (r#"{"seed": -9}"#, "invalid value: integer `-9`, expected a whole number, 0 or more"),
            (r#"{"topics": [{"name": "a", "partitions": 1.5}]}"#, "`1.5`, expected a whole number"),
            (r#"{"cluster": [3, 1]}"#, "line 1, column 12: invalid type: sequence, expected an object, in braces"),
            (
                r#"{"topics": [{"name": "a"}, ["b", 2]]}"#,
                "line 1, column 27: invalid type: sequence, expected an object",
            ),
            (r#"{"topics": {"name": "a"}}"#, "line 1, column 11: invalid type: map, expected a list"),
            (
                r#"{"commands": [["1s", 1, "sim run 1s"]]}"#,
                "line 1, column 14: invalid type: sequence, expected an object",
            ),
            (r#"{"cluster": {"configs": ["a"]}}"#, "invalid type: sequence, expected an object, in braces"),
            ("", "line 1, column 1: a scenario is a JSON object"),
            (r#"[1, "a title"]"#, "line 1, column 1: a scenario is a JSON object"),
        ] {
            let error = Scenario::parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
