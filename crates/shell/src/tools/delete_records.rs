//! `kafka-delete-records` (`org.apache.kafka.tools.DeleteRecordsCommand`). Left out: Java stack traces.

use clients::{AdminCall, AdminResult};
use ordered::SortedSet;
use protocol::TopicPartition;

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::java::{DEFAULT_CAPACITY, partition_hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::json_value::{array, field, int, long, object, text, version};
use crate::tools::{Misuse, Refusal, Tool, check_required};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-delete-records",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const SUMMARY: &str = "This tool helps to delete records of the given partitions down to the specified offset.";

/// The command under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct DeleteRecords {
    partitions: Vec<(TopicPartition, i64)>,
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_required(options, &["bootstrap-server", "offset-json-file"])?;
    let path = options.one("offset-json-file").ok().flatten().unwrap_or_default();
    let text = launch.read(path).ok_or_else(|| Refusal::line(format!("Unable to read file {path}")))?;
    let script = DeleteRecords { partitions: read(&text).map_err(Refusal::line)? };
    Ok(Body::DeleteRecords(Box::new(AdminTool::new(launch, options, script)?)))
}

/// The file of `--offset-json-file` (`#parseOffsetJsonStringWithoutDedup`).
fn read(text: &str) -> Result<Vec<(TopicPartition, i64)>, String> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "The input string is not a valid JSON".to_owned())?;
    let file = object(&json)?;
    let version = version(file)?;
    if version != 1 {
        return Err(format!("Not supported version field value {version}"));
    }
    let rows = array(file.get("partitions").ok_or("Missing partitions field")?)?;
    let mut seen = SortedSet::new();
    let mut twice = Vec::new();
    let mut partitions = Vec::new();
    for row in rows {
        let row = object(row)?;
        let tp = TopicPartition::new(self::text(field(row, "topic")?)?, int(field(row, "partition")?)?);
        let offset = long(field(row, "offset")?)?;
        if !seen.insert(tp.clone()) {
            twice.push(tp.to_string());
        }
        partitions.push((tp, offset));
    }
    match twice.is_empty() {
        true => Ok(partitions),
        false => Err(format!("Offset json file contains duplicate topic partitions: {}", twice.join(","))),
    }
}

impl Script for DeleteRecords {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.io.out("Executing records delete operation");
        admin.call(AdminCall::DeleteRecords { partitions: self.partitions.clone() });
        // It says so before anybody has answered.
        admin.io.out("Records delete operation completed:");
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::DeleteRecords(mut done) => {
                partition_hash_order(&mut done, DEFAULT_CAPACITY, |(tp, _)| tp);
                for (tp, result) in done {
                    match result {
                        Ok(low_watermark) => admin.io.out(format!("partition: {tp}\tlow_watermark: {low_watermark}")),
                        Err(error) => admin.io.out(format!("partition: {tp}\terror: {error}")),
                    }
                }
                admin.io.exit(0);
            }
            AdminResult::Failed(error) => {
                admin.io.err(error.message.as_ref());
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

const OPTIONS: &[Opt] = &[
    value("bootstrap-server", "String: server(s) to use for bootstrapping", "REQUIRED: The server to connect to."),
    value(
        "command-config",
        "String: command config property file path",
        "A property file containing configs to be passed to Admin Client.",
    ),
    flag("help", "Print usage information."),
    value(
        "offset-json-file",
        "String: Offset json file path",
        "REQUIRED: The JSON file with offset per partition. The format to use is:\n{\"partitions\":\n  [{\"topic\": \"foo\", \"partition\": 1, \"offset\": 1}],\n \"version\":1\n}",
    ),
    flag("version", "Display Kafka version."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<usize, &str>) {
        let found = read(text).map(|partitions| partitions.len());
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn the_offset_file_is_read_as_kafka_reads_it() {
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"offset":-1},{"topic":"t","partition":1,"offset":5}]}"#,
            Ok(2),
        );
        check("hello", Err("The input string is not a valid JSON"));
        check(r#"{"partitions":[],"version":2}"#, Err("Not supported version field value 2"));
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"offset":1},{"topic":"t","partition":0,"offset":2}],"version":1}"#,
            Err("Offset json file contains duplicate topic partitions: t-0"),
        );
        check(r#"{"partitions":[{"topic":"t"}]}"#, Err("No such field exists: `partition`"));
        check("[1]", Err("Expected JSON object, received [1]"));
        check(r#"{"version":1}"#, Err("Missing partitions field"));
        check(r#"{"version":"1","partitions":[]}"#, Err("Expected `Integer` value, received \"1\""));
        check(
            r#"{"partitions":[{"topic":"t","partition":0,"offset":"1"}]}"#,
            Err("Expected `Long` value, received \"1\""),
        );
    }
}
