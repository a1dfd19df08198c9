//! The workshops' programs. They are Python there; here they are what those scripts do, on a client of either family.

pub(crate) mod python;
pub(crate) mod admin;
pub(crate) mod producer;
pub(crate) mod consumer;
mod load;
pub(crate) mod experiment;

use crate::launch::Launch;
use crate::process::Body;
use crate::tools::Refusal;

/// A program of a workshop.
pub struct Script {
    /// Its path, as it is typed after `python`.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The environment variables it reads, or its arguments, with what they mean.
    pub inputs: &'static [(&'static str, &'static str)],
    pub(crate) start: fn(&Launch, &[String]) -> Result<Body, Refusal>,
}

/// The workshops' programs.
pub const SCRIPTS: &[Script] = &[
    Script {
        name: "admin.py",
        summary: "Creates a topic; deletes it first if it exists.",
        inputs: &[
            ("TOPIC", "the topic"),
            ("PARTITIONS", "how many partitions (1)"),
            ("REPLICATION_FACTOR", "how many replicas (1)"),
        ],
        start: admin::start,
    },
    Script {
        name: "producer.py",
        summary: "Sends one JSON measurement a second until Ctrl-C.",
        inputs: &[
            ("TOPIC", "the topic"),
            ("KEY", "the records' key; unset: none; KEY= : an empty one"),
            ("SENSOR", "the sensor's name"),
        ],
        start: producer::start_sensor,
    },
    Script {
        name: "consumer.py",
        summary: "Prints what it reads, in a group, from the earliest record on, with auto-commit.",
        inputs: &[("TOPICS", "topics, with commas between"), ("GROUP", "the group")],
        start: consumer::start_env,
    },
    Script {
        name: "simple_producer_consumer/producer.py",
        summary: "Sends each typed line with key 1 and flushes.",
        inputs: &[("topic", "the topic")],
        start: producer::start_fixed_key,
    },
    Script {
        name: "simple_producer_consumer/consumer.py",
        summary: "Prints new records, each run in a group of its own.",
        inputs: &[("topic", "the topic")],
        start: consumer::start_simple,
    },
    Script {
        name: "commit_offsets/consumer.py",
        summary: "Prints records from earliest or latest on, each run in a group of its own.",
        inputs: &[("topic", "the topic"), ("reset", "earliest or latest")],
        start: consumer::start_reset,
    },
    Script {
        name: "commit_offsets/consumer_commit.py",
        summary: "Prints a record, stores it for ten seconds, commits its offset, and so on.",
        inputs: &[("topic", "the topic"), ("group", "the group")],
        start: consumer::start_commit,
    },
    Script {
        name: "consumer_group/producer.py",
        summary: "Sends each typed line with the next number as its key and flushes.",
        inputs: &[("topic", "the topic")],
        start: producer::start_counted_key,
    },
    Script {
        name: "consumer_group/consumer.py",
        summary: "Prints records as a member of a group.",
        inputs: &[("topic", "the topic"), ("group", "the group")],
        start: consumer::start_group,
    },
    Script {
        name: "experiment_consumer.py",
        summary: "Prints each record's record_name header, then its value.",
        inputs: &[("topic", "the topic"), ("--group", "the group (one of its own)")],
        start: consumer::start_experiment,
    },
];
